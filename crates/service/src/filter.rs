//! Which facts a reader wants, of a history, of the feed or for an export: one filter for all three.

use domain::actor::Actor;
use domain::fact::Head;
use domain::id::UserId;
use domain::time::Timestamp;

use crate::history::Told;

/// What a fact must be like; what is absent holds of every fact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// One of these events: a name, or the beginning of names up to and with a point (`user.`).
    pub events: Vec<String>,
    /// It changed this field, or one below it (`profile` has `profile.first_name` below it).
    pub field: Option<String>,
    /// Who brought it about.
    pub actor: Option<Who>,
    /// About whom it is: a user, in its own stream or in its sessions'.
    pub about: Option<UserId>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// An actor, as one asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// This user, person or machine.
    User(UserId),
    /// Somebody at the command line.
    Operator,
    /// Muster itself.
    System,
    /// Nobody that is known.
    Anonymous,
}

impl Filter {
    /// Whether a fact with this head, about `about`, can be wanted: all that can be said without opening it.
    pub fn wants_head(&self, head: &Head, about: Option<UserId>) -> bool {
        self.actor.is_none_or(|who| who.is(head.actor))
            && self.about.is_none_or(|wanted| about == Some(wanted))
            && self.since.is_none_or(|since| head.at >= since)
            && self.until.is_none_or(|until| head.at < until)
    }

    /// Whether within its times every fact is wanted.
    pub fn wants_all(&self) -> bool {
        let Self { events, field, actor, about, since: _, until: _ } = self;
        events.is_empty() && field.is_none() && actor.is_none() && about.is_none()
    }

    /// Whether a fact whose head was wanted is wanted, now that it is told.
    pub fn wants(&self, told: &Told) -> bool {
        self.wants_event(told.event) && self.wants_changes(told)
    }

    /// Whether an event of this name is wanted.
    fn wants_event(&self, name: &str) -> bool {
        let named = |wanted: &String| {
            let is_family = wanted.ends_with('.');
            name == wanted || (is_family && name.starts_with(wanted))
        };
        self.events.is_empty() || self.events.iter().any(named)
    }

    fn wants_changes(&self, told: &Told) -> bool {
        let Some(field) = &self.field else { return true };
        let mut changes = told.description.iter().flat_map(|told| &told.changes);
        changes.any(|change| is_or_is_below(&change.field, field))
    }
}

impl Who {
    fn is(self, actor: Actor) -> bool {
        match self {
            Self::User(id) => actor.user() == Some(id),
            Self::Operator => actor == Actor::Operator,
            Self::System => actor == Actor::System,
            Self::Anonymous => actor == Actor::Anonymous,
        }
    }
}

fn is_or_is_below(field: &str, wanted: &str) -> bool {
    field.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_wanted_by_its_name_or_by_the_beginning_of_it() {
        let filter = |events: &[&str]| Filter {
            events: events.iter().map(ToString::to_string).collect(),
            ..Filter::default()
        };
        assert!(filter(&[]).wants_event("user.locked"));
        assert!(filter(&["session.", "user.locked"]).wants_event("user.locked"));
        assert!(filter(&["user."]).wants_event("user.locked"));
        assert!(!filter(&["user"]).wants_event("user.locked"));
        assert!(!filter(&["user.lock"]).wants_event("user.locked"));
    }

    #[test]
    fn a_field_is_wanted_with_all_below_it() {
        assert!(is_or_is_below("profile.first_name", "profile"));
        assert!(is_or_is_below("profile", "profile"));
        assert!(!is_or_is_below("profiles", "profile"));
        assert!(!is_or_is_below("profile", "profile.first_name"));
    }

    #[test]
    fn an_actor_is_wanted_as_who_it_is() {
        let id = UserId(domain::id::UserId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap().0);
        assert!(Who::User(id).is(Actor::User(id)) && Who::User(id).is(Actor::Machine(id)));
        assert!(!Who::User(id).is(Actor::Operator) && Who::Operator.is(Actor::Operator));
        assert!(Who::System.is(Actor::System) && !Who::Anonymous.is(Actor::System));
    }
}
