//! What can be asked of a user. Imperative: it can be refused.

use crate::attributes::{AttributeKey, NewAttribute, SetMode};
use crate::fact::CommandName;
use crate::id::{OrganizationId, TokenId};
use crate::policy::{Act, Right};
use crate::secret::{PasswordHash, TokenHash, TotpSeed};
use crate::text::{Email, Name, Patch, Username};
use crate::time::Timestamp;
use crate::user::access;
use crate::user::attempts;
use crate::user::event::{Created, SignedUp};
use crate::user::mail;
use crate::user::rate_limit::RateLimitDefinition;
use crate::user::state::{ApprovalStatus, NewPassword, SignUpStatus};

/// What to do when it is so already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Refuse: the dialect tells its caller.
    Refuse,
    /// Write the fact again: the dialect shows the new time.
    Write,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A person signs up by itself.
    SignUp(Box<SignedUp>),
    /// An administrator creates a human user.
    Create {
        /// All it is born with.
        birth: Box<Created>,
        /// How access through linked accounts is limited: whether, and by which rules.
        rate_limit: Option<(bool, Option<RateLimitDefinition>)>,
    },
    /// An operator creates a human user who is a super-user from birth.
    CreateSuperUser(Box<Created>),
    /// An administrator creates a machine user.
    CreateMachine {
        /// Its name, unique among all users.
        username: Username,
        /// What people call it.
        name: Name,
        /// Its organization.
        home: OrganizationId,
    },
    /// Whoever has the confirmation token makes the sign-up final.
    ConfirmSignUp {
        /// The hash of the token that was shown.
        token: TokenHash,
    },
    /// Approve.
    Approve(Repeat),
    /// Reject.
    Reject(Repeat),
    /// Lock.
    Lock(Repeat),
    /// Unlock.
    Unlock(Repeat),
    /// Change several things at once, all or none.
    Amend(Box<Amendment>),
    /// Replace the password.
    ChangePassword {
        /// The new one.
        password: NewPassword,
        /// The present one, where the caller had to know it.
        checked: Option<PasswordHash>,
        /// Whether it must be changed at the next sign-in; `None` leaves the flag as it is.
        must_change: Option<bool>,
    },
    /// Give the TOTP slot a new key and label; does not switch it on or off.
    ResetTotpKey {
        /// The new key.
        seed: TotpSeed,
        /// The new label.
        label: Option<Name>,
    },
    /// Set attributes, all or none.
    SetAttributes {
        /// Which, to what.
        items: Vec<NewAttribute>,
        /// What may be there already.
        mode: SetMode,
    },
    /// Remove attributes; those that are not there are no error.
    RemoveAttributes(Vec<AttributeKey>),
    /// Grant a right.
    GrantRight(Right),
    /// Revoke a right.
    RevokeRight(Right),
    /// Add a personal access token.
    AddPat {
        /// Its id.
        token: TokenId,
        /// The hash of what was handed out.
        hash: TokenHash,
        /// What its owner calls it.
        name: Name,
        /// From when on it is dead.
        expires: Timestamp,
    },
    /// Remove a personal access token.
    RemovePat(TokenId),
    /// Delete the user: name, sessions and tokens go, history stays.
    Delete,
    /// Delete the user if it lives, and destroy its key: of its history stays what is in the clear.
    Erase,
    /// Something about ways in beside the password.
    Access(access::Command),
    /// Something about mails.
    Mail(mail::Command),
    /// Put failed attempts to sign in on record.
    NoteAttempts(attempts::Command),
}

/// Several changes at once; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Amendment {
    /// Another user name.
    pub username: Option<Username>,
    /// The address.
    pub email: Patch<Email>,
    /// The whole name as shown.
    pub display_name: Patch<Name>,
    /// The given name.
    pub first_name: Patch<Name>,
    /// The middle name.
    pub middle_name: Patch<Name>,
    /// The family name.
    pub last_name: Patch<Name>,
    /// Whether TOTP is asked for at sign-in.
    pub totp_enabled: Option<bool>,
    /// A new TOTP key.
    pub totp_seed: Option<TotpSeed>,
    /// The TOTP label.
    pub totp_label: Patch<Name>,
    /// What only administrators may change.
    pub administrative: Administrative,
}

