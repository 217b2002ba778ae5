//! Attributes of users: who may call what, and what each call does (contract, sections 4.21 to 4.23).

use muster_tests::zato::{ATTR, Person, Zato, is_date, unique};
use serde_json::{Value, json};

use crate::world::{su, zato, zato_and_person};

const EXISTS: &str = "/zato/sso/user/attr/exists";
const NAMES: &str = "/zato/sso/user/attr/names";

/// Somebody's attribute as a super-user reads it.
#[track_caller]
fn read(zato: &mut Zato, person: &Person, name: &str) -> Value {
    let asked = json!({"ust": su(), "user_id": person.user_id, "name": name});
    zato.call("GET", ATTR, asked).ok()
}

/// Calls that must be done and say nothing but that.
#[track_caller]
fn done(zato: &mut Zato, method: &str, asked: Value) {
    let done = zato.call(method, ATTR, asked).ok();
    assert_eq!(done.as_object().map(serde_json::Map::len), Some(2), "{done}");
}

#[test]
fn case_049_a_super_user_creates_an_attribute_of_itself() {
    let mut zato = zato();
    let name = unique("created");
    let asked = json!({"ust": su(), "name": name, "value": "x", "expiration": 900});
    done(&mut zato, "POST", asked);
    let found = zato.call("GET", ATTR, json!({"ust": su(), "name": name})).ok();
    assert_eq!((&found["found"], &found["value"]), (&json!(true), &json!("x")));
    assert!(found["expiration_time"].as_str() < Some("9999"), "{found}");
}

#[test]
fn case_050_an_attribute_is_created_once() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"ust": person.ust, "name": "once", "value": 1});
    done(&mut zato, "POST", asked.clone());
    zato.call("POST", ATTR, asked.clone()).refused("E009001");
    let mut other = asked.clone();
    other["value"] = json!(2);
    zato.call("POST", ATTR, other).refused("E009001");
    assert_eq!(read(&mut zato, &person, "once")["value"], 1);
    // What is gone may be created again.
    done(&mut zato, "DELETE", json!({"ust": person.ust, "name": "once"}));
    done(&mut zato, "POST", asked);
}

#[test]
fn case_051_a_super_user_creates_an_attribute_of_somebody_else() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"ust": su(), "user_id": person.user_id, "name": "theirs", "value": "x"});
    done(&mut zato, "POST", asked);
    let own = json!({"ust": person.ust, "name": "theirs"});
    assert_eq!(zato.call("GET", ATTR, own).ok()["value"], "x");
}

#[test]
fn case_052_a_regular_user_creates_no_attribute_of_somebody_else() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    let asked = json!({"ust": person.ust, "user_id": other.user_id, "name": "a", "value": "x"});
    zato.call("POST", ATTR, asked).refused("E005001");
    assert_eq!(read(&mut zato, &other, "a")["found"], false);
}

#[test]
fn case_053_two_are_created_at_once() {
    let (mut zato, person) = zato_and_person();
    let data = json!([{"name": "a", "value": 1}, {"name": "b", "value": 2}]);
    done(&mut zato, "POST", json!({"ust": person.ust, "data": data}));
    for (name, value) in [("a", 1), ("b", 2)] {
        assert_eq!(read(&mut zato, &person, name)["value"], value);
    }
}

#[test]
fn case_054_two_are_created_at_once_only_if_neither_exists() {
    let (mut zato, person) = zato_and_person();
    let data = json!([{"name": "a", "value": 1}, {"name": "b", "value": 2}]);
    let asked = json!({"ust": person.ust, "data": data});
    done(&mut zato, "POST", asked.clone());
    zato.call("POST", ATTR, asked).refused("E009001");
    let data = json!([{"name": "c", "value": 3}, {"name": "b", "value": 4}]);
    zato.call("POST", ATTR, json!({"ust": person.ust, "data": data})).refused("E009001");
    assert_eq!(read(&mut zato, &person, "c")["found"], false);
    // One name twice is one that exists by then.
    let data = json!([{"name": "d", "value": 3}, {"name": "d", "value": 4}]);
    zato.call("POST", ATTR, json!({"ust": person.ust, "data": data})).refused("E009001");
    assert_eq!(read(&mut zato, &person, "d")["found"], false);
}

