//! Rebuild and verify: equal views are called equal, others are found, told and replaced.

use std::fs;

use domain::id::Position;
use domain::user;

use super::house::*;
use crate::open::Origins;
use crate::views::Rows;
use crate::views::table::Table;

#[test]
fn rebuilt_views_are_the_serving_ones() {
    let house = House::new();
    let (store, mut writer) = house.open();
    for n in 1..40 {
        let facts = vec![signed_up(n, &format!("user-{n}")), session_started(n, n)];
        write(&mut writer, facts).unwrap();
    }
    let rebuilt = store.rebuild().unwrap();
    assert_eq!(rebuilt.digest(), store.views().digest());
    assert_eq!(rebuilt.facts(), store.views().globals().position.0);
    // What comes between the fold and the swap is caught up.
    write(&mut writer, vec![happened(7, user::Event::Locked), signed_up(99, "late")]).unwrap();
    assert_eq!(writer.swap(rebuilt).unwrap(), Vec::<String>::new());
    assert!(store.views().user(id(7)).unwrap().locked);
    assert!(store.views().named_exactly("late").is_some());
}

#[test]
fn a_row_that_no_fact_explains_is_found_and_gone_after_the_swap() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada"), signed_up(2, "bob")]).unwrap();
    let right = store.views().digest();
    {
        let mut views = store.views_lock().write();
        let ada = views.user(id(1)).cloned().unwrap();
        let mut forged = domain::user::User::clone(&ada);
        forged.locked = true;
        views.users().put(id(1), crate::views::UserRow::Live(forged.into()));
        views.users().put(id(77), crate::views::UserRow::Live(ada));
    }
    let found = writer.compare(store.rebuild().unwrap()).unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_ne!(store.views().digest(), right, "comparing changes nothing");
    assert_eq!(writer.swap(store.rebuild().unwrap()).unwrap().len(), 2);
    assert_eq!(store.views().digest(), right);
    assert!(writer.compare(store.rebuild().unwrap()).unwrap().is_empty());
}

#[test]
fn a_missing_row_is_found() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada"), session_started(1, 1)]).unwrap();
    store.views_lock().write().user_sessions().remove(&id(1));
    let found = writer.compare(store.rebuild().unwrap()).unwrap();
    assert_eq!(found.len(), 2, "it differs, and there are too few: {found:?}");
}

#[test]
fn verify_counts_what_it_checked_and_names_what_is_wrong() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada")]).unwrap();
    let (report, rebuilt) = store.verify().unwrap();
    assert_eq!((report.facts, report.frames), (13, 2));
    assert!(report.findings.is_empty());
    assert!(writer.compare(rebuilt.unwrap()).unwrap().is_empty());

    let path = house.path().join("journal/00000001.mj");
    let mut bytes = fs::read(&path).unwrap();
    bytes[4_096 + 100] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (report, rebuilt) = store.verify().unwrap();
    assert!(rebuilt.is_none());
    assert!(report.findings[0].contains("00000001.mj"), "{:?}", report.findings);
    assert!(report.findings[0].contains("position 1"), "{:?}", report.findings);
}

#[test]
fn a_fact_is_read_by_its_position_alone() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada"), happened(1, user::Event::Locked)]).unwrap();
    let positions = [Position(1), Position(13), Position(14)];
    let names: Vec<_> = store
        .facts(&positions, Origins::Open)
        .unwrap()
        .into_iter()
        .map(|fact| match fact.body {
            domain::fact::Part::Open(event) => event.name(),
            domain::fact::Part::Erased => "erased",
        })
        .collect();
    assert_eq!(names, ["system.bootstrapped", "user.signed_up", "user.locked"]);
    assert!(store.fact(Position(15)).is_err());
}
