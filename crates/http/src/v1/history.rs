//! What happened to somebody, what somebody did, and what somebody was.

use axum::extract::State;
use axum::response::Json;
use domain::attributes::{self, Attribute, AttributeKey, Namespace};
use domain::id::Position;
use domain::policy::Act;
use domain::rejection::Rejection;
use serde_json::{Value, json};
use service::history::{AsOf, Moment, Order, Wanted};

use super::asked::{Asked, parse_cursor};
use super::errors::Problem;
use super::wire::{self, Authenticated, Segment, find};
use crate::App;
use crate::dates::rfc3339 as time;

/// What says which facts of a history are told first, where a page begins, and how long it may be.
const CURSOR: [&str; 4] = ["order", "after", "before", "limit"];
/// What says which facts of somebody's history are wanted.
const OF: [&str; 5] = ["event", "field", "actor", "since", "until"];
/// What says which of somebody's acts are wanted.
const BY: [&str; 5] = ["event", "field", "user", "since", "until"];
/// Attributes on a page that asks for no number.
const ATTRIBUTES_LEN: usize = 100;
/// Most attributes on a page.
const ATTRIBUTES_LEN_MAX: usize = 1_000;

/// `GET /v1/users/{id}/history`: also of a user that was deleted.
pub async fn of(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Segment(id): Segment,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    asked.only(&[&CURSOR, &OF])?;
    app.service.permits(&caller, Act::Audit, None)?;
    let (id, wanted) = (find(&app.service, &id)?, wanted(&app, &asked)?);
    let page = app.service.user_history(&caller, id, wanted).await?;
    Ok(Json(wire::page(&app.service, &page)))
}

/// `GET /v1/users/{id}/acts`: what a user did, to whomever.
pub async fn acts(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Segment(id): Segment,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    asked.only(&[&CURSOR, &BY])?;
    app.service.permits(&caller, Act::Audit, None)?;
    let (id, wanted) = (find(&app.service, &id)?, wanted(&app, &asked)?);
    let page = app.service.acts_of(&caller, id, wanted).await?;
    Ok(Json(wire::page(&app.service, &page)))
}

/// `GET /v1/users/{id}/attributes`: those that have not expired, by name.
pub async fn attributes(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Segment(id): Segment,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    asked.only(&[&["as_of", "after", "limit"]])?;
    let limit = asked.limit(ATTRIBUTES_LEN, ATTRIBUTES_LEN_MAX)?;
    let moment = moment(&asked, "as_of")?;
    app.service.permits(&caller, Act::Audit, None)?;
    let id = find(&app.service, &id)?;
    let (user, at, then) = match moment {
        None => {
            let user = app.service.user(id).ok_or(Rejection::NoSuchUser)?;
            (user, app.service.store().clock().now(), Value::Null)
        }
        Some(moment) => {
            let then = app.service.user_as_of(&caller, id, moment).await?;
            (then.user.clone(), then.at, moment_told(&then))
        }
    };
    let after = asked.text("after");
    let alive = user.attributes.iter().filter(|(_, attribute)| attribute.is_alive(at));
    let mut left = alive.skip_while(|(key, _)| after.is_some_and(|of| key.name.as_str() <= of));
    let page: Vec<_> = left.by_ref().take(limit).collect();
    let more = left.next().is_some();
    let last = page.last().filter(|_| more).map(|(key, _)| key.name.as_str());
    let items: Vec<_> = page.iter().map(|(key, attribute)| one(key, attribute)).collect();
    Ok(Json(json!({ "items": items, "next": last, "as_of": then })))
}

/// `GET /v1/users/{id}/diff`: field by field, old -> new.
pub async fn diff(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Segment(id): Segment,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    asked.only(&[&["from", "to"]])?;
    let needed = |key: &str| {
        let missing = || Problem::parameter(format!("`{key}` is needed: a time or a position"));
        moment(&asked, key)?.ok_or_else(missing)
    };
    let ends = (needed("from")?, needed("to")?);
    app.service.permits(&caller, Act::Audit, None)?;
    let id = find(&app.service, &id)?;
    let difference = app.service.user_difference(&caller, id, ends).await?;
    let changes: Vec<_> = difference.changes.iter().map(wire::change).collect();
    Ok(Json(json!({
        "id": id.to_string(),
        "from": moment_told(&difference.from),
        "to": moment_told(&difference.to),
        "changes": changes,
    })))
}

/// A moment that was asked for: digits are a position, everything else a time.
pub fn moment(asked: &Asked, key: &str) -> Result<Option<Moment>, Problem> {
    let Some(text) = asked.text(key) else { return Ok(None) };
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that no position can have lies in the future, like any beyond the log.
        return Ok(Some(Moment::Position(Position(text.parse().unwrap_or(u64::MAX)))));
    }
    let at = asked.moment(key).map_err(|_| {
        Problem::parameter(format!(
            "`{key}` is neither a position nor a time as RFC 3339 has it, like 2031-02-03T04:05:06Z"
        ))
    })?;
    Ok(at.map(Moment::At))
}

/// Which moment an answer is about.
pub fn moment_told(then: &AsOf) -> Value {
    json!({ "position": then.position.0, "at": time(then.at) })
}

/// Which facts are wanted. Looks up who is named: only for a caller who may see that.
fn wanted(app: &App, asked: &Asked) -> Result<Wanted, Problem> {
    let cursor = asked.cursor(&app.service)?;
    let before = asked.text("before").map(|text| parse_cursor(&app.service, "before", text));
    let order = match asked.text("order") {
        None | Some("asc") => Order::Rising,
        Some("desc") => Order::Falling,
        Some(_) => return Err(Problem::parameter("`order` is neither `asc` nor `desc`")),
    };
    Ok(Wanted {
        filter: asked.filter(&app.service)?,
        order,
        after: cursor.after,
        before: before.transpose()?,
        limit: cursor.limit,
    })
}

fn one(key: &AttributeKey, attribute: &Attribute) -> Value {
    json!({
        "namespace": match key.namespace { Namespace::Zato => "zato" },
        "name": key.name.as_str(),
        "value": wire::shown(&attributes::shown(attribute)),
        "encrypted": attribute.encrypted,
        "expires": time(attribute.expires),
        "created": time(attribute.created),
        "modified": time(attribute.modified),
    })
}
