//! A fact as an event of the Open Cybersecurity Schema Framework, version 1.5. What is not in its classes
//! (the fact as `/v1` tells it, and its record) stands under `unmapped`.

use std::net::IpAddr;

use domain::actor::{Actor, Origin};
use domain::fact::{Part, Stream};
use domain::id::UserId;
use service::export::Row;
use service::export::ocsf::{Class, OTHER, UNKNOWN, VERSION};
use service::history::Told;

use super::line::{self, put, text};

/// What the program is called.
const PRODUCT: &str = "Muster";
/// Types of users, as the schema numbers them.
const TYPE_UNKNOWN: u8 = 0;
const TYPE_USER: u8 = 1;
const TYPE_SYSTEM: u8 = 3;

/// Appends a line.
pub fn event(row: &Row<'_>, out: &mut Vec<u8>) {
    let (told, activity) = (row.told, row.activity);
    let (class, number) = (activity.class, activity.activity);
    let uid = class.uid();
    out.push(b'{');
    put(out, format_args!("\"class_uid\":{uid},\"category_uid\":{}", class.category()));
    let type_uid = u64::from(uid) * 100 + u64::from(number);
    put(out, format_args!(",\"activity_id\":{number},\"type_uid\":{type_uid}"));
    if number == OTHER {
        out.extend_from_slice(b",\"activity_name\":");
        text(told.event, out);
    }
    let (severity, status) = if activity.failed { (2, 2) } else { (1, 1) };
    let status = if number == UNKNOWN { 0 } else { status };
    put(out, format_args!(",\"severity_id\":{severity},\"status_id\":{status}"));
    put(out, format_args!(",\"time\":{}", told.head.at.0.div_euclid(1_000)));
    out.extend_from_slice(b",\"message\":");
    let sentence = told.description.as_ref().map(|told| told.sentence.as_str());
    text(sentence.unwrap_or("Erased"), out);
    metadata(told, out);
    actor(told, class, out);
    endpoint(told, class, out);
    of_class(row, out);
    out.extend_from_slice(b",\"unmapped\":{\"fact\":{");
    line::fields(told, out);
    out.extend_from_slice(b"},\"record\":");
    line::record(row.record, out);
    out.extend_from_slice(b"}}");
}

fn metadata(told: &Told, out: &mut Vec<u8>) {
    put(out, format_args!(",\"metadata\":{{\"version\":\"{VERSION}\",\"product\":"));
    put(out, format_args!("{{\"name\":\"{PRODUCT}\",\"vendor_name\":\"{PRODUCT}\""));
    put(out, format_args!(",\"version\":\"{}\"}}", env!("CARGO_PKG_VERSION")));
    let position = told.head.position.0;
    put(out, format_args!(",\"uid\":\"{position}\",\"sequence\":{position}"));
    out.extend_from_slice(b",\"log_name\":\"facts\"");
    put(out, format_args!(",\"event_code\":\"{}\"", told.event));
    out.extend_from_slice(b",\"original_time\":\"");
    line::moment(told.head.at, out);
    out.push(b'"');
    if let Some(request) = origin(told).and_then(|origin| origin.request.as_deref()) {
        out.extend_from_slice(b",\"correlation_uid\":");
        text(request, out);
    }
    out.push(b'}');
}

fn origin(told: &Told) -> Option<&Origin> {
    match &told.origin {
        Some(Part::Open(origin)) => Some(origin),
        Some(Part::Erased) | None => None,
    }
}

/// Who did it. A class that needs an actor gets the program through which nobody in particular came.
fn actor(told: &Told, class: Class, out: &mut Vec<u8>) {
    let application = told.application.as_deref();
    match told.head.actor {
        Actor::User(id) => acting(Some(id), told.actor_name.as_deref(), TYPE_USER, out),
        Actor::Machine(id) => acting(Some(id), told.actor_name.as_deref(), TYPE_SYSTEM, out),
        Actor::Operator => {
            let operator = origin(told).and_then(|origin| origin.operator.as_deref());
            acting(None, Some(operator.unwrap_or("operator")), TYPE_UNKNOWN, out);
        }
        Actor::System => acting(None, Some(PRODUCT), TYPE_SYSTEM, out),
        Actor::Anonymous if application.is_some() || class == Class::ApiActivity => {
            out.extend_from_slice(b",\"actor\":{\"app_name\":");
            text(application.unwrap_or("anonymous"), out);
            out.push(b'}');
            return;
        }
        Actor::Anonymous => return,
    }
    if let Some(application) = application {
        out.extend_from_slice(b",\"app_name\":");
        text(application, out);
    }
    out.push(b'}');
}

fn acting(id: Option<UserId>, name: Option<&str>, kind: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"actor\":{\"user\":");
    user(id, name, kind, out);
}

fn user(id: Option<UserId>, name: Option<&str>, kind: u8, out: &mut Vec<u8>) {
    put(out, format_args!("{{\"type_id\":{kind}"));
    if let Some(id) = id {
        put(out, format_args!(",\"uid\":\"{id}\""));
    }
    if let Some(name) = name {
        out.extend_from_slice(b",\"name\":");
        text(name, out);
    }
    out.push(b'}');
}

/// From where, and with what.
fn endpoint(told: &Told, class: Class, out: &mut Vec<u8>) {
    let known = origin(told);
    let address = known.and_then(|origin| origin.address.as_deref());
    let mut parts = address.unwrap_or_default().split(',').map(str::trim);
    let address = parts.find_map(|part| part.parse::<IpAddr>().ok());
    match address {
        Some(address) => put(out, format_args!(",\"src_endpoint\":{{\"ip\":\"{address}\"}}")),
        None if class == Class::ApiActivity => {
            put(out, format_args!(",\"src_endpoint\":{{\"svc_name\":\"{PRODUCT}\"}}"));
        }
        None => {}
    }
    if let Some(agent) = known.and_then(|origin| origin.agent.as_deref()) {
        out.extend_from_slice(b",\"http_request\":{\"user_agent\":");
        text(agent, out);
        out.push(b'}');
    }
}

/// What a class has that the others have not.
fn of_class(row: &Row<'_>, out: &mut Vec<u8>) {
    let told = row.told;
    match row.activity.class {
        Class::ApiActivity => {
            put(out, format_args!(",\"api\":{{\"operation\":\"{}\"}}", told.head.command.name()));
        }
        Class::AccountChange => about(row, out),
        Class::Authentication => {
            about(row, out);
            put(out, format_args!(",\"service\":{{\"name\":\"{PRODUCT}\"}}"));
            if let Stream::Session(id) = told.head.stream {
                put(out, format_args!(",\"session\":{{\"uid\":\"{id}\"}}"));
            }
        }
        Class::UserAccess => {
            about(row, out);
            let right = row.activity.privilege.unwrap_or_default();
            put(out, format_args!(",\"privileges\":[\"{right}\"]"));
        }
    }
}

/// Whom it is about. Under a name that nobody has, nobody is.
fn about(row: &Row<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"user\":");
    match row.about {
        Some(id) => {
            let is_actor = row.told.head.actor.user() == Some(id);
            let name = row.told.actor_name.as_deref().filter(|_| is_actor);
            user(Some(id), name, TYPE_UNKNOWN, out);
        }
        None => user(None, Some("unknown"), TYPE_UNKNOWN, out),
    }
}
