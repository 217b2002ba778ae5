//! The frozen structs of users: tags 1 to 255. `birth` has those that begin a stream, `access` the ways
//! in beside the password, `mail` what is owed by mail, `attempts`
//! sign-ins that failed.

mod access;
mod attempts;
mod birth;
mod mail;

use domain::attributes::AttributeKey;
use domain::id::{SessionId, TokenId};
use domain::secret::TokenHash;
use domain::text::{Name, Patch};
use domain::time::Timestamp;
use domain::user::Event;

use super::codec::read;
use super::values::{
    NewPasswordV1, PatchV1, UlidBytes, email, hash, known, name, name_if_any, seed, ulid,
    ulid_bytes, username,
};
use super::{DecodeError, Kind, codes, frozen, put};

pub use access::KINDS as ACCESS_KINDS;
pub use attempts::KINDS as ATTEMPT_KINDS;
pub use birth::KINDS as BIRTH_KINDS;
pub use mail::KINDS as MAIL_KINDS;

frozen! { KINDS:
    (4, 1) SignUpConfirmedV1 {}
    (5, 1) SignUpStatusSetV1 { status: u8 }
    (6, 1) ApprovedV1 {}
    (7, 1) RejectedV1 {}
    (8, 1) ApprovalResetV1 {}
    (9, 1) LockedV1 {}
    (10, 1) UnlockedV1 {}
    (11, 1) UsernameChangedV1<'a> { username: &'a str }
    #[expect(clippy::struct_field_names, reason = "the domain's names")]
    (12, 1) ProfileChangedV1<'a> {
        display_name: PatchV1<'a>,
        first_name: PatchV1<'a>,
        middle_name: PatchV1<'a>,
        last_name: PatchV1<'a>,
    }
    (13, 1) EmailChangedV1<'a> { email: &'a str }
    (14, 1) EmailRemovedV1 {}
    (15, 1) PasswordChangedV1<'a> { password: NewPasswordV1<'a>, must_change: bool }
    (16, 1) PasswordRehashedV1<'a> { hash: &'a str }
    (17, 1) PasswordExpirySetV1 { expires: i64 }
    (18, 1) PasswordMustChangeSetV1 { must_change: bool }
    (19, 1) TotpKeySetV1<'a> { seed: &'a [u8] }
    (20, 1) TotpLabelSetV1<'a> { label: Option<&'a str> }
    (21, 1) TotpEnabledV1 {}
    (22, 1) TotpDisabledV1 {}
    (23, 1) SignedInV1 { session: UlidBytes, totp_step: Option<u64> }
    (24, 1) AttributeSetV1<'a> {
        namespace: u8,
        name: &'a str,
        value: Option<&'a str>,
        encrypted: bool,
        expires: i64,
    }
    (25, 1) AttributeRemovedV1<'a> { namespace: u8, name: &'a str }
    (26, 1) RightGrantedV1 { right: u8 }
    (27, 1) RightRevokedV1 { right: u8 }
    (28, 1) PatAddedV1<'a> {
        token: UlidBytes,
        hash: [u8; 32],
        name: &'a str,
        expires: i64,
    }
    (29, 1) PatRemovedV1 { token: UlidBytes }
    (30, 1) DeletedV1 {}
    (31, 1) ErasedV1 {}
}

/// An erasure: all that it says stands in the head, so it is read without the key that it destroys.
pub const ERASED: Kind = <ErasedV1 as super::Frozen>::KIND;

