//! What is done at the command line, as it shows in this dialect (contract, sections 7 and 6.13).

use muster_tests::cli;
use muster_tests::zato::{
    LOCK, LOGIN, Person, SEARCH, SESSION, SESSION_LIST, USER, Zato, is_date, unique,
};
use serde_json::{Value, json};

use crate::world::{server, su, zato, zato_and_person};

#[track_caller]
fn muster(arguments: &[&str]) -> Value {
    cli::objects(&server().data(), arguments).remove(0)
}

#[track_caller]
fn with_password(arguments: &[&str], password: &str) -> Value {
    let arguments = [arguments, &["--password-stdin", "--json"]].concat();
    let output = cli::run_with(&server().data(), &arguments, password);
    assert_eq!(output.status.code(), Some(0), "{}", cli::text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn read(zato: &mut Zato, username: &str) -> Value {
    zato.find(su(), username).expect("it is there")
}

#[test]
fn whoever_is_created_logs_in_at_once() {
    let mut zato = zato();
    for (command, is_super) in [("create", false), ("create-super-user", true)] {
        let name = unique(command);
        with_password(&["user", command, &name, "--first-name", "Ada"], "correct horse");
        let ust = zato.log_in(&name, "correct horse");
        let own = zato.call("GET", USER, json!({"ust": ust})).ok();
        assert_eq!(own["display_name"], "Ada");
        let read = read(&mut zato, &name);
        assert_eq!(read["is_super_user"], json!(is_super));
        assert_eq!(
            (&read["approval_status"], &read["sign_up_status"]),
            (&json!("approved"), &json!("final"))
        );
        assert_eq!(read["approval_status_mod_by"], "auto");
        // Who may do what follows at once.
        let answer = zato.call("POST", SEARCH, json!({"ust": ust, "username": name}));
        if is_super { drop(answer.ok()) } else { answer.refused("E005001") }
    }
}

#[test]
fn a_lock_shows_which_operator_set_it() {
    let (mut zato, person) = zato_and_person();
    let locked_by = |zato: &mut Zato| {
        let found = read(zato, &person.username);
        let got = zato.read(su(), &person.user_id);
        assert_eq!(found["locked_by"], got["locked_by"]);
        assert!(is_date(&got["locked_time"]), "{got}");
        got["locked_by"].as_str().expect("somebody").to_owned()
    };
    for command in ["lock", "unlock"] {
        muster(&["user", command, &person.username]);
        let by = locked_by(&mut zato);
        let (name, host) = by.split_once('@').expect("osuser@host");
        assert!(!name.is_empty() && !host.is_empty(), "{by}");
        let history = cli::objects(&server().data(), &["history", &person.username]);
        assert_eq!(history.last().expect("a fact")["via"]["operator"], by);
    }
    zato.call("POST", LOCK, json!({"ust": su(), "user_id": person.user_id})).ok();
    let own = zato.call("GET", USER, json!({"ust": su()})).ok();
    assert_eq!(json!(locked_by(&mut zato)), own["user_id"]);
}

#[test]
fn a_session_of_the_command_line_is_one_like_any_other() {
    let (mut zato, person) = zato_and_person();
    let opened = muster(&["user", "login", &person.username]);
    let ust = opened["token"].as_str().expect("a token");
    zato.call("GET", USER, json!({"ust": ust})).ok();
    let listed = zato.call("GET", SESSION_LIST, json!({"ust": ust})).ok();
    let last = listed["result"].as_array().and_then(|list| list.last()).expect("a session");
    assert_eq!(
        (&last["auth_type"], &last["auth_principal"]),
        (&json!("default"), &json!(person.username))
    );
    assert_eq!(last["session_state_change_list"][0]["ctx_source"], "login");
    zato.call("PATCH", SESSION, json!({"ust": ust})).ok();
    // A lock takes it out of use, an unlock puts it back, its end is its end.
    muster(&["user", "lock", &person.username]);
    zato.call("GET", USER, json!({"ust": ust})).refused("E005002");
    muster(&["user", "unlock", &person.username]);
    zato.call("GET", USER, json!({"ust": ust})).ok();
    muster(&["session", "end", opened["id"].as_str().expect("an id")]);
    zato.call("GET", USER, json!({"ust": ust})).refused("E007001");
    zato.call("GET", USER, json!({"ust": person.ust})).ok();
    muster(&["user", "logout", &person.ust]);
    zato.call("GET", USER, json!({"ust": person.ust})).refused("E007001");
}

#[test]
fn a_password_set_at_the_command_line_takes_the_place_of_the_old_one() {
    let (mut zato, person) = zato_and_person();
    let name = person.username.as_str();
    let log_in = |zato: &mut Zato, password: &str| {
        zato.call("POST", LOGIN, json!({"username": name, "password": password}))
    };
    let change = ["user", "change-password", name, "--must-change", "true"];
    with_password(&change, "violet battery");
    log_in(&mut zato, &person.password).refused("E005001");
    log_in(&mut zato, "violet battery").refused("E003007");
    // The session from before goes on.
    zato.call("GET", USER, json!({"ust": person.ust})).ok();
    let drawn =
        muster(&["user", "reset-password", name, "--must-change", "false", "--expiry", "9"]);
    let drawn = drawn["password"].as_str().expect("a password");
    log_in(&mut zato, "violet battery").refused("E005001");
    log_in(&mut zato, drawn).warned("W003005");
}

#[test]
fn a_totp_key_set_at_the_command_line_makes_the_codes() {
    let (mut zato, person) = zato_and_person();
    zato.call("PATCH", USER, json!({"ust": person.ust, "is_totp_enabled": true})).ok();
    let seed = b"20 bytes of a secret";
    let key = muster_tests::totp::base32(seed);
    let name = person.username.as_str();
    let words = ["user", "reset-totp-key", name, "--key-stdin", "--key-label", "phone"];
    let output = cli::run_with(&server().data(), &words, &key);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let [code, _] = muster_tests::totp::codes(seed);
    let asked = json!({"username": name, "password": person.password, "totp_code": code});
    zato.call("POST", LOGIN, asked).ok();
    assert_eq!(read(&mut zato, name)["totp_label"], "phone");
}

#[test]
fn whoever_is_deleted_at_the_command_line_is_gone() {
    let (mut zato, person) = zato_and_person();
    muster(&["user", "delete", &person.username, "--yes"]);
    assert_eq!(zato.find(su(), &person.username), None);
    zato.call("GET", USER, json!({"ust": person.ust})).refused("E007001");
    let other = Person::confirmed(&mut zato, su());
    muster(&["user", "approve", &other.username]);
    zato.log_in(&other.username, &other.password);
    muster(&["user", "reject", &other.username]);
    let asked = json!({"username": other.username, "password": other.password});
    zato.call("POST", LOGIN, asked).refused("E005004");
}
