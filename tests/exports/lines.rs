//! What an export holds, and that it stops at nothing less than all of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use muster_tests::audit::Audit;
use muster_tests::cli;
use serde_json::{Value, json};

use crate::{Export, FORMATS, only, world};

#[test]
fn lines_are_the_facts_of_the_feed_with_their_records() {
    let export = Export::take("jsonl", &[]);
    let told: Vec<Value> = export
        .lines()
        .iter()
        .map(|line| {
            let mut fact: Value = serde_json::from_str(line).expect("a line is JSON");
            let record = fact.as_object_mut().expect("an object").remove("record");
            let record = record.expect("a record");
            let record = BASE64.decode(record.as_str().expect("text")).expect("base64");
            assert!(record.len() > 79, "it has a head");
            fact
        })
        .collect();
    let feed = Audit::new(&world().server).facts("/v1/events");
    assert_eq!(told, feed[..told.len()]);
    let body = export.manifest()["body"].take();
    assert_eq!((&body["count"], &body["to"]), (&json!(told.len()), &json!(told.len())));
    assert_eq!(body["cover"], "", "nothing is left out");
    // It says of itself what it took.
    let of_itself = feed.iter().rfind(|fact| {
        let sentence = fact["sentence"].as_str().unwrap_or_default();
        sentence.contains(body["sha256"].as_str().expect("a hash"))
    });
    assert_eq!(of_itself.expect("it is a fact")["event"], "system.events_exported");
}

#[test]
fn a_filter_leaves_out_the_rest_and_its_manifest_still_leads_to_the_root() {
    let World { username, password, user_id, .. } = &world().person.clone().into();
    let filters: [&[&str]; 8] = [
        &["--user", username],
        &["--actor", username],
        &["--actor", "operator"],
        &["--user", username, "--event", "user.locked,session."],
        &["--field", "locked"],
        &["--after", "5", "--to", "9"],
        &["--since", "2000-01-01T00:00:00Z", "--until", "2001-01-01T00:00:00Z"],
        &["--to", "0"],
    ];
    let mut audit = Audit::new(&world().server);
    for filter in filters {
        for format in FORMATS {
            let export = Export::take(format, filter);
            export.holds(&[]);
            let body = export.manifest()["body"].take();
            let header = usize::from(format == "csv");
            assert_eq!(body["count"], json!(export.lines().len() - header), "{filter:?}");
        }
    }
    let whole = audit.history(username);
    let export = Export::take("jsonl", &["--user", user_id_as_ulid(user_id).as_str()]);
    let positions: Vec<Value> = export.lines().iter().map(|line| position(line)).collect();
    let expected: Vec<Value> = whole.iter().map(|fact| fact["position"].clone()).collect();
    assert_eq!(positions, expected);
    assert!(!export.text().contains(password.as_str()) && !export.text().contains("argon2"));
}

/// Of the shared person, what the test asks about.
struct World {
    username: String,
    password: String,
    user_id: String,
}

impl From<muster_tests::zato::Person> for World {
    fn from(person: muster_tests::zato::Person) -> Self {
        let muster_tests::zato::Person { username, password, user_id, .. } = person;
        Self { username, password, user_id }
    }
}

fn user_id_as_ulid(zato: &str) -> String {
    format!("{:0>26}", zato.trim_start_matches("zusr")).to_uppercase()
}

fn position(line: &str) -> Value {
    serde_json::from_str::<Value>(line).expect("a line is JSON")["position"].clone()
}

#[test]
fn what_is_there_is_not_overwritten_unless_told_so() {
    let export = Export::take("jsonl", &[]);
    let before = export.text();
    let data = world().server.data();
    let out = export.file.to_str().expect("a path is text");
    let refused = cli::run(&data, &["export", "--out", out]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(cli::text(&refused.stderr).contains("--force"));
    assert_eq!(export.text(), before);
    let _only = only();
    let told = cli::objects(&data, &["export", "--out", out, "--force"]);
    assert_eq!(told[0]["facts"], json!(export.lines().len()));
    export.holds(&[]);
    let parts = std::fs::read_dir(export.scratch.path()).expect("a directory");
    let names: Vec<_> = parts.map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().ends_with(".part")), "{names:?}");
}

#[test]
fn lines_go_to_standard_output_if_asked() {
    let export = Export::take("jsonl", &[]);
    let data = world().server.data();
    let manifest = export.manifest_file();
    let manifest = manifest.to_str().expect("a path is text");
    let needs_a_manifest = cli::run(&data, &["export", "--out", "-"]);
    assert_eq!(needs_a_manifest.status.code(), Some(2));
    let arguments = ["export", "--out", "-", "--manifest", manifest, "--force"];
    let _only = only();
    let lines = cli::succeed(&data, &arguments);
    export.write(&lines);
    export.holds(&[]);
}
