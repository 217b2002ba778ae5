//! Who acts, through what, from where.

use ulid::Ulid;

use crate::id::{Identifier, UserId};
use crate::time::Timestamp;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Actor {
    /// Nobody that is known: sign-up, its confirmation.
    Anonymous,
    /// A person, signed in.
    User(UserId),
    /// A machine user, by one of its credentials.
    Machine(UserId),
    /// Somebody at the command line of the machine that holds the data.
    Operator,
    /// Muster itself.
    System,
}

impl Actor {
    /// The user behind the actor, if it is one.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) | Self::Machine(id) => Some(id),
            Self::Anonymous | Self::Operator | Self::System => None,
        }
    }
}

/// The language a command came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Muster's own acts, and `/v1`.
    Native,
    /// Zato SSO.
    Zato,
}

/// The number of an application; names are given by `system.application_named`. 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApplicationNumber(pub u16);

/// What somebody shows to prove who it is; the fact keeps which one it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Credential(pub Ulid);

impl<T: Identifier> From<T> for Credential {
    fn from(id: T) -> Self {
        Self(id.ulid())
    }
}

/// From where a command came; personal, sealed for the actor and the month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The caller's address, or several joined with `, `.
    pub address: Option<Box<str>>,
    /// What the caller's program calls itself; empty if it sent an empty one.
    pub agent: Option<Box<str>>,
    /// The id of the request, as the logs carry it.
    pub request: Option<Box<str>>,
    /// The login name of an operator.
    pub operator: Option<Box<str>>,
}

impl Origin {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.address.is_none()
            && self.agent.is_none()
            && self.request.is_none()
            && self.operator.is_none()
    }
}

/// What the writer gives a decision: when, who, and fresh ids.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The time of the command.
    pub at: Timestamp,
    /// Who asks.
    pub actor: Actor,
    /// 80 random bits from which ids are made.
    pub seed: [u8; 10],
}

impl Stamp {
    /// The `n`th fresh ULID of this command: its time in milliseconds, then the seed plus `n`.
    pub fn id(&self, n: u8) -> Ulid {
        let mut random = [0; 16];
        random[6..].copy_from_slice(&self.seed);
        let random = u128::from_be_bytes(random).wrapping_add(u128::from(n)) & ((1 << 80) - 1);
        let millis = u64::try_from(self.at.0.div_euclid(1_000)).unwrap_or(0);
        Ulid::from_parts(millis, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_stamp_differ_and_carry_its_time() {
        let stamp =
            Stamp { at: Timestamp(1_700_000_000_123_456), actor: Actor::System, seed: [0xFF; 10] };
        assert_ne!(stamp.id(0), stamp.id(1));
        assert_eq!(stamp.id(1).timestamp_ms(), 1_700_000_000_123);
    }
}
