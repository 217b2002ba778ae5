//! Folding a stretch of the log into views, on two threads: one checks, opens and decodes, the other
//! applies.

use std::collections::BTreeSet;
use std::sync::mpsc::{SyncSender, sync_channel};

use domain::fact::{Event, Fact, Part};
use domain::id::{Position, Slot};
use domain::system;

use crate::error::StoreError;
use crate::journal::Frame;
use crate::keyring::KeyView;
use crate::record;
use crate::views::{Views, apply};

/// Facts that go from one thread to the other at a time.
const BATCH_FACTS: usize = 1_024;
/// Batches that may wait to be applied.
const BATCHES_WAITING_MAX: usize = 8;

/// Where decoded facts go.
pub struct Sink {
    batch: Vec<Fact>,
    destroyed: BTreeSet<Slot>,
    sender: SyncSender<Vec<Fact>>,
}

impl Sink {
    /// Opens and decodes the records of a frame, and hands its facts over to be applied.
    pub fn frame(&mut self, frame: &Frame<'_>, keys: &mut KeyView<'_>) -> Result<(), StoreError> {
        for (position, bytes) in frame.records() {
            let fact = decode(Position(position), bytes, keys)?;
            self.destroyed.extend(fact.destroys());
            self.batch.push(fact);
            if self.batch.len() == BATCH_FACTS {
                self.flush();
            }
        }
        Ok(())
    }

    /// The slots whose keys are destroyed, as far as the facts told.
    pub fn destroyed(&self) -> &BTreeSet<Slot> {
        &self.destroyed
    }

    fn flush(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_FACTS));
        // The other thread ends only when this end is gone, or by a panic that its join reports.
        drop(self.sender.send(batch));
    }
}

/// Reads a record without its origin, and notes in `keys` what it says of months.
pub fn decode(
    position: Position,
    bytes: &[u8],
    keys: &mut KeyView<'_>,
) -> Result<Fact, StoreError> {
    let fact = record::open(position, bytes, keys, false)
        .map_err(|error| StoreError::Unreadable { position, what: error.to_string() })?;
    if let Part::Open(Event::System(system::Event::SlotAssigned { slot, purpose })) = &fact.body {
        keys.months.assign(*slot, *purpose);
    }
    Ok(fact)
}

/// Folds what `produce` hands over into `views`, which come back whatever it answers.
pub fn fold<R>(views: Views, produce: impl FnOnce(&mut Sink) -> R) -> (Views, R) {
    std::thread::scope(|scope| {
        let (sender, batches) = sync_channel::<Vec<Fact>>(BATCHES_WAITING_MAX);
        let applying = scope.spawn(move || {
            let mut views = views;
            for batch in batches {
                for fact in &batch {
                    apply(&mut views, fact);
                }
            }
            views
        });
        let batch = Vec::with_capacity(BATCH_FACTS);
        let mut sink = Sink { batch, destroyed: BTreeSet::new(), sender };
        let result = produce(&mut sink);
        sink.flush();
        drop(sink);
        match applying.join() {
            Ok(views) => (views, result),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
