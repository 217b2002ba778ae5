//! What somebody was at any position: with states that are kept, without them, and with damaged ones.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::actor::Actor;
use domain::fact::{Event, Fact, Part};
use domain::id::{Position, SessionId};
use domain::secret::TokenHash;
use domain::text::{Name, Username};
use domain::time::{Span, Timestamp};
use domain::{session, user};
use ulid::Ulid;

use super::house::*;
use crate::open::{SLED, Store};
use crate::schema::golden::samples;
use crate::schema::person;
use crate::states::{KEPT_EVERY_FACTS, Person, SESSIONS_KEPT_MAX};
use crate::turn::Writer;
use crate::views::{Subject, UserRow};

/// A small generator (Steele et al. 2014): the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("below a usize")
    }
}

/// Events of every kind there is, as they may follow each other in somebody's life.
struct Life {
    random: Random,
    pool: Vec<Event>,
    opened: u128,
}

impl Life {
    fn new(seed: u64) -> Self {
        let pool = samples().into_iter().filter(|event| match event {
            Event::User(_, event) => {
                let ends = event.name().ends_with("deleted") || event.name().ends_with("erased");
                !event.is_birth() && !ends
            }
            Event::Session(..) => true,
            Event::System(_) => false,
        });
        Self { random: Random(seed), pool: pool.collect(), opened: 0 }
    }

    fn next(&mut self, store: &Store, at: Timestamp) -> Event {
        let sessions: Vec<SessionId> =
            store.views().sessions_of(id(1)).map(|row| row.session.id).collect();
        loop {
            let drawn = self.random.below(self.pool.len());
            match self.pool[drawn].clone() {
                Event::User(_, user::Event::UsernameChanged { .. }) => {
                    let name = format!("ada-{}", self.random.below(1_000));
                    let username = Username::parse(&name).expect("a name");
                    return happened(1, user::Event::UsernameChanged { username });
                }
                Event::User(_, event) => return happened(1, event),
                Event::Session(
                    _,
                    session::Event::Started { user: _, method, principal, link, .. },
                ) => {
                    self.opened += 1;
                    let mut token = [0; 32];
                    token[..16].copy_from_slice(&self.opened.to_le_bytes());
                    let expires =
                        at.after(Span::secs(i64::try_from(self.random.below(90)).expect("small")));
                    let token = TokenHash(token);
                    let started = session::Event::Started {
                        user: id(1),
                        token,
                        expires,
                        method,
                        principal,
                        link: link.filter(|_| self.opened.is_multiple_of(3)),
                    };
                    return Event::Session(SessionId(Ulid::from_parts(3, self.opened)), started);
                }
                // Most sessions are left to expire.
                Event::Session(_, session::Event::Ended { .. }) if self.random.below(4) > 0 => {}
                Event::Session(_, event) if !sessions.is_empty() => {
                    return Event::Session(sessions[self.random.below(sessions.len())], event);
                }
                Event::Session(..) | Event::System(_) => {}
            }
        }
    }
}

/// Lives somebody's life for so many facts, and says what the views held after each.
fn lived(
    house: &House,
    store: &Store,
    writer: &mut Writer,
    seed: u64,
    facts: usize,
) -> Vec<Person> {
    let mut life = Life::new(seed);
    let mut states = vec![Person::default()];
    write(writer, vec![signed_up(1, "ada"), signed_up(2, "bob")]).unwrap();
    states.push(Person::of(&store.views(), id(1)));
    for n in 2..=facts {
        let at = START.after(Span::secs(10 * i64::try_from(n).expect("small")));
        house.set_wall(at);
        let event = life.next(store, at);
        let shown = store.views().sessions_of(id(1)).next().map(|row| row.session.id);
        let before = attribute(2, "beside", &format!("\"{n}\""));
        writer
            .turn(|turn| {
                let mut signature = signature(turn.tick(), Actor::User(id(1)));
                signature.credential = shown.map(Into::into);
                turn.record(&signature, vec![before, event]);
            })
            .unwrap();
        states.push(Person::of(&store.views(), id(1)));
    }
    states
}

#[track_caller]
fn assert_all(store: &Store, states: &[Person], step: usize) {
    for (count, state) in states.iter().enumerate().step_by(step) {
        assert_eq!(&store.person_after(id(1), count).unwrap(), state, "after {count} facts");
    }
}

