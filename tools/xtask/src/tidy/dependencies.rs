//! The dependency table: which crate may use which, and never rightwards.
//!
//! ```text
//! domain <- store <- service <- http <- muster
//! ```

use std::collections::BTreeMap;

use toml::Table;

use super::tree::Tree;
use super::{Finding, finding};

/// The crates of the house from left to right. A crate may use those left of it, never right of it.
const HOUSE: &[&str] = &["domain", "store", "service", "http", "muster"];

/// Every direct dependency a crate may have, the house's own included. A line added here is a
/// decision: say in the commit what the crate is for and why it belongs there.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &["rpds", "sha2", "thiserror", "ulid", "unicase", "zxcvbn"]),
    (
        "store",
        &[
            "domain",
            "aws-lc-rs",
            // The letters of signed checkpoints.
            "base64",
            "bincode",
            "crc32c",
            "foldhash",
            "hashbrown",
            "parking_lot",
            "rpds",
            "rustix",
            "sled",
            "thiserror",
            "ulid",
            "zeroize",
        ],
    ),
    (
        "service",
        &[
            "domain",
            "store",
            "argon2",
            "aws-lc-rs",
            "base64",
            "jsonwebtoken",
            "lettre",
            // Mails from templates that an operator may replace.
            "minijinja",
            // What operators watch, and the text in which they ask for it.
            "prometheus-client",
            "rustix",
            // The claims of a JSON web token.
            "serde",
            "subtle",
            "thiserror",
            "tokio",
            "totp-rs",
            "tracing",
            "ulid",
            "zeroize",
        ],
    ),
    (
        "http",
        &[
            "domain",
            "service",
            "axum",
            "base64",
            "http-body-util",
            "hyper",
            "hyper-util",
            "jiff",
            "qrcode",
            "rustls",
            "rustls-pki-types",
            "serde",
            "serde_json",
            "tokio",
            "tokio-rustls",
            "tower",
            "tower-http",
            "tracing",
            "utoipa",
            "utoipa-axum",
        ],
    ),
    (
        "muster",
        &[
            "domain",
            "store",
            "service",
            "http",
            "anyhow",
            // The chance that Sources hands out.
            "aws-lc-rs",
            // The router that a command calls where no server runs.
            "axum",
            // The records and hashes in an export.
            "base64",
            "clap",
            "clap_complete",
            "http-body-util",
            "hyper",
            "hyper-util",
            "jiff",
            // The allocator: docs/adr/0006.
            "mimalloc",
            "rpassword",
            "rustix",
            "serde",
            "serde_json",
            // Names the nearest key to a misspelt one; clap has it too.
            "strsim",
            "thiserror",
            "tokio",
            "toml",
            "tower",
            "tracing",
            "tracing-subscriber",
        ],
    ),
];

/// Holds every `crates/*/Cargo.toml` to the table. Development dependencies are free of the table,
/// but no more than any other may they point rightwards.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let packages = packages(tree);
    let mut findings = Vec::new();
    for path in tree.files().filter(|path| is_member_manifest(path)) {
        let text = tree.text(path);
        let house_name = path.split('/').nth(1).unwrap_or_default();
        match text.parse::<Table>() {
            Ok(manifest) => {
                findings.extend(check_manifest(path, &text, house_name, &manifest, &packages));
            }
            Err(error) => {
                let advice = format!("make it TOML that parses: {}", error.message());
                findings.push(finding(path, 1, "dependency-table", advice));
            }
        }
    }
    findings
}

fn is_member_manifest(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts[..], ["crates", _, "Cargo.toml"])
}

/// The names under which the workspace's table knows a package: alias to package name.
fn packages(tree: &Tree) -> BTreeMap<String, String> {
    let root: Table = tree.text("Cargo.toml").parse().unwrap_or_default();
    let shared = root.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let Some(shared) = shared.and_then(toml::Value::as_table) else { return BTreeMap::new() };
    shared
        .iter()
        .filter_map(|(alias, value)| {
            Some((alias.clone(), value.get("package")?.as_str()?.to_owned()))
        })
        .collect()
}

fn check_manifest(
    path: &str,
    text: &str,
    name: &str,
    manifest: &Table,
    packages: &BTreeMap<String, String>,
) -> Vec<Finding> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
        let advice = format!("give `{name}` a line in xtask's dependency table, or move its code");
        return vec![finding(path, 1, "dependency-table", advice)];
    };
    let mut findings = Vec::new();
    for Dependency { alias, package, development } in dependencies(manifest, packages) {
        let line = line_of(text, &alias);
        if rank(&package) > rank(name) {
            let advice = format!(
                "`{name}` lies left of `{package}` and may not use it: move what it needs leftwards"
            );
            findings.push(finding(path, line, "dependency-arrow", advice));
        } else if !development && !allowed.contains(&package.as_str()) {
            let advice = format!(
                "`{package}` is not in `{name}`'s line of the dependency table: use what is there, \
                 put the code into the crate that may use it, or argue for a change of the table"
            );
            findings.push(finding(path, line, "dependency-table", advice));
        }
    }
    findings
}

/// A crate's place in the house; crates from outside lie left of everything.
fn rank(package: &str) -> Option<usize> {
    HOUSE.iter().position(|name| *name == package)
}

struct Dependency {
    /// What the manifest calls it.
    alias: String,
    /// What it is: for one of ours the name of its directory, else the package's.
    package: String,
    development: bool,
}

/// All dependencies of a manifest, those for one target only and those of build scripts included.
fn dependencies(manifest: &Table, packages: &BTreeMap<String, String>) -> Vec<Dependency> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let tables = std::iter::once(manifest)
        .chain(targets.into_iter().flat_map(Table::values).filter_map(toml::Value::as_table));
    let mut found = Vec::new();
    for table in tables {
        for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let Some(entries) = table.get(section).and_then(toml::Value::as_table) else {
                continue;
            };
            found.extend(entries.iter().map(|(alias, value)| Dependency {
                alias: alias.clone(),
                package: package(alias, value, packages),
                development: section == "dev-dependencies",
            }));
        }
    }
    found
}

fn package(alias: &str, value: &toml::Value, packages: &BTreeMap<String, String>) -> String {
    let renamed = value.get("package").and_then(toml::Value::as_str);
    let inherited = value.get("workspace").and_then(|_| packages.get(alias)).map(String::as_str);
    let name = renamed.or(inherited).unwrap_or(alias);
    match name.strip_prefix("muster-") {
        Some(ours) if HOUSE.contains(&ours) => ours.to_owned(),
        _ => name.to_owned(),
    }
}

/// The line that names the dependency: `alias = …`, `alias.workspace = …` or `[dependencies.alias]`.
fn line_of(text: &str, alias: &str) -> usize {
    let header = format!(".{alias}]");
    let named = |line: &str| {
        let rest = line.trim_start().trim_start_matches('"').strip_prefix(alias);
        rest.is_some_and(|rest| rest.starts_with([' ', '.', '=', '"'])) || line.contains(&header)
    };
    text.lines().position(named).map_or(1, |index| index + 1)
}
