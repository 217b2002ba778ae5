//! Attributes of users and of sessions, one by `name` or several by `data`: the same seven operations
//! over two kinds of owners. `owner` says whose they are and who may, `items` reads what is sent of them.

mod items;
mod owner;

use axum::response::Response;
use domain::attributes::SetMode;
use domain::{session, user};
use serde_json::{Map, Value, json};
use service::attributes::FoundAttribute;
use service::{Caller, Command, tokens};

use super::call::{Outcome, Reply, Zato};
use super::errors::Call;
use super::wire::date;
use items::Asked;
pub use owner::Of;
use owner::Owner;

/// `POST`: none of them may exist.
pub async fn create(zato: Zato, of: Of) -> Response {
    zato.respond(set(&zato, of, SetMode::Create).await)
}

/// `PATCH`: each of them must exist.
pub async fn update(zato: Zato, of: Of) -> Response {
    zato.respond(set(&zato, of, SetMode::Update).await)
}

/// `PUT`: either will do.
pub async fn put(zato: Zato, of: Of) -> Response {
    zato.respond(set(&zato, of, SetMode::Put).await)
}

/// `DELETE`: those that are not there are not missed.
pub async fn remove(zato: Zato, of: Of) -> Response {
    zato.respond(try_remove(&zato, of).await)
}

/// `GET`
pub async fn read(zato: Zato, of: Of) -> Response {
    zato.respond(try_read(&zato, of).await)
}

/// `GET …/exists`
pub fn exist(zato: &Zato, of: Of) -> Response {
    zato.respond(try_exist(zato, of))
}

/// `GET …/names`
pub fn names(zato: &Zato, of: Of) -> Response {
    zato.respond(try_names(zato, of))
}

async fn set(zato: &Zato, of: Of, mode: SetMode) -> Outcome {
    of.demand(zato)?;
    zato.convertible(&["name"], &["encrypt"], &["expiration"])?;
    let caller = of.caller(zato)?;
    let now = zato.app.service.store().clock().now();
    let command = match of.owner(zato, &caller)? {
        Owner::User(id) => {
            let items = items::of_users(zato, &caller, id, mode, now)?;
            Command::SetAttributes { items, mode }
        }
        Owner::Session(id) => {
            let items = items::of_session(zato, mode, now)?;
            Command::Session(id, session::Command::SetAttributes { items, mode })
        }
    };
    write(zato, caller, command).await
}

async fn try_remove(zato: &Zato, of: Of) -> Outcome {
    of.demand(zato)?;
    zato.convertible(&["name"], &[], &[])?;
    let caller = of.caller(zato)?;
    let owner = of.owner(zato, &caller)?;
    let keys = items::asked(zato)?.keys;
    let command = match owner {
        Owner::User(id) => Command::User(id, user::Command::RemoveAttributes(keys)),
        Owner::Session(id) => Command::Session(id, session::Command::RemoveAttributes(keys)),
    };
    write(zato, caller, command).await
}

async fn write(zato: &Zato, caller: Caller, command: Command) -> Outcome {
    let result = zato.app.service.execute(caller, command).await;
    let done = result.map_err(|failure| zato.fail(Call::Other, failure))?;
    Ok(Reply::ok().at(done.position))
}

async fn try_read(zato: &Zato, of: Of) -> Outcome {
    of.demand(zato)?;
    zato.convertible(&["name"], &["decrypt"], &[])?;
    let decrypt = zato.sent.flag("decrypt")?.unwrap_or(true);
    let caller = of.caller(zato)?;
    let attributes = of.attributes(zato, &caller)?;
    let Asked { keys, one } = items::asked(zato)?;
    let found = zato.app.service.attribute_values(&attributes, &keys).await;
    let found = found.map_err(|failure| zato.fail(Call::Other, failure))?;
    let mut shown = keys.iter().zip(found).map(|(key, found)| {
        let name = key.name.as_str();
        (name, found.map(|found| render(zato, name, &found, decrypt)))
    });
    if one {
        return Ok(match shown.next() {
            Some((_, Some(keys))) => Reply::with(keys).and("found", true),
            Some((_, None)) | None => Reply::ok().and("found", false),
        });
    }
    let result = shown.map(|(name, shown)| {
        let shown = shown.map_or(Value::Null, Value::Object);
        (name.to_owned(), shown)
    });
    Ok(Reply::ok().and("result", result.collect::<Map<_, _>>()))
}

fn try_exist(zato: &Zato, of: Of) -> Outcome {
    of.demand(zato)?;
    zato.convertible(&["name"], &[], &[])?;
    let caller = of.caller(zato)?;
    let attributes = of.attributes(zato, &caller)?;
    let Asked { keys, one } = items::asked(zato)?;
    let exist = zato.app.service.attributes_exist(&attributes, &keys);
    if one {
        return Ok(Reply::ok().and("result", exist.contains(&true)));
    }
    let result = keys.iter().zip(exist);
    let result = result.map(|(key, exists)| (key.name.as_str().to_owned(), json!(exists)));
    Ok(Reply::ok().and("result", result.collect::<Map<_, _>>()))
}

fn try_names(zato: &Zato, of: Of) -> Outcome {
    of.demand(zato)?;
    let caller = of.caller(zato)?;
    let attributes = of.attributes(zato, &caller)?;
    let names = zato.app.service.attribute_names(&attributes);
    let names: Vec<Value> = names.iter().map(|name| json!(name.as_str())).collect();
    Ok(Reply::ok().and("result", names))
}

/// The six keys of an attribute that is there.
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
    out.insert("name".to_owned(), json!(name));
    out.insert("value".to_owned(), value);
    out.insert("creation_time".to_owned(), json!(date(attribute.created)));
    out.insert("last_modified".to_owned(), json!(date(attribute.modified)));
    out.insert("expiration_time".to_owned(), json!(date(attribute.expires)));
    out.insert("is_encrypted".to_owned(), json!(attribute.encrypted));
    out
}
