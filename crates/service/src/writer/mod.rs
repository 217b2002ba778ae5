//! The one thread that writes: it takes what is queued, decides it against a draft, commits the
//! facts of all of it at once, publishes them, and answers. [`Turns`] does that on whatever thread it
//! is called; the thread around it only takes from the queue.

mod decide;

use std::sync::Arc;
use std::time::Duration;

use domain::actor::{Actor, ApplicationNumber, Stamp};
use domain::fact::{CommandName, Event};
use domain::id::{Position, SessionId, Slot, UserId};
use domain::rejection::Rejection;
use domain::system;
use domain::system::Purpose;
use domain::text::Name;
use domain::time::Timestamp;
use domain::user::{self, User};
use store::planted::{self, Planted};
use store::rebuild::Rebuilt;
use store::{CommitError, Fit, Signature, Store, Turn};
use tokio::sync::{mpsc, oneshot, watch};

use crate::caller::Caller;
use crate::command::Command;
use crate::failure::Failure;
use crate::metrics::Metrics;

pub use self::decide::Rules;
use self::decide::decide;

/// Most commands in one turn.
pub const TURN_COMMANDS_MAX: usize = 256;

/// What came of a command.
#[derive(Clone, Debug)]
pub struct Done {
    /// The last fact that the answer rests on.
    pub position: Position,
    /// When it was decided.
    pub at: Timestamp,
    /// The user it went to, as it is now.
    pub user: Option<Arc<User>>,
    /// The session that it opened or changed.
    pub session: Option<SessionId>,
    /// The slots whose keys it destroyed.
    pub destroyed: Vec<Slot>,
}

/// What the writer's queue holds.
pub(crate) enum Task {
    /// A command, and whoever waits for the answer.
    Command(Box<Job>),
    /// Views folded anew, to be caught up and put in place of the serving ones.
    Swap(Box<Rebuilt>, oneshot::Sender<Result<Vec<String>, Failure>>),
    /// Views folded anew, to be caught up and compared with the serving ones.
    Compare(Box<Rebuilt>, oneshot::Sender<Result<Vec<String>, Failure>>),
}

/// A command, and whoever waits for the answer.
pub struct Job {
    caller: Caller,
    command: Command,
    reply: oneshot::Sender<Result<Done, Failure>>,
}

/// The answer to a [`Job`], once there is one.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Done, Failure>>);

impl Job {
    /// What `caller` asks for.
    pub fn new(caller: Caller, command: Command) -> (Self, Pending) {
        let (reply, answer) = oneshot::channel();
        (Self { caller, command, reply }, Pending(answer))
    }
}

impl Pending {
    /// Waits until the command is durable or refused.
    pub async fn answer(self) -> Result<Done, Failure> {
        // A writer that is gone without an answer may have committed before it went.
        self.0.await.unwrap_or(Err(Failure::OutcomeUnknown))
    }

    /// The answer, if it was given and not taken yet.
    pub fn now(&mut self) -> Option<Result<Done, Failure>> {
        self.0.try_recv().ok()
    }
}

/// The thread's own state; it lives until the queue is closed and empty.
pub(crate) struct Writer {
    turns: Turns,
    queue: mpsc::Receiver<Task>,
    /// A task that did not fit into the turn before.
    held_over: Option<Task>,
}

impl Writer {
    pub fn new(turns: Turns, queue: mpsc::Receiver<Task>) -> Self {
        Self { turns, queue, held_over: None }
    }

    /// Works until nobody can send any more.
    pub fn run(mut self) {
        while let Some(task) = self.held_over.take().or_else(|| self.queue.blocking_recv()) {
            match task {
                Task::Command(job) => self.turn(*job),
                Task::Swap(rebuilt, reply) => {
                    drop(reply.send(self.turns.log.swap(*rebuilt).map_err(Failure::from)));
                }
                Task::Compare(rebuilt, reply) => {
                    drop(reply.send(self.turns.log.compare(*rebuilt).map_err(Failure::from)));
                }
            }
        }
    }

    fn turn(&mut self, first: Job) {
        let Self { turns, queue, held_over } = self;
        let left = turns.turn(first, || match queue.try_recv() {
            Ok(Task::Command(job)) => Some(*job),
            Ok(task) => {
                *held_over = Some(task);
                None
            }
            Err(_) => None,
        });
        if let Some(job) = left {
            *held_over = Some(Task::Command(Box::new(job)));
        }
    }
}

/// Whoever writes, turn by turn; there is one.
pub struct Turns {
    store: Arc<Store>,
    log: store::Writer,
    rules: Rules,
    metrics: Option<Metrics>,
    /// The last position that is worth waking a reader for.
    news: watch::Sender<Position>,
}

