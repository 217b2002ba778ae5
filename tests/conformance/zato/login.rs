//! Log in and log out (contract, sections 4.1, 4.2, 6.1 to 6.3).

use jiff::{SignedDuration, Timestamp};
use muster_tests::totp::{base32, codes};
use muster_tests::zato::{APPROVE, LOCK, LOGIN, LOGOUT, Person, USER, Zato};
use serde_json::{Value, json};

use crate::world::{su, zato, zato_and_person};

/// 80 bits, as Zato's own keys.
const TOTP_SECRET: &[u8] = b"Hello!\xDE\xAD\xBE\xEF";

fn credentials(person: &Person) -> Value {
    json!({"username": person.username, "password": person.password})
}

fn with(mut body: Value, key: &str, value: impl Into<Value>) -> Value {
    body[key] = value.into();
    body
}

fn with_totp(zato: &mut Zato, secret: &[u8]) -> Person {
    let person = Person::regular(zato, su());
    let on = json!({"ust": person.ust, "is_totp_enabled": true, "totp_key": base32(secret)});
    zato.call("PATCH", USER, on).ok();
    person
}

#[test]
fn case_022_right_credentials_open_a_session() {
    let (mut zato, person) = zato_and_person();
    let done = zato.call("POST", LOGIN, credentials(&person)).ok();
    let token = done["ust"].as_str().expect("a token");
    assert!(token.starts_with("gAAAA") && (100..=200).contains(&token.len()), "{token}");
    assert_eq!(done.as_object().map(serde_json::Map::len), Some(3), "{done}");
    // Sessions are independent of one another.
    assert_ne!(token, person.ust);
    for token in [token, &person.ust] {
        zato.call("GET", USER, json!({"ust": token})).ok();
    }
}

#[test]
fn case_023_a_code_is_ignored_while_totp_is_off() {
    let (mut zato, person) = zato_and_person();
    for code in [json!("123456"), json!(123_456), json!("invalid"), json!("")] {
        zato.call("POST", LOGIN, with(credentials(&person), "totp_code", code)).ok();
    }
}

#[test]
fn case_024_an_unknown_name_is_refused() {
    let asked = json!({"username": "nobody", "password": "correct horse"});
    zato().call("POST", LOGIN, asked).refused("E005001");
}

#[test]
fn case_025_an_empty_name_is_refused() {
    let asked = json!({"username": "", "password": "correct horse"});
    zato().call("POST", LOGIN, asked).refused("E005001");
}

#[test]
fn case_026_a_null_name_is_refused() {
    let asked = json!({"username": null, "password": "correct horse"});
    zato().call("POST", LOGIN, asked).refused("E005001");
}

#[test]
fn case_027_a_missing_name_is_a_bad_request() {
    zato().call("POST", LOGIN, json!({"password": "correct horse"})).bad_request();
}

#[test]
fn case_028_a_wrong_password_is_refused() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"username": person.username, "password": "incorrect horse"});
    zato.call("POST", LOGIN, asked).refused("E005001");
    // Names are exact.
    let asked = json!({"username": person.username.to_uppercase(), "password": person.password});
    zato.call("POST", LOGIN, asked).refused("E005001");
}

#[test]
fn case_029_an_empty_or_null_password_is_refused() {
    let (mut zato, person) = zato_and_person();
    for password in [json!(""), Value::Null] {
        let asked = json!({"username": person.username, "password": password});
        zato.call("POST", LOGIN, asked).refused("E005001");
    }
}

#[test]
fn case_030_a_missing_password_is_a_bad_request() {
    let (mut zato, person) = zato_and_person();
    zato.call("POST", LOGIN, json!({"username": person.username})).bad_request();
}

#[test]
fn case_031_a_session_ends_with_its_logout_and_no_other_does() {
    let (mut zato, person) = zato_and_person();
    let other = zato.log_in(&person.username, &person.password);
    let done = zato.call("POST", LOGOUT, json!({"ust": person.ust})).ok();
    assert_eq!(done.as_object().map(serde_json::Map::len), Some(2), "{done}");
    zato.call("GET", USER, json!({"ust": person.ust})).refused("E007001");
    zato.call("GET", USER, json!({"ust": other})).ok();
}

#[test]
fn case_032_a_current_code_logs_in_once_totp_is_on() {
    let mut zato = zato();
    let person = with_totp(&mut zato, TOTP_SECRET);
    for code in codes(TOTP_SECRET) {
        zato.call("POST", LOGIN, with(credentials(&person), "totp_code", code)).ok();
    }
}

#[test]
fn case_033_a_wrong_code_is_refused_like_a_wrong_password() {
    let mut zato = zato();
    let person = with_totp(&mut zato, TOTP_SECRET);
    for code in ["invalid", "12345", "1234567", " "] {
        let asked = with(credentials(&person), "totp_code", code);
        zato.call("POST", LOGIN, asked).refused("E005001");
    }
}

