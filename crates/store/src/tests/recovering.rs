//! What damage leaves is put together again: from the journal, from sled, or not at all, and said so.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use domain::fact::{Event, Fact, Part};
use domain::id::Position;
use domain::system;

use super::house::*;
use crate::error::StoreError;
use crate::journal::{
    FRAME_HEADER_BYTES, FrameHeader, Identity, SegmentHeader, StoreId, segment_path,
};
use crate::open::{Origins, Store};
use crate::recover::{Loss, Plan, Recovered, Recovery, Source, Stretch};
use crate::tree::{Peaks, leaf_hash};

const SEGMENT_HEADER: usize = 4_096;

/// A store with facts in many frames, all of them in sled too.
fn written() -> (House, Vec<Fact>) {
    let house = House::new();
    let (store, mut writer) = house.open();
    for n in 1..=20 {
        let value = format!("\"{}\"", "x".repeat(40 * n));
        let n = n as u128;
        let facts = vec![signed_up(n, &format!("user-{n}")), attribute(n, "a", &value)];
        write(&mut writer, facts).unwrap();
    }
    let facts = all(&store);
    store.close();
    (house, facts)
}

fn all(store: &Store) -> Vec<Fact> {
    let last = store.views().globals().position.0;
    let positions: Vec<Position> = (1..=last).map(Position).collect();
    store.facts(&positions, Origins::Open).unwrap()
}

fn look(house: &House) -> Recovery {
    Recovery::look(&house.options(false)).expect("the store can be looked at")
}

fn plan(house: &House) -> Plan {
    look(house).plan().clone()
}

fn apply(house: &House) -> Recovered {
    look(house).apply(false).expect("nothing is lost")
}

fn journal(house: &House) -> std::path::PathBuf {
    segment_path(&house.path().join("journal"), 1)
}

fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Where the frame with this number begins.
fn frame_at(bytes: &[u8], number: usize) -> usize {
    let starts = (SEGMENT_HEADER..bytes.len()).step_by(512);
    starts.filter(|at| bytes[*at..].starts_with(b"MUSTERFR")).nth(number).expect("so many frames")
}

/// Every file of the directory but sled's, which sled writes when it is opened.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_file() {
            files.insert(name, fs::read(&path).unwrap());
        } else if name != "sled" {
            let inside = self::files(&path);
            files.extend(
                inside.into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)),
            );
        }
    }
    files
}

/// The store is as it was: every fact, and everything agrees.
fn assert_whole(house: &House, facts: &[Fact]) {
    let (store, _writer) = house.open();
    assert_eq!(all(&store), facts);
    let (report, _) = store.verify().unwrap();
    assert_eq!(report.findings, Vec::<String>::new());
}

#[test]
fn a_sound_store_needs_nothing() {
    let (house, facts) = written();
    let before = files(house.path());
    let found = plan(&house);
    assert_eq!((found.findings.len(), found.lost, found.last()), (0, None, facts.len() as u64));
    let recovered = apply(&house);
    assert_eq!((recovered.epoch, recovered.put_away.len()), (1, 0));
    assert_eq!(files(house.path()), before);
    assert_whole(&house, &facts);
}

#[test]
fn a_frame_that_the_journal_lost_is_taken_from_sled() {
    let (house, facts) = written();
    let root = house.open().0.journal().head().root;
    edit(&journal(&house), |bytes| {
        let at = frame_at(bytes, 5);
        bytes[at + 300] ^= 4;
    });
    assert!(matches!(house.try_open(), Err(StoreError::Damage(_))));
    let before = files(house.path());
    let found = plan(&house);
    assert_eq!(files(house.path()), before, "looking changes nothing");
    assert_eq!(found.findings.len(), 1, "{found:?}");
    assert!(found.findings[0].contains("position 21"), "{found:?}");
    let stretch = |from, to, source| Stretch { from, to, source };
    let last = facts.len() as u64;
    let kept = [
        stretch(1, 20, Source::Journal),
        stretch(21, 22, Source::Sled),
        stretch(23, last, Source::Journal),
    ];
    assert_eq!((&found.kept[..], found.lost), (&kept[..], None));
    let recovered = apply(&house);
    assert_eq!((recovered.head.position, recovered.epoch), (last, 1));
    assert_eq!(recovered.head.root, root, "the same tree");
    assert_eq!(recovered.put_away.len(), 1, "the damaged journal is kept");
    assert!(recovered.put_away[0].join("00000001.mj").is_file());
    assert_whole(&house, &facts);
}

