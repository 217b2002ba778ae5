//! Real sled in real directories.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::parts::{BODY_BYTES_MAX, Cutter, part_key};
use super::*;

mod damage;

const STORE: [u8; 16] = *b"0123456789abcdef";
const STAMP: u64 = 1_700_000_000;

/// A directory that goes when the test does.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name =
            format!("muster-log-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn sled(&self) -> PathBuf {
        self.0.join("sled")
    }

    /// What was set aside, oldest first.
    fn broken(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("sled.broken-"))
            .collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// The record at a position: of any length from 1 to 700 bytes, and different everywhere.
fn record(position: u64) -> Vec<u8> {
    let mut state = position.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let length = 1 + (position * 7919) % 700;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .collect()
}

fn header(first: u64) -> Vec<u8> {
    format!("header of the frame at {first}").into_bytes()
}

/// Fills up to `last`, in frames of `frame` records, without saying so.
fn put(log: &Log, last: u64, frame: u64) -> Filler<'_> {
    let mut filler = log.filler().unwrap();
    while filler.next() <= last {
        let first = filler.next();
        filler.frame(&header(first)).unwrap();
        for position in first..=last.min(first + frame - 1) {
            filler.record(&record(position)).unwrap();
        }
    }
    filler
}

fn fill(log: &Log, last: u64, frame: u64) {
    assert_eq!(put(log, last, frame).sync(), Ok(last));
}

fn open(dir: &Path) -> Log {
    let (log, notices) = Log::open(dir, STORE, STAMP);
    assert_eq!(notices, []);
    log
}

fn holds_all(log: &Log, last: u64) {
    assert_eq!(log.filled(), Some(last));
    let mut next = 1;
    log.for_each(&mut |position, bytes| {
        assert_eq!(position, next);
        assert_eq!(bytes, record(position));
        next += 1;
    })
    .unwrap();
    assert_eq!(next, last + 1);
}

#[test]
fn what_was_filled_is_read_back_after_reopening() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    assert_eq!(log.filled(), Some(0));
    fill(&log, 3000, 7);
    holds_all(&log, 3000);
    log.close().unwrap();
    assert_eq!(log.filled(), None);
    assert_eq!(log.health(), Health::Without("closed".to_owned()));

    let log = open(&scratch.sled());
    holds_all(&log, 3000);
    fill(&log, 3100, 1);
    holds_all(&log, 3100);
    for position in 1..=3100 {
        assert_eq!(log.record(position).unwrap(), record(position));
    }
    assert_eq!(fs::read_dir(scratch.sled().join("blobs")).unwrap().count(), 0);
}

#[test]
fn frames_come_back_in_order_with_their_headers() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 100, 30);
    put(&log, 150, 30);
    let mut frames = Vec::new();
    log.for_each_frame(&mut |first, bytes| {
        assert_eq!(bytes, header(first));
        frames.push(first);
    })
    .unwrap();
    assert_eq!(frames, [1, 31, 61, 91]);
}

#[test]
fn a_record_of_any_length_is_read_back_whole() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    let around = (BODY_BYTES_MAX - 5..BODY_BYTES_MAX + 5).chain([2 * BODY_BYTES_MAX - 4]);
    let lengths: Vec<usize> = around.flat_map(|length| [length, 3]).chain([1 << 20, 1]).collect();
    let bytes = |n: usize| vec![u8::try_from(n % 251).unwrap(); lengths[n]];
    let mut filler = log.filler().unwrap();
    filler.frame(b"header").unwrap();
    for n in 0..lengths.len() {
        filler.record(&bytes(n)).unwrap();
    }
    filler.sync().unwrap();
    drop(filler);
    log.close().unwrap();

    let log = open(&scratch.sled());
    let all = log.records(1, lengths.len() as u64).unwrap();
    assert_eq!(all.len(), lengths.len());
    for (n, (position, record)) in all.into_iter().enumerate() {
        assert_eq!(position, n as u64 + 1);
        assert_eq!(record, bytes(n));
        assert_eq!(log.record(position).unwrap(), bytes(n));
    }
    assert_eq!(fs::read_dir(scratch.sled().join("blobs")).unwrap().count(), 0);
}

