use domain::actor::{Actor, ApplicationNumber, Credential, Dialect, Origin};
use domain::description::{Change, Description, Shown};
use domain::fact::{CommandName, Head, Part, Stream};
use domain::id::{Identifier, Position, SessionId, Slot, UserId};
use domain::time::Timestamp;
use serde_json::{Value, json};
use service::export::Row;
use service::export::ocsf::{Activity, Class};
use service::history::Told;

use super::{csv, line, ocsf};
use crate::v1::wire;

fn user() -> UserId {
    UserId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap()
}

/// Facts that have every kind of value, and none.
fn samples() -> Vec<Told> {
    let head = Head {
        position: Position(12),
        stream: Stream::User(user()),
        version: 7,
        at: Timestamp(1_700_000_000_123_456),
        actor: Actor::User(user()),
        credential: Some(Credential(user().ulid())),
        command: CommandName::Amend,
        dialect: Dialect::Zato,
        application: ApplicationNumber(1),
        slot: Slot(9),
    };
    let session = SessionId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAX").unwrap();
    let shown = |new| Change::new("a \"field\"", Shown::text("=1+1\n\u{2028}\\"), new);
    let changes = vec![
        shown(None),
        shown(Some(Shown::Flag(true))),
        shown(Some(Shown::Time(Timestamp::NEVER))),
        shown(Some(Shown::Json("{\n \"a\": [1.50, \"x\\ny\"]}".into()))),
        shown(Some(Shown::Long)),
        shown(Some(Shown::Secret)),
    ];
    let origin = Origin {
        address: Some("127.0.0.1, ::1".into()),
        agent: Some("curl \"8\"".into()),
        request: Some("4f2d".into()),
        operator: None,
    };
    let full = Told {
        head: head.clone(),
        event: "user.profile_changed",
        origin: Some(Part::Open(origin)),
        description: Some(Description::new("=It \"said\",\r\nso", changes)),
        actor_name: Some("@ada".to_owned()),
        application: Some("CRM".to_owned()),
    };
    let erased = Told {
        head: Head { stream: Stream::Session(session), actor: Actor::Anonymous, ..head.clone() },
        event: "session.started",
        origin: Some(Part::Erased),
        description: None,
        actor_name: None,
        application: None,
    };
    let system = Told {
        head: Head {
            stream: Stream::System,
            actor: Actor::System,
            credential: None,
            dialect: Dialect::Native,
            ..head
        },
        event: "system.views_rebuilt",
        origin: None,
        description: Some(Description::new("Rebuilt", vec![])),
        ..erased.clone()
    };
    vec![full, erased, system]
}

fn written(told: &Told, line: impl Fn(&Row<'_>, &mut Vec<u8>)) -> String {
    let activity =
        Activity { class: Class::AccountChange, activity: 99, failed: false, privilege: None };
    let mut out = Vec::new();
    line(&Row { told, about: Some(user()), activity, record: b"\0record" }, &mut out);
    let line = String::from_utf8(out).unwrap();
    assert!(!line.contains(['\n', '\r']), "{line}");
    line
}

#[test]
fn a_line_says_what_the_feed_says_and_the_record() {
    for told in samples() {
        let mut expected = wire::fact(&told);
        expected["record"] = json!("AHJlY29yZA==");
        let line = written(&told, line::jsonl);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
        let event: Value = serde_json::from_str(&written(&told, ocsf::event)).unwrap();
        assert_eq!(event["unmapped"]["record"], expected["record"]);
        expected.as_object_mut().unwrap().remove("record");
        assert_eq!(event["unmapped"]["fact"], expected);
    }
}

#[test]
fn a_row_has_a_cell_for_every_column_and_none_is_a_formula() {
    for told in samples() {
        let row = written(&told, csv::row);
        let cells = cells(&row);
        assert_eq!(cells.len(), csv::HEADER.split(',').count(), "{row}");
        let dangerous = |cell: &&String| cell.starts_with(['=', '+', '-', '@', '\t']);
        assert_eq!(cells.iter().find(dangerous), None, "{row}");
        let fact = wire::fact(&told);
        let json = |cell: &str| match cell {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap(),
        };
        assert_eq!(json(&cells[10]), fact["changes"]);
        assert_eq!(json(&cells[11]), fact["via"]);
        assert_eq!(cells[12], "AHJlY29yZA==");
    }
    let row = written(&samples()[0], csv::row);
    assert_eq!(cells(&row)[8..10], ["'@ada", r#"'=It "said",\r\nso"#]);
}

/// The cells of a row, as RFC 4180 has them.
fn cells(row: &str) -> Vec<String> {
    let (mut cells, mut is_quoted) = (vec![String::new()], false);
    let mut chars = row.chars().peekable();
    while let Some(char) = chars.next() {
        let cell = cells.last_mut().unwrap();
        match char {
            '"' if is_quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            char => cell.push(char),
        }
    }
    cells
}
