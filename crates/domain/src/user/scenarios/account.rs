//! Approval, locks, rights, deletion, and what they mean for sessions.

use crate::actor::Actor;
use crate::policy::{Right, Rights};
use crate::rejection::Rejection;
use crate::scenario::*;
use crate::session::{Standing, Usability};
use crate::time::Timestamp;
use crate::user::command::{Command, Repeat};
use crate::user::state::{Approval, ApprovalStatus, SignUpStatus};
use crate::user::{Event, User};

#[test]
fn an_approval_keeps_who_and_when() {
    let world = given([ada_signed_up()])
        .by(Actor::User(GRACE))
        .when(Command::Approve(Repeat::Refuse))
        .then([Event::Approved]);
    let approved = Approval { status: ApprovalStatus::Approved, at: at(1), by: Actor::User(GRACE) };
    assert_eq!(world.user(ADA).approval, approved);
}

#[test]
fn an_approval_said_again_is_refused_or_moves_its_time_as_the_dialect_wants() {
    let world = given([ada_created()])
        .when(Command::Approve(Repeat::Refuse))
        .then_rejected(Rejection::AlreadySo)
        .by(Actor::Operator)
        .when(Command::Approve(Repeat::Write))
        .then([Event::Approved]);
    let approval = world.user(ADA).approval;
    assert_eq!((approval.at, approval.by), (at(2), Actor::Operator));
}

#[test]
fn a_rejection_said_again_is_refused_or_moves_its_time_as_the_dialect_wants() {
    let world = given([ada_signed_up()])
        .when(Command::Reject(Repeat::Refuse))
        .then([Event::Rejected])
        .when(Command::Reject(Repeat::Refuse))
        .then_rejected(Rejection::AlreadySo)
        .when(Command::Reject(Repeat::Write))
        .then([Event::Rejected]);
    let approval = world.user(ADA).approval;
    assert_eq!((approval.status, approval.at), (ApprovalStatus::Rejected, at(3)));
}

#[test]
fn a_rejected_user_can_be_approved_and_the_other_way_round() {
    given([ada_signed_up(), Event::Rejected])
        .when(Command::Approve(Repeat::Refuse))
        .then([Event::Approved])
        .when(Command::Reject(Repeat::Refuse))
        .then([Event::Rejected]);
}

#[test]
fn a_lock_keeps_who_and_when_and_so_does_an_unlock() {
    let world = given([ada_created()])
        .by(Actor::User(GRACE))
        .when(Command::Lock(Repeat::Refuse))
        .then([Event::Locked]);
    let ada = world.user(ADA);
    assert_eq!((ada.locked, changed(ada)), (true, Some((at(1), Actor::User(GRACE)))));
    let world =
        world.by(Actor::Operator).when(Command::Unlock(Repeat::Refuse)).then([Event::Unlocked]);
    let ada = world.user(ADA);
    assert_eq!((ada.locked, changed(ada)), (false, Some((at(2), Actor::Operator))));
}

#[test]
fn a_second_lock_is_refused_or_moves_its_time_as_the_dialect_wants() {
    let world = given([ada_created(), Event::Locked])
        .when(Command::Lock(Repeat::Refuse))
        .then_rejected(Rejection::AlreadySo)
        .when(Command::Lock(Repeat::Write))
        .then([Event::Locked]);
    assert_eq!(changed(world.user(ADA)), Some((at(3), Actor::User(GRACE))));
}

#[test]
fn a_second_unlock_is_refused_or_moves_its_time_as_the_dialect_wants() {
    let world = given([ada_created()])
        .when(Command::Unlock(Repeat::Refuse))
        .then_rejected(Rejection::AlreadySo)
        .when(Command::Unlock(Repeat::Write))
        .then([Event::Unlocked]);
    assert_eq!(changed(world.user(ADA)), Some((at(2), Actor::User(GRACE))));
}

