//! Erasing: the fold is the same whether the key went before it, after it or in the midst of it; and a
//! crash anywhere in an erasure ends with the key in both files or in none.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::fact::{Event, Fact, Part};
use domain::id::{CodeId, Position, Slot, TokenId, UserId};
use domain::policy::Right;
use domain::secret::TokenHash;
use domain::session::{self, EndReason};
use domain::text::{Email, Name, Username};
use domain::time::Timestamp;
use domain::user::state::{LinkKey, LinkKind};
use domain::user::{self, access, mail};
use parking_lot::Mutex;
use ulid::Ulid;

use super::house::*;
use crate::journal::disk::RealDisk;
use crate::journal::testing::{FailingDisk, Op, TempDir};
use crate::keyring::{FILE_NAMES, Loaded, MasterKey, Months, SlotState};
use crate::notice::Notice;
use crate::open::{MASTER_KEY, Options, Origins, Store};
use crate::turn::Writer;
use crate::views::{Subject, UserRow, Views, apply};

const PEOPLE: u64 = 6;

/// Draws below a bound, from a seed.
fn chance(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    }
}

fn token(number: u64) -> TokenHash {
    let mut hash = [0x77; 32];
    hash[..8].copy_from_slice(&number.to_le_bytes());
    TokenHash(hash)
}

/// Something that may happen to somebody who lives: every kind of row is touched by one or another.
fn something(draw: &mut impl FnMut(u64) -> u64, user: u128, step: u64) -> Event {
    let name = |text: String| Name::parse(&text).unwrap();
    let link = |n| LinkKey { kind: LinkKind::BasicAuth, definition: name(format!("link-{n}")) };
    let code = CodeId(Ulid(u128::from(step) + 1));
    let event = match draw(14) {
        0 => user::Event::Locked,
        1 => user::Event::Unlocked,
        2 => return attribute(user, &format!("a{}", draw(3)), &step.to_string()),
        3 => user::Event::UsernameChanged {
            username: Username::parse(&format!("Name-{user}-{}", draw(3))).unwrap(),
        },
        4 => user::Event::EmailChanged {
            email: Email::parse(&format!("U{}@example.com", draw(3))).unwrap(),
        },
        5 => user::Event::EmailRemoved,
        6 => return session_started(u128::from(step) + 1, user),
        7 => user::Event::PatAdded {
            token: TokenId(Ulid(u128::from(step) + 1)),
            hash: token(step),
            name: name(format!("pat {step}")),
            expires: Timestamp::NEVER,
        },
        8 => user::Event::RightGranted { right: Right::SuperUser },
        9 => access::Event::ResetRequested {
            code,
            token: token(step),
            expires: Timestamp::NEVER,
            mail_owed: draw(2) == 0,
        }
        .into(),
        // Nobody else ever holds this one, and it may be held again after it was given up.
        10 => access::Event::Linked { link: link(user), active: true }.into(),
        11 => access::Event::Unlinked { link: link(user) }.into(),
        12 => user::Event::from(mail::Event::Requested { kind: mail::MailKind::Welcome }),
        _ => user::Event::Approved,
    };
    happened(user, event)
}

/// Lives of several people, of whom `gone` leave one after the other, some long before they are erased,
/// while others take the names that they leave.
fn lives(seed: u64, gone: u64) -> Vec<Vec<Event>> {
    let mut draw = chance(seed);
    let mut turns: Vec<Vec<Event>> =
        (1..=PEOPLE).map(|n| vec![signed_up(n.into(), &format!("Name-{n}-0"))]).collect();
    for leaving in 1..=gone {
        for step in 0..40 + draw(30) {
            let user = u128::from(leaving + draw(PEOPLE + 1 - leaving));
            turns.push(vec![something(&mut draw, user, leaving * 1_000 + step)]);
        }
        let (deleted, erased) = (user::Event::Deleted, user::Event::Erased);
        let leaving = u128::from(leaving);
        if draw(2) == 0 {
            turns.push(vec![happened(leaving, deleted), happened(leaving, erased)]);
        } else {
            turns.push(vec![happened(leaving, deleted)]);
            let heir = u128::from(PEOPLE);
            let username = Username::parse(&format!("Name-{leaving}-0")).unwrap();
            turns.push(vec![happened(heir, user::Event::UsernameChanged { username })]);
            turns.push(vec![happened(leaving, erased)]);
        }
    }
    turns
}

