//! What was acknowledged is there after a crash, and no answer depends on what can be made again.
//!
//! [`crash`] kills the server under load; [`derived`] takes away what is derived, while clients read;
//! [`lifecycle`] starts and stops at bad moments.

mod crash;
mod derived;
mod lifecycle;

use std::path::Path;

use muster_tests::audit::Audit;
use muster_tests::server::Server;
use muster_tests::zato::{Person, USER, Zato};
use serde_json::{Value, json};

/// A session of the super-user's.
fn super_user(server: &Server) -> String {
    let first = server.first();
    Zato::new(server).log_in(&first.username, &first.password)
}

/// What somebody reads about a person, byte for byte but for the number of the call.
fn answers(server: &Server, su: &str, person: &Person, names: &[&str]) -> Vec<String> {
    let mut zato = Zato::new(server);
    let mut audit = Audit::new(server);
    let mut read = vec![
        zato.call("GET", USER, json!({"ust": person.ust})).ok(),
        zato.read(su, &person.user_id),
        zato.call("GET", "/zato/sso/user/attr", json!({"ust": person.ust, "data": names})).ok(),
        zato.call("GET", "/zato/sso/user/search", json!({"ust": su, "username": person.username}))
            .ok(),
    ];
    for answer in &mut read {
        answer.as_object_mut().expect("an object").remove("cid");
    }
    let mut texts: Vec<String> = read.iter().map(Value::to_string).collect();
    for path in ["", "/history", "/history?limit=3", "/history?limit=1&after=20"] {
        let answer = audit.get(&format!("/v1/users/{}{path}", person.user_id));
        assert_eq!(answer.status, 200, "{}", answer.text());
        texts.push(answer.text().to_owned());
    }
    texts
}

/// Positions follow one another from 1 to the last, which is returned.
#[track_caller]
fn last_position_without_a_gap(server: &Server) -> u64 {
    facts_without_a_gap(server).len() as u64
}

/// The same, but how many there are that say more than that somebody looked: whoever looks adds one in
/// every process.
#[track_caller]
fn facts_but_reads(server: &Server) -> usize {
    let is_read = |fact: &&Value| fact["event"] == "system.audit_read";
    let facts = facts_without_a_gap(server);
    facts.len() - facts.iter().filter(is_read).count()
}

#[track_caller]
fn facts_without_a_gap(server: &Server) -> Vec<Value> {
    let facts = Audit::new(server).facts("/v1/events");
    for (index, fact) in facts.iter().enumerate() {
        assert_eq!(fact["position"], json!(index + 1), "{fact}");
    }
    facts
}

/// Takes the log by position away, if there is one.
fn remove_sled(data: &Path) {
    match std::fs::remove_dir_all(data.join("sled")) {
        Ok(()) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}"),
    }
}
