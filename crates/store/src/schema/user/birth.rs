//! The frozen structs of the three births of a user.

use bincode::{BorrowDecode, Encode};
use domain::id::{CodeId, OrganizationId};
use domain::secret::TokenHash;
use domain::text::{Email, Name, Username};
use domain::user::Event;
use domain::user::event::{ConfirmationCode, Created, SignedUp};
use domain::user::state::Profile;

use crate::schema::values::{
    NewPasswordV1, UlidBytes, email, known, name, name_if_any, seed, ulid, ulid_bytes, username,
};
use crate::schema::{DecodeError, Kind, codes, frozen, put};

frozen! { KINDS:
    (1, 1) SignedUpV1<'a> {
        username: &'a str,
        email: Option<&'a str>,
        password: NewPasswordV1<'a>,
        applications: Vec<&'a str>,
        home: UlidBytes,
        approval_needed: bool,
        confirmation_id: UlidBytes,
        confirmation_token: [u8; 32],
        totp: &'a [u8],
        mail_owed: bool,
    }
    (2, 1) CreatedV1<'a> {
        username: Option<&'a str>,
        email: Option<&'a str>,
        profile: ProfileV1<'a>,
        password: Option<NewPasswordV1<'a>>,
        must_change: bool,
        home: UlidBytes,
        sign_up: u8,
        approval: u8,
        locked: bool,
        totp: &'a [u8],
        totp_label: Option<&'a str>,
        totp_enabled: bool,
        mail_owed: bool,
    }
    (3, 1) MachineCreatedV1<'a> {
        username: &'a str,
        name: &'a str,
        home: UlidBytes,
    }
}

#[derive(Encode, BorrowDecode)]
#[expect(clippy::struct_field_names, reason = "the domain's names")]
struct ProfileV1<'a> {
    display_name: Option<&'a str>,
    first_name: Option<&'a str>,
    middle_name: Option<&'a str>,
    last_name: Option<&'a str>,
}

pub(super) fn put_signed_up(out: &mut Vec<u8>, birth: &SignedUp) -> Kind {
    put(
        out,
        &SignedUpV1 {
            username: birth.username.as_str(),
            email: birth.email.as_ref().map(Email::as_str),
            password: (&birth.password).into(),
            applications: birth.applications.iter().map(Name::as_str).collect(),
            home: ulid_bytes(birth.home),
            approval_needed: birth.approval_needed,
            confirmation_id: ulid_bytes(birth.confirmation.id),
            confirmation_token: birth.confirmation.token.0,
            totp: &birth.totp.0,
            mail_owed: birth.mail_owed,
        },
    )
}

pub(super) fn put_created(out: &mut Vec<u8>, birth: &Created) -> Kind {
    put(
        out,
        &CreatedV1 {
            username: birth.username.as_ref().map(Username::as_str),
            email: birth.email.as_ref().map(Email::as_str),
            profile: (&birth.profile).into(),
            password: birth.password.as_ref().map(Into::into),
            must_change: birth.must_change,
            home: ulid_bytes(birth.home),
            sign_up: codes::sign_up(birth.sign_up),
            approval: codes::approval(birth.approval),
            locked: birth.locked,
            totp: &birth.totp.0,
            totp_label: birth.totp_label.as_ref().map(Name::as_str),
            totp_enabled: birth.totp_enabled,
            mail_owed: birth.mail_owed,
        },
    )
}

pub(super) fn put_machine_created(
    out: &mut Vec<u8>,
    username: &Username,
    name: &Name,
    home: OrganizationId,
) -> Kind {
    let home = ulid_bytes(home);
    put(out, &MachineCreatedV1 { username: username.as_str(), name: name.as_str(), home })
}

/// Reads the birth that `bytes` hold.
pub(super) fn decode(kind: Kind, bytes: &[u8]) -> Result<Event, DecodeError> {
    use crate::schema::codec::read;
    match (kind.tag, kind.revision) {
        (1, 1) => Ok(Event::SignedUp(Box::new(signed_up(read(bytes)?)?))),
        (2, 1) => Ok(Event::Created(Box::new(created(read(bytes)?)?))),
        (3, 1) => {
            let stored: MachineCreatedV1<'_> = read(bytes)?;
            Ok(Event::MachineCreated {
                username: username(stored.username)?,
                name: name("name", stored.name)?,
                home: OrganizationId(ulid(stored.home)),
            })
        }
        _ => Err(DecodeError::UnknownKind(kind)),
    }
}

fn signed_up(stored: SignedUpV1<'_>) -> Result<SignedUp, DecodeError> {
    let applications = stored.applications.into_iter().map(|text| name("applications", text));
    Ok(SignedUp {
        username: username(stored.username)?,
        email: stored.email.map(email).transpose()?,
        password: stored.password.into(),
        applications: applications.collect::<Result<_, _>>()?,
        home: OrganizationId(ulid(stored.home)),
        approval_needed: stored.approval_needed,
        confirmation: ConfirmationCode {
            id: CodeId(ulid(stored.confirmation_id)),
            token: TokenHash(stored.confirmation_token),
        },
        totp: seed(stored.totp),
        mail_owed: stored.mail_owed,
    })
}

fn created(stored: CreatedV1<'_>) -> Result<Created, DecodeError> {
    Ok(Created {
        username: stored.username.map(username).transpose()?,
        email: stored.email.map(email).transpose()?,
        profile: stored.profile.try_into()?,
        password: stored.password.map(Into::into),
        must_change: stored.must_change,
        home: OrganizationId(ulid(stored.home)),
        sign_up: known("sign_up", codes::sign_up_of(stored.sign_up))?,
        approval: known("approval", codes::approval_of(stored.approval))?,
        locked: stored.locked,
        totp: seed(stored.totp),
        totp_label: name_if_any("totp_label", stored.totp_label)?,
        totp_enabled: stored.totp_enabled,
        mail_owed: stored.mail_owed,
    })
}

impl<'a> From<&'a Profile> for ProfileV1<'a> {
    fn from(profile: &'a Profile) -> Self {
        Self {
            display_name: profile.display_name.as_ref().map(Name::as_str),
            first_name: profile.first_name.as_ref().map(Name::as_str),
            middle_name: profile.middle_name.as_ref().map(Name::as_str),
            last_name: profile.last_name.as_ref().map(Name::as_str),
        }
    }
}

impl TryFrom<ProfileV1<'_>> for Profile {
    type Error = DecodeError;

    fn try_from(stored: ProfileV1<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            display_name: name_if_any("display_name", stored.display_name)?,
            first_name: name_if_any("first_name", stored.first_name)?,
            middle_name: name_if_any("middle_name", stored.middle_name)?,
            last_name: name_if_any("last_name", stored.last_name)?,
        })
    }
}
