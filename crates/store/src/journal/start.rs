//! Looking at a journal from one end to the other, as every start does.

use super::SECTOR_BYTES;
use super::append::Head;
use super::disk::{Access, Disk, DiskFile};
use super::end::{End, judge};
use super::error::{JournalError, Reason};
use super::frame::{Frame, FrameHeader, Identity};
use super::reader::{Index, Indexed};
use super::scan::{Check, SCAN_BYTES, Stop, Walk, Window};
use super::segment::{
    NoHeader, SEGMENT_HEADER_BYTES, SegmentHeader, header_bytes, is_zero_from, load, numbers,
    segment_path,
};
use crate::tree::Peaks;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A journal as it was found.
#[derive(Debug)]
pub(super) struct Found {
    pub index: Index,
    /// The tree over everything.
    pub tree: Peaks,
    /// The header of the last segment that was begun.
    pub newest: SegmentHeader,
    /// The last frame of that segment, as its offset and length.
    pub last_frame: Option<(u64, usize)>,
    /// The end of the last good frame in it.
    pub end_offset: u64,
    pub end: End,
    /// The epoch of the last frame; 0 if there is none.
    pub epoch: u32,
}

/// Visits every live frame, checks every checksum and the tree of the newest segment, which must be
/// `segment_bytes` long, and judges the end. Only then is `filled` asked for the last position of the log by position.
pub(super) fn look<E: From<JournalError>>(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    whose: Identity,
    segment_bytes: u64,
    filled: impl FnOnce() -> Option<u64>,
    mut visit: impl FnMut(&Frame<'_>) -> Result<(), E>,
) -> Result<Found, E> {
    let mut segments = load(&**disk, dir, &whose)?;
    let newest = segments.pop().expect("a journal without a segment is missing");
    let mut walk = Walk::from(1, whose, Check::Tree);
    let mut window = Window::new(SCAN_BYTES);
    let mut indexed = Vec::with_capacity(segments.len() + 1);
    let nexts = segments.iter().skip(1).chain([&newest]);
    for (header, next) in segments.iter().zip(nexts) {
        let path = segment_path(dir, header.number);
        window.turn_to(disk.open(&path, Access::Read).map_err(JournalError::from)?);
        let mut segment = Indexed::new(header);
        let last = next.first_position() - 1;
        let stop = walk.segment(&mut window, &path, FIRST_FRAME_AT, last, &mut |frame| {
            segment.mark(frame.header.first_position, frame.offset);
            visit(frame)
        })?;
        match stop {
            Stop::Broken { offset, reason } => {
                return Err(walk.damage(&path, offset, reason.into()).into());
            }
            Stop::Done { offset } if walk.position != next.first_position() => {
                return Err(walk.damage(&path, offset, Reason::SegmentOrder).into());
            }
            Stop::Done { .. } => indexed.push(segment),
        }
    }

    let path = segment_path(dir, newest.number);
    window.turn_to(disk.open(&path, Access::Read).map_err(JournalError::from)?);
    walk.check_tree(newest.before.clone());
    let mut segment = Indexed::new(&newest);
    let mut last_frame = None;
    let stop = walk.segment(&mut window, &path, FIRST_FRAME_AT, u64::MAX, &mut |frame| {
        segment.mark(frame.header.first_position, frame.offset);
        last_frame = Some((frame.offset, frame.header.frame_bytes()));
        visit(frame)
    })?;
    indexed.push(segment);
    let Stop::Broken { offset, reason } = stop else {
        unreachable!("no position is the last");
    };
    let end = judge(&walk, &whose, &mut window, &path, (offset, reason), filled())?;
    let length = disk.open(&path, Access::Read).and_then(|file| file.len());
    if length.map_err(JournalError::from)? < segment_bytes {
        // Only behind a torn end are zeros given back, and then a newer segment follows.
        return Err(walk.damage(&path, offset, Reason::Short).into());
    }
    let epoch = walk.epoch;
    let tree = walk.tree.expect("the newest segment's tree was checked");
    let head = Head { position: tree.count(), root: tree.root() };
    let index = Index { segments: indexed, head };
    Ok(Found { index, tree, newest, last_frame, end_offset: offset, end, epoch })
}

/// The most bytes that the first turn of a store can take.
pub const FIRST_FRAME_BYTES_MAX: usize = 64 * 1024;

/// Whether a first start that did not finish explains all that is in `dir`: no journal, or nothing
/// behind its first frame, be that whole, torn or absent. Whose it is does not matter.
///
/// Only such a journal may be begun anew; of any other, the rest of the store is missing.
pub fn is_at_most_begun(disk: &dyn Disk, dir: &Path) -> io::Result<bool> {
    let numbers = match numbers(disk, dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        numbers => numbers?,
    };
    for number in numbers {
        let file = disk.open(&segment_path(dir, number), Access::Read)?;
        let begun = match (number, SegmentHeader::decode(&header_bytes(&*file)?)) {
            (1, Ok(_)) => FIRST_FRAME_AT + first_frame_bytes(&file)? as u64,
            // No frame is written before the header is durable.
            (_, Err(NoHeader::Unwritten)) => FIRST_FRAME_AT,
            // The disk refused the first frame, and its turn went no further than this.
            (_, Ok(header)) if header.first_position() == 1 => FIRST_FRAME_AT,
            (_, Ok(_) | Err(_)) => return Ok(false),
        };
        if !is_zero_from(&*file, begun)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How much the first frame may take: what its header states, or what is possible.
fn first_frame_bytes(file: &Arc<dyn DiskFile>) -> io::Result<usize> {
    let mut window = Window::new(FIRST_FRAME_BYTES_MAX);
    window.turn_to(Arc::clone(file));
    let start = window.get(FIRST_FRAME_AT, FIRST_FRAME_BYTES_MAX)?;
    if let Some(header) = FrameHeader::decode(start) {
        return Ok(if header.first_position == 1 { header.frame_bytes() } else { 0 });
    }
    let later = start.chunks(SECTOR_BYTES).any(|sector| FrameHeader::decode(sector).is_some());
    Ok(if later { 0 } else { FIRST_FRAME_BYTES_MAX })
}

const FIRST_FRAME_AT: u64 = SEGMENT_HEADER_BYTES as u64;
