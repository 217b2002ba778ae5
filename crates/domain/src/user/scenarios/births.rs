//! Sign-up and its confirmation; creation by administrators.

use crate::actor::Actor;
use crate::attributes::SetMode;
use crate::policy::Right;
use crate::rejection::Rejection;
use crate::scenario::*;
use crate::time::Timestamp;
use crate::user::command::{Command, Repeat};
use crate::user::event::SignedUp;
use crate::user::state::{Approval, ApprovalStatus, Kind, SignUpStatus};
use crate::user::{Event, User, keys};

#[test]
fn a_person_signs_up_and_waits_for_confirmation_and_approval() {
    let world = nothing()
        .by(Actor::Anonymous)
        .when(Command::SignUp(Box::new(ada_signing_up())))
        .then([ada_signed_up()]);
    let ada = world.user(ADA);
    assert_eq!((ada.kind, ada.home, ada.born), (Kind::Human, HOME, START));
    assert_eq!(ada.username, Some(username("ada")));
    assert_eq!(ada.sign_up, SignUpStatus::BeforeConfirmation);
    let undecided =
        Approval { status: ApprovalStatus::BeforeDecision, at: START, by: Actor::System };
    assert_eq!(ada.approval, undecided);
    assert_eq!(ada.applications.as_ref(), [name("crm"), name("shop")]);
    assert!(ada.totp.seed.is_some() && !ada.totp.enabled, "a key, and not asked for");
    let password = ada.password.as_ref().unwrap();
    assert_eq!((password.set, password.must_change), (START, false));
    assert_eq!(keys(ada).codes, [token(1)]);
}

#[test]
fn a_person_whose_approval_configuration_does_not_ask_for_is_born_approved() {
    let birth = SignedUp { approval_needed: false, ..ada_signing_up() };
    let world = given([Event::SignedUp(Box::new(birth))]);
    let approval = world.user(ADA).approval;
    assert_eq!((approval.status, approval.by), (ApprovalStatus::Approved, Actor::System));
}

#[test]
fn an_administrator_creates_a_user_who_may_sign_in_at_once() {
    let world = nothing().when(create(None)).then([ada_created()]);
    let ada = world.user(ADA);
    assert_eq!(ada.sign_up, SignUpStatus::Final);
    let approved = Approval { status: ApprovalStatus::Approved, at: START, by: Actor::User(GRACE) };
    assert_eq!(ada.approval, approved);
    assert_eq!((ada.locked, changed(ada)), (false, None));
    assert_eq!(ada.totp.label, Some(name("phone")));
}

#[test]
fn a_super_user_is_one_from_birth() {
    let birth = Box::new(ada_being_created());
    let granted = Event::RightGranted { right: Right::SuperUser };
    let world = nothing()
        .by(Actor::Operator)
        .when(Command::CreateSuperUser(birth.clone()))
        .then([ada_created(), granted]);
    let ada = world.user(ADA);
    assert!(ada.rights.holds(Right::SuperUser));
    assert_eq!((ada.approval.status, ada.approval.by), (ApprovalStatus::Approved, Actor::Operator));
    world.when(Command::CreateSuperUser(birth)).then_rejected(Rejection::UserExists);
}

#[test]
fn a_user_may_be_born_locked_and_with_a_password_to_change() {
    let world = given([ada_created_but(|birth| {
        birth.locked = true;
        birth.must_change = true;
    })]);
    let ada = world.user(ADA);
    assert_eq!((ada.locked, changed(ada)), (true, Some((START, Actor::User(GRACE)))));
    assert!(ada.password.as_ref().unwrap().must_change);
}

#[test]
fn a_machine_is_born_final_and_approved_with_neither_password_nor_second_factor() {
    let machine =
        Command::CreateMachine { username: username("robot"), name: name("Robot"), home: HOME };
    let world = nothing().when(Asked::User(ROBOT, machine)).then([of_robot(machine_created())]);
    let robot = world.user(ROBOT);
    assert_eq!((robot.kind, robot.sign_up), (Kind::Machine, SignUpStatus::Final));
    assert_eq!(robot.approval.status, ApprovalStatus::Approved);
    assert_eq!(robot.profile.display_name, Some(name("Robot")));
    assert!(robot.password.is_none() && robot.totp.seed.is_none());
}

