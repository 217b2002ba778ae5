//! First starts, later starts, and starts that must not be.

use std::fs;
use std::sync::Arc;

use domain::time::Span;

use super::house::*;
use crate::clock::AHEAD_MAX;
use crate::error::StoreError;
use crate::journal::disk::RealDisk;
use crate::keyring::KeyringError;
use crate::open::{FORMAT, MASTER_KEY};

#[test]
fn a_first_start_makes_two_users_and_their_keys() {
    let house = House::new();
    let (store, _writer) = house.open();
    let views = store.views();
    assert!(views.named_exactly("admin").is_some());
    assert!(views.named_exactly("muster-admin").is_some());
    assert_eq!(views.globals().position.0, 12);
    assert_eq!(views.globals().slot_highest.0, 6);
    assert!(views.system().default_organization.is_some());
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada"), attribute(1, "phone", "\"1\"")]).unwrap();
    let before = store.views().digest();
    drop((writer, store));
    let (store, _writer) = house.open();
    assert_eq!(store.views().digest(), before);
    assert_eq!(store.views().named("ADA").unwrap().attributes.size(), 1);
}

#[test]
fn a_directory_is_held_by_one_process_at_a_time() {
    let house = House::new();
    let held = house.open();
    assert!(matches!(house.try_open(), Err(StoreError::InUse { .. })));
    drop(held);
    assert!(house.try_open().is_ok());
}

#[test]
fn a_store_is_made_once() {
    let house = House::new();
    assert!(matches!(house.create(), Err(StoreError::AlreadyInitialised { .. })));
}

#[test]
fn a_directory_without_a_store_says_so() {
    let house = House::empty(Arc::new(RealDisk));
    assert!(matches!(house.try_open(), Err(StoreError::NotInitialised { .. })));
}

#[test]
fn a_first_start_that_did_not_finish_is_begun_anew_and_keeps_its_master_key() {
    let house = House::new();
    let key = fs::read(house.path().join(MASTER_KEY)).unwrap();
    fs::remove_file(house.path().join("store")).unwrap();
    assert!(matches!(house.try_open(), Err(StoreError::NotInitialised { .. })));
    house.create().expect("begun anew");
    assert_eq!(fs::read(house.path().join(MASTER_KEY)).unwrap(), key);
    house.open();
}

#[test]
fn facts_without_the_file_that_says_whose_they_are_are_never_replaced() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada")]).unwrap();
    drop((writer, store));
    fs::remove_file(house.path().join("store")).unwrap();
    assert!(matches!(house.try_open(), Err(StoreError::Damaged { .. })));
    assert!(matches!(house.create(), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_store_without_its_journal_or_keys_does_not_start_on_nothing() {
    let house = House::new();
    let key = house.path().join(MASTER_KEY);
    fs::rename(&key, house.path().join("elsewhere")).unwrap();
    let missing = house.try_open();
    assert!(matches!(missing, Err(StoreError::Keys(KeyringError::MasterKeyMissing { .. }))));
    assert!(!key.exists(), "no other key is made");
    fs::rename(house.path().join("elsewhere"), &key).unwrap();
    fs::rename(house.path().join("journal"), house.path().join("away")).unwrap();
    assert!(matches!(house.try_open(), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_store_of_another_format_or_a_spoiled_one_is_refused() {
    let house = House::new();
    let path = house.path().join("store");
    let bytes = fs::read(&path).unwrap();
    let mut spoiled = bytes.clone();
    spoiled[20] ^= 4;
    fs::write(&path, spoiled).unwrap();
    assert!(matches!(house.try_open(), Err(StoreError::Damaged { .. })));
    let mut other = bytes;
    other[8] = 9;
    let crc = crc32c::crc32c(&other[..36]).to_le_bytes();
    other[36..].copy_from_slice(&crc);
    fs::write(&path, other).unwrap();
    assert_ne!(FORMAT, 9);
    assert!(matches!(house.try_open(), Err(StoreError::UnknownFormat { format: 9 })));
}

#[test]
fn a_clock_far_behind_the_last_fact_stops_the_start_unless_it_is_accepted() {
    let house = House::new();
    house.set_wall(START.before(AHEAD_MAX).before(Span::secs(1)));
    assert!(matches!(house.try_open(), Err(StoreError::ClockBehind)));
    let (store, mut writer) = house.open_with(true).expect("accepted");
    write(&mut writer, vec![signed_up(1, "ada")]).unwrap();
    assert!(store.views().globals().at > START, "time goes on from the last fact");
}

#[test]
fn a_master_key_that_never_reached_the_disk_is_drawn_again_and_any_other_file_is_kept() {
    for lost in [&b""[..], &[0; 85]] {
        let house = House::empty(Arc::new(RealDisk));
        fs::write(house.path().join(MASTER_KEY), lost).unwrap();
        house.create().expect("a first start");
        house.open();
    }
    let house = House::empty(Arc::new(RealDisk));
    fs::write(house.path().join(MASTER_KEY), b"something of mine\n").unwrap();
    let refused = house.create();
    assert!(matches!(refused, Err(StoreError::Keys(KeyringError::MasterKeyUnreadable { .. }))));
    assert_eq!(fs::read(house.path().join(MASTER_KEY)).unwrap(), b"something of mine\n");
}
