//! The log that is read by position: sled, filled from the journal behind the commit.
//!
//! Everything here is derived from the journal and may be lost at any time: whatever goes wrong
//! inside sled means that it knows nothing, never that a fact is gone. So [`Log::open`] does not
//! fail; what could not be read is set aside and filled anew, and meanwhile the journal answers.
//!
//! In reading order: `parts` is the bytes, `contain` keeps sled's panics and waits out of our
//! threads, `held` is one opened sled, `fill` writes it, `read` reads it, `states` is what is
//! kept beside it, `salvage` reads one that is all there is.

mod contain;
mod fill;
mod held;
mod parts;
mod read;
mod salvage;
mod states;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use rustix::fs::{FlockOperation, StatVfsMountFlags, flock, statvfs};

pub use fill::Filler;
use held::Held;
pub use parts::RECORD_BYTES_MAX;
pub use salvage::Salvage;

/// How long opening may take. Without a kill before it, it takes well under a second; after one,
/// sled reads everything it wrote since it was last opened.
const OPEN_SECS_MAX: u64 = 120;
/// How long closing may take, the last write-back to disk included.
const CLOSE_SECS_MAX: u64 = 20;
/// How long a sled that was closed just now, or whose process is ending, may hold its lock.
const LOCK_SECS_MAX: u64 = 5;
/// How often a process begins with a fresh sled. One that breaks again and again is not worth the
/// filling: sled's threads are shared by all its instances, and do not recover from a panic.
const REPLACED_MAX: u32 = 3;
const REPLACING: &str = "being set aside";
/// A sled that the disk refused something is opened again when there is room for so much.
const ROOM_BYTES_MIN: u64 = 64 << 20;
/// How long to wait before it is tried again; twice as long each time that fails.
const AGAIN_SECS_MIN: u64 = 1;
const AGAIN_SECS_MAX: u64 = 60;

/// Facts by position, up to [`Log::filled`]. Shared by reference: every method takes `&self`.
pub struct Log {
    dir: PathBuf,
    store_id: [u8; 16],
    state: RwLock<State>,
    /// Held by the one [`Filler`].
    filling: Mutex<()>,
    replaced: AtomicU32,
}

/// Why sled does not answer. Never a reason to fail a request: the journal has every fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogDamage {
    /// There is no sled: it could not be made, was given up, or is closed.
    #[error("sled is not in use: {0}")]
    Without(String),
    /// Not filled so far, or position 0. Not damage: the journal has it, if it exists.
    #[error("sled holds positions 1 to {filled}, not {position}")]
    Beyond {
        /// What was asked for.
        position: u64,
        /// What there is.
        filled: u64,
    },
    /// sled panicked, with this message.
    #[error("sled panicked: {0}")]
    Panicked(String),
    /// sled, or the disk below it, returned this error.
    #[error("sled failed: {0}")]
    Failed(String),
    /// The disk took no more: it is full, or read-only. What sled has on it may well be good.
    #[error("the disk refused sled a write: {0}")]
    Refused(String),
    /// sled did not come back; one of its own threads has probably panicked.
    #[error("sled did not answer within {secs} s")]
    Hung {
        /// How long we waited.
        secs: u64,
    },
    /// A value's checksum does not hold.
    #[error("checksum mismatch in sled's tree {tree} at position {position}")]
    Checksum {
        /// Tree of the value.
        tree: &'static str,
        /// Position in its key; 0 in `meta`.
        position: u64,
    },
    /// A key or a value that passes its checksum, but that we never write.
    #[error("malformed entry in sled's tree {tree} at position {position}")]
    Malformed {
        /// Tree of the entry.
        tree: &'static str,
        /// Position in its key; 0 if there is none.
        position: u64,
    },
    /// A position up to `filled` that no part holds.
    #[error("sled has lost position {position}")]
    Gap {
        /// The first one that is missing.
        position: u64,
    },
    /// sled belongs to another store.
    #[error("sled holds the log of another store")]
    OtherStore,
    /// Somebody who compared it with the journal says so.
    #[error("sled is not to be trusted: {0}")]
    Distrusted(String),
}

