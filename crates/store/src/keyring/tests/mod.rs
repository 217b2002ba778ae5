use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use std::{fs, thread};

use domain::time::Timestamp;

mod repair;

use super::*;
use crate::journal::disk::{DiskFile, RealDisk};
use crate::journal::testing::TempDir;
use crate::sources::Reading;

const STORE: [u8; 16] = *b"a store, sixteen";

/// Bytes that look random and never come twice (`SplitMix64`).
fn sources() -> Sources {
    let state = AtomicU64::new(0);
    let fill = move |bytes: &mut [u8]| {
        for chunk in bytes.chunks_mut(8) {
            let step = 0x9E37_79B9_7F4A_7C15_u64;
            let mut value = state.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
            value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(value ^ (value >> 31)).to_le_bytes()[..chunk.len()]);
        }
    };
    let now = || Reading { wall: Timestamp(0), monotonic: Duration::ZERO };
    Sources { now: Arc::new(now), fill: Arc::new(fill) }
}

/// A directory with a master key and a keyring.
struct Place {
    dir: TempDir,
    sources: Sources,
}

impl Place {
    fn new() -> Self {
        let place = Self { dir: TempDir::new(), sources: sources() };
        let key_path = place.dir.path().join("muster.key");
        let master = MasterKey::create(&RealDisk, &key_path, &*place.sources.fill).unwrap();
        Keyring::create(
            &RealDisk,
            place.dir.path(),
            STORE,
            &master,
            (&place.sources, Settings::default()),
        )
        .unwrap();
        place
    }

    fn master(&self) -> MasterKey {
        MasterKey::load(&RealDisk, &self.dir.path().join("muster.key")).unwrap()
    }

    fn open(&self) -> Result<Keyring, KeyringError> {
        self.open_used(0).map(|(keyring, _)| keyring)
    }

    /// Opens it as a store does in whose log that slot is the highest, but for those that were erased.
    fn open_used(&self, highest: u32) -> Result<(Keyring, Vec<Repaired>), KeyringError> {
        let loaded = self.load(&self.master())?;
        let erased: Vec<u32> = {
            let keys = loaded.view(Months::default());
            let is_erased = |slot: &u32| matches!(keys.key(Slot(*slot)), SlotState::Erased);
            (1..=2 * SLOTS_AHEAD).filter(is_erased).collect()
        };
        let highest = erased.last().copied().unwrap_or_default().max(highest);
        let is_erased = |slot: Slot| erased.contains(&slot.0);
        let settled = loaded.settle(&RealDisk, Slot(highest), is_erased, Settings::default())?;
        Ok((settled.keyring, settled.repaired))
    }

    fn load(&self, master: &MasterKey) -> Result<Loaded, KeyringError> {
        Loaded::load(&RealDisk, self.dir.path(), STORE, master, &self.sources)
    }

    fn path(&self, file: usize) -> PathBuf {
        self.dir.path().join(FILE_NAMES[file])
    }

    fn bytes(&self, file: usize) -> Vec<u8> {
        fs::read(self.path(file)).unwrap()
    }

    /// Both files, one behind the other.
    fn both(&self) -> Vec<u8> {
        [self.bytes(0), self.bytes(1)].concat()
    }

    fn change_one(&self, file: usize, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.bytes(file);
        change(&mut bytes);
        fs::write(self.path(file), bytes).unwrap();
    }

    fn change(&self, change: impl Fn(&mut Vec<u8>)) {
        self.change_one(0, &change);
        self.change_one(1, &change);
    }
}

fn key(keyring: &Keyring, slot: u32) -> Option<[u8; 32]> {
    match keyring.view(Months::default()).key(Slot(slot)) {
        SlotState::Filled(key) => Some(*key.bytes()),
        SlotState::Empty | SlotState::Erased => None,
    }
}

fn is_erased(keyring: &Keyring, slot: u32) -> bool {
    matches!(keyring.view(Months::default()).key(Slot(slot)), SlotState::Erased)
}

