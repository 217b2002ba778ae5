//! Taking a part of the log away: lines while they are made, and the manifest afterwards.

mod csv;
mod line;
mod manifest;
mod ocsf;
#[cfg(test)]
mod tests;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::id::Position;
use domain::policy::Act;
use hyper::body::Frame;
use service::Failure;
use service::export::{self, Form, LINES_MAX, Outcome, Refused};
use tokio::sync::mpsc;

use super::asked::{self, Asked};
use super::errors::Problem;
use super::wire::{Authenticated, Segment};
use crate::App;

/// The id of an export, under which its manifest is fetched.
pub const EXPORT: HeaderName = HeaderName::from_static("x-muster-export");
/// The last position that it looks at.
pub const LAST: HeaderName = HeaderName::from_static("x-muster-export-to");
/// What is asked of an export beside a filter.
const ASKED: [&str; 3] = ["format", "after", "to"];

/// A form and the type of its answers.
struct Written {
    form: Form,
    kind: &'static str,
}

/// `GET /v1/export`: what was asked for, line by line.
pub async fn begin(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.only(&[&ASKED, &asked::FILTER])?;
    let Written { form, kind } = form(asked.text("format").unwrap_or("jsonl"))?;
    let (after, to) = (asked.number("after")?.unwrap_or(0), asked.number("to")?);
    app.service.permits(&caller, Act::Audit, None)?;
    let asked = export::Asked {
        form,
        filter: asked.filter(&app.service)?,
        after: Position(after),
        to: to.map(Position),
        query: asked.sorted(),
    };
    let begun = app.service.export(caller, asked).await.map_err(problem)?;
    let mut response = Body::new(Lines(begun.chunks)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let id = HeaderValue::from_str(&begun.id.to_string());
    headers.insert(EXPORT, id.expect("a ULID is letters and digits"));
    headers.insert(LAST, HeaderValue::from(begun.to.0));
    Ok(response)
}

/// `GET /v1/exports/{id}/manifest`: what an export handed out, signed.
pub async fn manifest_of(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Segment(id): Segment,
) -> Result<Response, Problem> {
    let unknown = || {
        let detail = "no such export: it broke off, or was long ago; only a few manifests are kept";
        Problem::new(StatusCode::NOT_FOUND, "no_such_export", detail)
    };
    let id = id.parse().map_err(|_| unknown());
    app.service.permits(&caller, Act::Audit, None)?;
    let id = id?;
    let kept = match app.service.export_outcome(&caller, id)? {
        Outcome::Ended(manifest) => manifest,
        Outcome::Running => {
            let detail = "the export still runs; its manifest is there when the last line was sent";
            return Err(Problem::new(StatusCode::CONFLICT, "export_runs", detail));
        }
        Outcome::Unknown => return Err(unknown()),
    };
    let made = app.service.blocking(move |service| {
        let body = manifest::body(&kept, &service.store().origin().to_string());
        let note = service.sign_manifest(id, &body)?;
        Ok(manifest::whole(&body, &note))
    });
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, made.await?).into_response())
}

fn form(name: &str) -> Result<Written, Problem> {
    const LINES: &str = "application/x-ndjson";
    let json = |name, line: export::Pen| Written {
        form: Form { name, header: None, line_end: "\n", line },
        kind: LINES,
    };
    match name {
        "jsonl" => Ok(json("jsonl", line::jsonl)),
        "ocsf" => Ok(json("ocsf", ocsf::event)),
        "csv" => Ok(Written {
            form: Form {
                name: "csv",
                header: Some(csv::HEADER.to_owned()),
                line_end: csv::LINE_END,
                line: csv::row,
            },
            kind: "text/csv; charset=utf-8; header=present",
        }),
        _ => Err(Problem::parameter("`format` is none of `jsonl`, `csv`, `ocsf`")),
    }
}

fn problem(refused: Refused) -> Problem {
    let (status, code, detail) = match refused {
        Refused::Failed(failure) => return Failure::into(failure),
        Refused::OneRuns => {
            (StatusCode::CONFLICT, "export_runs", "the caller's other export still runs".to_owned())
        }
        Refused::TooMany => (
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "too many exports run; later there may be room".to_owned(),
        ),
        Refused::TooLong => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "export_too_long",
            format!("an export has at most {LINES_MAX} lines: ask for less, by `after` and `to`"),
        ),
    };
    Problem::new(status, code, detail)
}

/// The lines as a body: what is not read waits where they are made.
struct Lines(mpsc::Receiver<io::Result<Vec<u8>>>);

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let chunk = self.get_mut().0.poll_recv(context);
        chunk.map(|chunk| chunk.map(|chunk| chunk.map(|bytes| Frame::data(bytes.into()))))
    }
}
