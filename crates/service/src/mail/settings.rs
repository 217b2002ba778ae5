//! What an operator may choose about mail.

use domain::time::Span;
use domain::user::mail::{MailKind, MailRules};

use crate::passwords::Secret;

/// What is sent, how it reads, and how it goes out. Names of people and senders are mailboxes
/// (RFC 5322, 3.4): `ada@example.com` or `Ada <ada@example.com>`.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Whether a sign-up is mailed its token.
    pub confirmation: bool,
    /// Which other mails users are sent, beside resets.
    pub rules: MailRules,
    /// The site's name in mails; empty reads `site`.
    pub site_name: String,
    /// Who sends confirmations, and who else gets them.
    pub confirmation_envelope: Envelope,
    /// The same of welcomes.
    pub welcome_envelope: Envelope,
    /// The same of resets.
    pub reset_envelope: Envelope,
    /// The same of everything about approval.
    pub approval_envelope: Envelope,
    /// The subject of resets.
    pub reset_title: String,
    /// Who is told that somebody waits for approval.
    pub approvers: Vec<String>,
    /// Where templates are that take the place of those built in; empty for none.
    pub template_directory: String,
    /// The name of the confirmation's template in there.
    pub confirmation_template: String,
    /// The name of the welcome's template in there.
    pub welcome_template: String,
    /// The SMTP server; empty for none.
    pub smtp_host: String,
    /// Its port.
    pub smtp_port: usize,
    /// How the connection to it is secured.
    pub smtp_security: Security,
    /// As whom to authenticate; empty for nobody.
    pub smtp_username: String,
    /// And with what.
    pub smtp_password: Option<Secret>,
    /// How long handing over one mail may take.
    pub smtp_timeout: Span,
    /// Where mails are put as files in place of being sent; empty for nowhere.
    pub directory: String,
    /// After how long a mail that could not be delivered is given up.
    pub give_up_after: Span,
}

/// Who sends, and who else gets what the user gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The sender.
    pub from: String,
    /// Who gets it too, openly.
    pub cc: Vec<String>,
    /// Who gets it too, unseen.
    pub bcc: Vec<String>,
}

/// How the connection to the SMTP server is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    None,
    /// By STARTTLS (RFC 3207), which the server must offer.
    StartTls,
    /// From the first byte (RFC 8314).
    Tls,
}

impl Envelope {
    fn from(from: &str) -> Self {
        Self { from: from.to_owned(), cc: Vec::new(), bcc: Vec::new() }
    }
}

impl MailSettings {
    /// Which mails are owed beside those that carry a token; nobody is told where nobody approves.
    pub fn rules(&self) -> MailRules {
        MailRules { approval_needed: !self.approvers.is_empty(), ..self.rules }
    }

    /// Who sends a mail of this kind.
    pub fn envelope(&self, kind: MailKind) -> &Envelope {
        match kind {
            MailKind::Confirmation => &self.confirmation_envelope,
            MailKind::Welcome => &self.welcome_envelope,
            MailKind::PasswordReset => &self.reset_envelope,
            MailKind::ApprovalNeeded | MailKind::Approved | MailKind::Rejected => {
                &self.approval_envelope
            }
        }
    }
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            confirmation: true,
            rules: MailRules { welcome: true, ..MailRules::default() },
            site_name: String::new(),
            confirmation_envelope: Envelope::from("confirm@example.com"),
            welcome_envelope: Envelope::from("welcome@example.com"),
            reset_envelope: Envelope::from("hello@example.com"),
            approval_envelope: Envelope::from("hello@example.com"),
            reset_title: "Password reset".to_owned(),
            approvers: Vec::new(),
            template_directory: String::new(),
            confirmation_template: "signup-confirm.txt".to_owned(),
            welcome_template: "signup-welcome.txt".to_owned(),
            smtp_host: String::new(),
            smtp_port: 587,
            smtp_security: Security::StartTls,
            smtp_username: String::new(),
            smtp_password: None,
            smtp_timeout: Span::secs(30),
            directory: String::new(),
            give_up_after: Span::days(14),
        }
    }
}
