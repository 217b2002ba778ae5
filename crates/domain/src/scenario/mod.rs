//! Scenarios: given facts, when a command, then facts or a rejection. The clock moves on by a second
//! with each given fact and each command; what a command decided is folded as well, so that a
//! scenario can go on.
//!
//! Every fact that passes through a scenario is held to its promises: what it says of keys and
//! standing is true, it has a description, and no secret shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::actor::{Actor, ApplicationNumber, Dialect, Stamp};
use crate::bootstrap::{self, FirstStart};
use crate::description::Description;
use crate::fact::{CommandName, Event, Head, Stream};
use crate::id::{Position, SessionId, Slot, UserId};
use crate::rejection::Rejection;
use crate::session::Session;
use crate::sign_in::{self, OpenSession, SignIn};
use crate::system::System;
use crate::time::{Span, Timestamp};
use crate::user::User;
use crate::user::access;
use crate::user::mail::{self, MailRules};
use crate::{session, system, user};

mod every_event;
mod people;

pub(crate) use every_event::every_user_event;
pub(crate) use people::*;

/// When the first given fact happens (2023-11-14T22:13:20).
pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000_000);
/// What all scenarios draw.
pub(crate) const SEED: [u8; 10] = [7; 10];

/// All that is true, and what time it is.
#[derive(Clone, Debug)]
pub(crate) struct World {
    users: BTreeMap<UserId, Option<Arc<User>>>,
    erased: BTreeSet<UserId>,
    sessions: BTreeMap<SessionId, Option<Session>>,
    system: System,
    versions: BTreeMap<Stream, u32>,
    position: Position,
    now: Timestamp,
    actor: Actor,
    mails: MailRules,
    ends_sessions: bool,
}

/// What a command was answered, and the world after it.
#[derive(Debug)]
pub(crate) struct Answer {
    world: World,
    decided: Result<Vec<Event>, Rejection>,
}

/// A command, and to whom it goes.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    User(UserId, user::Command),
    Session(SessionId, session::Command),
    System(system::Command),
    SignIn(Box<SignIn>),
    OpenSession(OpenSession),
    Bootstrap(Box<FirstStart>),
}

/// These facts, a second apart, the first at [`START`].
pub(crate) fn given<E: Into<Event>>(facts: impl IntoIterator<Item = E>) -> World {
    facts.into_iter().fold(nothing(), World::and)
}

/// The empty world: nothing happened yet.
pub(crate) fn nothing() -> World {
    World {
        users: BTreeMap::new(),
        erased: BTreeSet::new(),
        sessions: BTreeMap::new(),
        system: System::default(),
        versions: BTreeMap::new(),
        position: Position::default(),
        now: START,
        actor: Actor::User(GRACE),
        mails: MailRules::default(),
        ends_sessions: false,
    }
}

/// The moment so many seconds after [`START`].
pub(crate) fn at(secs: i64) -> Timestamp {
    START.after(Span::secs(secs))
}

/// The id of a session that a sign-in at `now` opens.
pub(crate) fn session_opened(now: Timestamp) -> SessionId {
    SessionId(Stamp { at: now, actor: Actor::Anonymous, seed: SEED }.id(0))
}

impl World {
    /// One more fact.
    pub(crate) fn and(mut self, fact: impl Into<Event>) -> Self {
        self.fold(&fact.into(), CommandName::Upkeep);
        self.now = self.now.after(Span::secs(1));
        self
    }

    /// At this moment, which may be any.
    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// Whoever acts from here on.
    pub(crate) fn by(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }

    /// Mails are owed by these rules from here on.
    pub(crate) fn mailing(mut self, mails: MailRules) -> Self {
        self.mails = mails;
        self
    }

    /// Whoever changes a password ends the other sessions from here on.
    pub(crate) fn ending_sessions(mut self) -> Self {
        self.ends_sessions = true;
        self
    }

