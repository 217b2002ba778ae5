//! What can be wrong with a journal, said so that an operator can find the place.

use super::frame::StoreId;
use std::io;
use std::path::PathBuf;

/// Why a journal cannot be opened, read or proven.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk refused; the message names the path.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The bytes are not what this store once wrote.
    #[error(transparent)]
    Damage(#[from] Damage),
    /// The directory holds no segment that was ever begun.
    #[error("{}: there is no journal", dir.display())]
    Missing {
        /// The journal's directory.
        dir: PathBuf,
    },
    /// The directory holds segments, where a new journal was to begin.
    #[error("{}: there is a journal already", dir.display())]
    Exists {
        /// The journal's directory.
        dir: PathBuf,
    },
    /// A segment of another store.
    #[error("{}: belongs to store {found}", file.display())]
    OtherStore {
        /// The segment.
        file: PathBuf,
        /// Whose it is.
        found: StoreId,
    },
    /// A segment of a format that this program does not know.
    #[error("{}: format {found} is unknown to this program", file.display())]
    UnknownFormat {
        /// The segment.
        file: PathBuf,
        /// The format it states.
        found: u32,
    },
}

/// Bytes that no crash explains: a start stops at them, and nothing is changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: damaged at byte {offset}, position {position}: {reason}", file.display())]
pub struct Damage {
    /// The segment.
    pub file: PathBuf,
    /// Where in it, in bytes: the frame, or 0 for the segment's header.
    pub offset: u64,
    /// The position of the fact that was expected there.
    pub position: u64,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Segments are numbered without a gap.
    #[error("the segment is missing")]
    SegmentMissing,
    /// A header that is neither good, nor empty, nor half written.
    #[error("the segment's header does not fit its checksum")]
    SegmentHeader,
    /// The same of the last segment, where no frame was ever written: no fact can be lost there.
    #[error("the segment's header does not fit its checksum; no frame was written behind it")]
    SpareHeader,
    /// A good header at a place where it cannot belong.
    #[error("the segment's header does not follow from what precedes it")]
    SegmentOrder,
    /// The peaks a segment begins with are not those of the facts before it.
    #[error("the segment's peaks are not those of the facts before it")]
    Peaks,
    /// Zeros, or the end of the file, where a fact must stand.
    #[error("there is no frame")]
    NoFrame,
    /// A frame's header cannot be read.
    #[error("the frame's header does not fit its checksum")]
    FrameHeader,
    /// A frame's body is not what its header says.
    #[error("the frame's body does not fit its checksum")]
    FrameBody,
    /// The file ends before the frame does.
    #[error("the file ends inside the frame")]
    CutOff,
    /// A sound frame that does not belong here: of another store, format, epoch or position.
    #[error("the frame does not belong here")]
    FrameOrder,
    /// The body's checksum is right and its records do not fill it.
    #[error("the frame's records do not fill its body")]
    Records,
    /// The frame does not continue the tree.
    #[error("the frame does not continue the tree of the facts before it")]
    Root,
    /// A byte behind a frame's body was changed. No fact is touched.
    #[error("the padding behind the frame was changed")]
    Padding,
    /// A bad frame, but a good one lies beyond it, so it once was good.
    #[error("the frame is not what was written: a good one follows at byte {offset}")]
    FrameBeyond {
        /// Where the good one begins.
        offset: u64,
    },
    /// A half written frame, and something behind where it ends.
    #[error("bytes lie behind the end of the frame, at byte {offset}")]
    BytesBeyond {
        /// Where the last of them end.
        offset: u64,
    },
    /// The newest segment is shorter than it was made, so its end was cut off.
    #[error("the file is shorter than a segment: its end was cut off")]
    Short,
    /// The log that is read by position holds facts that the journal does not.
    #[error("the log by position goes on to {filled}")]
    LogAhead {
        /// The last position it holds.
        filled: u64,
    },
}

/// Why a turn was not committed.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The log has moved on from the head that the turn was decided on. Nothing was written.
    #[error("the journal is not at position {expected}")]
    Moved {
        /// The position the caller believed to be the last.
        expected: u64,
    },
    /// The disk refused, and the turn can never come back.
    #[error("not done: {0}")]
    NotDone(#[source] io::Error),
    /// The disk refused, and a later start may find the turn or not.
    #[error("outcome unknown: {0}")]
    OutcomeUnknown(#[source] io::Error),
}
