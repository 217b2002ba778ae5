//! That the description is one, says everything, and nothing else.
//!
//! Beside these tests, every answer that a test of a dialect gets is held to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use muster_tests::client::ask_locally;
use muster_tests::document::{Described, Document, METHODS};
use muster_tests::operations::{OPERATIONS, built, routed};
use muster_tests::zato::Person;
use serde_json::{Value, json};

use crate::world::{server, su, zato};

fn document() -> Document {
    Document::read(&mut server().client())
}

/// All strings under a key, wherever it stands.
fn under(key: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if let Some(text) = value.as_str().filter(|_| name == key) {
                    found.push(text.to_owned());
                }
                under(key, value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| under(key, item, found)),
        _ => {}
    }
}

/// The keys of an operation's body, and its schema.
fn body_of<'a>(document: &'a Document, told: &'a Value) -> Option<&'a Value> {
    let schema = &told["requestBody"]["content"]["application/json"]["schema"];
    match schema["$ref"].as_str() {
        Some(reference) => document.resolve(reference),
        None => Some(schema).filter(|schema| schema.is_object()),
    }
}

/// What an operation takes by name: its schema, and whether it is required.
fn taken(document: &Document, told: &Value) -> BTreeMap<String, (Value, bool)> {
    let mut taken = BTreeMap::new();
    if let Some(body) = body_of(document, told) {
        for (name, schema) in body["properties"].as_object().expect("keys") {
            let required = body["required"].as_array().expect("a list").contains(&json!(name));
            taken.insert(name.clone(), (schema.clone(), required));
        }
    }
    for parameter in told["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().expect("a name").to_owned();
        let required = parameter["required"] == true;
        taken.insert(name, (parameter["schema"].clone(), required));
    }
    taken
}

#[test]
fn it_is_openapi_3_1_with_whole_references_and_names_of_its_own() {
    let document = document();
    let root = &document.0;
    assert_eq!(root["openapi"], "3.1.0");
    assert_eq!(root["info"]["license"]["identifier"], "MIT OR Apache-2.0");
    assert!(root["info"]["description"].as_str().is_some_and(|text| text.len() > 100));
    let mut references = Vec::new();
    under("$ref", root, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        assert!(document.resolve(&reference).is_some(), "{reference} leads nowhere");
    }
    let tags: BTreeSet<_> = root["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| tag["name"].clone())
        .map(|name| name.to_string())
        .collect();
    let mut ids = BTreeSet::new();
    for Described { method, path, told } in document.operations() {
        let what = format!("{method} {path}");
        let id = told["operationId"].as_str().expect("an id");
        assert!(ids.insert(id.to_owned()), "{id} twice");
        assert!(tags.contains(&told["tags"][0].to_string()), "{what} is in no group");
        for key in ["summary", "description"] {
            assert!(told[key].as_str().is_some_and(|text| !text.is_empty()), "{what}: {key}");
        }
        let in_path = path.matches('{').count();
        let described = told["parameters"].as_array().map_or(0, |parameters| {
            parameters.iter().filter(|parameter| parameter["in"] == "path").count()
        });
        assert_eq!(in_path, described, "{what}");
    }
}

#[test]
fn no_two_shapes_have_one_name() {
    // The document cannot show it: the later of them would have taken the earlier one's place.
    let mut names = BTreeSet::new();
    for file in ["zato/describe/shapes.rs", "v1/describe/shapes.rs", "openapi/own.rs"] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/http/src").join(file);
        let source = std::fs::read_to_string(source).expect("the source is there");
        let shapes = source.split("Shape {").skip(1);
        for name in
            shapes.filter_map(|rest| rest.trim().strip_prefix("name: \"")?.split('"').next())
        {
            assert!(names.insert(name.to_owned()), "{name} twice");
        }
    }
    let root = document().0;
    let shown = root["components"]["schemas"].as_object().expect("shapes");
    assert_eq!(names, shown.keys().cloned().collect());
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let document = document();
    let described: BTreeSet<String> =
        document.operations().iter().map(|operation| operation.path.to_owned()).collect();
    assert_eq!(described, routed());
    let mut client = server().client();
    for path in described {
        let target = path.replace("{file}", "page.js").replace("{id}", "nobody-at-all");
        for method in METHODS {
            let answer = client.send(method, &target, &[], b"");
            let is_there = answer.status != 405;
            assert_eq!(document.find(method, &target).is_some(), is_there, "{method} {path}");
            document.hold(method, &target, &answer);
        }
    }
}

#[test]
fn every_operation_of_the_contract_is_described_with_what_it_takes() {
    let document = document();
    for operation in built() {
        let what = format!("{} {}", operation.method, operation.path);
        let found = document.find(operation.method, operation.path).expect(&what);
        let taken = taken(&document, found.told);
        let required: BTreeSet<&str> = operation.required.iter().copied().collect();
        let said: BTreeSet<&str> = taken
            .iter()
            .filter(|(_, (_, required))| *required)
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(said, required, "{what}");
        let kinds = [
            ("string", operation.texts),
            ("boolean", operation.flags),
            ("integer", operation.integers),
        ];
        for (kind, names) in kinds {
            for name in names {
                let (schema, _) = taken.get(*name).unwrap_or_else(|| panic!("{what}: {name}"));
                let is = &schema["type"];
                assert!(is == kind || is == &json!([kind, "null"]), "{what}: {name} is {is}");
            }
        }
    }
    let zato =
        document.operations().iter().filter(|found| found.path.starts_with("/zato/sso/")).count();
    assert_eq!(zato, OPERATIONS.len());
}

