//! What an operator wants to know of a store that works.

use std::fmt;
use std::sync::Arc;

use domain::id::Slot;

use crate::keyring::Repaired;
use crate::log;

/// Something that the log of the process should say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Of the log by position.
    Sled(log::Notice),
    /// Of a file of the keyring.
    Keyring(Repaired),
    /// Keys could not be made ahead: new users may have to wait until the disk takes writes again.
    NoKeysAhead {
        /// What was in the way.
        why: String,
    },
    /// Facts say that these keys are destroyed, and the disk would not let them go: it is tried again.
    KeyNotDestroyed {
        /// Their slots.
        slots: Vec<Slot>,
        /// What was in the way.
        why: String,
    },
    /// Keys that facts say are destroyed were still in the keyring when the store was opened; they went.
    ErasuresFinished {
        /// Their slots.
        slots: Vec<Slot>,
    },
    /// The journal ended in a write that was not finished, and so never acknowledged. It was left
    /// where it is, and a new segment begun.
    Torn {
        /// The last position that was committed.
        after: u64,
    },
}

/// Told what an operator wants to know; it must not block.
pub type Notify = Arc<dyn Fn(&Notice) + Send + Sync>;

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sled(notice) => write!(f, "sled: {notice}"),
            Self::Keyring(repaired) => write!(f, "keyring: {repaired}"),
            Self::NoKeysAhead { why } => {
                write!(f, "keyring: no keys could be made ahead for new users: {why}")
            }
            Self::KeyNotDestroyed { slots, why } => {
                let slots = numbers(slots);
                write!(f, "keyring: {slots} could not be erased yet, and will be: {why}")
            }
            Self::ErasuresFinished { slots } => {
                write!(f, "keyring: {} erased, as facts say", numbers(slots))
            }
            Self::Torn { after } => {
                write!(f, "journal: a write behind position {after} was not finished; set aside")
            }
        }
    }
}

fn numbers(slots: &[Slot]) -> String {
    let numbers: Vec<String> = slots.iter().map(|slot| slot.0.to_string()).collect();
    format!("slot {}", numbers.join(", "))
}
