//! What is true of a user: the fold of its facts, which is also the row that the views keep.

use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::actor::Actor;
use crate::attributes::Attributes;
use crate::fact::Head;
use crate::id::{CodeId, OrganizationId, Position, Slot, TokenId, UserId};
use crate::policy::Rights;
use crate::secret::{PasswordHash, TokenHash, TotpSeed};
use crate::session::{Standing, Usability};
use crate::text::{Email, Name, TextFault, Username};
use crate::time::Timestamp;
use crate::user::event::ConfirmationCode;
use crate::user::mail::Owed;
use crate::user::rate_limit::RateLimitDefinition;
use crate::user::reset::Reset;

/// What is true of a user now.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// A person or a program.
    pub kind: Kind,
    /// The organization the user belongs to for ever.
    pub home: OrganizationId,
    /// The key of everything personal about it.
    pub slot: Slot,
    /// How many facts its stream has.
    pub version: u32,
    /// When it was born.
    pub born: Timestamp,
    /// The name it signs in as.
    pub username: Option<Username>,
    /// Its address.
    pub email: Option<Email>,
    /// Its names.
    pub profile: Profile,
    /// How far its sign-up is.
    pub sign_up: SignUpStatus,
    /// The code that confirms or confirmed it.
    pub confirmation: Option<ConfirmationCode>,
    /// The applications asked for at sign-up.
    pub applications: Box<[Name]>,
    /// Whether it is approved, since when, by whom.
    pub approval: Approval,
    /// Whether it is locked.
    pub locked: bool,
    /// When it was last locked: access tokens from before stay dead, whatever came after.
    pub disabled_at: Option<Timestamp>,
    /// The last lock or unlock.
    pub lock_changed: Option<LockChange>,
    /// What it may do beyond its own account.
    pub rights: Rights,
    /// Its password.
    pub password: Option<Password>,
    /// Its second factor.
    pub totp: Totp,
    /// What applications keep with it.
    pub attributes: Attributes,
    /// Its personal access tokens.
    pub tokens: RedBlackTreeMapSync<TokenId, Pat>,
    /// Resets of its password that are under way.
    pub resets: RedBlackTreeMapSync<CodeId, Reset>,
    /// Security definitions that sign it in.
    pub links: RedBlackTreeMapSync<LinkKey, Link>,
    /// How access through them is limited.
    pub rate_limit: Option<Arc<RateLimit>>,
    /// Mails that are owed, by the facts that owe them.
    pub mails: RedBlackTreeMapSync<Position, Owed>,
    /// Whether it was ever final and approved at once.
    pub was_usable: bool,
}

/// A lock, an unlock, or a birth in that state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LockChange {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// The fact, whose origin says which operator it was.
    pub fact: Position,
}

impl LockChange {
    /// What the head of a fact says of it.
    pub fn of(head: &Head) -> Self {
        Self { at: head.at, by: head.actor, fact: head.position }
    }
}

/// A security definition of the server, as a user is linked to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey {
    /// Of which type.
    pub kind: LinkKind,
    /// Its name.
    pub definition: Name,
}

/// The type of a security definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// HTTP Basic Auth (RFC 7617).
    BasicAuth,
    /// A JSON web token (RFC 7519).
    Jwt,
}

impl LinkKind {
    /// The name outside the code; never renamed.
    pub fn name(self) -> &'static str {
        match self {
            Self::BasicAuth => "basic_auth",
            Self::Jwt => "jwt",
        }
    }
}

/// A link to a security definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    /// Whether it signs in.
    pub active: bool,
    /// Since when it is there.
    pub added: Timestamp,
}

/// How access through linked accounts is limited.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RateLimit {
    /// Whether it is in force.
    pub active: bool,
    /// The rules.
    pub definition: Option<RateLimitDefinition>,
}

/// A person or a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person.
    Human,
    /// A program.
    Machine,
}

/// The names of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Profile {
    /// The whole name as shown.
    pub display_name: Option<Name>,
    /// The given name.
    pub first_name: Option<Name>,
    /// The middle name.
    pub middle_name: Option<Name>,
    /// The family name.
    pub last_name: Option<Name>,
}

