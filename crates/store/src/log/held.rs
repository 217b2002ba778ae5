//! One opened sled: its trees, how far it is filled, and what is wrong with it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::LogDamage;
use super::contain::{catch, parent, sync_dir};
use super::parts::{seal, unseal};

/// sled's own data file, which sled does not sync.
pub(super) const DB_FILE: &str = "db";
/// sled's own settings, written once and never synced by it.
const CONF_FILE: &str = "conf";
/// Records, by position.
pub(super) const LOG_TREE: &str = "log";
/// Frame headers, by first position.
pub(super) const FRAMES_TREE: &str = "frames";
/// States of people after some of their facts.
pub(super) const STATES_TREE: &str = "states";
/// What is said once: the store's id, and how far the others are filled.
pub(super) const META_TREE: &str = "meta";

const STORE_ID: &[u8] = b"store_id";
const FILLED: &[u8] = b"filled";

/// sled's page cache. It keeps far more than it is told, so it is told little: every of its 256
/// shards keeps one page, whatever this says.
const CACHE_BYTES_MAX: u64 = 1 << 20;

/// One opened sled. Once something is wrong with it, it answers no more.
pub(super) struct Held {
    /// `None` only while being dropped.
    sled: Option<Sled>,
    db_file: File,
    filled: AtomicU64,
    damage: OnceLock<LogDamage>,
}

struct Sled {
    db: sled::Db,
    log: sled::Tree,
    frames: sled::Tree,
    meta: sled::Tree,
    states: sled::Tree,
}

impl Held {
    /// Opens the sled in `dir`, or begins one for this store.
    pub(super) fn open(dir: &Path, store_id: [u8; 16]) -> Result<Self, LogDamage> {
        let fresh = !fs::exists(dir.join(DB_FILE)).map_err(failed)?;
        let sled = catch(|| Sled::open(dir))?.map_err(failed)?;
        let db_file = File::open(dir.join(DB_FILE)).map_err(failed)?;
        let held =
            Self { sled: Some(sled), db_file, filled: AtomicU64::new(0), damage: OnceLock::new() };
        if fresh {
            held.begin(dir, store_id)?;
        }
        // sled writes a snapshot when it opens, and syncs the file but not its name.
        sync_dir(dir).map_err(failed)?;
        if held.meta(STORE_ID)?.as_deref() != Some(&store_id) {
            return Err(held.spoil(LogDamage::OtherStore));
        }
        let filled = held.meta(FILLED)?.and_then(|bytes| Some(*bytes.first_chunk::<8>()?));
        let Some(filled) = filled else {
            return Err(held.spoil(LogDamage::Malformed { tree: META_TREE, position: 0 }));
        };
        held.filled.store(u64::from_le_bytes(filled), Ordering::Release);
        if held.filled() > 0 {
            // sled may drop what it cannot read without a word: the end, at least, must be there.
            held.part_of(held.filled())?;
        }
        Ok(held)
    }

    /// Opens a sled that is there, however much of it is left.
    pub(super) fn open_as_it_is(dir: &Path, store_id: [u8; 16]) -> Result<Self, LogDamage> {
        let sled = catch(|| Sled::open(dir))?.map_err(failed)?;
        let db_file = File::open(dir.join(DB_FILE)).map_err(failed)?;
        let held =
            Self { sled: Some(sled), db_file, filled: AtomicU64::new(0), damage: OnceLock::new() };
        match held.meta(STORE_ID)?.as_deref() {
            Some(found) if *found == store_id => Ok(held),
            _ => Err(LogDamage::OtherStore),
        }
    }

    /// Whether nothing has been found wrong so far.
    pub(super) fn sound(&self) -> Result<(), LogDamage> {
        self.damage.get().map_or(Ok(()), |damage| Err(damage.clone()))
    }

    /// Notes what is wrong, and returns what was found wrong first.
    pub(super) fn spoil(&self, damage: LogDamage) -> LogDamage {
        self.damage.get_or_init(|| damage).clone()
    }

    pub(super) fn filled(&self) -> u64 {
        self.filled.load(Ordering::Acquire)
    }