#[test]
fn case_055_two_of_somebody_else_are_for_super_users_to_create() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    let data = json!([{"name": "a", "value": 1}, {"name": "b", "value": 2}]);
    let asked = |ust: &str| json!({"ust": ust, "user_id": other.user_id, "data": data});
    zato.call("POST", ATTR, asked(&person.ust)).refused("E005001");
    assert_eq!(read(&mut zato, &other, "a")["found"], false);
    done(&mut zato, "POST", asked(su()));
    assert_eq!(read(&mut zato, &other, "b")["value"], 2);
}

#[test]
fn case_057_a_deleted_attribute_is_not_found() {
    let (mut zato, person) = zato_and_person();
    let data = json!([{"name": "a", "value": 1}, {"name": "b", "value": 2}]);
    done(&mut zato, "POST", json!({"ust": person.ust, "data": data}));
    done(&mut zato, "DELETE", json!({"ust": person.ust, "name": "a"}));
    let found = zato.call("GET", ATTR, json!({"ust": person.ust, "name": "a"})).ok();
    assert_eq!(found["found"], false);
    assert_eq!(read(&mut zato, &person, "b")["found"], true);
    // By list; what is not there is not missed.
    let asked = json!({"ust": su(), "user_id": person.user_id, "data": ["a", "b", "c", "b"]});
    done(&mut zato, "DELETE", asked);
    assert_eq!(read(&mut zato, &person, "b")["found"], false);
}

#[test]
fn case_058_whether_an_attribute_exists_is_a_boolean() {
    let (mut zato, person) = zato_and_person();
    done(&mut zato, "POST", json!({"ust": person.ust, "name": "a", "value": null}));
    let mut asks = |asked: Value| zato.call("GET", EXISTS, asked).ok()["result"].clone();
    assert_eq!(asks(json!({"ust": person.ust, "name": "a"})), true);
    assert_eq!(asks(json!({"ust": person.ust, "name": "b"})), false);
    assert_eq!(asks(json!({"ust": su(), "user_id": person.user_id, "name": "a"})), true);
    let both = json!({"a": true, "b": false});
    assert_eq!(asks(json!({"ust": person.ust, "data": ["a", "b"]})), both);
    assert_eq!(asks(json!({"ust": person.ust, "data": "a"})), json!({"a": true}));
}

#[test]
fn case_059_names_are_a_list_of_all() {
    let (mut zato, person) = zato_and_person();
    let mut names = |asked: Value| {
        let result = zato.call("GET", NAMES, asked).ok()["result"].clone();
        let names = result.as_array().expect("a list").iter();
        let mut names: Vec<_> =
            names.map(|name| name.as_str().expect("a text").to_owned()).collect();
        names.sort_unstable();
        names
    };
    assert!(names(json!({"ust": person.ust})).is_empty());
    let data = json!([{"name": "phone", "value": 1}, {"name": "lang", "value": 2}]);
    done(&mut Zato::new(crate::world::server()), "POST", json!({"ust": person.ust, "data": data}));
    assert_eq!(names(json!({"ust": person.ust})), ["lang", "phone"]);
    assert_eq!(names(json!({"ust": su(), "user_id": person.user_id})), ["lang", "phone"]);
}

#[test]
fn case_060_a_value_and_an_expiration_are_updated_by_whoever_may() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    done(&mut zato, "POST", json!({"ust": person.ust, "name": "a", "value": 1}));
    let first = read(&mut zato, &person, "a");
    done(
        &mut zato,
        "PATCH",
        json!({"ust": person.ust, "name": "a", "value": 2, "expiration": 900}),
    );
    let second = read(&mut zato, &person, "a");
    assert_eq!(second["value"], 2);
    assert!(second["expiration_time"].as_str() < first["expiration_time"].as_str());
    assert_eq!(second["creation_time"], first["creation_time"]);
    assert!(second["last_modified"].as_str() > first["last_modified"].as_str());
    let theirs = |ust: &str, value: u8| json!({"ust": ust, "user_id": person.user_id, "name": "a", "value": value});
    done(&mut zato, "PATCH", theirs(su(), 3));
    zato.call("PATCH", ATTR, theirs(&other.ust, 4)).refused("E005001");
    let third = read(&mut zato, &person, "a");
    // The expiration was not sent, so it stayed.
    assert_eq!(
        (&third["value"], &third["expiration_time"]),
        (&json!(3), &second["expiration_time"])
    );
}

