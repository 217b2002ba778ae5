//! Attempts to sign in that failed: nothing of the user changes, and yet its owner and an auditor want
//! to know. Which of them become facts, the caller decides: whoever tries again and again should not
//! write the log full.

use crate::fact::CommandName;
use crate::policy::Act;
use crate::rejection::Rejection;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The password was wrong.
    Password,
    /// The password was right, and the TOTP code wrong or used.
    Totp,
    /// The credentials were right, and the account may not be used, or not so.
    Refused(Refusal),
}

/// Why right credentials did not sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The account is locked.
    Locked,
    /// The sign-up is not final.
    SignUpNotFinal,
    /// The account is not approved.
    NotApproved,
    /// The password has expired, or expires too soon.
    PasswordExpired,
    /// The password must be changed.
    PasswordMustChange,
    /// A TOTP code is asked for and none was sent.
    SecondFactorMissing,
    /// The application may not sign users in, or not say where they are.
    Application,
    /// The account may not be used from this address.
    Address,
    /// Another password was sent, and it is not acceptable.
    NewPassword,
}

/// Puts failed attempts on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// What went wrong.
    pub fault: Fault,
    /// How many attempts this stands for since the fact before.
    pub count: u32,
    /// What was asked for.
    pub during: CommandName,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What went wrong.
    pub fault: Fault,
    /// How many attempts this stands for since the fact before.
    pub count: u32,
}

impl Refusal {
    /// The refusal that a rejection is, of credentials that were right.
    pub fn of(why: &Rejection) -> Option<Self> {
        match why {
            Rejection::AccountLocked => Some(Self::Locked),
            Rejection::SignUpNotFinal => Some(Self::SignUpNotFinal),
            Rejection::NotApproved => Some(Self::NotApproved),
            Rejection::PasswordExpired | Rejection::PasswordExpiresSoon => {
                Some(Self::PasswordExpired)
            }
            Rejection::PasswordMustChange => Some(Self::PasswordMustChange),
            Rejection::SecondFactorMissing => Some(Self::SecondFactorMissing),
            Rejection::ApplicationNotAllowed | Rejection::MetadataNotAllowed => {
                Some(Self::Application)
            }
            Rejection::AddressNotAllowed => Some(Self::Address),
            Rejection::PasswordUnacceptable(_) => Some(Self::NewPassword),
            _ => None,
        }
    }

    /// The name outside the code; never renamed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::SignUpNotFinal => "sign_up_not_final",
            Self::NotApproved => "not_approved",
            Self::PasswordExpired => "password_expired",
            Self::PasswordMustChange => "password_must_change",
            Self::SecondFactorMissing => "second_factor_missing",
            Self::Application => "application",
            Self::Address => "address",
            Self::NewPassword => "new_password",
        }
    }
}

impl Command {
    /// The name that the facts' heads keep.
    pub fn name(self) -> CommandName {
        self.during
    }

    /// What the policy is asked about it.
    pub fn act(self) -> Act {
        Act::FailToSignIn
    }
}

impl Event {
    /// The name outside the code; never renamed.
    pub fn name(&self) -> &'static str {
        match self.fault {
            Fault::Password => "user.password_check_failed",
            Fault::Totp => "user.totp_check_failed",
            Fault::Refused(_) => "user.sign_in_failed",
        }
    }
}
