//! Telling every fact of a long stretch: nobody is looked up twice where there is room to remember.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::fact::Fact;
use domain::id::{Position, UserId};
use store::StoreError;

use crate::Service;
use crate::history::{ERASED_USER, State, Told};

/// People whose state is held at once. Beyond it the half of them that has not been met for longest is
/// forgotten, and looked up again where it is met again.
const PEOPLE_MAX: usize = 250_000;

/// Tells facts of a stretch of which none is left out: so the state of a person that was met once is
/// right from there on, its name among it.
pub(super) struct Telling {
    service: Service,
    people: HashMap<UserId, Person>,
    pub(super) people_max: usize,
    /// The names of applications, by number.
    applications: HashMap<u16, Option<String>>,
}

struct Person {
    state: State,
    /// The last fact that it had to do with.
    met: Position,
}

impl Telling {
    pub(super) fn new(service: &Service) -> Self {
        Self {
            service: service.clone(),
            people: HashMap::new(),
            people_max: PEOPLE_MAX,
            applications: HashMap::new(),
        }
    }

    /// Tells the next fact, and whom it is about.
    pub(super) fn tell(&mut self, fact: Fact) -> Result<(Told, Option<UserId>), StoreError> {
        let position = fact.head.position;
        let owner = self.service.owner(&fact.head);
        let description = match owner {
            None => State::default().step(&fact),
            Some(owner) => self.person(owner, position)?.step(&fact),
        };
        let actor_name = match fact.head.actor.user() {
            None => None,
            // Whoever is erased while facts are told is called by no name from then on.
            Some(actor) if self.service.is_erased(actor) => Some(ERASED_USER.to_owned()),
            Some(actor) => self.person(actor, position)?.username(),
        };
        let number = fact.head.application.0;
        let application = self.applications.entry(number).or_insert_with(|| {
            let views = self.service.store().views();
            views.system().application_name(number).map(ToString::to_string)
        });
        let application = application.clone();
        let Fact { head, name: event, origin, .. } = fact;
        Ok((Told { head, event, origin, description, actor_name, application }, owner))
    }

    /// What a person is right before a position that it has to do with.
    fn person(&mut self, id: UserId, position: Position) -> Result<&mut State, StoreError> {
        if self.people.len() >= self.people_max && !self.people.contains_key(&id) {
            self.forget();
        }
        let person = match self.people.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let state = self.service.state_before(id, position)?;
                new.insert(Person { state, met: position })
            }
        };
        person.met = position;
        Ok(&mut person.state)
    }

    /// Makes room.
    fn forget(&mut self) {
        let mut met: Vec<_> = self.people.values().map(|person| person.met).collect();
        let middle = met.len() / 2;
        let (_, middle, _) = met.select_nth_unstable(middle);
        let middle = *middle;
        self.people.retain(|_, person| person.met > middle);
    }
}
