//! The threads that hash, and the queue before them.

use std::io;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use argon2::password_hash::phc::Output;
use argon2::{Block, Error};
use tokio::sync::oneshot;

use super::recipe::Recipe;
use super::{Busy, Secret};
use crate::metrics::{Metrics, WaitingPassword};

/// How much the hashing threads give way: beside a thread of niceness 0 the Linux scheduler
/// leaves one of niceness 10 about a tenth of a core (weights 1024 and 110), and all of an idle
/// one. Sign-ins stay possible on a busy machine, and requests do not wait for them.
const NICENESS: i32 = 10;

/// The end of the queue that callers see.
pub(super) struct Queue {
    jobs: SyncSender<Job>,
    /// Where what waits is counted.
    pub(super) metrics: Option<Metrics>,
}

/// The end of the queue that the threads share.
pub(super) type Jobs = Arc<Mutex<Receiver<Job>>>;

/// One password to hash. Hashing, checking and the dummy check are the same job, so none of them
/// can be told from another by its time.
#[derive(Debug)]
pub(super) struct Job {
    password: Secret,
    pub(super) recipe: Recipe,
    answer: oneshot::Sender<Output>,
    waiting: Option<WaitingPassword>,
}

impl Queue {
    /// A queue that holds `len_max` jobs; with 0 a job is taken only by a thread that waits.
    pub(super) fn new(len_max: usize) -> (Self, Jobs) {
        let (sender, receiver) = mpsc::sync_channel(len_max);
        (Self { jobs: sender, metrics: None }, Arc::new(Mutex::new(receiver)))
    }

    /// Has a thread hash the password. Dropping the future before a thread took the job takes
    /// the job back.
    pub(super) async fn run(&self, password: Secret, recipe: Recipe) -> Result<Output, Busy> {
        let (answer, answered) = oneshot::channel();
        let waiting = self.metrics.as_ref().map(Metrics::password_waits);
        self.jobs.try_send(Job { password, recipe, answer, waiting }).map_err(|_| Busy)?;
        answered.await.map_err(|_| Busy)
    }
}

/// Starts the threads; each ends when the [`Queue`] is gone and its jobs are done.
pub(super) fn spawn(
    jobs: &Jobs,
    threads: usize,
    block_count: usize,
) -> io::Result<Vec<JoinHandle<()>>> {
    (0..threads)
        .map(|number| {
            let jobs = Arc::clone(jobs);
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || {
                give_way();
                work(&jobs, block_count);
            })
        })
        .collect()
}

/// Hashes until the queue is closed, in one memory of `block_count` KiB.
pub(super) fn work(jobs: &Jobs, block_count: usize) {
    let mut memory = Vec::new();
    while let Some(Job { password, recipe, answer, waiting }) = next(jobs) {
        let hashed = waiting.map(WaitingPassword::taken);
        if memory.is_empty() {
            memory = vec![Block::new(); block_count];
        }
        let output = hash(&password, &recipe, &mut memory);
        if let Some(hashed) = hashed {
            hashed.done();
        }
        // Before the answer: the caller may count on the password being gone.
        drop(password);
        match output {
            // A caller who left meanwhile is no trouble.
            Ok(output) => drop(answer.send(output)),
            // Dropping `answer` tells the caller that we are busy.
            Err(error) => tracing::error!(%error, "a password could not be hashed"),
        }
    }
}

/// Waits for the next job whose caller still waits; `None` once the queue is closed and empty.
pub(super) fn next(jobs: &Jobs) -> Option<Job> {
    loop {
        // One thread waits in the channel and the others for the lock; it is let go of with the
        // job, before any hashing.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()?;
        if !job.answer.is_closed() {
            return Some(job);
        }
    }
}

fn hash(password: &Secret, recipe: &Recipe, memory: &mut [Block]) -> Result<Output, Error> {
    let argon2 = recipe.argon2();
    let mut bytes = [0; Output::MAX_LENGTH];
    let bytes = &mut bytes[..recipe.output_bytes()];
    if recipe.block_count() <= memory.len() {
        argon2.hash_password_into_with_memory(password.as_bytes(), recipe.salt(), bytes, memory)?;
    } else {
        // Rare: a hash from elsewhere that costs more than ours. Its memory is given back.
        argon2.hash_password_into(password.as_bytes(), recipe.salt(), bytes)?;
    }
    Output::new(bytes).map_err(|_| Error::OutputTooShort)
}

/// Lowers the priority of the calling thread; on Linux niceness belongs to a thread.
#[cfg(target_os = "linux")]
fn give_way() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), NICENESS) {
        tracing::warn!(%error, "hashing runs at the same priority as everything else");
    }
}

/// Elsewhere niceness belongs to the process, which must not give way: hashing competes.
#[cfg(not(target_os = "linux"))]
fn give_way() {
    tracing::info!(niceness = NICENESS, "threads have no niceness here: hashing competes");
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queue")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_hashing_thread_gives_way_and_the_others_do_not() {
        let niceness = || rustix::process::getpriority_process(Some(rustix::thread::gettid()));
        let before = niceness().unwrap();
        let hashing = thread::spawn(move || {
            give_way();
            niceness().unwrap()
        });
        assert_eq!(hashing.join().unwrap(), NICENESS);
        assert_eq!(niceness().unwrap(), before);
    }
}
