//! One file of the journal: its name, its header, and which of the files in the directory count.

use super::disk::{Access, Disk, DiskFile};
use super::error::{Damage, JournalError, Reason};
use super::frame::{FORMAT, FrameHeader, Identity, StoreId};
use super::scan::{Check, SCAN_BYTES, Walk, Window};
use super::{SECTOR_BYTES, ZERO_SECTOR};
use crate::tree::{HASH_BYTES, PEAKS_MAX, Peaks, peaks_of};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The length of a segment's header; the first frame follows it.
pub const SEGMENT_HEADER_BYTES: usize = 4_096;

/// What a segment begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Whose it is, and the epoch in which it was begun.
    pub identity: Identity,
    /// Its number, which is also its name. The first is 1.
    pub number: u32,
    /// The tree over everything before its first frame.
    pub before: Peaks,
}

impl SegmentHeader {
    /// The position of the first fact that may stand here.
    pub fn first_position(&self) -> u64 {
        self.before.count() + 1
    }

    /// The header as it is written.
    pub fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [PADDING; SEGMENT_HEADER_BYTES];
        let peaks = self.before.as_slice();
        let count = u32::try_from(peaks.len()).expect("at most 64");
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.identity.epoch.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.identity.store.0);
        bytes[32..40].copy_from_slice(&self.first_position().to_le_bytes());
        bytes[40..44].copy_from_slice(&self.number.to_le_bytes());
        bytes[44..48].copy_from_slice(&count.to_le_bytes());
        bytes[PEAKS_AT..PEAKS_AT + peaks.len() * HASH_BYTES].copy_from_slice(peaks.as_flattened());
        let crc = crc32c::crc32c(&bytes[..CRC_AT]);
        bytes[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header, or says what it is instead.
    pub fn decode(bytes: &[u8; SEGMENT_HEADER_BYTES]) -> Result<Self, NoHeader> {
        let u32_at = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().expect("inside"));
        if u32_at(CRC_AT) != crc32c::crc32c(&bytes[..CRC_AT]) {
            let mut sectors = bytes.chunks_exact(SECTOR_BYTES);
            return Err(if sectors.any(|sector| sector == ZERO_SECTOR) {
                NoHeader::Unwritten
            } else if bytes[0..8] == MAGIC && u32_at(8) != FORMAT && !was_of_this_format(bytes) {
                NoHeader::UnknownFormat(u32_at(8))
            } else {
                NoHeader::Damaged
            });
        }
        if bytes[0..8] != MAGIC {
            return Err(NoHeader::Damaged);
        }
        if u32_at(8) != FORMAT {
            return Err(NoHeader::UnknownFormat(u32_at(8)));
        }
        let first_position = u64::from_le_bytes(*bytes[32..].first_chunk().expect("inside"));
        let leaves = first_position.checked_sub(1).ok_or(NoHeader::Damaged)?;
        if u32_at(44) as usize != peaks_of(leaves) {
            return Err(NoHeader::Damaged);
        }
        let (peaks, _) = bytes[PEAKS_AT..].as_chunks::<HASH_BYTES>();
        let before = Peaks::from_parts(leaves, peaks[..peaks_of(leaves)].to_vec())
            .expect("as many peaks as the count has");
        let store = StoreId(*bytes[16..].first_chunk().expect("inside"));
        let identity = Identity { store, epoch: u32_at(12) };
        Ok(Self { identity, number: u32_at(40), before })
    }
}

/// What stands where a segment's header should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoHeader {
    /// At least one of its sectors was never written, so it never became durable.
    Unwritten,
    /// Every sector was written, and the checksum is wrong.
    Damaged,
    /// The header of another format.
    UnknownFormat(u32),
}

/// The path of a segment.
pub fn segment_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:08}{SUFFIX}"))
}

