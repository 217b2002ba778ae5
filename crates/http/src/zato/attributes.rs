//! Put and get attributes of a user, one by `name` or several by `data`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::response::Response;
use domain::attributes::{ATTRIBUTES_AT_ONCE_MAX, AttributeKey, Namespace, NewAttribute, SetMode};
use domain::id::UserId;
use domain::policy::Act;
use domain::rejection::{Rejection, ValueFault};
use domain::text::Name;
use domain::time::{Span, Timestamp};
use domain::user;
use serde_json::{Map, Value, json};
use service::queries::FoundAttribute;
use service::{Caller, Command, tokens};

use super::call::{Outcome, Refusal, Reply, Target, Zato};
use super::errors::{Call, NOT_ALLOWED};
use super::wire::{Parameters, date, parse_user_id, text, unacceptable};

/// Most bytes of values in one answer.
const VALUES_BYTES_MAX: usize = 16 << 20;

/// `PUT /zato/sso/user/attr`
pub async fn put(zato: Zato) -> Response {
    zato.respond(set(&zato, SetMode::Put).await)
}

/// `GET /zato/sso/user/attr`
pub async fn read(zato: Zato) -> Response {
    zato.respond(try_read(&zato).await)
}

async fn set(zato: &Zato, mode: SetMode) -> Outcome {
    zato.require(&["current_app"])?;
    zato.convertible(&["user_id", "name"], &["encrypt"], &["expiration"])?;
    let caller = zato.caller_by_either(Call::Other)?;
    let mut owner = owner(zato, &caller)?;
    let now = zato.app.service.store().clock().now();
    let mut items = Vec::new();
    if let Some(name) = name(zato)? {
        items.push(item(zato, &zato.sent, &zato.sent, &name, now)?);
    } else {
        let entries = zato.sent.list("data").unwrap_or_default();
        if entries.len() > ATTRIBUTES_AT_ONCE_MAX {
            return Err(zato.refuse(Call::Other, &Rejection::TooLarge));
        }
        let mut named = BTreeSet::new();
        for entry in entries {
            let Value::Object(entry) = entry else { return Err(invalid(zato, "data")) };
            let entry = Parameters(entry);
            let name = entry.text("name")?.ok_or_else(|| invalid(zato, "name"))?;
            named.insert(entry.text("user_id")?.filter(|id| !id.is_empty()));
            items.push(item(zato, &entry, &zato.sent, &name, now)?);
        }
        owner = owner_of_all(zato, &caller, owner, &named)?;
    }
    if items.is_empty() {
        return Err(invalid(zato, "name"));
    }
    let command = Command::User(owner, user::Command::SetAttributes { items, mode });
    let result = zato.app.service.execute(caller, command).await;
    let done = result.map_err(|failure| zato.fail(Call::Other, failure))?;
    Ok(Reply::ok().at(done.position))
}

/// One attribute to be set; what an entry does not say, the call says for all.
fn item(
    zato: &Zato,
    entry: &Parameters,
    call: &Parameters,
    name: &str,
    now: Timestamp,
) -> Result<NewAttribute, Refusal> {
    // Null is a value like any other that JSON has.
    let value = entry.0.get("value").ok_or_else(|| invalid(zato, "value"))?;
    let encrypted = match entry.flag("encrypt")? {
        Some(encrypted) => encrypted,
        None => call.flag("encrypt")?.unwrap_or(false),
    };
    let seconds = match entry.integer("expiration")? {
        Some(seconds) => seconds,
        None => call.integer("expiration")?.unwrap_or(0),
    };
    let expires = match seconds {
        0 => Timestamp::NEVER,
        1.. => now.after(Span::secs(seconds)),
        _ => return Err(invalid(zato, "expiration")),
    };
    Ok(NewAttribute {
        key: key(zato, name)?,
        value: Some(Arc::from(value.to_string())),
        encrypted,
        expires: Some(expires),
    })
}

