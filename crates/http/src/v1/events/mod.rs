//! Everything that happened, in order: as pages, as lines, and as it happens.

mod lines;
pub mod stream;

use std::pin::pin;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use domain::policy::Act;
use serde_json::json;
use service::Caller;
use service::feed::Feed;
use service::feed::readers::{Crowded, Place};
use service::history::{PAGE_LEN_MAX, Told};

use super::asked::{self, Asked};
use super::errors::Problem;
use super::wire::{self, Authenticated};
use crate::App;
use crate::limits::EVENTS_WAIT_SECS_MAX;

/// Beside cursor and filter.
const OWN: [&str; 2] = ["wait", "format"];

/// `GET /v1/events`: the facts after a position; with `wait`, as soon as there are any.
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.only(&[&asked::CURSOR, &asked::FILTER, &OWN])?;
    let wait = wait(&asked)?;
    let as_lines = wants_lines(&asked, &headers)?;
    let (after, limit) = if as_lines {
        (asked.after(&app.service)?, lines::limit(&asked)?)
    } else {
        let cursor = asked.cursor(&app.service)?;
        (cursor.after, Some(cursor.limit as u64))
    };
    app.service.permits(&caller, Act::Audit, None)?;
    let filter = asked.filter(&app.service)?;
    let place = if as_lines || !wait.is_zero() { Some(enter(&app, &caller)?) } else { None };
    let mut feed = app.service.feed(&caller, filter, after).await?;
    let first = usize::try_from(limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let most = if as_lines { stream::BATCH_FACTS } else { PAGE_LEN_MAX };
    let facts = wait_for_facts(&app, &mut feed, first.min(most), wait).await?;
    if let (true, Some(place)) = (as_lines, place) {
        return Ok(lines::answer(&app, (feed, place), facts, limit));
    }
    let cursor = wire::cursor(&app.service, feed.seen());
    Ok(Json(json!({
        "items": facts.iter().map(wire::fact).collect::<Vec<_>>(),
        "next": feed.has_more().then_some(&cursor),
        "cursor": cursor,
    }))
    .into_response())
}

/// Facts, as soon as there are any that are wanted, or the time is up, or the server stops.
async fn wait_for_facts(
    app: &App,
    feed: &mut Feed,
    limit: usize,
    wait: Duration,
) -> Result<Vec<Told>, Problem> {
    let mut time_is_up = pin!(tokio::time::sleep(wait));
    loop {
        let facts = feed.look(limit).await?;
        if !facts.is_empty() || wait.is_zero() {
            return Ok(facts);
        }
        let has_more = feed.has_more();
        tokio::select! {
            biased;
            () = &mut time_is_up => return Ok(facts),
            () = app.drained() => return Ok(facts),
            () = std::future::ready(()), if has_more => {}
            () = feed.news() => {}
        }
    }
}

/// How long may be waited, if at all.
fn wait(asked: &Asked) -> Result<Duration, Problem> {
    let secs = asked.number("wait")?.unwrap_or(0);
    if secs > EVENTS_WAIT_SECS_MAX {
        let detail = format!("`wait` is not within 0 and {EVENTS_WAIT_SECS_MAX}");
        return Err(Problem::parameter(detail));
    }
    Ok(Duration::from_secs(secs))
}

/// Whether the answer is to be lines: `format` says so, or else what is accepted.
fn wants_lines(asked: &Asked, headers: &HeaderMap) -> Result<bool, Problem> {
    match asked.text("format") {
        Some("ndjson") => return Ok(true),
        Some("json") => return Ok(false),
        Some(_) => return Err(Problem::parameter("`format` is neither `json` nor `ndjson`")),
        None => {}
    }
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepted.flat_map(|value| value.split(','));
    let is_lines = |kind: &str| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case(lines::CONTENT_TYPE)
    };
    Ok(kinds.any(is_lines))
}

/// A place among those who wait or stream.
fn enter(app: &App, caller: &Caller) -> Result<Place, Problem> {
    app.service.enter_feed(caller).map_err(|crowded| {
        let (status, detail) = match crowded {
            Crowded::Caller => (
                StatusCode::TOO_MANY_REQUESTS,
                "the caller streams events, or waits for them, as often as one may at once",
            ),
            Crowded::Everybody => (
                StatusCode::SERVICE_UNAVAILABLE,
                "as many stream events, or wait for them, as may at once",
            ),
        };
        Problem::new(status, "too_many_readers", detail)
    })
}
