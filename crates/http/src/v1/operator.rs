//! `/v1/local`: for whoever can reach the owner-only socket, and nobody from the network.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use domain::rejection::Rejection;
use serde::de::DeserializeOwned;
use service::{Caller, Failure};

use super::errors::Problem;
use super::wire::Authenticated;
use crate::App;
use crate::request::{BodyFault, Peer};

/// Who calls through the socket, or from inside the process that holds the data directory.
pub struct Operator(pub Caller);

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, app).await?;
        match parts.extensions.get::<Peer>() {
            Some(Peer::Local) => Ok(Self(caller)),
            Some(Peer::Network(_)) | None => {
                let detail = "this path answers through the socket in the data directory only";
                Err(Problem::new(StatusCode::FORBIDDEN, "local_only", detail))
            }
        }
    }
}

/// A JSON object that was sent. What is wrong with one is told without any of it: it may hold a
/// password.
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let held = app.bodies.read(request.into_body()).await.map_err(|fault| match fault {
            BodyFault::TooLong => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is too long")
            }
            BodyFault::Broken => Problem::parameter("the body did not come whole"),
        })?;
        // A list would be taken for an object's values in their order.
        let is_object = held.bytes.trim_ascii_start().starts_with(b"{");
        match Json::<T>::from_bytes(if is_object { &held.bytes } else { b"" }) {
            Ok(Json(sent)) => Ok(Self(sent)),
            Err(_) => Err(Problem::parameter("the body is not the JSON object that is taken here")),
        }
    }
}

/// What went wrong, in the words that operators are told.
pub fn problem(app: &App, failure: Failure) -> Problem {
    match failure {
        Failure::Rejected(Rejection::PasswordUnacceptable(fault)) => {
            let detail = app.service.settings().password.explain(fault);
            let code = Rejection::PasswordUnacceptable(fault).code();
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
        }
        // On other paths it is the caller's own that is missing.
        Failure::Rejected(Rejection::NoSuchSession) => no_such_session(),
        Failure::Rejected(_)
        | Failure::Busy
        | Failure::TooManyFailed
        | Failure::OutcomeUnknown
        | Failure::NotDone
        | Failure::KeyNotDestroyed { .. }
        | Failure::Closing
        | Failure::Store(_) => failure.into(),
    }
}

/// The answer about a session that is not there.
pub fn no_such_session() -> Problem {
    let why = Rejection::NoSuchSession;
    let detail = "no such session, or it has ended";
    Problem::new(StatusCode::NOT_FOUND, why.code(), detail)
}
