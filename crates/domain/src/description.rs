//! What an event means to a reader: one sentence, and the fields with old and new value. Each stream
//! describes its own events; no secret stands in a description.

use std::sync::Arc;

use crate::time::Timestamp;

/// What an event means to a reader.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// One sentence about whom it happened to, without a name and without a full stop.
    pub sentence: String,
    /// What changed.
    pub changes: Vec<Change>,
}

impl Description {
    /// A sentence and what changed.
    pub fn new(sentence: impl Into<String>, changes: Vec<Change>) -> Self {
        Self { sentence: sentence.into(), changes }
    }
}

/// One field, before and after; `None` is absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The field, as `/v1` names it.
    pub field: String,
    /// Its value before.
    pub old: Option<Shown>,
    /// Its value after.
    pub new: Option<Shown>,
}

impl Change {
    /// The field was `old` and is `new`.
    pub fn new(
        field: impl Into<String>,
        old: impl Into<Option<Shown>>,
        new: impl Into<Option<Shown>>,
    ) -> Self {
        Self { field: field.into(), old: old.into(), new: new.into() }
    }
}

/// A value as a reader may see it.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// Text.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// A moment.
    Time(Timestamp),
    /// JSON text.
    Json(Arc<str>),
    /// A value that only the log holds; too long to show.
    Long,
    /// A secret: that it was there is all that is shown.
    Secret,
}

impl Shown {
    /// The text of a name, an address, an id or the like.
    pub fn text(text: &(impl ToString + ?Sized)) -> Self {
        Self::Text(text.to_string())
    }
}
