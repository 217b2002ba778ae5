//! The one notion of "now", for facts, reads and expiry: it never runs backwards and never stands still.

use std::time::Duration;

use domain::time::{Span, Timestamp};
use parking_lot::Mutex;

use crate::planted::{self, Planted};
use crate::sources::{Reading, Sources};

/// How far ahead of the wall clock the last fact may lie when a store is opened.
pub const AHEAD_MAX: Span = Span::minutes(10);
/// A difference between the wall clock and elapsed time that counts as a jump.
pub const JUMP: Span = Span::secs(10);

/// `now = max(wall clock, last fact + monotonic time since)`.
pub struct Clock {
    sources: Sources,
    anchor: Mutex<Anchor>,
}

/// What `now` is reckoned from; a turn that is not done gives it back.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    /// The time of the last fact.
    at: Timestamp,
    /// When that was.
    read: Reading,
}

/// A jump of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// What time it should have been.
    pub expected: Timestamp,
    /// What the clock said.
    pub read: Timestamp,
}

impl Clock {
    /// A clock that goes on from the time of the last fact.
    pub fn new(sources: Sources, last: Timestamp) -> Self {
        let read = (sources.now)();
        Self { sources, anchor: Mutex::new(Anchor { at: last, read }) }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        now(&self.anchor.lock(), (self.sources.now)())
    }

    /// The time now, later than that of every fact before; further times go on from it.
    pub fn tick(&self) -> Timestamp {
        let mut anchor = self.anchor.lock();
        let read = (self.sources.now)();
        let mut at = now(&anchor, read).max(anchor.at.after(Span(1)));
        if planted::is(Planted::ClockFollowsBack) {
            at = read.wall;
        }
        *anchor = Anchor { at, read };
        at
    }

    /// What the clock is reckoned from now.
    pub fn anchor(&self) -> Anchor {
        *self.anchor.lock()
    }

    /// Goes back to an earlier reckoning: the facts in between were not written.
    pub fn restore(&self, anchor: Anchor) {
        *self.anchor.lock() = anchor;
    }

    /// Whether the wall clock jumped since the last tick.
    pub fn jump(&self) -> Option<Jump> {
        let anchor = self.anchor.lock();
        let read = (self.sources.now)();
        let expected = anchor.read.wall.after(elapsed(anchor.read.monotonic, read.monotonic));
        let off = read.wall.0.abs_diff(expected.0);
        (off > JUMP.0.unsigned_abs()).then_some(Jump { expected, read: read.wall })
    }

    /// Whether the last fact lies too far ahead of the wall clock to believe either.
    pub fn is_too_far_ahead(sources: &Sources, last: Timestamp) -> bool {
        (sources.now)().wall.after(AHEAD_MAX) < last
    }
}

fn now(anchor: &Anchor, read: Reading) -> Timestamp {
    read.wall.max(anchor.at.after(elapsed(anchor.read.monotonic, read.monotonic)))
}

fn elapsed(from: Duration, to: Duration) -> Span {
    Span(i64::try_from(to.saturating_sub(from).as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn set(wall: i64, monotonic_secs: u64) -> Reading {
        Reading { wall: Timestamp(wall), monotonic: Duration::from_secs(monotonic_secs) }
    }

    fn clock_on(reading: &Arc<Mutex<Reading>>, last: i64) -> Clock {
        let reading = Arc::clone(reading);
        let sources = Sources {
            now: Arc::new(move || *reading.lock()),
            fill: Arc::new(|bytes| bytes.fill(1)),
        };
        Clock::new(sources, Timestamp(last))
    }

    #[test]
    fn time_goes_on_from_the_last_fact_when_the_wall_clock_was_set_back() {
        let reading = Arc::new(Mutex::new(set(5_000_000, 100)));
        let clock = clock_on(&reading, 9_000_000);
        assert_eq!(clock.now(), Timestamp(9_000_000));
        *reading.lock() = set(6_000_000, 101);
        assert_eq!(clock.now(), Timestamp(10_000_000));
    }

    #[test]
    fn ticks_rise_while_both_clocks_stand() {
        let reading = Arc::new(Mutex::new(set(5_000_000, 100)));
        let clock = clock_on(&reading, 0);
        let first = clock.tick();
        assert!(clock.tick() > first);
    }

    #[test]
    fn a_turn_that_is_not_done_gives_its_time_back() {
        let reading = Arc::new(Mutex::new(set(5_000_000, 100)));
        let clock = clock_on(&reading, 0);
        let anchor = clock.anchor();
        let first = clock.tick();
        clock.restore(anchor);
        assert_eq!(clock.tick(), first);
    }

    #[test]
    fn a_jump_is_told_from_the_passing_of_time() {
        let reading = Arc::new(Mutex::new(set(5_000_000, 100)));
        let clock = clock_on(&reading, 0);
        clock.tick();
        *reading.lock() = set(65_000_000, 160);
        assert_eq!(clock.jump(), None);
        *reading.lock() = set(5_000_000, 160);
        let jump = clock.jump().expect("the wall clock stood while a minute passed");
        assert_eq!(jump, Jump { expected: Timestamp(65_000_000), read: Timestamp(5_000_000) });
    }

    #[test]
    fn a_last_fact_from_the_future_is_noticed() {
        let reading = Arc::new(Mutex::new(set(0, 0)));
        let clock = clock_on(&reading, 0);
        let limit = AHEAD_MAX.0;
        assert!(!Clock::is_too_far_ahead(&clock.sources, Timestamp(limit)));
        assert!(Clock::is_too_far_ahead(&clock.sources, Timestamp(limit + 1)));
    }
}
