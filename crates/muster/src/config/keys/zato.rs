//! Keys of the Zato dialect: those of `sso.conf`, section 8 of its contract, and a few more.

use service::resets::FoundBy;

use super::{Key, flag, key, texts};
use crate::config::place::{Form, Place, Unit, Value};

/// The most characters that storage has room for (contract, 10.4).
const CHARS_MAX: usize = 191;
/// A hundred years.
const DAYS_MAX: i64 = 36_500;

/// The keys.
pub const KEYS: &[Key] = &[
    flag(
        "zato.main.encrypt_email",
        |c| &mut c.http.zato.encrypt_email,
        "Nobody is searched, checked or reset by e-mail address. Addresses are sealed either way.",
    ),
    key(
        "zato.main.site_name",
        Place::Text(|c| &mut c.service.mail.site_name),
        "The site's name in mails; empty reads `site`.",
    ),
    texts("zato.apps.all", |c| &mut c.http.zato.apps_all, "All known applications."),
    key(
        "zato.apps.default",
        Place::Text(|c| &mut c.http.zato.app_default),
        "The application of a request under a security definition that names none.",
    ),
    key(
        "zato.apps.http_header",
        HEADER,
        "The header in which such a request names its application.",
    ),
    texts(
        "zato.apps.signup_allowed",
        |c| &mut c.http.zato.signup_allowed,
        "Applications that may sign users up.",
    ),
    texts(
        "zato.apps.login_allowed",
        |c| &mut c.http.zato.login_allowed,
        "Applications that may log users in.",
    ),
    texts(
        "zato.apps.login_metadata_allowed",
        |c| &mut c.http.zato.login_metadata_allowed,
        "Applications that may say where their users are (`remote_addr`, `user_agent`).",
    ),
    flag(
        "zato.apps.inform_if_app_invalid",
        |c| &mut c.http.zato.inform.app_invalid,
        "Show `E004001` and `E004002`, not `E005001`.",
    ),
    flag(
        "zato.login.reject_if_not_listed",
        |c| &mut c.service.addresses.reject_if_not_listed,
        "Refuse users whom `[zato.user_address_list]` does not name.",
    ),
    flag("zato.login.inform_if_locked", |c| &mut c.http.zato.inform.locked, "Show `E005002`."),
    flag(
        "zato.login.inform_if_not_confirmed",
        |c| &mut c.http.zato.inform.not_confirmed,
        "Show `E005003`.",
    ),
    flag(
        "zato.login.inform_if_not_approved",
        |c| &mut c.http.zato.inform.not_approved,
        "Show `E005004`.",
    ),
    flag(
        "zato.login.inform_if_totp_missing",
        |c| &mut c.http.zato.inform.totp_missing,
        "Show `E005008`, which tells that the password was right.",
    ),
    key(
        "zato.login.max_failures_per_minute",
        Place::Count(|c| &mut c.service.throttle.per_name, 10..=1_000_000),
        "Wrong passwords and codes that are let pass under one name, at once and then in a minute; beyond that every attempt is refused as if it were wrong, until the password was right again or a minute passed. Ten at least, for clients of Zato expect it.",
    ),
    flag(
        "zato.totp.refuse_reuse",
        |c| &mut c.service.sign_in.refuse_totp_reuse,
        "A TOTP code counts once.",
    ),
    key(
        "zato.password_reset.valid_for",
        Place::Span(|c| &mut c.service.reset.token_lasts, Unit::Minutes, 1..=525_600),
        "Minutes for which a mailed reset token is good.",
    ),
    key(
        "zato.password_reset.password_change_session_duration",
        Place::Span(|c| &mut c.service.reset.key_lasts, Unit::Secs, 1..=86_400),
        "Seconds for which the reset key is good that it is exchanged for.",
    ),
    key(
        "zato.password_reset.email_title_en_GB",
        Place::Text(|c| &mut c.service.mail.reset_title),
        "The subject of mails with a reset token.",
    ),
    key(
        "zato.password_reset.email_title_en_US",
        Place::Text(|c| &mut c.us_title),
        "Taken, as in Zato; mails are in British English.",
    ),
    key(
        "zato.password_reset.email_from",
        Place::Text(|c| &mut c.service.mail.reset_envelope.from),
        "Who sends mails with a reset token.",
    ),
    key(
        "zato.password_reset.user_search_by",
        FOUND_BY,
        "What asks for a reset is looked up by: `username`, `email` or `username_or_email`.",
    ),
    key(
        "zato.session.expiry",
        Place::Span(|c| &mut c.service.session_lasts, Unit::Minutes, 1..=5_256_000),
        "Minutes that a session lasts unless it is renewed.",
    ),
    key(
        "zato.password.expiry",
        Place::Span(|c| &mut c.service.password_lasts, Unit::Days, 1..=DAYS_MAX),
        "Days that a password lasts.",
    ),
    flag("zato.password.inform_if_expired", |c| &mut c.http.zato.inform.expired, "Show `E003004`."),
    flag(
        "zato.password.inform_if_about_to_expire",
        |c| &mut c.http.zato.inform.about_to_expire,
        "Show `W003005` and `E003006`.",
    ),
    flag(
        "zato.password.inform_if_must_be_changed",
        |c| &mut c.http.zato.inform.must_be_changed,
        "Show `E003007`.",
    ),
    flag(
        "zato.password.inform_if_invalid",
        |c| &mut c.http.zato.inform.password_invalid,
        "Show `E003001`, `E003002`, `E003003` and `E003008`.",
    ),
    key(
        "zato.password.about_to_expire_threshold",
        Place::Span(|c| &mut c.service.sign_in.expires_soon, Unit::Days, 0..=DAYS_MAX),
        "Days before its end from which a password counts as about to expire.",
    ),
    flag(
        "zato.password.log_in_if_about_to_expire",
        |c| &mut c.service.sign_in.may_sign_in_when_soon,
        "One may log in with a password that is about to expire.",
    ),
    key(
        "zato.password.min_length",
        Place::Count(|c| &mut c.service.password.chars_min, 1..=1_024),
        "Fewest characters of a password.",
    ),
    key(
        "zato.password.max_length",
        Place::Count(|c| &mut c.service.password.chars_max, 1..=1_024),
        "Most characters of a password.",
    ),
    key(
        "zato.password.min_complexity",
        COMPLEXITY,
        "The least zxcvbn score of a password, 1 to 4; 0 asks for none.",
    ),
    key(
        "zato.password.min_complexity_algorithm",
        ALGORITHM,
        "How complexity is judged; `zxcvbn` is the only way.",
    ),
    flag(
        "zato.password.end_other_sessions",
        |c| &mut c.service.password_ends_sessions,
        "A change or reset of the password ends all sessions but the one that asked for it; Zato keeps them.",
    ),
    texts(
        "zato.password.reject_list",
        |c| &mut c.service.password.reject,
        "Texts that may stand nowhere in a password, whatever their case.",
    ),
    flag(
        "zato.signup.inform_if_user_exists",
        |c| &mut c.http.zato.inform.user_exists,
        "Show `E001002` at sign-up.",
    ),
    flag(
        "zato.signup.inform_if_user_invalid",
        |c| &mut c.http.zato.inform.user_invalid,
        "Show `E001001`, `E001003` and `E001004` at sign-up.",
    ),
    flag(
        "zato.signup.inform_if_email_exists",
        |c| &mut c.http.zato.inform.email_exists,
        "Show `E002002` at sign-up.",
    ),
    flag(
        "zato.signup.inform_if_email_invalid",
        |c| &mut c.http.zato.inform.email_invalid,
        "Show `E002001` and `E002003` to `E002005` at sign-up.",
    ),
    flag(
        "zato.signup.is_email_required",
        |c| &mut c.email.required,
        "A sign-up needs an e-mail address, where these are looked at (`encrypt_email = false`).",
    ),
    flag("zato.signup.email_required", |c| &mut c.email.required, "The same by its older name."),
    key(
        "zato.signup.max_length_username",
        Place::Count(|c| &mut c.service.sign_up.username_chars_max, 1..=CHARS_MAX),
        "Most characters of a user name at sign-up.",
    ),
    key(
        "zato.signup.max_length_email",
        Place::Count(|c| &mut c.email.chars_max, 1..=1_024),
        "Most characters of an e-mail address at sign-up, where these are looked at.",
    ),
    key(
        "zato.signup.password_allow_whitespace",
        WHITE_SPACE,
        "Passwords may hold white space; always so.",
    ),
    flag(
        "zato.signup.always_return_confirm_token",
        |c| &mut c.http.zato.always_return_confirm_token,
        "Whoever signs up gets the confirmation token back; `false` leaves it to the mail, which verifies the address.",
    ),
    flag(
        "zato.signup.is_approval_needed",
        |c| &mut c.service.sign_up.approval_needed,
        "New accounts wait for a super-user's approval.",
    ),
    flag(
        "zato.signup.email_confirm_enabled",
        |c| &mut c.service.mail.confirmation,
        "Whoever signs up with an address is mailed the token that confirms it.",
    ),
    key(
        "zato.signup.email_confirm_from",
        Place::Text(|c| &mut c.service.mail.confirmation_envelope.from),
        "Who sends it.",
    ),
    texts(
        "zato.signup.email_confirm_cc",
        |c| &mut c.service.mail.confirmation_envelope.cc,
        "Who gets it too.",
    ),
    texts(
        "zato.signup.email_confirm_bcc",
        |c| &mut c.service.mail.confirmation_envelope.bcc,
        "Who gets it too, unseen.",
    ),
    key(
        "zato.signup.email_confirm_template",
        Place::Text(|c| &mut c.service.mail.confirmation_template),
        "Its template's file in `mail.template_directory`; beside it the same with `.html`.",
    ),
    flag(
        "zato.signup.email_welcome_enabled",
        |c| &mut c.service.mail.rules.welcome,
        "A welcome is mailed when an account is confirmed and approved for the first time.",
    ),
    key(
        "zato.signup.email_welcome_from",
        Place::Text(|c| &mut c.service.mail.welcome_envelope.from),
        "Who sends it.",
    ),
    texts(
        "zato.signup.email_welcome_cc",
        |c| &mut c.service.mail.welcome_envelope.cc,
        "Who gets it too.",
    ),
    texts(
        "zato.signup.email_welcome_bcc",
        |c| &mut c.service.mail.welcome_envelope.bcc,
        "Who gets it too, unseen.",
    ),
    key(
        "zato.signup.email_welcome_template",
        Place::Text(|c| &mut c.service.mail.welcome_template),
        "Its template's file in `mail.template_directory`; beside it the same with `.html`.",
    ),
    texts(
        "zato.user_validation.reject_username",
        |c| &mut c.service.sign_up.username_reject,
        "Texts that may stand nowhere in a user name at sign-up, whatever their case.",
    ),
    texts(
        "zato.user_validation.reject_email",
        |c| &mut c.email.reject,
        "The same of an e-mail address, where these are looked at.",
    ),
    key(
        "zato.search.default_page_size",
        Place::Count(|c| &mut c.http.zato.default_page_size, 1..=100_000),
        "Users on a page of a search that asks for no size.",
    ),
    key(
        "zato.search.max_page_size",
        Place::Count(|c| &mut c.http.zato.max_page_size, 1..=100_000),
        "Most users on a page of a search.",
    ),
    key(
        "zato.http.trusted_proxies",
        PROXIES,
        "Addresses and networks of proxies whose `X-Zato-Forwarded-For` and `X-Forwarded-For` are believed.",
    ),
];

