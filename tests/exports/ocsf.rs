//! Exports in the Open Cybersecurity Schema Framework, held to its schema.

use std::collections::BTreeMap;

use muster_tests::ocsf;
use serde_json::{Value, json};
use service::export::ocsf::{OTHER, VERSION, of};
use store::schema::golden::samples;

use crate::Export;

const PAGE: &str = include_str!("../../docs/export.md");

#[test]
fn every_line_of_an_export_is_an_event_of_the_schema() {
    let export = Export::take("ocsf", &[]);
    let mut classes = BTreeMap::new();
    for line in export.lines() {
        let event: Value = serde_json::from_str(&line).expect("a line is JSON");
        let faults = ocsf::faults(&event);
        assert!(faults.is_empty(), "{faults:?}: {line}");
        *classes.entry(event["class_uid"].as_u64()).or_insert(0) += 1;
    }
    assert!(classes.len() >= 3, "{classes:?}");
}

#[test]
fn the_schema_finds_what_is_wrong() {
    let export = Export::take("ocsf", &["--event", "user.locked"]);
    let line = export.lines().swap_remove(0);
    let sound: Value = serde_json::from_str(&line).expect("a line is JSON");
    assert_eq!(ocsf::faults(&sound), Vec::<String>::new());
    let wrong: [(&str, Value); 9] = [
        ("/class_uid", json!(9999)),
        ("/category_uid", json!(6)),
        ("/activity_id", json!(77)),
        ("/type_uid", json!(1)),
        ("/time", json!("yesterday")),
        ("/metadata/product", json!({})),
        ("/metadata/version", json!("0.1.0")),
        ("/user", json!({"type_id": 1})),
        ("/user/uid", json!(5)),
    ];
    for (place, value) in wrong {
        let mut event = sound.clone();
        *event.pointer_mut(place).expect("it is there") = value;
        assert!(!ocsf::faults(&event).is_empty(), "{place}");
    }
    for key in ["user", "metadata", "time", "severity_id"] {
        let mut event = sound.clone();
        event.as_object_mut().expect("an object").remove(key);
        assert!(!ocsf::faults(&event).is_empty(), "{key}");
    }
    let mut event = sound;
    event["colour"] = json!("red");
    assert_eq!(ocsf::faults(&event), ["event.colour is not in the schema"]);
}

#[test]
fn every_event_has_a_class_and_an_activity_and_the_page_lists_them() {
    assert_eq!(ocsf::SCHEMA["version"], VERSION);
    let mut listed = BTreeMap::new();
    for event in samples() {
        let activity = of(&event);
        let class = ocsf::class(activity.class.uid().into()).expect("a class of the schema");
        assert!(ocsf::has_activity(class, activity.activity.into()), "{}", event.name());
        assert_eq!(class["category_uid"], json!(activity.class.category()));
        let (uid, number) = (activity.class.uid(), activity.activity);
        let status = if activity.failed { "failure" } else { "success" };
        listed
            .insert(event.name(), format!("| `{}` | {uid} | {number} | {status} |", event.name()));
    }
    assert!(listed.values().any(|row| row.contains(&format!(" {OTHER} "))));
    for row in listed.values() {
        assert!(PAGE.contains(row.as_str()), "docs/export.md lacks the row\n{row}");
    }
    let begins_with_an_event =
        |line: &&str| line.starts_with("| `") && line.matches('|').count() == 5;
    let rows = PAGE.lines().filter(begins_with_an_event);
    let known = |row: &str| listed.values().any(|listed| listed == row);
    let unknown: Vec<_> = rows.filter(|row| row.contains('.') && !known(row)).collect();
    assert_eq!(unknown, Vec::<&str>::new(), "rows of no event");
}
