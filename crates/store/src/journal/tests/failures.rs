//! Writes and syncs that fail: what the caller hears, and that the next start agrees.

use super::super::testing::{Fixture, Op, append, record};
use super::super::*;
use super::{KIB, fill};

const FIRST: &str = "00000001.mj";
const SECOND: &str = "00000002.mj";

fn verify(journal: &Journal) -> Verified {
    journal.reader().verify(|_| Ok::<(), JournalError>(())).unwrap()
}

/// The frame itself reaches the disk whole: it must be dead all the same.
#[test]
fn a_failed_turn_is_not_done_once_the_next_segment_has_begun() {
    for failing in [Op::Sync, Op::Write { offset: 0 }] {
        let fixture = Fixture::new(16 * KIB);
        let mut journal = fixture.create();
        fill(&mut journal, 5);
        let head = journal.head();
        fixture.disk.fail_when(move |name, op| {
            name == FIRST && std::mem::discriminant(&op) == std::mem::discriminant(&failing)
        });
        let failed = append(&mut journal, [record(99, 900)]);
        assert!(matches!(failed, Err(AppendError::NotDone(_))), "{failed:?}");
        assert_eq!(journal.head(), head);
        assert_eq!(journal.reader().records(5, 99).unwrap().len(), 1);

        let instead = append(&mut journal, ["instead"]).unwrap();
        assert_eq!(instead.position, 6);
        let dead = verify(&journal).dead;
        assert_eq!((dead.len(), dead[0].first_position, dead[0].count), (1, 6, 1));
        assert_eq!(dead[0].file, fixture.path(1));
        drop(journal);

        fixture.disk.recover();
        let (journal, end, found) = fixture.open();
        assert_eq!((journal.head(), end), (instead, End::Clean));
        assert_eq!(found[5], (6, b"instead".to_vec()));
        assert_eq!(verify(&journal).dead, dead);
    }
}

#[test]
fn a_failed_turn_is_not_done_also_if_the_process_ends_at_once() {
    let fixture = Fixture::new(16 * KIB);
    let mut journal = fixture.create();
    fill(&mut journal, 5);
    fixture.disk.fail_when(|name, op| name == FIRST && op == Op::Sync);
    assert!(matches!(append(&mut journal, [record(99, 900)]), Err(AppendError::NotDone(_))));
    drop(journal);
    fixture.disk.recover();
    let (journal, end, found) = fixture.open();
    assert_eq!((journal.head().position, end, found.len()), (5, End::Clean, 5));
}

#[test]
fn the_outcome_is_unknown_while_no_header_can_be_written() {
    let fixture = Fixture::new(16 * KIB);
    let mut journal = fixture.create();
    fill(&mut journal, 5);
    let head = journal.head();
    fixture.disk.fail_when(|_, op| op == Op::Sync);
    let failed = append(&mut journal, ["lost?"]);
    assert!(matches!(failed, Err(AppendError::OutcomeUnknown(_))), "{failed:?}");
    for _ in 0..3 {
        // These never reach a frame.
        let failed = append(&mut journal, ["refused"]);
        assert!(matches!(failed, Err(AppendError::NotDone(_))), "{failed:?}");
    }
    assert_eq!(journal.head(), head);
    fixture.disk.recover();
    assert_eq!(append(&mut journal, ["kept"]).unwrap().position, 6);
    drop(journal);
    let (journal, _, found) = fixture.open();
    assert_eq!(found.last().unwrap(), &(6, b"kept".to_vec()));
    assert_eq!(verify(&journal).dead.len(), 1);
    assert_eq!(fixture.disk().list(&fixture.dir()).unwrap().len(), 3);
}

/// The header of segment 2 never reaches the disk, and the process ends.
#[test]
fn a_turn_of_unknown_outcome_counts_if_the_next_start_finds_it() {
    for found_whole in [true, false] {
        let fixture = Fixture::new(16 * KIB);
        let mut journal = fixture.create();
        fill(&mut journal, 5);
        fixture.disk.fail_when(|_, op| op == Op::Sync);
        let failed = append(&mut journal, [record(99, 900)]);
        assert!(matches!(failed, Err(AppendError::OutcomeUnknown(_))));
        drop(journal);
        fixture.disk.recover();
        fixture.edit(2, |bytes| bytes[SECTOR_BYTES..2 * SECTOR_BYTES].fill(0));
        if !found_whole {
            let end = fixture.bytes(1).iter().rposition(|byte| *byte != 0).unwrap() + 1;
            fixture.edit(1, |bytes| bytes[end - SECTOR_BYTES..].fill(0));
        }
        let (mut journal, end, found) = fixture.open();
        let facts = if found_whole { 6 } else { 5 };
        assert_eq!((found.len(), journal.head().position), (facts, facts as u64));
        assert_eq!(matches!(end, End::Torn { .. }), !found_whole);
        fill(&mut journal, 60);
        drop(journal);
        assert_eq!(fixture.open().2.len(), 60);
    }
}

