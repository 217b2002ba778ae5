//! One fact as bytes: a head in clear, then what happened and from where, each sealed on its own.
//!
//! The layout is fixed (`docs/log-format.md`): nothing here may change without a new format.

use domain::actor::{Actor, ApplicationNumber, Credential, Origin};
use domain::fact::{Event, Fact, Head, Part, Stream};
use domain::id::{Identifier, Position, SessionId, Slot, UserId};
use domain::time::{Month, Timestamp};
use domain::user;
use thiserror::Error;
use ulid::Ulid;

use crate::keyring::key::{Key, NONCE_BYTES};
use crate::keyring::{KeyView, OriginKey, SlotState};
use crate::planted::{self, Planted};
use crate::schema::{self, DecodeError, Kind, codes};

/// Longest record, in bytes (design D13).
pub const RECORD_BYTES_MAX: usize = 1 << 20;
/// Length of what stands before the payload's nonce.
pub const HEAD_BYTES: usize = 79;

/// Why a fact cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// It would be longer than a fact may be.
    #[error("a fact of {bytes} bytes is longer than the {RECORD_BYTES_MAX} that one may have")]
    TooLarge {
        /// How long.
        bytes: usize,
    },
    /// The bytes are not laid out as a record.
    #[error("not a record: {0}")]
    Layout(&'static str),
    /// A number stands for nothing.
    #[error("{field} {code} is not known")]
    UnknownCode {
        /// Of what.
        field: &'static str,
        /// The number.
        code: u16,
    },
    /// A key that must exist was never written.
    #[error("there is no key in slot {}", .slot.0)]
    KeyMissing {
        /// Its slot.
        slot: Slot,
    },
    /// A fact was to be sealed with a key that was destroyed.
    #[error("a key of the fact to be sealed was erased")]
    KeyErased,
    /// No slot was assigned to the month of the fact.
    #[error("the month {} has no key", .0.0)]
    MonthUnassigned(Month),
    /// A sealed part is not what was sealed.
    #[error("the sealed {0} is not what was written")]
    Forged(&'static str),
    /// What was sealed is not an event, or not an origin.
    #[error("{0} does not decode: {1}")]
    Undecodable(&'static str, DecodeError),
}

/// A record whose head was read and whose parts were not.
#[derive(Clone, Debug)]
pub struct Sealed<'a> {
    /// All that it says in clear.
    pub head: Head,
    /// Which event it holds, in which shape.
    pub kind: Kind,
    /// The slot of whom its origin is sealed for; 0 if for the month alone.
    pub origin_slot: Slot,
    payload: SealedPart<'a>,
    origin: SealedPart<'a>,
}

/// One part as it stands in the record.
#[derive(Clone, Copy, Debug)]
struct SealedPart<'a> {
    /// Everything before the part.
    before: &'a [u8],
    nonce: [u8; NONCE_BYTES],
    bytes: &'a [u8],
}

/// Appends the record of a fact.
///
/// `origin_slot` is what [`origin_slot`] says; `fill` yields random bytes, fresh for every attempt.
///
/// # Errors
/// What cannot be sealed leaves `out` as it was.
///
/// # Panics
/// If the event belongs to another stream than the head's, or is personal and has no key slot: such
/// a fact must never reach the disk.
pub fn seal(
    out: &mut Vec<u8>,
    head: &Head,
    event: &Event,
    origin: &Origin,
    origin_slot: Slot,
    keys: &KeyView<'_>,
    fill: &dyn Fn(&mut [u8]),
) -> Result<(), RecordError> {
    assert!(event.stream() == head.stream, "an event is written to its own stream");
    assert!(
        head.slot != Slot::CLEAR || head.stream == Stream::System,
        "only the system stream is kept in clear"
    );
    let start = out.len();
    let mut nonces = [0; 2 * NONCE_BYTES];
    fill(&mut nonces);
    if planted::is(Planted::NonceAgain) {
        nonces[..8].copy_from_slice(&head.position.0.to_le_bytes());
        nonces[8..].fill(1);
    }
    let (nonces, _) = nonces.as_chunks();
    put_head(out, head, origin_slot);
    let sealed = put_payload(out, start, (head, event), nonces[0], keys)
        .and_then(|()| put_origin(out, start, (head, origin, origin_slot), nonces[1], keys))
        .and_then(|()| match out.len() - start {
            bytes if bytes > RECORD_BYTES_MAX => Err(RecordError::TooLarge { bytes }),
            _ => Ok(()),
        });
    if sealed.is_err() {
        out.truncate(start);
    }
    sealed
}

