//! Who reads what only auditors may, and who is refused what it may not do, is on record too (design
//! D9): one fact for each reader, subject and hour, and refusals thinned. Neither ever keeps a read, or
//! a refusal, from being answered.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};

use domain::actor::Actor;
use domain::id::UserId;
use domain::policy::Act;
use domain::rejection::Denial;
use domain::system;
use domain::system::audit::{Denied, Read, Subject};
use domain::time::Timestamp;

use crate::Service;
use crate::caller::Caller;
use crate::command::Command;
use crate::failure::Failure;
use crate::thinning::Thinning;
use crate::writer::{Job, Task};

/// Reads that are remembered as being on record. Beyond that all of them are forgotten: rather is one twice
/// on record than not at all.
pub const READS_MAX: usize = 100_000;
/// An hour in microseconds.
const HOUR_MICROS: i64 = 3_600_000_000;

/// What this process put on record.
#[derive(Debug, Default)]
pub(crate) struct AuditTrail {
    reads: Mutex<Reads>,
    denials: Mutex<Thinning<(UserId, Act, Denial)>>,
}

/// Reads of one hour.
#[derive(Debug, Default)]
struct Reads {
    hour: Timestamp,
    known: HashSet<(Reader, Subject)>,
}

/// Who reads: a user by any of its credentials, or an operator by its login name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reader(Actor, Option<Box<str>>);

impl Reads {
    /// Whether this is the first time in its hour; it is remembered.
    fn is_first(&mut self, reader: Reader, subject: Subject, hour: Timestamp) -> bool {
        if self.hour != hour || self.known.len() >= READS_MAX {
            self.known.clear();
            self.hour = hour;
        }
        self.known.insert((reader, subject))
    }
}

impl Reader {
    pub fn of(caller: &Caller) -> Self {
        let operator = caller.origin.operator.clone();
        Self(caller.actor, operator.filter(|_| caller.actor == Actor::Operator))
    }
}

impl Service {
    /// Lets `caller` read `subject` if it may audit, and puts that on record, unless it is for this hour.
    /// Every read that is for auditors passes here before it answers. Where the fact cannot be written the read goes on,
    /// and operators are told; only a credential that died meanwhile, or a right that went, ends it.
    pub async fn note_audit(&self, caller: &Caller, subject: Subject) -> Result<(), Failure> {
        self.permits(caller, Act::Audit, None)?;
        let hour = hour_of(self.store().clock().now());
        let reader = Reader::of(caller);
        let trail = &self.inner.audit_trail;
        if !lock(&trail.reads).is_first(reader.clone(), subject, hour) {
            return Ok(());
        }
        let command = Command::System(system::Command::NoteAudit(Read { subject, hour }));
        let Err(failure) = self.execute(caller.clone(), command).await else { return Ok(()) };
        lock(&trail.reads).known.remove(&(reader, subject));
        if let Failure::Rejected(_) = failure {
            return Err(failure);
        }
        tracing::warn!(%failure, "an audit read was not put on record");
        self.metrics().audit_read_unrecorded();
        Ok(())
    }

    /// Counts a refusal, and sends it to the writer if it is to be a fact. Nobody waits for that: where the
    /// queue is full, the next one stands for this one too.
    pub(crate) fn note_denial(
        &self,
        caller: &Caller,
        (act, target): (Act, Option<UserId>),
        reason: Denial,
    ) {
        self.metrics().denied(reason);
        let (act_name, reason_name) = (act.name(), reason.name());
        tracing::debug!(act = act_name, reason = reason_name, "a request was denied");
        // Anybody may be nobody: what nobody asks for is counted, not kept.
        let Some(who) = caller.actor.user() else { return };
        let kind = (who, act, reason);
        let now = (self.store().sources().now)().monotonic;
        let denials = &self.inner.audit_trail.denials;
        let Some(count) = lock(denials).due(kind, now) else { return };
        let denied = Denied { act, target, reason, count };
        let command = Command::System(system::Command::NoteDenial(denied));
        let (job, _nobody_waits) = Job::new(caller.clone(), command);
        if let Err(failure) = self.send(Task::Command(Box::new(job))) {
            tracing::warn!(%failure, "a denial was not put on record");
            lock(denials).give_back(&kind, count);
        }
    }
}

fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(HOUR_MICROS))
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().expect("nothing panics while it counts")
}

#[cfg(test)]
mod tests {
    use domain::time::Span;

    use super::*;

    #[test]
    fn a_read_is_the_first_once_an_hour_for_each_reader_and_subject() {
        let mut reads = Reads::default();
        let id = UserId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
        let ada = || Reader(Actor::User(id), None);
        let operator = |name: &str| Reader(Actor::Operator, Some(name.into()));
        let noon = hour_of(Timestamp(1_795_478_400_000_000));
        assert!(reads.is_first(ada(), Subject::Feed, noon));
        assert!(!reads.is_first(ada(), Subject::Feed, noon));
        assert!(reads.is_first(ada(), Subject::User(id), noon));
        assert!(reads.is_first(operator("root"), Subject::Feed, noon));
        assert!(reads.is_first(operator("grace"), Subject::Feed, noon));
        assert!(!reads.is_first(operator("root"), Subject::Feed, noon));
        assert!(reads.is_first(ada(), Subject::Feed, hour_of(noon.after(Span::minutes(60)))));
    }

    #[test]
    fn remembering_takes_no_more_room_however_much_is_read() {
        let mut reads = Reads::default();
        for number in 0..=READS_MAX {
            let reader = Reader(Actor::Operator, Some(number.to_string().into()));
            assert!(reads.is_first(reader, Subject::Feed, Timestamp(0)));
        }
        assert!(reads.known.len() <= READS_MAX);
    }

    #[test]
    fn an_hour_begins_on_the_hour() {
        assert_eq!(hour_of(Timestamp(HOUR_MICROS + 1)), Timestamp(HOUR_MICROS));
        assert_eq!(hour_of(Timestamp(HOUR_MICROS)), Timestamp(HOUR_MICROS));
        assert_eq!(hour_of(Timestamp(-1)), Timestamp(-HOUR_MICROS));
    }
}
