//! What operators do to accounts: `/v1/local/users`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use domain::id::UserId;
use domain::rejection::{Rejection, ValueFault};
use domain::secret::TotpSeed;
use domain::text::{Email, Name, Username};
use domain::time::Span;
use domain::user;
use domain::user::User;
use domain::user::command::Repeat;
use domain::user::state::{Profile, SignUpStatus};
use serde::Deserialize;
use serde_json::{Value, json};
use service::accounts::{NewAccount, PasswordChange};
use service::passwords::Secret;
use service::{Command, Done, totp};

use super::errors::Problem;
use super::operator::{Operator, Sent, problem};
use super::sessions;
use super::wire::{self, Segment, find};
use crate::App;
use crate::request::at_position;

/// An account that is to be made. Who is made here may sign in at once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    username: String,
    password: String,
    #[serde(default)]
    super_user: bool,
    email: Option<String>,
    display_name: Option<String>,
    first_name: Option<String>,
    middle_name: Option<String>,
    last_name: Option<String>,
}

/// Another password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// Absent: one is drawn, and told in the answer.
    password: Option<String>,
    expiry_days: Option<i64>,
    must_change: Option<bool>,
}

/// Another key in the TOTP slot.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTotpKey {
    /// Absent: one is drawn, and told in the answer.
    key: Option<String>,
    /// Absent: none.
    label: Option<String>,
}

/// `POST /v1/local/users`: somebody who is approved and final from birth.
pub async fn create(
    State(app): State<App>,
    Operator(caller): Operator,
    Sent(sent): Sent<NewUser>,
) -> Result<Response, Problem> {
    let done = app.service.create_user(caller, account(sent)?).await;
    let done = done.map_err(|failure| problem(&app, failure))?;
    let user = done.user.as_deref().ok_or(Rejection::NoSuchUser)?;
    let told = (StatusCode::CREATED, Json(wire::user(user))).into_response();
    Ok(at_position(told, Some(done.position)))
}

/// `DELETE /v1/local/users/{id}`: answers with the user as it was.
pub async fn delete(
    State(app): State<App>,
    Operator(caller): Operator,
    Segment(id): Segment,
) -> Result<Response, Problem> {
    let user = known(&app, &id)?;
    let done = app.service.execute(caller, Command::User(user.id, user::Command::Delete)).await?;
    Ok(at_position(Json(wire::user(&user)).into_response(), Some(done.position)))
}

/// `POST /v1/local/users/{id}/lock`
pub async fn lock(app: State<App>, caller: Operator, id: Segment) -> Result<Response, Problem> {
    change(app, caller, id, user::Command::Lock(Repeat::Write)).await
}

/// `POST /v1/local/users/{id}/unlock`
pub async fn unlock(app: State<App>, caller: Operator, id: Segment) -> Result<Response, Problem> {
    change(app, caller, id, user::Command::Unlock(Repeat::Write)).await
}

/// `POST /v1/local/users/{id}/approve`
pub async fn approve(app: State<App>, caller: Operator, id: Segment) -> Result<Response, Problem> {
    change(app, caller, id, user::Command::Approve(Repeat::Write)).await
}

/// `POST /v1/local/users/{id}/reject`
pub async fn reject(app: State<App>, caller: Operator, id: Segment) -> Result<Response, Problem> {
    change(app, caller, id, user::Command::Reject(Repeat::Write)).await
}

/// `POST /v1/local/users/{id}/password`: sets one that was sent, or one that is drawn.
pub async fn set_password(
    State(app): State<App>,
    Operator(caller): Operator,
    Segment(id): Segment,
    Sent(sent): Sent<NewPassword>,
) -> Result<Response, Problem> {
    let user = known(&app, &id)?;
    if sent.expiry_days.is_some_and(|days| days < 1) {
        return Err(Problem::parameter("`expiry_days` is not 1 or more"));
    }
    let drawn = sent.password.is_none();
    let new = sent.password.map_or_else(|| app.service.draw_password(), Secret::from);
    let told = drawn.then(|| new.clone());
    let change = PasswordChange {
        user: user.id,
        old: None,
        new,
        drawn,
        lasts: sent.expiry_days.map(Span::days),
        must_change: sent.must_change,
    };
    let done = app.service.change_password(&caller, &change).await;
    let done = done.map_err(|failure| problem(&app, failure))?;
    changed(&done, "password", told.as_ref().map(Secret::as_str))
}

