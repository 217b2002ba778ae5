//! The journal as its one writer holds it: append a turn, sync it, go on.

use super::SECTOR_BYTES;
use super::disk::{Access, Disk, DiskFile};
use super::end::End;
use super::error::{AppendError, JournalError};
use super::frame::{
    FRAME_BODY_BYTES_MAX, FRAME_HEADER_BYTES, Frame, FrameBuilder, FrameHeader, Identity, PADDING,
};
use super::reader::{Index, Indexed, JournalReader};
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, numbers, segment_path};
use super::spare::Spares;
use super::start::{Found, look};
use crate::planted::{self, Planted};
use crate::tree::{Hash, Peaks, leaf_hash};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Where the log ends: what the next turn is decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last committed position; 0 if there is no fact.
    pub position: u64,
    /// The root of the tree over everything up to it.
    pub root: Hash,
}

/// The length of a segment, in bytes.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// How a journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The length of a new segment: a multiple of [`SECTOR_BYTES`] with room for the largest
    /// frame that will be appended. [`SEGMENT_BYTES`] unless a test needs many segments.
    pub segment_bytes: u64,
    /// Whether a thread makes the next segment. Without it the append that begins a segment makes
    /// the one after: slower, and every operation on the disk in one fixed order.
    pub spare_on_thread: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { segment_bytes: SEGMENT_BYTES, spare_on_thread: true }
    }
}

/// The commit log of a store, open for appending. There is one for a directory at a time; the
/// caller holds the lock.
#[derive(Debug)]
pub struct Journal {
    whose: Identity,
    segment_bytes: u64,
    tree: Peaks,
    head: Head,
    /// The epoch of the last frame; 0 if there is none.
    epoch: u32,
    /// The number of the last segment whose header is durable; 0 before the first.
    number: u32,
    /// Where the next frame goes; `None` once a write to the segment failed or it is full.
    tail: Option<Tail>,
    /// A segment whose header may or may not be durable. Nothing is committed before it is.
    begun: Option<Arc<dyn DiskFile>>,
    spares: Spares,
    reader: JournalReader,
}

impl Journal {
    /// Begins a journal in `dir`, which is made if there is none; its parent must exist.
    pub fn create(
        disk: Arc<dyn Disk>,
        dir: &Path,
        whose: Identity,
        settings: Settings,
    ) -> Result<Self, JournalError> {
        disk.create_dir(dir)?;
        let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
        disk.sync_dir(parent.unwrap_or(Path::new(".")))?;
        if !numbers(&*disk, dir)?.is_empty() {
            return Err(JournalError::Exists { dir: dir.to_owned() });
        }
        let tree = Peaks::empty();
        let head = Head { position: 0, root: tree.root() };
        let index = Index { segments: Vec::new(), head };
        let mut journal = Self::new(disk, dir, whose, settings, tree, index)?;
        journal.begin_segment()?;
        Ok(journal)
    }

