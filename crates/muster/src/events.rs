//! `muster events`

use anyhow::Result;
use clap::Args;

use crate::Data;
use crate::client::{Intent, with_client};
use crate::history::pages;

/// Print everything that happened, in order.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster events --after 1000 --json")]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// Begin after this position.
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    after: u64,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Prints the events, page by page.
pub fn run(options: &Options) -> Result<()> {
    with_client(&options.data, Intent::Read, async |client| {
        pages(client, "/v1/events", options.after, options.json).await
    })
}
