//! Attributes of users: what PUT and GET keep and show (contract, sections 4.21, 6.11).

use muster_tests::zato::{ATTR, LOGOUT, Person, Zato, is_date, unique};
use serde_json::{Value, json};

use crate::world::{su, zato, zato_and_person};

fn read(zato: &mut Zato, ust: &str, name: &str) -> Value {
    zato.call("GET", ATTR, json!({"ust": ust, "name": name})).ok()
}

#[test]
fn case_056_an_attribute_is_read_as_it_was_written() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"ust": person.ust, "name": "colour", "value": "red", "expiration": 900});
    let done = zato.call("PUT", ATTR, asked).ok();
    assert_eq!(done.as_object().map(serde_json::Map::len), Some(2), "{done}");
    let found = read(&mut zato, &person.ust, "colour");
    assert_eq!((&found["found"], &found["is_encrypted"]), (&json!(true), &json!(false)));
    assert_eq!((&found["name"], &found["value"]), (&json!("colour"), &json!("red")));
    for key in ["creation_time", "last_modified", "expiration_time"] {
        assert!(is_date(&found[key]), "{key}: {found}");
    }
    assert_eq!(found["creation_time"], found["last_modified"]);
    assert!(found["expiration_time"].as_str() > found["creation_time"].as_str(), "{found}");
    assert_eq!(found.as_object().map(serde_json::Map::len), Some(9), "{found}");
    let missing = read(&mut zato, &person.ust, "taste");
    assert_eq!(missing["found"], false);
    assert_eq!(missing.as_object().map(serde_json::Map::len), Some(3), "{missing}");
}

#[test]
fn case_095_an_expired_attribute_is_absent() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"ust": person.ust, "name": "brief", "value": "x", "expiration": 1});
    zato.call("PUT", ATTR, asked.clone()).ok();
    let first = read(&mut zato, &person.ust, "brief");
    // Each answer is a while; the last of them must come after the second is over.
    let gone = (0..100_000).any(|_| read(&mut zato, &person.ust, "brief")["found"] == false);
    assert!(gone, "it never expired");
    let several = json!({"ust": person.ust, "data": ["brief"]});
    assert_eq!(zato.call("GET", ATTR, several).ok()["result"], json!({"brief": null}));
    // What is written in its place is new.
    let mut asked = asked;
    asked["expiration"] = json!(0);
    zato.call("PUT", ATTR, asked).ok();
    let again = read(&mut zato, &person.ust, "brief");
    assert_eq!(again["expiration_time"], "9999-12-31T00:00:00");
    assert_eq!(again["creation_time"], again["last_modified"]);
    assert!(again["creation_time"].as_str() > first["creation_time"].as_str(), "{again}");
}

#[test]
fn case_096_an_encrypted_attribute_is_read_in_clear() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"ust": person.ust, "name": "secret", "value": "red", "encrypt": true});
    zato.call("PUT", ATTR, asked).ok();
    let found = read(&mut zato, &person.ust, "secret");
    assert_eq!((&found["value"], &found["is_encrypted"]), (&json!("red"), &json!(true)));
    let opaque = json!({"ust": person.ust, "name": "secret", "decrypt": false});
    let found = zato.call("GET", ATTR, opaque).ok();
    let value = found["value"].as_str().expect("a text");
    assert!(value.starts_with("gAAAA"), "{value}");
    // Written again without asking for it, it is clear again.
    zato.call("PUT", ATTR, json!({"ust": person.ust, "name": "secret", "value": "blue"})).ok();
    let clear = json!({"ust": person.ust, "name": "secret", "decrypt": false});
    let found = zato.call("GET", ATTR, clear).ok();
    assert_eq!((&found["value"], &found["is_encrypted"]), (&json!("blue"), &json!(false)));
}

#[test]
fn case_097_neither_name_nor_data_is_refused_after_the_caller_was_looked_at() {
    let (mut zato, person) = zato_and_person();
    for method in ["GET", "PUT", "POST", "PATCH", "DELETE"] {
        for nothing in [
            json!({}),
            json!({"value": "x"}),
            json!({"name": null}),
            json!({"name": "", "value": "x"}),
            json!({"data": []}),
            json!({"data": null}),
        ] {
            let mut asked = nothing;
            asked["ust"] = json!(person.ust);
            zato.call(method, ATTR, asked.clone()).refused("E008002");
            asked["ust"] = json!("unknown");
            zato.call(method, ATTR, asked.clone()).refused("E007001");
            asked["ust"] = json!(person.ust);
            asked["user_id"] = json!("zusrnobody");
            zato.call(method, ATTR, asked).refused("E005001");
        }
    }
}

