//! Somebody who holds the master key and a copy of the data directory, and tries every key on everything.
//!
//! It reads the bytes by `docs/log-format.md` alone and believes nothing they say: a slot that is marked as
//! erased is unwrapped like any other, and so is whatever else lies about in the keyring's files.

use std::collections::BTreeSet;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;
use store::journal::{FRAME_HEADER_BYTES, FrameHeader, SEGMENT_HEADER_BYTES};
use ulid::Ulid;

/// A copy of what lies in a data directory, as far as keys and facts are concerned.
#[derive(Clone, Default)]
pub struct Copy {
    /// The text of `muster.key`.
    pub master: Vec<u8>,
    /// The bytes of `keyring.a` and `keyring.b`.
    pub keyrings: Vec<Vec<u8>>,
    /// The bytes of the journal's segments.
    pub segments: Vec<Vec<u8>>,
}

/// A key.
pub type Key = [u8; 32];

/// A fact as it is stored, split into what is in clear and what is sealed.
#[derive(Clone, Debug)]
pub struct Record {
    bytes: Vec<u8>,
    /// The ULID of its stream.
    pub stream: Ulid,
    /// Its tag.
    pub tag: u16,
    /// The slot that it names for its payload.
    pub slot: u32,
    /// The slot that it names for its origin.
    pub origin_slot: u32,
    /// The user behind its actor, or zero.
    pub actor: Ulid,
    payload: Sealed,
    origin: Sealed,
}

/// Where a part begins, and how long it is.
#[derive(Clone, Copy, Debug)]
struct Sealed {
    at: usize,
    length: usize,
}

/// What of somebody's facts opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loot {
    /// What happened, in clear.
    pub payloads: Vec<Vec<u8>>,
    /// From where, in clear.
    pub origins: Vec<Vec<u8>>,
}

const HEADER_BYTES: usize = 512;
const SLOT_BYTES: usize = 128;
const NONCE_BYTES: usize = 12;
const WRAPPED_BYTES: usize = 48;
const HEAD_BYTES: usize = 79;

impl Copy {
    /// Takes a copy of a data directory.
    pub fn of(directory: &Path) -> Self {
        let read = |name: &str| std::fs::read(directory.join(name)).unwrap_or_default();
        let journal = std::fs::read_dir(directory.join("journal")).expect("a journal");
        let mut names: Vec<_> = journal.map(|entry| entry.expect("an entry").path()).collect();
        names.sort();
        let segments = names.iter().map(|path| std::fs::read(path).expect("a segment")).collect();
        let keyrings = vec![read("keyring.a"), read("keyring.b")];
        Self { master: read("muster.key"), keyrings, segments }
    }

    /// Every key that can be unwrapped in its slot, whatever the slot says of itself, by its number.
    pub fn keys(&self) -> BTreeSet<(u32, Key)> {
        let mut keys = BTreeSet::new();
        for keyring in &self.keyrings {
            let slots = keyring.get(HEADER_BYTES..).unwrap_or_default();
            for (number, bytes) in (1..).zip(slots.chunks_exact(SLOT_BYTES)) {
                let key = self.unwrap(number, &bytes[20..32], &bytes[32..80]);
                keys.extend(key.map(|key| (number, key)));
            }
        }
        keys
    }

