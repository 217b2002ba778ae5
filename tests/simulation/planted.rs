//! Mistakes that are switched on one at a time: each must be caught within a stated number of seeds.

use store::planted::{Planted, choose};

use crate::checks::Check;
use crate::limits::{Limits, number};
use crate::runs::{one, say};

/// Names the mistake in a process that runs one seed for another.
const BUG: &str = "MUSTER_SIM_BUG";
/// Seeds after which a mistake counts as not noticed, unless another number is asked for.
const SEEDS_MAX: u64 = 2_000;
const SEEDS: &str = "MUSTER_SIM_PLANTED_SEEDS";
/// What a line begins with that becomes a row of the table in `docs/simulation.md`.
const ROW: &str = "planted";

/// The environment of such a process.
pub fn bug() -> Option<(&'static str, String)> {
    let chosen = Planted::ALL.iter().find(|bug| store::planted::is(**bug))?;
    Some((BUG, chosen.name().to_owned()))
}

/// Switches on what the environment names.
pub fn choose_bug() {
    let name = std::env::var(BUG).unwrap_or_default();
    choose(Planted::ALL.iter().copied().find(|bug| bug.name() == name));
}

#[test]
fn every_planted_mistake_is_caught() {
    let limits = Limits::default();
    let most = number(SEEDS).unwrap_or(SEEDS_MAX);
    let only = std::env::var(BUG).ok();
    let mut missed = Vec::new();
    for bug in Planted::ALL.iter().filter(|bug| only.as_ref().is_none_or(|only| only == bug.name()))
    {
        choose(Some(*bug));
        // What goes wrong in sled shows where sled is; it runs in every seed then.
        let sled_every = if *bug == Planted::FilledBeforeData { 1 } else { limits.sled_every };
        let limits = Limits { sled_every, ..limits };
        let caught = (1..=most).find_map(|seed| one(seed, limits).err());
        choose(None);
        match caught {
            Some(failed) => {
                let check = Check::of(&failed.what).map_or("a panic", Check::words);
                let (name, sentence, seeds) = (bug.name(), bug.sentence().trim(), failed.seed);
                say(&format!("{ROW}\t{name}\t{sentence}\t{seeds}\t{check}"));
            }
            None => missed.push(bug.name()),
        }
    }
    assert!(missed.is_empty(), "not noticed within {most} seeds: {missed:?}");
}
