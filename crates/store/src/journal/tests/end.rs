//! Judging the end: what a crash can leave, and what it cannot.

use super::super::testing::{Fixture, append, record};
use super::super::*;
use super::{KIB, fill};

const SECTOR: usize = SECTOR_BYTES;

/// The last frame of the fixture below: where it begins, how long it is, its first position.
struct Last {
    offset: usize,
    bytes: usize,
    position: u64,
}

/// Ten facts, then a frame of five sectors, all in segment 1.
fn with_a_long_last_frame() -> (Fixture, Last) {
    let fixture = Fixture::new(64 * KIB);
    let mut journal = fixture.create();
    fill(&mut journal, 10);
    append(&mut journal, (20..23).map(|n| record(n, 750))).unwrap();
    drop(journal);
    let mut last = None;
    let dir = fixture.dir();
    let (reader, _) =
        JournalReader::open(fixture.disk(), &dir, fixture.whose, fixture.settings, None).unwrap();
    let visit = |frame: &Frame<'_>| {
        let offset = usize::try_from(frame.offset).unwrap();
        let (bytes, position) = (frame.header.frame_bytes(), frame.header.first_position);
        last = Some(Last { offset, bytes, position });
        Ok::<(), JournalError>(())
    };
    reader.scan(1, u64::MAX, Check::Checksums, visit).unwrap();
    let last = last.unwrap();
    assert_eq!((last.bytes, last.position), (5 * SECTOR, 11));
    (fixture, last)
}

fn zero(bytes: &mut [u8], last: &Last, sectors: impl IntoIterator<Item = usize>) {
    for sector in sectors {
        bytes[last.offset + sector * SECTOR..][..SECTOR].fill(0);
    }
}

fn reason(error: JournalError) -> Reason {
    match error {
        JournalError::Damage(damage) => damage.reason,
        other => panic!("not damage: {other}"),
    }
}

/// Every way in which some of the five sectors of the last frame were not written.
#[test]
fn a_frame_of_which_a_sector_is_missing_is_torn_and_set_aside() {
    for written in 1..0b1_1111_u32 {
        let (fixture, last) = with_a_long_last_frame();
        let missing = (0..5).filter(|sector| written & (1 << sector) == 0);
        fixture.edit(1, |bytes| zero(bytes, &last, missing));
        let torn = fixture.bytes(1);

        let (mut journal, end, found) = fixture.try_open(Some(10)).unwrap();
        let last_written = 32 - written.leading_zeros() as usize;
        // Without its header sector, a frame reaches as far as it was written.
        let sectors = if written & 1 == 1 { 5 } else { last_written };
        let stretch = last.offset + sectors * SECTOR;
        let (offset, end_of_it) = (last.offset as u64, stretch as u64);
        assert_eq!(end, End::Torn { offset, end: end_of_it }, "{written:05b}");
        assert_eq!((found.len(), journal.head().position), (10, 10));
        assert!(fixture.bytes(1) == torn[..stretch], "the stretch stays, the zeros are given back");

        append(&mut journal, ["instead"]).unwrap();
        drop(journal);
        let (journal, end, found) = fixture.open();
        assert_eq!((end, found.len()), (End::Clean, 11));
        assert_eq!(found[10].1, b"instead");
        let verified = journal.reader().verify(|_| Ok::<(), JournalError>(())).unwrap();
        assert_eq!(
            verified.dead.len(),
            written as usize & 1,
            "its header alone looks like a frame"
        );
    }
}

#[test]
fn a_frame_of_which_nothing_was_written_never_was() {
    let (fixture, last) = with_a_long_last_frame();
    fixture.edit(1, |bytes| zero(bytes, &last, 0..5));
    let (journal, end, found) = fixture.try_open(Some(10)).unwrap();
    assert_eq!((end, found.len(), journal.head().position), (End::Clean, 10, 10));
}

