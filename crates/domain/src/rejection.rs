//! Every way a rule says no. A rejection is an answer, not a failure: nothing broke, nothing changed.

use thiserror::Error;

use crate::text::TextFault;
use crate::user::password::PasswordFault;

/// Why a command may not happen.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// There is no such user, or none any more.
    #[error("no such user")]
    NoSuchUser,
    /// A user with this id exists or existed.
    #[error("the user exists already")]
    UserExists,
    /// Somebody else holds the value.
    #[error("the {} is taken", .0.name())]
    Taken(Held),
    /// The user name or password is wrong, or the second factor; never which.
    #[error("the credentials are wrong")]
    BadCredentials,
    /// The credentials are right so far, a second factor is due and none was sent.
    #[error("a second factor is needed")]
    SecondFactorMissing,
    /// The application may not be used for this.
    #[error("the application may not be used for this")]
    ApplicationNotAllowed,
    /// The application may not say where its users are.
    #[error("the application may not send an address or agent")]
    MetadataNotAllowed,
    /// The account may not be used from where the caller is.
    #[error("the account may not be used from this address")]
    AddressNotAllowed,
    /// The account is locked.
    #[error("the account is locked")]
    AccountLocked,
    /// The sign-up was not confirmed, or is not final.
    #[error("the sign-up is not final")]
    SignUpNotFinal,
    /// Nobody approved the account.
    #[error("the account is not approved")]
    NotApproved,
    /// The password has expired.
    #[error("the password has expired")]
    PasswordExpired,
    /// The password expires soon, and signing in with it is not allowed any more.
    #[error("the password expires soon and must be replaced")]
    PasswordExpiresSoon,
    /// The password must be replaced before anything else.
    #[error("the password must be changed")]
    PasswordMustChange,
    /// The new password breaks a rule.
    #[error("the password is not acceptable: {0}")]
    PasswordUnacceptable(PasswordFault),
    /// The user has no password.
    #[error("the user has no password")]
    NoPassword,
    /// The session is unknown, ended or expired, or its owner may not have one.
    #[error("no such session")]
    NoSuchSession,
    /// No sign-up has this confirmation token.
    #[error("no such confirmation token")]
    NoSuchConfirmation,
    /// The sign-up was confirmed before.
    #[error("the sign-up is confirmed already")]
    AlreadyConfirmed,
    /// No reset of a password has this token and key, or not any more.
    #[error("no such password reset")]
    NoSuchReset,
    /// No such mail is owed.
    #[error("no such mail is owed")]
    NoSuchMail,
    /// The user is not linked to this security definition.
    #[error("no such link")]
    NoSuchLink,
    /// It is so already, and the dialect asked to be told.
    #[error("it is so already")]
    AlreadySo,
    /// The user was erased before.
    #[error("the user is erased already")]
    AlreadyErased,
    /// An attribute of this name exists.
    #[error("the attribute exists already")]
    AttributeExists,
    /// There is no attribute of this name.
    #[error("no such attribute")]
    NoSuchAttribute,
    /// There is no such personal access token.
    #[error("no such token")]
    NoSuchToken,
    /// What was checked before deciding is no longer so; trying again may succeed.
    #[error("the state changed meanwhile")]
    StaleProof,
    /// Nothing is asked.
    #[error("nothing to change")]
    NothingAsked,
    /// A value is not acceptable.
    #[error("the {field} is not acceptable: {fault}")]
    Unacceptable {
        /// The field, as `/v1` names it.
        field: &'static str,
        /// What is wrong with it.
        fault: ValueFault,
    },
    /// The caller may not do this.
    #[error("not allowed: {}", .0.reason())]
    Denied(Denial),
    /// The command would write more than one command may.
    #[error("the command is too large")]
    TooLarge,
}

impl Rejection {
    /// A value that a text type refused.
    pub fn text(field: &'static str, fault: TextFault) -> Self {
        let fault = match fault {
            TextFault::Empty => ValueFault::Empty,
            TextFault::TooLong => ValueFault::TooLong,
            TextFault::Nul => ValueFault::Nul,
        };
        Self::Unacceptable { field, fault }
    }

    /// A stable name for machines; never renamed.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchUser => "no_such_user",
            Self::UserExists => "user_exists",
            Self::Taken(Held::Username) => "username_taken",
            Self::Taken(Held::Email) => "email_taken",
            Self::Taken(Held::Link) => "link_taken",
            Self::BadCredentials => "bad_credentials",
            Self::SecondFactorMissing => "second_factor_missing",
            Self::ApplicationNotAllowed => "application_not_allowed",
            Self::MetadataNotAllowed => "metadata_not_allowed",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::AccountLocked => "account_locked",
            Self::SignUpNotFinal => "sign_up_not_final",
            Self::NotApproved => "not_approved",
            Self::PasswordExpired => "password_expired",
            Self::PasswordExpiresSoon => "password_expires_soon",
            Self::PasswordMustChange => "password_must_change",
            Self::PasswordUnacceptable(_) => "password_unacceptable",
            Self::NoPassword => "no_password",
            Self::NoSuchSession => "no_such_session",
            Self::NoSuchConfirmation => "no_such_confirmation",
            Self::AlreadyConfirmed => "already_confirmed",
            Self::NoSuchReset => "no_such_reset",
            Self::NoSuchMail => "no_such_mail",
            Self::NoSuchLink => "no_such_link",
            Self::AlreadySo => "already_so",
            Self::AlreadyErased => "already_erased",
            Self::AttributeExists => "attribute_exists",
            Self::NoSuchAttribute => "no_such_attribute",
            Self::NoSuchToken => "no_such_token",
            Self::StaleProof => "stale_proof",
            Self::NothingAsked => "nothing_asked",
            Self::Unacceptable { .. } => "unacceptable_value",
            Self::Denied(_) => "denied",
            Self::TooLarge => "too_large",
        }
    }
}

/// What one user at a time may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// A user name.
    Username,
    /// An e-mail address, where the dialect wants them unique.
    Email,
    /// A security definition.
    Link,
}

impl Held {
    fn name(self) -> &'static str {
        match self {
            Self::Username => "user name",
            Self::Email => "e-mail address",
            Self::Link => "security definition",
        }
    }
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ValueFault {
    /// Nothing is there.
    #[error("it is empty")]
    Empty,
    /// It is longer than its limit.
    #[error("it is too long")]
    TooLong,
    /// It holds a NUL.
    #[error("it holds a NUL character")]
    Nul,
    /// It holds white space where none may be.
    #[error("it holds white space")]
    WhiteSpace,
    /// It holds a word that configuration rejects.
    #[error("it holds a rejected word")]
    RejectedWord,
    /// It is of the wrong form.
    #[error("it is malformed")]
    Malformed,
    /// It cannot be taken away.
    #[error("it cannot be absent")]
    NotNullable,
    /// It lies outside its range.
    #[error("it is out of range")]
    OutOfRange,
}

/// Why a caller may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Denial {
    /// It takes a right that the caller lacks.
    RightMissing,
    /// It concerns somebody else, and the caller may act on itself only.
    NotSelf,
    /// The other one holds a right that the caller lacks.
    Outranked,
}

impl Denial {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::RightMissing, Self::NotSelf, Self::Outranked];

    /// The name outside the code; never renamed.
    pub fn name(self) -> &'static str {
        match self {
            Self::RightMissing => "right_missing",
            Self::NotSelf => "not_self",
            Self::Outranked => "outranked",
        }
    }

    /// In words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::RightMissing => "a right is missing",
            Self::NotSelf => "it concerns somebody else",
            Self::Outranked => "the other one holds more rights",
        }
    }
}
