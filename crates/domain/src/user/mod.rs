//! A user, human or machine: what can be asked of one, what can have happened to one.
//!
//! [`command`] asks, [`decide()`] answers with [`event`]s or a rejection, [`state`] folds them,
//! [`describe()`] tells people what changed. [`password`] and [`sign_up`] have the rules that new ones must pass.

pub mod command;
pub mod decide;
pub mod describe;
pub mod event;
pub mod password;
#[cfg(test)]
mod scenarios;
pub mod sign_up;
pub mod state;

pub use command::Command;
pub use decide::decide;
pub use describe::describe;
pub use event::Event;
pub use state::{Keys, User, evolve, keys};
