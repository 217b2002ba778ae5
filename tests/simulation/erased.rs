//! Keys that are destroyed: what was sealed under them cannot be read any more, in the model either, and
//! nothing on the platter holds them.

use domain::fact::{Event, Fact, Part};
use domain::id::Slot;
use domain::time::Month;
use domain::{system, user};
use muster_tests::attacker::Copy;
use store::keyring::FILE_NAMES;
use store::open::MASTER_KEY;
use store::record;

use crate::checks::hold;
use crate::truth::Truth;
use crate::world::World;

/// What a fact says is destroyed.
pub enum Destroyed {
    /// The key of a person.
    Person(Slot),
    /// The key of a month's origins.
    Month(Slot, Month),
}

impl Destroyed {
    /// What this fact says is destroyed, if it does.
    pub fn by(fact: &Fact) -> Option<Self> {
        match &fact.body {
            Part::Open(Event::User(_, user::Event::Erased)) => Some(Self::Person(fact.head.slot)),
            Part::Open(Event::System(system::Event::OriginsForgotten { slot, month })) => {
                Some(Self::Month(*slot, *month))
            }
            Part::Open(_) | Part::Erased => None,
        }
    }

    fn slot(&self) -> Slot {
        match self {
            Self::Person(slot) | Self::Month(slot, _) => *slot,
        }
    }
}

impl Truth {
    /// Nothing that was sealed under a key that is destroyed is known any more.
    pub fn forget(&mut self, fact: &Fact) {
        let Some(destroyed) = Destroyed::by(fact) else { return };
        self.destroyed.insert(destroyed.slot());
        for known in &mut self.facts {
            let actor = known.head.actor.user().and_then(|id| self.slots.get(&id).copied());
            let of_origin = record::origin_slot(&known.head, actor.or(Some(Slot::CLEAR)));
            let (payload, origin) = match destroyed {
                Destroyed::Person(slot) => (known.head.slot == slot, of_origin == slot),
                Destroyed::Month(_, month) => (false, known.head.at.month() == month),
            };
            if payload && known.name != "user.erased" {
                known.body = Part::Erased;
            }
            if origin && known.origin.is_some() {
                known.origin = Some(Part::Erased);
            }
        }
    }
}

impl World {
    /// No key that was destroyed can be unwrapped from what a power cut would leave.
    pub fn nothing_is_left(&self, when: &str) {
        let keys = self.on_platter().keys();
        for (slot, _) in keys {
            let is_left = self.truth.destroyed.contains(&Slot(slot));
            hold!(Erased, !is_left, "{when} the key in slot {slot} is still there");
        }
    }

    fn on_platter(&self) -> Copy {
        let dir = self.options().dir;
        self.disk.content(|content| {
            let bytes = |name: &str| {
                let inode = content.names.get(&dir.join(name));
                inode.map_or_else(Vec::new, |inode| content.files[*inode].durable().to_vec())
            };
            let keyrings = FILE_NAMES.map(bytes).into();
            Copy { master: bytes(MASTER_KEY), keyrings, segments: Vec::new() }
        })
    }
}
