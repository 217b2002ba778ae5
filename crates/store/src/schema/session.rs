//! The frozen structs of sessions: tags 256 to 511.

use std::sync::Arc;

use domain::id::UserId;
use domain::secret::TokenHash;
use domain::session::{Event, Through};
use domain::text::Username;
use domain::time::Timestamp;
use domain::user::state::LinkKey;

use super::codec::read;
use super::values::{UlidBytes, known, name, ulid, ulid_bytes, username};
use super::{DecodeError, Kind, codes, frozen, put};

/// The tag of `session.started`, one of the two facts whose origin is shown.
pub const STARTED: u16 = 256;
/// The tag of `session.renewed`, the other.
pub const RENEWED: u16 = 257;

frozen! { KINDS:
    (256, 1) StartedV1<'a> {
        user: UlidBytes,
        token: [u8; 32],
        expires: i64,
        method: u8,
        principal: Option<&'a str>,
    }
    (256, 2) StartedV2<'a> {
        user: UlidBytes,
        token: [u8; 32],
        expires: i64,
        method: u8,
        principal: Option<&'a str>,
        link: Option<ThroughV2<'a>>,
    }
    (257, 1) RenewedV1 {
        expires: i64,
    }
    (258, 1) EndedV1 {
        reason: u8,
    }
    (260, 1) AttributeSetV1<'a> {
        name: &'a str,
        value: Option<&'a str>,
        encrypted: bool,
        expires: i64,
    }
    (261, 1) AttributeRemovedV1<'a> { name: &'a str }
}

/// The link that a session was opened through.
#[derive(bincode::Encode, bincode::BorrowDecode)]
struct ThroughV2<'a> {
    kind: u8,
    definition: &'a str,
    bearer: Option<[u8; 32]>,
}

impl<'a> From<StartedV1<'a>> for StartedV2<'a> {
    fn from(old: StartedV1<'a>) -> Self {
        let StartedV1 { user, token, expires, method, principal } = old;
        Self { user, token, expires, method, principal, link: None }
    }
}

/// Appends the bytes of `event` and says what they are.
pub fn encode(event: &Event, out: &mut Vec<u8>) -> Kind {
    match event {
        Event::Started { user, token, expires, method, principal, link } => put(
            out,
            &StartedV2 {
                user: ulid_bytes(*user),
                token: token.0,
                expires: expires.0,
                method: codes::method(*method),
                principal: principal.as_ref().map(Username::as_str),
                link: link.as_deref().map(|through| ThroughV2 {
                    kind: codes::link(through.link.kind),
                    definition: through.link.definition.as_str(),
                    bearer: through.bearer.as_ref().map(|bearer| bearer.0),
                }),
            },
        ),
        Event::Renewed { expires } => put(out, &RenewedV1 { expires: expires.0 }),
        Event::Ended { reason } => put(out, &EndedV1 { reason: codes::end_reason(*reason) }),
        Event::AttributeSet { name, value, encrypted, expires } => put(
            out,
            &AttributeSetV1 {
                name: name.as_str(),
                value: value.as_deref(),
                encrypted: *encrypted,
                expires: expires.0,
            },
        ),
        Event::AttributeRemoved { name } => put(out, &AttributeRemovedV1 { name: name.as_str() }),
    }
}

/// Reads the event that `bytes` hold.
pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Event, DecodeError> {
    match (kind.tag, kind.revision) {
        (256, 1) => started(&read::<StartedV1<'_>>(bytes)?.into()),
        (256, 2) => started(&read(bytes)?),
        (257, 1) => Ok(Event::Renewed { expires: Timestamp(read::<RenewedV1>(bytes)?.expires) }),
        (258, 1) => {
            let reason = codes::end_reason_of(read::<EndedV1>(bytes)?.reason);
            Ok(Event::Ended { reason: known("reason", reason)? })
        }
        (260, 1) => attribute_set(&read(bytes)?),
        (261, 1) => {
            let stored = read::<AttributeRemovedV1<'_>>(bytes)?;
            Ok(Event::AttributeRemoved { name: name("name", stored.name)? })
        }
        _ => Err(DecodeError::UnknownKind(kind)),
    }
}

fn attribute_set(stored: &AttributeSetV1<'_>) -> Result<Event, DecodeError> {
    Ok(Event::AttributeSet {
        name: name("name", stored.name)?,
        value: stored.value.map(Into::into),
        encrypted: stored.encrypted,
        expires: Timestamp(stored.expires),
    })
}

fn started(stored: &StartedV2<'_>) -> Result<Event, DecodeError> {
    Ok(Event::Started {
        user: UserId(ulid(stored.user)),
        token: TokenHash(stored.token),
        expires: Timestamp(stored.expires),
        method: known("method", codes::method_of(stored.method))?,
        principal: stored.principal.map(username).transpose()?,
        link: stored.link.as_ref().map(through).transpose()?.map(Arc::new),
    })
}

fn through(stored: &ThroughV2<'_>) -> Result<Through, DecodeError> {
    let kind = known("kind", codes::link_of(stored.kind))?;
    Ok(Through {
        link: LinkKey { kind, definition: name("definition", stored.definition)? },
        bearer: stored.bearer.map(TokenHash),
    })
}
