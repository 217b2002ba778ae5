//! Change a password, reset a TOTP key, ask for a reset (contract, sections 4.11, 4.13, 4.25 to 4.27).

use muster_tests::server::Server;
use muster_tests::totp::{base32, codes};
use muster_tests::zato::{LOGIN, Person, USER, Zato};
use serde_json::{Value, json};

use crate::world::{su, zato, zato_and_person};

const PASSWORD: &str = "/zato/sso/user/password";
const TOTP: &str = "/zato/sso/user/totp";
const RESET: &str = "/zato/sso/password/reset";

fn credentials(person: &Person, password: &str) -> Value {
    json!({"username": person.username, "password": password})
}

#[test]
fn case_036_a_user_changes_its_own_password_with_the_old_one() {
    let (mut zato, person) = zato_and_person();
    let new = format!("another {}", person.username);
    let change = json!({"ust": person.ust, "user_id": person.user_id,
        "old_password": person.password, "new_password": new});
    zato.call("PATCH", PASSWORD, change).ok();
    zato.call("POST", LOGIN, credentials(&person, &person.password)).refused("E005001");
    zato.call("POST", LOGIN, credentials(&person, &new)).ok();
    // The session from before goes on.
    zato.call("GET", USER, json!({"ust": person.ust})).ok();
    for old in [json!({}), json!({"old_password": person.password}), json!({"old_password": ""})] {
        let mut change = json!({"ust": person.ust, "new_password": "another thing"});
        change.as_object_mut().expect("an object").extend(old.as_object().expect("one").clone());
        zato.call("PATCH", PASSWORD, change).refused("E005001");
    }
    let weak = json!({"ust": person.ust, "old_password": new, "new_password": "short"});
    zato.call("PATCH", PASSWORD, weak).refused("E003002");
}

#[test]
fn case_037_a_super_user_sets_anothers_password_for_some_days() {
    let (mut zato, person) = zato_and_person();
    let new = format!("given to {}", person.username);
    let change = json!({"ust": su(), "user_id": person.user_id, "new_password": new,
        "password_expiry": 1});
    zato.call("PATCH", PASSWORD, change).ok();
    zato.call("POST", LOGIN, credentials(&person, &person.password)).refused("E005001");
    let warned = zato.call("POST", LOGIN, credentials(&person, &new)).warned("W003005");
    assert!(warned["ust"].is_string(), "{warned}");
}

#[test]
fn case_038_the_flag_goes_by_its_own_name_alone() {
    let (mut zato, person) = zato_and_person();
    let new = format!("given to {}", person.username);
    let mut change = json!({"ust": su(), "user_id": person.user_id, "new_password": new,
        "password_must_change": true});
    zato.call("PATCH", PASSWORD, change.clone()).ok();
    zato.call("POST", LOGIN, credentials(&person, &new)).ok();
    change["must_change"] = json!(true);
    zato.call("PATCH", PASSWORD, change).ok();
    zato.call("POST", LOGIN, credentials(&person, &new)).refused("E003007");
}

#[test]
fn case_039_a_super_user_changes_its_own_password_with_the_old_one() {
    let server = Server::start();
    let mut zato = Zato::new(&server);
    let first = server.first();
    let su = zato.log_in(&first.username, &first.password);
    let own = zato.call("GET", USER, json!({"ust": su})).ok();
    let mut change =
        json!({"ust": su, "user_id": own["user_id"], "new_password": "a better battery"});
    zato.call("PATCH", PASSWORD, change.clone()).refused("E005001");
    change["old_password"] = json!(first.password);
    zato.call("PATCH", PASSWORD, change).ok();
    zato.log_in(&first.username, "a better battery");
}

