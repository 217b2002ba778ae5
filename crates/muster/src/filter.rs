//! Which facts a command is about: the options that `history`, `events` and `export` share.

use clap::Args;

use crate::client::segment;

/// What facts must be like.
#[derive(Debug, Args)]
pub struct Filter {
    /// Of these events, joined by commas; `user.` means all that begin so.
    #[arg(long, value_name = "EVENTS")]
    event: Option<String>,
    /// That changed this field, or one below it.
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,
    /// Brought about by this user, or `operator`, `system`, `anonymous`.
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// Not before this time, as RFC 3339 has it.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl Filter {
    /// What its options are called, there and in a query string.
    const OPTIONS: [&str; 5] = ["event", "field", "actor", "since", "until"];

    /// As a query string goes on with it.
    pub fn query(&self) -> String {
        let values = [&self.event, &self.field, &self.actor, &self.since, &self.until];
        let asked = Self::OPTIONS.into_iter().zip(values);
        asked.map(|(key, value)| more(key, value.as_deref())).collect()
    }
}

/// One more key of a query string, if it has a value.
pub fn more(key: &str, value: Option<&str>) -> String {
    value.map(|value| format!("&{key}={}", segment(value))).unwrap_or_default()
}
