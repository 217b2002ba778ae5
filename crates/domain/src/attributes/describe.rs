//! Tells people what changed about an attribute. A value whose owner wants it encrypted is never shown.

use std::sync::Arc;

use crate::attributes::{Attribute, AttributeKey, VALUE_HELD_BYTES_MAX, Value};
use crate::description::{Change, Description, Shown};
use crate::time::Timestamp;

/// What attributes belong to, in the words of a description.
pub(crate) struct Words {
    sentence: &'static str,
    field: &'static str,
}

/// Of a user.
pub(crate) const USERS: Words = Words { sentence: "The attribute", field: "attributes" };
/// Of a session.
pub(crate) const SESSIONS: Words =
    Words { sentence: "The session's attribute", field: "session.attributes" };

/// An attribute was set; `present` is what it was before.
pub(crate) fn set(
    words: &Words,
    present: Option<&Attribute>,
    key: &AttributeKey,
    value: Option<&Arc<str>>,
    encrypted: bool,
    expires: Timestamp,
) -> Description {
    let new = match value {
        Some(value) => Some(fresh(value, encrypted)),
        None => present.map(|present| kept(&present.value, encrypted)),
    };
    let mut changes = vec![Change::new(field(words, key), shown(present), new)];
    let was_encrypted = present.map(|present| present.encrypted);
    if was_encrypted.unwrap_or(false) != encrypted {
        let old = was_encrypted.map(Shown::Flag);
        let name = format!("{}.encrypted", field(words, key));
        changes.push(Change::new(name, old, Shown::Flag(encrypted)));
    }
    let end = present.map(|present| present.expires);
    if end.unwrap_or(Timestamp::NEVER) != expires {
        let old = end.map(Shown::Time);
        let name = format!("{}.expires", field(words, key));
        changes.push(Change::new(name, old, Shown::Time(expires)));
    }
    Description::new(format!("{} \"{}\" was set", words.sentence, key.name), changes)
}

/// An attribute was removed; `present` is what it was before.
pub(crate) fn removed(
    words: &Words,
    present: Option<&Attribute>,
    key: &AttributeKey,
) -> Description {
    Description::new(
        format!("{} \"{}\" was removed", words.sentence, key.name),
        vec![Change::new(field(words, key), shown(present), None)],
    )
}

/// An attribute's value as a reader may see it.
pub fn value(attribute: &Attribute) -> Shown {
    kept(&attribute.value, attribute.encrypted)
}

fn shown(present: Option<&Attribute>) -> Option<Shown> {
    present.map(value)
}

fn fresh(value: &Arc<str>, encrypted: bool) -> Shown {
    if encrypted {
        Shown::Secret
    } else if value.len() > VALUE_HELD_BYTES_MAX {
        Shown::Long
    } else {
        Shown::Json(Arc::clone(value))
    }
}

fn kept(value: &Value, encrypted: bool) -> Shown {
    match value {
        Value::Held(value) => fresh(value, encrypted),
        Value::Logged(_) if encrypted => Shown::Secret,
        Value::Logged(_) => Shown::Long,
    }
}

fn field(words: &Words, key: &AttributeKey) -> String {
    format!("{}.{}", words.field, key.name)
}
