//! What is true of a user: the fold of its facts, which is also the row that the views keep.

use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::actor::Actor;
use crate::attributes::{self, ATTRIBUTES_MAX, Attribute, AttributeKey, Value};
use crate::fact::{Head, Stream};
use crate::id::{OrganizationId, Slot, TokenId, UserId};
use crate::policy::Rights;
use crate::secret::{PasswordHash, TokenHash, TotpSeed};
use crate::session::{Standing, Usability};
use crate::text::{Email, Name, Username};
use crate::time::Timestamp;
use crate::user::event::{ConfirmationCode, Created, Event, SignedUp};

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
    /// The last lock or unlock: when and by whom.
    pub lock_changed: Option<(Timestamp, Actor)>,
    /// What it may do beyond its own account.
    pub rights: Rights,
    /// Its password.
    pub password: Option<Password>,
    /// Its second factor.
    pub totp: Totp,
    /// What applications keep with it.
    pub attributes: RedBlackTreeMapSync<AttributeKey, Arc<Attribute>>,
    /// Its personal access tokens.
    pub tokens: RedBlackTreeMapSync<TokenId, Pat>,
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
    /// The hash of the token that confirms its sign-up.
    pub confirmation: Option<TokenHash>,
    /// The hashes of its personal access tokens.
    pub tokens: Vec<(TokenHash, TokenId)>,
}

