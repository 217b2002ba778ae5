//! `muster events`

use anyhow::{Context, Result, bail};
use axum::http::Method;
use clap::Args;
use serde_json::Value;

use crate::Data;
use crate::client::{Client, Intent, segment, with_client};
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
    /// Of these events alone, joined by commas; `user.` means all that begin so.
    #[arg(long, value_name = "EVENTS")]
    event: Option<String>,
    /// That changed this field, or one below it.
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,
    /// Brought about by this user, or `operator`, `system`, `anonymous`.
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// About this user, its sessions included.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Not before this time, as RFC 3339 has it.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
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
    let path = format!("/v1/events?limit=1000{}", filter(options));
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

/// What is wanted, as a query string has it.
fn filter(options: &Options) -> String {
    let Options { event, field, actor, user, since, until, .. } = options;
    let asked = [
        ("event", event),
        ("field", field),
        ("actor", actor),
        ("user", user),
        ("since", since),
        ("until", until),
    ];
    let asked = asked.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
    let asked: Vec<_> = asked.map(|(key, value)| format!("&{key}={}", segment(value))).collect();
    asked.concat()
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
