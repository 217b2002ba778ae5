//! Turns: what is decided is seen by the turn at once, by others when it is durable, or never.

use std::sync::Arc;

use domain::actor::Actor;
use domain::fact::{Event, Part};
use domain::id::Position;
use domain::user;

use super::house::*;
use crate::journal::testing::{FailingDisk, Op};
use crate::notice::Notice;
use crate::turn::{COMMAND_FACTS_MAX, CommitError, Fit};

#[test]
fn a_turn_sees_its_own_facts_and_nobody_else_does_before_the_commit() {
    let house = House::new();
    let (store, mut writer) = house.open();
    let before = store.views().globals().position;
    writer
        .turn(|turn| {
            let signature = signature(turn.tick(), Actor::System);
            turn.record(&signature, vec![signed_up(1, "ada")]);
            assert_eq!(turn.draft().holders("ada").0, Some(id(1)));
            turn.record(&signature, vec![happened(1, user::Event::Locked)]);
            assert!(turn.draft().user(id(1)).unwrap().locked);
            assert_eq!(store.views().globals().position, before);
        })
        .unwrap();
    assert!(store.views().user(id(1)).unwrap().locked);
    assert_eq!(store.views().globals().position, Position(before.0 + 2));
}

#[test]
fn a_turn_that_the_disk_refuses_leaves_no_trace() {
    let disk = FailingDisk::new();
    let house = House::empty(Arc::new(disk.clone()));
    house.create().unwrap();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada")]).unwrap();
    let (digest, anchor) = (store.views().digest(), store.clock().now());
    let mut failures = 1;
    // Others sync beside the writer: the helper that makes the next segment, and sled.
    disk.fail_when(move |path, op| {
        let fail = op == Op::Sync && path.ends_with("00000001.mj") && failures > 0;
        failures -= i32::from(fail);
        fail
    });
    let refused = write(&mut writer, vec![signed_up(2, "bob")]);
    assert!(matches!(refused, Err(CommitError::NotDone(_))), "{refused:?}");
    assert_eq!(store.views().digest(), digest);
    assert_eq!(store.clock().now(), anchor);
    disk.recover();
    write(&mut writer, vec![signed_up(3, "cleo")]).expect("the next turn is written elsewhere");
    let digest = store.views().digest();
    drop((store, writer));
    let (store, _writer) = house.open();
    assert_eq!(store.views().digest(), digest);
    assert!(store.views().user(id(2)).is_none());
}

#[test]
fn one_command_has_a_limit_of_facts_and_a_turn_ends_before_it_would_be_passed() {
    let house = House::new();
    let (_store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada")]).unwrap();
    let many = |count: usize| vec![attribute(1, "n", "1"); count];
    writer
        .turn(|turn| {
            assert_eq!(turn.fit(&many(COMMAND_FACTS_MAX + 1)), Fit::Never);
            assert_eq!(turn.fit(&many(COMMAND_FACTS_MAX)), Fit::Now);
            let signature = signature(turn.tick(), Actor::System);
            turn.record(&signature, many(100));
            assert_eq!(turn.fit(&many(COMMAND_FACTS_MAX)), Fit::NextTurn);
            assert_eq!(turn.fit(&many(10)), Fit::Now);
            let huge = "x".repeat(1 << 20);
            assert_eq!(turn.fit(&[attribute(1, "huge", &huge)]), Fit::Never);
        })
        .unwrap();
}

#[test]
fn a_long_value_stays_in_the_log_and_is_read_from_there() {
    let house = House::new();
    let (store, mut writer) = house.open();
    let long = format!("\"{}\"", "x".repeat(900_000));
    write(&mut writer, vec![signed_up(1, "ada"), attribute(1, "essay", &long)]).unwrap();
    let user = store.views().user(id(1)).cloned().unwrap();
    let (_, held) = user.attributes.iter().next().unwrap();
    let domain::attributes::Value::Logged(position) = held.value else {
        panic!("a long value is not held")
    };
    let fact = store.fact(position).unwrap();
    let Part::Open(Event::User(_, user::Event::AttributeSet { value: Some(value), .. })) =
        fact.body
    else {
        panic!("the position is that of the fact")
    };
    assert_eq!(*value, *long);
}

#[test]
fn births_find_keys_however_many_there_are() {
    let house = House::new();
    let (store, mut writer) = house.open();
    for turn in 0..12_u128 {
        let births = (0..200).map(|n| turn * 200 + n + 10);
        let births = births.map(|n| signed_up(n, &format!("user-{n}"))).collect();
        write(&mut writer, births).unwrap();
    }
    assert_eq!(store.views().everybody().count(), 2_402);
    let digest = store.views().digest();
    drop((store, writer));
    assert_eq!(house.open().0.views().digest(), digest);
}

#[test]
fn keys_that_cannot_be_made_ahead_are_told_once() {
    let disk = FailingDisk::new();
    let house = House::empty(Arc::new(disk.clone()));
    house.create().unwrap();
    let told = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let (store, mut writer) =
        house.open_telling(Arc::new(move |notice| telling.lock().push(notice.clone())));
    disk.fail_when(|name, _| name.starts_with("keyring"));
    // 1,024 keys are there from the start; at less than 256 a turn makes some before it begins.
    for hundred in 1..=9 {
        let born = (1..=100).map(|n| signed_up(100 * hundred + n, &format!("u{hundred}x{n}")));
        write(&mut writer, born.collect()).unwrap();
    }
    let of_keys = || {
        let told = told.lock();
        told.iter().filter(|notice| matches!(notice, Notice::NoKeysAhead { .. })).count()
    };
    assert_eq!(of_keys(), 1);
    disk.recover();
    write(&mut writer, (1..=100).map(|n| signed_up(n, &format!("late{n}"))).collect()).unwrap();
    assert!(store.next_free_slot().is_some());
    assert_eq!(of_keys(), 1);
}