/// `POST /v1/local/users/{id}/totp-key`: sets one that was sent, or one that is drawn.
pub async fn set_totp_key(
    State(app): State<App>,
    Operator(caller): Operator,
    Segment(id): Segment,
    Sent(sent): Sent<NewTotpKey>,
) -> Result<Response, Problem> {
    let user = known(&app, &id)?;
    let seed = match &sent.key {
        None => app.service.new_totp_seed(),
        Some(text) => {
            let (field, fault) = ("totp.key", ValueFault::Malformed);
            let malformed = || Rejection::Unacceptable { field, fault };
            totp::decode_key(text).map(TotpSeed).ok_or_else(malformed)?
        }
    };
    let told = sent.key.is_none().then(|| totp::encode_key(&seed.0));
    let label = name("totp.label", sent.label)?;
    let command = user::Command::ResetTotpKey { seed, label };
    let done = app.service.execute(caller, Command::User(user.id, command)).await?;
    changed(&done, "totp_key", told.as_deref())
}

/// `POST /v1/local/users/{id}/sessions`: opens one without the password; the token is told this once.
pub async fn open_session(
    State(app): State<App>,
    Operator(caller): Operator,
    Segment(id): Segment,
) -> Result<Response, Problem> {
    let user = known(&app, &id)?;
    let opened = app.service.open_session(caller.clone(), user.id).await;
    let (id, opened) = opened.map_err(|failure| problem(&app, failure))?;
    let told = app.service.find_session(&caller, id).await;
    let told = told.map_err(|failure| problem(&app, failure))?;
    let mut told = sessions::render(&app.service, &told);
    told["token"] = json!(opened.token);
    let told = (StatusCode::CREATED, Json(told)).into_response();
    Ok(at_position(told, Some(opened.position)))
}

async fn change(
    State(app): State<App>,
    Operator(caller): Operator,
    Segment(id): Segment,
    command: user::Command,
) -> Result<Response, Problem> {
    let user = known(&app, &id)?;
    let done = app.service.execute(caller, Command::User(user.id, command)).await?;
    let user = done.user.as_deref().ok_or(Rejection::NoSuchUser)?;
    Ok(at_position(Json(wire::user(user)).into_response(), Some(done.position)))
}

/// A user after a change, and what was drawn for it, told this once.
fn changed(done: &Done, key: &str, drawn: Option<&str>) -> Result<Response, Problem> {
    let user = done.user.as_deref().ok_or(Rejection::NoSuchUser)?;
    let told: Value = json!({ "user": wire::user(user), key: drawn });
    Ok(at_position(Json(told).into_response(), Some(done.position)))
}

/// The user that a text names, as it is now.
pub fn known(app: &App, text: &str) -> Result<Arc<User>, Problem> {
    let id: UserId = find(&app.service, text)?;
    Ok(app.service.user(id).ok_or(Rejection::NoSuchUser)?)
}

fn account(sent: NewUser) -> Result<NewAccount, Rejection> {
    let username = Username::parse(&sent.username);
    let email = sent.email.filter(|email| !email.is_empty());
    let email = email.map(|email| Email::parse(&email)).transpose();
    let mut profile = Profile {
        display_name: name("display_name", sent.display_name)?,
        first_name: name("first_name", sent.first_name)?,
        middle_name: name("middle_name", sent.middle_name)?,
        last_name: name("last_name", sent.last_name)?,
    };
    if profile.display_name.is_none() {
        let whole = profile.whole_name();
        profile.display_name = whole.map_err(|fault| Rejection::text("display_name", fault))?;
    }
    Ok(NewAccount {
        username: username.map_err(|fault| Rejection::text("username", fault))?,
        email: email.map_err(|fault| Rejection::text("email", fault))?,
        profile,
        password: Some(Secret::from(sent.password)),
        must_change: false,
        totp_enabled: false,
        totp_key: None,
        totp_label: None,
        locked: false,
        sign_up: SignUpStatus::Final,
        approved: true,
        super_user: sent.super_user,
        rate_limit: None,
    })
}

/// A name without the white space around it; nothing is none.
fn name(field: &'static str, sent: Option<String>) -> Result<Option<Name>, Rejection> {
    let Some(text) = sent else { return Ok(None) };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    Name::parse(text).map(Some).map_err(|fault| Rejection::text(field, fault))
}
