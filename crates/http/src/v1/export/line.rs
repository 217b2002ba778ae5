//! A fact as JSON, written without building it first: an export writes millions.
//!
//! It says exactly what [`wire::fact`](super::super::wire::fact) says, which a test holds it to.

use std::fmt::Display;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::actor::{Dialect, Origin};
use domain::description::{Change, Shown};
use domain::fact::{Part, Stream};
use domain::time::Timestamp;
use serde_json::Value;
use service::export::Row;
use service::history::{Told, actor_kind};

use crate::dates;

/// Appends a line of JSON Lines: the fact, and its record.
pub fn jsonl(row: &Row<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    fields(row.told, out);
    out.extend_from_slice(b",\"record\":");
    record(row.record, out);
    out.push(b'}');
}

/// Appends a record as a JSON string.
pub fn record(record: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    base64(record, out);
    out.push(b'"');
}

/// Appends base64.
pub fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = BASE64.encode_slice(bytes, &mut out[start..]);
    out.truncate(start + written.expect("there is room for four letters of three bytes"));
}

/// Appends the keys of a fact and their values.
pub fn fields(told: &Told, out: &mut Vec<u8>) {
    let head = &told.head;
    put(out, format_args!("\"position\":{},\"stream\":{{\"kind\":\"", head.position.0));
    match head.stream {
        Stream::User(id) => put(out, format_args!("user\",\"id\":\"{id}\"")),
        Stream::Session(id) => put(out, format_args!("session\",\"id\":\"{id}\"")),
        Stream::System => out.extend_from_slice(b"system\",\"id\":null"),
    }
    put(out, format_args!(",\"version\":{}}},\"at\":\"", head.version));
    moment(head.at, out);
    out.extend_from_slice(b"\",\"event\":");
    text(told.event, out);
    out.extend_from_slice(b",\"sentence\":");
    text_or_null(told.description.as_ref().map(|told| told.sentence.as_str()), out);
    out.extend_from_slice(b",\"changes\":");
    changes(told, out);
    put(out, format_args!(",\"actor\":{{\"kind\":\"{}\",\"id\":", actor_kind(head.actor)));
    id_or_null(head.actor.user(), out);
    out.extend_from_slice(b",\"name\":");
    text_or_null(told.actor_name.as_deref(), out);
    out.extend_from_slice(b"},\"via\":");
    via(told, out);
}

/// Appends what changed, or null where nobody can say any more.
pub fn changes(told: &Told, out: &mut Vec<u8>) {
    let Some(description) = &told.description else {
        return out.extend_from_slice(b"null");
    };
    out.push(b'[');
    for (n, change) in description.changes.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        put_change(change, out);
    }
    out.push(b']');
}

/// Appends how it was asked, and from where.
pub fn via(told: &Told, out: &mut Vec<u8>) {
    let head = &told.head;
    let command = head.command.name();
    let dialect = dialect(head.dialect);
    put(out, format_args!("{{\"dialect\":\"{dialect}\",\"command\":\"{command}\""));
    out.extend_from_slice(b",\"application\":");
    text_or_null(told.application.as_deref(), out);
    out.extend_from_slice(b",\"credential\":");
    id_or_null(head.credential.map(|credential| credential.0), out);
    match &told.origin {
        Some(Part::Open(origin)) => put_origin(origin, out),
        Some(Part::Erased) => out.extend_from_slice(b",\"origin\":\"erased\""),
        None => {}
    }
    out.push(b'}');
}

/// A dialect, outside the code.
pub fn dialect(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Native => "muster",
        Dialect::Zato => "zato",
    }
}

/// Appends a moment as RFC 3339, with microseconds, in UTC.
pub fn moment(at: Timestamp, out: &mut Vec<u8>) {
    let civil = dates::civil(at);
    let micros = at.0.rem_euclid(1_000_000);
    let (date, time) = (civil.date(), civil.time());
    put(
        out,
        format_args!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{micros:06}Z",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        ),
    );
}

/// Appends a JSON string.
pub fn text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("text goes into memory");
}

/// Appends a JSON string, or null.
pub fn text_or_null(optional: Option<&str>, out: &mut Vec<u8>) {
    match optional {
        Some(known) => text(known, out),
        None => out.extend_from_slice(b"null"),
    }
}

/// Appends what is no text of anybody's.
pub fn put(out: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).expect("memory takes what is written");
}

fn id_or_null(id: Option<impl Display>, out: &mut Vec<u8>) {
    match id {
        Some(id) => put(out, format_args!("\"{id}\"")),
        None => out.extend_from_slice(b"null"),
    }
}

fn put_origin(origin: &Origin, out: &mut Vec<u8>) {
    let parts = [
        ("address", &origin.address),
        ("agent", &origin.agent),
        ("request_id", &origin.request),
        ("operator", &origin.operator),
    ];
    for (key, known) in parts {
        if let Some(known) = known {
            put(out, format_args!(",\"{key}\":"));
            text(known, out);
        }
    }
}

fn put_change(change: &Change, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"field\":");
    text(&change.field, out);
    for (key, value) in [("old", &change.old), ("new", &change.new)] {
        put(out, format_args!(",\"{key}\":"));
        match value {
            None => out.extend_from_slice(b"null"),
            Some(Shown::Text(known)) => text(known, out),
            Some(Shown::Flag(flag)) => put(out, format_args!("{flag}")),
            Some(Shown::Time(at)) => {
                out.push(b'"');
                moment(*at, out);
                out.push(b'"');
            }
            Some(Shown::Json(json)) => put_json(json, out),
            Some(Shown::Long) => out.extend_from_slice(b"{\"long\":true}"),
            Some(Shown::Secret) => out.extend_from_slice(b"{\"secret\":true}"),
        }
    }
    out.push(b'}');
}

/// JSON as somebody sent it may be spread over lines; written anew, it is on one.
fn put_json(json: &str, out: &mut Vec<u8>) {
    let value = serde_json::from_str(json).unwrap_or(Value::Null);
    serde_json::to_writer(out, &value).expect("a value goes into memory");
}
