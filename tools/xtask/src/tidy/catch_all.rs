//! Matches that must list their variants, so that the compiler names the work a new one makes.

use super::source::Source;
use super::{Finding, finding};

/// Functions that mean one thing each in this project, and in which a forgotten variant is a bug that
/// nothing else would show.
const EXHAUSTIVE_FUNCTIONS: &[&str] = &["evolve", "apply", "describe", "encode"];

/// Refuses a catch-all arm beside arms that name variants, in those functions and in error tables.
///
/// A match on text or numbers cannot list everything, and keeps its `_`.
pub fn check(source: &Source) -> Vec<Finding> {
    let scopes = if is_error_table(&source.path) {
        vec![("an error table".to_owned(), 0..source.tokens.len())]
    } else {
        let named = |name: &str| EXHAUSTIVE_FUNCTIONS.contains(&name);
        let functions = source.functions().into_iter().filter(|function| named(&function.name));
        functions.map(|function| (format!("`{}`", function.name), function.body)).collect()
    };
    let mut findings = Vec::new();
    for (scope, tokens) in scopes {
        for index in tokens.filter(|index| source.text(*index) == "match") {
            if let Some(line) = catch_all_line(source, index) {
                let advice = format!(
                    "list the variants instead of catching all in {scope}, \
                     so that a new one does not compile until it is thought about"
                );
                findings.push(finding(&source.path, line, "catch-all", advice));
            }
        }
    }
    findings.dedup();
    findings
}

fn is_error_table(path: &str) -> bool {
    path.ends_with("/errors.rs") || path.contains("/errors/")
}

/// The line of the catch-all arm of the `match` at `index`, if its other arms name variants.
fn catch_all_line(source: &Source, index: usize) -> Option<usize> {
    let open = source.next_outside_brackets(index + 1, &["{"])?;
    let patterns = patterns(source, open);
    if !patterns.iter().any(|pattern| names_a_variant(pattern)) {
        return None;
    }
    let (last, rest) = patterns.split_last()?;
    let catches = |pattern: &&Pattern<'_>| pattern.catches_all();
    Some(rest.iter().find(catches).or(Some(last).filter(catches))?.line)
}

/// An arm's pattern: its tokens, a guard included.
struct Pattern<'a> {
    line: usize,
    tokens: Vec<&'a str>,
}

impl Pattern<'_> {
    fn catches_all(&self) -> bool {
        !self.tokens.contains(&"if")
            && split(&self.tokens, "|").iter().any(|alternative| is_irrefutable(alternative))
    }
}

/// The patterns of the match whose brace opens at `open`.
fn patterns(source: &Source, open: usize) -> Vec<Pattern<'_>> {
    let close = source.closing(open);
    let mut patterns = Vec::new();
    let mut at = open + 1;
    while at < close {
        let Some(arrow) = source.next_outside_brackets(at, &["=>"]) else { break };
        let tokens = (at..arrow).map(|index| source.text(index)).collect();
        patterns.push(Pattern { line: source.tokens[at].line, tokens });
        at = if source.text(arrow + 1) == "{" {
            let block = source.closing(arrow + 1);
            block + 1 + usize::from(source.text(block + 1) == ",")
        } else {
            source.next_outside_brackets(arrow + 1, &[","]).map_or(close, |comma| comma + 1)
        };
    }
    patterns
}

/// Whether a pattern ends some path in a name like `Locked`: a variant, not a `CONSTANT`.
fn names_a_variant(pattern: &Pattern<'_>) -> bool {
    let tokens = &pattern.tokens;
    tokens.iter().enumerate().any(|(index, word)| {
        word.starts_with(char::is_uppercase)
            && word.contains(char::is_lowercase)
            && tokens.get(index + 1) != Some(&"::")
    })
}

/// Whether a pattern always matches: `_`, a name to bind to, or a tuple of these.
fn is_irrefutable(pattern: &[&str]) -> bool {
    match pattern {
        ["&" | "ref" | "mut", rest @ ..] | [_, "@", rest @ ..] => is_irrefutable(rest),
        ["_" | ".."] => true,
        [word] => {
            word.starts_with(|c: char| c.is_lowercase() || c == '_')
                && !matches!(*word, "true" | "false")
        }
        ["(", inner @ .., ")"] => {
            let parts = split(inner, ",");
            parts.iter().all(|part| part.is_empty() || is_irrefutable(part))
        }
        _ => false,
    }
}

/// Splits tokens at a sign that lies in no bracket.
fn split<'t, 'a>(tokens: &'t [&'a str], sign: &str) -> Vec<&'t [&'a str]> {
    let mut parts = Vec::new();
    let (mut depth, mut begun) = (0usize, 0);
    for (index, token) in tokens.iter().enumerate() {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            token if token == sign && depth == 0 => {
                parts.push(&tokens[begun..index]);
                begun = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[begun..]);
    parts
}
