//! The Merkle tree over all facts, as RFC 6962 defines it: a root commits to every record before it.
//!
//! Only the peaks are kept, the roots of the perfect subtrees from left to right: enough to append
//! and to know the root.

use aws_lc_rs::digest::{Context, Digest, SHA256, digest};

/// A SHA-256 digest: of a leaf, a node or a whole tree.
pub type Hash = [u8; HASH_BYTES];

/// The length of such a digest, in bytes.
pub const HASH_BYTES: usize = 32;

/// The number of peaks a tree can have: one for each bit of its count of leaves.
pub const PEAKS_MAX: usize = 64;

/// The tree before the next leaf: as little of it as goes on growing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peaks {
    count: u64,
    /// The largest subtree, which holds the first leaves, comes first.
    peaks: Vec<Hash>,
}

impl Peaks {
    /// The tree without leaves.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The tree of `count` leaves that has these peaks, or nothing if it cannot have so many.
    pub fn from_parts(count: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == peaks_of(count)).then_some(Self { count, peaks })
    }

    /// The number of leaves.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The roots of the perfect subtrees, the largest first.
    pub fn as_slice(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf, as [`leaf_hash`] gives it, at the right.
    pub fn append(&mut self, leaf: Hash) {
        let mut merged = leaf;
        let kept = self.peaks.len() - self.count.trailing_ones() as usize;
        for left in self.peaks.drain(kept..).rev() {
            merged = node_hash(&left, &merged);
        }
        self.peaks.push(merged);
        self.count += 1;
    }

    /// The root: SHA-256 of nothing for the empty tree.
    pub fn root(&self) -> Hash {
        let Some((smallest, larger)) = self.peaks.split_last() else {
            return hash_of(digest(&SHA256, b""));
        };
        larger.iter().rev().fold(*smallest, |right, left| node_hash(left, &right))
    }
}

/// The number of peaks of a tree with `count` leaves.
pub fn peaks_of(count: u64) -> usize {
    count.count_ones() as usize
}

/// The hash of a record as a leaf: SHA-256(0x00 || record).
pub fn leaf_hash(record: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0x00]);
    context.update(record);
    hash_of(context.finish())
}

/// The hash over two subtrees: SHA-256(0x01 || left || right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0x01; 1 + 2 * HASH_BYTES];
    bytes[1..=HASH_BYTES].copy_from_slice(left);
    bytes[1 + HASH_BYTES..].copy_from_slice(right);
    hash_of(digest(&SHA256, &bytes))
}

fn hash_of(digest: Digest) -> Hash {
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves and roots of the reference tests of Certificate Transparency, which RFC 6962 grew
    /// out of.
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    /// RFC 6962, section 2.1, word for word.
    fn naive_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => hash_of(digest(&SHA256, b"")),
            [leaf] => *leaf,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node_hash(&naive_root(&leaves[..split]), &naive_root(&leaves[split..]))
            }
        }
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let mut peaks = Peaks::empty();
        assert_eq!(peaks.root().to_vec(), unhex(ROOTS[0]));
        for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            peaks.append(leaf_hash(&unhex(leaf)));
            assert_eq!(peaks.root().to_vec(), unhex(root), "after leaf {leaf:?}");
        }
    }

    #[test]
    fn peaks_and_the_definition_agree_on_every_small_tree() {
        let mut peaks = Peaks::empty();
        let mut leaves = Vec::new();
        for n in 0..=200_u64 {
            assert_eq!(peaks.count(), n);
            assert_eq!(peaks.as_slice().len(), peaks_of(n));
            assert_eq!(peaks.root(), naive_root(&leaves), "{n} leaves");
            let leaf = leaf_hash(&n.to_le_bytes());
            leaves.push(leaf);
            peaks.append(leaf);
        }
    }

    #[test]
    fn a_tree_goes_on_from_its_parts() {
        let mut whole = Peaks::empty();
        (0..11_u8).for_each(|n| whole.append(leaf_hash(&[n])));
        let mut parts = Peaks::from_parts(11, whole.as_slice().to_vec()).unwrap();
        assert_eq!(parts, whole);
        parts.append(leaf_hash(b"next"));
        whole.append(leaf_hash(b"next"));
        assert_eq!(parts.root(), whole.root());
    }

    #[test]
    fn a_wrong_number_of_peaks_makes_no_tree() {
        assert_eq!(Peaks::from_parts(3, vec![[0; 32]]), None);
        assert_eq!(Peaks::from_parts(0, vec![[0; 32]]), None);
        assert_eq!(Peaks::from_parts(0, vec![]), Some(Peaks::empty()));
    }
}
