//! The hashes of subtrees that proofs are made of, kept while the store is open.
//!
//! Those of 256 facts and more are held in memory: 32 bytes for every 256 facts, and as much again
//! for all the levels above. They are computed by one walk through the journal when the first proof
//! is asked for, and then only for what came since. Smaller ones are computed from the records, of
//! which a proof needs some hundreds.

use parking_lot::{Mutex, RwLock};

use super::{
    Node, Spot, consistency, inclusion, root, spots, verify_consistency, verify_inclusion,
};
use crate::error::StoreError;
use crate::journal::Check;
use crate::open::Store;
use crate::tree::{Hash, leaf_hash, node_hash};

/// The level of the smallest subtrees that are held.
const HELD_LEVEL: u32 = 8;
/// The number of their leaves.
const HELD_LEAVES: u64 = 1 << HELD_LEVEL;
/// Facts that are read before what they make is put where others see it.
const SLICE_FACTS: u64 = 256 * HELD_LEAVES;

/// Where the log ends, as everybody may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// How often the store was restored, from 1.
    pub epoch: u32,
    /// The number of facts, which is the last position.
    pub size: u64,
    /// The root of the tree over all of them.
    pub root: Hash,
}

/// That a fact is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The fact as it is stored: sealed, and yet enough for its leaf.
    pub record: Vec<u8>,
    /// The hashes beside the way to the root, from the leaf up.
    pub path: Vec<Hash>,
    /// The root that it leads to.
    pub root: Hash,
}

/// The hashes of the subtrees that are held.
#[derive(Debug, Default)]
pub struct Nodes {
    held: RwLock<Held>,
    /// Taken by whoever reads the journal for more of them.
    growing: Mutex<()>,
}

/// Each level's subtrees from left to right, the smallest level first.
#[derive(Debug, Default)]
struct Held {
    levels: Vec<Vec<Hash>>,
}

impl Held {
    /// The number of leaves below all that is held.
    fn leaves(&self) -> u64 {
        self.levels.first().map_or(0, |smallest| smallest.len() as u64) * HELD_LEAVES
    }

    fn get(&self, spot: Spot) -> Option<Hash> {
        let level = self.levels.get(spot.level.checked_sub(HELD_LEVEL)? as usize)?;
        level.get(usize::try_from(spot.index).ok()?).copied()
    }

    /// Adds the next of the smallest subtrees, and every larger one that it completes.
    fn push(&mut self, hash: Hash) {
        let mut hash = hash;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let beside = &mut self.levels[level];
            beside.push(hash);
            match beside.as_slice() {
                [.., left, right] if beside.len().is_multiple_of(2) => {
                    hash = node_hash(left, right);
                }
                _ => return,
            }
        }
    }
}

impl Store {
    /// Where the log ends: the last commit.
    pub fn log_head(&self) -> LogHead {
        let head = self.journal().head();
        LogHead { epoch: self.epoch(), size: head.position, root: head.root }
    }

    /// The root of the first `size` facts.
    pub fn root_at(&self, size: u64) -> Result<Hash, StoreError> {
        let head = self.within(size)?;
        if size == head.size {
            return Ok(head.root);
        }
        let mut look = self.look(size)?;
        root(size, &mut |spot| look.node(spot))
    }

    /// That the fact at `position` is among the first `size`. It was checked before it is told.
    pub fn inclusion(&self, position: u64, size: u64) -> Result<Inclusion, StoreError> {
        self.within(size)?;
        if !(1..=size).contains(&position) {
            return Err(StoreError::NoProof { what: no_fact(position, size) });
        }
        let root = self.root_at(size)?;
        let mut look = self.look(size)?;
        let path = inclusion(position, size, &mut |spot| look.node(spot))?;
        // From the journal, here and below: a proof is of what was committed, and neighbours that are
        // read in one go cost less there.
        let found = self.journal().records(position, position)?;
        let record = found.into_iter().next().map(|(_, record)| record).unwrap_or_default();
        verify_inclusion(position, size, &leaf_hash(&record), &path, &root).map_err(|_| {
            let what = format!("the fact at position {position} is not the one that was committed");
            StoreError::Damaged { what }
        })?;
        Ok(Inclusion { record, path, root })
    }

    /// That the first `to` facts begin with the first `from`. It was checked before it is told.
    pub fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, StoreError> {
        self.within(to)?;
        if !(1..=to).contains(&from) {
            let what = format!("a log of {to} facts does not begin with one of {from}");
            return Err(StoreError::NoProof { what });
        }
        let mut look = self.look(to)?;
        let path = consistency(from, to, &mut |spot| look.node(spot))?;
        let roots = (self.root_at(from)?, self.root_at(to)?);
        verify_consistency(from, &roots.0, to, &roots.1, &path).map_err(|_| {
            let what = format!("the log up to position {to} is not the one that was committed");
            StoreError::Damaged { what }
        })?;
        Ok(path)
    }