fn everything(store: &Store) -> Vec<Fact> {
    let last = store.views().globals().position.0;
    let positions: Vec<Position> = (1..=last).map(Position).collect();
    store.facts(&positions, Origins::Open).unwrap()
}

fn folded(facts: impl IntoIterator<Item = Fact>) -> Views {
    let mut views = Views::default();
    facts.into_iter().for_each(|fact| apply(&mut views, &fact));
    views
}

/// Whether the log tells about somebody only what stands in the clear.
fn is_about(fact: &Fact, store: &Store, users: &[UserId]) -> bool {
    store.views().owner(fact.head.slot).is_some_and(|owner| users.contains(&owner))
}

/// The law of erasing (design D3): with every key that goes, wherever in the fold it goes, the same rows.
#[test]
fn folding_open_and_then_erased_is_folding_erased() {
    for seed in 1..=12 {
        let gone = 1 + seed % 3;
        let house = House::new();
        let (store, mut writer) = house.open();
        let mut open: Vec<Fact> = everything(&store);
        for events in lives(seed, gone) {
            let before = store.views().globals().position.0;
            let erases =
                events.iter().any(|event| matches!(event, Event::User(_, user::Event::Erased)));
            write(&mut writer, events.clone()).unwrap();
            let last = store.views().globals().position.0;
            let fresh: Vec<Position> = (before + 1..=last).map(Position).collect();
            let read = store.facts(&fresh, Origins::Open).unwrap();
            // Of the turn that destroys the key, what it says was known before.
            let read = read.into_iter().zip(events).map(|(fact, event)| {
                let body = if erases { Part::Open(event) } else { fact.body };
                Fact { body, ..fact }
            });
            open.extend(read);
        }
        let erased = everything(&store);
        let leavers: Vec<UserId> = (1..=gone).map(|n| id(n.into())).collect();
        for fact in &erased {
            let of_leaver = is_about(fact, &store, &leavers);
            let tells = matches!(fact.body, Part::Open(_));
            assert_eq!(tells, !of_leaver || fact.name == "user.erased", "{}", fact.name);
        }
        let names = |facts: &[Fact]| facts.iter().map(|fact| fact.name).collect::<Vec<_>>();
        assert_eq!(names(&open), names(&erased), "what happened keeps its name");

        let served = store.views().digest();
        for cut in (0..=open.len()).rev().step_by(5).chain([0]) {
            let before = open[..cut].iter().cloned();
            let views = folded(before.chain(erased[cut..].iter().cloned()));
            assert_eq!(views.digest(), served, "seed {seed}, the keys went after {cut} facts");
        }
        for leaver in leavers {
            let views = store.views();
            let Some(UserRow::Gone(gone)) = views.user_row(leaver) else { panic!("it is gone") };
            assert!(gone.erased && views.is_destroyed(gone.slot));
            assert_eq!(views.history(Subject::Of(leaver)).unwrap().len(), {
                erased.iter().filter(|fact| is_about(fact, &store, &[leaver])).count()
            });
        }
        drop((store, writer));
        let (store, _writer) = house.open();
        assert_eq!(store.views().digest(), served, "seed {seed}, after a start");
    }
}

/// Ada with something of everything, and Bob.
fn ada_and_bob(writer: &mut Writer) {
    write(writer, vec![signed_up(1, "ada"), session_started(1, 1), signed_up(2, "bob")]).unwrap();
    write(writer, vec![attribute(1, "city", "Turin"), session_attribute(1, "a", "b")]).unwrap();
}

fn erase(writer: &mut Writer, user: u128) {
    let gone = vec![happened(user, user::Event::Deleted), happened(user, user::Event::Erased)];
    write(writer, gone).unwrap();
}

fn slot_of(store: &Store, user: u128) -> Slot {
    store.views().user_row(id(user)).unwrap().slot().unwrap()
}