#[test]
fn case_061_two_are_updated_at_once() {
    let (mut zato, person) = zato_and_person();
    let data = |a: u8, b: u8| json!([{"name": "a", "value": a}, {"name": "b", "value": b}]);
    done(&mut zato, "POST", json!({"ust": person.ust, "data": data(1, 2)}));
    done(&mut zato, "PATCH", json!({"ust": person.ust, "data": data(3, 4)}));
    for (name, value) in [("a", 3), ("b", 4)] {
        assert_eq!(read(&mut zato, &person, name)["value"], value);
    }
    let data = json!([{"name": "a", "value": 5}, {"name": "c", "value": 6}]);
    zato.call("PATCH", ATTR, json!({"ust": person.ust, "data": data})).refused("E009002");
    assert_eq!(read(&mut zato, &person, "a")["value"], 3);
    // In a list each needs its value.
    let asked = json!({"ust": person.ust, "data": [{"name": "a"}], "value": 7});
    zato.call("PATCH", ATTR, asked).refused("E008002");
}

#[test]
fn case_094_what_is_missing_is_put_and_deleted_but_not_updated() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"ust": person.ust, "name": "a", "value": 1});
    zato.call("PATCH", ATTR, asked.clone()).refused("E009002");
    zato.call("PATCH", ATTR, json!({"ust": person.ust, "name": "a"})).refused("E009002");
    done(&mut zato, "DELETE", json!({"ust": person.ust, "name": "a"}));
    done(&mut zato, "PUT", asked);
    assert_eq!(read(&mut zato, &person, "a")["value"], 1);
}

#[test]
fn an_update_keeps_what_it_does_not_say_but_encryption() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({
        "ust": person.ust, "name": "a", "value": "x", "expiration": 900, "encrypt": true,
    });
    done(&mut zato, "POST", asked);
    let first = read(&mut zato, &person, "a");
    done(&mut zato, "PATCH", json!({"ust": person.ust, "name": "a"}));
    let second = read(&mut zato, &person, "a");
    assert_eq!((&second["value"], &second["is_encrypted"]), (&json!("x"), &json!(false)));
    assert_eq!(second["expiration_time"], first["expiration_time"]);
    assert!(second["last_modified"].as_str() > first["last_modified"].as_str());
    done(&mut zato, "PATCH", json!({"ust": person.ust, "name": "a", "value": "", "encrypt": 1}));
    let third = read(&mut zato, &person, "a");
    assert_eq!((&third["value"], &third["is_encrypted"]), (&json!(""), &json!(true)));
    done(&mut zato, "PATCH", json!({"ust": person.ust, "name": "a", "expiration": 0}));
    let fourth = read(&mut zato, &person, "a");
    assert_eq!(fourth["expiration_time"], "9999-12-31T00:00:00");
    assert_eq!(fourth["value"], "");
    let asked = json!({"ust": person.ust, "name": "a", "expiration": -1});
    zato.call("PATCH", ATTR, asked).refused("E008002");
}

#[test]
fn entries_may_name_several_users_and_all_are_written_or_none() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    let data = |name: &str| {
        json!([
            {"name": name, "value": 1, "user_id": person.user_id},
            {"name": name, "value": 2, "user_id": other.user_id},
            {"name": format!("{name}-2"), "value": 3, "user_id": person.user_id},
        ])
    };
    done(&mut zato, "POST", json!({"ust": su(), "data": data("a")}));
    assert_eq!(read(&mut zato, &person, "a")["value"], 1);
    assert_eq!(read(&mut zato, &other, "a")["value"], 2);
    assert_eq!(read(&mut zato, &person, "a-2")["value"], 3);
    // One of them exists, so nobody's is written.
    done(&mut zato, "PUT", json!({"ust": other.ust, "name": "b", "value": 0}));
    zato.call("POST", ATTR, json!({"ust": su(), "data": data("b")})).refused("E009001");
    assert_eq!(read(&mut zato, &person, "b")["found"], false);
    // Somebody unknown among them; whoever may not is not told more.
    let mut unknown = data("c");
    unknown[1]["user_id"] = json!("zusrnobody");
    for ust in [su(), person.ust.as_str()] {
        zato.call("PUT", ATTR, json!({"ust": ust, "data": unknown})).refused("E005001");
    }
    assert_eq!(read(&mut zato, &person, "c")["found"], false);
    zato.call("PUT", ATTR, json!({"ust": person.ust, "data": data("c")})).refused("E005001");
    assert_eq!(read(&mut zato, &person, "c")["found"], false);
}

