//! Linked accounts (contract, sections 4.14 to 4.16).

use muster_tests::zato::USER;
use serde_json::{Value, json};

use crate::world::{su, zato, zato_and_person};

const LINKED: &str = "/zato/sso/user/linked";

fn link(ust: &str, user_id: &Value) -> Value {
    json!({"ust": ust, "user_id": user_id, "auth_type": "basic_auth", "auth_username": "nobody's"})
}

#[test]
fn case_100_an_unknown_definition_is_a_bad_request() {
    let mut zato = zato();
    let own = zato.call("GET", USER, json!({"ust": su()})).ok();
    for method in ["POST", "DELETE"] {
        zato.call(method, LINKED, link(su(), &own["user_id"])).bad_request();
        let mut other = link(su(), &own["user_id"]);
        other["auth_type"] = json!("smoke signals");
        zato.call(method, LINKED, other).bad_request();
    }
}

#[test]
fn a_regular_caller_learns_nothing_about_definitions() {
    let (mut zato, person) = zato_and_person();
    for method in ["POST", "DELETE"] {
        zato.call(method, LINKED, link(&person.ust, &json!(person.user_id))).refused("E005001");
        zato.call(method, LINKED, link("gAAAA", &json!(person.user_id))).refused("E007001");
        zato.call(method, LINKED, json!({"ust": su()})).bad_request();
    }
    let own = zato.call("GET", LINKED, json!({"ust": person.ust})).ok();
    assert_eq!(own["result"], json!([]));
    let named = json!({"ust": person.ust, "user_id": person.user_id});
    zato.call("GET", LINKED, named).refused("E005001");
    let unknown = zato.call("GET", LINKED, json!({"ust": su(), "user_id": "zusr1"})).ok();
    assert_eq!(unknown["result"], json!([]));
    let synonym = zato.call("GET", LINKED, json!({"current_ust": person.ust})).ok();
    assert_eq!(synonym["result"], json!([]));
}