#[test]
fn what_is_said_to_be_needed_is_needed() {
    let document = document();
    let mut zato = zato();
    for Described { method, path, told } in document.operations() {
        if !path.starts_with("/zato/sso/") {
            continue;
        }
        let needed: Vec<String> = taken(&document, told)
            .into_iter()
            .filter(|(_, (_, required))| *required)
            .map(|(name, _)| name)
            .collect();
        let sent = |without: &str| {
            let names = needed.iter().filter(|name| *name != without);
            // The caller is nobody, so nothing happens.
            Value::Object(names.map(|name| (name.clone(), json!("x"))).collect())
        };
        assert_ne!(zato.call_exactly(method, path, &sent("")).status, 400, "{method} {path}");
        for name in &needed {
            let answer = zato.call_exactly(method, path, &sent(name));
            assert_eq!(answer.status, 400, "{method} {path} without {name}");
        }
    }
}

#[test]
fn every_example_is_as_its_shape_says() {
    let document = document();
    for Described { method, path, told } in document.operations() {
        let what = format!("{method} {path}");
        let content = &told["requestBody"]["content"]["application/json"];
        if let Some(example) = content.get("example") {
            let fits = document.fits(&content["schema"], example);
            fits.unwrap_or_else(|why| panic!("{what}: {why}"));
        }
        for parameter in told["parameters"].as_array().into_iter().flatten() {
            if let Some(example) = parameter.get("example") {
                let fits = document.fits(&parameter["schema"], example);
                fits.unwrap_or_else(|why| panic!("{what}: {why}"));
            }
        }
        for (status, response) in told["responses"].as_object().expect("answers") {
            let shared = response["$ref"].as_str().and_then(|to| document.resolve(to));
            let response = shared.unwrap_or(response);
            for (kind, content) in response["content"].as_object().expect("content") {
                let Some(example) = content.get("example") else { continue };
                let fits = document.fits(&content["schema"], example);
                fits.unwrap_or_else(|why| panic!("{what}, {status}, {kind}: {why}"));
            }
        }
    }
}

#[test]
fn what_is_for_the_socket_alone_is_refused_to_the_network() {
    let document = document();
    let mut client = server().client();
    let authorization = format!("Bearer {}", server().first().token);
    let mut refused = 0;
    for Described { method, path, told } in document.operations() {
        let id = if path.contains("outbox") { "1" } else { "01ARZ3NDEKTSV4RRFFQ69G5FAV" };
        let target = path.replace("{id}", id).replace("{token}", id).replace("{right}", "auditor");
        let is_local = told["x-muster-reach"] == "socket";
        assert!(!is_local || path.starts_with("/v1/local/"), "{path}");
        let is_endless = path.ends_with("/stream");
        let is_slow = path.ends_with("/rebuild") || path.ends_with("/verify");
        if !path.starts_with("/v1/") || is_slow || is_endless {
            continue;
        }
        let answer = client.send(method, &target, &[("authorization", &authorization)], b"");
        assert_eq!(answer.status == 403, is_local, "{method} {path}: {}", answer.text());
        document.hold(method, &target, &answer);
        refused += u32::from(is_local);
    }
    assert!(refused >= 14);
}

#[test]
fn answers_of_v1_are_as_described() {
    let document = document();
    let socket = server().data().join("muster.sock");
    let person = Person::regular(&mut zato(), su());
    let hold = |method: &str, target: &str, body: Value| {
        let sent = if body.is_null() { String::new() } else { body.to_string() };
        let answer = ask_locally(&socket, method, target, &sent);
        document.hold(method, target, &answer);
        assert!(answer.status < 300, "{method} {target}: {}", answer.text());
        answer.json()
    };
    let name = &person.username;
    for path in
        ["/v1/users?limit=3", "/v1/events?limit=1000", "/v1/projections", "/v1/local/outbox"]
    {
        hold("GET", path, Value::Null);
    }
    for path in ["", "/history", "/sessions"] {
        hold("GET", &format!("/v1/users/{name}{path}"), Value::Null);
    }
    for act in ["lock", "unlock", "reject", "approve"] {
        hold("POST", &format!("/v1/local/users/{name}/{act}"), Value::Null);
    }
    hold("POST", &format!("/v1/local/users/{name}/password"), json!({"must_change": false}));
    hold("POST", &format!("/v1/local/users/{name}/totp-key"), json!({"label": "phone"}));
    let opened = hold("POST", &format!("/v1/local/users/{name}/sessions"), Value::Null);
    let id = opened["id"].as_str().expect("an id").to_owned();
    hold("GET", &format!("/v1/local/sessions/{id}"), Value::Null);
    hold("DELETE", &format!("/v1/local/sessions/{id}"), Value::Null);
    hold("POST", "/v1/local/sign-out", json!({"token": person.ust}));
    let made = format!("{name}-two");
    let sent = json!({"username": made, "password": "correct horse", "email": "ada@example.com"});
    hold("POST", "/v1/local/users", sent);
    hold("DELETE", &format!("/v1/local/users/{made}"), Value::Null);
    hold("POST", "/v1/local/verify", Value::Null);
    hold("POST", "/v1/local/rebuild", Value::Null);
}
