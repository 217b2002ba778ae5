//! Whether a session may be used: what its owner's state allows, and the checks of every call.

use crate::policy::Rights;
use crate::rejection::Rejection;
use crate::session::Session;
use crate::time::Timestamp;

/// What the state of a session's owner allows; each session's row repeats it, so that one look-up
/// answers whether a session may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Whether sessions may be used, and if not, why.
    pub usability: Usability,
    /// From when on they may not, whatever else.
    pub password_expires: Timestamp,
    /// The rights of the owner.
    pub rights: Rights,
}

/// Whether sessions of a user may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Usability {
    /// They may.
    Usable,
    /// Not, for want of approval; they look as if they did not exist.
    NotApproved,
    /// Not while the owner is locked.
    Locked,
    /// Not before the owner's sign-up is final.
    SignUpNotFinal,
}

/// Says whether a session may be used (Zato's contract, section 2.2, checks 1 to 5);
/// `address_allowed` is whether its owner may be where the caller is.
pub fn check(
    session: &Session,
    owner: &Standing,
    address_allowed: bool,
    now: Timestamp,
) -> Result<(), Rejection> {
    if session.expires <= now {
        return Err(Rejection::NoSuchSession);
    }
    match owner.usability {
        Usability::NotApproved => Err(Rejection::NoSuchSession),
        _ if !address_allowed => Err(Rejection::AddressNotAllowed),
        Usability::Locked => Err(Rejection::AccountLocked),
        Usability::SignUpNotFinal => Err(Rejection::SignUpNotFinal),
        Usability::Usable if owner.password_expires <= now => Err(Rejection::PasswordExpired),
        Usability::Usable => Ok(()),
    }
}