/// Something an operator wants to know, and the log of the process should say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// sled's directory was moved, and a fresh one takes its place.
    SetAside {
        /// What was wrong with it.
        why: LogDamage,
        /// Where it is now.
        to: PathBuf,
    },
    /// An older directory that had been set aside was removed.
    Removed {
        /// Where it was.
        path: PathBuf,
    },
    /// An older directory that had been set aside could not be removed.
    Left {
        /// Where it is.
        path: PathBuf,
        /// What was in the way.
        why: String,
    },
    /// The store works without sled: right, but slower by position.
    Without {
        /// What was in the way.
        why: String,
    },
    /// The disk refuses writes: the store works without sled until it takes them again.
    Waiting {
        /// What was refused.
        why: String,
    },
    /// The disk takes writes again, and sled is in use again.
    Again,
}

/// How the log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers, up to here.
    Serving {
        /// The last position filled and synced; 0 if none.
        filled: u64,
    },
    /// It answers no more, and waits for [`Log::set_aside`].
    Damaged(LogDamage),
    /// There is none.
    Without(String),
}

enum State {
    Serving(Arc<Held>),
    /// Being set aside; whoever closes meanwhile ends that too.
    Replacing,
    Without(String),
    Waiting(Waiting),
}

/// For a disk that takes writes again.
struct Waiting {
    why: String,
    /// Not before this Unix time, in seconds.
    again_at: u64,
    /// How long to wait next, in seconds.
    delay: u64,
}

impl Log {
    /// Opens the sled in `dir`, or begins one. Never fails: what cannot be opened, or belongs to
    /// another store, is moved to `<dir>.broken-<stamp>` (newest two kept) and a fresh one takes
    /// its place; if that fails too, there is none. `stamp` is the Unix time in seconds.
    pub fn open(dir: &Path, store_id: [u8; 16], stamp: u64) -> (Self, Vec<Notice>) {
        let mut notices = Vec::new();
        let state = opened(dir, store_id, stamp, &mut notices);
        let log = Self {
            dir: dir.to_owned(),
            store_id,
            state: RwLock::new(state),
            filling: Mutex::new(()),
            replaced: AtomicU32::new(0),
        };
        (log, notices)
    }

    /// A log that knows nothing and never will.
    pub fn without(why: String) -> Self {
        Self {
            dir: PathBuf::new(),
            store_id: [0; 16],
            state: RwLock::new(State::Without(why)),
            filling: Mutex::new(()),
            replaced: AtomicU32::new(0),
        }
    }

    /// The last position filled and synced: all up to it can be read here. 0 if there is none yet,
    /// `None` if the log knows nothing.
    pub fn filled(&self) -> Option<u64> {
        self.held().ok().map(|held| held.filled())
    }

    /// How the log is.
    pub fn health(&self) -> Health {
        match &*self.state.read() {
            State::Without(why) => Health::Without(why.clone()),
            State::Replacing => Health::Without(REPLACING.to_owned()),
            State::Waiting(waiting) => Health::Without(waiting.why.clone()),
            State::Serving(held) => match held.sound() {
                Ok(()) => Health::Serving { filled: held.filled() },
                Err(damage) => Health::Damaged(damage),
            },
        }
    }

    /// Says that what sled answers is not what the journal holds. It answers no more.
    pub fn distrust(&self, why: String) {
        if let State::Serving(held) = &*self.state.read() {
            held.spoil(LogDamage::Distrusted(why));
        }
    }

    /// Puts a fresh sled in the place of a damaged one; does nothing if it is not damaged, so all
    /// who meet the damage may call it. Readers go on with the journal; a new [`Filler`] begins at
    /// position 1. One that the disk refused a write stays where it is, for [`Log::begin_again`].
    /// `stamp` is the Unix time in seconds.
    pub fn set_aside(&self, stamp: u64) -> Vec<Notice> {
        let Some((broken, why)) = self.take_damaged() else { return Vec::new() };
        let limit = Duration::from_secs(CLOSE_SECS_MAX);
        // Readers that are still in it keep it alive; if it does not let go, its thread stays.
        let _unheard = contain::within(limit, move || drop(broken));
        let mut notices = Vec::new();
        let fresh = if let LogDamage::Refused(why) = why {
            waiting(why, stamp, &mut notices)
        } else if self.replaced.fetch_add(1, Ordering::Relaxed) < REPLACED_MAX {
            replaced(&self.dir, self.store_id, stamp, &why, &mut notices)
        } else {
            without(format!("{REPLACED_MAX} were set aside in this process; {why}"), &mut notices)
        };
        self.put(fresh);
        notices
    }

