//! One turn as bytes: a header, the records, padding to the next sector.

use super::append::Head;
use super::error::Reason;
use super::{SECTOR_BYTES, ZERO_SECTOR};
use crate::planted::{self, Planted};
use crate::tree::{Hash, Peaks, leaf_hash};
use std::fmt;
use std::path::Path;

/// Which store a file belongs to: 128 random bits, drawn at its first start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreId(pub [u8; 16]);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Whose journal this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The store.
    pub store: StoreId,
    /// How often it was restored: what is appended now carries this, what is read may be older.
    pub epoch: u32,
}

/// The format this program writes, and the only one it reads.
pub const FORMAT: u32 = 0;

/// The most facts in a turn.
pub const FRAME_FACTS_MAX: usize = 1_024;

/// The most bytes in the body of a turn: every record with its length of 4 bytes.
pub const FRAME_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The length of an encoded [`FrameHeader`].
pub const FRAME_HEADER_BYTES: usize = 88;

/// What stands before the records of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Which store wrote it.
    pub store: StoreId,
    /// In which epoch.
    pub epoch: u32,
    /// The position of the first record.
    pub first_position: u64,
    /// The number of records, at least 1.
    pub count: u32,
    /// The length of the body: every record with its length of 4 bytes.
    pub body_bytes: u32,
    /// The root of the tree over everything before the first record.
    pub root_before: Hash,
    /// CRC32C of the body.
    pub body_crc: u32,
}

impl FrameHeader {
    /// The header as it stands in the journal, its own checksum last.
    pub fn encode(&self) -> [u8; FRAME_HEADER_BYTES] {
        let mut bytes = [0; FRAME_HEADER_BYTES];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.store.0);
        bytes[32..40].copy_from_slice(&self.first_position.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.count.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.body_bytes.to_le_bytes());
        bytes[48..80].copy_from_slice(&self.root_before);
        bytes[80..84].copy_from_slice(&self.body_crc.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..84]);
        bytes[84..88].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The header that these bytes are, or nothing if they are none of this format.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<FRAME_HEADER_BYTES>()?;
        let good = bytes[0..8] == MAGIC
            && u32_at(bytes, 84) == crc32c::crc32c(&bytes[..84])
            && u32_at(bytes, 8) == FORMAT;
        good.then(|| Self {
            store: StoreId(array_at(bytes, 16)),
            epoch: u32_at(bytes, 12),
            first_position: u64::from_le_bytes(array_at(bytes, 32)),
            count: u32_at(bytes, 40),
            body_bytes: u32_at(bytes, 44),
            root_before: array_at(bytes, 48),
            body_crc: u32_at(bytes, 80),
        })
    }

    /// The position of the last record.
    pub fn last_position(&self) -> u64 {
        self.first_position + u64::from(self.count) - 1
    }

    /// The length of the whole frame with its padding: a multiple of a sector.
    pub fn frame_bytes(&self) -> usize {
        padded(FRAME_HEADER_BYTES + self.body_bytes as usize)
    }
}

/// The records of a turn, gathered where they will be written from.
#[derive(Debug)]
pub struct FrameBuilder {
    /// Room for the header, the body, and after [`FrameBuilder::finish`] the padding.
    bytes: Vec<u8>,
    body_bytes: usize,
    count: u32,
}

/// A record would make its frame larger than [`FRAME_BODY_BYTES_MAX`] or [`FRAME_FACTS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the frame is full")]
pub struct FrameFull;

/// A place in a [`FrameBuilder`] to go back to.
#[derive(Clone, Copy, Debug)]
pub struct FrameMark {
    body_bytes: usize,
    count: u32,
}

impl FrameBuilder {
    /// A frame without records.
    pub fn new() -> Self {
        Self { bytes: vec![0; FRAME_HEADER_BYTES], body_bytes: 0, count: 0 }
    }

    /// Adds a record at the end; a refused one leaves the frame as it was.
    pub fn push(&mut self, record: &[u8]) -> Result<(), FrameFull> {
        let length = u32::try_from(record.len()).map_err(|_| FrameFull)?;
        let body_bytes = self.body_bytes + RECORD_LENGTH_BYTES + record.len();
        if self.count() >= FRAME_FACTS_MAX || body_bytes > FRAME_BODY_BYTES_MAX {
            return Err(FrameFull);
        }
        self.bytes.truncate(FRAME_HEADER_BYTES + self.body_bytes);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(record);
        self.body_bytes = body_bytes;
        self.count += 1;
        Ok(())
    }

    /// The number of records.
    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// The bytes of all records, each with its length of 4 bytes.
    pub fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    /// Whether there is no record yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The records so far, as a place to go back to.
    pub fn mark(&self) -> FrameMark {
        FrameMark { body_bytes: self.body_bytes, count: self.count }
    }

    /// Drops the records pushed since `mark`, which was taken of this frame.
    pub fn rewind(&mut self, mark: FrameMark) {
        debug_assert!(mark.count <= self.count, "a mark lies behind");
        (self.body_bytes, self.count) = (mark.body_bytes, mark.count);
    }