#[test]
fn a_regular_user_changes_nobody_elses_password_nor_how_long_it_lasts() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    let change = json!({"ust": person.ust, "user_id": other.user_id,
        "old_password": person.password, "new_password": "another thing"});
    zato.call("PATCH", PASSWORD, change).refused("E008002");
    let before = zato.read(su(), &person.user_id);
    let change = json!({"ust": person.ust, "old_password": person.password,
        "new_password": "another thing", "password_expiry": 1, "must_change": true});
    zato.call("PATCH", PASSWORD, change).ok();
    let after = zato.read(su(), &person.user_id);
    assert_eq!(after["password_must_change"], false);
    assert_eq!(
        after["password_expiry"].as_str().map(|date| &date[..4]),
        before["password_expiry"].as_str().map(|date| &date[..4])
    );
    // Nobody by that id: done, as long as the password would do.
    let unknown = |new| json!({"ust": su(), "user_id": "zusr1", "new_password": new});
    zato.call("PATCH", PASSWORD, unknown("good enough")).ok();
    zato.call("PATCH", PASSWORD, unknown("short")).refused("E003002");
    zato.call("PATCH", PASSWORD, json!({"ust": su()})).bad_request();
}

#[test]
fn case_084_a_totp_key_is_told_only_where_it_was_generated() {
    let (mut zato, person) = zato_and_person();
    let reset = zato.call("PATCH", TOTP, json!({"ust": person.ust, "totp_label": "phone"})).ok();
    let key = reset["totp_key"].as_str().expect("a key");
    assert!(key.len() >= 16, "{key}");
    let read = zato.call("GET", USER, json!({"ust": person.ust})).ok();
    assert_eq!(read["is_totp_enabled"], false, "the reset switches nothing");
    assert_eq!(read["totp_label"], "phone");
    let secret = b"Hello!\xDE\xAD\xBE\xEF";
    let given = json!({"ust": su(), "user_id": person.user_id, "totp_key": base32(secret)});
    let reset = zato.call("PATCH", TOTP, given).ok();
    assert!(reset.get("totp_key").is_none(), "{reset}");
    let read = zato.call("GET", USER, json!({"ust": person.ust})).ok();
    assert!(read.get("totp_label").is_none(), "an absent label clears it: {read}");
    zato.call("PATCH", USER, json!({"ust": person.ust, "is_totp_enabled": true})).ok();
    let mut log_in = credentials(&person, &person.password);
    log_in["totp_code"] = json!(codes(secret)[0]);
    zato.call("POST", LOGIN, log_in).ok();
}

#[test]
fn a_totp_key_is_reset_by_its_owner_and_super_users_alone() {
    let (mut zato, person) = zato_and_person();
    let named = json!({"ust": person.ust, "user_id": person.user_id});
    zato.call("PATCH", TOTP, named).refused("E008002");
    zato.call("PATCH", TOTP, json!({"ust": su(), "user_id": "zusr1"})).refused("E005001");
    zato.call("PATCH", TOTP, json!({"ust": person.ust, "totp_key": "?"})).refused("E008002");
}

#[test]
fn case_086_a_reset_is_promised_to_everybody_alike() {
    let (mut zato, person) = zato_and_person();
    let mut bodies = Vec::new();
    for credential in [json!(person.username), json!("nobody at all"), json!(""), Value::Null] {
        let answer = zato.call("POST", RESET, json!({"credential": credential}));
        assert_eq!(answer.status, 200);
        let mut body = answer.json();
        body.as_object_mut().expect("an object").remove("cid");
        bodies.push((body, answer.header("x-muster-position").is_some()));
    }
    for body in &bodies {
        assert_eq!(*body, (json!({"status": "ok", "sub_status": []}), false));
    }
    zato.call("POST", RESET, json!({})).json();
}

#[test]
fn tokens_and_keys_that_nobody_was_given_open_no_password() {
    let mut zato = zato();
    for token in [json!("0123456789abcdefghjkmnpqrs"), json!(""), Value::Null, json!(7)] {
        zato.call("PATCH", RESET, json!({"token": token})).refused("E010001");
        let carry_out = json!({"token": token, "reset_key": "gAAAA", "password": "short"});
        zato.call("DELETE", RESET, carry_out).refused("E010001");
    }
    zato.call("PATCH", RESET, json!({})).refused("E010001");
    zato.call("DELETE", RESET, json!({})).refused("E010001");
    let unknown = json!({"current_app": "nobody's", "credential": "x"});
    for method in ["POST", "PATCH", "DELETE"] {
        zato.call(method, RESET, unknown.clone()).unknown_application();
    }
}
