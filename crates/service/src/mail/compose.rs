//! Writing a mail: subject, text and HTML from templates.
//!
//! A template is a text file whose first line is `Subject: ...`, followed by an empty line and the
//! text, and beside it a file of the same name ending in `.html`. Whoever replaces the text alone
//! sends no HTML.

use std::fs;
use std::io;
use std::path::Path;

use domain::user::mail::MailKind;
use minijinja::{Environment, UndefinedBehavior, context};

use super::settings::MailSettings;
use super::{MailConfigError, wrong};

/// All templates, ready to be filled.
#[derive(Debug)]
pub struct Templates(Environment<'static>);

/// What templates may name.
#[derive(Clone, Debug)]
pub struct Values {
    /// The user's name, or its id if it has none.
    pub username: String,
    /// The user's id.
    pub user_id: String,
    /// The token; empty where there is none.
    pub token: String,
    /// The site's name.
    pub site_name: String,
    /// For how many whole hours a reset's token is good.
    pub expiration_time_hours: i64,
    /// The configured subject of resets.
    pub title: String,
}

/// A mail without its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML, unless the operator has none.
    pub html: Option<String>,
}

const KINDS: [MailKind; 6] = [
    MailKind::Confirmation,
    MailKind::Welcome,
    MailKind::PasswordReset,
    MailKind::ApprovalNeeded,
    MailKind::Approved,
    MailKind::Rejected,
];

/// The templates that are built in: text and HTML.
fn built_in(kind: MailKind) -> (&'static str, &'static str) {
    macro_rules! both {
        ($name:literal) => {
            (
                include_str!(concat!("templates/", $name, ".txt")),
                include_str!(concat!("templates/", $name, ".html")),
            )
        };
    }
    match kind {
        MailKind::Confirmation => both!("signup-confirm"),
        MailKind::Welcome => both!("signup-welcome"),
        MailKind::PasswordReset => both!("password-reset-link"),
        MailKind::ApprovalNeeded => both!("approval-needed"),
        MailKind::Approved => both!("approved"),
        MailKind::Rejected => both!("rejected"),
    }
}

/// The name of the file that takes the place of the text that is built in.
fn file_name(settings: &MailSettings, kind: MailKind) -> &str {
    match kind {
        MailKind::Confirmation => &settings.confirmation_template,
        MailKind::Welcome => &settings.welcome_template,
        MailKind::PasswordReset => "password-reset-link.txt",
        MailKind::ApprovalNeeded => "approval-needed.txt",
        MailKind::Approved => "approved.txt",
        MailKind::Rejected => "rejected.txt",
    }
}

impl Templates {
    /// Reads the operator's templates over those built in, and fills each once, so that a mistake
    /// is told at the start and not when somebody waits for a mail.
    pub fn read(settings: &MailSettings) -> Result<Self, MailConfigError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut add = |name: String, source: String| {
            environment.add_template_owned(name.clone(), source).map_err(|error| {
                wrong(format!("the template of {name} cannot be read: {}", told(&error)))
            })
        };
        for kind in KINDS {
            let (text, html) = built_in(kind);
            let own = own_templates(settings, kind)?;
            let (text, html) = own.unwrap_or_else(|| (text.to_owned(), Some(html.to_owned())));
            add(text_name(kind), text)?;
            if let Some(html) = html {
                add(html_name(kind), html)?;
            }
        }
        let templates = Self(environment);
        for kind in KINDS {
            templates.write(kind, &Values::sample()).map_err(wrong)?;
        }
        Ok(templates)
    }

    /// Fills the templates of a kind, or says why they cannot be filled.
    pub fn write(&self, kind: MailKind, values: &Values) -> Result<Written, String> {
        let fill = |name: &str| {
            let template = self.0.get_template(name).map_err(|error| told(&error))?;
            let Values { username, user_id, token, site_name, expiration_time_hours, title } =
                values;
            let filled = template.render(context! {
                username, user_id, token, site_name, expiration_time_hours, title
            });
            filled.map_err(|error| format!("the template of {name}: {}", told(&error)))
        };
        let text = fill(&text_name(kind))?;
        let headed = text.strip_prefix("Subject:").and_then(|rest| rest.split_once('\n'));
        let Some((subject, text)) = headed else {
            let name = text_name(kind);
            return Err(format!("the template of {name} does not begin with `Subject: ...`"));
        };
        let html = self.0.get_template(&html_name(kind)).is_ok();
        let html = html.then(|| fill(&html_name(kind))).transpose()?;
        // A name with a line break in it must not become a header.
        let subject = subject.trim().replace(char::is_control, " ");
        let text = text.strip_prefix('\n').unwrap_or(text).to_owned();
        Ok(Written { subject, text, html })
    }
}

impl Values {
    fn sample() -> Self {
        Self {
            username: "ada".to_owned(),
            user_id: "01JBJT0Z05248J48HK6D249ANA".to_owned(),
            token: "token".to_owned(),
            site_name: "site".to_owned(),
            expiration_time_hours: 24,
            title: "Password reset".to_owned(),
        }
    }
}

/// The operator's text and HTML of a kind, if there is a text.
fn own_templates(
    settings: &MailSettings,
    kind: MailKind,
) -> Result<Option<(String, Option<String>)>, MailConfigError> {
    if settings.template_directory.is_empty() {
        return Ok(None);
    }
    let path = Path::new(&settings.template_directory).join(file_name(settings, kind));
    let read = |path: &Path| match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(wrong(format!("{}: {error}", path.display()))),
    };
    let Some(text) = read(&path)? else { return Ok(None) };
    Ok(Some((text, read(&path.with_extension("html"))?)))
}

// Names ending in `.html` are escaped as HTML, others not.

fn text_name(kind: MailKind) -> String {
    format!("{}.txt", kind.name())
}

fn html_name(kind: MailKind) -> String {
    format!("{}.html", kind.name())
}

/// An error of a template in one line.
fn told(error: &minijinja::Error) -> String {
    let line = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("{}{detail}{line}", error.kind())
}
