//! `cargo xtask simulate`: more seeds of the simulation than `cargo test` runs, in release mode.

use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::root;

/// Seeds, if none are named.
const SEEDS: u64 = 2_000;

/// Runs `--seeds N` seeds, from `--first S` on.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let (mut first, mut seeds) = (1, SEEDS);
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let value = rest.next().with_context(|| format!("{name} needs a number"))?;
        let value = value.parse().with_context(|| format!("`{value}` is not a number"))?;
        match name.as_str() {
            "--first" => first = value,
            "--seeds" => seeds = value,
            other => bail!("takes --seeds N and --first S, and was given `{other}`"),
        }
    }
    let status = Command::new("cargo")
        .args(["test", "--release", "--package", "muster-tests", "--test", "simulation"])
        .args(["--", "--nocapture"])
        .env("MUSTER_FIRST_SEED", first.to_string())
        .env("MUSTER_SEEDS", seeds.to_string())
        .current_dir(root())
        .status()
        .context("cargo does not start")?;
    ensure!(status.success(), "a seed failed; it is named above");
    Ok(())
}
