//! The codes, in words.

/// What every call with a session's token may be refused with (contract, 2.2).
pub const SESSION: &[&str] = &["E005001", "E007001", "E005002", "E005003", "E003004"];
/// What a new password may be refused with.
pub const PASSWORD: &[&str] = &["E003001", "E003002", "E003003", "E003008"];

/// What a code means; empty if there is none such.
pub fn meaning_of(code: &str) -> &'static str {
    let found = MEANINGS.iter().find(|(known, _)| *known == code);
    found.map_or("", |(_, meaning)| meaning)
}

const MEANINGS: &[(&str, &str)] = &[
    ("E001001", "The name is missing, or holds a word that is not allowed."),
    ("E001002", "The name is taken."),
    ("E001003", "The name is too long."),
    ("E001004", "The name has white space."),
    ("E002001", "The e-mail address is not allowed."),
    ("E002002", "The e-mail address is taken."),
    ("E002003", "The e-mail address is too long."),
    ("E002004", "The e-mail address has white space."),
    ("E002005", "The e-mail address is missing."),
    ("E003001", "The password is not allowed."),
    ("E003002", "The password is too short."),
    ("E003003", "The password is too long."),
    ("E003004", "The password has expired."),
    ("E003006", "The password expires soon, and so nobody is logged in with it."),
    ("E003007", "A new password must be sent."),
    ("E003008", "The password is too simple."),
    ("E004001", "The application is unknown, or not allowed here."),
    ("E004002", "The application may not sign users up."),
    ("E005001", "Refused, and nothing else is told."),
    ("E005002", "The account is locked."),
    ("E005003", "The sign-up is not confirmed."),
    ("E005004", "The account is not approved."),
    ("E005006", "There is no such confirmation token."),
    ("E005007", "The sign-up was confirmed before."),
    ("E005008", "A TOTP code must be sent."),
    ("E006001", "The application may not say where its users are."),
    ("E007001", "There is no such session, or it has expired."),
    ("E008001", "That makes no sense for this user."),
    ("E008002", "A value or a parameter is not allowed."),
    ("E008003", "Nothing was sent to update."),
    ("E009001", "There is such an attribute already."),
    ("E009002", "There is no such attribute."),
    ("E010001", "The token or the reset key cannot be accepted."),
];
