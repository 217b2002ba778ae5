//! Decides what a command makes happen to a user, or why nothing may.

use crate::actor::Stamp;
use crate::attributes::{self, Setting, USER_ATTRIBUTES_MAX};
use crate::policy::Right;
use crate::rejection::{Rejection, ValueFault};
use crate::secret::{PasswordHash, TokenHash};
use crate::text::Patch;
use crate::time::Timestamp;
use crate::user::access;
use crate::user::attempts;
use crate::user::command::{Administrative, Amendment, Command, Repeat};
use crate::user::event::Event;
use crate::user::mail;
use crate::user::state::{ApprovalStatus, NewPassword, SignUpStatus, User};

/// Decides what `command` makes happen, or why nothing may.
///
/// `Ok(vec![])` means "already so": the caller succeeds and no fact is written. Allowed only where
/// no dialect can see the difference, times included. That a name is free is not asked here: the
/// writer compares what users hold, in the turn.
pub fn decide(
    user: Option<&User>,
    command: Command,
    stamp: &Stamp,
) -> Result<Vec<Event>, Rejection> {
    let Some(user) = user else {
        return birth(command);
    };
    match command {
        Command::SignUp(_)
        | Command::Create { .. }
        | Command::CreateSuperUser(_)
        | Command::CreateMachine { .. } => Err(Rejection::UserExists),
        Command::ConfirmSignUp { token } => confirm(user, &token),
        Command::Approve(repeat) => {
            let already = user.approval.status == ApprovalStatus::Approved;
            once(already, repeat, Event::Approved)
        }
        Command::Reject(repeat) => {
            let already = user.approval.status == ApprovalStatus::Rejected;
            once(already, repeat, Event::Rejected)
        }
        Command::Lock(repeat) => once(user.locked, repeat, Event::Locked),
        Command::Unlock(repeat) => once(!user.locked, repeat, Event::Unlocked),
        Command::Amend(amendment) => amend(user, *amendment),
        Command::ChangePassword { password, checked, must_change } => {
            change_password(user, password, checked.as_ref(), must_change, stamp.at)
        }
        Command::ResetTotpKey { seed, label } => {
            let mut events = vec![Event::TotpKeySet { seed }];
            if label != user.totp.label {
                events.push(Event::TotpLabelSet { label });
            }
            Ok(events)
        }
        Command::SetAttributes { items, mode } => {
            let settings =
                attributes::set(&user.attributes, USER_ATTRIBUTES_MAX, items, mode, stamp.at)?;
            Ok(settings.into_iter().map(attribute_set).collect())
        }
        Command::RemoveAttributes(names) => {
            let gone = attributes::remove(&user.attributes, names, stamp.at);
            Ok(gone.into_iter().map(|key| Event::AttributeRemoved { key }).collect())
        }
        Command::GrantRight(right) if user.rights.holds(right) => Ok(vec![]),
        Command::GrantRight(right) => Ok(vec![Event::RightGranted { right }]),
        Command::RevokeRight(right) if !user.rights.holds(right) => Ok(vec![]),
        Command::RevokeRight(right) => Ok(vec![Event::RightRevoked { right }]),
        Command::AddPat { expires, .. } if expires <= stamp.at => {
            Err(unacceptable("token.expires", ValueFault::OutOfRange))
        }
        Command::AddPat { token, hash, name, expires } => {
            Ok(vec![Event::PatAdded { token, hash, name, expires }])
        }
        Command::RemovePat(token) if user.tokens.contains_key(&token) => {
            Ok(vec![Event::PatRemoved { token }])
        }
        Command::RemovePat(_) => Err(Rejection::NoSuchToken),
        Command::Delete => Ok(vec![Event::Deleted]),
        Command::Erase => Ok(vec![Event::Deleted, Event::Erased]),
        Command::Access(command) => access::decide(user, command, stamp.at),
        Command::Mail(command) => mail::decide(user, command),
        Command::NoteAttempts(attempts::Command { fault, count, .. }) => {
            Ok(vec![Event::Attempt(attempts::Event { fault, count })])
        }
    }
}

/// Decides what erasing makes of a user that was deleted before, or erased.
pub fn erase_deleted(is_erased: bool) -> Result<Vec<Event>, Rejection> {
    if is_erased { Err(Rejection::AlreadyErased) } else { Ok(vec![Event::Erased]) }
}

fn birth(command: Command) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::SignUp(birth) => Ok(vec![Event::SignedUp(birth)]),
        Command::Create { birth, rate_limit } => {
            let mut events = vec![Event::Created(birth)];
            events.extend(rate_limit.map(|(active, definition)| {
                access::Event::RateLimitSet { active, definition }.into()
            }));
            Ok(events)
        }
        Command::CreateSuperUser(birth) => {
            Ok(vec![Event::Created(birth), Event::RightGranted { right: Right::SuperUser }])
        }
        Command::CreateMachine { username, name, home } => {
            Ok(vec![Event::MachineCreated { username, name, home }])
        }
        Command::ConfirmSignUp { .. }
        | Command::Approve(_)
        | Command::Reject(_)
        | Command::Lock(_)
        | Command::Unlock(_)
        | Command::Amend(_)
        | Command::ChangePassword { .. }
        | Command::ResetTotpKey { .. }
        | Command::SetAttributes { .. }
        | Command::RemoveAttributes(_)
        | Command::GrantRight(_)
        | Command::RevokeRight(_)
        | Command::AddPat { .. }
        | Command::RemovePat(_)
        | Command::Access(_)
        | Command::Mail(_)
        | Command::NoteAttempts(_)
        | Command::Delete
        | Command::Erase => Err(Rejection::NoSuchUser),
    }
}

