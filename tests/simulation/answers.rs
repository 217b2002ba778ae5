//! Answers of a turn, held to what is true: in the order in which they were asked for, with the facts
//! that each of them rests on.

use std::collections::VecDeque;
use std::vec::IntoIter;

use domain::attributes::Value;
use domain::fact::{CommandName, Fact, Head};
use domain::id::{Position, UserId};
use domain::rejection::{Held, Rejection};
use domain::session;
use domain::time::Timestamp;
use domain::user::Command as UserCommand;
use service::{Caller, Command, Done, Failure, Job, Pending, Proof};
use store::views::compare;
use store::{Origins, Store};

use crate::checks::hold;
use crate::commands::{Asked, Expected};
use crate::world::{Serving, World};

/// A command that waits for its answer.
pub struct Asking {
    caller: Caller,
    command: Command,
    expected: Expected,
    pending: Pending,
}

impl Asking {
    /// Puts a command into the queue.
    pub fn begin(asked: Asked) -> (Job, Self) {
        let Asked { caller, command, expected } = asked;
        let (job, pending) = Job::new(caller.clone(), command.clone());
        (job, Self { caller, command, expected, pending })
    }

    /// What is asked.
    pub fn name(&self) -> CommandName {
        self.command.name()
    }
}

impl World {
    /// Holds what a turn answered, and what it left behind, to the truth.
    pub fn answered(&mut self, serving: &Serving, asking: &mut VecDeque<Asking>) {
        let store = &serving.store;
        let position = store.views().globals().position.0;
        // A machine that stopped cannot be read any more: what it promised is looked for at the start.
        let readable = !self.disk.is_dead();
        let fresh: Vec<_> = (self.truth.last() + 1..=position).map(Position).collect();
        let mut facts = if readable { read(store, &fresh) } else { Vec::new() }.into_iter();
        let (names_before, now) = (self.truth.names.clone(), store.clock().now());
        let mut failed = Vec::new();
        while let Some(mut asked) = asking.pop_front() {
            let Some(answer) = asked.pending.now() else {
                asking.push_front(asked);
                break;
            };
            match answer {
                Ok(done) if readable => self.done(&asked, &done, &mut facts),
                Ok(done) => self.promise(&asked, done.position),
                Err(Failure::KeyNotDestroyed { position }) => {
                    hold!(Answers, self.faulty, "the disk works, and a key could not be destroyed");
                    self.tally.unfinished += 1;
                    self.promise(&asked, position);
                    if readable {
                        self.take_up_to(position, &mut facts);
                    }
                }
                Err(Failure::Rejected(why)) => {
                    self.tally.refused += 1;
                    if readable {
                        self.refused(&asked, &why, &names_before, now);
                    }
                }
                Err(failure) => failed.push((asked.command.name(), failure)),
            }
        }
        for fact in facts {
            let upkeep = fact.head.command == CommandName::Upkeep;
            hold!(NotDone, upkeep, "position {} was not answered for", fact.head.position);
            self.acknowledge(fact);
        }
        self.failed(failed);
        self.note_nonces();
        if readable {
            hold!(Answers, position == self.truth.last(), "the views stand at {position}");
            let differences = compare::all(&self.truth.views, &store.views());
            hold!(Refold, differences.is_empty(), "{differences:?}");
            hold!(Monotone, now >= self.truth.at(), "it is {now:?}, before the last fact");
            self.wallet.show_all(&serving.service, &self.truth);
            if !self.truth.destroyed.iter().any(|slot| store.is_erasure_unfinished(*slot)) {
                self.nothing_is_left("after a turn");
            }
        }
    }

    /// Takes a fact as one that was acknowledged: from now on it must be there.
    fn acknowledge(&mut self, fact: Fact) {
        self.promised = self.promised.max(fact.head.position.0);
        self.tally.acknowledged += 1;
        // Whatever failed before cannot come back once something later is durable.
        self.unknown = None;
        self.truth.fold(fact);
    }

    fn done(&mut self, asked: &Asking, done: &Done, facts: &mut IntoIter<Fact>) {
        let Asking { caller, command, expected, .. } = asked;
        let alive = is_sign_out(command) || self.truth.is_alive(caller.proof, done.at);
        hold!(Revoked, alive, "{:?} did {:?} with a dead credential", caller.proof, command.name());
        let last = self.take_up_to(done.position, facts);
        if !done.destroyed.is_empty() {
            self.tally.destroyed += 1;
            let told = done.destroyed.iter().all(|slot| self.truth.destroyed.contains(slot));
            hold!(Answers, told, "{:?} were destroyed, and no fact says so", done.destroyed);
        }
        let reached = done.position.0 <= self.truth.last();
        hold!(Survives, reached, "{} is told of and not there", done.position);
        if let Some(head) = last.filter(|head| head.command != CommandName::Upkeep) {
            let signed = (head.position, head.command, head.at);
            let asked = (done.position, command.name(), done.at);
            hold!(Answers, signed == asked, "{signed:?} is what happened, {asked:?} was answered");
            let is_sign_in = head.command == CommandName::SignIn;
            let proved = head.actor == caller.actor && head.credential == caller.proof.credential();
            hold!(Answers, is_sign_in || proved, "{:?} signs for {:?}", head.actor, caller.actor);
        }
        expect(expected, done);
    }

    /// What was answered by a machine that stopped then is there at the next start.
    fn promise(&mut self, asked: &Asking, position: Position) {
        self.promised = self.promised.max(position.0);
        self.unknown.get_or_insert_default().push(asked.command.name());
    }

