//! Appending, opening and reading; what crashes and failures leave is told in the files below.

mod damage;
mod end;
mod failures;
mod salvage;

use super::testing::{Fixture, Op, Records, append, record};
use super::*;
use crate::tree::{Peaks, leaf_hash};

const KIB: u64 = 1024;

/// Appends turns of one to three records until there are `count` facts, and returns all of them.
fn fill(journal: &mut Journal, count: u64) -> Records {
    let mut all = Records::new();
    while journal.head().position < count {
        let next = journal.head().position + 1;
        let turn: Records = (next..=count.min(next + next % 3))
            .map(|position| (position, record(position, 40 + (position % 90) as usize * 7)))
            .collect();
        append(journal, turn.iter().map(|(_, record)| record)).unwrap();
        all.extend(turn);
    }
    all
}

/// Appends turns as [`fill`] does, until there are `count` facts more.
fn more(journal: &mut Journal, count: u64) -> Records {
    let count = journal.head().position + count;
    fill(journal, count)
}

#[test]
fn what_was_appended_is_found_by_the_next_start() {
    let fixture = Fixture::new(64 * KIB);
    let mut journal = fixture.create();
    assert_eq!(journal.head(), Head { position: 0, root: Peaks::empty().root() });
    let written = fill(&mut journal, 20);
    let mut tree = Peaks::empty();
    for (_, record) in &written {
        tree.append(leaf_hash(record));
    }
    let head = Head { position: 20, root: tree.root() };
    assert_eq!(journal.head(), head);
    drop(journal);

    let (mut journal, end, found) = fixture.try_open(Some(20)).unwrap();
    assert_eq!((journal.head(), end), (head, End::Clean));
    assert_eq!(found, written);
    append(&mut journal, ["more"]).unwrap();
    assert_eq!(journal.reader().records(20, 21).unwrap()[1], (21, b"more".to_vec()));
    drop(journal);
    assert_eq!(fixture.open().2.len(), 21);
}

#[test]
fn a_journal_without_facts_opens() {
    let fixture = Fixture::new(16 * KIB);
    drop(fixture.create());
    let (mut journal, end, found) = fixture.open();
    assert_eq!((journal.head().position, end, found.len()), (0, End::Clean, 0));
    assert_eq!(journal.reader().verify(|_| Ok::<(), JournalError>(())).unwrap().frames, 0);
    append(&mut journal, ["first"]).unwrap();
}

#[test]
fn segments_follow_each_other_and_a_spare_waits() {
    for spare_on_thread in [false, true] {
        let mut fixture = Fixture::new(16 * KIB);
        fixture.settings.spare_on_thread = spare_on_thread;
        let mut journal = fixture.create();
        let written = fill(&mut journal, 300);
        let head = journal.head();
        drop(journal);
        let count = u32::try_from(fixture.disk().list(&fixture.dir()).unwrap().len()).unwrap();
        assert!(count > 8, "{count} segments");
        assert!(fixture.bytes(count).iter().all(|byte| *byte == 0), "the last one is a spare");
        assert!((1..=count).all(|number| fixture.bytes(number).len() as u64 == 16 * KIB));

        let (mut journal, end, found) = fixture.open();
        assert_eq!((journal.head(), end), (head, End::Clean));
        assert!(found == written);
        fill(&mut journal, 400);
        let verified = journal.reader().verify(|_| Ok::<(), JournalError>(())).unwrap();
        assert_eq!((verified.head, verified.dead), (journal.head(), vec![]));
    }
}

#[test]
fn a_turn_decided_on_another_head_is_not_written() {
    let fixture = Fixture::new(16 * KIB);
    let mut journal = fixture.create();
    let stale = journal.head();
    append(&mut journal, ["a"]).unwrap();
    let before = fixture.bytes(1);
    let mut frame = FrameBuilder::new();
    frame.push(b"b").unwrap();
    let refused = journal.append(&stale, &mut frame);
    assert!(matches!(refused, Err(AppendError::Moved { expected: 0 })), "{refused:?}");
    assert!(fixture.bytes(1) == before);
    assert_eq!(journal.append(&journal.head(), &mut frame).unwrap().position, 2);
}

