//! Configuration: what an operator may choose, from where it comes, and what is in force.
//!
//! One table, [`keys`], has every key: its name, what it means, where its value goes. Reading a file,
//! the environment and flags ([`mod@file`], [`Given`]), printing what is in force ([`mod@print`]), the page in
//! `docs/` ([`mod@reference`]) and the nearest name of a misspelt key all follow from it.

mod file;
pub mod keys;
mod place;
pub mod print;
pub mod reference;
mod refused;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use domain::user::sign_up::EmailRules;

pub use self::keys::Key;
pub use self::place::Value;

/// What a configuration file is called that no flag names.
pub const FILE_NAME: &str = "muster.toml";
/// The environment variable that names the file.
pub const FILE_VARIABLE: &str = "MUSTER_CONFIG";

/// What is in force.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The address to serve on.
    pub listen: String,
    /// What is logged, as `tracing` filters write it.
    pub log: String,
    /// What happens.
    pub service: service::Settings,
    /// How it is spoken.
    pub http: http::Settings,
    /// What is asked of an address at sign-up, once addresses are looked at.
    email: EmailRules,
    /// A subject that Zato keeps for a language that it does not write in.
    us_title: String,
}

/// What is in force, and why.
#[derive(Clone, Debug)]
pub struct Config {
    /// The values.
    pub chosen: Chosen,
    /// The file that was read.
    file: Option<PathBuf>,
    origins: BTreeMap<&'static str, Origin>,
}

/// From where a value comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody chose it.
    Default,
    /// This line of the file.
    File(PathBuf, usize),
    /// This variable of the environment.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
}

/// Everything that configuration is made of, later over earlier.
#[derive(Debug, Default)]
pub struct Given {
    /// The file's path and text.
    pub file: Option<(PathBuf, String)>,
    /// Variables of the environment.
    pub environment: Vec<(String, String)>,
    /// Flags, and the keys that they stand for: key, flag, text.
    pub flags: Vec<(&'static str, &'static str, String)>,
}

/// Why a configuration cannot be used: where it says so, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct ConfigError {
    place: String,
    what: String,
}

impl ConfigError {
    fn new(place: impl fmt::Display, what: impl Into<String>) -> Self {
        Self { place: place.to_string(), what: what.into() }
    }
}

impl Default for Chosen {
    fn default() -> Self {
        let reject = service::Settings::default().sign_up.username_reject;
        Self {
            listen: "127.0.0.1:17010".to_owned(),
            log: "info".to_owned(),
            service: service::Settings::default(),
            http: http::Settings::default(),
            email: EmailRules { required: true, chars_max: 128, reject },
            us_title: service::mail::MailSettings::default().reset_title,
        }
    }
}