#[test]
fn every_json_value_comes_back_as_it_was_sent() {
    let (mut zato, person) = zato_and_person();
    for value in [
        json!(""),
        json!("a \"quoted\" \\ text with \u{0} and \u{1F600}"),
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1.5),
        json!([]),
        json!([1, [2, {"three": null}]]),
        json!({"a": {"b": ["c", 1]}, "": ""}),
    ] {
        zato.call("PUT", ATTR, json!({"ust": person.ust, "name": "any", "value": value})).ok();
        let found = read(&mut zato, &person.ust, "any");
        assert_eq!(found["value"], value);
        assert_eq!(found["found"], true);
    }
}

#[test]
fn long_values_come_back_identical() {
    let (mut zato, person) = zato_and_person();
    for length in [4_000, 4_094, 4_095, 4_096, 4_097, 70_000, 900_000] {
        let value: String = (0..length)
            .map(|at| char::from(b'a' + u8::try_from(at % 26).expect("small")))
            .collect();
        let name = format!("long-{length}");
        let asked = json!({"ust": person.ust, "name": name, "value": value, "encrypt": true});
        zato.call("PUT", ATTR, asked).ok();
        let found = read(&mut zato, &person.ust, &name);
        assert!(found["value"] == json!(value), "{length} differs");
    }
    let asked = json!({"ust": person.ust, "data": ["long-4097", "long-900000", "none"]});
    let several = zato.call("GET", ATTR, asked).ok();
    assert_eq!(several["result"]["long-900000"]["value"].as_str().map(str::len), Some(900_000));
    assert_eq!(several["result"]["none"], Value::Null);
    // Beyond what one fact may hold, nothing is written.
    let asked = json!({"ust": person.ust, "name": "huge", "value": "x".repeat(1_500_000)});
    zato.call("PUT", ATTR, asked).refused("E008002");
    assert_eq!(read(&mut zato, &person.ust, "huge")["found"], false);
}

#[test]
fn several_are_written_together_or_not_at_all() {
    let (mut zato, person) = zato_and_person();
    let items = json!([
        {"name": "one", "value": 1},
        {"name": "two", "value": "2", "expiration": 900, "encrypt": true},
        {"name": "three", "value": null, "user_id": person.user_id},
    ]);
    let asked = json!({"ust": person.ust, "data": items, "expiration": "1800"});
    zato.call("PUT", ATTR, asked).ok();
    let names = json!({"ust": person.ust, "data": ["one", "two", "three", "four"]});
    let result = zato.call("GET", ATTR, names).ok()["result"].clone();
    assert_eq!(result["one"]["value"], 1);
    assert_eq!(result["two"]["is_encrypted"], true);
    assert_eq!(result["three"]["value"], Value::Null);
    assert_eq!(result["four"], Value::Null);
    let keys: Vec<_> = result["one"].as_object().expect("an object").keys().cloned().collect();
    for key in
        ["name", "value", "creation_time", "last_modified", "expiration_time", "is_encrypted"]
    {
        assert!(keys.iter().any(|known| known == key), "{key}: {keys:?}");
    }
    // What an entry does not say, the call says for all.
    assert!(result["two"]["expiration_time"].as_str() < result["one"]["expiration_time"].as_str());
    for bad in [
        json!([{"name": "four", "value": 4}, {"name": "five"}]),
        json!([{"name": "four", "value": 4}, {"value": 5}]),
        json!([{"name": "four", "value": 4}, "five"]),
        json!([{"name": "four", "value": 4}, {"name": "five", "value": 5, "expiration": -1}]),
        json!([{"name": "four", "value": 4}, {"name": "x".repeat(192), "value": 5}]),
    ] {
        let asked = json!({"ust": person.ust, "data": bad});
        zato.call("PUT", ATTR, asked).refused("E008002");
        assert_eq!(read(&mut zato, &person.ust, "four")["found"], false);
    }
}

