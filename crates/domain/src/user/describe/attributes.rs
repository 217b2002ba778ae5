//! What applications keep with a user. A value whose owner wants it encrypted is never shown.

use std::sync::Arc;

use crate::attributes::{Attribute, AttributeKey, VALUE_HELD_BYTES_MAX, Value};
use crate::description::{Change, Description, Shown};
use crate::time::Timestamp;
use crate::user::state::User;

pub(super) fn set(
    before: Option<&User>,
    key: &AttributeKey,
    value: Option<&Arc<str>>,
    encrypted: bool,
    expires: Timestamp,
) -> Description {
    let present = present(before, key);
    let new = match value {
        Some(value) => Some(fresh(value, encrypted)),
        None => present.map(|present| kept(&present.value, encrypted)),
    };
    let mut changes = vec![Change::new(field(key), shown(present), new)];
    let was_encrypted = present.map(|present| present.encrypted);
    if was_encrypted.unwrap_or(false) != encrypted {
        let old = was_encrypted.map(Shown::Flag);
        let name = format!("{}.encrypted", field(key));
        changes.push(Change::new(name, old, Shown::Flag(encrypted)));
    }
    let end = present.map(|present| present.expires);
    if end.unwrap_or(Timestamp::NEVER) != expires {
        let old = end.map(Shown::Time);
        changes.push(Change::new(format!("{}.expires", field(key)), old, Shown::Time(expires)));
    }
    Description::new(format!("The attribute \"{}\" was set", key.name), changes)
}

pub(super) fn removed(before: Option<&User>, key: &AttributeKey) -> Description {
    Description::new(
        format!("The attribute \"{}\" was removed", key.name),
        vec![Change::new(field(key), shown(present(before, key)), None)],
    )
}

fn present<'a>(before: Option<&'a User>, key: &AttributeKey) -> Option<&'a Attribute> {
    before.and_then(|user| user.attributes.get(key)).map(AsRef::as_ref)
}

fn shown(present: Option<&Attribute>) -> Option<Shown> {
    present.map(|present| kept(&present.value, present.encrypted))
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

fn field(key: &AttributeKey) -> String {
    format!("attributes.{}", key.name)
}
