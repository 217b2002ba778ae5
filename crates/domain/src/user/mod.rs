//! A user, human or machine: what can be asked of one, what can have happened to one.
//!
//! [`command`] asks, [`decide()`] answers with [`event`]s or a rejection, [`evolve()`] folds them into
//! the [`state`], [`describe()`] tells people what changed. [`password`], [`sign_up`] and [`rate_limit`]
//! have the rules that new ones must pass, [`reset`] those of a
//! forgotten password; [`access`] is the part about ways in beside the password, [`mail`] the one about mails, [`attempts`] the one about sign-ins that failed.

pub mod access;
pub mod attempts;
pub mod command;
pub mod decide;
pub mod describe;
pub mod event;
pub mod evolve;
pub mod mail;
pub mod password;
pub mod rate_limit;
pub mod reset;
#[cfg(test)]
mod scenarios;
pub mod sign_up;
pub mod state;

pub use command::Command;
pub use decide::{decide, erase_deleted};
pub use describe::describe;
pub use event::Event;
pub use evolve::evolve;
pub use state::{Keys, User, keys};
