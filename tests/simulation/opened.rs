//! A store that was just opened, held to everything that was ever acknowledged, and to itself.

use domain::fact::{CommandName, Fact};
use domain::id::Position;
use store::views::compare;
use store::{Origins, Store};

use crate::checks::hold;
use crate::world::{Serving, World};

/// What reading a store through showed.
pub enum Seen {
    /// What is true.
    Same,
    /// Something is wrong, and verifying says so.
    Reported,
    /// So many facts are as they were, and then something else or nothing.
    UpTo(u64, String),
}

impl World {
    /// After a start: acknowledged facts are there, and nothing else but what may have happened.
    pub fn opened(&mut self, serving: &Serving) {
        let store = &serving.store;
        let last = store.views().globals().position.0;
        hold!(Survives, last >= self.promised, "{} was promised, {last} is there", self.promised);
        let facts = match facts(store, last) {
            Ok(facts) => facts,
            Err(error) => crate::checks::broken(crate::checks::Check::Survives, &error),
        };
        let known = self.truth.facts.len();
        hold!(Survives, facts.len() >= known, "{} of {known} are there", facts.len());
        // What turned out to be destroyed is not known any more.
        for fact in facts.iter().skip(known) {
            self.truth.forget(fact);
        }
        for (fact, acknowledged) in facts.iter().zip(&self.truth.facts) {
            hold!(Survives, fact == acknowledged, "{} changed", acknowledged.head.position);
        }
        // What turned out to have happened is true from now on.
        for fact in facts.into_iter().skip(known) {
            self.hold_possible(&fact, known == 0);
            self.truth.fold(fact);
        }
        self.promised = self.truth.last();
        self.unknown = None;
        self.looked_through(serving);
        self.nothing_is_left("after a start");
        self.note_nonces();
        self.keep_older();
    }

    /// The views equal the refold, and the service answers as is true; now and then everything is read
    /// again.
    pub fn looked_through(&mut self, serving: &Serving) {
        let differences = compare::all(&self.truth.views, &serving.store.views());
        hold!(Refold, differences.is_empty(), "{differences:?}");
        let now = serving.store.clock().now();
        hold!(Monotone, now >= self.truth.at(), "it is {now:?}, before the last fact");
        self.wallet.show_all(&serving.service, &self.truth);
        for (name, holder) in &self.truth.names {
            let views = serving.store.views();
            let found = views.named_exactly(name).map(|user| user.id);
            hold!(OneHolder, found == Some(*holder), "`{name}` is {holder}'s, not {found:?}'s");
        }
        if self.random.chance(3) {
            match see(&serving.store, &self.truth.facts) {
                Seen::Same => {}
                Seen::Reported => hold!(Refold, false, "verify finds something"),
                Seen::UpTo(last, what) => hold!(Survives, false, "as it was up to {last}: {what}"),
            }
        }
        self.sled_is_well();
    }

    /// Whether a fact that nobody was told of may be there.
    fn hold_possible(&self, fact: &Fact, is_first_start: bool) {
        let asked = fact.head.command;
        let possible = match asked {
            CommandName::Upkeep => true,
            CommandName::Bootstrap => is_first_start,
            _ => self.unknown.as_ref().is_some_and(|unknown| unknown.contains(&asked)),
        };
        hold!(NotDone, possible, "{} says {asked:?}, which was not done", fact.head.position);
    }
}

/// Every fact, or what is in the way.
fn facts(store: &Store, last: u64) -> Result<Vec<Fact>, String> {
    let positions: Vec<_> = (1..=last).map(Position).collect();
    let facts = store.facts(&positions, Origins::Open).map_err(|error| error.to_string())?;
    if facts.len() as u64 == last { Ok(facts) } else { Err(format!("{} of {last}", facts.len())) }
}

/// Verifies a store and reads all of it.
pub fn see(store: &Store, truth: &[Fact]) -> Seen {
    let (report, rebuilt) = match store.verify() {
        Ok(verified) => verified,
        Err(error) => return Seen::UpTo(0, error.to_string()),
    };
    let Some(rebuilt) = rebuilt.filter(|_| report.findings.is_empty()) else {
        return Seen::Reported;
    };
    if rebuilt.digest() != store.views().digest() {
        return Seen::UpTo(0, "the views are not the log's fold".to_owned());
    }
    match facts(store, store.views().globals().position.0) {
        Err(error) => Seen::UpTo(0, error),
        Ok(found) if found == truth => Seen::Same,
        Ok(found) => {
            let same = found.iter().zip(truth).take_while(|(found, truth)| found == truth).count();
            Seen::UpTo(same as u64, format!("{} of {} facts", found.len(), truth.len()))
        }
    }
}