    /// The keys that were wrapped for `slot`, wherever in either file they lie.
    fn strays(&self, slot: u32) -> BTreeSet<Key> {
        let windows = |keyring: &'_ Vec<u8>| -> Vec<Key> {
            let all = keyring.windows(NONCE_BYTES + WRAPPED_BYTES);
            let some = all.filter(|bytes| bytes.iter().any(|byte| *byte != 0));
            let split = some.map(|bytes| bytes.split_at(NONCE_BYTES));
            split.filter_map(|(nonce, wrapped)| self.unwrap(slot, nonce, wrapped)).collect()
        };
        self.keyrings.iter().flat_map(windows).collect()
    }

    fn unwrap(&self, number: u32, nonce: &[u8], wrapped: &[u8]) -> Option<Key> {
        let master = self.master();
        let mut bound = self.store()?.to_vec();
        bound.extend_from_slice(b"MKEY\x01\x01\0\0");
        bound.extend_from_slice(&number.to_le_bytes());
        bound.extend_from_slice(&id(&master));
        open(&master, nonce, &bound, wrapped)?.try_into().ok()
    }

    /// Every fact in it, in order; of dead frames too.
    pub fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for segment in &self.segments {
            let mut at = SEGMENT_HEADER_BYTES;
            while let Some(header) = segment.get(at..).and_then(FrameHeader::decode) {
                let body = at + FRAME_HEADER_BYTES;
                let Some(mut body) = segment.get(body..body + header.body_bytes as usize) else {
                    break;
                };
                while let Some((length, rest)) = body.split_first_chunk::<4>() {
                    let (record, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
                    records.push(Record::read(record));
                    body = rest;
                }
                at += header.frame_bytes();
            }
        }
        records
    }

    fn master(&self) -> Key {
        let text = String::from_utf8_lossy(&self.master);
        let digits = text.trim().strip_prefix("muster-master-key-1:").expect("a master key");
        let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("digits");
        std::array::from_fn(byte)
    }

    fn store(&self) -> Option<[u8; 16]> {
        let whole = self.keyrings.iter().find(|keyring| keyring.starts_with(b"MUSTERKR"))?;
        whole.get(12..28)?.try_into().ok()
    }

    /// The slots that facts in clear assign to months.
    fn months(&self) -> BTreeSet<u32> {
        let assigned = self.records();
        let assigned = assigned.iter().filter(|record| record.tag == 769);
        assigned.map(|record| varint(&record.bytes[95..])).collect()
    }

    /// Tries every key on every part of `records` that is sealed for the owner of `slot`, and every
    /// pair of keys on every origin.
    pub fn attack(&self, records: &[Record], slot: u32) -> Loot {
        let by_slot = self.keys();
        let mut keys = self.strays(slot);
        keys.extend(by_slot.iter().map(|(_, key)| *key));
        let store = self.store().unwrap_or_default();
        let mut loot = Loot::default();
        let months = self.months();
        let months: Vec<Key> =
            by_slot.iter().filter(|(slot, _)| months.contains(slot)).map(|(_, key)| *key).collect();
        let origins: Vec<Key> = origin_keys(&months, &keys);
        for record in records {
            if record.slot == slot {
                loot.payloads.extend(record.open(&store, record.payload, &keys));
            }
            if record.origin_slot == slot {
                loot.origins.extend(record.open(&store, record.origin, &origins));
            }
        }
        loot
    }
}

impl Record {
    fn read(bytes: &[u8]) -> Self {
        let ulid = |at: usize| Ulid::from_bytes(bytes[at..at + 16].try_into().expect("16 bytes"));
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        let payload = Sealed { at: HEAD_BYTES, length: number(HEAD_BYTES + 12) as usize };
        let origin = payload.at + 16 + payload.length;
        let origin = Sealed { at: origin, length: number(origin + 12) as usize };
        Self {
            bytes: bytes.to_vec(),
            stream: ulid(1),
            tag: u16::from_le_bytes([bytes[21], bytes[22]]),
            slot: number(70),
            origin_slot: number(74),
            actor: ulid(33),
            payload,
            origin,
        }
    }

    /// Whether anything is sealed in it under this slot, so that there is something to find.
    pub fn is_sealed_for(&self, slot: u32) -> [bool; 2] {
        [
            self.slot == slot && self.payload.length > 0,
            self.origin_slot == slot && self.origin.length > 0,
        ]
    }

    fn open<'k>(
        &self,
        store: &[u8; 16],
        part: Sealed,
        keys: impl IntoIterator<Item = &'k Key>,
    ) -> Option<Vec<u8>> {
        let nonce = &self.bytes[part.at..part.at + NONCE_BYTES];
        let sealed = &self.bytes[part.at + 16..part.at + 16 + part.length];
        let bound = [store, &self.bytes[..part.at]].concat();
        keys.into_iter().find_map(|key| open(key, nonce, &bound, sealed))
    }
}

/// Every key that an origin may be sealed with: of each month, with each key and with none.
fn origin_keys(months: &[Key], keys: &BTreeSet<Key>) -> Vec<Key> {
    let mut derived = Vec::new();
    for month in months {
        for owner in keys.iter().map(<[u8; 32]>::as_slice).chain([&[][..]]) {
            let extracted = Salt::new(HKDF_SHA256, month).extract(owner);
            let mut key = [0; 32];
            let expanded = extracted.expand(&[b"muster origin 1"], HKDF_SHA256);
            expanded.and_then(|okm| okm.fill(&mut key)).expect("32 bytes are one block");
            derived.push(key);
        }
    }
    derived
}

fn id(master: &Key) -> [u8; 8] {
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, master), b"muster master key id");
    mac.as_ref()[..8].try_into().expect("8 bytes")
}

fn open(key: &Key, nonce: &[u8], bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key).expect("32 bytes"));
    let nonce = Nonce::try_assume_unique_for_key(nonce).expect("12 bytes");
    let mut text = sealed.to_vec();
    key.open_in_place(nonce, Aad::from(bound), &mut text).ok().map(|text| text.to_vec())
}

/// A number as bincode writes it: below 251 as it is, else a mark and its bytes.
fn varint(bytes: &[u8]) -> u32 {
    let little = |count: usize| {
        let number = |sum: u32, byte: &u8| sum << 8 | u32::from(*byte);
        bytes[1..=count].iter().rev().fold(0, number)
    };
    match bytes[0] {
        251 => little(2),
        252 => little(4),
        small => small.into(),
    }
}
