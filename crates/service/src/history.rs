//! Histories: facts read from the log, folded from the subject's birth, told as old -> new.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use domain::actor::{Actor, Origin};
use domain::description::Description;
use domain::fact::{Event, Fact, Head, Part, Stream};
use domain::id::{Position, SessionId, UserId};
use domain::policy::Act;
use domain::rejection::Rejection;
use domain::session::{self, Session};
use domain::system;
use domain::user::{self, User};
use store::views::Subject;
use store::{Origins, StoreError};

use crate::Service;
use crate::caller::Caller;
use crate::failure::Failure;

/// Most facts in one answer.
pub const PAGE_LEN_MAX: usize = 1_000;

/// Facts read at a time: each may be a megabyte long, the origin of each kilobytes.
const CHUNK_FACTS: usize = 64;

/// A fact, told: its event is gone, which may be long.
#[derive(Clone, Debug)]
pub struct Told {
    /// When, who, how, where in the log.
    pub head: Head,
    /// The event's name, which is in the clear.
    pub event: &'static str,
    /// From where, if anything is known.
    pub origin: Option<Part<Origin>>,
    /// What it means; `None` where the person's key is destroyed.
    pub description: Option<Description>,
    /// The name the actor had then, if it was a user with a name.
    pub actor_name: Option<String>,
    /// The application's name, if one was named.
    pub application: Option<String>,
}

/// Some facts, and whether more follow.
#[derive(Clone, Debug)]
pub struct Page {
    /// The facts, by position.
    pub facts: Vec<Told>,
    /// Whether there are more after the last of them.
    pub more: bool,
}

impl Service {
    /// What happened to a user and its sessions after a position, for whoever may audit.
    pub async fn user_history(
        &self,
        caller: &Caller,
        id: UserId,
        after: Position,
        limit: usize,
    ) -> Result<Page, Failure> {
        self.permits(caller, Act::Audit, None)?;
        if self.store().views().user_row(id).is_none() {
            return Err(Rejection::NoSuchUser.into());
        }
        let limit = limit.clamp(1, PAGE_LEN_MAX);
        self.blocking(move |service| service.replay(id, after, limit)).await
    }

    /// What happened in the whole store after a position, for whoever may audit.
    pub async fn events(
        &self,
        caller: &Caller,
        after: Position,
        limit: usize,
    ) -> Result<Page, Failure> {
        self.permits(caller, Act::Audit, None)?;
        let limit = limit.clamp(1, PAGE_LEN_MAX);
        self.blocking(move |service| service.read_events(after, limit)).await
    }

    /// Reads facts, few at a time, and hands them to `take` in order.
    pub(crate) fn each_fact(
        &self,
        positions: &[Position],
        origins: Origins,
        mut take: impl FnMut(Fact) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for chunk in positions.chunks(CHUNK_FACTS) {
            self.store().facts(chunk, origins)?.into_iter().try_for_each(&mut take)?;
        }
        Ok(())
    }

    fn replay(&self, id: UserId, after: Position, limit: usize) -> Result<Page, StoreError> {
        let positions = self.positions(Subject::Of(id));
        // The fold needs every fact from birth, origins are opened of those only that are shown.
        let (before, after) =
            positions.split_at(positions.partition_point(|position| *position <= after));
        let mut state = self.folded(before)?;
        let shown = &after[..after.len().min(limit)];
        let mut told = Vec::with_capacity(shown.len());
        self.each_fact(shown, Origins::Open, |fact| {
            let description = state.step(&fact);
            told.push(self.tell(fact, description));
            Ok(())
        })?;
        let more = after.len() > limit;
        self.name_actors(&mut told)?;
        Ok(Page { facts: told, more })
    }