/// Which of the two files still have something in the slot that was a key before.
fn files_with_key(dir: &Path, slot: Slot, wrapped: [[u8; 128]; 2]) -> Vec<usize> {
    let bytes = |file: usize| fs::read(dir.join(FILE_NAMES[file])).unwrap();
    let holds = |file: &usize| {
        let bytes = bytes(*file);
        // Wherever in the file: a key that moved is not gone.
        wrapped.iter().any(|slot| bytes.windows(48).any(|window| window == &slot[32..80]))
    };
    let files: Vec<usize> = [0, 1].into_iter().filter(holds).collect();
    for file in [0, 1] {
        let at = 512 + 128 * (slot.0 as usize - 1);
        let zeros = bytes(file)[at + 20..at + 124].iter().all(|byte| *byte == 0);
        assert_eq!(zeros, !files.contains(&file), "{}", FILE_NAMES[file]);
    }
    files
}

fn wrapped(dir: &Path, slot: Slot) -> [[u8; 128]; 2] {
    let at = 512 + 128 * (slot.0 as usize - 1);
    FILE_NAMES.map(|name| fs::read(dir.join(name)).unwrap()[at..at + 128].try_into().unwrap())
}

fn fact_names(store: &Store, user: u128) -> Vec<(&'static str, bool)> {
    let positions: Vec<Position> =
        store.views().history(Subject::Of(id(user))).unwrap().iter().collect();
    let facts = store.facts(&positions, Origins::Leave).unwrap();
    facts.iter().map(|fact| (fact.name, matches!(fact.body, Part::Open(_)))).collect()
}

#[test]
fn an_erased_users_key_is_out_of_both_files_when_the_turn_returns() {
    let house = House::new();
    let (store, mut writer) = house.open();
    ada_and_bob(&mut writer);
    let (ada, bob) = (slot_of(&store, 1), slot_of(&store, 2));
    let before = [wrapped(house.path(), ada), wrapped(house.path(), bob)];
    assert_eq!(files_with_key(house.path(), ada, before[0]), [0, 1]);
    erase(&mut writer, 1);
    assert_eq!(files_with_key(house.path(), ada, before[0]), [0_usize; 0]);
    assert_eq!(files_with_key(house.path(), bob, before[1]), [0, 1], "bob's is left alone");
    assert!(!store.is_erasure_unfinished(ada) && store.finish_erasures());
    assert_eq!(
        fact_names(&store, 1),
        [
            ("user.signed_up", false),
            ("session.started", false),
            ("user.attribute_set", false),
            ("session.attribute_set", false),
            ("user.deleted", false),
            ("user.erased", true),
        ]
    );
    assert!(fact_names(&store, 2).iter().all(|(_, open)| *open));
    write(&mut writer, vec![signed_up(3, "ada")]).expect("her name is free");
    let (report, rebuilt) = store.verify().unwrap();
    assert_eq!(report.findings, Vec::<String>::new());
    assert_eq!(writer.compare(rebuilt.unwrap()).unwrap(), Vec::<String>::new());
}

#[test]
fn the_dead_who_were_deleted_long_ago_are_erased_after_a_start() {
    let house = House::new();
    let (store, mut writer) = house.open();
    ada_and_bob(&mut writer);
    let slot = slot_of(&store, 1);
    let before = wrapped(house.path(), slot);
    write(&mut writer, vec![happened(1, user::Event::Deleted)]).unwrap();
    drop((store, writer));
    let (store, mut writer) = house.open();
    assert_eq!(files_with_key(house.path(), slot, before), [0, 1], "deleted is not erased");
    assert!(fact_names(&store, 1).iter().all(|(_, open)| *open));
    write(&mut writer, vec![happened(1, user::Event::Erased)]).unwrap();
    assert_eq!(files_with_key(house.path(), slot, before), [0_usize; 0]);
}

#[test]
fn a_rebuild_during_which_somebody_is_erased_ends_with_the_same_rows() {
    let house = House::new();
    let (store, mut writer) = house.open();
    ada_and_bob(&mut writer);
    let rebuilt = store.rebuild().unwrap();
    erase(&mut writer, 1);
    assert_eq!(writer.swap(rebuilt).unwrap(), Vec::<String>::new());
    assert!(store.views().named("ada").is_none());
    let rebuilt = store.rebuild().unwrap();
    assert_eq!(writer.swap(rebuilt).unwrap(), Vec::<String>::new());
    assert!(store.views().is_destroyed(slot_of(&store, 1)));
}