#[test]
fn a_turn_that_finds_no_room_and_no_next_segment_is_not_done() {
    let fixture = Fixture::new(8 * KIB);
    let mut journal = fixture.create();
    append(&mut journal, [record(1, 3_000)]).unwrap();
    fixture.disk.fail_when(|name, op| name == SECOND && op == Op::Sync);
    let before = fixture.bytes(1);
    // Nor is a smaller turn written to the old segment: the header of the next may be durable.
    for size in [3_000, 10, 10] {
        let failed = append(&mut journal, [record(2, size)]);
        assert!(matches!(failed, Err(AppendError::NotDone(_))), "{failed:?}");
    }
    assert!(fixture.bytes(1) == before);
    fixture.disk.recover();
    append(&mut journal, [record(2, 3_000)]).unwrap();
    drop(journal);
    let (journal, _, found) = fixture.open();
    assert_eq!(found, [(1, record(1, 3_000)), (2, record(2, 3_000))]);
    assert_eq!(verify(&journal).dead, []);
}

#[test]
fn a_segment_may_be_abandoned_before_its_first_frame() {
    let fixture = Fixture::new(16 * KIB);
    let mut journal = fixture.create();
    fill(&mut journal, 5);
    let frames_fail = |_: &str, op| matches!(op, Op::Write { offset } if offset > 0);
    fixture.disk.fail_when(frames_fail);
    // Spares are written with zeros from offset 0 on, in one piece: only frames fail.
    for _ in 0..3 {
        let failed = append(&mut journal, [record(9, 2_000)]);
        assert!(matches!(failed, Err(AppendError::NotDone(_))), "{failed:?}");
    }
    fixture.disk.recover();
    append(&mut journal, ["at last"]).unwrap();
    assert_eq!(verify(&journal).dead.len(), 3);
    assert_eq!(journal.reader().records(5, 6).unwrap().len(), 2);
    drop(journal);
    let (journal, end, found) = fixture.open();
    assert_eq!((end, found.len()), (End::Clean, 6));
    assert_eq!(verify(&journal).dead.len(), 3);
    assert_eq!(journal.reader().records(5, 6).unwrap()[1], (6, b"at last".to_vec()));
}

#[test]
fn a_spare_that_cannot_be_made_is_made_when_it_is_needed() {
    for spare_on_thread in [false, true] {
        let mut fixture = Fixture::new(8 * KIB);
        fixture.settings.spare_on_thread = spare_on_thread;
        fixture.disk.fail_when(|name, op| name == SECOND && op == Op::Sync);
        let mut journal = fixture.create();
        append(&mut journal, [record(1, 3_000)]).unwrap();
        for _ in 0..2 {
            let failed = append(&mut journal, [record(2, 3_000)]);
            assert!(matches!(failed, Err(AppendError::NotDone(_))), "{failed:?}");
        }
        fixture.disk.recover();
        append(&mut journal, [record(2, 3_000)]).unwrap();
        drop(journal);
        assert_eq!(fixture.open().2.len(), 2);
    }
}

/// What a killed process left in the page cache is written again before anything builds on it.
#[test]
fn a_start_that_cannot_make_the_end_durable_fails() {
    let fixture = Fixture::new(16 * KIB);
    fill(&mut fixture.create(), 5);
    fixture.disk.fail_when(|name, op| name == FIRST && op == Op::Sync);
    assert!(matches!(fixture.open_error(), JournalError::Io(_)));
    fixture.disk.recover();
    assert_eq!(fixture.open().2.len(), 5);
}

#[test]
fn a_torn_end_keeps_its_zeros_until_the_next_header_is_durable() {
    let fixture = Fixture::new(16 * KIB);
    let mut journal = fixture.create();
    append(&mut journal, ["first"]).unwrap();
    append(&mut journal, [record(9, 2_000)]).unwrap();
    drop(journal);
    fixture.edit(1, |bytes| bytes[4_096 + 2 * SECTOR_BYTES..][..SECTOR_BYTES].fill(0));
    let torn = fixture.bytes(1);
    fixture.disk.fail_when(|name, op| name == SECOND && op == Op::Sync);
    assert!(matches!(fixture.open_error(), JournalError::Io(_)));
    assert!(fixture.bytes(1) == torn);
    fixture.disk.recover();
    fixture.edit(2, |bytes| bytes.fill(0));
    let (journal, end, _) = fixture.open();
    assert!(matches!(end, End::Torn { offset: 4_608, end: 7_168 }), "{end:?}");
    drop(journal);
    assert!(fixture.bytes(1) == torn[..7_168]);
}

#[test]
fn a_spare_that_finds_no_room_is_not_begun_until_there_is_some() {
    let fixture = Fixture::new(16 * KIB);
    fixture.disk.fail_when(|name, op| match op {
        Op::Reserve => name != FIRST,
        Op::Write { .. } => {
            assert_eq!(name, FIRST, "nothing is written where there is no room");
            false
        }
        Op::Sync => false,
    });
    let mut journal = fixture.create();
    let refused = std::iter::repeat_with(|| append(&mut journal, [record(1, 900)]).err());
    assert!(matches!(refused.flatten().next(), Some(AppendError::NotDone(_))));
    assert!(matches!(append(&mut journal, [record(2, 900)]), Err(AppendError::NotDone(_))));
    assert!(fixture.bytes(2).is_empty());

    fixture.disk.recover();
    let head = append(&mut journal, [record(2, 900)]).unwrap();
    drop(journal);
    let (journal, end, _) = fixture.open();
    assert_eq!((journal.head(), end), (head, End::Clean));
}
