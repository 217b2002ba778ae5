//! Get, update, approve, reject, lock (contract, sections 4.6, 4.8, 4.10, 4.12).

use muster_tests::zato::{APPROVE, LOCK, LOGIN, Person, REJECT, USER, is_date, unique};
use serde_json::{Value, json};

use crate::world::{server, su, zato, zato_and_person};

/// What only super-users may see.
const SUPER_USER_KEYS: [&str; 17] = [
    "is_active",
    "is_internal",
    "is_super_user",
    "is_approval_needed",
    "approval_status",
    "approval_status_mod_by",
    "approval_status_mod_time",
    "is_locked",
    "locked_time",
    "locked_by",
    "creation_ctx",
    "password_expiry",
    "password_is_set",
    "password_must_change",
    "password_last_set",
    "sign_up_status",
    "sign_up_time",
];

#[test]
fn case_006_a_super_user_reads_itself() {
    let read = zato().call("GET", USER, json!({"ust": su()})).ok();
    assert_eq!(read["username"], json!(server().first().username));
    assert_eq!(read["approval_status"], "approved");
    assert_eq!(read["approval_status_mod_by"], "auto");
    assert_eq!(read["sign_up_status"], "final");
    assert_eq!(read["is_super_user"], true);
    assert_eq!(read["is_approval_needed"], false);
    for key in ["approval_status_mod_time", "password_last_set", "password_expiry", "sign_up_time"]
    {
        assert!(is_date(&read[key]), "{key}: {read}");
    }
}

#[test]
fn case_007_an_approved_user_reads_as_approved() {
    let mut zato = zato();
    let person = Person::confirmed(&mut zato, su());
    let before = zato.read(su(), &person.user_id);
    assert_eq!(before["approval_status"], "before_decision");
    assert_eq!(before["is_approval_needed"], true);
    assert_eq!(before["approval_status_mod_by"], "auto");
    zato.call("POST", APPROVE, json!({"ust": su(), "user_id": person.user_id})).ok();
    let read = zato.read(su(), &person.user_id);
    assert_eq!(read["approval_status"], "approved");
    assert_eq!(read["is_approval_needed"], false);
    let own = zato.call("GET", USER, json!({"ust": su()})).ok();
    assert_eq!(read["approval_status_mod_by"], own["user_id"]);
}

#[test]
fn case_008_a_rejected_user_reads_as_rejected_and_its_sessions_look_unknown() {
    let (mut zato, person) = zato_and_person();
    zato.call("POST", REJECT, json!({"ust": su(), "user_id": person.user_id})).ok();
    let read = zato.read(su(), &person.user_id);
    assert_eq!(read["approval_status"], "rejected");
    assert_eq!(read["is_approval_needed"], true);
    zato.call("GET", USER, json!({"ust": person.ust})).refused("E007001");
    // Approving whoever was rejected is allowed, and the session works again.
    zato.call("POST", APPROVE, json!({"ust": su(), "user_id": person.user_id})).ok();
    zato.call("GET", USER, json!({"ust": person.ust})).ok();
}

#[test]
fn case_009_what_a_user_updates_it_reads_back() {
    let (mut zato, person) = zato_and_person();
    let names = json!({
        "ust": person.ust, "display_name": "Ada B.", "first_name": "Ada", "middle_name": "King",
        "last_name": "Byron", "email": "Ada@Example.com", "totp_label": "phone",
    });
    let done = zato.call("PATCH", USER, names.clone()).ok();
    assert_eq!(done.as_object().map(serde_json::Map::len), Some(2), "{done}");
    let read = zato.call("GET", USER, json!({"ust": person.ust})).ok();
    for key in ["display_name", "first_name", "middle_name", "last_name", "email", "totp_label"] {
        assert_eq!(read[key], names[key], "{key}");
    }
    assert_eq!(read["username"], json!(person.username));
    assert_eq!(read["is_totp_enabled"], false);
}

#[test]
fn case_010_a_regular_user_sees_no_key_of_super_users_and_nobody_sees_a_secret() {
    let (mut zato, person) = zato_and_person();
    let own = zato.call("GET", USER, json!({"ust": person.ust})).ok();
    for key in SUPER_USER_KEYS {
        assert!(own.get(key).is_none(), "{key}: {own}");
    }
    let seen = zato.read(su(), &person.user_id);
    for read in [&own, &seen] {
        for (key, value) in read.as_object().expect("an object") {
            assert!(!value.is_null(), "{key} is null, which flat answers omit: {read}");
            let hidden = ["password", "totp_key", "sign_up_confirm_token", "rate_limit_def"];
            assert!(!hidden.contains(&key.as_str()), "{read}");
        }
    }
}

