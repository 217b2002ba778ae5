//! Verify, renew, get and list sessions, and what every call asks of the caller's (contract, sections
//! 2.2, 2.3, 4.17 to 4.20).

use muster_tests::zato::{
    APP, ATTR, LOCK, LOGIN, LOGOUT, Person, REJECT, SEARCH, SESSION, SESSION_LIST, USER, Zato,
    is_date,
};
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

/// The own sessions, oldest first.
#[track_caller]
fn own_sessions(zato: &mut Zato, ust: &str) -> Vec<Value> {
    let done = zato.call("GET", SESSION_LIST, json!({"ust": ust})).ok();
    assert_eq!(done.as_object().map(serde_json::Map::len), Some(3), "{done}");
    done["result"].as_array().expect("a list").clone()
}

/// Somebody's session, opened by a program that calls itself so.
fn opened_by(zato: &mut Zato, person: &Person, agent: &str) -> String {
    let body = json!({
        "username": person.username, "password": person.password, "current_app": APP,
    });
    let headers = [("user-agent", agent)];
    let answer = zato.client.send("POST", LOGIN, &headers, body.to_string().as_bytes()).ok();
    answer["ust"].as_str().expect("a token").to_owned()
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> =
        value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn case_044_a_super_user_renews_and_lists_its_sessions() {
    let mut zato = zato();
    zato.call("PATCH", SESSION, json!({"ust": su()})).ok();
    assert!(!own_sessions(&mut zato, su()).is_empty());
}

#[test]
fn case_047_a_renewed_session_ends_in_the_future() {
    let (mut zato, person) = zato_and_person();
    let before = own_sessions(&mut zato, &person.ust)[0]["expiration_time"].clone();
    let done = zato.call("PATCH", SESSION, json!({"ust": person.ust})).ok();
    assert_eq!(keys(&done), ["cid", "expiration_time", "status"]);
    assert!(is_date(&done["expiration_time"]), "{done}");
    assert!(done["expiration_time"].as_str() > before.as_str(), "{done}");
    let listed = own_sessions(&mut zato, &person.ust);
    assert_eq!(listed[0]["expiration_time"], done["expiration_time"]);
    let creation = listed[0]["creation_time"].as_str();
    assert!(done["expiration_time"].as_str() > creation);
}

#[test]
fn case_048_a_regular_user_may_not_get_any_session() {
    let (mut zato, person) = zato_and_person();
    for target in [su(), &person.ust, "unknown", ""] {
        let asked = json!({"current_ust": person.ust, "target_ust": target});
        zato.call("GET", SESSION, asked.clone()).refused("E005001");
        zato.call("GET", SESSION_LIST, asked).refused("E005001");
    }
}

#[test]
fn case_099_a_session_lists_its_login_and_then_each_renewal() {
    let (mut zato, person) = zato_and_person();
    let ust = opened_by(&mut zato, &person, "crm/1");
    let body = json!({"ust": ust, "current_app": APP}).to_string();
    zato.client.send("PATCH", SESSION, &[("user-agent", "crm/2")], body.as_bytes()).ok();
    let listed = own_sessions(&mut zato, &ust);
    assert_eq!(listed.len(), 2, "{listed:?}");
    let session = &listed[1];
    assert_eq!(
        keys(session),
        [
            "auth_principal",
            "auth_type",
            "creation_time",
            "expiration_time",
            "remote_addr",
            "session_state_change_list",
            "user_agent",
        ]
    );
    assert_eq!(session["auth_type"], "default");
    assert_eq!(session["auth_principal"], json!(person.username));
    assert_eq!(
        (&session["remote_addr"], &session["user_agent"]),
        (&json!("127.0.0.1"), &json!("crm/1"))
    );
    let changes = session["session_state_change_list"].as_array().expect("a list");
    for (at, (source, agent)) in [("login", "crm/1"), ("renew", "crm/2")].into_iter().enumerate() {
        let change = &changes[at];
        assert_eq!(
            keys(change),
            ["ctx_source", "idx", "remote_addr", "timestamp_utc", "user_agent"]
        );
        assert_eq!((&change["ctx_source"], &change["idx"]), (&json!(source), &json!(at + 1)));
        assert_eq!(
            (&change["remote_addr"], &change["user_agent"]),
            (&json!("127.0.0.1"), &json!(agent))
        );
        assert!(is_date(&change["timestamp_utc"]), "{change}");
    }
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0]["timestamp_utc"], session["creation_time"]);
    // No element carries a token, in whatever form.
    assert!(!json!(listed).to_string().contains("gAAAA"));
}

#[test]
fn the_latest_hundred_changes_are_shown_with_their_numbers() {
    let (mut zato, person) = zato_and_person();
    for _ in 0..104 {
        zato.call("PATCH", SESSION, json!({"ust": person.ust})).ok();
    }
    let listed = own_sessions(&mut zato, &person.ust);
    let changes = listed[0]["session_state_change_list"].as_array().expect("a list");
    assert_eq!(changes.len(), 100);
    for (at, change) in changes.iter().enumerate() {
        assert_eq!((&change["idx"], &change["ctx_source"]), (&json!(at + 6), &json!("renew")));
    }
    assert_eq!(listed[0]["remote_addr"], "127.0.0.1");
}

