//! Who and what scenarios tell of. Secrets are recognisable, so that one that shows is noticed.

use std::sync::Arc;

use ulid::Ulid;

use crate::attributes::{AttributeKey, Namespace, NewAttribute};
use crate::bootstrap::FirstStart;
use crate::fact::Event as Fact;
use crate::id::{CodeId, OrganizationId, SessionId, Slot, TokenId, UserId};
use crate::rejection::{Rejection, ValueFault};
use crate::scenario::START;
use crate::secret::{PasswordHash, TokenHash, TotpSeed};
use crate::session;
use crate::sign_in::{ApplicationGates, SignIn, SignInSettings};
use crate::system::{self, Purpose};
use crate::text::{Email, Name, Username};
use crate::time::{Month, Span, Timestamp};
use crate::user::command::{Administrative, Amendment, Command};
use crate::user::event::{ConfirmationCode, Created, SignedUp};
use crate::user::rate_limit::RateLimitDefinition;
use crate::user::state::{ApprovalStatus, LinkKey, LinkKind, NewPassword, Profile, SignUpStatus};
use crate::user::{Event, access};

/// Of whom most scenarios tell.
pub(crate) const ADA: UserId = UserId(Ulid(1));
/// Who acts, where it is not said otherwise.
pub(crate) const GRACE: UserId = UserId(Ulid(2));
/// A machine.
pub(crate) const ROBOT: UserId = UserId(Ulid(3));
/// Everybody's organization.
pub(crate) const HOME: OrganizationId = OrganizationId(Ulid(4));
/// A session of Ada's.
pub(crate) const SESSION: SessionId = SessionId(Ulid(5));
/// A personal access token of Ada's.
pub(crate) const TOKEN: TokenId = TokenId(Ulid(6));

/// How long passwords last.
pub(crate) const PASSWORD_LIFE: Span = Span::days(730);
/// How long before its end a password expires soon.
pub(crate) const SOON: Span = Span::days(30);

/// Ada signed up, and waits for confirmation and approval.
pub(crate) fn ada_signed_up() -> Event {
    Event::SignedUp(Box::new(ada_signing_up()))
}

/// What Ada signs up with.
pub(crate) fn ada_signing_up() -> SignedUp {
    SignedUp {
        username: username("ada"),
        email: Some(email("ada@example.com")),
        password: password("h1"),
        applications: vec![name("crm"), name("shop")],
        home: HOME,
        approval_needed: true,
        confirmation: ConfirmationCode { id: CodeId(Ulid(7)), token: token(1) },
        totp: seed(1),
        mail_owed: true,
    }
}

/// Ada was created, and may sign in with the password `h1`.
pub(crate) fn ada_created() -> Event {
    ada_created_but(|_| {})
}

/// Ada was created, but for this.
pub(crate) fn ada_created_but(change: impl FnOnce(&mut Created)) -> Event {
    let mut birth = ada_being_created();
    change(&mut birth);
    Event::Created(Box::new(birth))
}

/// What Ada is created with.
pub(crate) fn ada_being_created() -> Created {
    Created {
        username: Some(username("ada")),
        email: Some(email("ada@example.com")),
        profile: Profile {
            display_name: Some(name("Ada Lovelace")),
            first_name: Some(name("Ada")),
            middle_name: None,
            last_name: Some(name("Lovelace")),
        },
        password: Some(password("h1")),
        must_change: false,
        home: HOME,
        sign_up: SignUpStatus::Final,
        approval: ApprovalStatus::Approved,
        locked: false,
        totp: seed(1),
        totp_label: Some(name("phone")),
        totp_enabled: false,
        mail_owed: false,
    }
}

/// A machine was created.
pub(crate) fn machine_created() -> Event {
    Event::MachineCreated { username: username("robot"), name: name("Robot"), home: HOME }
}

/// Something happened to the machine.
pub(crate) fn of_robot(event: Event) -> Fact {
    Fact::User(ROBOT, event)
}

/// This slot seals the origins of this month.
pub(crate) fn month(slot: u32, month: u32) -> system::Event {
    system::Event::SlotAssigned { slot: Slot(slot), purpose: Purpose::Month(Month(month)) }
}

/// Ada has another password.
pub(crate) fn password_changed(hash: &str) -> Event {
    Event::PasswordChanged { password: password(hash), must_change: false }
}

/// Ada has this attribute, for ever.
pub(crate) fn attribute_set(name: &str, value: &str) -> Event {
    attribute_set_until(name, value, Timestamp::NEVER)
}

/// Ada has this attribute, until then.
pub(crate) fn attribute_set_until(name: &str, value: &str, expires: Timestamp) -> Event {
    let value = Some(Arc::from(value));
    Event::AttributeSet { key: key(name), value, encrypted: false, expires }
}