/// Appends the bytes of `event` and says what they are.
pub fn encode(event: &Event, out: &mut Vec<u8>) -> Kind {
    match event {
        Event::SignedUp(birth) => birth::put_signed_up(out, birth),
        Event::Created(birth) => birth::put_created(out, birth),
        Event::MachineCreated { username, name, home } => {
            birth::put_machine_created(out, username, name, *home)
        }
        Event::SignUpConfirmed => put(out, &SignUpConfirmedV1 {}),
        Event::SignUpStatusSet { status } => {
            put(out, &SignUpStatusSetV1 { status: codes::sign_up(*status) })
        }
        Event::Approved => put(out, &ApprovedV1 {}),
        Event::Rejected => put(out, &RejectedV1 {}),
        Event::ApprovalReset => put(out, &ApprovalResetV1 {}),
        Event::Locked => put(out, &LockedV1 {}),
        Event::Unlocked => put(out, &UnlockedV1 {}),
        Event::UsernameChanged { username } => {
            put(out, &UsernameChangedV1 { username: username.as_str() })
        }
        Event::ProfileChanged { display_name, first_name, middle_name, last_name } => {
            put_profile(out, [display_name, first_name, middle_name, last_name])
        }
        Event::EmailChanged { email } => put(out, &EmailChangedV1 { email: email.as_str() }),
        Event::EmailRemoved => put(out, &EmailRemovedV1 {}),
        Event::PasswordChanged { password, must_change: must } => {
            put(out, &PasswordChangedV1 { password: password.into(), must_change: *must })
        }
        Event::PasswordRehashed { hash } => put(out, &PasswordRehashedV1 { hash: &hash.0 }),
        Event::PasswordExpirySet { expires } => {
            put(out, &PasswordExpirySetV1 { expires: expires.0 })
        }
        Event::PasswordMustChangeSet { must_change } => {
            put(out, &PasswordMustChangeSetV1 { must_change: *must_change })
        }
        Event::TotpKeySet { seed } => put(out, &TotpKeySetV1 { seed: &seed.0 }),
        Event::TotpLabelSet { label } => {
            put(out, &TotpLabelSetV1 { label: label.as_ref().map(Name::as_str) })
        }
        Event::TotpEnabled => put(out, &TotpEnabledV1 {}),
        Event::TotpDisabled => put(out, &TotpDisabledV1 {}),
        Event::SignedIn { session, totp_step } => {
            put(out, &SignedInV1 { session: ulid_bytes(*session), totp_step: *totp_step })
        }
        Event::AttributeSet { key, value, encrypted, expires } => {
            put_attribute(out, key, value.as_deref(), *encrypted, *expires)
        }
        Event::AttributeRemoved { key } => {
            let namespace = codes::namespace(key.namespace);
            put(out, &AttributeRemovedV1 { namespace, name: key.name.as_str() })
        }
        Event::RightGranted { right } => put(out, &RightGrantedV1 { right: codes::right(*right) }),
        Event::RightRevoked { right } => put(out, &RightRevokedV1 { right: codes::right(*right) }),
        Event::PatAdded { token, hash, name, expires } => {
            put_pat(out, *token, hash, name, *expires)
        }
        Event::PatRemoved { token } => put(out, &PatRemovedV1 { token: ulid_bytes(*token) }),
        Event::Deleted => put(out, &DeletedV1 {}),
        Event::Erased => put(out, &ErasedV1 {}),
        Event::Access(event) => access::encode(event, out),
        Event::Mail(event) => mail::encode(event, out),
        Event::Attempt(event) => attempts::encode(*event, out),
    }
}

/// Reads the event that `bytes` hold.
pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Event, DecodeError> {
    match (kind.tag, kind.revision) {
        (1..=3, _) => birth::decode(kind, bytes),
        (4, 1) => read::<SignUpConfirmedV1>(bytes).map(|_| Event::SignUpConfirmed),
        (5, 1) => read::<SignUpStatusSetV1>(bytes)?.event(),
        (6, 1) => read::<ApprovedV1>(bytes).map(|_| Event::Approved),
        (7, 1) => read::<RejectedV1>(bytes).map(|_| Event::Rejected),
        (8, 1) => read::<ApprovalResetV1>(bytes).map(|_| Event::ApprovalReset),
        (9, 1) => read::<LockedV1>(bytes).map(|_| Event::Locked),
        (10, 1) => read::<UnlockedV1>(bytes).map(|_| Event::Unlocked),
        (11, 1) => read::<UsernameChangedV1<'_>>(bytes)?.event(),
        (12, 1) => read::<ProfileChangedV1<'_>>(bytes)?.event(),
        (13, 1) => read::<EmailChangedV1<'_>>(bytes)?.event(),
        (14, 1) => read::<EmailRemovedV1>(bytes).map(|_| Event::EmailRemoved),
        (15, 1) => Ok(read::<PasswordChangedV1<'_>>(bytes)?.event()),
        (16, 1) => Ok(read::<PasswordRehashedV1<'_>>(bytes)?.event()),
        (17, 1) => Ok(read::<PasswordExpirySetV1>(bytes)?.event()),
        (18, 1) => Ok(read::<PasswordMustChangeSetV1>(bytes)?.event()),
        (19, 1) => Ok(read::<TotpKeySetV1<'_>>(bytes)?.event()),
        (20, 1) => read::<TotpLabelSetV1<'_>>(bytes)?.event(),
        (21, 1) => read::<TotpEnabledV1>(bytes).map(|_| Event::TotpEnabled),
        (22, 1) => read::<TotpDisabledV1>(bytes).map(|_| Event::TotpDisabled),
        (23, 1) => Ok(read::<SignedInV1>(bytes)?.event()),
        (24, 1) => read::<AttributeSetV1<'_>>(bytes)?.event(),
        (25, 1) => read::<AttributeRemovedV1<'_>>(bytes)?.event(),
        (26, 1) => read::<RightGrantedV1>(bytes)?.event(),
        (27, 1) => read::<RightRevokedV1>(bytes)?.event(),
        (28, 1) => read::<PatAddedV1<'_>>(bytes)?.event(),
        (29, 1) => Ok(read::<PatRemovedV1>(bytes)?.event()),
        (30, 1) => read::<DeletedV1>(bytes).map(|_| Event::Deleted),
        (31, 1) => read::<ErasedV1>(bytes).map(|_| Event::Erased),
        (69..=71, _) => attempts::decode(kind, bytes),
        (66..=68 | 104 | 105 | 121 | 125, _) => access::decode(kind, bytes),
        (122..=124, _) => mail::decode(kind, bytes),
        _ => Err(DecodeError::UnknownKind(kind)),
    }
}

fn put_profile(out: &mut Vec<u8>, names: [&Patch<Name>; 4]) -> Kind {
    let [display_name, first_name, middle_name, last_name] = names.map(PatchV1::from);
    put(out, &ProfileChangedV1 { display_name, first_name, middle_name, last_name })
}

fn put_attribute(
    out: &mut Vec<u8>,
    key: &AttributeKey,
    value: Option<&str>,
    encrypted: bool,
    expires: Timestamp,
) -> Kind {
    let (namespace, name) = (codes::namespace(key.namespace), key.name.as_str());
    put(out, &AttributeSetV1 { namespace, name, value, encrypted, expires: expires.0 })
}

fn put_pat(
    out: &mut Vec<u8>,
    token: TokenId,
    hash: &TokenHash,
    name: &Name,
    expires: Timestamp,
) -> Kind {
    let (token, name) = (ulid_bytes(token), name.as_str());
    put(out, &PatAddedV1 { token, hash: hash.0, name, expires: expires.0 })
}

fn attribute_key(namespace: u8, text: &str) -> Result<AttributeKey, DecodeError> {
    let namespace = known("namespace", codes::namespace_of(namespace))?;
    Ok(AttributeKey { namespace, name: name("name", text)? })
}

impl SignUpStatusSetV1 {
    fn event(self) -> Result<Event, DecodeError> {
        Ok(Event::SignUpStatusSet { status: known("status", codes::sign_up_of(self.status))? })
    }
}

impl UsernameChangedV1<'_> {
    fn event(self) -> Result<Event, DecodeError> {
        Ok(Event::UsernameChanged { username: username(self.username)? })
    }
}

impl ProfileChangedV1<'_> {
    fn event(self) -> Result<Event, DecodeError> {
        Ok(Event::ProfileChanged {
            display_name: self.display_name.of_name("display_name")?,
            first_name: self.first_name.of_name("first_name")?,
            middle_name: self.middle_name.of_name("middle_name")?,
            last_name: self.last_name.of_name("last_name")?,
        })
    }
}

impl EmailChangedV1<'_> {
    fn event(self) -> Result<Event, DecodeError> {
        Ok(Event::EmailChanged { email: email(self.email)? })
    }
}

