//! Decision records, the map, and what may lie at the top level.

use std::collections::BTreeSet;

use super::tree::Tree;
use super::{Finding, finding};

/// The longest a decision record may be, in lines: one page.
const DECISION_LINES_MAX: usize = 80;

/// The longest `docs/ARCHITECTURE.md` may be, in lines.
const MAP_LINES_MAX: usize = 200;

const DECISIONS: &str = "docs/adr/";
const MAP: &str = "docs/ARCHITECTURE.md";

/// What may lie at the top level beside names that begin with a dot.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "crates",
    "docs",
    "tests",
    "tools",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "clippy.toml",
    "deny.toml",
    "rustfmt.toml",
];

/// Checks everything that is not code.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = decisions(tree);
    findings.extend(too_long(tree, MAP, MAP_LINES_MAX, "map-size", "keep the map a map"));
    findings.extend(top_level(tree));
    findings
}

fn decisions(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut expected = 1;
    for path in tree.files().filter(|path| path.starts_with(DECISIONS)) {
        match number(&path[DECISIONS.len()..]) {
            None => findings.push(finding(
                path,
                1,
                "decision-name",
                "call it NNNN-title.md, four digits and words joined by hyphens",
            )),
            Some(found) => {
                if found != expected {
                    let advice =
                        format!("number decisions without gap or repeat: {expected:04} is next");
                    findings.push(finding(path, 1, "decision-number", advice));
                }
                expected = found + 1;
            }
        }
        let advice = "keep context, decision and cost";
        findings.extend(too_long(tree, path, DECISION_LINES_MAX, "decision-size", advice));
    }
    findings
}

/// The number in `NNNN-title.md`.
fn number(name: &str) -> Option<u32> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let formed = number.len() == 4
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && !title.is_empty()
        && !title.contains('/');
    formed.then(|| number.parse().ok())?
}

fn too_long(
    tree: &Tree,
    path: &str,
    lines_max: usize,
    rule: &'static str,
    advice: &str,
) -> Option<Finding> {
    let lines = tree.text(path).lines().count();
    (lines > lines_max).then(|| {
        let advice = format!("{advice}: {lines} lines are more than {lines_max}");
        finding(path, lines_max + 1, rule, advice)
    })
}

fn top_level(tree: &Tree) -> Vec<Finding> {
    let names: BTreeSet<&str> = tree.files().filter_map(|path| path.split('/').next()).collect();
    let stray =
        names.into_iter().filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(name));
    stray
        .map(|name| {
            let advice = "move it into crates, tests, tools or docs; the top level is a short list";
            finding(name, 1, "top-level", advice)
        })
        .collect()
}
