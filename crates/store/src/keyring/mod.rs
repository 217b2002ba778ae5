//! Every key of a store but the master key, which wraps them in two files, `keyring.a` and
//! `keyring.b`.
//!
//! A key is a numbered slot. Slots are filled with random keys ahead of their use and synced in both
//! files before they count; what a slot is for, only the log says. A start repairs either file from
//! the other. `docs/log-format.md` has the bytes.
//!
//! * [`key`]: a key in memory; `master`: the one in clear; `view`: keys as sealing reads them
//! * `layout`: the bytes of a file; `copies`: the two files; `slots`: all of them in memory

mod copies;
pub mod key;
mod layout;
mod master;
mod slots;
mod view;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::id::Slot;
use parking_lot::{Mutex, RwLock};
use thiserror::Error;

use crate::journal::disk::Disk;
use crate::planted::{self, Planted};
use crate::sources::{Fill, Sources};
use copies::{Agreed, Batch, Copies, Found, SLOTS_READ, Said};
use key::{Cipher, Key};
use layout::{Header, SLOT_BYTES, Stored};
use slots::Slots;

pub use copies::{Repaired, owner};
pub use layout::FORMAT;
pub use master::MasterKey;
pub use slots::SlotState;
pub(crate) use view::OriginKey;
pub use view::{KeyView, Months};

/// How many slots are kept filled beyond the highest in use, unless a test needs them to run out.
pub const SLOTS_AHEAD: u32 = 1_024;

/// How slots are kept filled ahead of their use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many beyond the highest in use. With fewer than half of them left more are due, with fewer
    /// than a quarter at once.
    pub ahead: u32,
    /// Whether a thread fills what is due. Without it the turn does: slower, and every operation on the
    /// disk in one fixed order.
    pub on_thread: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ahead: SLOTS_AHEAD, on_thread: true }
    }
}
/// The names of the two files in the data directory.
pub const FILE_NAMES: [&str; 2] = ["keyring.a", "keyring.b"];

/// Why keys cannot be had.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// There is no master key where it should be.
    #[error("the master key {} is missing; without it nothing of this store can be read", path.display())]
    MasterKeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file does not hold a master key.
    #[error("{} does not hold a master key", path.display())]
    MasterKeyUnreadable {
        /// Where it is.
        path: PathBuf,
    },
    /// The master key is not the one that wraps this keyring.
    #[error("the master key is not the one that this keyring was written with")]
    WrongMasterKey,
    /// The keyring belongs to another store.
    #[error("the keyring {} belongs to another store", path.display())]
    OtherStore {
        /// The file.
        path: PathBuf,
    },
    /// There is no keyring.
    #[error("both files of the keyring, keyring.a and keyring.b, are missing from {}", dir.display())]
    Missing {
        /// Where they should be.
        dir: PathBuf,
    },
    /// The keyring was written by a Muster that lays it out otherwise.
    #[error("the keyring has format {found}, this program reads format {FORMAT}")]
    Format {
        /// What it says.
        found: u32,
    },
    /// The keyring is damaged, and neither file can be repaired from the other.
    #[error("the keyring is damaged in both of its files: {0}")]
    Damaged(Spot),
    /// A key was destroyed that no fact says was to be.
    #[error("the keyring is damaged: slot {slot} is marked as erased, and no fact says so")]
    ErasedAlone {
        /// The slot.
        slot: u32,
    },
    /// The disk refused; the message names the path.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A place in a keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// The header.
    Header,
    /// The slot of this number.
    Slot(u32),
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header => f.write_str("its header is not what was written"),
            Self::Slot(number) => write!(f, "slot {number} is not what was written"),
        }
    }
}

/// The keys of one store. Reading them and filling slots ahead may happen at once.
pub struct Keyring {
    ring: Ring,
    fill: Fill,
    ahead: u32,
    /// Held by whoever changes slots, for as long as that takes.
    copies: Mutex<Copies>,
}

/// Slots in memory, and what wraps them.
struct Ring {
    store_id: [u8; 16],
    master_id: [u8; 8],
    master: Cipher,
    slots: RwLock<Slots>,
}

/// The keys of a store that is being opened: they can be read, and nothing was written yet.
pub struct Loaded {
    ring: Ring,
    fill: Fill,
    header: Header,
    found: [Found; 2],
    /// Slots of which neither file can be believed.
    lost: BTreeSet<u32>,
}