/// Ada has a personal access token.
pub(crate) fn pat_added(expires: Timestamp) -> Event {
    Event::PatAdded { token: TOKEN, hash: token(3), name: name("laptop"), expires }
}

/// A session of Ada's was opened, and ends at `expires`.
pub(crate) fn session_started(expires: Timestamp) -> session::Event {
    session::Event::Started {
        user: ADA,
        token: token(2),
        expires,
        method: session::Method::Password,
        principal: Some(username("ada")),
        link: None,
    }
}

/// An attribute of Ada's session was set, for ever.
pub(crate) fn session_attribute_set(text: &str, value: &str) -> session::Event {
    let (value, expires) = (Some(value.into()), Timestamp::NEVER);
    session::Event::AttributeSet { name: name(text), value, encrypted: false, expires }
}

/// Ada signs in with the password `h1`; nothing stands in the way but what the world says.
pub(crate) fn ada_signs_in() -> SignIn {
    SignIn {
        user: ADA,
        checked: hash("h1"),
        totp: None,
        application: ApplicationGates {
            may_sign_in: true,
            address_allowed: true,
            metadata_in_order: true,
        },
        new_password: None,
        rehashed: None,
        token: token(2),
        session_expires: START.after(Span::days(3_650)),
        settings: SignInSettings {
            expires_soon: SOON,
            may_sign_in_when_soon: true,
            refuse_totp_reuse: true,
        },
    }
}

/// What the first start was told.
pub(crate) fn first_start() -> FirstStart {
    FirstStart {
        organization: name("default"),
        super_user: username("admin"),
        password: password("h9"),
        totp: seed(9),
        machine: username("muster-admin"),
        token: token(9),
    }
}

/// An attribute to be set, for ever if it is new.
pub(crate) fn attribute(name: &str, value: &str) -> NewAttribute {
    NewAttribute { key: key(name), value: Some(value.into()), encrypted: false, expires: None }
}

/// Asks for several changes of Ada.
pub(crate) fn amend(ask: impl FnOnce(&mut Amendment)) -> Command {
    let mut asked = Amendment::default();
    ask(&mut asked);
    Command::Amend(Box::new(asked))
}

/// Asks for changes of Ada that take an administrator.
pub(crate) fn administer(ask: impl FnOnce(&mut Administrative)) -> Command {
    amend(|asked| ask(&mut asked.administrative))
}

pub(crate) fn key(text: &str) -> AttributeKey {
    AttributeKey { namespace: Namespace::Zato, name: name(text) }
}

pub(crate) fn username(text: &str) -> Username {
    Username::parse(text).unwrap()
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A password, lasting [`PASSWORD_LIFE`] from the start.
pub(crate) fn password(text: &str) -> NewPassword {
    NewPassword { hash: hash(text), expires: START.after(PASSWORD_LIFE) }
}

pub(crate) fn hash(text: &str) -> PasswordHash {
    PasswordHash(format!("$argon2id${SECRET}{text}").into())
}

pub(crate) fn seed(number: u8) -> TotpSeed {
    let mut bytes = SECRET.as_bytes().to_vec();
    bytes.push(number);
    TotpSeed(bytes)
}

pub(crate) fn token(number: u8) -> TokenHash {
    let mut bytes = [0xA5; 32];
    bytes[0] = number;
    TokenHash(bytes)
}

pub(crate) fn unacceptable(field: &'static str, fault: ValueFault) -> Rejection {
    Rejection::Unacceptable { field, fault }
}

/// Whether one of the secrets of this file shows in `text`, spelled as text, numbers or hex.
pub(crate) fn shows_a_secret(text: &str) -> bool {
    let text = text.to_lowercase();
    ["argon2", "sesame", "115, 101, 115", "736573616d65", "165, 165", "a5a5"]
        .into_iter()
        .any(|trace| text.contains(trace))
}

/// What stands in every secret text.
pub(crate) const SECRET: &str = "sesame";

/// A reset of Ada's password.
pub(crate) const RESET: CodeId = CodeId(Ulid(7));

/// Ada is created by an administrator, perhaps with limits.
pub(crate) fn create(rate_limit: Option<(bool, Option<RateLimitDefinition>)>) -> Command {
    Command::Create { birth: Box::new(ada_being_created()), rate_limit }
}

/// Ada asked for a reset of her password: token 5, for nine minutes.
pub(crate) fn reset_requested() -> Event {
    let expires = START.after(Span::minutes(9));
    access::Event::ResetRequested { code: RESET, token: token(5), expires, mail_owed: true }.into()
}

/// The reset's token was exchanged for key 6, for five minutes.
pub(crate) fn reset_opened() -> Event {
    let expires = START.after(Span::minutes(5));
    access::Event::ResetOpened { code: RESET, key: token(6), expires }.into()
}

/// A security definition of the server.
pub(crate) fn pubapi() -> LinkKey {
    LinkKey { kind: LinkKind::BasicAuth, definition: name("pubapi") }
}
