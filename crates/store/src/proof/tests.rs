//! Every proof of every small tree beside the definition of RFC 6962, section 2.1, word for word.

use std::collections::BTreeSet;
use std::convert::Infallible;

use super::*;
use crate::tree::{Peaks, leaf_hash};

/// Beyond two blocks of 64, so that every shape of a tree occurs more than once.
const LEAVES_MAX: u64 = 131;

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_le_bytes())).collect()
}

/// MTH(D[n]).
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Peaks::empty().root(),
        [leaf] => *leaf,
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            node_hash(&mth(&leaves[..k]), &mth(&leaves[k..]))
        }
    }
}

/// PATH(m, D[n]).
fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut path, beside) = if m < k {
        (path(m, &leaves[..k]), mth(&leaves[k..]))
    } else {
        (path(m - k, &leaves[k..]), mth(&leaves[..k]))
    };
    path.push(beside);
    path
}

/// SUBPROOF(m, D[n], b).
fn subproof(m: usize, leaves: &[Hash], b: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if b { Vec::new() } else { vec![mth(leaves)] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut proof, beside) = if m <= k {
        (subproof(m, &leaves[..k], b), mth(&leaves[k..]))
    } else {
        (subproof(m - k, &leaves[k..], false), mth(&leaves[..k]))
    };
    proof.push(beside);
    proof
}

/// The hash of a subtree, straight from its leaves.
fn node_of(leaves: &[Hash]) -> impl FnMut(Spot) -> Result<Hash, Infallible> {
    |spot| {
        let first = usize::try_from(spot.first() - 1).unwrap();
        Ok(mth(&leaves[first..first + usize::try_from(spot.leaves()).unwrap()]))
    }
}

fn size_of(leaves: &[Hash]) -> u64 {
    leaves.len() as u64
}

#[test]
fn every_inclusion_proof_is_the_definitions_and_is_believed() {
    let all = leaves(LEAVES_MAX);
    for size in 1..=all.len() {
        let (leaves, whole) = (&all[..size], mth(&all[..size]));
        for index in 0..size {
            let position = index as u64 + 1;
            let Ok(proof) = inclusion(position, size as u64, &mut node_of(leaves));
            assert_eq!(proof, path(index, leaves), "{position} of {size}");
            let verify = |at, of, leaf: &Hash, proof: &[Hash], root: &Hash| {
                verify_inclusion(at, of, leaf, proof, root)
            };
            let size = size as u64;
            assert_eq!(verify(position, size, &leaves[index], &proof, &whole), Ok(()));
            assert_eq!(
                verify(position, size, &leaf_hash(b"forged"), &proof, &whole),
                Err(ProofFault::Root)
            );
            assert_ne!(verify(position + 1, size, &leaves[index], &proof, &whole), Ok(()));
            assert_ne!(verify(position - 1, size, &leaves[index], &proof, &whole), Ok(()));
            let longer = [proof.as_slice(), &[whole]].concat();
            assert_ne!(verify(position, size, &leaves[index], &longer, &whole), Ok(()));
            if let Some((_, shorter)) = proof.split_last() {
                assert_ne!(verify(position, size, &leaves[index], shorter, &whole), Ok(()));
            }
            for at in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[at][7] ^= 1;
                let verdict = verify(position, size, &leaves[index], &wrong, &whole);
                assert_eq!(verdict, Err(ProofFault::Root), "{position} of {size}, hash {at}");
            }
        }
    }
}

#[test]
fn every_consistency_proof_is_the_definitions_and_is_believed() {
    let all = leaves(LEAVES_MAX);
    for to in 1..=all.len() {
        let (later, to_root) = (&all[..to], mth(&all[..to]));
        for from in 1..=to {
            let from_root = mth(&all[..from]);
            let (m, n) = (from as u64, to as u64);
            let Ok(proof) = consistency(m, n, &mut node_of(later));
            assert_eq!(proof, subproof(from, later, true), "{from} to {to}");
            assert_eq!(verify_consistency(m, &from_root, n, &to_root, &proof), Ok(()));
            let other = leaf_hash(b"another log");
            assert_ne!(verify_consistency(m, &other, n, &to_root, &proof), Ok(()));
            assert_ne!(verify_consistency(m, &from_root, n, &other, &proof), Ok(()));
            let longer = [proof.as_slice(), &[to_root]].concat();
            assert_ne!(verify_consistency(m, &from_root, n, &to_root, &longer), Ok(()));
            for at in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[at][31] ^= 0x80;
                let verdict = verify_consistency(m, &from_root, n, &to_root, &wrong);
                assert_eq!(verdict, Err(ProofFault::Root), "{from} to {to}, hash {at}");
                assert_ne!(
                    verify_consistency(m, &from_root, n, &to_root, &proof[..at]),
                    Ok(()),
                    "{from} to {to}, {at} hashes"
                );
            }
        }
    }
}

