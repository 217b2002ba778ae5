//! Who may do what: one table over actor, act and target. The writer asks it for commands, the
//! service for queries, dialects never.

use crate::actor::Actor;
use crate::rejection::{Denial, Rejection};
use crate::user::User;

/// A right beyond one's own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// May manage every user; counts as every right but [`Right::Operator`].
    SuperUser,
    /// May read every user and its history.
    Auditor,
    /// May rebuild, verify and keep the store.
    Operator,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 3] = [Self::SuperUser, Self::Auditor, Self::Operator];

    /// The name outside the code; never renamed.
    pub fn name(self) -> &'static str {
        match self {
            Self::SuperUser => "super_user",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::SuperUser => 1,
            Self::Auditor => 2,
            Self::Operator => 4,
        }
    }
}

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights(u8);

impl Rights {
    /// No right at all: what everybody is born with.
    pub const NONE: Self = Self(0);

    /// Every right there is.
    pub fn all() -> Self {
        Right::ALL.into_iter().fold(Self::NONE, Self::with)
    }

    /// These and `right`.
    #[must_use]
    pub fn with(self, right: Right) -> Self {
        Self(self.0 | right.bit())
    }

    /// These without `right`.
    #[must_use]
    pub fn without(self, right: Right) -> Self {
        Self(self.0 & !right.bit())
    }

    /// Whether `right` was granted itself.
    pub fn holds(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// Whether `right` was granted, or one that counts as it.
    pub fn covers(self, right: Right) -> bool {
        self.holds(right) || (self.holds(Right::SuperUser) && right != Right::Operator)
    }

    /// Whether every right in `other` is covered.
    pub fn cover(self, other: Self) -> bool {
        Right::ALL.into_iter().all(|right| !other.holds(right) || self.covers(right))
    }

    /// The rights in the set.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.holds(*right))
    }
}

/// Something somebody may or may not do, as far as the rules tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Sign up.
    SignUp,
    /// Confirm a sign-up by its token.
    ConfirmSignUp,
    /// Create a user.
    CreateUser,
    /// Approve or reject.
    DecideApproval,
    /// Lock or unlock.
    Lock,
    /// Change name, e-mail, user name, own TOTP.
    AmendProfile,
    /// Change the administrative part of an account.
    AmendAccount,
    /// Change a password that one knows.
    ChangeKnownPassword,
    /// Set a password without knowing the present one.
    SetPassword,
    /// Replace the TOTP key.
    ResetTotp,
    /// Write attributes.
    WriteAttributes,
    /// Grant or revoke a right.
    ManageRight(Right),
    /// Add or remove personal access tokens.
    ManageTokens,
    /// Delete.
    DeleteUser,
    /// Destroy the key of somebody, who may be deleted already.
    EraseUser,
    /// Reset a forgotten password, by what was mailed.
    ResetPassword,
    /// Link a user to security definitions.
    ManageLinks,
    /// Renew or end a session of the target.
    UseSession,
    /// Open a session for the target without its password.
    OpenSession,
    /// Read a user and its attributes as it sees itself.
    ReadUser,
    /// Read what only administrators see, search, look into sessions.
    ReadAccounts,
    /// Read histories and the log.
    Audit,
    /// Rebuild, verify.
    Operate,
    /// Fail to sign in, which goes on record.
    FailToSignIn,
    /// Read mails that are owed, which carry tokens, and say what became of them.
    DeliverMail,
    /// Be refused, which goes on record.
    BeDenied,
}

impl Act {
    /// The name outside the code; never renamed.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::ConfirmSignUp => "confirm_sign_up",
            Self::CreateUser => "create_user",
            Self::DecideApproval => "decide_approval",
            Self::Lock => "lock",
            Self::AmendProfile => "amend_profile",
            Self::AmendAccount => "amend_account",
            Self::ChangeKnownPassword => "change_known_password",
            Self::SetPassword => "set_password",
            Self::ResetTotp => "reset_totp",
            Self::WriteAttributes => "write_attributes",
            Self::ManageRight(Right::SuperUser) => "manage_right_super_user",
            Self::ManageRight(Right::Auditor) => "manage_right_auditor",
            Self::ManageRight(Right::Operator) => "manage_right_operator",
            Self::ManageTokens => "manage_tokens",
            Self::DeleteUser => "delete_user",
            Self::ResetPassword => "reset_password",
            Self::ManageLinks => "manage_links",
            Self::UseSession => "use_session",
            Self::OpenSession => "open_session",
            Self::ReadUser => "read_user",
            Self::ReadAccounts => "read_accounts",
            Self::Audit => "audit",
            Self::Operate => "operate",
            Self::FailToSignIn => "fail_to_sign_in",
            Self::DeliverMail => "deliver_mail",
            Self::BeDenied => "be_denied",
            Self::EraseUser => "erase_user",
        }
    }
}

