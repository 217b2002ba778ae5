//! The bytes of a keyring file: a header padded to a sector, then 128-byte slots, so that none
//! crosses a sector and each is written whole or not at all.

use super::{KeyringError, Spot};

/// What the layout calls itself; changes with it.
pub const FORMAT: u32 = 0;
/// The header with its padding.
pub(super) const HEADER_BYTES: usize = 512;
/// One slot.
pub(super) const SLOT_BYTES: usize = 128;
/// How much of a slot its wrapped key is bound to, beside the store id: all that stands before the nonce.
pub(super) const SLOT_BOUND_BYTES: usize = 20;

const HEADER_MAGIC: [u8; 8] = *b"MUSTERKR";
const SLOT_MAGIC: [u8; 4] = *b"MKEY";
const FILLED: u8 = 1;
const ERASED: u8 = 2;
/// AES-256-GCM-SIV, as in records.
const AEAD: u8 = 1;
const CRC_BYTES: usize = 4;

/// What a keyring file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) store_id: [u8; 16],
    /// Which master key wraps the slots.
    pub(super) master_id: [u8; 8],
    /// What only that master key and the store id yield.
    pub(super) check: [u8; 32],
}

impl Header {
    pub(super) fn bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&HEADER_MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[12..28].copy_from_slice(&self.store_id);
        bytes[28..36].copy_from_slice(&self.master_id);
        bytes[36..68].copy_from_slice(&self.check);
        close(&mut bytes);
        bytes
    }

    pub(super) fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, KeyringError> {
        if part(bytes, 0) != HEADER_MAGIC || !is_closed(bytes) {
            return Err(KeyringError::Damaged(Spot::Header));
        }
        let format = u32::from_le_bytes(part(bytes, 8));
        if format != FORMAT {
            return Err(KeyringError::Format { found: format });
        }
        Ok(Self { store_id: part(bytes, 12), master_id: part(bytes, 28), check: part(bytes, 36) })
    }
}

/// A slot as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// Never written.
    Empty,
    /// A key, wrapped.
    Filled {
        /// The master key that wraps it.
        master_id: [u8; 8],
        /// The nonce of the wrapping.
        nonce: [u8; 12],
        /// The key and the tag.
        wrapped: [u8; 48],
    },
    /// Its key was destroyed.
    Erased,
}

/// Where the slot begins; slots are numbered from 1.
pub(super) fn offset(number: u32) -> u64 {
    HEADER_BYTES as u64 + u64::from(number - 1) * SLOT_BYTES as u64
}

/// The bytes of a slot before its nonce.
pub(super) fn slot_start(number: u32, erased: bool, master_id: [u8; 8]) -> [u8; SLOT_BOUND_BYTES] {
    let mut start = [0; SLOT_BOUND_BYTES];
    start[..4].copy_from_slice(&SLOT_MAGIC);
    start[4] = if erased { ERASED } else { FILLED };
    start[5] = AEAD;
    start[8..12].copy_from_slice(&number.to_le_bytes());
    start[12..20].copy_from_slice(&master_id);
    start
}

/// The bytes of a slot that holds a wrapped key.
pub(super) fn filled(
    start: &[u8; SLOT_BOUND_BYTES],
    nonce: &[u8; 12],
    wrapped: &[u8; 48],
) -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    bytes[..20].copy_from_slice(start);
    bytes[20..32].copy_from_slice(nonce);
    bytes[32..80].copy_from_slice(wrapped);
    close(&mut bytes);
    bytes
}

/// The bytes of a slot whose key was destroyed.
pub(super) fn erased(number: u32) -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    bytes[..20].copy_from_slice(&slot_start(number, true, [0; 8]));
    close(&mut bytes);
    bytes
}

/// A slot that is marked as erased and still holds its wrapped key: what a planted mistake writes.
pub(super) fn marked(mut bytes: [u8; SLOT_BYTES]) -> [u8; SLOT_BYTES] {
    bytes[4] = ERASED;
    close(&mut bytes);
    bytes
}

/// Reads the slot that should have this number.
pub(super) fn parse(number: u32, bytes: &[u8; SLOT_BYTES]) -> Result<Stored, KeyringError> {
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(Stored::Empty);
    }
    let damaged = KeyringError::Damaged(Spot::Slot(number));
    let in_order = part(bytes, 0) == SLOT_MAGIC
        && bytes[5] == AEAD
        && u32::from_le_bytes(part(bytes, 8)) == number
        && is_closed(bytes);
    match bytes[4] {
        _ if !in_order => Err(damaged),
        FILLED => Ok(Stored::Filled {
            master_id: part(bytes, 12),
            nonce: part(bytes, 20),
            wrapped: part(bytes, 32),
        }),
        ERASED => Ok(Stored::Erased),
        _ => Err(damaged),
    }
}

/// Puts the checksum of everything before it at the end.
fn close(bytes: &mut [u8]) {
    let end = bytes.len() - CRC_BYTES;
    let crc = crc32c::crc32c(&bytes[..end]);
    bytes[end..].copy_from_slice(&crc.to_le_bytes());
}

fn is_closed(bytes: &[u8]) -> bool {
    let (body, crc) = bytes.split_at(bytes.len() - CRC_BYTES);
    crc32c::crc32c(body).to_le_bytes() == *crc
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_slot_crosses_a_sector() {
        for number in 1..100 {
            let at = offset(number);
            assert_eq!(at / 512, (at + SLOT_BYTES as u64 - 1) / 512);
        }
        assert_eq!(offset(1), 512);
    }

    #[test]
    fn every_flipped_bit_of_a_slot_is_noticed() {
        let start = slot_start(7, false, [1; 8]);
        for whole in [filled(&start, &[2; 12], &[3; 48]), erased(7)] {
            assert!(parse(7, &whole).is_ok());
            for bit in 0..SLOT_BYTES * 8 {
                let mut bytes = whole;
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert!(parse(7, &bytes).is_err(), "bit {bit}");
            }
        }
    }

    #[test]
    fn every_flipped_bit_of_the_header_is_noticed() {
        let header = Header { store_id: [1; 16], master_id: [2; 8], check: [3; 32] };
        assert_eq!(Header::parse(&header.bytes()).unwrap(), header);
        for bit in 0..HEADER_BYTES * 8 {
            let mut bytes = header.bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::parse(&bytes).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_slot_in_the_place_of_another_is_damage() {
        assert!(parse(8, &erased(7)).is_err());
    }
}
