//! Mails that are owed, went out, or did not.

use domain::id::Position;
use domain::user;
use domain::user::mail::Event;

use crate::schema::codec::read;
use crate::schema::values::known;
use crate::schema::{DecodeError, Kind, codes, frozen, put};

frozen! { KINDS:
    (122, 1) NotificationSentV1 { mail: u64, kind: u8 }
    (123, 1) NotificationFailedV1 { mail: u64, kind: u8, reason: u8, given_up: bool }
    (124, 1) NotificationRequestedV1 { kind: u8 }
}

/// Appends the bytes of `event` and says what they are.
pub fn encode(event: &Event, out: &mut Vec<u8>) -> Kind {
    match event {
        Event::Sent { mail, kind } => {
            put(out, &NotificationSentV1 { mail: mail.0, kind: codes::mail(*kind) })
        }
        Event::Failed { mail, kind, why, given_up } => {
            let (kind, reason) = (codes::mail(*kind), codes::mail_failure(*why));
            put(out, &NotificationFailedV1 { mail: mail.0, kind, reason, given_up: *given_up })
        }
        Event::Requested { kind } => {
            put(out, &NotificationRequestedV1 { kind: codes::mail(*kind) })
        }
    }
}

/// Reads one of these events.
pub fn decode(kind: Kind, bytes: &[u8]) -> Result<user::Event, DecodeError> {
    let event: Result<Event, DecodeError> = match (kind.tag, kind.revision) {
        (122, 1) => {
            let stored: NotificationSentV1 = read(bytes)?;
            let kind = known("kind", codes::mail_of(stored.kind))?;
            Ok(Event::Sent { mail: Position(stored.mail), kind })
        }
        (123, 1) => {
            let stored: NotificationFailedV1 = read(bytes)?;
            Ok(Event::Failed {
                mail: Position(stored.mail),
                kind: known("kind", codes::mail_of(stored.kind))?,
                why: known("reason", codes::mail_failure_of(stored.reason))?,
                given_up: stored.given_up,
            })
        }
        (124, 1) => {
            let stored: NotificationRequestedV1 = read(bytes)?;
            Ok(Event::Requested { kind: known("kind", codes::mail_of(stored.kind))? })
        }
        _ => Err(DecodeError::UnknownKind(kind)),
    };
    event.map(user::Event::Mail)
}
