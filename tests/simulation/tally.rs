//! What was tried, counted.

use std::fmt;
use std::ops::AddAssign;

/// What was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub seeds: u64,
    pub crashes: u64,
    pub commands: u64,
    pub refused: u64,
    pub acknowledged: u64,
    pub not_done: u64,
    pub unknown: u64,
    pub damages: u64,
    pub damages_refused: u64,
    pub recoveries: u64,
    pub destroyed: u64,
    pub unfinished: u64,
}

/// How many numbers a tally has.
const FIELDS: usize = 12;
/// What a line begins with that tells a tally from one process to another.
const PREFIX: &str = "tally";

impl Tally {
    fn numbers(&mut self) -> [&mut u64; FIELDS] {
        [
            &mut self.seeds,
            &mut self.crashes,
            &mut self.commands,
            &mut self.refused,
            &mut self.acknowledged,
            &mut self.not_done,
            &mut self.unknown,
            &mut self.damages,
            &mut self.damages_refused,
            &mut self.recoveries,
            &mut self.destroyed,
            &mut self.unfinished,
        ]
    }

    /// As a line that [`Tally::parse`] reads.
    pub fn line(mut self) -> String {
        let numbers = self.numbers().map(|number| number.to_string());
        format!("{PREFIX} {}", numbers.join(" "))
    }

    /// The tally that a line tells, if it is one.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().skip_while(|word| *word != PREFIX).skip(1);
        let mut tally = Self::default();
        for number in tally.numbers() {
            *number = words.next()?.parse().ok()?;
        }
        Some(tally)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, mut other: Self) {
        for (sum, number) in self.numbers().into_iter().zip(other.numbers()) {
            *sum += *number;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeds, crashes, commands, refused, acknowledged, .. } = self;
        write!(f, "{seeds} seeds, {crashes} crashes, {acknowledged} facts acknowledged, ")?;
        write!(f, "{commands} commands ({refused} refused), ")?;
        let Self { not_done, unknown, damages, damages_refused, recoveries, .. } = self;
        write!(f, "{not_done} not done, {unknown} of unknown outcome, ")?;
        write!(f, "{damages} damages ({damages_refused} refused), {recoveries} recoveries, ")?;
        let Self { destroyed, unfinished, .. } = self;
        write!(f, "{destroyed} times keys destroyed ({unfinished} times later)")
    }
}
