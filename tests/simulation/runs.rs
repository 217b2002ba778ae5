//! Running seeds: how many, on how many threads, and what is said of them.

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Mutex;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::limits::{Limits, number};
use crate::shrink;
use crate::tally::Tally;
use crate::world::World;

/// Seeds of a plain `cargo test`; `cargo xtask simulate --seeds N` runs more.
const SEEDS: u64 = 60;
/// Names the first seed, how many, for how long at most, and on how many threads.
const FIRST_SEED: &str = "MUSTER_FIRST_SEED";
const SEED_COUNT: &str = "MUSTER_SEEDS";
const MINUTES: &str = "MUSTER_SIM_MINUTES";
const JOBS: &str = "MUSTER_SIM_JOBS";
/// Set in a process that runs one seed for another.
const CHILD: &str = "MUSTER_SIM_CHILD";
/// How often a long run says how far it is.
const PROGRESS: Duration = Duration::from_secs(15);
/// What a process that runs a seed for another says when the seed fails.
const FAILED: &str = "failed";

/// A seed that fails.
#[derive(Clone, Debug)]
pub struct Failed {
    pub seed: u64,
    /// In which life.
    pub life: usize,
    pub what: String,
}

/// Runs the seeds that the environment asks for.
pub fn run() {
    let first = number(FIRST_SEED).unwrap_or(1);
    let limits = Limits::from_environment();
    if number(CHILD).is_some() {
        return for_another(first, limits);
    }
    let minutes = number(MINUTES);
    let count = number(SEED_COUNT).unwrap_or(if minutes.is_some() { u64::MAX } else { SEEDS });
    // Half of the time of a seed with sled is waiting for sled.
    let jobs = || std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64 * 2);
    let run = Run {
        next: AtomicU64::new(first),
        end: first.saturating_add(count),
        limits,
        begun: now(),
        longest: minutes.map(|minutes| Duration::from_secs(minutes * 60)),
        is_asked_for: number(SEED_COUNT).is_some() || minutes.is_some(),
        said: Mutex::new(Duration::ZERO),
        total: Mutex::default(),
        over: AtomicBool::new(false),
        failed: Mutex::default(),
    };
    std::thread::scope(|scope| {
        for _ in 0..number(JOBS).unwrap_or_else(jobs).max(1) {
            scope.spawn(|| run.work());
        }
    });
    let total = *run.total.lock().expect("no panic holds the sum");
    run.say(&total);
    let failed = run.failed.into_inner().expect("no panic holds the failure");
    if let Some(failed) = failed {
        say(&format!("seed {} fails: {}", failed.seed, failed.what));
        let (failed, limits) = shrink::shrink(failed, limits);
        let seed = failed.seed;
        say(&format!("shrunk: {}", failed.what));
        say(&format!("again: cargo xtask simulate --first {seed} --seeds 1{limits}"));
        panic!("seed {seed} fails: {}", failed.what);
    }
    let tried = total.crashes > 0 && total.acknowledged > 0;
    assert!(tried || limits != Limits::default(), "something was tried: {total}");
}

struct Run {
    next: AtomicU64,
    end: u64,
    limits: Limits,
    begun: Instant,
    longest: Option<Duration>,
    is_asked_for: bool,
    said: Mutex<Duration>,
    total: Mutex<Tally>,
    over: AtomicBool,
    failed: Mutex<Option<Failed>>,
}

impl Run {
    fn work(&self) {
        while !self.over.load(Ordering::Relaxed) {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= self.end || self.longest.is_some_and(|longest| self.took() > longest) {
                return;
            }
            match one(seed, self.limits) {
                Ok(tally) => *self.total.lock().expect("no panic holds the sum") += tally,
                Err(failed) => {
                    self.over.store(true, Ordering::Relaxed);
                    let mut first = self.failed.lock().expect("no panic holds the failure");
                    first.get_or_insert(failed);
                }
            }
            self.progress();
        }
    }

    fn progress(&self) {
        let mut said = self.said.lock().expect("no panic holds the time");
        if self.is_asked_for && self.took() > *said + PROGRESS {
            *said = self.took();
            let total = *self.total.lock().expect("no panic holds the sum");
            self.say(&total);
        }
    }

    fn say(&self, total: &Tally) {
        say(&format!("{total}, {:.1} s", self.took().as_secs_f64()));
    }

    fn took(&self) -> Duration {
        now().duration_since(self.begun)
    }
}

/// Runs a seed. One with sled runs in a process of its own: what a panic inside sled leaves behind is
/// there until the process ends.
pub fn one(seed: u64, limits: Limits) -> Result<Tally, Failed> {
    if limits.has_sled(seed) { elsewhere(seed, limits) } else { here(seed, limits) }
}

fn here(seed: u64, limits: Limits) -> Result<Tally, Failed> {
    quietly();
    let mut world = World::new(seed, limits);
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| world.live()));
    QUIET.set(false);
    match outcome {
        Ok(()) => Ok(world.tally),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            let place = PLACE.take();
            let what = format!("{}{place}", text.unwrap_or_default());
            Err(Failed { seed, life: world.lives, what: what.replace('\n', " ") })
        }
    }
}

fn elsewhere(seed: u64, limits: Limits) -> Result<Tally, Failed> {
    let output = Command::new(std::env::current_exe().expect("this test has a file"))
        .args(["--exact", "no_seed_breaks_a_promise", "--nocapture"])
        .env(CHILD, "1")
        .env(FIRST_SEED, seed.to_string())
        .envs(limits.environment())
        .envs(bug())
        .output()
        .expect("this test starts again");
    let said = String::from_utf8_lossy(&output.stdout);
    if let Some(tally) = said.lines().find_map(Tally::parse) {
        return Ok(tally);
    }
    let told = said.lines().find_map(|line| {
        let (_, told) = line.split_once(FAILED)?;
        let (life, what) = told.trim().split_once(' ')?;
        Some(Failed { seed, life: life.parse().ok()?, what: what.to_owned() })
    });
    let what = format!("the process ended with {}", output.status);
    Err(told.unwrap_or(Failed { seed, life: limits.lives, what }))
}

fn for_another(seed: u64, limits: Limits) {
    choose_bug();
    match here(seed, limits) {
        Ok(tally) => say(&tally.line()),
        Err(Failed { life, what, .. }) => say(&format!("{FAILED} {life} {what}")),
    }
}

#[cfg(feature = "planted-bugs")]
use crate::planted::{bug, choose_bug};

#[cfg(not(feature = "planted-bugs"))]
fn bug() -> Option<(&'static str, String)> {
    None
}

#[cfg(not(feature = "planted-bugs"))]
fn choose_bug() {}

/// Says it at once, whoever listens.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever does not listen any more is told by the exit code.
    _ = writeln!(out, "{line}");
    _ = out.flush();
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A seed that fails says so by itself; its panics are not printed, but for where they were.
fn quietly() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                return usual(panic);
            }
            let place = panic.location().filter(|place| !place.file().ends_with("checks.rs"));
            PLACE.set(place.map(|place| format!(" ({place})")).unwrap_or_default());
        }));
    });
}

#[expect(clippy::disallowed_methods, reason = "how long a run takes is no part of what it does")]
fn now() -> Instant {
    Instant::now()
}
