//! `muster verify`: what is kept against itself.

use anyhow::{Result, bail};
use axum::http::Method;
use serde_json::Value;
use store::StoreError;

use super::Options;
use crate::client::{Client, Intent, with_client};
use crate::output;

/// Verifies.
pub fn run(options: &Options) -> Result<()> {
    with_client(&options.data, Intent::Read, async |client| {
        let report = ask(client).await?;
        if options.json {
            output::line(&report.to_string());
        } else {
            tell(&report);
        }
        judge(&findings(&report))
    })
}

/// Has everything checked.
pub async fn ask(client: &mut Client) -> Result<Value> {
    client.ask(Method::POST, "/v1/local/verify").await
}

/// Says what was checked.
pub fn tell(report: &Value) {
    output::line(&format!(
        "checked {} facts in {} frames ({} dead), {} of them in sled",
        report["facts"], report["frames"], report["dead_frames"], report["sled_facts"]
    ));
}

/// What was found wrong.
pub fn findings(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().into_iter().flatten();
    findings.map(|finding| finding.as_str().unwrap_or_default().to_owned()).collect()
}

/// Complains of what was found, if anything was.
pub fn judge(findings: &[String]) -> Result<()> {
    for finding in findings {
        output::complain(&format!("found: {finding}"));
    }
    match findings.len() {
        0 => Ok(()),
        count => {
            let findings = if count == 1 { "finding" } else { "findings" };
            let what = format!("{count} {findings}, listed above");
            bail!(StoreError::Damaged { what })
        }
    }
}
