//! A store that is open: recovered by a start, then read by everybody and written by one.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::fact::Fact;
use domain::id::{Position, Slot};
use domain::system::Purpose;
use parking_lot::{RwLock, RwLockReadGuard};
use zeroize::Zeroizing;

use crate::ahead::KeysAhead;
use crate::checkpoint::LastSigned;
use crate::clock::Clock;
use crate::erasures::Erasures;
use crate::error::StoreError;
use crate::fold;
use crate::follow::{self, Follower};
use crate::identity::{self, Found, Identity};
use crate::journal::disk::{Disk, DiskLock, RealDisk};
use crate::journal::{self, End, Frame, Journal, JournalReader, StoreId};
use crate::keyring::{self, Keyring, KeyringError, Loaded, MasterKey, Months, SlotState};
use crate::log::Log;
use crate::notice::{Notice, Notify};
use crate::proof::Nodes;
use crate::record;
use crate::sources::Sources;
use crate::turn::Writer;
use crate::views::Views;

/// The format of everything in the data directory; one of another number is refused.
pub const FORMAT: u16 = 0;
/// The master key's file in the data directory.
pub const MASTER_KEY: &str = "muster.key";
/// The journal's directory in the data directory.
pub const JOURNAL: &str = "journal";
/// sled's directory in the data directory; may be deleted at any time.
pub const SLED: &str = "sled";
/// The file that says whose data this is, written last when a store is made.
pub const IDENTITY: &str = identity::FILE_NAME;
/// The file that whoever has the directory open holds locked.
pub const LOCK: &str = "lock";

/// Where a store is, and how it is opened.
#[derive(Clone)]
pub struct Options {
    /// The disk it is on.
    pub disk: Arc<dyn Disk>,
    /// The data directory.
    pub dir: PathBuf,
    /// Where time and chance come from.
    pub sources: Sources,
    /// Whether to open it although the last fact lies in the future.
    pub accept_clock: bool,
    /// How its journal is kept.
    pub journal: journal::Settings,
    /// How its keyring is kept.
    pub keyring: keyring::Settings,
    /// Told what an operator wants to know.
    pub notify: Notify,
    /// Whether sled follows. Without it everything is read from the journal, and nothing but `disk`
    /// is touched.
    pub sled: bool,
    /// How long after a commit sled is filled, however few facts it is behind.
    pub sled_lag: Duration,
}

impl Options {
    /// A store in `dir` on the machine's own disk, as it is usually opened.
    pub fn new(dir: &Path, sources: &Sources) -> Self {
        Self {
            disk: Arc::new(RealDisk),
            dir: dir.to_owned(),
            sources: sources.clone(),
            accept_clock: false,
            journal: journal::Settings::default(),
            keyring: keyring::Settings::default(),
            notify: Arc::new(|_| {}),
            sled: true,
            sled_lag: follow::BEHIND_TIME,
        }
    }
}

/// Whether a read opens where facts came from, which costs more than all the rest of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origins {
    /// It does.
    Open,
    /// It does not.
    Leave,
}

/// What opening a store took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Facts folded.
    pub facts: u64,
    /// Microseconds from the lock to the views.
    pub took_us: u64,
}

/// What is kept, for everybody who reads.
pub struct Store {
    pub(crate) identity: Identity,
    pub(crate) sources: Sources,
    pub(crate) clock: Clock,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) keys_ahead: Arc<KeysAhead>,
    pub(crate) erasures: Erasures,
    pub(crate) views: RwLock<Views>,
    pub(crate) journal: JournalReader,
    pub(crate) follower: Follower,
    pub(crate) opened: Opened,
    pub(crate) nodes: Nodes,
    pub(crate) last_signed: LastSigned,
    pub(crate) _lock: DiskLock,
}

