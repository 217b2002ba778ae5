//! What can be asked of the service: a command of the domain, and which streams it goes to.

use domain::fact::CommandName;
use domain::id::{SessionId, UserId};
use domain::sign_in::SignIn;
use domain::{session, system, user};

/// A command on its way to the writer.
#[derive(Clone, Debug)]
pub enum Command {
    /// To a user that exists.
    User(UserId, user::Command),
    /// To a user that does not exist yet; its id is drawn by the writer.
    NewUser(user::Command),
    /// Sign in: to a user and a session.
    SignIn(Box<SignIn>),
    /// To a session.
    Session(SessionId, session::Command),
    /// To the store itself.
    System(system::Command),
}

impl Command {
    /// The name that the facts' heads keep.
    pub fn name(&self) -> CommandName {
        match self {
            Self::User(_, command) | Self::NewUser(command) => command.name(),
            Self::SignIn(_) => CommandName::SignIn,
            Self::Session(_, command) => command.name(),
            Self::System(system::Command::NoteRebuild { .. }) => CommandName::Rebuild,
            Self::System(_) => CommandName::Upkeep,
        }
    }
}
