//! Folding the whole log anew beside the serving views, and comparing the two.

use domain::id::Position;

use crate::error::StoreError;
use crate::fold;
use crate::journal::{Check, Frame};
use crate::keyring::Months;
use crate::open::Store;
use crate::views::compare::{self, Suspects};
use crate::views::{Counts, Draft, Views, apply};

/// So few facts behind the writer, fresh views are caught up between two turns.
const GAP_FACTS: u64 = 256;

/// What is done with each frame of a walk.
pub(crate) type Visit<'v> = dyn FnMut(&Frame<'_>) -> Result<(), StoreError> + 'v;

/// Views folded anew, and what differed from the serving ones when it was looked at.
pub struct Rebuilt {
    fresh: Views,
    suspects: Suspects,
    digest: [u8; 32],
    counts: Counts,
    facts: u64,
}

impl Rebuilt {
    /// Facts folded, before the last of them came.
    pub fn facts(&self) -> u64 {
        self.facts
    }

    /// Rows, likewise.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The digest of all rows, likewise.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

impl Store {
    /// Folds the whole log into fresh views and compares them with the serving ones, while these serve.
    pub fn rebuild(&self) -> Result<Rebuilt, StoreError> {
        let all = u64::MAX;
        let (fresh, ()) =
            self.refold(|visit| self.journal().scan(1, all, Check::Checksums, visit))?;
        self.compared(fresh)
    }

    /// Compares fresh views with the serving ones, and catches up until the writer is near.
    pub(crate) fn compared(&self, mut fresh: Views) -> Result<Rebuilt, StoreError> {
        let mut suspects = compare::suspects(&fresh, self.views_lock());
        let (digest, counts) = (compare::digest_of(&fresh), fresh.counts());
        let facts = fresh.globals().position.0;
        while self.journal().head().position - fresh.globals().position.0 > GAP_FACTS {
            self.catch_up(&mut fresh, &mut suspects)?;
        }
        Ok(Rebuilt { fresh, suspects, digest, counts, facts })
    }

    /// Catches up for good, between two turns, and says how the serving views differ.
    pub(crate) fn settle(&self, rebuilt: Rebuilt) -> Result<(Views, Vec<String>), StoreError> {
        let Rebuilt { mut fresh, mut suspects, .. } = rebuilt;
        self.catch_up(&mut fresh, &mut suspects)?;
        let serving = self.views_lock().read();
        let differences = compare::differences(suspects, &fresh, &serving);
        drop(serving);
        Ok((fresh, differences))
    }

    /// Folds the frames that `walk` shows to what it is given, and returns what it returns.
    pub(crate) fn refold<R>(
        &self,
        walk: impl FnOnce(&mut Visit<'_>) -> Result<R, StoreError>,
    ) -> Result<(Views, R), StoreError> {
        let mut keys = self.keyring().view(Months::default());
        let (fresh, result) = fold::fold(Views::default(), |sink| {
            walk(&mut |frame| {
                sink.frame(frame, &mut keys)?;
                // Whoever adds keys or destroys one must not wait for the whole log.
                keys.give_way();
                Ok(())
            })
        });
        result.map(|result| (fresh, result))
    }

    /// Folds what came since; every row it touches becomes a suspect.
    fn catch_up(&self, fresh: &mut Views, suspects: &mut Suspects) -> Result<(), StoreError> {
        let mut keys = self.keyring().view(Months::of(fresh.system()));
        let from = fresh.globals().position.next();
        let mut draft = Draft::over(fresh);
        self.journal().each_record(from.0, u64::MAX, |position, bytes| {
            let fact = fold::decode(Position(position), bytes, &mut keys)?;
            apply(&mut draft, &fact);
            Ok::<(), StoreError>(())
        })?;
        let changes = draft.into_changes();
        suspects.moved(&changes);
        fresh.absorb(changes);
        Ok(())
    }
}