    /// Whether the disk refused something, and [`Log::begin_again`] is to be called now and then.
    pub fn is_waiting(&self) -> bool {
        matches!(*self.state.read(), State::Waiting(_))
    }

    /// Takes up sled again if the disk had refused something and now has room; does nothing if it
    /// did not, or if it is too early. `stamp` is the Unix time in seconds.
    pub fn begin_again(&self, stamp: u64) -> Vec<Notice> {
        let mut notices = Vec::new();
        let Some(delay) = self.take_waiting(stamp) else { return notices };
        self.put(match attempt(&self.dir, self.store_id) {
            Ok(held) => {
                notices.push(Notice::Again);
                State::Serving(Arc::new(held))
            }
            Err(LogDamage::Refused(why)) => {
                let delay = (2 * delay).min(AGAIN_SECS_MAX);
                State::Waiting(Waiting { why, again_at: stamp + delay, delay })
            }
            Err(why) => replaced(&self.dir, self.store_id, stamp, &why, &mut notices),
        });
        notices
    }

    /// Writes back what is left and lets go of the directory; afterwards there is no sled. Comes
    /// back within 20 seconds, and says if sled did not.
    pub fn close(&self) -> Result<(), LogDamage> {
        let closed = State::Without("closed".to_owned());
        let State::Serving(held) = std::mem::replace(&mut *self.state.write(), closed) else {
            return Ok(());
        };
        held.sound()?;
        let dir = self.dir.clone();
        contain::within(Duration::from_secs(CLOSE_SECS_MAX), move || {
            held.flush()?;
            drop(held);
            wait_for_lock(&dir).map_err(|error| LogDamage::Failed(error.to_string()))
        })?
    }

    /// Takes a damaged sled out of everybody's reach, without making anybody wait for what follows.
    fn take_damaged(&self) -> Option<(Arc<Held>, LogDamage)> {
        let mut state = self.state.write();
        let State::Serving(held) = &*state else { return None };
        let why = held.sound().err()?;
        match std::mem::replace(&mut *state, State::Replacing) {
            State::Serving(held) => Some((held, why)),
            State::Replacing | State::Without(_) | State::Waiting(_) => None,
        }
    }

    /// Ends the waiting if there is something to be tried, and says how long the last wait was.
    fn take_waiting(&self, stamp: u64) -> Option<u64> {
        let mut state = self.state.write();
        let State::Waiting(waiting) = &mut *state else { return None };
        if stamp < waiting.again_at {
            return None;
        }
        if !has_room(contain::parent(&self.dir)) {
            waiting.again_at = stamp + AGAIN_SECS_MIN;
            return None;
        }
        let delay = waiting.delay;
        *state = State::Replacing;
        Some(delay)
    }

    /// Ends the replacing, unless the log was closed meanwhile.
    fn put(&self, fresh: State) {
        let mut state = self.state.write();
        if let State::Replacing = *state {
            *state = fresh;
        }
    }

    /// The sled of this moment, if it is sound.
    fn held(&self) -> Result<Arc<Held>, LogDamage> {
        match &*self.state.read() {
            State::Without(why) => Err(LogDamage::Without(why.clone())),
            State::Replacing => Err(LogDamage::Without(REPLACING.to_owned())),
            State::Waiting(waiting) => Err(LogDamage::Without(waiting.why.clone())),
            State::Serving(held) => held.sound().map(|()| Arc::clone(held)),
        }
    }
}

/// Puts away the sled in `dir`, which nobody has open, under a dated name (newest two kept), and says
/// where it is. `stamp` is the Unix time in seconds.
pub fn put_away(dir: &Path, stamp: u64, why: &str) -> std::io::Result<Option<PathBuf>> {
    let done = contain::set_aside(dir, stamp, &LogDamage::Distrusted(why.to_owned()))?;
    Ok(done.into_iter().find_map(|notice| match notice {
        Notice::SetAside { to, .. } => Some(to),
        Notice::Removed { .. }
        | Notice::Left { .. }
        | Notice::Without { .. }
        | Notice::Waiting { .. }
        | Notice::Again => None,
    }))
}

