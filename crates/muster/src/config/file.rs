//! The configuration file: TOML, each mistake told with its line.

use std::path::Path;

use domain::user::state::LinkKind;
use http::zato::{BasicAuth, Jwt};
use service::addresses::Whence;
use service::jwt::SECRET_BYTES_MIN;
use service::passwords::Secret;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, ADDRESSES, BASIC_AUTH, JWT};
use super::{Config, ConfigError, Origin, Value, refused};

/// Takes over what a file says.
pub fn read(config: &mut Config, path: &Path, text: &str) -> Result<(), ConfigError> {
    let file = File { path, text };
    match DeTable::parse(text) {
        Ok(table) => file.table(config, "", table.get_ref()),
        Err(error) => Err(file.at(error.span().map_or(0, |span| span.start), error.message())),
    }
}

#[derive(Clone, Copy)]
struct File<'t> {
    path: &'t Path,
    text: &'t str,
}

impl File<'_> {
    fn line(self, offset: usize) -> usize {
        1 + self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
    }

    fn origin(self, offset: usize) -> Origin {
        Origin::File(self.path.to_owned(), self.line(offset))
    }

    fn at(self, offset: usize, what: &str) -> ConfigError {
        ConfigError::new(self.origin(offset), what)
    }

    fn table(
        self,
        config: &mut Config,
        prefix: &str,
        table: &DeTable<'_>,
    ) -> Result<(), ConfigError> {
        // In the order of the text, so that the first mistake is told first.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = if prefix.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{prefix}.{}", key.get_ref())
            };
            self.entry(config, &name, key.span().start, value)?;
        }
        Ok(())
    }

    fn entry(
        self,
        config: &mut Config,
        name: &str,
        offset: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), ConfigError> {
        if let Some(why) = refused::why(name) {
            return Err(self.at(offset, &format!("`{name}` is refused: {why}")));
        }
        if let Some(user) = name.strip_prefix(ADDRESSES).and_then(|rest| rest.strip_prefix('.')) {
            return self.addresses(config, user, offset, value);
        }
        if [BASIC_AUTH, JWT].contains(&name) {
            return self.definitions(config, name, value);
        }
        if let Some(key) = keys::named(name) {
            return config.set(key, read_value(value), self.origin(offset));
        }
        match value.get_ref() {
            DeValue::Table(table) if keys::is_section(name) => self.table(config, name, table),
            _ => {
                let nearest = keys::nearest(name, keys::names());
                let what = format!("unknown key `{name}`; the nearest known one is `{nearest}`");
                Err(self.at(offset, &what))
            }
        }
    }

    /// `NAME = "10.0.0.1, 172.16.0.0/12"`, or an array of these.
    fn addresses(
        self,
        config: &mut Config,
        user: &str,
        offset: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), ConfigError> {
        let text = match read_value(value) {
            Ok(Value::Text(text)) => text,
            Ok(Value::Texts(texts)) => texts.join(","),
            Ok(_) | Err(_) => return Err(self.at(offset, "takes a text or an array of texts")),
        };
        let whence: Whence = text.parse().map_err(|_| {
            let what = format!("`{text}` has something that is neither an address nor a network");
            self.at(offset, &what)
        })?;
        config.chosen.service.addresses.listed.insert(user.to_owned(), whence);
        Ok(())
    }

    /// `[[zato.basic_auth]]` with `name`, `username`, `password`; `[[zato.jwt]]` with a `secret`.
    fn definitions(
        self,
        config: &mut Config,
        of: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), ConfigError> {
        let form = format!("takes tables, each headed `[[{of}]]`");
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.at(value.span().start, &form));
        };
        let definitions = &mut config.chosen.http.zato.definitions;
        for item in items {
            let offset = item.span().start;
            let DeValue::Table(table) = item.get_ref() else {
                return Err(self.at(offset, &form));
            };
            let secret = if of == JWT { "secret" } else { "password" };
            let (username, secret) = self.definition(offset, table, of, secret)?;
            let kind = if of == JWT { LinkKind::Jwt } else { LinkKind::BasicAuth };
            if definitions.is_known(kind, &username) {
                return Err(self.at(offset, &format!("`{username}` is defined twice")));
            }
            match kind {
                LinkKind::BasicAuth => {
                    definitions.basic_auth.push(BasicAuth { username, password: secret });
                }
                LinkKind::Jwt if secret.as_bytes().len() < SECRET_BYTES_MIN => {
                    let what = format!("a `secret` has {SECRET_BYTES_MIN} bytes at least");
                    return Err(self.at(offset, &what));
                }
                LinkKind::Jwt => definitions.jwt.push(Jwt { username, secret }),
            }
        }
        Ok(())
    }

    fn definition(
        self,
        offset: usize,
        table: &DeTable<'_>,
        of: &str,
        secret: &str,
    ) -> Result<(String, Secret), ConfigError> {
        let known = ["name", "username", secret];
        for (key, _) in table {
            if !known.contains(&key.get_ref().as_ref()) {
                let name = format!("{of}.{}", key.get_ref());
                let nearest = keys::nearest(key.get_ref(), known.into_iter());
                let what = format!("unknown key `{name}`; the nearest known one is `{nearest}`");
                return Err(self.at(key.span().start, &what));
            }
        }
        let text = |name: &str| {
            let text = table.get(name).and_then(|value| value.get_ref().as_str());
            let what = || format!("a definition needs `{name}`, a text that is not empty");
            text.filter(|text| !text.is_empty()).ok_or_else(|| self.at(offset, &what()))
        };
        let (name, username, secret) = (text("name")?, text("username")?, text(secret)?);
        if name != username {
            // Users are linked by the username alone, so the two cannot differ.
            return Err(self.at(offset, "`name` and `username` of a definition must be equal"));
        }
        // RFC 7617, 2: a user name with a colon could not be told from its password.
        if username.contains(':') {
            return Err(self.at(offset, "a `username` has no colon"));
        }
        Ok((username.to_owned(), Secret::from(secret.to_owned())))
    }
}

/// A value of TOML, of the kinds that keys take.
fn read_value(value: &Spanned<DeValue<'_>>) -> Result<Value, String> {
    match value.get_ref() {
        DeValue::Boolean(flag) => Ok(Value::Flag(*flag)),
        DeValue::Integer(whole) => {
            let parsed = i64::from_str_radix(whole.as_str(), whole.radix());
            parsed.map(Value::Whole).map_err(|_| "is too large".to_owned())
        }
        DeValue::String(text) => Ok(Value::Text(text.to_string())),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            let texts: Option<Vec<_>> = texts.collect();
            texts.map(Value::Texts).ok_or_else(|| "takes an array of texts".to_owned())
        }
        DeValue::Table(_) => Err("is a key, not a section".to_owned()),
        DeValue::Float(_) | DeValue::Datetime(_) => {
            Err(format!("takes no {}", value.get_ref().type_str()))
        }
    }
}
