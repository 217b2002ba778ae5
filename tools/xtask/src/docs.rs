//! `cargo xtask docs`: writes the pages of `docs/` that follow from the code.

use std::process::Command;

use anyhow::{Context, ensure};

use crate::{no_arguments, root};

/// Lets the binary tell its keys, and writes them to `docs/configuration.md`.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    no_arguments(arguments)?;
    let output = Command::new("cargo")
        .args(["run", "--quiet", "--package", "muster", "--", "config", "--reference"])
        .current_dir(root())
        .output()
        .context("cargo does not start")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = root().join("docs/configuration.md");
    std::fs::write(&path, output.stdout).with_context(|| path.display().to_string())
}
