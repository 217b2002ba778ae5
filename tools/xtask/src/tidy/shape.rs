//! How large code may be, what a file may not be called, and that every test runs.

use super::source::Source;
use super::{Finding, finding};

/// The longest a `.rs` file may be, in lines, tests included.
const FILE_LINES_MAX: usize = 500;

/// The longest a function may be, in lines from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Names that say nothing about what is inside, of a file or of a module's directory.
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "misc"];

/// Checks one file's size, its functions' sizes, its name, and its attributes.
pub fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(file_size(source));
    findings.extend(file_name(source));
    findings.extend(function_sizes(source));
    findings.extend(ignored_tests(source));
    findings
}

fn file_size(source: &Source) -> Option<Finding> {
    (source.lines > FILE_LINES_MAX).then(|| {
        let advice = format!(
            "split its {} lines by aspect; a file has at most {FILE_LINES_MAX}",
            source.lines
        );
        finding(&source.path, FILE_LINES_MAX + 1, "file-size", advice)
    })
}

fn file_name(source: &Source) -> Option<Finding> {
    let name =
        source.path.strip_suffix(".rs")?.split('/').find(|part| EMPTY_NAMES.contains(part))?;
    let advice = format!(
        "`{name}` says nothing: name it after what is inside, or put that where it is used"
    );
    Some(finding(&source.path, 1, "file-name", advice))
}

/// Test modules inside a file are left out: a scenario may be a long list of facts.
fn function_sizes(source: &Source) -> Vec<Finding> {
    let tests = source.test_modules();
    let functions = source.functions();
    let counted = functions
        .iter()
        .filter(|function| !tests.iter().any(|module| module.contains(&function.body.start)));
    let mut findings = Vec::new();
    for function in counted {
        let lines = function.last_line + 1 - function.first_line;
        if lines > FUNCTION_LINES_MAX {
            let advice = format!(
                "split `{}` with its {lines} lines where its thought turns; \
                 a function has at most {FUNCTION_LINES_MAX}",
                function.name
            );
            findings.push(finding(&source.path, function.first_line, "function-size", advice));
        }
    }
    findings
}

fn ignored_tests(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for index in 0..source.tokens.len() {
        if !source.reads(index, &["#", "["]) {
            continue;
        }
        let close = source.closing(index + 1);
        let ignores = match source.text(index + 2) {
            "ignore" => true,
            "cfg_attr" => (index..close).any(|inside| source.text(inside) == "ignore"),
            _ => false,
        };
        if ignores {
            let advice =
                "repair the test or delete it; slow work belongs into a subcommand of xtask";
            findings.push(finding(&source.path, source.tokens[index].line, "ignored-test", advice));
        }
    }
    findings
}
