//! One of every event, once with every field filled and once with as little as it can hold: what
//! `golden/*.hex` keeps the bytes of. From the first release on, those files are never changed.

use std::sync::Arc;

use domain::attributes::{AttributeKey, Namespace};
use domain::fact::Event;
use domain::id::{CodeId, OrganizationId, Position, SessionId, Slot, TokenId, UserId};
use domain::policy::{Act, Right};
use domain::rejection::Denial;
use domain::secret::{PasswordHash, TokenHash, TotpSeed};
use domain::session::{self, EndReason, Method, Through};
use domain::system::audit::{Denied, Read, Subject};
use domain::system::{self, Exported, Purpose, Restored, UnknownName};
use domain::text::{Email, Name, Patch, Username};
use domain::time::{Month, Timestamp};
use domain::user;
use domain::user::event::{ConfirmationCode, Created, SignedUp};
use domain::user::rate_limit::RateLimitDefinition;
use domain::user::state::{ApprovalStatus, LinkKey, LinkKind, NewPassword, Profile, SignUpStatus};
use ulid::Ulid;

/// The user whose events these are.
pub const USER: UserId = UserId(Ulid(0x0192_E5A0_7C00_1111_2222_3333_4444_5555));
/// The session whose events these are.
pub const SESSION: SessionId = SessionId(Ulid(0x0192_E5A0_7C01_1111_2222_3333_4444_6666));

/// Every event, in the order of tags.
pub fn samples() -> Vec<Event> {
    let users = births().into_iter().chain(accounts()).chain(factors()).chain(belongings());
    users
        .chain(ways_in().into_iter().map(user::Event::from))
        .chain(attempts().into_iter().map(user::Event::Attempt))
        .chain(mails().into_iter().map(user::Event::from))
        .map(|event| Event::User(USER, event))
        .chain(sessions().into_iter().map(|event| Event::Session(SESSION, event)))
        .chain(system().into_iter().map(Event::System))
        .collect()
}

const AT: Timestamp = Timestamp(1_764_000_000_123_456);

fn births() -> Vec<user::Event> {
    use user::Event::{Created as Create, MachineCreated, SignedUp as SignUp};
    let home = OrganizationId(Ulid(0x0192_E5A0_7C02_1111_2222_3333_4444_7777));
    let code = CodeId(Ulid(0x0192_E5A0_7C03_1111_2222_3333_4444_8888));
    let confirmation = ConfirmationCode { id: code, token: TokenHash([0xC0; 32]) };
    let signed_up = SignedUp {
        username: username("Ada"),
        email: Some(email("ada@example.org")),
        password: password(AT),
        applications: vec![name("CRM"), name("Intranet")],
        home,
        approval_needed: true,
        confirmation,
        totp: TotpSeed((0..20).collect()),
        mail_owed: true,
    };
    let created = Created {
        username: Some(username("grace")),
        email: Some(email("grace@example.org")),
        profile: Profile {
            display_name: Some(name("Grace Brewster Hopper")),
            first_name: Some(name("Grace")),
            middle_name: Some(name("Brewster")),
            last_name: Some(name("Hopper")),
        },
        password: Some(password(Timestamp::NEVER)),
        must_change: true,
        home,
        sign_up: SignUpStatus::ToApprove,
        approval: ApprovalStatus::Rejected,
        locked: true,
        totp: TotpSeed(vec![0xFF; 32]),
        totp_label: Some(name("phone")),
        totp_enabled: true,
        mail_owed: true,
    };
    let signed_up_bare = SignedUp {
        email: None,
        applications: vec![],
        approval_needed: false,
        totp: TotpSeed(vec![]),
        mail_owed: false,
        ..signed_up.clone()
    };
    let created_bare = Created {
        username: None,
        email: None,
        profile: Profile::default(),
        password: None,
        must_change: false,
        home,
        sign_up: SignUpStatus::Final,
        approval: ApprovalStatus::Approved,
        locked: false,
        totp: TotpSeed(vec![]),
        totp_label: None,
        totp_enabled: false,
        mail_owed: false,
    };
    vec![
        SignUp(Box::new(signed_up)),
        SignUp(Box::new(signed_up_bare)),
        Create(Box::new(created)),
        Create(Box::new(created_bare)),
        MachineCreated { username: username("backup"), name: name("Nightly backup"), home },
    ]
}

