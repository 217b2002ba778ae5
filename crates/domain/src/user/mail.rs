//! Mails that are owed to or about a user: which are, that one went out, that one could not.
//!
//! A birth and a reset say themselves that a mail with their token is owed; what else is owed follows
//! from how the account changed ([`owed`]) and is a fact of its own. What is owed stays owed until a
//! fact says that it was sent or given up, or until it is of no use any more: the sign-up is
//! confirmed, the reset used or run out.

use crate::fact::{CommandName, Head};
use crate::id::{CodeId, Position};
use crate::policy::Act;
use crate::rejection::Rejection;
use crate::time::Timestamp;
use crate::user::state::{ApprovalStatus, SignUpStatus, User};

/// Mails that may be owed for one user at once; beyond that the oldest is forgotten.
pub const MAILS_MAX: usize = 64;

/// What a mail says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// How to confirm a sign-up; carries its token.
    Confirmation,
    /// That the account can be used now.
    Welcome,
    /// How to choose a new password; carries the reset's token.
    PasswordReset,
    /// To those who approve: that somebody waits for them.
    ApprovalNeeded,
    /// That the account was approved.
    Approved,
    /// That the account was rejected.
    Rejected,
}

/// A mail that is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owed {
    /// What it says.
    pub kind: MailKind,
    /// What its token is derived from, if it carries one.
    pub code: Option<CodeId>,
    /// Since when it is owed.
    pub since: Timestamp,
    /// Whether whoever should take it refused it: it is not tried again by itself.
    pub refused: bool,
}

/// Why a mail did not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailFailure {
    /// The server that should take it could not be reached, or broke off.
    Unreachable,
    /// The server said that it will not take this mail.
    Refused,
    /// It is owed for so long that nobody waits for it any more.
    TooOld,
}

/// Which mails are owed beside those that carry a token; a choice of the operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailRules {
    /// A welcome, once the account can be used for the first time.
    pub welcome: bool,
    /// A word to those who approve, once somebody waits for them.
    pub approval_needed: bool,
    /// A word to the user that it was approved.
    pub approved: bool,
    /// A word to the user that it was rejected.
    pub rejected: bool,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Note that a mail went out.
    NoteSent(Position),
    /// Note that a mail did not go out.
    NoteFailed {
        /// Which: the fact that owes it.
        mail: Position,
        /// Why.
        why: MailFailure,
    },
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A mail is owed.
    Requested {
        /// What it says.
        kind: MailKind,
    },
    /// It went out.
    Sent {
        /// Which: the fact that owes it.
        mail: Position,
        /// What it says.
        kind: MailKind,
    },
    /// It did not go out.
    Failed {
        /// Which: the fact that owes it.
        mail: Position,
        /// What it says.
        kind: MailKind,
        /// Why.
        why: MailFailure,
        /// Whether it is given up.
        given_up: bool,
    },
}

impl MailKind {
    /// The name outside the code; never renamed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Welcome => "welcome",
            Self::PasswordReset => "password_reset",
            Self::ApprovalNeeded => "approval_needed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

impl MailFailure {
    /// The name outside the code; never renamed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::TooOld => "too_old",
        }
    }
}

impl Command {
    /// The name that the facts' heads keep.
    pub fn name(self) -> CommandName {
        CommandName::DeliverMail
    }

    /// What the policy is asked about it.
    pub fn act(self) -> Act {
        Act::DeliverMail
    }
}

impl Event {
    /// The name outside the code; never renamed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "user.notification_requested",
            Self::Sent { .. } => "user.notification_sent",
            Self::Failed { .. } => "user.notification_failed",
        }
    }

    /// Whether a mail comes to be owed or is owed no more.
    pub fn moves_keys(&self) -> bool {
        match self {
            Self::Requested { .. } | Self::Sent { .. } => true,
            Self::Failed { given_up, .. } => *given_up,
        }
    }
}

/// Decides what `command` makes happen, or why nothing may.
pub(super) fn decide(user: &User, command: Command) -> Result<Vec<super::Event>, Rejection> {
    let (Command::NoteSent(mail) | Command::NoteFailed { mail, .. }) = command;
    let kind = user.mails.get(&mail).ok_or(Rejection::NoSuchMail)?.kind;
    let event = match command {
        Command::NoteSent(mail) => Event::Sent { mail, kind },
        Command::NoteFailed { mail, why } => {
            Event::Failed { mail, kind, why, given_up: why == MailFailure::TooOld }
        }
    };
    Ok(vec![event.into()])
}

