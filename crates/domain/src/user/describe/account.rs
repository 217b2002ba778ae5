//! Names, addresses, states, rights.

use crate::description::{Change, Description, Shown};
use crate::policy::Right;
use crate::text::{Email, Name, Patch, Username};
use crate::user::describe::{approval_name, sign_up_name};
use crate::user::state::{ApprovalStatus, SignUpStatus, User};

pub(super) fn sign_up_confirmed(before: Option<&User>) -> Description {
    Description::new("Confirmed the sign-up", sign_up(before, SignUpStatus::Final))
}

pub(super) fn sign_up_status_set(before: Option<&User>, status: SignUpStatus) -> Description {
    Description::new("The sign-up status was set", sign_up(before, status))
}

pub(super) fn approved(before: Option<&User>) -> Description {
    Description::new("Was approved", approval(before, ApprovalStatus::Approved))
}

pub(super) fn rejected(before: Option<&User>) -> Description {
    Description::new("Was rejected", approval(before, ApprovalStatus::Rejected))
}

pub(super) fn approval_reset(before: Option<&User>) -> Description {
    let changes = approval(before, ApprovalStatus::BeforeDecision);
    Description::new("The decision about the account was taken back", changes)
}

pub(super) fn locked(before: Option<&User>) -> Description {
    Description::new("Was locked", lock(before, true))
}

pub(super) fn unlocked(before: Option<&User>) -> Description {
    Description::new("Was unlocked", lock(before, false))
}

pub(super) fn username_changed(before: Option<&User>, username: &Username) -> Description {
    let changes = vec![Change::new("username", old_username(before), Shown::text(username))];
    Description::new("The user name changed", changes)
}

pub(super) fn profile_changed(before: Option<&User>, parts: [&Patch<Name>; 4]) -> Description {
    let names = before.map(|user| &user.profile);
    let old = [
        names.and_then(|names| names.display_name.as_ref()),
        names.and_then(|names| names.first_name.as_ref()),
        names.and_then(|names| names.middle_name.as_ref()),
        names.and_then(|names| names.last_name.as_ref()),
    ];
    let fields = ["display_name", "first_name", "middle_name", "last_name"];
    let mut changes = Vec::new();
    for ((field, part), old) in fields.into_iter().zip(parts).zip(old) {
        let new = match part {
            Patch::Keep => continue,
            Patch::Clear => None,
            Patch::Set(name) => Some(Shown::text(name)),
        };
        changes.push(Change::new(format!("profile.{field}"), old.map(Shown::text), new));
    }
    Description::new("The profile changed", changes)
}

pub(super) fn email_changed(before: Option<&User>, email: &Email) -> Description {
    let changes = vec![Change::new("email", old_email(before), Shown::text(email))];
    Description::new("The e-mail address changed", changes)
}

pub(super) fn email_removed(before: Option<&User>) -> Description {
    let changes = vec![Change::new("email", old_email(before), None)];
    Description::new("The e-mail address was removed", changes)
}

pub(super) fn right_granted(before: Option<&User>, right: Right) -> Description {
    let sentence = format!("Was granted the right {}", right.name());
    Description::new(sentence, vec![held(before, right, true)])
}

pub(super) fn right_revoked(before: Option<&User>, right: Right) -> Description {
    let sentence = format!("Lost the right {}", right.name());
    Description::new(sentence, vec![held(before, right, false)])
}

/// Names what is free again; all else that the user was, its history tells.
pub(super) fn deleted(before: Option<&User>) -> Description {
    let freed = [("username", old_username(before)), ("email", old_email(before))];
    let changes = freed
        .into_iter()
        .filter_map(|(field, old)| Some(Change::new(field, Some(old?), None)))
        .collect();
    Description::new("Was deleted", changes)
}

/// Names nothing: nobody can, from here on.
pub(super) fn erased() -> Description {
    let sentence = "Was erased: its key is destroyed, and nothing personal of it can be read again";
    Description::new(sentence, Vec::new())
}

fn sign_up(before: Option<&User>, status: SignUpStatus) -> Vec<Change> {
    let old = before.map(|user| Shown::text(sign_up_name(user.sign_up)));
    vec![Change::new("sign_up_status", old, Shown::text(sign_up_name(status)))]
}

fn approval(before: Option<&User>, status: ApprovalStatus) -> Vec<Change> {
    let old = before.map(|user| Shown::text(approval_name(user.approval.status)));
    vec![Change::new("approval_status", old, Shown::text(approval_name(status)))]
}

fn lock(before: Option<&User>, locked: bool) -> Vec<Change> {
    let old = before.map(|user| Shown::Flag(user.locked));
    vec![Change::new("locked", old, Shown::Flag(locked))]
}

fn held(before: Option<&User>, right: Right, holds: bool) -> Change {
    let old = before.map(|user| Shown::Flag(user.rights.holds(right)));
    Change::new(format!("rights.{}", right.name()), old, Shown::Flag(holds))
}

fn old_username(before: Option<&User>) -> Option<Shown> {
    before.and_then(|user| user.username.as_ref()).map(Shown::text)
}

fn old_email(before: Option<&User>) -> Option<Shown> {
    before.and_then(|user| user.email.as_ref()).map(Shown::text)
}
