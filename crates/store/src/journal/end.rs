//! Judging the end: whether what follows the last good frame is what a crash leaves, or damage.

use super::error::{JournalError, Reason};
use super::frame::{FrameHeader, Identity};
use super::scan::{Broken, Walk, Window};
use super::{SECTOR_BYTES, ZERO_SECTOR};
use crate::planted::{self, Planted};
use std::io;
use std::path::Path;

/// What stands behind the last good frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Zeros, or the end of the file.
    Clean,
    /// A frame that was not written whole, and so was never committed.
    Torn {
        /// Where it begins in its segment.
        offset: u64,
        /// Where it ends; zeros follow.
        end: u64,
    },
}

/// Judges the last segment from `offset` on, where `walk` found no good frame because of `broken`.
///
/// `filled` is the last position that the log by position says it holds; `None` if it knows
/// nothing.
pub(super) fn judge(
    walk: &Walk,
    whose: &Identity,
    window: &mut Window,
    file: &Path,
    (offset, broken): (u64, Broken),
    filled: Option<u64>,
) -> Result<End, JournalError> {
    let damage = |reason| walk.damage(file, offset, reason);
    let end = judge_alone(whose, window, offset, broken)?.map_err(damage)?;
    match filled.filter(|filled| *filled >= walk.position) {
        Some(filled) => Err(damage(Reason::LogAhead { filled })),
        None => Ok(end),
    }
}

/// Judges by the bytes, without the log by position.
fn judge_alone(
    whose: &Identity,
    window: &mut Window,
    offset: u64,
    broken: Broken,
) -> io::Result<Result<End, Reason>> {
    let rest = Rest::look(window, offset, whose)?;
    let Some(written_end) = rest.written_end else {
        return Ok(Ok(End::Clean));
    };
    if planted::is(Planted::DamageIsTorn) {
        return Ok(Ok(End::Torn { offset, end: written_end }));
    }
    if let Some(offset) = rest.frame_beyond {
        return Ok(Err(Reason::FrameBeyond { offset }));
    }
    let end = rest.stated_end.unwrap_or(written_end);
    if written_end > end {
        // A frame is synced before the next is begun: no crash leaves anything behind it.
        return Ok(Err(Reason::BytesBeyond { offset: written_end }));
    }
    // Of a frame that reaches beyond the file, the missing sectors are not known to be zeros.
    let is_torn = end <= rest.file_end && rest.first_zero.is_some_and(|zero| zero < end);
    Ok(if is_torn && !planted::is(Planted::TornIsDamage) {
        Ok(End::Torn { offset, end })
    } else {
        Err(broken.into())
    })
}

/// Everything in a file from an offset on, looked at sector by sector.
#[derive(Debug, Default)]
struct Rest {
    /// The end of the last sector that is not all zeros.
    written_end: Option<u64>,
    /// The first sector of zeros.
    first_zero: Option<u64>,
    /// Where the header at the offset itself, if it is good, says that its frame ends.
    stated_end: Option<u64>,
    /// The first good frame header of this store beyond the offset itself.
    frame_beyond: Option<u64>,
    file_end: u64,
}

impl Rest {
    fn look(window: &mut Window, offset: u64, whose: &Identity) -> io::Result<Self> {
        let mut rest = Self::default();
        let mut at = offset;
        loop {
            let sector = window.get(at, SECTOR_BYTES)?;
            let end = at + sector.len() as u64;
            if *sector == ZERO_SECTOR[..sector.len()] {
                if !sector.is_empty() {
                    rest.first_zero.get_or_insert(at);
                }
            } else {
                rest.written_end = Some(end);
                let header = FrameHeader::decode(sector);
                if at == offset {
                    rest.stated_end = header.map(|header| at + header.frame_bytes() as u64);
                } else if header.is_some_and(|header| header.store == whose.store) {
                    rest.frame_beyond.get_or_insert(at);
                }
            }
            if sector.len() < SECTOR_BYTES {
                rest.file_end = end;
                return Ok(rest);
            }
            at = end;
        }
    }
}
