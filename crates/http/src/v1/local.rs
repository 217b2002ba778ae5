//! What operators ask for: how the projections stand, rebuild, verify.

use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use domain::policy::Act;
use serde_json::{Value, json};

use super::errors::Problem;
use super::wire::Authenticated;
use crate::App;
use crate::request::{at_position, hex};

/// `GET /v1/projections`: the position they stand at, and their rows.
pub async fn projections(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, Problem> {
    app.service.permits(&caller, Act::Operate, None)?;
    let (position, counts) = {
        let views = app.service.store().views();
        (views.globals().position, views.counts())
    };
    let opened = app.service.store().opened();
    Ok(Json(json!({
        "position": position.0,
        "users": counts.users,
        "sessions": counts.sessions,
        "names": counts.names,
        "tokens": counts.tokens,
        "sled_filled": app.service.store().follower().filled(),
        "opened": { "facts": opened.facts, "took_us": opened.took_us },
    })))
}

/// `POST /v1/local/rebuild`: folds the log anew beside what serves, compares, swaps.
pub async fn rebuild(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Problem> {
    let rebuilt = app.service.rebuild(caller).await?;
    let told = Json(json!({
        "facts": rebuilt.facts,
        "users": rebuilt.counts.users,
        "sessions": rebuilt.counts.sessions,
        "names": rebuilt.counts.names,
        "tokens": rebuilt.counts.tokens,
        "digest": hex(&rebuilt.digest),
        "differences": rebuilt.differences,
    }));
    Ok(at_position(told.into_response(), Some(rebuilt.position)))
}

/// `POST /v1/local/verify`: checks everything that is kept against itself.
pub async fn verify(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Value>, Problem> {
    let report = app.service.verify(caller).await?;
    Ok(Json(json!({
        "facts": report.facts,
        "frames": report.frames,
        "dead_frames": report.dead_frames,
        "sled_facts": report.sled_facts,
        "states": report.states,
        "findings": report.findings,
    })))
}
