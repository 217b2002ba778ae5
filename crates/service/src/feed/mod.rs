//! The feed: everything that happened, in order, for whoever looks once, waits, or follows.
//!
//! A reader pulls: it looks when it wants to, at a bounded number of facts, and the writer knows nothing
//! of it but that somebody may be waiting for news.

pub mod readers;

use domain::id::Position;
use domain::policy::Act;
use domain::system::audit;
use store::{Origins, StoreError};
use tokio::sync::watch;

use crate::Service;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::filter::Filter;
use crate::history::{PAGE_LEN_MAX, Teller, Told};

/// Most facts that one look goes through to find those that are wanted; the next look goes on.
pub const SCAN_FACTS_MAX: u64 = 10_000;
/// Facts that are looked at together.
const BATCH_FACTS: u64 = 256;
/// People whose state a reader keeps from one look to the next.
const PEOPLE_MAX: usize = 256;

/// A reader of the feed, at its place.
pub struct Feed {
    service: Service,
    caller: Caller,
    filter: Filter,
    seen: Position,
    has_more: bool,
    teller: Option<Teller>,
    news: watch::Receiver<Position>,
}

impl Service {
    /// A reader of what happens in the whole store after a position, for whoever may audit.
    pub async fn feed(
        &self,
        caller: &Caller,
        filter: Filter,
        after: Position,
    ) -> Result<Feed, Failure> {
        self.note_audit(caller, audit::Subject::Feed).await?;
        Ok(Feed {
            service: self.clone(),
            caller: caller.clone(),
            filter,
            seen: after,
            has_more: true,
            teller: None,
            news: self.inner.news.subscribe(),
        })
    }

    /// The last position that can be read.
    pub fn last_position(&self) -> Position {
        self.store().views().globals().position
    }
}

impl Feed {
    /// Up to where everything that is wanted was answered.
    pub fn seen(&self) -> Position {
        self.seen
    }

    /// Whether there was more to look at than the last look went through.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// The next facts that are wanted, at most `limit`: maybe fewer, even none, although there are more.
    /// Whether the caller still may is asked each time.
    pub async fn look(&mut self, limit: usize) -> Result<Vec<Told>, Failure> {
        self.service.still_permits(&self.caller, Act::Audit)?;
        // Whatever comes from here on is news, also what this look still finds.
        self.news.mark_unchanged();
        let limit = limit.clamp(1, PAGE_LEN_MAX);
        let (after, filter) = (self.seen, self.filter.clone());
        let teller = self.teller.take();
        let mut teller = teller.unwrap_or_else(|| Teller::remembering(&self.service, PEOPLE_MAX));
        let looked = self.service.blocking(move |service| {
            let looked = service.read_events(&mut teller, &filter, after, limit)?;
            Ok((looked, teller))
        });
        let (Looked { facts, seen, has_more }, teller) = looked.await?;
        (self.seen, self.has_more, self.teller) = (seen, has_more, Some(teller));
        Ok(facts)
    }

    /// Waits until something came that is worth looking at. Audit reads are not: they are found with the next
    /// fact that is.
    pub async fn news(&mut self) {
        if self.news.changed().await.is_err() {
            // Nothing will come any more.
            std::future::pending::<()>().await;
        }
    }
}

/// What a look came to.
struct Looked {
    facts: Vec<Told>,
    seen: Position,
    has_more: bool,
}

impl Service {
    fn read_events(
        &self,
        teller: &mut Teller,
        filter: &Filter,
        after: Position,
        limit: usize,
    ) -> Result<Looked, StoreError> {
        let last = self.last_position().0;
        let mut facts = Vec::new();
        if after.0 >= last {
            // A cursor may lie anywhere, also beyond what there is.
            return Ok(Looked { facts, seen: after, has_more: false });
        }
        let mut seen = after.0;
        let until = seen.saturating_add(SCAN_FACTS_MAX).min(last);
        while seen < until && facts.len() < limit {
            let rest = (limit - facts.len()) as u64;
            let to = seen.saturating_add(rest.min(BATCH_FACTS)).min(until);
            let positions: Vec<_> = (seen + 1..=to).map(Position).collect();
            self.each_fact(&positions, Origins::Open, |fact| {
                if filter.wants_head(&fact.head, self.owner(&fact.head)) {
                    let told = teller.tell(fact)?;
                    facts.extend(filter.wants(&told).then_some(told));
                } else {
                    teller.pass(&fact);
                }
                Ok(())
            })?;
            seen = to;
        }
        Ok(Looked { facts, seen: Position(seen), has_more: seen < last })
    }
}