/// Reads what a record says in clear; `position` is where it stands, which it does not say itself.
pub fn head(position: Position, bytes: &[u8]) -> Result<Sealed<'_>, RecordError> {
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(RecordError::TooLarge { bytes: bytes.len() });
    }
    let mut rest = bytes;
    let stream = stream(take(&mut rest)?, take(&mut rest)?)?;
    let version = u32::from_le_bytes(take(&mut rest)?);
    let tag = u16::from_le_bytes(take(&mut rest)?);
    let [revision] = take(&mut rest)?;
    let at = Timestamp(i64::from_le_bytes(take(&mut rest)?));
    let actor = actor(take(&mut rest)?, take(&mut rest)?)?;
    let credential = Ulid::from_bytes(take(&mut rest)?);
    let command = u16::from_le_bytes(take(&mut rest)?);
    let [dialect] = take(&mut rest)?;
    let application = ApplicationNumber(u16::from_le_bytes(take(&mut rest)?));
    let slot = Slot(u32::from_le_bytes(take(&mut rest)?));
    let origin_slot = Slot(u32::from_le_bytes(take(&mut rest)?));
    let [aead] = take(&mut rest)?;
    if aead != AEAD {
        return Err(unknown("sealing", aead));
    }
    let command = codes::command_of(command)
        .ok_or(RecordError::UnknownCode { field: "command", code: command })?;
    let dialect = codes::dialect_of(dialect).ok_or_else(|| unknown("dialect", dialect))?;
    let payload = part(bytes, &mut rest)?;
    if slot == Slot::CLEAR && payload.nonce != [0; NONCE_BYTES] {
        return Err(RecordError::Layout("a payload in clear has a nonce"));
    }
    let kind = Kind { tag, revision };
    if needs_no_key(kind) && (payload.nonce != [0; NONCE_BYTES] || !payload.bytes.is_empty()) {
        return Err(RecordError::Layout("an erasure has a payload"));
    }
    let origin = part(bytes, &mut rest)?;
    if origin.bytes.is_empty() && origin.nonce != [0; NONCE_BYTES] {
        return Err(RecordError::Layout("an origin that is absent has a nonce"));
    }
    if !rest.is_empty() {
        return Err(RecordError::Layout("bytes follow after the origin"));
    }
    let credential = Some(credential).filter(|id| !id.is_nil()).map(Credential);
    let head = Head {
        position,
        stream,
        version,
        at,
        actor,
        credential,
        command,
        dialect,
        application,
        slot,
    };
    Ok(Sealed { head, kind, origin_slot, payload, origin })
}

/// Reads a record whole; its origin only if wanted.
pub fn open(
    position: Position,
    bytes: &[u8],
    keys: &KeyView<'_>,
    want_origin: bool,
) -> Result<Fact, RecordError> {
    head(position, bytes)?.open(keys, want_origin)
}

