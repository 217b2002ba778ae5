//! From stored primitives back to values that cannot be wrong: what was parsed once is parsed again.

use bincode::{BorrowDecode, Encode};
use domain::id::Identifier;
use domain::secret::{PasswordHash, TotpSeed};
use domain::text::{Email, Name, Patch, Username};
use domain::time::Timestamp;
use domain::user::state::NewPassword;
use ulid::Ulid;

use super::DecodeError;

/// A ULID: 16 bytes, the most significant first.
pub(super) type UlidBytes = [u8; 16];

pub(super) fn ulid_bytes(id: impl Identifier) -> UlidBytes {
    id.ulid().to_bytes()
}

pub(super) fn ulid(bytes: UlidBytes) -> Ulid {
    Ulid::from_bytes(bytes)
}

pub(super) fn name(field: &'static str, text: &str) -> Result<Name, DecodeError> {
    Name::parse(text).map_err(|_| DecodeError::Value(field))
}

pub(super) fn name_if_any(
    field: &'static str,
    text: Option<&str>,
) -> Result<Option<Name>, DecodeError> {
    text.map(|text| name(field, text)).transpose()
}

pub(super) fn username(text: &str) -> Result<Username, DecodeError> {
    Username::parse(text).map_err(|_| DecodeError::Value("username"))
}

pub(super) fn email(text: &str) -> Result<Email, DecodeError> {
    Email::parse(text).map_err(|_| DecodeError::Value("email"))
}

pub(super) fn hash(text: &str) -> PasswordHash {
    PasswordHash(text.into())
}

pub(super) fn seed(bytes: &[u8]) -> TotpSeed {
    TotpSeed(bytes.to_vec())
}

/// What a frozen table says of a number, or an error that names the field.
pub(super) fn known<T>(field: &'static str, value: Option<T>) -> Result<T, DecodeError> {
    value.ok_or(DecodeError::Value(field))
}

/// A password to be set.
#[derive(Encode, BorrowDecode)]
pub(super) struct NewPasswordV1<'a> {
    hash: &'a str,
    expires: i64,
}

impl<'a> From<&'a NewPassword> for NewPasswordV1<'a> {
    fn from(password: &'a NewPassword) -> Self {
        Self { hash: &password.hash.0, expires: password.expires.0 }
    }
}

impl From<NewPasswordV1<'_>> for NewPassword {
    fn from(stored: NewPasswordV1<'_>) -> Self {
        Self { hash: hash(stored.hash), expires: Timestamp(stored.expires) }
    }
}

/// A change to a text that may be absent: 0 keep, 1 clear, 2 set to the value.
#[derive(Encode, BorrowDecode)]
pub(super) struct PatchV1<'a> {
    change: u8,
    value: Option<&'a str>,
}

impl<'a> From<&'a Patch<Name>> for PatchV1<'a> {
    fn from(patch: &'a Patch<Name>) -> Self {
        match patch {
            Patch::Keep => Self { change: 0, value: None },
            Patch::Clear => Self { change: 1, value: None },
            Patch::Set(name) => Self { change: 2, value: Some(name.as_str()) },
        }
    }
}

impl PatchV1<'_> {
    pub(super) fn of_name(self, field: &'static str) -> Result<Patch<Name>, DecodeError> {
        match (self.change, self.value) {
            (0, None) => Ok(Patch::Keep),
            (1, None) => Ok(Patch::Clear),
            (2, Some(text)) => Ok(Patch::Set(name(field, text)?)),
            _ => Err(DecodeError::Value(field)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_one_of_three_things() {
        for (change, value) in [(0, Some("x")), (1, Some("x")), (2, None), (3, None), (2, Some(""))]
        {
            let stored = PatchV1 { change, value };
            assert_eq!(stored.of_name("first_name"), Err(DecodeError::Value("first_name")));
        }
    }

    #[test]
    fn text_that_the_domain_would_refuse_is_refused() {
        assert_eq!(username(""), Err(DecodeError::Value("username")));
        assert_eq!(email("a\0b"), Err(DecodeError::Value("email")));
        assert_eq!(name("label", &"x".repeat(201)), Err(DecodeError::Value("label")));
    }
}
