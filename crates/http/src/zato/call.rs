//! One call: its parameters taken in, its answer put into the envelope.

use std::borrow::Cow;

use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use domain::actor::{Dialect, Origin};
use domain::id::{Position, UserId};
use domain::rejection::Rejection;
use domain::text::Name;
use domain::user::User;
use domain::user::state::Kind;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use service::{Caller, Failure};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

use super::errors::{self, Call};
use super::wire::{BadRequest, Parameters, parse_user_id};
use crate::App;
use crate::request::{self, Peer, RequestId, hex};

/// A call of this dialect, taken apart.
pub struct Zato {
    /// What can be reached.
    pub app: App,
    /// What was sent.
    pub sent: Parameters,
    /// From where.
    pub origin: Origin,
    cid: String,
    /// What was sent takes room until it is gone.
    _room: OwnedSemaphorePermit,
}

/// The key under which codes stand.
const SUB_STATUS: &str = "sub_status";

/// What a call answers with.
#[derive(Debug, Default)]
pub struct Reply {
    keys: Map<String, Value>,
    warning: Option<&'static str>,
    position: Option<Position>,
}

/// Why a call does not answer as hoped.
#[derive(Debug)]
pub enum Refusal {
    /// A parameter is missing or cannot be converted.
    BadRequest,
    /// `current_app` is unknown.
    UnknownApplication,
    /// A rule said no.
    Code(&'static str),
    /// Too busy, or the outcome is unknown.
    Unavailable,
    /// Too many attempts failed, of everybody together.
    TooMany,
    /// Credentials of a security definition are wrong or missing.
    Unauthorized,
    /// A limit on a linked account says that nobody comes from there.
    Forbidden,
    /// Something broke.
    Broken(Failure),
}

/// The answer of a call before it is put into the envelope.
pub type Outcome = Result<Reply, Refusal>;

impl Reply {
    /// `ok`, and nothing else.
    pub fn ok() -> Self {
        Self::default()
    }

    /// `ok`, as the calls under `password/reset` say it (contract, 1.2).
    pub fn of_reset() -> Self {
        Self::ok().and(SUB_STATUS, json!([]))
    }

    /// `ok` with these keys.
    pub fn with(keys: Map<String, Value>) -> Self {
        Self { keys, ..Self::default() }
    }

    /// One more key.
    #[must_use]
    pub fn and(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.keys.insert(key.to_owned(), value.into());
        self
    }

    /// Done, but see this code.
    #[must_use]
    pub fn warn(mut self, code: &'static str) -> Self {
        self.warning = Some(code);
        self
    }

    /// The answer to a write.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }
}

impl From<BadRequest> for Refusal {
    fn from(_: BadRequest) -> Self {
        Self::BadRequest
    }
}

impl Zato {
    /// Demands that these keys were sent; null and empty count as sent.
    pub fn require(&self, names: &[&str]) -> Result<(), Refusal> {
        if names.iter().all(|name| self.sent.has(name)) { Ok(()) } else { Err(Refusal::BadRequest) }
    }

    /// Demands that what was sent of these texts, flags and integers can be converted; the contract
    /// asks that before it asks for the application (2.1).
    pub fn convertible(
        &self,
        texts: &[&str],
        flags: &[&str],
        integers: &[&str],
    ) -> Result<(), Refusal> {
        texts.iter().try_for_each(|name| self.sent.text(name).map(drop))?;
        flags.iter().try_for_each(|name| self.sent.flag(name).map(drop))?;
        integers.iter().try_for_each(|name| self.sent.integer(name).map(drop))?;
        Ok(())
    }

    /// The calling application, which must be known, and the caller as nobody yet.
    pub fn application(&self) -> Result<(String, Caller), Refusal> {
        let name = self.application_name()?;
        let caller = self.through(&name);
        Ok((name.into_owned(), caller))
    }

    /// The name of the calling application, which must be known.
    pub fn application_name(&self) -> Result<Cow<'_, str>, Refusal> {
        self.sent.check_flags()?;
        let name = self.sent.text_sent("current_app")?.unwrap_or_default();
        let is_known = self.app.settings.zato.apps_all.iter().any(|known| *known == name);
        if is_known { Ok(name) } else { Err(Refusal::UnknownApplication) }
    }

