//! The house rules that neither the compiler nor clippy can state, checked by reading the tree.
//!
//! Reading order: `tree` is which files there are, `source` what a `.rs` file says once comments
//! and strings are out of the way; then one file a family of rules: `dependencies` (who may use
//! which crate), `imports` (who may name whom), `catch_all` (matches that must list their
//! variants), `shape` (sizes, names, ignored tests), `layout` (decision records, the map, the top
//! level), `golden` (stored bytes that a release has frozen) and `planted` (mistakes that no binary has).
//!
//! A rule that finds none of the files it speaks about has nothing to say.

mod catch_all;
mod dependencies;
mod golden;
mod imports;
mod layout;
mod planted;
mod shape;
mod source;
mod tree;

use std::fmt;
use std::path::Path;

use source::Source;
use tree::Tree;

/// One place that breaks a rule of the house, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, relative to the root, with `/` between its parts.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The rule's name, stable so that it can be searched for.
    pub rule: &'static str,
    /// A sentence that says what to do instead.
    pub advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.advice)
    }
}

/// Reads the tree below `root` and returns everything that breaks a rule, in order of path and line.
pub fn check(root: &Path) -> Vec<Finding> {
    let tree = Tree::read(root);
    let mut findings = dependencies::check(&tree);
    findings.extend(layout::check(&tree));
    findings.extend(golden::check(&tree));
    findings.extend(planted::check(&tree));
    for path in tree.files_ending(".rs") {
        let source = Source::parse(path, &tree.text(path));
        findings.extend(imports::check(&source));
        findings.extend(catch_all::check(&source));
        findings.extend(shape::check(&source));
    }
    findings.sort();
    findings
}

/// Builds a [`Finding`]; every rule ends here.
fn finding(path: &str, line: usize, rule: &'static str, advice: impl Into<String>) -> Finding {
    Finding { path: path.to_owned(), line, rule, advice: advice.into() }
}
