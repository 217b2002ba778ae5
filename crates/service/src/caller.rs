//! Who calls, as the surface that was called knows it.

use domain::actor::{Actor, Credential, Dialect, Origin};
use domain::id::{SessionId, TokenId, UserId};
use domain::text::Name;

/// Who calls, proved how, in which language, through which application, from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// What proves it; the writer asks again whether it still does.
    pub proof: Proof,
    /// In which language.
    pub dialect: Dialect,
    /// Through which application; one that configuration knows.
    pub application: Option<Name>,
    /// From where.
    pub origin: Origin,
}

/// What proves who a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: the caller is nobody.
    Nothing,
    /// The token of a session.
    Session(SessionId),
    /// A personal access token of a user.
    Pat(UserId, TokenId),
    /// Access to the owner-only socket or to the data directory itself.
    Local,
}

impl Proof {
    /// The credential that a fact keeps.
    pub fn credential(self) -> Option<Credential> {
        match self {
            Self::Nothing | Self::Local => None,
            Self::Session(id) => Some(id.into()),
            Self::Pat(_, id) => Some(id.into()),
        }
    }
}

impl Caller {
    /// Nobody in particular.
    pub fn anonymous(dialect: Dialect, application: Option<Name>, origin: Origin) -> Self {
        Self { actor: Actor::Anonymous, proof: Proof::Nothing, dialect, application, origin }
    }

    /// Whoever may reach the data directory.
    pub fn operator(origin: Origin) -> Self {
        Self {
            actor: Actor::Operator,
            proof: Proof::Local,
            dialect: Dialect::Native,
            application: None,
            origin,
        }
    }

    /// Muster itself.
    pub fn system() -> Self {
        Self {
            actor: Actor::System,
            proof: Proof::Local,
            dialect: Dialect::Native,
            application: None,
            origin: Origin::default(),
        }
    }
}
