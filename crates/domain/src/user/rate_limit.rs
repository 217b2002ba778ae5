//! Limits on access through linked accounts, one rule a line (Zato's contract, section 6.14).

use crate::network::Network;
use crate::rejection::{Rejection, ValueFault};

/// Most characters of a definition.
pub const RATE_LIMIT_CHARS_MAX: usize = 4_096;

/// A definition whose syntax is right, as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RateLimitDefinition(Box<str>);

impl RateLimitDefinition {
    /// Reads a definition: lines of `source = limit`; empty lines and those that begin with `#` say
    /// nothing. A source is an address, a network or `*`; a limit is a number and `/m`, `/h` or
    /// `/d`, or `*`.
    ///
    /// # Errors
    /// [`Rejection::Unacceptable`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let refused = |fault| Rejection::Unacceptable { field: "rate_limit", fault };
        if text.chars().count() > RATE_LIMIT_CHARS_MAX {
            return Err(refused(ValueFault::TooLong));
        }
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        if text.contains('\0') || !lines.all(|line| line.starts_with('#') || rule(line).is_some()) {
            return Err(refused(ValueFault::Malformed));
        }
        Ok(Self(text.into()))
    }

    /// Its rules in order: from where, `None` being everywhere, and what is allowed.
    pub fn rules(&self) -> impl Iterator<Item = (Option<Network>, Limit)> {
        self.0.lines().map(str::trim).filter(|line| !line.starts_with('#')).filter_map(rule)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// As often as one likes.
    None,
    /// So many times in so many seconds.
    Count {
        /// How many.
        count: u32,
        /// In how many seconds.
        secs: u64,
    },
}

fn rule(line: &str) -> Option<(Option<Network>, Limit)> {
    let (source, limit) = line.split_once('=')?;
    let source = match source.trim() {
        "*" => None,
        source => Some(source.parse().ok()?),
    };
    Some((source, limit_of(limit.trim())?))
}

fn limit_of(text: &str) -> Option<Limit> {
    let Some((count, unit)) = text.split_once('/') else {
        return (text == "*").then_some(Limit::None);
    };
    let secs = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Limit::Count { count: count.parse().ok()?, secs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_the_contract_are_read_and_others_refused() {
        let good = ["*=1/d", "", "# nobody\n\n10.0.0.1 = 5/m\r\n10.0.0.0/8=*\n::1/128 = 7/h"];
        for text in good {
            assert_eq!(
                RateLimitDefinition::parse(text).map(|read| read.as_str() == text),
                Ok(true)
            );
        }
        let bad = ["*", "*=", "*=1", "*=1/y", "x=1/d", "10.0.0.0/33=1/d", "*=-1/d", "*=1/d;", "\0"];
        for text in bad {
            assert!(RateLimitDefinition::parse(text).is_err(), "{text}");
        }
        let long = "#".repeat(RATE_LIMIT_CHARS_MAX + 1);
        let refused = RateLimitDefinition::parse(&long);
        assert!(matches!(refused, Err(Rejection::Unacceptable { fault: ValueFault::TooLong, .. })));
    }
}
