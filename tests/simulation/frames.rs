//! The bytes of the journal, read without the journal: where frames lie, and what is sealed in them.

use store::journal::{FrameHeader, SEGMENT_HEADER_BYTES};
use store::record::HEAD_BYTES;

/// Where a frame lies in its segment, and what its header says.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    pub offset: usize,
    pub header: FrameHeader,
}

impl Placed {
    pub fn end(&self) -> usize {
        self.offset + self.header.frame_bytes()
    }
}

/// The frames of a segment up to the first place where none stands.
pub fn frames(segment: &[u8]) -> Vec<Placed> {
    let mut found = Vec::new();
    let mut offset = SEGMENT_HEADER_BYTES;
    while let Some(header) = segment.get(offset..).and_then(FrameHeader::decode) {
        let frame = Placed { offset, header };
        if frame.end() > segment.len() {
            break;
        }
        found.push(frame);
        offset = frame.end();
    }
    found
}

/// The position of the first fact that may stand in a segment; 0 if it was not begun.
pub fn first_position(segment: &[u8]) -> u64 {
    segment.get(32..40).map_or(0, |bytes| u64::from_le_bytes(bytes.try_into().expect("8 bytes")))
}

/// Where a record has its key slot, and where the slot of its origin (`docs/log-format.md`).
const SLOT_AT: usize = HEAD_BYTES - 9;
const ORIGIN_SLOT_AT: usize = HEAD_BYTES - 5;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Of everything that is sealed in a frame: the slot of the key, the nonce, and the tag, which is
/// another for anything else. Origins are sealed under keys derived from a slot's, which are told from
/// it by the highest bit.
pub fn sealed_parts(frame: &[u8]) -> Vec<(u32, [u8; NONCE_BYTES], [u8; TAG_BYTES])> {
    let Some(header) = FrameHeader::decode(frame) else { return Vec::new() };
    let start = store::journal::FRAME_HEADER_BYTES;
    let mut body = &frame[start..start + header.body_bytes as usize];
    let mut parts = Vec::new();
    while let Some((length, rest)) = body.split_first_chunk::<4>() {
        let (record, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        body = rest;
        let at = |at: usize| u32::from_le_bytes(*record[at..].first_chunk().expect("in the head"));
        let mut part = &record[HEAD_BYTES..];
        for slot in [at(SLOT_AT), at(ORIGIN_SLOT_AT) | 1 << 31] {
            let (nonce, behind) = part.split_first_chunk::<NONCE_BYTES>().expect("a nonce");
            let (length, behind) = behind.split_first_chunk::<4>().expect("a length");
            let (sealed, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
            if let Some(tag) = sealed.last_chunk::<TAG_BYTES>().filter(|_| *nonce != [0; 12]) {
                parts.push((slot, *nonce, *tag));
            }
            part = behind;
        }
    }
    parts
}