    /// Asks sled something: an error or a panic is damage.
    pub(super) fn ask<T>(&self, what: impl FnOnce() -> sled::Result<T>) -> Result<T, LogDamage> {
        match catch(what) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.spoil(failed(error))),
            Err(damage) => Err(self.spoil(damage)),
        }
    }

    pub(super) fn log(&self) -> &sled::Tree {
        &self.sled().log
    }

    pub(super) fn frames(&self) -> &sled::Tree {
        &self.sled().frames
    }

    pub(super) fn states(&self) -> &sled::Tree {
        &self.sled().states
    }

    /// Everything put so far is on the disk. sled's flush only begins the writing and does not
    /// reach the disk's cache, so the file is synced here.
    pub(super) fn flush(&self) -> Result<(), LogDamage> {
        self.ask(|| self.sled().db.flush())?;
        self.db_file.sync_data().map_err(|error| self.spoil(failed(error)))
    }

    /// Says, durably, that all up to `filled` is on the disk. It must be.
    pub(super) fn set_filled(&self, filled: u64) -> Result<(), LogDamage> {
        self.set_meta(FILLED, &filled.to_le_bytes())?;
        self.flush()?;
        self.filled.store(filled, Ordering::Release);
        Ok(())
    }

    fn sled(&self) -> &Sled {
        self.sled.as_ref().expect("it is there until the drop")
    }

    fn begin(&self, dir: &Path, store_id: [u8; 16]) -> Result<(), LogDamage> {
        self.set_meta(STORE_ID, &store_id)?;
        self.set_meta(FILLED, &0u64.to_le_bytes())?;
        self.flush()?;
        let conf = File::open(dir.join(CONF_FILE)).and_then(|file| file.sync_all());
        conf.and_then(|()| sync_dir(dir)).and_then(|()| sync_dir(parent(dir))).map_err(failed)
    }

    fn meta(&self, name: &'static [u8]) -> Result<Option<Vec<u8>>, LogDamage> {
        let Some(value) = self.ask(|| self.sled().meta.get(name))? else { return Ok(None) };
        match unseal(name, &value) {
            Some(body) => Ok(Some(body.to_vec())),
            None => Err(self.spoil(LogDamage::Checksum { tree: META_TREE, position: 0 })),
        }
    }

    fn set_meta(&self, name: &'static [u8], body: &[u8]) -> Result<(), LogDamage> {
        let value = seal(name, body.to_vec());
        self.ask(|| self.sled().meta.insert(name, value)).map(drop)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(sled) = self.sled.take() else { return };
        match self.damage.get() {
            // A sled that failed or panicked may wait for ever in its drop: it is left as it
            // stands, with its memory, its file and its lock, until the process ends.
            // `REPLACED_MAX` bounds how many there are.
            Some(LogDamage::Failed(_) | LogDamage::Panicked(_) | LogDamage::Hung { .. }) => {
                std::mem::forget(sled);
            }
            // Dropping it flushes, which can go wrong like everything else in it.
            _ => {
                let _unheard = catch(|| drop(sled));
            }
        }
    }
}

impl Sled {
    fn open(dir: &Path) -> sled::Result<Self> {
        let config = sled::Config::new().path(dir).cache_capacity(CACHE_BYTES_MAX);
        let db = config.flush_every_ms(None).open()?;
        let log = db.open_tree(LOG_TREE)?;
        let frames = db.open_tree(FRAMES_TREE)?;
        let meta = db.open_tree(META_TREE)?;
        let states = db.open_tree(STATES_TREE)?;
        Ok(Self { db, log, frames, meta, states })
    }
}

/// What an error of sled's, or of the file system below it, means.
pub(super) fn failed(error: impl Into<sled::Error>) -> LogDamage {
    let error = error.into();
    let text = error.to_string();
    match error {
        sled::Error::Io(io) if is_refusal(io.kind()) => LogDamage::Refused(text),
        _ => LogDamage::Failed(text),
    }
}

/// Whether the disk just takes nothing more at this time.
fn is_refusal(kind: ErrorKind) -> bool {
    use ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(kind, StorageFull | QuotaExceeded | ReadOnlyFilesystem)
}
