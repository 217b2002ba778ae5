//! Every key there is.

mod mail;
mod zato;

use super::Chosen;
use super::place::{Place, Unit};

/// One thing that an operator may choose.
pub struct Key {
    /// Its name: sections and key, joined by dots.
    pub name: &'static str,
    /// What it means, in a sentence.
    pub meaning: &'static str,
    /// Where its value goes.
    pub place: Place,
}

/// The section that says from where users may act; its keys are their names.
pub const ADDRESSES: &str = "zato.user_address_list";
/// The array of definitions of HTTP Basic Auth.
pub const BASIC_AUTH: &str = "zato.basic_auth";

/// The array of definitions of JSON web tokens.
pub const JWT: &str = "zato.jwt";

/// All keys, in the order in which they are told.
pub fn all() -> impl Iterator<Item = &'static Key> {
    GENERAL.iter().chain(zato::KEYS).chain(mail::KEYS)
}

/// The key of this name.
pub fn named(name: &str) -> Option<&'static Key> {
    all().find(|key| key.name == name)
}

/// Whether keys begin with this name and a dot.
pub fn is_section(name: &str) -> bool {
    let is_in = |key: &str| key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    names().any(is_in) || name == ADDRESSES
}

/// The names that may stand in a file.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|key| key.name).chain([ADDRESSES, BASIC_AUTH, JWT])
}

/// The name that is spelled most like `name`.
pub fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> &'n str {
    let distance = |known: &&str| strsim::damerau_levenshtein(known, name);
    names.min_by_key(distance).expect("there are keys")
}

impl Key {
    /// The environment variable that stands for it.
    pub fn variable(&self) -> String {
        format!("MUSTER_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// The sections it is in.
    pub fn section(&self) -> &'static str {
        self.name.rsplit_once('.').map_or("", |(section, _)| section)
    }
}

const fn key(name: &'static str, place: Place, meaning: &'static str) -> Key {
    Key { name, meaning, place }
}

const fn flag(name: &'static str, at: fn(&mut Chosen) -> &mut bool, meaning: &'static str) -> Key {
    key(name, Place::Flag(at), meaning)
}

const fn texts(
    name: &'static str,
    at: fn(&mut Chosen) -> &mut Vec<String>,
    meaning: &'static str,
) -> Key {
    key(name, Place::Texts(at), meaning)
}

const GENERAL: &[Key] = &[
    key(
        "listen",
        Place::Text(|c| &mut c.listen),
        "The address to serve on, HOST:PORT; port 0 picks a free one.",
    ),
    key(
        "log",
        Place::Text(|c| &mut c.log),
        "What is logged to standard error: `error`, `warn`, `info`, `debug`, or a filter by module.",
    ),
    key(
        "erase_after_delete_days",
        Place::Count(|c| &mut c.service.retention.deleted_days, 0..=36_500),
        "Days after which a user that was deleted is erased as well: its key is destroyed, and its history with it. 0: never.",
    ),
    key(
        "origin.forget_after_months",
        Place::Count(|c| &mut c.service.retention.origin_months, 0..=1_200),
        "How many whole months before the present one it stays known where people were (addresses, agents, request ids). Keys of earlier months are destroyed. 0: for ever.",
    ),
    key(
        "limits.connections_max",
        Place::Count(|c| &mut c.http.connections_max, 1..=1_000_000),
        "Open connections; more wait to be accepted.",
    ),
    key(
        "limits.queue_len_max",
        Place::Count(|c| &mut c.service.queue_len_max, 1..=1_000_000),
        "Commands that may wait for the writer; more are answered 503.",
    ),
    key(
        "limits.hashing_len_max",
        Place::Count(|c| &mut c.service.hashing_len_max, 1..=100_000),
        "Passwords that may wait to be hashed; more are answered 503.",
    ),
    key(
        "limits.event_readers_max",
        Place::Count(|c| &mut c.service.event_readers_max, 1..=100_000),
        "Readers that stream events or wait for them, at once; more are answered 503, and one caller has at most 16.",
    ),
    key(
        "limits.event_heartbeat",
        Place::Span(|c| &mut c.http.event_heartbeat, Unit::Secs, 1..=600),
        "Seconds after which a stream of events that has nothing to say says so.",
    ),
    key(
        "limits.failures_per_address_per_minute",
        Place::Count(|c| &mut c.service.throttle.per_address, 10..=1_000_000),
        "Wrong passwords and codes that are let pass from one address, at once and then in a minute.",
    ),
    key(
        "limits.failures_per_minute",
        Place::Count(|c| &mut c.service.throttle.overall, 10..=1_000_000),
        "The same of everybody together; beyond that every attempt is answered 429.",
    ),
];
