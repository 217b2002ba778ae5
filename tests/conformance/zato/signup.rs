//! Sign up and confirm (contract, sections 4.3, 4.4, 6.7, 6.8).

use muster_tests::zato::{APP, APPROVE, LOGIN, Person, SIGNUP, unique};
use serde_json::{Value, json};

use crate::world::{server, su, zato};

#[test]
fn case_020_signing_up_without_an_address_returns_the_token_that_confirms_it() {
    let mut zato = zato();
    let username = unique("ada");
    let asked = json!({"username": username, "password": "correct horse", "app_list": [APP]});
    let done = zato.call("POST", SIGNUP, asked).ok();
    let token = done["confirm_token"].as_str().expect("a token");
    assert_eq!(token.len(), 32, "{token}");
    assert_eq!(done.as_object().map(serde_json::Map::len), Some(3), "{done}");
    let found = zato.find(su(), &username).expect("who signed up is found");
    for (key, value) in [
        ("sign_up_status", json!("before_confirmation")),
        ("approval_status", json!("before_decision")),
        ("approval_status_mod_by", json!("auto")),
        ("is_super_user", json!(false)),
        ("is_locked", json!(false)),
        ("is_totp_enabled", json!(false)),
        ("email", Value::Null),
    ] {
        assert_eq!(found[key], value, "{key}");
    }
}

#[test]
fn case_021_the_token_confirms_under_every_spelling_of_the_path() {
    let mut zato = zato();
    let alias = format!("{SIGNUP}/confirm");
    for (method, path) in [("PATCH", SIGNUP), ("PATCH", &alias), ("POST", &alias)] {
        let (person, token) = Person::unconfirmed(&mut zato, su());
        let done = zato.call(method, path, json!({"confirm_token": token})).ok();
        assert_eq!(done.as_object().map(serde_json::Map::len), Some(2), "{done}");
        assert_eq!(zato.read(su(), &person.user_id)["sign_up_status"], "final");
    }
}

#[test]
fn case_085_an_unknown_token_confirms_nothing_and_a_used_one_says_so() {
    let mut zato = zato();
    let (_, token) = Person::unconfirmed(&mut zato, su());
    for unknown in [json!("unknown"), json!(""), Value::Null, json!(format!("{token}x")), json!(7)]
    {
        zato.call("PATCH", SIGNUP, json!({"confirm_token": unknown})).refused("E005006");
    }
    zato.confirm(&token);
    zato.call("PATCH", SIGNUP, json!({"confirm_token": token})).refused("E005007");
    zato.call("PATCH", SIGNUP, json!({})).bad_request();
}

#[test]
fn case_089_a_password_with_a_rejected_text_in_it_is_refused_whatever_its_case() {
    let mut zato = zato();
    for (password, code) in [
        (json!("my QwErTy friend"), "E003001"),
        (json!("short"), "E003002"),
        (json!("x".repeat(257)), "E003003"),
        (json!(""), "E003002"),
        (Value::Null, "E003002"),
        // The order of the rules: length comes before the list.
        (json!("qwerty"), "E003002"),
    ] {
        let asked = json!({"username": unique("ada"), "password": password});
        zato.call("POST", SIGNUP, asked).refused(code);
    }
    zato.call("POST", SIGNUP, json!({"username": unique("ada")})).refused("E003002");
    // Characters are counted, not bytes; white space is allowed.
    for password in ["ü ü ü ü ", &"ü".repeat(256)] {
        let asked = json!({"username": unique("ada"), "password": password});
        zato.call("POST", SIGNUP, asked).ok();
    }
}

#[test]
fn names_that_break_a_rule_are_refused_without_saying_which() {
    let mut zato = zato();
    let first = server().first().username.clone();
    for username in [
        json!(""),
        Value::Null,
        json!("two words"),
        json!("tab\there"),
        json!("x".repeat(129)),
        json!("theADMIN"),
        json!("Zato-fan"),
        json!("lesson"),
        json!(first),
        json!("muster-admin"),
    ] {
        let asked = json!({"username": username, "password": "correct horse"});
        zato.call("POST", SIGNUP, asked).refused("E005001");
    }
    zato.call("POST", SIGNUP, json!({"password": "correct horse"})).refused("E005001");
    let longest = format!("{}{}", unique("ada"), "é".repeat(128));
    let longest: String = longest.chars().take(128).collect();
    zato.call("POST", SIGNUP, json!({"username": longest, "password": "correct horse"})).ok();
}

#[test]
fn a_name_is_taken_in_its_spelling_only() {
    let mut zato = zato();
    let username = unique("ada");
    zato.sign_up(&username, "correct horse");
    let asked = json!({"username": username, "password": "correct horse"});
    zato.call("POST", SIGNUP, asked).refused("E005001");
    zato.sign_up(&username.to_uppercase(), "correct horse");
}

#[test]
fn the_name_is_judged_before_the_password() {
    let mut zato = zato();
    let taken = unique("ada");
    zato.sign_up(&taken, "correct horse");
    // Each password alone would be refused with its own code.
    for username in [json!(taken), json!(""), json!("an admin")] {
        for password in [json!("short"), json!(""), Value::Null, json!("my qwerty friend")] {
            let asked = json!({"username": username, "password": password});
            zato.call("POST", SIGNUP, asked).refused("E005001");
        }
    }
}

#[test]
fn applications_that_nobody_knows_are_refused_before_everything_else() {
    let mut zato = zato();
    for list in [json!(["HR"]), json!([APP, "HR"]), json!("HR"), json!([""])] {
        let asked = json!({"username": "", "password": "", "app_list": list});
        zato.call("POST", SIGNUP, asked).refused("E004001");
    }
    for list in [json!([APP]), json!(APP), json!([]), Value::Null, json!([APP, APP])] {
        let username = unique("ada");
        let asked = json!({"username": username, "password": "correct horse", "app_list": list});
        zato.call("POST", SIGNUP, asked).ok();
    }
}

#[test]
fn an_address_is_taken_as_it_comes() {
    let mut zato = zato();
    for email in ["ada@example.com", "an Admin, with spaces", &"x".repeat(300)] {
        let username = unique("ada");
        let asked = json!({"username": username, "password": "correct horse", "email": email});
        zato.call("POST", SIGNUP, asked).ok();
        assert_eq!(zato.find(su(), &username).expect("it is there")["email"], json!(email));
    }
}

#[test]
fn confirmation_and_approval_come_in_either_order() {
    let mut zato = zato();
    let (person, token) = Person::unconfirmed(&mut zato, su());
    zato.call("POST", APPROVE, json!({"ust": su(), "user_id": person.user_id})).ok();
    zato.confirm(&token);
    zato.log_in(&person.username, &person.password);
}

#[test]
fn a_number_is_a_name_by_its_text() {
    let mut zato = zato();
    let asked = json!({"username": 4_711_000_321_u64, "password": 98_765_012_345_u64});
    zato.call("POST", SIGNUP, asked).ok();
    let login = json!({"username": "4711000321", "password": "98765012345"});
    zato.call("POST", LOGIN, login).refused("E005003");
}