fn accounts() -> Vec<user::Event> {
    use user::Event as E;
    vec![
        E::SignUpConfirmed,
        E::SignUpStatusSet { status: SignUpStatus::BeforeConfirmation },
        E::SignUpStatusSet { status: SignUpStatus::Final },
        E::Approved,
        E::Rejected,
        E::ApprovalReset,
        E::Locked,
        E::Unlocked,
        E::UsernameChanged { username: username("Ada King") },
        E::ProfileChanged {
            display_name: Patch::Set(name("Ada Lovelace")),
            first_name: Patch::Set(name("Ada")),
            middle_name: Patch::Set(name("King")),
            last_name: Patch::Set(name("Lovelace")),
        },
        E::ProfileChanged {
            display_name: Patch::Keep,
            first_name: Patch::Clear,
            middle_name: Patch::Clear,
            last_name: Patch::Keep,
        },
        E::EmailChanged { email: email("Ada@Example.org") },
        E::EmailRemoved,
    ]
}

fn factors() -> Vec<user::Event> {
    use user::Event as E;
    vec![
        E::PasswordChanged { password: password(AT), must_change: true },
        E::PasswordChanged { password: password(Timestamp::NEVER), must_change: false },
        E::PasswordRehashed { hash: password(AT).hash },
        E::PasswordExpirySet { expires: Timestamp(-1) },
        E::PasswordMustChangeSet { must_change: true },
        E::TotpKeySet { seed: TotpSeed((1..=20).collect()) },
        E::TotpLabelSet { label: Some(name("tablet")) },
        E::TotpLabelSet { label: None },
        E::TotpEnabled,
        E::TotpDisabled,
        E::SignedIn { session: SESSION, totp_step: Some(58_800_004) },
        E::SignedIn { session: SESSION, totp_step: None },
    ]
}