    /// Asks something.
    pub(crate) fn when(mut self, command: impl Into<Asked>) -> Answer {
        let (name, decided) = self.decide(command.into());
        for event in decided.iter().flatten() {
            self.fold(event, name);
        }
        self.now = self.now.after(Span::secs(1));
        Answer { world: self, decided }
    }

    /// Somebody who is there.
    pub(crate) fn user(&self, id: UserId) -> &User {
        self.find_user(id).expect("the user is there")
    }

    /// Somebody, if there.
    pub(crate) fn find_user(&self, id: UserId) -> Option<&User> {
        self.users.get(&id)?.as_deref()
    }

    /// A session, if there.
    pub(crate) fn find_session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)?.as_ref()
    }

    /// The store.
    pub(crate) fn system(&self) -> &System {
        &self.system
    }

    fn decide(&self, command: Asked) -> (CommandName, Result<Vec<Event>, Rejection>) {
        let stamp = Stamp { at: self.now, actor: self.actor, seed: SEED };
        match command {
            Asked::User(id, user::Command::Erase) if self.users.get(&id) == Some(&None) => {
                let decided = user::erase_deleted(self.erased.contains(&id));
                let decided = decided.map(|events| of(events, |event| Event::User(id, event)));
                (CommandName::Erase, decided)
            }
            Asked::User(id, command) => {
                let name = command.name();
                let user = self.find_user(id);
                let decided = user::decide(user, command, &stamp).map(|mut events| {
                    events.extend(mail::owed(self.mails, user, &events));
                    if self.ends_sessions {
                        events.extend(access::sessions_ended(&events));
                    }
                    events
                });
                (name, decided.map(|events| of(events, |event| Event::User(id, event))))
            }
            Asked::Session(id, command) => {
                let name = command.name();
                let decided = session::decide(self.find_session(id), command, &stamp);
                let decided = decided.map(|events| of(events, |event| Event::Session(id, event)));
                (name, decided)
            }
            Asked::System(command) => {
                let decided = system::decide(&self.system, command);
                (CommandName::Upkeep, decided.map(|events| of(events, Event::System)))
            }
            Asked::SignIn(asked) => {
                (CommandName::SignIn, sign_in::decide(self.find_user(asked.user), *asked, &stamp))
            }
            Asked::OpenSession(asked) => {
                (CommandName::SignIn, sign_in::open(self.find_user(asked.user), asked, &stamp))
            }
            Asked::Bootstrap(first) => {
                (CommandName::Bootstrap, Ok(bootstrap::decide(*first, &stamp)))
            }
        }
    }

    fn fold(&mut self, event: &Event, command: CommandName) {
        assert!(!shows_a_secret(&format!("{event:?}")), "a secret shows in {event:?}");
        let stream = event.stream();
        let version = self.versions.entry(stream).or_default();
        *version += 1;
        self.position = self.position.next();
        let head = Head {
            position: self.position,
            stream,
            version: *version,
            at: self.now,
            actor: self.actor,
            credential: None,
            command,
            dialect: Dialect::Native,
            application: ApplicationNumber::default(),
            slot: Slot(u32::try_from(self.position.0).expect("scenarios are short")),
        };
        match event {
            Event::User(id, event) => {
                let row = self.users.entry(*id).or_default();
                let before = row.clone();
                if *event == user::Event::Erased {
                    self.erased.insert(*id);
                }
                user::evolve(row, &head, event);
                assert_honest(event, before.as_deref(), row.as_deref());
                assert_described(&user::describe(before.as_deref(), event), event.name());
                if let Some(user) = row {
                    assert_eq!((user.id, user.version), (*id, head.version), "{event:?}");
                }
            }
            Event::Session(id, event) => {
                let row = self.sessions.entry(*id).or_default();
                assert_described(&session::describe(row.as_ref(), event), event.name());
                session::evolve(row, *id, &head, event);
                if let Some(session) = row {
                    assert_eq!((session.id, session.version), (*id, head.version), "{event:?}");
                }
            }
            Event::System(event) => {
                assert_described(&system::describe(event), event.name());
                system::evolve(&mut self.system, head.version, event);
                assert_eq!(self.system.version, head.version, "{event:?}");
            }
        }
    }
}

