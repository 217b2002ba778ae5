//! Every key of a store but the master key, which wraps them in one file, `keyring.a`.
//!
//! A key is a numbered slot. Slots are filled with random keys ahead of their use and synced before
//! they count; what a slot is for, only the log says. `docs/log-format.md` has the bytes.
//!
//! * [`key`]: a key in memory; `master`: the one in clear; `view`: keys as sealing reads them
//! * `layout`: the bytes of the file; `slots`: all of them in memory

pub mod key;
mod layout;
mod master;
mod slots;
mod view;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::id::Slot;
use parking_lot::{Mutex, RwLock};
use thiserror::Error;

use crate::journal::disk::{Access, Disk, DiskFile};
use crate::sources::{Fill, Sources};
use key::{Cipher, Key};
use layout::{HEADER_BYTES, Header, SLOT_BYTES, Stored};
use slots::Slots;

pub use layout::FORMAT;
pub use master::MasterKey;
pub use slots::SlotState;
pub(crate) use view::OriginKey;
pub use view::{KeyView, Months};

/// How many slots are kept filled beyond the highest in use.
pub const SLOTS_AHEAD: u32 = 1_024;
/// With fewer slots than this ahead, more are due.
pub const SLOTS_LOW: u32 = 512;
/// The name of the first file in the data directory.
pub const FILE_NAME: &str = "keyring.a";

