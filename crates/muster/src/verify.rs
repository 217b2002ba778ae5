//! `muster verify`

use anyhow::{Result, bail};
use axum::http::Method;
use clap::Args;
use store::StoreError;

use crate::client::{Intent, with_client};
use crate::{Data, output};

/// Check everything that is kept against itself.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster verify\n\nChecks every frame's checksum, root and padding, \
opens every fact, compares sled's log with the journal, and the read models with a refold. Exit code 4 \
if anything is wrong."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Verifies.
pub fn run(options: &Options) -> Result<()> {
    with_client(&options.data, Intent::Read, async |client| {
        let report = client.ask(Method::POST, "/v1/local/verify").await?;
        if options.json {
            output::line(&report.to_string());
        } else {
            output::line(&format!(
                "checked {} facts in {} frames ({} dead), {} of them in sled",
                report["facts"], report["frames"], report["dead_frames"], report["sled_facts"]
            ));
        }
        let findings: Vec<_> = report["findings"].as_array().into_iter().flatten().collect();
        for finding in &findings {
            output::complain(&format!("found: {}", finding.as_str().unwrap_or_default()));
        }
        match findings.len() {
            0 => Ok(()),
            count => {
                let what = format!("{count} findings, listed above");
                bail!(StoreError::Damaged { what })
            }
        }
    })
}