fn slot_at(number: u32) -> usize {
    usize::try_from(layout::offset(number)).unwrap()
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    secret.windows(8).any(|part| bytes.windows(8).any(|window| window == part))
}

#[test]
fn slots_ahead_survive_reopening() {
    let place = Place::new();
    let before = place.open().unwrap();
    assert_eq!(before.free(Slot::CLEAR), SLOTS_AHEAD);
    let after = place.open().unwrap();
    assert_eq!(after.free(Slot::CLEAR), SLOTS_AHEAD);
    for slot in 1..=SLOTS_AHEAD {
        assert!(key(&before, slot).is_some());
        assert_eq!(key(&before, slot), key(&after, slot));
    }
    assert_ne!(key(&after, 1), key(&after, 2));
    assert_eq!(key(&after, 0), None);
    assert_eq!(key(&after, SLOTS_AHEAD + 1), None);
}

#[test]
fn filling_ahead_adds_keys_and_changes_none() {
    let place = Place::new();
    let keyring = place.open().unwrap();
    let first = key(&keyring, 1);
    assert_eq!(keyring.free(Slot(600)), SLOTS_AHEAD - 600);
    assert_eq!(keyring.fill_ahead(Slot(600)).unwrap(), SLOTS_AHEAD);
    assert_eq!(keyring.fill_ahead(Slot(600)).unwrap(), SLOTS_AHEAD);
    assert_eq!(key(&keyring, 1), first);
    let reopened = place.open().unwrap();
    assert_eq!(reopened.free(Slot(600)), SLOTS_AHEAD);
    assert_eq!(key(&reopened, 1), first);
    assert_eq!(key(&reopened, 1_624), key(&keyring, 1_624));
}

#[test]
fn a_wrong_master_key_is_refused_and_the_files_untouched() {
    let place = Place::new();
    let before = place.both();
    let other = place.dir.path().join("other.key");
    let other = MasterKey::create(&RealDisk, &other, &*place.sources.fill).unwrap();
    assert!(matches!(place.load(&other).err(), Some(KeyringError::WrongMasterKey)));
    place.change_one(1, |bytes| bytes[300] ^= 1);
    assert!(matches!(place.load(&other).err(), Some(KeyringError::WrongMasterKey)));
    place.change_one(1, |bytes| bytes[300] ^= 1);
    assert_eq!(place.both(), before);
}

#[test]
fn the_keyring_of_another_store_is_refused_and_never_overwritten() {
    let (place, other) = (Place::new(), Place::new());
    let master = place.master();
    let loaded = Loaded::load(&RealDisk, place.dir.path(), [9; 16], &master, &place.sources);
    assert!(matches!(loaded.err(), Some(KeyringError::OtherStore { .. })));
    drop(Keyring::create(
        &RealDisk,
        other.dir.path(),
        [9; 16],
        &master,
        (&other.sources, Settings::default()),
    ));
    fs::remove_file(other.path(0)).unwrap();
    fs::remove_file(other.path(1)).unwrap();
    Keyring::create(
        &RealDisk,
        other.dir.path(),
        [9; 16],
        &master,
        (&other.sources, Settings::default()),
    )
    .unwrap();
    fs::copy(other.path(1), place.path(1)).unwrap();
    let refused = place.open().err();
    assert!(matches!(refused, Some(KeyringError::OtherStore { .. })), "{refused:?}");
    assert_eq!(place.bytes(1), other.bytes(1));
}

#[test]
fn a_keyring_that_is_missing_is_not_made_anew() {
    let place = Place::new();
    fs::remove_file(place.path(0)).unwrap();
    fs::remove_file(place.path(1)).unwrap();
    assert!(matches!(place.open().err(), Some(KeyringError::Missing { .. })));
    assert!(!place.path(0).exists() && !place.path(1).exists());
}

