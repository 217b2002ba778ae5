//! Proofs over a store's own log: across the subtrees that are held, and while it grows.

use super::house::*;
use crate::error::StoreError;
use crate::open::Store;
use crate::proof::{CoverRoot, verify_consistency, verify_inclusion};
use crate::tree::{Hash, Peaks, leaf_hash};
use crate::turn::Writer;

/// Commits so many facts in frames of a few, whose borders lie anywhere.
fn grow(writer: &mut Writer, from: u64, count: u64) {
    for chunk in (from..from + count).collect::<Vec<_>>().chunks(37) {
        let facts = chunk.iter().map(|n| attribute(1, &format!("a{n}"), &"x".repeat(40))).collect();
        write(writer, facts).expect("written");
    }
}

/// The leaves and all roots as the records have them, read once and in order.
fn roots(store: &Store) -> (Vec<Hash>, Vec<Hash>) {
    let (mut tree, mut leaves) = (Peaks::empty(), Vec::new());
    let mut roots = vec![tree.root()];
    for (_, record) in store.journal().records(1, u64::MAX).expect("a journal") {
        leaves.push(leaf_hash(&record));
        tree.append(leaf_hash(&record));
        roots.push(tree.root());
    }
    (leaves, roots)
}

fn at(position: u64) -> usize {
    usize::try_from(position).expect("small")
}

fn check(store: &Store, step: usize) {
    let (leaves, roots) = roots(store);
    let head = store.log_head();
    assert_eq!((head.size, head.root), (leaves.len() as u64, roots[leaves.len()]));
    for size in (0..=head.size).rev().step_by(step) {
        assert_eq!(store.root_at(size).expect("a root"), roots[at(size)], "{size}");
        for position in (1..=size).step_by(step) {
            let proof = store.inclusion(position, size).expect("a proof");
            assert_eq!(leaf_hash(&proof.record), leaves[at(position - 1)]);
            assert_eq!(proof.root, roots[at(size)]);
            let leaf = &leaves[at(position - 1)];
            let verdict = verify_inclusion(position, size, leaf, &proof.path, &roots[at(size)]);
            assert_eq!(verdict, Ok(()), "{position} of {size}");
            let path = store.consistency(position, size).expect("a proof");
            let (earlier, later) = (&roots[at(position)], &roots[at(size)]);
            let verdict = verify_consistency(position, earlier, size, later, &path);
            assert_eq!(verdict, Ok(()), "{position} to {size}");
        }
        // All but every so manieth; and then none.
        for included in [(1..=size).step_by(step + 90).collect(), Vec::new()] {
            let mut fold = CoverRoot::new();
            let nodes = store.cover(size, &included).expect("a cover");
            let mut nodes = nodes.iter().peekable();
            for position in included.iter().copied().chain([u64::MAX]) {
                while let Some(node) = nodes.next_if(|node| node.first < position) {
                    fold.node(node).expect("in order");
                }
                if position <= size {
                    fold.leaf(position, leaves[at(position - 1)]).expect("in order");
                }
            }
            assert_eq!(fold.finish(size), Ok(roots[at(size)]), "{included:?} of {size}");
        }
    }
}

#[test]
fn every_proof_of_a_store_leads_to_the_root_that_was_committed_also_when_it_grew_since() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada")]).expect("written");
    check(&store, 1);
    grow(&mut writer, 0, 300);
    check(&store, 29);
    grow(&mut writer, 300, 700);
    check(&store, 83);
    drop((store, writer));
    let (store, _writer) = house.open();
    check(&store, 211);
}

#[test]
fn nothing_is_proven_of_what_the_log_does_not_have() {
    let house = House::new();
    let (store, _writer) = house.open();
    let size = store.log_head().size;
    let refused = |proof: Result<(), StoreError>| match proof {
        Err(StoreError::NoProof { what }) => what,
        other => panic!("{other:?}"),
    };
    for (position, of) in [(0, size), (size + 1, size), (1, size + 1), (0, 0), (u64::MAX, size)] {
        let what = refused(store.inclusion(position, of).map(drop));
        assert!(what.contains(&of.to_string()), "{what}");
    }
    for (from, to) in [(0, size), (2, 1), (1, size + 1), (size + 1, size + 1)] {
        let what = refused(store.consistency(from, to).map(drop));
        assert!(what.contains(&to.to_string()), "{what}");
    }
    refused(store.cover(size + 1, &[]).map(drop));
    refused(store.root_at(u64::MAX).map(drop));
}
