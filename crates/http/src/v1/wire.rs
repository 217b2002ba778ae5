//! The surface's types: callers, and how facts and users look.

use axum::extract::{FromRequestParts, Path};
use axum::http::header;
use axum::http::request::Parts;
use domain::actor::{Dialect, Origin};
use domain::description::{Change, Shown};
use domain::fact::{Part, Stream};
use domain::id::{Position, UserId};
use domain::user::User;
use domain::user::describe::{approval_name, sign_up_name};
use domain::user::state::Kind;
use serde_json::{Map, Value, json};
use service::history::{Page, Told, actor_kind};
use service::{Caller, Service};

use super::asked::FIRST_EPOCH;
use super::errors::Problem;
use crate::App;
use crate::dates::rfc3339 as time;
use crate::request::{self, Peer, RequestId};

/// Who calls: the holder of a personal access token, or an operator through the socket.
pub struct Authenticated(pub Caller);

impl FromRequestParts<App> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Peer>().copied();
        let id = parts.extensions.get::<RequestId>().cloned();
        let id = id.unwrap_or(RequestId(String::new()));
        let proxies = &app.settings.trusted_proxies;
        let origin = request::origin(peer, &parts.headers, &id, proxies);
        let bearer = parts.headers.get(header::AUTHORIZATION);
        let Some(bearer) = bearer else {
            return match peer {
                Some(Peer::Local) => Ok(Self(Caller::operator(origin))),
                Some(Peer::Network(_)) | None => Err(Problem::unauthorized()),
            };
        };
        let token = bearer.to_str().ok().and_then(|value| value.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, token) = token.ok_or_else(Problem::unauthorized)?;
        let template = Caller::anonymous(Dialect::Native, None, origin);
        let caller = app.service.token_caller(token.trim(), &template);
        caller.map(Self).map_err(|_| Problem::unauthorized())
    }
}

/// The part of a path that names somebody.
pub struct Segment(pub String);

impl FromRequestParts<App> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        path.map(|Path(text)| Self(text)).map_err(|error| Problem::parameter(error.body_text()))
    }
}

/// The user that a ULID, a user name or another dialect's id names.
pub fn find(service: &Service, text: &str) -> Result<UserId, Problem> {
    let zato =
        text.strip_prefix("zusr").and_then(|digits| UserId::parse(&format!("{digits:0>26}")));
    if let Some(id) = UserId::parse(text).or(zato) {
        return Ok(id);
    }
    let named = service.store().views().named(text).map(|user| user.id);
    named.ok_or_else(|| domain::rejection::Rejection::NoSuchUser.into())
}

/// A user.
pub fn user(user: &User) -> Value {
    let text =
        |name: &Option<domain::text::Name>| name.as_ref().map(|name| name.as_str().to_owned());
    let password = user.password.as_ref().map(|password| {
        json!({
            "set": time(password.set),
            "expires": time(password.expires),
            "must_change": password.must_change,
        })
    });
    let rights: Vec<_> = user.rights.iter().map(domain::policy::Right::name).collect();
    json!({
        "id": user.id.to_string(),
        "kind": match user.kind { Kind::Human => "human", Kind::Machine => "machine" },
        "username": user.username.as_ref().map(domain::text::Username::as_str),
        "email": user.email.as_ref().map(domain::text::Email::as_str),
        "profile": {
            "display_name": text(&user.profile.display_name),
            "first_name": text(&user.profile.first_name),
            "middle_name": text(&user.profile.middle_name),
            "last_name": text(&user.profile.last_name),
        },
        "home": user.home.to_string(),
        "created": time(user.born),
        "version": user.version,
        "sign_up_status": sign_up_name(user.sign_up),
        "approval_status": approval_name(user.approval.status),
        "locked": user.locked,
        "rights": rights,
        "password": password,
        "totp_enabled": user.totp.enabled,
        "attributes": user.attributes.size(),
    })
}

/// A page of facts, and where the next one begins.
pub fn page(service: &Service, page: &Page) -> Value {
    json!({
        "items": page.facts.iter().map(fact).collect::<Vec<_>>(),
        "next": page.next.map(|next| cursor(service, next)),
    })
}

/// A position, so that its reader can come back to it: a bare number in the first epoch, later with the
/// epoch before it.
pub fn cursor(service: &Service, position: Position) -> Value {
    match service.store().epoch() {
        FIRST_EPOCH => json!(position.0),
        epoch => json!(format!("{epoch}-{}", position.0)),
    }
}

/// The same where there is text alone.
pub fn cursor_text(service: &Service, position: Position) -> String {
    match cursor(service, position) {
        Value::String(text) => text,
        number => number.to_string(),
    }
}

/// A fact, told.
pub fn fact(told: &Told) -> Value {
    let head = &told.head;
    let (kind, id) = match head.stream {
        Stream::User(id) => ("user", Some(id.to_string())),
        Stream::Session(id) => ("session", Some(id.to_string())),
        Stream::System => ("system", None),
    };
    let description = told.description.as_ref();
    json!({
        "position": head.position.0,
        "stream": { "kind": kind, "id": id, "version": head.version },
        "at": time(head.at),
        "event": told.event,
        "sentence": description.map(|told| told.sentence.as_str()),
        "changes": description.map(|told| told.changes.iter().map(change).collect::<Vec<_>>()),
        "actor": {
            "kind": actor_kind(head.actor),
            "id": head.actor.user().map(|id| id.to_string()),
            "name": told.actor_name,
        },
        "via": via(told),
    })
}

fn via(told: &Told) -> Value {
    let head = &told.head;
    let dialect = match head.dialect {
        Dialect::Native => "muster",
        Dialect::Zato => "zato",
    };
    let mut via = Map::new();
    via.insert("dialect".to_owned(), json!(dialect));
    via.insert("command".to_owned(), json!(head.command.name()));
    via.insert("application".to_owned(), json!(told.application));
    via.insert("credential".to_owned(), json!(head.credential.map(|id| id.0.to_string())));
    match &told.origin {
        Some(Part::Open(origin)) => via.extend(origin_keys(origin)),
        Some(Part::Erased) => drop(via.insert("origin".to_owned(), json!("erased"))),
        None => {}
    }
    Value::Object(via)
}

fn origin_keys(origin: &Origin) -> impl Iterator<Item = (String, Value)> {
    let parts = [
        ("address", &origin.address),
        ("agent", &origin.agent),
        ("request_id", &origin.request),
        ("operator", &origin.operator),
    ];
    let known = parts.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?)));
    known.map(|(key, text)| (key.to_owned(), json!(text)))
}

/// What changed, from old to new.
pub fn change(change: &Change) -> Value {
    json!({
        "field": change.field,
        "old": change.old.as_ref().map(shown),
        "new": change.new.as_ref().map(shown),
    })
}

/// A value as a reader may see it.
pub fn shown(value: &Shown) -> Value {
    match value {
        Shown::Text(text) => json!(text),
        Shown::Flag(flag) => json!(flag),
        Shown::Time(at) => json!(time(*at)),
        Shown::Json(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        Shown::Long => json!({ "long": true }),
        Shown::Secret => json!({ "secret": true }),
    }
}