#[test]
fn a_keyring_that_is_there_is_not_made_anew() {
    let place = Place::new();
    let before = place.both();
    let master = place.master();
    let made = Keyring::create(
        &RealDisk,
        place.dir.path(),
        STORE,
        &master,
        (&place.sources, Settings::default()),
    );
    assert!(matches!(made.err(), Some(KeyringError::Io(_))));
    assert_eq!(place.both(), before);
}

#[test]
fn a_flipped_bit_in_a_slot_is_detected() {
    let place = Place::new();
    let slot = slot_at(77);
    for byte in slot..slot + SLOT_BYTES {
        place.change(|bytes| bytes[byte] ^= 4);
        let error = place.open_used(77).err();
        assert!(matches!(error, Some(KeyringError::Damaged(Spot::Slot(77)))), "byte {byte}");
        place.change(|bytes| bytes[byte] ^= 4);
    }
    assert!(place.open().is_ok());
}

#[test]
fn a_slot_wrapped_for_another_place_is_detected_whatever_its_checksum() {
    let place = Place::new();
    place.change(|bytes| {
        let mut moved = bytes[slot_at(5)..][..SLOT_BYTES].to_vec();
        moved[8] = 6;
        let crc = crc32c::crc32c(&moved[..SLOT_BYTES - 4]).to_le_bytes();
        moved[SLOT_BYTES - 4..].copy_from_slice(&crc);
        bytes[slot_at(6)..][..SLOT_BYTES].copy_from_slice(&moved);
    });
    let error = place.open_used(6).err();
    assert!(matches!(error, Some(KeyringError::Damaged(Spot::Slot(6)))));
}

#[test]
fn a_damaged_or_short_header_is_detected() {
    let place = Place::new();
    place.change(|bytes| bytes[300] ^= 1);
    assert!(matches!(place.open().err(), Some(KeyringError::Damaged(Spot::Header))));
    place.change(|bytes| bytes.truncate(511));
    assert!(matches!(place.open().err(), Some(KeyringError::Damaged(Spot::Header))));
}

#[test]
fn nothing_of_a_key_is_in_the_file_in_clear() {
    let place = Place::new();
    let keyring = place.open().unwrap();
    let bytes = place.both();
    for slot in [1, 2, 500, SLOTS_AHEAD] {
        assert!(!holds(&bytes, &key(&keyring, slot).unwrap()));
    }
    let text = fs::read(place.dir.path().join("muster.key")).unwrap();
    assert!(!holds(&bytes, &text[20..84]));
}

#[test]
fn an_erased_key_is_gone_for_good_and_alone() {
    let place = Place::new();
    let keyring = place.open().unwrap();
    let before = key(&keyring, 8);
    let wrapped = [0, 1].map(|file| place.bytes(file)[slot_at(7) + 32..][..48].to_vec());
    keyring.erase(&[Slot(7)]).unwrap();
    assert!(is_erased(&keyring, 7));
    for wrapped in &wrapped {
        assert!(!holds(&place.both(), wrapped));
    }
    // Again, as a start does that finishes what the log says.
    keyring.erase(&[Slot(7)]).unwrap();
    let reopened = place.open().unwrap();
    assert!(is_erased(&reopened, 7));
    assert_eq!(key(&reopened, 8), before);
    reopened.fill_ahead(Slot(1)).unwrap();
    assert!(is_erased(&reopened, 7), "an erased slot is not given a new key");
}

#[test]
fn what_a_crash_left_of_slots_ahead_is_filled_anew() {
    let place = Place::new();
    let before = place.open().unwrap();
    place.change(|bytes| {
        // One sector never came to the disk, and the last slot only in part.
        bytes[1_024..1_536].fill(0);
        bytes.truncate(bytes.len() - 100);
    });
    let keyring = place.open().unwrap();
    assert_eq!(keyring.free(Slot::CLEAR), 4);
    assert_eq!(keyring.fill_ahead(Slot::CLEAR).unwrap(), SLOTS_AHEAD);
    let reopened = place.open().unwrap();
    for slot in (1..=4).chain(9..SLOTS_AHEAD) {
        assert_eq!(key(&reopened, slot), key(&before, slot));
    }
    for slot in (5..=8).chain([SLOTS_AHEAD]) {
        assert_eq!(key(&reopened, slot), key(&keyring, slot));
        assert_ne!(key(&reopened, slot), key(&before, slot));
    }
}

