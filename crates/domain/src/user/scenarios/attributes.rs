//! What applications keep with a user.

use std::sync::Arc;

use crate::attributes::{
    ATTRIBUTE_NAME_CHARS_MAX, Attribute, NewAttribute, SetMode, VALUE_BYTES_MAX,
    VALUE_HELD_BYTES_MAX, Value,
};
use crate::id::Position;
use crate::rejection::{Rejection, ValueFault};
use crate::scenario::*;
use crate::time::{Span, Timestamp};
use crate::user::Event;
use crate::user::command::Command;

#[test]
fn an_attribute_is_created_once() {
    let world = given([ada_created()])
        .when(set(SetMode::Create, [attribute("a", "1")]))
        .then([attribute_set("a", "1")])
        .when(set(SetMode::Create, [attribute("a", "2")]))
        .then_rejected(Rejection::AttributeExists);
    let created = Attribute {
        value: Value::Held("1".into()),
        encrypted: false,
        expires: Timestamp::NEVER,
        created: at(1),
        modified: at(1),
    };
    assert_eq!(found(&world, "a"), &created);
}

#[test]
fn an_attribute_that_is_not_there_cannot_be_updated() {
    given([ada_created()])
        .when(set(SetMode::Update, [attribute("a", "1")]))
        .then_rejected(Rejection::NoSuchAttribute);
}

#[test]
fn putting_creates_or_updates() {
    given([ada_created()])
        .when(set(SetMode::Put, [attribute("a", "1")]))
        .then([attribute_set("a", "1")])
        .when(set(SetMode::Put, [attribute("a", "2")]))
        .then([attribute_set("a", "2")]);
}

#[test]
fn setting_the_same_value_again_is_a_fact_for_its_time_is_seen() {
    let world = given([ada_created(), attribute_set("a", "1")])
        .when(set(SetMode::Update, [attribute("a", "1")]))
        .then([attribute_set("a", "1")]);
    assert_eq!(found(&world, "a").modified, at(2));
}

#[test]
fn an_update_keeps_when_it_was_created() {
    let world = given([ada_created(), attribute_set("a", "1")])
        .when(set(SetMode::Update, [attribute("a", "2")]))
        .then([attribute_set("a", "2")]);
    let updated = found(&world, "a");
    assert_eq!((updated.created, updated.modified), (at(1), at(2)));
}

#[test]
fn one_name_that_is_refused_takes_the_others_with_it() {
    let world = given([ada_created(), attribute_set("b", "1")])
        .when(set(SetMode::Create, [attribute("a", "2"), attribute("b", "2")]))
        .then_rejected(Rejection::AttributeExists)
        .when(set(SetMode::Update, [attribute("b", "2"), attribute("a", "2")]))
        .then_rejected(Rejection::NoSuchAttribute);
    assert_eq!(world.user(ADA).attributes.size(), 1);
    assert_eq!(found(&world, "b").value, Value::Held("1".into()));
}

#[test]
fn an_expired_attribute_counts_as_absent() {
    let expired = || given([ada_created(), attribute_set_until("a", "1", at(2))]);
    let keeping = NewAttribute { value: None, ..attribute("a", "") };
    expired()
        .when(set(SetMode::Update, [attribute("a", "2")]))
        .then_rejected(Rejection::NoSuchAttribute);
    expired()
        .when(set(SetMode::Put, [keeping]))
        .then_rejected(unacceptable("attribute.value", ValueFault::Empty));
    expired().when(Command::RemoveAttributes(vec![key("a")])).then_nothing();
    // Neither its end nor the time of its creation comes back.
    let world =
        expired().when(set(SetMode::Create, [attribute("a", "2")])).then([attribute_set("a", "2")]);
    let renewed = found(&world, "a");
    assert_eq!((renewed.created, renewed.expires), (at(2), Timestamp::NEVER));
}

#[test]
fn an_attribute_lives_until_the_moment_it_expires() {
    given([ada_created(), attribute_set_until("a", "1", at(2))])
        .at(at(2).before(Span(1)))
        .when(set(SetMode::Create, [attribute("a", "2")]))
        .then_rejected(Rejection::AttributeExists);
}

#[test]
fn what_is_left_out_of_an_update_stays_but_for_encryption() {
    let encrypted = Event::AttributeSet {
        key: key("a"),
        value: Some("1".into()),
        encrypted: true,
        expires: at(60),
    };
    let keeping = NewAttribute { value: None, ..attribute("a", "") };
    let world = given([ada_created(), encrypted]).when(set(SetMode::Update, [keeping])).then([
        Event::AttributeSet { key: key("a"), value: None, encrypted: false, expires: at(60) },
    ]);
    let kept = Attribute {
        value: Value::Held("1".into()),
        encrypted: false,
        expires: at(60),
        created: at(1),
        modified: at(2),
    };
    assert_eq!(found(&world, "a"), &kept);
}

#[test]
fn an_end_that_is_said_takes_the_place_of_the_present_one() {
    let until = NewAttribute { expires: Some(at(90)), ..attribute("a", "2") };
    given([ada_created(), attribute_set_until("a", "1", at(60))])
        .when(set(SetMode::Put, [until]))
        .then([attribute_set_until("a", "2", at(90))]);
}