    /// The subtrees that stand for all but the facts at `included`, which rise, of the first `size`.
    ///
    /// There may be some twenty of them for every fact that is included: who includes many, far from
    /// each other, asks [`cover_each`](Self::cover_each).
    pub fn cover(&self, size: u64, included: &[u64]) -> Result<Vec<Node>, StoreError> {
        let mut nodes = Vec::new();
        self.cover_each(size, included.iter().copied(), |node| {
            nodes.push(node);
            Ok(())
        })?;
        Ok(nodes)
    }

    /// Hands those subtrees to `each`, from left to right, holding on to none.
    pub fn cover_each(
        &self,
        size: u64,
        included: impl IntoIterator<Item = u64>,
        mut each: impl FnMut(Node) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.within(size)?;
        let mut look = self.look(size)?;
        for spot in spots(size, included) {
            let hash = look.node(spot)?;
            each(Node { first: spot.first(), leaves: spot.leaves(), hash })?;
        }
        Ok(())
    }

    fn within(&self, size: u64) -> Result<LogHead, StoreError> {
        let head = self.log_head();
        if size <= head.size {
            return Ok(head);
        }
        let what = format!("the log has {} facts, not {size}", head.size);
        Err(StoreError::NoProof { what })
    }

    /// A way to all subtrees of the first `size` facts.
    fn look(&self, size: u64) -> Result<Look<'_>, StoreError> {
        self.grow(size / HELD_LEAVES * HELD_LEAVES)?;
        Ok(Look { store: self, block: None })
    }

    /// Sees to it that the subtrees of the first `leaves` facts, whole ones, are held.
    fn grow(&self, leaves: u64) -> Result<(), StoreError> {
        let nodes = self.nodes();
        if nodes.held.read().leaves() >= leaves {
            return Ok(());
        }
        let _growing = nodes.growing.lock();
        loop {
            let have = nodes.held.read().leaves();
            if have >= leaves {
                return Ok(());
            }
            let more = blocks(self, have + 1, leaves.min(have + SLICE_FACTS))?;
            let mut held = nodes.held.write();
            for hash in more {
                held.push(hash);
            }
        }
    }
}

/// The smallest subtrees that are held over these facts, whole ones.
fn blocks(store: &Store, from: u64, to: u64) -> Result<Vec<Hash>, StoreError> {
    let (mut blocks, mut leaves) = (Vec::new(), Vec::with_capacity(1 << HELD_LEVEL));
    store.journal().scan(from, to, Check::Checksums, |frame| {
        for (position, record) in frame.records() {
            if !(from..=to).contains(&position) {
                continue;
            }
            leaves.push(leaf_hash(record));
            if position.is_multiple_of(HELD_LEAVES) {
                blocks.push(joined(&leaves));
                leaves.clear();
            }
        }
        Ok::<(), StoreError>(())
    })?;
    let wanted = (to + 1 - from) / HELD_LEAVES;
    assert_eq!(blocks.len() as u64, wanted, "a journal has every position up to its head");
    Ok(blocks)
}

/// The root of a perfect subtree with these leaves.
fn joined(leaves: &[Hash]) -> Hash {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = level.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    level[0]
}

/// Looks up subtrees for one proof.
struct Look<'s> {
    store: &'s Store,
    /// The leaves of the block that was looked at last, and its number.
    block: Option<(u64, Vec<Hash>)>,
}

impl Look<'_> {
    fn node(&mut self, spot: Spot) -> Result<Hash, StoreError> {
        if spot.level >= HELD_LEVEL {
            let held = self.store.nodes().held.read().get(spot);
            return Ok(held.expect("what a proof needs was grown before it is looked up"));
        }
        let number = (spot.first() - 1) / HELD_LEAVES;
        let leaves = self.leaves_of(number)?;
        let from = usize::try_from((spot.first() - 1) % HELD_LEAVES).expect("below 256");
        match leaves.get(from..from + (1 << spot.level)) {
            Some(leaves) => Ok(joined(leaves)),
            None => unreachable!("no subtree reaches beyond the head"),
        }
    }

    fn leaves_of(&mut self, number: u64) -> Result<&[Hash], StoreError> {
        if self.block.as_ref().is_none_or(|(held, _)| *held != number) {
            let first = number * HELD_LEAVES + 1;
            let last = (first + HELD_LEAVES - 1).min(self.store.log_head().size);
            let mut leaves = Vec::with_capacity(1 << HELD_LEVEL);
            self.store.journal().each_record(first, last, |_, record| {
                leaves.push(leaf_hash(record));
                Ok::<(), StoreError>(())
            })?;
            self.block = Some((number, leaves));
        }
        Ok(self.block.as_ref().map_or(&[], |(_, leaves)| leaves))
    }
}

fn no_fact(position: u64, size: u64) -> String {
    format!("a log of {size} facts has none at position {position}")
}
