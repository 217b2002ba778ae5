//! Create a user.

use axum::response::Response;
use domain::policy::Act;
use domain::rejection::{Rejection, ValueFault};
use domain::secret::TotpSeed;
use domain::text::{Email, Name, TextFault, Username};
use domain::user::rate_limit::RateLimitDefinition;
use domain::user::state::{Profile, SignUpStatus};
use service::accounts::NewAccount;
use service::passwords::Secret;
use service::totp;

use super::call::{Outcome, Refusal, Reply, Zato};
use super::errors::Call;
use super::wire::{self, NAME_CHARS_MAX, unacceptable};

/// Those of all parameters that are texts.
const TEXTS: [&str; 12] = [
    "ust",
    "username",
    "password",
    "email",
    "display_name",
    "first_name",
    "middle_name",
    "last_name",
    "totp_key",
    "totp_label",
    "sign_up_status",
    "rate_limit_def",
];
/// Those that are flags.
const FLAGS: [&str; 5] = [
    "password_must_change",
    "is_totp_enabled",
    "is_locked",
    "auto_approve",
    "is_rate_limit_active",
];
/// What a new user's object leaves out: nobody locked it, nobody decided but its birth.
const NOT_AT_BIRTH: [&str; 2] = ["locked_time", "locked_by"];

/// `POST /zato/sso/user`
pub async fn create(zato: Zato) -> Response {
    zato.respond(try_create(&zato).await)
}

async fn try_create(zato: &Zato) -> Outcome {
    zato.require(&["ust", "current_app"])?;
    zato.convertible(&TEXTS, &FLAGS, &[])?;
    let caller = zato.caller(Call::Create, "ust")?;
    let service = &zato.app.service;
    let refuse = |why: Rejection| zato.refuse(Call::Create, &why);
    service.permits(&caller, Act::CreateUser, None).map_err(refuse)?;
    // What comes first in the contract's order is asked first; the rest may rest on it.
    let name = text(zato, "username")?.ok_or_else(|| refuse(empty("username")))?;
    let password = zato.sent.text("password")?.map(Secret::from);
    service.check_new_account(&name, password.as_ref()).map_err(refuse)?;
    let asked = account(zato, &name, password)?;
    let result = service.create_user(caller, asked).await;
    let done = result.map_err(|failure| zato.fail(Call::Create, failure))?;
    let user = done.user.as_ref().ok_or(Refusal::Unavailable)?;
    let mut keys = wire::user(user, true);
    for key in NOT_AT_BIRTH {
        keys.remove(key);
    }
    Ok(Reply::with(keys).at(done.position))
}

fn account(zato: &Zato, username: &str, password: Option<Secret>) -> Result<NewAccount, Refusal> {
    let refuse = |field, fault| zato.refuse(Call::Create, &Rejection::text(field, fault));
    let name = |key: &'static str| -> Result<Option<Name>, Refusal> {
        let Some(text) = text(zato, key)? else { return Ok(None) };
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        wire::name(text).map(Some).map_err(|fault| refuse(key, fault))
    };
    let username = if username.chars().count() > NAME_CHARS_MAX {
        Err(TextFault::TooLong)
    } else {
        Username::parse(username)
    };
    let email = text(zato, "email")?.map(|email| Email::parse(&email)).transpose();
    let mut profile = Profile {
        display_name: name("display_name")?,
        first_name: name("first_name")?,
        middle_name: name("middle_name")?,
        last_name: name("last_name")?,
    };
    if profile.display_name.is_none() {
        profile.display_name =
            profile.whole_name().map_err(|fault| refuse("display_name", fault))?;
    }
    let malformed = |field| zato.refuse(Call::Create, &unacceptable(field, ValueFault::Malformed));
    let totp_key = text(zato, "totp_key")?
        .map(|key| totp::decode_key(&key).map(TotpSeed).ok_or_else(|| malformed("totp.key")))
        .transpose()?;
    let sign_up = match text(zato, "sign_up_status")? {
        None => SignUpStatus::Final,
        Some(text) => wire::sign_up_status(&text).ok_or_else(|| malformed("sign_up_status"))?,
    };
    let definition = text(zato, "rate_limit_def")?;
    let definition = definition.map(|rules| RateLimitDefinition::parse(&rules)).transpose();
    let definition = definition.map_err(|why| zato.refuse(Call::Create, &why))?;
    let limited = zato.sent.flag("is_rate_limit_active")?.unwrap_or_default();
    let flag = |name| zato.sent.flag(name).map(Option::unwrap_or_default);
    Ok(NewAccount {
        username: username.map_err(|fault| refuse("username", fault))?,
        email: email.map_err(|fault| refuse("email", fault))?,
        profile,
        password,
        must_change: flag("password_must_change")?,
        totp_enabled: flag("is_totp_enabled")?,
        totp_key,
        totp_label: name("totp_label")?,
        locked: flag("is_locked")?,
        sign_up,
        approved: flag("auto_approve")?,
        super_user: false,
        rate_limit: (limited || definition.is_some()).then_some((limited, definition)),
    })
}

/// A text; an empty one is none.
fn text(zato: &Zato, name: &str) -> Result<Option<String>, Refusal> {
    Ok(zato.sent.text(name)?.filter(|text| !text.is_empty()))
}

fn empty(field: &'static str) -> Rejection {
    unacceptable(field, ValueFault::Empty)
}