impl Answer {
    /// Exactly these facts follow.
    #[track_caller]
    pub(crate) fn then<E: Into<Event>>(self, events: impl IntoIterator<Item = E>) -> World {
        let expected: Vec<Event> = events.into_iter().map(Into::into).collect();
        assert!(!expected.is_empty(), "say then_nothing instead");
        assert_eq!(self.decided, Ok(expected));
        self.world
    }

    /// It is refused, and nothing happens.
    #[track_caller]
    pub(crate) fn then_rejected(self, rejection: Rejection) -> World {
        assert_eq!(self.decided, Err(rejection));
        self.world
    }

    /// It is so already: the caller succeeds and nothing happens.
    #[track_caller]
    pub(crate) fn then_nothing(self) -> World {
        assert_eq!(self.decided, Ok(vec![]));
        self.world
    }

    /// Some facts follow; which, is said elsewhere.
    #[track_caller]
    pub(crate) fn then_accepted(self) -> (World, Vec<Event>) {
        match self.decided {
            Ok(events) => (self.world, events),
            Err(rejection) => panic!("it was refused: {rejection}"),
        }
    }
}

impl From<user::Command> for Asked {
    /// To Ada, of whom most scenarios tell.
    fn from(command: user::Command) -> Self {
        Self::User(ADA, command)
    }
}

impl From<user::access::Command> for Asked {
    fn from(command: user::access::Command) -> Self {
        user::Command::Access(command).into()
    }
}

impl From<mail::Command> for Asked {
    fn from(command: mail::Command) -> Self {
        user::Command::Mail(command).into()
    }
}

impl From<session::Command> for Asked {
    fn from(command: session::Command) -> Self {
        Self::Session(SESSION, command)
    }
}

impl From<system::Command> for Asked {
    fn from(command: system::Command) -> Self {
        Self::System(command)
    }
}

impl From<SignIn> for Asked {
    fn from(asked: SignIn) -> Self {
        Self::SignIn(Box::new(asked))
    }
}

impl From<OpenSession> for Asked {
    fn from(asked: OpenSession) -> Self {
        Self::OpenSession(asked)
    }
}

impl From<FirstStart> for Asked {
    fn from(first: FirstStart) -> Self {
        Self::Bootstrap(Box::new(first))
    }
}

impl From<user::Event> for Event {
    fn from(event: user::Event) -> Self {
        Self::User(ADA, event)
    }
}

impl From<session::Event> for Event {
    fn from(event: session::Event) -> Self {
        Self::Session(SESSION, event)
    }
}

impl From<system::Event> for Event {
    fn from(event: system::Event) -> Self {
        Self::System(event)
    }
}

fn of<E>(events: Vec<E>, wrap: impl Fn(E) -> Event) -> Vec<Event> {
    events.into_iter().map(wrap).collect()
}

/// What an event says of keys and standing, views rely on: they look at the difference only then.
fn assert_honest(event: &user::Event, before: Option<&User>, after: Option<&User>) {
    if before.map(user::keys) != after.map(user::keys) {
        assert!(event.moves_keys(), "{} moves keys and does not say so", event.name());
    }
    if before.map(User::standing) != after.map(User::standing) {
        assert!(event.moves_standing(), "{} moves the standing and does not say so", event.name());
    }
}

fn assert_described(description: &Description, name: &str) {
    let sentence = &description.sentence;
    assert!(sentence.starts_with(char::is_uppercase), "{name} has no sentence: {sentence:?}");
    assert!(!sentence.ends_with('.'), "{name}: readers put the full stop themselves");
    assert!(!shows_a_secret(&format!("{description:?}")), "{name} shows a secret: {description:?}");
}
