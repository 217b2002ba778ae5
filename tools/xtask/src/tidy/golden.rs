//! Golden files are the bytes of stored facts; a release freezes them.

use std::path::Path;

use super::tree::Tree;
use super::{Finding, finding};

const GOLDEN: &str = "crates/store/golden/";

/// Refuses to change or lose a golden file that any release has.
///
/// A release is a tag that begins with a digit, or with `v` and one. Before the first, and in a
/// checkout without tags, nothing is frozen.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let tags = tree.git(&["tag", "--list", "v[0-9]*", "[0-9]*"]).unwrap_or_default();
    let mut findings = Vec::new();
    for tag in tags.lines() {
        // Of the tag's files only: what was added since is `A` and free.
        let changed =
            tree.git(&["diff", "--name-status", "--no-renames", "--relative", tag, "--", GOLDEN]);
        for (status, path) in changed.iter().flat_map(|text| text.lines()).filter_map(entry) {
            let did = if status == "D" { "deleted" } else { "edited" };
            let advice = format!(
                "restore it: release {tag} has it, and it was {did}; \
                 a new shape is a new revision with a golden file of its own"
            );
            findings.push(finding(path, 1, "golden-file", advice));
        }
    }
    findings
}

/// A line of `git diff --name-status` about a golden file that was not added.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (status, path) = line.split_once('\t')?;
    let golden = Path::new(path).extension().is_some_and(|extension| extension == "hex");
    (status != "A" && golden).then_some((status, path))
}
