//! Sessions: whose, since when, from where; ending them. A token is never shown again.

use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use domain::actor::Origin;
use domain::id::SessionId;
use domain::policy::Act;
use domain::session::{self, Method};
use domain::text::Username;
use domain::user::User;
use serde::Deserialize;
use serde_json::{Value, json};
use service::sessions::{ToldChange, ToldSession};
use service::{Command, Service};

use super::asked::Asked;
use super::errors::Problem;
use super::history::{moment, moment_told};
use super::operator::{Operator, Sent, no_such_session, problem};
use super::wire::{Authenticated, Segment, find};
use crate::App;
use crate::dates::rfc3339 as time;
use crate::request::at_position;

/// The token of the session that is to end.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOut {
    token: String,
}

/// `GET /v1/users/{id}/sessions`: those that have not ended, in the order in which they were opened; of
/// very many, the latest.
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Segment(id): Segment,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    asked.only(&[&["as_of"]])?;
    let moment = moment(&asked, "as_of")?;
    app.service.permits(&caller, Act::Audit, None)?;
    let id = find(&app.service, &id)?;
    let Some(moment) = moment else {
        let sessions = app.service.sessions_of_user(&caller, id).await?;
        let items: Vec<_> = sessions.iter().map(|told| render(&app.service, told)).collect();
        return Ok(Json(json!({ "items": items })));
    };
    let (then, sessions) = app.service.sessions_as_of(&caller, id, moment).await?;
    let items: Vec<_> = sessions.iter().map(|told| render_of(Some(&then.user), told)).collect();
    Ok(Json(json!({ "items": items, "as_of": moment_told(&then) })))
}

/// `GET /v1/local/sessions/{id}`
pub async fn show(
    State(app): State<App>,
    Operator(caller): Operator,
    Segment(id): Segment,
) -> Result<Json<Value>, Problem> {
    let id = SessionId::parse(&id).ok_or_else(no_such_session)?;
    let told = app.service.find_session(&caller, id).await;
    let told = told.map_err(|failure| problem(&app, failure))?;
    Ok(Json(render(&app.service, &told)))
}

/// `DELETE /v1/local/sessions/{id}`
pub async fn end(
    State(app): State<App>,
    Operator(caller): Operator,
    Segment(id): Segment,
) -> Result<Response, Problem> {
    let id = SessionId::parse(&id).ok_or_else(no_such_session)?;
    let done = app.service.execute(caller, Command::Session(id, session::Command::Revoke)).await;
    let done = done.map_err(|failure| problem(&app, failure))?;
    let told = Json(json!({ "id": id.to_string(), "ended": true }));
    Ok(at_position(told.into_response(), Some(done.position)))
}

/// `POST /v1/local/sign-out`: ends the session of a token.
pub async fn sign_out(
    State(app): State<App>,
    Operator(caller): Operator,
    Sent(sent): Sent<SignOut>,
) -> Result<Response, Problem> {
    let ended = app.service.end_session(caller, &sent.token).await;
    let (id, done) = ended.map_err(|failure| problem(&app, failure))?;
    let told = Json(json!({ "id": id.to_string(), "ended": true }));
    Ok(at_position(told.into_response(), Some(done.position)))
}

/// A session, told.
pub fn render(service: &Service, told: &ToldSession) -> Value {
    render_of(service.user(told.session.user).as_deref(), told)
}

fn render_of(owner: Option<&User>, told: &ToldSession) -> Value {
    let session = &told.session;
    let username = owner.and_then(|user| user.username.as_ref());
    let origin = Whence::of(told.origin.as_ref());
    json!({
        "id": session.id.to_string(),
        "user": session.user.to_string(),
        "username": username.map(Username::as_str),
        "principal": session.principal.as_ref().map(Username::as_str),
        "method": method_name(session.method),
        "started": time(session.started),
        "expires": time(session.expires),
        "address": origin.address,
        "agent": origin.agent,
        "operator": origin.operator,
        "renewals": session.renewals,
        "attributes": session.attributes.size(),
        "changes": told.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

/// How a session was opened, by its name outside the code; never renamed.
fn method_name(method: Method) -> &'static str {
    match method {
        Method::Password => "password",
        Method::PasswordAndTotp => "password_and_totp",
        Method::CommandLine => "command_line",
        Method::Linked => "linked",
    }
}

fn change(told: &ToldChange) -> Value {
    let origin = Whence::of(told.origin.as_ref());
    json!({
        "number": told.change.number,
        "kind": if told.change.renewed { "renew" } else { "login" },
        "at": time(told.at),
        "address": origin.address,
        "agent": origin.agent,
        "operator": origin.operator,
    })
}

/// What can be told of where somebody was.
#[derive(Default)]
struct Whence<'a> {
    address: Option<&'a str>,
    agent: Option<&'a str>,
    operator: Option<&'a str>,
}

impl<'a> Whence<'a> {
    fn of(origin: Option<&'a Origin>) -> Self {
        origin.map_or_else(Self::default, |origin| Self {
            address: origin.address.as_deref(),
            agent: origin.agent.as_deref(),
            operator: origin.operator.as_deref(),
        })
    }
}
