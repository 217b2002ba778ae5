//! Decides what a command makes happen to a user, or why nothing may.

use std::collections::{BTreeMap, BTreeSet};

use crate::actor::Stamp;
use crate::attributes::{
    self, ATTRIBUTES_AT_ONCE_MAX, ATTRIBUTES_MAX, AttributeKey, NewAttribute, SetMode,
};
use crate::rejection::{Rejection, ValueFault};
use crate::secret::{PasswordHash, TokenHash};
use crate::text::Patch;
use crate::time::Timestamp;
use crate::user::command::{Administrative, Amendment, Command, Repeat};
use crate::user::event::Event;
use crate::user::reset;
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
        Command::SignUp(_) | Command::Create { .. } | Command::CreateMachine { .. } => {
            Err(Rejection::UserExists)
        }
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
        Command::SetAttributes { items, mode } => set_attributes(user, items, mode, stamp.at),
        Command::RemoveAttributes(names) => Ok(remove_attributes(user, names, stamp.at)),
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
        Command::RequestPasswordReset { code, token, lasts, mail_owed } => {
            reset::request(user, (code, token), lasts, mail_owed, stamp.at)
        }
        Command::OpenPasswordReset { token, key, lasts } => {
            reset::open(user, &token, key, lasts, stamp.at)
        }
        Command::CarryOutPasswordReset { token, key, password } => {
            reset::carry_out(user, &token, &key, password, stamp.at)
        }
        Command::LinkAccount { link, .. } if user.links.contains_key(&link) => {
            Err(Rejection::AlreadySo)
        }
        Command::LinkAccount { link, active } => Ok(vec![Event::AccountLinked { link, active }]),
        Command::UnlinkAccount(link) if user.links.contains_key(&link) => {
            Ok(vec![Event::AccountUnlinked { link }])
        }
        Command::UnlinkAccount(_) => Err(Rejection::NoSuchLink),
    }
}

fn birth(command: Command) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::SignUp(birth) => Ok(vec![Event::SignedUp(birth)]),
        Command::Create { birth, rate_limit } => {
            let mut events = vec![Event::Created(birth)];
            events.extend(
                rate_limit.map(|(active, definition)| Event::RateLimitSet { active, definition }),
            );
            Ok(events)
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
        | Command::RequestPasswordReset { .. }
        | Command::OpenPasswordReset { .. }
        | Command::CarryOutPasswordReset { .. }
        | Command::LinkAccount { .. }
        | Command::UnlinkAccount(_)
        | Command::Delete => Err(Rejection::NoSuchUser),
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

fn set_attributes(
    user: &User,
    items: Vec<NewAttribute>,
    mode: SetMode,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    let fresh = || items.iter().filter(|item| !user.attributes.contains_key(&item.key)).count();
    if items.len() > ATTRIBUTES_AT_ONCE_MAX || user.attributes.size() + fresh() > ATTRIBUTES_MAX {
        return Err(Rejection::TooLarge);
    }
    let mut events = Vec::with_capacity(items.len());
    let mut said: BTreeMap<AttributeKey, Timestamp> = BTreeMap::new();
    for item in items {
        attributes::check(&item)?;
        // What an earlier item of the command said is what a later one finds.
        let found = said
            .get(&item.key)
            .copied()
            .or_else(|| user.attributes.get(&item.key).map(|present| present.expires))
            .filter(|end| now < *end);
        match mode {
            SetMode::Create if found.is_some() => return Err(Rejection::AttributeExists),
            SetMode::Update if found.is_none() => return Err(Rejection::NoSuchAttribute),
            SetMode::Create | SetMode::Update | SetMode::Put => {}
        }
        if item.value.is_none() && found.is_none() {
            return Err(unacceptable("attribute.value", ValueFault::Empty));
        }
        let expires = item.expires.or(found).unwrap_or(Timestamp::NEVER);
        said.insert(item.key.clone(), expires);
        events.push(Event::AttributeSet {
            key: item.key,
            value: item.value,
            encrypted: item.encrypted,
            expires,
        });
    }
    Ok(events)
}

fn remove_attributes(user: &User, names: Vec<AttributeKey>, now: Timestamp) -> Vec<Event> {
    let alive =
        |key: &AttributeKey| user.attributes.get(key).is_some_and(|present| present.is_alive(now));
    let mut gone = BTreeSet::new();
    let mut events = Vec::new();
    for key in names {
        if alive(&key) && gone.insert(key.clone()) {
            events.push(Event::AttributeRemoved { key });
        }
    }
    events
}

fn unacceptable(field: &'static str, fault: ValueFault) -> Rejection {
    Rejection::Unacceptable { field, fault }
}