impl Config {
    /// The configuration for a data directory: of the file that is named, or of `muster.toml` in the
    /// directory if there is one; the environment over it, flags over that.
    ///
    /// # Errors
    /// [`ConfigError`], also for a named file that cannot be read.
    pub fn load(
        data: &Path,
        named: Option<&Path>,
        flags: Vec<(&'static str, &'static str, String)>,
    ) -> Result<Self, ConfigError> {
        let path = named.map_or_else(|| data.join(FILE_NAME), Path::to_owned);
        let file = match std::fs::read_to_string(&path) {
            Ok(text) => Some((path, text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => None,
            Err(error) => return Err(ConfigError::new(path.display(), error.to_string())),
        };
        let given = Given { file, environment: std::env::vars().collect(), flags };
        let config = Self::from(&given)?;
        let directory = config.chosen.service.mail.directory.as_str();
        if !directory.is_empty() && service::mail::deliver::lies_within(directory, data) {
            let what = "`mail.directory` lies in the data directory, where nothing is in clear";
            return Err(ConfigError::new("configuration", what));
        }
        Ok(config)
    }

    /// The configuration that is made of what is given.
    pub fn from(given: &Given) -> Result<Self, ConfigError> {
        let mut config = Self {
            chosen: Chosen::default(),
            file: given.file.as_ref().map(|(path, _)| path.clone()),
            origins: BTreeMap::new(),
        };
        if let Some((path, text)) = &given.file {
            file::read(&mut config, path, text)?;
        }
        for (variable, text) in &given.environment {
            if let Some(key) = of_variable(variable)? {
                let origin = Origin::Environment(variable.clone());
                config.set(key, key.place.parse(text), origin)?;
            }
        }
        for (name, flag, text) in &given.flags {
            let key = keys::named(name).expect("flags stand for keys that there are");
            config.set(key, key.place.parse(text), Origin::Flag(flag))?;
        }
        config.chosen.settle()?;
        Ok(config)
    }

    /// From where the value of a key comes.
    pub fn origin(&self, key: &Key) -> Origin {
        self.origins.get(key.name).cloned().unwrap_or(Origin::Default)
    }

    /// The file, if it holds a secret and others than its owner may read it.
    pub fn exposed(&self) -> Option<PathBuf> {
        use std::os::unix::fs::PermissionsExt;
        let path = self.file.as_ref()?;
        let is_secret = |key: &Key| {
            matches!(self.origin(key), Origin::File(..))
                && key.place.read(&self.chosen) == Value::Hidden(true)
        };
        let definitions = &self.chosen.http.zato.definitions;
        let holds_a_secret = !definitions.basic_auth.is_empty()
            || !definitions.jwt.is_empty()
            || keys::all().any(is_secret);
        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        (holds_a_secret && mode & 0o077 != 0).then(|| path.clone())
    }

    fn set(
        &mut self,
        key: &'static Key,
        value: Result<Value, String>,
        origin: Origin,
    ) -> Result<(), ConfigError> {
        let set = value.and_then(|value| key.place.write(&mut self.chosen, value));
        set.map_err(|what| ConfigError::new(&origin, format!("`{}` {what}", key.name)))?;
        self.origins.insert(key.name, origin);
        Ok(())
    }
}

impl Chosen {
    /// What follows from several keys together, and what cannot stand together.
    fn settle(&mut self) -> Result<(), ConfigError> {
        let zato = &self.http.zato;
        self.service.sign_up.email = (!zato.encrypt_email).then(|| self.email.clone());
        let wrong = |what: String| Err(ConfigError::new("configuration", what));
        for (name, apps) in [
            ("signup_allowed", &zato.signup_allowed),
            ("login_allowed", &zato.login_allowed),
            ("login_metadata_allowed", &zato.login_metadata_allowed),
        ] {
            if let Some(app) = apps.iter().find(|app| !zato.apps_all.contains(app)) {
                let what = format!("`zato.apps.{name}` names `{app}`, `zato.apps.all` does not");
                return wrong(what);
            }
        }
        let definitions = &zato.definitions;
        let linked = !definitions.basic_auth.is_empty() || !definitions.jwt.is_empty();
        if linked && !zato.apps_all.contains(&zato.app_default) {
            let app = &zato.app_default;
            return wrong(format!(
                "`zato.apps.default` is `{app}`, `zato.apps.all` does not name it"
            ));
        }
        let password = &self.service.password;
        if password.chars_min > password.chars_max {
            return wrong("`zato.password.min_length` is above `max_length`".to_owned());
        }
        if zato.default_page_size > zato.max_page_size {
            return wrong("`zato.search.default_page_size` is above `max_page_size`".to_owned());
        }
        let by_email = self.service.reset.found_by != service::resets::FoundBy::Username;
        if by_email && zato.encrypt_email {
            let what = "`zato.password_reset.user_search_by` looks at e-mails, which needs \
                        `zato.main.encrypt_email = false`";
            return wrong(what.to_owned());
        }
        let mailer = service::mail::Mailer::new(self.service.mail.clone());
        mailer.map(drop).or_else(|error| wrong(error.to_string()))
    }
}

/// The key that an environment variable stands for; `None` if it is no business of configuration.
fn of_variable(variable: &str) -> Result<Option<&'static Key>, ConfigError> {
    if !variable.starts_with("MUSTER_") {
        return Ok(None);
    }
    let found = keys::all().find(|key| key.variable() == variable);
    let claimed = ["MUSTER_ZATO_", "MUSTER_HTTP_", "MUSTER_LIMITS_", "MUSTER_MAIL_"];
    if found.is_none() && claimed.iter().any(|prefix| variable.starts_with(prefix)) {
        let names: Vec<String> = keys::all().map(Key::variable).collect();
        let nearest = keys::nearest(variable, names.iter().map(String::as_str));
        let what = format!("no key has this variable; the nearest is `{nearest}`");
        return Err(ConfigError::new(Origin::Environment(variable.to_owned()), what));
    }
    Ok(found)
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(variable) => write!(f, "${variable}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}
