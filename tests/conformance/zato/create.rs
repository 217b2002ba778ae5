//! Create and delete (contract, sections 4.5, 4.9).

use jiff::Timestamp;
use muster_tests::totp::base32;
use muster_tests::zato::{LOGIN, Person, SEARCH, USER, is_date, unique};
use serde_json::{Value, json};

use crate::world::{su, zato, zato_and_person};

fn with(mut body: Value, more: &Value) -> Value {
    let more = more.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(more);
    body
}

fn asked(more: &Value) -> Value {
    let name = unique("made");
    with(json!({"ust": su(), "username": name, "password": format!("battery {name}")}), more)
}

fn in_the_future(value: &Value) -> bool {
    let text = format!("{}Z", value.as_str().unwrap_or_default());
    text.parse::<Timestamp>().is_ok_and(|at| at > Timestamp::now())
}

#[test]
fn case_001_a_user_is_created_and_waits_for_approval() {
    let limits = json!({"email": "x@example.com", "is_rate_limit_active": true,
        "rate_limit_def": "*=1/d"});
    let made = zato().call("POST", USER, asked(&limits)).ok();
    assert_eq!(made["is_approval_needed"], true);
    assert_eq!(made["approval_status"], "before_decision");
    assert_eq!(made["sign_up_status"], "final");
    assert_eq!(made["email"], "x@example.com");
    for hidden in ["rate_limit_def", "totp_key", "password", "locked_time", "locked_by"] {
        assert!(made.get(hidden).is_none(), "{hidden}: {made}");
    }
}

#[test]
fn case_002_a_new_user_has_the_flags_of_one() {
    let made = zato().call("POST", USER, asked(&json!({}))).ok();
    for (key, expected) in [
        ("is_active", true),
        ("password_is_set", true),
        ("is_internal", false),
        ("is_locked", false),
        ("is_super_user", false),
        ("is_totp_enabled", false),
        ("password_must_change", false),
    ] {
        assert_eq!(made[key], expected, "{key}: {made}");
    }
    assert!(made["user_id"].as_str().is_some_and(|id| id.starts_with("zusr")), "{made}");
}

#[test]
fn case_003_a_new_user_has_the_times_of_its_making() {
    let before = Timestamp::now();
    let made = zato().call("POST", USER, asked(&json!({}))).ok();
    let own = zato().call("GET", USER, json!({"ust": su()})).ok();
    assert_eq!(made["approval_status_mod_by"], own["user_id"]);
    for key in ["approval_status_mod_time", "password_last_set", "sign_up_time"] {
        assert!(is_date(&made[key]), "{key}: {made}");
        let text = format!("{}Z", made[key].as_str().unwrap_or_default());
        assert!(text.parse::<Timestamp>().is_ok_and(|at| at >= before), "{key}: {made}");
    }
    assert!(in_the_future(&made["password_expiry"]), "{made}");
}

#[test]
fn case_004_a_user_may_be_created_approved() {
    let made = zato().call("POST", USER, asked(&json!({"auto_approve": true}))).ok();
    assert_eq!(made["approval_status"], "approved");
    assert_eq!(made["is_approval_needed"], false);
}

#[test]
fn case_005_what_a_user_is_created_with_is_read_back() {
    let all = json!({
        "is_locked": true, "password_must_change": true, "is_totp_enabled": true,
        "totp_label": "phone", "display_name": "Ada B.", "first_name": "Ada",
        "middle_name": "King", "last_name": "Byron", "email": "ada@example.com",
        "sign_up_status": "before_confirmation",
    });
    let mut zato = zato();
    let made = zato.call("POST", USER, asked(&all)).ok();
    let read = zato.read(su(), made["user_id"].as_str().expect("an id"));
    for (key, value) in all.as_object().expect("an object") {
        assert_eq!((&made[key], &read[key]), (value, value), "{key}");
    }
    assert!(is_date(&read["locked_time"]), "{read}");
}

