use std::cell::Cell;

use domain::actor::Dialect;
use domain::attributes::{AttributeKey, Namespace};
use domain::fact::CommandName;
use domain::text::Name;
use domain::user;

use super::*;
use crate::keyring::testing::Keys;
use crate::schema::golden::tests::{entries, golden, hex};
use crate::schema::golden::{SESSION, USER, samples};

const STORE: [u8; 16] = *b"a store, sixteen";
/// 2025-11-24.
const AT: Timestamp = Timestamp(1_764_000_000_123_456);
const PERSON: u32 = 7;
const OTHER: u32 = 8;
const MONTH: u32 = 5;

fn keys() -> Keys {
    Keys::new(STORE, &[(MONTH, 0x50), (PERSON, 0x70), (OTHER, 0x80)]).month(202_511, MONTH)
}

fn head_of(event: &Event) -> Head {
    let slot = match event {
        Event::User(..) | Event::Session(..) => Slot(PERSON),
        Event::System(_) => Slot::CLEAR,
    };
    Head {
        position: Position(42),
        stream: event.stream(),
        version: 0x0102_0304,
        at: AT,
        actor: Actor::Machine(UserId(Ulid(0xABCD))),
        credential: Some(Credential(Ulid(0xEF01))),
        command: CommandName::SetAttributes,
        dialect: Dialect::Zato,
        application: ApplicationNumber(0x0506),
        slot,
    }
}

fn origin() -> Origin {
    Origin {
        address: Some("192.0.2.1, 198.51.100.7".into()),
        agent: Some("curl/8".into()),
        request: Some("req-1".into()),
        operator: None,
    }
}

fn email_changed() -> Event {
    let email = domain::text::Email::parse("ada@example.org").unwrap();
    Event::User(USER, user::Event::EmailChanged { email })
}

/// Fills with 1, 2, 3 and so on.
fn counting() -> impl Fn(&mut [u8]) {
    let next = Cell::new(0_u8);
    move |bytes| {
        for byte in bytes {
            next.set(next.get().wrapping_add(1));
            *byte = next.get();
        }
    }
}

fn sealed(keys: &KeyView<'_>, event: &Event, origin: &Origin) -> Vec<u8> {
    let mut out = Vec::new();
    seal(&mut out, &head_of(event), event, origin, Slot(OTHER), keys, &counting()).unwrap();
    out
}

#[test]
fn every_event_comes_back_as_it_was() {
    let keys = keys();
    let keys = keys.view();
    for event in samples() {
        for origin in [origin(), Origin::default()] {
            let bytes = sealed(&keys, &event, &origin);
            let head = head_of(&event);
            let known = Some(origin).filter(|origin| !origin.is_empty()).map(Part::Open);
            let body = Part::Open(event.clone());
            let (head, name) = (head.clone(), event.name());
            let whole = Fact { head: head.clone(), name, origin: known, body: body.clone() };
            assert_eq!(open(Position(42), &bytes, &keys, true), Ok(whole));
            let without = Fact { head, name, origin: None, body };
            assert_eq!(open(Position(42), &bytes, &keys, false), Ok(without));
        }
    }
}

#[test]
fn the_golden_record_is_written_and_read() {
    let keys = keys();
    let keys = keys.view();
    let event = email_changed();
    let bytes = sealed(&keys, &event, &origin());
    let text = golden("record.v1.hex", || {
        format!(
            "# store id {}; slot 5 (month 202511), 7 (payload), 8 (origin): keys of 32 bytes 50, \
             70, 80; nonces count from 01\n# {:?} {event:?} {:?}\n{}\n",
            hex(&STORE),
            head_of(&event),
            origin(),
            hex(&bytes)
        )
    });
    let kept = entries(&text);
    assert_eq!(kept.len(), 1);
    assert_eq!(hex(&kept[0]), hex(&bytes));
    let fact = open(Position(42), &kept[0], &keys, true).unwrap();
    assert_eq!(fact.body, Part::Open(event.clone()));
    assert_eq!(fact.origin, Some(Part::Open(origin())));
    assert_eq!(fact.head, head_of(&event));
}

