//! How the damage of each row is done.

use std::fs;
use std::path::PathBuf;

use crate::trial::{Case, Damage, Place, world};

const SEGMENT: &str = "journal/00000001.mj";
const SPARE: &str = "journal/00000002.mj";
const SEGMENT_HEADER: usize = 4_096;
const SECTOR: usize = 512;
const FILES: [&str; 2] = ["keyring.a", "keyring.b"];
const SLED_FILE: &str = "sled/db";

/// Where slot 2 begins in a keyring file.
const SLOT_2: usize = 512 + 128;

/// Where the frames of a segment begin.
fn frames(bytes: &[u8]) -> Vec<usize> {
    let sectors = (SEGMENT_HEADER..bytes.len()).step_by(SECTOR);
    sectors.filter(|at| bytes[*at..].starts_with(b"MUSTERFR")).collect()
}

/// The end of the last frame.
fn end(bytes: &[u8]) -> usize {
    (last_written(bytes) + 1).next_multiple_of(SECTOR)
}

fn middle(bytes: &[u8]) -> usize {
    let frames = frames(bytes);
    frames[frames.len() / 2]
}

fn zero_last_frame(bytes: &mut [u8]) {
    let (from, to) = (*frames(bytes).last().expect("there are frames"), end(bytes));
    bytes[from..to].fill(0);
}

fn flip_in_the_middle(bytes: &mut [u8]) {
    let at = middle(bytes);
    bytes[at + 150] ^= 0x20;
}

fn cut_in_the_middle(bytes: &mut Vec<u8>) {
    let at = middle(bytes) + 100;
    bytes.truncate(at);
}

/// A copy of the whole journal from some time ago.
fn older_journal() -> PathBuf {
    world().older().join("journal")
}

/// A row whose damage changes the bytes of one file.
fn edit(row: &'static str, file: &'static str, change: fn(&mut Vec<u8>)) -> Case {
    Case { row, damage: Damage::Edit(file, change) }
}

/// A row whose damage is another.
fn act(row: &'static str, act: fn(&Place)) -> Case {
    Case { row, damage: Damage::Act(act) }
}

/// A row whose damage changes the first segment after sled is gone.
fn alone(row: &'static str, change: fn(&mut Vec<u8>)) -> Case {
    Case { row, damage: Damage::EditAlone(SEGMENT, change) }
}

/// A row whose damage changes both keyring files alike.
fn both(row: &'static str, change: fn(&mut Vec<u8>)) -> Case {
    Case { row, damage: Damage::EditBoth(FILES, change) }
}

pub fn journal() -> Vec<Case> {
    vec![
        edit("J1", SEGMENT, |bytes| flip_in_the_middle(bytes)),
        edit("J2", SEGMENT, |bytes| {
            let at = middle(bytes);
            bytes[at + 40] ^= 1;
        }),
        edit("J3", SEGMENT, |bytes| {
            let at = *frames(bytes).last().expect("there are frames");
            bytes[at + 200] ^= 0x80;
        }),
        edit("J4", SEGMENT, |bytes| {
            let at = middle(bytes) - 1;
            assert_eq!(bytes[at], 0xFF, "padding");
            bytes[at] = 0xFE;
        }),
        edit("J5", SEGMENT, |bytes| bytes[20] ^= 1),
        edit("J6", SEGMENT, |bytes| {
            let at = middle(bytes);
            bytes[at..at + SECTOR].fill(0);
        }),
        edit("J7", SEGMENT, |bytes| zero_last_frame(bytes)),
        edit("J8", SEGMENT, cut_in_the_middle),
        edit("J9", SEGMENT, |bytes| bytes.extend([0xA5; 700])),
        edit("J10", SEGMENT, |bytes| {
            let at = end(bytes);
            bytes[at + 3 * SECTOR..][..40].fill(0xA5);
        }),
        act("J11", |place| place.remove(SEGMENT)),
        act("J12", |place| place.remove("journal")),
        act("J13", |place| place.put("journal", &older_journal())),
        act("J14", |place| place.remove(SPARE)),
        edit("J15", SPARE, |bytes| bytes[70_000] ^= 1),
        alone("J16", |bytes| flip_in_the_middle(bytes)),
        alone("J17", cut_in_the_middle),
        alone("J18", |bytes| {
            let end = end(bytes);
            bytes.truncate(end);
        }),
        act("J19", |place| {
            place.remove("sled");
            place.remove("journal");
        }),
        alone("J20", |bytes| zero_last_frame(bytes)),
    ]
}

