//! Tells people what an event changed about a user: one sentence, and the fields with old and new
//! value.
//!
//! * `births`: all that a user is born with
//! * `account`: names, addresses, states, rights
//! * `credentials`: password, second factor, access tokens; never a secret
//! * `access`: ways in beside the password
//! * `attempts`: sign-ins that failed
//! * `difference`: what differs between two times, under the same names
//! * `mail`: mails that were owed, went out, or did not
//!
//! What applications keep with it, `crate::attributes` describes.

use crate::attributes::describe as attributes;
use crate::attributes::{Attribute, AttributeKey};
use crate::description::Description;
use crate::user::event::Event;
use crate::user::state::{ApprovalStatus, SignUpStatus, User};

mod access;
mod account;
mod attempts;
mod births;
mod credentials;
mod difference;
mod mail;
#[cfg(test)]
mod tests;

pub use difference::difference;

/// Describes `event`, which happened to a user that was `before`.
pub fn describe(before: Option<&User>, event: &Event) -> Description {
    match event {
        Event::SignedUp(birth) => births::signed_up(birth),
        Event::Created(birth) => births::created(birth),
        Event::MachineCreated { username, name, home } => {
            births::machine_created(username, name, *home)
        }
        Event::SignUpConfirmed => account::sign_up_confirmed(before),
        Event::SignUpStatusSet { status } => account::sign_up_status_set(before, *status),
        Event::Approved => account::approved(before),
        Event::Rejected => account::rejected(before),
        Event::ApprovalReset => account::approval_reset(before),
        Event::Locked => account::locked(before),
        Event::Unlocked => account::unlocked(before),
        Event::UsernameChanged { username } => account::username_changed(before, username),
        Event::ProfileChanged { display_name, first_name, middle_name, last_name } => {
            account::profile_changed(before, [display_name, first_name, middle_name, last_name])
        }
        Event::EmailChanged { email } => account::email_changed(before, email),
        Event::EmailRemoved => account::email_removed(before),
        Event::PasswordChanged { password, must_change } => {
            credentials::password_changed(before, password, *must_change)
        }
        Event::PasswordRehashed { hash: _ } => credentials::password_rehashed(),
        Event::PasswordExpirySet { expires } => credentials::password_expiry_set(before, *expires),
        Event::PasswordMustChangeSet { must_change } => {
            credentials::password_must_change_set(before, *must_change)
        }
        Event::TotpKeySet { seed: _ } => credentials::totp_key_set(before),
        Event::TotpLabelSet { label } => credentials::totp_label_set(before, label.as_ref()),
        Event::TotpEnabled => credentials::totp_switched(before, true),
        Event::TotpDisabled => credentials::totp_switched(before, false),
        Event::SignedIn { session: _, totp_step } => credentials::signed_in(totp_step.is_some()),
        Event::AttributeSet { key, value, encrypted, expires } => {
            let present = attribute(before, key);
            let words = &attributes::USERS;
            attributes::set(words, present, key, value.as_ref(), *encrypted, *expires)
        }
        Event::AttributeRemoved { key } => {
            attributes::removed(&attributes::USERS, attribute(before, key), key)
        }
        Event::RightGranted { right } => account::right_granted(before, *right),
        Event::RightRevoked { right } => account::right_revoked(before, *right),
        Event::PatAdded { token, hash: _, name, expires } => {
            credentials::pat_added(*token, name, *expires)
        }
        Event::PatRemoved { token } => credentials::pat_removed(before, *token),
        Event::Deleted => account::deleted(before),
        Event::Erased => account::erased(),
        Event::Access(event) => access::describe(before, event),
        Event::Mail(event) => mail::describe(before, event),
        Event::Attempt(event) => attempts::describe(*event),
    }
}

fn attribute<'a>(before: Option<&'a User>, key: &AttributeKey) -> Option<&'a Attribute> {
    before.and_then(|user| user.attributes.get(key)).map(AsRef::as_ref)
}

/// The name of a sign-up status outside the code.
pub fn sign_up_name(status: SignUpStatus) -> &'static str {
    match status {
        SignUpStatus::BeforeConfirmation => "before_confirmation",
        SignUpStatus::ToApprove => "to_approve",
        SignUpStatus::Final => "final",
    }
}

/// The name of an approval status outside the code.
pub fn approval_name(status: ApprovalStatus) -> &'static str {
    match status {
        ApprovalStatus::BeforeDecision => "before_decision",
        ApprovalStatus::Approved => "approved",
        ApprovalStatus::Rejected => "rejected",
    }
}