#[test]
fn sessions_may_be_used_while_approved_unlocked_and_final() {
    let standing = |facts: &[Event]| {
        given([ada_created()].into_iter().chain(facts.iter().cloned())).user(ADA).standing()
    };
    let usability = |facts: &[Event]| standing(facts).usability;
    let unconfirmed = Event::SignUpStatusSet { status: SignUpStatus::BeforeConfirmation };
    let held_back = Event::SignUpStatusSet { status: SignUpStatus::ToApprove };
    let usable = Standing {
        usability: Usability::Usable,
        password_expires: START.after(PASSWORD_LIFE),
        rights: Rights::NONE,
    };
    assert_eq!(standing(&[]), usable);
    assert_eq!(usability(&[Event::Rejected]), Usability::NotApproved);
    assert_eq!(usability(&[Event::ApprovalReset]), Usability::NotApproved);
    assert_eq!(usability(&[Event::Locked]), Usability::Locked);
    assert_eq!(usability(&[Event::Locked, Event::Unlocked]), Usability::Usable);
    assert_eq!(usability(std::slice::from_ref(&unconfirmed)), Usability::SignUpNotFinal);
    assert_eq!(usability(&[held_back]), Usability::SignUpNotFinal);
    // Approval is looked at first, then the lock (Zato's contract, section 2.2).
    let all = [unconfirmed, Event::Locked, Event::Rejected];
    assert_eq!(usability(&all), Usability::NotApproved);
    assert_eq!(usability(&all[..2]), Usability::Locked);
}

#[test]
fn sessions_of_somebody_without_a_password_do_not_end_with_one() {
    let world = given([of_robot(machine_created())]);
    assert_eq!(world.user(ROBOT).standing().password_expires, Timestamp::NEVER);
}

#[test]
fn a_right_is_granted_once_and_revoked_once() {
    let world = given([ada_created()])
        .when(Command::GrantRight(Right::Auditor))
        .then([Event::RightGranted { right: Right::Auditor }])
        .when(Command::GrantRight(Right::Auditor))
        .then_nothing();
    assert_eq!(world.user(ADA).rights, Rights::NONE.with(Right::Auditor));
    let world = world
        .when(Command::RevokeRight(Right::Auditor))
        .then([Event::RightRevoked { right: Right::Auditor }])
        .when(Command::RevokeRight(Right::Auditor))
        .then_nothing();
    assert_eq!(world.user(ADA).rights, Rights::NONE);
}

#[test]
fn a_right_that_another_one_covers_can_still_be_granted_itself() {
    given([ada_created(), Event::RightGranted { right: Right::SuperUser }])
        .when(Command::RevokeRight(Right::Auditor))
        .then_nothing()
        .when(Command::GrantRight(Right::Auditor))
        .then([Event::RightGranted { right: Right::Auditor }]);
}

#[test]
fn a_deleted_user_is_gone_and_cannot_be_deleted_again() {
    let world = given([ada_created(), attribute_set("a", "1"), pat_added(Timestamp::NEVER)])
        .when(Command::Delete)
        .then([Event::Deleted]);
    assert_eq!(world.find_user(ADA), None);
    world.when(Command::Delete).then_rejected(Rejection::NoSuchUser);
}

#[test]
fn a_user_that_lives_is_deleted_and_erased_at_once() {
    let world = given([ada_created(), attribute_set("a", "1"), pat_added(Timestamp::NEVER)])
        .when(Command::Erase)
        .then([Event::Deleted, Event::Erased]);
    assert_eq!(world.find_user(ADA), None);
    world.when(Command::Erase).then_rejected(Rejection::AlreadyErased);
}

#[test]
fn a_user_that_was_deleted_is_erased_later_and_once() {
    let world = given([ada_created(), Event::Deleted]).when(Command::Erase).then([Event::Erased]);
    let world = world.when(Command::Erase).then_rejected(Rejection::AlreadyErased);
    world.when(Command::Delete).then_rejected(Rejection::NoSuchUser);
}

#[test]
fn nobody_who_was_never_born_is_erased() {
    nothing().when(Command::Erase).then_rejected(Rejection::NoSuchUser);
}

#[test]
fn a_machine_is_erased_like_a_person() {
    let erase = || Asked::User(ROBOT, Command::Erase);
    let gone = [of_robot(Event::Deleted), of_robot(Event::Erased)];
    given([of_robot(machine_created())])
        .when(erase())
        .then(gone)
        .when(erase())
        .then_rejected(Rejection::AlreadyErased);
}

fn changed(user: &User) -> Option<(Timestamp, Actor)> {
    user.lock_changed.map(|change| (change.at, change.by))
}