fn belongings() -> Vec<user::Event> {
    use user::Event as E;
    let key = AttributeKey { namespace: Namespace::Zato, name: name("größe") };
    let token = TokenId(Ulid(0x0192_E5A0_7C04_1111_2222_3333_4444_9999));
    vec![
        E::AttributeSet {
            key: key.clone(),
            value: Some(r#"{"cm":181}"#.into()),
            encrypted: true,
            expires: AT,
        },
        E::AttributeSet {
            key: key.clone(),
            value: None,
            encrypted: false,
            expires: Timestamp::NEVER,
        },
        E::AttributeRemoved { key },
        E::RightGranted { right: Right::SuperUser },
        E::RightGranted { right: Right::Operator },
        E::RightRevoked { right: Right::Auditor },
        E::PatAdded { token, hash: TokenHash([0xA5; 32]), name: name("laptop"), expires: AT },
        E::PatRemoved { token },
        E::Deleted,
        E::Erased,
    ]
}

fn ways_in() -> Vec<user::access::Event> {
    use user::access::Event as E;
    let code = CodeId(Ulid(0x0192_E5A0_7C05_1111_2222_3333_4444_AAAA));
    let link = |kind, text| LinkKey { kind, definition: name(text) };
    let rules = RateLimitDefinition::parse("10.0.0.0/8 = 5/m\n* = 1/d").ok();
    vec![
        E::ResetRequested { code, token: TokenHash([0xB5; 32]), expires: AT, mail_owed: true },
        E::ResetOpened { code, key: TokenHash([0xC5; 32]), expires: AT },
        E::ResetUsed { code },
        E::Linked { link: link(LinkKind::BasicAuth, "pubapi"), active: true },
        E::Linked { link: link(LinkKind::Jwt, "größe"), active: false },
        E::Unlinked { link: link(LinkKind::BasicAuth, "pubapi") },
        E::RateLimitSet { active: true, definition: rules },
        E::RateLimitSet { active: false, definition: None },
        E::SessionsEnded,
    ]
}

fn attempts() -> Vec<user::attempts::Event> {
    use user::attempts::{Event as E, Fault, Refusal};
    vec![
        E { fault: Fault::Refused(Refusal::Locked), count: 1 },
        E { fault: Fault::Refused(Refusal::NewPassword), count: 90_000 },
        E { fault: Fault::Password, count: 1 },
        E { fault: Fault::Totp, count: 300 },
    ]
}

fn mails() -> Vec<user::mail::Event> {
    use user::mail::{Event as E, MailFailure, MailKind};
    let mail = Position(0x0102_0304_0506);
    vec![
        E::Sent { mail, kind: MailKind::Confirmation },
        E::Sent { mail: Position(1), kind: MailKind::PasswordReset },
        E::Failed { mail, kind: MailKind::Welcome, why: MailFailure::Unreachable, given_up: false },
        E::Failed {
            mail: Position(300),
            kind: MailKind::Rejected,
            why: MailFailure::TooOld,
            given_up: true,
        },
        E::Requested { kind: MailKind::ApprovalNeeded },
        E::Requested { kind: MailKind::Approved },
    ]
}

fn sessions() -> Vec<session::Event> {
    use session::Event as E;
    vec![
        E::Started {
            user: USER,
            token: TokenHash([0x5E; 32]),
            expires: AT,
            method: Method::PasswordAndTotp,
            principal: Some(username("Ada")),
            link: None,
        },
        E::Started {
            user: USER,
            token: TokenHash([0x5F; 32]),
            expires: AT,
            method: Method::Linked,
            principal: Some(username("Ada")),
            link: Some(Arc::new(Through {
                link: LinkKey { kind: LinkKind::Jwt, definition: name("partner") },
                bearer: Some(TokenHash([0x60; 32])),
            })),
        },
        E::Started {
            user: USER,
            token: TokenHash([0; 32]),
            expires: Timestamp(0),
            method: Method::Password,
            principal: None,
            link: None,
        },
        E::Renewed { expires: AT },
        E::Ended { reason: EndReason::SignedOut },
        E::Ended { reason: EndReason::Revoked },
        E::AttributeSet {
            name: name("basket"),
            value: Some(r#"{"items":[1,2]}"#.into()),
            encrypted: true,
            expires: AT,
        },
        E::AttributeSet {
            name: name("b"),
            value: None,
            encrypted: false,
            expires: Timestamp::NEVER,
        },
        E::AttributeRemoved { name: name("basket") },
    ]
}

fn system() -> Vec<system::Event> {
    use system::Event as E;
    let organization = OrganizationId(Ulid(0x0192_E5A0_7C02_1111_2222_3333_4444_7777));
    vec![
        E::Bootstrapped { organization, name: name("Example") },
        E::SlotAssigned { slot: Slot(70_000), purpose: Purpose::Month(Month(202_611)) },
        E::SlotAssigned { slot: Slot(1), purpose: Purpose::Codes },
        E::SlotAssigned { slot: Slot(2), purpose: Purpose::Index },
        E::SlotAssigned { slot: Slot(3), purpose: Purpose::Tokens },
        E::SlotAssigned { slot: Slot(4), purpose: Purpose::Checkpoints },
        E::ApplicationNamed { number: 300, name: name("CRM") },
        E::ViewsRebuilt { facts: 10_000_000, digest: [0xD1; 32] },
        E::ClockJumped { expected: AT, read: Timestamp(0) },
        E::EventsExported(Exported { from: Position(3), to: Position(70_000), digest: [0xD4; 32] }),
        E::Restored(Restored { epoch: 2, position: Position(70_000), root: [0xD2; 32] }),
        E::OriginsForgotten { slot: Slot(70_000), month: Month(202_611) },
        E::SignInFailed(UnknownName { name: [0xD3; 32], count: 12 }),
        E::RequestDenied(Denied {
            act: Act::ManageRight(Right::Auditor),
            target: Some(USER),
            reason: Denial::Outranked,
            count: 90,
        }),
        E::RequestDenied(Denied {
            act: Act::Audit,
            target: None,
            reason: Denial::RightMissing,
            count: 1,
        }),
        E::AuditRead(Read { subject: Subject::User(USER), hour: AT }),
        E::AuditRead(Read { subject: Subject::Feed, hour: Timestamp(0) }),
    ]
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a sample is a name")
}

fn username(text: &str) -> Username {
    Username::parse(text).expect("a sample is a user name")
}

fn email(text: &str) -> Email {
    Email::parse(text).expect("a sample is an address")
}

fn password(expires: Timestamp) -> NewPassword {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA";
    NewPassword { hash: PasswordHash(hash.into()), expires }
}

#[cfg(test)]
pub(crate) mod tests;
