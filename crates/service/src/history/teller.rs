//! Facts told: each with what it means, seen from the state before it, and who brought it about.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::actor::{Actor, Origin};
use domain::description::Description;
use domain::fact::{Event, Fact, Head, Part, Stream};
use domain::id::{Position, UserId};
use domain::{session, system, user};
use store::states::{KEPT_EVERY_FACTS, Person};
use store::views::{Gone, Subject, UserRow};
use store::{Origins, StoreError};

use crate::Service;

/// Facts read at a time: each may be a megabyte long, the origin of each kilobytes.
const CHUNK_FACTS: usize = 64;
/// People whose state a teller keeps; beyond that it begins to look them up again.
const PEOPLE_MAX: usize = 4_096;

/// What an actor is called whose key is destroyed.
pub const ERASED_USER: &str = "erased user";

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
    /// The name the actor had then, if it was a user with a name; of one that was erased, [`ERASED_USER`].
    pub actor_name: Option<String>,
    /// The application's name, if one was named.
    pub application: Option<String>,
}

/// Tells facts, whichever and in whatever order, best in that of the log.
///
/// The state before the first fact of each person is looked up, and folded from there on: facts of
/// somebody that was told of, left out between two of them, are read again unless they are
/// passed.
pub struct Teller {
    service: Service,
    people: HashMap<UserId, State>,
    people_max: usize,
    names: HashMap<Position, Option<String>>,
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

    /// Tells a fact.
    pub(crate) fn tell(&mut self, fact: Fact) -> Result<Told, StoreError> {
        let description = match self.service.owner(&fact.head) {
            None => State::default().step(&fact),
            Some(owner) => {
                let Self { service, people, people_max, .. } = self;
                let state = person(service, (people, *people_max), owner, fact.head.position)?;
                let description = state.step(&fact);
                service.store().keep(state.folded, fact.head.position, &state.person);
                description
            }
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
        let Fact { head, name: event, origin, .. } = fact;
        Ok(Told { head, event, origin, description, actor_name, application })
    }

    /// Looks up what a person was right before a position, so that it is known when a fact of it is told.
    pub(crate) fn meet(&mut self, id: UserId, before: Position) -> Result<(), StoreError> {
        let Self { service, people, people_max, .. } = self;
        person(service, (people, *people_max), id, before).map(drop)
    }

    /// Folds a fact that nobody wants told.
    pub(crate) fn pass(&mut self, fact: &Fact) {
        let Some(owner) = self.service.owner(&fact.head) else { return };
        if let Some(state) = self.people.get_mut(&owner)
            && state.folded == self.service.facts_before(owner, fact.head.position)
        {
            state.step(fact);
        }
    }

    /// What an actor was called at a position: as its last rename before that says, or its birth.
    fn name_of(&mut self, id: UserId, at: Position) -> Result<Option<String>, StoreError> {
        // Whoever is erased while facts are told is called by no name from then on.
        if self.service.is_erased(id) {
            return Ok(Some(ERASED_USER.to_owned()));
        }
        let Some(named) = self.service.named_at(id, at) else { return Ok(None) };
        if self.names.len() >= self.people_max && !self.names.contains_key(&named) {
            self.names.clear();
        }
        Ok(match self.names.entry(named) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => new.insert(self.service.name_given(named)?).clone(),
        })
    }
}

