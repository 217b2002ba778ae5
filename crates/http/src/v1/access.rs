//! What operators let users do: rights, and personal access tokens.

use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Json, Response};
use domain::id::TokenId;
use domain::policy::Right;
use domain::rejection::Rejection;
use domain::text::Name;
use domain::time::Timestamp;
use domain::user;
use domain::user::state::Pat;
use serde::Deserialize;
use serde_json::{Value, json};
use service::{Command, Failure};

use super::accounts::known;
use super::errors::Problem;
use super::operator::{Operator, Sent};
use super::wire::{self, Segment};
use crate::App;
use crate::dates::{parse_rfc3339, rfc3339};
use crate::request::at_position;

/// What a token is called that nobody gave a name.
const UNNAMED: &str = "token";

/// A token that is to be handed out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    name: Option<String>,
    expires: Option<String>,
}

/// The parts of a path that name somebody and something of it.
pub struct Segments(String, String);

impl FromRequestParts<App> for Segments {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let Path((one, other)) = path.map_err(|error| Problem::parameter(error.body_text()))?;
        Ok(Self(one, other))
    }
}

/// `PUT /v1/local/users/{id}/rights/{right}`
pub async fn grant(app: State<App>, caller: Operator, of: Segments) -> Result<Response, Problem> {
    change(app, caller, of, user::Command::GrantRight).await
}

/// `DELETE /v1/local/users/{id}/rights/{right}`
pub async fn revoke(app: State<App>, caller: Operator, of: Segments) -> Result<Response, Problem> {
    change(app, caller, of, user::Command::RevokeRight).await
}

async fn change(
    State(app): State<App>,
    Operator(caller): Operator,
    Segments(id, right): Segments,
    command: impl FnOnce(Right) -> user::Command,
) -> Result<Response, Problem> {
    let right = Right::ALL.into_iter().find(|known| known.name() == right).ok_or_else(|| {
        let known = Right::ALL.map(|right| format!("`{}`", right.name())).join(", ");
        Problem::parameter(format!("there is no such right; rights are {known}"))
    })?;
    let user = known(&app, &id)?;
    let done = app.service.execute(caller, Command::User(user.id, command(right))).await?;
    let user = done.user.as_deref().ok_or(Rejection::NoSuchUser)?;
    Ok(at_position(Json(wire::user(user)).into_response(), Some(done.position)))
}

/// `GET /v1/local/users/{id}/tokens`: never the tokens themselves.
pub async fn list(
    State(app): State<App>,
    Operator(caller): Operator,
    Segment(id): Segment,
) -> Result<Json<Value>, Problem> {
    let user = known(&app, &id)?;
    let user = app.service.read_user(&caller, user.id)?;
    let now = app.service.store().clock().now();
    let items = user.tokens.iter().map(|(id, pat)| {
        let mut told = token(*id, pat);
        told["usable"] = json!(user.usable_token(*id, now).is_some());
        told
    });
    Ok(Json(json!({ "items": items.collect::<Vec<_>>() })))
}

/// `POST /v1/local/users/{id}/tokens`: hands one out; it is told this once.
pub async fn add(
    State(app): State<App>,
    Operator(caller): Operator,
    Segment(id): Segment,
    Sent(sent): Sent<NewToken>,
) -> Result<Response, Problem> {
    let user = known(&app, &id)?;
    let name = sent.name.as_deref().map_or(UNNAMED, str::trim);
    let name = Name::parse(name).map_err(|fault| Rejection::text("token.name", fault))?;
    let not = || Problem::parameter("`expires` is not a time as RFC 3339 has it");
    let expires = sent.expires.map(|text| parse_rfc3339(&text).ok_or_else(not)).transpose()?;
    let expires = expires.unwrap_or(Timestamp::NEVER);
    let (id, secret, done) = app.service.add_token(caller, user.id, name, expires).await?;
    let owner = done.user.as_deref().ok_or(Rejection::NoSuchUser)?;
    let pat = owner.tokens.get(&id).ok_or(Rejection::NoSuchToken)?;
    let mut told = token(id, pat);
    told["token"] = json!(secret.as_str());
    told["username"] = json!(owner.username.as_ref().map(domain::text::Username::as_str));
    let told = (StatusCode::CREATED, Json(told)).into_response();
    Ok(at_position(told, Some(done.position)))
}

/// `DELETE /v1/local/users/{id}/tokens/{token}`
pub async fn remove(
    State(app): State<App>,
    Operator(caller): Operator,
    Segments(id, token): Segments,
) -> Result<Response, Problem> {
    let token = TokenId::parse(&token).ok_or_else(no_such_token)?;
    let user = known(&app, &id)?;
    let command = user::Command::RemovePat(token);
    let done = app.service.execute(caller, Command::User(user.id, command)).await;
    let done = done.map_err(|failure| match failure {
        // On other paths it is the caller's own that is missing.
        Failure::Rejected(Rejection::NoSuchToken) => no_such_token(),
        other => other.into(),
    })?;
    let told = Json(json!({ "id": token.to_string(), "removed": true }));
    Ok(at_position(told.into_response(), Some(done.position)))
}

fn token(id: TokenId, pat: &Pat) -> Value {
    json!({
        "id": id.to_string(),
        "name": pat.name.as_str(),
        "added": rfc3339(pat.added),
        "expires": rfc3339(pat.expires),
    })
}

fn no_such_token() -> Problem {
    let why = Rejection::NoSuchToken;
    Problem::new(StatusCode::NOT_FOUND, why.code(), why.to_string())
}