/// Keys that are ready for use, and what had to be done for that.
pub struct Settled {
    /// The keys.
    pub keyring: Keyring,
    /// What was made like the other file.
    pub repaired: Vec<Repaired>,
    /// Slots whose keys were still there although a fact says that they are destroyed.
    pub finished: Vec<Slot>,
}

impl Loaded {
    /// Reads both files in the directory and unwraps their keys.
    ///
    /// # Errors
    /// All of [`KeyringError`] but those of the master key's file. Nothing is written.
    pub fn load(
        disk: &dyn Disk,
        directory: &Path,
        store_id: [u8; 16],
        master: &MasterKey,
        sources: &Sources,
    ) -> Result<Self, KeyringError> {
        let ring = Ring::new(store_id, master);
        let header = ring.header(master);
        let mut found = copies::find(disk, directory, &header)?;
        let (slots, lost) = ring.read_slots(&mut found)?;
        let ring = Ring { slots: RwLock::new(slots), ..ring };
        Ok(Self { ring, fill: Arc::clone(&sources.fill), header, found, lost })
    }

    /// The keys as they are.
    pub fn view(&self, months: Months) -> KeyView<'_> {
        self.ring.view(months)
    }

    /// The first slot of which neither file can be believed.
    pub fn first_lost(&self) -> Option<Spot> {
        self.lost.first().map(|slot| Spot::Slot(*slot))
    }

    /// The slots whose keys are destroyed.
    pub fn erased(&self) -> BTreeSet<Slot> {
        self.ring.slots.read().erased().map(Slot).collect()
    }

    /// A slot that is erased, and of which the log does not tell so.
    pub fn erased_alone(&self, told: &BTreeSet<Slot>) -> Option<u32> {
        let alone =
            |number: &u32| !told.contains(&Slot(*number)) && !planted::is(Planted::RepairRevives);
        self.ring.slots.read().erased().find(alone)
    }

    /// Makes both files alike and durable, once the log is known: `highest_used` is the highest slot
    /// in it, and `is_erased` says whether a fact destroyed a slot's key. Such a key goes now if it is
    /// still there, in whichever file, and no repair copies it.
    ///
    /// A slot beyond the highest in use of which neither file can be believed is made empty: nobody
    /// misses its key. Slots that nobody uses yet, and those that were erased, are written again as they are: a
    /// process that was killed, or whose sync failed, may have left them in the page cache alone.
    ///
    /// # Errors
    /// [`KeyringError::ErasedAlone`], or [`KeyringError::Damaged`] if a slot in use holds nothing, and
    /// then nothing was written; [`KeyringError::Io`].
    pub fn settle(
        self,
        disk: &dyn Disk,
        highest_used: Slot,
        is_erased: impl Fn(Slot) -> bool,
        settings: Settings,
    ) -> Result<Settled, KeyringError> {
        let Self { ring, fill, header, mut found, lost } = self;
        let is_erased = |slot| is_erased(slot) && !planted::is(Planted::RepairRevives);
        let count = found[0].count.max(found[1].count).max(highest_used.0);
        let (mut again, mut finished, mut unused) = (Vec::new(), Vec::new(), Vec::new());
        for number in 1..=count {
            match ring.slots.read().get(number) {
                SlotState::Empty | SlotState::Filled(_)
                    if is_erased(Slot(number)) && !planted::is(Planted::ErasureUnfinished) =>
                {
                    again.push((layout::offset(number), layout::erased(number).to_vec()));
                    finished.push(Slot(number));
                }
                SlotState::Empty if number <= highest_used.0 => {
                    return Err(KeyringError::Damaged(Spot::Slot(number)));
                }
                SlotState::Empty if lost.contains(&number) => {
                    again.push((layout::offset(number), vec![0; SLOT_BYTES]));
                }
                SlotState::Erased
                    if !is_erased(Slot(number)) && !planted::is(Planted::RepairRevives) =>
                {
                    return Err(KeyringError::ErasedAlone { slot: number });
                }
                // Whoever it was is not in the log: the next who is born there gets a key of its own.
                SlotState::Erased if number > highest_used.0 => {
                    again.push((layout::offset(number), vec![0; SLOT_BYTES]));
                    unused.push(number);
                }
                SlotState::Erased => {
                    again.push((layout::offset(number), layout::erased(number).to_vec()));
                }
                SlotState::Filled(key) if number > highest_used.0 => {
                    let bytes = ring.wrapped(number, key, &*fill);
                    again.push((layout::offset(number), bytes.to_vec()));
                }
                SlotState::Filled(_) | SlotState::Empty => {}
            }
        }
        for number in unused {
            ring.slots.write().set(number, SlotState::Empty);
        }
        for slot in &finished {
            ring.slots.write().set(slot.0, SlotState::Erased);
            for found in &mut found {
                found.leave(slot.0);
            }
        }
        let (copies, repaired) = copies::settle(disk, &found, &header, &again)?;
        let Settings { ahead, .. } = settings;
        let keyring = Keyring { ring, fill, ahead, copies: Mutex::new(copies) };
        Ok(Settled { keyring, repaired, finished })
    }
}

