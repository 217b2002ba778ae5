//! Users, as they are and as they were.

use axum::extract::{Query, State};
use axum::response::Json;
use domain::id::UserId;
use domain::policy::Act;
use domain::rejection::Rejection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::Asked;
use super::errors::Problem;
use super::history::{moment, moment_told};
use super::wire::{self, Authenticated, Segment, find};
use crate::App;

/// Users on a page that asks for no number.
const PAGE_LEN: usize = 100;
/// Most users on a page.
const PAGE_LEN_MAX: usize = 1_000;

/// What a list of users may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListUsers {
    /// Users whose id comes after this one.
    after: Option<String>,
    /// At most so many.
    limit: Option<usize>,
}

/// `GET /v1/users`: in the order of their birth.
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    query: Result<Query<ListUsers>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = query.map_err(|error| Problem::parameter(error.body_text()))?;
    let limit = asked.limit.unwrap_or(PAGE_LEN);
    if limit == 0 || limit > PAGE_LEN_MAX {
        return Err(Problem::parameter(format!("`limit` is not within 1 and {PAGE_LEN_MAX}")));
    }
    let after = match asked.after.as_deref() {
        None => None,
        Some(text) => {
            Some(UserId::parse(text).ok_or_else(|| Problem::parameter("`after` is not a ULID"))?)
        }
    };
    app.service.permits(&caller, Act::Audit, None)?;
    let mut users = app.service.first_users(after, limit + 1);
    let more = users.len() > limit;
    users.truncate(limit);
    let next = users.last().filter(|_| more).map(|user| user.id.to_string());
    let items: Vec<_> = users.iter().map(|user| wire::user(user)).collect();
    Ok(Json(json!({ "items": items, "next": next })))
}

/// `GET /v1/users/{id}`: as it is now, or as it was.
pub async fn show(
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
        let user = app.service.user(id).ok_or(Rejection::NoSuchUser)?;
        return Ok(Json(wire::user(&user)));
    };
    let then = app.service.user_as_of(&caller, id, moment).await?;
    let mut told = wire::user(&then.user);
    told["as_of"] = moment_told(&then);
    Ok(Json(told))
}
