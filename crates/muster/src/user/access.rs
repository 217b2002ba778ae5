//! Rights, and personal access tokens. A token is printed once, and never lost to a pipe that closed.

use anyhow::Result;
use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Whom, name_of, named};
use crate::client::{Intent, segment, with_client};
use crate::output::{self, plain};

#[derive(Debug, Args)]
pub struct OfRight {
    #[command(flatten)]
    whom: Whom,
    /// `auditor` reads all histories and changes nothing; `super_user` manages everybody and may audit;
    /// `operator` rebuilds, verifies and reads metrics.
    #[arg(value_name = "RIGHT", value_parser = ["auditor", "super_user", "operator"])]
    right: String,
}

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Hand out a token for `/v1`, and print it this once.
    #[command(
        after_help = "Example:\n  muster user token add eve --name laptop --expires 2031-02-03T00:00:00Z\n\n\
The token may do what the user may: `muster user grant eve auditor` lets it audit."
    )]
    Add {
        #[command(flatten)]
        whom: Whom,
        /// What to call it.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// From when on it is worth nothing, as RFC 3339 has it; else it does not expire.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// List the tokens of a user, never what was handed out.
    #[command(after_help = "Example:\n  muster user token list eve")]
    List(Whom),
    /// Take a token away: it is worth nothing from the next request on.
    #[command(after_help = "Example:\n  muster user token remove eve 01JDR6RS9V3GZVY0RK7CE9W0YH")]
    Remove {
        #[command(flatten)]
        whom: Whom,
        /// Its id, as `list` shows it.
        #[arg(value_name = "TOKEN")]
        token: String,
    },
}

/// Grants a right.
pub fn grant(asked: &OfRight) -> Result<()> {
    change(asked, Method::PUT, "Granted", "to")
}

/// Revokes a right.
pub fn revoke(asked: &OfRight) -> Result<()> {
    change(asked, Method::DELETE, "Revoked", "from")
}

fn change(asked: &OfRight, method: Method, done: &str, preposition: &str) -> Result<()> {
    let OfRight { whom, right } = asked;
    let path = format!("/v1/local/users/{}/rights/{right}", segment(&whom.user));
    let user = with_client(&whom.data, Intent::Write, async |client| {
        client.ask(method, &path).await.map_err(|error| named(&whom.user, error))
    })?;
    let name = name_of(&user, &whom.user);
    let told = format!("{done} the right `{right}` {preposition} `{name}`");
    output::line(&if whom.json { user.to_string() } else { told });
    Ok(())
}

/// Does something about tokens.
pub fn token(asked: &Token) -> Result<()> {
    match asked {
        Token::Add { whom, name, expires } => add(whom, name.as_deref(), expires.as_deref()),
        Token::List(whom) => list(whom),
        Token::Remove { whom, token } => remove(whom, token),
    }
}

fn add(whom: &Whom, name: Option<&str>, expires: Option<&str>) -> Result<()> {
    let path = tokens(whom);
    let asked = json!({ "name": name, "expires": expires });
    let made = with_client(&whom.data, Intent::Write, async |client| {
        let made = client.tell(Method::POST, &path, &asked).await;
        made.map_err(|error| named(&whom.user, error))
    })?;
    let text = |key: &str| plain(made[key].as_str().unwrap_or_default());
    let told = format!(
        "Token `{}` of user `{}`, shown this once: {}",
        text("id"),
        name_of(&made, &whom.user),
        text("token")
    );
    Ok(output::tell(&if whom.json { made.to_string() } else { told })?)
}

fn list(whom: &Whom) -> Result<()> {
    let path = tokens(whom);
    let listed = with_client(&whom.data, Intent::Read, async |client| {
        client.ask(Method::GET, &path).await.map_err(|error| named(&whom.user, error))
    })?;
    let items = listed["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if whom.json {
        for token in items {
            output::line(&token.to_string());
        }
        return Ok(());
    }
    let row = |token: &Value| {
        let text = |key: &str| plain(token[key].as_str().unwrap_or("-"));
        let usable = if token["usable"] == true { "usable" } else { "-" };
        vec![text("id"), text("name"), text("added"), text("expires"), usable.to_owned()]
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    output::table(&["ID", "NAME", "ADDED", "EXPIRES", "USABLE"], &rows);
    Ok(())
}

fn remove(whom: &Whom, token: &str) -> Result<()> {
    let path = format!("{}/{}", tokens(whom), segment(token));
    let removed = with_client(&whom.data, Intent::Write, async |client| {
        client.ask(Method::DELETE, &path).await.map_err(|error| named(&whom.user, error))
    })?;
    let told = format!("Removed token `{}` of user `{}`", plain(token), plain(&whom.user));
    output::line(&if whom.json { removed.to_string() } else { told });
    Ok(())
}

fn tokens(whom: &Whom) -> String {
    format!("/v1/local/users/{}/tokens", segment(&whom.user))
}
