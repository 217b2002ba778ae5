//! What is true, kept beside the store: a fold of the acknowledged facts that shares no code with the
//! views, and the views' own fold of the same facts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::fact::{Event, Fact, Part, Stream};
use domain::id::{Position, SessionId, Slot, TokenId, UserId};
use domain::policy::{Right, Rights};
use domain::secret::{PasswordHash, TokenHash};
use domain::session;
use domain::text::Username;
use domain::time::Timestamp;
use domain::user::state::{ApprovalStatus, LinkKey, SignUpStatus};
use domain::user::{self, access};
use service::Proof;
use store::views::{Views, apply};

use crate::checks::hold;

/// What every acknowledged fact together says.
#[derive(Default)]
pub struct Truth {
    /// Every fact that was acknowledged or found at a start, by position.
    pub facts: Vec<Fact>,
    /// The refold.
    pub views: Views,
    /// Everybody who lives.
    pub people: BTreeMap<UserId, Person>,
    /// Everybody who is gone.
    pub gone: Vec<UserId>,
    /// Who of them was erased.
    pub erased: BTreeSet<UserId>,
    /// The slots of everybody who was ever born.
    pub slots: HashMap<UserId, Slot>,
    /// The slots whose keys are destroyed.
    pub destroyed: BTreeSet<Slot>,
    /// Every session that ever was.
    pub sessions: BTreeMap<SessionId, OneSession>,
    /// Which session a token opens.
    pub by_token: HashMap<TokenHash, SessionId>,
    /// Who holds a name.
    pub names: BTreeMap<String, UserId>,
    /// Who is linked to a definition.
    pub links: BTreeMap<LinkKey, UserId>,
    versions: HashMap<Stream, u32>,
}

/// Somebody, as far as it decides what credentials are worth.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: Option<String>,
    pub is_machine: bool,
    pub locked: bool,
    pub disabled_at: Option<Timestamp>,
    pub approved: bool,
    pub is_final: bool,
    pub password: Option<(PasswordHash, Timestamp)>,
    pub rights: Rights,
    pub confirmation: Option<TokenHash>,
    pub tokens: BTreeMap<TokenId, Token>,
    pub attributes: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
pub struct Token {
    pub hash: TokenHash,
    pub expires: Timestamp,
    pub added: Timestamp,
}

#[derive(Clone, Debug)]
pub struct OneSession {
    pub user: UserId,
    pub expires: Timestamp,
    pub ended: bool,
}

impl Truth {
    /// The last position.
    pub fn last(&self) -> u64 {
        self.facts.len() as u64
    }

    /// The time of the last fact.
    pub fn at(&self) -> Timestamp {
        self.facts.last().map_or(Timestamp(0), |fact| fact.head.at)
    }

    /// Whether a credential is worth anything.
    pub fn is_alive(&self, proof: Proof, now: Timestamp) -> bool {
        match proof {
            Proof::Nothing | Proof::Local => true,
            Proof::Session(id) => self.is_session_alive(id, now),
            Proof::Pat(user, token) => self.is_token_alive(user, token, now),
        }
    }

    fn is_session_alive(&self, id: SessionId, now: Timestamp) -> bool {
        let Some(session) = self.sessions.get(&id) else { return false };
        let may = |person: &Person| {
            let password =
                person.password.as_ref().map_or(Timestamp::NEVER, |(_, expires)| *expires);
            person.may_act() && now < password
        };
        !session.ended && now < session.expires && self.people.get(&session.user).is_some_and(may)
    }

    fn is_token_alive(&self, user: UserId, token: TokenId, now: Timestamp) -> bool {
        let Some(person) = self.people.get(&user) else { return false };
        let Some(token) = person.tokens.get(&token) else { return false };
        let since = person.disabled_at.is_none_or(|disabled| disabled < token.added);
        person.may_act() && since && now < token.expires
    }

    /// The session that a token opens, if it was opened at all.
    pub fn session_of(&self, token: &TokenHash) -> Option<SessionId> {
        self.by_token.get(token).copied()
    }

    /// Folds the next fact.
    pub fn fold(&mut self, fact: Fact) {
        let head = &fact.head;
        let expected = Position(self.last() + 1);
        hold!(NoGap, head.position == expected, "{} stands at {expected}", head.position);
        hold!(Monotone, self.at() <= head.at, "position {} is earlier", head.position);
        let version = self.versions.entry(head.stream).or_default();
        hold!(NoGap, head.version == *version + 1, "version {} of {:?}", head.version, head.stream);
        *version = head.version;
        if let Stream::User(id) = head.stream {
            self.slots.entry(id).or_insert(head.slot);
        }
        match &fact.body {
            Part::Open(Event::User(id, event)) => self.user(*id, head.at, event),
            Part::Open(Event::Session(id, event)) => self.session(*id, event),
            Part::Open(Event::System(_)) => {}
            // The key went in the turn that this fact is of, or in one that nobody was told of.
            Part::Erased => match head.stream {
                Stream::User(id) => self.gone(id),
                Stream::Session(_) | Stream::System => {}
            },
        }
        self.forget(&fact);
        apply(&mut self.views, &fact);
        self.facts.push(fact);
    }

