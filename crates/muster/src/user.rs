//! `muster user`

use anyhow::Result;
use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::Data;
use crate::client::{Intent, segment, with_client};
use crate::output::{self, plain};

/// List and show users.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List users in the order of their birth.
    #[command(after_help = "Example:\n  muster user list --json")]
    List {
        #[command(flatten)]
        data: Data,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show one user.
    #[command(after_help = "Example:\n  muster user show ada")]
    Show {
        #[command(flatten)]
        data: Data,
        /// A user name, a ULID, or a Zato user id.
        #[arg(value_name = "USER")]
        user: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Lists or shows.
pub fn run(options: Options) -> Result<()> {
    match options.command {
        Command::List { data, json } => list(&data, json),
        Command::Show { data, user, json } => show(&data, &user, json),
    }
}

fn list(data: &Data, as_json: bool) -> Result<()> {
    with_client(data, Intent::Read, async |client| {
        let mut after = String::new();
        let mut rows = Vec::new();
        loop {
            let page = client.ask(Method::GET, &format!("/v1/users?limit=1000{after}")).await?;
            for user in page["items"].as_array().into_iter().flatten() {
                if as_json {
                    output::line(&user.to_string());
                } else {
                    rows.push(row(user));
                }
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        if !as_json {
            output::table(&["ID", "USER NAME", "KIND", "SIGN-UP", "APPROVAL", "LOCKED"], &rows);
        }
        Ok(())
    })
}

fn row(user: &Value) -> Vec<String> {
    let text = |key: &str| user[key].as_str().map_or_else(|| "-".to_owned(), plain);
    let locked = if user["locked"] == true { "locked" } else { "-" };
    vec![
        text("id"),
        text("username"),
        text("kind"),
        text("sign_up_status"),
        text("approval_status"),
        locked.to_owned(),
    ]
}

fn show(data: &Data, user: &str, as_json: bool) -> Result<()> {
    with_client(data, Intent::Read, async |client| {
        let user = client.ask(Method::GET, &format!("/v1/users/{}", segment(user))).await?;
        if as_json {
            output::line(&user.to_string());
            return Ok(());
        }
        let mut lines = Vec::new();
        flatten("", &user, &mut lines);
        let width = lines.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
        for (key, value) in lines {
            output::line(&format!("{key:<width$}  {value}"));
        }
        Ok(())
    })
}

/// A JSON object as lines of key and value; nested keys are joined by dots.
fn flatten(prefix: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(keys) => {
            for (key, value) in keys {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&key, value, lines);
            }
        }
        Value::Null => lines.push((prefix.to_owned(), "-".to_owned())),
        Value::String(text) => lines.push((prefix.to_owned(), plain(text))),
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), plain))
                .collect();
            let items = if items.is_empty() { "-".to_owned() } else { items.join(", ") };
            lines.push((prefix.to_owned(), items));
        }
        Value::Bool(_) | Value::Number(_) => lines.push((prefix.to_owned(), value.to_string())),
    }
}