#[test]
fn case_034_a_missing_code_is_told_after_the_password_was_right() {
    let mut zato = zato();
    let person = with_totp(&mut zato, TOTP_SECRET);
    zato.call("POST", LOGIN, credentials(&person)).refused("E005008");
    for code in [Value::Null, json!("")] {
        let asked = with(credentials(&person), "totp_code", code);
        zato.call("POST", LOGIN, asked).refused("E005008");
    }
    let wrong = json!({"username": person.username, "password": "incorrect horse"});
    zato.call("POST", LOGIN, wrong).refused("E005001");
}

#[test]
fn a_code_counts_once() {
    let mut zato = zato();
    let person = with_totp(&mut zato, TOTP_SECRET);
    let [code, _] = codes(TOTP_SECRET);
    let asked = with(credentials(&person), "totp_code", code);
    zato.call("POST", LOGIN, asked.clone()).ok();
    zato.call("POST", LOGIN, asked).refused("E005001");
}

#[test]
fn a_code_sent_as_a_number_is_its_text() {
    let mut zato = zato();
    // A code that begins with 0 is no JSON number: the first key whose code does not.
    let secrets = (0..u16::MAX).map(|number| format!("key{number:07}"));
    let mut keys = secrets.map(|secret| (codes(secret.as_bytes())[0].clone(), secret));
    let (code, secret) = keys.find(|(code, _)| !code.starts_with('0')).expect("nine in ten");
    let person = with_totp(&mut zato, secret.as_bytes());
    let code: u64 = code.parse().expect("digits");
    zato.call("POST", LOGIN, with(credentials(&person), "totp_code", code)).ok();
}

#[test]
fn case_072_logging_out_twice_or_with_any_token_is_fine() {
    let (mut zato, person) = zato_and_person();
    for _ in 0..2 {
        zato.call("POST", LOGOUT, json!({"ust": person.ust})).ok();
    }
    for token in [json!("unknown"), json!(""), Value::Null, json!(7), json!("gAAAAA==")] {
        zato.call("POST", LOGOUT, json!({"ust": token})).ok();
    }
    zato.call("POST", LOGOUT, json!({})).bad_request();
}

#[test]
fn case_073_a_locked_user_is_told_so_only_with_the_right_password() {
    let (mut zato, person) = zato_and_person();
    zato.call("POST", LOCK, json!({"ust": su(), "user_id": person.user_id})).ok();
    zato.call("POST", LOGIN, credentials(&person)).refused("E005002");
    let wrong = json!({"username": person.username, "password": "incorrect horse"});
    zato.call("POST", LOGIN, wrong).refused("E005001");
    // A logout works although its session does not.
    zato.call("POST", LOGOUT, json!({"ust": person.ust})).ok();
    zato.call("DELETE", LOCK, json!({"ust": su(), "user_id": person.user_id})).ok();
    zato.call("GET", USER, json!({"ust": person.ust})).refused("E007001");
}

#[test]
fn case_074_an_approved_but_unconfirmed_user_cannot_log_in() {
    let mut zato = zato();
    let (person, _) = Person::unconfirmed(&mut zato, su());
    zato.call("POST", APPROVE, json!({"ust": su(), "user_id": person.user_id})).ok();
    zato.call("POST", LOGIN, credentials(&person)).refused("E005003");
}

#[test]
fn case_075_a_confirmed_but_unapproved_user_cannot_log_in() {
    let mut zato = zato();
    let person = Person::confirmed(&mut zato, su());
    zato.call("POST", LOGIN, credentials(&person)).refused("E005004");
    let wrong = json!({"username": person.username, "password": "incorrect horse"});
    zato.call("POST", LOGIN, wrong).refused("E005001");
}

#[test]
fn case_076_a_password_that_must_change_is_changed_at_login() {
    let (mut zato, person) = zato_and_person();
    let must = json!({"ust": su(), "user_id": person.user_id, "password_must_change": true});
    zato.call("PATCH", USER, must).ok();
    zato.call("POST", LOGIN, credentials(&person)).refused("E003007");
    for (bad, code) in [("short", "E003002"), ("", "E003002"), ("my qwerty friend", "E003001")] {
        let asked = with(credentials(&person), "new_password", bad);
        zato.call("POST", LOGIN, asked).refused(code);
    }
    let wrong = json!({
        "username": person.username, "password": "incorrect horse",
        "new_password": "correct battery",
    });
    zato.call("POST", LOGIN, wrong).refused("E005001");
    let before = zato.read(su(), &person.user_id);
    let done =
        zato.call("POST", LOGIN, with(credentials(&person), "new_password", "correct battery"));
    assert!(done.ok()["ust"].is_string());
    zato.call("POST", LOGIN, credentials(&person)).refused("E005001");
    zato.log_in(&person.username, "correct battery");
    let after = zato.read(su(), &person.user_id);
    assert_eq!(after["password_must_change"], false);
    for key in ["password_last_set", "password_expiry"] {
        assert!(after[key].as_str() > before[key].as_str(), "{key}: {after}");
    }
}

