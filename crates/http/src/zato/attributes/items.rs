//! What a call sends of attributes: one by `name`, else several by `data`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::attributes::{
    ATTRIBUTE_NAME_CHARS_MAX, ATTRIBUTES_AT_ONCE_MAX, AttributeKey, Namespace, NewAttribute,
    SetMode,
};
use domain::id::UserId;
use domain::policy::Act;
use domain::rejection::{Rejection, ValueFault};
use domain::text::{Name, TextFault};
use domain::time::{Span, Timestamp};
use serde_json::Value;
use service::Caller;

use super::owner::permitted;
use crate::zato::call::{Refusal, Target, Zato};
use crate::zato::errors::Call;
use crate::zato::wire::{Parameters, parse_user_id, text, unacceptable};

/// The names that a call asks for.
pub struct Asked {
    /// The names, each once.
    pub keys: Vec<AttributeKey>,
    /// Whether it was one, sent as `name`: it is answered without a list around it.
    pub one: bool,
}

/// The names that are to be read or removed.
pub fn asked(zato: &Zato) -> Result<Asked, Refusal> {
    if let Some(name) = name(zato)? {
        return Ok(Asked { keys: vec![key(zato, &name)?], one: true });
    }
    let sent = zato.sent.list("data").unwrap_or_default();
    let names = sent.iter().map(text).collect::<Result<BTreeSet<_>, _>>()?;
    if names.is_empty() || names.len() > ATTRIBUTES_AT_ONCE_MAX {
        return Err(invalid(zato, "name"));
    }
    let keys = names.iter().map(|name| key(zato, name)).collect::<Result<_, _>>()?;
    Ok(Asked { keys, one: false })
}

/// What is to be set of whom. Entries of `data` may name other users than the call does.
pub fn of_users(
    zato: &Zato,
    caller: &Caller,
    owner: UserId,
    mode: SetMode,
    now: Timestamp,
) -> Result<BTreeMap<UserId, Vec<NewAttribute>>, Refusal> {
    let Some(entries) = entries(zato)? else {
        return Ok(BTreeMap::from([(owner, vec![single(zato, mode, now)?])]));
    };
    // Whether the caller may comes before what else is wrong with any of them.
    let owners = owners(zato, caller, owner, &entries)?;
    let mut items: BTreeMap<UserId, Vec<NewAttribute>> = BTreeMap::new();
    for (owner, item) in owners.into_iter().zip(several(zato, entries, mode, now)?) {
        items.entry(owner).or_default().push(item);
    }
    Ok(items)
}

/// What is to be set of a session; whoever is named by `user_id` is ignored.
pub fn of_session(
    zato: &Zato,
    mode: SetMode,
    now: Timestamp,
) -> Result<Vec<NewAttribute>, Refusal> {
    match entries(zato)? {
        None => Ok(vec![single(zato, mode, now)?]),
        Some(entries) => several(zato, entries, mode, now),
    }
}

/// The entries of `data`; `None` if one attribute was sent by `name`, which counts before them.
fn entries(zato: &Zato) -> Result<Option<Vec<Value>>, Refusal> {
    if name(zato)?.is_some() {
        return Ok(None);
    }
    Ok(Some(zato.sent.list("data").unwrap_or_default()))
}

/// Whose each entry is, in their order. What is no entry at all is refused later.
fn owners(
    zato: &Zato,
    caller: &Caller,
    owner: UserId,
    entries: &[Value],
) -> Result<Vec<UserId>, Refusal> {
    let mut known: BTreeMap<String, UserId> = BTreeMap::new();
    let mut owners = Vec::with_capacity(entries.len());
    for entry in entries {
        let id = match entry.get("user_id") {
            None | Some(Value::Null) => None,
            Some(id) => Some(text(id)?).filter(|id| !id.is_empty()),
        };
        let Some(id) = id else {
            owners.push(owner);
            continue;
        };
        if let Some(known) = known.get(&id) {
            owners.push(*known);
            continue;
        }
        let user = parse_user_id(&id).and_then(|id| zato.person(id));
        let target = user.map_or(Target::Unknown, Target::Known);
        let user = permitted(zato, caller, Act::WriteAttributes, &target)?;
        known.insert(id, user);
        owners.push(user);
    }
    Ok(owners)
}

fn single(zato: &Zato, mode: SetMode, now: Timestamp) -> Result<NewAttribute, Refusal> {
    let name = name(zato)?.ok_or_else(|| invalid(zato, "name"))?;
    item(zato, &zato.sent, &name, mode, now, mode == SetMode::Update)
}

fn several(
    zato: &Zato,
    entries: Vec<Value>,
    mode: SetMode,
    now: Timestamp,
) -> Result<Vec<NewAttribute>, Refusal> {
    if entries.is_empty() {
        return Err(invalid(zato, "name"));
    }
    if entries.len() > ATTRIBUTES_AT_ONCE_MAX {
        return Err(zato.refuse(Call::Other, &Rejection::TooLarge));
    }
    let mut items = Vec::with_capacity(entries.len());
    for entry in entries {
        let Value::Object(entry) = entry else { return Err(invalid(zato, "data")) };
        let entry = Parameters(entry);
        let name = entry.text("name")?.ok_or_else(|| invalid(zato, "name"))?;
        items.push(item(zato, &entry, &name, mode, now, false)?);
    }
    Ok(items)
}

/// One attribute to be set; what an entry does not say, the call says for all.
fn item(
    zato: &Zato,
    entry: &Parameters,
    name: &str,
    mode: SetMode,
    now: Timestamp,
    may_keep_value: bool,
) -> Result<NewAttribute, Refusal> {
    let call = &zato.sent;
    // Null is a value like any other that JSON has.
    let value = entry.0.get("value").map(|value| Arc::from(value.to_string()));
    if value.is_none() && !may_keep_value {
        return Err(invalid(zato, "value"));
    }
    let encrypted = match entry.flag("encrypt")? {
        Some(encrypted) => encrypted,
        None => call.flag("encrypt")?.unwrap_or(false),
    };
    let seconds = match entry.integer("expiration")? {
        Some(seconds) => Some(seconds),
        None => call.integer("expiration")?,
    };
    let expires = match seconds {
        // Not said: an update keeps what is there.
        None if mode == SetMode::Update => None,
        None | Some(0) => Some(Timestamp::NEVER),
        Some(seconds @ 1..) => Some(now.after(Span::secs(seconds))),
        Some(_) => return Err(invalid(zato, "expiration")),
    };
    Ok(NewAttribute { key: key(zato, name)?, value, encrypted, expires })
}

/// The one name sent, which counts before `data`.
fn name(zato: &Zato) -> Result<Option<String>, Refusal> {
    Ok(zato.sent.text("name")?.filter(|name| !name.is_empty()))
}

fn key(zato: &Zato, name: &str) -> Result<AttributeKey, Refusal> {
    let parsed = if name.chars().count() > ATTRIBUTE_NAME_CHARS_MAX {
        Err(TextFault::TooLong)
    } else {
        Name::parse(name)
    };
    let name = parsed
        .map_err(|fault| zato.refuse(Call::Other, &Rejection::text("attribute.name", fault)))?;
    Ok(AttributeKey { namespace: Namespace::Zato, name })
}

fn invalid(zato: &Zato, field: &'static str) -> Refusal {
    zato.refuse(Call::Other, &unacceptable(field, ValueFault::Malformed))
}