    /// Drops all records and keeps the memory.
    pub fn clear(&mut self) {
        (self.body_bytes, self.count) = (0, 0);
    }

    /// The records in order.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        records(&self.bytes[FRAME_HEADER_BYTES..FRAME_HEADER_BYTES + self.body_bytes])
    }

    /// The frame as it is written.
    pub(super) fn finish(&mut self, whose: &Identity, first_position: u64, root: &Hash) -> &[u8] {
        let end = FRAME_HEADER_BYTES + self.body_bytes;
        self.bytes.truncate(end);
        let header = FrameHeader {
            store: whose.store,
            epoch: whose.epoch,
            first_position,
            count: self.count,
            body_bytes: u32::try_from(self.body_bytes).expect("bounded by push"),
            root_before: *root,
            body_crc: crc32c::crc32c(&self.bytes[FRAME_HEADER_BYTES..]),
        };
        self.bytes[..FRAME_HEADER_BYTES].copy_from_slice(&header.encode());
        self.bytes.resize(padded(end), PADDING);
        assert!(
            self.bytes.chunks_exact(SECTOR_BYTES).all(|sector| sector != ZERO_SECTOR),
            "no sector of a frame is all zeros: one that is was never written"
        );
        &self.bytes
    }
}

impl Default for FrameBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// A frame whose checksums are right, as a scan meets it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// What stands before the records.
    pub header: FrameHeader,
    /// The segment it lies in.
    pub file: &'a Path,
    /// Where it begins in that segment, in bytes.
    pub offset: u64,
    body: &'a [u8],
    padding: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The records with their positions, in order.
    pub fn records(&self) -> impl Iterator<Item = (u64, &'a [u8])> + use<'a> {
        (self.header.first_position..).zip(records(self.body))
    }

    /// Reads the frame that `bytes`, as long as `header` says, must be.
    pub(super) fn parse(
        header: FrameHeader,
        file: &'a Path,
        offset: u64,
        bytes: &'a [u8],
    ) -> Result<Self, Reason> {
        let (body, padding) = bytes[FRAME_HEADER_BYTES..].split_at(header.body_bytes as usize);
        if crc32c::crc32c(body) != header.body_crc && !planted::is(Planted::NoChecksum) {
            return Err(Reason::FrameBody);
        }
        if !holds(body, header.count) {
            return Err(Reason::Records);
        }
        Ok(Self { header, file, offset, body, padding })
    }

    /// Whether what follows the body is what was written there.
    pub(super) fn padding_is_sound(&self) -> bool {
        self.padding.iter().all(|byte| *byte == PADDING)
    }
}

/// A frame by itself, whose checksums are right: what recovering takes from one copy of the log and
/// writes into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundFrame {
    /// What stands before the records.
    pub header: FrameHeader,
    body: Vec<u8>,
}

impl SoundFrame {
    /// The frame that has this header and these records, if it is one.
    pub fn from_parts<'r>(
        header: &[u8],
        parts: impl IntoIterator<Item = &'r [u8]>,
    ) -> Option<Self> {
        let header = FrameHeader::decode(header)?;
        let mut body = Vec::with_capacity(header.body_bytes.min(1 << 20) as usize);
        for record in parts {
            body.extend_from_slice(&u32::try_from(record.len()).ok()?.to_le_bytes());
            body.extend_from_slice(record);
        }
        let is_whole = body.len() == header.body_bytes as usize
            && crc32c::crc32c(&body) == header.body_crc
            && holds(&body, header.count);
        is_whole.then_some(Self { header, body })
    }

    /// Whether it continues a log that ends like this.
    pub fn follows(&self, head: &Head) -> bool {
        self.header.first_position == head.position + 1 && self.header.root_before == head.root
    }

    /// Adds its records to the tree.
    pub fn grow(&self, tree: &mut Peaks) {
        records(&self.body).for_each(|record| tree.append(leaf_hash(record)));
    }

    /// The frame as it stands in a segment.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.header.frame_bytes());
        bytes.extend_from_slice(&self.header.encode());
        bytes.extend_from_slice(&self.body);
        bytes.resize(self.header.frame_bytes(), PADDING);
        bytes
    }
}

impl From<&Frame<'_>> for SoundFrame {
    fn from(frame: &Frame<'_>) -> Self {
        Self { header: frame.header, body: frame.body.to_vec() }
    }
}

const MAGIC: [u8; 8] = *b"MUSTERFR";
const RECORD_LENGTH_BYTES: usize = 4;
/// Not zero, so that a sector of padding is a sector that was written.
pub(super) const PADDING: u8 = 0xFF;

/// Whether a body is exactly `count` records.
fn holds(body: &[u8], count: u32) -> bool {
    let mut rest = body;
    for _ in 0..count {
        let Some((length, after)) = rest.split_first_chunk::<RECORD_LENGTH_BYTES>() else {
            return false;
        };
        let Some(after) = after.get(u32::from_le_bytes(*length) as usize..) else {
            return false;
        };
        rest = after;
    }
    count > 0 && rest.is_empty()
}