/// What `user` holds and is found under; a fold takes what came and frees what went.
pub fn keys(user: &User) -> Keys {
    Keys {
        username: user.username.clone(),
        email: user.email.clone(),
        confirmation: user.confirmation.as_ref().map(|code| code.token.clone()),
        tokens: user.tokens.iter().map(|(id, pat)| (pat.hash.clone(), *id)).collect(),
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

/// Folds one fact into the state, in place; `None` before birth and after deletion.
pub fn evolve(user: &mut Option<Arc<User>>, head: &Head, event: &Event) {
    if let Some(newborn) = born(head, event) {
        debug_assert!(user.is_none(), "a user is born once");
        *user = Some(Arc::new(newborn));
        return;
    }
    if matches!(event, Event::Deleted) {
        *user = None;
        return;
    }
    let Some(user) = user.as_mut() else {
        debug_assert!(false, "nothing happens to a user before birth");
        return;
    };
    let user = Arc::make_mut(user);
    user.version = head.version;
    change(user, head, event);
}

fn change(user: &mut User, head: &Head, event: &Event) {
    match event {
        Event::SignedUp(_)
        | Event::Created(_)
        | Event::MachineCreated { .. }
        | Event::Deleted
        | Event::SignedIn { totp_step: None, .. } => {}
        Event::SignUpConfirmed => user.sign_up = SignUpStatus::Final,
        Event::SignUpStatusSet { status } => user.sign_up = *status,
        Event::Approved => decided(user, head, ApprovalStatus::Approved),
        Event::Rejected => decided(user, head, ApprovalStatus::Rejected),
        Event::ApprovalReset => decided(user, head, ApprovalStatus::BeforeDecision),
        Event::Locked => locked(user, head, true),
        Event::Unlocked => locked(user, head, false),
        Event::UsernameChanged { username } => user.username = Some(username.clone()),
        Event::ProfileChanged { display_name, first_name, middle_name, last_name } => {
            display_name.apply_to(&mut user.profile.display_name);
            first_name.apply_to(&mut user.profile.first_name);
            middle_name.apply_to(&mut user.profile.middle_name);
            last_name.apply_to(&mut user.profile.last_name);
        }
        Event::EmailChanged { email } => user.email = Some(email.clone()),
        Event::EmailRemoved => user.email = None,
        Event::PasswordChanged { password, must_change } => {
            user.password = Some(kept(password, *must_change, head.at));
        }
        Event::PasswordRehashed { hash } => {
            if let Some(password) = &mut user.password {
                password.hash = hash.clone();
            }
        }
        Event::PasswordExpirySet { expires } => {
            if let Some(password) = &mut user.password {
                password.expires = *expires;
            }
        }
        Event::PasswordMustChangeSet { must_change } => {
            if let Some(password) = &mut user.password {
                password.must_change = *must_change;
            }
        }
        Event::TotpKeySet { seed } => set_totp_key(&mut user.totp, seed),
        Event::TotpLabelSet { label } => user.totp.label.clone_from(label),
        Event::TotpEnabled => user.totp.enabled = true,
        Event::TotpDisabled => user.totp.enabled = false,
        Event::SignedIn { totp_step: Some(step), .. } => {
            user.totp.last_step = user.totp.last_step.max(Some(*step));
        }
        Event::AttributeSet { key, value, encrypted, expires } => {
            set_attribute(user, head, key, value.as_ref(), (*encrypted, *expires));
        }
        Event::AttributeRemoved { key } => {
            user.attributes.remove_mut(key);
        }
        Event::RightGranted { right } => user.rights = user.rights.with(*right),
        Event::RightRevoked { right } => user.rights = user.rights.without(*right),
        Event::PatAdded { token, hash, name, expires } => {
            let pat =
                Pat { hash: hash.clone(), name: name.clone(), expires: *expires, added: head.at };
            user.tokens.insert_mut(*token, pat);
        }
        Event::PatRemoved { token } => {
            user.tokens.remove_mut(token);
        }
    }
}

fn decided(user: &mut User, head: &Head, status: ApprovalStatus) {
    user.approval = Approval { status, at: head.at, by: head.actor };
}

fn locked(user: &mut User, head: &Head, locked: bool) {
    user.locked = locked;
    if locked {
        user.disabled_at = Some(head.at);
    }
    user.lock_changed = Some((head.at, head.actor));
}

fn kept(password: &NewPassword, must_change: bool, at: Timestamp) -> Password {
    Password { hash: password.hash.clone(), set: at, expires: password.expires, must_change }
}

fn set_totp_key(totp: &mut Totp, seed: &TotpSeed) {
    // Another key makes other codes; of the same one, a used code stays used.
    if totp.seed.as_ref() != Some(seed) {
        totp.last_step = None;
    }
    totp.seed = Some(seed.clone());
}

fn set_attribute(
    user: &mut User,
    head: &Head,
    key: &AttributeKey,
    value: Option<&Arc<str>>,
    (encrypted, expires): (bool, Timestamp),
) {
    let before = user.attributes.get(key).filter(|attribute| attribute.is_alive(head.at));
    let attribute = Attribute {
        value: match (value, before) {
            (Some(value), _) => attributes::held(value, head.position),
            (None, Some(before)) => before.value.clone(),
            (None, None) => Value::Held("null".into()),
        },
        encrypted,
        expires,
        created: before.map_or(head.at, |before| before.created),
        modified: head.at,
    };
    user.attributes.insert_mut(key.clone(), Arc::new(attribute));
    let count = user.attributes.size();
    if count > ATTRIBUTES_MAX / 2 && count.is_multiple_of(SWEEP_EVERY) {
        sweep(user, head);
    }
}

/// Takes expired attributes away: they count as absent everywhere, and room gets short.
fn sweep(user: &mut User, head: &Head) {
    let alive = |attribute: &Attribute| attribute.is_alive(head.at);
    let dead = user.attributes.iter().filter(|(_, attribute)| !alive(attribute));
    for key in dead.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
        user.attributes.remove_mut(&key);
    }
}

/// How many attributes come between two sweeps: a sweep looks at all of them.
const SWEEP_EVERY: usize = 256;

/// The user whose stream `event` begins, if it is a birth.
fn born(head: &Head, event: &Event) -> Option<User> {
    let Stream::User(id) = head.stream else {
        debug_assert!(false, "a user's event stands in a user's stream");
        return None;
    };
    match event {
        Event::SignedUp(birth) => Some(signed_up(id, head, birth)),
        Event::Created(birth) => Some(created(id, head, birth)),
        Event::MachineCreated { username, name, home } => Some(User {
            username: Some(username.clone()),
            profile: Profile { display_name: Some(name.clone()), ..Profile::default() },
            ..blank(id, Kind::Machine, *home, head)
        }),
        Event::SignUpConfirmed
        | Event::SignUpStatusSet { .. }
        | Event::Approved
        | Event::Rejected
        | Event::ApprovalReset
        | Event::Locked
        | Event::Unlocked
        | Event::UsernameChanged { .. }
        | Event::ProfileChanged { .. }
        | Event::EmailChanged { .. }
        | Event::EmailRemoved
        | Event::PasswordChanged { .. }
        | Event::PasswordRehashed { .. }
        | Event::PasswordExpirySet { .. }
        | Event::PasswordMustChangeSet { .. }
        | Event::TotpKeySet { .. }
        | Event::TotpLabelSet { .. }
        | Event::TotpEnabled
        | Event::TotpDisabled
        | Event::SignedIn { .. }
        | Event::AttributeSet { .. }
        | Event::AttributeRemoved { .. }
        | Event::RightGranted { .. }
        | Event::RightRevoked { .. }
        | Event::PatAdded { .. }
        | Event::PatRemoved { .. }
        | Event::Deleted => None,
    }
}

fn signed_up(id: UserId, head: &Head, birth: &SignedUp) -> User {
    let status = if birth.approval_needed {
        ApprovalStatus::BeforeDecision
    } else {
        ApprovalStatus::Approved
    };
    User {
        username: Some(birth.username.clone()),
        email: birth.email.clone(),
        sign_up: SignUpStatus::BeforeConfirmation,
        confirmation: Some(birth.confirmation.clone()),
        applications: birth.applications.clone().into(),
        // Nobody decided this: configuration did.
        approval: Approval { status, at: head.at, by: Actor::System },
        password: Some(kept(&birth.password, false, head.at)),
        totp: Totp { seed: Some(birth.totp.clone()), ..Totp::default() },
        ..blank(id, Kind::Human, birth.home, head)
    }
}

fn created(id: UserId, head: &Head, birth: &Created) -> User {
    User {
        username: birth.username.clone(),
        email: birth.email.clone(),
        profile: birth.profile.clone(),
        sign_up: birth.sign_up,
        approval: Approval { status: birth.approval, at: head.at, by: head.actor },
        locked: birth.locked,
        disabled_at: birth.locked.then_some(head.at),
        lock_changed: birth.locked.then_some((head.at, head.actor)),
        password: birth.password.as_ref().map(|new| kept(new, birth.must_change, head.at)),
        totp: Totp {
            seed: Some(birth.totp.clone()),
            label: birth.totp_label.clone(),
            enabled: birth.totp_enabled,
            last_step: None,
        },
        ..blank(id, Kind::Human, birth.home, head)
    }
}

/// A user of whom nothing is known but its birth: final and approved, as machines are.
fn blank(id: UserId, kind: Kind, home: OrganizationId, head: &Head) -> User {
    User {
        id,
        kind,
        home,
        slot: head.slot,
        version: head.version,
        born: head.at,
        username: None,
        email: None,
        profile: Profile::default(),
        sign_up: SignUpStatus::Final,
        confirmation: None,
        applications: Box::default(),
        approval: Approval { status: ApprovalStatus::Approved, at: head.at, by: head.actor },
        locked: false,
        disabled_at: None,
        lock_changed: None,
        rights: Rights::NONE,
        password: None,
        totp: Totp::default(),
        attributes: RedBlackTreeMapSync::new_sync(),
        tokens: RedBlackTreeMapSync::new_sync(),
    }
}
