//! `/v1`: for auditors and operators. JSON, `application/problem+json` for errors (RFC 9457), cursors.

mod access;
mod accounts;
mod asked;
mod describe;
mod erasing;
mod errors;
mod events;
mod export;
mod history;
mod local;
mod log;
mod metrics;
mod operator;
mod outbox;
mod sessions;
mod users;
mod wire;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};

use crate::App;

pub use describe::{GROUPS, SHAPES};
pub use errors::Problem;

/// The surface's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/users", get(users::list))
        .route("/v1/users/{id}", get(users::show))
        .route("/v1/users/{id}/history", get(history::of))
        .route("/v1/users/{id}/acts", get(history::acts))
        .route("/v1/users/{id}/attributes", get(history::attributes))
        .route("/v1/users/{id}/diff", get(history::diff))
        .route("/v1/users/{id}/sessions", get(sessions::list))
        .route("/v1/users/{id}/erase", post(erasing::erase))
        .route("/v1/events", get(events::list))
        .route("/v1/events/stream", get(events::stream::open))
        .route("/v1/log/checkpoint", get(log::checkpoint))
        .route("/v1/log/proof/inclusion", get(log::inclusion))
        .route("/v1/log/proof/consistency", get(log::consistency))
        .route("/v1/log/key", get(log::key))
        .route("/v1/export", get(export::begin))
        .route("/v1/exports/{id}/manifest", get(export::manifest_of))
        .route("/v1/projections", get(local::projections))
        .route("/metrics", get(metrics::show))
        .route("/v1/local/rebuild", post(local::rebuild))
        .route("/v1/local/verify", post(local::verify))
        .route("/v1/local/outbox", get(outbox::list))
        .route("/v1/local/outbox/{id}", get(outbox::show))
        .route("/v1/local/outbox/{id}/retry", post(outbox::retry))
        .route("/v1/local/origins", get(erasing::origins))
        .route("/v1/local/origins/forget", post(erasing::forget_origins))
        .route("/v1/local/users", post(accounts::create))
        .route("/v1/local/users/{id}", delete(accounts::delete))
        .route("/v1/local/users/{id}/lock", post(accounts::lock))
        .route("/v1/local/users/{id}/unlock", post(accounts::unlock))
        .route("/v1/local/users/{id}/approve", post(accounts::approve))
        .route("/v1/local/users/{id}/reject", post(accounts::reject))
        .route("/v1/local/users/{id}/password", post(accounts::set_password))
        .route("/v1/local/users/{id}/totp-key", post(accounts::set_totp_key))
        .route("/v1/local/users/{id}/sessions", post(accounts::open_session))
        .route("/v1/local/users/{id}/rights/{right}", put(access::grant).delete(access::revoke))
        .route("/v1/local/users/{id}/tokens", get(access::list).post(access::add))
        .route("/v1/local/users/{id}/tokens/{token}", delete(access::remove))
        .route("/v1/local/sessions/{id}", get(sessions::show).delete(sessions::end))
        .route("/v1/local/sign-out", post(sessions::sign_out))
}

/// The answer to a path that does not exist.
pub fn not_found() -> Response {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such path").into_response()
}

/// The answer to a method that a path does not have.
pub async fn method_not_allowed() -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Problem::new(status, "method_not_allowed", "the path has no such method").into_response()
}

/// The answer to a header that should name a position and does not.
pub fn bad_position(header: &str) -> Response {
    Problem::parameter(format!("`{header}` is not a position")).into_response()
}

/// The answer to whoever wants to see a position that nobody sees yet.
pub fn not_visible_yet() -> Response {
    let detail = "the position is not visible yet; a position of this store becomes so at once";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    Problem::new(status, "not_visible_yet", detail).into_response()
}
