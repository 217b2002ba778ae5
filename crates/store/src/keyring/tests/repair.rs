//! Damage to one of the two files is repaired from the other; damage to both is refused.

use super::*;

type Damage = fn(&mut Vec<u8>);

/// What may happen to a file that is not lost altogether.
const DAMAGES: [(&str, Damage); 9] = [
    ("a flipped bit in the header", |bytes| bytes[30] ^= 0x10),
    ("a flipped bit in the header's padding", |bytes| bytes[200] ^= 1),
    ("a flipped bit in a slot", |bytes| bytes[slot_at(9) + 50] ^= 2),
    ("a header of zeros", |bytes| bytes[..512].fill(0)),
    ("a sector of zeros", |bytes| bytes[1_024..1_536].fill(0)),
    ("cut inside the header", |bytes| bytes.truncate(100)),
    ("cut inside a slot", |bytes| bytes.truncate(slot_at(40) + 77)),
    ("empty", Vec::clear),
    ("all ones", |bytes| bytes.fill(0xFF)),
];

fn keys(keyring: &Keyring) -> Vec<Option<[u8; 32]>> {
    (1..=SLOTS_AHEAD).map(|slot| key(keyring, slot)).collect()
}

/// Whether both files hold the same slots under the same header.
fn is_whole(place: &Place) -> bool {
    let sound = place.open().is_ok();
    let (_, repaired) = place.open_used(SLOTS_AHEAD).unwrap();
    sound && repaired.is_empty()
}

#[test]
fn every_damage_to_one_file_is_repaired_from_the_other_and_told() {
    for (what, damage) in DAMAGES {
        for file in [0, 1] {
            let place = Place::new();
            let before = keys(&place.open().unwrap());
            place.change_one(file, damage);
            let (keyring, repaired) = place.open_used(SLOTS_AHEAD).unwrap();
            assert_eq!(keys(&keyring), before, "{what}");
            let [repaired] = &repaired[..] else { panic!("{what}: {repaired:?}") };
            assert_eq!(repaired.path, place.path(file), "{what}");
            assert!(repaired.header || repaired.slots > 0, "{what}");
            assert!(is_whole(&place), "{what}");
        }
    }
}

