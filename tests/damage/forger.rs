//! Writing a log anew, as somebody would who knows every byte of the format: roots, checksums, padding
//! and positions are right again afterwards.

use std::fs;
use std::path::Path;

use store::journal::segment_path;
use store::journal::{FRAME_HEADER_BYTES, FrameHeader, SECTOR_BYTES, SEGMENT_HEADER_BYTES};
use store::tree::{Peaks, leaf_hash};

/// A record in a frame.
pub type Record = Vec<u8>;

/// Where a record says what it is about.
pub const STREAM: std::ops::Range<usize> = 0..17;
/// Where the time stands in a record, in microseconds.
const TIME: std::ops::Range<usize> = 24..32;
/// Where its key slot stands: 0 if the payload is in clear.
const KEY_SLOT: std::ops::Range<usize> = 70..74;

/// The time of a record.
pub fn time(record: &[u8]) -> i64 {
    i64::from_le_bytes(record[TIME].try_into().expect("8 bytes"))
}

/// Says that a record was written at another time.
pub fn set_time(record: &mut [u8], at: i64) {
    record[TIME].copy_from_slice(&at.to_le_bytes());
}

/// Whether its payload is in clear, so that no seal guards its head.
pub fn is_clear(record: &[u8]) -> bool {
    record[KEY_SLOT] == [0; 4]
}

/// Changes the frames of a log of one segment, and makes all that vouches for them fit again. Sled, which
/// knows better, is taken away.
pub fn rewrite(data: &Path, change: impl FnOnce(&mut Vec<Vec<Record>>)) {
    let path = segment_path(&data.join("journal"), 1);
    let mut bytes = fs::read(&path).expect("the log has one segment");
    let (mut frames, header) = frames_of(&bytes);
    change(&mut frames);
    let (mut tree, mut offset) = (Peaks::empty(), SEGMENT_HEADER_BYTES);
    bytes[offset..].fill(0);
    for records in frames.iter().filter(|records| !records.is_empty()) {
        let mut body = Vec::new();
        for record in records {
            body.extend_from_slice(&u32::try_from(record.len()).expect("short").to_le_bytes());
            body.extend_from_slice(record);
        }
        let header = FrameHeader {
            first_position: tree.count() + 1,
            count: u32::try_from(records.len()).expect("few"),
            body_bytes: u32::try_from(body.len()).expect("short"),
            root_before: tree.root(),
            body_crc: crc32c::crc32c(&body),
            ..header
        };
        let mut frame = [header.encode().as_slice(), &body].concat();
        frame.resize(frame.len().next_multiple_of(SECTOR_BYTES), 0xFF);
        bytes[offset..offset + frame.len()].copy_from_slice(&frame);
        offset += frame.len();
        for record in records {
            tree.append(leaf_hash(record));
        }
    }
    fs::write(&path, bytes).expect("the segment can be written");
    fs::remove_dir_all(data.join("sled")).expect("sled was there");
}

/// The records of every frame, and the header of one of them.
fn frames_of(bytes: &[u8]) -> (Vec<Vec<Record>>, FrameHeader) {
    let (mut frames, mut offset, mut last) = (Vec::new(), SEGMENT_HEADER_BYTES, None);
    while let Some(header) = FrameHeader::decode(&bytes[offset..]) {
        let mut body = &bytes[offset + FRAME_HEADER_BYTES..][..header.body_bytes as usize];
        let mut records = Vec::new();
        while let Some((length, rest)) = body.split_first_chunk::<4>() {
            let (record, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
            records.push(record.to_vec());
            body = rest;
        }
        assert_eq!(records.len(), header.count as usize);
        frames.push(records);
        offset += header.frame_bytes();
        last = Some(header);
    }
    (frames, last.expect("a log has frames"))
}
