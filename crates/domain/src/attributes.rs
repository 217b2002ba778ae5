//! Named values that applications keep with a user or a session, and the rules that both share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::fact::Head;
use crate::id::Position;
use crate::rejection::{Rejection, ValueFault};
use crate::text::Name;
use crate::time::Timestamp;

pub(crate) mod describe;

pub use describe::value as shown;

/// Longest attribute name, in characters (Zato's contract, section 10.4).
pub const ATTRIBUTE_NAME_CHARS_MAX: usize = 191;
/// Longest value that the views hold themselves, in bytes; a longer one is read from the log.
pub const VALUE_HELD_BYTES_MAX: usize = 4_096;
/// Most attributes of a user at a time.
pub const USER_ATTRIBUTES_MAX: usize = 10_000;
/// Most attributes of a session at a time: somebody may open many sessions.
pub const SESSION_ATTRIBUTES_MAX: usize = 1_000;
/// Most attributes that one call may set or ask for.
pub const ATTRIBUTES_AT_ONCE_MAX: usize = 1_000;
/// Longest value, in bytes of its JSON text; leaves room for the rest of a fact of at most 1 MiB.
pub const VALUE_BYTES_MAX: usize = 1_000_000;

/// Whose vocabulary a name belongs to; names of different namespaces do not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// Zato's user attributes: JSON text with expiry and an encryption flag.
    Zato,
}

/// The full name of an attribute of a user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeKey {
    /// Whose vocabulary.
    pub namespace: Namespace,
    /// The name in it.
    pub name: Name,
}

/// A value as an attribute's owner sees it.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Attribute {
    /// What it is.
    pub value: Value,
    /// Whether the owner asked for it to be encrypted (it is sealed either way).
    pub encrypted: bool,
    /// From when on it counts as absent.
    pub expires: Timestamp,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last set.
    pub modified: Timestamp,
}

/// All attributes of a user or session, expired ones among them; copying it costs nothing.
pub type Attributes = RedBlackTreeMapSync<AttributeKey, Arc<Attribute>>;

impl Attribute {
    /// Whether it counts as present.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now < self.expires
    }
}

/// JSON text, held or to be read from the log.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Value {
    /// The text itself.
    Held(Arc<str>),
    /// Too long to hold: the fact at this position has it.
    Logged(Position),
}

/// One attribute to be set.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAttribute {
    /// Its name.
    pub key: AttributeKey,
    /// Its value as JSON text; `None` keeps the present one.
    pub value: Option<Arc<str>>,
    /// Whether the owner wants it encrypted.
    pub encrypted: bool,
    /// From when on it counts as absent; `None` keeps the present expiry, or never for a new one.
    pub expires: Option<Timestamp>,
}

/// What to do about attributes that are there, or not there, already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetMode {
    /// None of them may exist.
    Create,
    /// Each of them must exist.
    Update,
    /// Either will do.
    Put,
}

/// What an attribute becomes.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Which.
    pub key: AttributeKey,
    /// Its value as JSON text; `None` if it stays.
    pub value: Option<Arc<str>>,
    /// Whether the owner wants it encrypted.
    pub encrypted: bool,
    /// From when on it counts as absent.
    pub expires: Timestamp,
}

