//! What is decided about the store as a whole, and what is told of it.

use super::*;
use crate::description::{Change, Description, Shown};
use crate::scenario::*;

const NOVEMBER: Purpose = Purpose::Month(Month(202_311));

#[test]
fn a_purpose_is_given_one_slot() {
    let world = nothing()
        .when(Command::AssignSlot { slot: Slot(9), purpose: NOVEMBER })
        .then([Event::SlotAssigned { slot: Slot(9), purpose: NOVEMBER }])
        .when(Command::AssignSlot { slot: Slot(10), purpose: NOVEMBER })
        .then_nothing();
    assert_eq!(world.system().slot(NOVEMBER), Some(Slot(9)));
    assert_eq!(world.system().slot(Purpose::Month(Month(202_312))), None);
    world
        .when(Command::AssignSlot { slot: Slot(10), purpose: Purpose::Index })
        .then([Event::SlotAssigned { slot: Slot(10), purpose: Purpose::Index }]);
}

#[test]
fn a_slot_assigned_later_takes_the_place_of_the_earlier_one() {
    let assigned = |slot| Event::SlotAssigned { slot: Slot(slot), purpose: Purpose::Codes };
    assert_eq!(given([assigned(1), assigned(9)]).system().slot(Purpose::Codes), Some(Slot(9)));
}

#[test]
fn applications_are_numbered_from_one_in_the_order_they_come() {
    let named = |number, text| Event::ApplicationNamed { number, name: name(text) };
    let world = nothing()
        .when(Command::NameApplication(name("crm")))
        .then([named(1, "crm")])
        .when(Command::NameApplication(name("shop")))
        .then([named(2, "shop")])
        .when(Command::NameApplication(name("crm")))
        .then_nothing();
    let system = world.system();
    assert_eq!((system.application("shop"), system.application("nowhere")), (Some(2), None));
    assert_eq!(system.application_name(2), Some(&name("shop")));
    assert_eq!((system.application_name(0), system.application_name(3)), (None, None));
}

#[test]
fn there_are_at_most_as_many_applications_as_numbers() {
    let named = |number: u16| System {
        applications: (0..number).map(|n| name(&format!("app {n}"))).collect(),
        ..System::default()
    };
    let one_more = || Command::NameApplication(name("one more"));
    assert_eq!(
        decide(&named(u16::MAX - 1), one_more()),
        Ok(vec![Event::ApplicationNamed { number: u16::MAX, name: name("one more") }])
    );
    assert_eq!(
        decide(&named(u16::MAX), one_more()),
        Err(unacceptable("application", ValueFault::OutOfRange))
    );
}

#[test]
fn rebuilds_and_clock_jumps_are_put_on_record_each_time() {
    let rebuilt = Event::ViewsRebuilt { facts: 17, digest: [0xAB; 32] };
    let jumped = Event::ClockJumped { expected: at(0), read: at(9) };
    for _ in 0..2 {
        nothing()
            .when(Command::NoteRebuild { facts: 17, digest: [0xAB; 32] })
            .then([rebuilt.clone()])
            .when(Command::NoteClockJump { expected: at(0), read: at(9) })
            .then([jumped.clone()]);
    }
}

#[test]
fn a_restore_says_from_where_the_log_goes_on() {
    let restored = Restored { epoch: 2, position: Position(17), root: [0xAB; 32] };
    let world = nothing().when(Command::NoteRestore(restored)).then([Event::Restored(restored)]);
    let holds = |epoch, position| world.system().still_holds(epoch, Position(position));
    assert!(holds(1, 17) && !holds(1, 18), "what epoch 1 had beyond is void");
    assert!(holds(2, 18) && holds(3, 18));
    assert_eq!(
        describe(&Event::Restored(restored)),
        Description::new(
            format!("Epoch 2 goes on from position 17, root {}", "ab".repeat(32)),
            vec![Change::new("epoch", None, Shown::text("2"))],
        )
    );
}

