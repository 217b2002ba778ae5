//! Choosing a new password by mail.

use crate::rejection::Rejection;
use crate::scenario::*;
use crate::time::{Span, Timestamp};
use crate::user::access::{Command, Event as Access};
use crate::user::event::Event;
use crate::user::keys;
use crate::user::reset::RESETS_MAX;

fn open() -> Command {
    Command::OpenReset {
        token: token(5),
        key: token(6),
        lasts: Span::minutes(5),
        address_allowed: true,
    }
}

fn carry_out(token_: u8, key: u8) -> Command {
    let (token, key) = (token(token_), token(key));
    Command::CarryOutReset { token, key, password: password("h2"), address_allowed: true }
}

fn under_way() -> World {
    given([ada_created(), reset_requested()])
}

#[test]
fn token_and_key_set_a_password_once() {
    let set = Event::PasswordChanged { password: password("h2"), must_change: false };
    let world = under_way().and(reset_opened()).when(carry_out(5, 6));
    let world = world.then([set, Access::ResetUsed { code: RESET }.into()]);
    assert!(!keys(world.user(ADA)).codes.contains(&token(5)), "a used token is nobody's");
    world.when(carry_out(5, 6)).then_rejected(Rejection::NoSuchReset);
}

#[test]
fn a_token_is_exchanged_once_and_its_key_never_outlives_it() {
    let world = under_way().when(open());
    let world = world.then_accepted().0;
    assert!(keys(world.user(ADA)).codes.contains(&token(5)));
    world.when(open()).then_rejected(Rejection::NoSuchReset);
    let long = Command::OpenReset {
        token: token(5),
        key: token(6),
        lasts: Span::minutes(90),
        address_allowed: true,
    };
    let expires = START.after(Span::minutes(9));
    let opened = Event::from(Access::ResetOpened { code: RESET, key: token(6), expires });
    under_way().when(long).then([opened]);
}

#[test]
fn other_tokens_and_keys_open_nothing() {
    let opened = || under_way().and(reset_opened());
    opened().when(carry_out(5, 7)).then_rejected(Rejection::NoSuchReset);
    opened().when(carry_out(7, 6)).then_rejected(Rejection::NoSuchReset);
    under_way().when(carry_out(5, 6)).then_rejected(Rejection::NoSuchReset);
    given([ada_created()]).when(open()).then_rejected(Rejection::NoSuchReset);
}

#[test]
fn an_expired_token_or_key_is_none() {
    let expired = |expires: Timestamp| {
        Event::Access(Access::ResetRequested {
            code: RESET,
            token: token(5),
            expires,
            mail_owed: false,
        })
    };
    given([ada_created(), expired(at(1))]).when(open()).then_rejected(Rejection::NoSuchReset);
    let late = Event::from(Access::ResetOpened { code: RESET, key: token(6), expires: at(1) });
    under_way().and(late).when(carry_out(5, 6)).then_rejected(Rejection::NoSuchReset);
}

#[test]
fn who_may_not_sign_in_does_not_reset_and_keeps_the_token() {
    under_way().and(Event::Locked).when(open()).then_rejected(Rejection::AccountLocked);
    under_way().and(Event::Rejected).when(open()).then_rejected(Rejection::NotApproved);
    let opened = under_way().and(reset_opened()).and(Event::Locked);
    opened.when(carry_out(5, 6)).then_rejected(Rejection::AccountLocked);
    under_way().and(Event::Locked).and(Event::Unlocked).when(open()).then_accepted();
}

#[test]
fn no_more_resets_begin_than_may_be_under_way() {
    let ask = |n: u8| Command::RequestReset {
        code: crate::id::CodeId(ulid::Ulid(u128::from(n) + 100)),
        token: token(n),
        lasts: Span::minutes(9),
        mail_owed: false,
    };
    let mut world = given([ada_created()]);
    for n in 0..RESETS_MAX {
        world = world.when(ask(u8::try_from(n).unwrap())).then_accepted().0;
    }
    world.when(ask(99)).then_nothing();
}

#[test]
fn a_link_is_made_once_and_taken_away_once() {
    let linked = Event::from(Access::Linked { link: pubapi(), active: true });
    let link = || Command::Link { link: pubapi(), active: true };
    let world = given([ada_created()]).when(link()).then([linked]);
    let world = world.when(link()).then_rejected(Rejection::AlreadySo);
    let gone = Event::from(Access::Unlinked { link: pubapi() });
    let world = world.when(Command::Unlink(pubapi())).then([gone]);
    world.when(Command::Unlink(pubapi())).then_rejected(Rejection::NoSuchLink);
}
