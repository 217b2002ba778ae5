//! `muster rebuild`

use anyhow::{Result, bail};
use axum::http::Method;
use clap::Args;

use crate::client::{Intent, with_client};
use crate::{Data, output};

/// Fold the log anew beside the serving read models, compare, and swap them.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster rebuild\n\nReads and writes go on meanwhile. What differed \
is told, and is gone with the read models that were replaced."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Rebuilds.
pub fn run(options: &Options) -> Result<()> {
    with_client(&options.data, Intent::Write, async |client| {
        let done = client.ask(Method::POST, "/v1/local/rebuild").await?;
        if options.json {
            output::line(&done.to_string());
        } else {
            output::line(&format!(
                "folded {} facts into {} users, {} sessions, {} names, {} tokens",
                done["facts"], done["users"], done["sessions"], done["names"], done["tokens"]
            ));
            output::line(&format!("digest {}", done["digest"].as_str().unwrap_or_default()));
        }
        let differences: Vec<_> = done["differences"].as_array().into_iter().flatten().collect();
        if differences.is_empty() {
            return Ok(());
        }
        for difference in &differences {
            output::complain(&format!("differed: {}", difference.as_str().unwrap_or_default()));
        }
        bail!("the read models that were replaced differed from the log; they are right now")
    })
}
