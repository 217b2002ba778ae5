//! A log that was written anew, and vouches for itself without a fault: only what was kept elsewhere tells.
//! And the same without the care: then the store itself tells.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use muster_tests::brief::Starting;
use muster_tests::cli;
use muster_tests::client::ask_locally;
use muster_tests::scratch::Scratch;
use muster_tests::server::Server;
use muster_tests::zato::Zato;
use serde_json::{Value, json};

use crate::forger::{self, Record};
use crate::trial::copy;

/// A log of which checkpoints were kept twice, and its data as it was at the first of them and is now.
struct World {
    scratch: Scratch,
    /// How many facts the checkpoints are about.
    sizes: [u64; 2],
}

impl World {
    fn early(&self) -> PathBuf {
        self.scratch.join("early")
    }

    fn kept(&self, which: usize) -> PathBuf {
        self.scratch.join(["first", "second"][which])
    }

    /// A copy of the data as it is now.
    fn copied(&self) -> (Scratch, PathBuf) {
        let scratch = Scratch::new();
        let data = scratch.join("data");
        copy(&self.scratch.join("now"), &data);
        (scratch, data)
    }

    /// The frame, the place in it and the position of a fact in clear that was signed.
    fn clear(&self, frames: &[Vec<Record>]) -> (usize, usize, u64) {
        let mut position = 0;
        for (frame, records) in frames.iter().enumerate() {
            for (at, record) in records.iter().enumerate() {
                position += 1;
                if position > self.sizes[0] + 1 && forger::is_clear(record) {
                    assert!(position <= self.sizes[1], "it was signed");
                    return (frame, at, position);
                }
            }
        }
        panic!("a fact in clear is between the checkpoints");
    }
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let (scratch, mut server) = (Scratch::new(), Server::start());
        write(&server, 0..4);
        server.stop();
        let first = keep(&server.data(), &scratch.join("first"));
        copy(&server.data(), &scratch.join("early"));
        server.restart();
        write(&server, 4..7);
        // Under a name that nobody has: a fact in clear, which no seal guards.
        let nobody = json!({"current_app": "CRM", "username": "nobody-at-all", "password": "x"});
        Zato::new(&server).call("POST", "/zato/sso/user/login", nobody);
        write(&server, 7..10);
        server.stop();
        let second = keep(&server.data(), &scratch.join("second"));
        server.restart();
        write(&server, 10..13);
        server.stop();
        copy(&server.data(), &scratch.join("now"));
        World { scratch, sizes: [first, second] }
    })
}

fn write(server: &Server, numbers: std::ops::Range<usize>) {
    let mut zato = Zato::new(server);
    let ust = zato.log_in(&server.first().username, &server.first().password);
    for number in numbers {
        let body = json!({"ust": ust, "name": format!("n{number}"), "value": "x"});
        zato.call("PUT", "/zato/sso/user/attr", body).ok();
    }
}

/// Keeps a checkpoint of the data as it is, and says of how many facts.
fn keep(data: &Path, file: &Path) -> u64 {
    let mut starting = Starting::on(data);
    assert!(starting.listens(), "it starts");
    let note = ask_locally(&data.join("muster.sock"), "GET", "/v1/log/checkpoint", "");
    let note = note.text().to_owned();
    starting.stop();
    fs::write(file, &note).expect("it can be kept");
    note.lines().nth(1).expect("a size").parse().expect("a number")
}

/// What holding a log to checkpoints says.
struct Said {
    code: Option<i32>,
    report: Value,
    complaints: String,
}

fn hold(data: &Path, kept: &[PathBuf]) -> Said {
    let mut arguments = vec!["verify", "--json"];
    for file in kept {
        arguments.extend(["--checkpoint", file.to_str().expect("text")]);
    }
    let output = cli::run(data, &arguments);
    Said {
        code: output.status.code(),
        report: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        complaints: cli::text(&output.stderr),
    }
}

/// Forges a copy so that checksums and roots are right, and returns what holding it to the checkpoints
/// says, and what it says by itself.
#[track_caller]
fn forge(change: impl FnOnce(&mut Vec<Vec<Record>>)) -> (Said, Said) {
    let world = world();
    let (_scratch, data) = world.copied();
    forger::rewrite(&data, change);
    (hold(&data, &[world.kept(0), world.kept(1)]), hold(&data, &[]))
}

/// By itself it is without a fault.
#[track_caller]
fn assert_sound(alone: &Said) {
    assert_eq!(alone.code, Some(0), "{}", alone.complaints);
    assert_eq!(alone.report["findings"], json!([]));
}