    /// The caller through an application, as nobody yet.
    pub fn through(&self, application: &str) -> Caller {
        let application = Name::parse(application).ok();
        Caller::anonymous(Dialect::Zato, application, self.origin.clone())
    }

    /// The caller that the named parameter's token identifies; its session must be usable.
    pub fn caller(&self, call: Call, parameter: &str) -> Result<Caller, Refusal> {
        let token = self.sent.text(parameter)?.unwrap_or_default();
        let (_, template) = self.application()?;
        self.app.service.session_caller(&token, template).map_err(|why| self.refuse(call, &why))
    }

    /// The caller of calls that take `ust`, or `current_ust` in its place.
    pub fn caller_by_either(&self, call: Call) -> Result<Caller, Refusal> {
        let parameter = if self.sent.has("ust") { "ust" } else { "current_ust" };
        self.caller(call, parameter)
    }

    /// The user that `user_id` names: `None` if it was absent, null or empty.
    pub fn target(&self) -> Result<Option<Target>, Refusal> {
        let Some(text) = self.sent.text("user_id")?.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let found = parse_user_id(&text).and_then(|id| self.person(id));
        Ok(Some(found.map_or(Target::Unknown, Target::Known)))
    }

    /// A person by id; machines do not exist in this dialect.
    pub fn person(&self, id: UserId) -> Option<Arc<User>> {
        self.app.service.user(id).filter(|user| user.kind == Kind::Human)
    }

    /// The code for a rejection, as the caller of `call` may see it; the reason itself is logged.
    pub fn refuse(&self, call: Call, why: &Rejection) -> Refusal {
        tracing::info!(cid = self.cid, why = why.code(), "refused");
        Refusal::Code(errors::code(call, why, &self.app.settings.zato.inform))
    }

    /// What a failure means to the caller of `call`.
    pub fn fail(&self, call: Call, failure: Failure) -> Refusal {
        match failure {
            Failure::Rejected(why) => self.refuse(call, &why),
            Failure::Busy
            | Failure::OutcomeUnknown
            | Failure::NotDone
            | Failure::KeyNotDestroyed { .. }
            | Failure::Closing => {
                tracing::warn!(cid = self.cid, why = %failure, "unavailable");
                Refusal::Unavailable
            }
            Failure::TooManyFailed => Refusal::TooMany,
            Failure::Store(_) => Refusal::Broken(failure),
        }
    }

    /// Puts an outcome into the envelope.
    pub fn respond(&self, outcome: Outcome) -> Response {
        match outcome {
            Ok(reply) => {
                let envelope = Envelope { reply: &reply, cid: &self.cid };
                request::at_position(json_response(StatusCode::OK, &envelope), reply.position)
            }
            Err(Refusal::Code(code)) => self.error(StatusCode::FORBIDDEN, code),
            Err(Refusal::UnknownApplication) => {
                let shown = self.app.settings.zato.inform.app_invalid;
                let code = if shown { errors::APP_INVALID } else { errors::NOT_ALLOWED };
                // A quirk of the contract: the message says error, HTTP says 200.
                self.error(StatusCode::OK, code)
            }
            Err(Refusal::BadRequest) => {
                plain_error(StatusCode::BAD_REQUEST, &self.cid, "Bad request")
            }
            Err(Refusal::Unauthorized) => {
                plain_error(StatusCode::UNAUTHORIZED, &self.cid, "Error 401 Unauthorized")
            }
            Err(Refusal::Forbidden) => {
                plain_error(StatusCode::FORBIDDEN, &self.cid, "Error 403 Forbidden")
            }
            Err(Refusal::Unavailable) => {
                later(StatusCode::SERVICE_UNAVAILABLE, &self.cid, "Service unavailable")
            }
            Err(Refusal::TooMany) => {
                later(StatusCode::TOO_MANY_REQUESTS, &self.cid, "Error 429 Too Many Requests")
            }
            Err(Refusal::Broken(failure)) => {
                tracing::error!(cid = self.cid, %failure, "a call failed");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                plain_error(status, &self.cid, "An error has occurred")
            }
        }
    }

    fn error(&self, status: StatusCode, code: &str) -> Response {
        let body = json!({"status": "error", "cid": self.cid, "sub_status": [code]});
        json_response(status, &body)
    }
}

