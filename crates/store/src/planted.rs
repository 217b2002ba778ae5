//! Mistakes that can be switched on, one at a time, to show that the simulation notices each
//! (`docs/simulation.md`). They are compiled in with the feature `planted-bugs` alone, which no binary
//! has: without it [`is`] is `false` and nothing is left of them.

#[cfg(feature = "planted-bugs")]
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whether the mistakes are compiled in.
pub const COMPILED_IN: bool = cfg!(feature = "planted-bugs");

macro_rules! planted {
    ($($(#[doc = $doc:literal])+ $bug:ident = $name:literal,)*) => {
        /// A mistake, named after what is wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Planted {
            $($(#[doc = $doc])+ $bug,)*
        }

        impl Planted {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$bug,)*];

            /// Its name on a command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$bug => $name,)*
                }
            }

            /// What is wrong, as a sentence.
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Self::$bug => concat!($($doc),+),)*
                }
            }
        }
    };
}

planted! {
    /// A frame's body is not held to its checksum.
    NoChecksum = "no-checksum",
    /// A frame's root is not held to the tree of what precedes it.
    NoRoot = "no-root",
    /// A frame is written and not synced.
    NoSync = "no-sync",
    /// Callers hear "done" before the frame is written and synced.
    AnswerBeforeSync = "answer-before-sync",
    /// A turn is published to readers before its frame is synced.
    PublishBeforeSync = "publish-before-sync",
    /// sled says how far it is filled before the records are put.
    FilledBeforeData = "filled-before-data",
    /// Every broken end of the journal counts as torn.
    DamageIsTorn = "damage-is-torn",
    /// No broken end of the journal counts as torn.
    TornIsDamage = "torn-is-damage",
    /// A frame whose sync failed is synced again in the same segment.
    SyncAgain = "sync-again",
    /// After a failed write the next turn goes into the same segment, at the same place.
    SegmentAgain = "segment-again",
    /// A nonce is derived from the position, and so used again by the turn after a failed one.
    NonceAgain = "nonce-again",
    /// A key counts although its slot could not be written and synced.
    KeyBeforeSync = "key-before-sync",
    /// A segment's header is not synced before its first frame.
    HeaderNotSynced = "header-not-synced",
    /// The name of a new segment is not synced.
    NameNotSynced = "name-not-synced",
    /// A start builds on what it read without making it durable first.
    NotSettled = "not-settled",
    /// An outcome that is unknown is told as "not done".
    UnknownIsNotDone = "unknown-is-not-done",
    /// The writer does not ask whether a name is free.
    NameUnheld = "name-unheld",
    /// The writer does not ask again whether a caller's credential is still good.
    ProofUnchecked = "proof-unchecked",
    /// Time follows the wall clock when that is set back.
    ClockFollowsBack = "clock-follows-back",
    /// A name that nobody has any more stays taken.
    NamesNotFreed = "names-not-freed",
    /// A slot of which one file is damaged is given up although the other has it.
    SlotGivenUp = "slot-given-up",
    /// A damaged slot is repaired in memory and not in its file.
    RepairForgotten = "repair-forgotten",
    /// A turn's changes to one of the views are not published.
    RowForgotten = "row-forgotten",
    /// A destroyed key's slot is marked as erased, and the wrapped key stays in it.
    KeyMarkedOnly = "key-marked-only",
    /// A destroyed key's slot is overwritten in the first file alone.
    SecondFileKept = "second-file-kept",
    /// A repair copies a destroyed key back from the file that still has it.
    RepairRevives = "repair-revives",
    /// A start does not finish the erasures that the log tells of.
    ErasureUnfinished = "erasure-unfinished",
    /// A key that a fact destroys stays until the next start.
    ErasedLater = "erased-later",
}

/// The mistake that is switched on, plus one; 0 is none.
#[cfg(feature = "planted-bugs")]
static CHOSEN: AtomicUsize = AtomicUsize::new(0);

/// Switches a mistake on in this process, or all of them off.
#[cfg(feature = "planted-bugs")]
pub fn choose(bug: Option<Planted>) {
    CHOSEN.store(bug.map_or(0, |bug| bug as usize + 1), Ordering::SeqCst);
}

/// Whether this mistake is switched on.
#[cfg(feature = "planted-bugs")]
pub fn is(bug: Planted) -> bool {
    CHOSEN.load(Ordering::Relaxed) == bug as usize + 1
}

/// Whether this mistake is switched on: never, since none is compiled in.
#[cfg(not(feature = "planted-bugs"))]
#[inline]
pub const fn is(_bug: Planted) -> bool {
    false
}
