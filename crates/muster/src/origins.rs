//! `muster origins`

use anyhow::{Result, anyhow};
use axum::http::Method;
use clap::{Args, Subcommand};
use domain::time::Month;
use serde_json::{Value, json};

use crate::client::{Intent, Refused, with_client};
use crate::output::plain;
use crate::{Data, output, secrets};

/// From where people came: list the months of which it is known, forget them.
#[derive(Debug, Args)]
#[command(
    after_help = "Addresses, agents, request ids and operators' names are sealed by the month (UTC). A month whose \
key is destroyed says of nobody any more where they were; everything else stays."
)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the months, and whether they are forgotten.
    #[command(after_help = "Example:\n  muster origins list")]
    List {
        #[command(flatten)]
        data: Data,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Forget where everybody was in each month before this one.
    #[command(
        after_help = "Example:\n  muster origins forget --before 2026-06 --yes\n\nThere is no way back. A backup \
made before holds the keys until the backup is gone. `[origin] forget_after_months` does it by itself."
    )]
    Forget {
        #[command(flatten)]
        data: Data,
        /// The first month that is kept; not later than the present one.
        #[arg(long, value_name = "YYYY-MM", value_parser = month)]
        before: Month,
        /// Do not ask whether to.
        #[arg(long)]
        yes: bool,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub fn run(options: &Options) -> Result<()> {
    match &options.command {
        Command::List { data, json } => list(data, *json),
        Command::Forget { data, before, yes, json } => forget(data, *before, *yes, *json),
    }
}

fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).ok_or_else(|| "it is not a month, like 2026-11".to_owned())
}

fn list(data: &Data, as_json: bool) -> Result<()> {
    let told = with_client(data, Intent::Read, async |client| {
        client.ask(Method::GET, "/v1/local/origins").await
    })?;
    for month in told["items"].as_array().into_iter().flatten() {
        let state = if month["forgotten"] == true { "forgotten" } else { "known" };
        let line = format!("{}  {state}", name(month));
        output::line(&if as_json { month.to_string() } else { line });
    }
    Ok(())
}

fn forget(data: &Data, before: Month, confirmed: bool, as_json: bool) -> Result<()> {
    if !confirmed {
        secrets::need_terminal("there is no terminal to ask for confirmation: say --yes")?;
        let question = format!("Forget for good where everybody was before {before}?");
        if !secrets::confirm(&question)? {
            return Ok(());
        }
    }
    let asked = json!({ "before": before.to_string() });
    let done = with_client(data, Intent::Write, async |client| {
        client.tell(Method::POST, "/v1/local/origins/forget", &asked).await
    });
    let done = done.map_err(|error| match error.downcast_ref::<Refused>() {
        Some(refused) if refused.code == "unacceptable_value" => {
            anyhow!("{before} has not begun: only months before the present one can be forgotten")
        }
        Some(_) | None => error,
    })?;
    if as_json {
        output::line(&done.to_string());
        return Ok(());
    }
    let months: Vec<String> =
        done["forgotten"].as_array().into_iter().flatten().map(name).collect();
    if months.is_empty() {
        output::line(&format!("Nothing was known of a month before {before}"));
    } else {
        output::line(&format!("Forgotten: {}", months.join(", ")));
    }
    Ok(())
}

fn name(month: &Value) -> String {
    plain(month["month"].as_str().unwrap_or_default())
}
