//! Keys about mail.

use service::mail::settings::Security;

use super::{Key, flag, key, texts};
use crate::config::place::{Form, Place, Unit, Value};

/// The keys.
pub const KEYS: &[Key] = &[
    key(
        "mail.smtp_host",
        Place::Text(|c| &mut c.service.mail.smtp_host),
        "The SMTP server that takes mails; without one they stay in the outbox (`muster outbox list`).",
    ),
    key("mail.smtp_port", Place::Count(|c| &mut c.service.mail.smtp_port, 1..=65_535), "Its port."),
    key(
        "mail.smtp_security",
        SECURITY,
        "How the connection is secured: `starttls`, `tls` from the first byte, or `none`.",
    ),
    key(
        "mail.smtp_username",
        Place::Text(|c| &mut c.service.mail.smtp_username),
        "As whom to authenticate; empty for nobody.",
    ),
    key(
        "mail.smtp_password",
        Place::Secret(|c| &mut c.service.mail.smtp_password),
        "And with what.",
    ),
    key(
        "mail.smtp_timeout",
        Place::Span(|c| &mut c.service.mail.smtp_timeout, Unit::Secs, 1..=600),
        "Seconds that handing over one mail may take.",
    ),
    key(
        "mail.directory",
        Place::Text(|c| &mut c.service.mail.directory),
        "Puts each mail into a file here in place of sending it; not within the data directory, for it is in clear.",
    ),
    key(
        "mail.template_directory",
        Place::Text(|c| &mut c.service.mail.template_directory),
        "Where templates are that take the place of those built in: `signup-confirm.txt`, `signup-welcome.txt`, `password-reset-link.txt`, `approval-needed.txt`, `approved.txt`, `rejected.txt`, each with a `.html` beside it. The first line of a text is `Subject: ...`; `{{ username }}`, `{{ user_id }}`, `{{ token }}`, `{{ site_name }}`, `{{ expiration_time_hours }}` and `{{ title }}` are filled in (MiniJinja).",
    ),
    key(
        "mail.from",
        Place::Text(|c| &mut c.service.mail.approval_envelope.from),
        "Who sends mails about approval.",
    ),
    texts(
        "mail.approvers",
        |c| &mut c.service.mail.approvers,
        "Who is told that somebody waits for approval.",
    ),
    flag(
        "mail.approved_enabled",
        |c| &mut c.service.mail.rules.approved,
        "Users are told that they were approved, unless a welcome says so.",
    ),
    flag(
        "mail.rejected_enabled",
        |c| &mut c.service.mail.rules.rejected,
        "Users are told that they were rejected.",
    ),
    key(
        "mail.give_up_after",
        Place::Span(|c| &mut c.service.mail.give_up_after, Unit::Days, 1..=3_650),
        "Days after which a mail that could not be delivered is given up.",
    ),
];

const SECURITY: Place = Place::Other {
    form: Form::Text,
    read: |chosen| Value::Text(security(chosen.service.mail.smtp_security).to_owned()),
    write: |chosen, value| {
        let Value::Text(text) = value else { return Err("takes a text".to_owned()) };
        let known = [Security::StartTls, Security::Tls, Security::None];
        let found = known.into_iter().find(|known| security(*known) == text);
        chosen.service.mail.smtp_security = found.ok_or("is `starttls`, `tls` or `none`")?;
        Ok(())
    },
};

fn security(security: Security) -> &'static str {
    match security {
        Security::None => "none",
        Security::StartTls => "starttls",
        Security::Tls => "tls",
    }
}
