//! Who may audit: with a right and a token of one's own, everything that auditors read and nothing else.

use muster_tests::audit::{Audit, assert_problem};
use muster_tests::cli;
use muster_tests::client::{Client, try_send_through};
use muster_tests::operations::V1;
use serde_json::{Value, json};

use crate::world::{server, zato_and_person};

/// A person with these rights, and a token of it.
fn holder(rights: &[&str]) -> (String, String) {
    let (_, person) = zato_and_person();
    let data = server().data();
    for right in rights {
        cli::succeed(&data, &["user", "grant", &person.username, right]);
    }
    let made = cli::objects(&data, &["user", "token", "add", &person.username, "--name", "audit"]);
    let token = made[0]["token"].as_str().expect("a token").to_owned();
    (person.username, token)
}

fn ask(client: &mut Client, method: &str, path: &str, token: &str) -> (u16, Value) {
    let authorization = format!("Bearer {token}");
    let answer = client.send(method, path, &[("authorization", &authorization)], b"{}");
    // Exports and notes are texts.
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

const AUDITED: [&str; 12] = [
    "/v1/users",
    "/v1/users/admin",
    "/v1/users/admin/history",
    "/v1/users/admin/sessions",
    "/v1/users/admin/acts?limit=3",
    "/v1/users/admin/attributes",
    "/v1/users/admin/diff?from=15&to=16",
    "/v1/events?limit=3",
    "/v1/export?to=3",
    "/v1/log/checkpoint",
    "/v1/log/proof/inclusion?position=1",
    "/v1/log/proof/consistency?from=1",
];

fn is_audited(method: &str, path: &str) -> bool {
    let is_known = AUDITED.iter().any(|known| known.split('?').next() == Some(path));
    // Of a manifest that is not there an auditor hears just that.
    method == "GET" && (is_known || path.starts_with("/v1/exports/"))
}

/// All of `/v1`, the stream excepted, which does not end.
fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let more = [("GET", "/metrics"), ("GET", "/v1/local/outbox")];
    V1.into_iter().chain(more).filter(|(_, path)| !path.ends_with("/stream"))
}

#[test]
fn an_auditor_reads_what_auditors_read_and_writes_nothing_from_anywhere() {
    let (_, token) = holder(&["auditor"]);
    let (_, other) = zato_and_person();
    let mut client = server().client();
    for path in AUDITED {
        assert_eq!(ask(&mut client, "GET", path, &token).0, 200, "{path}");
    }
    let socket = server().data().join("muster.sock");
    let authorization = format!("Bearer {token}");
    let before = Audit::new(server()).history(&other.username);
    for (method, path) in routes().filter(|(method, path)| !is_audited(method, path)) {
        let path = path.replace("admin", &other.username);
        let (status, problem) = ask(&mut client, method, &path, &token);
        assert_eq!(status, 403, "{method} {path}: {problem}");
        // Not even through the socket, where it is the token that counts.
        let body = match path.rsplit('/').next() {
            Some("sign-out") => json!({"token": other.ust}).to_string(),
            Some("users") => json!({"username": "x", "password": "correct horse"}).to_string(),
            Some("forget") => json!({"before": "2020-01"}).to_string(),
            Some(_) | None => "{}".to_owned(),
        };
        let headers = [("authorization", authorization.as_str())];
        let answer = try_send_through(&socket, method, &path, &headers, body.as_bytes());
        let answer = answer.expect("an answer");
        let missing = path.contains("/sessions/");
        assert!(
            answer.status == 403 || (missing && answer.status == 404),
            "{method} {path}: {} {}",
            answer.status,
            answer.text()
        );
    }
    assert_eq!(Audit::new(server()).history(&other.username), before);
}

#[test]
fn a_super_user_audits_and_an_operator_or_anybody_else_does_not() {
    let mut client = server().client();
    let (_, super_user) = holder(&["super_user"]);
    for path in AUDITED {
        assert_eq!(ask(&mut client, "GET", path, &super_user).0, 200, "{path}");
    }
    for rights in [&["operator"][..], &[]] {
        let (_, token) = holder(rights);
        for path in AUDITED.into_iter().chain(["/v1/events/stream"]) {
            let (status, problem) = ask(&mut client, "GET", path, &token);
            assert_eq!((status, &problem["code"]), (403, &json!("denied")), "{rights:?} {path}");
        }
        let may_operate = ask(&mut client, "GET", "/v1/projections", &token).0 == 200;
        assert_eq!(may_operate, rights == ["operator"]);
    }
}