impl Turns {
    /// Turns over an opened store.
    pub fn new(store: Arc<Store>, log: store::Writer) -> Self {
        let news = watch::Sender::default();
        Self { store, log, rules: Rules::default(), metrics: None, news }
    }

    /// What an operator wants to follow from what happens.
    #[must_use]
    pub fn following(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// Turns are counted here.
    #[must_use]
    pub fn measured(self, metrics: Metrics) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// Whoever waits for facts is told here.
    #[must_use]
    pub(crate) fn telling(self, news: watch::Sender<Position>) -> Self {
        Self { news, ..self }
    }

    /// One turn: `first`, and what `next` yields for as long as it has room. All of it is durable or
    /// refused when the answers go out, and they have gone out when this returns. A command that had
    /// no room comes back, for the next turn to begin with.
    pub fn turn(&mut self, first: Job, mut next: impl FnMut() -> Option<Job>) -> Option<Job> {
        if let Err(failure) = self.upkeep() {
            drop(first.reply.send(Err(failure)));
            return None;
        }
        let Self { store, log, rules, metrics, news } = self;
        let now = || metrics.as_ref().map_or(Duration::ZERO, Metrics::now);
        let (began, mut decided) = (now(), Duration::ZERO);
        let (mut answers, mut left): (Vec<Answer>, _) = (Vec::new(), None);
        let committed = log.turn(|turn| {
            let mut job = Some(first);
            while let Some(asked) = job.take() {
                match serve(store, *rules, turn, asked) {
                    Served::Answer(answer) => answers.push(answer),
                    Served::NotNow(job) => {
                        left = Some(*job);
                        break;
                    }
                }
                if answers.len() == TURN_COMMANDS_MAX {
                    break;
                }
                job = next();
            }
            if planted::is(Planted::AnswerBeforeSync) {
                answers.drain(..).for_each(Answer::send);
            }
            decided = now();
        });
        if let Some(metrics) = metrics.as_ref() {
            let done = now();
            let (turn, commit) = (done.saturating_sub(began), done.saturating_sub(decided));
            metrics.turned(answers.len(), turn, commit, committed.is_ok());
        }
        match committed {
            Ok(()) => {
                if answers.iter().any(|answer| answer.is_news) {
                    tell(store, news);
                }
                for answer in answers {
                    answer.held_to_the_disk(store).send();
                }
            }
            Err(error) => {
                tracing::error!(%error, "a turn was not committed");
                for answer in answers {
                    drop(answer.reply.send(Err(failed(&error))));
                }
            }
        }
        left
    }

    /// What has to be on record before a turn: this month's key, a jump of the clock.
    fn upkeep(&mut self) -> Result<(), Failure> {
        let jump = self.store.clock().jump();
        if let Some(jump) = jump {
            tracing::warn!(expected = jump.expected.0, read = jump.read.0, "the clock jumped");
            let command =
                system::Command::NoteClockJump { expected: jump.expected, read: jump.read };
            self.write_system(command)?;
        }
        let month = Purpose::Month(self.store.clock().now().month());
        if self.store.views().system().slot(month).is_none() {
            // Without a key of the month nobody's whereabouts can be kept, and so nothing can.
            let slot = self.store.next_free_slot().ok_or(Failure::Busy)?;
            self.write_system(system::Command::AssignSlot { slot, purpose: month })?;
        }
        Ok(())
    }

    fn write_system(&mut self, command: system::Command) -> Result<(), CommitError> {
        self.log.turn(|turn| {
            let at = turn.tick();
            let events = system::decide(turn.draft().now().system.as_ref(), command)
                .expect("upkeep is never refused");
            turn.record(&signature(&Caller::system(), at, CommandName::Upkeep), of_system(events));
        })?;
        tell(&self.store, &self.news);
        Ok(())
    }
}

/// An answer that waits for the commit: it may rest on an earlier fact of the same turn.
struct Answer {
    reply: oneshot::Sender<Result<Done, Failure>>,
    result: Result<Done, Failure>,
    /// Whether whoever waits for facts should look.
    is_news: bool,
}

impl Answer {
    /// Nobody hears that a key is destroyed before the disk says so.
    fn held_to_the_disk(mut self, store: &Store) -> Self {
        if let Ok(done) = &self.result
            && done.destroyed.iter().any(|slot| store.is_erasure_unfinished(*slot))
        {
            self.result = Err(Failure::KeyNotDestroyed { position: done.position });
        }
        self
    }

