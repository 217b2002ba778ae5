//! Facts told: each with what it means, seen from the state before it, and who brought it about.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use domain::actor::{Actor, Origin};
use domain::description::Description;
use domain::fact::{Event, Fact, Head, Part, Stream};
use domain::id::{Position, SessionId, UserId};
use domain::session::{self, Session};
use domain::system;
use domain::user::{self, User};
use store::views::Subject;
use store::{Origins, StoreError};

use crate::Service;

/// Facts read at a time: each may be a megabyte long, the origin of each kilobytes.
const CHUNK_FACTS: usize = 64;
/// People whose state a teller keeps; beyond that it begins to look them up again.
const PEOPLE_MAX: usize = 4_096;

/// A fact, told: its event is gone, which may be long.
#[derive(Clone, Debug)]
pub struct Told {
    /// When, who, how, where in the log.
    pub head: Head,
    /// The event's name; `None` where the person's key is destroyed.
    pub event: Option<&'static str>,
    /// From where, if anything is known.
    pub origin: Option<Part<Origin>>,
    /// What it means; `None` where the person's key is destroyed.
    pub description: Option<Description>,
    /// The name the actor had then, if it was a user with a name.
    pub actor_name: Option<String>,
    /// The application's name, if one was named.
    pub application: Option<String>,
}

/// Tells facts that come in rising order.
///
/// The state before the first fact of each person is looked up, and folded from there on: whoever leaves
/// out facts of somebody that was told of [passes](Self::pass) them.
pub struct Teller {
    service: Service,
    people: HashMap<UserId, State>,
    people_max: usize,
    names: HashMap<UserId, Vec<(Position, Option<String>)>>,
}

impl Teller {
    /// A teller that has told nothing yet.
    pub(crate) fn new(service: &Service) -> Self {
        Self::remembering(service, PEOPLE_MAX)
    }

    /// A teller that keeps the state of so many people at most.
    pub(crate) fn remembering(service: &Service, people_max: usize) -> Self {
        let service = service.clone();
        Self { service, people: HashMap::new(), people_max, names: HashMap::new() }
    }

    /// Tells a fact, which lies beyond all that were told before it.
    pub(crate) fn tell(&mut self, fact: Fact) -> Result<Told, StoreError> {
        self.rename(&fact);
        let description = match self.service.owner(&fact.head) {
            None => State::default().step(&fact),
            Some(owner) => self.person(owner, fact.head.position)?.step(&fact),
        };
        let actor_name = match fact.head.actor.user() {
            None => None,
            Some(actor) => self.name_of(actor, fact.head.position)?,
        };
        let application = {
            let views = self.service.store().views();
            let named = views.system().application_name(fact.head.application.0);
            named.map(ToString::to_string)
        };
        let event = match &fact.body {
            Part::Open(event) => Some(event.name()),
            Part::Erased => None,
        };
        let Fact { head, origin, .. } = fact;
        Ok(Told { head, event, origin, description, actor_name, application })
    }

    /// Folds a fact that nobody wants told.
    pub(crate) fn pass(&mut self, fact: &Fact) {
        self.rename(fact);
        let owner = self.service.owner(&fact.head);
        if let Some(person) = owner.and_then(|owner| self.people.get_mut(&owner)) {
            person.step(fact);
        }
    }

    /// Names are looked up to the end of the log of that time: one that came later is looked up anew.
    fn rename(&mut self, fact: &Fact) {
        let Stream::User(id) = fact.head.stream else { return };
        let stays = |event: &Event| matches!(event, Event::User(_, event) if !event.moves_keys());
        if !matches!(&fact.body, Part::Open(event) if stays(event)) {
            self.names.remove(&id);
        }
    }

    /// What a person was right before a position.
    fn person(&mut self, id: UserId, before: Position) -> Result<&mut State, StoreError> {
        if self.people.len() >= self.people_max && !self.people.contains_key(&id) {
            self.people.clear();
        }
        Ok(match self.people.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.service.state_before(id, before)?),
        })
    }

    /// What an actor was called at a position, looked up in its own stream.
    fn name_of(&mut self, id: UserId, at: Position) -> Result<Option<String>, StoreError> {
        if self.names.len() >= self.people_max && !self.names.contains_key(&id) {
            self.names.clear();
        }
        let known = match self.names.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.service.names_of(id)?),
        };
        let name = known.iter().take_while(|(since, _)| *since <= at).last();
        Ok(name.and_then(|(_, name)| name.clone()))
    }
}

impl Service {
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

    /// Whom a fact is about: the user, or the owner of the session.
    pub(crate) fn owner(&self, head: &Head) -> Option<UserId> {
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

    /// Where the facts about or by somebody stand.
    pub(crate) fn positions(&self, subject: Subject) -> Vec<Position> {
        let views = self.store().views();
        views.history(subject).map(|positions| positions.iter().collect()).unwrap_or_default()
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
pub(crate) struct State {
    user: Option<Arc<User>>,
    sessions: HashMap<SessionId, Session>,
}

impl State {
    /// Tells what a fact changes, and folds it.
    pub(crate) fn step(&mut self, fact: &Fact) -> Option<Description> {
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