impl Profile {
    /// First, middle and last name with a space between those that are there.
    ///
    /// # Errors
    /// If that is longer than a name may be.
    pub fn whole_name(&self) -> Result<Option<Name>, TextFault> {
        let parts = [&self.first_name, &self.middle_name, &self.last_name];
        let parts: Vec<&str> = parts.into_iter().flatten().map(Name::as_str).collect();
        if parts.is_empty() { Ok(None) } else { Name::parse(&parts.join(" ")).map(Some) }
    }
}

/// How far a sign-up is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignUpStatus {
    /// Its token was not shown yet.
    BeforeConfirmation,
    /// Confirmed, and held back by an administrator.
    ToApprove,
    /// Done.
    Final,
}

/// The state of an account's approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApprovalStatus {
    /// Nobody decided.
    BeforeDecision,
    /// It may be used.
    Approved,
    /// It may not be used.
    Rejected,
}

/// The state of an account's approval, and who brought it about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Approval {
    /// The state.
    pub status: ApprovalStatus,
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
}

/// A password to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPassword {
    /// Its hash.
    pub hash: PasswordHash,
    /// When it expires.
    pub expires: Timestamp,
}

/// A password on record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Password {
    /// Its hash.
    pub hash: PasswordHash,
    /// When it was set.
    pub set: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
    /// Whether it must be changed at the next sign-in.
    pub must_change: bool,
}

impl Password {
    /// Whether it expired.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires <= now
    }
}

/// The one TOTP slot of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Totp {
    /// The key; machines have none.
    pub seed: Option<TotpSeed>,
    /// What its owner calls it.
    pub label: Option<Name>,
    /// Whether a code is asked for at sign-in.
    pub enabled: bool,
    /// The last step whose code was used.
    pub last_step: Option<u64>,
}

/// A personal access token on record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pat {
    /// The hash of what was handed out.
    pub hash: TokenHash,
    /// What its owner calls it.
    pub name: Name,
    /// From when on it is dead.
    pub expires: Timestamp,
    /// When it was added.
    pub added: Timestamp,
}

/// What a user holds, and what it is found under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The name nobody else may have.
    pub username: Option<Username>,
    /// The address it is found under.
    pub email: Option<Email>,
    /// The hashes of mailed tokens: of its sign-up, used or not, and of resets under way.
    pub codes: Vec<TokenHash>,
    /// The hashes of its personal access tokens.
    pub tokens: Vec<(TokenHash, TokenId)>,
    /// The security definitions nobody else may be linked to.
    pub links: Vec<LinkKey>,
    /// The facts that owe mails.
    pub mails: Vec<Position>,
}

/// What `user` holds and is found under; a fold takes what came and frees what went.
pub fn keys(user: &User) -> Keys {
    Keys {
        username: user.username.clone(),
        email: user.email.clone(),
        codes: {
            let confirmation = user.confirmation.as_ref().map(|code| code.token.clone());
            let resets = user.resets.values().map(|reset| reset.token.clone());
            confirmation.into_iter().chain(resets).collect()
        },
        tokens: user.tokens.iter().map(|(id, pat)| (pat.hash.clone(), *id)).collect(),
        links: user.links.keys().cloned().collect(),
        mails: user.mails.keys().copied().collect(),
    }
}

impl User {
    /// Whether and until when sessions of this user may be used.
    pub fn standing(&self) -> Standing {
        let usability = if self.approval.status != ApprovalStatus::Approved {
            Usability::NotApproved
        } else if self.locked {
            Usability::Locked
        } else if self.sign_up != SignUpStatus::Final {
            Usability::SignUpNotFinal
        } else {
            Usability::Usable
        };
        Standing {
            usability,
            password_expires: self
                .password
                .as_ref()
                .map_or(Timestamp::NEVER, |password| password.expires),
            rights: self.rights,
        }
    }
}

impl User {
    /// A personal access token of the user, if it may be used now.
    pub fn usable_token(&self, token: TokenId, now: Timestamp) -> Option<&Pat> {
        let usable = |pat: &&Pat| {
            now < pat.expires && self.disabled_at.is_none_or(|disabled| disabled < pat.added)
        };
        let may_be_used = self.standing().usability == Usability::Usable;
        self.tokens.get(&token).filter(|_| may_be_used).filter(usable)
    }
}