#[test]
fn a_value_must_be_said_for_an_attribute_that_is_new() {
    let valueless = NewAttribute { value: None, ..attribute("a", "") };
    for mode in [SetMode::Create, SetMode::Put] {
        given([ada_created()])
            .when(set(mode, [valueless.clone()]))
            .then_rejected(unacceptable("attribute.value", ValueFault::Empty));
    }
}

#[test]
fn a_long_value_is_left_in_the_log_and_kept_there_by_an_update_without_one() {
    let held = "x".repeat(VALUE_HELD_BYTES_MAX);
    let long = "x".repeat(VALUE_HELD_BYTES_MAX + 1);
    let keeping = NewAttribute { value: None, expires: Some(at(60)), ..attribute("a", "") };
    let world = given([ada_created(), attribute_set("b", &held)])
        .when(set(SetMode::Create, [attribute("a", &long)]))
        .then([attribute_set("a", &long)]);
    assert_eq!(found(&world, "b").value, Value::Held(held.into()));
    assert_eq!(found(&world, "a").value, Value::Logged(Position(3)));
    let kept =
        Event::AttributeSet { key: key("a"), value: None, encrypted: false, expires: at(60) };
    let world = world.when(set(SetMode::Update, [keeping])).then([kept]);
    assert_eq!(found(&world, "a").value, Value::Logged(Position(3)));
}

#[test]
fn a_name_that_is_said_twice_cannot_be_created_twice() {
    given([ada_created()])
        .when(set(SetMode::Create, [attribute("a", "1"), attribute("a", "2")]))
        .then_rejected(Rejection::AttributeExists);
}

#[test]
fn of_a_name_that_is_put_twice_the_last_value_counts() {
    let world = given([ada_created()])
        .when(set(SetMode::Put, [attribute("a", "1"), attribute("a", "2")]))
        .then([attribute_set("a", "1"), attribute_set("a", "2")]);
    assert_eq!(found(&world, "a").value, Value::Held("2".into()));
}

#[test]
fn what_the_first_of_two_items_said_is_what_the_second_one_keeps() {
    let until = NewAttribute { expires: Some(at(90)), ..attribute("a", "1") };
    let keeping = NewAttribute { value: None, ..attribute("a", "") };
    let kept =
        Event::AttributeSet { key: key("a"), value: None, encrypted: false, expires: at(90) };
    let told = [attribute_set_until("a", "1", at(90)), kept];
    let world = given([ada_created()])
        .when(set(SetMode::Put, [until.clone(), keeping.clone()]))
        .then(told.clone());
    assert_eq!(found(&world, "a").value, Value::Held("1".into()));
    given([ada_created(), attribute_set_until("a", "0", at(60))])
        .when(set(SetMode::Update, [until, keeping]))
        .then(told);
}

#[test]
fn an_item_that_expires_at_once_is_not_there_for_the_next_one() {
    let over = NewAttribute { expires: Some(at(1)), ..attribute("a", "1") };
    given([ada_created()])
        .when(set(SetMode::Put, [over.clone(), attribute("a", "2")]))
        .then([attribute_set_until("a", "1", at(1)), attribute_set("a", "2")]);
    let keeping = NewAttribute { value: None, ..attribute("a", "") };
    given([ada_created()])
        .when(set(SetMode::Put, [over, keeping]))
        .then_rejected(unacceptable("attribute.value", ValueFault::Empty));
}

#[test]
fn names_and_values_have_a_longest_length() {
    let name_of = |chars| attribute(&"ü".repeat(chars), "1");
    let value_of = |bytes| attribute("a", &"x".repeat(bytes));
    let too_long = |field| unacceptable(field, ValueFault::TooLong);
    for mode in [SetMode::Create, SetMode::Put] {
        given([ada_created()]).when(set(mode, [name_of(ATTRIBUTE_NAME_CHARS_MAX)])).then_accepted();
        given([ada_created()])
            .when(set(mode, [name_of(ATTRIBUTE_NAME_CHARS_MAX + 1)]))
            .then_rejected(too_long("attribute.name"));
        given([ada_created()]).when(set(mode, [value_of(VALUE_BYTES_MAX)])).then_accepted();
        given([ada_created()])
            .when(set(mode, [value_of(VALUE_BYTES_MAX + 1)]))
            .then_rejected(too_long("attribute.value"));
    }
}

#[test]
fn attributes_are_removed_once_and_those_that_are_not_there_are_no_error() {
    let removed = |name| Event::AttributeRemoved { key: key(name) };
    let names = ["b", "a", "nowhere", "b"].map(key).to_vec();
    given([ada_created(), attribute_set("a", "1"), attribute_set("b", "2")])
        .when(Command::RemoveAttributes(names.clone()))
        .then([removed("b"), removed("a")])
        .when(Command::RemoveAttributes(names))
        .then_nothing();
}

#[test]
fn setting_and_removing_none_writes_no_fact() {
    given([ada_created()])
        .when(set(SetMode::Put, []))
        .then_nothing()
        .when(Command::RemoveAttributes(vec![]))
        .then_nothing();
}

fn set<const N: usize>(mode: SetMode, items: [NewAttribute; N]) -> Command {
    Command::SetAttributes { items: items.into(), mode }
}

fn found<'a>(world: &'a World, name: &str) -> &'a Attribute {
    world.user(ADA).attributes.get(&key(name)).map(Arc::as_ref).expect("the attribute is there")
}