#[test]
fn names_are_trimmed_and_joined_where_none_is_given_to_be_shown() {
    let names = json!({"first_name": " Ada ", "middle_name": "  ", "last_name": "Byron"});
    let made = zato().call("POST", USER, asked(&names)).ok();
    assert_eq!(made["display_name"], "Ada Byron");
    assert_eq!(made["first_name"], "Ada");
    assert!(made.get("middle_name").is_none(), "{made}");
}

#[test]
fn a_created_user_signs_in_with_the_password_it_was_given() {
    let mut zato = zato();
    let body = asked(&json!({"auto_approve": true}));
    zato.call("POST", USER, body.clone()).ok();
    let (name, password) = (body["username"].as_str(), body["password"].as_str());
    zato.log_in(name.expect("a name"), password.expect("a password"));
    let drawn = json!({"ust": su(), "username": unique("drawn"), "auto_approve": true});
    let made = zato.call("POST", USER, drawn).ok();
    assert_eq!(made["password_is_set"], true);
}

#[test]
fn what_is_wrong_with_a_new_user_is_told_in_the_contracts_order() {
    let (mut zato, person) = zato_and_person();
    // A regular caller learns nothing but that.
    let taken = json!({"ust": person.ust, "username": person.username});
    zato.call("POST", USER, taken).refused("E005001");
    let bad = json!({"ust": su(), "password": "short", "sign_up_status": "x"});
    for absent in [json!({}), json!({"username": ""}), json!({"username": null})] {
        zato.call("POST", USER, with(bad.clone(), &absent)).refused("E001001");
    }
    let named = |name: &str| with(bad.clone(), &json!({"username": name}));
    zato.call("POST", USER, named(&person.username)).refused("E001002");
    zato.call("POST", USER, named(&unique("new"))).refused("E003002");
    for wrong in [
        json!({"sign_up_status": "x"}),
        json!({"rate_limit_def": "every now and then"}),
        json!({"totp_key": "not base32!"}),
        json!({"first_name": "x".repeat(192)}),
    ] {
        zato.call("POST", USER, asked(&wrong)).refused("E008002");
    }
    let long = json!({"ust": su(), "username": "x".repeat(192)});
    zato.call("POST", USER, long).refused("E008002");
    // What sign-up rejects, an administrator may choose; and keys may be given.
    let odd = json!({"username": unique("the admin of zato"), "totp_key": base32(b"fooba")});
    zato.call("POST", USER, asked(&odd)).ok();
    zato.call("POST", USER, json!({"username": "x"})).bad_request();
}

#[test]
fn case_016_a_deleted_user_is_found_no_more() {
    let (mut zato, person) = zato_and_person();
    let target = json!({"ust": su(), "user_id": person.user_id});
    zato.call("DELETE", USER, target.clone()).ok();
    let found = zato.call("GET", SEARCH, target.clone()).ok();
    assert_eq!(found["total"], 0);
    zato.call("GET", USER, json!({"ust": person.ust})).refused("E007001");
    let again = json!({"username": person.username, "password": person.password});
    zato.call("POST", LOGIN, again).refused("E005001");
    zato.call("DELETE", USER, target).refused("E008001");
    // The name is free again.
    zato.sign_up(&person.username, &person.password);
}

#[test]
fn case_017_a_regular_user_deletes_nobody() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    for id in [&other.user_id, &person.user_id, ""] {
        let asked = json!({"ust": person.ust, "user_id": id});
        zato.call("DELETE", USER, asked).refused("E005001");
    }
    zato.read(su(), &other.user_id);
}

#[test]
fn case_079_a_super_user_does_not_delete_itself() {
    let mut zato = zato();
    let own = zato.call("GET", USER, json!({"ust": su()})).ok();
    let asked = json!({"ust": su(), "user_id": own["user_id"]});
    zato.call("DELETE", USER, asked).refused("E008001");
    for unknown in [json!({}), json!({"user_id": null}), json!({"user_id": "zusr1"})] {
        zato.call("DELETE", USER, with(json!({"ust": su()}), &unknown)).refused("E008001");
    }
    zato.call("GET", USER, json!({"ust": su()})).ok();
}