    /// Takes the facts up to a position as acknowledged; the last of them is what an answer rests on.
    fn take_up_to(&mut self, position: Position, facts: &mut IntoIter<Fact>) -> Option<Head> {
        let mut last = None;
        while facts.as_slice().first().is_some_and(|fact| fact.head.position <= position) {
            let fact = facts.next().expect("it was looked at");
            last = Some(fact.head.clone());
            self.acknowledge(fact);
        }
        last
    }

    /// Whether a refusal has a reason.
    fn refused(
        &self,
        asked: &Asking,
        why: &Rejection,
        names: &std::collections::BTreeMap<String, UserId>,
        now: Timestamp,
    ) {
        let Asking { caller, command, .. } = asked;
        let of_credential = match (caller.proof, why) {
            (Proof::Session(_), Rejection::NoSuchSession) => {
                !matches!(command, Command::Session(..))
            }
            (Proof::Pat(..), Rejection::NoSuchToken) => {
                !matches!(command, Command::User(_, UserCommand::RemovePat(_)))
            }
            _ => false,
        };
        if of_credential {
            let alive = self.truth.is_alive(caller.proof, now);
            hold!(Revoked, !alive, "{:?} is alive, and refused: {why}", caller.proof);
        }
        if let (Rejection::AlreadyErased, Command::User(id, _)) = (why, command) {
            hold!(Answers, self.truth.erased.contains(id), "{id} is refused as erased");
        }
        if let (Rejection::Taken(Held::Username), Some(name)) = (why, name_asked(command)) {
            let held = names.contains_key(&name) || self.truth.names.contains_key(&name);
            hold!(Answers, held, "`{name}` is free, and was refused as taken");
        }
    }

    /// What the disk refused: it must never be seen, unless its outcome is unknown.
    fn failed(&mut self, failed: Vec<(CommandName, Failure)>) {
        for (command, failure) in failed {
            // Keys for births may run out in a turn; the next has some.
            let expected = self.faulty || matches!(failure, Failure::Busy);
            hold!(Answers, expected, "the disk works, and {command:?} ended with: {failure}");
            self.tell(|| format!("{command:?}: {failure}"));
            match failure {
                Failure::OutcomeUnknown => {
                    self.tally.unknown += 1;
                    self.unknown.get_or_insert_default().push(command);
                }
                Failure::NotDone => self.tally.not_done += 1,
                Failure::Busy => {}
                Failure::Rejected(_)
                | Failure::KeyNotDestroyed { .. }
                | Failure::Closing
                | Failure::TooManyFailed
                | Failure::Store(_) => {
                    hold!(Answers, false, "{command:?} ended with: {failure}");
                }
            }
        }
    }

    /// No nonce may seal two different things under one key: not even in a frame that was never
    /// committed.
    pub fn note_nonces(&mut self) {
        for frame in self.disk.take_frames() {
            for (slot, nonce, sealed) in crate::frames::sealed_parts(&frame) {
                let before = self.nonces.insert((slot, nonce), sealed);
                let same = before.is_none_or(|before| before == sealed);
                hold!(Nonces, same, "a nonce seals two things under the key in slot {slot}");
            }
        }
    }
}

/// Facts at these positions, every one of them.
fn read(store: &Store, positions: &[Position]) -> Vec<Fact> {
    match store.facts(positions, Origins::Open) {
        Ok(facts) => {
            hold!(Survives, facts.len() == positions.len(), "{positions:?} is not all there");
            facts
        }
        Err(error) => crate::checks::broken(
            crate::checks::Check::Survives,
            &format!("what was committed a moment ago cannot be read: {error}"),
        ),
    }
}

fn is_sign_out(command: &Command) -> bool {
    matches!(command, Command::Session(_, session::Command::SignOut))
}

fn name_asked(command: &Command) -> Option<String> {
    let (Command::NewUser(command) | Command::User(_, command)) = command else { return None };
    match command {
        UserCommand::SignUp(birth) => Some(birth.username.as_str().to_owned()),
        UserCommand::Create { birth, .. } => birth.username.as_ref().map(ToString::to_string),
        UserCommand::CreateMachine { username, .. } => Some(username.to_string()),
        UserCommand::Amend(amendment) => amendment.username.as_ref().map(ToString::to_string),
        _ => None,
    }
}

/// Whether the user is as the command was to make it.
fn expect(expected: &Expected, done: &Done) {
    let user = done.user.as_deref();
    let holds = match expected {
        Expected::Anything => true,
        Expected::Locked(locked) => user.is_some_and(|user| user.locked == *locked),
        Expected::Named(name) => {
            let named = user.and_then(|user| user.username.as_ref());
            named.is_some_and(|named| named.as_str() == name)
        }
        Expected::Gone => user.is_none(),
        Expected::Password(hash) => {
            user.and_then(|user| user.password.as_ref()).is_some_and(|one| one.hash == *hash)
        }
        Expected::Value(key, text) => {
            let held = user.and_then(|user| user.attributes.get(key));
            held.is_some_and(|held| match &held.value {
                Value::Held(value) => **value == **text,
                Value::Logged(position) => *position <= done.position,
            })
        }
        Expected::Token(token, is_there) => {
            user.is_some_and(|user| user.tokens.contains_key(token) == *is_there)
        }
    };
    hold!(Answers, holds, "{expected:?} was answered as done, and is not so");
}
