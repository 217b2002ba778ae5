//! Checking proofs, with nothing but the proof and what it is about (RFC 9162, sections 2.1.3.2 and
//! 2.1.4.2; the trees and proofs are those of RFC 6962).

use thiserror::Error;

use crate::tree::{Hash, node_hash};

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProofFault {
    /// It is about a fact that a log of that size does not have, or a log that is no part of it.
    #[error("a log of that size has no such part")]
    Range,
    /// It has more or fewer hashes than such a proof has.
    #[error("such a proof has another number of hashes")]
    Length,
    /// It leads to another root than the one that was signed.
    #[error("it leads to another root")]
    Root,
}

/// Checks that `leaf` is the fact at `position` of the log of `size` facts with that `root`.
pub fn verify_inclusion(
    position: u64,
    size: u64,
    leaf: &Hash,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofFault> {
    if !(1..=size).contains(&position) {
        return Err(ProofFault::Range);
    }
    let (mut index, mut last, mut hash) = (position - 1, size - 1, *leaf);
    for beside in path {
        if last == 0 {
            return Err(ProofFault::Length);
        }
        if index & 1 == 1 || index == last {
            hash = node_hash(beside, &hash);
            // A subtree that has no right neighbour moves up alone.
            while index & 1 == 0 && index != 0 {
                (index, last) = (index >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        (index, last) = (index >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofFault::Length);
    }
    if hash == *root { Ok(()) } else { Err(ProofFault::Root) }
}

/// Checks that the log of `to` facts with the root `to_root` begins with the one of `from` facts with
/// the root `from_root`.
pub fn verify_consistency(
    from: u64,
    from_root: &Hash,
    to: u64,
    to_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofFault> {
    if !(1..=to).contains(&from) {
        return Err(ProofFault::Range);
    }
    if from == to {
        if !path.is_empty() {
            return Err(ProofFault::Length);
        }
        return if from_root == to_root { Ok(()) } else { Err(ProofFault::Root) };
    }
    // Where the earlier log is one perfect subtree, its root is not in the path.
    let (first, path) = match path {
        path if from.is_power_of_two() => (from_root, path),
        [first, rest @ ..] => (first, rest),
        [] => return Err(ProofFault::Length),
    };
    let (mut index, mut last) = (from - 1, to - 1);
    let shift = index.trailing_ones();
    (index, last) = (index >> shift, last >> shift);
    let (mut earlier, mut later) = (*first, *first);
    for beside in path {
        if last == 0 {
            return Err(ProofFault::Length);
        }
        if index & 1 == 1 || index == last {
            earlier = node_hash(beside, &earlier);
            later = node_hash(beside, &later);
            while index & 1 == 0 && index != 0 {
                (index, last) = (index >> 1, last >> 1);
            }
        } else {
            later = node_hash(&later, beside);
        }
        (index, last) = (index >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofFault::Length);
    }
    if earlier == *from_root && later == *to_root { Ok(()) } else { Err(ProofFault::Root) }
}
