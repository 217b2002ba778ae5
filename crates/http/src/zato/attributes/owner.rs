//! Whose attributes a call is about, and whether the caller may.

use domain::attributes::Attributes;
use domain::id::{SessionId, UserId};
use domain::policy::Act;
use service::Caller;

use crate::zato::call::{Refusal, Target, Zato};
use crate::zato::errors::{Call, NOT_ALLOWED};

/// Which of the two kinds of paths was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// `/zato/sso/user/attr`
    User,
    /// `/zato/sso/session/attr`
    Session,
}

/// Whose attributes are to be written.
#[derive(Clone, Copy, Debug)]
pub enum Owner {
    /// A user's.
    User(UserId),
    /// A session's.
    Session(SessionId),
}

impl Of {
    /// Demands what every call of the kind has to send, and its types.
    pub fn demand(self, zato: &Zato) -> Result<(), Refusal> {
        match self {
            Self::User => {
                zato.require(&["current_app"])?;
                zato.convertible(&["user_id"], &[], &[])
            }
            Self::Session => {
                zato.require(&["current_ust", "target_ust", "current_app"])?;
                zato.convertible(&["current_ust", "target_ust"], &[], &[])
            }
        }
    }

    /// Who calls.
    pub fn caller(self, zato: &Zato) -> Result<Caller, Refusal> {
        match self {
            Self::User => zato.caller_by_either(Call::Other),
            Self::Session => zato.caller(Call::Other, "current_ust"),
        }
    }

    /// Whose attributes are to be written, if the caller may.
    pub fn owner(self, zato: &Zato, caller: &Caller) -> Result<Owner, Refusal> {
        match self {
            Self::User => Ok(Owner::User(user(zato, caller, Act::WriteAttributes)?)),
            Self::Session => {
                let token = zato.sent.text("target_ust")?.unwrap_or_default();
                let session = zato.app.service.session_to_write(caller, &token);
                session.map(Owner::Session).map_err(|why| zato.refuse(Call::Other, &why))
            }
        }
    }

    /// The attributes that are to be read, if the caller may.
    pub fn attributes(self, zato: &Zato, caller: &Caller) -> Result<Attributes, Refusal> {
        let service = &zato.app.service;
        let attributes = match self {
            Self::User => service.user_attributes(caller, user(zato, caller, Act::ReadUser)?),
            Self::Session => {
                let token = zato.sent.text("target_ust")?.unwrap_or_default();
                service.session_attributes(caller, &token)
            }
        };
        attributes.map_err(|why| zato.refuse(Call::Other, &why))
    }
}

/// The caller, or somebody whom a super-user names; the own id is allowed for anyone.
fn user(zato: &Zato, caller: &Caller, act: Act) -> Result<UserId, Refusal> {
    match zato.target()? {
        None => caller.actor.user().ok_or(Refusal::Code(NOT_ALLOWED)),
        Some(target) => permitted(zato, caller, act, &target),
    }
}

/// The target, if the caller may. Whoever may not is not told whether there is one.
pub fn permitted(
    zato: &Zato,
    caller: &Caller,
    act: Act,
    target: &Target,
) -> Result<UserId, Refusal> {
    let user = match target {
        Target::Known(user) => Some(user.as_ref()),
        Target::Unknown => None,
    };
    let permitted = zato.app.service.permits(caller, act, user);
    permitted.map_err(|why| zato.refuse(Call::Other, &why))?;
    user.map(|user| user.id).ok_or(Refusal::Code(NOT_ALLOWED))
}
