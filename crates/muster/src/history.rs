//! `muster history`

use anyhow::Result;
use axum::http::Method;
use clap::Args;
use serde_json::Value;

use crate::Data;
use crate::client::{Client, Intent, segment, with_client};
use crate::events::cursor;
use crate::output::{self, Style, plain};
use crate::user::named;

/// Print what happened to a user.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster history ada\n\nOne line a fact: when (UTC), who, from where, \
what, old -> new. USER is a user name, a ULID, or a Zato user id; a deleted user is found by its id."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// Whose history.
    #[arg(value_name = "USER")]
    user: String,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Prints the history, page by page.
pub fn run(options: &Options) -> Result<()> {
    with_client(&options.data, Intent::Read, async |client| {
        let path = format!("/v1/users/{}/history", segment(&options.user));
        pages(client, &path, options.json).await.map_err(|error| named(&options.user, error))
    })
}

/// Prints all facts of a history.
async fn pages(client: &mut Client, path: &str, as_json: bool) -> Result<()> {
    let style = Style::of_stdout();
    let mut after = "0".to_owned();
    loop {
        let page = client.ask(Method::GET, &format!("{path}?limit=1000&after={after}")).await?;
        for fact in page["items"].as_array().into_iter().flatten() {
            output::line(&if as_json { fact.to_string() } else { told(fact, style) });
        }
        match &page["next"] {
            Value::Null => return Ok(()),
            next => after = cursor(next),
        }
    }
}

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
