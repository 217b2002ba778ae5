//! Facts are lost that said that keys are destroyed: a start notices, and a recovery that loses them says
//! it again, for the keys do not come back.

use std::fs;

use domain::fact::{Event, Part};
use domain::id::{Position, Slot};
use domain::system::{self, Purpose};
use domain::time::{Month, Timestamp};
use domain::user;

use super::house::*;
use crate::error::StoreError;
use crate::journal::segment_path;
use crate::keyring::{FILE_NAMES, KeyringError};
use crate::open::{Origins, SLED};
use crate::recover::Recovery;
use crate::views::{Gone, UserRow};

/// 2026-12-03.
const DECEMBER: Timestamp = Timestamp(START.0 + 9 * 86_400_000_000);

/// Zeros over everything from the last `frames` frames of the journal on, as if they had never been
/// written; and no sled that knows better.
fn lose(house: &House, frames: usize) {
    spoil(house, frames, |bytes| bytes.fill(0));
}

/// Changes the journal from its last frame but so many on, and takes sled away, which knows better.
fn spoil(house: &House, last: usize, change: impl FnOnce(&mut [u8])) {
    let path = segment_path(&house.path().join("journal"), 1);
    let mut bytes = fs::read(&path).unwrap();
    let sectors = (4_096..bytes.len()).step_by(512);
    let starts: Vec<usize> = sectors.filter(|at| bytes[*at..].starts_with(b"MUSTERFR")).collect();
    change(&mut bytes[starts[starts.len() - last]..]);
    fs::write(&path, bytes).unwrap();
    drop(fs::remove_dir_all(house.path().join(SLED)));
}

fn month_assigned(slot: u32, month: u32) -> Event {
    let purpose = Purpose::Month(Month(month));
    Event::System(system::Event::SlotAssigned { slot: Slot(slot), purpose })
}

/// Ada is erased by the last fact but one, a month forgotten by the last.
fn erased() -> (House, u32) {
    let house = House::new();
    let (store, mut writer) = house.open();
    let slot = store.next_free_slot().unwrap().0;
    write(&mut writer, vec![month_assigned(slot, 202_611)]).unwrap();
    write(&mut writer, vec![signed_up(1, "ada"), session_started(1, 1)]).unwrap();
    write(&mut writer, vec![signed_up(2, "bob")]).unwrap();
    house.set_wall(DECEMBER);
    write(&mut writer, vec![attribute(2, "a", "b")]).unwrap();
    let gone = [user::Event::Deleted, user::Event::Erased].map(|event| happened(1, event));
    write(&mut writer, gone.to_vec()).unwrap();
    let (slot, month) = (Slot(slot), Month(202_611));
    let forgotten = system::Event::OriginsForgotten { slot, month };
    write(&mut writer, vec![Event::System(forgotten)]).unwrap();
    store.close();
    (house, slot.0)
}

#[test]
fn a_lost_fact_that_destroyed_a_key_is_damage_and_not_a_torn_end() {
    for frames in [1, 2] {
        let (house, _) = erased();
        lose(&house, frames);
        let path = segment_path(&house.path().join("journal"), 1);
        let before = fs::read(&path).unwrap();
        let keyrings = FILE_NAMES.map(|name| fs::read(house.path().join(name)).unwrap());
        let refused = house.try_open().err();
        let alone = matches!(refused, Some(StoreError::Keys(KeyringError::ErasedAlone { .. })));
        assert!(alone, "{refused:?}");
        assert_eq!(fs::read(&path).unwrap(), before, "nothing was written");
        assert_eq!(FILE_NAMES.map(|name| fs::read(house.path().join(name)).unwrap()), keyrings);
    }
}

#[test]
fn a_recovery_that_loses_such_facts_says_again_what_is_destroyed() {
    let (house, month) = erased();
    // The frame of bob's attribute is damaged, so all behind it is lost as well.
    spoil(&house, 3, |bytes| bytes[200] ^= 1);
    let recovery = Recovery::look(&house.options(true)).unwrap();
    assert!(recovery.plan().lost.is_some());
    recovery.apply(true).unwrap();

    let (store, mut writer) = house.open_with(true).unwrap();
    let last = store.views().globals().position.0;
    let positions = [last - 2, last - 1, last].map(Position);
    let facts = store.facts(&positions, Origins::Leave).unwrap();
    assert_eq!(facts[0].name, "system.restored");
    let mut said: Vec<_> = facts[1..].iter().map(|fact| fact.name).collect();
    said.sort_unstable();
    assert_eq!(said, ["system.origins_forgotten", "user.erased"]);
    assert!(facts.iter().all(|fact| matches!(fact.body, Part::Open(_))));
    let is_erased =
        |row: Option<&UserRow>| matches!(row, Some(UserRow::Gone(Gone { erased: true, .. })));
    assert!(is_erased(store.views().user_row(id(1))));
    assert!(store.views().system().forgotten.contains(&Slot(month)));
    assert!(store.views().user(id(2)).is_some() && store.views().named("ada").is_none());
    write(&mut writer, vec![signed_up(3, "ada")]).unwrap();
    let (report, rebuilt) = store.verify().unwrap();
    assert_eq!(report.findings, Vec::<String>::new());
    assert_eq!(writer.compare(rebuilt.unwrap()).unwrap(), Vec::<String>::new());
    drop((store, writer));
    house.open_with(true).unwrap();
}

#[test]
fn a_slot_whose_owner_was_lost_with_the_key_is_given_another() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada")]).unwrap();
    write(&mut writer, vec![signed_up(2, "bob")]).unwrap();
    let gone = [user::Event::Deleted, user::Event::Erased].map(|event| happened(2, event));
    write(&mut writer, gone.to_vec()).unwrap();
    let slot = store.views().user_row(id(2)).unwrap().slot();
    store.close();
    drop((store, writer));
    spoil(&house, 2, |bytes| bytes[200] ^= 1);
    Recovery::look(&house.options(true)).unwrap().apply(true).unwrap();
    let (store, mut writer) = house.open_with(true).unwrap();
    assert!(store.views().user_row(id(2)).is_none(), "bob's birth is lost");
    assert_eq!(store.next_free_slot(), slot);
    write(&mut writer, vec![signed_up(3, "cleo")]).unwrap();
    assert_eq!(store.views().user_row(id(3)).unwrap().slot(), slot);
    drop((store, writer));
    assert!(house.open_with(true).unwrap().0.views().named("cleo").is_some());
}
