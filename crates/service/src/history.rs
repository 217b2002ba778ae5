//! Histories: facts read from the log, folded from the subject's birth, told as old -> new.

mod teller;

use domain::id::{Position, UserId};
use domain::policy::Act;
use domain::rejection::Rejection;
use domain::system::audit;
use store::views::Subject;
use store::{Origins, StoreError};

use crate::Service;
use crate::caller::Caller;
use crate::failure::Failure;

pub use teller::{Teller, Told, actor_kind};

/// Most facts in one answer.
pub const PAGE_LEN_MAX: usize = 1_000;

/// Some facts, and where the next ones are.
#[derive(Clone, Debug)]
pub struct Page {
    /// The facts, by position.
    pub facts: Vec<Told>,
    /// After which position to go on; `None` if there are no more.
    pub next: Option<Position>,
}

impl Service {
    /// What happened to a user and its sessions after a position, for whoever may audit.
    pub async fn user_history(
        &self,
        caller: &Caller,
        id: UserId,
        after: Position,
        limit: usize,
    ) -> Result<Page, Failure> {
        self.permits(caller, Act::Audit, None)?;
        if self.store().views().user_row(id).is_none() {
            return Err(Rejection::NoSuchUser.into());
        }
        self.note_audit(caller, audit::Subject::User(id)).await?;
        let limit = limit.clamp(1, PAGE_LEN_MAX);
        self.blocking(move |service| service.replay(id, after, limit)).await
    }

    fn replay(&self, id: UserId, after: Position, limit: usize) -> Result<Page, StoreError> {
        let mut positions = self.positions(Subject::Of(id));
        positions.drain(..positions.partition_point(|position| *position <= after));
        let more = positions.len() > limit;
        positions.truncate(limit);
        let next = positions.last().copied().filter(|_| more);
        Ok(Page { facts: self.told(&positions)?, next })
    }

    /// The facts at these positions, which rise, told.
    pub(crate) fn told(&self, positions: &[Position]) -> Result<Vec<Told>, StoreError> {
        let mut teller = Teller::new(self);
        let mut told = Vec::with_capacity(positions.len());
        self.each_fact(positions, Origins::Open, |fact| {
            told.push(teller.tell(fact)?);
            Ok(())
        })?;
        Ok(told)
    }
}