#[test]
fn a_frame_that_sled_holds_otherwise_was_never_committed() {
    let (house, facts) = written();
    edit(&journal(&house), |bytes| {
        let at = frame_at(bytes, 5);
        let header = FrameHeader::decode(&bytes[at..]).expect("a frame");
        let body = at + FRAME_HEADER_BYTES..at + FRAME_HEADER_BYTES + header.body_bytes as usize;
        bytes[body.end - 1] ^= 1;
        let body_crc = crc32c::crc32c(&bytes[body]);
        let forged = FrameHeader { body_crc, ..header };
        bytes[at..at + FRAME_HEADER_BYTES].copy_from_slice(&forged.encode());
    });
    assert!(house.try_open().is_err());
    let found = plan(&house);
    let sources: Vec<Source> = found.kept.iter().map(|stretch| stretch.source).collect();
    assert_eq!((sources, found.lost), (vec![Source::Journal, Source::Sled, Source::Journal], None));
    apply(&house);
    assert_whole(&house, &facts);
}

#[test]
fn a_journal_that_is_missing_cut_or_older_is_made_good_from_sled() {
    type Damage = fn(&House);
    let damages: [Damage; 5] = [
        |house| fs::remove_dir_all(house.path().join("journal")).unwrap(),
        |house| fs::remove_file(journal(house)).unwrap(),
        |house| edit(&journal(house), |bytes| bytes.truncate(SEGMENT_HEADER + 3_000)),
        // An older copy: what was appended since is zeros there.
        |house| edit(&journal(house), |bytes| bytes[SEGMENT_HEADER + 5_120..].fill(0)),
        |house| edit(&journal(house), |bytes| bytes[..SEGMENT_HEADER].fill(0xAA)),
    ];
    for damage in damages {
        let (house, facts) = written();
        damage(&house);
        assert!(house.try_open().is_err());
        assert_eq!(plan(&house).lost, None);
        apply(&house);
        assert_whole(&house, &facts);
    }
}

#[test]
fn without_sled_what_follows_the_damage_is_lost_and_only_if_that_is_accepted() {
    let (house, facts) = written();
    fs::remove_dir_all(house.path().join("sled")).unwrap();
    edit(&journal(&house), |bytes| {
        let at = frame_at(bytes, 15);
        bytes[at + 300] ^= 4;
    });
    let before = files(house.path());
    let last = facts.len() as u64;
    let found = plan(&house);
    assert_eq!(found.lost, Some(Loss { from: 41, unplaced: last - 42, to: last }));
    assert!(found.findings.iter().any(|what| what.contains("sled cannot help")), "{found:?}");
    let refused = look(&house).apply(false);
    assert!(matches!(refused, Err(StoreError::WouldLose { from: 41 })));
    assert_eq!(files(house.path()), before);

    let recovered = look(&house).apply(true).unwrap();
    assert_eq!((recovered.head.position, recovered.epoch), (40, 2));
    let (store, writer) = house.open();
    let now = all(&store);
    assert_eq!(now[..40], facts[..40]);
    let restored = system::Restored { epoch: 2, position: Position(40), root: recovered.head.root };
    assert_eq!(now[40].body, Part::Open(Event::System(system::Event::Restored(restored))));
    assert_eq!((now.len(), store.epoch()), (41, 2), "said once");
    drop((store, writer));
    assert_whole(&house, &now);
}

#[test]
fn a_newest_segment_that_is_missing_is_a_loss_unless_sled_says_how_it_ended() {
    let (house, facts) = written();
    let (store, mut writer) = house.open();
    for n in 1..=11 {
        let value = format!("\"{}\"", "x".repeat(900_000));
        write(&mut writer, vec![attribute(n, "long", &value)]).unwrap();
    }
    let (all, store_id) = (all(&store), store.id());
    store.close();
    drop((store, writer));
    let newest = segment_path(&house.path().join("journal"), 2);
    assert!(segment_path(&house.path().join("journal"), 3).exists(), "the spare is there");
    fs::remove_file(&newest).unwrap();
    assert!(matches!(house.try_open(), Err(StoreError::Damage(_))));
    let found = plan(&house);
    assert_eq!((found.lost, found.last()), (None, all.len() as u64));
    fs::remove_dir_all(house.path().join("sled")).unwrap();
    let found = plan(&house);
    let next = found.last() + 1;
    assert!(found.last() > facts.len() as u64 && next <= all.len() as u64, "{found:?}");
    assert_eq!(found.lost, Some(Loss { from: next, unplaced: 0, to: 0 }));
    let doubt = found.findings.last().expect("the missing segment, and what it leaves in doubt");
    assert!(doubt.contains(&format!("from position {} on may have", next - 1)), "{doubt}");
    let refused = look(&house).apply(false);
    assert!(matches!(refused, Err(StoreError::WouldLose { .. })));
    fs::write(&newest, vec![0; 9 << 20]).unwrap();
    assert_eq!(plan(&house).lost, found.lost, "what it was before it was begun says no more");
    // A later one that was begun says how many are lost, also where no fact stands in it.
    let last = all.len() as u64;
    let mut before = Peaks::empty();
    (0..last).for_each(|fact| before.append(leaf_hash(&fact.to_le_bytes())));
    let identity = Identity { store: StoreId(store_id), epoch: 1 };
    let header = SegmentHeader { identity, number: 3, before };
    let later = segment_path(&house.path().join("journal"), 3);
    edit(&later, |bytes| bytes[..SEGMENT_HEADER].copy_from_slice(&header.encode()));
    assert_eq!(plan(&house).lost, Some(Loss { from: next, unplaced: 0, to: last }));
}

