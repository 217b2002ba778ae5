//! Planted mistakes stay out of every binary: which manifests may name their feature.

use super::tree::Tree;
use super::{Finding, finding};

/// The feature that compiles mistakes in.
const FEATURE: &str = "planted-bugs";
/// Where it is declared, and where the simulation asks for it.
const NAMED_IN: &[&str] = &["crates/store/Cargo.toml", "tests/Cargo.toml"];

/// Refuses manifests that could bring the feature into a binary.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in tree.files().filter(|path| path.ends_with("Cargo.toml")) {
        for (index, line) in tree.text(path).lines().enumerate() {
            let declares = line.starts_with(&format!("{FEATURE} = ["));
            if line.contains(FEATURE) && !(declares && NAMED_IN.contains(&path)) {
                let advice = format!(
                    "`{FEATURE}` compiles mistakes in: only `cargo xtask simulate --planted` may ask for it"
                );
                findings.push(finding(path, index + 1, "planted-bugs", advice));
            }
        }
    }
    findings
}