    fn read_events(&self, after: Position, limit: usize) -> Result<Page, StoreError> {
        let last = self.store().views().globals().position;
        // A cursor may lie anywhere, also beyond what there is.
        let after = after.0.min(last.0);
        let until = after.saturating_add(limit as u64).min(last.0);
        let positions: Vec<Position> = (after + 1..=until).map(Position).collect();
        let mut told = Vec::with_capacity(positions.len());
        let mut states: HashMap<UserId, State> = HashMap::new();
        self.each_fact(&positions, Origins::Open, |fact| {
            let description = match self.owner(&fact.head) {
                None => State::default().step(&fact),
                Some(owner) => {
                    let state = match states.entry(owner) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(new) => {
                            new.insert(self.state_before(owner, fact.head.position)?)
                        }
                    };
                    state.step(&fact)
                }
            };
            told.push(self.tell(fact, description));
            Ok(())
        })?;
        self.name_actors(&mut told)?;
        Ok(Page { facts: told, more: until < last.0 })
    }

    /// Whom a fact is about: the user, or the owner of the session.
    fn owner(&self, head: &Head) -> Option<UserId> {
        match head.stream {
            Stream::User(id) => Some(id),
            Stream::Session(_) => self.store().views().owner(head.slot),
            Stream::System => None,
        }
    }

    /// The state of a user right before a position, folded from its birth.
    fn state_before(&self, id: UserId, position: Position) -> Result<State, StoreError> {
        let mut positions = self.positions(Subject::Of(id));
        positions.retain(|of| *of < position);
        self.folded(&positions)
    }

    fn folded(&self, positions: &[Position]) -> Result<State, StoreError> {
        let mut state = State::default();
        self.each_fact(positions, Origins::Leave, |fact| {
            state.step(&fact);
            Ok(())
        })?;
        Ok(state)
    }

    fn positions(&self, subject: Subject) -> Vec<Position> {
        let views = self.store().views();
        views.history(subject).map(|positions| positions.iter().collect()).unwrap_or_default()
    }

    fn tell(&self, fact: Fact, description: Option<Description>) -> Told {
        let views = self.store().views();
        let application = views.system().application_name(fact.head.application.0);
        let application = application.map(ToString::to_string);
        let Fact { head, name: event, origin, .. } = fact;
        Told { head, event, origin, description, actor_name: None, application }
    }

    /// Looks up what each actor was called at the time, in its own stream.
    fn name_actors(&self, told: &mut [Told]) -> Result<(), StoreError> {
        let mut names: HashMap<UserId, Vec<(Position, Option<String>)>> = HashMap::new();
        for told in told {
            let Some(actor) = told.head.actor.user() else { continue };
            let known = match names.entry(actor) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.names_of(actor)?),
            };
            let position = told.head.position;
            let name = known.iter().take_while(|(since, _)| *since <= position).last();
            told.actor_name = name.and_then(|(_, name)| name.clone());
        }
        Ok(())
    }

    /// The names a user had, each since when.
    fn names_of(&self, id: UserId) -> Result<Vec<(Position, Option<String>)>, StoreError> {
        let mut names = Vec::new();
        let mut state = State::default();
        self.each_fact(&self.positions(Subject::Of(id)), Origins::Leave, |fact| {
            state.step(&fact);
            let name = state.user.as_ref().and_then(|user| user.username.as_ref());
            let name = name.map(ToString::to_string);
            if names.last().is_none_or(|(_, last)| *last != name) {
                names.push((fact.head.position, name));
            }
            Ok(())
        })?;
        Ok(names)
    }
}

/// A user and its sessions, as far as they were folded.
#[derive(Default)]
struct State {
    user: Option<Arc<User>>,
    sessions: HashMap<SessionId, Session>,
}

impl State {
    /// Tells what a fact changes, and folds it.
    fn step(&mut self, fact: &Fact) -> Option<Description> {
        match &fact.body {
            Part::Erased => None,
            Part::Open(Event::System(event)) => Some(system::describe(event)),
            Part::Open(Event::User(_, event)) => {
                let description = user::describe(self.user.as_deref(), event);
                user::evolve(&mut self.user, &fact.head, event);
                Some(description)
            }
            Part::Open(Event::Session(id, event)) => {
                let mut session = self.sessions.remove(id);
                let description = session::describe(session.as_ref(), event);
                session::evolve(&mut session, *id, &fact.head, event);
                if let Some(session) = session {
                    self.sessions.insert(*id, session);
                }
                Some(description)
            }
        }
    }
}

/// What kind of actor it was, outside the code.
pub fn actor_kind(actor: Actor) -> &'static str {
    match actor {
        Actor::Anonymous => "anonymous",
        Actor::User(_) => "user",
        Actor::Machine(_) => "machine",
        Actor::Operator => "operator",
        Actor::System => "system",
    }
}
