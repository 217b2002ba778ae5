//! Handing a mail over: to an SMTP server, or into files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::user::mail::MailFailure;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::compose::Written;
use super::settings::{Envelope, MailSettings, Security};
use super::{MailConfigError, wrong};

/// How mails go out.
pub struct Delivery {
    way: Way,
    time_max: Duration,
}

enum Way {
    /// Not at all: they stay where they are.
    None,
    /// A fresh connection for each: one that idled may be dead without saying so (lettre #743).
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// As a file each.
    Directory(PathBuf),
}

/// A mail with its addresses.
#[derive(Clone, Debug)]
pub struct Addressed {
    /// What tells it from every other, also if it is sent twice.
    pub id: String,
    /// To whom.
    pub to: Vec<String>,
    /// Who sends it, and who gets it too.
    pub envelope: Envelope,
    /// What it says.
    pub written: Written,
}

/// Why a mail did not go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// In the words of facts.
    pub why: MailFailure,
    /// In the words of whoever did not take it; may name the addressee.
    pub told: String,
}

impl Delivery {
    /// Checks the settings; nothing is connected yet.
    pub fn new(settings: &MailSettings) -> Result<Self, MailConfigError> {
        check_mailboxes(settings)?;
        let time_max = u64::try_from(settings.smtp_timeout.0).unwrap_or_default();
        let time_max = Duration::from_micros(time_max);
        let way = match (settings.smtp_host.as_str(), settings.directory.as_str()) {
            ("", "") => Way::None,
            ("", directory) => Way::Directory(PathBuf::from(directory)),
            (_, "") => Way::Smtp(transport(settings, time_max)?),
            _ => return Err(wrong("`mail.smtp_host` and `mail.directory` exclude each other")),
        };
        Ok(Self { way, time_max })
    }

    /// Whether mails go out at all.
    pub fn is_there(&self) -> bool {
        !matches!(self.way, Way::None)
    }

    /// Hands a mail over.
    pub async fn hand_over(&self, mail: &Addressed) -> Result<(), Undelivered> {
        let message =
            message(mail).map_err(|told| Undelivered { why: MailFailure::Refused, told })?;
        match &self.way {
            Way::None => Err(unreachable("no SMTP server is configured")),
            Way::Directory(directory) => {
                let path = directory.join(format!("{}.eml", mail.id));
                put(&path, &message.formatted()).map_err(|error| unreachable(error.to_string()))
            }
            Way::Smtp(transport) => {
                // The time-out of lettre covers connecting alone; a server may stall anywhere.
                match tokio::time::timeout(self.time_max, transport.send(message)).await {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) => Err(Undelivered { why: verdict(&error), told: told(&error) }),
                    Err(_) => Err(unreachable("the SMTP server did not answer in time")),
                }
            }
        }
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.way {
            Way::None => "Delivery(none)",
            Way::Smtp(_) => "Delivery(smtp)",
            Way::Directory(_) => "Delivery(directory)",
        })
    }
}

/// Whether the server spoke about this mail, or about itself: a mailbox that it does not have or will
/// not fill (RFC 5321, 4.2.3) stays so; everything else may get better.
fn verdict(error: &lettre::transport::smtp::Error) -> MailFailure {
    let code = error.status().map(u16::from);
    match code {
        Some(550..=553) => MailFailure::Refused,
        Some(_) | None => MailFailure::Unreachable,
    }
}

fn told(error: &lettre::transport::smtp::Error) -> String {
    use std::error::Error;
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_told = cause.to_string();
        if !told.contains(&cause_told) {
            told = format!("{told}: {cause_told}");
        }
        source = cause.source();
    }
    told
}

fn unreachable(told: impl Into<String>) -> Undelivered {
    Undelivered { why: MailFailure::Unreachable, told: told.into() }
}

fn transport(
    settings: &MailSettings,
    time_max: Duration,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailConfigError> {
    let host = settings.smtp_host.as_str();
    let port = u16::try_from(settings.smtp_port).map_err(|_| wrong("`mail.smtp_port` is none"))?;
    let parameters = || {
        TlsParameters::new(host.to_owned())
            .map_err(|error| wrong(format!("`mail.smtp_host` cannot be secured: {error}")))
    };
    let tls = match settings.smtp_security {
        Security::None => Tls::None,
        Security::StartTls => Tls::Required(parameters()?),
        Security::Tls => Tls::Wrapper(parameters()?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(port)
        .timeout(Some(time_max))
        .tls(tls);
    if !settings.smtp_username.is_empty() {
        if settings.smtp_security == Security::None && !is_local(host) {
            return Err(wrong("`mail.smtp_username` would go over the network in clear"));
        }
        let password = settings.smtp_password.as_ref().map_or("", |password| password.as_str());
        builder = builder
            .credentials(Credentials::new(settings.smtp_username.clone(), password.to_owned()));
    }
    Ok(builder.build())
}

fn is_local(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn check_mailboxes(settings: &MailSettings) -> Result<(), MailConfigError> {
    let envelopes = [
        &settings.confirmation_envelope,
        &settings.welcome_envelope,
        &settings.reset_envelope,
        &settings.approval_envelope,
    ];
    let named = envelopes.into_iter().flat_map(|envelope| {
        let copies = envelope.cc.iter().chain(&envelope.bcc);
        std::iter::once(&envelope.from).chain(copies)
    });
    for text in named.chain(&settings.approvers) {
        mailbox(text).map_err(|_| wrong(format!("`{text}` is no mail address")))?;
    }
    Ok(())
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|error: lettre::address::AddressError| error.to_string())
}

/// Whether the directory for mails lies in the data directory, where nothing personal may be in clear.
pub fn lies_within(directory: &str, data: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    match (real(Path::new(directory)), real(data)) {
        (Ok(directory), Ok(data)) => directory.starts_with(data),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let temporary = path.with_extension("part");
    let mut options = fs::OpenOptions::new();
    let mut file = options.create(true).write(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, path)
}

fn message(mail: &Addressed) -> Result<Message, String> {
    let from = mailbox(&mail.envelope.from)?;
    let domain = from.email.domain().to_owned();
    let mut builder = Message::builder()
        .message_id(Some(format!("<{}@{domain}>", mail.id)))
        .from(from)
        .subject(&mail.written.subject);
    for to in &mail.to {
        builder = builder.to(mailbox(to)?);
    }
    for cc in &mail.envelope.cc {
        builder = builder.cc(mailbox(cc)?);
    }
    for bcc in &mail.envelope.bcc {
        builder = builder.bcc(mailbox(bcc)?);
    }
    let text = mail.written.text.clone();
    let message = match &mail.written.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html.clone())),
        None => {
            builder.singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text))
        }
    };
    message.map_err(|error| error.to_string())
}
