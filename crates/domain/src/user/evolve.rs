//! The fold of a user: what each fact makes of the state.

use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::actor::Actor;
use crate::attributes::{self, AttributeKey, Attributes, USER_ATTRIBUTES_MAX};
use crate::fact::{Head, Stream};
use crate::id::{OrganizationId, UserId};
use crate::policy::Rights;
use crate::secret::TotpSeed;
use crate::time::Timestamp;
use crate::user::access;
use crate::user::event::{Created, Event, SignedUp};
use crate::user::mail::{self, MailKind};
use crate::user::state::{
    Approval, ApprovalStatus, Kind, LockChange, NewPassword, Password, Pat, Profile, SignUpStatus,
    Totp, User,
};

/// Folds one fact into the state, in place; `None` before birth and after deletion.
pub fn evolve(user: &mut Option<Arc<User>>, head: &Head, event: &Event) {
    if let Some(mut newborn) = born(head, event) {
        debug_assert!(user.is_none(), "a user is born once");
        newborn.was_usable = is_usable(&newborn);
        *user = Some(Arc::new(newborn));
        return;
    }
    if matches!(event, Event::Deleted | Event::Erased) {
        *user = None;
        return;
    }
    let Some(user) = user.as_mut() else {
        debug_assert!(false, "nothing happens to a user before birth");
        return;
    };
    let user = Arc::make_mut(user);
    user.version = head.version;
    change(user, head, event);
    user.was_usable |= is_usable(user);
}

fn change(user: &mut User, head: &Head, event: &Event) {
    match event {
        Event::SignedUp(_)
        | Event::Created(_)
        | Event::MachineCreated { .. }
        | Event::Deleted
        | Event::Erased
        | Event::Attempt(_)
        | Event::SignedIn { totp_step: None, .. } => {}
        Event::SignUpConfirmed => signed_up_as_far_as(user, SignUpStatus::Final),
        Event::SignUpStatusSet { status } => signed_up_as_far_as(user, *status),
        Event::Approved => decided(user, head, ApprovalStatus::Approved),
        Event::Rejected => decided(user, head, ApprovalStatus::Rejected),
        Event::ApprovalReset => decided(user, head, ApprovalStatus::BeforeDecision),
        Event::Locked => locked(user, head, true),
        Event::Unlocked => locked(user, head, false),
        Event::UsernameChanged { username } => user.username = Some(username.clone()),
        Event::ProfileChanged { display_name, first_name, middle_name, last_name } => {
            display_name.apply_to(&mut user.profile.display_name);
            first_name.apply_to(&mut user.profile.first_name);
            middle_name.apply_to(&mut user.profile.middle_name);
            last_name.apply_to(&mut user.profile.last_name);
        }
        Event::EmailChanged { email } => user.email = Some(email.clone()),
        Event::EmailRemoved => user.email = None,
        Event::PasswordChanged { password, must_change } => {
            user.password = Some(kept(password, *must_change, head.at));
        }
        Event::PasswordRehashed { hash } => {
            if let Some(password) = &mut user.password {
                password.hash = hash.clone();
            }
        }
        Event::PasswordExpirySet { expires } => {
            if let Some(password) = &mut user.password {
                password.expires = *expires;
            }
        }
        Event::PasswordMustChangeSet { must_change } => {
            if let Some(password) = &mut user.password {
                password.must_change = *must_change;
            }
        }
        Event::TotpKeySet { seed } => set_totp_key(&mut user.totp, seed),
        Event::TotpLabelSet { label } => user.totp.label.clone_from(label),
        Event::TotpEnabled => user.totp.enabled = true,
        Event::TotpDisabled => user.totp.enabled = false,
        Event::SignedIn { totp_step: Some(step), .. } => {
            user.totp.last_step = user.totp.last_step.max(Some(*step));
        }
        Event::AttributeSet { key, value, encrypted, expires } => {
            set_attribute(user, head, key, value.as_ref(), (*encrypted, *expires));
        }
        Event::AttributeRemoved { key } => {
            user.attributes.remove_mut(key);
        }
        Event::RightGranted { right } => user.rights = user.rights.with(*right),
        Event::RightRevoked { right } => user.rights = user.rights.without(*right),
        Event::PatAdded { token, hash, name, expires } => {
            let pat =
                Pat { hash: hash.clone(), name: name.clone(), expires: *expires, added: head.at };
            user.tokens.insert_mut(*token, pat);
        }
        Event::PatRemoved { token } => {
            user.tokens.remove_mut(token);
        }
        Event::Access(event) => access::evolve(user, head, event),
        Event::Mail(event) => mail::evolve(user, head, event),
    }
}

fn is_usable(user: &User) -> bool {
    user.sign_up == SignUpStatus::Final && user.approval.status == ApprovalStatus::Approved
}

fn signed_up_as_far_as(user: &mut User, status: SignUpStatus) {
    user.sign_up = status;
    mail::sweep(user);
}

fn decided(user: &mut User, head: &Head, status: ApprovalStatus) {
    user.approval = Approval { status, at: head.at, by: head.actor };
}

fn locked(user: &mut User, head: &Head, locked: bool) {
    user.locked = locked;
    if locked {
        user.disabled_at = Some(head.at);
    }
    user.lock_changed = Some(LockChange::of(head));
}