/// What a person was right before a position.
fn person<'p>(
    service: &Service,
    (people, people_max): (&'p mut HashMap<UserId, State>, usize),
    id: UserId,
    before: Position,
) -> Result<&'p mut State, StoreError> {
    if people.len() >= people_max && !people.contains_key(&id) {
        people.clear();
    }
    let folded = service.facts_before(id, before);
    let state = people.entry(id).or_default();
    let behind = folded.checked_sub(state.folded);
    if behind.is_some_and(|behind| behind < KEPT_EVERY_FACTS) {
        let begun = (state.folded, std::mem::take(&mut state.person));
        state.person = service.store().person_further(id, begun, folded)?;
    } else {
        state.person = service.store().person_after(id, folded)?;
    }
    state.folded = folded;
    Ok(state)
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

    /// The first few of these facts, and which are left. They are read beside what has to be done ahead of
    /// them: each read waits for sled, so the two take little longer than one.
    pub(crate) fn first_facts<'p>(
        &self,
        positions: &'p [Position],
        origins: Origins,
        ahead: impl FnOnce(Position) -> Result<(), StoreError>,
    ) -> Result<(Vec<Fact>, &'p [Position]), StoreError> {
        let (first, rest) = positions.split_at(positions.len().min(CHUNK_FACTS));
        let Some(begin) = first.first() else { return Ok((Vec::new(), rest)) };
        let facts = std::thread::scope(|scope| {
            let reading = scope.spawn(|| self.store().facts(first, origins));
            ahead(*begin)?;
            reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        Ok((facts, rest))
    }

    /// Whom a fact is about: the user, or the owner of the session.
    pub(crate) fn owner(&self, head: &Head) -> Option<UserId> {
        match head.stream {
            Stream::User(id) => Some(id),
            Stream::Session(_) => self.store().views().owner(head.slot),
            Stream::System => None,
        }
    }

    /// What a person was right before a position.
    pub(crate) fn state_before(&self, id: UserId, position: Position) -> Result<State, StoreError> {
        let folded = self.facts_before(id, position);
        Ok(State { folded, person: self.store().person_after(id, folded)? })
    }

    /// How many facts of somebody's history stand before a position.
    fn facts_before(&self, id: UserId, position: Position) -> usize {
        let before = Position(position.0.saturating_sub(1));
        self.store().count_to(Subject::Of(id), before)
    }

    /// Whether somebody's key is destroyed.
    pub fn is_erased(&self, id: UserId) -> bool {
        let views = self.store().views();
        matches!(views.user_row(id), Some(UserRow::Gone(Gone { erased: true, .. })))
    }

    /// Where the name stands that a user had at a position: in its last rename, or in its birth.
    fn named_at(&self, id: UserId, at: Position) -> Option<Position> {
        let views = self.store().views();
        let nth = |subject: Subject, number: Option<usize>| {
            let number = number?;
            let positions = views.history(subject)?.slice(number..number + 1);
            positions.first().copied().filter(|position| *position <= at)
        };
        let renamed = views.history(Subject::Renamed(id)).map_or(0, |of| of.count_to(at));
        nth(Subject::Renamed(id), renamed.checked_sub(1)).or_else(|| nth(Subject::Of(id), Some(0)))
    }

    /// The name that a rename or a birth gave, if its key is not destroyed.
    fn name_given(&self, position: Position) -> Result<Option<String>, StoreError> {
        let mut name = None;
        self.each_fact(&[position], Origins::Leave, |fact| {
            if let Part::Open(Event::User(_, user::Event::UsernameChanged { username })) =
                &fact.body
            {
                name = Some(username.to_string());
            } else {
                let mut born = Person::default();
                born.step(&fact);
                let username = born.user.and_then(|user| user.username.clone());
                name = username.map(|name| name.to_string());
            }
            Ok(())
        })?;
        Ok(name)
    }

    /// Tells from where facts came that were told without.
    pub(crate) fn tell_origins(&self, told: &mut [Told]) -> Result<(), StoreError> {
        let mut positions: Vec<_> = told.iter().map(|told| told.head.position).collect();
        positions.sort_unstable();
        let mut origins = HashMap::new();
        self.each_fact(&positions, Origins::Open, |fact| {
            origins.insert(fact.head.position, fact.origin);
            Ok(())
        })?;
        for told in told {
            told.origin = origins.remove(&told.head.position).flatten();
        }
        Ok(())
    }
}

/// A user and its sessions, as far as they were folded, of whom the next fact can be told.
#[derive(Default)]
pub(crate) struct State {
    folded: usize,
    person: Person,
}

impl State {
    /// The name that the user goes by.
    pub(crate) fn username(&self) -> Option<String> {
        let name = self.person.user.as_ref().and_then(|user| user.username.as_ref());
        name.map(ToString::to_string)
    }

    /// Tells what a fact changes, and folds it.
    pub(crate) fn step(&mut self, fact: &Fact) -> Option<Description> {
        let description = match &fact.body {
            Part::Erased => None,
            Part::Open(Event::System(event)) => Some(system::describe(event)),
            Part::Open(Event::User(_, event)) => {
                Some(user::describe(self.person.user.as_deref(), event))
            }
            Part::Open(Event::Session(id, event)) => {
                Some(session::describe(self.person.sessions.get(id).map(AsRef::as_ref), event))
            }
        };
        self.person.step(fact);
        self.folded += 1;
        description
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
