//! The journal: every turn as one frame, appended to segments of 64 MiB and synced. That sync is
//! the commit; everything else the store keeps can be made again from these files.
//!
//! In reading order: [`disk`], all that is done to files; `frame`, a turn as bytes; `segment`, a
//! file of frames; `scan`, walking them; `end`, what a crash left; `start`, opening; `append`,
//! [`Journal`] itself; `spare`, the next segment; `reader`, [`JournalReader`]; `salvage` and `rewrite`,
//! what recovering reads and writes; `error`.
//!
//! A record is opaque here, and nothing here knows views or the log by position. The bytes are
//! described in `docs/log-format.md`.

mod append;
pub mod disk;
mod end;
mod error;
mod frame;
mod reader;
mod rewrite;
mod salvage;
mod scan;
mod segment;
mod spare;
mod start;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use append::{Head, Journal, SEGMENT_BYTES, Settings};
pub use end::End;
pub use error::{AppendError, Damage, JournalError, Reason};
pub use frame::{
    FORMAT, FRAME_BODY_BYTES_MAX, FRAME_FACTS_MAX, FRAME_HEADER_BYTES, Frame, FrameBuilder,
    FrameFull, FrameHeader, FrameMark, Identity, SoundFrame, StoreId,
};
pub use reader::{DeadFrame, JournalReader, Verified};
pub use rewrite::Rewrite;
pub use salvage::{Wreck, owners};
pub use scan::Check;
#[cfg(test)]
pub(crate) use segment::SegmentHeader;
pub use segment::{SEGMENT_HEADER_BYTES, segment_path};
pub use start::{FIRST_FRAME_BYTES_MAX, is_at_most_begun};

/// A frame begins on a multiple of this; a disk writes this much whole or not at all.
pub const SECTOR_BYTES: usize = 512;

/// A sector that was never written.
const ZERO_SECTOR: [u8; SECTOR_BYTES] = [0; SECTOR_BYTES];
