//! The frozen structs of the system stream: tags 768 to 1023. They are kept in clear.

use domain::id::{OrganizationId, Position, Slot, UserId};
use domain::system::audit::{Denied, Read, Subject};
use domain::system::{Event, Exported, Purpose, Restored, UnknownName};
use domain::time::{Month, Timestamp};

use super::codec::read;
use super::values::{UlidBytes, name, ulid, ulid_bytes};
use super::{DecodeError, Kind, codes, frozen, put};

frozen! { KINDS:
    (768, 1) BootstrappedV1<'a> {
        organization: UlidBytes,
        name: &'a str,
    }
    (769, 1) SlotAssignedV1 {
        slot: u32,
        purpose: u8,
        month: u32,
    }
    (770, 1) ApplicationNamedV1<'a> {
        number: u16,
        name: &'a str,
    }
    (771, 1) ViewsRebuiltV1 {
        facts: u64,
        digest: [u8; 32],
    }
    (772, 1) ClockJumpedV1 {
        expected: i64,
        read: i64,
    }
    (776, 1) EventsExportedV1 {
        from: u64,
        to: u64,
        digest: [u8; 32],
    }
    (780, 1) RestoredV1 {
        epoch: u32,
        position: u64,
        root: [u8; 32],
    }
    (781, 1) OriginsForgottenV1 {
        slot: u32,
        month: u32,
    }
    (782, 1) SignInFailedV1 {
        name: [u8; 32],
        count: u32,
    }
    (783, 1) RequestDeniedV1 {
        act: u16,
        target: Option<UlidBytes>,
        reason: u8,
        count: u32,
    }
    (784, 1) AuditReadV1 {
        user: Option<UlidBytes>,
        hour: i64,
    }
}

/// Appends the bytes of `event` and says what they are.
pub fn encode(event: &Event, out: &mut Vec<u8>) -> Kind {
    match event {
        Event::Bootstrapped { organization, name } => {
            let organization = ulid_bytes(*organization);
            put(out, &BootstrappedV1 { organization, name: name.as_str() })
        }
        Event::SlotAssigned { slot, purpose } => {
            let (purpose, month) = purpose_codes(*purpose);
            put(out, &SlotAssignedV1 { slot: slot.0, purpose, month })
        }
        Event::ApplicationNamed { number, name } => {
            put(out, &ApplicationNamedV1 { number: *number, name: name.as_str() })
        }
        Event::ViewsRebuilt { facts, digest } => {
            put(out, &ViewsRebuiltV1 { facts: *facts, digest: *digest })
        }
        Event::ClockJumped { expected, read } => {
            put(out, &ClockJumpedV1 { expected: expected.0, read: read.0 })
        }
        Event::EventsExported(Exported { from, to, digest }) => {
            put(out, &EventsExportedV1 { from: from.0, to: to.0, digest: *digest })
        }
        Event::Restored(Restored { epoch, position, root }) => {
            put(out, &RestoredV1 { epoch: *epoch, position: position.0, root: *root })
        }
        Event::OriginsForgotten { slot, month } => {
            put(out, &OriginsForgottenV1 { slot: slot.0, month: month.0 })
        }
        Event::SignInFailed(UnknownName { name, count }) => {
            put(out, &SignInFailedV1 { name: *name, count: *count })
        }
        Event::RequestDenied(Denied { act, target, reason, count }) => {
            let (act, reason) = (codes::act(*act), codes::denial(*reason));
            let target = target.map(ulid_bytes);
            put(out, &RequestDeniedV1 { act, target, reason, count: *count })
        }
        Event::AuditRead(Read { subject, hour }) => {
            let user = match subject {
                Subject::User(id) => Some(ulid_bytes(*id)),
                Subject::Feed => None,
            };
            put(out, &AuditReadV1 { user, hour: hour.0 })
        }
    }
}

