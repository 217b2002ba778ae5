//! `muster events`

use anyhow::{Context, Result, bail};
use axum::http::Method;
use clap::Args;
use serde_json::Value;

use crate::Data;
use crate::client::{Client, Intent, segment, with_client};
use crate::filter::{Filter, more};
use crate::history::told;
use crate::output::{self, Style};

/// Seconds that one request waits for something to happen.
const WAIT_SECS: u32 = 60;

/// Print everything that happened, in order.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  muster events --after 1000 --json\n  muster events --follow --event \
session.,user.signed_in\n  muster events --user ada --field email --since 2031-02-03T00:00:00Z\n\n\
One line a fact: when (UTC), who, from where, what, old -> new. --follow prints what there is and then \
each fact as it happens; for that a server has to run."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// Begin after this position, or cursor.
    #[arg(long, value_name = "CURSOR", default_value = "0", value_parser = parse_cursor)]
    after: String,
    /// Go on as things happen.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    filter: Filter,
    /// About this user, its sessions included.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Prints the events, page by page.
pub fn run(options: &Options) -> Result<()> {
    with_client(&options.data, Intent::Read, async |client| {
        if options.follow && !client.is_served() {
            bail!("no server runs on this directory, so nothing will happen: leave out --follow");
        }
        print(client, options).await
    })
}

async fn print(client: &mut Client, options: &Options) -> Result<()> {
    let style = Style::of_stdout();
    let user = more("user", options.user.as_deref());
    let path = format!("/v1/events?limit=1000{}{user}", options.filter.query());
    let wait = if options.follow { format!("&wait={WAIT_SECS}") } else { String::new() };
    let mut after = options.after.clone();
    let mut is_first = true;
    loop {
        let asked = format!("{path}{wait}&after={}", segment(&after));
        let page = client.ask(Method::GET, &asked).await;
        let page = if is_first { page? } else { page.context("the server went away")? };
        is_first = false;
        for fact in page["items"].as_array().into_iter().flatten() {
            output::line(&if options.json { fact.to_string() } else { told(fact, style) });
        }
        after = cursor(&page["cursor"]);
        if page["next"].is_null() && !options.follow {
            return Ok(());
        }
    }
}

/// A cursor as it is typed: a position, or an epoch and a position.
fn parse_cursor(text: &str) -> Result<String, &'static str> {
    let is_number = |text: &str| text.parse::<u64>().is_ok();
    let (epoch, position) = text.split_once('-').unwrap_or(("1", text));
    let is_cursor = is_number(epoch) && is_number(position);
    if is_cursor { Ok(text.to_owned()) } else { Err("it is no cursor, like 17 or 2-17") }
}

/// A cursor as text: a number in the first epoch, a text later.
pub fn cursor(cursor: &Value) -> String {
    cursor.as_str().map_or_else(|| cursor.to_string(), ToOwned::to_owned)
}