#[test]
fn records_are_found_by_position_in_any_segment() {
    let fixture = Fixture::new(256 * KIB);
    let mut journal = fixture.create();
    let written = fill(&mut journal, 2_000);
    let reader = journal.reader();
    for from in (1..=2_000_u64).step_by(37) {
        for to in [from, from + 1, from + 40] {
            let wanted: Records =
                written.iter().filter(|(at, _)| (from..=to).contains(at)).cloned().collect();
            assert_eq!(reader.records(from, to).unwrap(), wanted, "{from} to {to}");
        }
    }
    assert_eq!(reader.records(2_001, 3_000).unwrap(), []);
    assert_eq!(reader.records(9, 8).unwrap(), []);
}

#[test]
fn a_scan_from_the_middle_begins_there_whatever_it_checks() {
    let fixture = Fixture::new(32 * KIB);
    let mut journal = fixture.create();
    fill(&mut journal, 500);
    drop(journal);
    let (journal, ..) = fixture.open();
    for check in [Check::Checksums, Check::Tree, Check::Padding] {
        let (mut first, mut last) = (0, 0);
        let visit = |frame: &Frame<'_>| {
            first = if first == 0 { frame.header.first_position } else { first };
            last = frame.header.last_position();
            Ok::<(), JournalError>(())
        };
        journal.reader().scan(250, 400, check, visit).unwrap();
        assert!((248..=250).contains(&first), "{first}");
        assert!((400..=402).contains(&last), "{last}");
    }
}

#[test]
fn a_visitor_may_stop_a_scan() {
    #[derive(Debug)]
    enum Stopped {
        Enough,
        Journal,
    }
    impl From<JournalError> for Stopped {
        fn from(_: JournalError) -> Self {
            Self::Journal
        }
    }
    let fixture = Fixture::new(32 * KIB);
    let mut journal = fixture.create();
    fill(&mut journal, 20);
    let mut seen = 0;
    let stopped = journal.reader().scan(1, 20, Check::Checksums, |_| {
        seen += 1;
        if seen == 3 { Err(Stopped::Enough) } else { Ok(()) }
    });
    assert!(matches!(stopped, Err(Stopped::Enough)), "{stopped:?}");
}

#[test]
fn readers_see_committed_frames_only_while_the_writer_appends() {
    let mut fixture = Fixture::new(64 * KIB);
    fixture.settings.spare_on_thread = true;
    let mut journal = fixture.create();
    let reader = journal.reader();
    std::thread::scope(|scope| {
        let scanning = scope.spawn(move || {
            let mut scans = 0;
            loop {
                let head = reader.head();
                let verified = reader.verify(|_| Ok::<(), JournalError>(())).unwrap();
                assert!(verified.head.position >= head.position);
                let newest = reader.records(head.position.max(3) - 2, u64::MAX).unwrap();
                assert!(newest.len() as u64 >= head.position.min(3));
                scans += 1;
                if head.position == 1_500 {
                    return scans;
                }
            }
        });
        fill(&mut journal, 1_500);
        assert!(scanning.join().unwrap() > 1);
    });
}

#[test]
fn a_later_epoch_goes_on_where_the_earlier_ended() {
    let mut fixture = Fixture::new(16 * KIB);
    let mut journal = fixture.create();
    fill(&mut journal, 30);
    drop(journal);
    fixture.whose.epoch = 4;
    let (mut journal, ..) = fixture.open();
    fill(&mut journal, 60);
    drop(journal);
    let mut epochs = Vec::new();
    let visit = |frame: &Frame<'_>| {
        epochs.push(frame.header.epoch);
        Ok::<(), JournalError>(())
    };
    let dir = fixture.dir();
    let (reader, _) =
        JournalReader::open(fixture.disk(), &dir, fixture.whose, fixture.settings, None).unwrap();
    reader.verify(visit).unwrap();
    assert!(epochs.is_sorted());
    epochs.dedup();
    assert_eq!(epochs, [1, 4]);

    fixture.whose.epoch = 3;
    assert!(matches!(fixture.open_error(), JournalError::Damage(_)));
}