#[test]
fn a_torn_frame_that_the_log_by_position_holds_is_damage() {
    for filled in [11, 12, 13, 99] {
        let (fixture, last) = with_a_long_last_frame();
        fixture.edit(1, |bytes| zero(bytes, &last, [2]));
        let before = fixture.bytes(1);
        let error = fixture.try_open(Some(filled)).err().unwrap();
        let JournalError::Damage(damage) = error else { panic!("{error}") };
        assert_eq!(damage.reason, Reason::LogAhead { filled });
        assert_eq!((damage.offset, damage.position), (last.offset as u64, 11));
        assert_eq!(damage.file, fixture.path(1));
        assert!(fixture.bytes(1) == before);
    }
}

#[test]
fn a_log_by_position_ahead_of_a_clean_end_is_damage() {
    let (fixture, _) = with_a_long_last_frame();
    assert_eq!(fixture.try_open(Some(13)).unwrap().1, End::Clean);
    let error = fixture.try_open(Some(14)).err().unwrap();
    assert_eq!(reason(error), Reason::LogAhead { filled: 14 });
}

#[test]
fn damage_that_the_log_by_position_can_mend_is_named_for_what_it_is() {
    let (fixture, last) = with_a_long_last_frame();
    fixture.edit(1, |bytes| bytes[last.offset + 1_000] ^= 1);
    let error = fixture.try_open(Some(13)).err().unwrap();
    assert_eq!(reason(error), Reason::FrameBody);
}

#[test]
fn a_hole_before_a_good_frame_is_damage() {
    let (fixture, last) = with_a_long_last_frame();
    let before_last = last.offset - SECTOR;
    fixture.edit(1, |bytes| bytes[before_last..last.offset].fill(0));
    let beyond = Reason::FrameBeyond { offset: last.offset as u64 };
    assert_eq!(reason(fixture.open_error()), beyond);
    // A sector between them that is not zero changes nothing.
    fixture.edit(1, |bytes| bytes[before_last..last.offset].fill(1));
    assert_eq!(reason(fixture.open_error()), beyond);
}

#[test]
fn a_frame_whose_sectors_were_all_written_is_not_torn() {
    let (fixture, last) = with_a_long_last_frame();
    for at in (0..FRAME_HEADER_BYTES).chain([FRAME_HEADER_BYTES, 600, 2_000, 2_349]) {
        for bit in 0..8 {
            let flip = |bytes: &mut Vec<u8>| bytes[last.offset + at] ^= 1 << bit;
            fixture.edit(1, flip);
            let found = reason(fixture.open_error());
            let in_header = at < FRAME_HEADER_BYTES;
            let expected = if in_header { Reason::FrameHeader } else { Reason::FrameBody };
            assert_eq!(found, expected, "bit {bit} of byte {at}");
            fixture.edit(1, flip);
        }
    }
    assert_eq!(fixture.open().1, End::Clean);
}

#[test]
fn bytes_behind_a_torn_frame_are_damage() {
    let (fixture, last) = with_a_long_last_frame();
    let behind = last.offset + 7 * SECTOR;
    fixture.edit(1, |bytes| {
        zero(bytes, &last, [4]);
        bytes[behind] = 1;
    });
    let offset = (behind + SECTOR) as u64;
    assert_eq!(reason(fixture.open_error()), Reason::BytesBeyond { offset });
}

#[test]
fn garbage_is_torn_if_a_sector_of_it_is_missing_and_damage_if_not() {
    for (missing, torn) in [(None, false), (Some(0), true), (Some(1), true)] {
        let (fixture, last) = with_a_long_last_frame();
        let end = last.offset + last.bytes;
        fixture.edit(1, |bytes| {
            bytes[end..end + 3 * SECTOR].copy_from_slice(&record(5, 3 * SECTOR));
            if let Some(sector) = missing {
                zero(bytes, &last, [5 + sector]);
            }
        });
        match fixture.try_open(None) {
            Ok((journal, end, _)) => {
                assert!(torn && matches!(end, End::Torn { .. }), "{end:?}");
                assert_eq!(journal.head().position, 13);
            }
            Err(error) => {
                assert!(!torn, "{error}");
                assert_eq!(reason(error), Reason::FrameHeader);
            }
        }
    }
}