impl Sealed<'_> {
    /// Opens what the keys still open; the origin only if wanted.
    pub fn open(self, keys: &KeyView<'_>, want_origin: bool) -> Result<Fact, RecordError> {
        let body = self.body(keys)?;
        let origin = if want_origin { self.origin(keys)? } else { None };
        let unknown = || RecordError::Undecodable("payload", DecodeError::UnknownKind(self.kind));
        let name = schema::name(self.kind.tag).ok_or_else(unknown)?;
        Ok(Fact { head: self.head, name, origin, body })
    }

    fn body(&self, keys: &KeyView<'_>) -> Result<Part<Event>, RecordError> {
        let decode = |bytes: &[u8]| {
            schema::decode(self.head.stream, self.kind, bytes)
                .map(Part::Open)
                .map_err(|error| RecordError::Undecodable("payload", error))
        };
        match keys.key(self.head.slot) {
            _ if self.head.slot == Slot::CLEAR || needs_no_key(self.kind) => {
                decode(self.payload.bytes)
            }
            SlotState::Filled(key) => opened(&self.payload, key, keys, "payload", decode),
            SlotState::Erased => Ok(Part::Erased),
            SlotState::Empty => Err(RecordError::KeyMissing { slot: self.head.slot }),
        }
    }

    fn origin(&self, keys: &KeyView<'_>) -> Result<Option<Part<Origin>>, RecordError> {
        if self.origin.bytes.is_empty() {
            return Ok(None);
        }
        let Part::Open(key) = origin_key(keys, self.origin_slot, self.head.at)? else {
            return Ok(Some(Part::Erased));
        };
        opened(&self.origin, &key, keys, "origin", |bytes| {
            schema::origin::decode(bytes)
                .map(|origin| Some(Part::Open(origin)))
                .map_err(|error| RecordError::Undecodable("origin", error))
        })
    }
}

/// Whose slot the origin of a fact is sealed for: that of the actor if it is a user or machine,
/// nobody's for operators and Muster itself, the stream's own for the anonymous.
///
/// `slot_of_actor` is the slot of the user behind the actor, and is not looked at where there is none.
///
/// # Panics
/// If a user acts and its slot is not given: sealed for nobody, its whereabouts could not be erased.
pub fn origin_slot(head: &Head, slot_of_actor: Option<Slot>) -> Slot {
    match head.actor {
        Actor::User(_) | Actor::Machine(_) => slot_of_actor.expect("whoever acts has a key"),
        Actor::Operator | Actor::System => Slot::CLEAR,
        Actor::Anonymous => head.slot,
    }
}

/// Whether a fact is read without the key of its stream's person, which it destroys.
fn needs_no_key(kind: Kind) -> bool {
    kind == schema::user::ERASED
}

/// AES-256-GCM-SIV.
const AEAD: u8 = 1;
/// Where the tag and revision stand.
const KIND_AT: usize = 21;

/// Appends the head; tag and revision are known once the event is encoded.
fn put_head(out: &mut Vec<u8>, head: &Head, origin_slot: Slot) {
    let stream = match head.stream {
        Stream::User(_) => codes::STREAM_USER,
        Stream::Session(_) => codes::STREAM_SESSION,
        Stream::System => codes::STREAM_SYSTEM,
    };
    let (actor, actor_id) = match head.actor {
        Actor::Anonymous => (codes::ACTOR_ANONYMOUS, Ulid::nil()),
        Actor::User(id) => (codes::ACTOR_USER, id.ulid()),
        Actor::Machine(id) => (codes::ACTOR_MACHINE, id.ulid()),
        Actor::Operator => (codes::ACTOR_OPERATOR, Ulid::nil()),
        Actor::System => (codes::ACTOR_SYSTEM, Ulid::nil()),
    };
    let credential = head.credential.map_or(Ulid::nil(), |credential| credential.0);
    let start = out.len();
    out.reserve(RECORD_BYTES_TYPICAL);
    out.push(stream);
    out.extend_from_slice(&head.stream.ulid().to_bytes());
    out.extend_from_slice(&head.version.to_le_bytes());
    out.extend_from_slice(&[0; 3]);
    out.extend_from_slice(&head.at.0.to_le_bytes());
    out.push(actor);
    out.extend_from_slice(&actor_id.to_bytes());
    out.extend_from_slice(&credential.to_bytes());
    out.extend_from_slice(&codes::command(head.command).to_le_bytes());
    out.push(codes::dialect(head.dialect));
    out.extend_from_slice(&head.application.0.to_le_bytes());
    out.extend_from_slice(&head.slot.0.to_le_bytes());
    out.extend_from_slice(&origin_slot.0.to_le_bytes());
    out.push(AEAD);
    debug_assert!(out.len() - start == HEAD_BYTES, "the head has a fixed length");
}