/// A store on a disk that refuses writes and syncs of the keyring while a switch is on.
fn refusing() -> (House, FailingDisk) {
    let disk = FailingDisk::new();
    let house = House::empty(Arc::new(disk.clone()));
    house.create().unwrap();
    (house, disk)
}

#[test]
fn a_keyring_that_cannot_be_written_is_told_and_tried_again_by_the_next_turn() {
    let (house, disk) = refusing();
    let told: Arc<Mutex<Vec<Notice>>> = Arc::default();
    let telling = Arc::clone(&told);
    let (store, mut writer) =
        house.open_telling(Arc::new(move |notice: &Notice| telling.lock().push(notice.clone())));
    ada_and_bob(&mut writer);
    let slot = slot_of(&store, 1);
    let before = wrapped(house.path(), slot);
    disk.fail_when(|path, op| path == "keyring.b" && op == Op::Sync);
    erase(&mut writer, 1);
    assert!(store.is_erasure_unfinished(slot) && !store.finish_erasures());
    assert!(fact_names(&store, 1).iter().all(|(name, open)| *open == (*name == "user.erased")));
    let refused = |notice: &Notice| matches!(notice, Notice::KeyNotDestroyed { slots, .. } if *slots == [slot]);
    assert_eq!(told.lock().iter().filter(|notice| refused(notice)).count(), 1);
    disk.recover();
    write(&mut writer, vec![attribute(2, "a", "b")]).unwrap();
    assert!(!store.is_erasure_unfinished(slot));
    assert_eq!(files_with_key(house.path(), slot, before), [0_usize; 0]);
}

#[test]
fn a_start_finishes_an_erasure_that_the_disk_refused() {
    let (house, disk) = refusing();
    let (store, mut writer) = house.open();
    ada_and_bob(&mut writer);
    let slot = slot_of(&store, 1);
    // What the files were before anything failed.
    let older = FILE_NAMES.map(|name| fs::read(house.path().join(name)).unwrap());
    let before = wrapped(house.path(), slot);
    disk.fail_when(|path, _| path.starts_with("keyring"));
    erase(&mut writer, 1);
    drop((store, writer));
    disk.recover();
    for kept in [&[0, 1][..], &[0], &[1]] {
        for file in kept {
            fs::write(house.path().join(FILE_NAMES[*file]), &older[*file]).unwrap();
        }
        let told: Arc<Mutex<Vec<Notice>>> = Arc::default();
        let telling = Arc::clone(&told);
        let notify = move |notice: &Notice| telling.lock().push(notice.clone());
        let (store, _writer) = house.open_telling(Arc::new(notify));
        assert_eq!(files_with_key(house.path(), slot, before), [0_usize; 0], "{kept:?}");
        if kept.len() == 2 {
            assert_eq!(*told.lock(), [Notice::ErasuresFinished { slots: vec![slot] }]);
        }
        assert!(store.views().user(id(1)).is_none() && store.views().user(id(2)).is_some());
    }
}

#[test]
fn a_repair_copies_no_key_that_was_destroyed() {
    for file in [0, 1] {
        let house = House::new();
        let (store, mut writer) = house.open();
        ada_and_bob(&mut writer);
        let slot = slot_of(&store, 1);
        let older = FILE_NAMES.map(|name| fs::read(house.path().join(name)).unwrap());
        let before = wrapped(house.path(), slot);
        erase(&mut writer, 1);
        drop((store, writer));
        // An older copy of one file comes back, and the other is lost.
        fs::write(house.path().join(FILE_NAMES[file]), &older[file]).unwrap();
        fs::remove_file(house.path().join(FILE_NAMES[1 - file])).unwrap();
        let (store, _writer) = house.open();
        assert_eq!(files_with_key(house.path(), slot, before), [0_usize; 0], "{file}");
        let (report, _) = store.verify().unwrap();
        assert_eq!(report.findings, Vec::<String>::new());
    }
}

