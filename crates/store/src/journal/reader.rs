//! Reading committed frames from any thread, while the writer appends.

use super::append::{Head, Settings};
use super::disk::{Access, Disk};
use super::end::End;
use super::error::{JournalError, Reason};
use super::frame::{Frame, FrameHeader, Identity};
use super::scan::{Check, SCAN_BYTES, Stop, Walk, Window};
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, header_bytes, segment_path};
use super::{SECTOR_BYTES, start};
use crate::tree::{Hash, Peaks};
use parking_lot::RwLock;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A handle to what is committed. Cheap to clone; never sees a frame before its sync.
#[derive(Clone, Debug)]
pub struct JournalReader {
    shared: Arc<Shared>,
}

/// What verifying the whole journal found that is not damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The last fact that was checked.
    pub head: Head,
    /// The number of frames up to it.
    pub frames: u64,
    /// Frames of turns that a failed write ended: no part of the log, left where they are.
    pub dead: Vec<DeadFrame>,
}

/// A frame at or after the position with which the next segment begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadFrame {
    /// The segment it lies in.
    pub file: PathBuf,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// The position its first fact would have had.
    pub first_position: u64,
    /// The number of its facts.
    pub count: u32,
}

impl JournalReader {
    /// Opens a journal to read only, as it stands on the disk: nothing is written, whatever the
    /// end looks like. `filled` is the last position of the log that is read by position, or
    /// `None` if that knows nothing.
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        whose: Identity,
        settings: Settings,
        filled: Option<u64>,
    ) -> Result<(Self, End), JournalError> {
        let each = |_: &Frame<'_>| Ok::<(), JournalError>(());
        let found = start::look(&disk, dir, whose, settings.segment_bytes, || filled, each)?;
        Ok((Self::new(disk, dir, whose, found.index), found.end))
    }

    /// The last committed fact.
    pub fn head(&self) -> Head {
        self.shared.index.read().head
    }

    /// Visits every committed frame that holds a position between `from` and `to`, both included.
    /// The first and the last may reach beyond them; positions beyond the head are not there yet.
    ///
    /// [`Check::Tree`] and above begin at the start of a segment, so that there is a tree to check
    /// against: frames before `from` are then checked and not visited.
    pub fn scan<E: From<JournalError>>(
        &self,
        from: u64,
        to: u64,
        check: Check,
        visit: impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.walk(from, to, check, SCAN_BYTES, visit)?;
        Ok(())
    }

    /// Visits every committed record between `from` and `to`, both included.
    pub fn each_record<E: From<JournalError>>(
        &self,
        from: u64,
        to: u64,
        mut visit: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.walk(from, to, Check::Checksums, LOOK_UP_BYTES, |frame| {
            frame
                .records()
                .filter(|(position, _)| (from..=to).contains(position))
                .try_for_each(|(position, record)| visit(position, record))
        })?;
        Ok(())
    }

    /// The committed records between `from` and `to`, both included, with their positions.
    pub fn records(&self, from: u64, to: u64) -> Result<Vec<(u64, Vec<u8>)>, JournalError> {
        let mut records = Vec::new();
        self.each_record(from, to, |position, record| {
            records.push((position, record.to_vec()));
            Ok::<(), JournalError>(())
        })?;
        Ok(records)
    }

    /// Checks everything up to the head: checksums, the tree across all segments, padding. Damage
    /// is the error; `visit` sees every frame.
    pub fn verify<E: From<JournalError>>(
        &self,
        mut visit: impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<Verified, E> {
        let (head, mut frames) = (self.head(), 0);
        let walked = self.walk(1, head.position, Check::Padding, SCAN_BYTES, |frame| {
            frames += 1;
            visit(frame)
        })?;
        self.verified(head, frames, walked).map_err(|e| JournalError::from(e).into())
    }

    /// How many frames the index names.
    #[cfg(test)]
    pub(super) fn marks(&self) -> usize {
        self.shared.index.read().segments.iter().map(|segment| segment.marks.len()).sum()
    }

    pub(super) fn new(disk: Arc<dyn Disk>, dir: &Path, whose: Identity, index: Index) -> Self {
        let dir = dir.to_owned();
        Self { shared: Arc::new(Shared { disk, dir, whose, index: RwLock::new(index) }) }
    }

    /// Tells every reader that a segment was begun.
    pub(super) fn begun(&self, segment: Indexed) {
        self.shared.index.write().segments.push(segment);
    }

    /// Tells every reader that a frame at `offset` of the last segment is committed.
    pub(super) fn committed(&self, first_position: u64, offset: u64, head: Head) {
        let mut index = self.shared.index.write();
        index.segments.last_mut().expect("a frame lies in a segment").mark(first_position, offset);
        index.head = head;
    }
}

/// Where the frames of the journal begin: sparse, so that it stays small, and dense enough to reach
/// any frame by reading [`MARK_EVERY_BYTES`] and the frame.
#[derive(Debug)]
pub(super) struct Index {
    pub segments: Vec<Indexed>,
    pub head: Head,
}

/// A segment in the index.
#[derive(Debug)]
pub(super) struct Indexed {
    number: u32,
    first_position: u64,
    marks: Vec<Mark>,
}

impl Indexed {
    /// A segment without frames.
    pub fn new(header: &SegmentHeader) -> Self {
        let first_position = header.first_position();
        Self { number: header.number, first_position, marks: Vec::new() }
    }

    /// Takes note of a frame, the last of its segment so far.
    pub fn mark(&mut self, position: u64, offset: u64) {
        if self.marks.last().is_none_or(|last| offset >= last.offset + MARK_EVERY_BYTES) {
            self.marks.push(Mark { position, offset });
        }
    }