/// Reads the event that `bytes` hold.
pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Event, DecodeError> {
    match (kind.tag, kind.revision) {
        (768, 1) => {
            let stored: BootstrappedV1<'_> = read(bytes)?;
            let organization = OrganizationId(ulid(stored.organization));
            Ok(Event::Bootstrapped { organization, name: name("name", stored.name)? })
        }
        (769, 1) => {
            let stored: SlotAssignedV1 = read(bytes)?;
            let purpose = purpose(stored.purpose, stored.month)?;
            Ok(Event::SlotAssigned { slot: Slot(stored.slot), purpose })
        }
        (770, 1) => {
            let stored: ApplicationNamedV1<'_> = read(bytes)?;
            Ok(Event::ApplicationNamed { number: stored.number, name: name("name", stored.name)? })
        }
        (771, 1) => {
            let ViewsRebuiltV1 { facts, digest } = read(bytes)?;
            Ok(Event::ViewsRebuilt { facts, digest })
        }
        (772, 1) => {
            let stored: ClockJumpedV1 = read(bytes)?;
            let (expected, read) = (Timestamp(stored.expected), Timestamp(stored.read));
            Ok(Event::ClockJumped { expected, read })
        }
        (776, 1) => {
            let EventsExportedV1 { from, to, digest } = read(bytes)?;
            let (from, to) = (Position(from), Position(to));
            Ok(Event::EventsExported(Exported { from, to, digest }))
        }
        (780, 1) => {
            let RestoredV1 { epoch, position, root } = read(bytes)?;
            Ok(Event::Restored(Restored { epoch, position: Position(position), root }))
        }
        (781, 1) => {
            let OriginsForgottenV1 { slot, month } = read(bytes)?;
            Ok(Event::OriginsForgotten { slot: Slot(slot), month: Month(month) })
        }
        (782, 1) => {
            let SignInFailedV1 { name, count } = read(bytes)?;
            Ok(Event::SignInFailed(UnknownName { name, count }))
        }
        (783, 1) => {
            let RequestDeniedV1 { act, target, reason, count } = read(bytes)?;
            let act = codes::act_of(act).ok_or(DecodeError::Value("act"))?;
            let reason = codes::denial_of(reason).ok_or(DecodeError::Value("reason"))?;
            let target = target.map(|bytes| UserId(ulid(bytes)));
            Ok(Event::RequestDenied(Denied { act, target, reason, count }))
        }
        (784, 1) => {
            let AuditReadV1 { user, hour } = read(bytes)?;
            let subject = user.map_or(Subject::Feed, |bytes| Subject::User(UserId(ulid(bytes))));
            Ok(Event::AuditRead(Read { subject, hour: Timestamp(hour) }))
        }
        _ => Err(DecodeError::UnknownKind(kind)),
    }
}

/// The number of a purpose, and its month; 0 where it has none.
fn purpose_codes(purpose: Purpose) -> (u8, u32) {
    match purpose {
        Purpose::Codes => (codes::PURPOSE_CODES, 0),
        Purpose::Index => (codes::PURPOSE_INDEX, 0),
        Purpose::Tokens => (codes::PURPOSE_TOKENS, 0),
        Purpose::Checkpoints => (codes::PURPOSE_CHECKPOINTS, 0),
        Purpose::Month(month) => (codes::PURPOSE_MONTH, month.0),
    }
}

fn purpose(code: u8, month: u32) -> Result<Purpose, DecodeError> {
    match (code, month) {
        (codes::PURPOSE_CODES, 0) => Ok(Purpose::Codes),
        (codes::PURPOSE_INDEX, 0) => Ok(Purpose::Index),
        (codes::PURPOSE_TOKENS, 0) => Ok(Purpose::Tokens),
        (codes::PURPOSE_CHECKPOINTS, 0) => Ok(Purpose::Checkpoints),
        (codes::PURPOSE_MONTH, month) => Ok(Purpose::Month(Month(month))),
        _ => Err(DecodeError::Value("purpose")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_month_has_a_month() {
        assert_eq!(purpose(codes::PURPOSE_INDEX, 202_611), Err(DecodeError::Value("purpose")));
        assert_eq!(purpose(6, 0), Err(DecodeError::Value("purpose")));
        let month = Purpose::Month(Month(202_611));
        assert_eq!(purpose(codes::PURPOSE_MONTH, 202_611), Ok(month));
    }
}