impl Store {
    /// Opens a store: locks it, loads the keys, folds the journal into the views, judges its end.
    pub fn open(options: &Options) -> Result<(Arc<Self>, Writer), StoreError> {
        let Options { disk, dir, sources, accept_clock, notify, .. } = options.clone();
        let began = (sources.now)().monotonic;
        let identity = identify(disk.as_ref(), &dir)?;
        let lock = lock(disk.as_ref(), &dir)?;
        // A first start that was killed may have left the name of `store` in the page cache alone.
        disk.sync_dir(&dir)?;
        let master = MasterKey::load(disk.as_ref(), &dir.join(MASTER_KEY))?;
        let loaded = Loaded::load(disk.as_ref(), &dir, identity.store_id, &master, &sources)?;
        let Folded { views, journal, end, log } = fold_journal(options, &identity, &loaded)?;
        let last = views.globals().at;
        if !accept_clock && Clock::is_too_far_ahead(&sources, last) {
            return Err(StoreError::ClockBehind);
        }
        let highest = views.globals().slot_highest;
        let kept = options.keyring;
        // Of what a recovery lost, the writer says again that it is destroyed.
        let is_restored = journal.epoch() != identity.epoch;
        let untold = if is_restored { loaded.erased() } else { BTreeSet::new() };
        let is_destroyed = |slot| views.is_destroyed(slot) || untold.contains(&slot);
        let settled = loaded.settle(disk.as_ref(), highest, is_destroyed, kept)?;
        for repaired in settled.repaired {
            notify(&Notice::Keyring(repaired));
        }
        if !settled.finished.is_empty() {
            notify(&Notice::ErasuresFinished { slots: settled.finished });
        }
        if let End::Torn { .. } = end {
            notify(&Notice::Torn { after: journal.head().position });
        }
        let took = (sources.now)().monotonic.saturating_sub(began).as_micros();
        let keyring = Arc::new(settled.keyring);
        let store = Arc::new(Self {
            identity,
            clock: Clock::new(sources.clone(), last),
            keys_ahead: KeysAhead::new(Arc::clone(&keyring), kept, &notify),
            erasures: Erasures::new(Arc::clone(&keyring), &notify),
            opened: Opened {
                facts: views.globals().position.0,
                took_us: u64::try_from(took).unwrap_or(u64::MAX),
            },
            follower: Follower::start(log, journal.reader(), Arc::clone(&keyring), options)?,
            keyring,
            sources,
            views: RwLock::new(views),
            journal: journal.reader(),
            nodes: Nodes::default(),
            last_signed: LastSigned::default(),
            _lock: lock,
        });
        let mut writer = Writer::new(Arc::clone(&store), journal);
        writer.note_epoch()?;
        Ok((store, writer))
    }

    /// The epoch that is written now.
    pub fn epoch(&self) -> u32 {
        self.identity.epoch
    }

    /// The views as they are published now. Copy out what is needed and let go: the writer waits.
    pub fn views(&self) -> RwLockReadGuard<'_, Views> {
        self.views.read()
    }

    /// The one notion of "now".
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where time and chance come from.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// What opening it took.
    pub fn opened(&self) -> Opened {
        self.opened
    }

    /// The store's id.
    pub fn id(&self) -> [u8; 16] {
        self.identity.store_id
    }

    /// A copy of the key in use for a purpose.
    pub fn system_key(&self, purpose: Purpose) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        let (slot, months) = {
            let views = self.views.read();
            (views.system().slot(purpose), Months::default())
        };
        let slot = slot.unwrap_or_default();
        match self.keyring.view(months).key(slot) {
            SlotState::Filled(key) => Ok(Zeroizing::new(*key.bytes())),
            SlotState::Empty | SlotState::Erased => {
                Err(KeyringError::Damaged(keyring::Spot::Slot(slot.0)).into())
            }
        }
    }

    /// The key slot that comes next, if there is a key in it.
    pub fn next_free_slot(&self) -> Option<Slot> {
        self.keep_keys_ahead();
        let highest = self.views.read().globals().slot_highest;
        (self.keyring.free(highest) > 0).then_some(Slot(highest.0 + 1))
    }

    /// The fact at a position, with its origin.
    pub fn fact(&self, position: Position) -> Result<Fact, StoreError> {
        let what = || "the log does not reach it".to_owned();
        let mut facts = self.facts(&[position], Origins::Open)?;
        facts.pop().ok_or_else(|| StoreError::Unreadable { position, what: what() })
    }

    /// The facts at these positions, which rise. All are held at once: a caller that asks for many
    /// asks in chunks.
    pub fn facts(&self, positions: &[Position], origins: Origins) -> Result<Vec<Fact>, StoreError> {
        let months = Months::of(self.views.read().system());
        let positions: Vec<u64> = positions.iter().map(|position| position.0).collect();
        let mut records = Vec::with_capacity(positions.len());
        self.follower.read(&positions, &mut |at, record| records.push((at, record.to_vec())))?;
        let keys = self.keyring.view(months);
        records
            .into_iter()
            .map(|(position, bytes)| {
                let position = Position(position);
                record::open(position, &bytes, &keys, origins == Origins::Open)
                    .map_err(|error| StoreError::Unreadable { position, what: error.to_string() })
            })
            .collect()
    }

    /// Finishes what goes on in the background: sled is filled and let go. Reading goes on.
    pub fn close(&self) {
        self.follower.close();
    }

    pub(crate) fn views_lock(&self) -> &RwLock<Views> {
        &self.views
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// How sled follows the journal.
    pub fn follower(&self) -> &Follower {
        &self.follower
    }

    pub(crate) fn journal(&self) -> &JournalReader {
        &self.journal
    }

    /// Whether this key is still in a file of the keyring although a fact says that it is destroyed: the
    /// disk refused. It is gone from memory, and no read opens anything with it.
    pub fn is_erasure_unfinished(&self, slot: Slot) -> bool {
        self.erasures.is_unfinished(slot)
    }

    /// Tries again to destroy keys that the disk would not let go, and says whether none is left. Every
    /// turn does so too, and the next start.
    pub fn finish_erasures(&self) -> bool {
        self.erasures.finish()
    }

    /// What proofs are made of.
    pub(crate) fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// The checkpoint that was signed last.
    pub(crate) fn last_signed(&self) -> &LastSigned {
        &self.last_signed
    }

    /// Sees to it that births find a key.
    pub(crate) fn keep_keys_ahead(&self) {
        let highest = self.views.read().globals().slot_highest;
        self.keys_ahead.keep(highest);
    }
}

