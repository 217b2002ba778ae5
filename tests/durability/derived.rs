//! Read models and sled's log are derived: taking them away or folding them anew changes no answer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use muster_tests::audit::Audit;
use muster_tests::server::Server;
use muster_tests::zato::{Person, USER, Zato};
use serde_json::json;

use crate::{answers, facts_but_reads, last_position_without_a_gap, remove_sled, super_user};

const ATTR: &str = "/zato/sso/user/attr";

/// Somebody with a history: names that changed, locks, short and long values.
fn somebody(server: &Server, su: &str) -> Person {
    let mut zato = Zato::new(server);
    let person = Person::regular(&mut zato, su);
    for name in ["Ada", "Augusta"] {
        zato.call("PATCH", USER, json!({"ust": person.ust, "first_name": name})).ok();
    }
    let target = json!({"ust": su, "user_id": person.user_id});
    zato.call("POST", "/zato/sso/user/lock", target.clone()).ok();
    zato.call("DELETE", "/zato/sso/user/lock", target).ok();
    for (name, length) in [("short", 10), ("edge", 5_000), ("long", 300_000)] {
        let value = "v".repeat(length);
        zato.call("PUT", ATTR, json!({"ust": person.ust, "name": name, "value": value})).ok();
    }
    person
}

const NAMES: [&str; 4] = ["short", "edge", "long", "none"];

#[test]
fn answers_are_the_same_after_kill_9_without_sled_and_after_a_rebuild() {
    let mut server = Server::start();
    let su = super_user(&server);
    let person = somebody(&server, &su);
    let before = answers(&server, &su, &person, &NAMES);
    let facts = facts_but_reads(&server);

    let same = |server: &Server, after: &str| {
        assert!(answers(server, &su, &person, &NAMES) == before, "answers differ after {after}");
        assert_eq!(facts_but_reads(server), facts, "{after}");
        server.muster(&["verify"]);
    };
    server.kill();
    server.restart();
    same(&server, "kill -9");
    server.kill();
    remove_sled(&server.data());
    server.restart();
    same(&server, "kill -9 and without sled");
    server.stop_and_restart();
    same(&server, "a clean stop");
    assert_eq!(server.stop().code(), Some(0));
    remove_sled(&server.data());
    server.restart();
    same(&server, "a clean stop and without sled");
    // From here on there is one fact more: that the views were rebuilt.
    server.muster(&["rebuild"]);
    assert!(answers(&server, &su, &person, &NAMES) == before, "answers differ after a rebuild");
    server.stop_and_restart();
    assert!(answers(&server, &su, &person, &NAMES) == before, "answers differ after all");
    server.muster(&["verify"]);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn no_read_fails_while_read_models_are_rebuilt() {
    const REBUILDS: usize = 5;
    let server = Server::start();
    let su = super_user(&server);
    let person = somebody(&server, &su);
    let (over, reads, writes) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let _over = Over(&over);
                let mut zato = Zato::new(&server);
                let mut audit = Audit::new(&server);
                while !over.load(Ordering::Relaxed) {
                    let read = zato.call("GET", USER, json!({"ust": person.ust})).ok();
                    assert_eq!(read["first_name"], "Augusta");
                    let long = json!({"ust": person.ust, "name": "long"});
                    let long = zato.call("GET", ATTR, long).ok();
                    assert_eq!(long["value"].as_str().map(str::len), Some(300_000));
                    let verify = json!({"current_ust": su, "target_ust": person.ust});
                    let valid = zato.call("POST", "/zato/sso/user/session", verify).ok();
                    assert_eq!(valid["is_valid"], true);
                    audit.read(&format!("/v1/users/{}/history?limit=5", person.username));
                    reads.fetch_add(4, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            let _over = Over(&over);
            // What is written meanwhile is read at once, on either side of the swap.
            let mut zato = Zato::new(&server);
            let mut number = 0;
            while !over.load(Ordering::Relaxed) {
                number += 1;
                let put = json!({"ust": person.ust, "name": "counter", "value": number});
                zato.call("PUT", ATTR, put).ok();
                let get = json!({"ust": person.ust, "name": "counter"});
                assert_eq!(zato.call("GET", ATTR, get).ok()["value"], number);
                writes.fetch_add(1, Ordering::Relaxed);
            }
        });
        // Whoever fails ends the others.
        let _over = Over(&over);
        for _ in 0..REBUILDS {
            let (reads_then, writes_then) =
                (reads.load(Ordering::Relaxed), writes.load(Ordering::Relaxed));
            server.muster(&["rebuild"]);
            // Each rebuild meets readers and writers.
            while !over.load(Ordering::Relaxed)
                && (reads.load(Ordering::Relaxed) == reads_then
                    || writes.load(Ordering::Relaxed) == writes_then)
            {
                std::thread::yield_now();
            }
        }
    });
    server.muster(&["verify"]);
    last_position_without_a_gap(&server);
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