#[test]
fn a_file_that_ends_inside_a_frame_is_damage() {
    for kept in [SECTOR, 2 * SECTOR, 5 * SECTOR - 1] {
        let (fixture, last) = with_a_long_last_frame();
        fixture.edit(1, |bytes| bytes.truncate(last.offset + kept));
        assert_eq!(reason(fixture.open_error()), Reason::CutOff);
    }
}

#[test]
fn a_newest_segment_that_is_shorter_than_it_was_made_was_cut() {
    let (fixture, last) = with_a_long_last_frame();
    let whole = fixture.bytes(1);
    for length in [last.offset, last.offset + last.bytes, whole.len() - 1] {
        fixture.edit(1, |bytes| bytes.truncate(length));
        assert_eq!(reason(fixture.open_error()), Reason::Short, "{length}");
        assert_eq!(fixture.bytes(1).len(), length, "nothing was changed");
        fixture.edit(1, |bytes| bytes.clone_from(&whole));
    }
    assert_eq!(fixture.open().2.len(), 13);
}

#[test]
fn a_torn_end_may_fill_its_segment() {
    let fixture = Fixture::new(8 * KIB);
    let mut journal = fixture.create();
    append(&mut journal, [record(1, 700)]).unwrap();
    append(&mut journal, [record(2, 2_300)]).unwrap();
    drop(journal);
    fixture.edit(1, |bytes| bytes[7 * 1024..].fill(0));
    fixture.edit(1, |bytes| bytes[7 * 1024 + SECTOR..].fill(1));
    let error = fixture.open_error();
    assert_eq!(reason(error), Reason::BytesBeyond { offset: 8 * KIB });
    fixture.edit(1, |bytes| bytes[7 * 1024..].fill(0));
    let (mut journal, end, _) = fixture.open();
    assert_eq!(end, End::Torn { offset: 5 * KIB, end: 5 * KIB + 2_560 });
    append(&mut journal, ["next"]).unwrap();
}

#[test]
fn looking_writes_nothing() {
    let (fixture, last) = with_a_long_last_frame();
    fixture.edit(1, |bytes| zero(bytes, &last, [1]));
    let before = (fixture.bytes(1), fixture.bytes(2));
    let dir = fixture.dir();
    let (reader, end) =
        JournalReader::open(fixture.disk(), &dir, fixture.whose, fixture.settings, None).unwrap();
    assert!(matches!(end, End::Torn { .. }));
    assert_eq!(reader.verify(|_| Ok::<(), JournalError>(())).unwrap().head.position, 10);
    assert!((fixture.bytes(1), fixture.bytes(2)) == before);
}

/// A record may end in zeros (it has no origin, say). If only the last sector of its frame was not
/// written, all of its facts are there all the same: what is missing is padding, and is made good.
#[test]
fn a_frame_whose_last_sector_held_zeros_and_padding_only_is_whole_without_it() {
    let fixture = Fixture::new(64 * KIB);
    let mut journal = fixture.create();
    fill(&mut journal, 10);
    // Header, length and record end 8 bytes into the frame's second sector.
    let mut last = record(99, SECTOR + 8 - FRAME_HEADER_BYTES - 4);
    let tail = last.len() - 8;
    last[tail..].fill(0);
    append(&mut journal, [&last]).unwrap();
    drop(journal);
    let whole = fixture.bytes(1);
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    fixture.edit(1, |bytes| bytes[end - SECTOR..end].fill(0));

    let (journal, end, found) = fixture.open();
    assert_eq!((end, found.len()), (End::Clean, 11));
    assert_eq!(found[10].1, last);
    assert!(fixture.bytes(1) == whole, "the padding is there again");
    let verified = journal.reader().verify(|_| Ok::<(), JournalError>(())).unwrap();
    assert_eq!(verified.head.position, 11);
}
