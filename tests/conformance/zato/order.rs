//! The order of checks that every call keeps (contract, section 2.1).

use muster_tests::operations::{Operation, built};
use muster_tests::zato::{APP, APPROVE, LOCK, Person, SIGNUP, USER};
use serde_json::{Map, Value, json};

use crate::world::{su, zato, zato_and_person};

fn body(operation: &Operation, app: &str) -> Map<String, Value> {
    let mut body = Map::new();
    for key in operation.required {
        body.insert((*key).to_owned(), json!("x"));
    }
    body.insert("current_app".to_owned(), json!(app));
    body
}

#[test]
fn a_missing_parameter_comes_before_the_application_and_the_session() {
    let mut zato = zato();
    for operation in built() {
        for key in operation.required {
            let mut body = body(operation, "unknown");
            body.remove(*key);
            let answer = zato.call_exactly(operation.method, operation.path, &Value::Object(body));
            answer.bad_request();
        }
    }
}

#[test]
fn a_parameter_that_cannot_be_converted_comes_before_the_application_and_the_session() {
    let mut zato = zato();
    for operation in built() {
        let Operation { method, path, texts, flags, integers, .. } = *operation;
        let mut refused = |key: &str, values: &[Value]| {
            for value in values {
                for app in ["unknown", APP] {
                    let mut body = body(operation, app);
                    body.insert(key.to_owned(), value.clone());
                    let answer = zato.call_exactly(method, path, &Value::Object(body));
                    assert_eq!(answer.status, 400, "{method} {path} {app} {key}: {value}");
                    answer.bad_request();
                }
            }
        };
        for key in texts {
            refused(key, &[json!({}), json!([]), json!(["x"]), json!(true)]);
        }
        for key in flags {
            refused(key, &[json!({}), json!([]), json!("maybe"), json!("2")]);
        }
        for key in integers {
            refused(key, &[json!({}), json!([]), json!(true), json!("x"), json!(1.5), json!("")]);
        }
        // No table has to name it: its name says that it is a boolean.
        for key in ["is_x", "has_x", "needs_x", "should_x", "may_x", "by_x"] {
            refused(key, &[json!("maybe"), json!([])]);
        }
    }
}

#[test]
fn an_absent_application_is_an_unknown_one_of_the_calls_that_do_not_demand_it() {
    let mut zato = zato();
    let signup = json!({"username": "x", "password": "y"});
    zato.call_exactly("POST", SIGNUP, &signup).unknown_application();
    let confirm = json!({"confirm_token": "x"});
    for (method, path) in [
        ("PATCH", SIGNUP),
        ("PATCH", "/zato/sso/user/signup/confirm"),
        ("POST", "/zato/sso/user/signup/confirm"),
    ] {
        zato.call_exactly(method, path, &confirm).unknown_application();
    }
}

#[test]
fn an_update_is_checked_in_the_order_of_the_contract() {
    let (mut zato, person) = zato_and_person();
    let other = Person::confirmed(&mut zato, su());
    let own = |body: Value| {
        let mut body = body;
        body["ust"] = json!(person.ust);
        body
    };
    // The session, before what a regular user may not send.
    let asked = json!({"ust": "unknown", "is_locked": true, "username": other.username});
    zato.call("PATCH", USER, asked).refused("E007001");
    // What a regular user may not send, before a taken name.
    let asked = own(json!({"is_locked": true, "username": other.username}));
    zato.call("PATCH", USER, asked).refused("E008002");
    let asked = own(json!({"user_id": person.user_id, "username": other.username}));
    zato.call("PATCH", USER, asked).refused("E008002");
    // A taken name, before the other values.
    let asked = own(json!({"username": other.username, "totp_key": "not base32!"}));
    zato.call("PATCH", USER, asked).refused("E001002");
    let asked = own(json!({"username": other.username, "first_name": "x".repeat(192)}));
    zato.call("PATCH", USER, asked).refused("E001002");
    let asked = json!({
        "ust": su(), "user_id": person.user_id, "username": other.username,
        "approval_status": "maybe",
    });
    zato.call("PATCH", USER, asked).refused("E001002");
}

#[test]
fn what_a_user_may_not_do_is_refused_before_anything_is_told_about_others() {
    let (mut zato, person) = zato_and_person();
    let other = Person::confirmed(&mut zato, su());
    for id in [other.user_id.as_str(), "zusrnobody", &person.user_id] {
        let asked = json!({"ust": person.ust, "user_id": id});
        zato.call("POST", LOCK, asked.clone()).refused("E005001");
        zato.call("GET", USER, asked.clone()).refused("E005001");
        zato.call("POST", APPROVE, asked).refused("E008002");
    }
}
