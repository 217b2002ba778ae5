//! `docs/conformance/zato.md`: one row a case of the Zato contract.
//!
//! The page follows from the names of the tests alone, so that plain `cargo test` can hold it to them.

use std::fmt::Write as _;

/// Where the page lies, from the root.
pub const PATH: &str = "docs/conformance/zato.md";

/// What the name of a test that is a case begins with; three digits, `_` and a sentence follow.
pub const PREFIX: &str = "case_";

const HEAD: &str = "\
# Zato conformance

Written by `cargo xtask conformance` from a run; change the tests, not this page.

Each numbered case of the Zato SSO contract is a test that carries its number
(`cargo test -p muster-tests --test conformance -- ::case_`, in `tests/conformance/zato`). It starts the
binary as a process of its own and speaks to it over HTTP; nothing is simulated.
";

/// A numbered case of the contract, and the sentence that its test is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    /// Its number in the contract.
    pub number: u16,
    /// The test's name as a sentence.
    pub sentence: String,
}

impl Case {
    /// The case that a test is; `None` if its name is not `case_NNN_a_sentence`.
    pub fn of_test(name: &str) -> Option<Self> {
        let (number, words) = name.strip_prefix(PREFIX)?.split_once('_')?;
        let formed = number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit());
        let first = words.get(..1).filter(|_| formed)?;
        let sentence = format!("{}{}", first.to_uppercase(), words[1..].replace('_', " "));
        Some(Self { number: number.parse().ok()?, sentence })
    }
}

/// The page that says that all of these, sorted by number, passed.
pub fn page(cases: &[Case]) -> String {
    let mut page = format!("{HEAD}\n{0} of {0} passed.\n\n", cases.len());
    page.push_str("| case | result | what |\n|---:|---|---|\n");
    for Case { number, sentence } in cases {
        let _ = writeln!(page, "| {number} | passed | {sentence} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tests_name_is_a_number_and_a_sentence() {
        let case = Case::of_test("case_007_a_user_is_approved").expect("a case");
        assert_eq!((case.number, case.sentence.as_str()), (7, "A user is approved"));
        for name in ["case_7_too_short", "case_0007_too_long", "case_007", "case_007_", "a_case"] {
            assert_eq!(Case::of_test(name), None, "{name}");
        }
    }

    #[test]
    fn a_row_begins_with_the_number_alone() {
        let case = Case { number: 7, sentence: "A user is approved".to_owned() };
        let page = page(&[case]);
        assert!(page.contains("\n1 of 1 passed.\n"), "{page}");
        assert!(page.ends_with("\n| 7 | passed | A user is approved |\n"), "{page}");
    }
}