/// The numbers of the segment files in a directory, in order.
pub(super) fn numbers(disk: &dyn Disk, dir: &Path) -> std::io::Result<Vec<u32>> {
    let mut numbers: Vec<u32> = disk.list(dir)?.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The headers of the segments that were begun, at least one, checked to follow from each other.
/// The last file may be a spare, which was not begun.
pub(super) fn load(
    disk: &dyn Disk,
    dir: &Path,
    whose: &Identity,
) -> Result<Vec<SegmentHeader>, JournalError> {
    let numbers = match numbers(disk, dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(JournalError::Missing { dir: dir.to_owned() });
        }
        numbers => numbers?,
    };
    let mut begun: Vec<SegmentHeader> = Vec::with_capacity(numbers.len());
    for (expected, number) in (1..).zip(&numbers) {
        let path = segment_path(dir, expected);
        let damage = |reason| -> Result<JournalError, JournalError> {
            let position = begun.last().map_or(Ok(1), |before| {
                position_behind(disk, &segment_path(dir, before.number), before, whose)
            })?;
            Ok(Damage { file: path.clone(), offset: 0, position, reason }.into())
        };
        if expected != *number {
            return Err(damage(Reason::SegmentMissing)?);
        }
        let file = disk.open(&path, Access::Read)?;
        match SegmentHeader::decode(&header_bytes(&*file)?) {
            Ok(header) => {
                check(&header, expected, begun.last(), whose, &path)?;
                begun.push(header);
            }
            Err(NoHeader::UnknownFormat(found)) => {
                return Err(JournalError::UnknownFormat { file: path, found });
            }
            Err(no_header @ (NoHeader::Unwritten | NoHeader::Damaged)) => {
                let is_last = number == numbers.last().unwrap_or(&0);
                let is_zero = is_zero_behind_header(&file)?;
                let is_unwritten = no_header == NoHeader::Unwritten;
                if is_last && is_zero && is_unwritten {
                    continue;
                }
                let is_spare = is_last && (is_zero || is_unwritten && !has_frame(&file)?);
                let reason = if is_spare { Reason::SpareHeader } else { Reason::SegmentHeader };
                return Err(damage(reason)?);
            }
        }
    }
    if begun.is_empty() {
        return Err(JournalError::Missing { dir: dir.to_owned() });
    }
    Ok(begun)
}