const FOUND_BY: Place = Place::Other {
    form: Form::Text,
    read: |chosen| Value::Text(found_by(chosen.service.reset.found_by).to_owned()),
    write: |chosen, value| {
        let Value::Text(text) = value else { return Err("takes a text".to_owned()) };
        let ways = [FoundBy::Username, FoundBy::Email, FoundBy::UsernameOrEmail];
        let way = ways.into_iter().find(|way| found_by(*way) == text);
        let way = way.ok_or("is `username`, `email` or `username_or_email`")?;
        chosen.service.reset.found_by = way;
        Ok(())
    },
};

fn found_by(way: FoundBy) -> &'static str {
    match way {
        FoundBy::Username => "username",
        FoundBy::Email => "email",
        FoundBy::UsernameOrEmail => "username_or_email",
    }
}

const COMPLEXITY: Place = Place::Other {
    form: Form::Whole,
    read: |chosen| Value::Whole(chosen.service.password.complexity_min.into()),
    write: |chosen, value| {
        let Value::Whole(score) = value else { return Err("takes an integer".to_owned()) };
        let score = u8::try_from(score).ok().filter(|score| *score <= 4);
        chosen.service.password.complexity_min = score.ok_or("is within 0 and 4")?;
        Ok(())
    },
};

const ALGORITHM: Place = Place::Other {
    form: Form::Text,
    read: |_| Value::Text("zxcvbn".to_owned()),
    write: |_, value| {
        let is_known = value == Value::Text("zxcvbn".to_owned());
        if is_known { Ok(()) } else { Err("is `zxcvbn`, the only way there is".to_owned()) }
    },
};

