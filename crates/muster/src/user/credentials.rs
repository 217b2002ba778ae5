//! Passwords, TOTP keys, and sessions by their tokens. What is drawn is printed once, and never lost
//! to a pipe that closed.

use anyhow::Result;
use axum::http::Method;
use clap::Args;
use serde_json::{Value, json};

use super::{Whom, name_of, named};
use crate::client::{Intent, segment, with_client};
use crate::{Data, output, secrets};

/// Longest time that a password may be told to last, in days.
const EXPIRY_DAYS_MAX: i64 = 36_500;

#[derive(Debug, Args)]
pub struct Terms {
    /// How many days it lasts; else as long as configuration says.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=EXPIRY_DAYS_MAX))]
    expiry: Option<i64>,
    /// Whether it must be changed at the next log-in; else that stays as it is.
    #[arg(long, value_name = "true|false")]
    must_change: Option<bool>,
}

#[derive(Debug, Args)]
pub struct TotpKey {
    #[command(flatten)]
    whom: Whom,
    /// Read the key, in base32, from the first line of standard input.
    #[arg(long, conflicts_with = "key")]
    key_stdin: bool,
    /// The key, in base32; everybody on the machine can read it meanwhile.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// What its owner calls it.
    #[arg(long, value_name = "LABEL")]
    key_label: Option<String>,
}

#[derive(Debug, Args)]
pub struct Logout {
    #[command(flatten)]
    data: Data,
    /// The token; everybody on the machine can read it meanwhile.
    #[arg(value_name = "TOKEN", required_unless_present = "token_stdin")]
    token: Option<String>,
    /// Read the token from the first line of standard input.
    #[arg(long, conflicts_with = "token")]
    token_stdin: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Opens a session.
pub fn log_in(whom: &Whom) -> Result<()> {
    let session = ask(whom, "sessions", &json!({}))?;
    let details = json!({
        "username": session["username"],
        "session": session["id"],
        "expires": session["expires"],
        "token": session["token"],
    });
    tell(whom.json, &session, &format!("User logged in {details}"))
}

/// Ends a session.
pub fn log_out(asked: &Logout) -> Result<()> {
    let token = match &asked.token {
        Some(token) => token.clone(),
        None => secrets::line("token")?,
    };
    let ended = with_client(&asked.data, Intent::Write, async |client| {
        client.tell(Method::POST, "/v1/local/sign-out", &json!({ "token": token })).await
    })?;
    tell(asked.json, &ended, "User logged out by UST")
}

/// Gives somebody a password that is typed or sent.
pub fn change_password(whom: &Whom, from_stdin: bool, terms: &Terms) -> Result<()> {
    let password = secrets::new_password(&whom.user, from_stdin)?;
    let asked = json!({
        "password": password,
        "expiry_days": terms.expiry,
        "must_change": terms.must_change,
    });
    let changed = ask(whom, "password", &asked)?;
    let user = &changed["user"];
    tell(whom.json, user, &format!("Changed password for user `{}`", name_of(user, &whom.user)))
}

/// Gives somebody a password that is drawn.
pub fn reset_password(whom: &Whom, terms: &Terms) -> Result<()> {
    let asked = json!({ "expiry_days": terms.expiry, "must_change": terms.must_change });
    let changed = ask(whom, "password", &asked)?;
    let (user, password) = (&changed["user"], &changed["password"]);
    let name = name_of(user, &whom.user);
    let told =
        format!("Password for user `{name}` reset to `{}`", password.as_str().unwrap_or_default());
    let object = json!({ "id": user["id"], "username": user["username"], "password": password });
    tell(whom.json, &object, &told)
}

/// Gives somebody a TOTP key that is sent or drawn; of one that was sent nothing is said.
pub fn reset_totp_key(asked: &TotpKey) -> Result<()> {
    let whom = &asked.whom;
    let key = match &asked.key {
        Some(key) => Some(key.clone()),
        None if asked.key_stdin => Some(secrets::line("key")?),
        None => None,
    };
    let changed = ask(whom, "totp-key", &json!({ "key": key, "label": asked.key_label }))?;
    let (user, drawn) = (&changed["user"], &changed["totp_key"]);
    let object = json!({ "id": user["id"], "username": user["username"], "totp_key": drawn });
    match drawn.as_str() {
        None if !whom.json => Ok(()),
        drawn => {
            let name = name_of(user, &whom.user);
            let drawn = drawn.unwrap_or_default();
            tell(whom.json, &object, &format!("TOTP key for user `{name}` reset to `{drawn}`"))
        }
    }
}

fn ask(whom: &Whom, what: &str, object: &Value) -> Result<Value> {
    let path = format!("/v1/local/users/{}/{what}", segment(&whom.user));
    with_client(&whom.data, Intent::Write, async |client| {
        client.tell(Method::POST, &path, object).await.map_err(|error| named(&whom.user, error))
    })
}

fn tell(as_json: bool, object: &Value, told: &str) -> Result<()> {
    Ok(output::tell(&if as_json { object.to_string() } else { told.to_owned() })?)
}