/// The first bytes of a segment; those beyond the end of the file read as zeros.
pub(super) fn header_bytes(file: &dyn DiskFile) -> std::io::Result<[u8; SEGMENT_HEADER_BYTES]> {
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    file.read_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Whether every byte from `offset` to the end of the file is zero.
pub(super) fn is_zero_from(file: &dyn DiskFile, offset: u64) -> std::io::Result<bool> {
    // Compared as wholes, which is fast whatever the compiler makes of it.
    let left = usize::try_from(file.len()?.saturating_sub(offset)).unwrap_or(usize::MAX);
    let zeros = vec![0; ZERO_CHECK_BYTES.min(left.saturating_add(1))];
    let mut bytes = zeros.clone();
    let mut at = offset;
    loop {
        let read = file.read_at(&mut bytes, at)?;
        if bytes[..read] != zeros[..read] {
            return Ok(false);
        }
        if read < bytes.len() {
            return Ok(true);
        }
        at += read as u64;
    }
}

const MAGIC: [u8; 8] = *b"MUSTERSG";
const SUFFIX: &str = ".mj";
const PEAKS_AT: usize = 48;
const CRC_AT: usize = SEGMENT_HEADER_BYTES - 4;
/// Not zero, so that a header with a sector of zeros is one that was not written whole.
const PADDING: u8 = 0xFF;
const ZERO_CHECK_BYTES: usize = 1024 * 1024;

const _: () = assert!(PEAKS_AT + PEAKS_MAX * HASH_BYTES <= CRC_AT, "every tree has room");

/// A spare was never written behind its header: a segment's header is durable before its first
/// frame is written. Frames behind a bad header were committed.
fn is_zero_behind_header(file: &Arc<dyn DiskFile>) -> std::io::Result<bool> {
    is_zero_from(&**file, SEGMENT_HEADER_BYTES as u64)
}

/// Whether nothing but the format is not what was written: a format of its own would have changed the
/// checksum too.
fn was_of_this_format(bytes: &[u8; SEGMENT_HEADER_BYTES]) -> bool {
    let mut ours = *bytes;
    ours[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    crc32c::crc32c(&ours[..CRC_AT]).to_le_bytes() == ours[CRC_AT..]
}

/// The position of the fact that follows what can be read of a segment.
fn position_behind(
    disk: &dyn Disk,
    path: &Path,
    header: &SegmentHeader,
    whose: &Identity,
) -> Result<u64, JournalError> {
    let mut walk = Walk::from(header.first_position(), *whose, Check::Checksums);
    let mut window = Window::new(SCAN_BYTES);
    window.turn_to(disk.open(path, Access::Read)?);
    let first_frame = SEGMENT_HEADER_BYTES as u64;
    walk.segment(&mut window, path, first_frame, u64::MAX, &mut |_| Ok::<_, JournalError>(()))?;
    Ok(walk.position)
}

/// Whether a frame's header stands where the first frame belongs.
fn has_frame(file: &Arc<dyn DiskFile>) -> std::io::Result<bool> {
    let mut sector = [0; SECTOR_BYTES];
    file.read_at(&mut sector, SEGMENT_HEADER_BYTES as u64)?;
    Ok(FrameHeader::decode(&sector).is_some())
}

fn number_of(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(SUFFIX)?;
    let is_number = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn check(
    header: &SegmentHeader,
    number: u32,
    previous: Option<&SegmentHeader>,
    whose: &Identity,
    path: &Path,
) -> Result<(), JournalError> {
    if header.identity.store != whose.store {
        let found = header.identity.store;
        return Err(JournalError::OtherStore { file: path.to_owned(), found });
    }
    let follows = match previous {
        None => header.first_position() == 1,
        Some(previous) => {
            header.first_position() >= previous.first_position()
                && header.identity.epoch >= previous.identity.epoch
        }
    };
    if follows && header.number == number && header.identity.epoch <= whose.epoch {
        return Ok(());
    }
    let position = header.first_position();
    Err(Damage { file: path.to_owned(), offset: 0, position, reason: Reason::SegmentOrder }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::leaf_hash;

    fn header(facts: u64) -> SegmentHeader {
        let mut before = Peaks::empty();
        (0..facts).for_each(|n| before.append(leaf_hash(&n.to_le_bytes())));
        let identity = Identity { store: StoreId(*b"0123456789abcdef"), epoch: 3 };
        SegmentHeader { identity, number: 12, before }
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        for facts in [0, 1, 2, 3, 1_023] {
            let written = header(facts);
            assert_eq!(SegmentHeader::decode(&written.encode()), Ok(written));
        }
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let header = header(3);
        let bytes = header.encode();
        assert_eq!(&bytes[0..16], b"MUSTERSG\0\0\0\0\x03\0\0\0");
        assert_eq!(&bytes[16..32], b"0123456789abcdef");
        assert_eq!(&bytes[32..48], b"\x04\0\0\0\0\0\0\0\x0c\0\0\0\x02\0\0\0");
        assert_eq!(bytes[48..80], header.before.as_slice()[0]);
        assert_eq!(bytes[80..112], header.before.as_slice()[1]);
        assert!(bytes[112..4_092].iter().all(|byte| *byte == 0xFF));
        assert_eq!(bytes[4_092..], crc32c::crc32c(&bytes[..4_092]).to_le_bytes());
    }

    #[test]
    fn a_header_with_a_sector_of_zeros_was_not_written_whole() {
        let bytes = header(1_023).encode();
        for sector in 0..SEGMENT_HEADER_BYTES / SECTOR_BYTES {
            let mut torn = bytes;
            torn[sector * SECTOR_BYTES..][..SECTOR_BYTES].fill(0);
            assert_eq!(SegmentHeader::decode(&torn), Err(NoHeader::Unwritten), "{sector}");
        }
        assert_eq!(SegmentHeader::decode(&[0; SEGMENT_HEADER_BYTES]), Err(NoHeader::Unwritten));
    }

    #[test]
    fn a_header_with_a_changed_bit_is_damaged() {
        let bytes = header(1_023).encode();
        for at in 0..SEGMENT_HEADER_BYTES {
            let mut changed = bytes;
            changed[at] ^= 0x40;
            assert_eq!(SegmentHeader::decode(&changed), Err(NoHeader::Damaged), "byte {at}");
        }
    }

    #[test]
    fn a_header_of_another_format_says_so_whatever_its_checksum() {
        let mut other = header(1_023).encode();
        other[8] = 1;
        let crc = crc32c::crc32c(&other[..CRC_AT]);
        other[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(SegmentHeader::decode(&other), Err(NoHeader::UnknownFormat(1)));
        other[CRC_AT..].copy_from_slice(b"none");
        assert_eq!(SegmentHeader::decode(&other), Err(NoHeader::UnknownFormat(1)));
    }

    #[test]
    fn a_sound_checksum_alone_makes_no_header() {
        let forge = |at: usize, byte: u8| {
            let mut forged = header(3).encode();
            forged[at] = byte;
            let crc = crc32c::crc32c(&forged[..CRC_AT]);
            forged[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
            SegmentHeader::decode(&forged)
        };
        assert_eq!(forge(0, b'M'), Ok(header(3)));
        assert_eq!(forge(0, b'm'), Err(NoHeader::Damaged), "another magic");
        assert_eq!(forge(32, 0), Err(NoHeader::Damaged), "there is no position 0");
        assert_eq!(forge(44, 3), Err(NoHeader::Damaged), "three facts have two peaks");
    }

    #[test]
    fn only_eight_digits_name_a_segment() {
        assert_eq!(number_of("00000012.mj"), Some(12));
        for other in ["12.mj", "00000012", "00000012.mj~", "+0000012.mj", "000000012.mj"] {
            assert_eq!(number_of(other), None, "{other}");
        }
        assert_eq!(segment_path(Path::new("j"), 12), Path::new("j/00000012.mj"));
    }
}
