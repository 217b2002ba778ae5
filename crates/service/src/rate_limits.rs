//! Limits on access through linked accounts, counted (Zato's contract, section 6.14). Counts are kept
//! by the process, in windows of a minute, an hour, or a day that begin with the first access.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use domain::id::UserId;
use domain::network::Network;
use domain::user::User;
use domain::user::rate_limit::{Limit, RateLimitDefinition};

/// Windows that are counted at once; beyond that those that ended are forgotten.
const COUNTED_MAX: usize = 100_000;

/// Whether an access may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Pass,
    /// No rule speaks of where it comes from.
    NoRule,
    /// There were as many as may be.
    TooOften,
}

/// The counts: of a user and a rule, when its window ends and how many it had.
#[derive(Debug, Default)]
pub struct RateLimits(Mutex<HashMap<(UserId, usize), (Duration, u32)>>);

impl RateLimits {
    /// Counts an access of `user` from `address`, if its limits let it pass.
    pub fn pass(&self, user: &User, address: Option<&str>, now: Duration) -> Verdict {
        let limit = user.rate_limit.as_ref().filter(|limit| limit.active);
        let Some(definition) = limit.and_then(|limit| limit.definition.as_ref()) else {
            return Verdict::Pass;
        };
        let (number, limit) = match rule(definition, address) {
            None => return Verdict::NoRule,
            Some((_, Limit::None)) => return Verdict::Pass,
            Some((number, Limit::Count { count, secs })) => (number, (count, secs)),
        };
        let (count, secs) = limit;
        let mut counts = self.0.lock().expect("nothing panics while it counts");
        if counts.len() >= COUNTED_MAX {
            counts.retain(|_, (ends, _)| *ends > now);
        }
        let (ends, had) = counts.entry((user.id, number)).or_default();
        if *ends <= now {
            (*ends, *had) = (now + Duration::from_secs(secs), 0);
        }
        if *had >= count {
            return Verdict::TooOften;
        }
        *had += 1;
        Verdict::Pass
    }
}

/// The first rule that speaks of an address, and its number; `*` speaks of all, known or not.
fn rule(definition: &RateLimitDefinition, address: Option<&str>) -> Option<(usize, Limit)> {
    let address = address.and_then(|address| address.parse::<IpAddr>().ok());
    let speaks = |source: Option<Network>| {
        source.is_none_or(|network| address.is_some_and(|address| network.contains(address)))
    };
    let mut rules = definition.rules().enumerate();
    rules.find(|(_, (source, _))| speaks(*source)).map(|(number, (_, limit))| (number, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, address: &str) -> Option<(usize, Limit)> {
        rule(&RateLimitDefinition::parse(text).unwrap(), Some(address))
    }

    #[test]
    fn the_first_rule_that_matches_counts() {
        let rules = "# partners\n10.0.0.1 = *\n10.0.0.0/8 = 5/m\n\n192.0.2.0/24=7/h";
        assert_eq!(found(rules, "10.0.0.1"), Some((0, Limit::None)));
        assert_eq!(found(rules, "10.9.9.9"), Some((1, Limit::Count { count: 5, secs: 60 })));
        assert_eq!(found(rules, "192.0.2.1"), Some((2, Limit::Count { count: 7, secs: 3_600 })));
        assert_eq!(found(rules, "198.51.100.1"), None);
        assert_eq!(found("*=1/d", "nowhere"), Some((0, Limit::Count { count: 1, secs: 86_400 })));
    }
}