fn kept(password: &NewPassword, must_change: bool, at: Timestamp) -> Password {
    Password { hash: password.hash.clone(), set: at, expires: password.expires, must_change }
}

fn set_totp_key(totp: &mut Totp, seed: &TotpSeed) {
    // Another key makes other codes; of the same one, a used code stays used.
    if totp.seed.as_ref() != Some(seed) {
        totp.last_step = None;
    }
    totp.seed = Some(seed.clone());
}

fn set_attribute(
    user: &mut User,
    head: &Head,
    key: &AttributeKey,
    value: Option<&Arc<str>>,
    now: (bool, Timestamp),
) {
    attributes::became(&mut user.attributes, USER_ATTRIBUTES_MAX, head, key, value, now);
}

/// The user whose stream `event` begins, if it is a birth.
fn born(head: &Head, event: &Event) -> Option<User> {
    let Stream::User(id) = head.stream else {
        debug_assert!(false, "a user's event stands in a user's stream");
        return None;
    };
    match event {
        Event::SignedUp(birth) => Some(signed_up(id, head, birth)),
        Event::Created(birth) => Some(created(id, head, birth)),
        Event::MachineCreated { username, name, home } => Some(User {
            username: Some(username.clone()),
            profile: Profile { display_name: Some(name.clone()), ..Profile::default() },
            ..blank(id, Kind::Machine, *home, head)
        }),
        Event::SignUpConfirmed
        | Event::SignUpStatusSet { .. }
        | Event::Approved
        | Event::Rejected
        | Event::ApprovalReset
        | Event::Locked
        | Event::Unlocked
        | Event::UsernameChanged { .. }
        | Event::ProfileChanged { .. }
        | Event::EmailChanged { .. }
        | Event::EmailRemoved
        | Event::PasswordChanged { .. }
        | Event::PasswordRehashed { .. }
        | Event::PasswordExpirySet { .. }
        | Event::PasswordMustChangeSet { .. }
        | Event::TotpKeySet { .. }
        | Event::TotpLabelSet { .. }
        | Event::TotpEnabled
        | Event::TotpDisabled
        | Event::SignedIn { .. }
        | Event::AttributeSet { .. }
        | Event::AttributeRemoved { .. }
        | Event::RightGranted { .. }
        | Event::RightRevoked { .. }
        | Event::PatAdded { .. }
        | Event::PatRemoved { .. }
        | Event::Access(_)
        | Event::Mail(_)
        | Event::Attempt(_)
        | Event::Deleted
        | Event::Erased => None,
    }
}

fn signed_up(id: UserId, head: &Head, birth: &SignedUp) -> User {
    let mut user = User {
        username: Some(birth.username.clone()),
        email: birth.email.clone(),
        sign_up: SignUpStatus::BeforeConfirmation,
        confirmation: Some(birth.confirmation.clone()),
        applications: birth.applications.clone().into(),
        // Nobody decided this: configuration did.
        approval: Approval { status: birth.approval(), at: head.at, by: Actor::System },
        password: Some(kept(&birth.password, false, head.at)),
        totp: Totp { seed: Some(birth.totp.clone()), ..Totp::default() },
        ..blank(id, Kind::Human, birth.home, head)
    };
    if birth.mail_owed {
        mail::owe(&mut user, head, MailKind::Confirmation, Some(birth.confirmation.id));
    }
    user
}

fn created(id: UserId, head: &Head, birth: &Created) -> User {
    User {
        username: birth.username.clone(),
        email: birth.email.clone(),
        profile: birth.profile.clone(),
        sign_up: birth.sign_up,
        approval: Approval { status: birth.approval, at: head.at, by: head.actor },
        locked: birth.locked,
        disabled_at: birth.locked.then_some(head.at),
        lock_changed: birth.locked.then(|| LockChange::of(head)),
        password: birth.password.as_ref().map(|new| kept(new, birth.must_change, head.at)),
        totp: Totp {
            seed: Some(birth.totp.clone()),
            label: birth.totp_label.clone(),
            enabled: birth.totp_enabled,
            last_step: None,
        },
        ..blank(id, Kind::Human, birth.home, head)
    }
}

/// A user of whom nothing is known but its birth: final and approved, as machines are.
fn blank(id: UserId, kind: Kind, home: OrganizationId, head: &Head) -> User {
    User {
        id,
        kind,
        home,
        slot: head.slot,
        version: head.version,
        born: head.at,
        username: None,
        email: None,
        profile: Profile::default(),
        sign_up: SignUpStatus::Final,
        confirmation: None,
        applications: Box::default(),
        approval: Approval { status: ApprovalStatus::Approved, at: head.at, by: head.actor },
        locked: false,
        disabled_at: None,
        lock_changed: None,
        rights: Rights::NONE,
        password: None,
        totp: Totp::default(),
        attributes: Attributes::new_sync(),
        tokens: RedBlackTreeMapSync::new_sync(),
        resets: RedBlackTreeMapSync::new_sync(),
        links: RedBlackTreeMapSync::new_sync(),
        rate_limit: None,
        mails: RedBlackTreeMapSync::new_sync(),
        was_usable: false,
    }
}
