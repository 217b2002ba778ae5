//! Waiting for events, telling them as lines, and streaming them.

use std::io::ErrorKind;
use std::sync::mpsc;
use std::time::Duration;

use muster_tests::audit::{Audit, assert_problem};
use muster_tests::cli;
use muster_tests::client::Answer;
use muster_tests::document::Document;
use muster_tests::server::Server;
use muster_tests::stream::{Event, Stream};
use muster_tests::zato::{Person, Zato};
use serde_json::{Value, json};

use crate::world::{server, zato_and_person};

fn bearer(server: &Server) -> String {
    format!("Bearer {}", server.first().token)
}

fn open(server: &Server, target: &str, more: &[(&str, &str)]) -> Stream {
    let bearer = bearer(server);
    let headers = [&[("authorization", bearer.as_str())], more].concat();
    Stream::open(server.address(), target, &headers).expect("an answer")
}

/// A stream, and that it is one.
fn follow(server: &Server, query: &str, more: &[(&str, &str)]) -> Stream {
    let stream = open(server, &format!("/v1/events/stream{query}"), more);
    assert_eq!(stream.head.status, 200);
    assert_eq!(stream.head.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.head.header("cache-control"), Some("no-store"));
    stream
}

/// Where the feed ends now, when it is on record that this reader reads it.
fn end(audit: &mut Audit) -> u64 {
    audit.read("/v1/events?limit=1");
    audit.read("/v1/projections")["position"].as_u64().expect("a position")
}

fn grant(server: &Server, user: &str, right: &str) {
    server.muster(&["user", "grant", user, right]);
}

#[test]
fn who_waits_is_answered_at_once_where_there_is_something() {
    zato_and_person();
    let mut audit = Audit::new(server());
    let now = audit.read("/v1/events?limit=3");
    let waited = audit.read("/v1/events?limit=3&wait=60");
    assert_eq!(waited, now);
    for bad in ["wait=61", "wait=-1", "wait=x", "format=xml"] {
        assert_problem(&audit.get(&format!("/v1/events?{bad}")), 400, "bad_parameter");
    }
}

#[test]
fn who_waits_in_vain_moves_on_all_the_same() {
    let (_, person) = zato_and_person();
    let mut audit = Audit::new(server());
    let filter = "event=user.email_removed";
    let path = format!("/v1/events?user={}&{filter}", person.username);
    let whole = end(&mut audit);
    let page = audit.read(&format!("{path}&wait=1"));
    assert_eq!((&page["items"], &page["next"]), (&json!([]), &Value::Null));
    assert!(page["cursor"].as_u64() >= Some(whole), "{page} after {whole}");
}

/// On a server of its own, where nothing else happens.
#[test]
fn a_wait_ends_with_the_next_fact_and_not_because_somebody_reads() {
    let server = Server::start();
    let mut audit = Audit::new(&server);
    let after = end(&mut audit);
    let target = format!("/v1/events?wait=60&after={after}");
    let (address, token) = (server.address(), bearer(&server));
    let (send, answered) = mpsc::channel();
    let waiting = std::thread::spawn(move || {
        let headers = [("authorization", token.as_str())];
        let mut client = muster_tests::client::Client::new(address);
        send.send(client.send("GET", &target, &headers, b"").json()).expect("somebody listens");
    });
    // Another reader, another subject: a fact.
    let history = cli::objects(&server.data(), &["history", "admin"]);
    assert!(!history.is_empty());
    let early = answered.recv_timeout(Duration::from_millis(300));
    assert!(early.is_err(), "woken by a read: {early:?}");
    grant(&server, "admin", "operator");
    let page = answered.recv_timeout(Duration::from_secs(30)).expect("woken");
    waiting.join().expect("it answered");
    let events: Vec<_> =
        page["items"].as_array().expect("a list").iter().map(|fact| &fact["event"]).collect();
    assert_eq!(events, ["system.audit_read", "user.right_granted"], "what did not wake is there");
    assert_eq!(page["cursor"], page["items"][1]["position"]);
}

