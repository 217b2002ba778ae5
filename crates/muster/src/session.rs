//! `muster session`

use anyhow::Result;
use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::Data;
use crate::client::{Intent, segment, with_client};
use crate::output::{self, plain};
use crate::user::named;

/// List, show and end sessions.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the sessions of a user that have not ended, oldest first.
    #[command(
        after_help = "Example:\n  muster session list ada --json\n\nOf more than 1,000 the latest."
    )]
    List {
        #[command(flatten)]
        data: Data,
        /// A user name, a ULID, or a Zato user id.
        #[arg(value_name = "USER")]
        user: String,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show one session: whose, since when, from where, and its renewals.
    #[command(after_help = "Example:\n  muster session show 01JDR6RS9V3GZVY0RK7CE9W0YH")]
    Show(Which),
    /// End a session, as its owner does by logging out.
    #[command(
        after_help = "Example:\n  muster session end 01JDR6RS9V3GZVY0RK7CE9W0YH\n\nBy its token, a \
session is ended with `muster user logout`."
    )]
    End(Which),
}

#[derive(Debug, Args)]
struct Which {
    #[command(flatten)]
    data: Data,
    /// The id that `muster session list` prints; not the token.
    #[arg(value_name = "SESSION")]
    session: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Does it.
pub fn run(options: &Options) -> Result<()> {
    match &options.command {
        Command::List { data, user, json } => list(data, user, *json),
        Command::Show(which) => show(which),
        Command::End(which) => end(which),
    }
}

fn list(data: &Data, user: &str, as_json: bool) -> Result<()> {
    let path = format!("/v1/users/{}/sessions", segment(user));
    let sessions = with_client(data, Intent::Read, async |client| {
        client.ask(Method::GET, &path).await.map_err(|error| named(user, error))
    })?;
    let items = sessions["items"].as_array().into_iter().flatten();
    if as_json {
        items.for_each(|session| output::line(&session.to_string()));
        return Ok(());
    }
    let rows: Vec<_> = items.map(row).collect();
    output::table(&["ID", "USER NAME", "OPENED BY", "STARTED", "EXPIRES", "FROM", "AGENT"], &rows);
    Ok(())
}

fn row(session: &Value) -> Vec<String> {
    let text = |key: &str| session[key].as_str().filter(|text| !text.is_empty()).map(plain);
    let from = text("address").or_else(|| text("operator"));
    let cells = [
        text("id"),
        text("principal"),
        text("method"),
        text("started"),
        text("expires"),
        from,
        text("agent"),
    ];
    cells.into_iter().map(|cell| cell.unwrap_or_else(|| "-".to_owned())).collect()
}

fn show(which: &Which) -> Result<()> {
    let path = format!("/v1/local/sessions/{}", segment(&which.session));
    with_client(&which.data, Intent::Read, async |client| {
        let session = client.ask(Method::GET, &path).await?;
        if which.json {
            output::line(&session.to_string());
        } else {
            output::details(&session);
        }
        Ok(())
    })
}

fn end(which: &Which) -> Result<()> {
    let path = format!("/v1/local/sessions/{}", segment(&which.session));
    with_client(&which.data, Intent::Write, async |client| {
        let ended = client.ask(Method::DELETE, &path).await?;
        if which.json {
            output::line(&ended.to_string());
        } else {
            output::line(&format!("Ended session `{}`", plain(&which.session)));
        }
        Ok(())
    })
}
