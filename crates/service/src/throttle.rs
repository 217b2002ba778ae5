//! Guessing made slow: failed attempts to sign in, counted for each name, each address and all
//! together, before anything is hashed (design D10).
//!
//! A count is a bucket that leaks (GCRA, ITU-T I.371, annex A): so many failures at once are let pass,
//! and then as many a minute. Names are counted as they are typed, whether anybody has them or not, so
//! that a refusal tells nothing. Everything is forgotten when the process ends.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use domain::text::fold;
use domain::user::attempts::Fault;

use crate::thinning::Thinning;

/// Names and addresses that are counted at once; beyond that what idles is forgotten, and after that
/// whoever comes new shares one count.
pub const COUNTED_MAX: usize = 100_000;
/// Attempts that may be under way for a name that did not fail lately.
pub const UNDER_WAY_MAX: u32 = 64;
/// The time in which a full bucket runs empty.
const WINDOW: Duration = Duration::from_mins(1);

/// How many failures are let pass in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleSettings {
    /// Of one name.
    pub per_name: usize,
    /// From one address.
    pub per_address: usize,
    /// Of everybody.
    pub overall: usize,
}

impl Default for ThrottleSettings {
    fn default() -> Self {
        Self { per_name: 20, per_address: 300, overall: 3_000 }
    }
}

/// Why an attempt is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttled {
    /// Too many failed under this name, or from this address: as if the credentials were wrong.
    Caller,
    /// Too many failed altogether.
    Everybody,
}

/// The counts.
#[derive(Debug)]
pub struct Throttle {
    settings: ThrottleSettings,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    names: HashMap<[u8; 16], Bucket>,
    addresses: HashMap<Box<str>, Bucket>,
    overall: Bucket,
    thinned: Thinning<([u8; 16], Fault)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// When it will have run empty.
    empty_at: Duration,
    under_way: u32,
}

/// An attempt that is under way.
#[must_use]
#[derive(Debug)]
pub struct Attempt {
    name: [u8; 16],
    address: Option<Box<str>>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The credentials were right.
    Right,
    /// They were wrong.
    Wrong,
    /// Nobody knows: a queue was full, the disk failed.
    Unknown,
}

impl Throttle {
    /// Nothing failed yet.
    pub fn new(settings: ThrottleSettings) -> Self {
        Self { settings, counts: Mutex::default() }
    }

    /// Begins an attempt, unless too many failed.
    pub fn begin(
        &self,
        name: &str,
        address: Option<&str>,
        now: Duration,
    ) -> Result<Attempt, Throttled> {
        let attempt = Attempt { name: key(name), address: address.map(nearest).map(Into::into) };
        let ThrottleSettings { per_name, per_address, overall } = self.settings;
        let mut counts = self.counts();
        if !counts.overall.has_room(overall, now) {
            return Err(Throttled::Everybody);
        }
        let counts = &mut *counts;
        let of_name = bucket(&mut counts.names, attempt.name, now);
        if !of_name.may_begin(per_name, now) {
            return Err(Throttled::Caller);
        }
        if let Some(address) = &attempt.address {
            let of_address = bucket(&mut counts.addresses, address.clone(), now);
            if !of_address.has_room(per_address, now) {
                return Err(Throttled::Caller);
            }
        }
        of_name.under_way += 1;
        Ok(attempt)
    }

    /// Ends an attempt. Whoever knows the password is not punished for whoever does not.
    pub fn end(&self, attempt: Attempt, outcome: Outcome, now: Duration) {
        let ThrottleSettings { per_name, per_address, overall } = self.settings;
        let mut counts = self.counts();
        let counts = &mut *counts;
        let of_name = bucket(&mut counts.names, attempt.name, now);
        of_name.under_way = of_name.under_way.saturating_sub(1);
        match outcome {
            Outcome::Unknown => {}
            Outcome::Right => of_name.empty_at = Duration::ZERO,
            Outcome::Wrong => {
                of_name.fill(per_name, now);
                if let Some(address) = attempt.address {
                    bucket(&mut counts.addresses, address, now).fill(per_address, now);
                }
                counts.overall.fill(overall, now);
            }
        }
    }

    /// How many failures a fact stands for that is due now; `None` if none is: of each name and fault
    /// the 1st, 10th, 100th ... within a minute is one, as long as there are not too many.
    pub fn fact_due(&self, name: &str, fault: Fault, now: Duration) -> Option<u32> {
        self.counts().thinned.due((key(name), fault), now)
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().expect("nothing panics while it counts")
    }
}

impl Bucket {
    fn has_room(&self, per_minute: usize, now: Duration) -> bool {
        self.empty_at.saturating_sub(now) + drop_of(per_minute) <= WINDOW
    }

    /// Attempts under way count as if they failed, but for a name that did not fail lately: a program
    /// may sign in many times at once.
    fn may_begin(&self, per_minute: usize, now: Duration) -> bool {
        if self.empty_at <= now {
            return self.under_way < UNDER_WAY_MAX;
        }
        let under_way = drop_of(per_minute) * self.under_way;
        self.empty_at.saturating_sub(now) + under_way + drop_of(per_minute) <= WINDOW
    }

    fn fill(&mut self, per_minute: usize, now: Duration) {
        // What runs over is gone, so nobody waits longer than until the next drop leaked.
        let filled = self.empty_at.max(now) + drop_of(per_minute);
        self.empty_at = filled.min(now + WINDOW);
    }

    fn is_idle(&self, now: Duration) -> bool {
        self.empty_at <= now && self.under_way == 0
    }
}

/// The time that one failure takes to be forgotten.
fn drop_of(per_minute: usize) -> Duration {
    WINDOW / u32::try_from(per_minute.max(1)).unwrap_or(u32::MAX)
}

