//! Proofs over a store's own log: across the subtrees that are held, and while it grows.

use super::house::*;
use crate::checkpoint::Origin;
use crate::error::StoreError;
use crate::identity::{self, Identity};
use crate::open::Store;
use crate::proof::{
    CoverRoot, Inclusion, LogHead, ProofFile, verify_consistency, verify_inclusion,
};
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

#[test]
fn checkpoints_are_signed_at_the_head_and_the_last_is_handed_out_again() {
    let house = House::new();
    let (store, mut writer) = house.open();
    let key = store.checkpoint_key().expect("every store has one");
    let first = store.checkpoint().expect("signed");
    assert_eq!(store.checkpoint().expect("signed"), first);
    write(&mut writer, vec![signed_up(1, "ada")]).expect("written");
    let second = store.checkpoint().expect("signed");
    assert_eq!(second.checkpoint.size, first.checkpoint.size + 1);
    for signed in [&first, &second] {
        let LogHead { epoch, .. } = store.log_head();
        assert_eq!(key.open(&signed.note).as_ref(), Ok(&signed.checkpoint));
        assert_eq!(signed.checkpoint.origin, Origin { store_id: store.id(), epoch });
        let root = store.root_at(signed.checkpoint.size).expect("a root");
        assert_eq!(signed.checkpoint.root, root);
    }
    assert_eq!(store.checkpoint_at(first.checkpoint.size).expect("signed"), first);
    drop((store, writer));
    let (store, _writer) = house.open();
    assert_eq!(store.checkpoint_key().expect("a key"), key, "a start changes nothing");
    assert_eq!(store.checkpoint().expect("signed"), second, "ed25519 signs without chance");
}

#[test]
fn a_proof_in_a_file_holds_without_the_store_and_no_byte_of_it_can_be_changed() {
    let house = House::new();
    let (store, mut writer) = house.open();
    write(&mut writer, vec![signed_up(1, "ada"), attribute(1, "a", "b")]).expect("written");
    let (key, head) = (store.checkpoint_key().expect("a key"), store.log_head());
    let Inclusion { record, path, .. } = store.inclusion(head.size - 1, head.size).expect("proven");
    let note = store.checkpoint().expect("signed").note;
    let file = ProofFile { position: head.size - 1, record, path, note };
    let text = file.render();
    assert_eq!(ProofFile::parse(&text), Ok(file.clone()));
    assert_eq!(file.verify(&key).map(|signed| signed.root), Ok(head.root));
    let verify = |text: &str| ProofFile::parse(text).and_then(|file| file.verify(&key));
    for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_graphic()) {
        let mut changed = text.clone().into_bytes();
        changed[at] = if byte == b'B' { b'C' } else { b'B' };
        let changed = String::from_utf8(changed).expect("ASCII in place of ASCII");
        assert!(verify(&changed).is_err(), "{changed}");
    }
    let moved = ProofFile { position: head.size, ..file };
    let refused = moved.verify(&key).expect_err("it is the fact before").to_string();
    assert!(refused.contains(&format!("position {}", head.size)), "{refused}");
}

#[test]
fn a_checkpoint_from_before_a_restore_still_holds_and_the_log_has_a_new_name() {
    let house = House::new();
    let (store, writer) = house.open();
    let (kept, old_key) = (store.checkpoint().expect("signed"), store.checkpoint_key());
    let old_key = old_key.expect("a key");
    let restored = Identity { epoch: 2, ..store.identity };
    drop((store, writer));
    identity::write(house.disk.as_ref(), house.path(), &restored).expect("written");
    let (store, _writer) = house.open();
    let key = store.checkpoint_key().expect("a key");
    assert_eq!(key.name(), old_key.name().replace("/1", "/2"));
    let signed = store.checkpoint().expect("signed");
    assert_eq!(signed.checkpoint.origin.epoch, 2);
    assert!(old_key.open(&signed.note).is_err(), "a log of another name");
    for (key, signed) in [(&key, &kept), (&old_key, &signed)] {
        assert_eq!(key.open_of_any_epoch(&signed.note).as_ref(), Ok(&signed.checkpoint));
    }
    let (earlier, later) = (&kept.checkpoint, &signed.checkpoint);
    assert_eq!(later.size, earlier.size + 1, "the log says that it was restored");
    let path = store.consistency(earlier.size, later.size).expect("proven");
    let verdict = verify_consistency(earlier.size, &earlier.root, later.size, &later.root, &path);
    assert_eq!(verdict, Ok(()));
}
