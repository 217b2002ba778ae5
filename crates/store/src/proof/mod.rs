//! Proofs over the log, as RFC 6962 defines them: that a fact is in it, that a later log goes on from
//! an earlier one, and which subtrees stand for the facts that somebody is not shown.
//!
//! What makes proofs needs the hashes of subtrees, which [`Nodes`] keeps; what checks them
//! ([`verify_inclusion`], [`verify_consistency`], [`CoverRoot`]) needs nothing but the proof.
//! Positions start at 1, as everywhere: leaf `n` of RFC 6962 is the fact at position `n + 1`.

mod cover;
mod file;
mod nodes;
#[cfg(test)]
mod tests;
mod verify;

use crate::tree::{Hash, node_hash};

pub use cover::{CoverFault, CoverRoot, Node, Spots, spots};
pub use file::{FileFault, PROOF_FILE_BYTES_MAX, ProofFile, parse_hash, parse_record};
pub use nodes::{Inclusion, LogHead, Nodes};
pub use verify::{ProofFault, verify_consistency, verify_inclusion};

/// A perfect subtree of the tree over the log: 2^`level` leaves, of which the first is leaf
/// `index` << `level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// How many times two subtrees were joined in it.
    pub level: u32,
    /// The how-manieth of its level it is, from 0.
    pub index: u64,
}

impl Spot {
    /// The position of its first leaf.
    pub fn first(self) -> u64 {
        (self.index << self.level) + 1
    }

    /// The number of its leaves.
    pub fn leaves(self) -> u64 {
        1 << self.level
    }
}

/// The root of the first `size` leaves, from the hashes of perfect subtrees.
pub fn root<E>(size: u64, node: &mut dyn FnMut(Spot) -> Result<Hash, E>) -> Result<Hash, E> {
    if size == 0 {
        return Ok(crate::tree::Peaks::empty().root());
    }
    range_root(0, size, node)
}

/// That `position` is among the first `size` facts: the hashes beside the way from its leaf to the
/// root, from the leaf up.
///
/// # Panics
/// If it is not among them.
pub fn inclusion<E>(
    position: u64,
    size: u64,
    node: &mut dyn FnMut(Spot) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    assert!((1..=size).contains(&position), "the fact is in the tree");
    let (leaf, mut first, mut leaves) = (position - 1, 0, size);
    let mut path = Vec::new();
    while leaves > 1 {
        let left = left_of(leaves);
        if leaf - first < left {
            path.push(range_root(first + left, leaves - left, node)?);
            leaves = left;
        } else {
            path.push(range_root(first, left, node)?);
            (first, leaves) = (first + left, leaves - left);
        }
    }
    path.reverse();
    Ok(path)
}

/// That the first `to` facts begin with the first `from`: the hashes from which both roots follow.
///
/// # Panics
/// If there is nothing to prove: `from` is 0, or beyond `to`.
pub fn consistency<E>(
    from: u64,
    to: u64,
    node: &mut dyn FnMut(Spot) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    assert!((1..=to).contains(&from), "the earlier log is a part of the later one");
    let (mut first, mut earlier, mut leaves) = (0, from, to);
    let mut path = Vec::new();
    // Whether what is left of the earlier log is all of it: then who checks knows its root.
    let mut is_whole = true;
    while earlier < leaves {
        let left = left_of(leaves);
        if earlier <= left {
            path.push(range_root(first + left, leaves - left, node)?);
            leaves = left;
        } else {
            path.push(range_root(first, left, node)?);
            (first, earlier, leaves) = (first + left, earlier - left, leaves - left);
            is_whole = false;
        }
    }
    if !is_whole {
        path.push(range_root(first, leaves, node)?);
    }
    path.reverse();
    Ok(path)
}

/// The hash of `leaves` leaves from leaf `first` on, which begins a subtree that has room for them.
fn range_root<E>(
    first: u64,
    leaves: u64,
    node: &mut dyn FnMut(Spot) -> Result<Hash, E>,
) -> Result<Hash, E> {
    if leaves.is_power_of_two() {
        let level = leaves.trailing_zeros();
        return node(Spot { level, index: first >> level });
    }
    let left = left_of(leaves);
    let left_hash = range_root(first, left, node)?;
    Ok(node_hash(&left_hash, &range_root(first + left, leaves - left, node)?))
}

/// The number of leaves in the left of the two subtrees that a tree of so many is made of.
fn left_of(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}