fn bucket<K: Hash + Eq + Default>(
    buckets: &mut HashMap<K, Bucket>,
    key: K,
    now: Duration,
) -> &mut Bucket {
    if buckets.len() >= COUNTED_MAX && !buckets.contains_key(&key) {
        buckets.retain(|_, bucket| !bucket.is_idle(now));
        if buckets.len() >= COUNTED_MAX {
            return buckets.entry(K::default()).or_default();
        }
    }
    buckets.entry(key).or_default()
}

/// A name of any length as one of few bytes; names that differ in case alone count as one.
fn key(name: &str) -> [u8; 16] {
    let hash = digest(&SHA256, fold(name).as_bytes());
    *hash.as_ref().first_chunk().expect("32 bytes have 16")
}

/// Of addresses joined by commas the last: what a trusted proxy saw itself, all before is hearsay.
pub(crate) fn nearest(addresses: &str) -> &str {
    addresses.rsplit(',').next().unwrap_or(addresses).trim()
}

#[cfg(test)]
mod tests {
    use domain::user::attempts::Refusal;

    use super::*;

    const SETTINGS: ThrottleSettings = ThrottleSettings { per_name: 3, per_address: 5, overall: 8 };
    const START: Duration = Duration::from_secs(1_000);

    fn fails(throttle: &Throttle, name: &str, address: &str, now: Duration) -> bool {
        match throttle.begin(name, Some(address), now) {
            Ok(attempt) => {
                throttle.end(attempt, Outcome::Wrong, now);
                true
            }
            Err(_) => false,
        }
    }

    #[test]
    fn so_many_failures_of_a_name_are_let_pass_and_then_as_many_a_minute() {
        let throttle = Throttle::new(SETTINGS);
        for _ in 0..3 {
            assert!(fails(&throttle, "ada", "192.0.2.1", START));
        }
        // In any spelling, and from any address.
        assert!(!fails(&throttle, "ADA", "192.0.2.2", START));
        assert!(fails(&throttle, "bob", "192.0.2.2", START));
        let later = START + Duration::from_secs(20);
        assert!(fails(&throttle, "ada", "192.0.2.1", later));
        assert!(!fails(&throttle, "ada", "192.0.2.1", later));
        let much_later = later + WINDOW;
        for _ in 0..3 {
            assert!(fails(&throttle, "ada", "192.0.2.1", much_later));
        }
    }

    #[test]
    fn an_address_and_everybody_have_limits_of_their_own() {
        let throttle = Throttle::new(SETTINGS);
        for name in ["a", "b", "c", "d", "e"] {
            assert!(fails(&throttle, name, "10.0.0.9, 192.0.2.1", START));
        }
        assert!(!fails(&throttle, "f", "192.0.2.1", START));
        for name in ["f", "g", "h"] {
            assert!(fails(&throttle, name, "192.0.2.2", START));
        }
        let refused = throttle.begin("i", Some("192.0.2.3"), START);
        assert_eq!(refused.map(drop), Err(Throttled::Everybody));
    }

    #[test]
    fn whoever_knows_the_password_empties_the_count_of_the_name() {
        let throttle = Throttle::new(SETTINGS);
        assert!(fails(&throttle, "ada", "192.0.2.1", START));
        assert!(fails(&throttle, "ada", "192.0.2.1", START));
        let attempt = throttle.begin("ada", None, START).unwrap();
        throttle.end(attempt, Outcome::Right, START);
        for _ in 0..3 {
            assert!(fails(&throttle, "ada", "192.0.2.2", START));
        }
    }

    #[test]
    fn attempts_at_once_do_not_get_round_the_limit() {
        let throttle = Throttle::new(SETTINGS);
        assert!(fails(&throttle, "ada", "192.0.2.1", START));
        let attempts: Vec<_> =
            (0..10).filter_map(|_| throttle.begin("ada", None, START).ok()).collect();
        assert_eq!(attempts.len(), 2);
        // A name that did not fail may sign in many times at once, but not without end.
        let fresh: Vec<_> =
            (0..100).filter_map(|_| throttle.begin("bob", None, START).ok()).collect();
        assert_eq!(fresh.len(), 64);
        for attempt in fresh {
            throttle.end(attempt, Outcome::Unknown, START);
        }
        assert!(throttle.begin("bob", None, START).is_ok());
        for attempt in attempts {
            throttle.end(attempt, Outcome::Unknown, START);
        }
    }

    #[test]
    fn failures_go_on_record_thinned_by_name_and_fault() {
        let throttle = Throttle::new(SETTINGS);
        let due = |name, fault| throttle.fact_due(name, fault, START);
        assert_eq!(due("ada", Fault::Password), Some(1));
        assert_eq!(due("ADA", Fault::Password), None);
        assert_eq!(due("ada", Fault::Refused(Refusal::Locked)), Some(1));
        assert_eq!(due("bob", Fault::Password), Some(1));
    }

    #[test]
    fn counting_takes_no_more_room_however_many_names_are_tried() {
        let settings =
            ThrottleSettings { per_name: 3, per_address: 1_000_000, overall: 1_000_000_000 };
        let throttle = Throttle::new(settings);
        for number in 0..COUNTED_MAX + 10 {
            fails(&throttle, &format!("name-{number}"), "192.0.2.1", START);
        }
        assert!(throttle.counts().names.len() <= COUNTED_MAX + 1);
        // Once they idle they are forgotten.
        assert!(fails(&throttle, "new", "192.0.2.1", START + WINDOW));
        assert!(throttle.counts().names.len() < 10);
    }
}
