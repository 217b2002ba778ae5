//! Who may not, and what makes no sense.

use muster_tests::audit::{Audit, assert_problem};
use muster_tests::zato::Zato;
use serde_json::Value;

use crate::world;

#[test]
fn only_who_may_audit_exports() {
    let server = &world().server;
    let answer = server.client().send("GET", "/v1/export", &[], b"");
    assert_problem(&answer, 401, "unauthorized");
    let headers = [("authorization", "Bearer muster_pat_x")];
    let answer = server.client().send("GET", "/v1/export", &headers, b"");
    assert_problem(&answer, 401, "unauthorized");
    let path = "/v1/exports/01ARZ3NDEKTSV4RRFFQ69G5FAV/manifest";
    assert_problem(&server.client().send("GET", path, &[], b""), 401, "unauthorized");
    // A session of a dialect is no token here.
    let first = server.first();
    let ust = Zato::new(server).log_in(&first.username, &first.password);
    let headers = [("authorization", format!("Bearer {ust}"))];
    let headers = [(headers[0].0, headers[0].1.as_str())];
    assert_problem(&server.client().send("GET", "/v1/export", &headers, b""), 401, "unauthorized");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut audit = Audit::new(&world().server);
    for query in
        ["format=xml", "after=x", "to=-1", "limit=3", "since=yesterday", "format=csv&format=csv"]
    {
        assert_problem(&audit.get(&format!("/v1/export?{query}")), 400, "bad_parameter");
    }
    assert_problem(&audit.get("/v1/export?user=nobody-of-that-name"), 404, "no_such_user");
    for id in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "nonsense"] {
        let answer = audit.get(&format!("/v1/exports/{id}/manifest"));
        assert_problem(&answer, 404, "no_such_export");
    }
}

#[test]
fn an_answer_names_the_manifest_that_is_there_afterwards() {
    let mut audit = Audit::new(&world().server);
    for (format, kind) in [
        ("jsonl", "application/x-ndjson"),
        ("ocsf", "application/x-ndjson"),
        ("csv", "text/csv; charset=utf-8; header=present"),
    ] {
        let answer = audit.get(&format!("/v1/export?format={format}&to=9"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some(kind));
        assert_eq!(answer.header("x-muster-export-to"), Some("9"));
        let id = answer.header("x-muster-export").expect("an id").to_owned();
        let manifest = audit.read(&format!("/v1/exports/{id}/manifest"));
        let body = &manifest["body"];
        assert_eq!(body["id"], Value::from(id));
        assert_eq!((&body["count"], &body["bytes"]), (&9.into(), &answer.body.len().into()));
    }
}
