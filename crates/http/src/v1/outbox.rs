//! Mails that are owed, for whoever may reach the data directory: they carry tokens.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use domain::id::Position;
use serde_json::{Value, json};
use service::mail::{OutboxItem, Retried};

use super::asked::Cursor;
use super::errors::Problem;
use super::wire::{Authenticated, Segment};
use crate::App;
use crate::dates::rfc3339 as time;

/// `GET /v1/local/outbox`: what is owed, oldest first.
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    cursor: Cursor,
) -> Result<Json<Value>, Problem> {
    let items = app.service.outbox(&caller, cursor.after, cursor.limit)?;
    // A full page may have more behind it.
    let next = items.last().filter(|_| items.len() == cursor.limit).map(|item| item.id.0);
    let items: Vec<Value> = items.iter().map(render).collect();
    Ok(Json(json!({ "items": items, "next": next })))
}

/// `GET /v1/local/outbox/{id}`
pub async fn show(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Segment(id): Segment,
) -> Result<Json<Value>, Problem> {
    let item = app.service.outbox_item(&caller, parse(&id)?)?;
    Ok(Json(render(&item)))
}

/// `POST /v1/local/outbox/{id}/retry`: tries it now.
pub async fn retry(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Segment(id): Segment,
) -> Result<Response, Problem> {
    match app.service.retry_mail(&caller, parse(&id)?).await? {
        Retried::Sent => Ok(Json(json!({ "sent": true })).into_response()),
        Retried::NotSent(told) => {
            let detail = format!("the mail did not go out: {told}");
            Err(Problem::new(StatusCode::BAD_GATEWAY, "mail_not_sent", &detail))
        }
    }
}

fn parse(id: &str) -> Result<Position, Problem> {
    id.parse().map(Position).map_err(|_| domain::rejection::Rejection::NoSuchMail.into())
}

fn render(item: &OutboxItem) -> Value {
    json!({
        "id": item.id.0,
        "kind": item.owed.kind.name(),
        "user_id": item.user.id.to_string(),
        "username": item.user.username.as_ref().map(ToString::to_string),
        "address": item.to.join(", "),
        "subject": item.subject,
        "text": item.text,
        "html": item.html,
        "token": item.token,
        "owed_since": time(item.owed.since),
        "state": if item.owed.refused { "refused" } else { "waiting" },
        "tries": item.tries,
        "last_trouble": (!item.told.is_empty()).then_some(&item.told),
    })
}
