//! The surface's errors: a problem document with a stable code.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::rejection::Rejection;
use serde_json::json;
use service::Failure;
use service::history::Unread;

use crate::dates;
use crate::request::RETRY_AFTER;

/// A problem document (RFC 9457).
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Problem {
    /// A problem with a stable code and a sentence for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into() }
    }

    /// A parameter that cannot be understood.
    pub fn parameter(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_parameter", detail)
    }

    /// No credential, or one that is worth nothing; which, is not told.
    pub fn unauthorized() -> Self {
        let detail = "a personal access token is needed: Authorization: Bearer muster_pat_...";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Rejected(why) => why.into(),
            Failure::Busy | Failure::Closing | Failure::NotDone => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", failure.to_string())
            }
            Failure::TooManyFailed => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_failed", failure.to_string())
            }
            Failure::OutcomeUnknown => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Self::new(status, "outcome_unknown", failure.to_string())
            }
            Failure::KeyNotDestroyed { .. } => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Self::new(status, "key_not_destroyed", failure.to_string())
            }
            Failure::Store(error) => {
                tracing::error!(%error, "a read failed");
                let code = if error.is_damage() { "damage" } else { "internal" };
                let detail = "what is kept could not be read; the log of the server says more";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, detail)
            }
        }
    }
}

impl From<Unread> for Problem {
    fn from(why: Unread) -> Self {
        let detail = why.to_string();
        let gone = |code, at| {
            Self::new(StatusCode::GONE, code, format!("{detail} ({})", dates::rfc3339(at)))
        };
        match why {
            Unread::Failure(failure) => failure.into(),
            Unread::NotBornYet => Self::new(StatusCode::NOT_FOUND, "not_born_yet", detail),
            Unread::Deleted { at } => gone("deleted", at),
            Unread::Erased { at } => gone("erased", at),
            Unread::InTheFuture => Self::new(StatusCode::BAD_REQUEST, "in_the_future", detail),
            Unread::Backwards => Self::parameter(detail),
        }
    }
}

impl From<Rejection> for Problem {
    fn from(why: Rejection) -> Self {
        Self::new(status(&why), why.code(), why.to_string())
    }
}

/// The status of each rejection.
fn status(why: &Rejection) -> StatusCode {
    match why {
        Rejection::NoSuchUser
        | Rejection::NoSuchAttribute
        | Rejection::NoSuchConfirmation
        | Rejection::NoSuchReset
        | Rejection::NoSuchMail
        | Rejection::NoSuchLink => StatusCode::NOT_FOUND,
        Rejection::UserExists
        | Rejection::Taken(_)
        | Rejection::AlreadySo
        | Rejection::AlreadyErased
        | Rejection::AlreadyConfirmed
        | Rejection::AttributeExists
        | Rejection::StaleProof => StatusCode::CONFLICT,
        Rejection::BadCredentials
        | Rejection::SecondFactorMissing
        | Rejection::NoSuchSession
        | Rejection::NoSuchToken => StatusCode::UNAUTHORIZED,
        Rejection::ApplicationNotAllowed
        | Rejection::MetadataNotAllowed
        | Rejection::AddressNotAllowed
        | Rejection::AccountLocked
        | Rejection::SignUpNotFinal
        | Rejection::NotApproved
        | Rejection::PasswordExpired
        | Rejection::PasswordExpiresSoon
        | Rejection::PasswordMustChange
        | Rejection::Denied(_) => StatusCode::FORBIDDEN,
        Rejection::PasswordUnacceptable(_)
        | Rejection::NoPassword
        | Rejection::NothingAsked
        | Rejection::Unacceptable { .. }
        | Rejection::TooLarge => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": format!("urn:muster:problem:{}", self.code),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let content = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, content, body.to_string()).into_response();
        match self.status {
            StatusCode::UNAUTHORIZED => {
                let challenge = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                let after = HeaderValue::from(RETRY_AFTER.as_secs());
                response.headers_mut().insert(header::RETRY_AFTER, after);
            }
            _ => {}
        }
        response
    }
}
