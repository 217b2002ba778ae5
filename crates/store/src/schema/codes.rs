//! The numbers that stand for choices in stored bytes. Frozen: a number is never given a second
//! meaning, and a new one takes the next free.

use domain::actor::Dialect;
use domain::attributes::Namespace;
use domain::fact::CommandName;
use domain::policy::{Act, Right};
use domain::rejection::Denial;
use domain::session::{EndReason, Method};
use domain::user::attempts::Refusal;
use domain::user::mail::{MailFailure, MailKind};
use domain::user::state::{ApprovalStatus, LinkKind, SignUpStatus};

/// Stream of a user.
pub const STREAM_USER: u8 = 1;
/// Stream of a session.
pub const STREAM_SESSION: u8 = 2;
/// Stream of an organization; reserved.
pub const STREAM_ORGANIZATION: u8 = 3;
/// Stream of a role; reserved.
pub const STREAM_ROLE: u8 = 4;
/// The system stream.
pub const STREAM_SYSTEM: u8 = 5;

/// Nobody that is known.
pub const ACTOR_ANONYMOUS: u8 = 1;
/// A person.
pub const ACTOR_USER: u8 = 2;
/// A machine user.
pub const ACTOR_MACHINE: u8 = 3;
/// Somebody at the command line.
pub const ACTOR_OPERATOR: u8 = 4;
/// Muster itself.
pub const ACTOR_SYSTEM: u8 = 5;

/// The dialect ZITADEL; reserved.
pub const DIALECT_ZITADEL: u8 = 3;
/// The dialect Logto; reserved.
pub const DIALECT_LOGTO: u8 = 4;

/// A slot that mailed codes are derived with.
pub const PURPOSE_CODES: u8 = 1;
/// A slot that unknown names are hashed with.
pub const PURPOSE_INDEX: u8 = 2;
/// A slot that session tokens are derived with.
pub const PURPOSE_TOKENS: u8 = 3;
/// A slot that holds the seed of the key that signs checkpoints.
pub const PURPOSE_CHECKPOINTS: u8 = 4;
/// A slot that origins of one month are sealed with; the month stands beside it.
pub const PURPOSE_MONTH: u8 = 5;