/// Waits until a state is kept, by asking for it; a minute is not a while but the end of patience.
#[expect(clippy::disallowed_methods, reason = "a test gives up after a real minute")]
fn kept(store: &Store, number: u128, count: usize) -> Person {
    let patience = Instant::now() + Duration::from_mins(1);
    let count = u32::try_from(count).unwrap();
    loop {
        let slot = store.views().user_row(id(number)).and_then(UserRow::slot).unwrap();
        match store.follower().kept((id(number), slot), count) {
            Some(kept) => return kept.person,
            None => assert!(Instant::now() < patience, "the state after {count} facts is not kept"),
        }
        std::thread::yield_now();
    }
}

#[test]
fn somebody_is_at_every_position_what_the_views_held_there() {
    for seed in 1..=4 {
        let house = House::new();
        let (store, mut writer) = house.open();
        let states = lived(&house, &store, &mut writer, seed, 400);
        for count in [128, 256, 384] {
            assert_eq!(kept(&store, 1, count), states[count], "seed {seed}, after {count}");
        }
        assert_all(&store, &states, 1);
        let (report, _) = store.verify().unwrap();
        assert_eq!(report.findings, Vec::<String>::new());
        assert!(report.states >= 6, "{report:?}");
    }
}

#[test]
fn states_come_back_after_sled_was_deleted_as_readers_pass_them() {
    let house = House::new();
    let (store, mut writer) = house.open();
    let states = lived(&house, &store, &mut writer, 9, 300);
    drop((writer, store));
    fs::remove_dir_all(house.path().join(SLED)).unwrap();
    let (store, writer) = house.open();
    assert_all(&store, &states, 7);
    assert_eq!(kept(&store, 1, 128), states[128]);
    assert_eq!(kept(&store, 1, 256), states[256]);
    store.close();
    assert_all(&store, &states, 50);
    drop((writer, store));
    let (store, _writer) = house.open();
    assert_eq!(kept(&store, 1, 256), states[256], "they outlive a start");
}

#[test]
fn a_state_that_is_not_what_was_sealed_is_absent_and_folded_again() {
    let house = House::new();
    let (store, mut writer) = house.open();
    let states = lived(&house, &store, &mut writer, 4, 260);
    for count in [128, 256] {
        kept(&store, 1, count);
        kept(&store, 2, count);
    }
    drop((writer, store));
    // Whoever may write to sled's files may also write its checksums.
    let db = sled::open(house.path().join(SLED)).unwrap();
    let tree = db.open_tree("states").unwrap();
    let all: Vec<_> = tree.iter().map(Result::unwrap).collect();
    for (key, value) in &all {
        let mut body = value[..value.len() - 4].to_vec();
        match all.iter().find(|(other, _)| other != key && other.len() == key.len()) {
            // Somebody else's state, or of another time.
            Some((_, other)) if key[key.len() - 1] == 0 => body = other[..other.len() - 4].to_vec(),
            _ => body[9] ^= 1,
        }
        let crc = crc32c::crc32c(&[&key[..], &body].concat());
        body.extend_from_slice(&crc.to_le_bytes());
        tree.insert(key, body).unwrap();
    }
    db.flush().unwrap();
    drop((tree, db));
    let (store, _writer) = house.open();
    assert_all(&store, &states, 5);
    assert_eq!(kept(&store, 1, 256), states[256], "and kept again");
}

#[test]
fn a_damaged_tree_of_states_changes_no_answer() {
    let house = House::new();
    let (store, mut writer) = house.open();
    let states = lived(&house, &store, &mut writer, 5, 260);
    kept(&store, 1, 256);
    drop((writer, store));
    let db = sled::open(house.path().join(SLED)).unwrap();
    let tree = db.open_tree("states").unwrap();
    for (n, entry) in tree.iter().enumerate() {
        let (key, value) = entry.unwrap();
        match n % 3 {
            0 => tree.insert(key, &value[..value.len() / 2]).map(drop).unwrap(),
            1 => tree.remove(key).map(drop).unwrap(),
            _ => tree.insert(key, b"").map(drop).unwrap(),
        }
    }
    db.flush().unwrap();
    drop((tree, db));
    let (store, _writer) = house.open();
    assert_all(&store, &states, 5);
    let (report, _) = store.verify().unwrap();
    assert_eq!(report.findings, Vec::<String>::new(), "absent is not wrong");
}

#[test]
fn a_state_that_another_fold_made_is_found_by_verify() {
    let house = House::new();
    let (store, mut writer) = house.open();
    let states = lived(&house, &store, &mut writer, 6, 130);
    let last = store.positions(Subject::Of(id(1)), 127..128)[0];
    let mut wrong = kept(&store, 1, 128);
    let user = Arc::make_mut(wrong.user.as_mut().unwrap());
    user.locked = !user.locked;
    user.email = None;
    user.profile.first_name = Some(Name::parse("Nobody").unwrap());
    store.follower().put_wrong_state(128, last, &wrong);
    let (report, _) = store.verify().unwrap();
    assert_eq!(report.findings.len(), 1, "{report:?}");
    assert!(report.findings[0].contains("128"), "{report:?}");
    assert!(!report.findings[0].contains("ada"), "{report:?}");
    // What is found wrong is not believed any more.
    assert_all(&store, &states, 1);
}

