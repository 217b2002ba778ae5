//! What happens again and again goes on record thinned: of each kind the 1st, 10th, 100th ... within a
//! minute is a fact, which says how many it stands for (design D9), so that nobody can write the log
//! full. Everything is forgotten when the process ends.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Kinds that are counted at once; beyond that those of earlier minutes are forgotten, and after that new
/// ones are not put on record.
pub const KINDS_MAX: usize = 100_000;
/// Facts in a minute, of all kinds together.
pub const FACTS_PER_MINUTE_MAX: u32 = 600;

/// Counts by kind.
#[derive(Debug)]
pub struct Thinning<K> {
    kinds: HashMap<K, Count>,
    /// The minute that facts are counted in, and how many it had.
    facts: (u64, u32),
}

/// What was not written yet of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    minute: u64,
    in_minute: u32,
    unwritten: u32,
}

impl<K> Default for Thinning<K> {
    fn default() -> Self {
        Self { kinds: HashMap::new(), facts: (0, 0) }
    }
}

impl<K: Hash + Eq> Thinning<K> {
    /// How many a fact stands for that is due now; `None` if none is.
    pub fn due(&mut self, kind: K, now: Duration) -> Option<u32> {
        let minute = now.as_secs() / 60;
        let Self { kinds, facts } = self;
        if kinds.len() >= KINDS_MAX {
            kinds.retain(|_, count| count.minute == minute);
        }
        let known = kinds.contains_key(&kind);
        if !known && kinds.len() >= KINDS_MAX {
            return None;
        }
        let count = kinds.entry(kind).or_default();
        if count.minute != minute {
            (count.minute, count.in_minute) = (minute, 0);
        }
        count.in_minute = count.in_minute.saturating_add(1);
        count.unwritten = count.unwritten.saturating_add(1);
        if facts.0 != minute {
            *facts = (minute, 0);
        }
        let is_power_of_ten = count.in_minute == 10_u32.pow(count.in_minute.ilog10());
        if !is_power_of_ten || facts.1 >= FACTS_PER_MINUTE_MAX {
            return None;
        }
        facts.1 += 1;
        Some(std::mem::take(&mut count.unwritten))
    }

    /// What was due could not be put on record: the next fact stands for it too.
    pub fn give_back(&mut self, kind: &K, unwritten: u32) {
        if let Some(count) = self.kinds.get_mut(kind) {
            count.unwritten = count.unwritten.saturating_add(unwritten);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1_000);
    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn the_1st_10th_and_100th_in_a_minute_is_a_fact_that_stands_for_those_before() {
        let mut thinning = Thinning::default();
        let written: Vec<_> = (1..=150).filter_map(|_| thinning.due("ada", START)).collect();
        assert_eq!(written, [1, 9, 90]);
        assert_eq!(thinning.due("ada", START + MINUTE), Some(51));
        assert_eq!(thinning.due("bob", START), Some(1));
        thinning.give_back(&"bob", 1);
        assert_eq!(thinning.due("bob", START + MINUTE), Some(2));
    }

    #[test]
    fn nobody_writes_the_log_full() {
        let mut thinning = Thinning::default();
        let mut write = |from: u32, now| {
            (from..from + 1_000).filter_map(|number| thinning.due(number, now)).count()
        };
        assert_eq!(write(0, START), FACTS_PER_MINUTE_MAX as usize);
        assert_eq!(write(2_000, START + MINUTE), FACTS_PER_MINUTE_MAX as usize);
    }

    #[test]
    fn counting_takes_no_more_room_however_many_kinds_there_are() {
        let mut thinning = Thinning::default();
        for number in 0..KINDS_MAX + 10 {
            thinning.due(number, START);
        }
        assert_eq!(thinning.kinds.len(), KINDS_MAX);
        thinning.due(0, START + MINUTE);
        assert!(thinning.kinds.len() < 10, "what an earlier minute had is forgotten");
    }
}