#[test]
fn months_before_the_present_one_are_forgotten_once_each() {
    let gone = |slot, month| Event::OriginsForgotten { slot: Slot(slot), month: Month(month) };
    let forget = |before| Command::ForgetOrigins { before: Month(before) };
    let too_late = unacceptable("before", ValueFault::OutOfRange);
    let world = given([month(9, 202_309), month(10, 202_310), month(11, 202_311)])
        .when(forget(202_310))
        .then([gone(9, 202_309)])
        .when(forget(202_310))
        .then_nothing()
        .when(forget(202_312))
        .then_rejected(too_late.clone())
        .when(forget(202_311))
        .then([gone(10, 202_310)]);
    assert_eq!(world.system().forgotten.iter().map(|slot| slot.0).collect::<Vec<_>>(), [9, 10]);
    assert_eq!(world.system().slot(Purpose::Month(Month(202_309))), Some(Slot(9)), "still so");
    nothing().when(forget(202_309)).then_rejected(too_late);
    assert_eq!(
        describe(&gone(9, 202_309)),
        Description::new(
            "Where everybody was in 2023-09 was forgotten: key slot 9 is destroyed",
            vec![Change::new("key_slots.9", Shown::text("the origins of 2023-09"), None)],
        )
    );
}

#[test]
fn an_export_says_what_was_taken_away() {
    let exported = Exported { from: Position(3), to: Position(17), digest: [0xAB; 32] };
    nothing().when(Command::NoteExport(exported)).then([Event::EventsExported(exported)]);
    assert_eq!(
        describe(&Event::EventsExported(exported)),
        Description::new(
            format!("Positions 3 to 17 were exported, digest {}", "ab".repeat(32)),
            vec![],
        )
    );
}

#[test]
fn a_birth_names_the_default_organization() {
    let world = given([Event::Bootstrapped { organization: HOME, name: name("default") }]);
    assert_eq!(world.system().default_organization, Some((HOME, name("default"))));
}

#[test]
fn what_happened_to_the_store_is_told_with_its_figures() {
    let sentence = |event: &Event| describe(event).sentence;
    assert_eq!(
        describe(&Event::Bootstrapped { organization: HOME, name: name("default") }),
        Description::new(
            "The store was created, with \"default\" as its default organization",
            vec![Change::new("default_organization", None, Shown::text(&HOME))],
        )
    );
    assert_eq!(
        describe(&Event::SlotAssigned { slot: Slot(9), purpose: NOVEMBER }),
        Description::new(
            "Key slot 9 was put to use for the origins of 2023-11",
            vec![Change::new("key_slots.9", None, Shown::text("the origins of 2023-11"))],
        )
    );
    for purpose in Purpose::STANDING {
        let told = sentence(&Event::SlotAssigned { slot: Slot(1), purpose });
        assert!(told.len() > "Key slot 1 was put to use for ".len(), "{told}");
    }
    assert_eq!(
        describe(&Event::ApplicationNamed { number: 2, name: name("shop") }),
        Description::new(
            "The application \"shop\" was given the number 2",
            vec![Change::new("applications.2", None, Shown::text("shop"))],
        )
    );
    assert_eq!(
        sentence(&Event::ViewsRebuilt { facts: 17, digest: [0x0B; 32] }),
        format!("The projections were rebuilt from 17 facts, digest {}", "0b".repeat(32))
    );
    assert_eq!(
        describe(&Event::ClockJumped { expected: at(0), read: at(9) }),
        Description::new(
            "The clock jumped forward by 9.000 s",
            vec![Change::new("clock", Shown::Time(at(0)), Shown::Time(at(9)))],
        )
    );
    let back = Event::ClockJumped { expected: at(0), read: Timestamp(at(-1).0 - 5_000) };
    assert_eq!(sentence(&back), "The clock jumped back by 1.005 s");
}