#[test]
fn one_name_counts_before_data() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({
        "ust": person.ust, "name": "one", "value": 1, "data": [{"name": "two", "value": 2}],
    });
    zato.call("PUT", ATTR, asked).ok();
    let asked = json!({"ust": person.ust, "name": "one", "data": ["two"]});
    assert_eq!(zato.call("GET", ATTR, asked).ok()["value"], 1);
    assert_eq!(read(&mut zato, &person.ust, "two")["found"], false);
}

#[test]
fn a_put_needs_a_value_and_a_name_of_at_most_191_characters() {
    let (mut zato, person) = zato_and_person();
    zato.call("PUT", ATTR, json!({"ust": person.ust, "name": "x"})).refused("E008002");
    let mut asked = json!({"ust": person.ust, "name": "ü".repeat(191), "value": "x"});
    zato.call("PUT", ATTR, asked.clone()).ok();
    asked["name"] = json!("ü".repeat(192));
    zato.call("PUT", ATTR, asked).refused("E008002");
    for seconds in [json!(-1), json!("-1"), json!(i64::MIN)] {
        let asked = json!({"ust": person.ust, "name": "x", "value": "x", "expiration": seconds});
        zato.call("PUT", ATTR, asked).refused("E008002");
    }
    let asked = json!({"ust": person.ust, "name": "x", "value": "x", "expiration": i64::MAX});
    zato.call("PUT", ATTR, asked).ok();
    assert_eq!(read(&mut zato, &person.ust, "x")["expiration_time"], "9999-12-31T00:00:00");
}

#[test]
fn what_is_written_again_keeps_its_creation_time_only() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"ust": person.ust, "name": "x", "value": 1, "expiration": 900});
    zato.call("PUT", ATTR, asked).ok();
    let first = read(&mut zato, &person.ust, "x");
    zato.call("PUT", ATTR, json!({"ust": person.ust, "name": "x", "value": 2})).ok();
    let second = read(&mut zato, &person.ust, "x");
    assert_eq!(second["creation_time"], first["creation_time"]);
    assert!(second["last_modified"].as_str() > first["last_modified"].as_str());
    // Absent means never, for a PUT.
    assert_eq!(second["expiration_time"], "9999-12-31T00:00:00");
}

#[test]
fn attributes_of_others_are_for_super_users() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    let put = |ust: &str, user_id: &str| json!({"ust": ust, "user_id": user_id, "name": "x", "value": "theirs"});
    zato.call("PUT", ATTR, put(&person.ust, &other.user_id)).refused("E005001");
    zato.call("PUT", ATTR, put(&person.ust, "zusrnobody")).refused("E005001");
    zato.call("PUT", ATTR, put(su(), "zusrnobody")).refused("E005001");
    zato.call("PUT", ATTR, put(su(), &other.user_id)).ok();
    let get = json!({"ust": person.ust, "user_id": other.user_id, "name": "x"});
    zato.call("GET", ATTR, get).refused("E005001");
    let get = json!({"ust": su(), "user_id": other.user_id, "name": "x"});
    assert_eq!(zato.call("GET", ATTR, get).ok()["value"], "theirs");
    // The own id is the own attributes, and the owner sees what was written for it.
    let get = json!({"ust": other.ust, "user_id": other.user_id, "name": "x"});
    assert_eq!(zato.call("GET", ATTR, get).ok()["value"], "theirs");
    assert_eq!(read(&mut zato, su(), "x")["found"], false);
}

#[test]
fn attributes_outlive_sessions() {
    let (mut zato, person) = zato_and_person();
    let name = unique("kept");
    zato.call("PUT", ATTR, json!({"ust": person.ust, "name": name, "value": 1})).ok();
    zato.call("POST", LOGOUT, json!({"ust": person.ust})).ok();
    let again = zato.log_in(&person.username, &person.password);
    assert_eq!(read(&mut zato, &again, &name)["value"], 1);
}

#[test]
fn names_of_attributes_are_exact() {
    let mut zato = zato();
    let person = Person::regular(&mut zato, su());
    for (name, value) in [("Name", 1), ("name", 2), (" name", 3)] {
        zato.call("PUT", ATTR, json!({"ust": person.ust, "name": name, "value": value})).ok();
    }
    for (name, value) in [("Name", 1), ("name", 2), (" name", 3)] {
        assert_eq!(read(&mut zato, &person.ust, name)["value"], value);
    }
}