async fn try_read(zato: &Zato) -> Outcome {
    zato.require(&["current_app"])?;
    zato.convertible(&["user_id", "name"], &[], &[])?;
    let decrypt = zato.sent.flag("decrypt")?.unwrap_or(true);
    let caller = zato.caller_by_either(Call::Other)?;
    let owner = owner(zato, &caller)?;
    let service = &zato.app.service;
    let fail = |failure| zato.fail(Call::Other, failure);
    if let Some(name) = name(zato)? {
        let key = key(zato, &name)?;
        let found = service.attributes(&caller, owner, vec![key]).await.map_err(fail)?;
        return Ok(match found.into_iter().flatten().next() {
            None => Reply::ok().and("found", false),
            Some(found) => Reply::with(render(zato, &name, &found, decrypt)),
        });
    }
    let mut names = BTreeSet::new();
    for item in zato.sent.list("data").unwrap_or_default() {
        names.insert(text(&item)?);
    }
    if names.is_empty() || names.len() > ATTRIBUTES_AT_ONCE_MAX {
        return Err(invalid(zato, "name"));
    }
    let keys = names.iter().map(|name| key(zato, name)).collect::<Result<Vec<_>, _>>()?;
    let found = service.attributes(&caller, owner, keys).await.map_err(fail)?;
    let bytes: usize = found.iter().flatten().map(|found| found.value.len()).sum();
    if bytes > VALUES_BYTES_MAX {
        return Err(zato.refuse(Call::Other, &Rejection::TooLarge));
    }
    let mut result = Map::new();
    for (name, found) in names.into_iter().zip(found) {
        let shown = found.map(|found| Value::Object(render(zato, &name, &found, decrypt)));
        result.insert(name, shown.unwrap_or(Value::Null));
    }
    Ok(Reply::ok().and("result", result))
}

fn render(zato: &Zato, name: &str, found: &FoundAttribute, decrypt: bool) -> Map<String, Value> {
    let attribute = &found.attribute;
    let value = if attribute.encrypted && !decrypt {
        // An opaque text in the shape of an encrypted one; what is kept is sealed either way.
        let now = zato.app.service.store().clock().now().unix_secs();
        let random = zato.app.service.store().sources().random();
        json!(tokens::new_session_token(now, random))
    } else {
        serde_json::from_str(&found.value).unwrap_or(Value::Null)
    };
    let mut out = Map::new();
    out.insert("found".to_owned(), json!(true));
    out.insert("name".to_owned(), json!(name));
    out.insert("value".to_owned(), value);
    out.insert("creation_time".to_owned(), json!(date(attribute.created)));
    out.insert("last_modified".to_owned(), json!(date(attribute.modified)));
    out.insert("expiration_time".to_owned(), json!(date(attribute.expires)));
    out.insert("is_encrypted".to_owned(), json!(attribute.encrypted));
    out
}

/// Whose attributes they are: the caller's own, or those of somebody a super-user names.
fn owner(zato: &Zato, caller: &Caller) -> Result<UserId, Refusal> {
    let own = caller.actor.user();
    let named = match zato.target()? {
        None => return own.ok_or(Refusal::Code(NOT_ALLOWED)),
        Some(Target::Known(user)) => Some(user),
        Some(Target::Unknown) => None,
    };
    let permitted = zato.app.service.permits(caller, Act::WriteAttributes, named.as_deref());
    permitted.map_err(|why| zato.refuse(Call::Other, &why))?;
    named.map(|user| user.id).ok_or(Refusal::Code(NOT_ALLOWED))
}

/// Whose the attributes of all entries are: one call changes one user, all or nothing. Entries that
/// name nobody mean the owner that the call has.
fn owner_of_all(
    zato: &Zato,
    caller: &Caller,
    owner: UserId,
    named: &BTreeSet<Option<String>>,
) -> Result<UserId, Refusal> {
    let mut owners = BTreeSet::new();
    for id in named {
        owners.insert(match id {
            None => owner,
            Some(id) => {
                let user = parse_user_id(id).and_then(|id| zato.person(id));
                let act = Act::WriteAttributes;
                let permitted = zato.app.service.permits(caller, act, user.as_deref());
                permitted.map_err(|why| zato.refuse(Call::Other, &why))?;
                user.map(|user| user.id).ok_or(Refusal::Code(NOT_ALLOWED))?
            }
        });
    }
    match owners.len() {
        0 => Ok(owner),
        1 => Ok(owners.into_iter().next().unwrap_or(owner)),
        _ => Err(invalid(zato, "user_id")),
    }
}

/// The one name sent, which counts before `data`.
fn name(zato: &Zato) -> Result<Option<String>, Refusal> {
    Ok(zato.sent.text("name")?.filter(|name| !name.is_empty()))
}

fn key(zato: &Zato, name: &str) -> Result<AttributeKey, Refusal> {
    let name = Name::parse(name)
        .map_err(|fault| zato.refuse(Call::Other, &Rejection::text("attribute.name", fault)))?;
    Ok(AttributeKey { namespace: Namespace::Zato, name })
}

fn invalid(zato: &Zato, field: &'static str) -> Refusal {
    zato.refuse(Call::Other, &unacceptable(field, ValueFault::Malformed))
}
