//! Facts as lines of JSON, streamed batch by batch up to the last fact that there was when the answer began.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use service::feed::Feed;
use service::feed::readers::Place;
use service::history::Told;

use super::super::asked::Asked;
use super::super::errors::Problem;
use super::stream::BATCH_FACTS;
use super::wire;
use crate::App;
use crate::streaming::{Sender, channel};

/// Says up to where the answer looks.
const CURSOR: HeaderName = HeaderName::from_static("x-muster-cursor");
/// What the lines are.
pub const CONTENT_TYPE: &str = "application/x-ndjson";

/// How many lines are wanted, if not all.
pub fn limit(asked: &Asked) -> Result<Option<u64>, Problem> {
    let limit = asked.number("limit")?;
    if limit == Some(0) {
        return Err(Problem::parameter("`limit` is not 1 or more"));
    }
    Ok(limit)
}

/// The facts that were found and those after them. `X-Muster-Cursor` says up to where the answer looks: whoever
/// read it to its end, and got fewer than `limit` lines, goes on from there.
pub fn answer(
    app: &App,
    (feed, place): (Feed, Place),
    facts: Vec<Told>,
    limit: Option<u64>,
) -> Response {
    let until = app.service.last_position().max(feed.seen());
    let (sender, body) = channel();
    let mut response = ([(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response();
    let cursor = wire::cursor_text(&app.service, until);
    if let Ok(until) = HeaderValue::from_str(&cursor) {
        response.headers_mut().insert(CURSOR, until);
    }
    let app = app.clone();
    tokio::spawn(async move {
        let is_whole = tokio::select! {
            is_whole = send(feed, facts, until.0, limit, &sender) => is_whole,
            () = app.drained() => false,
            () = sender.closed() => false,
        };
        drop(place);
        if !is_whole {
            sender.break_off();
        }
    });
    response
}

/// Sends lines until there are enough, or all are sent; whether it came so far. Nothing is read before there
/// is room for it.
async fn send(
    mut feed: Feed,
    mut facts: Vec<Told>,
    until: u64,
    limit: Option<u64>,
    sender: &Sender,
) -> bool {
    let mut left = limit.unwrap_or(u64::MAX);
    loop {
        let Some(room) = sender.room().await else { return false };
        // What came after the answer began is for the next one.
        facts.retain(|told| told.head.position.0 <= until);
        left = left.saturating_sub(facts.len() as u64);
        if !facts.is_empty() {
            let lines = facts.iter().map(|told| format!("{}\n", wire::fact(told)));
            room.send(lines.collect::<String>());
        }
        if left == 0 || feed.seen().0 >= until {
            return true;
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(BATCH_FACTS);
        match feed.look(most).await {
            Ok(found) => facts = found,
            Err(failure) => {
                tracing::debug!(%failure, "lines of events broke off");
                return false;
            }
        }
    }
}