/// Decides what setting `items` makes of the `present` attributes, of which there may be `count_max`:
/// all of it or nothing.
pub fn set(
    present: &Attributes,
    count_max: usize,
    items: Vec<NewAttribute>,
    mode: SetMode,
    now: Timestamp,
) -> Result<Vec<Setting>, Rejection> {
    if items.len() > ATTRIBUTES_AT_ONCE_MAX || !has_room(present, count_max, &items, now) {
        return Err(Rejection::TooLarge);
    }
    let mut settings = Vec::with_capacity(items.len());
    let mut said: BTreeMap<AttributeKey, Timestamp> = BTreeMap::new();
    for item in items {
        check(&item)?;
        // What an earlier item of the command said is what a later one finds.
        let found = said
            .get(&item.key)
            .copied()
            .or_else(|| present.get(&item.key).map(|present| present.expires))
            .filter(|end| now < *end);
        match mode {
            SetMode::Create if found.is_some() => return Err(Rejection::AttributeExists),
            SetMode::Update if found.is_none() => return Err(Rejection::NoSuchAttribute),
            SetMode::Create | SetMode::Update | SetMode::Put => {}
        }
        if item.value.is_none() && found.is_none() {
            let (field, fault) = ("attribute.value", ValueFault::Empty);
            return Err(Rejection::Unacceptable { field, fault });
        }
        let expires = item.expires.or(found).unwrap_or(Timestamp::NEVER);
        said.insert(item.key.clone(), expires);
        let NewAttribute { key, value, encrypted, .. } = item;
        settings.push(Setting { key, value, encrypted, expires });
    }
    Ok(settings)
}

/// Whether `items` have room among the `present` attributes. What is expired takes none: a fold that
/// finds too many sweeps it away.
fn has_room(
    present: &Attributes,
    count_max: usize,
    items: &[NewAttribute],
    now: Timestamp,
) -> bool {
    let alive = |key: &AttributeKey| present.get(key).is_some_and(|of| of.is_alive(now));
    let fresh: BTreeSet<_> = items.iter().map(|item| &item.key).filter(|key| !alive(key)).collect();
    present.size() + fresh.len() <= count_max
        || present.values().filter(|of| of.is_alive(now)).count() + fresh.len() <= count_max
}

/// Decides which of the `present` attributes go: each that is there, once.
pub fn remove(present: &Attributes, names: Vec<AttributeKey>, now: Timestamp) -> Vec<AttributeKey> {
    let alive = |key: &AttributeKey| present.get(key).is_some_and(|of| of.is_alive(now));
    let mut gone = BTreeSet::new();
    names.into_iter().filter(|key| alive(key) && gone.insert(key.clone())).collect()
}

/// Folds a setting into the attributes, of which there may be `count_max`. `value` is `None` if it stayed.
pub fn became(
    attributes: &mut Attributes,
    count_max: usize,
    head: &Head,
    key: &AttributeKey,
    value: Option<&Arc<str>>,
    (encrypted, expires): (bool, Timestamp),
) {
    let before = attributes.get(key).filter(|attribute| attribute.is_alive(head.at));
    let attribute = Attribute {
        value: match (value, before) {
            (Some(value), _) => held(value, head.position),
            (None, Some(before)) => before.value.clone(),
            (None, None) => Value::Held("null".into()),
        },
        encrypted,
        expires,
        created: before.map_or(head.at, |before| before.created),
        modified: head.at,
    };
    attributes.insert_mut(key.clone(), Arc::new(attribute));
    if attributes.size() > count_max {
        sweep(attributes, head);
    }
}

/// Takes expired attributes away: they count as absent everywhere, and room gets short.
fn sweep(attributes: &mut Attributes, head: &Head) {
    let dead = attributes.iter().filter(|(_, attribute)| !attribute.is_alive(head.at));
    for key in dead.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
        attributes.remove_mut(&key);
    }
}

/// Checks the size of a name and value.
fn check(attribute: &NewAttribute) -> Result<(), Rejection> {
    if attribute.key.name.as_str().chars().count() > ATTRIBUTE_NAME_CHARS_MAX {
        return Err(Rejection::Unacceptable {
            field: "attribute.name",
            fault: ValueFault::TooLong,
        });
    }
    if attribute.value.as_ref().is_some_and(|value| value.len() > VALUE_BYTES_MAX) {
        return Err(Rejection::Unacceptable {
            field: "attribute.value",
            fault: ValueFault::TooLong,
        });
    }
    Ok(())
}

/// What the views keep of a value that the fact at `position` sets.
fn held(value: &Arc<str>, position: Position) -> Value {
    if value.len() > VALUE_HELD_BYTES_MAX {
        Value::Logged(position)
    } else {
        Value::Held(Arc::clone(value))
    }
}
