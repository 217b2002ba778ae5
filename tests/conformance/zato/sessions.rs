//! Verify sessions, and what every call asks of the caller's (contract, sections 2.2, 2.3, 4.17).

use muster_tests::zato::{ATTR, LOCK, LOGOUT, Person, REJECT, SEARCH, SESSION, USER, Zato};
use serde_json::{Value, json};

use crate::world::{server, su, zato, zato_and_person};

fn is_valid(zato: &mut Zato, target: &str) -> bool {
    let asked = json!({"current_ust": su(), "target_ust": target});
    let done = zato.call("POST", SESSION, asked).ok();
    assert_eq!(done.as_object().map(serde_json::Map::len), Some(3), "{done}");
    done["is_valid"].as_bool().expect("a boolean")
}

#[test]
fn case_043_a_super_users_own_session_is_valid() {
    assert!(is_valid(&mut zato(), su()));
}

#[test]
fn case_045_a_session_is_valid_until_its_logout() {
    let (mut zato, person) = zato_and_person();
    assert!(is_valid(&mut zato, &person.ust));
    zato.call("POST", LOGOUT, json!({"ust": person.ust})).ok();
    assert!(!is_valid(&mut zato, &person.ust));
}

#[test]
fn case_046_a_regular_user_may_not_verify_any_session() {
    let (mut zato, person) = zato_and_person();
    for target in [person.ust.as_str(), su(), "unknown", ""] {
        let asked = json!({"current_ust": person.ust, "target_ust": target});
        zato.call("POST", SESSION, asked).refused("E005001");
    }
}

#[test]
fn case_071_a_token_that_is_unknown_broken_or_ended_is_no_session() {
    let (mut zato, person) = zato_and_person();
    let ended = zato.log_in(&person.username, &person.password);
    zato.call("POST", LOGOUT, json!({"ust": ended})).ok();
    let mut changed = person.ust.clone().into_bytes();
    let last = changed.len() - 10;
    changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).expect("ASCII");
    let tokens = [
        json!(ended),
        json!(changed),
        json!(person.ust.trim_end_matches('=').to_owned() + "x"),
        json!(format!(" {}", person.ust)),
        json!("unknown"),
        json!(""),
        Value::Null,
        json!(7),
        json!(server().first().token),
        json!(format!("zust{}", &person.user_id[4..])),
    ];
    for token in tokens {
        zato.call("GET", USER, json!({"ust": token})).refused("E007001");
        zato.call("GET", ATTR, json!({"ust": token, "name": "x"})).refused("E007001");
        zato.call("GET", SEARCH, json!({"ust": token})).refused("E005001");
        let verify = json!({"current_ust": token, "target_ust": person.ust});
        zato.call("POST", SESSION, verify).refused("E007001");
        let verify = json!({"current_ust": su(), "target_ust": token});
        let done = zato.call("POST", SESSION, verify).ok();
        assert_eq!(done["is_valid"], false, "{token}");
    }
}

#[test]
fn absent_tokens_of_a_verification_are_unknown_ones() {
    let mut zato = zato();
    zato.call("POST", SESSION, json!({})).refused("E007001");
    zato.call("POST", SESSION, json!({"target_ust": su()})).refused("E007001");
    zato.call("POST", SESSION, json!({"current_ust": su()})).refused("E007001");
}

#[test]
fn what_happens_to_the_owner_happens_to_the_session() {
    let (mut zato, person) = zato_and_person();
    let asked = |key: &str, value: Value| {
        let mut asked = json!({"ust": su(), "user_id": person.user_id});
        asked[key] = value;
        asked
    };
    // All of section 2.2 is wrong at once, then put right in the order in which it is checked.
    let mut all = asked("is_locked", json!(true));
    all["approval_status"] = json!("rejected");
    all["sign_up_status"] = json!("to_approve");
    all["password_expiry"] = json!("2001-02-03T04:05:06");
    zato.call("PATCH", USER, all).ok();
    for (code, put_right) in [
        ("E007001", asked("approval_status", json!("approved"))),
        ("E005002", asked("is_locked", json!(false))),
        ("E005003", asked("sign_up_status", json!("final"))),
        ("E005001", asked("password_expiry", json!("2345-12-27T11:22:33"))),
    ] {
        zato.call("GET", USER, json!({"ust": person.ust})).refused(code);
        zato.call("GET", ATTR, json!({"ust": person.ust, "name": "x"})).refused(code);
        assert!(!is_valid(&mut zato, &person.ust), "{code}");
        zato.call("PATCH", USER, put_right).ok();
    }
    zato.call("GET", USER, json!({"ust": person.ust})).ok();
    assert!(is_valid(&mut zato, &person.ust));
}

#[test]
fn a_lock_or_a_rejection_is_seen_by_the_next_verification() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"ust": su(), "user_id": person.user_id});
    for (method, path, valid) in
        [("POST", LOCK, false), ("DELETE", LOCK, true), ("POST", REJECT, false)]
    {
        zato.call(method, path, asked.clone()).ok();
        assert_eq!(is_valid(&mut zato, &person.ust), valid, "{method} {path}");
    }
}

#[test]
fn the_other_name_of_the_callers_token_counts_only_where_the_first_is_absent() {
    let (mut zato, person) = zato_and_person();
    let put = |key: &str, token: Value| {
        let mut asked = json!({"name": "colour", "value": "red"});
        asked[key] = token;
        asked
    };
    zato.call("PUT", ATTR, put("current_ust", json!(person.ust))).ok();
    let mut both = put("current_ust", json!(person.ust));
    both["ust"] = Value::Null;
    zato.call("PUT", ATTR, both.clone()).refused("E007001");
    both["ust"] = json!(person.ust);
    both["current_ust"] = json!("unknown");
    zato.call("PUT", ATTR, both).ok();
    zato.call("PUT", ATTR, json!({"name": "colour", "value": "red"})).refused("E007001");
    zato.call("GET", ATTR, json!({"name": "colour"})).refused("E007001");
    // Elsewhere it is not known.
    zato.call("GET", USER, json!({"current_ust": person.ust})).bad_request();
}

#[test]
fn a_session_of_somebody_who_never_logged_in_does_not_exist() {
    let mut zato = zato();
    let person = Person::confirmed(&mut zato, su());
    assert!(!is_valid(&mut zato, &person.user_id));
}
