//! `muster config`: what is in force, and from where each value comes.

use anyhow::Result;
use clap::Args;
use serde_json::json;
use service::addresses::Whence;

use super::{Config, Value, keys, reference};
use crate::client::{Intent, with_client};
use crate::{Data, output};

/// What is shown of the store, beside the configuration: the key of its log.
const LOG_KEY: &str = "log.key";

/// Print the configuration in force.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster config --data /var/lib/muster\n\nReads --config FILE, else \
MUSTER_CONFIG, else muster.toml in the data directory; the environment (MUSTER_...) over the file, flags \
over the environment. Says what a server started in the same way would do; a running one has what it \
was started with. Secrets are shown as (set). \
Where there is a store, log.key is the public key of its checkpoints."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
    /// Print every key there is, as docs/configuration.md has it.
    #[arg(long, hide = true)]
    reference: bool,
}

/// Prints it.
pub fn run(options: &Options) -> Result<()> {
    if options.reference {
        output::line(reference::page().trim_end());
        return Ok(());
    }
    let config = options.data.config()?;
    let mut rows = Vec::new();
    for key in keys::all() {
        let value = key.place.read(&config.chosen);
        let origin = config.origin(key).to_string();
        if options.json {
            let line = json!({"key": key.name, "value": as_json(&value), "from": origin});
            output::line(&line.to_string());
        } else {
            rows.push(vec![key.name.to_owned(), origin, output::plain(&value.to_string())]);
        }
    }
    let more = listed(&config);
    let key = log_key(&options.data);
    if options.json {
        for (key, value) in more {
            output::line(&json!({"key": key, "value": value, "from": "file"}).to_string());
        }
        if let Some(key) = key {
            output::line(&json!({"key": LOG_KEY, "value": key, "from": "store"}).to_string());
        }
    } else {
        rows.extend(more.into_iter().map(|(key, value)| vec![key, "file".to_owned(), value]));
        rows.extend(key.map(|key| vec![LOG_KEY.to_owned(), "store".to_owned(), key]));
        output::table(&["KEY", "FROM", "VALUE"], &rows);
    }
    Ok(())
}

/// The public key that checkpoints are checked with, if there is a store. Where there is one that cannot
/// be asked, that is told: it is no reason to keep back the rest.
fn log_key(data: &Data) -> Option<String> {
    if !data.dir.join(store::open::IDENTITY).exists() {
        return None;
    }
    let asked =
        with_client(data, Intent::Read, async |client| Ok(client.text("/v1/log/key").await?));
    match asked {
        Ok(key) => Some(key.trim().to_owned()),
        Err(error) => {
            output::complain(&format!("muster: {LOG_KEY} cannot be shown: {error:#}"));
            None
        }
    }
}

/// What a file lists: users with their addresses, definitions without their secrets.
fn listed(config: &Config) -> Vec<(String, String)> {
    let mut listed = Vec::new();
    for (user, whence) in &config.chosen.service.addresses.listed {
        let text = match whence {
            Whence::Anywhere => "*".to_owned(),
            Whence::Networks(networks) => {
                networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            }
        };
        listed.push((format!("{}.{}", keys::ADDRESSES, output::plain(user)), text));
    }
    for definition in &config.chosen.http.zato.definitions.basic_auth {
        listed.push((keys::BASIC_AUTH.to_owned(), output::plain(&definition.username)));
    }
    for definition in &config.chosen.http.zato.definitions.jwt {
        listed.push((keys::JWT.to_owned(), output::plain(&definition.username)));
    }
    listed
}

fn as_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Flag(flag) => json!(flag),
        Value::Whole(whole) => json!(whole),
        Value::Text(text) => json!(text),
        Value::Texts(texts) => json!(texts),
        Value::Hidden(set) => json!({ "set": set }),
    }
}