/// A reply and what stands around it, written as one object without being made one first.
struct Envelope<'r> {
    reply: &'r Reply,
    cid: &'r str,
}

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Reply { keys, warning, .. } = self.reply;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", if warning.is_some() { "warning" } else { "ok" })?;
        map.serialize_entry("cid", self.cid)?;
        // What the envelope says counts, whatever the reply has.
        let is_own = |key: &str| match key {
            "status" | "cid" => false,
            _ => warning.is_none() || key != SUB_STATUS,
        };
        for (key, value) in keys.iter().filter(|(key, _)| is_own(key)) {
            map.serialize_entry(key, value)?;
        }
        if let Some(code) = warning {
            map.serialize_entry(SUB_STATUS, &[code])?;
        }
        map.end()
    }
}

/// Whom `user_id` names.
#[derive(Clone, Debug)]
pub enum Target {
    /// This user.
    Known(Arc<User>),
    /// Nobody.
    Unknown,
}

impl FromRequest<App> for Zato {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let peer = parts.extensions.get::<Peer>().copied();
        let none = RequestId(String::new());
        let id = parts.extensions.get::<RequestId>().unwrap_or(&none);
        let cid = new_cid(app);
        let bad = |cid: &str| plain_error(StatusCode::BAD_REQUEST, cid, "Bad request");
        let Ok(body) = app.bodies.read(body).await else {
            // What was not read is still to come, so nothing can follow on this connection.
            let mut response = bad(&cid);
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            return Err(response);
        };
        let Some(sent) = parameters(&parts.uri, &body.bytes) else { return Err(bad(&cid)) };
        let origin = request::origin(peer, &parts.headers, id, &app.settings.trusted_proxies);
        tracing::debug!(cid, id = id.0, "zato call");
        Ok(Self { app: app.clone(), sent, origin, cid, _room: body.permit })
    }
}

/// Query and body in one; the query wins, a repeated name in it becomes a list.
fn parameters(uri: &Uri, body: &[u8]) -> Option<Parameters> {
    let mut sent = if body.iter().all(u8::is_ascii_whitespace) {
        Map::new()
    } else {
        match serde_json::from_slice(body).ok()? {
            Value::Object(sent) => sent,
            _ => return None,
        }
    };
    if uri.query().is_none() {
        return Some(Parameters(sent));
    }
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?.0;
    let mut from_query: Map<String, Value> = Map::new();
    for (name, text) in query {
        let text = Value::String(text);
        match from_query.get_mut(&name) {
            None => drop(from_query.insert(name, text)),
            Some(Value::Array(texts)) => texts.push(text),
            Some(first) => *first = Value::Array(vec![first.take(), text]),
        }
    }
    sent.extend(from_query);
    Some(Parameters(sent))
}

/// The answer to a method that a path does not have.
pub async fn unsupported(State(app): State<App>) -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    plain_error(status, &new_cid(&app), "Unsupported HTTP method")
}

/// The answer to a path that does not exist.
pub fn not_found(app: &App) -> Response {
    (StatusCode::NOT_FOUND, format!("URL not found (CID:{})", new_cid(app))).into_response()
}

/// The answer to what cannot be understood, before a call is taken apart.
pub fn bad_request(app: &App) -> Response {
    plain_error(StatusCode::BAD_REQUEST, &new_cid(app), "Bad request")
}

/// The answer to what may be asked later.
pub fn unavailable(app: &App) -> Response {
    later(StatusCode::SERVICE_UNAVAILABLE, &new_cid(app), "Service unavailable")
}

fn later(status: StatusCode, cid: &str, details: &str) -> Response {
    let mut response = plain_error(status, cid, details);
    let after = HeaderValue::from(request::RETRY_AFTER.as_secs());
    response.headers_mut().insert(header::RETRY_AFTER, after);
    response
}

fn new_cid(app: &App) -> String {
    hex(&app.service.store().sources().random::<12>())
}

fn plain_error(status: StatusCode, cid: &str, details: &str) -> Response {
    json_response(status, &json!({"result": "Error", "cid": cid, "details": details}))
}

fn json_response(status: StatusCode, body: &impl Serialize) -> Response {
    // Not by `to_string`, whose formatter takes three times as long.
    let bytes = serde_json::to_vec(body).expect("a value's keys are texts");
    let mut response = Response::new(bytes.into());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
