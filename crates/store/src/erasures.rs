//! Keys that facts say are destroyed, on their way out of the keyring's files.
//!
//! The fact comes first, and nothing undoes it: from its commit on the key goes, now, at a later turn, or
//! at the next start, which finishes what the log says and the files do not.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::id::Slot;
use parking_lot::Mutex;

use crate::keyring::Keyring;
use crate::notice::{Notice, Notify};

/// Destroys keys, and remembers those that the disk would not let go.
pub(crate) struct Erasures {
    keyring: Arc<Keyring>,
    notify: Notify,
    /// Slots whose keys are gone from memory and not yet from both files.
    unfinished: Mutex<BTreeSet<Slot>>,
}

impl Erasures {
    pub(crate) fn new(keyring: Arc<Keyring>, notify: &Notify) -> Self {
        Self { keyring, notify: Arc::clone(notify), unfinished: Mutex::default() }
    }

    /// Destroys these keys, once the facts that say so are durable.
    pub(crate) fn carry_out(&self, slots: &[Slot]) {
        if slots.is_empty() {
            return;
        }
        self.unfinished.lock().extend(slots);
        if let Err(why) = self.attempt() {
            (self.notify)(&Notice::KeyNotDestroyed { slots: slots.to_vec(), why });
        }
    }

    /// Tries again what the disk refused, and says whether nothing is left to do.
    pub(crate) fn finish(&self) -> bool {
        self.attempt().is_ok()
    }

    /// Whether a key is still in one of the files although a fact says that it is destroyed.
    pub(crate) fn is_unfinished(&self, slot: Slot) -> bool {
        self.unfinished.lock().contains(&slot)
    }

    fn attempt(&self) -> Result<(), String> {
        let mut unfinished = self.unfinished.lock();
        if unfinished.is_empty() {
            return Ok(());
        }
        let slots: Vec<Slot> = unfinished.iter().copied().collect();
        self.keyring.erase(&slots).map_err(|error| error.to_string())?;
        unfinished.clear();
        Ok(())
    }
}