/// The data directory as it was before an act, and after each operation on the disk that it took.
fn after_each_operation(act: impl FnOnce(&mut Writer, &Store)) -> (Vec<TempDir>, House) {
    let (house, disk) = refusing();
    let (store, mut writer) = house.open();
    ada_and_bob(&mut writer);
    let copies = Arc::new(Mutex::new(vec![copy(house.path())]));
    let (from, into) = (house.path().to_owned(), Arc::clone(&copies));
    disk.fail_when(move |_, _| {
        into.lock().push(copy(&from));
        false
    });
    act(&mut writer, &store);
    disk.recover();
    let copies = std::mem::take(&mut *copies.lock());
    (copies, house)
}

fn copy(from: &Path) -> TempDir {
    let to = TempDir::new();
    let mut dirs: Vec<PathBuf> = vec![PathBuf::new()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(from.join(&dir)).unwrap() {
            let entry = entry.unwrap();
            let inside = dir.join(entry.file_name());
            // sled may be deleted at any time, and is at work meanwhile.
            if entry.file_name() == "sled" {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                fs::create_dir(to.path().join(&inside)).unwrap();
                dirs.push(inside);
            } else {
                fs::copy(entry.path(), to.path().join(&inside)).unwrap();
            }
        }
    }
    to
}

fn open_copy(house: &House, dir: &Path) -> (Arc<Store>, Writer) {
    let options = house.options(false);
    let disk = Arc::new(RealDisk);
    Store::open(&Options { dir: dir.to_owned(), disk, ..options }).unwrap()
}

#[test]
fn a_crash_after_any_operation_of_an_erasure_leaves_all_or_nothing() {
    let (copies, house) = after_each_operation(|writer, _| erase(writer, 1));
    // The frame is written and synced, then each of the two files.
    assert!(copies.len() >= 7, "{} states", copies.len());
    let mut outcomes = Vec::new();
    for dir in &copies {
        let dir = dir.path();
        let (store, mut writer) = open_copy(&house, dir);
        let slot = slot_of(&store, 1);
        let erased = store.views().is_destroyed(slot);
        let master = MasterKey::load(&RealDisk, &dir.join(MASTER_KEY)).unwrap();
        let has_key = key_in_files(dir, &store, &master, slot);
        assert_eq!(has_key, !erased, "the fact says whether the key is there");
        assert_eq!(store.views().user(id(1)).is_some(), !erased);
        assert_eq!(fact_names(&store, 1).iter().all(|(_, open)| *open), !erased);
        let (report, rebuilt) = store.verify().unwrap();
        assert_eq!(report.findings, Vec::<String>::new());
        assert_eq!(writer.compare(rebuilt.unwrap()).unwrap(), Vec::<String>::new());
        outcomes.push(erased);
    }
    assert!(outcomes.is_sorted(), "once it is on record it stays: {outcomes:?}");
    assert!(!outcomes[0] && outcomes[outcomes.len() - 1]);
    assert!(outcomes.iter().filter(|erased| **erased).count() >= 5, "{outcomes:?}");
}

/// Whether the keyring in a directory, read again from its files, has a key in the slot.
fn key_in_files(dir: &Path, store: &Store, master: &MasterKey, slot: Slot) -> bool {
    let loaded = Loaded::load(&RealDisk, dir, store.id(), master, store.sources()).unwrap();
    matches!(loaded.view(Months::default()).key(slot), SlotState::Filled(_))
}

#[test]
fn sessions_of_somebody_who_is_erased_are_over_in_the_same_turn() {
    let house = House::new();
    let (store, mut writer) = house.open();
    ada_and_bob(&mut writer);
    let ended = Event::Session(
        domain::id::SessionId(Ulid::from_parts(2, 1)),
        session::Event::Ended { reason: EndReason::Revoked },
    );
    write(&mut writer, vec![session_started(2, 1), session_started(3, 2), ended]).unwrap();
    erase(&mut writer, 1);
    let views = store.views();
    assert_eq!(views.sessions_of(id(1)).count(), 0);
    assert_eq!(views.sessions_of(id(2)).count(), 1);
    assert_eq!(views.counts().sessions, 1);
}