#[test]
fn a_missing_file_is_made_from_the_other() {
    for file in [0, 1] {
        let place = Place::new();
        let before = keys(&place.open().unwrap());
        fs::remove_file(place.path(file)).unwrap();
        let (keyring, repaired) = place.open_used(SLOTS_AHEAD).unwrap();
        assert_eq!(keys(&keyring), before);
        let slots = SLOTS_AHEAD as usize;
        assert_eq!(repaired, [Repaired { path: place.path(file), header: true, slots }]);
        assert!(is_whole(&place));
        // The repaired file carries the store alone.
        fs::remove_file(place.path(1 - file)).unwrap();
        assert_eq!(keys(&place.open().unwrap()), before);
        let mode = fs::metadata(place.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn damage_to_both_files_in_different_places_is_repaired() {
    let place = Place::new();
    let before = keys(&place.open().unwrap());
    place.change_one(0, |bytes| bytes[slot_at(7) + 3] ^= 1);
    place.change_one(0, |bytes| bytes[5] ^= 1);
    place.change_one(1, |bytes| bytes[slot_at(8)..slot_at(12)].fill(0));
    let (keyring, repaired) = place.open_used(SLOTS_AHEAD).unwrap();
    assert_eq!(keys(&keyring), before);
    assert_eq!(repaired.len(), 2);
    assert!(is_whole(&place));
}

#[test]
fn damage_to_both_files_in_one_place_is_refused_and_nothing_written() {
    for (what, damage) in DAMAGES {
        let place = Place::new();
        place.change(damage);
        let before = place.both();
        let refused = place.open_used(SLOTS_AHEAD).err();
        assert!(matches!(refused, Some(KeyringError::Damaged(_))), "{what}: {refused:?}");
        assert_eq!(place.both(), before, "{what}");
    }
}

#[test]
fn damage_to_slots_that_nobody_uses_is_mended_whatever_it_is() {
    for file in [Some(0), Some(1), None] {
        let place = Place::new();
        let spoil = |bytes: &mut Vec<u8>| {
            bytes[slot_at(9) + 50] ^= 2;
            bytes.extend([0xEE; 300]);
        };
        match file {
            Some(file) => place.change_one(file, spoil),
            None => place.change(spoil),
        }
        let (keyring, _) = place.open_used(8).unwrap();
        assert_eq!(keyring.fill_ahead(Slot(8)).unwrap(), SLOTS_AHEAD);
        assert_eq!(key(&place.open_used(1_032).unwrap().0, 9), key(&keyring, 9));
    }
}

#[test]
fn an_older_copy_of_one_file_is_brought_up_to_date() {
    let place = Place::new();
    let older = place.bytes(1);
    let keyring = place.open().unwrap();
    keyring.fill_ahead(Slot(800)).unwrap();
    keyring.erase(&[Slot(3)]).unwrap();
    let newest = key(&keyring, 1_800);
    fs::write(place.path(1), &older).unwrap();
    let (keyring, repaired) = place.open_used(1_824).unwrap();
    assert_eq!(key(&keyring, 1_800), newest);
    assert!(is_erased(&keyring, 3), "erased in either wins");
    assert_eq!(repaired.len(), 1);
    assert!(is_whole(&place));
    assert!(!holds(&place.both(), &older[slot_at(3) + 32..][..48]));
}

#[test]
fn a_file_under_another_master_key_is_rewritten_from_the_one_under_this() {
    let place = Place::new();
    let before = keys(&place.open().unwrap());
    let elsewhere = Place::new();
    let other = elsewhere.dir.path().join("other.key");
    // Other keys than those of `place`, whose chance begins alike.
    let master = MasterKey::create(&RealDisk, &other, &*elsewhere.sources.fill).unwrap();
    for file in [0, 1] {
        fs::remove_file(elsewhere.path(file)).unwrap();
    }
    Keyring::create(
        &RealDisk,
        elsewhere.dir.path(),
        STORE,
        &master,
        (&elsewhere.sources, Settings::default()),
    )
    .unwrap();
    fs::copy(elsewhere.path(0), place.path(0)).unwrap();
    let (keyring, repaired) = place.open_used(SLOTS_AHEAD).unwrap();
    assert_eq!(keys(&keyring), before);
    assert_eq!((repaired.len(), repaired[0].slots), (1, SLOTS_AHEAD as usize));
}

#[test]
fn a_key_that_no_fact_erased_is_damage_and_nothing_is_written() {
    let place = Place::new();
    place.open().unwrap().erase(&[Slot(7)]).unwrap();
    let before = place.both();
    let loaded = place.load(&place.master()).unwrap();
    let settled = loaded.settle(&RealDisk, Slot(9), |_| false, Settings::default());
    assert!(matches!(settled.err(), Some(KeyringError::ErasedAlone { slot: 7 })));
    assert_eq!(place.both(), before);
}

#[test]
fn two_keys_in_one_slot_are_damage() {
    let place = Place::new();
    let other = Place::new();
    fs::copy(place.dir.path().join("muster.key"), other.dir.path().join("muster.key")).unwrap();
    for file in [0, 1] {
        fs::remove_file(other.path(file)).unwrap();
    }
    // Drawn on, the chance of the other place yields other keys.
    let _spent: [u8; 64] = other.sources.random();
    Keyring::create(
        &RealDisk,
        other.dir.path(),
        STORE,
        &other.master(),
        (&other.sources, Settings::default()),
    )
    .unwrap();
    fs::copy(other.path(1), place.path(1)).unwrap();
    let refused = place.open_used(3).err();
    assert!(matches!(refused, Some(KeyringError::Damaged(Spot::Slot(1)))), "{refused:?}");
}

#[test]
fn slots_that_nobody_uses_yet_are_made_durable_again_by_every_start() {
    let place = Place::new();
    let before = place.bytes(0);
    let (keyring, repaired) = place.open_used(10).unwrap();
    assert_eq!(repaired, []);
    let after = place.bytes(0);
    let same = |slot| before[slot_at(slot)..][..SLOT_BYTES] == after[slot_at(slot)..][..SLOT_BYTES];
    assert!((1..=10).all(same), "slots in use are left alone");
    assert!(!(11..=SLOTS_AHEAD).any(same), "the others are wrapped again");
    assert!(key(&keyring, 11).is_some());
    assert_eq!(key(&place.open().unwrap(), 11), key(&keyring, 11));
}

#[test]
fn a_key_erased_in_either_file_is_erased_in_both() {
    for kept in [0, 1] {
        let place = Place::new();
        let older = place.bytes(kept);
        place.open().unwrap().erase(&[Slot(3)]).unwrap();
        assert!(is_erased(&place.open_used(SLOTS_AHEAD).unwrap().0, 3));
        fs::write(place.path(kept), &older).unwrap();
        let (keyring, repaired) = place.open_used(SLOTS_AHEAD).unwrap();
        assert!(is_erased(&keyring, 3), "file {kept}");
        assert_eq!((repaired.len(), &repaired[0].path), (1, &place.path(kept)));
        assert!(repaired[0].to_string().contains("repaired "), "{}", repaired[0]);
        assert!(is_whole(&place));
        assert!(!holds(&place.both(), &older[slot_at(3) + 32..][..48]));
    }
}
