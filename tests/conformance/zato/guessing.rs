//! Guessing at passwords (contract, section 10.3): what is let pass, what is refused, what is told to
//! whom, and what goes on record.

use muster_tests::server::Server;
use muster_tests::zato::{LOCK, LOGIN, Person, Zato};
use serde_json::{Value, json};

const PASSWORD: &str = "/zato/sso/user/password";

fn log_in(zato: &mut Zato, username: &str, password: &str) -> muster_tests::client::Answer {
    zato.call("POST", LOGIN, json!({"username": username, "password": password}))
}

fn house(configuration: &str) -> (Server, String) {
    let server = Server::start_configured(configuration);
    let first = server.first().clone();
    let su = Zato::new(&server).log_in(&first.username, &first.password);
    (server, su)
}

/// What is on record about somebody's failures: the names of facts, and how many each stands for.
fn failures(server: &Server, name: &str) -> Vec<String> {
    let history = muster_tests::cli::objects(&server.data(), &["history", name]);
    let failed =
        |fact: &&Value| fact["event"].as_str().is_some_and(|name| name.ends_with("_failed"));
    history
        .iter()
        .filter(failed)
        .map(|fact| fact["sentence"].as_str().unwrap_or("").to_owned())
        .collect()
}

#[test]
fn ten_failures_in_a_minute_are_let_pass_and_the_next_is_refused_whatever_it_is() {
    let (server, su) = house("zato.login.max_failures_per_minute = 10\n");
    let mut zato = Zato::new(&server);
    let person = Person::regular(&mut zato, &su);
    for _ in 0..9 {
        log_in(&mut zato, &person.username, "wrong").refused("E005001");
    }
    // Whoever knows the password empties the count.
    zato.log_in(&person.username, &person.password);
    for _ in 0..10 {
        log_in(&mut zato, &person.username, "wrong").refused("E005001");
    }
    // From now on even the right one is refused, as if it were wrong, in any spelling of the name.
    log_in(&mut zato, &person.username, &person.password).refused("E005001");
    log_in(&mut zato, &person.username.to_uppercase(), &person.password).refused("E005001");
    // So with a name that nobody has; and nobody else is held up.
    for _ in 0..12 {
        log_in(&mut zato, "nobody", "wrong").refused("E005001");
    }
    let other = Person::regular(&mut zato, &su);
    zato.log_in(&other.username, &other.password);
    // The sessions of whoever is guessed at stay.
    zato.call("GET", "/zato/sso/user", json!({"ust": person.ust})).ok();
    // The old password of a session's owner can be guessed at no faster.
    let change = json!({
        "ust": person.ust, "old_password": person.password, "new_password": "another horse",
    });
    zato.call("PATCH", PASSWORD, change).refused("E005001");
}

#[test]
fn failed_attempts_are_on_record_but_the_log_is_not_written_full() {
    let (server, su) = house("zato.login.max_failures_per_minute = 100\n");
    let mut zato = Zato::new(&server);
    let person = Person::regular(&mut zato, &su);
    for _ in 0..12 {
        log_in(&mut zato, &person.username, "wrong").refused("E005001");
        log_in(&mut zato, "hunter2, typed in the wrong field", "wrong").refused("E005001");
    }
    let told = failures(&server, &person.username);
    assert_eq!(told, ["A wrong password was tried", "A wrong password was tried, 9 times"]);

    zato.call("POST", LOCK, json!({"ust": su, "user_id": person.user_id})).ok();
    log_in(&mut zato, &person.username, &person.password).refused("E005002");
    let told = failures(&server, &person.username);
    assert_eq!(told.last().map(String::as_str), Some("Right credentials did not sign in (locked)"));

    let events = server.muster(&["events", "--json"]);
    assert_eq!(events.matches("\"system.sign_in_failed\"").count(), 2, "{events}");
    assert!(!events.contains("hunter2"), "what nobody has for a name may be somebody's password");
}

#[test]
fn when_too_many_fail_altogether_everybody_waits_a_moment() {
    let (server, _) = house("limits.failures_per_minute = 10\n");
    let mut zato = Zato::new(&server);
    for number in 0..10 {
        log_in(&mut zato, &format!("nobody-{number}"), "wrong").refused("E005001");
    }
    let answer = log_in(&mut zato, "nobody-11", "wrong");
    let body = answer.json();
    assert_eq!(answer.status, 429, "{body}");
    assert_eq!(body["result"], "Error");
    assert_eq!(body["details"], "Error 429 Too Many Requests");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[test]
fn an_address_is_held_up_whatever_names_it_tries() {
    let (server, _) = house("limits.failures_per_address_per_minute = 10\n");
    let mut zato = Zato::new(&server);
    for number in 0..10 {
        log_in(&mut zato, &format!("nobody-{number}"), "wrong").refused("E005001");
    }
    let first = server.first().clone();
    log_in(&mut zato, &first.username, &first.password).refused("E005001");
}