const WHITE_SPACE: Place = Place::Other {
    form: Form::Flag,
    read: |_| Value::Flag(true),
    write: |_, value| {
        // Zato 3.2 never read its key; to seem to obey it would be worse than to say so.
        let is_so = value == Value::Flag(true);
        if is_so { Ok(()) } else { Err("is true: white space is always allowed".to_owned()) }
    },
};

const PROXIES: Place = Place::Other {
    form: Form::Texts,
    read: |chosen| {
        Value::Texts(chosen.http.trusted_proxies.iter().map(ToString::to_string).collect())
    },
    write: |chosen, value| {
        let Value::Texts(texts) = value else { return Err("takes an array of texts".to_owned()) };
        let network = |text: &String| {
            text.parse().map_err(|_| format!("names `{text}`, neither an address nor a network"))
        };
        chosen.http.trusted_proxies = texts.iter().map(network).collect::<Result<_, _>>()?;
        Ok(())
    },
};

const HEADER: Place = Place::Other {
    form: Form::Text,
    read: |chosen| Value::Text(chosen.http.zato.app_header.clone()),
    write: |chosen, value| {
        let Value::Text(text) = value else { return Err("takes a text".to_owned()) };
        if axum::http::HeaderName::try_from(&text).is_err() {
            return Err("is the name of an HTTP header".to_owned());
        }
        chosen.http.zato.app_header = text;
        Ok(())
    },
};
