//! The one fold: the same rows whether facts are folded in place or through drafts.

use domain::fact::Event;
use domain::user;

use super::house::*;
use crate::journal::Check;
use crate::views::{Draft, Subject, Views, apply};

/// A life with everything in it, in an order that a seed decides.
fn life(seed: u64) -> Vec<Vec<Event>> {
    let mut state = seed | 1;
    let mut draw = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut commands: Vec<Vec<Event>> =
        (1..=8).map(|n| vec![signed_up(n, &format!("User-{n}"))]).collect();
    let mut sessions = 0;
    for step in 0..200 {
        let user = u128::from(draw(8)) + 1;
        commands.push(match draw(8) {
            0 => vec![happened(user, user::Event::Locked)],
            1 => vec![happened(user, user::Event::Unlocked)],
            2 => vec![attribute(user, &format!("a{}", draw(5)), &step.to_string())],
            3 => {
                let username = domain::text::Username::parse(&format!("user-{user}-{step}"));
                let username = username.expect("a name");
                vec![happened(user, user::Event::UsernameChanged { username })]
            }
            4 => {
                let email = domain::text::Email::parse(&format!("U{}@example.com", draw(3)));
                let email = email.expect("an address");
                vec![happened(user, user::Event::EmailChanged { email })]
            }
            5 => vec![happened(user, user::Event::EmailRemoved)],
            6 => {
                sessions += 1;
                vec![session_started(sessions, user)]
            }
            7 if sessions > 0 => {
                let session = u128::from(draw(9)) % sessions + 1;
                vec![session_attribute(session, &format!("a{}", draw(3)), &step.to_string())]
            }
            _ => vec![happened(user, user::Event::Approved)],
        });
    }
    commands.push(vec![happened(3, user::Event::Deleted)]);
    commands
}

#[test]
fn drafts_of_any_size_fold_to_the_same_rows() {
    for seed in 1..6 {
        let house = House::new();
        let (store, mut writer) = house.open();
        for commands in life(seed).chunks(7) {
            writer
                .turn(|turn| {
                    for events in commands {
                        let at = turn.tick();
                        let signature = signature(at, domain::actor::Actor::System);
                        turn.record(&signature, events.clone());
                    }
                })
                .unwrap();
        }
        let served = store.views().digest();
        let (in_place, ()) =
            store.refold(|visit| store.journal().scan(1, u64::MAX, Check::Tree, visit)).unwrap();
        assert_eq!(in_place.digest(), served, "seed {seed}");

        let mut drafted = Views::default();
        for position in 1..=store.views().globals().position.0 {
            let fact = store.fact(domain::id::Position(position)).unwrap();
            let mut draft = Draft::over(&drafted);
            apply(&mut draft, &fact);
            let changes = draft.into_changes();
            drafted.absorb(changes);
        }
        assert_eq!(drafted.digest(), served, "seed {seed}");
    }
}

#[test]
fn a_deleted_user_leaves_its_history_and_nothing_to_find_it_by() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada"), session_started(1, 1)]).unwrap();
    let facts = store.views().history(Subject::Of(id(1))).unwrap().len();
    assert_eq!(facts, 2, "a session's facts stand under its user");
    write(&mut writer, vec![happened(1, user::Event::Deleted)]).unwrap();
    let views = store.views();
    assert!(views.user(id(1)).is_none());
    assert!(views.named("ada").is_none());
    assert_eq!(views.sessions_of(id(1)).count(), 0);
    assert_eq!(views.user_row(id(1)).unwrap().version(), 2);
    assert_eq!(views.history(Subject::Of(id(1))).unwrap().len(), 3);
}

#[test]
fn names_are_found_in_their_spelling_or_if_only_one_holds_them() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "Ada")]).unwrap();
    let found = |name: &str| store.views().named(name).map(|user| user.id);
    let exactly = |name: &str| store.views().named_exactly(name).map(|user| user.id);
    assert_eq!((found("ada"), exactly("ada")), (Some(id(1)), None));
    write(&mut writer, vec![signed_up(2, "ada")]).unwrap();
    assert_eq!((found("ADA"), found("ada"), found("Ada")), (None, Some(id(2)), Some(id(1))));
}

#[test]
fn what_a_users_state_allows_is_repeated_in_each_of_its_sessions() {
    let house = House::new();
    let (store, mut writer) = house.open();
    let facts = vec![signed_up(1, "ada"), session_started(1, 1), session_started(2, 1)];
    write(&mut writer, facts).unwrap();
    write(&mut writer, vec![happened(1, user::Event::SignUpConfirmed)]).unwrap();
    for event in [user::Event::Locked, user::Event::Unlocked, user::Event::Rejected] {
        write(&mut writer, vec![happened(1, event)]).unwrap();
        let views = store.views();
        let standing = views.user(id(1)).unwrap().standing();
        assert_eq!(views.sessions_of(id(1)).count(), 2);
        assert!(views.sessions_of(id(1)).all(|row| row.owner == standing));
    }
}
