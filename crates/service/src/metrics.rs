//! What operators watch, counted as it happens or read when it is asked for. `docs/operations.md` says
//! what each metric means. No label holds a value of anybody's: every set of labels is fixed by the code.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::policy::Act;
use domain::rejection::Denial;
use domain::time::Timestamp;
use domain::user::mail::MailFailure;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::{Caller, Failure, Service};

/// Bounds of what takes from less than a millisecond to seconds.
const SECONDS: [f64; 13] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Bounds of how many commands a turn has.
const COMMANDS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// A clock that only goes forward.
type Now = Arc<dyn Fn() -> Duration + Send + Sync>;

/// All counters of a process; cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    now: Now,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    connections: Family<FromLabels, Gauge>,
    commands_waiting: Gauge,
    turn_commands: Histogram,
    turn_seconds: Histogram,
    commit_seconds: Histogram,
    turns_failed: Counter,
    facts_committed: Counter,
    position: Gauge,
    view_rows: Family<ViewLabels, Gauge>,
    sled_behind: Gauge,
    passwords_waiting: Gauge,
    hashing_seconds: Histogram,
    sign_ins: Family<OutcomeLabels, Counter>,
    mails_owed: Gauge,
    mails: Family<OutcomeLabels, Counter>,
    denials: Family<ReasonLabels, Counter>,
    audit_reads_unrecorded: Counter,
    event_readers: Gauge,
    /// The position at which this process began.
    began_at: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    dialect: &'static str,
    route: &'static str,
    method: &'static str,
    class: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    dialect: &'static str,
    route: &'static str,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FromLabels {
    from: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ViewLabels {
    view: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Inner {
    fn new(now: Now, began_at: u64) -> Self {
        Self {
            registry: Registry::default(),
            now,
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            connections: Family::default(),
            commands_waiting: Gauge::default(),
            turn_commands: Histogram::new(COMMANDS),
            turn_seconds: seconds(),
            commit_seconds: seconds(),
            turns_failed: Counter::default(),
            facts_committed: Counter::default(),
            position: Gauge::default(),
            view_rows: Family::default(),
            sled_behind: Gauge::default(),
            passwords_waiting: Gauge::default(),
            hashing_seconds: seconds(),
            sign_ins: Family::default(),
            mails_owed: Gauge::default(),
            mails: Family::default(),
            denials: Family::default(),
            audit_reads_unrecorded: Counter::default(),
            event_readers: Gauge::default(),
            began_at,
        }
    }

    /// Gives every metric its name.
    fn register(&mut self, started: Timestamp) {
        let mut root = Registry::default();
        #[expect(clippy::cast_precision_loss, reason = "microseconds of this century fit")]
        let began = started.0 as f64 / 1e6;
        let start = Gauge::<f64, AtomicU64>::default();
        start.set(began);
        let help = "When the process began, in seconds of the Unix epoch";
        root.register_with_unit("process_start_time", help, Unit::Seconds, start);
        let all = root.sub_registry_with_prefix("muster");
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        all.register("build", "The version that runs", version);
        all.register("requests", "Requests answered", self.requests.clone());
        let timed = [
            ("request", "From a request's head to its answer"),
            ("turn", "From a turn's first command to its answers"),
            ("commit", "Writing, syncing and publishing the facts of a turn"),
            ("hashing", "Hashing one password, without waiting"),
        ];
        let [request, turn, commit, hashing] = timed;
        all.register_with_unit(request.0, request.1, Unit::Seconds, self.request_seconds.clone());
        all.register_with_unit(turn.0, turn.1, Unit::Seconds, self.turn_seconds.clone());
        all.register_with_unit(commit.0, commit.1, Unit::Seconds, self.commit_seconds.clone());
        all.register_with_unit(hashing.0, hashing.1, Unit::Seconds, self.hashing_seconds.clone());
        all.register("connections", "Open connections", self.connections.clone());
        let waiting = "Commands that wait for the writer";
        all.register("commands_waiting", waiting, self.commands_waiting.clone());
        all.register("turn_commands", "Commands of a turn", self.turn_commands.clone());
        all.register("turns_failed", "Turns that were not committed", self.turns_failed.clone());
        let facts = "Facts committed since the process began";
        all.register("facts_committed", facts, self.facts_committed.clone());
        all.register("position", "The last fact", self.position.clone());
        all.register("view_rows", "Rows of the read models", self.view_rows.clone());
        let behind = "Facts that sled does not hold yet";
        all.register("sled_behind_facts", behind, self.sled_behind.clone());
        let waiting = "Passwords that wait to be hashed";
        all.register("passwords_waiting", waiting, self.passwords_waiting.clone());
        all.register("sign_ins", "Sign-ins with a password", self.sign_ins.clone());
        all.register("mails_owed", "Mails that are owed", self.mails_owed.clone());
        all.register("mails", "Tries to hand a mail over", self.mails.clone());
        all.register("denials", "Requests refused for want of a right", self.denials.clone());
        let unrecorded = "Audit reads that could not be put on record";
        let readers = "Readers that stream events or wait for them";
        all.register("event_readers", readers, self.event_readers.clone());
        all.register("audit_reads_unrecorded", unrecorded, self.audit_reads_unrecorded.clone());
        self.registry = root;
    }
}

impl Metrics {
    /// Counters that begin at nothing, in a process that began at `started`.
    pub(crate) fn new(now: Now, started: Timestamp, began_at: u64) -> Self {
        let mut inner = Inner::new(now, began_at);
        inner.register(started);
        let metrics = Self(Arc::new(inner));
        // What can be counted is there from the first on, so that nobody takes silence for nothing.
        for outcome in ["ok", "refused", "unavailable"] {
            drop(metrics.0.sign_ins.get_or_create_owned(&OutcomeLabels { outcome }));
        }
        for outcome in ["sent", "unreachable", "refused", "too_old"] {
            drop(metrics.0.mails.get_or_create_owned(&OutcomeLabels { outcome }));
        }
        for reason in Denial::ALL.map(Denial::name) {
            drop(metrics.0.denials.get_or_create_owned(&ReasonLabels { reason }));
        }
        for from in ["network", "socket"] {
            drop(metrics.0.connections.get_or_create_owned(&FromLabels { from }));
        }
        metrics
    }

    /// Where requests to a route are counted, by a method. Labels come from the code, never from a
    /// request.
    pub fn route(
        &self,
        dialect: &'static str,
        route: &'static str,
        method: &'static str,
    ) -> RouteMetrics {
        let labels = RouteLabels { dialect, route, method };
        let seconds = self.0.request_seconds.get_or_create_owned(&labels);
        RouteMetrics { metrics: self.clone(), labels, classes: Default::default(), seconds }
    }

    /// A connection was opened; it is closed when what is returned goes.
    pub fn connection(&self, from: &'static str) -> OpenConnection {
        let open = self.0.connections.get_or_create_owned(&FromLabels { from });
        open.inc();
        OpenConnection(open)
    }

    /// How a sign-in ended.
    pub(crate) fn signed_in<T>(&self, result: &Result<T, Failure>) {
        let outcome = match result {
            Ok(_) => "ok",
            Err(Failure::Rejected(_)) => "refused",
            Err(
                Failure::Busy
                | Failure::TooManyFailed
                | Failure::Closing
                | Failure::NotDone
                | Failure::OutcomeUnknown
                | Failure::KeyNotDestroyed { .. }
                | Failure::Store(_),
            ) => "unavailable",
        };
        self.0.sign_ins.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// What came of a try to hand a mail over, or of giving it up.
    pub(crate) fn mailed(&self, result: Result<(), MailFailure>) {
        let outcome = match result {
            Ok(()) => "sent",
            Err(why) => why.name(),
        };
        self.0.mails.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Somebody was refused what it may not do.
    pub(crate) fn denied(&self, reason: Denial) {
        self.0.denials.get_or_create(&ReasonLabels { reason: reason.name() }).inc();
    }

    /// Somebody read what only auditors may, and that could not be put on record.
    pub(crate) fn audit_read_unrecorded(&self) {
        self.0.audit_reads_unrecorded.inc();
    }

    /// What time it is, for measuring.
    pub(crate) fn now(&self) -> Duration {
        (self.0.now)()
    }

    /// A turn ended: it took this long, and committing alone this long.
    pub(crate) fn turned(&self, commands: usize, turn: Duration, commit: Duration, done: bool) {
        let commands = u32::try_from(commands).unwrap_or(u32::MAX);
        self.0.turn_commands.observe(commands.into());
        self.0.turn_seconds.observe(turn.as_secs_f64());
        self.0.commit_seconds.observe(commit.as_secs_f64());
        if !done {
            self.0.turns_failed.inc();
        }
    }

    /// A password waits from now on, until it is taken.
    pub(crate) fn password_waits(&self) -> WaitingPassword {
        self.0.passwords_waiting.inc();
        WaitingPassword(self.clone())
    }
}

/// Where requests to one route by one method are counted, found once and then without looking.
pub struct RouteMetrics {
    metrics: Metrics,
    labels: RouteLabels,
    classes: [OnceLock<Counter>; 5],
    seconds: Histogram,
}

impl RouteMetrics {
    /// A request was answered.
    pub fn count(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        let counter = self.classes[class].get_or_init(|| {
            let RouteLabels { dialect, route, method } = self.labels;
            let class = ["1xx", "2xx", "3xx", "4xx", "5xx"][class];
            let labels = RequestLabels { dialect, route, method, class };
            self.metrics.0.requests.get_or_create_owned(&labels)
        });
        counter.inc();
        self.seconds.observe(took.as_secs_f64());
    }
}

/// An open connection; closed on drop.
pub struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A password that waits to be hashed; taken on drop.
pub(crate) struct WaitingPassword(Metrics);

impl std::fmt::Debug for WaitingPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WaitingPassword")
    }
}

impl WaitingPassword {
    /// It is taken, and hashed from now on.
    pub fn taken(self) -> HashedPassword {
        let metrics = self.0.clone();
        drop(self);
        HashedPassword { began: metrics.now(), metrics }
    }
}

impl Drop for WaitingPassword {
    fn drop(&mut self) {
        self.0.0.passwords_waiting.dec();
    }
}

/// A password that is hashed.
pub(crate) struct HashedPassword {
    metrics: Metrics,
    began: Duration,
}

impl HashedPassword {
    /// It is done.
    pub fn done(self) {
        let took = self.metrics.now().saturating_sub(self.began);
        self.metrics.0.hashing_seconds.observe(took.as_secs_f64());
    }
}

impl Service {
    /// Where this process counts.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Everything that is counted, in the text of `OpenMetrics`; for operators.
    pub fn metrics_text(&self, caller: &Caller) -> Result<String, Failure> {
        self.permits(caller, Act::Operate, None)?;
        let metrics = &self.inner.metrics.0;
        let (position, counts, owed) = {
            let views = self.store().views();
            (views.globals().position.0, views.counts(), views.owed_mails().count())
        };
        let gauge = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        metrics.position.set(gauge(position));
        let committed = position.saturating_sub(metrics.began_at);
        // Two who ask at once may come here in any order.
        metrics.facts_committed.inner().fetch_max(committed, Ordering::Relaxed);
        let behind = position.saturating_sub(self.store().follower().filled());
        metrics.sled_behind.set(gauge(behind));
        metrics.mails_owed.set(gauge(owed as u64));
        metrics.event_readers.set(gauge(self.readers_now() as u64));
        metrics.commands_waiting.set(gauge(self.commands_waiting() as u64));
        for (view, rows) in [
            ("users", counts.users),
            ("sessions", counts.sessions),
            ("names", counts.names),
            ("tokens", counts.tokens),
        ] {
            metrics.view_rows.get_or_create(&ViewLabels { view }).set(gauge(rows as u64));
        }
        let mut told = String::new();
        text::encode(&mut told, &metrics.registry).expect("a String takes any text");
        Ok(told)
    }
}