    fn send(self) {
        // Whoever asked may have gone; what happened, happened.
        drop(self.reply.send(self.result));
    }
}

enum Served {
    Answer(Answer),
    NotNow(Box<Job>),
}

fn serve(store: &Store, rules: Rules, turn: &mut Turn<'_>, job: Job) -> Served {
    let at = turn.tick();
    // A month that began during this turn gets its key before the next.
    if turn.draft().now().system.slot(Purpose::Month(at.month())).is_none() {
        return Served::NotNow(Box::new(job));
    }
    let Job { caller, command, reply } = job;
    let stamp = Stamp { at, actor: caller.actor, seed: store.sources().random() };
    let result = match decide(turn, rules, &caller, command.clone(), &stamp) {
        Err(rejection) => Err(rejection.into()),
        Ok((events, user)) => match turn.fit(&events) {
            Fit::Now => Ok(write(turn, &caller, &command, at, events, user)),
            Fit::NextTurn => return Served::NotNow(Box::new(Job { caller, command, reply })),
            Fit::Never => Err(Rejection::TooLarge.into()),
            Fit::NoKeys => Err(Failure::Busy),
        },
    };
    let is_news = result.is_ok() && !is_audit_read(&command);
    Served::Answer(Answer { reply, result, is_news })
}

/// That somebody reads is no news: else readers would wake each other for ever.
fn is_audit_read(command: &Command) -> bool {
    matches!(command, Command::System(system::Command::NoteAudit(_)))
}

fn tell(store: &Store, news: &watch::Sender<Position>) {
    news.send_replace(store.views().globals().position);
}

fn write(
    turn: &mut Turn<'_>,
    caller: &Caller,
    command: &Command,
    at: Timestamp,
    events: Vec<Event>,
    user: Option<UserId>,
) -> Done {
    let session = events.iter().find_map(|event| match event {
        Event::Session(id, _) => Some(*id),
        Event::User(..) | Event::System(_) => None,
    });
    let destroyed = events.iter().filter_map(|event| destroyed(turn, event)).collect();
    if !events.is_empty() {
        let mut signature = signature(caller, at, command.name());
        sign_as_user(&mut signature, command, session);
        signature.application = application(turn, caller.application.as_ref(), at);
        turn.record(&signature, events);
    }
    let user = user.and_then(|id| turn.draft().user(id)).cloned();
    Done { position: turn.draft().now().position, at, user, session, destroyed }
}

/// The slot whose key the event says is destroyed.
fn destroyed(turn: &Turn<'_>, event: &Event) -> Option<Slot> {
    match event {
        Event::User(id, user::Event::Erased) => turn.draft().user_row(*id)?.slot(),
        Event::System(system::Event::OriginsForgotten { slot, .. }) => Some(*slot),
        Event::User(..) | Event::Session(..) | Event::System(_) => None,
    }
}

/// The number of the application, which the turn names at its first use.
fn application(turn: &mut Turn<'_>, name: Option<&Name>, at: Timestamp) -> ApplicationNumber {
    let Some(name) = name else { return ApplicationNumber::default() };
    let known = |turn: &Turn<'_>| turn.draft().now().system.application(name.as_str());
    if known(turn).is_none() {
        let command = system::Command::NameApplication(name.clone());
        // Refused only when there are 65,535 of them; then it stays without a number.
        if let Ok(events) = system::decide(&turn.draft().now().system, command) {
            turn.record(&signature(&Caller::system(), at, CommandName::Upkeep), of_system(events));
        }
    }
    ApplicationNumber(known(turn).unwrap_or(0))
}

/// Who signs the facts: the caller, but for what a sign-in and a sign-out say of themselves.
fn signature(caller: &Caller, at: Timestamp, command: CommandName) -> Signature {
    Signature {
        at,
        actor: caller.actor,
        credential: caller.proof.credential(),
        command,
        dialect: caller.dialect,
        application: ApplicationNumber::default(),
        origin: caller.origin.clone(),
    }
}

/// The actor of a successful sign-in is the user, and its credential the session that it opened or, of
/// a linked account, renewed. Whoever opens a session for somebody else stays itself.
fn sign_as_user(signature: &mut Signature, command: &Command, session: Option<SessionId>) {
    let user = match command {
        Command::SignIn(asked) => asked.user,
        Command::LinkedSignIn(asked) => asked.user,
        Command::User(..)
        | Command::NewUser(_)
        | Command::SetAttributes { .. }
        | Command::OpenSession(_)
        | Command::Session(..)
        | Command::System(_) => return,
    };
    if let Some(session) = session {
        signature.actor = Actor::User(user);
        signature.credential = Some(session.into());
    }
}

fn of_system(events: Vec<system::Event>) -> Vec<Event> {
    events.into_iter().map(Event::System).collect()
}

fn failed(error: &CommitError) -> Failure {
    match error {
        CommitError::NotDone(_) => Failure::NotDone,
        CommitError::OutcomeUnknown(_) => Failure::OutcomeUnknown,
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        failed(&error)
    }
}
