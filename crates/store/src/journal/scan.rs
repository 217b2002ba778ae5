//! Walking the frames of a segment in large reads, checking each.

use super::disk::DiskFile;
use super::error::{Damage, JournalError, Reason};
use super::frame::{
    FRAME_BODY_BYTES_MAX, FRAME_FACTS_MAX, FRAME_HEADER_BYTES, Frame, FrameHeader, Identity,
};
use super::{SECTOR_BYTES, ZERO_SECTOR};
use crate::planted::{self, Planted};
use crate::tree::{Peaks, leaf_hash};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What a scan checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Every checksum, and that positions follow each other.
    Checksums,
    /// That, and the tree: each frame's root is that of the records before it.
    Tree,
    /// That, and the padding behind each frame.
    Padding,
}

/// Read at once where everything is read.
pub(super) const SCAN_BYTES: usize = 1024 * 1024;

/// A stretch of a file held in memory.
#[derive(Debug)]
pub(super) struct Window {
    file: Option<Arc<dyn DiskFile>>,
    bytes: Vec<u8>,
    start: u64,
    filled: usize,
    read_bytes: usize,
}

impl Window {
    /// A window that reads `read_bytes` at a time, or more where more is asked for. It shows
    /// nothing before it is turned to a file.
    pub fn new(read_bytes: usize) -> Self {
        Self { file: None, bytes: Vec::new(), start: 0, filled: 0, read_bytes }
    }

    /// Looks at a file, with the memory used for the one before.
    pub fn turn_to(&mut self, file: Arc<dyn DiskFile>) {
        self.file = Some(file);
        self.filled = 0;
    }

    /// The `length` bytes from `offset` on; fewer only where the file ends.
    pub fn get(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let inside =
            offset >= self.start && offset + length as u64 <= self.start + self.filled as u64;
        if !inside {
            let file = self.file.as_ref().expect("turned to a file");
            // Memory for what is there, not for what is read at most: most journals of a test, and the
            // last read of any segment, are shorter.
            let left = usize::try_from(file.len()?.saturating_sub(offset)).unwrap_or(usize::MAX);
            let wanted = length.max(self.read_bytes).min(left);
            if self.bytes.len() < wanted {
                self.bytes.resize(wanted, 0);
            }
            self.filled = 0;
            self.start = offset;
            self.filled = file.read_at(&mut self.bytes[..wanted], offset)?;
        }
        let from = usize::try_from(offset - self.start).expect("inside the window");
        Ok(&self.bytes[from..self.filled.min(from + length)])
    }
}

/// Where a scan has got to, across segments.
#[derive(Debug)]
pub(super) struct Walk {
    whose: Identity,
    check: Check,
    /// The position of the next fact.
    pub position: u64,
    /// The epoch of the last frame, which no later one may undercut; 0 before the first.
    pub epoch: u32,
    /// The tree before `position`, where it is checked.
    pub tree: Option<Peaks>,
}

/// Why a walk through a segment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The facts that were asked for are through.
    Done { offset: u64 },
    /// No good frame stands at `offset`: what a frame that was never written whole leaves, or
    /// damage.
    Broken { offset: u64, reason: Broken },
}

/// What may be left by a frame that was not written whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    NoFrame,
    Header,
    Body,
    CutOff,
}

impl From<Broken> for Reason {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::NoFrame => Self::NoFrame,
            Broken::Header => Self::FrameHeader,
            Broken::Body => Self::FrameBody,
            Broken::CutOff => Self::CutOff,
        }
    }
}

impl Walk {
    /// A scan whose next fact is `position`.
    pub fn from(position: u64, whose: Identity, check: Check) -> Self {
        Self { whose, check, position, epoch: 0, tree: None }
    }

    /// Checks the tree from here on, against `before`, the tree before the next fact.
    pub fn check_tree(&mut self, before: Peaks) {
        assert_eq!(before.count() + 1, self.position, "the tree ends where the scan stands");
        self.tree = Some(before);
    }

    /// Visits the frames from `offset` on, until the position `last` is through.
    pub fn segment<E: From<JournalError>>(
        &mut self,
        window: &mut Window,
        file: &Path,
        offset: u64,
        last: u64,
        visit: &mut impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<Stop, E> {
        let mut offset = offset;
        while self.position <= last {
            let frame = match frame_at(window, file, offset).map_err(JournalError::from)? {
                Found::Frame(frame) => frame,
                Found::Wrong(reason) => return Err(self.damage(file, offset, reason).into()),
                Found::Broken(reason) => return Ok(Stop::Broken { offset, reason }),
            };
            self.follow(&frame).map_err(|reason| self.damage(file, offset, reason))?;
            visit(&frame)?;
            offset += frame.header.frame_bytes() as u64;
        }
        Ok(Stop::Done { offset })
    }

    /// What is wrong at `offset`, where the next fact was expected.
    pub fn damage(&self, file: &Path, offset: u64, reason: Reason) -> JournalError {
        Damage { file: file.to_owned(), offset, position: self.position, reason }.into()
    }

    /// Takes a frame as the next one, if it is.
    fn follow(&mut self, frame: &Frame<'_>) -> Result<(), Reason> {
        let header = &frame.header;
        let belongs = header.store == self.whose.store
            && header.first_position == self.position
            && (self.epoch..=self.whose.epoch).contains(&header.epoch);
        if !belongs {
            return Err(Reason::FrameOrder);
        }
        if let Some(tree) = &mut self.tree {
            if tree.root() != header.root_before && !planted::is(Planted::NoRoot) {
                return Err(Reason::Root);
            }
            frame.records().for_each(|(_, record)| tree.append(leaf_hash(record)));
        }
        if self.check >= Check::Padding && !frame.padding_is_sound() {
            return Err(Reason::Padding);
        }
        self.epoch = header.epoch;
        self.position = header.last_position() + 1;
        Ok(())
    }
}

/// What stands where a frame should.
enum Found<'a> {
    Frame(Frame<'a>),
    /// Whole, and yet not what was meant to be written.
    Wrong(Reason),
    Broken(Broken),
}

fn frame_at<'a>(window: &'a mut Window, file: &'a Path, offset: u64) -> io::Result<Found<'a>> {
    let start = window.get(offset, SECTOR_BYTES)?;
    let Some(header) = FrameHeader::decode(start) else {
        let is_empty = start.len() < FRAME_HEADER_BYTES || start == ZERO_SECTOR;
        return Ok(Found::Broken(if is_empty { Broken::NoFrame } else { Broken::Header }));
    };
    let (count, body_bytes) = (header.count as usize, header.body_bytes as usize);
    if !(1..=FRAME_FACTS_MAX).contains(&count) || body_bytes > FRAME_BODY_BYTES_MAX {
        return Ok(Found::Wrong(Reason::Records));
    }
    let bytes = window.get(offset, header.frame_bytes())?;
    if bytes.len() < header.frame_bytes() {
        return Ok(Found::Broken(Broken::CutOff));
    }
    Ok(match Frame::parse(header, file, offset, bytes) {
        Ok(frame) => Found::Frame(frame),
        Err(Reason::FrameBody) => Found::Broken(Broken::Body),
        Err(reason) => Found::Wrong(reason),
    })
}
