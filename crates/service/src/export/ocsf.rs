//! What each event is in the Open Cybersecurity Schema Framework: a class and an activity of OCSF 1.5.
//! `docs/export.md` has the same as a table, which a test holds to this.

use domain::fact::{Event, Fact, Part, Stream};
use domain::user::access;
use domain::user::mail;
use domain::{session, system, user};

/// The version of the schema whose classes these are.
pub const VERSION: &str = "1.5.0";

/// A class of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// An account was made, changed or taken away.
    AccountChange,
    /// Somebody proved who it is, or failed to, or left.
    Authentication,
    /// A right was given or taken away.
    UserAccess,
    /// Anything else that somebody asked of the store.
    ApiActivity,
}

/// An event as the schema has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Its class.
    pub class: Class,
    /// What was done, as the class numbers it; 0 where the event was erased, 99 where only its name says.
    pub activity: u8,
    /// Whether it was tried in vain.
    pub failed: bool,
    /// The right that is given or taken away.
    pub privilege: Option<&'static str>,
}

/// The activity that only the event's name says.
pub const OTHER: u8 = 99;
/// The activity of an event that was erased.
pub const UNKNOWN: u8 = 0;

impl Class {
    /// Its number.
    pub fn uid(self) -> u32 {
        match self {
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::UserAccess => 3005,
            Self::ApiActivity => 6003,
        }
    }

    /// The number of the category it belongs to.
    pub fn category(self) -> u32 {
        self.uid() / 1_000
    }

    const fn of(self, activity: u8) -> Activity {
        Activity { class: self, activity, failed: false, privilege: None }
    }
}

impl Activity {
    const fn in_vain(self) -> Self {
        Self { failed: true, ..self }
    }

    const fn about(self, privilege: &'static str) -> Self {
        Self { privilege: Some(privilege), ..self }
    }
}

/// What a fact is. Of one that was erased, its stream says the class.
pub fn activity(fact: &Fact) -> Activity {
    match (&fact.body, fact.head.stream) {
        (Part::Open(event), _) => of(event),
        (Part::Erased, Stream::User(_)) => Class::AccountChange.of(UNKNOWN),
        (Part::Erased, Stream::Session(_)) => Class::Authentication.of(UNKNOWN),
        (Part::Erased, Stream::System) => Class::ApiActivity.of(UNKNOWN),
    }
}

/// What an event is.
pub fn of(event: &Event) -> Activity {
    match event {
        Event::User(_, event) => of_user(event),
        Event::Session(_, event) => of_session(event),
        Event::System(event) => of_system(event),
    }
}

fn of_user(event: &user::Event) -> Activity {
    use user::Event as E;
    let account = |activity| Class::AccountChange.of(activity);
    match event {
        E::SignedUp(_) | E::Created(_) | E::MachineCreated { .. } => account(1),
        E::SignUpConfirmed | E::Approved => account(2),
        E::PasswordChanged { .. } => account(3),
        E::Rejected | E::ApprovalReset => account(5),
        E::Deleted | E::Erased => account(6),
        E::Locked => account(9),
        E::TotpEnabled => account(10),
        E::TotpDisabled => account(11),
        E::Unlocked => account(12),
        E::SignUpStatusSet { .. }
        | E::UsernameChanged { .. }
        | E::ProfileChanged { .. }
        | E::EmailChanged { .. }
        | E::EmailRemoved
        | E::PasswordRehashed { .. }
        | E::PasswordExpirySet { .. }
        | E::PasswordMustChangeSet { .. }
        | E::TotpKeySet { .. }
        | E::TotpLabelSet { .. }
        | E::AttributeSet { .. }
        | E::AttributeRemoved { .. }
        | E::PatAdded { .. }
        | E::PatRemoved { .. } => account(OTHER),
        E::SignedIn { .. } => Class::Authentication.of(1),
        E::RightGranted { right } => Class::UserAccess.of(1).about(right.name()),
        E::RightRevoked { right } => Class::UserAccess.of(2).about(right.name()),
        E::Access(event) => of_access(event),
        E::Mail(event) => of_mail(event),
        E::Attempt(_) => Class::Authentication.of(1).in_vain(),
    }
}

fn of_access(event: &access::Event) -> Activity {
    use access::Event as E;
    match event {
        E::ResetUsed { .. } => Class::AccountChange.of(4),
        E::ResetRequested { .. }
        | E::ResetOpened { .. }
        | E::Linked { .. }
        | E::Unlinked { .. }
        | E::RateLimitSet { .. } => Class::AccountChange.of(OTHER),
        E::SessionsEnded => Class::Authentication.of(2),
    }
}

fn of_mail(event: &mail::Event) -> Activity {
    use mail::Event as E;
    match event {
        E::Requested { .. } | E::Sent { .. } => Class::ApiActivity.of(OTHER),
        E::Failed { .. } => Class::ApiActivity.of(OTHER).in_vain(),
    }
}

fn of_session(event: &session::Event) -> Activity {
    use session::Event as E;
    match event {
        E::Ended { .. } => Class::Authentication.of(2),
        // Who signs in is told once, by `user.signed_in`.
        E::Started { .. } | E::Renewed { .. } => Class::Authentication.of(OTHER),
        E::AttributeSet { .. } => Class::ApiActivity.of(3),
        E::AttributeRemoved { .. } => Class::ApiActivity.of(4),
    }
}

fn of_system(event: &system::Event) -> Activity {
    use system::Event as E;
    match event {
        E::Bootstrapped { .. } | E::SlotAssigned { .. } | E::ApplicationNamed { .. } => {
            Class::ApiActivity.of(1)
        }
        E::EventsExported(_) | E::AuditRead(_) => Class::ApiActivity.of(2),
        E::RequestDenied(_) => Class::ApiActivity.of(OTHER).in_vain(),
        E::ViewsRebuilt { .. } => Class::ApiActivity.of(3),
        E::OriginsForgotten { .. } => Class::ApiActivity.of(4),
        E::ClockJumped { .. } | E::Restored(_) => Class::ApiActivity.of(OTHER),
        E::SignInFailed(_) => Class::Authentication.of(1).in_vain(),
    }
}
