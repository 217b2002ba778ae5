//! Keys for those who are not born yet: made ahead, so that births do not wait for the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;

use domain::id::Slot;

use crate::keyring::{Keyring, SLOTS_AHEAD, Settings};
use crate::notice::{Notice, Notify};

/// The most births that a turn may hold: one for each command.
const TURN_BIRTHS_MAX: u32 = 256;

const _: () = assert!(SLOTS_AHEAD / 4 >= TURN_BIRTHS_MAX, "a turn finds keys for all its births");

/// Keeps keys ahead of the births.
pub(crate) struct KeysAhead {
    keyring: Arc<Keyring>,
    settings: Settings,
    notify: Notify,
    /// Whether a thread is at it.
    filling: AtomicBool,
    /// Whether the last attempt failed, and that was told.
    failing: AtomicBool,
}

impl KeysAhead {
    pub(crate) fn new(keyring: Arc<Keyring>, settings: Settings, notify: &Notify) -> Arc<Self> {
        let (filling, failing) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { keyring, settings, notify: Arc::clone(notify), filling, failing })
    }

    /// Sees to it that births behind the slot `highest` find a key: in the background while there
    /// are some left, at once when one turn may use them up.
    pub(crate) fn keep(self: &Arc<Self>, highest: Slot) {
        let free = self.keyring.free(highest);
        let Settings { ahead, on_thread } = self.settings;
        let (low, at_once) = (ahead / 2, if on_thread { ahead / 4 } else { ahead / 2 });
        if free < at_once {
            // Births of this turn find no key if even that fails.
            self.fill(highest);
        } else if free < low && !self.filling.swap(true, Ordering::AcqRel) {
            let this = Arc::clone(self);
            let fill = move || {
                this.fill(highest);
                this.filling.store(false, Ordering::Release);
            };
            if Builder::new().name("key-slots".to_owned()).spawn(fill).is_err() {
                self.filling.store(false, Ordering::Release);
            }
        }
    }

    /// A failure is told once, until it works again; every turn tries anew.
    fn fill(&self, highest: Slot) {
        match self.keyring.fill_ahead(highest) {
            Ok(_) => self.failing.store(false, Ordering::Release),
            Err(error) => {
                if !self.failing.swap(true, Ordering::AcqRel) {
                    (self.notify)(&Notice::NoKeysAhead { why: error.to_string() });
                }
            }
        }
    }
}