/// Whose store is in the directory.
fn identify(disk: &dyn Disk, dir: &Path) -> Result<Identity, StoreError> {
    let missing = || StoreError::NotInitialised { dir: dir.to_owned() };
    match identity::read(disk, dir) {
        Ok(Found::Identity(identity)) if identity.format != FORMAT => {
            Err(StoreError::UnknownFormat { format: identity.format.into() })
        }
        Ok(Found::Identity(identity)) => Ok(identity),
        Ok(Found::Damaged) => Err(damaged_identity()),
        Ok(Found::Nothing) => {
            refuse_more_than_a_first_start(disk, dir)?;
            Err(missing())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing()),
        Err(error) => Err(error.into()),
    }
}

/// What a start makes of the journal.
struct Folded {
    views: Views,
    journal: Journal,
    end: End,
    log: Log,
}

/// Opens the journal and folds it into views, while sled opens beside it.
fn fold_journal(
    options: &Options,
    identity: &Identity,
    loaded: &Loaded,
) -> Result<Folded, StoreError> {
    let Options { disk, dir, journal: settings, .. } = options;
    std::thread::scope(|scope| {
        // sled is asked how far it goes only at the end of the scan.
        let opening = scope.spawn(|| follow::open(options, identity.store_id));
        let mut opened = None;
        let mut keys = loaded.view(Months::default());
        let (views, journal) = fold::fold(Views::default(), |sink| {
            let reach = || {
                let log = opening.join().expect("a log opens or does without sled");
                // All that sled was ever told of, synced or not, was committed.
                opened.insert(log).reach().ok()
            };
            let (disk, dir) = (Arc::clone(disk), dir.join(JOURNAL));
            let sink = RefCell::new(sink);
            let visit = |frame: &Frame<'_>| sink.borrow_mut().frame(frame, &mut keys);
            // A key that is gone tells of a fact that is gone, which no torn end explains.
            let ready = |epoch| match loaded.erased_alone(sink.borrow().destroyed()) {
                Some(slot) if epoch == identity.epoch => {
                    Err(KeyringError::ErasedAlone { slot }.into())
                }
                Some(_) | None => Ok(()),
            };
            Journal::open(disk, &dir, whose(identity), *settings, reach, visit, ready)
        });
        let (journal, end) = journal.map_err(|error| match (&error, loaded.first_lost()) {
            (StoreError::Unreadable { .. }, Some(lost)) => KeyringError::Damaged(lost).into(),
            _ => error,
        })?;
        let log = opened.expect("a journal that opened asked for it");
        Ok(Folded { views, journal, end, log })
    })
}

pub(crate) fn whose(identity: &Identity) -> journal::Identity {
    journal::Identity { store: StoreId(identity.store_id), epoch: identity.epoch }
}

pub(crate) fn lock(disk: &dyn Disk, dir: &Path) -> Result<DiskLock, StoreError> {
    let held = disk.lock(&dir.join(LOCK))?;
    held.ok_or_else(|| StoreError::InUse { dir: dir.to_owned() })
}

pub(crate) fn damaged_identity() -> StoreError {
    let name = identity::FILE_NAME;
    StoreError::Damaged { what: format!("the file `{name}` is not what was written") }
}

/// A directory without the file `store` may hold what a first start left, and nothing more.
pub(crate) fn refuse_more_than_a_first_start(
    disk: &dyn Disk,
    dir: &Path,
) -> Result<(), StoreError> {
    if !journal::is_at_most_begun(disk, &dir.join(JOURNAL))? {
        let name = identity::FILE_NAME;
        let what = format!("the file `{name}` is missing, and the journal holds facts");
        return Err(StoreError::Damaged { what });
    }
    Ok(())
}
