//! Everything that the server says to those who may hear everything: each route, each command that reads.

use std::collections::BTreeSet;

use muster_tests::audit::Audit;
use muster_tests::client::{ask_locally, percent};
use muster_tests::server::Server;
use muster_tests::zato::{LOGIN, SEARCH, SESSION_LIST, USER, Zato};
use serde_json::{Value, json};

use crate::finder::Finder;

/// The text of every answer.
pub fn of_everything(server: &Server) -> Vec<(String, Vec<u8>)> {
    let mut told = Vec::new();
    let mut audit = Audit::new(server);
    let facts = audit.facts("/v1/events");
    let streams: BTreeSet<String> = facts
        .iter()
        .filter(|fact| fact["stream"]["kind"] == "user")
        .filter_map(|fact| fact["stream"]["id"].as_str().map(ToOwned::to_owned))
        .collect();
    let last = facts.len();
    told.push(("/v1/events".to_owned(), json!(facts).to_string().into_bytes()));
    let mut paths: Vec<String> = [
        "/v1/users?limit=1000",
        "/metrics",
        "/v1/projections",
        "/v1/log/checkpoint",
        "/v1/log/key",
    ]
    .map(ToOwned::to_owned)
    .into();
    for id in &streams {
        for path in ["", "/history?limit=1000", "/acts?limit=1000", "/sessions"] {
            paths.push(format!("/v1/users/{id}{path}"));
        }
        for position in [last / 4, last / 2, last] {
            paths.push(format!("/v1/users/{id}?as_of={position}"));
            paths.push(format!("/v1/users/{id}/attributes?as_of={position}"));
            paths.push(format!("/v1/users/{id}/sessions?as_of={position}"));
        }
        paths.push(format!("/v1/users/{id}/diff?from=1&to={last}"));
        paths.push(format!("/v1/events?limit=1000&user={id}"));
        paths.push(format!("/v1/events?limit=1000&actor={id}"));
    }
    paths.extend(["jsonl", "csv", "ocsf"].map(|format| format!("/v1/export?format={format}")));
    // A proof has the fact as it is stored.
    paths.extend((1..=last).map(|position| format!("/v1/log/proof/inclusion?position={position}")));
    for path in paths {
        let answer = audit.get(&path);
        told.push((path, answer.text().as_bytes().to_vec()));
    }
    let socket = server.data().join("muster.sock");
    for path in ["/v1/local/outbox", "/v1/local/origins"] {
        let answer = ask_locally(&socket, "GET", path, "");
        told.push((path.to_owned(), answer.text().as_bytes().to_vec()));
    }
    told.extend(by_zato(server, &streams));
    for arguments in [&["events"][..], &["events", "--json"], &["user", "list", "--json"]] {
        told.push((arguments.join(" "), server.muster(arguments).into_bytes()));
    }
    told
}

/// What a super-user of the Zato dialect is told. Its own session is not kept.
fn by_zato(server: &Server, streams: &BTreeSet<String>) -> Vec<(String, Vec<u8>)> {
    let mut zato = Zato::new(server);
    let first = server.first();
    let login = json!({"username": first.username, "password": first.password});
    let su = zato.call("POST", LOGIN, login).ok()["ust"].clone();
    let mut told = Vec::new();
    let mut page = 1;
    loop {
        let asked = json!({"ust": su, "cur_page": page, "paginate": true, "page_size": 100});
        let answer = zato.call("GET", SEARCH, asked);
        told.push((format!("search {page}"), answer.text().as_bytes().to_vec()));
        let found = answer.json()["result"].as_array().map_or(0, Vec::len);
        if found == 0 {
            break;
        }
        page += 1;
    }
    for id in streams {
        let user_id = format!("zusr{}", id.to_ascii_lowercase().trim_start_matches('0'));
        let answer = zato.call("GET", USER, json!({"ust": su, "user_id": user_id}));
        told.push((format!("user {user_id}"), answer.text().as_bytes().to_vec()));
    }
    let both = json!({"current_ust": su, "target_ust": su});
    let answer = zato.call("GET", SESSION_LIST, both);
    told.push(("sessions".to_owned(), answer.text().as_bytes().to_vec()));
    told
}

/// The values that stand in some answer, each with where.
pub fn found(told: &[(String, Vec<u8>)], finder: &Finder) -> BTreeSet<String> {
    let of = |(place, text): &(String, Vec<u8>)| -> Vec<String> {
        finder.find(text).into_iter().map(|what| format!("{place}: {what}")).collect()
    };
    told.iter().flat_map(of).collect()
}

/// Erases everybody of these names, and returns their ids.
pub fn erase(server: &Server, names: &[String]) -> Vec<String> {
    let mut audit = Audit::new(server);
    let erased = names.iter().map(|name| {
        let answer = audit.post(&format!("/v1/users/{}/erase", percent(name)));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["user"].as_str().expect("an id").to_owned()
    });
    erased.collect()
}

/// Whoever was erased has a history, and nothing in it says anything of them.
pub fn assert_erased(server: &Server, ids: &[String]) {
    let mut audit = Audit::new(server);
    for id in ids {
        let facts = audit.history(id);
        let told = |fact: &&Value| fact["sentence"].is_string();
        let told: Vec<_> = facts.iter().filter(told).map(|fact| fact["event"].clone()).collect();
        assert_eq!(told, ["user.erased"], "{id}");
        assert!(facts.len() > 3, "{id}");
    }
}
