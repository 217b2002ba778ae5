//! The real sled, in a directory in memory: copied at any moment, put back in part, flipped. Its threads
//! keep their own time, so a seed with sled is not quite the same run twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use store::log::{self, LogDamage};
use store::notice::Notice;
use store::open::SLED;

use crate::checks::hold;
use crate::random::Random;
use crate::world::World;

/// Where files are kept in memory.
const MEMORY: &str = "/dev/shm";

/// The real directory beside the simulated disk.
pub struct Sled {
    dir: PathBuf,
    /// How soon it follows, in microseconds.
    pub lag_us: u64,
    /// Its files as they were at some moment, and whether that was one moment for all of them.
    copied: Option<(Files, bool)>,
    state: State,
}

/// What was done to it since a store that had it open was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing.
    Closed,
    /// It is as a kill at some moment would have left it.
    Killed,
    /// It was changed.
    Changed,
}

/// Copies that are taken one after the other; one of them is kept.
const COPIES_MAX: usize = 6;

/// Files by name.
pub type Files = Vec<(PathBuf, Vec<u8>)>;

impl Sled {
    pub fn new(seed: u64) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let memory = Path::new(MEMORY);
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let dir = parent.join(format!("muster-simulation-{}-{count}", std::process::id()));
        fs::create_dir(&dir).expect("a directory of its own");
        Self { dir, lag_us: seed % 7 * 300, copied: None, state: State::Closed }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.clone()
    }

    /// Whether nobody touched it since a store that had it open was closed.
    pub fn is_whole(&self) -> bool {
        self.state == State::Closed
    }

    /// All of its files; those that go away meanwhile are not there.
    pub fn copy(&self) -> Files {
        let mut files = Vec::new();
        let mut dirs = vec![self.dir.join(SLED)];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    dirs.push(path);
                } else if let Ok(bytes) = fs::read(&path) {
                    files.push((path, bytes));
                }
            }
        }
        files.sort();
        files
    }

    /// Puts files in the place of whatever is there.
    pub fn put(&self, files: &Files) {
        for entry in fs::read_dir(&self.dir).expect("its own directory").flatten() {
            // A sled that was set aside goes as well.
            _ = fs::remove_dir_all(entry.path());
        }
        for (path, bytes) in files {
            fs::create_dir_all(path.parent().expect("inside")).expect("room");
            fs::write(path, bytes).expect("room");
        }
    }
}

impl Drop for Sled {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.dir);
    }
}

impl World {
    /// While the store serves: its sled is copied at some moment or other.
    pub fn sled_while_serving(&mut self) {
        let Some(sled) = &mut self.sled else { return };
        if self.random.chance(3) {
            let mut copy = sled.copy();
            for _ in 0..=self.random.below(COPIES_MAX) {
                // What was the same twice was so at one moment between.
                let again = sled.copy();
                sled.copied = Some((again.clone(), copy == again));
                copy = again;
            }
        }
    }

    /// While it does not: the copy comes back in whole or in part, bits flip, or all of it is gone.
    pub fn sled_while_stopped(&mut self) {
        let Self { sled: Some(sled), random, .. } = self else { return };
        sled.state = State::Closed;
        if random.chance(3) {
            return;
        }
        let mut files = sled.copy();
        sled.state = State::Changed;
        match (random.below(5), sled.copied.take()) {
            (0, _) => files.clear(),
            (1 | 2, Some((copied, was_one_moment))) => {
                files = copied;
                if was_one_moment {
                    sled.state = State::Killed;
                } else if random.chance(3) {
                    flip(&mut files, random);
                }
            }
            (3, Some((copied, _))) => mix(&mut files, &copied, random),
            _ => flip(&mut files, random),
        }
        sled.put(&files);
    }

    /// A sled that nobody touched is never set aside, and one that was killed never lacks what it says
    /// it holds.
    pub fn sled_is_well(&self) {
        let Some(sled) = &self.sled else { return };
        let notices = self.notices.lock().expect("no panic holds the notices");
        let found = notices.iter().find(|notice| match (sled.state, notice) {
            (State::Closed, Notice::Sled(_)) => true,
            (State::Killed, Notice::Sled(log::Notice::SetAside { why, .. })) => {
                matches!(why, LogDamage::Gap { .. })
            }
            (State::Closed | State::Killed | State::Changed, _) => false,
        });
        hold!(Sled, found.is_none(), "{:?}: {found:?}", sled.state);
    }
}

/// Some files, and some stretches of others, as they were when they were copied.
fn mix(files: &mut Files, copied: &Files, random: &mut Random) {
    for (path, bytes) in files {
        let Some((_, old)) = copied.iter().find(|(name, _)| name == path) else { continue };
        match random.below(3) {
            0 => bytes.clone_from(old),
            1 => {
                let both = bytes.len().min(old.len());
                let from = random.below(both);
                let to = (from + 1 + random.below(1 << 16)).min(both);
                if from < to {
                    bytes[from..to].copy_from_slice(&old[from..to]);
                }
            }
            _ => {}
        }
    }
}

/// A few bits flip.
fn flip(files: &mut Files, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let file = random.below(files.len());
        let Some((_, bytes)) = files.get_mut(file) else { return };
        if !bytes.is_empty() {
            let (at, bit) = (random.below(bytes.len()), random.below(8));
            bytes[at] ^= 1 << bit;
        }
    }
}
