//! What reading and being refused leave behind: that somebody read what only auditors may, and that
//! somebody asked for what it may not do.

use crate::description::Description;
use crate::id::UserId;
use crate::policy::Act;
use crate::rejection::Denial;
use crate::time::Timestamp;

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// What happened to somebody, or what somebody was.
    User(UserId),
    /// What happened to everybody: the feed, or an export.
    Feed,
}

/// That the actor read, in this hour for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// What.
    pub subject: Subject,
    /// When the hour began.
    pub hour: Timestamp,
}

/// That the actor was refused what it may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Denied {
    /// What it asked for.
    pub act: Act,
    /// To whom, if it concerned somebody.
    pub target: Option<UserId>,
    /// Why not.
    pub reason: Denial,
    /// How many refusals this stands for since the fact before.
    pub count: u32,
}

impl Read {
    /// Tells people that somebody read.
    pub fn describe(self) -> Description {
        let sentence = match self.subject {
            Subject::User(id) => format!("Read the history of the user {id}"),
            Subject::Feed => "Read what happened to everybody".to_owned(),
        };
        Description::new(sentence, Vec::new())
    }
}

impl Denied {
    /// Tells people that somebody was refused.
    pub fn describe(self) -> Description {
        let target = self.target.map(|id| format!(" of the user {id}")).unwrap_or_default();
        let (act, reason, count) = (self.act.name(), self.reason.reason(), self.count);
        let sentence = format!("Was refused {act}{target}, {count} times: {reason}");
        Description::new(sentence, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Right;
    use crate::scenario::*;
    use crate::system::{Command, Event};

    #[test]
    fn whoever_reads_or_is_refused_leaves_a_trace_each_time() {
        let read = Read { subject: Subject::User(ADA), hour: at(0) };
        let denied = Denied {
            act: Act::ManageRight(Right::Auditor),
            target: Some(ADA),
            reason: Denial::RightMissing,
            count: 9,
        };
        for _ in 0..2 {
            nothing()
                .when(Command::NoteAudit(read))
                .then([Event::AuditRead(read)])
                .when(Command::NoteDenial(denied))
                .then([Event::RequestDenied(denied)]);
        }
    }

    #[test]
    fn what_is_left_behind_is_told_with_whom_it_is_about() {
        let of_ada = Read { subject: Subject::User(ADA), hour: at(0) };
        assert_eq!(of_ada.describe().sentence, format!("Read the history of the user {ADA}"));
        let feed = Read { subject: Subject::Feed, hour: at(0) };
        assert_eq!(feed.describe().sentence, "Read what happened to everybody");
        let denied =
            Denied { act: Act::Lock, target: Some(ADA), reason: Denial::Outranked, count: 90 };
        assert_eq!(
            denied.describe().sentence,
            format!(
                "Was refused lock of the user {ADA}, 90 times: the other one holds more rights"
            )
        );
        let nobody =
            Denied { act: Act::Audit, target: None, reason: Denial::RightMissing, count: 1 };
        assert_eq!(nobody.describe().sentence, "Was refused audit, 1 times: a right is missing");
    }
}