#[test]
fn what_entries_do_not_say_the_call_says_for_all() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    let asked = json!({
        "ust": su(), "user_id": person.user_id, "expiration": 900, "encrypt": "yes",
        "data": [
            {"name": "a", "value": 1},
            {"name": "a", "value": 2, "user_id": other.user_id, "expiration": 0, "encrypt": false},
        ],
    });
    done(&mut zato, "POST", asked);
    let (own, others) = (read(&mut zato, &person, "a"), read(&mut zato, &other, "a"));
    assert_eq!((&own["value"], &own["is_encrypted"]), (&json!(1), &json!(true)));
    assert!(own["expiration_time"].as_str() < others["expiration_time"].as_str());
    assert_eq!((&others["value"], &others["is_encrypted"]), (&json!(2), &json!(false)));
}

#[test]
fn the_callers_permission_comes_before_what_else_is_wrong_with_an_entry() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    let data = json!([{"name": "a"}, {"value": 1, "user_id": other.user_id}]);
    zato.call("PUT", ATTR, json!({"ust": person.ust, "data": data})).refused("E005001");
    zato.call("PUT", ATTR, json!({"ust": su(), "data": data})).refused("E008002");
}

#[test]
fn several_are_shown_with_six_keys_each_also_if_there_is_one() {
    let (mut zato, person) = zato_and_person();
    done(&mut zato, "POST", json!({"ust": person.ust, "name": "a", "value": 1}));
    let asked = json!({"ust": person.ust, "data": ["a"]});
    let result = zato.call("GET", ATTR, asked).ok()["result"].clone();
    let shown = result["a"].as_object().expect("an object");
    let keys: Vec<&str> = shown.keys().map(String::as_str).collect();
    let mut expected =
        ["name", "value", "creation_time", "last_modified", "expiration_time", "is_encrypted"];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert!(is_date(&shown["creation_time"]));
}

#[test]
fn reading_what_is_somebody_elses_is_for_super_users() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    done(&mut zato, "POST", json!({"ust": other.ust, "name": "a", "value": 1}));
    for user_id in [other.user_id.as_str(), "zusrnobody"] {
        let asked = json!({"ust": person.ust, "user_id": user_id, "name": "a"});
        for (method, path) in [("GET", ATTR), ("GET", EXISTS), ("GET", NAMES), ("DELETE", ATTR)] {
            zato.call(method, path, asked.clone()).refused("E005001");
        }
    }
    for path in [ATTR, EXISTS, NAMES] {
        let asked = json!({"ust": su(), "user_id": "zusrnobody", "name": "a"});
        zato.call("GET", path, asked).refused("E005001");
        zato.call("GET", path, json!({"name": "a"})).refused("E007001");
    }
    zato.call("GET", EXISTS, json!({"ust": person.ust})).refused("E008002");
    assert_eq!(read(&mut zato, &other, "a")["found"], true);
}

#[test]
fn an_expired_attribute_is_absent_from_every_call() {
    let (mut zato, person) = zato_and_person();
    let brief = json!({"ust": person.ust, "name": "brief", "value": 1, "expiration": 1});
    done(&mut zato, "POST", brief.clone());
    let exists = json!({"ust": person.ust, "name": "brief"});
    // Each answer is a while; the last of them must come after the second is over.
    let gone = (0..100_000)
        .any(|_| zato.call("GET", EXISTS, exists.clone()).ok()["result"] == json!(false));
    assert!(gone, "it never expired");
    let names = zato.call("GET", NAMES, json!({"ust": person.ust})).ok();
    assert_eq!(names["result"], json!([]));
    zato.call("PATCH", ATTR, brief.clone()).refused("E009002");
    done(&mut zato, "DELETE", exists);
    done(&mut zato, "POST", brief);
}