#[test]
fn fields_stand_where_the_format_page_says() {
    let keys = keys();
    let event = email_changed();
    let bytes = sealed(&keys.view(), &event, &Origin::default());
    assert_eq!(bytes[0], 1);
    assert_eq!(bytes[1..17], USER.0.to_bytes());
    assert_eq!(bytes[17..21], [4, 3, 2, 1]);
    assert_eq!(bytes[21..24], [13, 0, 1]);
    assert_eq!(bytes[24..32], AT.0.to_le_bytes());
    assert_eq!(bytes[32], 3);
    assert_eq!(bytes[33..49], Ulid(0xABCD).to_bytes());
    assert_eq!(bytes[49..65], Ulid(0xEF01).to_bytes());
    assert_eq!(bytes[65..67], [18, 0]);
    assert_eq!(bytes[67], 2);
    assert_eq!(bytes[68..70], [6, 5]);
    assert_eq!(bytes[70..74], [7, 0, 0, 0]);
    assert_eq!(bytes[74..78], [8, 0, 0, 0]);
    assert_eq!(bytes[78], 1);
    assert_eq!(bytes[79..91], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert_eq!(bytes[91..95], [32, 0, 0, 0], "16 bytes of payload and the tag");
    assert_eq!(bytes[127..], [0; 16], "an absent origin is a zero nonce and length");
}

#[test]
fn every_flipped_bit_of_a_sealed_record_is_noticed() {
    let keys = keys();
    let keys = keys.view();
    let bytes = sealed(&keys, &email_changed(), &origin());
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(open(Position(42), &flipped, &keys, true).is_err(), "bit {bit}");
    }
}

#[test]
fn a_cut_or_lengthened_record_is_refused() {
    let keys = keys();
    let keys = keys.view();
    for event in [email_changed(), samples().pop().unwrap()] {
        let mut bytes = sealed(&keys, &event, &origin());
        for length in 0..bytes.len() {
            let cut = open(Position(42), &bytes[..length], &keys, false);
            assert!(matches!(cut, Err(RecordError::Layout(_))), "cut to {length}");
        }
        bytes.push(0);
        let longer = open(Position(42), &bytes, &keys, false);
        assert!(matches!(longer, Err(RecordError::Layout(_))));
    }
}

#[test]
fn a_record_of_another_store_does_not_open() {
    let (ours, keys) = (keys(), [(MONTH, 0x50), (PERSON, 0x70), (OTHER, 0x80)]);
    let theirs = Keys::new([1; 16], &keys).month(202_511, MONTH);
    let bytes = sealed(&ours.view(), &email_changed(), &Origin::default());
    let opened = open(Position(42), &bytes, &theirs.view(), false);
    assert_eq!(opened, Err(RecordError::Forged("payload")));
}

#[test]
fn nothing_personal_is_in_a_record_in_clear() {
    let keys = keys();
    let bytes = sealed(&keys.view(), &email_changed(), &origin());
    for personal in ["ada@", "192.0", "198.51", "curl", "req-1"] {
        assert!(!bytes.windows(personal.len()).any(|window| window == personal.as_bytes()));
    }
}

#[test]
fn what_a_destroyed_key_sealed_is_erased_and_nothing_else() {
    let opened = |erased: u32| {
        let keys = keys();
        let bytes = sealed(&keys.view(), &email_changed(), &origin());
        keys.erase(erased);
        let fact = open(Position(42), &bytes, &keys.view(), true).unwrap();
        assert_eq!(fact.head, head_of(&email_changed()), "the head stays");
        assert_eq!(fact.name, "user.email_changed", "and with it what happened");
        (fact.body, fact.origin)
    };
    let (body, whence) = (Part::Open(email_changed()), Some(Part::Open(origin())));
    assert_eq!(opened(PERSON), (Part::Erased, whence));
    assert_eq!(opened(OTHER), (body.clone(), Some(Part::Erased)), "erasing the actor");
    assert_eq!(opened(MONTH), (body, Some(Part::Erased)), "dropping the month");
}