    /// Opens a journal: visits every live frame, in order, and judges the end.
    ///
    /// `filled` is asked once all is read: the last position that the log by position holds, or
    /// `None` if it knows nothing. What a crash left unfinished is set aside: nothing is cut or
    /// overwritten but by the same bytes. Any other difference is [`JournalError::Damage`], and
    /// then nothing was written. Nor is it if `ready` refuses, which is told the epoch of the last frame once
    /// the end is judged.
    pub fn open<E: From<JournalError>>(
        disk: Arc<dyn Disk>,
        dir: &Path,
        whose: Identity,
        settings: Settings,
        filled: impl FnOnce() -> Option<u64>,
        visit: impl FnMut(&Frame<'_>) -> Result<(), E>,
        ready: impl FnOnce(u32) -> Result<(), E>,
    ) -> Result<(Self, End), E> {
        let found = look(&disk, dir, whose, settings.segment_bytes, filled, visit)?;
        ready(found.epoch)?;
        Self::go_on(disk, dir, whose, settings, found).map_err(|e| JournalError::from(e).into())
    }

    /// The last committed fact.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The epoch of the last committed fact; 0 if there is none. One that is appended carries the
    /// journal's own, which is later once the store was restored.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// A handle that reads what is committed, from any thread.
    pub fn reader(&self) -> JournalReader {
        self.reader.clone()
    }

    /// Commits a turn: when this returns, its facts are durable and the new head is theirs.
    ///
    /// # Panics
    ///
    /// If the frame is empty, larger than a segment, or has a sector of zeros: a caller
    /// that builds such a frame is wrong.
    pub fn append(
        &mut self,
        expected: &Head,
        frame: &mut FrameBuilder,
    ) -> Result<Head, AppendError> {
        assert!(!frame.is_empty(), "a turn without facts is not written");
        if *expected != self.head {
            return Err(AppendError::Moved { expected: expected.position });
        }
        let mut tree = self.tree.clone();
        frame.records().for_each(|record| tree.append(leaf_hash(record)));
        let first_position = self.head.position + 1;
        let bytes = frame.finish(&self.whose, first_position, &self.head.root);

        let largest = self.segment_bytes - SEGMENT_HEADER_BYTES as u64;
        assert!(bytes.len() as u64 <= largest, "a frame fits into a segment");
        if self.tail.as_ref().is_none_or(|tail| tail.room() < bytes.len() as u64) {
            self.tail = None;
            self.begin_segment().map_err(AppendError::NotDone)?;
        }
        let tail = self.tail.as_mut().expect("a segment was begun");
        let offset = match tail.write(bytes) {
            Ok(offset) => offset,
            Err(error) => return Err(self.abandon(error)),
        };
        self.head = Head { position: tree.count(), root: tree.root() };
        self.tree = tree;
        self.epoch = self.whose.epoch;
        self.reader.committed(first_position, offset, self.head);
        Ok(self.head)
    }
}

impl Journal {
    fn new(
        disk: Arc<dyn Disk>,
        dir: &Path,
        whose: Identity,
        settings: Settings,
        tree: Peaks,
        index: Index,
    ) -> io::Result<Self> {
        let Settings { segment_bytes, spare_on_thread } = settings;
        assert!(segment_bytes.is_multiple_of(SECTOR_BYTES as u64), "segments are whole sectors");
        assert!(segment_bytes > SEGMENT_HEADER_BYTES as u64, "a segment has room for frames");
        let spares = Spares::new(Arc::clone(&disk), dir, segment_bytes, spare_on_thread)?;
        let head = index.head;
        let reader = JournalReader::new(disk, dir, whose, index);
        Ok(Self {
            whose,
            segment_bytes,
            tree,
            head,
            epoch: 0,
            number: 0,
            tail: None,
            begun: None,
            spares,
            reader,
        })
    }

    /// Takes up a journal where it was found to end.
    fn go_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        whose: Identity,
        settings: Settings,
        found: Found,
    ) -> io::Result<(Self, End)> {
        let file = disk.open(&segment_path(dir, found.newest.number), Access::Write)?;
        if !planted::is(Planted::NotSettled) {
            settle(&*file, &found)?;
        }
        disk.sync_dir(dir)?;
        let file_end = file.len()?;
        let mut journal = Self::new(disk, dir, whose, settings, found.tree, found.index)?;
        journal.number = found.newest.number;
        journal.epoch = found.epoch;
        match found.end {
            End::Clean => {
                journal.tail = Some(Tail { file, offset: found.end_offset, end: file_end });
                journal.spares.order(journal.number + 1);
            }
            End::Torn { end, .. } => {
                journal.begin_segment()?;
                // Only zeros lie behind the torn frame, and nothing will be written there again.
                file.set_len(end)?;
                file.sync_data()?;
            }
        }
        Ok((journal, found.end))
    }