impl PasswordChangedV1<'_> {
    fn event(self) -> Event {
        Event::PasswordChanged { password: self.password.into(), must_change: self.must_change }
    }
}

impl PasswordRehashedV1<'_> {
    fn event(self) -> Event {
        Event::PasswordRehashed { hash: hash(self.hash) }
    }
}

impl PasswordExpirySetV1 {
    fn event(self) -> Event {
        Event::PasswordExpirySet { expires: Timestamp(self.expires) }
    }
}

impl PasswordMustChangeSetV1 {
    fn event(self) -> Event {
        Event::PasswordMustChangeSet { must_change: self.must_change }
    }
}

impl TotpKeySetV1<'_> {
    fn event(self) -> Event {
        Event::TotpKeySet { seed: seed(self.seed) }
    }
}

impl TotpLabelSetV1<'_> {
    fn event(self) -> Result<Event, DecodeError> {
        Ok(Event::TotpLabelSet { label: name_if_any("label", self.label)? })
    }
}

impl SignedInV1 {
    fn event(self) -> Event {
        Event::SignedIn { session: SessionId(ulid(self.session)), totp_step: self.totp_step }
    }
}

impl AttributeSetV1<'_> {
    fn event(self) -> Result<Event, DecodeError> {
        Ok(Event::AttributeSet {
            key: attribute_key(self.namespace, self.name)?,
            value: self.value.map(Into::into),
            encrypted: self.encrypted,
            expires: Timestamp(self.expires),
        })
    }
}

impl AttributeRemovedV1<'_> {
    fn event(self) -> Result<Event, DecodeError> {
        Ok(Event::AttributeRemoved { key: attribute_key(self.namespace, self.name)? })
    }
}

impl RightGrantedV1 {
    fn event(self) -> Result<Event, DecodeError> {
        Ok(Event::RightGranted { right: known("right", codes::right_of(self.right))? })
    }
}

impl RightRevokedV1 {
    fn event(self) -> Result<Event, DecodeError> {
        Ok(Event::RightRevoked { right: known("right", codes::right_of(self.right))? })
    }
}

impl PatAddedV1<'_> {
    fn event(self) -> Result<Event, DecodeError> {
        Ok(Event::PatAdded {
            token: TokenId(ulid(self.token)),
            hash: TokenHash(self.hash),
            name: name("name", self.name)?,
            expires: Timestamp(self.expires),
        })
    }
}

impl PatRemovedV1 {
    fn event(self) -> Event {
        Event::PatRemoved { token: TokenId(ulid(self.token)) }
    }
}
