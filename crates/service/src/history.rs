//! Histories: facts read from the log, folded from a kept state or the subject's birth, told as old -> new;
//! and what somebody was at any moment.

mod as_of;
mod teller;

use std::ops::Range;

use domain::fact::Fact;
use domain::id::{Position, UserId};
use domain::policy::Act;
use domain::rejection::Rejection;
use domain::system::audit;
use domain::time::{Span, Timestamp};
use store::views::Subject;
use store::{Origins, StoreError};

use crate::Service;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::filter::Filter;

pub use as_of::{AsOf, Difference, Moment, Unread};
pub(crate) use teller::State;
pub use teller::{ERASED_USER, Teller, Told, actor_kind};

/// Most facts in one answer.
pub const PAGE_LEN_MAX: usize = 1_000;
/// Most facts of a history that one call looks at to find those that are wanted; the next call goes on.
pub const SCAN_FACTS_MAX: usize = 1_024;
/// Facts of a history that are told together: those between two kept states, so that none is folded twice.
const BLOCK_FACTS: usize = store::states::KEPT_EVERY_FACTS;

/// Some facts, and where the next ones are.
#[derive(Clone, Debug)]
pub struct Page {
    /// The facts, in the order that was asked for.
    pub facts: Vec<Told>,
    /// After which position to go on, or before which if the newest come first; `None` if there are no more.
    pub next: Option<Position>,
}

/// In which order facts are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The oldest first.
    #[default]
    Rising,
    /// The newest first.
    Falling,
}

/// Which facts of a history are wanted, and how.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What they must be like.
    pub filter: Filter,
    /// Which come first.
    pub order: Order,
    /// Only those after this position.
    pub after: Position,
    /// Only those before this position, if there is one.
    pub before: Option<Position>,
    /// At most so many.
    pub limit: usize,
}

impl Service {
    /// What happened to a user and its sessions, for whoever may audit. A page may hold fewer facts than it
    /// might, even none, and still have a next one.
    pub async fn user_history(
        &self,
        caller: &Caller,
        id: UserId,
        wanted: Wanted,
    ) -> Result<Page, Failure> {
        self.history(caller, id, Subject::Of(id), wanted).await
    }

    /// What a user did, to whomever, likewise.
    pub async fn acts_of(
        &self,
        caller: &Caller,
        id: UserId,
        wanted: Wanted,
    ) -> Result<Page, Failure> {
        self.history(caller, id, Subject::By(id), wanted).await
    }

    async fn history(
        &self,
        caller: &Caller,
        id: UserId,
        subject: Subject,
        wanted: Wanted,
    ) -> Result<Page, Failure> {
        self.permits(caller, Act::Audit, None)?;
        if self.store().views().user_row(id).is_none() {
            return Err(Rejection::NoSuchUser.into());
        }
        self.note_audit(caller, audit::Subject::User(id)).await?;
        self.blocking(move |service| service.read_history(subject, &wanted)).await
    }

    fn read_history(&self, subject: Subject, wanted: &Wanted) -> Result<Page, StoreError> {
        let mut left = self.numbers(subject, wanted)?;
        let mut reading = Reading {
            service: self,
            subject,
            wanted,
            limit: wanted.limit.clamp(1, PAGE_LEN_MAX),
            teller: Teller::new(self),
            page: Page { facts: Vec::new(), next: None },
        };
        let mut scanned = 0;
        while !left.is_empty() && scanned < SCAN_FACTS_MAX && !reading.is_full() {
            let block = reading.next_block(&left);
            scanned += block.len();
            match wanted.order {
                Order::Rising => left.start = block.end,
                Order::Falling => left.end = block.start,
            }
            reading.block(block, !left.is_empty())?;
        }
        Ok(reading.page)
    }

    /// The numbers, in a history, of the facts that lie within the positions and times that are wanted.
    fn numbers(&self, subject: Subject, wanted: &Wanted) -> Result<Range<usize>, StoreError> {
        let Wanted { filter, after, before, .. } = wanted;
        let before_time = |at: Timestamp| self.store().last_at(at.before(Span(1)));
        let after = match filter.since {
            None => *after,
            Some(since) => before_time(since)?.max(*after),
        };
        let last = before.map_or(Position(u64::MAX), |before| Position(before.0.saturating_sub(1)));
        let last = match filter.until {
            None => last,
            Some(until) => before_time(until)?.min(last),
        };
        let store = self.store();
        Ok(store.count_to(subject, after)..store.count_to(subject, last))
    }
}

/// A page on its way.
struct Reading<'r> {
    service: &'r Service,
    subject: Subject,
    wanted: &'r Wanted,
    limit: usize,
    teller: Teller,
    page: Page,
}

impl Reading<'_> {
    fn is_full(&self) -> bool {
        self.page.facts.len() >= self.limit
    }

    /// Which of the facts that are left are looked at next: where every one is wanted, no more than have
    /// room; where the newest come first, down to a kept state.
    fn next_block(&self, left: &Range<usize>) -> Range<usize> {
        let room = if self.wanted.filter.wants_all() {
            self.limit - self.page.facts.len()
        } else {
            BLOCK_FACTS
        };
        match self.wanted.order {
            Order::Rising => left.start..left.end.min(left.start + room),
            Order::Falling => {
                let start = (left.end - 1) / BLOCK_FACTS * BLOCK_FACTS;
                start.max(left.start).max(left.end.saturating_sub(room))..left.end
            }
        }
    }

    /// Tells what is wanted of some facts, and says where the next page begins, if anything is left.
    fn block(&mut self, block: Range<usize>, is_more: bool) -> Result<(), StoreError> {
        let positions = self.service.store().positions(self.subject, block);
        let filter = &self.wanted.filter;
        let origins = if filter.wants_all() { Origins::Open } else { Origins::Leave };
        let mut told = Vec::new();
        let Self { service, subject, teller, .. } = self;
        let ahead = |first: Position| match subject {
            Subject::Of(id) => teller.meet(*id, first),
            Subject::By(_) | Subject::Renamed(_) | Subject::System => Ok(()),
        };
        let (first, rest) = service.first_facts(&positions, origins, ahead)?;
        let mut tell = |fact: Fact| {
            if filter.wants_head(&fact.head, service.owner(&fact.head)) {
                let fact = teller.tell(fact)?;
                told.extend(filter.wants(&fact).then_some(fact));
            } else {
                teller.pass(&fact);
            }
            Ok(())
        };
        first.into_iter().try_for_each(&mut tell)?;
        service.each_fact(rest, origins, tell)?;
        let mut last = positions.last().copied();
        if self.wanted.order == Order::Falling {
            told.reverse();
            last = positions.first().copied();
        }
        let room = self.limit - self.page.facts.len();
        let is_cut = told.len() > room;
        if is_cut {
            told.truncate(room);
            last = told.last().map(|told| told.head.position);
        }
        if origins == Origins::Leave {
            self.service.tell_origins(&mut told)?;
        }
        self.page.facts.extend(told);
        self.page.next = last.filter(|_| is_more || is_cut);
        Ok(())
    }
}
