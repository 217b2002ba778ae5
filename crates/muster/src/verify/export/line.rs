//! What a line of an export says, and what the record in it says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::actor::Dialect;
use domain::fact::{Head, Stream};
use domain::id::Position;
use http::dates::rfc3339;
use serde_json::{Value, json};
use service::history::actor_kind;
use store::record;
use store::tree::{Hash, leaf_hash};

use super::manifest::Form;

/// A line, as far as it can be read.
pub struct Line {
    /// The position that it says.
    pub position: Option<u64>,
    /// The hash of its record as a leaf of the tree, if there is one.
    pub leaf: Option<Hash>,
    /// Where it and its record differ, in words.
    pub differences: Vec<String>,
}

/// The columns of a row that its record says too, with the place of each.
const COLUMNS: [(usize, &str, &str); 8] = [
    (0, "position", "/position"),
    (1, "at", "/at"),
    (3, "stream_kind", "/stream/kind"),
    (4, "stream_id", "/stream/id"),
    (5, "version", "/stream/version"),
    (6, "actor_kind", "/actor/kind"),
    (7, "actor_id", "/actor/id"),
    (11, "via", "/via"),
];
/// The columns of a row.
const COLUMNS_LEN: usize = 13;
const RECORD_COLUMN: usize = 12;
/// What a record says of how a fact was asked for.
const VIA: [&str; 3] = ["dialect", "command", "credential"];

/// Reads a line.
pub fn read(form: Form, line: &[u8]) -> Line {
    let Ok(text) = std::str::from_utf8(line) else { return unreadable() };
    let read = match form {
        Form::Jsonl => serde_json::from_str(text).ok().map(|fact: Value| {
            let record = fact["record"].clone();
            (fact, record, Vec::new())
        }),
        Form::Ocsf => serde_json::from_str(text).ok().map(|event: Value| {
            let fact = event["unmapped"]["fact"].clone();
            let record = event["unmapped"]["record"].clone();
            let repeats = repeated(&event, &fact);
            (fact, record, repeats)
        }),
        Form::Csv => row(text),
    };
    let Some((fact, record, mut differences)) = read else { return unreadable() };
    let position = fact["position"].as_u64();
    let record = record.as_str().and_then(|text| BASE64.decode(text).ok());
    let Some(record) = record else {
        return Line { position, leaf: None, differences: vec!["it has no record".to_owned()] };
    };
    match record::head(Position(position.unwrap_or_default()), &record) {
        Ok(sealed) => compare(&fact, &sealed.head, &mut differences),
        Err(error) => differences.push(error.to_string()),
    }
    Line { position, leaf: Some(leaf_hash(&record)), differences }
}

fn unreadable() -> Line {
    Line { position: None, leaf: None, differences: vec!["it cannot be read".to_owned()] }
}

/// What the head of a record says in clear, as a line has it.
fn said_by(head: &Head) -> Value {
    let (kind, id) = match head.stream {
        Stream::User(id) => ("user", Some(id.to_string())),
        Stream::Session(id) => ("session", Some(id.to_string())),
        Stream::System => ("system", None),
    };
    let dialect = match head.dialect {
        Dialect::Native => "muster",
        Dialect::Zato => "zato",
    };
    json!({
        "stream": { "kind": kind, "id": id, "version": head.version },
        "at": rfc3339(head.at),
        "actor": {
            "kind": actor_kind(head.actor),
            "id": head.actor.user().map(|id| id.to_string()),
        },
        "via": {
            "dialect": dialect,
            "command": head.command.name(),
            "credential": head.credential.map(|id| id.0.to_string()),
        },
    })
}

fn compare(fact: &Value, head: &Head, differences: &mut Vec<String>) {
    let said = said_by(head);
    for part in ["/at", "/stream", "/actor/kind", "/actor/id"] {
        differ(part, fact.pointer(part), said.pointer(part), differences);
    }
    for key in VIA {
        let (told, sealed) = (&fact["via"][key], &said["via"][key]);
        differ(&format!("/via/{key}"), Some(told), Some(sealed), differences);
    }
}

fn differ(part: &str, told: Option<&Value>, sealed: Option<&Value>, differences: &mut Vec<String>) {
    if told != sealed {
        let name = part.trim_start_matches('/').replace('/', ".");
        let shown = |value: Option<&Value>| value.unwrap_or(&Value::Null).to_string();
        let (told, sealed) = (shown(told), shown(sealed));
        differences.push(format!("`{name}` is {told}, and its record says {sealed}"));
    }
}

/// What an event of the framework says of a fact beside it.
fn repeated(event: &Value, fact: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    let metadata = &event["metadata"];
    differ("/metadata/sequence", metadata.get("sequence"), fact.get("position"), &mut differences);
    differ(
        "/metadata/original_time",
        metadata.get("original_time"),
        fact.get("at"),
        &mut differences,
    );
    let event_name = Some(&fact["event"]).filter(|name| !name.is_null());
    differ("/metadata/event_code", metadata.get("event_code"), event_name, &mut differences);
    let millis = fact["at"].as_str().and_then(http::dates::parse_rfc3339);
    let millis = millis.map(|at| json!(at.0.div_euclid(1_000)));
    differ("/time", event.get("time"), millis.as_ref(), &mut differences);
    differences
}

/// A row, as a fact has what its record says too.
fn row(text: &str) -> Option<(Value, Value, Vec<String>)> {
    let cells = cells(text)?;
    if cells.len() != COLUMNS_LEN {
        return None;
    }
    let mut fact = json!({ "stream": {}, "actor": {} });
    for (at, name, place) in COLUMNS {
        let cell = cells[at].as_str();
        let value = match name {
            "position" | "version" => cell.parse::<u64>().ok().map(|number| json!(number)),
            "via" => serde_json::from_str(cell).ok(),
            _ if cell.is_empty() => Some(Value::Null),
            _ => Some(json!(cell)),
        };
        let (parent, key) = place.rsplit_once('/')?;
        fact.pointer_mut(parent)?.as_object_mut()?.insert(key.to_owned(), value?);
    }
    Some((fact, json!(cells[RECORD_COLUMN]), Vec::new()))
}

/// The cells of a row (RFC 4180).
fn cells(row: &str) -> Option<Vec<String>> {
    let (mut cells, mut is_quoted) = (vec![String::new()], false);
    let mut chars = row.chars().peekable();
    while let Some(char) = chars.next() {
        let cell = cells.last_mut()?;
        match char {
            '"' if is_quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            char => cell.push(char),
        }
    }
    (!is_quoted).then_some(cells)
}
