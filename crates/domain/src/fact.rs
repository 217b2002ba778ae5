//! A fact: a decided event, with its head around it.

use ulid::Ulid;

use crate::actor::{Actor, ApplicationNumber, Credential, Dialect, Origin};
use crate::id::{Identifier, Position, SessionId, Slot, UserId};
use crate::time::Timestamp;
use crate::{session, system, user};

/// The stream a fact belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// All that happened to one user.
    User(UserId),
    /// All that happened to one session.
    Session(SessionId),
    /// What concerns the whole store; there is one.
    System,
}

impl Stream {
    /// The entity's ULID; zero for the system stream.
    pub fn ulid(self) -> Ulid {
        match self {
            Self::User(id) => id.ulid(),
            Self::Session(id) => id.ulid(),
            Self::System => Ulid::nil(),
        }
    }
}

/// What happened, to whom it belongs.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// To a user.
    User(UserId, user::Event),
    /// To a session.
    Session(SessionId, session::Event),
    /// To the store.
    System(system::Event),
}

impl Event {
    /// The stream the event is written to.
    pub fn stream(&self) -> Stream {
        match self {
            Self::User(id, _) => Stream::User(*id),
            Self::Session(id, _) => Stream::Session(*id),
            Self::System(_) => Stream::System,
        }
    }

    /// The event's name outside the code, `entity.past_tense`; never renamed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::User(_, event) => event.name(),
            Self::Session(_, event) => event.name(),
            Self::System(event) => event.name(),
        }
    }
}

/// All that a fact says beside its event; never sealed, nothing personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its place in the log.
    pub position: Position,
    /// The stream it belongs to.
    pub stream: Stream,
    /// Its place in the stream, from 1.
    pub version: u32,
    /// When it was decided.
    pub at: Timestamp,
    /// Who asked.
    pub actor: Actor,
    /// With what the actor proved who it is.
    pub credential: Option<Credential>,
    /// What was asked.
    pub command: CommandName,
    /// In which language.
    pub dialect: Dialect,
    /// Through which application.
    pub application: ApplicationNumber,
    /// The key its payload is sealed with; for a birth, the key that is the new person's own.
    pub slot: Slot,
}

/// A part of a fact that can be read only while its key exists.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<T> {
    /// It can be read.
    Open(T),
    /// Its key was destroyed.
    Erased,
}

/// One decided, durable thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// When, who, how, where in the log.
    pub head: Head,
    /// The event's name, as [`Event::name`] says it: told also where the key is destroyed.
    pub name: &'static str,
    /// From where, if anything was known and this read asked for it.
    pub origin: Option<Part<Origin>>,
    /// What happened.
    pub body: Part<Event>,
}

impl Fact {
    /// The slot whose key this fact says is destroyed.
    pub fn destroys(&self) -> Option<Slot> {
        match &self.body {
            Part::Open(Event::User(_, user::Event::Erased)) => Some(self.head.slot),
            Part::Open(Event::System(system::Event::OriginsForgotten { slot, .. })) => Some(*slot),
            Part::Open(_) | Part::Erased => None,
        }
    }
}

macro_rules! command_names {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What was asked, as a fact's head keeps it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CommandName {
            $($(#[$doc])* $variant,)*
        }

        impl CommandName {
            /// Every command, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name outside the code; never renamed.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

command_names! {
    /// The first facts of a store.
    Bootstrap = "bootstrap",
    /// Muster's own upkeep: month keys, names of applications, clock jumps.
    Upkeep = "upkeep",
    /// A person signs up.
    SignUp = "sign_up",
    /// The sign-up is confirmed with its token.
    ConfirmSignUp = "confirm_sign_up",
    /// An administrator creates a human user.
    CreateUser = "create_user",
    /// An administrator creates a machine user.
    CreateMachine = "create_machine",
    /// Sign in.
    SignIn = "sign_in",
    /// Sign out.
    SignOut = "sign_out",
    /// Extend a session.
    RenewSession = "renew_session",
    /// End a session for a stated reason.
    EndSession = "end_session",
    /// Approve.
    Approve = "approve",
    /// Reject.
    Reject = "reject",
    /// Lock.
    Lock = "lock",
    /// Unlock.
    Unlock = "unlock",
    /// Change several things of a user at once.
    Amend = "amend",
    /// Change a password.
    ChangePassword = "change_password",
    /// Give the TOTP slot a new key.
    ResetTotpKey = "reset_totp_key",
    /// Create, change or put attributes.
    SetAttributes = "set_attributes",
    /// Remove attributes.
    RemoveAttributes = "remove_attributes",
    /// Grant a right.
    GrantRight = "grant_right",
    /// Revoke a right.
    RevokeRight = "revoke_right",
    /// Add a personal access token.
    AddPat = "add_pat",
    /// Remove a personal access token.
    RemovePat = "remove_pat",
    /// Delete a user.
    Delete = "delete",
    /// Rebuild the projections.
    Rebuild = "rebuild",
    /// A reset of a password is asked for.
    RequestPasswordReset = "request_password_reset",
    /// The token of a reset is exchanged for a key.
    OpenPasswordReset = "open_password_reset",
    /// A password is reset.
    CarryOutPasswordReset = "carry_out_password_reset",
    /// A user is linked to a security definition.
    LinkAccount = "link_account",
    /// A link is taken away.
    UnlinkAccount = "unlink_account",
    /// Muster delivers a mail that is owed.
    DeliverMail = "deliver_mail",
    /// Erase a user.
    Erase = "erase",
    /// Forget where everybody was in some month.
    ForgetOrigins = "forget_origins",
    /// A part of the log is exported.
    Export = "export",
    /// Somebody reads what only auditors may.
    NoteAudit = "note_audit",
    /// Somebody is refused what it may not do.
    NoteDenial = "note_denial",
}
