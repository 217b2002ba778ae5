//! The rules that a new password must pass (Zato's contract, section 6.7). Pure: no hashing here.

use thiserror::Error;

/// What configuration asks of a new password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// The least zxcvbn score, 0 to 4; 0 asks for none.
    pub complexity_min: u8,
    /// Fewest characters.
    pub chars_min: usize,
    /// Most characters.
    pub chars_max: usize,
    /// Texts that may stand nowhere in it, whatever their case.
    pub reject: Vec<String>,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self {
            complexity_min: 0,
            chars_min: 8,
            chars_max: 256,
            reject: REJECTED.iter().map(|word| (*word).to_owned()).collect(),
        }
    }
}

impl PasswordRules {
    /// The rule that a password breaks, as a sentence for whoever chose it.
    pub fn explain(&self, fault: PasswordFault) -> String {
        match fault {
            PasswordFault::TooSimple => {
                let least = self.complexity_min;
                format!("the password is too easy to guess: its score must be {least} or more of 4")
            }
            PasswordFault::TooShort => {
                format!("the password is too short: at least {} characters", self.chars_min)
            }
            PasswordFault::TooLong => {
                format!("the password is too long: at most {} characters", self.chars_max)
            }
            PasswordFault::Rejected => {
                "the password holds a text that is not allowed in passwords".to_owned()
            }
        }
    }
}

/// Which rule a password breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordFault {
    /// It is too easy to guess.
    #[error("it is too easy to guess")]
    TooSimple,
    /// It has too few characters.
    #[error("it is too short")]
    TooShort,
    /// It has too many characters.
    #[error("it is too long")]
    TooLong,
    /// It holds a text from the reject list.
    #[error("it holds a text that is not allowed in passwords")]
    Rejected,
}

/// Says which rule `password` breaks first.
pub fn check(rules: &PasswordRules, password: &str) -> Result<(), PasswordFault> {
    let chars = password.chars().count();
    // zxcvbn's time grows with the square of the length and more: judge what a person may type.
    if rules.complexity_min > 0 {
        let judged: String = password.chars().take(COMPLEXITY_CHARS_MAX).collect();
        if u8::from(zxcvbn::zxcvbn(&judged, &[]).score()) < rules.complexity_min {
            return Err(PasswordFault::TooSimple);
        }
    }
    if chars < rules.chars_min {
        return Err(PasswordFault::TooShort);
    }
    if chars > rules.chars_max {
        return Err(PasswordFault::TooLong);
    }
    let folded = password.to_lowercase();
    if rules.reject.iter().any(|word| folded.contains(&word.to_lowercase())) {
        return Err(PasswordFault::Rejected);
    }
    Ok(())
}

/// How much of a password the complexity rule looks at, in characters (zxcvbn itself stops at 100).
const COMPLEXITY_CHARS_MAX: usize = 100;

/// Zato 3.2's `reject_list`.
const REJECTED: [&str; 24] = [
    "111111",
    "123123",
    "123321",
    "123456",
    "123qwe",
    "1q2w3e",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "222222",
    "333333",
    "444444",
    "555555",
    "654321",
    "666666",
    "777777",
    "888888",
    "999999",
    "987654321",
    "google",
    "letmein",
    "mynoob",
    "password",
    "qwerty",
    "zxcvbnm",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_broken_rule_counts() {
        let rules = PasswordRules::default();
        assert_eq!(check(&rules, "short"), Err(PasswordFault::TooShort));
        assert_eq!(check(&rules, "qwerty"), Err(PasswordFault::TooShort));
        assert_eq!(check(&rules, "a QwErTy b"), Err(PasswordFault::Rejected));
        assert_eq!(check(&rules, &"é".repeat(257)), Err(PasswordFault::TooLong));
        assert_eq!(check(&rules, &"é".repeat(256)), Ok(()));
        assert_eq!(check(&rules, "12345é78"), Ok(()));
    }

    #[test]
    fn a_broken_rule_is_told_with_its_limit() {
        let rules = PasswordRules { complexity_min: 3, ..PasswordRules::default() };
        for (fault, said) in [
            (PasswordFault::TooSimple, "too easy to guess: its score must be 3 or more of 4"),
            (PasswordFault::TooShort, "too short: at least 8 characters"),
            (PasswordFault::TooLong, "too long: at most 256 characters"),
            (PasswordFault::Rejected, "holds a text that is not allowed"),
        ] {
            assert!(rules.explain(fault).contains(said), "{fault:?}");
        }
    }

    #[test]
    fn complexity_is_judged_before_length() {
        let rules = PasswordRules { complexity_min: 3, ..PasswordRules::default() };
        assert_eq!(check(&rules, "abc"), Err(PasswordFault::TooSimple));
        assert_eq!(check(&rules, "correct horse battery staple"), Ok(()));
    }
}
