//! Get, update and delete a user.

use axum::response::Response;
use domain::id::UserId;
use domain::policy::Act;
use domain::rejection::{Held, Rejection, ValueFault};
use domain::secret::TotpSeed;
use domain::text::{Email, Patch, TextFault, Username};
use domain::user;
use domain::user::command::{Administrative, Amendment};
use domain::user::state::ApprovalStatus;
use service::{Command, totp};

use super::call::{Outcome, Refusal, Reply, Target, Zato};
use super::errors::{Call, NOT_ALLOWED};
use super::wire::{self, NAME_CHARS_MAX, name, parse_date, unacceptable};

/// What anybody may change of the own account.
const OWN_KEYS: [&str; 9] = [
    "username",
    "email",
    "display_name",
    "first_name",
    "middle_name",
    "last_name",
    "is_totp_enabled",
    "totp_key",
    "totp_label",
];
/// What super-users alone may change.
const SUPER_USER_KEYS: [&str; 5] =
    ["is_locked", "password_expiry", "password_must_change", "sign_up_status", "approval_status"];
/// Those of all parameters of an update that are texts.
const TEXTS: [&str; 13] = [
    "ust",
    "user_id",
    "username",
    "email",
    "display_name",
    "first_name",
    "middle_name",
    "last_name",
    "totp_key",
    "totp_label",
    "password_expiry",
    "sign_up_status",
    "approval_status",
];
/// Those that are flags.
const FLAGS: [&str; 3] = ["is_totp_enabled", "is_locked", "password_must_change"];

/// `GET /zato/sso/user`
pub async fn read(zato: Zato) -> Response {
    zato.respond(try_read(&zato).await)
}

/// `PATCH /zato/sso/user`
pub async fn update(zato: Zato) -> Response {
    zato.respond(try_update(&zato).await)
}

/// `DELETE /zato/sso/user`
pub async fn delete(zato: Zato) -> Response {
    zato.respond(try_delete(&zato).await)
}

async fn try_delete(zato: &Zato) -> Outcome {
    zato.require(&["ust", "current_app"])?;
    zato.convertible(&["ust", "user_id"], &[], &[])?;
    let caller = zato.caller(Call::Delete, "ust")?;
    let service = &zato.app.service;
    let refuse = |why: Rejection| zato.refuse(Call::Delete, &why);
    service.permits(&caller, Act::DeleteUser, None).map_err(refuse)?;
    let target = match zato.target()? {
        // Nobody deletes the own account in this dialect.
        Some(Target::Known(user)) if caller.actor.user() != Some(user.id) => user,
        Some(Target::Known(_) | Target::Unknown) | None => {
            return Err(zato.refuse(Call::Delete, &Rejection::NoSuchUser));
        }
    };
    let result = service.execute(caller, Command::User(target.id, user::Command::Delete)).await;
    let done = result.map_err(|failure| zato.fail(Call::Delete, failure))?;
    Ok(Reply::ok().at(done.position))
}

async fn try_read(zato: &Zato) -> Outcome {
    zato.require(&["ust", "current_app"])?;
    zato.convertible(&["user_id"], &[], &[])?;
    let caller = zato.caller(Call::Other, "ust")?;
    let service = &zato.app.service;
    let administrative = service.might(&caller, Act::ReadAccounts);
    let id = match zato.target()? {
        None => caller.actor.user(),
        // A regular user may not name anybody, not even itself.
        Some(_) if service.permits(&caller, Act::ReadAccounts, None).is_err() => {
            return Err(Refusal::Code(NOT_ALLOWED));
        }
        Some(Target::Known(user)) => Some(user.id),
        Some(Target::Unknown) => None,
    };
    let id = id.ok_or(Refusal::Code(NOT_ALLOWED))?;
    let user = service.read_user(&caller, id).map_err(|why| zato.refuse(Call::Other, &why))?;
    let mut keys = wire::user(&user, administrative);
    if administrative {
        let operators = service.locking_operators(&caller, &[user]).await;
        let operators = operators.map_err(|failure| zato.fail(Call::Other, failure))?;
        wire::name_operator(&mut keys, operators.values().next().map(AsRef::as_ref));
    }
    Ok(Reply::with(keys))
}

async fn try_update(zato: &Zato) -> Outcome {
    zato.require(&["ust", "current_app"])?;
    zato.convertible(&TEXTS, &FLAGS, &[])?;
    zato.application()?;
    let sent = |keys: &[&str]| keys.iter().any(|key| zato.sent.has(key));
    if !sent(&OWN_KEYS) && !sent(&SUPER_USER_KEYS) {
        return Err(zato.refuse(Call::Update, &Rejection::NothingAsked));
    }
    let caller = zato.caller(Call::Update, "ust")?;
    let service = &zato.app.service;
    let target = zato.target()?;
    if sent(&SUPER_USER_KEYS) || target.is_some() {
        let permitted = service.permits(&caller, Act::AmendAccount, None);
        permitted.map_err(|why| zato.refuse(Call::Update, &why))?;
    }
    let id = match target {
        None => caller.actor.user(),
        Some(Target::Known(user)) => Some(user.id),
        Some(Target::Unknown) => None,
    };
    let id = id.ok_or(Refusal::Code(NOT_ALLOWED))?;
    let amendment = amendment(zato, id)?;
    let command = Command::User(id, user::Command::Amend(Box::new(amendment)));
    let result = service.execute(caller, command).await;
    let done = result.map_err(|failure| zato.fail(Call::Update, failure))?;
    Ok(Reply::ok().at(done.position))
}

