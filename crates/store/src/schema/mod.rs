//! Events as bytes. Each tag and revision names one frozen struct; today's events are encoded as
//! the newest, and [`decode`] lifts the older ones, so that nothing else knows them.
//!
//! * `codec`: the bytes of a struct; [`codes`]: the numbers of choices; `values`: back to domain
//! * [`user`], [`session`], [`system`]: the frozen structs of each kind of stream; [`origin`] beside them
//! * [`name`]: what an event is called, where its tag is all that can be read
//! * `person`: the shape of a state that is kept, which is no event
//! * [`golden`]: one of every event, held to the bytes in `golden/*.hex`

mod codec;
pub mod codes;
#[doc(hidden)]
pub mod golden;
mod names;
pub mod origin;
pub(crate) mod person;
pub mod session;
pub mod system;
pub mod user;
mod values;

use std::fmt;

use domain::fact::{Event, Stream};
use thiserror::Error;

pub use codec::PAYLOAD_BYTES_MAX;
pub use names::name;

/// The number of an event and of its stored shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// Which event; never given to another.
    pub tag: u16,
    /// Which shape of it, from 1.
    pub revision: u8,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tag {} revision {}", self.tag, self.revision)
    }
}

/// Why bytes are not an event.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// No struct has this number; a newer Muster may have written it.
    #[error("no event has {0}")]
    UnknownKind(Kind),
    /// The event belongs to streams of another kind.
    #[error("{0} does not belong to this kind of stream")]
    WrongStream(Kind),
    /// There are more bytes than any event has.
    #[error("{bytes} bytes are more than an event may have")]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
    /// The bytes end too early, or hold something that the struct does not allow.
    #[error("the bytes do not fit the struct: {0}")]
    Shape(String),
    /// Bytes follow after the struct.
    #[error("{bytes} bytes follow after the struct")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// A field holds what its type in the domain does not allow.
    #[error("the field {0} holds a value that is not allowed")]
    Value(&'static str),
}

/// Appends the bytes of `event` and says what they are.
pub fn encode(event: &Event, out: &mut Vec<u8>) -> Kind {
    match event {
        Event::User(_, event) => user::encode(event, out),
        Event::Session(_, event) => session::encode(event, out),
        Event::System(event) => system::encode(event, out),
    }
}

/// Reads the event of `stream` that `bytes` hold.
pub fn decode(stream: Stream, kind: Kind, bytes: &[u8]) -> Result<Event, DecodeError> {
    let decoded = match stream {
        Stream::User(id) => user::decode(kind, bytes).map(|event| Event::User(id, event)),
        Stream::Session(id) => session::decode(kind, bytes).map(|event| Event::Session(id, event)),
        Stream::System => system::decode(kind, bytes).map(Event::System),
    };
    match decoded {
        Err(DecodeError::UnknownKind(_)) if kinds().any(|known| known == kind) => {
            Err(DecodeError::WrongStream(kind))
        }
        other => other,
    }
}

/// Every kind that can be decoded.
pub fn kinds() -> impl Iterator<Item = Kind> {
    let users =
        [user::BIRTH_KINDS, user::KINDS, user::ACCESS_KINDS, user::ATTEMPT_KINDS, user::MAIL_KINDS];
    let kinds = users.into_iter().chain([session::KINDS, system::KINDS]);
    kinds.flat_map(|kinds| kinds.iter().copied())
}

/// A frozen struct: what a tag and revision name.
trait Frozen: bincode::Encode {
    /// Its number.
    const KIND: Kind;
}

/// Appends a frozen struct and says which it is.
fn put<T: Frozen>(out: &mut Vec<u8>, value: &T) -> Kind {
    codec::write(value, out);
    T::KIND
}

/// Declares frozen structs, and `KINDS` that lists them. Strings and byte strings are borrowed:
/// their bytes are those of `String` and `Vec<u8>`.
macro_rules! frozen {
    ($list:ident: $(
        $(#[$meta:meta])*
        ($tag:literal, $revision:literal) $name:ident $(<$life:tt>)? {
            $($field:ident: $type:ty),* $(,)?
        }
    )*) => {
        $(
            $(#[$meta])*
            #[derive(bincode::Encode, bincode::BorrowDecode)]
            struct $name $(<$life>)? {
                $($field: $type,)*
            }

            impl $(<$life>)? $crate::schema::Frozen for $name $(<$life>)? {
                const KIND: $crate::schema::Kind =
                    $crate::schema::Kind { tag: $tag, revision: $revision };
            }
        )*

        /// The numbers of the frozen structs of this file.
        pub const $list: &[$crate::schema::Kind] =
            &[$($crate::schema::Kind { tag: $tag, revision: $revision },)*];
    };
}
use frozen;
