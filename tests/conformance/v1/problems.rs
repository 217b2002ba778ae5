//! Who may ask, and what the answer is when something is wrong.

use muster_tests::audit::{Audit, assert_problem};
use muster_tests::operations::V1;

use crate::world::{server, su, zato_and_person};

#[test]
fn nobody_asks_without_a_token_that_is_good_here() {
    let mut client = server().client();
    let (_, person) = zato_and_person();
    let token = &server().first().token;
    for (method, path) in V1 {
        let answer = client.send(method, path, &[], b"");
        assert_problem(&answer, 401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        for authorization in [
            String::new(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            "Bearer garbage".to_owned(),
            format!("Bearer {token}x"),
            format!("Bearer {}", &token[..token.len() - 1]),
            format!("Basic {token}"),
            token.clone(),
            format!("Bearer {}", su()),
            format!("Bearer {}", person.ust),
            "Bearer \u{fc}".to_owned(),
        ] {
            let answer = client.send(method, path, &[("authorization", &authorization)], b"");
            assert_problem(&answer, 401, "unauthorized");
        }
    }
}

#[test]
fn a_lower_case_bearer_is_one() {
    let mut client = server().client();
    for scheme in ["bearer", "BEARER", "Bearer", "Bearer "] {
        let authorization = format!("{scheme} {}", server().first().token);
        let answer = client.send("GET", "/v1/users", &[("authorization", &authorization)], b"");
        assert_eq!(answer.status, 200, "{scheme}");
    }
}

#[test]
fn nobody_is_an_operator_by_saying_so() {
    let mut client = server().client();
    let answer = client.send("GET", "/v1/users", &[("x-muster-operator", "root")], b"");
    assert_problem(&answer, 401, "unauthorized");
}

#[test]
fn an_unknown_user_is_not_found() {
    let mut audit = Audit::new(server());
    for path in [
        "/v1/users/nobody",
        "/v1/users/nobody/history",
        "/v1/users/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/v1/users/01ARZ3NDEKTSV4RRFFQ69G5FAV/history",
        "/v1/users/zusr1arz3ndektsv4rrffq69g5fav/history",
    ] {
        assert_problem(&audit.get(path), 404, "no_such_user");
    }
}

#[test]
fn an_unknown_path_or_method_is_a_problem_too() {
    let mut audit = Audit::new(server());
    for path in ["/v1", "/v1/nothing", "/v1/users/", "/", "/nothing", "/v1/users/a/b"] {
        assert_problem(&audit.get(path), 404, "not_found");
    }
    for (method, path) in V1 {
        let has_get = path.ends_with("/tokens");
        let answer = match method {
            "GET" => audit.post(path),
            _ if has_get => audit.put(path),
            _ => audit.get(path),
        };
        assert_problem(&answer, 405, "method_not_allowed");
    }
}

#[test]
fn a_parameter_that_cannot_be_understood_is_named() {
    let mut audit = Audit::new(server());
    for path in ["/v1/events", "/v1/users/admin/history"] {
        for query in [
            "limit=0",
            "limit=1001",
            "limit=x",
            "limit=-1",
            "limit=",
            "after=x",
            "after=-1",
            "after=18446744073709551616",
            "page=2",
        ] {
            assert_problem(&audit.get(&format!("{path}?{query}")), 400, "bad_parameter");
        }
    }
    for query in ["limit=0", "limit=1001", "limit=x", "after=x", "after=", "page=2"] {
        assert_problem(&audit.get(&format!("/v1/users?{query}")), 400, "bad_parameter");
    }
}

#[test]
fn a_path_that_is_not_text_is_a_problem_too() {
    let mut audit = Audit::new(server());
    for path in ["/v1/users/%FF", "/v1/users/%FF/history"] {
        assert_problem(&audit.get(path), 400, "bad_parameter");
    }
}

#[test]
fn health_is_open() {
    let mut client = server().client();
    for (path, body) in [("/livez", "ok\n"), ("/readyz", "ready\n")] {
        let answer = client.send("GET", path, &[], b"");
        assert_eq!((answer.status, answer.text()), (200, body));
    }
}
