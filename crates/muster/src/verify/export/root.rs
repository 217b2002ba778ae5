//! Whether the facts of an export are those of the log: with the subtrees that stand for all others,
//! they make the root that was signed.

use std::path::Path;

use store::checkpoint::Checkpoint;
use store::proof::{CoverFault, CoverRoot, Node, Spot, spots};
use store::tree::Hash;

use super::manifest::Manifest;

/// A checkpoint that was kept, and what is known of it.
pub struct Kept<'f> {
    pub file: &'f Path,
    pub checkpoint: Checkpoint,
    /// The root that the export has at its size, once it came so far.
    root: Option<Hash>,
}

impl<'f> Kept<'f> {
    pub fn new(file: &'f Path, checkpoint: Checkpoint) -> Self {
        Self { file, checkpoint, root: None }
    }

    /// Whether the export goes on from it; `None` where the export cannot tell.
    pub fn holds(&self) -> Option<bool> {
        self.root.map(|root| root == self.checkpoint.root)
    }
}

/// Makes the root.
pub struct Root<'m, 'f> {
    tree: CoverRoot,
    spots: Box<dyn Iterator<Item = Spot> + 'm>,
    next: Option<Spot>,
    hashes: std::slice::Iter<'m, Hash>,
    size: u64,
    pub kept: Vec<Kept<'f>>,
    /// What went wrong first; from there on there is no root.
    fault: Option<String>,
}

impl<'m, 'f> Root<'m, 'f> {
    /// The root of a log of `size` facts, which the manifest's positions lie in.
    pub fn new(manifest: &'m Manifest, size: u64, kept: Vec<Kept<'f>>) -> Self {
        let reaches = manifest.positions.last().is_none_or(|(_, last)| *last <= size);
        let fault = (!reaches).then(|| "it has facts beyond its checkpoint".to_owned());
        let positions = manifest.positions.iter().flat_map(|(first, last)| *first..=*last);
        let mut spots: Box<dyn Iterator<Item = Spot> + 'm> =
            if reaches { Box::new(spots(size, positions)) } else { Box::new(std::iter::empty()) };
        let next = spots.next();
        let hashes = manifest.cover.iter();
        let mut root = Self { tree: CoverRoot::new(), spots, next, hashes, size, kept, fault };
        root.look();
        root
    }

    /// Takes the fact at a position.
    pub fn leaf(&mut self, position: u64, leaf: Hash) {
        self.cover(position);
        if self.fault.is_none() {
            let taken = self.tree.leaf(position, leaf);
            self.note(taken);
            self.look();
        }
    }

    /// Nobody knows the root any more.
    pub fn lost(&mut self, why: &str) {
        self.fault.get_or_insert_with(|| why.to_owned());
    }

    /// The root, or why there is none.
    pub fn finish(mut self) -> (Result<Hash, String>, Vec<Kept<'f>>) {
        self.cover(u64::MAX);
        let rest = self.hashes.len();
        let root = match self.fault {
            Some(fault) => Err(fault),
            None if rest > 0 => Err(format!("it has {rest} subtrees too many")),
            None => self.tree.finish(self.size).map_err(|fault| fault.to_string()),
        };
        (root, self.kept)
    }

    /// Takes the subtrees before a position.
    fn cover(&mut self, position: u64) {
        while self.fault.is_none()
            && let Some(spot) = self.next.filter(|spot| spot.first() < position)
        {
            self.next = self.spots.next();
            let Some(hash) = self.hashes.next() else {
                return self.lost("it lacks subtrees for the facts that are not shown");
            };
            let node = Node { first: spot.first(), leaves: spot.leaves(), hash: *hash };
            let taken = self.tree.node(&node);
            self.note(taken);
            self.look();
        }
    }

    fn note(&mut self, taken: Result<(), CoverFault>) {
        if let Err(fault) = taken {
            self.lost(&fault.to_string());
        }
    }

    /// Whether a checkpoint was kept of a log of just this size.
    fn look(&mut self) {
        let size = self.tree.next() - 1;
        for kept in self.kept.iter_mut().filter(|kept| kept.checkpoint.size == size) {
            kept.root = self.tree.clone().finish(size).ok();
        }
    }
}
