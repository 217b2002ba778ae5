//! Exit codes that mean something: scripts rely on them.

use std::process::ExitCode;

use service::first_start::FirstStartError;
use store::StoreError;
use store::keyring::KeyringError;

/// Refused, or failed.
const FAILED: u8 = 1;
/// The data directory is in use, or holds no store.
const NOT_AVAILABLE: u8 = 3;
/// Damage, a missing or wrong key, or a format that this Muster does not know.
const DAMAGED: u8 = 4;

/// The exit code for an error.
pub fn code(error: &anyhow::Error) -> ExitCode {
    let store = error.chain().find_map(|cause| match cause.downcast_ref::<FirstStartError>() {
        Some(FirstStartError::Store(error)) => Some(error),
        Some(FirstStartError::Rejected(_)) => None,
        None => cause.downcast_ref::<StoreError>(),
    });
    ExitCode::from(match store {
        Some(error) => of_store(error),
        None => FAILED,
    })
}

fn of_store(error: &StoreError) -> u8 {
    match error {
        StoreError::NotInitialised { .. } | StoreError::InUse { .. } => NOT_AVAILABLE,
        StoreError::AlreadyInitialised { .. }
        | StoreError::ClockBehind
        | StoreError::Commit(_)
        | StoreError::Keys(KeyringError::Io { .. })
        | StoreError::Io(_) => FAILED,
        StoreError::Damage(_)
        | StoreError::Damaged { .. }
        | StoreError::UnknownFormat { .. }
        | StoreError::Unreadable { .. }
        | StoreError::NotThatFact { .. }
        | StoreError::Keys(_) => DAMAGED,
    }
}
