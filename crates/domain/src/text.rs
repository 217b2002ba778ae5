//! Text that people chose, checked once.

use std::fmt;

/// Longest user name, in characters (ZITADEL allows 200, Zato 191, Logto 128).
pub const USERNAME_CHARS_MAX: usize = 200;
/// Longest part of a person's name, label or attribute name, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest e-mail address, in characters; RFC 5321 stops at 254, Zato's contract nowhere.
pub const EMAIL_CHARS_MAX: usize = 1_000;

/// Why a text is not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFault {
    /// Nothing is left of it.
    Empty,
    /// It has more characters than the limit of its kind.
    TooLong,
    /// It holds a NUL, which nothing that is kept may hold.
    Nul,
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes the text as it is, if it is not empty, not too long and free of NUL.
            pub fn parse(text: &str) -> Result<Self, TextFault> {
                check(text, $max)?;
                Ok(Self(text.into()))
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// What a user signs in as: kept as written, compared by the dialects' rules.
    Username,
    USERNAME_CHARS_MAX
);
text!(
    /// An e-mail address as the person wrote it; not proof that it works.
    Email,
    EMAIL_CHARS_MAX
);
text!(
    /// A part of a person's name, a label, or the name of an application or organization.
    Name,
    NAME_CHARS_MAX
);

/// The form in which names and e-mail addresses are compared without regard to case
/// (Unicode full case folding, CaseFolding.txt statuses C and F).
pub fn fold(text: &str) -> String {
    unicase::UniCase::unicode(text).to_folded_case()
}

/// A change to a value that may be absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Take the value away.
    Clear,
    /// Put this value in its place.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether anything is asked at all.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// Does to `value` what is asked.
    pub fn apply_to(&self, value: &mut Option<T>)
    where
        T: Clone,
    {
        match self {
            Self::Keep => {}
            Self::Clear => *value = None,
            Self::Set(new) => *value = Some(new.clone()),
        }
    }

    /// What of the change makes a difference to `value`; [`Patch::Keep`] if nothing does.
    #[must_use]
    pub fn against(self, value: Option<&T>) -> Self
    where
        T: PartialEq,
    {
        match self {
            Self::Clear if value.is_none() => Self::Keep,
            Self::Set(new) if Some(&new) == value => Self::Keep,
            other => other,
        }
    }
}

fn check(text: &str, chars_max: usize) -> Result<(), TextFault> {
    if text.is_empty() {
        return Err(TextFault::Empty);
    }
    if text.contains('\0') {
        return Err(TextFault::Nul);
    }
    // Bytes bound characters from above, so short texts are not counted.
    if text.len() > chars_max && text.chars().count() > chars_max {
        return Err(TextFault::TooLong);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert!(Username::parse(&"ü".repeat(USERNAME_CHARS_MAX)).is_ok());
        assert_eq!(Username::parse(&"ü".repeat(USERNAME_CHARS_MAX + 1)), Err(TextFault::TooLong));
    }

    #[test]
    fn empty_text_and_nul_are_refused() {
        assert_eq!(Name::parse(""), Err(TextFault::Empty));
        assert_eq!(Email::parse("a\0b"), Err(TextFault::Nul));
    }

    #[test]
    fn folding_is_full_case_folding() {
        assert_eq!(fold("STRASSE"), fold("straße"));
        assert_eq!(fold("ΑΣ"), fold("ας"));
        assert_ne!(fold("a"), fold("b"));
    }

    #[test]
    fn a_patch_that_changes_nothing_is_keep() {
        assert_eq!(Patch::Set(1).against(Some(&1)), Patch::Keep);
        assert_eq!(Patch::Set(1).against(None), Patch::Set(1));
        assert_eq!(Patch::<i32>::Clear.against(None), Patch::Keep);
    }
}