/// The part of an [`Amendment`] that takes an administrator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Administrative {
    /// Locked or not.
    pub locked: Option<bool>,
    /// When the password expires.
    pub password_expires: Option<Timestamp>,
    /// Whether the password must be changed at the next sign-in.
    pub password_must_change: Option<bool>,
    /// How far the sign-up is.
    pub sign_up: Option<SignUpStatus>,
    /// The state of the approval.
    pub approval: Option<ApprovalStatus>,
}

impl Command {
    /// The name that the facts' heads keep.
    pub fn name(&self) -> CommandName {
        match self {
            Self::SignUp(_) => CommandName::SignUp,
            Self::Create { .. } | Self::CreateSuperUser(_) => CommandName::CreateUser,
            Self::CreateMachine { .. } => CommandName::CreateMachine,
            Self::ConfirmSignUp { .. } => CommandName::ConfirmSignUp,
            Self::Approve(_) => CommandName::Approve,
            Self::Reject(_) => CommandName::Reject,
            Self::Lock(_) => CommandName::Lock,
            Self::Unlock(_) => CommandName::Unlock,
            Self::Amend(_) => CommandName::Amend,
            Self::ChangePassword { .. } => CommandName::ChangePassword,
            Self::ResetTotpKey { .. } => CommandName::ResetTotpKey,
            Self::SetAttributes { .. } => CommandName::SetAttributes,
            Self::RemoveAttributes(_) => CommandName::RemoveAttributes,
            Self::GrantRight(_) => CommandName::GrantRight,
            Self::RevokeRight(_) => CommandName::RevokeRight,
            Self::AddPat { .. } => CommandName::AddPat,
            Self::RemovePat(_) => CommandName::RemovePat,
            Self::Delete => CommandName::Delete,
            Self::Erase => CommandName::Erase,
            Self::Access(command) => command.name(),
            Self::Mail(command) => command.name(),
            Self::NoteAttempts(command) => command.name(),
        }
    }

    /// What the policy is asked about it.
    pub fn act(&self) -> Act {
        match self {
            Self::SignUp(_) => Act::SignUp,
            Self::ConfirmSignUp { .. } => Act::ConfirmSignUp,
            Self::Create { .. } | Self::CreateMachine { .. } => Act::CreateUser,
            // Whoever may grant the right may create users as well: it takes that very right.
            Self::CreateSuperUser(_) => Act::ManageRight(Right::SuperUser),
            Self::Approve(_) | Self::Reject(_) => Act::DecideApproval,
            Self::Lock(_) | Self::Unlock(_) => Act::Lock,
            Self::Amend(amendment) if amendment.administrative == Administrative::default() => {
                Act::AmendProfile
            }
            Self::Amend(_) => Act::AmendAccount,
            Self::ChangePassword { checked: Some(_), .. } => Act::ChangeKnownPassword,
            Self::ChangePassword { checked: None, .. } => Act::SetPassword,
            Self::ResetTotpKey { .. } => Act::ResetTotp,
            Self::SetAttributes { .. } | Self::RemoveAttributes(_) => Act::WriteAttributes,
            Self::GrantRight(right) | Self::RevokeRight(right) => Act::ManageRight(*right),
            Self::AddPat { .. } | Self::RemovePat(_) => Act::ManageTokens,
            Self::Delete => Act::DeleteUser,
            Self::Erase => Act::EraseUser,
            Self::Access(command) => command.act(),
            Self::Mail(command) => command.act(),
            Self::NoteAttempts(command) => command.act(),
        }
    }
}
