//! Seeded simulation: the store and the service's writer on a disk that forgets, tears, fills, fails and
//! flips (`docs/simulation.md`). A seed that fails is shrunk, and printed with the command that replays
//! it.

mod answers;
mod callers;
mod checks;
mod commands;
mod damage;
mod disk;
mod erased;
mod frames;
mod inode;
mod limits;
mod opened;
#[cfg(feature = "planted-bugs")]
mod planted;
mod random;
mod recovery;
mod runs;
mod shrink;
mod sled;
mod tally;
mod truth;
mod world;

#[test]
fn no_seed_breaks_a_promise() {
    runs::run();
}