#[test]
fn an_origin_of_nobody_needs_the_month_alone() {
    let keys = Keys::new(STORE, &[(MONTH, 0x50)]).month(202_511, MONTH);
    let event = samples().pop().unwrap();
    let head = Head { actor: Actor::Operator, ..head_of(&event) };
    let origin = Origin { operator: Some("root".into()), ..Origin::default() };
    let mut bytes = Vec::new();
    let slot = origin_slot(&head, None);
    seal(&mut bytes, &head, &event, &origin, slot, &keys.view(), &counting()).unwrap();
    let fact = open(Position(42), &bytes, &keys.view(), true).unwrap();
    assert_eq!(fact.origin, Some(Part::Open(origin)));
    assert_eq!(bytes[79..91], [0; 12], "a payload in clear has no nonce");
    keys.erase(MONTH);
    let fact = open(Position(42), &bytes, &keys.view(), true).unwrap();
    assert_eq!(fact.origin, Some(Part::Erased));
}

#[test]
fn what_cannot_be_sealed_leaves_nothing_behind() {
    let refused = |keys: &Keys, event: &Event, origin: &Origin| {
        let mut out = b"before".to_vec();
        let slot = Slot(OTHER);
        let error = seal(&mut out, &head_of(event), event, origin, slot, &keys.view(), &counting());
        assert_eq!(out, b"before");
        error.unwrap_err()
    };
    let (event, none) = (email_changed(), Origin::default());
    let missing = refused(&Keys::new(STORE, &[]), &event, &none);
    assert_eq!(missing, RecordError::KeyMissing { slot: Slot(PERSON) });
    let no_month = refused(&Keys::new(STORE, &[(PERSON, 1)]), &event, &origin());
    assert_eq!(no_month, RecordError::MonthUnassigned(Month(202_511)));
    let no_actor = Keys::new(STORE, &[(MONTH, 0), (PERSON, 1)]).month(202_511, MONTH);
    let no_actor = refused(&no_actor, &event, &origin());
    assert_eq!(no_actor, RecordError::KeyMissing { slot: Slot(OTHER) });
    let erased = keys();
    erased.erase(PERSON);
    assert_eq!(refused(&erased, &event, &none), RecordError::KeyErased);
    let large = refused(&keys(), &attribute(RECORD_BYTES_MAX), &none);
    assert!(matches!(large, RecordError::TooLarge { bytes } if bytes > RECORD_BYTES_MAX));
    let large = Origin { agent: Some("x".repeat(RECORD_BYTES_MAX).into()), ..none };
    assert!(matches!(refused(&keys(), &event, &large), RecordError::TooLarge { .. }));
}

fn attribute(value_bytes: usize) -> Event {
    let key = AttributeKey { namespace: Namespace::Zato, name: Name::parse("a").unwrap() };
    let value = Some("x".repeat(value_bytes).into());
    let set = user::Event::AttributeSet { key, value, encrypted: false, expires: AT };
    Event::User(USER, set)
}

#[test]
fn a_record_may_be_as_long_as_the_limit_and_no_longer() {
    let keys = keys();
    let keys = keys.view();
    let around = sealed(&keys, &attribute(100_000), &Origin::default()).len() - 100_000;
    let event = attribute(RECORD_BYTES_MAX - around);
    let mut bytes = sealed(&keys, &event, &Origin::default());
    assert_eq!(bytes.len(), RECORD_BYTES_MAX);
    let fact = open(Position(42), &bytes, &keys, true).unwrap();
    assert_eq!(fact.body, Part::Open(event));
    bytes.push(0);
    let longer = head(Position(42), &bytes).unwrap_err();
    assert_eq!(longer, RecordError::TooLarge { bytes: RECORD_BYTES_MAX + 1 });
    let event = attribute(RECORD_BYTES_MAX - around + 1);
    let mut out = Vec::new();
    let origin = Origin::default();
    let refused =
        seal(&mut out, &head_of(&event), &event, &origin, Slot::CLEAR, &keys, &counting());
    assert_eq!(refused, Err(RecordError::TooLarge { bytes: RECORD_BYTES_MAX + 1 }));
}

#[test]
fn numbers_that_stand_for_nothing_are_refused() {
    let keys = keys();
    let bytes = sealed(&keys.view(), &email_changed(), &Origin::default());
    let changed = |at: usize, value: u8| {
        let mut changed = bytes.clone();
        changed[at] = value;
        head(Position(42), &changed).unwrap_err()
    };
    let unknown = |field, code| RecordError::UnknownCode { field, code };
    assert_eq!(changed(0, 3), unknown("stream kind", 3));
    assert_eq!(changed(32, 6), unknown("actor kind", 6));
    assert_eq!(changed(65, 0), unknown("command", 0));
    assert_eq!(changed(67, 3), unknown("dialect", 3));
    assert_eq!(changed(78, 2), unknown("sealing", 2));
    assert!(matches!(changed(0, 5), RecordError::Layout(_)), "the system stream has no id");
    assert!(matches!(changed(32, 1), RecordError::Layout(_)), "the anonymous have no id");
}