/// Enough for most records.
const RECORD_BYTES_TYPICAL: usize = 512;

/// Appends the payload, and fills in its kind: the seal binds that too.
fn put_payload(
    out: &mut Vec<u8>,
    start: usize,
    (head, event): (&Head, &Event),
    nonce: [u8; NONCE_BYTES],
    keys: &KeyView<'_>,
) -> Result<(), RecordError> {
    let seal = match keys.key(head.slot) {
        _ if head.slot == Slot::CLEAR || matches!(event, Event::User(_, user::Event::Erased)) => {
            None
        }
        SlotState::Filled(key) => Some((key, nonce)),
        SlotState::Erased => return Err(RecordError::KeyErased),
        SlotState::Empty => return Err(RecordError::KeyMissing { slot: head.slot }),
    };
    put_part(out, start, seal, keys, |out| {
        let kind = schema::encode(event, out);
        out[start + KIND_AT..][..2].copy_from_slice(&kind.tag.to_le_bytes());
        out[start + KIND_AT + 2] = kind.revision;
    })
}

fn put_origin(
    out: &mut Vec<u8>,
    start: usize,
    (head, origin, slot): (&Head, &Origin, Slot),
    nonce: [u8; NONCE_BYTES],
    keys: &KeyView<'_>,
) -> Result<(), RecordError> {
    if origin.is_empty() {
        return put_part(out, start, None, keys, |_| {});
    }
    let key = match keys.origin_key(slot, head.at) {
        OriginKey::Derived(key) => key,
        // Where anybody was in this month is not to be known.
        OriginKey::Forgotten => return put_part(out, start, None, keys, |_| {}),
        OriginKey::Erased => return Err(RecordError::KeyErased),
        OriginKey::Missing(slot) => return Err(RecordError::KeyMissing { slot }),
        OriginKey::NoMonth(month) => return Err(RecordError::MonthUnassigned(month)),
    };
    put_part(out, start, Some((&key, nonce)), keys, |out| schema::origin::encode(origin, out))
}