impl Keyring {
    /// Writes a new keyring into the directory, with its first slots filled, durably.
    ///
    /// # Errors
    /// [`KeyringError::Io`]; a file that is there already is never touched.
    pub fn create(
        disk: &dyn Disk,
        directory: &Path,
        store_id: [u8; 16],
        master: &MasterKey,
        (sources, settings): (&Sources, Settings),
    ) -> Result<Self, KeyringError> {
        let copies = Copies::create(disk, directory)?;
        let ring = Ring::new(store_id, master);
        copies.write(&[(0, ring.header(master).bytes().to_vec())])?;
        let fill = Arc::clone(&sources.fill);
        let keyring = Self { ring, fill, ahead: settings.ahead, copies: Mutex::new(copies) };
        keyring.fill_ahead(Slot::CLEAR)?;
        disk.sync_dir(directory)?;
        Ok(keyring)
    }

    /// The store that the keys belong to.
    pub fn store_id(&self) -> &[u8; 16] {
        &self.ring.store_id
    }

    /// The keys as they are now. While a view lives, slots that were filled ahead cannot be added
    /// nor keys erased: hold one for a turn or a batch, or let others in with [`KeyView::give_way`].
    pub fn view(&self, months: Months) -> KeyView<'_> {
        self.ring.view(months)
    }

    /// How many slots beyond the highest in use are filled, without a gap.
    pub fn free(&self, highest_used: Slot) -> u32 {
        // Recursive: whoever asks may hold a view, and a writer may wait between the two.
        self.ring.slots.read_recursive().free(highest_used.0)
    }

    /// Fills slots up to [`Settings::ahead`] beyond the highest in use, durably in both files, and says
    /// how many are free then. Readers go on meanwhile.
    ///
    /// # Errors
    /// [`KeyringError::Io`]; no slot was added, and trying again is safe.
    pub fn fill_ahead(&self, highest_used: Slot) -> Result<u32, KeyringError> {
        let copies = self.copies.lock();
        let wanted = highest_used.0 + 1..=highest_used.0.saturating_add(self.ahead);
        let empty: Vec<u32> = {
            let slots = self.ring.slots.read();
            wanted.filter(|number| matches!(slots.get(*number), SlotState::Empty)).collect()
        };
        let (mut fresh, mut writes) = (Vec::with_capacity(empty.len()), Vec::new());
        for run in empty.chunk_by(|number, next| number + 1 == *next) {
            let mut bytes = Vec::with_capacity(run.len() * SLOT_BYTES);
            for number in run {
                let key = Key::random(&*self.fill);
                bytes.extend_from_slice(&self.ring.wrapped(*number, &key, &*self.fill));
                fresh.push((*number, key));
            }
            writes.push((layout::offset(run[0]), bytes));
        }
        if !fresh.is_empty() {
            let written = copies.write(&writes);
            if !planted::is(Planted::KeyBeforeSync) {
                written?;
            }
            let mut slots = self.ring.slots.write();
            for (number, key) in fresh {
                slots.set(number, SlotState::Filled(key));
            }
        }
        Ok(self.free(highest_used))
    }

    /// The slots whose keys are destroyed.
    pub fn erased(&self) -> Vec<Slot> {
        self.ring.slots.read().erased().map(Slot).collect()
    }

    /// Destroys keys: in memory at once, then in one file after the other, durably.
    ///
    /// # Errors
    /// [`KeyringError::Io`]; the keys are gone from memory, and trying again is safe.
    pub fn erase(&self, erased: &[Slot]) -> Result<(), KeyringError> {
        assert!(!erased.contains(&Slot::CLEAR), "slot 0 has no key to erase");
        let copies = self.copies.lock();
        let writes: Vec<_> = erased.iter().map(|slot| self.ring.without_key(slot.0)).collect();
        {
            let mut slots = self.ring.slots.write();
            for slot in erased {
                slots.set(slot.0, SlotState::Erased);
            }
        }
        if planted::is(Planted::SecondFileKept) {
            return Ok(copies.write_first(&writes)?);
        }
        Ok(copies.write(&writes)?)
    }
}

