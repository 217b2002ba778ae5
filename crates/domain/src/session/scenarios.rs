//! What applications keep with a session (Zato's contract, sections 4.24, 6.11), and how sessions are told.

use crate::attributes::{Attribute, NewAttribute, SESSION_ATTRIBUTES_MAX, SetMode, Value};
use crate::description::{Change, Description, Shown};
use crate::rejection::{Rejection, ValueFault};
use crate::scenario::*;
use crate::session::{Command, EndReason, Event, attribute_key, describe};
use crate::time::Timestamp;

#[test]
fn an_attribute_of_a_session_is_created_once_and_updated_only_if_it_is_there() {
    let world = open()
        .when(set(SetMode::Update, [attribute("a", "0")]))
        .then_rejected(Rejection::NoSuchAttribute)
        .when(set(SetMode::Create, [attribute("a", "1")]))
        .then([session_attribute_set("a", "1")])
        .when(set(SetMode::Create, [attribute("a", "2")]))
        .then_rejected(Rejection::AttributeExists)
        .when(set(SetMode::Update, [attribute("a", "3")]))
        .then([session_attribute_set("a", "3")]);
    let kept = Attribute {
        value: Value::Held("3".into()),
        encrypted: false,
        expires: Timestamp::NEVER,
        created: at(2),
        modified: at(4),
    };
    assert_eq!(found(&world, "a"), Some(&kept));
    assert_eq!(world.find_session(SESSION).unwrap().version, 3);
}

#[test]
fn all_attributes_of_a_command_are_set_or_none() {
    let world = open()
        .and(session_attribute_set("b", "1"))
        .when(set(SetMode::Create, [attribute("a", "1"), attribute("b", "2")]))
        .then_rejected(Rejection::AttributeExists);
    assert_eq!(found(&world, "a"), None);
}

#[test]
fn an_update_without_a_value_keeps_the_present_one() {
    let kept = NewAttribute { value: None, encrypted: true, ..attribute("a", "1") };
    let world = open()
        .and(session_attribute_set("a", "1"))
        .when(set(SetMode::Update, [kept.clone()]))
        .then([Event::AttributeSet {
            name: name("a"),
            value: None,
            encrypted: true,
            expires: Timestamp::NEVER,
        }]);
    let attribute = found(&world, "a").unwrap();
    assert_eq!((&attribute.value, attribute.encrypted), (&Value::Held("1".into()), true));
    open().when(set(SetMode::Put, [kept])).then_rejected(Rejection::Unacceptable {
        field: "attribute.value",
        fault: ValueFault::Empty,
    });
}

#[test]
fn an_expired_attribute_of_a_session_is_absent() {
    let brief = NewAttribute { expires: Some(at(5)), ..attribute("a", "1") };
    let world = open().when(set(SetMode::Create, [brief])).then_accepted().0.at(at(5));
    world.clone().when(remove(["a"])).then_nothing();
    world
        .clone()
        .when(set(SetMode::Update, [attribute("a", "2")]))
        .then_rejected(Rejection::NoSuchAttribute);
    let world = world.when(set(SetMode::Create, [attribute("a", "2")])).then_accepted().0;
    assert_eq!(found(&world, "a").map(|attribute| attribute.created), Some(at(5)));
}

#[test]
fn a_session_has_so_many_attributes_at_a_time_and_expired_ones_take_no_room() {
    let named = |from: usize, to: usize, expires| {
        let item = |n| NewAttribute { expires: Some(expires), ..attribute(&format!("a{n}"), "1") };
        Command::SetAttributes { items: (from..to).map(item).collect(), mode: SetMode::Put }
    };
    let brief = SESSION_ATTRIBUTES_MAX - 1;
    let full = open()
        .when(named(0, brief, at(20)))
        .then_accepted()
        .0
        .when(named(brief, SESSION_ATTRIBUTES_MAX, at(50)))
        .then_accepted()
        .0;
    let one_more = || named(SESSION_ATTRIBUTES_MAX, SESSION_ATTRIBUTES_MAX + 1, at(50));
    let full = full
        .when(one_more())
        .then_rejected(Rejection::TooLarge)
        .when(named(0, 1, at(20)))
        .then_accepted()
        .0;
    let world = full.at(at(20)).when(one_more()).then_accepted().0;
    assert_eq!(world.find_session(SESSION).unwrap().attributes.size(), 2);
    world.when(named(0, SESSION_ATTRIBUTES_MAX, at(50))).then_rejected(Rejection::TooLarge);
}