    /// Makes the header of the next segment durable. Nothing is committed until that succeeded;
    /// trying again writes the same bytes to the same file, since the tree has not moved.
    fn begin_segment(&mut self) -> io::Result<()> {
        let number = self.number + 1;
        let file = match self.begun.take() {
            Some(file) => file,
            None => self.spares.take(number)?,
        };
        let header = SegmentHeader { identity: self.whose, number, before: self.tree.clone() };
        let sync = || if planted::is(Planted::HeaderNotSynced) { Ok(()) } else { file.sync_data() };
        if let Err(error) = file.write_at(&header.encode(), 0).and_then(|()| sync()) {
            self.begun = Some(file);
            return Err(error);
        }
        self.number = number;
        let offset = SEGMENT_HEADER_BYTES as u64;
        self.tail = Some(Tail { file, offset, end: self.segment_bytes });
        self.reader.begun(Indexed::new(&header));
        self.spares.order(number + 1);
        Ok(())
    }

    /// Gives up the segment that a write to failed: whatever of the frame reached the disk is dead
    /// once the next segment begins at its position, and until then may live.
    fn abandon(&mut self, error: io::Error) -> AppendError {
        if planted::is(Planted::SegmentAgain) {
            return AppendError::NotDone(error);
        }
        self.tail = None;
        match self.begin_segment() {
            Ok(()) => AppendError::NotDone(error),
            Err(_) if planted::is(Planted::UnknownIsNotDone) => AppendError::NotDone(error),
            Err(_) => AppendError::OutcomeUnknown(error),
        }
    }
}

/// The segment that is written to.
#[derive(Debug)]
struct Tail {
    file: Arc<dyn DiskFile>,
    /// Where the next frame goes, in bytes.
    offset: u64,
    /// The length of the file.
    end: u64,
}

impl Tail {
    fn room(&self) -> u64 {
        self.end.saturating_sub(self.offset)
    }

    /// Writes a frame, makes it durable, and returns where it begins.
    fn write(&mut self, frame: &[u8]) -> io::Result<u64> {
        let offset = self.offset;
        self.file.write_at(frame, offset)?;
        match self.file.sync_data() {
            Err(_) if planted::is(Planted::SyncAgain) => self.file.sync_data()?,
            _ if planted::is(Planted::NoSync) => {}
            synced => synced?,
        }
        self.offset += frame.len() as u64;
        Ok(offset)
    }
}

/// Makes durable what was read: the newest segment's header and its last frame.
///
/// A process that was killed, or whose sync failed, may have left them in the page cache alone,
/// and after a failed sync the system may believe them written. So the same bytes are written
/// again, and nothing is built upon them before they are synced. Everything earlier was synced
/// before these were begun.
fn settle(file: &dyn DiskFile, found: &Found) -> io::Result<()> {
    if let Some((offset, length)) = found.last_frame {
        let mut frame = vec![0; length];
        if file.read_at(&mut frame, offset)? < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        pad(&mut frame);
        file.write_at(&frame, offset)?;
    }
    file.write_at(&found.newest.encode(), 0)?;
    file.sync_data()
}

/// Makes good the padding of a frame whose last sector was not written, where that held nothing else
/// but zeros: its facts are whole. Any other padding is left as it is, for `verify` to look at.
fn pad(frame: &mut [u8]) {
    let Some(header) = FrameHeader::decode(frame) else { return };
    let padding = &mut frame[FRAME_HEADER_BYTES + header.body_bytes as usize..];
    if padding.iter().all(|byte| *byte == 0) {
        padding.fill(PADDING);
    }
}

const FRAME_BYTES_MAX: usize =
    (FRAME_HEADER_BYTES + FRAME_BODY_BYTES_MAX).next_multiple_of(SECTOR_BYTES);

const _: () = assert!(
    SEGMENT_BYTES >= (SEGMENT_HEADER_BYTES + FRAME_BYTES_MAX) as u64,
    "a segment has room for the largest frame"
);