#[test]
fn a_head_is_read_without_any_key() {
    let keys = keys();
    let event = samples().into_iter().find(|event| event.stream() == Stream::Session(SESSION));
    let event = event.unwrap();
    let bytes = sealed(&keys.view(), &event, &origin());
    let read = head(Position(42), &bytes).unwrap();
    assert_eq!(read.head, head_of(&event));
    assert_eq!(read.kind, Kind { tag: 256, revision: 2 });
    assert_eq!(read.origin_slot, Slot(OTHER));
}

#[test]
fn whoever_acted_is_read_back() {
    let keys = keys();
    let keys = keys.view();
    let (event, somebody) = (email_changed(), UserId(Ulid(1)));
    for actor in [
        Actor::Anonymous,
        Actor::User(somebody),
        Actor::Machine(somebody),
        Actor::Operator,
        Actor::System,
    ] {
        let of = Head { actor, ..head_of(&event) };
        let mut bytes = Vec::new();
        seal(&mut bytes, &of, &event, &origin(), Slot(OTHER), &keys, &counting()).unwrap();
        assert_eq!(head(Position(42), &bytes).unwrap().head, of);
    }
}

#[test]
fn a_nonce_where_nothing_is_sealed_is_refused() {
    let keys = keys();
    let keys = keys.view();
    let event = samples().into_iter().find(|event| matches!(event, Event::System(_))).unwrap();
    let refused = |what: &str, nonce_at: &dyn Fn(&[u8]) -> usize| {
        let mut bytes = sealed(&keys, &event, &Origin::default());
        let at = nonce_at(&bytes);
        bytes[at] = 1;
        let error = head(Position(42), &bytes).unwrap_err();
        assert!(matches!(error, RecordError::Layout(said) if said.contains(what)), "{error}");
    };
    refused("payload in clear", &|_| 79);
    refused("origin that is absent", &|bytes| bytes.len() - 16);
}

#[test]
fn an_origin_is_sealed_for_whom_it_tells_of() {
    let head = head_of(&email_changed());
    let by = |actor| Head { actor, ..head.clone() };
    let somebody = UserId(Ulid(1));
    assert_eq!(origin_slot(&by(Actor::User(somebody)), Some(Slot(3))), Slot(3));
    assert_eq!(origin_slot(&by(Actor::Machine(somebody)), Some(Slot(4))), Slot(4));
    assert_eq!(origin_slot(&by(Actor::Operator), None), Slot::CLEAR);
    assert_eq!(origin_slot(&by(Actor::System), None), Slot::CLEAR);
    assert_eq!(origin_slot(&by(Actor::Anonymous), None), Slot(PERSON));
    let of_nobody = Head { slot: Slot::CLEAR, ..by(Actor::Anonymous) };
    assert_eq!(origin_slot(&of_nobody, None), Slot::CLEAR);
}

#[test]
#[should_panic(expected = "only the system stream is kept in clear")]
fn a_personal_fact_without_a_key_is_never_written() {
    let keys = keys();
    let event = email_changed();
    let head = Head { slot: Slot::CLEAR, ..head_of(&event) };
    let origin = Origin::default();
    _ = seal(&mut Vec::new(), &head, &event, &origin, Slot::CLEAR, &keys.view(), &counting());
}

#[test]
fn no_two_attempts_share_a_nonce() {
    let keys = keys();
    let keys = keys.view();
    let fill = counting();
    let (event, origin) = (email_changed(), origin());
    let attempt = || {
        let mut out = Vec::new();
        seal(&mut out, &head_of(&event), &event, &origin, Slot(OTHER), &keys, &fill).unwrap();
        out
    };
    let (first, second) = (attempt(), attempt());
    assert_ne!(first[79..91], second[79..91]);
    assert_ne!(first[127..139], second[127..139]);
    assert_ne!(first[79..91], first[127..139]);
}
