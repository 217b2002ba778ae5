//! Changed bytes anywhere else: every one is found, and a start stops at it.

use super::super::segment::SegmentHeader;
use super::super::testing::{Fixture, append, record};
use super::super::*;
use super::{KIB, more};
use std::fs;

fn damage(error: JournalError) -> Damage {
    match error {
        JournalError::Damage(damage) => damage,
        other => panic!("not damage: {other}"),
    }
}

/// Segments 1 to 4 with frames, and 5, a spare.
fn with_many_segments() -> Fixture {
    let fixture = Fixture::new(16 * KIB);
    let mut journal = fixture.create();
    while !fixture.path(5).exists() {
        more(&mut journal, 1);
    }
    more(&mut journal, 4);
    fixture
}

fn verify(fixture: &Fixture) -> Result<Verified, JournalError> {
    let dir = fixture.dir();
    let (reader, _) =
        JournalReader::open(fixture.disk(), &dir, fixture.whose, fixture.settings, None)?;
    reader.verify(|_| Ok(()))
}

#[test]
fn a_changed_byte_in_any_segment_is_found() {
    let fixture = with_many_segments();
    let frames_end = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for number in 1..=4 {
        let length = frames_end(&fixture.bytes(number));
        for at in (0..length).step_by(41).chain([length - 1]) {
            let flip = |bytes: &mut Vec<u8>| bytes[at] ^= 0x10;
            fixture.edit(number, flip);
            let found = verify(&fixture);
            assert!(
                matches!(found, Err(JournalError::Damage(_) | JournalError::UnknownFormat { .. })),
                "byte {at} of segment {number}: {found:?}"
            );
            fixture.edit(number, flip);
        }
    }
    assert_eq!(verify(&fixture).unwrap().dead, []);
}

#[test]
fn a_start_stops_at_damage_and_writes_nothing() {
    let fixture = with_many_segments();
    fixture.edit(2, |bytes| bytes[SEGMENT_HEADER_BYTES + 100] ^= 1);
    let before: Vec<_> = (1..=5).map(|number| fixture.bytes(number)).collect();
    let found = damage(fixture.open_error());
    assert_eq!((found.file.clone(), found.offset), (fixture.path(2), 4_096));
    assert_eq!(found.reason, Reason::FrameBody);
    let text = found.to_string();
    assert!(text.contains("00000002.mj: damaged at byte 4096, position "), "{text}");
    let after: Vec<_> = (1..=5).map(|number| fixture.bytes(number)).collect();
    assert!(before == after);
}

#[test]
fn a_missing_fact_before_the_next_segment_is_damage() {
    for number in 1..=3 {
        let fixture = with_many_segments();
        let end = fixture.bytes(number).iter().rposition(|byte| *byte != 0).unwrap() + 1;
        // The last sector of the last frame, or all that the segment holds.
        for from in [end - SECTOR_BYTES, SEGMENT_HEADER_BYTES] {
            fixture.edit(number, |bytes| bytes[from..].fill(0));
            assert_eq!(damage(fixture.open_error()).file, fixture.path(number));
        }
        fixture.edit(number, |bytes| bytes.truncate(SEGMENT_HEADER_BYTES));
        assert_eq!(damage(fixture.open_error()).reason, Reason::NoFrame);
    }
}

#[test]
fn padding_is_looked_at_when_verifying() {
    let fixture = Fixture::new(16 * KIB);
    append(&mut fixture.create(), [record(1, 100)]).unwrap();
    fixture.edit(1, |bytes| bytes[SEGMENT_HEADER_BYTES + 400] = 0xFE);
    assert_eq!(fixture.open().2.len(), 1);
    assert_eq!(damage(verify(&fixture).unwrap_err()).reason, Reason::Padding);
}

#[test]
fn a_gap_between_segments_is_damage() {
    for number in [1, 2, 4] {
        let fixture = with_many_segments();
        fs::remove_file(fixture.path(number)).unwrap();
        let found = damage(fixture.open_error());
        assert_eq!((found.file, found.reason), (fixture.path(number), Reason::SegmentMissing));
    }
}

#[test]
fn two_segments_in_each_others_place_are_damage() {
    let fixture = with_many_segments();
    let (second, third) = (fixture.bytes(2), fixture.bytes(3));
    fs::write(fixture.path(2), third).unwrap();
    fs::write(fixture.path(3), second).unwrap();
    let found = damage(fixture.open_error());
    assert_eq!((found.file, found.reason), (fixture.path(2), Reason::SegmentOrder));
}

