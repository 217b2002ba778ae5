//! Values that must not be printed: they have no `Display`, and their `Debug` shows nothing.

use std::fmt;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $inner);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

secret!(
    /// A password as it is kept: a PHC string with its algorithm, parameters and salt.
    PasswordHash(Box<str>)
);
secret!(
    /// The seed of a time-based one-time password, raw bytes (RFC 6238's K).
    TotpSeed(Vec<u8>)
);
secret!(
    /// SHA-256 of a token in the form that was handed out; all that is kept of it.
    TokenHash([u8; 32])
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_nothing_of_itself() {
        assert_eq!(format!("{:?}", PasswordHash("$argon2id$x".into())), "PasswordHash(…)");
        assert_eq!(format!("{:?}", TotpSeed(vec![1, 2])), "TotpSeed(…)");
    }
}