fn amendment(zato: &Zato, id: UserId) -> Result<Amendment, Refusal> {
    let refuse = |why: Rejection| zato.refuse(Call::Update, &why);
    let username = username(zato, id)?;
    let totp_enabled = if zato.sent.is_null("is_totp_enabled") {
        Some(false)
    } else {
        zato.sent.flag("is_totp_enabled")?
    };
    let totp_seed = match not_null(zato, "totp_key")? {
        None => None,
        Some(text) => {
            let seed = totp::decode_key(&text)
                .ok_or_else(|| refuse(unacceptable("totp.key", ValueFault::Malformed)))?;
            Some(TotpSeed(seed))
        }
    };
    Ok(Amendment {
        username,
        email: patch(zato, "email", Email::parse)?,
        display_name: patch(zato, "display_name", name)?,
        first_name: patch(zato, "first_name", name)?,
        middle_name: patch(zato, "middle_name", name)?,
        last_name: patch(zato, "last_name", name)?,
        totp_enabled,
        totp_seed,
        totp_label: patch(zato, "totp_label", name)?,
        administrative: administrative(zato)?,
    })
}

/// The new user name; that it is taken comes before what else may be wrong (contract, 4.10).
fn username(zato: &Zato, id: UserId) -> Result<Option<Username>, Refusal> {
    let Some(text) = not_null(zato, "username")? else { return Ok(None) };
    let refuse = |why: Rejection| zato.refuse(Call::Update, &why);
    if zato.app.service.is_name_held_by_another(&text, id) {
        return Err(refuse(Rejection::Taken(Held::Username)));
    }
    let parsed = if text.chars().count() > NAME_CHARS_MAX {
        Err(TextFault::TooLong)
    } else {
        Username::parse(&text)
    };
    parsed.map(Some).map_err(|fault| refuse(Rejection::text("username", fault)))
}

fn administrative(zato: &Zato) -> Result<Administrative, Refusal> {
    let refuse = |field| zato.refuse(Call::Update, &unacceptable(field, ValueFault::Malformed));
    let flag = |name: &'static str| -> Result<Option<bool>, Refusal> {
        if zato.sent.is_null(name) {
            return Err(zato.refuse(Call::Update, &unacceptable(name, ValueFault::NotNullable)));
        }
        Ok(zato.sent.flag(name)?)
    };
    let password_expires = match not_null(zato, "password_expiry")? {
        None => None,
        Some(text) => Some(parse_date(&text).ok_or_else(|| refuse("password_expiry"))?),
    };
    let sign_up = match not_null(zato, "sign_up_status")?.as_deref() {
        None => None,
        Some(text) => Some(wire::sign_up_status(text).ok_or_else(|| refuse("sign_up_status"))?),
    };
    let approval = match not_null(zato, "approval_status")?.as_deref() {
        None => None,
        Some("before_decision") => Some(ApprovalStatus::BeforeDecision),
        Some("approved") => Some(ApprovalStatus::Approved),
        Some("rejected") => Some(ApprovalStatus::Rejected),
        Some(_) => return Err(refuse("approval_status")),
    };
    Ok(Administrative {
        locked: flag("is_locked")?,
        password_expires,
        password_must_change: flag("password_must_change")?,
        sign_up,
        approval,
    })
}

/// A text that cannot be taken away.
fn not_null(zato: &Zato, name: &'static str) -> Result<Option<String>, Refusal> {
    if zato.sent.is_null(name) {
        let why = unacceptable(name, ValueFault::NotNullable);
        return Err(zato.refuse(Call::Update, &why));
    }
    Ok(zato.sent.text(name)?)
}

/// A text that may be taken away: null does it, and so does an empty one.
fn patch<T>(
    zato: &Zato,
    key: &'static str,
    parse: impl Fn(&str) -> Result<T, TextFault>,
) -> Result<Patch<T>, Refusal> {
    if !zato.sent.has(key) {
        return Ok(Patch::Keep);
    }
    match zato.sent.text(key)?.filter(|text| !text.is_empty()) {
        None => Ok(Patch::Clear),
        Some(text) => parse(&text)
            .map(Patch::Set)
            .map_err(|fault| zato.refuse(Call::Update, &Rejection::text(key, fault))),
    }
}
