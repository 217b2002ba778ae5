//! Passwords, the TOTP key, personal access tokens.

use crate::rejection::{Rejection, ValueFault};
use crate::scenario::*;
use crate::time::Timestamp;
use crate::user::command::Command;
use crate::user::event::Event;
use crate::user::keys;
use crate::user::state::{NewPassword, Pat};

#[test]
fn a_password_that_was_checked_is_replaced() {
    let world =
        given([ada_created()]).when(change("h2", Some("h1"), None)).then([password_changed("h2")]);
    let password = world.user(ADA).password.clone().unwrap();
    assert_eq!((password.hash, password.set), (hash("h2"), at(1)));
    assert_eq!(password.expires, START.after(PASSWORD_LIFE));
}

#[test]
fn a_password_verified_against_an_old_hash_is_refused() {
    given([ada_created(), password_changed("h2")])
        .when(change("h3", Some("h1"), None))
        .then_rejected(Rejection::StaleProof);
}

#[test]
fn a_password_verified_before_a_rehash_is_refused_and_may_be_tried_again() {
    given([ada_created(), Event::PasswordRehashed { hash: hash("h1, dearer") }])
        .when(change("h2", Some("h1"), None))
        .then_rejected(Rejection::StaleProof)
        .when(change("h2", Some("h1, dearer"), None))
        .then([password_changed("h2")]);
}

#[test]
fn a_password_is_set_without_knowing_the_present_one() {
    given([ada_created()]).when(change("h2", None, None)).then([password_changed("h2")]);
}

#[test]
fn somebody_without_a_password_is_given_one_but_cannot_prove_to_know_it() {
    let without = || given([ada_created_but(|birth| birth.password = None)]);
    without().when(change("h2", Some("h1"), None)).then_rejected(Rejection::StaleProof);
    let world = without().when(change("h2", None, None)).then([password_changed("h2")]);
    assert_eq!(world.user(ADA).password.as_ref().unwrap().hash, hash("h2"));
}

#[test]
fn whether_a_password_must_be_changed_stays_unless_said() {
    let must = |must_change| Event::PasswordChanged { password: password("h2"), must_change };
    let due = || given([ada_created_but(|birth| birth.must_change = true)]);
    due().when(change("h2", None, None)).then([must(true)]);
    due().when(change("h2", None, Some(false))).then([must(false)]);
    given([ada_created()]).when(change("h2", None, Some(true))).then([must(true)]);
}

#[test]
fn a_password_that_is_expired_already_is_refused() {
    let asked = |expires| Command::ChangePassword {
        password: NewPassword { hash: hash("h2"), expires },
        checked: None,
        must_change: None,
    };
    let refused = unacceptable("password.expires", ValueFault::OutOfRange);
    given([ada_created()]).when(asked(at(1))).then_rejected(refused);
    given([ada_created()]).when(asked(at(2))).then_accepted();
}

#[test]
fn a_rehash_changes_the_hash_alone() {
    let before = given([ada_created()]);
    let after = before.clone().and(Event::PasswordRehashed { hash: hash("h1, dearer") });
    let mut password = after.user(ADA).password.clone().unwrap();
    assert_eq!(password.hash, hash("h1, dearer"));
    password.hash = hash("h1");
    assert_eq!(Some(&password), before.user(ADA).password.as_ref());
}

#[test]
fn the_totp_key_is_replaced_without_switching_it_on_or_off() {
    for enabled in [true, false] {
        let world = given([ada_created_but(|birth| birth.totp_enabled = enabled)])
            .when(Command::ResetTotpKey { seed: seed(2), label: Some(name("tablet")) })
            .then([
                Event::TotpKeySet { seed: seed(2) },
                Event::TotpLabelSet { label: Some(name("tablet")) },
            ]);
        let totp = &world.user(ADA).totp;
        assert_eq!((totp.enabled, &totp.seed), (enabled, &Some(seed(2))));
    }
}

#[test]
fn a_label_that_stays_is_not_written_and_one_left_out_is_cleared() {
    given([ada_created()])
        .when(Command::ResetTotpKey { seed: seed(2), label: Some(name("phone")) })
        .then([Event::TotpKeySet { seed: seed(2) }])
        .when(Command::ResetTotpKey { seed: seed(3), label: None })
        .then([Event::TotpKeySet { seed: seed(3) }, Event::TotpLabelSet { label: None }]);
}

#[test]
fn another_key_counts_its_steps_anew_and_the_same_one_goes_on() {
    let used = Event::SignedIn { session: SESSION, totp_step: Some(7) };
    let world = given([ada_created(), used]);
    assert_eq!(world.user(ADA).totp.last_step, Some(7));
    let same = world.clone().and(Event::TotpKeySet { seed: seed(1) });
    assert_eq!(same.user(ADA).totp.last_step, Some(7), "a code just used would count again");
    let other = world.and(Event::TotpKeySet { seed: seed(2) });
    assert_eq!(other.user(ADA).totp.last_step, None);
}

#[test]
fn the_last_totp_step_never_goes_back() {
    let used = |step| Event::SignedIn { session: SESSION, totp_step: step };
    let world = given([ada_created(), used(Some(7)), used(Some(6)), used(None)]);
    assert_eq!(world.user(ADA).totp.last_step, Some(7));
}

#[test]
fn an_access_token_is_added_and_removed_once() {
    let world =
        given([ada_created()]).when(add_pat(Timestamp::NEVER)).then([pat_added(Timestamp::NEVER)]);
    let pat = Pat { hash: token(3), name: name("laptop"), expires: Timestamp::NEVER, added: at(1) };
    assert_eq!(world.user(ADA).tokens.get(&TOKEN), Some(&pat));
    assert_eq!(keys(world.user(ADA)).tokens, [(token(3), TOKEN)]);
    let world = world
        .when(Command::RemovePat(TOKEN))
        .then([Event::PatRemoved { token: TOKEN }])
        .when(Command::RemovePat(TOKEN))
        .then_rejected(Rejection::NoSuchToken);
    assert_eq!(keys(world.user(ADA)).tokens, []);
}

#[test]
fn an_access_token_that_is_dead_already_is_refused() {
    given([ada_created()])
        .when(add_pat(at(1)))
        .then_rejected(unacceptable("token.expires", ValueFault::OutOfRange));
    given([ada_created()]).when(add_pat(at(2))).then([pat_added(at(2))]);
}

fn change(new: &str, checked: Option<&str>, must_change: Option<bool>) -> Command {
    Command::ChangePassword { password: password(new), checked: checked.map(hash), must_change }
}

fn add_pat(expires: Timestamp) -> Command {
    Command::AddPat { token: TOKEN, hash: token(3), name: name("laptop"), expires }
}

#[test]
fn an_access_token_from_before_a_lock_stays_dead() {
    let world = given([ada_created(), pat_added(Timestamp::NEVER)]);
    assert!(world.user(ADA).usable_token(TOKEN, at(2)).is_some());
    let world = world.and(Event::Locked);
    assert!(world.user(ADA).usable_token(TOKEN, at(3)).is_none());
    let world = world.and(Event::Unlocked);
    assert!(world.user(ADA).usable_token(TOKEN, at(4)).is_none());
}

#[test]
fn an_access_token_is_dead_from_its_end_on() {
    let world = given([ada_created(), pat_added(at(9))]);
    assert!(world.user(ADA).usable_token(TOKEN, at(8)).is_some());
    assert!(world.user(ADA).usable_token(TOKEN, at(9)).is_none());
}
