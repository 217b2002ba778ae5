//! Ways in beside the password on record: resets of it, linked accounts and their limits.

use domain::id::CodeId;
use domain::secret::TokenHash;
use domain::time::Timestamp;
use domain::user;
use domain::user::access::Event;
use domain::user::rate_limit::RateLimitDefinition;
use domain::user::state::LinkKey;

use crate::schema::codec::read;
use crate::schema::values::{UlidBytes, known, name, ulid, ulid_bytes};
use crate::schema::{DecodeError, Kind, codes, frozen, put};

frozen! { KINDS:
    (66, 1) PasswordResetRequestedV1 {
        code: UlidBytes,
        token: [u8; 32],
        expires: i64,
        mail_owed: bool,
    }
    (67, 1) PasswordResetOpenedV1 { code: UlidBytes, key: [u8; 32], expires: i64 }
    (68, 1) PasswordResetUsedV1 { code: UlidBytes }
    (104, 1) AccountLinkedV1<'a> { kind: u8, definition: &'a str, active: bool }
    (105, 1) AccountUnlinkedV1<'a> { kind: u8, definition: &'a str }
    (121, 1) RateLimitSetV1<'a> { active: bool, definition: Option<&'a str> }
    (125, 1) SessionsEndedV1 {}
}

/// Appends the bytes of `event` and says what they are.
pub fn encode(event: &Event, out: &mut Vec<u8>) -> Kind {
    match event {
        Event::ResetRequested { code, token, expires, mail_owed } => {
            let (code, token, expires) = (ulid_bytes(*code), token.0, expires.0);
            let mail_owed = *mail_owed;
            put(out, &PasswordResetRequestedV1 { code, token, expires, mail_owed })
        }
        Event::ResetOpened { code, key, expires } => {
            let (code, key, expires) = (ulid_bytes(*code), key.0, expires.0);
            put(out, &PasswordResetOpenedV1 { code, key, expires })
        }
        Event::ResetUsed { code } => put(out, &PasswordResetUsedV1 { code: ulid_bytes(*code) }),
        Event::Linked { link, active } => {
            let (kind, definition) = (codes::link(link.kind), link.definition.as_str());
            put(out, &AccountLinkedV1 { kind, definition, active: *active })
        }
        Event::Unlinked { link } => {
            let (kind, definition) = (codes::link(link.kind), link.definition.as_str());
            put(out, &AccountUnlinkedV1 { kind, definition })
        }
        Event::SessionsEnded => put(out, &SessionsEndedV1 {}),
        Event::RateLimitSet { active, definition } => {
            let definition = definition.as_ref().map(RateLimitDefinition::as_str);
            put(out, &RateLimitSetV1 { active: *active, definition })
        }
    }
}

/// Reads one of these events.
pub fn decode(kind: Kind, bytes: &[u8]) -> Result<user::Event, DecodeError> {
    let event: Result<Event, DecodeError> = match (kind.tag, kind.revision) {
        (66, 1) => {
            let stored: PasswordResetRequestedV1 = read(bytes)?;
            Ok(Event::ResetRequested {
                code: CodeId(ulid(stored.code)),
                token: TokenHash(stored.token),
                expires: Timestamp(stored.expires),
                mail_owed: stored.mail_owed,
            })
        }
        (67, 1) => {
            let stored: PasswordResetOpenedV1 = read(bytes)?;
            Ok(Event::ResetOpened {
                code: CodeId(ulid(stored.code)),
                key: TokenHash(stored.key),
                expires: Timestamp(stored.expires),
            })
        }
        (68, 1) => {
            let stored: PasswordResetUsedV1 = read(bytes)?;
            Ok(Event::ResetUsed { code: CodeId(ulid(stored.code)) })
        }
        (104, 1) => {
            let stored: AccountLinkedV1<'_> = read(bytes)?;
            let link = link(stored.kind, stored.definition)?;
            Ok(Event::Linked { link, active: stored.active })
        }
        (105, 1) => {
            let stored: AccountUnlinkedV1<'_> = read(bytes)?;
            Ok(Event::Unlinked { link: link(stored.kind, stored.definition)? })
        }
        (121, 1) => {
            let stored: RateLimitSetV1<'_> = read(bytes)?;
            let definition = stored.definition.map(RateLimitDefinition::parse).transpose();
            let definition = definition.map_err(|_| DecodeError::Value("definition"))?;
            Ok(Event::RateLimitSet { active: stored.active, definition })
        }
        (125, 1) => read::<SessionsEndedV1>(bytes).map(|_| Event::SessionsEnded),
        _ => Err(DecodeError::UnknownKind(kind)),
    };
    event.map(user::Event::Access)
}

fn link(kind: u8, definition: &str) -> Result<LinkKey, DecodeError> {
    let kind = known("kind", codes::link_of(kind))?;
    Ok(LinkKey { kind, definition: name("definition", definition)? })
}
