//! Identifiers: one ULID newtype for each kind of entity, so that they cannot be mixed up.

use std::fmt;

use ulid::Ulid;

/// The identity of a thing that has a ULID, whatever its kind.
pub trait Identifier: Copy {
    /// The same identity as a bare ULID.
    fn ulid(self) -> Ulid;
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Ulid);

        impl $name {
            /// The identity that a ULID's 26 characters spell, in either case.
            pub fn parse(text: &str) -> Option<Self> {
                Ulid::from_string(text).ok().map(Self)
            }
        }

        impl Identifier for $name {
            fn ulid(self) -> Ulid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id!(
    /// Names one user, human or machine, for ever.
    UserId
);
id!(
    /// Names one session; shown to auditors and operators only: its holder knows its token.
    SessionId
);
id!(
    /// Names one organization.
    OrganizationId
);
id!(
    /// Names one mailed code or token, which is derived from this and a key.
    CodeId
);
id!(
    /// Names one personal access token.
    TokenId
);

/// A place in the log: 1 is the first fact, 0 is before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// The place right after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a key in the keyring; 0 stands for "no key: in clear".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

impl Slot {
    /// No key.
    pub const CLEAR: Self = Self(0);
}
