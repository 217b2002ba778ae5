//! `/v1/local`: for whoever can reach the socket, and nobody else, whatever is shown.

use muster_tests::audit::{Audit, assert_problem};
use muster_tests::client::ask_locally;
use muster_tests::operations::V1;
use serde_json::Value;

use crate::world::{server, zato_and_person};

/// The status and the body of what the socket answers.
fn ask(method: &str, path: &str, body: &str) -> (u16, Value) {
    let answer = ask_locally(&server().data().join("muster.sock"), method, path, body);
    (answer.status, answer.json())
}

#[test]
fn nobody_does_an_operators_work_from_the_network() {
    let (_, person) = zato_and_person();
    let mut audit = Audit::new(server());
    let token = format!("Bearer {}", server().first().token);
    let before = audit.history(&person.username).len();
    let mut asked = 0;
    let open = ["/v1/local/rebuild", "/v1/local/verify"];
    let more = [
        ("DELETE", "/v1/local/sessions/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("GET", "/v1/local/users/admin/tokens"),
    ];
    for (method, path) in V1.into_iter().chain(more) {
        if !path.starts_with("/v1/local/") || open.contains(&path) {
            continue;
        }
        let path = path.replace("admin", &person.username);
        let headers = [("authorization", token.as_str()), ("x-muster-operator", "root@here")];
        for body in ["", "{}"] {
            let answer = audit.client.send(method, &path, &headers, body.as_bytes());
            assert_problem(&answer, 403, "local_only");
        }
        asked += 1;
    }
    assert_eq!((asked, audit.history(&person.username).len()), (19, before));
}

#[test]
fn what_is_wrong_with_a_body_is_told_without_any_of_it() {
    let (_, person) = zato_and_person();
    let path = |what: &str| format!("/v1/local/users/{}/{what}", person.username);
    for (path, body) in [
        (path("password"), r#"{"password": ["violet"]}"#),
        (path("password"), r#"{"violet": "x"}"#),
        (path("password"), r#"["violet"]"#),
        (path("password"), r#"{"password": "violet"#),
        (path("password"), "violet"),
        (path("password"), ""),
        (path("password"), r#"{"password": "violet horse", "expiry_days": 0}"#),
        (path("password"), r#"{"password": "violet horse", "expiry_days": "violet"}"#),
        (path("totp-key"), r#"{"key": {"violet": 1}}"#),
        ("/v1/local/users".to_owned(), r#"{"username": "violet"}"#),
        ("/v1/local/users".to_owned(), r#"{"username": "v", "password": "violet", "admin": true}"#),
        ("/v1/local/sign-out".to_owned(), r#"{"token": 7, "violet": 1}"#),
    ] {
        let (status, problem) = ask("POST", &path, body);
        assert_eq!((status, &problem["code"]), (400, &"bad_parameter".into()), "{body}: {problem}");
        assert!(!problem.to_string().contains("violet"), "{problem}");
    }
    let refused = ask("POST", &path("password"), r#"{"password": "violet"}"#);
    assert_eq!((refused.0, &refused.1["code"]), (422, &"password_unacceptable".into()));
    assert!(!refused.1.to_string().contains("violet"), "{}", refused.1);
}

#[test]
fn what_is_not_there_is_not_found() {
    let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for (method, path, code) in [
        ("POST", "/v1/local/users/nobody/lock", "no_such_user"),
        ("DELETE", "/v1/local/users/nobody", "no_such_user"),
        ("GET", "/v1/users/nobody/sessions", "no_such_user"),
        ("GET", &format!("/v1/users/{id}/sessions"), "no_such_user"),
        ("GET", "/v1/local/sessions/nonsense", "no_such_session"),
        ("DELETE", &format!("/v1/local/sessions/{id}"), "no_such_session"),
    ] {
        let (status, problem) = ask(method, path, "");
        assert_eq!((status, &problem["code"]), (404, &code.into()), "{method} {path}: {problem}");
    }
}

#[test]
fn the_sessions_of_somebody_are_told_without_their_tokens() {
    let (mut zato, person) = zato_and_person();
    let second = zato.log_in(&person.username, &person.password);
    let told = Audit::new(server()).read(&format!("/v1/users/{}/sessions", person.username));
    let items = told["items"].as_array().expect("a list");
    assert_eq!(items.len(), 2);
    assert!(items[0]["started"].as_str() < items[1]["started"].as_str(), "{told}");
    for session in items {
        assert_eq!(session["method"], "password");
        assert_eq!(
            (&session["username"], &session["address"]),
            (&person.username.clone().into(), &"127.0.0.1".into())
        );
        assert_eq!(session["changes"][0]["kind"], "login");
    }
    assert!(!told.to_string().contains(&second) && !told.to_string().contains(&person.ust));
}
