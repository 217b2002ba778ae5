//! Password reset (contract, sections 4.25 to 4.27), with tokens out of the outbox: without an SMTP
//! server a mail stays there.

use muster_tests::zato::{APPROVE, LOCK, LOGIN, Person, USER, Zato};
use serde_json::{Value, json};

use crate::world::{server, su, zato_and_person};

const RESET: &str = "/zato/sso/password/reset";

/// Asks for a reset and reads the mail.
fn request(zato: &mut Zato, person: &Person) -> String {
    succeeded(&zato.call("POST", RESET, json!({"credential": person.username})));
    // It is begun after the answer.
    let began = jiff::Timestamp::now();
    loop {
        let mails = muster_tests::cli::objects(&server().data(), &["outbox", "list"]);
        let of_person = |mail: &&Value| mail["username"] == person.username.as_str();
        let mut mails = mails.iter().filter(of_person);
        if let Some(mail) = mails.rfind(|mail| mail["kind"] == "password_reset") {
            let token = mail["token"].as_str().expect("a token").to_owned();
            assert!(mail["text"].as_str().is_some_and(|text| text.contains(&token)));
            return token;
        }
        let waited = jiff::Timestamp::now().duration_since(began);
        assert!(waited.as_secs() < 60, "no mail came");
    }
}

/// `ok`, and an empty list of codes, which the calls of a reset alone send.
#[track_caller]
fn succeeded(answer: &muster_tests::client::Answer) -> Value {
    let body = answer.json();
    assert_eq!((answer.status, &body["status"]), (200, &json!("ok")), "{body}");
    assert_eq!(body["sub_status"], json!([]), "{body}");
    body
}

fn open(zato: &mut Zato, token: &str) -> String {
    let body = succeeded(&zato.call("PATCH", RESET, json!({"token": token})));
    body["reset_key"].as_str().expect("a key").to_owned()
}

#[test]
fn case_040_a_reset_makes_a_token_available() {
    let (mut zato, person) = zato_and_person();
    let token = request(&mut zato, &person);
    let is_safe = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    assert!((25..=26).contains(&token.len()) && token.bytes().all(is_safe), "{token}");
}

#[test]
fn case_041_a_token_is_exchanged_for_a_key() {
    let (mut zato, person) = zato_and_person();
    let token = request(&mut zato, &person);
    let key = open(&mut zato, &token);
    assert!(key.starts_with("gAAAA"), "{key}");
}

#[test]
fn case_042_token_and_key_set_a_password_and_sessions_stay() {
    let (mut zato, person) = zato_and_person();
    let token = request(&mut zato, &person);
    let key = open(&mut zato, &token);
    let new = json!({"token": token, "reset_key": key, "password": "another horse battery"});
    let done = succeeded(&zato.call("DELETE", RESET, new.clone()));
    assert!(done.get("reset_key").is_none(), "{done}");
    let old = json!({"username": person.username, "password": person.password});
    zato.call("POST", LOGIN, old).refused("E005001");
    zato.log_in(&person.username, "another horse battery");
    zato.call("GET", USER, json!({"ust": person.ust})).ok();
    // Both are used up.
    zato.call("DELETE", RESET, new).refused("E010001");
    zato.call("PATCH", RESET, json!({"token": token})).refused("E010001");
}

#[test]
fn case_087_a_token_is_exchanged_once() {
    let (mut zato, person) = zato_and_person();
    let token = request(&mut zato, &person);
    open(&mut zato, &token);
    zato.call("PATCH", RESET, json!({"token": token})).refused("E010001");
}

#[test]
fn case_088_a_password_that_is_refused_leaves_token_and_key_usable() {
    let (mut zato, person) = zato_and_person();
    let token = request(&mut zato, &person);
    let key = open(&mut zato, &token);
    let with = |password: &str| json!({"token": token, "reset_key": key, "password": password});
    zato.call("DELETE", RESET, with("short")).refused("E003002");
    let absent = json!({"token": token, "reset_key": key});
    zato.call("DELETE", RESET, absent).refused("E003002");
    succeeded(&zato.call("DELETE", RESET, with("another horse battery")));
    zato.log_in(&person.username, "another horse battery");
}

#[test]
fn a_key_of_another_reset_and_a_token_that_was_not_opened_are_worth_nothing() {
    let (mut zato, person) = zato_and_person();
    let first = request(&mut zato, &person);
    let key = open(&mut zato, &first);
    let other = Person::regular(&mut zato, su());
    let second = request(&mut zato, &other);
    let with = |token: &str, key: &str| json!({"token": token, "reset_key": key, "password": "another horse battery"});
    zato.call("DELETE", RESET, with(&second, &key)).refused("E010001");
    zato.call("DELETE", RESET, with(&first, "gAAAA")).refused("E010001");
    zato.call("DELETE", RESET, with(&key, &first)).refused("E010001");
    zato.call("DELETE", RESET, json!({})).refused("E010001");
    zato.call("PATCH", RESET, json!({"token": null})).refused("E010001");
}

#[test]
fn who_may_not_use_the_system_is_told_and_the_token_is_not_used_up() {
    let (mut zato, person) = zato_and_person();
    let token = request(&mut zato, &person);
    let user = json!({"ust": su(), "user_id": person.user_id});
    zato.call("POST", LOCK, user.clone()).ok();
    zato.call("PATCH", RESET, json!({"token": token})).refused("E005002");
    zato.call("DELETE", LOCK, user.clone()).ok();
    let reset = json!({
        "ust": su(), "user_id": person.user_id, "approval_status": "before_decision",
    });
    zato.call("PATCH", USER, reset).ok();
    zato.call("PATCH", RESET, json!({"token": token})).refused("E005004");
    zato.call("POST", APPROVE, user).ok();
    open(&mut zato, &token);
}

#[test]
fn nobody_learns_who_has_an_account() {
    let (mut zato, person) = zato_and_person();
    let known = zato.call("POST", RESET, json!({"credential": person.username})).json();
    for credential in [json!("nobody"), json!(""), Value::Null] {
        let unknown = zato.call("POST", RESET, json!({"credential": credential})).json();
        let keys =
            |body: &Value| body.as_object().map(|keys| keys.keys().cloned().collect::<Vec<_>>());
        assert_eq!(keys(&unknown), keys(&known));
        assert_eq!((&unknown["status"], &unknown["sub_status"]), (&json!("ok"), &json!([])));
    }
}