impl Ring {
    fn new(store_id: [u8; 16], master: &MasterKey) -> Self {
        let (master_id, master) = (master.id(), master.cipher());
        Self { store_id, master_id, master, slots: RwLock::default() }
    }

    fn header(&self, master: &MasterKey) -> Header {
        let Self { store_id, master_id, .. } = *self;
        Header { store_id, master_id, check: master.check(&store_id) }
    }

    fn view(&self, months: Months) -> KeyView<'_> {
        KeyView::new(self.slots.read(), &self.store_id, months)
    }

    /// Reads every slot of both files, notes where one must be made like the other, and returns the
    /// slots of which neither can be believed.
    fn read_slots(&self, found: &mut [Found; 2]) -> Result<(Slots, BTreeSet<u32>), KeyringError> {
        let count = found[0].count.max(found[1].count);
        let (mut slots, mut lost) = (Slots::default(), BTreeSet::new());
        let mut batches = [Batch::new(), Batch::new()];
        for first in (1..=count).step_by(SLOTS_READ) {
            for (batch, found) in batches.iter_mut().zip(&*found) {
                batch.read(found, first)?;
            }
            let [a, b] = &batches;
            let pairs = a.slots().iter().zip(b.slots());
            for (number, (a, b)) in (first..=count).zip(pairs) {
                match self.both(number, a, b) {
                    Agreed::Same(state) => slots.set(number, state),
                    Agreed::Unlike(state, file) => {
                        slots.set(number, state);
                        found[file].note(number);
                    }
                    Agreed::Lost => _ = lost.insert(number),
                }
            }
        }
        Ok((slots, lost))
    }

    fn both(&self, number: u32, a: &[u8; SLOT_BYTES], b: &[u8; SLOT_BYTES]) -> Agreed {
        if a != b {
            return copies::agree([self.said(number, a), self.said(number, b)]);
        }
        match self.said(number, a) {
            Said::Empty => Agreed::Same(SlotState::Empty),
            Said::Filled(key) => Agreed::Same(SlotState::Filled(key)),
            Said::Erased => Agreed::Same(SlotState::Erased),
            Said::Bad => Agreed::Lost,
        }
    }

    fn wrapped(&self, number: u32, key: &Key, fill: &dyn Fn(&mut [u8])) -> [u8; SLOT_BYTES] {
        let start = layout::slot_start(number, false, self.master_id);
        let mut nonce = [0; key::NONCE_BYTES];
        fill(&mut nonce);
        let wrapped = self.master.wrap(nonce, &self.bound(&start), key);
        layout::filled(&start, &nonce, &wrapped)
    }

    /// A slot as it is written once its key is destroyed, and where.
    fn without_key(&self, number: u32) -> (u64, Vec<u8>) {
        let bytes = match self.slots.read().get(number) {
            SlotState::Filled(key) if planted::is(Planted::KeyMarkedOnly) => {
                layout::marked(self.wrapped(number, key, &|nonce| nonce.fill(1)))
            }
            SlotState::Empty | SlotState::Filled(_) | SlotState::Erased => layout::erased(number),
        };
        (layout::offset(number), bytes.to_vec())
    }

    fn said(&self, number: u32, bytes: &[u8; SLOT_BYTES]) -> Said {
        match layout::parse(number, bytes) {
            Ok(Stored::Empty) => Said::Empty,
            Ok(Stored::Erased) => Said::Erased,
            Ok(Stored::Filled { master_id, nonce, wrapped }) => {
                let start = layout::slot_start(number, false, master_id);
                self.master
                    .unwrap(nonce, &self.bound(&start), &wrapped)
                    .map_or(Said::Bad, Said::Filled)
            }
            Err(_) => Said::Bad,
        }
    }

    /// What a wrapped key is bound to: the store, and which slot it stands in.
    fn bound(&self, start: &[u8; layout::SLOT_BOUND_BYTES]) -> [u8; 16 + layout::SLOT_BOUND_BYTES] {
        let mut bound = [0; 16 + layout::SLOT_BOUND_BYTES];
        bound[..16].copy_from_slice(&self.store_id);
        bound[16..].copy_from_slice(start);
        bound
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
