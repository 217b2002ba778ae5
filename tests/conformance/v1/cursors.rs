//! Cursors carry the epoch: where the store went on from before them, they are void.

use std::fs;

use muster_tests::audit::{Audit, assert_problem};
use muster_tests::cli;
use muster_tests::server::Server;
use muster_tests::stream::Stream;
use serde_json::{Value, json};

#[test]
fn a_cursor_of_what_was_lost_is_void_and_one_from_before_goes_on() {
    let mut server = Server::start();
    let grant = |server: &Server, verb: &str| {
        server.muster(&["user", verb, "admin", "operator"]);
    };
    for _ in 0..10 {
        grant(&server, "grant");
        grant(&server, "revoke");
    }
    let before = Audit::new(&server).facts("/v1/events");
    let last = before.len() as u64;
    assert_eq!(server.stop().code(), Some(0));
    lose_the_end(&server);
    let data = server.data();
    cli::succeed(&data, &["recover", "--apply", "--accept-loss"]);
    server.restart();
    let mut audit = Audit::new(&server);
    let restored = audit.read("/v1/events?event=system.restored");
    let restored = &restored["items"][0];
    let kept = restored["position"].as_u64().expect("a position") - 1;
    assert!((1..last).contains(&kept), "{kept} of {last}");

    // What was read in the first epoch, up to where the second goes on from.
    for (cursor, position) in [(format!("1-{kept}"), kept), ("1-3".into(), 3), ("2-3".into(), 3)] {
        let page = audit.read(&format!("/v1/events?after={cursor}&limit=1"));
        assert_eq!(page["items"][0]["position"], json!(position + 1));
        assert_eq!(page["next"], json!(format!("2-{}", position + 1)), "the epoch is told");
        assert_eq!(page["cursor"], page["next"]);
    }
    // Bare is of the present epoch, though there is no such position yet.
    audit.read(&format!("/v1/events?after={last}"));
    let void = format!("1-{}", kept + 1);
    for path in ["/v1/events", "/v1/events/stream", "/v1/users/admin/history"] {
        assert_problem(&audit.get(&format!("{path}?after={void}")), 410, "cursor_void");
        assert_problem(&audit.get(&format!("{path}?after=3-1")), 400, "bad_parameter");
        for bad in ["0-1", "-1", "1-", "1-1-1", "+1", "1-+1"] {
            assert_problem(&audit.get(&format!("{path}?after={bad}")), 400, "bad_parameter");
        }
    }
    streams_carry_it(&server, kept, &void);
    let printed = cli::objects(&data, &["events", "--after", &format!("1-{kept}")]);
    assert_eq!(printed[0], *restored);
    let history = cli::objects(&data, &["history", "admin"]);
    assert!(history.len() > 3);
    let refused = cli::run(&data, &["events", "--after", &void]);
    assert_eq!(refused.status.code(), Some(1));
}

fn streams_carry_it(server: &Server, kept: u64, void: &str) {
    let bearer = format!("Bearer {}", server.first().token);
    let open = |id: &str| {
        let headers = [("authorization", bearer.as_str()), ("last-event-id", id)];
        Stream::open(server.address(), "/v1/events/stream", &headers).expect("an answer")
    };
    let mut stream = open(&format!("1-{kept}"));
    let first = stream.fact();
    assert_eq!((first.name.as_str(), first.id), ("system.restored", format!("2-{}", kept + 1)));
    assert_eq!(open(void).head.status, 410);
    let headers = [("authorization", bearer.as_str())];
    let target = "/v1/events?format=ndjson";
    let mut lines = Stream::open(server.address(), target, &headers).expect("an answer");
    let cursor = lines.head.header("x-muster-cursor").expect("a cursor").to_owned();
    let whole = lines.rest().expect("whole");
    let last: Value = serde_json::from_str(whole.lines().last().expect("lines")).expect("JSON");
    assert_eq!(cursor, format!("2-{}", last["position"]));
}

/// Damages a frame in the middle of the journal, and takes away the other copy.
fn lose_the_end(server: &Server) {
    let path = server.data().join("journal/00000001.mj");
    let mut bytes = fs::read(&path).expect("a segment");
    let frames: Vec<usize> = (4_096..bytes.len())
        .step_by(512)
        .filter(|at| bytes[*at..].starts_with(b"MUSTERFR"))
        .collect();
    bytes[frames[frames.len() / 2] + 150] ^= 0x20;
    fs::write(&path, bytes).expect("it can be written");
    fs::remove_dir_all(server.data().join("sled")).expect("it can be removed");
}