#[test]
fn a_person_with_very_many_sessions_has_no_kept_state_and_right_answers() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada")]).unwrap();
    let many = u128::try_from(SESSIONS_KEPT_MAX + KEPT_EVERY_FACTS).unwrap();
    let mut states = vec![Person::default(), Person::of(&store.views(), id(1))];
    for n in 1..=many {
        write(&mut writer, vec![session_started(n, 1)]).unwrap();
        states.push(Person::of(&store.views(), id(1)));
    }
    let (most, more) = (SESSIONS_KEPT_MAX, SESSIONS_KEPT_MAX + KEPT_EVERY_FACTS);
    assert_eq!(kept(&store, 1, most), states[most]);
    assert_all(&store, &states, 100);
    let slot = store.views().user_row(id(1)).and_then(UserRow::slot).unwrap();
    assert_eq!(store.person_after(id(1), more).unwrap(), states[more]);
    assert!(store.follower().kept((id(1), slot), u32::try_from(more).unwrap()).is_none());
}

/// A state of another shape is absent, so a change of the shape takes the next number.
#[test]
fn the_bytes_of_a_state_are_those_of_shape_1() {
    let house = House::new();
    let (store, mut writer) = house.open();
    lived(&house, &store, &mut writer, 1, 2);
    let (begin, life) = (store.views().globals().position, Life::new(1).pool);
    let mut person = store.person_after(id(1), 1).unwrap();
    let mut head = store.head(begin).unwrap();
    for event in life {
        // A position of its own for each kind of event, whichever others there are.
        head.position = Position(crc32c::crc32c(event.name().as_bytes()).into());
        let takes_away = ["removed", "unlinked", "used", "sent", "failed", "ended"];
        if takes_away.iter().any(|end| event.name().ends_with(end)) {
            continue;
        }
        let event = match event {
            Event::User(_, event) => happened(1, event),
            Event::Session(
                session,
                session::Event::Started { token, expires, method, principal, link, .. },
            ) => {
                let user = id(1);
                let started =
                    session::Event::Started { user, token, expires, method, principal, link };
                Event::Session(session, started)
            }
            other @ (Event::Session(..) | Event::System(_)) => other,
        };
        let (head, name) = (head.clone(), event.name());
        let fact = Fact { head, name, origin: None, body: Part::Open(event) };
        person.step(&fact);
    }
    let mut bytes = Vec::new();
    person::encode(&person, head.position, &mut bytes);
    assert_eq!(person::decode(id(1), &bytes).unwrap(), (person.clone(), head.position));
    assert_eq!((bytes[0], bytes.len(), crc32c::crc32c(&bytes)), (1, 819, 5_499_455));
    bytes[0] = 2;
    assert!(person::decode(id(1), &bytes).is_err());
}

#[test]
fn a_time_is_found_among_the_heads() {
    let house = House::new();
    let (store, mut writer) = house.open();
    let begun = store.views().globals().position;
    write(&mut writer, vec![signed_up(1, "ada")]).unwrap();
    for n in 1..=20 {
        house.set_wall(START.after(Span::secs(100 * n)));
        write(&mut writer, vec![attribute(1, "a", "\"b\""), attribute(1, "c", "\"d\"")]).unwrap();
    }
    let heads: Vec<_> = (1..=store.views().globals().position.0)
        .map(|at| store.head(Position(at)).unwrap())
        .collect();
    for secs in [-1, 0, 1, 99, 100, 101, 950, 1_999, 2_000, 5_000] {
        let at = START.after(Span::secs(secs));
        let expected = heads.iter().rfind(|head| head.at <= at).map_or(0, |head| head.position.0);
        assert_eq!(store.last_at(at).unwrap().0, expected, "{secs} s");
    }
    assert!(begun.0 > 0);
}

#[test]
fn renames_are_noted_and_nothing_else_is() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada"), attribute(1, "a", "\"b\"")]).unwrap();
    assert!(store.views().history(Subject::Renamed(id(1))).is_none());
    let username = Username::parse("augusta").unwrap();
    write(&mut writer, vec![happened(1, user::Event::UsernameChanged { username })]).unwrap();
    let renamed = store.positions(Subject::Renamed(id(1)), 0..9);
    assert_eq!(renamed, [store.views().globals().position]);
}