macro_rules! table {
    ($(#[$doc:meta])* $to:ident, $from:ident: $of:ident = $int:ty {
        $($variant:ident = $code:literal,)*
    }) => {
        $(#[$doc])*
        pub fn $to(value: $of) -> $int {
            match value {
                $($of::$variant => $code,)*
            }
        }

        #[doc = concat!("What a number of [`", stringify!($to), "`] stands for.")]
        pub fn $from(code: $int) -> Option<$of> {
            match code {
                $($code => Some($of::$variant),)*
                _ => None,
            }
        }
    };
}

table! {
    /// The number of a dialect.
    dialect, dialect_of: Dialect = u8 {
        Native = 1,
        Zato = 2,
    }
}
table! {
    /// The number of a command.
    command, command_of: CommandName = u16 {
        Bootstrap = 1,
        Upkeep = 2,
        SignUp = 3,
        ConfirmSignUp = 4,
        CreateUser = 5,
        CreateMachine = 6,
        SignIn = 7,
        SignOut = 8,
        RenewSession = 9,
        EndSession = 10,
        Approve = 11,
        Reject = 12,
        Lock = 13,
        Unlock = 14,
        Amend = 15,
        ChangePassword = 16,
        ResetTotpKey = 17,
        SetAttributes = 18,
        RemoveAttributes = 19,
        GrantRight = 20,
        RevokeRight = 21,
        AddPat = 22,
        RemovePat = 23,
        Delete = 24,
        Rebuild = 25,
        RequestPasswordReset = 26,
        OpenPasswordReset = 27,
        CarryOutPasswordReset = 28,
        LinkAccount = 29,
        UnlinkAccount = 30,
        DeliverMail = 31,
        Erase = 32,
        ForgetOrigins = 33,
        NoteAudit = 34,
        NoteDenial = 35,
        Export = 36,
    }
}
table! {
    /// The number of an attribute namespace.
    namespace, namespace_of: Namespace = u8 {
        Zato = 1,
    }
}
table! {
    /// The number of a sign-up status.
    sign_up, sign_up_of: SignUpStatus = u8 {
        BeforeConfirmation = 1,
        ToApprove = 2,
        Final = 3,
    }
}
table! {
    /// The number of an approval status.
    approval, approval_of: ApprovalStatus = u8 {
        BeforeDecision = 1,
        Approved = 2,
        Rejected = 3,
    }
}
table! {
    /// The number of a type of security definition.
    link, link_of: LinkKind = u8 {
        BasicAuth = 1,
        Jwt = 2,
    }
}
table! {
    /// The number of what a mail says.
    mail, mail_of: MailKind = u8 {
        Confirmation = 1,
        Welcome = 2,
        PasswordReset = 3,
        ApprovalNeeded = 4,
        Approved = 5,
        Rejected = 6,
    }
}
table! {
    /// The number of a reason why right credentials did not sign in.
    refusal, refusal_of: Refusal = u8 {
        Locked = 1,
        SignUpNotFinal = 2,
        NotApproved = 3,
        PasswordExpired = 4,
        PasswordMustChange = 5,
        SecondFactorMissing = 6,
        Application = 7,
        Address = 8,
        NewPassword = 9,
    }
}
table! {
    /// The number of a reason why a mail did not go out.
    mail_failure, mail_failure_of: MailFailure = u8 {
        Unreachable = 1,
        Refused = 2,
        TooOld = 3,
    }
}
table! {
    /// The number of a right.
    right, right_of: Right = u8 {
        SuperUser = 1,
        Auditor = 2,
        Operator = 3,
    }
}
table! {
    /// The number of a way to sign in.
    method, method_of: Method = u8 {
        Password = 1,
        PasswordAndTotp = 2,
        CommandLine = 3,
        Linked = 4,
    }
}
table! {
    /// The number of a reason why a session ended.
    end_reason, end_reason_of: EndReason = u8 {
        SignedOut = 1,
        Revoked = 2,
    }
}

table! {
    /// The number of a reason why somebody may not do something.
    denial, denial_of: Denial = u8 {
        RightMissing = 1,
        NotSelf = 2,
        Outranked = 3,
    }
}

/// The number of an act; one about a right is another for each right.
pub fn act(act: Act) -> u16 {
    match act {
        Act::SignUp => 1,
        Act::ConfirmSignUp => 2,
        Act::CreateUser => 3,
        Act::DecideApproval => 4,
        Act::Lock => 5,
        Act::AmendProfile => 6,
        Act::AmendAccount => 7,
        Act::ChangeKnownPassword => 8,
        Act::SetPassword => 9,
        Act::ResetTotp => 10,
        Act::WriteAttributes => 11,
        Act::ManageRight(Right::SuperUser) => 12,
        Act::ManageRight(Right::Auditor) => 13,
        Act::ManageRight(Right::Operator) => 14,
        Act::ManageTokens => 15,
        Act::DeleteUser => 16,
        Act::ResetPassword => 17,
        Act::ManageLinks => 18,
        Act::UseSession => 19,
        Act::OpenSession => 20,
        Act::ReadUser => 21,
        Act::ReadAccounts => 22,
        Act::Audit => 23,
        Act::Operate => 24,
        Act::FailToSignIn => 25,
        Act::DeliverMail => 26,
        Act::BeDenied => 27,
        Act::EraseUser => 28,
    }
}

/// What a number of [`act`] stands for.
pub fn act_of(code: u16) -> Option<Act> {
    Some(match code {
        1 => Act::SignUp,
        2 => Act::ConfirmSignUp,
        3 => Act::CreateUser,
        4 => Act::DecideApproval,
        5 => Act::Lock,
        6 => Act::AmendProfile,
        7 => Act::AmendAccount,
        8 => Act::ChangeKnownPassword,
        9 => Act::SetPassword,
        10 => Act::ResetTotp,
        11 => Act::WriteAttributes,
        12 => Act::ManageRight(Right::SuperUser),
        13 => Act::ManageRight(Right::Auditor),
        14 => Act::ManageRight(Right::Operator),
        15 => Act::ManageTokens,
        16 => Act::DeleteUser,
        17 => Act::ResetPassword,
        18 => Act::ManageLinks,
        19 => Act::UseSession,
        20 => Act::OpenSession,
        21 => Act::ReadUser,
        22 => Act::ReadAccounts,
        23 => Act::Audit,
        24 => Act::Operate,
        25 => Act::FailToSignIn,
        26 => Act::DeliverMail,
        27 => Act::BeDenied,
        28 => Act::EraseUser,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    /// Every number below 256 that means something, with its meaning.
    fn listed<T: Debug>(of: impl Fn(u8) -> Option<T>) -> String {
        let known = (0..=u8::MAX).filter_map(|code| Some(format!("{code} {:?}", of(code)?)));
        known.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_numbers_are_the_frozen_ones() {
        assert_eq!(listed(dialect_of), "1 Native, 2 Zato");
        assert_eq!(listed(namespace_of), "1 Zato");
        assert_eq!(listed(sign_up_of), "1 BeforeConfirmation, 2 ToApprove, 3 Final");
        assert_eq!(listed(approval_of), "1 BeforeDecision, 2 Approved, 3 Rejected");
        assert_eq!(listed(right_of), "1 SuperUser, 2 Auditor, 3 Operator");
        assert_eq!(listed(link_of), "1 BasicAuth, 2 Jwt");
        assert_eq!(
            listed(mail_of),
            "1 Confirmation, 2 Welcome, 3 PasswordReset, 4 ApprovalNeeded, 5 Approved, 6 Rejected"
        );
        assert_eq!(
            listed(refusal_of),
            "1 Locked, 2 SignUpNotFinal, 3 NotApproved, 4 PasswordExpired, 5 PasswordMustChange, \
             6 SecondFactorMissing, 7 Application, 8 Address, 9 NewPassword"
        );
        assert_eq!(listed(mail_failure_of), "1 Unreachable, 2 Refused, 3 TooOld");
        assert_eq!(listed(method_of), "1 Password, 2 PasswordAndTotp, 3 CommandLine, 4 Linked");
        assert_eq!(listed(end_reason_of), "1 SignedOut, 2 Revoked");
        assert_eq!(listed(denial_of), "1 RightMissing, 2 NotSelf, 3 Outranked");
    }

    #[test]
    fn the_constants_are_the_frozen_ones() {
        assert_eq!(
            [STREAM_USER, STREAM_SESSION, STREAM_ORGANIZATION, STREAM_ROLE, STREAM_SYSTEM],
            [1, 2, 3, 4, 5]
        );
        assert_eq!(
            [ACTOR_ANONYMOUS, ACTOR_USER, ACTOR_MACHINE, ACTOR_OPERATOR, ACTOR_SYSTEM],
            [1, 2, 3, 4, 5]
        );
        assert_eq!([DIALECT_ZITADEL, DIALECT_LOGTO], [3, 4]);
        assert!(dialect_of(DIALECT_ZITADEL).is_none() && dialect_of(DIALECT_LOGTO).is_none());
        assert_eq!(
            [PURPOSE_CODES, PURPOSE_INDEX, PURPOSE_TOKENS, PURPOSE_CHECKPOINTS, PURPOSE_MONTH],
            [1, 2, 3, 4, 5]
        );
    }

    #[test]
    fn the_numbers_of_acts_are_the_frozen_ones() {
        let known: Vec<_> = (0..=u16::MAX).filter_map(|code| Some((code, act_of(code)?))).collect();
        for (code, of) in &known {
            assert_eq!(act(*of), *code);
        }
        let listed: Vec<_> =
            known.iter().map(|(code, of)| format!("{code} {}", of.name())).collect();
        assert_eq!(
            listed.join(", "),
            "1 sign_up, 2 confirm_sign_up, 3 create_user, 4 decide_approval, 5 lock, \
             6 amend_profile, 7 amend_account, 8 change_known_password, 9 set_password, \
             10 reset_totp, 11 write_attributes, 12 manage_right_super_user, \
             13 manage_right_auditor, 14 manage_right_operator, 15 manage_tokens, 16 delete_user, \
             17 reset_password, 18 manage_links, 19 use_session, 20 open_session, 21 read_user, \
             22 read_accounts, 23 audit, 24 operate, 25 fail_to_sign_in, 26 deliver_mail, \
             27 be_denied, 28 erase_user"
        );
    }

    #[test]
    fn the_numbers_of_commands_are_the_frozen_ones() {
        let listed: Vec<_> = (0..=u16::MAX)
            .filter_map(|code| Some(format!("{code} {}", command_of(code)?.name())))
            .collect();
        assert_eq!(
            listed.join(", "),
            "1 bootstrap, 2 upkeep, 3 sign_up, 4 confirm_sign_up, 5 create_user, \
             6 create_machine, 7 sign_in, 8 sign_out, 9 renew_session, 10 end_session, \
             11 approve, 12 reject, 13 lock, 14 unlock, 15 amend, 16 change_password, \
             17 reset_totp_key, 18 set_attributes, 19 remove_attributes, 20 grant_right, \
             21 revoke_right, 22 add_pat, 23 remove_pat, 24 delete, 25 rebuild, \
             26 request_password_reset, 27 open_password_reset, 28 carry_out_password_reset, \
             29 link_account, 30 unlink_account, 31 deliver_mail, 32 erase, 33 forget_origins, \
             34 note_audit, 35 note_denial, 36 export"
        );
        for name in CommandName::ALL {
            assert_eq!(command_of(command(*name)), Some(*name));
        }
    }
}