/// The records of a body that holds whole records.
fn records(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<RECORD_LENGTH_BYTES>()?;
        let (record, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        rest = after;
        Some(record)
    })
}

fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(SECTOR_BYTES)
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, offset))
}

fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    *bytes[offset..].first_chunk().expect("offsets lie inside the header")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOSE: Identity = Identity { store: StoreId([1; 16]), epoch: 2 };

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let header = FrameHeader {
            store: StoreId(*b"0123456789abcdef"),
            epoch: 3,
            first_position: 1 << 40,
            count: 1_024,
            body_bytes: 8_388_608,
            root_before: [0xAB; 32],
            body_crc: 0xDEAD_BEEF,
        };
        let bytes = header.encode();
        assert_eq!(FrameHeader::decode(&bytes), Some(header));
        assert_eq!(header.last_position(), (1 << 40) + 1_023);
        for at in 0..FRAME_HEADER_BYTES {
            for bit in 0..8 {
                let mut changed = bytes;
                changed[at] ^= 1 << bit;
                assert_eq!(FrameHeader::decode(&changed), None, "bit {bit} of byte {at}");
            }
        }
        assert_eq!(FrameHeader::decode(&bytes[..87]), None);
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let mut frame = FrameBuilder::new();
        frame.push(b"one").unwrap();
        frame.push(b"").unwrap();
        let bytes = frame.finish(&WHOSE, 0x0102, &[9; 32]);
        assert_eq!(bytes.len(), 512);
        assert_eq!(&bytes[0..16], b"MUSTERFR\0\0\0\0\x02\0\0\0");
        assert_eq!(bytes[16..32], [1; 16]);
        assert_eq!(&bytes[32..48], b"\x02\x01\0\0\0\0\0\0\x02\0\0\0\x0b\0\0\0");
        assert_eq!(bytes[48..80], [9; 32]);
        assert_eq!(&bytes[88..99], b"\x03\0\0\0one\0\0\0\0");
        assert!(bytes[99..].iter().all(|byte| *byte == 0xFF));
        assert_eq!(bytes[80..84], crc32c::crc32c(&bytes[88..99]).to_le_bytes());
        assert_eq!(bytes[84..88], crc32c::crc32c(&bytes[..84]).to_le_bytes());
    }

    #[test]
    fn a_frame_holds_so_many_facts_and_bytes_and_no_more() {
        let mut frame = FrameBuilder::new();
        (0..FRAME_FACTS_MAX).for_each(|_| frame.push(b"x").unwrap());
        assert_eq!(frame.push(b"x"), Err(FrameFull));
        assert_eq!(frame.count(), FRAME_FACTS_MAX);
        frame.clear();
        let half = vec![1; FRAME_BODY_BYTES_MAX / 2 - 4];
        frame.push(&half).unwrap();
        frame.push(&half).unwrap();
        assert_eq!(frame.body_bytes(), FRAME_BODY_BYTES_MAX);
        assert_eq!(frame.push(b""), Err(FrameFull));
        assert_eq!(frame.records().count(), 2);
    }

    #[test]
    fn a_command_that_does_not_fit_is_taken_out_again() {
        let mut frame = FrameBuilder::new();
        frame.push(b"kept").unwrap();
        let mark = frame.mark();
        frame.push(b"dropped").unwrap();
        frame.finish(&WHOSE, 1, &[0; 32]);
        frame.rewind(mark);
        frame.push(b"instead").unwrap();
        assert_eq!(frame.records().collect::<Vec<_>>(), [&b"kept"[..], b"instead"]);
        let bytes = frame.finish(&WHOSE, 1, &[0; 32]).to_vec();
        let header = FrameHeader::decode(&bytes).unwrap();
        let read = Frame::parse(header, Path::new("f"), 0, &bytes).unwrap();
        let records: Vec<_> = read.records().collect();
        assert_eq!(records, [(1, &b"kept"[..]), (2, b"instead")]);
        assert!(read.padding_is_sound());
    }

    #[test]
    fn records_that_do_not_fill_the_body_are_refused() {
        for count in [1, 3] {
            let mut frame = FrameBuilder::new();
            frame.push(b"one").unwrap();
            frame.push(b"two").unwrap();
            let bytes = frame.finish(&WHOSE, 1, &[0; 32]).to_vec();
            let header = FrameHeader { count, ..FrameHeader::decode(&bytes).unwrap() };
            let read = Frame::parse(header, Path::new("f"), 0, &bytes);
            assert_eq!(read.map(|_| ()), Err(Reason::Records));
        }
    }

    #[test]
    #[should_panic(expected = "no sector of a frame is all zeros")]
    fn a_record_that_would_look_unwritten_is_not_written() {
        let mut frame = FrameBuilder::new();
        frame.push(&[0; 1_500]).unwrap();
        frame.finish(&WHOSE, 1, &[0; 32]);
    }
}
