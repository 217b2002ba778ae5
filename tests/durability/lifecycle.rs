//! Starts and stops at bad moments, and a directory that moves.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use muster_tests::brief::{self, Starting};
use muster_tests::cli;
use muster_tests::scratch::Scratch;
use muster_tests::server::Server;
use muster_tests::zato::Zato;
use serde_json::json;

use crate::{last_position_without_a_gap, remove_sled, super_user};

const ATTR: &str = "/zato/sso/user/attr";

/// Some facts in frames of their own.
fn write(server: &Server, count: usize) {
    let su = super_user(server);
    let mut zato = Zato::new(server);
    for number in 0..count {
        let body = json!({"ust": su, "name": format!("n{number}"), "value": "v".repeat(900)});
        zato.call("PUT", ATTR, body).ok();
    }
}

#[test]
fn of_two_starts_at_once_one_serves_and_the_other_ends_with_3() {
    let scratch = Scratch::new();
    for round in 0..4 {
        // The first round is the first start of the store too.
        let data = scratch.join("data");
        let (told, tell) = channel();
        let starts = [Starting::on(&data), Starting::on(&data)];
        std::thread::scope(|scope| {
            for mut start in starts {
                let told = told.clone();
                scope.spawn(move || {
                    let listens = start.listens();
                    told.send((listens, start)).expect("the test waits for both");
                });
            }
            let (first, second) = (tell.recv().expect("one"), tell.recv().expect("two"));
            let (serving, refused) = if first.0 { (first, second) } else { (second, first) };
            assert!(serving.0 && !refused.0, "round {round}: one listens, one does not");
            let refused = refused.1.end();
            assert_eq!(refused.code, 3, "{}", refused.said);
            assert!(refused.said.contains("in use"), "{}", refused.said);
            assert_eq!(serving.1.stop().code, 0);
        });
    }
    cli::succeed(&scratch.join("data"), &["verify"]);
}

#[test]
fn a_stop_during_a_rebuild_is_clean() {
    let mut server = Server::start();
    write(&server, 30);
    for _ in 0..3 {
        let facts = last_position_without_a_gap(&server);
        let (data, over) = (server.data(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let rebuilding = scope.spawn(|| {
                // One after the other, so that the stop meets one; told that the server goes, it ends.
                let mut done = 0;
                while !over.load(Ordering::Relaxed)
                    && cli::run(&data, &["rebuild"]).status.success()
                {
                    done += 1;
                }
                done
            });
            while last_position_without_a_gap(&server) == facts {
                std::thread::yield_now();
            }
            let status = server.stop();
            over.store(true, Ordering::Relaxed);
            assert_eq!(status.code(), Some(0), "{}", server.log());
            assert!(rebuilding.join().expect("no panic") > 0);
        });
        server.restart();
        assert!(last_position_without_a_gap(&server) > facts);
        server.muster(&["verify"]);
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

/// Nothing is told otherwise, and nothing came but that somebody looked.
#[track_caller]
fn only_reads_since(before: &str, after: &str) {
    let more = after.strip_prefix(before).expect("what was told is told again");
    assert!(!more.is_empty(), "whoever looks is on record");
    for line in more.lines() {
        assert!(line.contains(r#""event":"system.audit_read""#), "{line}");
    }
}

#[test]
fn a_kill_while_sled_is_filled_changes_no_answer() {
    let mut server = Server::start();
    write(&server, 40);
    server.stop();
    let data = server.data();
    let before = cli::succeed(&data, &["events", "--json"]);
    for round in 0..6 {
        if round % 3 == 0 {
            remove_sled(&data);
        }
        let mut start = Starting::on(&data);
        if round % 2 == 0 {
            assert!(start.listens());
        }
        start.kill();
    }
    only_reads_since(&before, &cli::succeed(&data, &["events", "--json"]));
    cli::succeed(&data, &["verify"]);
}

#[test]
fn a_directory_that_is_copied_elsewhere_starts_there() {
    let mut server = Server::start();
    write(&server, 10);
    server.stop();
    let before = cli::succeed(&server.data(), &["events", "--json"]);
    let scratch = Scratch::new();
    let moved = scratch.join("elsewhere");
    let status =
        Command::new("cp").args(["-a", "--sparse=always"]).arg(server.data()).arg(&moved).status();
    assert!(status.expect("there is `cp`").success());
    let ended = brief::serve(&moved);
    assert_eq!(ended.code, 0, "{}", ended.said);
    only_reads_since(&before, &cli::succeed(&moved, &["events", "--json"]));
    // Two of them are two stores from now on; neither knows of the other.
    server.restart();
    last_position_without_a_gap(&server);
}