#[test]
fn whoever_is_refused_leaves_a_fact_that_says_what_for() {
    let (username, token) = holder(&[]);
    let mut client = server().client();
    for _ in 0..10 {
        assert_eq!(ask(&mut client, "GET", "/v1/events", &token).0, 403);
    }
    let mut audit = Audit::new(server());
    // Whatever comes back from the writer after them, they were written before it.
    zato_and_person();
    let denied = audit.facts(&format!("/v1/events?event=system.request_denied&actor={username}"));
    let sentences: Vec<_> = denied.iter().map(|fact| fact["sentence"].as_str()).collect();
    assert_eq!(
        sentences,
        [
            Some("Was refused audit, 1 times: a right is missing"),
            Some("Was refused audit, 9 times: a right is missing"),
        ]
    );
    assert_eq!(denied[0]["via"]["command"], "note_denial");
    assert_eq!(denied[0]["via"]["address"], "127.0.0.1");
}

#[test]
fn whoever_reads_leaves_a_fact_that_says_what_was_read() {
    let (username, token) = holder(&["auditor"]);
    let (_, other) = zato_and_person();
    let mut client = server().client();
    let id = Audit::new(server()).read(&format!("/v1/users/{}", other.username))["id"].clone();
    for _ in 0..3 {
        for path in ["history", "sessions"] {
            let path = format!("/v1/users/{}/{path}", other.username);
            assert_eq!(ask(&mut client, "GET", &path, &token).0, 200);
        }
    }
    let mut audit = Audit::new(server());
    let path = format!("/v1/events?event=system.audit_read&actor={username}");
    let read = audit.facts(&path);
    assert!((1..=2).contains(&read.len()), "once an hour: {read:?}");
    let sentence = format!("Read the history of the user {}", id.as_str().expect("an id"));
    assert_eq!(read[0]["sentence"], json!(sentence));
    assert_eq!(read[0]["via"]["command"], "note_audit");
    let made = cli::objects(&server().data(), &["user", "token", "list", &username]);
    assert_eq!(read[0]["via"]["credential"], made[0]["id"]);
}

#[test]
fn a_token_of_v1_is_nothing_in_zatos_calls() {
    let (_, token) = holder(&["super_user"]);
    let mut client = server().client();
    let body = json!({"current_app": "CRM", "ust": token}).to_string();
    for path in ["/zato/sso/user", "/zato/sso/user/search", "/zato/sso/user/session/list"] {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str())];
        let answer = client.send("GET", path, &headers, body.as_bytes());
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
}

#[test]
fn rights_and_tokens_come_and_go_at_the_command_line() {
    let data = server().data();
    let (username, token) = holder(&["auditor"]);
    let mut client = server().client();
    let mut status = |token: &str| ask(&mut client, "GET", "/v1/users", token).0;
    assert_eq!(status(&token), 200);
    let told = cli::succeed(&data, &["user", "revoke", &username, "auditor"]);
    assert_eq!(told, format!("Revoked the right `auditor` from `{username}`\n"));
    assert_eq!(status(&token), 403);
    let told = cli::succeed(&data, &["user", "grant", &username, "auditor"]);
    assert_eq!(told, format!("Granted the right `auditor` to `{username}`\n"));
    assert_eq!(status(&token), 200);
    let listed = cli::objects(&data, &["user", "token", "list", &username]);
    assert_eq!((listed.len(), &listed[0]["name"]), (1, &json!("audit")));
    assert_eq!((&listed[0]["usable"], listed[0].get("token")), (&json!(true), None));
    let id = listed[0]["id"].as_str().expect("an id");
    let removed = cli::succeed(&data, &["user", "token", "remove", &username, id]);
    assert_eq!(removed, format!("Removed token `{id}` of user `{username}`\n"));
    assert_eq!(status(&token), 401);
    let again = cli::run(&data, &["user", "token", "remove", &username, id]);
    assert_eq!(
        (again.status.code(), cli::text(&again.stderr)),
        (Some(1), "muster: no such token\n".into())
    );
    let late = ["user", "token", "add", &username, "--expires", "2001-01-01T00:00:00Z"];
    assert_eq!(cli::run(&data, &late).status.code(), Some(1));
    let told = Audit::new(server()).history(&username);
    let events: Vec<_> = told.iter().filter_map(|fact| fact["event"].as_str()).collect();
    assert!(events.ends_with(&[
        "user.right_granted",
        "user.pat_added",
        "user.right_revoked",
        "user.right_granted",
        "user.pat_removed",
    ]));
}

#[test]
fn a_right_or_a_token_that_there_is_not_is_said_so() {
    let socket = server().data().join("muster.sock");
    let hold = |method: &str, path: &str, status, code| {
        let answer = try_send_through(&socket, method, path, &[], b"{}").expect("an answer");
        assert_problem(&answer, status, code);
    };
    hold("PUT", "/v1/local/users/admin/rights/king", 400, "bad_parameter");
    hold("PUT", "/v1/local/users/nobody/rights/auditor", 404, "no_such_user");
    hold("DELETE", "/v1/local/users/admin/tokens/nonsense", 404, "no_such_token");
    hold("DELETE", "/v1/local/users/admin/tokens/01ARZ3NDEKTSV4RRFFQ69G5FAV", 404, "no_such_token");
}