#[test]
fn a_sled_that_goes_beyond_what_was_recovered_is_put_away() {
    let (house, facts) = written();
    edit(&journal(&house), |bytes| {
        let at = frame_at(bytes, 5);
        bytes[at + 300] ^= 4;
    });
    let sled = house.path().join("sled");
    let db = sled::open(&sled).unwrap();
    db.open_tree("frames").unwrap().remove(21_u64.to_be_bytes()).unwrap().expect("a header");
    db.flush().unwrap();
    drop(db);
    let last = facts.len() as u64;
    assert_eq!(plan(&house).lost, Some(Loss { from: 21, unplaced: last - 22, to: last }));
    let recovered = look(&house).apply(true).unwrap();
    assert_eq!((recovered.head.position, recovered.put_away.len()), (20, 2));
    assert!(!sled.exists() && !house.path().join("journal.new").exists());
    let (store, _writer) = house.open();
    assert_eq!(all(&store).len(), 21);
}

#[test]
fn the_file_that_says_whose_facts_these_are_is_made_anew() {
    type Damage = fn(&Path);
    let damages: [Damage; 3] = [
        |store| fs::remove_file(store).unwrap(),
        |store| edit(store, |bytes| bytes[20] ^= 1),
        |store| edit(store, |bytes| bytes.truncate(7)),
    ];
    for damage in damages {
        let (house, facts) = written();
        let path = house.path().join("store");
        let before = fs::read(&path).unwrap();
        damage(&path);
        assert!(matches!(house.try_open(), Err(StoreError::Damaged { .. })));
        let found = plan(&house);
        assert_eq!((found.findings.len(), found.lost), (1, None), "{found:?}");
        apply(&house);
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_whole(&house, &facts);
    }
}

#[test]
fn with_neither_journal_nor_store_file_sled_and_keyring_say_enough() {
    let (house, facts) = written();
    fs::remove_dir_all(house.path().join("journal")).unwrap();
    fs::remove_file(house.path().join("store")).unwrap();
    assert_eq!(plan(&house).lost, None);
    apply(&house);
    assert_whole(&house, &facts);
}

#[test]
fn with_nothing_left_it_says_so_and_changes_nothing() {
    let (house, _) = written();
    fs::remove_dir_all(house.path().join("journal")).unwrap();
    fs::remove_dir_all(house.path().join("sled")).unwrap();
    let before = files(house.path());
    assert_eq!(plan(&house).lost, Some(Loss { from: 1, unplaced: 0, to: 0 }));
    assert!(matches!(look(&house).apply(true), Err(StoreError::Damaged { .. })));
    assert_eq!(files(house.path()), before);
    let empty = House::empty(Arc::new(crate::journal::disk::RealDisk));
    let nothing = Recovery::look(&empty.options(false)).err();
    assert!(matches!(nothing, Some(StoreError::NotInitialised { .. })), "{nothing:?}");
}

#[test]
fn a_store_in_use_is_left_alone() {
    let (house, _) = written();
    let _held = house.open();
    let refused = Recovery::look(&house.options(false)).err();
    assert!(matches!(refused, Some(StoreError::InUse { .. })));
}

#[test]
fn a_recovery_that_broke_off_between_two_names_is_finished_by_the_next() {
    let (house, facts) = written();
    let journal = house.path().join("journal");
    fs::rename(&journal, house.path().join("journal.broken-1795478400")).unwrap();
    fs::create_dir(house.path().join("journal.new")).unwrap();
    fs::remove_dir_all(house.path().join("sled")).unwrap();
    assert!(house.try_open().is_err());
    assert_eq!(plan(&house).lost, None);
    apply(&house);
    assert_whole(&house, &facts);
    assert!(house.path().join("journal.broken-1795478400").exists());
}