/// Why keys cannot be had.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// There is no master key where it should be.
    #[error("the master key {path} is missing; without it nothing of this store can be read")]
    MasterKeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file does not hold a master key.
    #[error("{path} does not hold a master key")]
    MasterKeyUnreadable {
        /// Where it is.
        path: PathBuf,
    },
    /// The master key is not the one that wraps this keyring.
    #[error("the master key is not the one that this keyring was written with")]
    WrongMasterKey,
    /// The keyring belongs to another store.
    #[error("the keyring belongs to another store")]
    OtherStore,
    /// There is no keyring.
    #[error("the keyring {path} is missing")]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The keyring was written by a Muster that lays it out otherwise.
    #[error("the keyring has format {found}, this program reads format {FORMAT}")]
    Format {
        /// What it says.
        found: u32,
    },
    /// The keyring is damaged.
    #[error("the keyring is damaged: {0}")]
    Damaged(Spot),
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
    store_id: [u8; 16],
    master_id: [u8; 8],
    master: Cipher,
    fill: Fill,
    slots: RwLock<Slots>,
    /// Held by whoever changes slots, for as long as that takes.
    file: Mutex<Arc<dyn DiskFile>>,
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
        sources: &Sources,
    ) -> Result<Self, KeyringError> {
        let file = disk.open(&directory.join(FILE_NAME), Access::CreateNew)?;
        let keyring = Self::assemble(file, store_id, master, sources);
        let header =
            Header { store_id, master_id: keyring.master_id, check: master.check(&store_id) };
        keyring.file.lock().write_at(&header.bytes(), 0)?;
        // This syncs the header too.
        keyring.fill_ahead(Slot::CLEAR)?;
        disk.sync_dir(directory)?;
        Ok(keyring)
    }

    /// Opens the keyring in the directory and unwraps its keys.
    ///
    /// # Errors
    /// All of [`KeyringError`] but those of the master key's file. Nothing is written.
    pub fn open(
        disk: &dyn Disk,
        directory: &Path,
        store_id: [u8; 16],
        master: &MasterKey,
        sources: &Sources,
    ) -> Result<Self, KeyringError> {
        let path = directory.join(FILE_NAME);
        let file = disk.open(&path, Access::Write).map_err(|error| match error.kind() {
            ErrorKind::NotFound => KeyringError::Missing { path },
            _ => error.into(),
        })?;
        let mut bytes = [0; HEADER_BYTES];
        if file.read_at(&mut bytes, 0)? < HEADER_BYTES {
            return Err(KeyringError::Damaged(Spot::Header));
        }
        let header = Header::parse(&bytes)?;
        if header.store_id != store_id {
            return Err(KeyringError::OtherStore);
        }
        if header.master_id != master.id() || header.check != master.check(&store_id) {
            return Err(KeyringError::WrongMasterKey);
        }
        // A slot counts only once it is durable, and one that a killed process wrote may lie in
        // the page cache alone.
        file.sync_data()?;
        let mut keyring = Self::assemble(file, store_id, master, sources);
        keyring.slots = RwLock::new(keyring.read_slots()?);
        Ok(keyring)
    }

    /// The store that the keys belong to.
    pub fn store_id(&self) -> &[u8; 16] {
        &self.store_id
    }

    /// The keys as they are now. While a view lives, slots that were filled ahead cannot be added
    /// nor keys erased: hold one for a turn or a batch, or let others in with [`KeyView::give_way`].
    pub fn view(&self, months: Months) -> KeyView<'_> {
        KeyView::new(self.slots.read(), &self.store_id, months)
    }

    /// How many slots beyond the highest in use are filled, without a gap.
    pub fn free(&self, highest_used: Slot) -> u32 {
        // Recursive: whoever asks may hold a view, and a writer may wait between the two.
        self.slots.read_recursive().free(highest_used.0)
    }

    /// Fills slots up to [`SLOTS_AHEAD`] beyond the highest in use, durably, and says how many are
    /// free then. Readers go on meanwhile.
    ///
    /// # Errors
    /// [`KeyringError::Io`]; no slot was added, and trying again is safe.
    pub fn fill_ahead(&self, highest_used: Slot) -> Result<u32, KeyringError> {
        let file = self.file.lock();
        let wanted = highest_used.0 + 1..=highest_used.0.saturating_add(SLOTS_AHEAD);
        let empty: Vec<u32> = {
            let slots = self.slots.read();
            wanted.filter(|number| matches!(slots.get(*number), SlotState::Empty)).collect()
        };
        let mut fresh = Vec::with_capacity(empty.len());
        for run in empty.chunk_by(|number, next| number + 1 == *next) {
            let mut bytes = Vec::with_capacity(run.len() * SLOT_BYTES);
            for number in run {
                let key = Key::random(&*self.fill);
                bytes.extend_from_slice(&self.wrapped(*number, &key));
                fresh.push((*number, key));
            }
            file.write_at(&bytes, layout::offset(run[0]))?;
        }
        if !fresh.is_empty() {
            file.sync_data()?;
            let mut slots = self.slots.write();
            for (number, key) in fresh {
                slots.set(number, SlotState::Filled(key));
            }
        }
        Ok(self.free(highest_used))
    }

    /// Destroys a key: in memory at once, then in the file, durably.
    ///
    /// # Errors
    /// [`KeyringError::Io`]; the key is gone from memory, and trying again is safe.
    pub fn erase(&self, slot: Slot) -> Result<(), KeyringError> {
        assert!(slot != Slot::CLEAR, "slot 0 has no key to erase");
        let file = self.file.lock();
        self.slots.write().set(slot.0, SlotState::Erased);
        file.write_at(&layout::erased(slot.0), layout::offset(slot.0))?;
        Ok(file.sync_data()?)
    }

    fn assemble(
        file: Arc<dyn DiskFile>,
        store_id: [u8; 16],
        master: &MasterKey,
        sources: &Sources,
    ) -> Self {
        Self {
            store_id,
            master_id: master.id(),
            master: master.cipher(),
            fill: Arc::clone(&sources.fill),
            slots: RwLock::default(),
            file: Mutex::new(file),
        }
    }

    /// Reads every slot of the file. A stretch at the end too short for a slot was never synced,
    /// so it was never used.
    fn read_slots(&self) -> Result<Slots, KeyringError> {
        let file = self.file.lock();
        let length = file.len()?;
        let count = (length - HEADER_BYTES as u64) / SLOT_BYTES as u64;
        let count = u32::try_from(count).map_err(|_| KeyringError::Damaged(Spot::Header))?;
        let mut slots = Slots::default();
        let mut bytes = vec![0; SLOTS_READ * SLOT_BYTES];
        for first in (1..=count).step_by(SLOTS_READ) {
            let ahead = usize::try_from(count - first + 1).expect("32 bits fit");
            let batch = &mut bytes[..ahead.min(SLOTS_READ) * SLOT_BYTES];
            if file.read_at(batch, layout::offset(first))? < batch.len() {
                return Err(KeyringError::Damaged(Spot::Slot(first)));
            }
            for (number, slot) in (first..).zip(batch.as_chunks().0) {
                slots.set(number, self.unwrapped(number, slot)?);
            }
        }
        Ok(slots)
    }

    fn wrapped(&self, number: u32, key: &Key) -> [u8; SLOT_BYTES] {
        let start = layout::slot_start(number, false, self.master_id);
        let mut nonce = [0; key::NONCE_BYTES];
        (self.fill)(&mut nonce);
        let wrapped = self.master.wrap(nonce, &self.bound(&start), key);
        layout::filled(&start, &nonce, &wrapped)
    }

    fn unwrapped(&self, number: u32, bytes: &[u8; SLOT_BYTES]) -> Result<SlotState, KeyringError> {
        match layout::parse(number, bytes)? {
            Stored::Empty => Ok(SlotState::Empty),
            Stored::Erased => Ok(SlotState::Erased),
            Stored::Filled { master_id, nonce, wrapped } => {
                let start = layout::slot_start(number, false, master_id);
                self.master
                    .unwrap(nonce, &self.bound(&start), &wrapped)
                    .map(SlotState::Filled)
                    .map_err(|_| KeyringError::Damaged(Spot::Slot(number)))
            }
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

/// How many slots are read at once (128 KiB).
const SLOTS_READ: usize = 1_024;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