impl Drop for Log {
    fn drop(&mut self) {
        // Nobody is left to hear of it, and nothing is lost: the journal has every fact.
        let _unheard = self.close();
    }
}

impl LogDamage {
    /// Whether sled is to be set aside for it; otherwise it just does not have the answer.
    pub fn is_damage(&self) -> bool {
        !matches!(self, Self::Without(_) | Self::Beyond { .. })
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetAside { why, to } => {
                write!(f, "{why}; set aside as {}, filled anew from the journal", to.display())
            }
            Self::Removed { path } => write!(f, "removed {}, set aside earlier", path.display()),
            Self::Left { path, why } => write!(f, "could not remove {}: {why}", path.display()),
            Self::Without { why } => write!(f, "working without sled, from the journal: {why}"),
            Self::Waiting { why } => write!(
                f,
                "the disk refused a write ({why}); working from the journal until it takes them \
                 again"
            ),
            Self::Again => write!(f, "the disk takes writes again; sled is in use"),
        }
    }
}

/// What stands in `dir`, or a fresh one in its place, or none.
fn opened(dir: &Path, store_id: [u8; 16], stamp: u64, notices: &mut Vec<Notice>) -> State {
    let limit = Duration::from_secs(LOCK_SECS_MAX);
    let waited = contain::within(limit, {
        let dir = dir.to_owned();
        move || wait_for_lock(&dir)
    });
    if let Err(LogDamage::Hung { .. }) = waited {
        return without("another process uses it".to_owned(), notices);
    }
    match attempt(dir, store_id) {
        Ok(held) => State::Serving(Arc::new(held)),
        Err(LogDamage::Refused(why)) => waiting(why, stamp, notices),
        Err(why) => replaced(dir, store_id, stamp, &why, notices),
    }
}

/// A fresh one in the place of what stands in `dir`, or none.
fn replaced(
    dir: &Path,
    store_id: [u8; 16],
    stamp: u64,
    why: &LogDamage,
    notices: &mut Vec<Notice>,
) -> State {
    match contain::set_aside(dir, stamp, why) {
        Ok(done) => notices.extend(done),
        Err(error) => {
            let what = format!("{why}; setting it aside: {error}");
            let is_refused = matches!(held::failed(error), LogDamage::Refused(_));
            return if is_refused { waiting(what, stamp, notices) } else { without(what, notices) };
        }
    }
    match attempt(dir, store_id) {
        Ok(held) => State::Serving(Arc::new(held)),
        Err(LogDamage::Refused(why)) => {
            // Half a sled is of no use to anybody. If it stays, it is set aside later.
            drop(fs::remove_dir_all(dir));
            waiting(why, stamp, notices)
        }
        Err(again) => without(format!("a fresh one: {again}"), notices),
    }
}

fn attempt(dir: &Path, store_id: [u8; 16]) -> Result<Held, LogDamage> {
    let dir = dir.to_owned();
    contain::within(Duration::from_secs(OPEN_SECS_MAX), move || Held::open(&dir, store_id))?
}

fn without(why: String, notices: &mut Vec<Notice>) -> State {
    notices.push(Notice::Without { why: why.clone() });
    State::Without(why)
}

fn waiting(why: String, stamp: u64, notices: &mut Vec<Notice>) -> State {
    notices.push(Notice::Waiting { why: why.clone() });
    let delay = AGAIN_SECS_MIN;
    State::Waiting(Waiting { why, again_at: stamp + delay, delay })
}

/// Whether sled may be tried again in this directory; where the system does not say, it may.
fn has_room(dir: &Path) -> bool {
    statvfs(dir).map_or(true, |is| {
        let room = is.f_bavail.saturating_mul(is.f_frsize);
        room >= ROOM_BYTES_MIN && !is.f_flag.contains(StatVfsMountFlags::RDONLY)
    })
}

/// Waits until no sled holds the lock of the one in `dir`. sled itself does not wait, and lets go
/// of it only when the last of its threads has put away what it was writing.
fn wait_for_lock(dir: &Path) -> std::io::Result<()> {
    let path = dir.join(held::DB_FILE);
    if !fs::exists(&path)? {
        return Ok(());
    }
    Ok(flock(File::open(path)?, FlockOperation::LockExclusive)?)
}
