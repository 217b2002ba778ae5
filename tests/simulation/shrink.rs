//! Making a failing seed small: less is tried for as long as it still fails.

use crate::limits::Limits;
use crate::runs::{Failed, one};

/// The smallest limits found under which the seed still fails, and how it fails then.
pub fn shrink(failed: Failed, limits: Limits) -> (Failed, Limits) {
    let mut smallest = Smallest { failed, limits };
    // Nothing that comes after the failure matters.
    let lives = smallest.failed.life + 1;
    smallest.attempt(|limits| limits.lives = lives);
    smallest.attempt(|limits| limits.damage = false);
    smallest.attempt(|limits| limits.faults = false);
    for batch in 1..limits.batch {
        if smallest.attempt(|limits| limits.batch = batch) {
            break;
        }
    }
    for turns in 1..limits.turns {
        if smallest.attempt(|limits| limits.turns = turns) {
            break;
        }
    }
    for lives in 1..smallest.limits.lives {
        if smallest.attempt(|limits| limits.lives = lives) {
            break;
        }
    }
    (smallest.failed, smallest.limits)
}

struct Smallest {
    failed: Failed,
    limits: Limits,
}

impl Smallest {
    /// Tries with less, and keeps it if it still fails.
    fn attempt(&mut self, less: impl FnOnce(&mut Limits)) -> bool {
        let mut limits = self.limits;
        less(&mut limits);
        let Err(failed) = one(self.failed.seed, limits) else { return false };
        limits.lives = limits.lives.min(failed.life + 1);
        (self.failed, self.limits) = (failed, limits);
        true
    }
}
