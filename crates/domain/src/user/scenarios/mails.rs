//! Mails that are owed.

use crate::id::Position;
use crate::rejection::Rejection;
use crate::scenario::*;
use crate::user::command::{Command, Repeat};
use crate::user::event::Event;
use crate::user::mail::{self, MAILS_MAX, MailFailure, MailKind, MailRules};

const ALL: MailRules =
    MailRules { welcome: true, approval_needed: true, approved: true, rejected: true };

fn requested(kind: MailKind) -> Event {
    mail::Event::Requested { kind }.into()
}

fn confirm() -> Command {
    Command::ConfirmSignUp { token: token(1) }
}

#[test]
fn who_signs_up_is_sent_the_token_until_the_sign_up_is_confirmed() {
    let world = given([ada_signed_up()]);
    let owed: Vec<_> = world.user(ADA).mails.values().map(|owed| owed.kind).collect();
    assert_eq!(owed, [MailKind::Confirmation]);
    let confirmed = world.when(confirm()).then([Event::SignUpConfirmed]);
    assert!(confirmed.user(ADA).mails.is_empty());
}

#[test]
fn what_went_out_is_owed_no_more_and_not_twice() {
    let sent = || mail::Command::NoteSent(Position(1));
    let kind = MailKind::Confirmation;
    let world = given([ada_signed_up()])
        .when(sent())
        .then([Event::from(mail::Event::Sent { mail: Position(1), kind })]);
    assert!(world.user(ADA).mails.is_empty());
    world.when(sent()).then_rejected(Rejection::NoSuchMail);
}

#[test]
fn a_mail_that_failed_stays_owed_until_it_is_given_up() {
    let failed = |why| mail::Command::NoteFailed { mail: Position(1), why };
    let world = given([ada_signed_up()]).when(failed(MailFailure::Unreachable)).then_accepted().0;
    assert!(world.user(ADA).mails.values().all(|owed| !owed.refused));
    let world = world.when(failed(MailFailure::Refused)).then_accepted().0;
    assert!(world.user(ADA).mails.values().all(|owed| owed.refused));
    let world = world.when(failed(MailFailure::TooOld)).then_accepted().0;
    assert!(world.user(ADA).mails.is_empty());
}

#[test]
fn a_welcome_is_owed_once_when_an_account_is_first_confirmed_and_approved() {
    let approve = || Command::Approve(Repeat::Write);
    let confirmed = given([ada_signed_up()]).mailing(ALL).when(confirm()).then_accepted();
    assert_eq!(confirmed.1[1..], [requested(MailKind::ApprovalNeeded).into()]);
    let world = confirmed.0.when(approve()).then([Event::Approved, requested(MailKind::Welcome)]);
    let world = world.when(approve()).then([Event::Approved]);
    let rejected = [Event::Rejected, requested(MailKind::Rejected)];
    let world = world.when(Command::Reject(Repeat::Write)).then(rejected);
    world.when(approve()).then([Event::Approved, requested(MailKind::Approved)]);
}

#[test]
fn who_is_born_ready_is_welcomed_and_who_has_no_address_is_sent_nothing() {
    let (_, events) = nothing().mailing(ALL).when(create(None)).then_accepted();
    assert_eq!(events[1..], [requested(MailKind::Welcome).into()]);
    let homeless = given([ada_created_but(|birth| birth.email = None)]).mailing(ALL);
    homeless.when(Command::Reject(Repeat::Write)).then([Event::Rejected]);
}

#[test]
fn no_rule_no_mail() {
    given([ada_signed_up()]).when(confirm()).then([Event::SignUpConfirmed]);
    given([ada_created()]).when(Command::Reject(Repeat::Write)).then([Event::Rejected]);
}

#[test]
fn a_reset_is_mailed_until_it_is_used() {
    let world = given([ada_created()]).and(reset_requested());
    assert_eq!(world.user(ADA).mails.size(), 1);
    let used = crate::user::access::Event::ResetUsed { code: RESET };
    assert!(world.and(Event::from(used)).user(ADA).mails.is_empty());
}

#[test]
fn more_mails_than_may_be_owed_push_out_the_oldest() {
    let world = (0..=MAILS_MAX)
        .fold(given([ada_created()]), |world, _| world.and(requested(MailKind::Approved)));
    let mails = &world.user(ADA).mails;
    assert_eq!(mails.size(), MAILS_MAX);
    assert_eq!(mails.first().map(|(mail, _)| *mail), Some(Position(3)));
}