pub fn keyring() -> Vec<Case> {
    vec![
        edit("K1", FILES[1], |bytes| bytes[SLOT_2 + 40] ^= 1),
        edit("K2", FILES[0], |bytes| bytes[40] ^= 1),
        edit("K3", FILES[1], |bytes| bytes.truncate(SLOT_2 + 9)),
        edit("K4", FILES[0], |bytes| bytes[512..1_024].fill(0)),
        edit("K5", FILES[0], |bytes| bytes.extend([7; 999])),
        act("K6", |place| place.remove(FILES[0])),
        act("K7", |place| place.put(FILES[1], &world().other().join(FILES[1]))),
        both("K8", |bytes| bytes[SLOT_2 + 40] ^= 1),
        both("K9", |bytes| bytes[40] ^= 1),
        both("K10", |bytes| bytes.truncate(SLOT_2)),
        act("K11", |place| FILES.iter().for_each(|file| place.remove(file))),
        act("K12", |place| {
            place.edit(FILES[0], |bytes| bytes[..SLOT_2].fill(0));
            place.edit(FILES[1], |bytes| bytes[SLOT_2..].fill(0));
        }),
        both("K13", |bytes| {
            let slot = &mut bytes[SLOT_2..SLOT_2 + 128];
            slot[4] = 2;
            slot[12..].fill(0);
            let sum = crc32c::crc32c(&slot[..124]);
            slot[124..].copy_from_slice(&sum.to_le_bytes());
        }),
    ]
}

pub fn master_key() -> Vec<Case> {
    vec![
        act("M1", |place| place.remove("muster.key")),
        edit("M2", "muster.key", |bytes| bytes[30] ^= 1),
        edit("M3", "muster.key", |bytes| bytes.truncate(40)),
        act("M4", |place| place.put("muster.key", &world().other().join("muster.key"))),
    ]
}

pub fn store_file() -> Vec<Case> {
    vec![
        edit("S1", "store", |bytes| bytes[15] ^= 4),
        edit("S2", "store", |bytes| bytes.truncate(20)),
        edit("S3", "store", |bytes| bytes.fill(0)),
        edit("S4", "store", |bytes| bytes.push(0)),
        act("S5", |place| place.remove("store")),
        act("S6", |place| place.put("store", &world().other().join("store"))),
    ]
}

pub fn sled() -> Vec<Case> {
    vec![
        edit("L1", SLED_FILE, |bytes| {
            let last = last_written(bytes);
            (1..8).for_each(|part| bytes[last * part / 8] ^= 1 << part);
        }),
        edit("L2", SLED_FILE, |bytes| {
            let last = last_written(bytes);
            bytes.truncate(last / 2);
        }),
        edit("L3", SLED_FILE, |bytes| {
            let last = last_written(bytes);
            let at = (last / 2).next_multiple_of(4_096).min(last);
            bytes[at..(at + 4_096).min(last)].fill(0);
        }),
        edit("L4", SLED_FILE, |bytes| bytes.extend([9; 5_000])),
        act("L5", |place| place.remove(SLED_FILE)),
        act("L6", |place| place.remove("sled")),
        act("L7", |place| place.put("sled", &world().older().join("sled"))),
        act("L8", |place| place.put("sled", &world().other().join("sled"))),
    ]
}

pub fn others() -> Vec<Case> {
    vec![act("O1", |place| {
        fs::write(place.file("lock"), b"not a lock").expect("it can be written");
        drop(fs::write(place.file("muster.sock"), b"not a socket"));
    })]
}

fn last_written(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).expect("something was written")
}