#[test]
fn lines_tell_the_same_facts_and_say_from_where_to_go_on() {
    zato_and_person();
    let mut audit = Audit::new(server());
    let filter = "event=user.,session.&actor=anonymous";
    let until = end(&mut audit);
    let as_lines = |audit: &mut Audit, target: &str| {
        let answer = audit.get(target);
        assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
        let lines = answer.text().lines().map(|line| serde_json::from_str(line).expect("JSON"));
        (lines.collect::<Vec<Value>>(), answer)
    };
    let cursor = |answer: &Answer| answer.header("x-muster-cursor")?.parse::<u64>().ok();
    let (lines, answer) = as_lines(&mut audit, &format!("/v1/events?{filter}&format=ndjson"));
    assert!(cursor(&answer) >= Some(until));
    let mut facts = audit.facts(&format!("/v1/events?{filter}"));
    facts.truncate(lines.len());
    assert!(lines.len() > 5);
    assert_eq!(lines, facts);
    let (few, _) = as_lines(&mut audit, &format!("/v1/events?{filter}&format=ndjson&limit=3"));
    assert_eq!(few, lines[..3]);
    let mut accepted = open(
        server(),
        &format!("/v1/events?{filter}&limit=3"),
        &[("accept", "application/json;q=0.5, application/x-ndjson")],
    );
    assert_eq!(accepted.rest().expect("whole").lines().count(), 3);
    let none = as_lines(&mut audit, "/v1/events?format=ndjson&after=18446744073709551615");
    assert!(none.0.is_empty());
    assert_problem(&audit.get("/v1/events?format=ndjson&limit=0"), 400, "bad_parameter");
}

#[test]
fn a_stream_tells_every_fact_and_goes_on_where_its_reader_was() {
    let (_, person) = zato_and_person();
    let mut audit = Audit::new(server());
    let whole = audit.history(&person.username);
    let query = format!("?user={}", person.username);
    let mut stream = follow(server(), &query, &[]);
    let seen: Vec<Event> = whole.iter().map(|_| stream.fact()).collect();
    for (event, fact) in seen.iter().zip(&whole) {
        assert_eq!(&event.data, fact);
        assert_eq!(Some(event.name.as_str()), fact["event"].as_str());
        assert_eq!(event.id, fact["position"].to_string());
    }
    grant(server(), &person.username, "auditor");
    assert_eq!(stream.fact().name, "user.right_granted");
    drop(stream);
    // Back again: from there, whatever `after` says.
    let last = seen[2].id.as_str();
    let mut stream = follow(server(), &format!("{query}&after=0"), &[("last-event-id", last)]);
    for event in &seen[3..] {
        assert_eq!(&stream.fact(), event);
    }
    assert_eq!(stream.fact().name, "user.right_granted");
    let mut stream = follow(server(), &format!("{query}&after={last}&event=session."), &[]);
    let next =
        whole[3..].iter().find(|fact| fact["event"].as_str().unwrap().starts_with("session."));
    assert_eq!(Some(&stream.fact().data), next);
    for id in ["x", "", "7-", "99-1"] {
        let refused = open(server(), "/v1/events/stream", &[("last-event-id", id)]);
        assert_eq!(refused.head.status, 400, "{id:?}");
    }
    assert_problem(&audit.get("/v1/events/stream?limit=3"), 400, "bad_parameter");
}

#[test]
fn a_silent_stream_says_now_and_then_that_it_lives_and_how_far_it_looked() {
    let server = Server::start_configured("[limits]\nevent_heartbeat = 1\n");
    let last = end(&mut Audit::new(&server));
    let mut stream = follow(&server, "?event=user.deleted", &[]);
    for _ in 0..3 {
        let beat = stream.event().expect("it lives").expect("it goes on");
        assert_eq!((beat.name.as_str(), &beat.data), ("", &Value::Null));
        assert!(beat.id.parse::<u64>().expect("a position") >= last, "{beat:?}");
    }
}

#[test]
fn one_caller_has_no_more_streams_than_one_may_and_everybody_no_more_than_there_are() {
    let server = Server::start_configured("[limits]\nevent_readers_max = 17\n");
    let end = end(&mut Audit::new(&server));
    let mut streams: Vec<_> = (0..16).map(|_| follow(&server, "", &[])).collect();
    let document = Document::known(&mut server.client());
    let mut audit = Audit::new(&server);
    for path in ["/v1/events/stream".to_owned(), format!("/v1/events?wait=1&after={end}")] {
        let refused = audit.get(&path);
        assert_problem(&refused, 429, "too_many_readers");
        assert_eq!(refused.header("retry-after"), Some("1"));
        document.hold("GET", &path, &refused);
    }
    // Whoever does not wait is answered.
    audit.read("/v1/events?limit=1");
    let made = cli::objects(&server.data(), &["user", "token", "add", "admin"]);
    let token = format!("Bearer {}", made[0]["token"].as_str().expect("a token"));
    let ask = || {
        let headers = [("authorization", token.as_str())];
        Stream::open(server.address(), "/v1/events/stream", &headers).expect("an answer")
    };
    let other = ask();
    assert_eq!(other.head.status, 200);
    let crowded = ask();
    assert_eq!((crowded.head.status, crowded.head.header("retry-after")), (503, Some("1")));
    // Whoever goes makes room.
    streams.pop();
    let mut tries = 0;
    while ask().head.status != 200 {
        tries += 1;
        assert!(tries < 10_000, "a place that was left is not given to anybody");
    }
    let metrics = server.muster(&["events", "--json", "--after", &end.to_string()]);
    assert!(!metrics.is_empty());
}

