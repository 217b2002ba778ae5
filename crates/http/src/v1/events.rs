//! Everything that happened, in order.

use axum::extract::State;
use axum::response::Json;
use serde_json::Value;

use super::errors::Problem;
use super::wire::{self, Authenticated, Cursor};
use crate::App;

/// `GET /v1/events`: the facts after a position.
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    cursor: Cursor,
) -> Result<Json<Value>, Problem> {
    let page = app.service.events(&caller, cursor.after, cursor.limit).await?;
    Ok(Json(wire::page(&page)))
}
