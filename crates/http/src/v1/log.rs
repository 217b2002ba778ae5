//! What the log can prove: checkpoints, inclusion, consistency, and the key that signs.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Json, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use service::proofs::NotProven;

use super::errors::Problem;
use super::wire::Authenticated;
use crate::App;

/// The type of a signed note and of a key.
const TEXT: &str = "text/plain; charset=utf-8";

/// The parameters of a question about the log: numbers under names.
pub struct Numbers(HashMap<String, String>);

impl FromRequestParts<App> for Numbers {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let query = Query::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let Query(query) = query.map_err(|_| Problem::parameter("the query cannot be read"))?;
        Ok(Self(query))
    }
}

impl Numbers {
    /// The numbers under these names, the first of which has to be there.
    fn take(self, names: [&str; 2]) -> Result<(u64, Option<u64>), Problem> {
        let [needed, other] = names;
        if let Some(unknown) = self.0.keys().find(|key| !names.contains(&key.as_str())) {
            let known = format!("known ones are `{needed}` and `{other}`");
            return Err(Problem::parameter(format!("unknown parameter `{unknown}`; {known}")));
        }
        let number = |name: &str| match self.0.get(name).map(|text| text.parse::<u64>()) {
            None => Ok(None),
            Some(Ok(0)) => Err(Problem::parameter(format!("`{name}` is 0; the first is 1"))),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(Problem::parameter(format!("`{name}` is not a number"))),
        };
        let first = number(needed)?;
        let first = first.ok_or_else(|| Problem::parameter(format!("`{needed}` is missing")))?;
        Ok((first, number(other)?))
    }
}

/// `GET /v1/log/checkpoint`: how many facts there are, and their root, signed.
pub async fn checkpoint(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Problem> {
    let signed = app.service.checkpoint(&caller).await?;
    Ok(text(signed.note))
}

/// `GET /v1/log/key`: what a checkpoint's signature is checked with. It is public.
pub async fn key(State(app): State<App>) -> Result<Response, Problem> {
    let key = app.service.log_key()?;
    Ok(text(key + "\n"))
}

/// `GET /v1/log/proof/inclusion`: that a fact is in the log.
pub async fn inclusion(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    numbers: Numbers,
) -> Result<Json<Value>, Problem> {
    let (position, size) = numbers.take(["position", "size"])?;
    let proof = app.service.inclusion(&caller, position, size).await?;
    let checkpoint = &proof.signed.checkpoint;
    Ok(Json(json!({
        "position": proof.position,
        "size": checkpoint.size,
        "epoch": checkpoint.origin.epoch,
        "record": BASE64.encode(&proof.record),
        "hashes": letters(&proof.hashes),
        "root": BASE64.encode(checkpoint.root),
        "checkpoint": proof.signed.note,
    })))
}

/// `GET /v1/log/proof/consistency`: that the log goes on from what it was.
pub async fn consistency(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    numbers: Numbers,
) -> Result<Json<Value>, Problem> {
    let (from, to) = numbers.take(["from", "to"])?;
    let proof = app.service.consistency(&caller, from, to).await?;
    let checkpoint = &proof.signed.checkpoint;
    Ok(Json(json!({
        "from": proof.from,
        "to": checkpoint.size,
        "epoch": checkpoint.origin.epoch,
        "from_root": BASE64.encode(proof.from_root),
        "to_root": BASE64.encode(checkpoint.root),
        "hashes": letters(&proof.hashes),
        "checkpoint": proof.signed.note,
    })))
}

impl From<NotProven> for Problem {
    fn from(why: NotProven) -> Self {
        match why {
            NotProven::NoSuchPart(what) => Self::new(StatusCode::BAD_REQUEST, "not_in_log", what),
            NotProven::Failed(failure) => failure.into(),
        }
    }
}

fn letters(hashes: &[[u8; 32]]) -> Vec<String> {
    hashes.iter().map(|hash| BASE64.encode(hash)).collect()
}

fn text(text: String) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], text).into_response()
}
