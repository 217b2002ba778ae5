//! `muster history`

mod past;

use anyhow::Result;
use axum::http::Method;
use clap::Args;
use serde_json::Value;

use crate::Data;
use crate::client::{Client, Intent, segment, with_client};
use crate::events::cursor;
use crate::filter::Filter;
use crate::output::{self, Style, plain};
use crate::user::named;

pub use past::attributes;

/// Print what happened to a user, what it did, or what it was.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  muster history ada\n  muster history ada --newest-first --limit 10\n  \
muster history ada --field profile --since 2031-02-01T00:00:00Z\n  muster history ada --by --event \
user.locked\n  muster history ada --as-of 2031-02-03T04:05:06Z\n  muster history ada --diff \
2031-01-01T00:00:00Z..1234\n\nOne line a fact: when (UTC), who, from where, what, old -> new. USER is a \
user name, a ULID, or a Zato user id; a deleted user is found by its id. A moment is a time as RFC 3339 \
has it, or a position in the log."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// Whose history.
    #[arg(value_name = "USER")]
    user: String,
    /// Tell what USER did, to whomever, instead of what happened to it.
    #[arg(long, conflicts_with = "actor")]
    by: bool,
    /// The newest first.
    #[arg(long)]
    newest_first: bool,
    /// At most so many facts.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    filter: Filter,
    /// Print what USER was at a moment, with attributes and sessions, instead of facts.
    #[arg(long, value_name = "MOMENT", conflicts_with_all = FACTS_ONLY)]
    as_of: Option<String>,
    /// Print what differs in USER between two moments, instead of facts.
    #[arg(long, value_name = "MOMENT..MOMENT", conflicts_with_all = FACTS_ONLY, conflicts_with = "as_of")]
    diff: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// What is about facts only.
const FACTS_ONLY: [&str; 8] =
    ["by", "newest_first", "limit", "event", "field", "actor", "since", "until"];

/// Prints what was asked for.
pub fn run(options: &Options) -> Result<()> {
    let Options { data, user, json, .. } = options;
    if let Some(moment) = &options.as_of {
        return past::show(data, user, moment, *json);
    }
    if let Some(moments) = &options.diff {
        return past::diff(data, user, moments, *json);
    }
    with_client(data, Intent::Read, async |client| {
        facts(client, options).await.map_err(|error| named(user, error))
    })
}

/// Prints the facts that are wanted, page by page.
async fn facts(client: &mut Client, options: &Options) -> Result<()> {
    let kind = if options.by { "acts" } else { "history" };
    let (order, key) = if options.newest_first { ("desc", "before") } else { ("asc", "after") };
    let (user, filter) = (segment(&options.user), options.filter.query());
    let path = format!("/v1/users/{user}/{kind}?order={order}{filter}");
    let style = Style::of_stdout();
    let mut left = options.limit.unwrap_or(u64::MAX);
    let mut from = String::new();
    loop {
        let asked = format!("{path}&limit={}{from}", left.min(PAGE_LEN));
        let page = client.ask(Method::GET, &asked).await?;
        for fact in page["items"].as_array().into_iter().flatten() {
            output::line(&if options.json { fact.to_string() } else { told(fact, style) });
            left -= 1;
        }
        if page["next"].is_null() || left == 0 {
            return Ok(());
        }
        from = format!("&{key}={}", segment(&cursor(&page["next"])));
    }
}

/// Facts asked for at a time.
const PAGE_LEN: u64 = 1_000;

/// One fact for people: when, who, from where, what, old -> new.
pub fn told(fact: &Value, style: Style) -> String {
    let text = |value: &Value| value.as_str().map(plain);
    let when = text(&fact["at"]).unwrap_or_default();
    let actor = &fact["actor"];
    let kind = text(&actor["kind"]).unwrap_or_default();
    let via = &fact["via"];
    let who = text(&actor["name"])
        .or_else(|| text(&via["operator"]).map(|name| format!("operator {name}")))
        .or_else(|| text(&actor["id"]))
        .unwrap_or(kind);
    let from = [&via["address"], &via["application"]].into_iter().filter_map(text);
    let from = from.collect::<Vec<_>>().join(" ");
    let what = text(&fact["sentence"]).unwrap_or_else(|| "(erased)".to_owned());
    let name = text(&fact["event"]).unwrap_or_default();
    let changes = fact["changes"].as_array().into_iter().flatten().map(change);
    let changes = changes.collect::<Vec<_>>().join("; ");
    let mut parts = vec![style.dim(&when), style.strong(&who)];
    if !from.is_empty() {
        parts.push(style.dim(&format!("({from})")));
    }
    parts.push(format!("{what} {}", style.dim(&format!("[{name}]"))));
    parts.extend(Some(changes).filter(|changes| !changes.is_empty()));
    parts.join("  ")
}

fn change(change: &Value) -> String {
    let field = change["field"].as_str().map(plain).unwrap_or_default();
    format!("{field}: {} -> {}", shown(&change["old"]), shown(&change["new"]))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Object(marked) if marked.contains_key("secret") => "(secret)".to_owned(),
        Value::Object(marked) if marked.contains_key("long") => "(long)".to_owned(),
        other => plain(&other.to_string()),
    }
}