#[test]
fn a_stream_ends_when_its_token_is_taken_away() {
    let (_, person) = zato_and_person();
    let name = &person.username;
    grant(server(), name, "auditor");
    let made = cli::objects(&server().data(), &["user", "token", "add", name]);
    let token = format!("Bearer {}", made[0]["token"].as_str().expect("a token"));
    let target = format!("/v1/events/stream?user={name}");
    let headers = [("authorization", token.as_str())];
    let mut stream = Stream::open(server().address(), &target, &headers).expect("an answer");
    while stream.fact().name != "user.pat_added" {}
    let id = made[0]["id"].as_str().expect("an id");
    server().muster(&["user", "token", "remove", name, id]);
    // That it was taken away is not told any more.
    while let Some(event) = stream.event().expect("it ends as it should") {
        assert_eq!(event.name, "", "{event:?}");
    }
}

#[test]
fn who_waits_or_streams_does_not_hold_up_the_end_of_the_server() {
    let mut server = Server::start();
    let after = end(&mut Audit::new(&server));
    let mut stream = follow(&server, "", &[]);
    let (address, token) = (server.address(), bearer(&server));
    let target = format!("/v1/events?wait=60&after={}", after + 1_000_000);
    let (ready, is_ready) = mpsc::channel();
    let waiting = std::thread::spawn(move || {
        let headers = [("authorization", token.as_str())];
        ready.send(()).expect("somebody listens");
        muster_tests::client::Client::new(address).try_send("GET", &target, &headers, b"")
    });
    is_ready.recv().expect("it begins");
    // A beat or a fact: the stream is there.
    stream.event().expect("it lives");
    let asked = now_ms();
    assert_eq!(server.stop().code(), Some(0));
    assert!(now_ms() - asked < 5_000, "the end was held up for {} ms", now_ms() - asked);
    while stream.event().expect("it ends as it should").is_some() {}
    match waiting.join().expect("it ends") {
        Ok(answer) => assert_eq!((answer.status, &answer.json()["items"]), (200, &json!([]))),
        // It may have come too late to be taken.
        Err(error) => assert_ne!(error.kind(), ErrorKind::TimedOut),
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// 20,000 facts while 16 readers do not read. What they are told takes at least 700 bytes a fact, so that 16 of them
/// would take 200 MB if anything were kept for them.
#[test]
fn readers_that_do_not_read_cost_nothing_however_much_happens_and_miss_nothing() {
    const FACTS: usize = 20_000;
    const GROWTH_BYTES_MAX: u64 = 64 << 20;
    let server = Server::start();
    let first = server.first();
    let su = Zato::new(&server).log_in(&first.username, &first.password);
    // Each time of somebody else: nobody has a long history to fold.
    let write = |facts: usize| {
        let mut zato = Zato::new(&server);
        let person = Person::regular(&mut zato, &su);
        let item = |number: usize| json!({"name": format!("a{number}"), "value": "x".repeat(100)});
        let items: Vec<_> = (0..1_000).map(item).collect();
        for _ in 0..facts / 1_000 {
            let asked = json!({"ust": person.ust, "data": items});
            zato.call("PUT", "/zato/sso/user/attr", asked).ok();
        }
    };
    // What the store itself keeps of as many facts.
    write(FACTS);
    let alone = server.memory_bytes();
    write(FACTS);
    let alone = server.memory_bytes().saturating_sub(alone);
    let after = end(&mut Audit::new(&server));
    let query = format!("?after={after}");
    let mut streams: Vec<_> = (0..16).map(|_| follow(&server, &query, &[])).collect();
    let before = server.memory_bytes();
    write(FACTS);
    let growth = server.memory_bytes().saturating_sub(before);
    assert!(
        growth < alone + GROWTH_BYTES_MAX,
        "grew by {growth} bytes, and by {alone} without readers"
    );
    let mut stream = streams.swap_remove(0);
    for position in after + 1..after + FACTS as u64 {
        assert_eq!(stream.fact().id, position.to_string());
    }
    println!("grew by {growth} bytes with 16 readers, by {alone} without");
}
