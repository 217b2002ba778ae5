//! The description of every route, as `OpenAPI` 3.1: made from tables that stand beside the handlers.
//!
//! A dialect has a table of [`Operation`]s; this module knows how such a table reads as a document, and
//! nothing of what it says. `render` makes the JSON.

mod own;
mod render;

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};

pub use render::document;

use crate::{v1, zato};

/// Operations of one kind, under a heading.
pub struct Group {
    /// The heading.
    pub tag: &'static str,
    /// What they have in common.
    pub about: &'static str,
    /// They.
    pub operations: &'static [Operation],
}

/// One method of one path.
pub struct Operation {
    /// Its method, in lower case.
    pub method: &'static str,
    /// Its path, as the router has it.
    pub path: &'static str,
    /// Its name; no other has it.
    pub id: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Who may.
    pub access: Access,
    /// What it takes.
    pub takes: &'static [&'static [Field]],
    /// What it answers with when it is done.
    pub done: Done,
    /// The manner of its refusals.
    pub refusals: Refusals,
    /// What may be sent, as JSON; empty: nothing is.
    pub sent: &'static str,
    /// What is answered then.
    pub told: &'static str,
}

/// Who may call an operation, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Anyone,
    /// Whoever sends a session's token among the parameters.
    Session,
    /// Whoever a security definition of the configuration knows, by Basic Auth or a bearer JWT.
    Definition,
    /// The holder of a personal access token with a right, or whoever reaches the owner-only socket.
    Token(&'static str),
    /// Whoever reaches the owner-only socket.
    Socket,
}

/// What an operation answers with when it is done.
pub enum Done {
    /// A JSON object with these keys.
    Keys(u16, &'static [&'static [Field]]),
    /// A JSON object of this shape.
    Shape(u16, &'static str),
    /// A JSON object with these keys or, where lines are asked for, a line for each object of this shape.
    KeysOrLines(&'static [&'static [Field]], &'static str),
    /// Text of this type.
    Text(&'static str),
    /// Text of one of these types.
    Texts(&'static [&'static str]),
}

/// The manner in which an operation says no.
pub enum Refusals {
    /// Zato's envelope, with these codes.
    Zato(&'static [&'static [&'static str]]),
    /// Problem documents, under these statuses.
    Problems(&'static [u16]),
    /// Plain text, under these statuses.
    Plain(&'static [u16]),
}

/// A parameter, or a key of an object.
#[derive(Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Where it is sent.
    pub place: Place,
    /// Whether it is always there.
    pub needed: bool,
    /// Whether it may be null.
    pub nullable: bool,
    /// What it means.
    pub about: &'static str,
}

/// Where a parameter is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the body, or where the method usually has none in the query.
    Usual,
    /// In the path.
    Path,
    /// In the query.
    Query,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A boolean.
    Flag,
    /// A whole number.
    Integer,
    /// Where a reader of facts is: a position, or an epoch and a position.
    Cursor,
    /// A whole number within these.
    Within(u64, u64),
    /// A ULID.
    Ulid,
    /// A moment in RFC 3339.
    Moment,
    /// A list of texts.
    Texts,
    /// Any JSON value.
    Any,
    /// An object of a shape.
    Object(&'static str),
    /// A list of objects of a shape.
    Objects(&'static str),
    /// An object from names to booleans, or one boolean.
    FlagOrFlags,
    /// An object from names to objects of a shape, or to null.
    Named(&'static str),
    /// One text, or a list of them.
    TextOrTexts,
}

/// A named kind of object.
pub struct Shape {
    /// Its name; no other has it.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its keys.
    pub fields: &'static [&'static [Field]],
}

impl Field {
    /// A value that may be absent.
    pub const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, place: Place::Usual, needed: false, nullable: false, about }
    }

    /// It is always there.
    #[must_use]
    pub const fn needed(self) -> Self {
        Self { needed: true, ..self }
    }

    /// It may be null.
    #[must_use]
    pub const fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// It stands in the path.
    #[must_use]
    pub const fn in_path(self) -> Self {
        Self { place: Place::Path, needed: true, ..self }
    }

    /// It stands in the query.
    #[must_use]
    pub const fn in_query(self) -> Self {
        Self { place: Place::Query, ..self }
    }
}

/// Text under a name.
pub const fn text(name: &'static str, about: &'static str) -> Field {
    Field::new(name, Kind::Text, about)
}

/// A boolean under a name.
pub const fn flag(name: &'static str, about: &'static str) -> Field {
    Field::new(name, Kind::Flag, about)
}

/// A whole number under a name.
pub const fn integer(name: &'static str, about: &'static str) -> Field {
    Field::new(name, Kind::Integer, about)
}

/// All operations, of every dialect.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    groups().flat_map(|group| group.operations)
}

fn groups() -> impl Iterator<Item = &'static Group> {
    zato::GROUPS.iter().chain(v1::GROUPS).chain(std::iter::once(&own::GROUP))
}

/// `GET /openapi.json`
pub async fn serve() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    ([("content-type", "application/json"), ("cache-control", "no-cache")], TEXT.as_str())
        .into_response()
}
