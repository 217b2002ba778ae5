//! Why a store cannot be made, opened or read.

use std::io;
use std::path::PathBuf;

use domain::id::Position;
use thiserror::Error;

use crate::journal::{Damage, JournalError};
use crate::keyring::KeyringError;
use crate::open::FORMAT;
use crate::turn::CommitError;

/// Why a store cannot be made, opened or read.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no store in the directory.
    #[error("{} holds no store: `muster init` or `muster serve` makes one", dir.display())]
    NotInitialised {
        /// The directory.
        dir: PathBuf,
    },
    /// There is a store in the directory already.
    #[error("{} holds a store already", dir.display())]
    AlreadyInitialised {
        /// The directory.
        dir: PathBuf,
    },
    /// Another process has the directory open.
    #[error("{} is in use by another process", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// What is there was not written by this store, or not like this.
    #[error("damage: {0}")]
    Damage(Damage),
    /// The directory is damaged outside the journal.
    #[error("damage: {what}")]
    Damaged {
        /// What is wrong, and what may help.
        what: String,
    },
    /// The data is of a format that this Muster does not know.
    #[error("the data has format {format}, this Muster reads format {FORMAT}")]
    UnknownFormat {
        /// Its format.
        format: u32,
    },
    /// The keys cannot be had.
    #[error(transparent)]
    Keys(#[from] KeyringError),
    /// The last fact lies in the future.
    #[error(
        "the last fact is more than 10 minutes ahead of the clock: set the clock right, or start \
         with --accept-clock"
    )]
    ClockBehind,
    /// A fact cannot be read.
    #[error("the fact at position {position} cannot be read: {what}")]
    Unreadable {
        /// Its position.
        position: Position,
        /// Why.
        what: String,
    },
    /// The log holds another fact where the views expect one.
    #[error("the fact at position {position} is not what the views say")]
    NotThatFact {
        /// Its position.
        position: Position,
    },
    /// The log has no such part, so nothing can be proven of it.
    #[error("{what}")]
    NoProof {
        /// What was asked for, and how far the log goes.
        what: String,
    },
    /// Recovering would lose facts, and nobody said that it may.
    #[error(
        "what stood at position {from} and beyond is lost; `muster recover --apply --accept-loss` goes \
         on without it"
    )]
    WouldLose {
        /// The first position that is lost.
        from: u64,
    },
    /// The first facts could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl StoreError {
    /// Whether something that is kept is not as it was written.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Damage(_)
                | Self::Damaged { .. }
                | Self::Unreadable { .. }
                | Self::NotThatFact { .. }
                | Self::UnknownFormat { .. }
                | Self::WouldLose { .. }
        )
    }
}

impl From<Damage> for StoreError {
    fn from(damage: Damage) -> Self {
        Self::Damage(damage)
    }
}

impl From<JournalError> for StoreError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Io(error) => Self::Io(error),
            JournalError::Damage(damage) => Self::Damage(damage),
            JournalError::UnknownFormat { found, .. } => Self::UnknownFormat { format: found },
            JournalError::Missing { .. }
            | JournalError::Exists { .. }
            | JournalError::OtherStore { .. } => Self::Damaged { what: error.to_string() },
        }
    }
}
