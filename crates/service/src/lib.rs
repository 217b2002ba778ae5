//! What is done: one writer thread, and the slow work before deciding.
//!
//! [`Service`] is the handle that surfaces hold. In reading order:
//!
//! * [`caller`], [`command`], [`settings`], [`addresses`], [`failure`]: what goes in, and what can come back
//! * [`writer`]: decide, commit, publish, answer; the only thread that writes
//! * [`sign_in`], [`linked`], [`sign_up`], [`accounts`], `access_tokens`, [`resets`]: commands that need hashing or chance first
//!   ([`passwords`], [`totp`], [`tokens`], [`jwt`]), and [`throttle`] that makes guessing slow
//! * [`mail`]: what is owed by mail, and how it goes out
//! * [`queries`], [`sessions`], [`attributes`], [`operators`]: reads of the views;
//!   [`history`], [`feed`], [`filter`], [`export`]: reads of the log
//! * [`proofs`]: what the log can prove to somebody who does not hold it
//! * `audit_trail`: who read what only auditors may, and who was refused; `thinning` of such facts
//! * [`erasing`]: keys that are destroyed for good
//! * [`metrics`]: what operators watch
//! * [`upkeep`]: rebuild, verify, and what keeps the store in shape in the background
//! * [`first_start`]: a new store and what its first users log in with

mod access_tokens;
pub mod accounts;
pub mod addresses;
mod attempts;
pub mod attributes;
mod audit_trail;
pub mod caller;
pub mod command;
pub mod erasing;
pub mod export;
pub mod failure;
pub mod feed;
pub mod filter;
pub mod first_start;
pub mod history;
pub mod jwt;
pub mod linked;
pub mod mail;
pub mod metrics;
pub mod operators;
pub mod passwords;
pub mod proofs;
pub mod queries;
pub mod rate_limits;
pub mod resets;
pub mod sessions;
pub mod settings;
pub mod sign_in;
pub mod sign_up;
#[cfg(test)]
mod tests;
pub mod thinning;
pub mod throttle;
pub mod tokens;
pub mod totp;
pub mod upkeep;
pub mod writer;

use std::io;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use domain::id::{Position, UserId};
use domain::rejection::Rejection;
use store::Store;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::audit_trail::AuditTrail;
pub use crate::caller::{Caller, Proof};
pub use crate::command::Command;
use crate::command::Target;
pub use crate::failure::Failure;
use crate::feed::readers::Readers;
use crate::mail::Mailer;
use crate::mail::outbox::Outbox;
use crate::metrics::Metrics;
use crate::passwords::{Cost, Passwords};
use crate::rate_limits::RateLimits;
pub use crate::settings::Settings;
use crate::throttle::Throttle;
pub use crate::writer::{Done, Job, Pending, Rules, Turns};
use crate::writer::{Task, Writer};

/// The name of the thread that writes.
pub const WRITER_THREAD: &str = "writer";

/// Reads of the log, or of everybody, at once; more wait.
pub const LONG_READS_MAX: usize = 4;

