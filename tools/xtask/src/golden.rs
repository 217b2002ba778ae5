//! `cargo xtask golden`: writes the golden files of events that have none. What is there stays as it is.

use std::process::Command;

use anyhow::{Context, ensure};

use crate::{no_arguments, root};

/// Lets the test that reads the golden files write those that are missing.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    no_arguments(arguments)?;
    let status = Command::new("cargo")
        .args(["test", "--quiet", "--package", "muster-store", "golden"])
        .env("MUSTER_WRITE_GOLDEN", "1")
        .current_dir(root())
        .status()
        .context("cargo does not start")?;
    ensure!(status.success(), "the golden files do not fit the code");
    Ok(())
}