#[test]
fn positions_are_read_ascending_and_once_in_whatever_order_they_are_asked() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 500, 10);
    let mut seen = Vec::new();
    log.read(&[77, 3, 500, 78, 3, 1, 301], &mut |position, bytes| {
        assert_eq!(bytes, record(position));
        seen.push(position);
    })
    .unwrap();
    assert_eq!(seen, [1, 3, 77, 78, 301, 500]);
    log.read(&[], &mut |_, _| panic!("nothing was asked for")).unwrap();
    let some = log.records(17, 23).unwrap();
    assert_eq!(some, (17..=23).map(|p| (p, record(p))).collect::<Vec<_>>());
    assert_eq!(log.records(23, 17).unwrap(), []);
}

#[test]
fn nothing_is_read_that_is_not_filled_and_that_is_no_damage() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 10, 10);
    put(&log, 20, 10);
    for position in [0, 11, 21, u64::MAX] {
        let beyond = LogDamage::Beyond { position, filled: 10 };
        assert!(!beyond.is_damage());
        assert_eq!(log.record(position), Err(beyond.clone()));
        let read = log.read(&[3, position], &mut |_, _| panic!("handed on before the check"));
        assert_eq!(read, Err(beyond));
    }
    assert_eq!(log.records(5, 11), Err(LogDamage::Beyond { position: 11, filled: 10 }));
    assert_eq!(log.health(), Health::Serving { filled: 10 });
    assert_eq!(log.reach(), Ok(11), "the header of the next frame is there");
}

#[test]
fn parts_that_overlap_after_a_crash_are_read_once() {
    for (before, cuts) in [(1, 50), (2, 3), (3, 2), (50, 1), (1, 1), (7, 11), (11, 7)] {
        let scratch = Scratch::new();
        let log = open(&scratch.sled());
        fill(&log, 100, 10);
        interrupted(&log, 160, before);
        assert_eq!(log.reach(), Ok(160));
        log.close().unwrap();

        let log = open(&scratch.sled());
        holds_all(&log, 100);
        assert_eq!(log.reach(), Ok(160), "the end is judged by what sled was told");
        interrupted(&log, 130, cuts);
        assert_eq!(log.reach(), Ok(160));
        log.close().unwrap();

        let log = open(&scratch.sled());
        fill(&log, 300, 13);
        holds_all(&log, 300);
        for position in 1..=300 {
            assert_eq!(log.record(position).unwrap(), record(position), "{before} {cuts}");
        }
        assert_eq!(log.records(95, 165).unwrap().len(), 71);
    }
}

#[test]
fn what_was_synced_survives_a_kill_and_the_rest_is_filled_again() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 1000, 10);
    let filler = put(&log, 1700, 10);
    // The files of this moment are what a killed process leaves.
    let killed = Scratch::new();
    copy(&scratch.sled(), &killed.sled());
    drop(filler);

    let log = open(&killed.sled());
    holds_all(&log, 1000);
    fill(&log, 2000, 3);
    holds_all(&log, 2000);
}

#[test]
fn readers_hear_the_right_bytes_or_none_while_it_is_set_aside_and_filled_anew() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 2000, 10);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (log, done) = (&log, &done);
        for reader in 1..=2 {
            scope.spawn(move || {
                let mut answered = 0;
                for n in (reader..).step_by(37) {
                    let position = 1 + n % 2000;
                    match log.record(position) {
                        Ok(bytes) => {
                            assert_eq!(bytes, record(position));
                            answered += 1;
                        }
                        Err(LogDamage::Distrusted(_) | LogDamage::Without(_)) => {}
                        Err(LogDamage::Beyond { filled, .. }) => assert!(filled < 2000),
                        Err(other) => panic!("{other}"),
                    }
                    if done.load(Ordering::Relaxed) && answered > 0 {
                        break;
                    }
                }
            });
        }
        for stamp in 0..3 {
            log.distrust("for the test".to_owned());
            assert!(!log.set_aside(stamp).is_empty());
            fill(log, 1000, 10);
            fill(log, 2000, 10);
        }
        done.store(true, Ordering::Relaxed);
    });
    holds_all(&log, 2000);
}

/// What a filler leaves that dies before it says how far it came, having cut a part after every
/// `cut` records: the parts are there, `filled` has not moved.
fn interrupted(log: &Log, last: u64, cut: u64) {
    let held = log.held().unwrap();
    let mut put = |key, value: Vec<u8>| held.ask(|| held.log().insert(key, value)).map(drop);
    let mut cutter = Cutter::default();
    for position in held.filled() + 1..=last {
        cutter.add(position, &record(position), &mut put).unwrap();
        if position % cut == 0 {
            cutter.cut(&mut put).unwrap();
        }
    }
    cutter.cut(&mut put).unwrap();
    held.flush().unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
