//! What is erased cannot be read by whoever holds the master key and every byte of the data directory.
//!
//! [`attacker`](muster_tests::attacker) has copies from before and after, and tries every key of either on
//! everything that was ever sealed for the person. It reads all of it with the copy from before, and must
//! read nothing with one from after: neither at the answer, nor after a start that repairs.

mod house;

use muster_tests::attacker::{Copy, Loot, Record};

use house::House;

/// What is held, as a sentence each; the first that does not hold comes back.
fn held(name: &str) -> Result<(), String> {
    let mut house = House::new(name);
    let ada = house.person("ada", "Turin");
    let bob = house.person("bob", "Padua");
    house.act_on(ada, bob);
    let slot = house.slot_of(ada);
    let before = house.copy();
    house.erase(ada);
    let after = house.copy();

    let records = after.records();
    let [payloads, origins] = sealed(&records, slot);
    hold(payloads >= 6 && origins >= 3, || format!("{payloads} payloads, {origins} origins"))?;
    let loot = before.attack(&records, slot);
    let whole = loot.payloads.len() == payloads && loot.origins.len() == origins;
    hold(whole, || format!("the copy from before opens {}", told(&loot)))?;
    hold(says(&loot.payloads, "Turin") && says(&loot.origins, house::ADDRESS), || {
        "what is opened is not what was written".to_owned()
    })?;
    nothing("at the answer", &after, &records, slot)?;
    let [payloads, origins] = sealed(&records, house.slot_of(bob));
    let loot = after.attack(&records, house.slot_of(bob));
    hold((loot.payloads.len(), loot.origins.len()) == (payloads, origins), || {
        format!("of somebody else {} opens", told(&loot))
    })?;

    // One file comes back from before: erased in either wins, and a repair copies no destroyed key.
    for file in ["keyring.b", "keyring.a"] {
        house.put_back(&before, file);
        nothing(&format!("after a start that found an old {file}"), &house.copy(), &records, slot)?;
    }
    Ok(())
}

fn hold(condition: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what()) }
}

/// Nothing opens, in the log or anywhere: the very key is in no slot and nowhere else in the files.
fn nothing(when: &str, copy: &Copy, records: &[Record], slot: u32) -> Result<(), String> {
    let loot = copy.attack(records, slot);
    let is_gone = !copy.keys().iter().any(|(of, _)| *of == slot);
    hold(is_gone || loot != Loot::default(), || format!("{when} a key opens"))?;
    hold(loot == Loot::default(), || format!("{when} {} opens", told(&loot)))
}

/// How many parts are sealed for the owner of a slot: payloads and origins.
fn sealed(records: &[Record], slot: u32) -> [usize; 2] {
    let mut counts = [0; 2];
    for record in records {
        for (count, is_sealed) in counts.iter_mut().zip(record.is_sealed_for(slot)) {
            *count += usize::from(is_sealed);
        }
    }
    counts
}

fn says(parts: &[Vec<u8>], text: &str) -> bool {
    parts.iter().any(|part| part.windows(text.len()).any(|window| window == text.as_bytes()))
}

fn told(loot: &Loot) -> String {
    format!("{} payloads and {} origins", loot.payloads.len(), loot.origins.len())
}

#[cfg(not(feature = "planted-bugs"))]
#[test]
fn nothing_of_an_erased_person_opens_with_any_key_that_is_left() {
    held("erased").unwrap();
}

/// Where anybody was in a month that was forgotten cannot be read; all else can.
fn months_are_held() {
    let mut house = House::new("forgotten");
    let ada = house.person("ada", "Turin");
    let before = house.copy();
    house.next_month();
    let bob = house.person("bob", "Padua");
    house.act_on(ada, bob);
    let kept = house.copy().records().len();
    house.forget_months_before_this();
    let after = house.copy();

    let (records, slot) = (after.records(), house.slot_of(ada));
    let (old, new) = records.split_at(before.records().len());
    let opened = |copy: &Copy, records: &[Record]| copy.attack(records, slot);
    let [payloads, origins] = sealed(old, slot);
    assert!(payloads >= 3 && origins >= 2, "{payloads} {origins}");
    let loot = opened(&before, old);
    assert_eq!((loot.payloads.len(), loot.origins.len()), (payloads, origins));
    assert!(says(&loot.origins, house::ADDRESS));
    let loot = opened(&after, old);
    assert_eq!((loot.payloads.len(), loot.origins.len()), (payloads, 0), "what happened stays");
    let [_, origins] = sealed(new, slot);
    assert_eq!(opened(&after, new).origins.len(), origins, "this month stays");
    assert!(origins > 0 && records.len() > kept);
}

#[cfg(not(feature = "planted-bugs"))]
#[test]
fn nobodys_whereabouts_of_a_forgotten_month_open_with_any_key_that_is_left() {
    months_are_held();
}

/// Each of these mistakes makes the attack succeed, or the test shows nothing.
#[cfg(feature = "planted-bugs")]
#[test]
fn every_planted_mistake_of_erasing_lets_the_attacker_in() {
    use store::planted::{Planted, choose};
    assert_eq!(held("planted-none"), Ok(()));
    months_are_held();
    for (bug, when) in [
        (Planted::KeyMarkedOnly, "at the answer"),
        (Planted::SecondFileKept, "at the answer"),
        (Planted::ErasedLater, "at the answer"),
        (Planted::RepairRevives, "after a start that found an old keyring.b"),
    ] {
        choose(Some(bug));
        let held = held(&format!("planted-{}", bug.name()));
        choose(None);
        let caught = held.expect_err(bug.name());
        assert!(caught.starts_with(when) && caught.ends_with("opens"), "{}: {caught}", bug.name());
        println!("{}: {caught}", bug.name());
    }
}
