//! `muster recover` on a store that a start refused: it loses nothing that it does not announce, and
//! may break off at any operation.

use domain::fact::{Fact, Part};
use domain::id::Slot;
use store::journal::SEGMENT_HEADER_BYTES;
use store::recover::{Plan, Recovery};
use store::{Store, StoreError};

use crate::checks::hold;
use crate::damage::{Damage, Image};
use crate::disk::{Content, Crash, Fault};
use crate::frames::first_position;
use crate::opened::{Seen, see};
use crate::world::World;

/// So often a recovery is broken off at most.
const BREAKS_MAX: usize = 3;

impl World {
    /// Recovers a damaged store, if it can be, and looks at what came back.
    pub fn recovered(&mut self, damage: &Damage, image: &Image) {
        let before = self.disk.content(|content| content.clone());
        // Keys, and what says whose they are, are beyond it.
        let Ok(recovery) = Recovery::look(&self.options()) else { return };
        let plan = recovery.plan().clone();
        let unchanged = self.disk.content(|content| *content == before);
        hold!(Recovery, unchanged, "{damage:?}: looking changed something");
        if plan.lost.is_some() {
            let refused = recovery.apply(false);
            let asks = matches!(refused, Err(StoreError::WouldLose { .. }));
            hold!(Recovery, asks, "{damage:?}: it loses facts and does not ask: {refused:?}");
            let unchanged = self.disk.content(|content| *content == before);
            hold!(Recovery, unchanged, "{damage:?}: asking changed something");
        } else {
            drop(recovery);
        }
        if !self.applied(damage, plan.lost.is_some()) {
            return;
        }
        self.disk.arrange(|_| Fault::None);
        self.tally.recoveries += 1;
        self.hold_recovered(damage, lost_header(damage, image, &before), &plan);
    }

    /// Applies a recovery, which is broken off now and then and begun again; whether there was
    /// anything to be applied.
    fn applied(&mut self, damage: &Damage, accept_loss: bool) -> bool {
        for attempt in 0.. {
            let at = 1 + self.random.below(20) as u64;
            let breaks = attempt < BREAKS_MAX && self.limits.faults && self.random.chance(2);
            let recovery = match Recovery::look(&self.options()) {
                Ok(recovery) => recovery,
                Err(error) => {
                    hold!(Recovery, attempt == 0, "{damage:?}: it cannot go on: {error}");
                    return false;
                }
            };
            self.disk.arrange(|now| if breaks { Fault::Stop(now + at) } else { Fault::None });
            match recovery.apply(accept_loss) {
                Ok(_) if !self.disk.is_dead() => return true,
                Ok(_) => {}
                // There may be nothing to make a journal of.
                Err(error) if error.is_damage() && attempt == 0 => return false,
                Err(error) => {
                    hold!(Recovery, self.disk.is_dead(), "{damage:?}: it does not go: {error}");
                }
            }
            self.disk.come_back(if self.random.chance(2) { Crash::Kill } else { Crash::PowerCut });
        }
        false
    }

    /// Of what begins at `unsaid` a frame that was given up may have come back.
    fn hold_recovered(&self, damage: &Damage, unsaid: Option<u64>, plan: &Plan) {
        let opened = Store::open(&self.options());
        let (store, writer) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                // What it does not mend may be damaged as well: it said nothing of the keys.
                let of_keys = matches!(error, StoreError::Keys(_));
                hold!(Recovery, of_keys, "{damage:?}: what was recovered does not open: {error}");
                return;
            }
        };
        let facts = &self.truth.facts;
        let mut kept = plan.lost.map_or(facts.len() as u64, |lost| lost.from - 1);
        if let Some(begins) = unsaid.filter(|_| plan.lost.is_some()) {
            kept = kept.min(begins - 1);
        }
        let kept = usize::try_from(kept).expect("a small log").min(facts.len());
        // In a new epoch one fact says so.
        let last = store.views().globals().position.0;
        let found = store
            .facts(&(1..=last).map(domain::id::Position).collect::<Vec<_>>(), store::Origins::Open);
        let same = found.is_ok_and(|found| {
            // A turn that was given up and came back may erase somebody.
            let destroyed = found.iter().skip(kept).filter(|_| unsaid.is_some());
            let destroyed: Vec<Slot> = destroyed.filter_map(Fact::destroys).collect();
            found.len() >= kept
                && found.iter().zip(&facts[..kept]).all(|(found, fact)| {
                    found == fact || erased(fact, &destroyed) == erased(found, &destroyed)
                })
        });
        hold!(Recovery, same, "{damage:?}: {kept} facts were to be kept, {last} are there");
        if plan.lost.is_none() {
            let seen = see(&store, facts);
            hold!(Recovery, matches!(seen, Seen::Same), "{damage:?}: it was to mend all of it");
        }
        drop((store, writer));
    }
}

/// A fact as far as it can be read once these keys are destroyed. Whose key an origin was sealed with is
/// not asked: it may be that of the actor.
fn erased(fact: &Fact, destroyed: &[Slot]) -> Fact {
    let is_gone = destroyed.contains(&fact.head.slot);
    Fact {
        body: if is_gone { Part::Erased } else { fact.body.clone() },
        origin: fact.origin.clone().filter(|_| destroyed.is_empty()),
        ..fact.clone()
    }
}

/// Where a segment begins of which it is the header that was damaged: nothing says any more that a frame
/// before it was given up.
fn lost_header(damage: &Damage, image: &Image, damaged: &Content) -> Option<u64> {
    let header = |bytes: &[u8]| bytes.get(..SEGMENT_HEADER_BYTES).map(<[u8]>::to_vec);
    let is_segment = damage.path.extension().is_some_and(|end| end == "mj");
    let sound = image.content.bytes(&damage.path).filter(|_| is_segment)?;
    let is_lost = damaged.bytes(&damage.path).and_then(header) != header(sound);
    Some(first_position(sound)).filter(|begins| *begins > 0 && is_lost)
}
