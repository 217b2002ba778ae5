//! Destroying keys: of a user, of the origins of months.

use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use domain::policy::Act;
use domain::time::Month;
use serde::Deserialize;
use serde_json::{Value, json};
use service::erasing::{Certificate, DESTROYED, Forgotten, KEPT, OriginMonth};
use service::history::actor_kind;

use super::errors::Problem;
use super::operator::{Operator, Sent};
use super::wire::{Authenticated, Segment, find};
use crate::App;
use crate::dates::rfc3339;
use crate::request::{at_position, hex};

/// Which months are to be forgotten.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forget {
    /// The first month that is kept, like `2026-11`.
    before: String,
}

/// `POST /v1/users/{id}/erase`: destroys the key of a user, for good, and certifies it.
pub async fn erase(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Segment(id): Segment,
) -> Result<Response, Problem> {
    // Who may not erase anybody is not told who is there.
    app.service.permits(&caller, Act::EraseUser, None)?;
    let id = find(&app.service, &id)?;
    let certificate = app.service.erase_user(caller, id).await?;
    let position = certificate.position;
    Ok(at_position(Json(told(&certificate)).into_response(), Some(position)))
}

/// `GET /v1/local/origins`: the months that have a key of origins, or had one.
pub async fn origins(
    State(app): State<App>,
    Operator(caller): Operator,
) -> Result<Json<Value>, Problem> {
    let months = app.service.origin_months(&caller)?;
    Ok(Json(json!({ "items": months.iter().map(month).collect::<Vec<_>>() })))
}

/// `POST /v1/local/origins/forget`: destroys the keys of the origins of months, for good.
pub async fn forget_origins(
    State(app): State<App>,
    Operator(caller): Operator,
    Sent(sent): Sent<Forget>,
) -> Result<Response, Problem> {
    let before = Month::parse(&sent.before)
        .ok_or_else(|| Problem::parameter("`before` is not a month, like `2026-11`"))?;
    let Forgotten { position, months } = app.service.forget_origins(caller, before).await?;
    let told = json!({ "forgotten": months.iter().map(month).collect::<Vec<_>>() });
    Ok(at_position(Json(told).into_response(), Some(position)))
}

fn told(certificate: &Certificate) -> Value {
    let actor = certificate.actor;
    json!({
        "user": certificate.user.to_string(),
        "at": rfc3339(certificate.at),
        "actor": { "kind": actor_kind(actor), "id": actor.user().map(|id| id.to_string()) },
        "position": certificate.position.0,
        "key_slot": certificate.slot.0,
        "store": hex(&certificate.store),
        "destroyed": DESTROYED,
        "kept": KEPT,
        "checkpoint": certificate.checkpoint,
    })
}

fn month(month: &OriginMonth) -> Value {
    json!({
        "month": month.month.to_string(),
        "key_slot": month.slot.0,
        "forgotten": month.forgotten,
    })
}
