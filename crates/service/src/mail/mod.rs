//! Mail: what is owed is written by [`compose`], handed over by [`deliver`], and kept going by
//! [`outbox`]. Templates are the operator's to replace.

pub mod compose;
pub mod deliver;
pub mod outbox;
pub mod settings;
#[cfg(test)]
mod tests;

pub use self::outbox::{OutboxItem, Retried};
pub use self::settings::MailSettings;

use self::compose::Templates;
use self::deliver::Delivery;

/// Why mail cannot be sent as configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MailConfigError(String);

/// Everything that sending needs, made once of the settings.
#[derive(Debug)]
pub struct Mailer {
    settings: MailSettings,
    templates: Templates,
    delivery: Delivery,
}

impl Mailer {
    /// Checks the settings, reads the templates, and tries each of them once.
    pub fn new(settings: MailSettings) -> Result<Self, MailConfigError> {
        let templates = Templates::read(&settings)?;
        let delivery = Delivery::new(&settings)?;
        Ok(Self { settings, templates, delivery })
    }
}

fn wrong(what: impl Into<String>) -> MailConfigError {
    MailConfigError(what.into())
}
