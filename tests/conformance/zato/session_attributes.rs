//! Attributes of sessions (contract, section 4.24).

use muster_tests::zato::{ATTR, LOCK, LOGOUT, Person, REJECT, SESSION, SESSION_ATTR, Zato};
use serde_json::{Value, json};

use crate::world::{server, su, zato, zato_and_person};

const EXISTS: &str = "/zato/sso/session/attr/exists";
const NAMES: &str = "/zato/sso/session/attr/names";

/// A call of somebody about the own session.
fn own(ust: &str, asked: Value) -> Value {
    of(ust, ust, asked)
}

/// A call of somebody about a session.
fn of(current: &str, target: &str, mut asked: Value) -> Value {
    asked["current_ust"] = json!(current);
    asked["target_ust"] = json!(target);
    asked
}

/// A new session of the super-user's own.
fn super_session(zato: &mut Zato) -> String {
    let first = server().first();
    zato.log_in(&first.username, &first.password)
}

#[test]
fn case_062_attributes_of_a_session_are_kept_like_those_of_users() {
    let mut zato = zato();
    let ust = super_session(&mut zato);
    let user_id = Person::regular(&mut zato, su()).user_id;
    // An extra user_id is ignored, in entries too.
    for user_id in [Value::Null, json!("zusrnobody"), json!(user_id), json!([])] {
        let ask = |mut asked: Value| {
            asked["user_id"] = user_id.clone();
            own(&ust, asked)
        };
        let created = json!({"name": "a", "value": "x", "expiration": 900});
        zato.call("POST", SESSION_ATTR, ask(created.clone())).ok();
        zato.call("POST", SESSION_ATTR, ask(created)).refused("E009001");
        let first = zato.call("GET", SESSION_ATTR, ask(json!({"name": "a"}))).ok();
        assert_eq!((&first["found"], &first["value"]), (&json!(true), &json!("x")));
        let updated = json!({"name": "a", "value": "y", "expiration": 1800});
        zato.call("PATCH", SESSION_ATTR, ask(updated)).ok();
        let second = zato.call("GET", SESSION_ATTR, ask(json!({"name": "a"}))).ok();
        assert_eq!(second["value"], "y");
        assert!(second["expiration_time"].as_str() > first["expiration_time"].as_str());
        assert_eq!(second["creation_time"], first["creation_time"]);
        let data =
            json!([{"name": "b", "value": 1, "user_id": user_id}, {"name": "c", "value": 2}]);
        zato.call("PUT", SESSION_ATTR, ask(json!({"data": data}))).ok();
        let names = zato.call("GET", NAMES, ask(json!({}))).ok()["result"].clone();
        assert_eq!(names, json!(["a", "b", "c"]));
        let exists = zato.call("GET", EXISTS, ask(json!({"name": "a"}))).ok();
        assert_eq!(exists["result"], true);
        let exists = zato.call("GET", EXISTS, ask(json!({"data": ["b", "d"]}))).ok();
        assert_eq!(exists["result"], json!({"b": true, "d": false}));
        zato.call("DELETE", SESSION_ATTR, ask(json!({"data": ["a", "b", "c", "d"]}))).ok();
        let found = zato.call("GET", SESSION_ATTR, ask(json!({"name": "a"}))).ok();
        assert_eq!(found["found"], false);
        zato.call("PATCH", SESSION_ATTR, ask(json!({"name": "a", "value": 1}))).refused("E009002");
    }
}

#[test]
fn case_063_a_delete_ignores_a_value_and_an_expiration() {
    let (mut zato, person) = zato_and_person();
    let extra = json!({"name": "a", "value": {"x": 1}, "expiration": "never", "encrypt": "maybe"});
    zato.call("PUT", SESSION_ATTR, own(&person.ust, json!({"name": "a", "value": 1}))).ok();
    zato.call("DELETE", SESSION_ATTR, own(&person.ust, extra.clone())).ok();
    let found = zato.call("GET", SESSION_ATTR, own(&person.ust, json!({"name": "a"}))).ok();
    assert_eq!(found["found"], false);
    let mut of_user = extra;
    of_user["ust"] = json!(person.ust);
    zato.call("DELETE", ATTR, of_user).ok();
}

#[test]
fn case_098_attributes_of_a_session_go_with_it_and_those_of_its_user_stay() {
    let (mut zato, person) = zato_and_person();
    let ended = zato.log_in(&person.username, &person.password);
    let asked = json!({"name": "a", "value": 1});
    zato.call("PUT", SESSION_ATTR, own(&ended, asked.clone())).ok();
    let mut of_user = asked;
    of_user["ust"] = json!(ended);
    zato.call("PUT", ATTR, of_user).ok();
    zato.call("POST", LOGOUT, json!({"ust": ended})).ok();
    let asked = json!({"name": "a"});
    zato.call("GET", SESSION_ATTR, of(&person.ust, &ended, asked.clone())).refused("E007001");
    zato.call("GET", SESSION_ATTR, own(&person.ust, asked.clone())).ok();
    let found = zato.call("GET", SESSION_ATTR, own(&person.ust, asked)).ok();
    assert_eq!(found["found"], false);
    let found = zato.call("GET", ATTR, json!({"ust": person.ust, "name": "a"})).ok();
    assert_eq!(found["value"], 1);
}