#[test]
fn a_super_user_gets_a_session_as_it_was_opened() {
    let (mut zato, person) = zato_and_person();
    let ust = opened_by(&mut zato, &person, "");
    let asked = json!({"current_ust": su(), "target_ust": ust});
    let got = zato.call("GET", SESSION, asked.clone()).ok();
    assert_eq!(
        keys(&got),
        ["cid", "creation_time", "expiration_time", "remote_addr", "status", "user_agent"]
    );
    assert_eq!((&got["remote_addr"], &got["user_agent"]), (&json!("127.0.0.1"), &json!("")));
    assert!(is_date(&got["creation_time"]) && is_date(&got["expiration_time"]), "{got}");
    // It is looked at, not used.
    assert_eq!(zato.call("GET", SESSION, asked).ok()["expiration_time"], got["expiration_time"]);
}

#[test]
fn what_stands_in_the_way_of_a_session_is_told_to_whoever_gets_or_lists_it() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"current_ust": su(), "target_ust": person.ust});
    let id = json!({"ust": su(), "user_id": person.user_id});
    zato.call("POST", LOCK, id.clone()).ok();
    for path in [SESSION, SESSION_LIST] {
        zato.call("GET", path, asked.clone()).refused("E005002");
    }
    zato.call("PATCH", SESSION, json!({"ust": person.ust})).refused("E005002");
    zato.call("DELETE", LOCK, id.clone()).ok();
    zato.call("POST", REJECT, id).ok();
    for path in [SESSION, SESSION_LIST] {
        zato.call("GET", path, asked.clone()).refused("E007001");
        for unknown in [json!("unknown"), json!(null), json!("")] {
            let asked = json!({"current_ust": unknown, "target_ust": su()});
            let code = if path == SESSION || !unknown.is_null() { "E007001" } else { "E008002" };
            zato.call("GET", path, asked).refused(code);
        }
    }
    zato.call("PATCH", SESSION, json!({"ust": person.ust})).refused("E007001");
}

#[test]
fn absent_tokens_of_get_and_renew_are_unknown_ones() {
    let (mut zato, person) = zato_and_person();
    zato.call("GET", SESSION, json!({})).refused("E007001");
    zato.call("GET", SESSION, json!({"target_ust": su()})).refused("E007001");
    zato.call("GET", SESSION, json!({"current_ust": su()})).refused("E007001");
    zato.call("GET", SESSION, json!({"current_ust": person.ust})).refused("E005001");
    zato.call("PATCH", SESSION, json!({})).refused("E007001");
    zato.call("PATCH", SESSION, json!({"target_ust": person.ust})).refused("E007001");
}

#[test]
fn a_renewal_takes_the_other_name_of_the_token_and_ignores_a_target() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"current_ust": person.ust, "target_ust": su()});
    zato.call("PATCH", SESSION, asked).ok();
    let asked = json!({"ust": person.ust, "current_ust": "unknown", "target_ust": []});
    zato.call("PATCH", SESSION, asked).ok();
    let listed = own_sessions(&mut zato, &person.ust);
    let changes = listed[0]["session_state_change_list"].as_array().map(Vec::len);
    assert_eq!(changes, Some(3));
}

#[test]
fn sessions_are_listed_by_the_own_token_or_by_two() {
    let (mut zato, person) = zato_and_person();
    zato.log_in(&person.username, &person.password);
    assert_eq!(own_sessions(&mut zato, &person.ust).len(), 2);
    let both = json!({"current_ust": su(), "target_ust": person.ust});
    let listed = zato.call("GET", SESSION_LIST, both).ok();
    assert_eq!(listed["result"], json!(own_sessions(&mut zato, &person.ust)));
    for other in [
        json!({}),
        json!({"current_ust": su()}),
        json!({"target_ust": person.ust}),
        json!({"ust": su(), "target_ust": person.ust}),
        json!({"ust": su(), "current_ust": su()}),
        json!({"ust": su(), "current_ust": su(), "target_ust": person.ust}),
        json!({"ust": null}),
    ] {
        zato.call("GET", SESSION_LIST, other).refused("E008002");
    }
    for wrong in [json!({}), json!([]), json!(true)] {
        zato.call("GET", SESSION_LIST, json!({"ust": wrong})).bad_request();
    }
    // What is null is not sent.
    let asked = json!({"ust": person.ust, "current_ust": null, "target_ust": null});
    assert_eq!(zato.call("GET", SESSION_LIST, asked).ok()["result"], listed["result"]);
    zato.call("GET", SESSION_LIST, json!({"ust": "unknown"})).refused("E007001");
}

#[test]
fn an_ended_session_is_listed_and_renewed_no_more() {
    let (mut zato, person) = zato_and_person();
    let second = zato.log_in(&person.username, &person.password);
    zato.call("POST", LOGOUT, json!({"ust": second})).ok();
    assert_eq!(own_sessions(&mut zato, &person.ust).len(), 1);
    zato.call("PATCH", SESSION, json!({"ust": second})).refused("E007001");
}
