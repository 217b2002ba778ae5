//! `muster outbox`

use anyhow::Result;
use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::Data;
use crate::client::{Client, Intent, with_client};
use crate::output::{self, plain};

/// Read and retry mails that are owed.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List mails that did not go out yet, oldest first.
    #[command(
        after_help = "Example:\n  muster outbox list --json\n\nWithout an SMTP server mails \
stay here, each with its token: whoever reads them can confirm a sign-up or choose a password."
    )]
    List {
        #[command(flatten)]
        data: Data,
        /// Print one JSON object a line, with the whole text.
        #[arg(long)]
        json: bool,
    },
    /// Show one mail, whole.
    #[command(after_help = "Example:\n  muster outbox show 1207")]
    Show {
        #[command(flatten)]
        data: Data,
        /// The mail's id, as the list has it.
        #[arg(value_name = "ID")]
        id: u64,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Try a mail now, also one that was refused.
    #[command(
        after_help = "Example:\n  muster outbox retry 1207\n\nEnds with 1 and the reason if \
it does not go out."
    )]
    Retry {
        #[command(flatten)]
        data: Data,
        /// The mail's id, as the list has it.
        #[arg(value_name = "ID")]
        id: u64,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Lists, shows or retries.
pub fn run(options: Options) -> Result<()> {
    match options.command {
        Command::List { data, json } => {
            with_client(&data, Intent::Read, async |client| list(client, json).await)
        }
        Command::Show { data, id, json } => with_client(&data, Intent::Read, async |client| {
            let mail = client.ask(Method::GET, &format!("/v1/local/outbox/{id}")).await?;
            show(&mail, json);
            Ok(())
        }),
        Command::Retry { data, id, json } => with_client(&data, Intent::Write, async |client| {
            let path = format!("/v1/local/outbox/{id}/retry");
            let answer = client.ask(Method::POST, &path).await?;
            output::line(&if json { answer.to_string() } else { format!("Mail {id} is out") });
            Ok(())
        }),
    }
}

async fn list(client: &mut Client, as_json: bool) -> Result<()> {
    let mut after = 0;
    let mut rows = Vec::new();
    loop {
        let path = format!("/v1/local/outbox?limit=1000&after={after}");
        let page = client.ask(Method::GET, &path).await?;
        for mail in page["items"].as_array().into_iter().flatten() {
            if as_json {
                output::line(&mail.to_string());
            } else {
                rows.push(row(mail));
            }
        }
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    if !as_json {
        let headings = ["ID", "OWED SINCE", "KIND", "USER", "ADDRESS", "STATE", "TRIES"];
        output::table(&headings, &rows);
    }
    Ok(())
}

fn row(mail: &Value) -> Vec<String> {
    ["id", "owed_since", "kind", "username", "address", "state", "tries"]
        .map(|key| match &mail[key] {
            Value::String(text) if text.is_empty() => "-".to_owned(),
            Value::String(text) => plain(text),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        })
        .into()
}

fn show(mail: &Value, as_json: bool) {
    if as_json {
        return output::line(&mail.to_string());
    }
    let text = |key: &str| mail[key].as_str().map_or_else(|| "-".to_owned(), plain);
    output::line(&format!("To: {}", text("address")));
    output::line(&format!("Subject: {}", text("subject")));
    output::line(&format!("State: {}, tries: {}", text("state"), mail["tries"]));
    if mail["last_trouble"].is_string() {
        output::line(&format!("Last trouble: {}", text("last_trouble")));
    }
    output::line("");
    for line in mail["text"].as_str().unwrap_or_default().lines() {
        output::line(&plain(line));
    }
}
