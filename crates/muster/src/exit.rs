//! Exit codes that mean something: scripts rely on them.

use std::process::ExitCode;

use service::first_start::FirstStartError;
use store::StoreError;
use store::keyring::KeyringError;

use crate::config::ConfigError;

/// Refused, or failed.
const FAILED: u8 = 1;
/// The command line or the configuration makes no sense; clap's own exit code.
const WRONG_USAGE: u8 = 2;
/// The data directory is in use, or holds no store.
const NOT_AVAILABLE: u8 = 3;
/// Damage, a missing or wrong key, or a format that this Muster does not know.
const DAMAGED: u8 = 4;

/// A use that the command line's grammar allows, and that makes no sense here.
#[derive(Debug)]
pub struct WrongUsage(pub &'static str);

impl std::error::Error for WrongUsage {}

impl std::fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// What was checked is not as it was, and no data directory is: nothing can be mended.
#[derive(Debug)]
pub struct NotAsItWas(pub String);

impl std::error::Error for NotAsItWas {}

impl std::fmt::Display for NotAsItWas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an operator may do about an error, where that is not in its text.
pub fn hint(error: &anyhow::Error) -> Option<&'static str> {
    let store = of_chain(error)?;
    let helps = match store {
        StoreError::Damaged { what } => !what.contains("muster recover"),
        StoreError::WouldLose { .. }
        | StoreError::UnknownFormat { .. }
        | StoreError::Unreadable { .. } => false,
        other => other.is_damage(),
    };
    helps.then_some(
        "`muster recover` says, and changes nothing, what can be put together again; see \
         docs/recovery.md",
    )
}

/// The exit code for an error.
pub fn code(error: &anyhow::Error) -> ExitCode {
    if error.is::<WrongUsage>() || error.is::<ConfigError>() {
        return ExitCode::from(WRONG_USAGE);
    }
    if error.is::<NotAsItWas>() {
        return ExitCode::from(DAMAGED);
    }
    ExitCode::from(of_chain(error).map_or(FAILED, of_store))
}

fn of_chain(error: &anyhow::Error) -> Option<&StoreError> {
    error.chain().find_map(|cause| match cause.downcast_ref::<FirstStartError>() {
        Some(FirstStartError::Store(error)) => Some(error),
        Some(FirstStartError::Rejected(_)) => None,
        None => cause.downcast_ref::<StoreError>(),
    })
}

fn of_store(error: &StoreError) -> u8 {
    match error {
        StoreError::NotInitialised { .. } | StoreError::InUse { .. } => NOT_AVAILABLE,
        StoreError::AlreadyInitialised { .. }
        | StoreError::ClockBehind
        | StoreError::Commit(_)
        | StoreError::NoProof { .. }
        | StoreError::Keys(KeyringError::Io { .. })
        | StoreError::Io(_) => FAILED,
        StoreError::Damage(_)
        | StoreError::Damaged { .. }
        | StoreError::UnknownFormat { .. }
        | StoreError::Unreadable { .. }
        | StoreError::NotThatFact { .. }
        | StoreError::WouldLose { .. }
        | StoreError::Keys(_) => DAMAGED,
    }
}
