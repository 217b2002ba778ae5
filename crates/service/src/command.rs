//! What can be asked of the service: a command of the domain, and which streams it goes to.

use std::collections::BTreeMap;

use domain::attributes::{NewAttribute, SetMode};
use domain::fact::CommandName;
use domain::id::{SessionId, UserId};
use domain::policy::Act;
use domain::sign_in::{LinkedSignIn, OpenSession, SignIn};
use domain::{session, system, user};

/// A command on its way to the writer.
#[derive(Clone, Debug)]
pub enum Command {
    /// To a user that exists.
    User(UserId, user::Command),
    /// To a user that does not exist yet; its id is drawn by the writer.
    NewUser(user::Command),
    /// Set attributes of one or several users, all or none.
    SetAttributes {
        /// Of whom, which, to what.
        items: BTreeMap<UserId, Vec<NewAttribute>>,
        /// What may be there before.
        mode: SetMode,
    },
    /// Sign in: to a user and a session.
    SignIn(Box<SignIn>),
    /// Open a session for a user without the password.
    OpenSession(OpenSession),
    /// Sign in through a linked account: to a user and a session, new or there already.
    LinkedSignIn(Box<LinkedSignIn>),
    /// To a session.
    Session(SessionId, session::Command),
    /// To the store itself.
    System(system::Command),
}

impl Command {
    /// Whether a mail may be owed because of it.
    pub fn may_owe_mail(&self) -> bool {
        match self {
            Self::NewUser(_) => true,
            Self::User(_, command) => matches!(
                command,
                user::Command::ConfirmSignUp { .. }
                    | user::Command::Approve(_)
                    | user::Command::Reject(_)
                    | user::Command::Amend(_)
                    | user::Command::Access(_)
            ),
            Self::SetAttributes { .. }
            | Self::SignIn(_)
            | Self::OpenSession(_)
            | Self::LinkedSignIn(_)
            | Self::Session(..)
            | Self::System(_) => false,
        }
    }

    /// What the policy is asked about it, if it is asked anything, and of whom.
    pub(crate) fn act(&self) -> Option<(Act, Target)> {
        Some(match self {
            Self::User(id, command) => (command.act(), Target::User(*id)),
            Self::NewUser(command) => (command.act(), Target::Nobody),
            Self::SetAttributes { items, .. } => {
                let one = items.keys().next().map_or(Target::Nobody, |id| Target::User(*id));
                (Act::WriteAttributes, one)
            }
            Self::SignIn(_) | Self::LinkedSignIn(_) => return None,
            Self::OpenSession(asked) => (Act::OpenSession, Target::User(asked.user)),
            Self::Session(id, command) => (act_of_session(command), Target::OwnerOf(*id)),
            Self::System(command) => (command.act(), Target::Nobody),
        })
    }

    /// The name that the facts' heads keep.
    pub fn name(&self) -> CommandName {
        match self {
            Self::User(_, command) | Self::NewUser(command) => command.name(),
            Self::SetAttributes { .. } => CommandName::SetAttributes,
            Self::SignIn(_) | Self::OpenSession(_) | Self::LinkedSignIn(_) => CommandName::SignIn,
            Self::Session(_, command) => command.name(),
            Self::System(command) => command.name(),
        }
    }
}

/// Whom an act concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nobody in particular, or nobody yet.
    Nobody,
    /// A user.
    User(UserId),
    /// Whoever owns a session.
    OwnerOf(SessionId),
}

/// What the policy is asked about a command to a session.
pub(crate) fn act_of_session(command: &session::Command) -> Act {
    match command {
        session::Command::SignOut | session::Command::Renew { .. } => Act::UseSession,
        session::Command::Revoke => Act::ManageTokens,
        session::Command::SetAttributes { .. } | session::Command::RemoveAttributes(_) => {
            Act::WriteAttributes
        }
    }
}