#[test]
fn names_do_not_meet_between_sessions_and_users() {
    let (mut zato, person) = zato_and_person();
    let second = zato.log_in(&person.username, &person.password);
    for (ust, value) in [(&person.ust, 1), (&second, 2)] {
        zato.call("POST", SESSION_ATTR, own(ust, json!({"name": "a", "value": value}))).ok();
    }
    zato.call("POST", ATTR, json!({"ust": second, "name": "a", "value": 3})).ok();
    // One session of a user may look at another.
    for (current, target, value) in
        [(&person.ust, &second, 2), (&second, &person.ust, 1), (&second, &second, 2)]
    {
        let found = zato.call("GET", SESSION_ATTR, of(current, target, json!({"name": "a"}))).ok();
        assert_eq!(found["value"], value);
    }
    let found = zato.call("GET", ATTR, json!({"ust": second, "name": "a"})).ok();
    assert_eq!(found["value"], 3);
}

#[test]
fn a_session_of_somebody_else_is_for_super_users() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    let set = json!({"name": "a", "value": 1});
    zato.call("POST", SESSION_ATTR, of(su(), &person.ust, set.clone())).ok();
    let calls = [
        ("POST", SESSION_ATTR),
        ("PATCH", SESSION_ATTR),
        ("PUT", SESSION_ATTR),
        ("DELETE", SESSION_ATTR),
        ("GET", SESSION_ATTR),
        ("GET", EXISTS),
        ("GET", NAMES),
    ];
    for target in [person.ust.as_str(), su()] {
        for (method, path) in calls {
            zato.call(method, path, of(&other.ust, target, set.clone())).refused("E005001");
        }
    }
    // Nor is anybody told what became of somebody else's account.
    zato.call("POST", LOCK, json!({"ust": su(), "user_id": person.user_id})).ok();
    for (method, path) in calls {
        zato.call(method, path, of(&other.ust, &person.ust, set.clone())).refused("E005001");
        zato.call(method, path, of(su(), &person.ust, set.clone())).refused("E005002");
        zato.call(method, path, of(&person.ust, &person.ust, set.clone())).refused("E005002");
        zato.call(method, path, of(&other.ust, "unknown", set.clone())).refused("E007001");
        zato.call(method, path, of("unknown", &other.ust, set.clone())).refused("E007001");
    }
    zato.call("DELETE", LOCK, json!({"ust": su(), "user_id": person.user_id})).ok();
    let found = zato.call("GET", SESSION_ATTR, own(&person.ust, json!({"name": "a"}))).ok();
    assert_eq!(found["value"], 1);
    zato.call("POST", REJECT, json!({"ust": su(), "user_id": person.user_id})).ok();
    let asked = of(su(), &person.ust, json!({"name": "a"}));
    zato.call("GET", SESSION_ATTR, asked).refused("E007001");
}

#[test]
fn both_tokens_have_to_be_sent_and_null_is_no_session() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"current_ust": person.ust, "name": "a", "value": 1});
    for (method, path) in [("PUT", SESSION_ATTR), ("GET", SESSION_ATTR), ("GET", NAMES)] {
        zato.call(method, path, asked.clone()).bad_request();
        let mut asked = asked.clone();
        asked["target_ust"] = Value::Null;
        zato.call(method, path, asked).refused("E007001");
        // Here the other name of the token is not known.
        zato.call(method, path, json!({"ust": person.ust, "target_ust": person.ust, "name": "a"}))
            .bad_request();
    }
    zato.call("GET", SESSION_ATTR, own(&person.ust, json!({}))).refused("E008002");
}

#[test]
fn a_renewal_keeps_attributes_and_long_and_encrypted_values_come_back() {
    let (mut zato, person) = zato_and_person();
    let long = "y".repeat(100_000);
    let set = json!({"name": "long", "value": long, "encrypt": true});
    zato.call("PUT", SESSION_ATTR, own(&person.ust, set)).ok();
    zato.call("PATCH", SESSION, json!({"ust": person.ust})).ok();
    let found = zato.call("GET", SESSION_ATTR, own(&person.ust, json!({"name": "long"}))).ok();
    assert!(found["value"] == json!(long) && found["is_encrypted"] == json!(true));
    let opaque = json!({"name": "long", "decrypt": false});
    let found = zato.call("GET", SESSION_ATTR, own(&person.ust, opaque)).ok();
    assert!(found["value"].as_str().is_some_and(|value| value.starts_with("gAAAA")));
}
