//! sled follows, and answers stay right when it is behind, gone or wrong.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::id::Position;
use parking_lot::Mutex;

use super::house::*;
use crate::error::StoreError;
use crate::log;
use crate::notice::Notice;
use crate::open::{Origins, SLED, Store};

fn all(store: &Store) -> Vec<domain::fact::Fact> {
    let last = store.views().globals().position.0;
    let positions: Vec<Position> = (1..=last).map(Position).collect();
    store.facts(&positions, Origins::Open).unwrap()
}

/// Waits for the filler, by asking it; a minute is not a while but the end of patience.
#[expect(clippy::disallowed_methods, reason = "a test gives up after a real minute")]
fn filled(store: &Store) {
    let last = store.views().globals().position.0;
    let patience = Instant::now() + Duration::from_mins(1);
    while store.follower().filled() < last {
        assert!(Instant::now() < patience, "sled is not filled");
        std::thread::yield_now();
    }
}

fn written(house: &House) -> (Arc<Store>, crate::Writer) {
    let (store, mut writer) = house.open();
    for n in 1..=60 {
        let facts = vec![signed_up(n, &format!("user-{n}")), attribute(n, "a", "\"b\"")];
        write(&mut writer, facts).unwrap();
    }
    (store, writer)
}

#[test]
fn facts_are_the_same_from_the_journal_and_from_sled() {
    let house = House::new();
    let (store, writer) = written(&house);
    let before = all(&store);
    filled(&store);
    assert_eq!(all(&store), before);
    store.close();
    assert_eq!(all(&store), before, "a store that is closing reads the journal");
    drop((writer, store));
    let (store, _writer) = house.open();
    assert_eq!(store.follower().filled(), before.len() as u64, "closing fills what is left");
    assert_eq!(all(&store), before);
    let (report, _) = store.verify().unwrap();
    assert_eq!((report.sled_facts, report.findings), (before.len() as u64, Vec::new()));
}

#[test]
fn sled_may_be_deleted_and_is_filled_anew() {
    let house = House::new();
    let (store, writer) = written(&house);
    let before = all(&store);
    drop((writer, store));
    fs::remove_dir_all(house.path().join(SLED)).unwrap();
    let (store, _writer) = house.open();
    assert_eq!(all(&store), before);
    filled(&store);
    assert_eq!(all(&store), before);
}

#[test]
fn a_damaged_sled_is_set_aside_and_changes_no_answer() {
    let house = House::new();
    let (store, writer) = written(&house);
    let before = all(&store);
    drop((writer, store));
    let db = house.path().join(SLED).join("db");
    let mut bytes = fs::read(&db).unwrap();
    for at in (0..bytes.len()).step_by(101) {
        bytes[at] ^= 0x10;
    }
    fs::write(&db, bytes).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let (store, _writer) = house.open_telling({
        let told = Arc::clone(&told);
        Arc::new(move |notice: &Notice| told.lock().push(notice.clone()))
    });
    assert_eq!(all(&store), before);
    filled(&store);
    assert_eq!(all(&store), before);
    let told = told.lock();
    assert!(
        told.iter().any(|notice| matches!(notice, Notice::Sled(log::Notice::SetAside { .. }))),
        "{told:?}"
    );
}

#[test]
fn a_journal_that_lacks_what_sled_has_is_damage() {
    let house = House::new();
    let (store, writer) = written(&house);
    drop((writer, store));
    // As if the last frame had never reached the disk, although sled has its facts.
    let path = house.path().join("journal/00000001.mj");
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let start = bytes[..end].windows(8).rposition(|window| window == b"MUSTERFR").unwrap();
    bytes[start..end].fill(0);
    fs::write(&path, bytes).unwrap();
    match house.try_open() {
        Err(StoreError::Damage(damage)) => {
            assert_eq!(damage.position, 12 + 2 * 59 + 1, "{damage}");
        }
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("acknowledged facts were lost and nobody was told"),
    }
}
