//! A part of the log, and the subtrees that stand for the rest of it: together they make the root.

use std::iter::Peekable;

use thiserror::Error;

use super::Spot;
use crate::tree::{Hash, Peaks, node_hash};

/// A subtree that stands for facts that are not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The position of its first fact.
    pub first: u64,
    /// The number of its facts: a power of two that divides `first - 1`.
    pub leaves: u64,
    /// Its hash.
    pub hash: Hash,
}

/// The subtrees that stand for all but the facts at `included`, which rise, of the first `size`: the
/// largest perfect ones that hold none of them, from left to right.
///
/// # Panics
/// Where `included` does not rise, or leaves the first `size`.
pub fn spots<I: IntoIterator<Item = u64>>(size: u64, included: I) -> Spots<I::IntoIter> {
    Spots { included: included.into_iter().peekable(), size, next: 0 }
}

/// The subtrees that [`spots`] finds, one after the other.
#[derive(Clone, Debug)]
pub struct Spots<I: Iterator<Item = u64>> {
    included: Peekable<I>,
    size: u64,
    /// The number of leaves that are passed.
    next: u64,
}

impl<I: Iterator<Item = u64>> Iterator for Spots<I> {
    type Item = Spot;

    fn next(&mut self) -> Option<Spot> {
        while self.included.next_if_eq(&(self.next + 1)).is_some() {
            self.next += 1;
        }
        let end = self.included.peek().map_or(self.size, |position| position.saturating_sub(1));
        assert!(
            (self.next..=self.size).contains(&end) && self.next <= self.size,
            "what is included rises and is in the tree"
        );
        if self.next == self.size {
            return None;
        }
        let level = self.next.trailing_zeros().min((end - self.next).ilog2());
        let spot = Spot { level, index: self.next >> level };
        self.next += spot.leaves();
        Some(spot)
    }
}

/// Why leaves and subtrees do not make a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CoverFault {
    /// Nothing stands for some facts.
    #[error("nothing stands for the facts at positions {from} to {to}")]
    Missing {
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
    /// Something stands for a fact for which something stood before.
    #[error("the fact at position {position} comes twice, or out of order")]
    Overlaps {
        /// Its position.
        position: u64,
    },
    /// A subtree that no tree has: its number of leaves is no power of two, or it begins between
    /// two of its size.
    #[error("no subtree of {leaves} facts begins at position {position}")]
    NoSubtree {
        /// Where it is said to begin.
        position: u64,
        /// How many facts it is said to have.
        leaves: u64,
    },
}

/// Makes the root of a tree of leaves and subtrees that come from left to right. It holds on to at
/// most 64 hashes.
#[derive(Clone, Debug, Default)]
pub struct CoverRoot {
    count: u64,
    /// The roots of the perfect subtrees of what came so far, the largest first.
    peaks: Vec<Hash>,
}

impl CoverRoot {
    /// Nothing came yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The position of what has to come next.
    pub fn next(&self) -> u64 {
        self.count + 1
    }

    /// Takes the next fact, by its hash as a leaf.
    pub fn leaf(&mut self, position: u64, hash: Hash) -> Result<(), CoverFault> {
        self.node(&Node { first: position, leaves: 1, hash })
    }

    /// Takes the next subtree.
    pub fn node(&mut self, node: &Node) -> Result<(), CoverFault> {
        let Node { first, leaves, hash } = *node;
        if first < self.next() {
            return Err(CoverFault::Overlaps { position: first });
        }
        if first > self.next() {
            return Err(CoverFault::Missing { from: self.next(), to: first - 1 });
        }
        let end = self.count.checked_add(leaves);
        let is_subtree = leaves.is_power_of_two() && self.count.is_multiple_of(leaves);
        let (true, Some(end)) = (is_subtree, end) else {
            return Err(CoverFault::NoSubtree { position: first, leaves });
        };
        let joined = (self.count / leaves).trailing_ones() as usize;
        let kept = self.peaks.len() - joined;
        let hash =
            self.peaks.drain(kept..).rev().fold(hash, |right, left| node_hash(&left, &right));
        self.peaks.push(hash);
        self.count = end;
        Ok(())
    }

    /// The root, if what came is all of the first `size` facts.
    pub fn finish(self, size: u64) -> Result<Hash, CoverFault> {
        if self.count < size {
            return Err(CoverFault::Missing { from: self.next(), to: size });
        }
        if self.count > size {
            return Err(CoverFault::Overlaps { position: size + 1 });
        }
        let peaks = Peaks::from_parts(self.count, self.peaks);
        Ok(peaks.expect("one peak for each bit of the count").root())
    }
}