/// Appends nonce, length and bytes of one part, sealed if there is a key.
fn put_part(
    out: &mut Vec<u8>,
    start: usize,
    seal: Option<(&Key, [u8; NONCE_BYTES])>,
    keys: &KeyView<'_>,
    write: impl FnOnce(&mut Vec<u8>),
) -> Result<(), RecordError> {
    let before = out.len();
    out.extend_from_slice(&seal.map_or([0; NONCE_BYTES], |(_, nonce)| nonce));
    out.extend_from_slice(&[0; LENGTH_BYTES]);
    let text = out.len();
    write(out);
    if out.len() - start > RECORD_BYTES_MAX {
        return Err(RecordError::TooLarge { bytes: out.len() - start });
    }
    if let Some((key, nonce)) = seal {
        let bound = &mut keys.room.borrow_mut().bound;
        bind(bound, keys, &out[start..before]);
        let tag = key.cipher().seal(nonce, bound, &mut out[text..]);
        out.extend_from_slice(&tag);
    }
    let length = u32::try_from(out.len() - text).expect("a record is at most 1 MiB");
    out[text - LENGTH_BYTES..text].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// A part's length before its bytes.
const LENGTH_BYTES: usize = 4;

/// Opens a part and gives what it says to `decode`.
fn opened<T>(
    part: &SealedPart<'_>,
    key: &Key,
    keys: &KeyView<'_>,
    what: &'static str,
    decode: impl FnOnce(&[u8]) -> Result<T, RecordError>,
) -> Result<T, RecordError> {
    let room = &mut *keys.room.borrow_mut();
    bind(&mut room.bound, keys, part.before);
    key.cipher()
        .open(part.nonce, &room.bound, part.bytes, &mut room.open)
        .map_err(|_| RecordError::Forged(what))?;
    decode(&room.open)
}

/// What a part is bound to: the store, and every byte of the record before it.
fn bind(bound: &mut Vec<u8>, keys: &KeyView<'_>, before: &[u8]) {
    bound.clear();
    bound.extend_from_slice(keys.store_id());
    bound.extend_from_slice(before);
}

fn origin_key(keys: &KeyView<'_>, slot: Slot, at: Timestamp) -> Result<Part<Key>, RecordError> {
    match keys.origin_key(slot, at) {
        OriginKey::Derived(key) => Ok(Part::Open(key)),
        OriginKey::Erased | OriginKey::Forgotten => Ok(Part::Erased),
        OriginKey::Missing(slot) => Err(RecordError::KeyMissing { slot }),
        OriginKey::NoMonth(month) => Err(RecordError::MonthUnassigned(month)),
    }
}

fn stream([kind]: [u8; 1], id: [u8; 16]) -> Result<Stream, RecordError> {
    let id = Ulid::from_bytes(id);
    match kind {
        codes::STREAM_USER => Ok(Stream::User(UserId(id))),
        codes::STREAM_SESSION => Ok(Stream::Session(SessionId(id))),
        codes::STREAM_SYSTEM if id.is_nil() => Ok(Stream::System),
        codes::STREAM_SYSTEM => Err(RecordError::Layout("the system stream has an id")),
        _ => Err(unknown("stream kind", kind)),
    }
}

fn actor([kind]: [u8; 1], id: [u8; 16]) -> Result<Actor, RecordError> {
    let id = Ulid::from_bytes(id);
    match kind {
        codes::ACTOR_USER => Ok(Actor::User(UserId(id))),
        codes::ACTOR_MACHINE => Ok(Actor::Machine(UserId(id))),
        codes::ACTOR_ANONYMOUS | codes::ACTOR_OPERATOR | codes::ACTOR_SYSTEM if !id.is_nil() => {
            Err(RecordError::Layout("an actor that is no user has an id"))
        }
        codes::ACTOR_ANONYMOUS => Ok(Actor::Anonymous),
        codes::ACTOR_OPERATOR => Ok(Actor::Operator),
        codes::ACTOR_SYSTEM => Ok(Actor::System),
        _ => Err(unknown("actor kind", kind)),
    }
}

fn unknown(field: &'static str, code: u8) -> RecordError {
    RecordError::UnknownCode { field, code: u16::from(code) }
}

/// Takes the next bytes off `rest`.
fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], RecordError> {
    let (taken, behind) = rest.split_first_chunk().ok_or(ENDS_EARLY)?;
    *rest = behind;
    Ok(*taken)
}

/// Takes a part off `rest`, which is the end of `record`.
fn part<'a>(record: &'a [u8], rest: &mut &'a [u8]) -> Result<SealedPart<'a>, RecordError> {
    let before = &record[..record.len() - rest.len()];
    let nonce = take(rest)?;
    let length = usize::try_from(u32::from_le_bytes(take(rest)?)).map_err(|_| ENDS_EARLY)?;
    let (bytes, behind) = rest.split_at_checked(length).ok_or(ENDS_EARLY)?;
    *rest = behind;
    Ok(SealedPart { before, nonce, bytes })
}

const ENDS_EARLY: RecordError = RecordError::Layout("it ends early");

#[cfg(test)]
mod tests;
