//! Taking a part of the log away: every fact told and sealed, line by line, and a manifest with which
//! anybody can tell later that the lines are those that were handed out, and which of the log's facts
//! they are.
//!
//! In reading order: [`Asked`] and [`Service::export`]; `run`, which reads, tells and hands out;
//! `telling`, how a long stretch is told; [`manifest`]; [`kept`], what runs and what is fetched later;
//! [`ocsf`], what each event is in the Open Cybersecurity Schema Framework. How a line looks is the
//! border's to say.

pub mod kept;
pub mod manifest;
pub mod ocsf;
mod run;
mod telling;

use std::io;

use aws_lc_rs::digest::{SHA256, digest};
use domain::actor::{Actor, Stamp};
use domain::id::{Position, UserId};
use domain::policy::Act;
use domain::rejection::Rejection;
use domain::system::audit;
use store::StoreError;
use tokio::sync::mpsc;
use ulid::Ulid;

use crate::Service;
use crate::caller::{Caller, Proof};
use crate::failure::Failure;
use crate::filter::Filter;
use crate::history::Told;

pub use kept::Outcome;
pub use manifest::Manifest;

pub(crate) use kept::Exports;

/// Most lines of an export: each leaves 16 bytes in memory until its manifest is fetched.
pub const LINES_MAX: u64 = 16_000_000;
/// Pieces that wait for a reader who is slow.
const CHUNKS_WAITING_MAX: usize = 4;

/// A fact, as a line is made of it.
pub struct Row<'r> {
    /// It, told.
    pub told: &'r Told,
    /// Whom it is about.
    pub about: Option<UserId>,
    /// What it is in the Open Cybersecurity Schema Framework.
    pub activity: ocsf::Activity,
    /// It, sealed, as the log holds it.
    pub record: &'r [u8],
}

/// Appends a fact's line.
pub type Pen = fn(&Row<'_>, &mut Vec<u8>);

/// How facts become lines.
pub struct Form {
    /// What it is called.
    pub name: &'static str,
    /// The first line, if the form has one that is no fact.
    pub header: Option<String>,
    /// What ends a line.
    pub line_end: &'static str,
    /// Appends a fact's line, without its end. No byte of that end may stand in it.
    pub line: Pen,
}

/// What is to be exported, and how.
pub struct Asked {
    /// How lines look.
    pub form: Form,
    /// Which facts.
    pub filter: Filter,
    /// Those after this position.
    pub after: Position,
    /// Up to this position; otherwise up to the end of the log as it is now.
    pub to: Option<Position>,
    /// What was asked, in the words of the query: the manifest repeats it.
    pub query: Vec<(String, String)>,
}

/// Why no export began.
#[derive(Debug)]
pub enum Refused {
    /// A rule or a machine said no.
    Failed(Failure),
    /// The caller has one already.
    OneRuns,
    /// Too many others have.
    TooMany,
    /// It could have more than [`LINES_MAX`] lines.
    TooLong,
}

impl<E: Into<Failure>> From<E> for Refused {
    fn from(failure: E) -> Self {
        Self::Failed(failure.into())
    }
}

/// An export that has begun.
pub struct Exporting {
    /// Its id, under which the manifest is fetched when it has ended.
    pub id: Ulid,
    /// The last position that it looks at.
    pub to: Position,
    /// What is handed out. An error breaks it off.
    pub chunks: mpsc::Receiver<io::Result<Vec<u8>>>,
}

/// All facts, told by somebody who remembers so many people.
#[cfg(test)]
pub(crate) fn told_remembering(
    service: &Service,
    people_max: usize,
) -> Result<Vec<Told>, StoreError> {
    let mut telling = telling::Telling::new(service);
    telling.people_max = people_max;
    let last = service.store().views().globals().position;
    let mut told = Vec::new();
    let positions: Vec<_> = (1..=last.0).map(Position).collect();
    service.each_fact(&positions, store::Origins::Open, |fact| {
        told.push(telling.tell(fact)?.0);
        Ok(())
    })?;
    Ok(told)
}

impl Service {
    /// Begins to hand out what was asked for, for whoever may audit. The end of the log is fixed here: what
    /// is written meanwhile is not in it.
    ///
    /// When all is handed out, or it broke off, a fact says so.
    pub async fn export(&self, caller: Caller, asked: Asked) -> Result<Exporting, Refused> {
        self.note_audit(&caller, audit::Subject::Feed).await?;
        let id = self.export_id();
        let running = self.inner.exports.begin(id, caller.actor)?;
        let service = self.clone();
        let bounds = (asked.after, asked.to, asked.filter.clone());
        let scope = tokio::task::spawn_blocking(move || {
            let (after, to, filter) = bounds;
            service.scope_of(after, to, &filter)
        });
        let scope = scope.await.map_err(|_| Failure::Closing)?.map_err(Failure::Store)?;
        // A filter may leave few of many: those are counted as they come.
        if asked.filter == Filter::default() && scope.facts() > LINES_MAX {
            return Err(Refused::TooLong);
        }
        let (sender, chunks) = mpsc::channel(CHUNKS_WAITING_MAX);
        let to = scope.to;
        let service = self.clone();
        let run = run::Run { service, caller, scope, running, sender };
        tokio::task::spawn_blocking(move || run.through(asked));
        Ok(Exporting { id, to, chunks })
    }

    /// What became of an export, for whoever may audit.
    pub fn export_outcome(&self, caller: &Caller, id: Ulid) -> Result<Outcome, Rejection> {
        self.permits(caller, Act::Audit, None)?;
        Ok(self.inner.exports.outcome(id))
    }

    /// The signed note that says of the bytes of a manifest that this store made it.
    pub fn sign_manifest(&self, id: Ulid, body: &[u8]) -> Result<String, StoreError> {
        let sha256 = digest(&SHA256, body);
        let sha256 = sha256.as_ref().try_into().expect("SHA-256 has 32 bytes");
        self.store().sign_export(id, sha256)
    }

    fn export_id(&self) -> Ulid {
        let mut seed = [0; 10];
        (self.store().sources().fill)(&mut seed);
        let at = self.store().clock().now();
        Stamp { at, actor: Actor::System, seed }.id(0)
    }

    /// Whether a caller may still do what it began: its token may be gone, or its right.
    fn may_go_on(&self, caller: &Caller) -> bool {
        let is_good = match caller.proof {
            Proof::Nothing | Proof::Local | Proof::Session(_) => true,
            Proof::Pat(user, token) => {
                let now = self.store().clock().now();
                let views = self.store().views();
                views.user(user).is_some_and(|user| user.usable_token(token, now).is_some())
            }
        };
        is_good && self.permits(caller, Act::Audit, None).is_ok()
    }
}