/// The one service over the one domain; cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<Store>,
    settings: Settings,
    passwords: Passwords,
    outbox: Outbox,
    throttle: Throttle,
    rate_limits: RateLimits,
    metrics: Metrics,
    audit_trail: AuditTrail,
    /// The last position that is worth waking a reader for.
    news: watch::Sender<Position>,
    readers: Arc<Readers>,
    /// Reads that may be long, of the log or of everybody: so many at once.
    long_reads: Semaphore,
    /// Exports that run, and what those were that ended.
    exports: Arc<export::Exports>,
    /// Held by whoever folds a second set of views.
    folding: tokio::sync::Mutex<()>,
    /// Held by whoever proves something of the log.
    proving: tokio::sync::Mutex<()>,
    queue: Mutex<Option<mpsc::Sender<Task>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Service {
    /// Starts the writer and the hashing threads over an opened store.
    ///
    /// # Errors
    /// The system's, where it refuses a thread; mail that cannot be sent as configured.
    pub fn start(store: Arc<Store>, writer: store::Writer, settings: Settings) -> io::Result<Self> {
        let (sender, queue) = mpsc::channel(settings.queue_len_max);
        let metrics = measures(&store);
        let passwords =
            Passwords::start(Cost::STANDARD, None, settings.hashing_len_max, metrics.clone())?;
        let mailer = Mailer::new(settings.mail.clone()).map_err(io::Error::other)?;
        let rules = Rules {
            mails: settings.mail.rules(),
            password_ends_sessions: settings.password_ends_sessions,
        };
        let turns = Turns::new(Arc::clone(&store), writer).following(rules);
        let news = watch::Sender::default();
        let turns = turns.measured(metrics.clone()).telling(news.clone());
        let writer = Writer::new(turns, queue);
        let threads = vec![
            std::thread::Builder::new()
                .name(WRITER_THREAD.to_owned())
                .spawn(move || writer.run())?,
        ];
        let parts = (passwords, mailer, metrics, news);
        Ok(Self::of(store, settings, parts, Some(sender), threads))
    }

    /// A service that reads alone, without a thread of its own: for whoever runs [`Turns`] itself. It
    /// answers every command as if it were shutting down, and every password as if it were busy.
    pub fn reading(store: Arc<Store>, settings: Settings) -> Self {
        let mailer = Mailer::new(mail::MailSettings::default()).expect("what is built in is sound");
        let metrics = measures(&store);
        let news = watch::Sender::default();
        let parts = (Passwords::idle(Cost::STANDARD), mailer, metrics, news);
        Self::of(store, settings, parts, None, Vec::new())
    }

    fn of(
        store: Arc<Store>,
        settings: Settings,
        (passwords, mailer, metrics, news): (Passwords, Mailer, Metrics, watch::Sender<Position>),
        queue: Option<mpsc::Sender<Task>>,
        threads: Vec<JoinHandle<()>>,
    ) -> Self {
        let throttle = Throttle::new(settings.throttle);
        Self {
            inner: Arc::new(Inner {
                store,
                throttle,
                rate_limits: RateLimits::default(),
                passwords,
                outbox: Outbox::new(mailer),
                metrics,
                audit_trail: AuditTrail::default(),
                news,
                readers: Readers::new(settings.event_readers_max),
                settings,
                long_reads: Semaphore::new(LONG_READS_MAX),
                exports: Arc::default(),
                folding: tokio::sync::Mutex::default(),
                proving: tokio::sync::Mutex::default(),
                queue: Mutex::new(queue),
                threads: Mutex::new(threads),
            }),
        }
    }

    /// Asks the writer for a command, and waits until it is durable or refused.
    pub async fn execute(&self, caller: Caller, command: Command) -> Result<Done, Failure> {
        let may_owe_mail = command.may_owe_mail();
        let (act, asks) = (command.act(), caller.clone());
        let (job, pending) = Job::new(caller, command);
        self.send(Task::Command(Box::new(job)))?;
        let answer = pending.answer().await;
        if let (Err(Failure::Rejected(Rejection::Denied(reason))), Some((act, target))) =
            (&answer, act)
        {
            self.note_denial(&asks, (act, self.user_behind(target)), *reason);
        }
        if may_owe_mail && answer.is_ok() {
            self.inner.outbox.wake();
        }
        answer
    }

    fn user_behind(&self, target: Target) -> Option<UserId> {
        match target {
            Target::Nobody => None,
            Target::User(id) => Some(id),
            Target::OwnerOf(id) => {
                self.store().views().session_by_id(id).map(|row| row.session.user)
            }
        }
    }

    /// What is kept.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Refuses what comes from now on, finishes what is queued, and closes the store.
    pub fn close(&self) {
        drop(self.inner.queue.lock().expect("nothing panics while it holds the queue").take());
        let threads =
            std::mem::take(&mut *self.inner.threads.lock().expect("nothing panics while joining"));
        for thread in threads {
            // A panic of the writer was reported by the panic hook when it happened.
            drop(thread.join());
        }
        self.inner.store.close();
    }

    /// Commands that wait for the writer.
    fn commands_waiting(&self) -> usize {
        let queue = self.inner.queue.lock().expect("nothing panics while it holds the queue");
        queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    fn send(&self, task: Task) -> Result<(), Failure> {
        let queue = self.inner.queue.lock().expect("nothing panics while it holds the queue");
        match queue.as_ref().ok_or(Failure::Closing)?.try_send(task) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Failure::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Failure::Closing),
        }
    }
}

/// Counters that begin now.
fn measures(store: &Arc<Store>) -> Metrics {
    let clock = Arc::clone(&store.sources().now);
    let position = store.views().globals().position.0;
    Metrics::new(Arc::new(move || clock().monotonic), store.clock().now(), position)
}
