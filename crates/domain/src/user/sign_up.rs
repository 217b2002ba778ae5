//! The rules of a person's own sign-up (Zato's contract, section 6.8). Uniqueness is the writer's.

use crate::rejection::{Rejection, ValueFault};
use crate::text::{Email, TextFault, Username};

/// What configuration asks of a sign-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignUpRules {
    /// Most characters of a user name.
    pub username_chars_max: usize,
    /// Texts that may stand nowhere in a user name, whatever their case.
    pub username_reject: Vec<String>,
    /// What is asked of the e-mail address; `None` takes it as it comes, or not at all.
    pub email: Option<EmailRules>,
    /// Whether somebody has to approve the account.
    pub approval_needed: bool,
}

/// What configuration asks of an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailRules {
    /// Whether there must be one.
    pub required: bool,
    /// Most characters.
    pub chars_max: usize,
    /// Texts that may stand nowhere in it, whatever their case.
    pub reject: Vec<String>,
}

impl Default for SignUpRules {
    fn default() -> Self {
        Self {
            username_chars_max: 128,
            username_reject: ["zato", "admin", "root", "system", "sso"].map(String::from).into(),
            // Zato's default `encrypt_email` skips the check of addresses.
            email: None,
            approval_needed: true,
        }
    }
}

/// Checks a user name: length, white space, rejected words, in this order.
pub fn username(rules: &SignUpRules, text: &str) -> Result<Username, Rejection> {
    checked("username", text, rules.username_chars_max, &rules.username_reject)?;
    Username::parse(text).map_err(|fault| Rejection::text("username", fault))
}

/// Checks an e-mail address, as far as configuration asks.
pub fn email(rules: &SignUpRules, text: Option<&str>) -> Result<Option<Email>, Rejection> {
    let text = text.filter(|text| !text.is_empty());
    if let Some(rules) = &rules.email {
        match text {
            Some(text) => checked("email", text, rules.chars_max, &rules.reject)?,
            None if rules.required => return Err(Rejection::text("email", TextFault::Empty)),
            None => {}
        }
    }
    let parse = |text| Email::parse(text).map_err(|fault| Rejection::text("email", fault));
    text.map(parse).transpose()
}

fn checked(
    field: &'static str,
    text: &str,
    chars_max: usize,
    reject: &[String],
) -> Result<(), Rejection> {
    let fault = if text.chars().count() > chars_max {
        ValueFault::TooLong
    } else if text.contains(char::is_whitespace) {
        ValueFault::WhiteSpace
    } else {
        let lower = text.to_lowercase();
        if !reject.iter().any(|word| lower.contains(&word.to_lowercase())) {
            return Ok(());
        }
        ValueFault::RejectedWord
    };
    Err(Rejection::Unacceptable { field, fault })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(result: Result<impl Sized, Rejection>) -> ValueFault {
        match result {
            Err(Rejection::Unacceptable { fault, .. }) => fault,
            Err(other) => panic!("another rejection: {other}"),
            Ok(_) => panic!("it was accepted"),
        }
    }

    #[test]
    fn rejected_words_count_whatever_their_case() {
        let rules = SignUpRules::default();
        assert_eq!(fault(username(&rules, "theADMIN")), ValueFault::RejectedWord);
        assert_eq!(fault(username(&rules, "a b")), ValueFault::WhiteSpace);
        assert_eq!(fault(username(&rules, &"x".repeat(129))), ValueFault::TooLong);
        assert_eq!(fault(username(&rules, "")), ValueFault::Empty);
        assert!(username(&rules, "ada").is_ok());
    }

    #[test]
    fn an_address_is_asked_for_only_where_rules_say_so() {
        let mut rules = SignUpRules::default();
        assert_eq!(email(&rules, Some("")), Ok(None));
        rules.email =
            Some(EmailRules { required: true, chars_max: 20, reject: vec!["sso".to_owned()] });
        assert_eq!(fault(email(&rules, None)), ValueFault::Empty);
        assert_eq!(fault(email(&rules, Some("x@SSO.example"))), ValueFault::RejectedWord);
        assert!(email(&rules, Some("ada@example.com")).is_ok_and(|email| email.is_some()));
    }
}
