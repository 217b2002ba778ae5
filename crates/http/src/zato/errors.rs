//! The dialect's codes, and when the generic one takes the place of a specific one (contract, 5.2).

use domain::rejection::{Denial, Held, Rejection, ValueFault};
use domain::user::password::PasswordFault;

use super::settings::Inform;

/// The generic refusal.
pub const NOT_ALLOWED: &str = "E005001";
/// A value or attribute is not allowed.
pub const INVALID_INPUT: &str = "E008002";
/// The operation makes no sense for this user.
pub const INVALID_OPERATION: &str = "E008001";
/// Nothing to update.
pub const MISSING_INPUT: &str = "E008003";
/// The token is unknown, broken or expired.
pub const NO_SUCH_SESSION: &str = "E007001";
/// The application is unknown or may not be used for this.
pub const APP_INVALID: &str = "E004001";
/// The password expires soon.
pub const EXPIRES_SOON: &str = "W003005";

/// The call that is answered, as far as codes depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Log in.
    Login,
    /// Sign up.
    SignUp,
    /// Confirm a sign-up.
    Confirm,
    /// Search, whose session errors are masked.
    Search,
    /// Approve and reject, which tell a regular caller `E008002`.
    Approve,
    /// Update, likewise.
    Update,
    /// Change a password, likewise.
    Password,
    /// Reset the TOTP key, likewise.
    Totp,
    /// Create a user.
    Create,
    /// Delete a user.
    Delete,
    /// Link a user to a security definition, or take that away.
    Link,
    /// Any other call.
    Other,
}

/// The code for `why`, as the caller of `call` may see it.
pub fn code(call: Call, why: &Rejection, inform: &Inform) -> &'static str {
    let (code, shown) = row(call, why, inform);
    if shown { code } else { NOT_ALLOWED }
}

/// The specific code, and whether it is shown.
fn row(call: Call, why: &Rejection, inform: &Inform) -> (&'static str, bool) {
    let sign_up = call == Call::SignUp;
    match why {
        Rejection::NoSuchUser if call == Call::Delete => (INVALID_OPERATION, true),
        Rejection::NoSuchUser
        | Rejection::UserExists
        | Rejection::BadCredentials
        | Rejection::AddressNotAllowed
        | Rejection::NoPassword
        | Rejection::NoSuchToken
        // Nothing of this dialect asks about mails, nor erases.
        | Rejection::NoSuchMail
        | Rejection::AlreadyErased
        | Rejection::StaleProof => (NOT_ALLOWED, true),
        Rejection::Taken(Held::Username) => ("E001002", !sign_up || inform.user_exists),
        Rejection::Taken(Held::Email) => ("E002002", !sign_up || inform.email_exists),
        Rejection::SecondFactorMissing => ("E005008", inform.totp_missing),
        Rejection::ApplicationNotAllowed if sign_up => ("E004002", inform.app_invalid),
        Rejection::ApplicationNotAllowed => (APP_INVALID, inform.app_invalid),
        Rejection::MetadataNotAllowed => ("E006001", true),
        Rejection::AccountLocked => ("E005002", inform.locked),
        Rejection::SignUpNotFinal => ("E005003", inform.not_confirmed),
        Rejection::NotApproved => ("E005004", inform.not_approved),
        Rejection::PasswordExpired => ("E003004", inform.expired),
        Rejection::PasswordExpiresSoon => ("E003006", inform.about_to_expire),
        Rejection::PasswordMustChange => ("E003007", inform.must_be_changed),
        Rejection::PasswordUnacceptable(fault) => (password(*fault), inform.password_invalid),
        Rejection::NoSuchSession => (NO_SUCH_SESSION, call != Call::Search),
        Rejection::Taken(Held::Link) | Rejection::NoSuchLink => (INVALID_OPERATION, true),
        Rejection::AlreadySo if call == Call::Link => (INVALID_OPERATION, true),
        Rejection::NoSuchReset => ("E010001", true),
        Rejection::NoSuchConfirmation => ("E005006", true),
        Rejection::AlreadyConfirmed => ("E005007", true),
        Rejection::AttributeExists => ("E009001", true),
        Rejection::NoSuchAttribute => ("E009002", true),
        Rejection::NothingAsked => (MISSING_INPUT, true),
        Rejection::Unacceptable { field: "username", fault: ValueFault::Empty }
            if call == Call::Create =>
        {
            (username(ValueFault::Empty), true)
        }
        Rejection::Unacceptable { field: "username", fault } if sign_up => {
            (username(*fault), inform.user_invalid)
        }
        Rejection::Unacceptable { field: "email", fault } if sign_up => {
            (email(*fault), inform.email_invalid)
        }
        // Zato repeats what is so already, so nobody asks to be told `AlreadySo`.
        Rejection::Unacceptable { .. } | Rejection::TooLarge | Rejection::AlreadySo => {
            (INVALID_INPUT, true)
        }
        Rejection::Denied(Denial::RightMissing | Denial::NotSelf | Denial::Outranked) => match call
        {
            Call::Approve | Call::Update | Call::Password | Call::Totp => (INVALID_INPUT, true),
            Call::Login
            | Call::SignUp
            | Call::Confirm
            | Call::Search
            | Call::Create
            | Call::Delete
            | Call::Link
            | Call::Other => (NOT_ALLOWED, true),
        },
    }
}

fn password(fault: PasswordFault) -> &'static str {
    match fault {
        PasswordFault::Rejected => "E003001",
        PasswordFault::TooShort => "E003002",
        PasswordFault::TooLong => "E003003",
        PasswordFault::TooSimple => "E003008",
    }
}

fn username(fault: ValueFault) -> &'static str {
    match fault {
        ValueFault::TooLong => "E001003",
        ValueFault::WhiteSpace => "E001004",
        ValueFault::Empty
        | ValueFault::Nul
        | ValueFault::RejectedWord
        | ValueFault::Malformed
        | ValueFault::NotNullable
        | ValueFault::OutOfRange => "E001001",
    }
}

fn email(fault: ValueFault) -> &'static str {
    match fault {
        ValueFault::TooLong => "E002003",
        ValueFault::WhiteSpace => "E002004",
        ValueFault::Empty => "E002005",
        ValueFault::Nul
        | ValueFault::RejectedWord
        | ValueFault::Malformed
        | ValueFault::NotNullable
        | ValueFault::OutOfRange => "E002001",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_code_is_the_generic_one() {
        let mut inform = Inform::default();
        assert_eq!(code(Call::Login, &Rejection::AccountLocked, &inform), "E005002");
        inform.locked = false;
        assert_eq!(code(Call::Login, &Rejection::AccountLocked, &inform), NOT_ALLOWED);
    }

    #[test]
    fn a_taken_name_is_masked_at_sign_up_only() {
        let inform = Inform::default();
        let taken = Rejection::Taken(Held::Username);
        assert_eq!(code(Call::SignUp, &taken, &inform), NOT_ALLOWED);
        assert_eq!(code(Call::Update, &taken, &inform), "E001002");
    }

    #[test]
    fn search_does_not_tell_that_a_session_is_unknown() {
        let inform = Inform::default();
        assert_eq!(code(Call::Search, &Rejection::NoSuchSession, &inform), NOT_ALLOWED);
        assert_eq!(code(Call::Other, &Rejection::NoSuchSession, &inform), NO_SUCH_SESSION);
    }
}