#[test]
fn case_011_a_user_takes_a_free_name() {
    let (mut zato, person) = zato_and_person();
    let name = unique("grace");
    zato.call("PATCH", USER, json!({"ust": person.ust, "username": name})).ok();
    zato.call("GET", USER, json!({"ust": person.ust})).ok();
    let old = json!({"username": person.username, "password": person.password});
    zato.call("POST", LOGIN, old).refused("E005001");
    zato.log_in(&name, &person.password);
    // The own present name is fine, and the one that was left is free.
    zato.call("PATCH", USER, json!({"ust": person.ust, "username": name})).ok();
    zato.call("PATCH", USER, json!({"ust": person.ust, "username": person.username})).ok();
}

#[test]
fn case_012_a_taken_name_is_refused() {
    let (mut zato, person) = zato_and_person();
    let other = Person::regular(&mut zato, su());
    let asked = json!({"ust": other.ust, "username": person.username});
    zato.call("PATCH", USER, asked).refused("E001002");
    // Machines hold their names here as well.
    let asked = json!({"ust": other.ust, "username": "muster-admin"});
    zato.call("PATCH", USER, asked).refused("E001002");
    // Names differ by case.
    let upper = person.username.to_uppercase();
    zato.call("PATCH", USER, json!({"ust": other.ust, "username": upper})).ok();
}

#[test]
fn case_013_a_super_user_updates_somebody_else() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({
        "ust": su(), "user_id": person.user_id, "display_name": "D", "first_name": "F",
        "middle_name": "M", "last_name": "L", "email": "e@example.com", "is_locked": true,
        "password_must_change": true, "sign_up_status": "final", "approval_status": "rejected",
    });
    zato.call("PATCH", USER, asked.clone()).ok();
    let read = zato.read(su(), &person.user_id);
    let asked = asked.as_object().expect("an object");
    for (key, value) in
        asked.iter().filter(|(key, _)| !["ust", "current_app"].contains(&key.as_str()))
    {
        assert_eq!(&read[key], value, "{key}");
    }
    let own = zato.call("GET", USER, json!({"ust": su()})).ok();
    assert_eq!(read["locked_by"], own["user_id"]);
    assert!(is_date(&read["locked_time"]), "{read}");
    assert_eq!(read["approval_status_mod_by"], own["user_id"]);
}

#[test]
fn case_014_a_password_expiry_comes_back_byte_for_byte() {
    let (mut zato, person) = zato_and_person();
    for text in [
        "2345-12-27T11:22:33",
        "2345-12-27T11:22:33.000001",
        "9999-12-31T00:00:00",
        "2400-02-29T00:00:00.120000",
    ] {
        let asked = json!({"ust": su(), "user_id": person.user_id, "password_expiry": text});
        zato.call("PATCH", USER, asked).ok();
        assert_eq!(zato.read(su(), &person.user_id)["password_expiry"], text);
    }
}

#[test]
fn case_015_an_unknown_key_is_ignored() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({
        "ust": su(), "user_id": person.user_id, "first_name": "Ada", "is_approved": false,
        "password": "ignored as well", "list": [1, {"a": null}],
    });
    zato.call("PATCH", USER, asked).ok();
    let read = zato.read(su(), &person.user_id);
    assert_eq!(
        (&read["first_name"], &read["approval_status"]),
        (&json!("Ada"), &json!("approved"))
    );
    zato.log_in(&person.username, &person.password);
}

#[test]
fn case_069_a_regular_user_may_not_name_anybody_not_even_itself() {
    let (mut zato, person) = zato_and_person();
    let other = Person::confirmed(&mut zato, su());
    for id in [person.user_id.as_str(), &other.user_id, "zusrnobody", "x"] {
        zato.call("GET", USER, json!({"ust": person.ust, "user_id": id})).refused("E005001");
    }
    zato.call("GET", USER, json!({"ust": su(), "user_id": "zusrnobody"})).refused("E005001");
}