    fn session(&mut self, id: SessionId, event: &session::Event) {
        match event {
            session::Event::Started { user, token, expires, .. } => {
                let session = OneSession { user: *user, expires: *expires, ended: false };
                self.sessions.insert(id, session);
                self.by_token.insert(token.clone(), id);
            }
            session::Event::Renewed { expires } => {
                let session = self.sessions.get_mut(&id).expect("renewed after it was opened");
                session.expires = *expires;
            }
            session::Event::Ended { .. } => {
                self.sessions.get_mut(&id).expect("ended after it was opened").ended = true;
            }
            session::Event::AttributeSet { .. } | session::Event::AttributeRemoved { .. } => {}
        }
    }

    fn user(&mut self, id: UserId, at: Timestamp, event: &user::Event) {
        match event {
            user::Event::SignedUp(birth) => {
                let person = Person {
                    approved: !birth.approval_needed,
                    password: Some((birth.password.hash.clone(), birth.password.expires)),
                    confirmation: Some(birth.confirmation.token.clone()),
                    ..Person::new()
                };
                self.born(id, Some(birth.username.as_str()), person);
            }
            user::Event::Created(birth) => {
                let password = birth.password.as_ref();
                let person = Person {
                    approved: birth.approval == ApprovalStatus::Approved,
                    is_final: birth.sign_up == SignUpStatus::Final,
                    locked: birth.locked,
                    disabled_at: birth.locked.then_some(at),
                    password: password.map(|new| (new.hash.clone(), new.expires)),
                    ..Person::new()
                };
                self.born(id, birth.username.as_ref().map(Username::as_str), person);
            }
            user::Event::MachineCreated { username, .. } => {
                let person =
                    Person { approved: true, is_final: true, is_machine: true, ..Person::new() };
                self.born(id, Some(username.as_str()), person);
            }
            user::Event::UsernameChanged { username } => {
                self.free_name(id);
                self.take_name(id, Some(username.as_str()));
            }
            user::Event::Deleted => self.gone(id),
            user::Event::Erased => {
                hold!(Answers, !self.people.contains_key(&id), "{id} lives and is erased");
                hold!(Answers, self.erased.insert(id), "{id} is erased twice");
            }
            user::Event::Access(access::Event::Linked { link, .. }) => {
                let before = self.links.insert(link.clone(), id);
                hold!(OneHolder, before.is_none_or(|user| user == id), "{link:?} has two");
            }
            user::Event::Access(access::Event::Unlinked { link }) => _ = self.links.remove(link),
            other => {
                let person = self.people.get_mut(&id).expect("nothing happens to nobody");
                person.changed(at, other);
            }
        }
    }

    fn gone(&mut self, id: UserId) {
        if self.people.contains_key(&id) {
            self.free_name(id);
            self.links.retain(|_, holder| *holder != id);
            self.people.remove(&id);
            self.gone.push(id);
        }
    }

    fn born(&mut self, id: UserId, name: Option<&str>, person: Person) {
        let before = self.people.insert(id, person);
        hold!(OneHolder, before.is_none(), "{id} was born twice");
        self.take_name(id, name);
    }

    fn take_name(&mut self, id: UserId, name: Option<&str>) {
        let Some(name) = name else { return };
        let before = self.names.insert(name.to_owned(), id);
        hold!(OneHolder, before.is_none(), "`{name}` is held by {before:?} and {id}");
        self.people.get_mut(&id).expect("it was born").name = Some(name.to_owned());
    }

    fn free_name(&mut self, id: UserId) {
        let person = self.people.get(&id).expect("nothing happens to nobody");
        if let Some(name) = &person.name {
            self.names.remove(name);
        }
    }
}

impl Person {
    fn new() -> Self {
        Self {
            name: None,
            is_machine: false,
            locked: false,
            disabled_at: None,
            approved: false,
            is_final: false,
            password: None,
            rights: Rights::NONE,
            confirmation: None,
            tokens: BTreeMap::new(),
            attributes: BTreeMap::new(),
        }
    }

    /// Whether anything that is this person's may be used.
    pub fn may_act(&self) -> bool {
        self.approved && !self.locked && self.is_final
    }

    pub fn is_super(&self) -> bool {
        self.rights.holds(Right::SuperUser)
    }

    fn changed(&mut self, at: Timestamp, event: &user::Event) {
        match event {
            user::Event::SignUpConfirmed => self.is_final = true,
            user::Event::SignUpStatusSet { status } => {
                self.is_final = *status == SignUpStatus::Final;
            }
            user::Event::Approved => self.approved = true,
            user::Event::Rejected | user::Event::ApprovalReset => self.approved = false,
            user::Event::Locked => {
                self.locked = true;
                self.disabled_at = Some(at);
            }
            user::Event::Unlocked => self.locked = false,
            user::Event::PasswordChanged { password, .. } => {
                self.password = Some((password.hash.clone(), password.expires));
            }
            user::Event::RightGranted { right } => self.rights = self.rights.with(*right),
            user::Event::RightRevoked { right } => self.rights = self.rights.without(*right),
            user::Event::PatAdded { token, hash, expires, .. } => {
                let added = Token { hash: hash.clone(), expires: *expires, added: at };
                self.tokens.insert(*token, added);
            }
            user::Event::PatRemoved { token } => _ = self.tokens.remove(token),
            user::Event::AttributeSet { key, value: Some(value), .. } => {
                self.attributes.insert(key.name.as_str().to_owned(), value.as_ref().to_owned());
            }
            user::Event::AttributeRemoved { key } => {
                self.attributes.remove(key.name.as_str());
            }
            // What decides nothing here; the views' own fold has it.
            _ => {}
        }
    }
}
