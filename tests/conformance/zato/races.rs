//! What must hold when many ask at once: the writer's look decides, not an earlier one.

use std::sync::Barrier;

use muster_tests::client::Answer;
use muster_tests::zato::{
    ATTR, LOGIN, LOGOUT, Person, SESSION, SESSION_ATTR, SESSION_LIST, SIGNUP, USER, unique,
};
use serde_json::{Value, json};

use crate::world::{su, zato, zato_and_person};

const CLIENTS: usize = 4;

/// Calls at the same time, each on a connection of its own.
fn at_once(method: &str, path: &str, bodies: &[Value]) -> Vec<Answer> {
    let barrier = Barrier::new(bodies.len());
    std::thread::scope(|scope| {
        let call = |body: &Value| {
            let mut zato = zato();
            // Connected before the others are let go.
            zato.client.send("GET", "/livez", &[], b"");
            barrier.wait();
            zato.call(method, path, body.clone())
        };
        let threads: Vec<_> = bodies.iter().map(|body| scope.spawn(move || call(body))).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    })
}

fn done(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 200).count()
}

#[test]
fn one_of_many_gets_a_name_at_sign_up() {
    for _ in 0..3 {
        let body = json!({"username": unique("race"), "password": "correct horse"});
        let answers = at_once("POST", SIGNUP, &vec![body.clone(); CLIENTS]);
        assert_eq!(done(&answers), 1);
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.refused("E005001");
        }
        let found = zato().call(
            "GET",
            "/zato/sso/user/search",
            json!({
                "ust": su(), "username": body["username"],
            }),
        );
        assert_eq!(found.ok()["total"], 1);
    }
}

#[test]
fn one_of_many_gets_a_name_by_an_update() {
    let mut zato = zato();
    let people: Vec<_> = (0..CLIENTS).map(|_| Person::regular(&mut zato, su())).collect();
    for _ in 0..5 {
        let name = unique("race");
        let rename = |person: &Person| json!({"ust": person.ust, "username": name});
        let bodies: Vec<_> = people.iter().map(rename).collect();
        let answers = at_once("PATCH", USER, &bodies);
        assert_eq!(done(&answers), 1);
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.refused("E001002");
        }
    }
}

#[test]
fn one_of_many_changes_a_password_that_must_change() {
    let (mut zato, person) = zato_and_person();
    let must = json!({"ust": su(), "user_id": person.user_id, "password_must_change": true});
    zato.call("PATCH", USER, must).ok();
    let login = |number: usize| {
        json!({
            "username": person.username, "password": person.password,
            "new_password": format!("correct battery {number}"),
        })
    };
    let bodies: Vec<_> = (0..CLIENTS).map(login).collect();
    let answers = at_once("POST", LOGIN, &bodies);
    assert_eq!(done(&answers), 1);
    for (number, answer) in answers.iter().enumerate() {
        let new = json!({
            "username": person.username, "password": format!("correct battery {number}"),
        });
        let works = zato.call("POST", LOGIN, new);
        assert_eq!(works.status == 200, answer.status == 200, "{number}");
    }
}

#[test]
fn a_confirmation_counts_once() {
    let mut zato = zato();
    let (_, token) = Person::unconfirmed(&mut zato, su());
    let answers = at_once("PATCH", SIGNUP, &vec![json!({"confirm_token": token}); CLIENTS]);
    assert_eq!(done(&answers), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refused("E005007");
    }
}

#[test]
fn what_was_written_is_read_at_once_by_everybody() {
    let (mut zato, person) = zato_and_person();
    let mut other = crate::world::zato();
    for number in 0..200 {
        let put = json!({"ust": person.ust, "name": "counter", "value": number});
        zato.call("PUT", ATTR, put).ok();
        let get = json!({"ust": person.ust, "name": "counter"});
        assert_eq!(other.call("GET", ATTR, get).ok()["value"], number);
    }
}

#[test]
fn one_of_many_creates_an_attribute() {
    let (mut zato, person) = zato_and_person();
    for (path, read) in [(ATTR, "ust"), (SESSION_ATTR, "current_ust")] {
        for round in 0..5 {
            let body = |value: usize| {
                let mut body = json!({"name": format!("race-{round}"), "value": value});
                body[read] = json!(person.ust);
                body["target_ust"] = json!(person.ust);
                body
            };
            let bodies: Vec<_> = (0..CLIENTS).map(body).collect();
            let answers = at_once("POST", path, &bodies);
            assert_eq!(done(&answers), 1);
            let won = answers.iter().position(|answer| answer.status == 200);
            for answer in answers.iter().filter(|answer| answer.status != 200) {
                answer.refused("E009001");
            }
            assert_eq!(zato.call("GET", path, body(0)).ok()["value"], json!(won));
        }
    }
}

#[test]
fn nothing_is_written_to_a_session_after_its_logout() {
    let (mut zato, person) = zato_and_person();
    for _ in 0..10 {
        let ust = zato.log_in(&person.username, &person.password);
        let write = json!({"current_ust": ust, "target_ust": ust, "name": "a", "value": 1});
        std::thread::scope(|scope| {
            scope.spawn(|| at_once("PUT", SESSION_ATTR, &[write.clone(), write.clone()]));
            scope.spawn(|| at_once("PATCH", SESSION, &[json!({"ust": ust}), json!({"ust": ust})]));
            scope.spawn(|| at_once("POST", LOGOUT, &[json!({"ust": ust})])[0].ok());
        });
        zato.call("PUT", SESSION_ATTR, write).refused("E007001");
    }
    let listed = zato.call("GET", SESSION_LIST, json!({"ust": person.ust})).ok();
    assert_eq!(listed["result"].as_array().map(Vec::len), Some(1));
}

#[test]
fn every_renewal_of_many_has_a_number_of_its_own() {
    let (mut zato, person) = zato_and_person();
    let body = json!({"ust": person.ust});
    assert_eq!(done(&at_once("PATCH", SESSION, &vec![body.clone(); CLIENTS])), CLIENTS);
    let listed = zato.call("GET", SESSION_LIST, body).ok();
    let changes = listed["result"][0]["session_state_change_list"].as_array().expect("a list");
    let numbers: Vec<_> = changes.iter().map(|change| change["idx"].as_u64()).collect();
    assert_eq!(numbers, (1..=CLIENTS as u64 + 1).map(Some).collect::<Vec<_>>());
}