/// Folds one of these events.
pub(super) fn evolve(user: &mut User, head: &Head, event: &Event) {
    match event {
        Event::Requested { kind } => owe(user, head, *kind, None),
        Event::Sent { mail, .. } | Event::Failed { mail, given_up: true, .. } => {
            user.mails.remove_mut(mail);
        }
        Event::Failed { mail, why, .. } => {
            if let Some(owed) = user.mails.get(mail).copied() {
                let refused = *why == MailFailure::Refused;
                user.mails.insert_mut(*mail, Owed { refused, ..owed });
            }
        }
    }
}

/// A mail is owed from this fact on.
pub(super) fn owe(user: &mut User, head: &Head, kind: MailKind, code: Option<CodeId>) {
    let owed = Owed { kind, code, since: head.at, refused: false };
    user.mails.insert_mut(head.position, owed);
    if user.mails.size() > MAILS_MAX
        && let Some(oldest) = user.mails.first().map(|(mail, _)| *mail)
    {
        user.mails.remove_mut(&oldest);
    }
}

/// Forgets mails that are of no use any more.
pub(super) fn sweep(user: &mut User) {
    let useless = |owed: &Owed| match owed.kind {
        MailKind::Confirmation => user.sign_up == SignUpStatus::Final,
        MailKind::PasswordReset => owed.code.is_some_and(|code| !user.resets.contains_key(&code)),
        MailKind::Welcome | MailKind::ApprovalNeeded | MailKind::Approved | MailKind::Rejected => {
            false
        }
    };
    let useless: Vec<_> =
        user.mails.iter().filter(|(_, owed)| useless(owed)).map(|(mail, _)| *mail).collect();
    for mail in useless {
        user.mails.remove_mut(&mail);
    }
}

/// The mails that are owed because of what happens to an account.
pub fn owed(rules: MailRules, before: Option<&User>, events: &[super::Event]) -> Vec<super::Event> {
    let Some(was) = before.map(Account::of).or_else(|| Account::born(events)) else {
        return Vec::new();
    };
    let now = events.iter().fold(was, Account::after);
    let newborn = before.is_none();
    let mut kinds = Vec::new();
    let came = |now: bool, was: bool| now && (newborn || !was);
    let usable = now.is_usable();
    if rules.welcome && usable && !before.is_some_and(|user| user.was_usable) {
        kinds.push(MailKind::Welcome);
    } else if rules.approved && !newborn && came(now.is_approved(), was.is_approved()) {
        kinds.push(MailKind::Approved);
    }
    if rules.rejected && !newborn && came(now.is_rejected(), was.is_rejected()) {
        kinds.push(MailKind::Rejected);
    }
    if !now.has_address {
        kinds.clear();
    }
    if rules.approval_needed && came(now.waits(), was.waits()) {
        kinds.push(MailKind::ApprovalNeeded);
    }
    kinds.into_iter().map(|kind| Event::Requested { kind }.into()).collect()
}

/// As much of an account as decides about mails.
#[derive(Clone, Copy)]
struct Account {
    sign_up: SignUpStatus,
    approval: ApprovalStatus,
    has_address: bool,
}

impl Account {
    fn of(user: &User) -> Self {
        Self {
            sign_up: user.sign_up,
            approval: user.approval.status,
            has_address: user.email.is_some(),
        }
    }

    /// A person as it is born; machines get no mail.
    fn born(events: &[super::Event]) -> Option<Self> {
        match events.first()? {
            super::Event::SignedUp(birth) => Some(Self {
                sign_up: SignUpStatus::BeforeConfirmation,
                approval: birth.approval(),
                has_address: birth.email.is_some(),
            }),
            super::Event::Created(birth) => Some(Self {
                sign_up: birth.sign_up,
                approval: birth.approval,
                has_address: birth.email.is_some(),
            }),
            _ => None,
        }
    }

    fn after(self, event: &super::Event) -> Self {
        match event {
            super::Event::SignUpConfirmed => Self { sign_up: SignUpStatus::Final, ..self },
            super::Event::SignUpStatusSet { status } => Self { sign_up: *status, ..self },
            super::Event::Approved => Self { approval: ApprovalStatus::Approved, ..self },
            super::Event::Rejected => Self { approval: ApprovalStatus::Rejected, ..self },
            super::Event::ApprovalReset => {
                Self { approval: ApprovalStatus::BeforeDecision, ..self }
            }
            super::Event::EmailChanged { .. } => Self { has_address: true, ..self },
            super::Event::EmailRemoved => Self { has_address: false, ..self },
            _ => self,
        }
    }

    fn is_approved(self) -> bool {
        self.approval == ApprovalStatus::Approved
    }

    fn is_rejected(self) -> bool {
        self.approval == ApprovalStatus::Rejected
    }

    fn is_usable(self) -> bool {
        self.is_approved() && self.sign_up == SignUpStatus::Final
    }

    fn waits(self) -> bool {
        self.sign_up == SignUpStatus::Final && self.approval == ApprovalStatus::BeforeDecision
    }
}
