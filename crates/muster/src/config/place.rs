//! Where the value of a key goes, and in which forms it may be written.

use std::fmt;
use std::ops::RangeInclusive;

use domain::time::Span;
use service::passwords::Secret;

use super::Chosen;

/// A value as TOML has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A boolean.
    Flag(bool),
    /// An integer.
    Whole(i64),
    /// A string.
    Text(String),
    /// An array of strings.
    Texts(Vec<String>),
    /// A string that is never printed; whether there is one.
    Hidden(bool),
}

/// Where a value goes.
pub enum Place {
    /// A boolean.
    Flag(fn(&mut Chosen) -> &mut bool),
    /// A number within limits.
    Count(fn(&mut Chosen) -> &mut usize, RangeInclusive<usize>),
    /// A length of time in this unit, within limits.
    Span(fn(&mut Chosen) -> &mut Span, Unit, RangeInclusive<i64>),
    /// A text.
    Text(fn(&mut Chosen) -> &mut String),
    /// A text that is never printed.
    Secret(fn(&mut Chosen) -> &mut Option<Secret>),
    /// Texts.
    Texts(fn(&mut Chosen) -> &mut Vec<String>),
    /// Something else, written in this form.
    Other {
        /// How it is written.
        form: Form,
        /// The value in force.
        read: fn(&Chosen) -> Value,
        /// Takes a value of that form, or says what it takes.
        write: fn(&mut Chosen, Value) -> Result<(), String>,
    },
}

/// In which form a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `true` or `false`.
    Flag,
    /// An integer.
    Whole,
    /// A string.
    Text,
    /// An array of strings.
    Texts,
}

/// In which unit a length of time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Secs,
    /// Minutes.
    Minutes,
    /// Days of 24 hours.
    Days,
}

impl Unit {
    fn span(self, count: i64) -> Span {
        match self {
            Self::Secs => Span::secs(count),
            Self::Minutes => Span::minutes(count),
            Self::Days => Span::days(count),
        }
    }

    /// The unit's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secs => "seconds",
            Self::Minutes => "minutes",
            Self::Days => "days",
        }
    }
}

impl Place {
    /// The value in force.
    pub fn read(&self, chosen: &Chosen) -> Value {
        // The places are written for changing; reading has a copy.
        let mut copy = chosen.clone();
        match self {
            Self::Flag(at) => Value::Flag(*at(&mut copy)),
            Self::Count(at, _) => Value::Whole(i64::try_from(*at(&mut copy)).unwrap_or(i64::MAX)),
            Self::Span(at, unit, _) => Value::Whole(at(&mut copy).0 / unit.span(1).0),
            Self::Text(at) => Value::Text(at(&mut copy).clone()),
            Self::Secret(at) => Value::Hidden(at(&mut copy).is_some()),
            Self::Texts(at) => Value::Texts(at(&mut copy).clone()),
            Self::Other { read, .. } => read(chosen),
        }
    }

    /// Puts a value in force, or says, after the key's name, what the key takes.
    pub fn write(&self, chosen: &mut Chosen, value: Value) -> Result<(), String> {
        match (self, value) {
            (Self::Flag(at), Value::Flag(value)) => *at(chosen) = value,
            (Self::Count(at, range), Value::Whole(value)) => {
                let value = usize::try_from(value).ok().filter(|value| range.contains(value));
                let outside = || format!("is within {} and {}", range.start(), range.end());
                *at(chosen) = value.ok_or_else(outside)?;
            }
            (Self::Span(at, unit, range), Value::Whole(value)) => {
                if !range.contains(&value) {
                    let (from, to) = range.clone().into_inner();
                    return Err(format!("is within {from} and {to} ({})", unit.name()));
                }
                *at(chosen) = unit.span(value);
            }
            (Self::Text(at), Value::Text(value)) => *at(chosen) = value,
            (Self::Secret(at), Value::Text(value)) => {
                *at(chosen) = (!value.is_empty()).then(|| Secret::from(value));
            }
            (Self::Texts(at), Value::Texts(value)) => *at(chosen) = value,
            (Self::Other { write, form, .. }, value) if form.fits(&value) => {
                return write(chosen, value);
            }
            (_, _) => return Err(format!("takes {}", self.form().name())),
        }
        Ok(())
    }

    /// A value from a text, as the environment and flags have it; lists are joined by commas.
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        match self.form() {
            Form::Flag => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Value::Flag(true)),
                "false" => Ok(Value::Flag(false)),
                _ => Err("takes true or false".to_owned()),
            },
            Form::Whole => text.parse().map(Value::Whole).map_err(|_| "takes an integer".into()),
            Form::Text => Ok(Value::Text(text.to_owned())),
            Form::Texts => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Ok(Value::Texts(items.map(str::to_owned).collect()))
            }
        }
    }

    /// In which form it is written.
    pub fn form(&self) -> Form {
        match self {
            Self::Flag(_) => Form::Flag,
            Self::Count(..) | Self::Span(..) => Form::Whole,
            Self::Text(_) | Self::Secret(_) => Form::Text,
            Self::Texts(_) => Form::Texts,
            Self::Other { form, .. } => *form,
        }
    }
}

impl Form {
    /// What a value of this form is called in an error.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flag => "true or false",
            Self::Whole => "an integer",
            Self::Text => "a text in quotes",
            Self::Texts => "an array of texts",
        }
    }

    fn fits(self, value: &Value) -> bool {
        match value {
            Value::Flag(_) => self == Self::Flag,
            Value::Whole(_) => self == Self::Whole,
            Value::Text(_) => self == Self::Text,
            Value::Texts(_) => self == Self::Texts,
            Value::Hidden(_) => false,
        }
    }
}

impl fmt::Display for Value {
    /// As TOML writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(value) => write!(f, "{value}"),
            Self::Whole(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{}", toml::Value::from(text.as_str())),
            Self::Texts(texts) => {
                let items: Vec<_> =
                    texts.iter().map(|text| toml::Value::from(text.as_str()).to_string()).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Hidden(true) => f.write_str("(set)"),
            Self::Hidden(false) => f.write_str("\"\""),
        }
    }
}