#[test]
fn another_store_and_another_format_are_said_to_be_that() {
    let mut fixture = with_many_segments();
    fixture.whose.store = StoreId([8; 16]);
    let error = fixture.open_error();
    let JournalError::OtherStore { file, found } = error else { panic!("{error}") };
    assert_eq!((file, found), (fixture.path(1), StoreId([7; 16])));

    let fixture = with_many_segments();
    fixture.edit(1, |bytes| {
        bytes[8] = FORMAT.to_le_bytes()[0] + 1;
        let crc = crc32c::crc32c(&bytes[..SEGMENT_HEADER_BYTES - 4]);
        bytes[SEGMENT_HEADER_BYTES - 4..SEGMENT_HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
    });
    let error = fixture.open_error();
    assert!(matches!(error, JournalError::UnknownFormat { found, .. } if found == FORMAT + 1));
}

#[test]
fn a_spare_need_not_be_whole() {
    let spoil: [fn(&mut Vec<u8>); 5] = [
        |_| {},
        |bytes| bytes.clear(),
        |bytes| bytes.truncate(5_000),
        |bytes| bytes.resize(40_000, 0),
        // A header of which a sector was not written.
        |bytes| bytes[..7 * SECTOR_BYTES].fill(9),
    ];
    for spoil in spoil {
        let fixture = with_many_segments();
        fixture.edit(5, spoil);
        let (mut journal, ..) = fixture.open();
        let written = more(&mut journal, 30);
        drop(journal);
        let (_, end, found) = fixture.open();
        assert_eq!(end, End::Clean);
        assert!(found.ends_with(&written));
        assert!(fixture.path(6).exists());
        assert_eq!(fixture.bytes(5).len() as u64, 16 * KIB);
    }
}

#[test]
fn a_bad_header_before_frames_or_without_a_missing_sector_is_no_spare() {
    let spoil: [fn(&mut Vec<u8>); 2] =
        [|bytes| bytes[..SEGMENT_HEADER_BYTES].fill(0), |bytes| bytes[70] ^= 1];
    for spoil in spoil {
        let fixture = with_many_segments();
        fs::remove_file(fixture.path(5)).unwrap();
        let header = SegmentHeader::decode(fixture.bytes(4).first_chunk().unwrap()).unwrap();
        let first_position = header.first_position();
        fixture.edit(4, spoil);
        let found = damage(fixture.open_error());
        assert_eq!((found.file, found.reason), (fixture.path(4), Reason::SegmentHeader));
        assert_eq!(found.position, first_position, "that of the first fact behind segment 3");
    }
    let fixture = with_many_segments();
    fixture.edit(5, |bytes| bytes[..SEGMENT_HEADER_BYTES].fill(9));
    assert_eq!(damage(fixture.open_error()).reason, Reason::SpareHeader);
    let fixture = with_many_segments();
    fixture.edit(5, |bytes| bytes[9_000] = 1);
    assert_eq!(damage(fixture.open_error()).reason, Reason::SpareHeader);
}

/// Writes the segment's header anew, with a checksum that is right.
fn forge_header(fixture: &Fixture, number: u32, change: impl FnOnce(&mut SegmentHeader)) {
    fixture.edit(number, |bytes| {
        let mut header = SegmentHeader::decode(bytes.first_chunk().unwrap()).unwrap();
        change(&mut header);
        bytes[..SEGMENT_HEADER_BYTES].copy_from_slice(&header.encode());
    });
}

#[test]
fn peaks_that_are_not_those_of_the_facts_before_are_found() {
    let forge = |header: &mut SegmentHeader| {
        let mut peaks = header.before.as_slice().to_vec();
        peaks[0][0] ^= 1;
        header.before = crate::tree::Peaks::from_parts(header.before.count(), peaks).unwrap();
    };
    let fixture = with_many_segments();
    forge_header(&fixture, 2, forge);
    fixture.open();
    assert_eq!(damage(verify(&fixture).unwrap_err()).reason, Reason::Peaks);
    let fixture = with_many_segments();
    forge_header(&fixture, 4, forge);
    assert_eq!(damage(fixture.open_error()).reason, Reason::Root);
}

/// Changes a record of the first frame of a segment, and makes every checksum right again.
fn forge_record(fixture: &Fixture, number: u32) {
    fixture.edit(number, |bytes| {
        let frame = &mut bytes[SEGMENT_HEADER_BYTES..];
        let mut header = FrameHeader::decode(frame).unwrap();
        let body = &mut frame[FRAME_HEADER_BYTES..][..header.body_bytes as usize];
        body[10] ^= 2;
        header.body_crc = crc32c::crc32c(body);
        frame[..FRAME_HEADER_BYTES].copy_from_slice(&header.encode());
    });
}

#[test]
fn a_record_changed_with_its_checksums_breaks_the_tree() {
    let fixture = with_many_segments();
    forge_record(&fixture, 2);
    fixture.open();
    let found = damage(verify(&fixture).unwrap_err());
    assert_eq!((found.file, found.reason), (fixture.path(2), Reason::Root));
    let fixture = with_many_segments();
    forge_record(&fixture, 4);
    assert_eq!(damage(fixture.open_error()).reason, Reason::Root);
}

/// Changes the header of the first frame of a segment, and makes its own checksum right again.
fn forge_frame(fixture: &Fixture, number: u32, change: impl FnOnce(&mut FrameHeader)) {
    fixture.edit(number, |bytes| {
        let frame = &mut bytes[SEGMENT_HEADER_BYTES..];
        let mut header = FrameHeader::decode(frame).unwrap();
        change(&mut header);
        frame[..FRAME_HEADER_BYTES].copy_from_slice(&header.encode());
    });
}

type Forge = fn(&mut FrameHeader);

#[test]
fn a_frame_with_a_sound_header_that_does_not_belong_is_damage() {
    let forgeries: [(Reason, Forge); 7] = [
        (Reason::FrameOrder, |header| header.first_position += 1),
        (Reason::FrameOrder, |header| header.first_position -= 1),
        (Reason::FrameOrder, |header| header.epoch += 1),
        (Reason::FrameOrder, |header| header.epoch -= 1),
        (Reason::FrameOrder, |header| header.store = StoreId([9; 16])),
        (Reason::Records, |header| header.count = 0),
        (Reason::Records, |header| header.count += 1),
    ];
    for (reason, forge) in forgeries {
        // In a segment that others follow, and in the newest.
        for number in [2, 4] {
            let fixture = with_many_segments();
            forge_frame(&fixture, number, forge);
            let found = damage(fixture.open_error());
            assert_eq!((found.file, found.offset), (fixture.path(number), 4_096));
            assert_eq!(found.reason, reason, "segment {number}");
        }
    }
}