#[test]
fn nobody_is_born_twice() {
    for birth in [
        Command::SignUp(Box::new(ada_signing_up())),
        create(None),
        Command::CreateMachine { username: username("ada"), name: name("Ada"), home: HOME },
    ] {
        given([ada_created()]).when(birth).then_rejected(Rejection::UserExists);
    }
}

#[test]
fn nothing_but_a_birth_can_be_asked_of_somebody_who_is_not_there() {
    let items = vec![attribute("a", "1")];
    for command in [
        Command::ConfirmSignUp { token: token(1) },
        Command::Approve(Repeat::Write),
        Command::Reject(Repeat::Write),
        Command::Lock(Repeat::Write),
        Command::Unlock(Repeat::Write),
        Command::Amend(Box::default()),
        Command::ChangePassword { password: password("h2"), checked: None, must_change: None },
        Command::ResetTotpKey { seed: seed(2), label: None },
        Command::SetAttributes { items, mode: SetMode::Put },
        Command::RemoveAttributes(vec![key("a")]),
        Command::GrantRight(Right::Auditor),
        Command::RevokeRight(Right::Auditor),
        Command::AddPat {
            token: TOKEN,
            hash: token(3),
            name: name("laptop"),
            expires: Timestamp::NEVER,
        },
        Command::RemovePat(TOKEN),
        Command::Delete,
    ] {
        nothing().when(command.clone()).then_rejected(Rejection::NoSuchUser);
        given([ada_created(), Event::Deleted]).when(command).then_rejected(Rejection::NoSuchUser);
    }
}

#[test]
fn a_sign_up_is_confirmed_by_its_token_once() {
    let confirm = || Command::ConfirmSignUp { token: token(1) };
    let world = given([ada_signed_up()])
        .by(Actor::Anonymous)
        .when(confirm())
        .then([Event::SignUpConfirmed])
        .when(confirm())
        .then_rejected(Rejection::AlreadyConfirmed);
    assert_eq!(world.user(ADA).sign_up, SignUpStatus::Final);
}

#[test]
fn another_token_confirms_nothing() {
    given([ada_signed_up()])
        .when(Command::ConfirmSignUp { token: token(2) })
        .then_rejected(Rejection::NoSuchConfirmation);
}

#[test]
fn somebody_whom_an_administrator_created_has_no_sign_up_to_confirm() {
    given([ada_created_but(|birth| birth.sign_up = SignUpStatus::BeforeConfirmation)])
        .when(Command::ConfirmSignUp { token: token(1) })
        .then_rejected(Rejection::NoSuchConfirmation);
}

#[test]
fn confirmation_and_approval_may_come_in_either_order() {
    let confirm = || Command::ConfirmSignUp { token: token(1) };
    let confirmed_first = given([ada_signed_up()])
        .when(confirm())
        .then([Event::SignUpConfirmed])
        .when(Command::Approve(Repeat::Refuse))
        .then([Event::Approved]);
    let approved_first = given([ada_signed_up()])
        .when(Command::Approve(Repeat::Refuse))
        .then([Event::Approved])
        .when(confirm())
        .then([Event::SignUpConfirmed]);
    assert_eq!(confirmed_first.user(ADA).standing(), approved_first.user(ADA).standing());
}

#[test]
fn a_sign_up_that_an_administrator_holds_back_is_confirmed_already() {
    let held_back = Event::SignUpStatusSet { status: SignUpStatus::ToApprove };
    let reopened = Event::SignUpStatusSet { status: SignUpStatus::BeforeConfirmation };
    given([ada_signed_up(), held_back])
        .when(Command::ConfirmSignUp { token: token(1) })
        .then_rejected(Rejection::AlreadyConfirmed)
        .and(reopened)
        .when(Command::ConfirmSignUp { token: token(1) })
        .then([Event::SignUpConfirmed]);
}

fn changed(user: &User) -> Option<(Timestamp, Actor)> {
    user.lock_changed.map(|change| (change.at, change.by))
}
