//! Holding events to the Open Cybersecurity Schema Framework, by the part of its schema that lies in
//! `data/ocsf`: what must be there is, nothing is there that the schema does not name, and every value has
//! its type and is one of those that are listed.

use std::net::IpAddr;
use std::sync::LazyLock;

use serde_json::Value;

/// The schema.
pub static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../data/ocsf/schema-1.5.0.json");
    serde_json::from_str(text).expect("the schema is JSON")
});

/// The class of this number.
pub fn class(uid: u64) -> Option<&'static Value> {
    let classes = SCHEMA["classes"].as_object().into_iter().flatten();
    classes.map(|(_, class)| class).find(|class| class["uid"] == uid)
}

/// Whether a class has an activity of this number.
pub fn has_activity(class: &Value, activity: u64) -> bool {
    let known = class["attributes"]["activity_id"]["enum"].as_array();
    known.is_some_and(|known| known.iter().any(|known| *known == activity))
}

/// Everything in an event that is not as the schema has it.
pub fn faults(event: &Value) -> Vec<String> {
    let uid = event["class_uid"].as_u64().unwrap_or_default();
    let Some(class) = class(uid) else { return vec![format!("there is no class {uid}")] };
    let mut faults = Vec::new();
    object(class, event, "event", &mut faults);
    if event["category_uid"] != class["category_uid"] {
        faults.push("the category is not the class's".to_owned());
    }
    let type_uid = uid * 100 + event["activity_id"].as_u64().unwrap_or_default();
    if event["type_uid"] != type_uid {
        faults.push(format!("type_uid is not {type_uid}"));
    }
    if event["metadata"]["version"] != SCHEMA["version"] {
        faults.push("it is of another version of the schema".to_owned());
    }
    // The schema's own rule for the number 99.
    if event["activity_id"] == 99 && !event["activity_name"].is_string() {
        faults.push("another activity has no name".to_owned());
    }
    faults
}

fn object(kind: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
    let Some(keys) = value.as_object() else { return faults.push(format!("{path}: no object")) };
    let known = kind["attributes"].as_object().expect("a kind has attributes");
    for (name, attribute) in known {
        // What a profile adds is asked for only where the event says that it has the profile.
        let is_needed = attribute["requirement"] == "required" && attribute["profile"].is_null();
        if is_needed && !keys.contains_key(name) {
            faults.push(format!("{path}.{name} is missing"));
        }
    }
    for (name, value) in keys {
        let path = format!("{path}.{name}");
        match known.get(name) {
            None => faults.push(format!("{path} is not in the schema")),
            Some(attribute) if !attribute["profile"].is_null() => {
                faults.push(format!("{path} belongs to a profile"));
            }
            Some(attribute) => attribute_of(attribute, value, &path, faults),
        }
    }
    for (constraint, names) in kind["constraints"].as_object().into_iter().flatten() {
        let names = names.as_array().expect("a constraint names attributes").iter();
        let there = names.filter(|name| keys.contains_key(name.as_str().unwrap_or_default()));
        let fits = match (constraint.as_str(), there.count()) {
            ("at_least_one", count) => count >= 1,
            ("just_one", count) => count == 1,
            (other, _) => panic!("a constraint that is not known: {other}"),
        };
        if !fits {
            faults.push(format!("{path}: {constraint} of its attributes is not there"));
        }
    }
}

fn attribute_of(attribute: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
    if attribute["array"] == true {
        let Some(items) = value.as_array() else { return faults.push(format!("{path}: no list")) };
        for item in items {
            one(attribute, item, path, faults);
        }
    } else {
        one(attribute, value, path, faults);
    }
}

fn one(attribute: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
    let kind = attribute["type"].as_str().expect("an attribute has a type");
    let base = SCHEMA["types"][kind].as_str().unwrap_or(kind);
    let fits = match base {
        "object_t" => {
            let name = attribute["object"].as_str().expect("an object has a kind");
            match SCHEMA["objects"].get(name) {
                // Anything may stand in an object without attributes.
                Some(_) if name == "object" => {}
                Some(kind) => object(kind, value, path, faults),
                None => faults.push(format!("{path}: the schema here has no {name}")),
            }
            value.is_object()
        }
        "integer_t" | "long_t" => value.is_i64() || value.is_u64(),
        "boolean_t" => value.is_boolean(),
        "float_t" => value.is_f64(),
        "json_t" => true,
        "string_t" if kind == "ip_t" => {
            value.as_str().is_some_and(|ip| ip.parse::<IpAddr>().is_ok())
        }
        "string_t" => value.is_string(),
        other => panic!("a type that is not known: {other}"),
    };
    if !fits {
        faults.push(format!("{path} is no {kind}: {value}"));
    }
    let listed = attribute["enum"].as_array();
    if listed.is_some_and(|listed| !listed.contains(value)) {
        faults.push(format!("{path} is none of those that are listed: {value}"));
    }
}