    /// The frame from which to look for `position`.
    fn mark_before(&self, position: u64) -> Mark {
        let behind = self.marks.partition_point(|mark| mark.position <= position);
        behind.checked_sub(1).map_or(self.start(), |at| self.marks[at])
    }

    fn start(&self) -> Mark {
        Mark { position: self.first_position, offset: SEGMENT_HEADER_BYTES as u64 }
    }
}

/// A mark takes 16 bytes: 16 KiB for a full segment of 64 MiB, 640 KiB for 10 million facts of 256
/// bytes, 1.3 MB if each of them has a frame and so a sector or two of its own.
const MARK_EVERY_BYTES: u64 = 64 * 1024;

/// Read at once where a few records are looked up.
const LOOK_UP_BYTES: usize = 128 * 1024;

#[derive(Debug)]
struct Shared {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    whose: Identity,
    index: RwLock<Index>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    position: u64,
    offset: u64,
}

/// What a walk reads of one segment: from a mark to the last live position that is asked for.
#[derive(Debug)]
struct Part {
    number: u32,
    first_position: u64,
    from: Mark,
    last: u64,
    /// Whether another segment follows.
    is_closed: bool,
}

/// What a walk knows when it is through.
struct Walked {
    /// The root after the last frame, where the tree was checked.
    root: Option<Hash>,
    /// Segments read to the end of what lives in them, and where that end is.
    closed: Vec<(u32, u64)>,
}

impl Index {
    fn parts(&self, from: u64, to: u64, check: Check) -> Vec<Part> {
        let to = to.min(self.head.position);
        let mut parts = Vec::new();
        for (at, segment) in self.segments.iter().enumerate() {
            let next = self.segments.get(at + 1).map(|next| next.first_position);
            let ends_before = next.is_some_and(|next| next <= from);
            if ends_before || segment.first_position > to + 1 {
                continue;
            }
            let is_first = parts.is_empty() && check < Check::Tree;
            parts.push(Part {
                number: segment.number,
                first_position: segment.first_position,
                from: if is_first { segment.mark_before(from) } else { segment.start() },
                last: next.map_or(to, |next| to.min(next - 1)),
                is_closed: next.is_some_and(|next| next <= to + 1),
            });
        }
        parts
    }
}

impl JournalReader {
    fn walk<E: From<JournalError>>(
        &self,
        from: u64,
        to: u64,
        check: Check,
        read_bytes: usize,
        mut visit: impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<Walked, E> {
        let parts = self.shared.index.read().parts(from, to, check);
        let mut walked = Walked { root: None, closed: Vec::new() };
        let Some(first) = parts.first() else { return Ok(walked) };
        let mut walk = Walk::from(first.from.position, self.shared.whose, check);
        let mut window = Window::new(read_bytes);
        for part in &parts {
            let path = segment_path(&self.shared.dir, part.number);
            let file = self.shared.disk.open(&path, Access::Read).map_err(JournalError::from)?;
            if check >= Check::Tree {
                enter(&mut walk, part, &path, &header_bytes(&*file).map_err(JournalError::from)?)?;
            }
            window.turn_to(file);
            let stop =
                walk.segment(&mut window, &path, part.from.offset, part.last, &mut |frame| {
                    if frame.header.last_position() < from { Ok(()) } else { visit(frame) }
                })?;
            match stop {
                Stop::Broken { offset, reason } => {
                    return Err(walk.damage(&path, offset, reason.into()).into());
                }
                Stop::Done { offset } if part.is_closed => {
                    walked.closed.push((part.number, offset));
                }
                Stop::Done { .. } => {}
            }
        }
        walked.root = walk.tree.as_ref().map(Peaks::root);
        Ok(walked)
    }

    fn verified(&self, head: Head, frames: u64, walked: Walked) -> io::Result<Verified> {
        assert_eq!(walked.root, Some(head.root), "every frame's root was that of what precedes it");
        let mut dead = Vec::new();
        for (number, live_end) in walked.closed {
            self.dead_frames(number, live_end, &mut dead)?;
        }
        Ok(Verified { head, frames, dead })
    }

    /// Looks for whole frames behind the last live one of a segment.
    fn dead_frames(&self, number: u32, live_end: u64, dead: &mut Vec<DeadFrame>) -> io::Result<()> {
        let path = segment_path(&self.shared.dir, number);
        let mut window = Window::new(SCAN_BYTES);
        window.turn_to(self.shared.disk.open(&path, Access::Read)?);
        let mut offset = live_end;
        loop {
            let sector = window.get(offset, SECTOR_BYTES)?;
            if sector.is_empty() {
                return Ok(());
            }
            let header = FrameHeader::decode(sector);
            if let Some(header) = header.filter(|found| found.store == self.shared.whose.store) {
                let FrameHeader { first_position, count, .. } = header;
                dead.push(DeadFrame { file: path.clone(), offset, first_position, count });
            }
            offset += SECTOR_BYTES as u64;
        }
    }
}

/// Enters a segment with the tree that its header states, which must be the one of the segments
/// before it if those were read.
fn enter(
    walk: &mut Walk,
    part: &Part,
    path: &Path,
    bytes: &[u8; SEGMENT_HEADER_BYTES],
) -> Result<(), JournalError> {
    let damage = |reason| Err(walk.damage(path, 0, reason));
    let Ok(header) = SegmentHeader::decode(bytes) else {
        return damage(Reason::SegmentHeader);
    };
    if header.number != part.number || header.first_position() != part.first_position {
        return damage(Reason::SegmentOrder);
    }
    match &walk.tree {
        Some(tree) if *tree != header.before => damage(Reason::Peaks),
        Some(_) => Ok(()),
        None => {
            walk.check_tree(header.before);
            Ok(())
        }
    }
}
