//! Why the service could not answer as hoped: a rule said no, or a machine failed.

use domain::id::Position;
use domain::rejection::Rejection;
use store::StoreError;
use thiserror::Error;

use crate::passwords::{Busy, VerifyError};

/// A "no", or a failure of a machine.
#[derive(Debug, Error)]
pub enum Failure {
    /// A rule said no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A queue is full; later it may not be.
    #[error("too busy")]
    Busy,
    /// Too many attempts failed, of everybody together; later it may be tried again.
    #[error("too many attempts failed")]
    TooManyFailed,
    /// Nobody knows whether it happened: the disk failed at the wrong moment.
    #[error("the outcome is unknown")]
    OutcomeUnknown,
    /// It did not happen: the disk refused.
    #[error("the disk refused the write")]
    NotDone,
    /// It is on record, and what it was about is gone from memory; the disk would not let the key go yet.
    #[error(
        "it is on record at position {}, and nothing can be read with the key any more, but the disk \
         refused to destroy it in its files: that is tried again until it succeeds", position.0
    )]
    KeyNotDestroyed {
        /// The fact that says that the key is destroyed.
        position: Position,
    },
    /// The service is shutting down.
    #[error("shutting down")]
    Closing,
    /// What is kept could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Busy> for Failure {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

/// A stored hash that cannot be checked matches no password; it took as long to find out.
impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Busy(busy) => busy.into(),
            VerifyError::NotArgon2 | VerifyError::TooCostly => Rejection::BadCredentials.into(),
        }
    }
}