#[test]
fn removing_removes_what_is_there_once() {
    let world = open()
        .and(session_attribute_set("a", "1"))
        .when(remove(["a", "b", "a"]))
        .then([Event::AttributeRemoved { name: name("a") }])
        .when(remove(["a"]))
        .then_nothing();
    assert_eq!(found(&world, "a"), None);
}

#[test]
fn attributes_of_a_session_that_is_unknown_expired_or_ended_cannot_be_touched() {
    let ended = open().when(Command::SignOut).then_accepted().0;
    for world in [nothing(), open().at(at(60)), ended] {
        for command in [set(SetMode::Put, [attribute("a", "1")]), remove(["a"])] {
            world.clone().when(command).then_rejected(Rejection::NoSuchSession);
        }
    }
}

#[test]
fn a_renewal_leaves_attributes_alone() {
    let world = open()
        .and(session_attribute_set("a", "1"))
        .when(Command::Renew { expires: at(90) })
        .then_accepted()
        .0;
    assert!(found(&world, "a").is_some());
}

#[test]
fn an_attribute_of_a_session_is_told_with_old_and_new() {
    let world = open().and(session_attribute_set("a", "1"));
    let json = |text: &str| Some(Shown::Json(text.into()));
    let told = describe(world.find_session(SESSION), &session_attribute_set("a", "2"));
    let field = "session.attributes.a";
    assert_eq!(
        told,
        Description::new(
            "The session's attribute \"a\" was set",
            vec![Change::new(field, json("1"), json("2"))],
        )
    );
    let secret = Event::AttributeSet {
        name: name("a"),
        value: Some("2".into()),
        encrypted: true,
        expires: Timestamp::NEVER,
    };
    let told = describe(world.find_session(SESSION), &secret);
    assert_eq!(told.changes[0], Change::new(field, json("1"), Some(Shown::Secret)));
    let removed = Event::AttributeRemoved { name: name("a") };
    assert_eq!(
        describe(world.find_session(SESSION), &removed),
        Description::new(
            "The session's attribute \"a\" was removed",
            vec![Change::new(field, json("1"), None)],
        )
    );
}

#[test]
fn a_session_is_told_with_its_end_before_and_after() {
    let shown = |moment| Some(Shown::Time(moment));
    let world = open();
    let before = world.find_session(SESSION);
    assert_eq!(
        describe(None, &session_started(at(60))),
        Description::new(
            "A session was opened with a password",
            vec![
                Change::new("session.expires", None, shown(at(60))),
                Change::new("session.principal", None, Shown::text("ada")),
            ],
        )
    );
    assert_eq!(
        describe(before, &Event::Renewed { expires: at(90) }),
        Description::new(
            "The session was renewed",
            vec![Change::new("session.expires", shown(at(60)), shown(at(90)))],
        )
    );
    for (reason, sentence) in [
        (EndReason::SignedOut, "The session ended: its owner signed out"),
        (EndReason::Revoked, "The session was ended by somebody else"),
    ] {
        let ended = vec![Change::new("session.expires", shown(at(60)), None)];
        let told = describe(before, &Event::Ended { reason });
        assert_eq!(told, Description::new(sentence, ended));
    }
}

/// A session of Ada's that ends at 60 s; it is 1 s now.
fn open() -> World {
    given([session_started(at(60))])
}

fn set<const N: usize>(mode: SetMode, items: [NewAttribute; N]) -> Command {
    Command::SetAttributes { items: items.into(), mode }
}

fn remove<const N: usize>(names: [&str; N]) -> Command {
    Command::RemoveAttributes(names.map(key).into())
}

fn found<'a>(world: &'a World, text: &str) -> Option<&'a Attribute> {
    let session = world.find_session(SESSION).expect("the session is there");
    session.attributes.get(&attribute_key(&name(text))).map(AsRef::as_ref)
}
