//! The feed: everything that happened, in order.

use domain::id::Position;
use domain::policy::Act;
use store::{Origins, StoreError};

use crate::Service;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::filter::Filter;
use crate::history::{PAGE_LEN_MAX, Page, Teller};

/// Most facts that one call looks at to find those that are wanted; the next call goes on.
pub const SCAN_FACTS_MAX: u64 = 10_000;
/// Facts that are looked at together.
const BATCH_FACTS: u64 = 256;

impl Service {
    /// What happened in the whole store after a position, for whoever may audit. A page may hold fewer facts
    /// than it might, even none, and still have a next one.
    pub async fn events(
        &self,
        caller: &Caller,
        filter: Filter,
        after: Position,
        limit: usize,
    ) -> Result<Page, Failure> {
        self.permits(caller, Act::Audit, None)?;
        let limit = limit.clamp(1, PAGE_LEN_MAX);
        self.blocking(move |service| service.read_events(&filter, after, limit)).await
    }

    fn read_events(
        &self,
        filter: &Filter,
        after: Position,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let last = self.store().views().globals().position.0;
        // A cursor may lie anywhere, also beyond what there is.
        let mut seen = after.0.min(last);
        let until = seen.saturating_add(SCAN_FACTS_MAX).min(last);
        let mut teller = Teller::new(self);
        let mut facts = Vec::new();
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
        Ok(Page { facts, next: (seen < last).then_some(Position(seen)) })
    }
}