#[test]
fn a_journal_is_begun_once_and_never_on_nothing() {
    let fixture = Fixture::new(16 * KIB);
    std::fs::create_dir(fixture.dir()).unwrap();
    assert!(matches!(fixture.open_error(), JournalError::Missing { .. }));
    drop(fixture.create());
    let again = Journal::create(fixture.disk(), &fixture.dir(), fixture.whose, fixture.settings);
    assert!(matches!(again, Err(JournalError::Exists { .. })));
}

#[test]
fn only_a_first_start_that_did_not_finish_is_begun_anew() {
    let begun = |fixture: &Fixture| is_at_most_begun(&*fixture.disk(), &fixture.dir()).unwrap();
    let at = SEGMENT_HEADER_BYTES;
    let fixture = Fixture::new(128 * KIB);
    assert!(begun(&fixture), "no directory");
    let mut journal = fixture.create();
    assert!(begun(&fixture), "no frame");
    append(&mut journal, [record(1, 2_000)]).unwrap();
    assert!(begun(&fixture), "one frame");
    fixture.edit(1, |bytes| bytes[at + 700] ^= 1);
    assert!(begun(&fixture), "one frame, not whole");
    let first = fixture.bytes(1);
    fixture.edit(1, |bytes| bytes[at..at + 512].fill(0));
    assert!(begun(&fixture), "one frame without its header");

    append(&mut journal, ["second"]).unwrap();
    assert!(!begun(&fixture), "a frame behind a missing one");
    fixture.edit(1, |bytes| bytes[..at + 512].copy_from_slice(&first[..at + 512]));
    assert!(!begun(&fixture), "two frames");
    fixture.edit(1, |bytes| bytes[..at].fill(0));
    assert!(!begun(&fixture), "frames behind a missing header");
    fixture.edit(1, |bytes| bytes[..].copy_from_slice(&first));
    assert!(begun(&fixture));
    fixture.edit(2, |bytes| bytes[at + 9] = 9);
    assert!(!begun(&fixture), "something in a second segment");
}

#[test]
fn a_first_turn_that_the_disk_refused_twice_is_begun_anew() {
    let begun = |fixture: &Fixture| is_at_most_begun(&*fixture.disk(), &fixture.dir()).unwrap();
    let fixture = Fixture::new(16 * KIB);
    let mut journal = fixture.create();
    fixture.disk.fail_when(|file, op| file.ends_with("1.mj") && op == Op::Sync);
    let refused = append(&mut journal, ["first"]);
    assert!(matches!(refused, Err(AppendError::NotDone(_))), "segment 2 was begun: {refused:?}");
    fixture.disk.recover();
    assert!(begun(&fixture));
    let header = fixture.bytes(2);
    fixture.edit(2, |bytes| bytes[512..1_024].fill(0));
    assert!(begun(&fixture), "a header that was not written whole");
    fixture.edit(2, |bytes| {
        bytes[..SEGMENT_HEADER_BYTES].copy_from_slice(&header[..SEGMENT_HEADER_BYTES]);
    });
    append(&mut journal, ["second try"]).unwrap();
    assert!(
        !begun(&fixture),
        "a frame in the second segment was committed by more than a first start"
    );
}

#[test]
fn a_journal_moves_to_the_writer_thread_and_a_reader_is_shared() {
    fn moves<T: Send>() {}
    fn is_shared<T: Send + Sync + Clone>() {}
    moves::<Journal>();
    is_shared::<JournalReader>();
}

#[test]
fn the_index_stays_small() {
    let fixture = Fixture::new(1024 * KIB);
    let mut journal = fixture.create();
    (0..1_000).for_each(|n| _ = append(&mut journal, [record(n, 100)]).unwrap());
    let marks = journal.reader().marks();
    assert!((8..=17).contains(&marks), "{marks} marks for 512,000 bytes of frames");
    drop(journal);
    assert_eq!(fixture.open().0.reader().marks(), marks);
}
