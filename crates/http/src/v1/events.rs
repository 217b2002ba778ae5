//! Everything that happened, in order.

use axum::extract::State;
use axum::response::Json;
use domain::policy::Act;
use serde_json::Value;

use super::asked::{self, Asked};
use super::errors::Problem;
use super::wire::{self, Authenticated};
use crate::App;

/// `GET /v1/events`: the facts after a position.
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    asked.only(&[&asked::CURSOR, &asked::FILTER])?;
    let cursor = asked.cursor()?;
    app.service.permits(&caller, Act::Audit, None)?;
    let filter = asked.filter(&app.service)?;
    let page = app.service.events(&caller, filter, cursor.after, cursor.limit).await?;
    Ok(Json(wire::page(&page)))
}
