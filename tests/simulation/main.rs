//! Seeded simulation: the real store on a disk that forgets, tears and fails. A seed that fails is
//! printed with the command that replays it.

mod disk;
mod life;
mod random;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Seeds of a plain `cargo test`; `cargo xtask simulate --seeds N` runs more.
const SEEDS: u64 = 120;
/// Names the first seed, and how many.
const FIRST_SEED: &str = "MUSTER_FIRST_SEED";
const SEED_COUNT: &str = "MUSTER_SEEDS";

#[test]
fn no_seed_loses_or_reinterprets_an_acknowledged_fact() {
    let first = setting(FIRST_SEED).unwrap_or(1);
    let count = setting(SEED_COUNT).unwrap_or(SEEDS);
    let mut total = life::Tally::default();
    for seed in first..first + count {
        match catch_unwind(AssertUnwindSafe(|| life::live(seed))) {
            Ok(tally) => total.add(&tally),
            Err(panic) => {
                println!("seed {seed} fails; again: cargo xtask simulate --first {seed} --seeds 1");
                std::panic::resume_unwind(panic);
            }
        }
    }
    println!("{count} seeds: {total}");
    assert!(total.crashes > 0 && total.acknowledged > 0, "something was tried: {total}");
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}