#[test]
fn a_slot_in_use_that_is_empty_is_damage_and_never_filled_anew() {
    let place = Place::new();
    place.change(|bytes| bytes[1_024..1_536].fill(0));
    let before = place.both();
    let error = place.open_used(6).err();
    assert!(matches!(error, Some(KeyringError::Damaged(Spot::Slot(5)))), "{error:?}");
    assert_eq!(place.both(), before);
    let (keyring, _) = place.open_used(4).unwrap();
    assert_eq!(keyring.fill_ahead(Slot(4)).unwrap(), SLOTS_AHEAD);
}

/// A file that takes writes and does not make them durable when told to fail.
#[derive(Debug)]
struct Unsure(Arc<dyn DiskFile>, Arc<AtomicBool>);

impl DiskFile for Unsure {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(bytes, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        if self.1.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk is tired"));
        }
        self.0.sync_data()
    }
}

#[test]
fn slots_do_not_count_before_they_are_synced() {
    let place = Place::new();
    let keyring = place.open().unwrap();
    let fails = Arc::new(AtomicBool::new(true));
    {
        let unsure = |file| Arc::new(Unsure(file, Arc::clone(&fails))) as Arc<dyn DiskFile>;
        keyring.copies.lock().replace(unsure);
    }
    assert!(matches!(keyring.fill_ahead(Slot(1)), Err(KeyringError::Io(_))));
    assert_eq!(keyring.free(Slot(1)), SLOTS_AHEAD - 1);
    fails.store(false, Ordering::Relaxed);
    assert_eq!(keyring.fill_ahead(Slot(1)).unwrap(), SLOTS_AHEAD);
    let last = key(&keyring, SLOTS_AHEAD + 1);
    assert_eq!(key(&place.open().unwrap(), SLOTS_AHEAD + 1), last);
}

#[test]
fn keys_are_read_while_others_are_added() {
    let place = Place::new();
    let keyring = place.open().unwrap();
    let first = key(&keyring, 1);
    thread::scope(|scope| {
        let filler = scope.spawn(|| {
            for used in (0..10_000).step_by(500) {
                keyring.fill_ahead(Slot(used)).unwrap();
            }
        });
        let mut view = keyring.view(Months::default());
        while !filler.is_finished() {
            assert!(
                matches!(view.key(Slot(1)), SlotState::Filled(key) if Some(*key.bytes()) == first)
            );
            view.give_way();
        }
    });
    assert_eq!(keyring.free(Slot(9_500)), SLOTS_AHEAD);
}

#[test]
fn the_master_key_belongs_to_its_owner_alone_and_is_made_once() {
    let place = Place::new();
    let path = place.dir.path().join("muster.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&path).unwrap();
    assert!(MasterKey::create(&RealDisk, &path, &*place.sources.fill).is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_master_key_that_is_missing_or_broken_is_said_to_be_so() {
    let place = Place::new();
    let path = place.dir.path().join("muster.key");
    let sound = fs::read(&path).unwrap();
    let load = || MasterKey::load(&RealDisk, &path);
    let mut longer = sound.clone();
    longer.push(b'0');
    let mut upper = sound.clone();
    upper[30] = b'X';
    for broken in [&[][..], &sound[..50], &longer, &upper] {
        fs::write(&path, broken).unwrap();
        assert!(matches!(load(), Err(KeyringError::MasterKeyUnreadable { .. })));
    }
    fs::write(&path, &sound[..sound.len() - 1]).unwrap();
    assert!(load().is_ok(), "without its line feed it is the same key");
    fs::remove_file(&path).unwrap();
    assert!(matches!(load(), Err(KeyringError::MasterKeyMissing { .. })));
}