fn once(already: bool, repeat: Repeat, event: Event) -> Result<Vec<Event>, Rejection> {
    match repeat {
        Repeat::Refuse if already => Err(Rejection::AlreadySo),
        Repeat::Refuse | Repeat::Write => Ok(vec![event]),
    }
}

fn confirm(user: &User, token: &TokenHash) -> Result<Vec<Event>, Rejection> {
    match &user.confirmation {
        Some(code) if code.token == *token => {}
        Some(_) | None => return Err(Rejection::NoSuchConfirmation),
    }
    if user.sign_up == SignUpStatus::BeforeConfirmation {
        Ok(vec![Event::SignUpConfirmed])
    } else {
        Err(Rejection::AlreadyConfirmed)
    }
}

fn change_password(
    user: &User,
    password: NewPassword,
    checked: Option<&PasswordHash>,
    must_change: Option<bool>,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    if password.expires <= now {
        return Err(unacceptable("password.expires", ValueFault::OutOfRange));
    }
    let present = user.password.as_ref();
    if checked.is_some() && checked != present.map(|present| &present.hash) {
        return Err(Rejection::StaleProof);
    }
    let flag = present.is_some_and(|present| present.must_change);
    Ok(vec![Event::PasswordChanged { password, must_change: must_change.unwrap_or(flag) }])
}

fn amend(user: &User, amendment: Amendment) -> Result<Vec<Event>, Rejection> {
    if amendment == Amendment::default() {
        return Err(Rejection::NothingAsked);
    }
    let mut events = Vec::new();
    if let Some(username) = amendment.username
        && Some(&username) != user.username.as_ref()
    {
        events.push(Event::UsernameChanged { username });
    }
    let display_name = amendment.display_name.against(user.profile.display_name.as_ref());
    let first_name = amendment.first_name.against(user.profile.first_name.as_ref());
    let middle_name = amendment.middle_name.against(user.profile.middle_name.as_ref());
    let last_name = amendment.last_name.against(user.profile.last_name.as_ref());
    if ![&display_name, &first_name, &middle_name, &last_name].into_iter().all(Patch::is_keep) {
        events.push(Event::ProfileChanged { display_name, first_name, middle_name, last_name });
    }
    match amendment.email.against(user.email.as_ref()) {
        Patch::Keep => {}
        Patch::Clear => events.push(Event::EmailRemoved),
        Patch::Set(email) => events.push(Event::EmailChanged { email }),
    }
    if let Some(seed) = amendment.totp_seed
        && Some(&seed) != user.totp.seed.as_ref()
    {
        events.push(Event::TotpKeySet { seed });
    }
    match amendment.totp_label.against(user.totp.label.as_ref()) {
        Patch::Keep => {}
        Patch::Clear => events.push(Event::TotpLabelSet { label: None }),
        Patch::Set(label) => events.push(Event::TotpLabelSet { label: Some(label) }),
    }
    match amendment.totp_enabled {
        Some(true) if !user.totp.enabled => events.push(Event::TotpEnabled),
        Some(false) if user.totp.enabled => events.push(Event::TotpDisabled),
        Some(_) | None => {}
    }
    administer(user, &amendment.administrative, &mut events)?;
    Ok(events)
}

fn administer(
    user: &User,
    asked: &Administrative,
    events: &mut Vec<Event>,
) -> Result<(), Rejection> {
    // Locks and approvals show their time, so saying them again is a fact.
    match asked.locked {
        Some(true) => events.push(Event::Locked),
        Some(false) => events.push(Event::Unlocked),
        None => {}
    }
    let password = user.password.as_ref();
    if (asked.password_expires.is_some() || asked.password_must_change.is_some())
        && password.is_none()
    {
        return Err(Rejection::NoPassword);
    }
    if let Some(expires) = asked.password_expires
        && password.is_some_and(|password| password.expires != expires)
    {
        events.push(Event::PasswordExpirySet { expires });
    }
    if let Some(must_change) = asked.password_must_change
        && password.is_some_and(|password| password.must_change != must_change)
    {
        events.push(Event::PasswordMustChangeSet { must_change });
    }
    if let Some(status) = asked.sign_up
        && status != user.sign_up
    {
        events.push(Event::SignUpStatusSet { status });
    }
    match asked.approval {
        Some(ApprovalStatus::Approved) => events.push(Event::Approved),
        Some(ApprovalStatus::Rejected) => events.push(Event::Rejected),
        Some(ApprovalStatus::BeforeDecision) => events.push(Event::ApprovalReset),
        None => {}
    }
    Ok(())
}

fn attribute_set(setting: Setting) -> Event {
    let Setting { key, value, encrypted, expires } = setting;
    Event::AttributeSet { key, value, encrypted, expires }
}

fn unacceptable(field: &'static str, fault: ValueFault) -> Rejection {
    Rejection::Unacceptable { field, fault }
}
