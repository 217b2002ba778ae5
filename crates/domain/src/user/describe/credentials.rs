//! Password, second factor, access tokens. A secret is never shown, only that it was there.

use crate::description::{Change, Description, Shown};
use crate::id::TokenId;
use crate::text::Name;
use crate::time::Timestamp;
use crate::user::state::{NewPassword, Password, User};

pub(super) fn password_changed(
    before: Option<&User>,
    new: &NewPassword,
    must_change: bool,
) -> Description {
    let present = password(before);
    let mut changes = vec![Change::new("password", present.map(|_| Shown::Secret), Shown::Secret)];
    if present.map(|present| present.expires) != Some(new.expires) {
        changes.push(expiry(present, new.expires));
    }
    if present.is_some_and(|present| present.must_change) != must_change {
        changes.push(must(present, must_change));
    }
    Description::new("The password changed", changes)
}

/// The same password under a stronger hash: nothing that a reader would call a change.
pub(super) fn password_rehashed() -> Description {
    Description::new("The password was hashed anew at today's cost", Vec::new())
}

pub(super) fn password_expiry_set(before: Option<&User>, expires: Timestamp) -> Description {
    Description::new("The password's expiry was set", vec![expiry(password(before), expires)])
}

pub(super) fn password_must_change_set(before: Option<&User>, must_change: bool) -> Description {
    let sentence = if must_change {
        "Must change the password at the next sign-in"
    } else {
        "Need not change the password any more"
    };
    Description::new(sentence, vec![must(password(before), must_change)])
}

pub(super) fn totp_key_set(before: Option<&User>) -> Description {
    let old = before.and_then(|user| user.totp.seed.as_ref()).map(|_| Shown::Secret);
    let changes = vec![Change::new("totp.key", old, Shown::Secret)];
    Description::new("The TOTP key was replaced", changes)
}

pub(super) fn totp_label_set(before: Option<&User>, label: Option<&Name>) -> Description {
    let old = before.and_then(|user| user.totp.label.as_ref()).map(Shown::text);
    let changes = vec![Change::new("totp.label", old, label.map(Shown::text))];
    Description::new("The TOTP label changed", changes)
}

pub(super) fn totp_switched(before: Option<&User>, on: bool) -> Description {
    let sentence = if on { "TOTP was switched on" } else { "TOTP was switched off" };
    let old = before.map(|user| Shown::Flag(user.totp.enabled));
    Description::new(sentence, vec![Change::new("totp.enabled", old, Shown::Flag(on))])
}

pub(super) fn signed_in(with_totp: bool) -> Description {
    let sentence = if with_totp { "Signed in with a TOTP code" } else { "Signed in" };
    Description::new(sentence, Vec::new())
}

pub(super) fn pat_added(token: TokenId, name: &Name, expires: Timestamp) -> Description {
    let mut changes = vec![Change::new(format!("tokens.{token}"), None, Shown::text(name))];
    if expires != Timestamp::NEVER {
        changes.push(Change::new(format!("tokens.{token}.expires"), None, Shown::Time(expires)));
    }
    Description::new(format!("Was given the access token \"{name}\""), changes)
}

pub(super) fn pat_removed(before: Option<&User>, token: TokenId) -> Description {
    let name = before.and_then(|user| user.tokens.get(&token)).map(|pat| &pat.name);
    let called = name.map_or_else(|| token.to_string(), ToString::to_string);
    Description::new(
        format!("The access token \"{called}\" was removed"),
        vec![Change::new(format!("tokens.{token}"), name.map(Shown::text), None)],
    )
}

fn password(before: Option<&User>) -> Option<&Password> {
    before.and_then(|user| user.password.as_ref())
}

fn expiry(present: Option<&Password>, expires: Timestamp) -> Change {
    let old = present.map(|present| Shown::Time(present.expires));
    Change::new("password.expires", old, Shown::Time(expires))
}

fn must(present: Option<&Password>, must_change: bool) -> Change {
    let old = present.map(|present| Shown::Flag(present.must_change));
    Change::new("password.must_change", old, Shown::Flag(must_change))
}