/// Who asks, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Who.
    pub actor: Actor,
    /// What it holds; operators at the command line and Muster itself need nothing.
    pub rights: Rights,
}

/// Says whether `who` may do `act`, to `target` if it concerns somebody.
pub fn permits(who: &Authority, act: Act, target: Option<&User>) -> Result<(), Rejection> {
    if matches!(who.actor, Actor::System | Actor::Operator) {
        return Ok(());
    }
    let own = target.is_some_and(|user| who.actor.user() == Some(user.id));
    match requirement(act) {
        Requirement::Nothing => return Ok(()),
        Requirement::Never => return Err(Rejection::Denied(Denial::RightMissing)),
        Requirement::Right(right) => need(who, right)?,
        Requirement::SelfOnly | Requirement::SelfOr(_) if own => {}
        Requirement::SelfOnly => return Err(Rejection::Denied(Denial::NotSelf)),
        Requirement::SelfOr(right) => {
            need(who, right).map_err(|_| Rejection::Denied(Denial::NotSelf))?;
        }
    }
    match target {
        Some(user) if is_guarded(act) && !own && !who.rights.cover(user.rights) => {
            Err(Rejection::Denied(Denial::Outranked))
        }
        _ => Ok(()),
    }
}

enum Requirement {
    Nothing,
    /// Nobody but whoever may reach the data directory, and Muster itself.
    Never,
    SelfOnly,
    SelfOr(Right),
    Right(Right),
}

/// The table.
fn requirement(act: Act) -> Requirement {
    match act {
        Act::SignUp
        | Act::ConfirmSignUp
        | Act::ResetPassword
        | Act::FailToSignIn
        | Act::BeDenied => Requirement::Nothing,
        Act::CreateUser
        | Act::DecideApproval
        | Act::Lock
        | Act::AmendAccount
        | Act::DeleteUser
        | Act::EraseUser
        | Act::SetPassword
        | Act::OpenSession
        | Act::ManageLinks
        // Auditors read: not even who else may read is theirs to say.
        | Act::ManageRight(Right::SuperUser | Right::Auditor)
        | Act::ReadAccounts => Requirement::Right(Right::SuperUser),
        Act::ChangeKnownPassword | Act::UseSession => Requirement::SelfOnly,
        Act::AmendProfile
        | Act::ResetTotp
        | Act::WriteAttributes
        | Act::ManageTokens
        | Act::ReadUser => Requirement::SelfOr(Right::SuperUser),
        Act::Audit => Requirement::Right(Right::Auditor),
        Act::Operate | Act::ManageRight(Right::Operator) => Requirement::Right(Right::Operator),
        // A token in a mail opens the account it was made for, whatever rights that has.
        Act::DeliverMail => Requirement::Never,
    }
}

/// Whether nobody may do `act` to somebody who holds more rights (design D9).
fn is_guarded(act: Act) -> bool {
    match act {
        Act::Lock
        | Act::DecideApproval
        | Act::AmendProfile
        | Act::AmendAccount
        | Act::SetPassword
        | Act::ChangeKnownPassword
        | Act::ResetTotp
        | Act::ManageRight(_)
        | Act::ManageTokens
        | Act::ManageLinks
        | Act::OpenSession
        | Act::DeleteUser
        | Act::EraseUser => true,
        // What was mailed proves more than any right.
        Act::SignUp
        | Act::ConfirmSignUp
        | Act::ResetPassword
        | Act::CreateUser
        | Act::WriteAttributes
        | Act::UseSession
        | Act::ReadUser
        | Act::ReadAccounts
        | Act::Audit
        | Act::Operate
        | Act::FailToSignIn
        | Act::DeliverMail
        | Act::BeDenied => false,
    }
}

fn need(who: &Authority, right: Right) -> Result<(), Rejection> {
    if who.rights.covers(right) { Ok(()) } else { Err(Rejection::Denied(Denial::RightMissing)) }
}

#[cfg(test)]
mod tests;
