//! What can have happened to a user. Past tense: it cannot be refused. `docs/events.md` tells each.

use std::sync::Arc;

use crate::attributes::AttributeKey;
use crate::id::{CodeId, OrganizationId, SessionId, TokenId};
use crate::policy::Right;
use crate::secret::{PasswordHash, TokenHash, TotpSeed};
use crate::text::{Email, Name, Patch, Username};
use crate::time::Timestamp;
use crate::user::access;
use crate::user::attempts;
use crate::user::mail;
use crate::user::state::{ApprovalStatus, NewPassword, Profile, SignUpStatus};

/// The name of [`Event::UsernameChanged`]: a rename is told from others also where it was erased.
pub const USERNAME_CHANGED: &str = "user.username_changed";

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A person signed up by itself; the birth of a user.
    SignedUp(Box<SignedUp>),
    /// An administrator created a human user; the birth of a user.
    Created(Box<Created>),
    /// An administrator created a machine user; the birth of a user.
    MachineCreated {
        /// Its name.
        username: Username,
        /// What people call it.
        name: Name,
        /// Its organization.
        home: OrganizationId,
    },
    /// The sign-up became final by its confirmation token.
    SignUpConfirmed,
    /// An administrator set how far the sign-up is.
    SignUpStatusSet {
        /// How far.
        status: SignUpStatus,
    },
    /// The account was approved.
    Approved,
    /// The account was rejected.
    Rejected,
    /// The decision about the account was taken back.
    ApprovalReset,
    /// The account was locked.
    Locked,
    /// The account was unlocked.
    Unlocked,
    /// The user has another name.
    UsernameChanged {
        /// The name now.
        username: Username,
    },
    /// Parts of the person's name changed.
    ProfileChanged {
        /// The whole name as shown.
        display_name: Patch<Name>,
        /// The given name.
        first_name: Patch<Name>,
        /// The middle name.
        middle_name: Patch<Name>,
        /// The family name.
        last_name: Patch<Name>,
    },
    /// The user has another address, which nobody verified.
    EmailChanged {
        /// The address now.
        email: Email,
    },
    /// The user has no address any more.
    EmailRemoved,
    /// The password was replaced.
    PasswordChanged {
        /// The one now.
        password: NewPassword,
        /// Whether it must be changed at the next sign-in.
        must_change: bool,
    },
    /// The same password was hashed again, with today's cost.
    PasswordRehashed {
        /// Its new hash.
        hash: PasswordHash,
    },
    /// An administrator set when the password expires.
    PasswordExpirySet {
        /// When.
        expires: Timestamp,
    },
    /// An administrator set whether the password must be changed.
    PasswordMustChangeSet {
        /// Whether.
        must_change: bool,
    },
    /// The TOTP slot has another key.
    TotpKeySet {
        /// The key.
        seed: TotpSeed,
    },
    /// The TOTP slot has another label, or none.
    TotpLabelSet {
        /// The label.
        label: Option<Name>,
    },
    /// A TOTP code is asked for at sign-in.
    TotpEnabled,
    /// No TOTP code is asked for any more.
    TotpDisabled,
    /// The user signed in.
    SignedIn {
        /// The session that was opened.
        session: SessionId,
        /// The TOTP step whose code was used, if one was asked for.
        totp_step: Option<u64>,
    },
    /// An attribute has this value.
    AttributeSet {
        /// Which.
        key: AttributeKey,
        /// Its value as JSON text; `None` if it stayed.
        value: Option<Arc<str>>,
        /// Whether its owner wants it encrypted.
        encrypted: bool,
        /// From when on it counts as absent.
        expires: Timestamp,
    },
    /// An attribute is gone.
    AttributeRemoved {
        /// Which.
        key: AttributeKey,
    },
    /// The user holds a right.
    RightGranted {
        /// Which.
        right: Right,
    },
    /// The user lost a right.
    RightRevoked {
        /// Which.
        right: Right,
    },
    /// The user has a personal access token.
    PatAdded {
        /// Its id.
        token: TokenId,
        /// The hash of what was handed out.
        hash: TokenHash,
        /// What its owner calls it.
        name: Name,
        /// From when on it is dead.
        expires: Timestamp,
    },
    /// A personal access token is gone.
    PatRemoved {
        /// Its id.
        token: TokenId,
    },
    /// The user is gone for every dialect; its history stays.
    Deleted,
    /// The key of a user that was deleted is destroyed: nothing personal of it can be read again.
    Erased,
    /// A way in beside the password changed.
    Access(access::Event),
    /// A mail came to be owed, went out, or did not.
    Mail(mail::Event),
    /// Attempts to sign in failed.
    Attempt(attempts::Event),
}

/// A code that was mailed or handed out, derived from its id and a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConfirmationCode {
    /// What it is derived from.
    pub id: CodeId,
    /// The hash of the token derived from it.
    pub token: TokenHash,
}

/// The birth of a user by its own sign-up.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedUp {
    /// The name.
    pub username: Username,
    /// The address.
    pub email: Option<Email>,
    /// The password.
    pub password: NewPassword,
    /// The applications asked for.
    pub applications: Vec<Name>,
    /// The organization the user belongs to for ever.
    pub home: OrganizationId,
    /// Whether somebody has to approve the account.
    pub approval_needed: bool,
    /// The code whose token confirms.
    pub confirmation: ConfirmationCode,
    /// The key in the TOTP slot, which is off.
    pub totp: TotpSeed,
    /// Whether a confirmation mail is owed.
    pub mail_owed: bool,
}

