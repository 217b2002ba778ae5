//! Keeping sled's failures from becoming ours: panics are caught, waits end, broken directories
//! are moved out of the way.
//!
//! What cannot be contained: an abort (out of memory, or a panic while sled unwinds from one), a
//! reader or an insert that waits inside sled for a write that one of sled's own threads dropped
//! when it panicked (the thread hangs, the process does not), and the message that the process's
//! panic hook prints.

use std::any::Any;
use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::{LogDamage, Notice};

/// How many directories that were set aside are kept: the newest.
const SET_ASIDE_MAX: usize = 2;

/// Runs `work`; a panic in it is damage.
pub(super) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, LogDamage> {
    // Whatever a panic leaves half done is inside sled, and sled is set aside for it.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| LogDamage::Panicked(message(&*panic)))
}

/// Runs `work` on a thread of its own, and stops waiting for it after `limit`.
///
/// sled waits without a limit for its own threads, and one that panicked never answers. The thread
/// that is given up stays behind until the process ends.
pub(super) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LogDamage> {
    let (answer, answered) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("muster-sled".to_owned())
        .spawn(move || {
            // Nobody listens once the limit has passed; that is not a failure of this thread.
            let _late = answer.send(catch(work));
        })
        .map_err(|error| LogDamage::Failed(format!("no thread for it: {error}")))?;
    match answered.recv_timeout(limit) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(LogDamage::Hung { secs: limit.as_secs() }),
        Err(RecvTimeoutError::Disconnected) => {
            Err(LogDamage::Panicked("while its panic was being told".to_owned()))
        }
    }
}

/// Moves `dir` to `<dir>.broken-<stamp>`, and removes all but the newest of these.
pub(super) fn set_aside(dir: &Path, stamp: u64, why: &LogDamage) -> io::Result<Vec<Notice>> {
    let to = free_name(dir, stamp);
    fs::rename(dir, &to)?;
    sync_dir(parent(dir))?;
    let mut notices = vec![Notice::SetAside { why: why.clone(), to }];
    for old in older(dir)? {
        notices.push(match fs::remove_dir_all(&old) {
            Ok(()) => Notice::Removed { path: old },
            Err(error) => Notice::Left { path: old, why: error.to_string() },
        });
    }
    Ok(notices)
}

/// Makes the names in `dir` durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// The directory that holds `dir`.
pub(super) fn parent(dir: &Path) -> &Path {
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

fn prefix(dir: &Path) -> String {
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned());
    format!("{}.broken-", name.unwrap_or_default())
}

fn free_name(dir: &Path, stamp: u64) -> PathBuf {
    let dated = format!("{}{stamp}", prefix(dir));
    let names = (1u32..).map(|n| if n == 1 { dated.clone() } else { format!("{dated}-{n}") });
    names
        .map(|name| dir.with_file_name(name))
        .find(|path| path.symlink_metadata().is_err())
        .expect("there are more names than directories")
}

/// What was set aside, without the newest.
fn older(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let prefix = prefix(dir);
    let mut dated = Vec::new();
    for entry in fs::read_dir(parent(dir))? {
        let entry = entry?;
        let name = entry.file_name();
        let date = name.to_str().and_then(|name| name.strip_prefix(&prefix)).and_then(date);
        if let Some(date) = date {
            dated.push((date, entry.path()));
        }
    }
    dated.sort_unstable();
    dated.truncate(dated.len().saturating_sub(SET_ASIDE_MAX));
    Ok(dated.into_iter().map(|(_, path)| path).collect())
}

/// `<stamp>` or `<stamp>-<n>`; anything else is not ours to remove.
fn date(name: &str) -> Option<(u64, u32)> {
    match name.split_once('-') {
        None => Some((name.parse().ok()?, 1)),
        Some((stamp, n)) => Some((stamp.parse().ok()?, n.parse().ok()?)),
    }
}
