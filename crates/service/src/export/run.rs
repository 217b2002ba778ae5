//! An export on its way: one thread reads, opens and decodes, the other tells, writes lines and hands
//! them out. Between them, and to the reader, wait no more than a few batches.

use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use domain::id::{Position, UserId};
use domain::system::{self, Exported};
use domain::time::Span;
use store::checkpoint::Signed;
use store::stretch::{Batch, Size};
use store::views::Subject;
use store::{Origins, StoreError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::kept::Running;
use super::manifest::{Manifest, Tally};
use super::telling::Telling;
use super::{Asked, LINES_MAX, Row, ocsf};
use crate::caller::Caller;
use crate::filter::{Filter, Who};
use crate::history::Teller;
use crate::{Command, Service};

/// Facts that one thread hands to the other together, and the bytes of their records.
const BATCH: Size = Size { facts: 1_024, bytes: 1 << 20 };
/// Batches that wait to be told.
const BATCHES_WAITING_MAX: usize = 2;
/// Facts that are looked up together where they are not read one after the other.
const LOOK_UP_FACTS: usize = 256;
/// Bytes that are handed out together.
const CHUNK_BYTES: usize = 256 << 10;
/// How long a reader may take nothing before it is given up.
const STALLED_TIME_MAX: Duration = Duration::from_mins(2);
/// Tries to see the views as far as the log is signed: they follow within a turn.
const LOOKS_MAX: usize = 10_000;

/// Which facts are looked at.
pub(super) struct Scope {
    /// The log as it is when the export begins.
    checkpoint: Signed,
    pub(super) from: Position,
    pub(super) to: Position,
    /// Those of one person, or by one, by their positions; all of them otherwise.
    positions: Option<Vec<Position>>,
}

impl Scope {
    pub(super) fn facts(&self) -> u64 {
        let all = (self.to.0 + 1).saturating_sub(self.from.0);
        self.positions.as_ref().map_or(all, |positions| positions.len() as u64)
    }
}

/// An export that runs.
pub(super) struct Run {
    pub(super) service: Service,
    pub(super) caller: Caller,
    pub(super) scope: Scope,
    /// Dropped before the sender: whoever has read to the end may begin another.
    pub(super) running: Running,
    pub(super) sender: mpsc::Sender<io::Result<Vec<u8>>>,
}

impl Service {
    /// Which facts an export looks at.
    pub(super) fn scope_of(
        &self,
        after: Position,
        to: Option<Position>,
        filter: &Filter,
    ) -> Result<Scope, StoreError> {
        let checkpoint = self.store().checkpoint()?;
        let mut seen = Position(0);
        for _ in 0..LOOKS_MAX {
            seen = self.store().views().globals().position;
            if seen.0 >= checkpoint.checkpoint.size {
                break;
            }
            std::thread::yield_now();
        }
        let last = checkpoint.checkpoint.size.min(seen.0);
        let to = Position(to.map_or(last, |to| to.0.min(last)));
        let mut from = Position(after.0.saturating_add(1));
        if let Some(since) = filter.since {
            // The first fact that was not before it.
            from = from.max(self.store().last_at(since.after(Span(-1)))?.next().min(to.next()));
        }
        let subject = match (filter.about, filter.actor) {
            (Some(about), _) => Some(Subject::Of(about)),
            (None, Some(Who::User(actor))) => Some(Subject::By(actor)),
            (None, Some(Who::Operator | Who::System | Who::Anonymous) | None) => None,
        };
        let positions = subject.map(|subject| {
            let store = self.store();
            let count = |to: Position| store.count_to(subject, to);
            store.positions(subject, count(Position(from.0 - 1))..count(to))
        });
        Ok(Scope { checkpoint, from, to, positions })
    }
}

impl Run {
    /// Hands everything out, and says so in the log.
    pub(super) fn through(self, asked: Asked) {
        let mut out = Out {
            tally: Tally::new(),
            chunk: Vec::with_capacity(CHUNK_BYTES * 2),
            last: Position(self.scope.from.0 - 1),
            sender: &self.sender,
            service: &self.service,
            caller: &self.caller,
        };
        let query = asked.query.clone();
        let format = asked.form.name;
        let ended = self.hand_out(asked, &mut out);
        let (last, tally) = (out.last, out.tally);
        let is_whole = ended.is_ok();
        let to = if is_whole { self.scope.to } else { last };
        let exported = Exported { from: self.scope.from, to, digest: tally.digest() };
        let noted = self.note(exported);
        let manifest = match ended.and(noted) {
            Ok(()) => self.manifest(tally, format, query),
            Err(error) => Err(error),
        };
        match manifest {
            Ok(manifest) => self.running.exports.keep(manifest),
            Err(error) => {
                let id = self.running.id;
                tracing::warn!(%id, %error, "an export broke off");
                // Whoever reads is told by an answer that does not end; if nobody does, nobody is.
                let runtime = Handle::current();
                drop(runtime.block_on(self.sender.send_timeout(Err(error), STALLED_TIME_MAX)));
            }
        }
    }

    fn hand_out(&self, asked: Asked, out: &mut Out<'_>) -> io::Result<()> {
        let Asked { mut form, filter, .. } = asked;
        if let Some(header) = &form.header {
            out.line(header.as_bytes(), form.line_end);
        }
        let mut record_line = Vec::new();
        std::thread::scope(|scope| {
            let (sender, batches) = sync_channel(BATCHES_WAITING_MAX);
            let reading = scope.spawn(move || self.read(&|batch| sender.send(batch).is_ok()));
            let mut pen = Pen { service: &self.service, form: &mut form, filter: &filter, out };
            let told = match &self.scope.positions {
                None => pen.tell_all(&mut record_line, batches),
                Some(_) => pen.tell_some(&mut record_line, batches),
            };
            let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            told.and(read.map_err(io::Error::other))
        })?;
        out.flush()
    }

    /// Reads what is looked at, and gives it to `take` until that says no.
    fn read(&self, take: &dyn Fn(Batch) -> bool) -> Result<(), StoreError> {
        let store = self.service.store();
        let Some(positions) = &self.scope.positions else {
            let bounds = (self.scope.from, self.scope.to);
            return store.stretch(bounds, Origins::Open, BATCH, take);
        };
        for some in positions.chunks(LOOK_UP_FACTS) {
            if !take(store.batch(some, Origins::Open)?) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn note(&self, exported: Exported) -> io::Result<()> {
        let command = Command::System(system::Command::NoteExport(exported));
        let done = self.service.execute(self.caller.clone(), command);
        match Handle::current().block_on(done) {
            Ok(_) => Ok(()),
            Err(failure) => Err(io::Error::other(failure)),
        }
    }

    fn manifest(
        &self,
        tally: Tally,
        format: &'static str,
        asked: Vec<(String, String)>,
    ) -> io::Result<Manifest> {
        let store = self.service.store();
        let size = self.scope.checkpoint.checkpoint.size;
        let mut cover = Vec::new();
        if tally.positions != [(1, size)] {
            let included = tally.positions.iter().flat_map(|(first, last)| *first..=*last);
            let each = |node: store::proof::Node| {
                cover.extend_from_slice(&node.hash);
                Ok(())
            };
            store.cover_each(size, included, each).map_err(io::Error::other)?;
        }
        Ok(Manifest {
            id: self.running.id,
            at: store.clock().now(),
            format,
            asked,
            looked_at: (self.scope.from, self.scope.to),
            count: tally.count,
            bytes: tally.bytes,
            sha256: tally.digest(),
            positions: tally.positions,
            lines: tally.lines,
            cover,
            checkpoint: self.scope.checkpoint.note.clone(),
        })
    }
}

/// Writes facts as lines.
struct Pen<'p, 'o> {
    service: &'p Service,
    form: &'p mut super::Form,
    filter: &'p Filter,
    out: &'p mut Out<'o>,
}

impl Pen<'_, '_> {
    /// Of a stretch that leaves nothing out.
    fn tell_all(&mut self, line: &mut Vec<u8>, batches: Receiver<Batch>) -> io::Result<()> {
        let mut telling = Telling::new(self.service);
        self.each(batches, |pen, fact, record| {
            if pen.filter.until.is_some_and(|until| fact.head.at >= until) {
                return Ok(false);
            }
            let activity = ocsf::activity(&fact);
            let (told, about) = telling.tell(fact).map_err(io::Error::other)?;
            if pen.filter.wants_head(&told.head, about) && pen.filter.wants(&told) {
                pen.row(&Row { told: &told, about, activity, record }, line)?;
            }
            Ok(true)
        })
    }

    /// Of those of one person, or by one.
    fn tell_some(&mut self, line: &mut Vec<u8>, batches: Receiver<Batch>) -> io::Result<()> {
        let mut teller = Teller::new(self.service);
        self.each(batches, |pen, fact, record| {
            let about: Option<UserId> = pen.service.owner(&fact.head);
            if !pen.filter.wants_head(&fact.head, about) {
                teller.pass(&fact);
                return Ok(true);
            }
            let activity = ocsf::activity(&fact);
            let told = teller.tell(fact).map_err(io::Error::other)?;
            if pen.filter.wants(&told) {
                pen.row(&Row { told: &told, about, activity, record }, line)?;
            }
            Ok(true)
        })
    }

    /// Shows each fact to `visit`, until that says no.
    fn each(
        &mut self,
        batches: Receiver<Batch>,
        mut visit: impl FnMut(&mut Self, domain::fact::Fact, &[u8]) -> io::Result<bool>,
    ) -> io::Result<()> {
        for batch in batches {
            let mut failed = Ok(());
            let goes_on = batch.each(|fact, record| match visit(self, fact, record) {
                Ok(goes_on) => goes_on,
                Err(error) => {
                    failed = Err(error);
                    false
                }
            });
            failed?;
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>, line: &mut Vec<u8>) -> io::Result<()> {
        if self.out.tally.count >= LINES_MAX {
            return Err(io::Error::other("an export has more lines than one may have"));
        }
        line.clear();
        (self.form.line)(row, line);
        self.out.line(line, self.form.line_end);
        let position = row.told.head.position;
        self.out.tally.fact(position);
        self.out.last = position;
        if self.out.chunk.len() >= CHUNK_BYTES { self.out.flush() } else { Ok(()) }
    }
}

/// Where lines go.
struct Out<'o> {
    tally: Tally,
    chunk: Vec<u8>,
    /// The last fact that was written.
    last: Position,
    sender: &'o mpsc::Sender<io::Result<Vec<u8>>>,
    service: &'o Service,
    caller: &'o Caller,
}

impl Out<'_> {
    fn line(&mut self, line: &[u8], end: &str) {
        self.tally.line(line);
        self.chunk.extend_from_slice(line);
        self.chunk.extend_from_slice(end.as_bytes());
    }

    /// Hands out what is there, and waits for a reader who is slow.
    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        if !self.service.may_go_on(self.caller) {
            return Err(io::Error::other("the caller may not read on"));
        }
        self.tally.chunk(&self.chunk);
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES * 2));
        let sent = self.sender.send_timeout(Ok(chunk), STALLED_TIME_MAX);
        Handle::current().block_on(sent).map_err(|_| io::Error::other("nobody reads on"))
    }
}
