//! Attempts that failed.

use domain::user;
use domain::user::attempts::{Event, Fault};

use crate::schema::codec::read;
use crate::schema::values::known;
use crate::schema::{DecodeError, Kind, codes, frozen, put};

frozen! { KINDS:
    (69, 1) SignInFailedV1 { reason: u8, count: u32 }
    (70, 1) PasswordCheckFailedV1 { count: u32 }
    (71, 1) TotpCheckFailedV1 { count: u32 }
}

/// Appends the bytes of `event` and says what they are.
pub fn encode(event: Event, out: &mut Vec<u8>) -> Kind {
    let count = event.count;
    match event.fault {
        Fault::Password => put(out, &PasswordCheckFailedV1 { count }),
        Fault::Totp => put(out, &TotpCheckFailedV1 { count }),
        Fault::Refused(why) => put(out, &SignInFailedV1 { reason: codes::refusal(why), count }),
    }
}

/// Reads one of these events.
pub fn decode(kind: Kind, bytes: &[u8]) -> Result<user::Event, DecodeError> {
    let (fault, count) = match (kind.tag, kind.revision) {
        (69, 1) => {
            let SignInFailedV1 { reason, count } = read(bytes)?;
            (Fault::Refused(known("reason", codes::refusal_of(reason))?), count)
        }
        (70, 1) => (Fault::Password, read::<PasswordCheckFailedV1>(bytes)?.count),
        (71, 1) => (Fault::Totp, read::<TotpCheckFailedV1>(bytes)?.count),
        _ => return Err(DecodeError::UnknownKind(kind)),
    };
    Ok(user::Event::Attempt(Event { fault, count }))
}