#[test]
fn case_077_an_expired_password_is_not_told_by_default_and_can_be_replaced() {
    let (mut zato, person) = zato_and_person();
    expire(&mut zato, &person, "2001-02-03T04:05:06");
    zato.call("POST", LOGIN, credentials(&person)).refused("E005001");
    zato.call("GET", USER, json!({"ust": person.ust})).refused("E005001");
    let asked = with(credentials(&person), "new_password", "correct battery");
    let done = zato.call("POST", LOGIN, asked).ok();
    // The session from before works again, and so does the new one.
    for token in [&done["ust"], &json!(person.ust)] {
        zato.call("GET", USER, json!({"ust": token})).ok();
    }
}

#[test]
fn case_078_an_application_may_not_say_where_its_users_are() {
    let (mut zato, person) = zato_and_person();
    for key in ["remote_addr", "user_agent"] {
        let asked = with(credentials(&person), key, "10.0.0.1");
        zato.call("POST", LOGIN, asked).refused("E006001");
        zato.call("POST", LOGIN, with(credentials(&person), key, Value::Null)).ok();
    }
}

#[test]
fn a_password_that_expires_soon_logs_in_with_a_warning() {
    let (mut zato, person) = zato_and_person();
    let days = |days| {
        json!({
            "ust": su(), "user_id": person.user_id, "password_expiry": in_days(days),
        })
    };
    zato.call("PATCH", USER, days(31)).ok();
    zato.call("POST", LOGIN, credentials(&person)).ok();
    zato.call("PATCH", USER, days(29)).ok();
    let done = zato.call("POST", LOGIN, credentials(&person)).warned("W003005");
    zato.call("GET", USER, json!({"ust": done["ust"]})).ok();
    // A new one is taken, and then nothing is due any more.
    let asked = with(credentials(&person), "new_password", "correct battery");
    zato.call("POST", LOGIN, asked).ok();
    zato.log_in(&person.username, "correct battery");
}

#[test]
fn a_new_password_is_ignored_while_nothing_is_due() {
    let (mut zato, person) = zato_and_person();
    for new in ["correct battery", "short"] {
        zato.call("POST", LOGIN, with(credentials(&person), "new_password", new)).ok();
    }
    zato.log_in(&person.username, &person.password);
}

#[test]
fn what_is_wrong_with_an_account_is_told_in_the_order_of_the_contract() {
    let (mut zato, person) = zato_and_person();
    let mut step = |change: Value, code: &str| {
        let mut asked = json!({"ust": su(), "user_id": person.user_id});
        asked
            .as_object_mut()
            .expect("an object")
            .extend(change.as_object().cloned().unwrap_or_default());
        zato.call("PATCH", USER, asked).ok();
        let asked = with(credentials(&person), "remote_addr", "10.0.0.1");
        zato.call("POST", LOGIN, asked).refused(code);
    };
    // Everything is wrong at once; then one thing after the other is put right (section 6.1).
    let all = json!({
        "is_totp_enabled": true, "totp_key": base32(TOTP_SECRET), "is_locked": true,
        "sign_up_status": "before_confirmation", "approval_status": "rejected",
        "password_expiry": "2001-02-03T04:05:06", "password_must_change": true,
    });
    step(all, "E005008");
    step(json!({"is_totp_enabled": false}), "E005002");
    step(json!({"is_locked": false}), "E005003");
    step(json!({"sign_up_status": "final"}), "E005004");
    step(json!({"approval_status": "approved"}), "E005001");
    step(json!({"password_expiry": in_days(400)}), "E006001");
    zato.call("POST", LOGIN, credentials(&person)).refused("E003007");
}

#[test]
fn machines_cannot_log_in() {
    let asked = json!({"username": "muster-admin", "password": "correct horse"});
    zato().call("POST", LOGIN, asked).refused("E005001");
}

fn expire(zato: &mut Zato, person: &Person, at: &str) {
    let asked = json!({"ust": su(), "user_id": person.user_id, "password_expiry": at});
    zato.call("PATCH", USER, asked).ok();
}

/// The date so many days from now, as the dialect writes it.
fn in_days(days: i64) -> String {
    let then = Timestamp::now() + SignedDuration::from_hours(24 * days);
    then.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
