//! Passwords: hashed and checked with Argon2id on a bounded pool of low-priority threads.
//!
//! Hashing is the one thing here that costs milliseconds, so it never runs where requests are
//! served: a full queue answers [`Busy`] at once, and a caller who gave up is not hashed for.

mod pool;
mod recipe;

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::JoinHandle;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use self::pool::Queue;
pub use self::recipe::{Cost, CostRefused, MEMORY_KIB_MAX, SALT_BYTES, WORK_KIB_MAX};
use self::recipe::{Recipe, Stored};
use crate::metrics::Metrics;

/// Hashes and checks passwords; a handle to the pool, cheap to clone.
///
/// The threads end when the last handle is gone.
#[derive(Clone, Debug)]
pub struct Passwords(Arc<Inner>);

/// A password in clear: overwritten when its last clone goes, and never printed.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

/// What checking a password against a stored hash found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the one that was hashed.
    pub matches: bool,
    /// The hash was made with less than today's cost, with another variant or version, or with
    /// a shorter salt or output: hash again while the password is at hand.
    pub weaker: bool,
}

/// The queue is full, or the machine has no memory for the hash: try again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are waiting to be hashed")]
pub struct Busy;

/// Why a password could not be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// See [`Busy`].
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The stored text is no PHC string of an Argon2 variant with a salt and an output.
    #[error("the stored hash is no Argon2 hash")]
    NotArgon2,
    /// The stored hash asks for more than [`MEMORY_KIB_MAX`] or [`WORK_KIB_MAX`].
    #[error("the stored hash costs more than this server spends on one password")]
    TooCostly,
}

impl Passwords {
    /// Starts the pool: `threads` threads (as many as cores if `None`, one at least) and room
    /// for `queue_len_max` passwords that wait for one of them; what it does is counted.
    ///
    /// Memory is taken when a thread gets its first password, `cost.memory_kib()` a thread, and
    /// kept: fresh memory costs up to twice the time of a hash in page faults.
    ///
    /// Fails if the system refuses a thread.
    pub fn start(
        cost: Cost,
        threads: Option<usize>,
        queue_len_max: usize,
        metrics: Metrics,
    ) -> io::Result<Self> {
        let started = Self::start_joinable(cost, threads, queue_len_max, Some(metrics));
        started.map(|(passwords, _)| passwords)
    }

    /// A pool without threads: whatever is asked of it, it is busy.
    pub(crate) fn idle(cost: Cost) -> Self {
        Self::over(cost, Queue::new(0).0)
    }

    /// Hashes a password for keeping, at today's cost: a PHC string.
    ///
    /// `salt` is fresh randomness, never used twice.
    pub async fn hash(&self, password: Secret, salt: [u8; SALT_BYTES]) -> Result<String, Busy> {
        let recipe = Recipe::new(self.0.cost, salt);
        let output = self.0.queue.run(password, recipe.clone()).await?;
        Ok(Stored { recipe, output }.to_phc())
    }

    /// Hashes on the calling thread, with memory of its own: for the first start, which has no pool.
    pub fn hash_here(cost: Cost, password: &Secret, salt: [u8; SALT_BYTES]) -> String {
        let recipe = Recipe::new(cost, salt);
        let output = recipe.bake(password).expect("a payable cost and a salt of 16 bytes");
        Stored { recipe, output }.to_phc()
    }

    /// Checks a password against the PHC string of any Argon2 variant, version and cost within
    /// [`MEMORY_KIB_MAX`] and [`WORK_KIB_MAX`].
    ///
    /// A stored text that cannot be checked costs the same time as one that can.
    pub async fn verify(&self, password: Secret, phc: &str) -> Result<Verdict, VerifyError> {
        match Stored::parse(phc) {
            Ok(stored) => Ok(self.compare(password, &stored).await?),
            Err(refused) => {
                self.verify_dummy(password).await?;
                Err(refused)
            }
        }
    }

    /// Checks a password against a hash that nobody has, at today's cost, and finds that it does
    /// not match: for users who do not exist, so that they take the time of those who do.
    pub async fn verify_dummy(&self, password: Secret) -> Result<Verdict, Busy> {
        self.compare(password, &self.0.nobody).await
    }

    async fn compare(&self, password: Secret, stored: &Stored) -> Result<Verdict, Busy> {
        let output = self.0.queue.run(password, stored.recipe.clone()).await?;
        let matches = bool::from(output.as_bytes().ct_eq(stored.output.as_bytes()));
        Ok(Verdict { matches, weaker: stored.is_weaker_than(self.0.cost) })
    }

    fn start_joinable(
        cost: Cost,
        threads: Option<usize>,
        queue_len_max: usize,
        metrics: Option<Metrics>,
    ) -> io::Result<(Self, Vec<JoinHandle<()>>)> {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = threads.unwrap_or_else(cores).max(1);
        let (mut queue, jobs) = Queue::new(queue_len_max);
        queue.metrics = metrics;
        let threads = pool::spawn(&jobs, threads, cost.block_count())?;
        Ok((Self::over(cost, queue), threads))
    }

    fn over(cost: Cost, queue: Queue) -> Self {
        Self(Arc::new(Inner { cost, queue, nobody: Stored::nobody(cost) }))
    }
}

impl Secret {
    /// The password as UTF-8, as it was typed: nothing is trimmed, folded or normalised.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it is the same, found out in a time that tells nothing about where they differ.
    pub fn is_same(&self, other: &Self) -> bool {
        // Of equal length whatever they are, so not even the length shows.
        let hash = |secret: &Self| crate::tokens::hash_of(secret.as_str());
        bool::from(hash(self).ct_eq(&hash(other)))
    }

    /// The password as text, for the rules that passwords must follow.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    /// Takes the text over without copying it; copies made before are the caller's to erase.
    fn from(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Debug)]
struct Inner {
    cost: Cost,
    queue: Queue,
    nobody: Stored,
}

#[cfg(test)]
mod tests;