#[test]
fn case_070_a_regular_user_reads_its_id_and_name() {
    let (mut zato, person) = zato_and_person();
    let read = zato.call("GET", USER, json!({"ust": person.ust})).ok();
    assert_eq!(read["user_id"], json!(person.user_id));
    assert_eq!(read["username"], json!(person.username));
    let digits = person.user_id.strip_prefix("zusr").expect("ids begin so");
    let crockford = "0123456789abcdefghjkmnpqrstvwxyz";
    assert!((20..=26).contains(&digits.len()), "{digits}");
    assert!(digits.chars().all(|char| crockford.contains(char)), "{digits}");
}

#[test]
fn case_080_an_update_of_nothing_is_refused_before_the_session_is_looked_at() {
    let (mut zato, person) = zato_and_person();
    zato.call("PATCH", USER, json!({"ust": person.ust})).refused("E008003");
    zato.call("PATCH", USER, json!({"ust": "unknown"})).refused("E008003");
    let asked = json!({"ust": su(), "user_id": person.user_id, "is_approved": true});
    zato.call("PATCH", USER, asked).refused("E008003");
}

#[test]
fn case_081_a_regular_user_may_not_send_what_super_users_may_and_nothing_changes() {
    let (mut zato, person) = zato_and_person();
    for (key, value) in [
        ("is_locked", json!(true)),
        ("password_expiry", json!("2345-12-27T11:22:33")),
        ("password_must_change", json!(true)),
        ("sign_up_status", json!("before_confirmation")),
        ("approval_status", json!("rejected")),
        ("user_id", json!(person.user_id)),
    ] {
        let mut asked = json!({"ust": person.ust, "first_name": "changed"});
        asked[key] = value;
        zato.call("PATCH", USER, asked).refused("E008002");
        let read = zato.read(su(), &person.user_id);
        assert!(read.get("first_name").is_none(), "{key}: {read}");
        assert_eq!(read["is_locked"], false);
    }
}

#[test]
fn case_082_null_takes_away_what_may_be_absent_and_is_refused_for_the_rest() {
    let (mut zato, person) = zato_and_person();
    let texts = ["email", "display_name", "first_name", "middle_name", "last_name", "totp_label"];
    for key in texts {
        let mut asked = json!({"ust": person.ust});
        asked[key] = json!("something");
        zato.call("PATCH", USER, asked.clone()).ok();
        asked[key] = Value::Null;
        zato.call("PATCH", USER, asked).ok();
        let read = zato.call("GET", USER, json!({"ust": person.ust})).ok();
        assert!(read.get(key).is_none(), "{key}: {read}");
    }
    let own = ["username", "totp_key"];
    for key in own {
        let mut asked = json!({"ust": person.ust, "first_name": "changed"});
        asked[key] = Value::Null;
        zato.call("PATCH", USER, asked).refused("E008002");
    }
    for key in [
        "is_locked",
        "password_expiry",
        "password_must_change",
        "sign_up_status",
        "approval_status",
    ] {
        let mut asked = json!({"ust": su(), "user_id": person.user_id, "first_name": "changed"});
        asked[key] = Value::Null;
        zato.call("PATCH", USER, asked).refused("E008002");
    }
    let read = zato.read(su(), &person.user_id);
    assert!(read.get("first_name").is_none(), "{read}");
}

#[test]
fn null_switches_totp_off() {
    let (mut zato, person) = zato_and_person();
    for (sent, shown) in [(json!(true), true), (Value::Null, false)] {
        zato.call("PATCH", USER, json!({"ust": person.ust, "is_totp_enabled": sent})).ok();
        let read = zato.call("GET", USER, json!({"ust": person.ust})).ok();
        assert_eq!(read["is_totp_enabled"], json!(shown));
    }
}

#[test]
fn values_that_an_update_does_not_know_are_refused_and_change_nothing() {
    let (mut zato, person) = zato_and_person();
    for (key, value) in [
        ("sign_up_status", json!("half")),
        ("sign_up_status", json!("")),
        ("approval_status", json!("maybe")),
        ("approval_status", json!("APPROVED")),
        ("password_expiry", json!("tomorrow")),
        ("password_expiry", json!("2345-13-27T11:22:33")),
        ("totp_key", json!("not base32!")),
        ("username", json!("")),
        ("username", json!("x".repeat(192))),
        ("first_name", json!("x".repeat(192))),
    ] {
        let mut asked = json!({"ust": su(), "user_id": person.user_id, "last_name": "changed"});
        asked[key] = value;
        zato.call("PATCH", USER, asked).refused("E008002");
    }
    let read = zato.read(su(), &person.user_id);
    assert!(read.get("last_name").is_none(), "{read}");
    let longest = "ü".repeat(191);
    zato.call("PATCH", USER, json!({"ust": person.ust, "first_name": longest})).ok();
    assert_eq!(zato.read(su(), &person.user_id)["first_name"], json!(longest));
}