/// The birth of a human user by an administrator.
#[derive(Clone, Debug, PartialEq)]
pub struct Created {
    /// The name.
    pub username: Option<Username>,
    /// The address.
    pub email: Option<Email>,
    /// The names.
    pub profile: Profile,
    /// The password.
    pub password: Option<NewPassword>,
    /// Whether it must be changed at the first sign-in.
    pub must_change: bool,
    /// The organization the user belongs to for ever.
    pub home: OrganizationId,
    /// How far the sign-up is.
    pub sign_up: SignUpStatus,
    /// The state of the approval.
    pub approval: ApprovalStatus,
    /// Whether it is born locked.
    pub locked: bool,
    /// The key in the TOTP slot.
    pub totp: TotpSeed,
    /// Its label.
    pub totp_label: Option<Name>,
    /// Whether a code is asked for.
    pub totp_enabled: bool,
    /// Whether a mail is owed.
    pub mail_owed: bool,
}

impl From<access::Event> for Event {
    fn from(event: access::Event) -> Self {
        Self::Access(event)
    }
}

impl From<mail::Event> for Event {
    fn from(event: mail::Event) -> Self {
        Self::Mail(event)
    }
}

impl SignedUp {
    /// The state of the approval that it begins with.
    pub fn approval(&self) -> ApprovalStatus {
        if self.approval_needed { ApprovalStatus::BeforeDecision } else { ApprovalStatus::Approved }
    }
}

impl Event {
    /// The name outside the code; never renamed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SignedUp(_) => "user.signed_up",
            Self::Created(_) => "user.created",
            Self::MachineCreated { .. } => "user.machine_created",
            Self::SignUpConfirmed => "user.sign_up_confirmed",
            Self::SignUpStatusSet { .. } => "user.sign_up_status_set",
            Self::Approved => "user.approved",
            Self::Rejected => "user.rejected",
            Self::ApprovalReset => "user.approval_reset",
            Self::Locked => "user.locked",
            Self::Unlocked => "user.unlocked",
            Self::UsernameChanged { .. } => USERNAME_CHANGED,
            Self::ProfileChanged { .. } => "user.profile_changed",
            Self::EmailChanged { .. } => "user.email_changed",
            Self::EmailRemoved => "user.email_removed",
            Self::PasswordChanged { .. } => "user.password_changed",
            Self::PasswordRehashed { .. } => "user.password_rehashed",
            Self::PasswordExpirySet { .. } => "user.password_expiry_set",
            Self::PasswordMustChangeSet { .. } => "user.password_must_change_set",
            Self::TotpKeySet { .. } => "user.totp_key_set",
            Self::TotpLabelSet { .. } => "user.totp_label_set",
            Self::TotpEnabled => "user.totp_enabled",
            Self::TotpDisabled => "user.totp_disabled",
            Self::SignedIn { .. } => "user.signed_in",
            Self::AttributeSet { .. } => "user.attribute_set",
            Self::AttributeRemoved { .. } => "user.attribute_removed",
            Self::RightGranted { .. } => "user.right_granted",
            Self::RightRevoked { .. } => "user.right_revoked",
            Self::PatAdded { .. } => "user.pat_added",
            Self::PatRemoved { .. } => "user.pat_removed",
            Self::Deleted => "user.deleted",
            Self::Erased => "user.erased",
            Self::Access(event) => event.name(),
            Self::Mail(event) => event.name(),
            Self::Attempt(event) => event.name(),
        }
    }

    /// Whether the event begins a user's stream.
    pub fn is_birth(&self) -> bool {
        matches!(self, Self::SignedUp(_) | Self::Created(_) | Self::MachineCreated { .. })
    }

    /// Whether the event may change what [`keys`](crate::user::keys) returns; a fold compares
    /// keys only then.
    pub fn moves_keys(&self) -> bool {
        self.is_birth()
            || matches!(self, Self::Access(event) if event.moves_keys())
            || matches!(self, Self::Mail(event) if event.moves_keys())
            || matches!(
                self,
                Self::SignUpConfirmed
                    | Self::SignUpStatusSet { .. }
                    | Self::UsernameChanged { .. }
                    | Self::EmailChanged { .. }
                    | Self::EmailRemoved
                    | Self::PatAdded { .. }
                    | Self::PatRemoved { .. }
                    | Self::Deleted
            )
    }

    /// Whether the event may change the user's [`Standing`](crate::session::Standing), which the
    /// rows of its sessions repeat.
    pub fn moves_standing(&self) -> bool {
        self.is_birth()
            || matches!(
                self,
                Self::SignUpConfirmed
                    | Self::SignUpStatusSet { .. }
                    | Self::Approved
                    | Self::Rejected
                    | Self::ApprovalReset
                    | Self::Locked
                    | Self::Unlocked
                    | Self::PasswordChanged { .. }
                    | Self::PasswordExpirySet { .. }
                    | Self::RightGranted { .. }
                    | Self::RightRevoked { .. }
                    | Self::Deleted
            )
    }
}
