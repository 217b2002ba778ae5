//! What is held to be true after every step, by name: a seed that fails says which of them does not hold.

use std::fmt;

/// A promise of the store or the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// What was acknowledged is there, as it was.
    Survives,
    /// What callers were told did not happen never happened, and nothing is there that nobody asked for.
    NotDone,
    /// Positions and versions have no gap.
    NoGap,
    /// The views equal a refold of the log.
    Refold,
    /// A name, like a link, has one holder.
    OneHolder,
    /// A credential that was revoked, or whose owner may not act, does nothing; any other works.
    Revoked,
    /// Times never fall.
    Monotone,
    /// What is answered is what the model says.
    Answers,
    /// Every command is answered.
    Answered,
    /// A store opens after any crash.
    Opens,
    /// Damage is reported with the right error, or changes no answer; a refused start changes nothing.
    Damage,
    /// A recovery loses nothing but what it announced.
    Recovery,
    /// No nonce seals two different things under one key.
    Nonces,
    /// sled is never set aside without a reason.
    Sled,
    /// A key that was destroyed is nowhere on the disk, and opens nothing.
    Erased,
}

impl Check {
    /// Which one did not hold, as a failure says.
    #[cfg(feature = "planted-bugs")]
    pub fn of(what: &str) -> Option<Self> {
        const ALL: [Check; 15] = [
            Check::Survives,
            Check::NotDone,
            Check::NoGap,
            Check::Refold,
            Check::OneHolder,
            Check::Revoked,
            Check::Monotone,
            Check::Answers,
            Check::Answered,
            Check::Opens,
            Check::Damage,
            Check::Recovery,
            Check::Nonces,
            Check::Sled,
            Check::Erased,
        ];
        ALL.into_iter().find(|check| what.starts_with(check.words()))
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Survives => "acknowledged facts survive",
            Self::NotDone => "nothing happened that was not done",
            Self::NoGap => "no gap",
            Self::Refold => "views equal a refold",
            Self::OneHolder => "one holder",
            Self::Revoked => "revoked is dead",
            Self::Monotone => "times are monotone",
            Self::Answers => "answers equal the model",
            Self::Answered => "every command is answered",
            Self::Opens => "a store opens after any crash",
            Self::Damage => "damage is reported or changes no answer",
            Self::Recovery => "a recovery loses only what it announced",
            Self::Nonces => "a nonce is used once",
            Self::Sled => "sled is set aside for a reason only",
            Self::Erased => "a destroyed key is nowhere",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// Ends the seed unless the condition holds.
macro_rules! hold {
    ($check:ident, $condition:expr, $($what:tt)+) => {
        if !$condition {
            $crate::checks::broken($crate::checks::Check::$check, &format!($($what)+));
        }
    };
}
pub(crate) use hold;

/// Ends the seed: this does not hold.
pub fn broken(check: Check, what: &str) -> ! {
    panic!("{check}: {what}")
}
