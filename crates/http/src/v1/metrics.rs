//! `/metrics`: what operators watch.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::errors::Problem;
use super::wire::Authenticated;
use crate::App;

/// `GET /metrics`
pub async fn show(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Problem> {
    let told = app.service.metrics_text(&caller)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], told).into_response())
}