#[test]
fn a_proof_about_what_is_not_in_the_log_is_none() {
    let root = Peaks::empty().root();
    for (position, size) in [(0, 0), (0, 1), (1, 0), (2, 1), (u64::MAX, 1)] {
        let verdict = verify_inclusion(position, size, &root, &[], &root);
        assert_eq!(verdict, Err(ProofFault::Range), "{position} of {size}");
    }
    for (from, to) in [(0, 0), (0, 5), (6, 5)] {
        let verdict = verify_consistency(from, &root, to, &root, &[]);
        assert_eq!(verdict, Err(ProofFault::Range), "{from} to {to}");
    }
    // The largest numbers that a stranger can write make no trouble.
    assert_ne!(verify_inclusion(1, u64::MAX, &root, &vec![root; 70], &root), Ok(()));
    assert_ne!(verify_consistency(u64::MAX - 1, &root, u64::MAX, &root, &[root; 70]), Ok(()));
}

#[test]
fn roots_of_the_first_so_many_are_the_definitions() {
    let all = leaves(LEAVES_MAX);
    for size in 0..=all.len() {
        let Ok(found) = root(size as u64, &mut node_of(&all));
        assert_eq!(found, mth(&all[..size]), "{size}");
    }
}

/// What RFC 6962's recursion visits when it stops at every subtree without an included leaf, parted
/// into perfect ones.
fn definition_of_cover(
    first: u64,
    leaves: u64,
    included: &BTreeSet<u64>,
    found: &mut Vec<(u64, u64)>,
) {
    if leaves == 0 {
        return;
    }
    let holds = included.range(first..first + leaves).next().is_some();
    if leaves.is_power_of_two() && !holds {
        found.push((first, leaves));
    } else if leaves > 1 {
        let left = left_of(leaves);
        definition_of_cover(first, left, included, found);
        definition_of_cover(first + left, leaves - left, included, found);
    }
}

/// Folds what is included and what stands for the rest back into a root.
fn refolded(all: &[Hash], included: &BTreeSet<u64>, nodes: &[Node]) -> Result<Hash, CoverFault> {
    let mut fold = CoverRoot::new();
    let (mut included, mut nodes) = (included.iter().peekable(), nodes.iter().peekable());
    loop {
        match (included.peek(), nodes.peek()) {
            (Some(position), Some(node)) if **position > node.first => fold.node(node)?,
            (Some(position), _) => {
                fold.leaf(**position, all[usize::try_from(**position - 1).unwrap()])?;
                included.next();
                continue;
            }
            (None, Some(node)) => fold.node(node)?,
            (None, None) => return fold.finish(size_of(all)),
        }
        nodes.next();
    }
}

/// The next of a row of numbers that looks like chance (Marsaglia 2003).
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[test]
fn a_cover_is_the_largest_subtrees_beside_what_is_included_and_makes_the_root() {
    let all = leaves(LEAVES_MAX);
    let mut seed = 0x5DEE_CE66_D154_2B0B;
    for size in 0..=LEAVES_MAX {
        let leaves = &all[..usize::try_from(size).unwrap()];
        // Of every 1, 2, 8, 64 facts about one is included; and once none.
        for rare in [1, 2, 8, 64, u64::MAX] {
            let included: BTreeSet<u64> =
                (1..=size).filter(|_| next(&mut seed).is_multiple_of(rare)).collect();
            let mut wanted = Vec::new();
            definition_of_cover(1, size, &included, &mut wanted);
            let nodes: Vec<Node> = spots(size, included.iter().copied())
                .map(|spot| {
                    let Ok(hash) = node_of(leaves)(spot);
                    Node { first: spot.first(), leaves: spot.leaves(), hash }
                })
                .collect();
            let found: Vec<_> = nodes.iter().map(|node| (node.first, node.leaves)).collect();
            assert_eq!(found, wanted, "{size} facts, {included:?}");
            assert_eq!(refolded(leaves, &included, &nodes), Ok(mth(leaves)), "{included:?}");
            for left_out in 0..nodes.len() {
                let mut fewer = nodes.clone();
                let node = fewer.remove(left_out);
                let from = node.first;
                match refolded(leaves, &included, &fewer) {
                    Err(CoverFault::Missing { from: named, .. }) => assert_eq!(named, from),
                    other => panic!("{other:?} without {node:?} of {size}"),
                }
            }
        }
    }
}

#[test]
fn a_cover_that_overlaps_or_is_no_subtree_is_named() {
    let all = leaves(8);
    let node = |first, leaves| Node { first, leaves, hash: [7; 32] };
    let mut fold = CoverRoot::new();
    fold.node(&node(1, 4)).expect("a subtree");
    assert_eq!(fold.leaf(4, all[3]), Err(CoverFault::Overlaps { position: 4 }));
    assert_eq!(fold.leaf(7, all[6]), Err(CoverFault::Missing { from: 5, to: 6 }));
    for leaves in [0, 3, 8, u64::MAX, 1 << 63] {
        let fault = CoverFault::NoSubtree { position: 5, leaves };
        assert_eq!(fold.node(&node(5, leaves)), Err(fault), "{leaves}");
    }
    fold.node(&node(5, 2)).expect("what was refused left nothing behind");
    assert_eq!(fold.next(), 7);
    assert_eq!(fold.clone().finish(5), Err(CoverFault::Overlaps { position: 6 }));
    assert_eq!(fold.finish(9), Err(CoverFault::Missing { from: 7, to: 9 }));
    assert_eq!(CoverRoot::new().finish(0), Ok(Peaks::empty().root()));
}
