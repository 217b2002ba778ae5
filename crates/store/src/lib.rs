//! What is kept. Synchronous throughout; time and chance arrive from outside.
//!
//! [`create`] makes a store, [`Store::open`] is recovery: it scans the journal, folds it into the
//! views, judges the end. In reading order:
//!
//! * [`sources`], [`clock`]: time and chance, and the one notion of "now"
//! * [`schema`], [`keyring`], [`record`]: one fact as bytes, and the keys it is sealed with
//! * [`tree`], [`journal`]: all facts in order, provable; what is synced there is committed
//! * [`proof`], [`checkpoint`]: what of it can be proven to somebody who does not hold it
//! * [`log`]: the facts by position, in sled, which [`follow`] keeps filled from the journal
//! * [`views`]: the read models, folded from it; [`states`]: what somebody was at any position
//! * [`turn`]: commands decided against a draft, committed at once; `erasures`: keys that go after it
//! * [`create`], [`open`], [`rebuild`], [`verify`], [`recover`]: start, and what an operator asks for
//!   later; [`notice`]: what it is told unasked
//! * [`stretch`]: long stretches of the log, for whoever takes them away
//! * [`planted`]: mistakes that the simulation must notice, compiled into no binary

mod ahead;
pub mod checkpoint;
pub mod clock;
mod create;
mod erasures;
mod error;
mod fold;
pub mod follow;
mod identity;
pub mod journal;
pub mod keyring;
pub mod log;
pub mod notice;
pub mod open;
mod order;
pub mod planted;
pub mod proof;
pub mod rebuild;
pub mod record;
pub mod recover;
pub mod schema;
pub mod sources;
pub mod states;
pub mod stretch;
#[cfg(test)]
mod tests;
pub mod tree;
pub mod turn;
pub mod verify;
pub mod views;

pub use create::create;
pub use error::StoreError;
pub use journal::disk::{Disk, RealDisk};
pub use open::{Opened, Options, Origins, Store};
pub use sources::{Reading, Sources};
pub use turn::{CommitError, Fit, Signature, Turn, Writer};
