//! Facts as they happen, as Server-Sent Events: gapless from wherever the reader was.

use std::pin::pin;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use domain::policy::Act;
use service::feed::Feed;
use service::history::Told;

use super::super::asked::{self, Asked};
use super::super::errors::Problem;
use super::super::wire::{self, Authenticated};
use super::enter;
use crate::App;
use crate::streaming::{Room, Sender, channel};

/// Facts that are read together for one stream, and held until its reader took them.
pub const BATCH_FACTS: usize = 64;
/// Where a reader that comes back says how far it came; it counts over `after`.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// `GET /v1/events/stream`: all facts after a position, and then each as it happens.
pub async fn open(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.only(&[&["after"], &asked::FILTER])?;
    let after = match headers.get(LAST_EVENT_ID) {
        None => asked.after(&app.service)?,
        Some(id) => {
            let id = id.to_str().unwrap_or_default();
            asked::parse_cursor(&app.service, LAST_EVENT_ID.as_str(), id)?
        }
    };
    app.service.permits(&caller, Act::Audit, None)?;
    let filter = asked.filter(&app.service)?;
    let place = enter(&app, &caller)?;
    let feed = app.service.feed(&caller, filter, after).await?;
    let (sender, body) = channel();
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Proxies that gather answers before they pass them on would hold the news back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    tokio::spawn(async move {
        tokio::select! {
            () = follow(&app, feed, &sender) => {}
            () = app.drained() => {}
            () = sender.closed() => {}
        }
        drop(place);
    });
    Ok((headers, body).into_response())
}

/// Sends facts until the reader may not read any more. Nothing is read before there is room for it.
async fn follow(app: &App, mut feed: Feed, sender: &Sender) {
    let heartbeat = app.settings.event_heartbeat.0.unsigned_abs();
    let heartbeat = Duration::from_micros(heartbeat);
    // The first at once, if there is nothing else: then its reader knows that it is connected.
    let mut silent_for_long = pin!(tokio::time::sleep(Duration::ZERO));
    loop {
        let Some(room) = sender.room().await else { return };
        let facts = match feed.look(BATCH_FACTS).await {
            Ok(facts) => facts,
            Err(failure) => {
                tracing::debug!(%failure, "a stream of events ended");
                return;
            }
        };
        if !facts.is_empty() {
            send(app, &facts, room);
            silent_for_long.set(tokio::time::sleep(heartbeat));
            continue;
        }
        let has_more = feed.has_more();
        tokio::select! {
            biased;
            () = &mut silent_for_long => {
                beat(app, &feed, room);
                silent_for_long.set(tokio::time::sleep(heartbeat));
            }
            () = std::future::ready(()), if has_more => {}
            () = feed.news() => {}
        }
    }
}

fn send(app: &App, facts: &[Told], room: Room<'_>) {
    let event = |told: &Told| {
        let id = wire::cursor_text(&app.service, told.head.position);
        let name = told.event;
        format!("id: {id}\nevent: {name}\ndata: {}\n\n", wire::fact(told))
    };
    room.send(facts.iter().map(event).collect::<String>());
}

/// A comment, so that nobody in between takes silence for the end; and how far was looked, for facts that
/// nobody wanted are not looked at again.
fn beat(app: &App, feed: &Feed, room: Room<'_>) {
    room.send(format!(": still here\nid: {}\n\n", wire::cursor_text(&app.service, feed.seen())));
}
