//! Who may name whom inside the code: crates a layer must never see, and modules that must not know
//! each other.

use super::source::{Source, is_word};
use super::{Finding, finding};

/// Words that may not stand in a crate's code, and what to do instead.
const NEVER_MENTIONED: &[(&str, &[&str], &str)] = &[
    (
        "crates/domain/src/",
        &["tokio", "sled", "axum", "bincode", "argon2", "SystemTime", "rand"],
        "rules are functions of values: take what is needed as an argument",
    ),
    (
        "crates/store/src/",
        &["tokio", "axum", "argon2"],
        "the store is synchronous and knows no wire: move this into `service` or `http`",
    ),
    (
        "crates/service/src/",
        &["axum", "hyper"],
        "only the border speaks HTTP: move this into `http`",
    ),
    (
        "crates/http/src/",
        &["sled", "bincode", "argon2"],
        "the border translates and nothing else: ask `service` for it",
    ),
];

/// The modules of `store` that derived state is built from.
const GROUND: &[&str] = &["journal", "record", "keyring", "tree", "schema"];

/// The modules of `store` that are built from the ground.
const DERIVED: &[&str] = &["views", "log"];

/// The dialects of `http`.
const DIALECTS: &[&str] = &["zato", "zitadel", "logto", "v1"];

/// Checks one file against the rules that hold where it lies.
pub fn check(source: &Source) -> Vec<Finding> {
    let mut findings = mentions(source);
    if let Some(module) = module_of(&source.path, "crates/store/src/", GROUND) {
        findings.extend(paths_into(source, DERIVED, "ground-imports-derived", |other| {
            format!("`{module}` is ground and `{other}` is derived from it: pass what is needed in")
        }));
    }
    if let Some(module) = module_of(&source.path, "crates/http/src/", DIALECTS) {
        let others: Vec<&str> = DIALECTS.iter().copied().filter(|name| *name != module).collect();
        findings.extend(paths_into(source, &others, "dialect-imports-dialect", |other| {
            format!(
                "`{module}` may not know `{other}`: translate once more, or share it in `service`"
            )
        }));
    }
    findings
}

fn mentions(source: &Source) -> Vec<Finding> {
    let rules = NEVER_MENTIONED.iter().filter(|(below, ..)| source.path.starts_with(below));
    let mut findings = Vec::new();
    for (_, words, instead) in rules {
        for token in source.tokens.iter().filter(|token| words.contains(&token.text.as_str())) {
            let advice = format!("`{}` may not be mentioned here; {instead}", token.text);
            findings.push(finding(&source.path, token.line, "forbidden-mention", advice));
        }
    }
    findings
}

/// Which of `modules` a file belongs to, whether that module is one file or a directory.
fn module_of<'a>(path: &str, below: &str, modules: &[&'a str]) -> Option<&'a str> {
    let first = path.strip_prefix(below)?.split('/').next()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    modules.iter().copied().find(|module| *module == name)
}

fn paths_into(
    source: &Source,
    forbidden: &[&str],
    rule: &'static str,
    advice: impl Fn(&str) -> String,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for index in 0..source.tokens.len() {
        let begins = matches!(source.text(index), "crate" | "super")
            && (index == 0 || source.text(index - 1) != "::");
        if !begins {
            continue;
        }
        for entered in entered(source, index) {
            if forbidden.contains(&source.text(entered)) {
                let line = source.tokens[entered].line;
                findings.push(finding(&source.path, line, rule, advice(source.text(entered))));
            }
        }
    }
    findings
}

/// The first words after the `crate` or `super`s at `index`: one, or as many as a `use` group has.
///
/// How far up the `super`s lead is not computed: a module inside that shares the name of one that is
/// forbidden outside would only confuse.
fn entered(source: &Source, index: usize) -> Vec<usize> {
    let mut at = index;
    while matches!(source.text(at), "crate" | "super") && source.text(at + 1) == "::" {
        at += 2;
    }
    if at == index {
        return Vec::new();
    }
    if source.text(at) != "{" {
        return vec![at];
    }
    let close = source.closing(at);
    let mut heads = Vec::new();
    while at < close {
        let head = at + 1;
        if is_word(source.text(head)) {
            heads.push(head);
        }
        at = source.next_outside_brackets(head, &[","]).unwrap_or(close);
    }
    heads
}
