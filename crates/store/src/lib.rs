//! What is kept: so far the journal, and the tree through it.

pub mod journal;
pub mod tree;

pub use journal::disk::{Disk, RealDisk};
