//! Keys of Zato's `sso.conf` that have no meaning here, and why. A copied file should not seem to
//! work and do something else.

/// Sections, and keys, that are refused; a section's reason counts for all of its keys.
pub const REFUSED: &[(&str, &str)] = &[
    ("zato.backend", "Muster is its own store"),
    ("zato.sql", "Muster is its own store, and needs no SQL connection"),
    (
        "zato.hash_secret",
        "passwords are hashed with Argon2id (19 MiB, 2 passes), and weaker hashes replaced at sign-in",
    ),
    ("zato.main.encrypt_password", "everything personal is sealed, always"),
    ("zato.main.email_service", "there are no Zato services here; mail goes out by `[mail]`"),
    ("zato.main.smtp_conn", "there are no Zato connections here; say which server in `[mail]`"),
    ("zato.session.expiry_hook", "there are no Zato services here"),
    ("zato.signup.callback_service_list", "there are no Zato services here; follow `/v1/events`"),
    ("zato.user_validation.service", "there are no Zato services here; the checks are fixed"),
];

/// Why a key, or the section it is in, is refused.
pub fn why(name: &str) -> Option<&'static str> {
    let is_in = |of: &str| name == of || name.strip_prefix(of).is_some_and(|r| r.starts_with('.'));
    REFUSED.iter().find(|(of, _)| is_in(of)).map(|(_, why)| *why)
}
