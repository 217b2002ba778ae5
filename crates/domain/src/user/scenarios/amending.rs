//! Several changes at once: all or none, and no fact for what nobody can see.

use crate::actor::Actor;
use crate::rejection::Rejection;
use crate::scenario::*;
use crate::text::Patch;
use crate::time::Timestamp;
use crate::user::command::{Administrative, Amendment, Command};
use crate::user::state::{ApprovalStatus, SignUpStatus};
use crate::user::{Event, User};

#[test]
fn asking_for_nothing_is_refused() {
    given([ada_created()]).when(amend(|_| {})).then_rejected(Rejection::NothingAsked);
}

#[test]
fn asking_for_what_is_so_already_writes_no_fact() {
    given([ada_created()])
        .when(amend(|asked| {
            asked.username = Some(username("ada"));
            asked.email = Patch::Set(email("ada@example.com"));
            asked.display_name = Patch::Set(name("Ada Lovelace"));
            asked.first_name = Patch::Set(name("Ada"));
            asked.middle_name = Patch::Clear;
            asked.last_name = Patch::Set(name("Lovelace"));
            asked.totp_enabled = Some(false);
            asked.totp_seed = Some(seed(1));
            asked.totp_label = Patch::Set(name("phone"));
            asked.administrative = Administrative {
                locked: None,
                password_expires: Some(START.after(PASSWORD_LIFE)),
                password_must_change: Some(false),
                sign_up: Some(SignUpStatus::Final),
                approval: None,
            };
        }))
        .then_nothing();
}

#[test]
fn everything_asked_at_once_becomes_a_fact_each() {
    let asked = Amendment {
        username: Some(username("countess")),
        email: Patch::Set(email("countess@example.com")),
        display_name: Patch::Set(name("The Countess")),
        first_name: Patch::Clear,
        middle_name: Patch::Set(name("King")),
        last_name: Patch::Set(name("Lovelace")),
        totp_enabled: Some(true),
        totp_seed: Some(seed(2)),
        totp_label: Patch::Clear,
        administrative: Administrative {
            locked: Some(true),
            password_expires: Some(at(60)),
            password_must_change: Some(true),
            sign_up: Some(SignUpStatus::ToApprove),
            approval: Some(ApprovalStatus::BeforeDecision),
        },
    };
    let world = given([ada_created()]).when(Command::Amend(Box::new(asked))).then([
        Event::UsernameChanged { username: username("countess") },
        Event::ProfileChanged {
            display_name: Patch::Set(name("The Countess")),
            first_name: Patch::Clear,
            middle_name: Patch::Set(name("King")),
            last_name: Patch::Keep,
        },
        Event::EmailChanged { email: email("countess@example.com") },
        Event::TotpKeySet { seed: seed(2) },
        Event::TotpLabelSet { label: None },
        Event::TotpEnabled,
        Event::Locked,
        Event::PasswordExpirySet { expires: at(60) },
        Event::PasswordMustChangeSet { must_change: true },
        Event::SignUpStatusSet { status: SignUpStatus::ToApprove },
        Event::ApprovalReset,
    ]);
    let ada = world.user(ADA);
    assert_eq!(ada.username, Some(username("countess")));
    assert_eq!(ada.email, Some(email("countess@example.com")));
    assert_eq!(ada.profile.display_name, Some(name("The Countess")));
    assert_eq!((&ada.profile.first_name, &ada.totp.label), (&None, &None));
    assert_eq!(ada.profile.middle_name, Some(name("King")));
    assert_eq!(ada.profile.last_name, Some(name("Lovelace")));
    assert!(ada.totp.enabled && ada.totp.seed == Some(seed(2)) && ada.locked);
    let password = ada.password.as_ref().unwrap();
    assert_eq!((password.expires, password.must_change), (at(60), true));
    assert_eq!((password.set, &password.hash), (START, &hash("h1")));
    assert_eq!(ada.sign_up, SignUpStatus::ToApprove);
    assert_eq!(ada.approval.status, ApprovalStatus::BeforeDecision);
    assert_eq!(ada.version, 12);
}

#[test]
fn one_part_that_is_refused_takes_the_others_with_it() {
    let asked = amend(|asked| {
        asked.username = Some(username("r2"));
        asked.administrative.password_must_change = Some(true);
    });
    let world = given([of_robot(machine_created())])
        .when(Asked::User(ROBOT, asked))
        .then_rejected(Rejection::NoPassword);
    assert_eq!(world.user(ROBOT).username, Some(username("robot")));
    world
        .when(Asked::User(ROBOT, administer(|asked| asked.password_expires = Some(at(9)))))
        .then_rejected(Rejection::NoPassword);
}

#[test]
fn another_spelling_of_a_name_is_another_name() {
    given([ada_created()])
        .when(amend(|asked| asked.username = Some(username("Ada"))))
        .then([Event::UsernameChanged { username: username("Ada") }]);
}

#[test]
fn an_address_is_taken_away_once() {
    let clear = || amend(|asked| asked.email = Patch::Clear);
    given([ada_created()]).when(clear()).then([Event::EmailRemoved]).when(clear()).then_nothing();
}

#[test]
fn totp_is_switched_on_once_and_off_once() {
    let switch = |on| amend(|asked| asked.totp_enabled = Some(on));
    given([ada_created()])
        .when(switch(true))
        .then([Event::TotpEnabled])
        .when(switch(true))
        .then_nothing()
        .when(switch(false))
        .then([Event::TotpDisabled])
        .when(switch(false))
        .then_nothing();
}

#[test]
fn a_lock_said_again_moves_its_time() {
    let lock = |locked| administer(|asked| asked.locked = Some(locked));
    let world = given([ada_created()])
        .when(lock(true))
        .then([Event::Locked])
        .when(lock(true))
        .then([Event::Locked])
        .when(lock(false))
        .then([Event::Unlocked])
        .when(lock(false))
        .then([Event::Unlocked]);
    assert_eq!(changed(world.user(ADA)), Some((at(4), Actor::User(GRACE))));
}

#[test]
fn a_decision_said_again_moves_its_time() {
    let decide = |status| administer(|asked| asked.approval = Some(status));
    let world = given([ada_created()])
        .when(decide(ApprovalStatus::Approved))
        .then([Event::Approved])
        .when(decide(ApprovalStatus::Rejected))
        .then([Event::Rejected])
        .when(decide(ApprovalStatus::BeforeDecision))
        .then([Event::ApprovalReset])
        .when(decide(ApprovalStatus::BeforeDecision))
        .then([Event::ApprovalReset]);
    assert_eq!(world.user(ADA).approval.at, at(4));
}

#[test]
fn an_administrator_may_let_a_password_expire_in_the_past_or_never() {
    given([ada_created()])
        .when(administer(|asked| asked.password_expires = Some(at(-60))))
        .then([Event::PasswordExpirySet { expires: at(-60) }])
        .when(administer(|asked| asked.password_expires = Some(Timestamp::NEVER)))
        .then([Event::PasswordExpirySet { expires: Timestamp::NEVER }]);
}

fn changed(user: &User) -> Option<(Timestamp, Actor)> {
    user.lock_changed.map(|change| (change.at, change.by))
}