/// It tells by itself that something is wrong at a position.
#[track_caller]
fn assert_tells(alone: &Said, what: &str, position: u64) {
    assert_eq!(alone.code, Some(4));
    let named = format!("{what} position {position} ");
    assert!(alone.complaints.contains(&named), "{named}: {}", alone.complaints);
}

/// The log was changed between the checkpoints, and exactly that is told.
#[track_caller]
fn assert_between(said: &Said) {
    let [from, to] = [world().sizes[0] + 1, world().sizes[1]];
    assert_eq!(said.code, Some(4), "{}", said.complaints);
    let named = format!("at one of the positions {from} to {to} ");
    assert!(said.complaints.contains(&named), "{}", said.complaints);
    let checked = &said.report["checkpoints"];
    assert_eq!((&checked[0]["holds"], &checked[1]["holds"]), (&json!(true), &json!(false)));
    assert_eq!(checked[1]["range"], json!({"from": from, "to": to}));
}

#[test]
fn an_honest_log_goes_on_from_all_that_was_kept() {
    let world = world();
    let (_scratch, data) = world.copied();
    let said = hold(&data, &[world.kept(1), world.kept(0)]);
    assert_eq!(said.code, Some(0), "{}", said.complaints);
    for (at, size) in world.sizes.iter().enumerate() {
        let checked = &said.report["checkpoints"][at];
        assert_eq!((&checked["size"], &checked["holds"]), (&json!(size), &json!(true)));
    }
}

#[test]
fn a_fact_that_was_edited_is_found_out() {
    let (said, alone) = forge(|frames| {
        let (frame, at, _) = world().clear(frames);
        // The first byte of the payload: of a hash, which any byte may begin.
        frames[frame][at][95] ^= 1;
    });
    assert_sound(&alone);
    assert_between(&said);
}

#[test]
fn a_fact_that_was_back_dated_is_found_out() {
    let (said, alone) = forge(|frames| {
        let (frame, at, _) = world().clear(frames);
        let before = frames[frame - 1].last().map(|record| forger::time(record)).expect("one");
        let record = &mut frames[frame][at];
        assert!(before + 1 < forger::time(record));
        forger::set_time(record, before + 1);
    });
    assert_sound(&alone);
    assert_between(&said);
}

#[test]
fn a_fact_that_was_dated_before_the_one_before_it_is_named() {
    let mut back_dated = 0;
    let (said, alone) = forge(|frames| {
        let (frame, at, position) = world().clear(frames);
        back_dated = position;
        forger::set_time(&mut frames[frame][at], 1);
    });
    assert_tells(&alone, "the fact at", back_dated);
    assert_between(&said);
}

#[test]
fn a_fact_that_was_dropped_is_found_out() {
    let mut successor = 0;
    let (said, alone) = forge(|frames| {
        let records: Vec<_> = frames.iter().flatten().collect();
        let signed = usize::try_from(world().sizes[1]).expect("few");
        // The last two facts of a user that were signed: the former goes, and the latter moves up.
        let stream = |at: usize| &records[at][forger::STREAM];
        let last = (0..signed).rfind(|at| records[*at][0] == 1).expect("a user's");
        let dropped = (0..last).rfind(|at| stream(*at) == stream(last)).expect("another");
        let record = records[dropped].clone();
        successor = last as u64;
        for records in frames {
            records.retain(|kept| *kept != record);
        }
    });
    assert_tells(&alone, "at", successor);
    assert_between(&said);
}

#[test]
fn facts_that_were_reordered_are_found_out() {
    let mut moved = 0;
    let (said, alone) = forge(|frames| {
        let (frame, _, position) = world().clear(frames);
        moved = position + u64::try_from(frames[frame + 1].len()).expect("few");
        frames.swap(frame, frame + 1);
    });
    assert_tells(&alone, "the fact at", moved);
    assert_between(&said);
}

#[test]
fn a_log_that_was_cut_off_is_found_out() {
    let world = world();
    let cut = world.sizes[1] - 2;
    let (said, alone) = forge(|frames| {
        let mut left = usize::try_from(cut).expect("few");
        frames.retain_mut(|records| {
            records.truncate(left);
            left -= records.len();
            !records.is_empty()
        });
    });
    assert_sound(&alone);
    assert_eq!(said.code, Some(4), "{}", said.complaints);
    let (from, to) = (cut + 1, world.sizes[1]);
    let named = format!("the facts at positions {from} to {to} were signed, and are not there");
    assert!(said.complaints.contains(&named), "{}", said.complaints);
    assert_eq!(said.report["checkpoints"][1]["range"], json!({"from": from, "to": to}));
    assert_eq!(said.report["checkpoints"][0]["holds"], true);
}

