//! How much a seed tries; a failing one is shrunk by trying less.

use std::fmt;

/// How much a seed tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lives of one store: from a start to the next crash.
    pub lives: usize,
    /// Turns of a life, unless a crash comes first.
    pub turns: usize,
    /// Commands that wait together.
    pub batch: usize,
    /// Whether the disk fails and the machine stops in the middle of things.
    pub faults: bool,
    /// Whether files are damaged between lives.
    pub damage: bool,
    /// In one seed of so many the real sled runs; 0 is never.
    pub sled_every: u64,
}

/// The names of the arguments of `cargo xtask simulate`, and of the variables that carry them.
pub const LIVES: (&str, &str) = ("--lives", "MUSTER_SIM_LIVES");
const TURNS: (&str, &str) = ("--turns", "MUSTER_SIM_TURNS");
const BATCH: (&str, &str) = ("--batch", "MUSTER_SIM_BATCH");
const FAULTS: (&str, &str) = ("--faults", "MUSTER_SIM_FAULTS");
const DAMAGE: (&str, &str) = ("--damage", "MUSTER_SIM_DAMAGE");
const SLED: (&str, &str) = ("--sled-every", "MUSTER_SIM_SLED");

impl Default for Limits {
    fn default() -> Self {
        Self { lives: 14, turns: 6, batch: 6, faults: true, damage: true, sled_every: 10 }
    }
}

impl Limits {
    /// What the environment asks for, and else what is usual.
    pub fn from_environment() -> Self {
        let usual = Self::default();
        let size = |(_, name), usual| {
            number(name).map_or(usual, |size: u64| usize::try_from(size).expect("a small number"))
        };
        Self {
            lives: size(LIVES, usual.lives),
            turns: size(TURNS, usual.turns).max(1),
            batch: size(BATCH, usual.batch).max(1),
            faults: number(FAULTS.1) != Some(0),
            damage: number(DAMAGE.1) != Some(0),
            sled_every: number(SLED.1).unwrap_or(usual.sled_every),
        }
    }

    /// The environment that asks for these.
    pub fn environment(&self) -> [(&'static str, String); 6] {
        self.named().map(|((_, name), value)| (name, value.to_string()))
    }

    /// Whether the real sled runs in a seed.
    pub fn has_sled(&self, seed: u64) -> bool {
        self.sled_every > 0 && seed.is_multiple_of(self.sled_every)
    }

    fn named(&self) -> [((&'static str, &'static str), u64); 6] {
        let Self { lives, turns, batch, faults, damage, sled_every } = *self;
        [
            (LIVES, lives as u64),
            (TURNS, turns as u64),
            (BATCH, batch as u64),
            (FAULTS, faults.into()),
            (DAMAGE, damage.into()),
            (SLED, sled_every),
        ]
    }
}

/// As arguments of `cargo xtask simulate`, those that are not as usual.
impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = Self::default().named();
        for (((argument, _), value), (_, usual)) in self.named().into_iter().zip(usual) {
            if value != usual {
                write!(f, " {argument} {value}")?;
            }
        }
        Ok(())
    }
}

/// A number in the environment.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}
