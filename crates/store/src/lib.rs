//! What is kept: so far one fact as bytes, its keys, and the journal.

pub mod clock;
pub mod journal;
pub mod keyring;
pub mod log;
pub mod record;
pub mod schema;
pub mod sources;
pub mod tree;
pub mod views;

pub use journal::disk::{Disk, RealDisk};
pub use sources::{Reading, Sources};
