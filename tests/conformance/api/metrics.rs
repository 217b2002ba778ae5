//! `/metrics`: for operators, in the text of `OpenMetrics`, with nobody in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use muster_tests::audit::assert_problem;
use muster_tests::client::{Answer, ask_locally};
use muster_tests::zato::{LOGIN, Person};
use serde_json::json;

use crate::world::{server, su, zato};

/// Asks as an operator through the socket.
fn scrape() -> BTreeMap<String, f64> {
    let answer = ask_locally(&server().data().join("muster.sock"), "GET", "/metrics", "");
    samples(&answer)
}

/// All samples, by name and labels as written.
fn samples(answer: &Answer) -> BTreeMap<String, f64> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(kind));
    let text = answer.text();
    assert!(text.ends_with("\n# EOF\n"), "it does not end as it should");
    let mut samples = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        let value = value.parse().expect("a number");
        assert!(samples.insert(name.to_owned(), value).is_none(), "{name} twice");
    }
    samples
}

/// A sample that is there.
#[track_caller]
fn of(samples: &BTreeMap<String, f64>, name: &str) -> f64 {
    *samples.get(name).unwrap_or_else(|| panic!("there is no {name}"))
}

#[test]
fn metrics_are_for_operators() {
    let mut client = server().client();
    let person = Person::regular(&mut zato(), su());
    assert_problem(&client.send("GET", "/metrics", &[], b""), 401, "unauthorized");
    for token in ["garbage", su(), &person.ust] {
        let authorization = format!("Bearer {token}");
        let answer = client.send("GET", "/metrics", &[("authorization", &authorization)], b"");
        assert_problem(&answer, 401, "unauthorized");
    }
    let authorization = format!("Bearer {}", server().first().token);
    samples(&client.send("GET", "/metrics", &[("authorization", &authorization)], b""));
}

#[test]
fn what_happens_is_counted() {
    let mut zato = zato();
    let before = scrape();
    let person = Person::regular(&mut zato, su());
    let wrong = json!({"username": person.username, "password": "wrong"});
    zato.call("POST", LOGIN, wrong).refused("E005001");
    zato.client.send("GET", "/nothing/here", &[], b"");
    let after = scrape();
    let rose = |name: &str| {
        let (before, after) = (before.get(name).copied().unwrap_or_default(), of(&after, name));
        assert!(after > before, "{name}: {before}, then {after}");
    };
    let login = "dialect=\"zato\",route=\"/zato/sso/user/login\",method=\"POST\"";
    for name in [
        &format!("muster_requests_total{{{login},class=\"2xx\"}}"),
        &format!("muster_requests_total{{{login},class=\"4xx\"}}"),
        &format!("muster_request_seconds_count{{{login}}}"),
        "muster_requests_total{dialect=\"server\",route=\"none\",method=\"other\",class=\"4xx\"}",
        "muster_sign_ins_total{outcome=\"ok\"}",
        "muster_sign_ins_total{outcome=\"refused\"}",
        "muster_facts_committed_total",
        "muster_position",
        "muster_turn_commands_count",
        "muster_turn_seconds_sum",
        "muster_commit_seconds_sum",
        "muster_hashing_seconds_sum",
        "muster_view_rows{view=\"users\"}",
    ] {
        rose(name);
    }
    assert!(of(&after, "muster_connections{from=\"network\"}") >= 1.0);
    assert!(of(&after, "muster_connections{from=\"socket\"}") >= 1.0);
    assert!(of(&after, "muster_hashing_seconds_sum") > 0.0);
    assert!(of(&after, "process_start_time_seconds") > 1.7e9);
    assert!(of(&after, "muster_turns_failed_total") < 1.0);
    let version = format!("muster_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert!(of(&after, &version) > 0.0);
    let turn = of(&after, "muster_turn_seconds_sum");
    assert!(of(&after, "muster_commit_seconds_sum") < turn, "committing is a part of a turn");
}

#[test]
fn no_label_holds_what_somebody_sent() {
    let mut zato = zato();
    let person = Person::regular(&mut zato, su());
    let mut client = server().client();
    let authorization = format!("Bearer {}", server().first().token);
    let headers = [("authorization", authorization.as_str())];
    let path = format!("/v1/users/{}?limit=1", person.username);
    client.send("GET", &path, &headers, b"");
    client.send("GET", &format!("/zato/{}", person.username), &headers, b"");
    client.send("BREW", "/livez", &headers, b"");
    let answer = ask_locally(&server().data().join("muster.sock"), "GET", "/metrics", "");
    for secret in [&person.username, &person.user_id, &person.ust, "BREW", "127.0.0.1"] {
        assert!(!answer.text().contains(secret), "{secret} is told");
    }
    let samples = samples(&answer);
    of(
        &samples,
        "muster_requests_total{dialect=\"zato\",route=\"none\",method=\"other\",class=\"4xx\"}",
    );
    let odd = "dialect=\"server\",route=\"/livez\",method=\"other\",class=\"4xx\"";
    of(&samples, &format!("muster_requests_total{{{odd}}}"));
}

#[test]
fn every_metric_is_documented_with_its_type_and_labels() {
    scrape();
    let answer = ask_locally(&server().data().join("muster.sock"), "GET", "/metrics", "");
    let text = answer.text();
    let mut told: BTreeMap<&str, (&str, BTreeSet<&str>)> = BTreeMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').expect("a name and a type");
        told.insert(name, (kind, BTreeSet::new()));
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, labels) = line.split_once('{').unwrap_or((line, ""));
        let metric = told.iter_mut().rev().find(|(metric, _)| name.starts_with(**metric));
        let (_, (_, known)) = metric.expect("a metric with a type");
        let labels = labels.split_once('}').map_or("", |(labels, _)| labels);
        let names =
            labels.split("\",").filter_map(|label| label.split_once('=')).map(|(name, _)| name);
        known.extend(names.filter(|name| *name != "le"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let mut documented = BTreeMap::new();
    for line in page
        .lines()
        .filter(|line| line.starts_with("| `muster_") || line.starts_with("| `process_"))
    {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let labels = columns[3].split('`').filter(|name| name.starts_with(char::is_alphabetic));
        documented
            .insert(columns[1].trim_matches('`'), (columns[2], labels.collect::<BTreeSet<_>>()));
    }
    assert_eq!(told, documented);
}