#[test]
fn with_one_checkpoint_alone_the_range_begins_at_the_first_fact() {
    let world = world();
    let (_scratch, data) = world.copied();
    forger::rewrite(&data, |frames| {
        let (frame, at, _) = world.clear(frames);
        frames[frame][at][95] ^= 1;
    });
    let said = hold(&data, &[world.kept(1)]);
    assert_eq!(said.code, Some(4));
    let named = format!("at one of the positions 1 to {} ", world.sizes[1]);
    assert!(said.complaints.contains(&named), "{}", said.complaints);
}

#[test]
fn a_fork_is_found_out_by_what_either_side_signed() {
    let world = world();
    let scratch = Scratch::new();
    let grow = |name: &str, rounds: usize| {
        let data = scratch.join(name);
        copy(&world.early(), &data);
        for _ in 0..rounds {
            cli::succeed(&data, &["user", "lock", "admin"]);
            cli::succeed(&data, &["user", "unlock", "admin"]);
        }
        let size = keep(&data, &scratch.join(&format!("{name}-kept")));
        (data, scratch.join(&format!("{name}-kept")), size)
    };
    let (shorter, shorter_kept, shorter_size) = grow("shorter", 1);
    let (longer, longer_kept, longer_size) = grow("longer", 3);
    let fork = world.sizes[0];
    assert!(fork < shorter_size && shorter_size < longer_size);
    for (data, kept) in [(&shorter, &shorter_kept), (&longer, &longer_kept)] {
        let own = hold(data, &[world.kept(0), kept.clone()]);
        assert_eq!(own.code, Some(0), "each goes on from its own: {}", own.complaints);
    }
    let said = hold(&longer, &[world.kept(0), shorter_kept]);
    assert_eq!(said.code, Some(4));
    let named = format!("at one of the positions {} to {shorter_size} ", fork + 1);
    assert!(said.complaints.contains(&named), "{}", said.complaints);
    let said = hold(&shorter, &[world.kept(0), longer_kept]);
    assert_eq!(said.code, Some(4));
    let named = format!("the facts at positions {} to {longer_size} were", shorter_size + 1);
    assert!(said.complaints.contains(&named), "{}", said.complaints);
}

#[test]
fn a_checkpoint_that_nobody_here_signed_is_no_measure() {
    let world = world();
    let (scratch, data) = world.copied();
    let note = fs::read_to_string(world.kept(1)).expect("it was kept");
    let changed = scratch.join("changed");
    let size = world.sizes[1];
    fs::write(&changed, note.replace(&format!("\n{size}\n"), "\n3\n")).expect("written");
    let said = hold(&data, std::slice::from_ref(&changed));
    assert_eq!(said.code, Some(1), "{}", said.complaints);
    assert!(said.complaints.contains("text or signature was changed"), "{}", said.complaints);
    let other = Server::start();
    let foreign = ask_locally(&other.data().join("muster.sock"), "GET", "/v1/log/checkpoint", "");
    fs::write(&changed, foreign.text()).expect("written");
    let said = hold(&data, std::slice::from_ref(&changed));
    assert_eq!(said.code, Some(1));
    assert!(said.complaints.contains("not signed by"), "{}", said.complaints);
    let key = ask_locally(&other.data().join("muster.sock"), "GET", "/v1/log/key", "");
    let (file, key) = (changed.to_str().expect("text"), key.text().to_owned());
    let named = cli::run(&data, &["verify", "--checkpoint", file, "--key", &key]);
    assert_eq!(named.status.code(), Some(4));
    assert!(cli::text(&named.stderr).contains("it is about the log"), "another store's");
}

#[test]
fn a_sealed_fact_that_was_changed_and_vouched_for_does_not_open() {
    let world = world();
    let (_scratch, data) = world.copied();
    let mut position = 0;
    forger::rewrite(&data, |frames| {
        let mut at = 0;
        for record in frames.iter_mut().flatten() {
            at += 1;
            if at > world.sizes[0] && !forger::is_clear(record) {
                position = at;
                let earlier = forger::time(record) - 1;
                forger::set_time(record, earlier);
                return;
            }
        }
    });
    assert!(position > 0);
    let said = hold(&data, &[world.kept(0), world.kept(1)]);
    assert_eq!(said.code, Some(4));
    let named = format!("position {position} ");
    assert!(said.complaints.contains(&named), "{}", said.complaints);
}
