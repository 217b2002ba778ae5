//! Named values that applications keep with a user.

use std::sync::Arc;

use crate::id::Position;
use crate::rejection::{Rejection, ValueFault};
use crate::text::Name;
use crate::time::Timestamp;

/// Longest attribute name, in characters (Zato's contract, section 10.4).
pub const ATTRIBUTE_NAME_CHARS_MAX: usize = 191;
/// Longest value that the views hold themselves, in bytes; a longer one is read from the log.
pub const VALUE_HELD_BYTES_MAX: usize = 4_096;
/// Most attributes of a user, expired ones that nobody swept among them.
pub const ATTRIBUTES_MAX: usize = 10_000;
/// Most attributes that one call may set or ask for.
pub const ATTRIBUTES_AT_ONCE_MAX: usize = 1_000;
/// Longest value, in bytes of its JSON text; leaves room for the rest of a fact of at most 1 MiB.
pub const VALUE_BYTES_MAX: usize = 1_000_000;

/// Whose vocabulary a name belongs to; names of different namespaces do not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// Zato's user attributes: JSON text with expiry and an encryption flag.
    Zato,
}

/// The full name of an attribute of a user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeKey {
    /// Whose vocabulary.
    pub namespace: Namespace,
    /// The name in it.
    pub name: Name,
}

/// A value as an attribute's owner sees it.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Attribute {
    /// What it is.
    pub value: Value,
    /// Whether the owner asked for it to be encrypted (it is sealed either way).
    pub encrypted: bool,
    /// From when on it counts as absent.
    pub expires: Timestamp,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last set.
    pub modified: Timestamp,
}

impl Attribute {
    /// Whether it counts as present.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now < self.expires
    }
}

/// JSON text, held or to be read from the log.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Value {
    /// The text itself.
    Held(Arc<str>),
    /// Too long to hold: the fact at this position has it.
    Logged(Position),
}

/// One attribute to be set.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAttribute {
    /// Its name.
    pub key: AttributeKey,
    /// Its value as JSON text; `None` keeps the present one.
    pub value: Option<Arc<str>>,
    /// Whether the owner wants it encrypted.
    pub encrypted: bool,
    /// From when on it counts as absent; `None` keeps the present expiry, or never for a new one.
    pub expires: Option<Timestamp>,
}

/// What to do about attributes that are there, or not there, already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetMode {
    /// None of them may exist.
    Create,
    /// Each of them must exist.
    Update,
    /// Either will do.
    Put,
}

/// Checks the size of a name and value.
pub fn check(attribute: &NewAttribute) -> Result<(), Rejection> {
    if attribute.key.name.as_str().chars().count() > ATTRIBUTE_NAME_CHARS_MAX {
        return Err(Rejection::Unacceptable {
            field: "attribute.name",
            fault: ValueFault::TooLong,
        });
    }
    if attribute.value.as_ref().is_some_and(|value| value.len() > VALUE_BYTES_MAX) {
        return Err(Rejection::Unacceptable {
            field: "attribute.value",
            fault: ValueFault::TooLong,
        });
    }
    Ok(())
}

/// What the views keep of a value that the fact at `position` sets.
pub fn held(value: &Arc<str>, position: Position) -> Value {
    if value.len() > VALUE_HELD_BYTES_MAX {
        Value::Logged(position)
    } else {
        Value::Held(Arc::clone(value))
    }
}