#[test]
fn every_sign_up_and_approval_status_can_be_set_by_a_super_user() {
    let (mut zato, person) = zato_and_person();
    for (key, values) in [
        ("sign_up_status", ["before_confirmation", "to_approve", "final"]),
        ("approval_status", ["before_decision", "rejected", "approved"]),
    ] {
        for value in values {
            let mut asked = json!({"ust": su(), "user_id": person.user_id});
            asked[key] = json!(value);
            zato.call("PATCH", USER, asked).ok();
            assert_eq!(zato.read(su(), &person.user_id)[key], value);
        }
    }
    let asked = json!({"ust": su(), "user_id": "zusrnobody", "is_locked": true});
    zato.call("PATCH", USER, asked).refused("E005001");
}

#[test]
fn an_empty_or_null_user_id_of_an_update_is_the_caller() {
    let (mut zato, person) = zato_and_person();
    for (id, name) in [(json!(""), "one"), (Value::Null, "two")] {
        let asked = json!({"ust": person.ust, "user_id": id, "first_name": name});
        zato.call("PATCH", USER, asked).ok();
        assert_eq!(zato.read(su(), &person.user_id)["first_name"], name);
    }
}

#[test]
fn case_083_a_regular_user_may_not_approve_or_reject() {
    let (mut zato, person) = zato_and_person();
    let other = Person::confirmed(&mut zato, su());
    for path in [APPROVE, REJECT] {
        for id in [&person.user_id, &other.user_id] {
            zato.call("POST", path, json!({"ust": person.ust, "user_id": id})).refused("E008002");
        }
        // An empty id is refused before the session is looked at; an unknown one is nothing to do.
        for id in [json!(""), Value::Null] {
            zato.call("POST", path, json!({"ust": "unknown", "user_id": id})).refused("E008002");
        }
        zato.call("POST", path, json!({"ust": su(), "user_id": "zusrnobody"})).ok();
    }
    assert_eq!(zato.read(su(), &other.user_id)["approval_status"], "before_decision");
}

#[test]
fn case_090_approving_and_locking_twice_is_fine() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"ust": su(), "user_id": person.user_id});
    for path in [APPROVE, APPROVE, LOCK, LOCK] {
        zato.call("POST", path, asked.clone()).ok();
    }
    let locked = zato.read(su(), &person.user_id);
    assert_eq!(locked["is_locked"], true);
    for _ in 0..2 {
        zato.call("DELETE", LOCK, asked.clone()).ok();
    }
    let unlocked = zato.read(su(), &person.user_id);
    assert_eq!(unlocked["is_locked"], false);
    // The time is of the last lock or unlock.
    assert!(unlocked["locked_time"].as_str() > locked["locked_time"].as_str());
}

#[test]
fn a_lock_makes_sessions_useless_until_it_is_taken_away() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({"ust": su(), "user_id": person.user_id});
    zato.call("POST", LOCK, asked.clone()).ok();
    zato.call("GET", USER, json!({"ust": person.ust})).refused("E005002");
    zato.call("DELETE", LOCK, asked).ok();
    zato.call("GET", USER, json!({"ust": person.ust})).ok();
}

#[test]
fn a_regular_user_may_not_lock_and_an_unknown_user_is_nothing_to_do() {
    let (mut zato, person) = zato_and_person();
    for method in ["POST", "DELETE"] {
        for id in [person.user_id.as_str(), "zusrnobody", ""] {
            let asked = json!({"ust": person.ust, "user_id": id});
            zato.call(method, LOCK, asked).refused("E005001");
        }
        for id in [json!("zusrnobody"), json!(""), Value::Null] {
            zato.call(method, LOCK, json!({"ust": su(), "user_id": id})).ok();
        }
    }
    assert_eq!(zato.read(su(), &person.user_id)["is_locked"], false);
}
