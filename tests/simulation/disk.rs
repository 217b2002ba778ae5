//! A disk that forgets. What was not synced is lost at a power cut, sector by sector, in any subset;
//! what was synced with an error may be lost although it can be read until then; any operation may
//! be the last one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use store::journal::disk::{Access, Disk, DiskFile, DiskLock};

use crate::random::Random;

/// What is written whole or not at all.
const SECTOR: usize = 512;

/// The disk; clones are the same disk.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<World>>);

struct World {
    random: Random,
    files: Vec<Inode>,
    /// Names as a running process sees them, and as they are after a power cut.
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    dirs: BTreeSet<PathBuf>,
    locks: BTreeSet<PathBuf>,
    /// Operations that change something, so far.
    operations: u64,
    fault: Fault,
    dead: bool,
}

#[derive(Clone, Default)]
struct Inode {
    cached: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
    /// The length as cached, if it was changed and not synced.
    resized: bool,
}

/// What goes wrong, at which operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The machine stops in the middle of this operation.
    Stop(u64),
    /// This operation fails, and those after it do not.
    Fail(u64),
    /// From this operation on, nothing can be written for so many operations.
    Full(u64, u64),
}

/// How a machine that stopped comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process was killed: what it wrote is still there, synced or not.
    Kill,
    /// The power was cut: what was not synced is there in part.
    PowerCut,
}

impl SimDisk {
    /// An empty disk.
    pub fn new(random: Random) -> Self {
        Self(Arc::new(Mutex::new(World {
            random,
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            dirs: BTreeSet::new(),
            locks: BTreeSet::new(),
            operations: 0,
            fault: Fault::None,
            dead: false,
        })))
    }

    /// Arranges what goes wrong; operations are counted from now on.
    pub fn arrange(&self, fault: impl FnOnce(u64) -> Fault) {
        let mut world = self.world();
        world.fault = fault(world.operations);
    }

    /// Whether the machine stopped.
    pub fn is_dead(&self) -> bool {
        self.world().dead
    }

    /// Starts the machine again, after what happened to it.
    pub fn come_back(&self, crash: Crash) {
        let mut guard = self.world();
        let world = &mut *guard;
        world.dead = false;
        world.fault = Fault::None;
        world.locks.clear();
        if crash == Crash::Kill {
            return;
        }
        for file in &mut world.files {
            file.cut(&mut world.random);
        }
        // A name that was made, moved or removed without a sync of its directory may be either.
        let all: BTreeSet<_> =
            world.names.keys().chain(world.durable_names.keys()).cloned().collect();
        let mut names = BTreeMap::new();
        for name in all {
            let (now, then) = (world.names.get(&name), world.durable_names.get(&name));
            let kept = if now == then || world.random.chance(2) { now } else { then };
            if let Some(inode) = kept {
                names.insert(name, *inode);
            }
        }
        world.durable_names.clone_from(&names);
        world.names = names;
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no test panics while it holds the disk")
    }
}

impl Inode {
    /// A sync: all of it is durable now.
    fn sync(&mut self) {
        self.durable.clone_from(&self.cached);
        self.dirty.clear();
        self.resized = false;
    }

    /// A sync that failed: the system believes some of it written that is not.
    fn sync_in_vain(&mut self, random: &mut Random) {
        let dirty = std::mem::take(&mut self.dirty);
        for sector in dirty {
            if random.chance(2) {
                self.store(sector);
            }
        }
    }

    fn store(&mut self, sector: usize) {
        let range = sector * SECTOR..((sector + 1) * SECTOR).min(self.cached.len());
        if self.durable.len() < range.end {
            self.durable.resize(range.end, 0);
        }
        self.durable[range.clone()].copy_from_slice(&self.cached[range]);
    }

    /// A power cut: any subset of what was not synced got through.
    fn cut(&mut self, random: &mut Random) {
        for sector in std::mem::take(&mut self.dirty) {
            if random.chance(2) {
                self.store(sector);
            }
        }
        if self.resized && random.chance(2) {
            self.durable.resize(self.cached.len(), 0);
        }
        self.resized = false;
        self.cached.clone_from(&self.durable);
    }

    fn write(&mut self, bytes: &[u8], offset: usize) {
        if bytes.is_empty() {
            return;
        }
        let end = offset + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
            self.resized = true;
        }
        self.cached[offset..end].copy_from_slice(bytes);
        self.dirty.extend(offset / SECTOR..=(end - 1) / SECTOR);
    }
}

/// What an operation that changes something meets.
enum Luck {
    Good,
    /// It fails, and nothing of it was done, or all of it.
    Bad {
        done: bool,
    },
    /// The machine stops: so many bytes of it were done.
    Stops,
}

impl World {
    fn luck(&mut self) -> io::Result<Luck> {
        if self.dead {
            return Err(stopped());
        }
        self.operations += 1;
        let now = self.operations;
        Ok(match self.fault {
            Fault::Stop(at) if now >= at => {
                self.dead = true;
                Luck::Stops
            }
            Fault::Fail(at) if now == at => Luck::Bad { done: self.random.chance(2) },
            Fault::Full(at, len) if now >= at && now < at + len => Luck::Bad { done: false },
            Fault::None | Fault::Stop(_) | Fault::Fail(_) | Fault::Full(..) => Luck::Good,
        })
    }

    /// Does `act` unless luck is against it.
    fn attempt(&mut self, act: impl FnOnce(&mut Self)) -> io::Result<()> {
        match self.luck()? {
            Luck::Good => {
                act(self);
                Ok(())
            }
            Luck::Bad { done } => {
                if done {
                    act(self);
                }
                Err(io::Error::other("the simulated disk failed"))
            }
            Luck::Stops => {
                if self.random.chance(2) {
                    act(self);
                }
                Err(stopped())
            }
        }
    }

    fn alive(&self) -> io::Result<()> {
        if self.dead { Err(stopped()) } else { Ok(()) }
    }
}

impl Disk for SimDisk {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let world = self.world();
        world.alive()?;
        if !world.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = world.names.keys().filter(|name| name.parent() == Some(dir));
        let names = inside.filter_map(|name| Some(name.file_name()?.to_str()?.to_owned()));
        Ok(names.collect())
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        // Directories are durable at once: that a parent is synced is not what is tried here.
        self.world().attempt(|world| {
            world.dirs.insert(dir.to_owned());
        })
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let mut world = self.world();
        world.alive()?;
        let there = world.names.get(path).copied();
        let inode = match (access, there) {
            (Access::Read | Access::Write | Access::Create, Some(inode)) => inode,
            (Access::CreateNew, Some(_)) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Access::Read | Access::Write, None) => return Err(io::ErrorKind::NotFound.into()),
            (Access::Create | Access::CreateNew, None) => {
                if !path.parent().is_some_and(|dir| world.dirs.contains(dir)) {
                    return Err(io::ErrorKind::NotFound.into());
                }
                let inode = world.files.len();
                world.files.push(Inode::default());
                world.attempt(|world| _ = world.names.insert(path.to_owned(), inode))?;
                inode
            }
        };
        Ok(Arc::new(SimFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.world().attempt(|world| {
            if let Some(inode) = world.names.remove(from) {
                world.names.insert(to.to_owned(), inode);
            }
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        if !world.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        world.attempt(|world| _ = world.names.remove(path))
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        let mut world = self.world();
        if !world.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        world.attempt(|world| {
            world.names.retain(|name, _| !name.starts_with(dir));
            world.dirs.remove(dir);
        })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.world().attempt(|world| {
            world.durable_names.retain(|name, _| name.parent() != Some(dir));
            let inside = world.names.iter().filter(|(name, _)| name.parent() == Some(dir));
            let inside: Vec<_> = inside.map(|(name, inode)| (name.clone(), *inode)).collect();
            world.durable_names.extend(inside);
        })
    }

    fn lock(&self, path: &Path) -> io::Result<Option<DiskLock>> {
        let mut world = self.world();
        world.alive()?;
        if !world.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        let (disk, path) = (self.clone(), path.to_owned());
        Ok(Some(DiskLock::new(Held { disk, path })))
    }
}

struct Held {
    disk: SimDisk,
    path: PathBuf,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.disk.world().locks.remove(&self.path);
    }
}

struct SimFile {
    disk: SimDisk,
    inode: usize,
}

impl DiskFile for SimFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let world = self.disk.world();
        world.alive()?;
        let held = &world.files[self.inode].cached;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(held.len());
        let read = bytes.len().min(held.len() - offset);
        bytes[..read].copy_from_slice(&held[offset..offset + read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        let inode = self.inode;
        let offset = usize::try_from(offset).expect("simulated files are small");
        match world.luck()? {
            Luck::Good => world.files[inode].write(bytes, offset),
            Luck::Bad { done } => {
                // A write that fails may have been done in part.
                let part = if done { whole_sectors(&mut world.random, bytes, offset) } else { 0 };
                world.files[inode].write(&bytes[..part], offset);
                return Err(io::Error::other("the simulated disk failed"));
            }
            Luck::Stops => {
                let part = whole_sectors(&mut world.random, bytes, offset);
                world.files[inode].write(&bytes[..part], offset);
                return Err(stopped());
            }
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        let world = self.disk.world();
        world.alive()?;
        Ok(world.files[self.inode].cached.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let inode = self.inode;
        let len = usize::try_from(len).expect("simulated files are small");
        self.disk.world().attempt(|world| {
            world.files[inode].cached.resize(len, 0);
            world.files[inode].dirty.retain(|sector| sector * SECTOR < len);
            world.files[inode].resized = true;
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        let world = &mut *world;
        match world.luck()? {
            Luck::Good => world.files[self.inode].sync(),
            Luck::Bad { .. } => {
                world.files[self.inode].sync_in_vain(&mut world.random);
                return Err(io::Error::other("the simulated disk failed to sync"));
            }
            Luck::Stops => return Err(stopped()),
        }
        Ok(())
    }
}

/// How much of a write was done when it broke off: a sector is written whole or not at all.
fn whole_sectors(random: &mut Random, bytes: &[u8], offset: usize) -> usize {
    let end = offset + bytes.len();
    let cuts: Vec<_> =
        (offset / SECTOR + 1..end.div_ceil(SECTOR)).map(|sector| sector * SECTOR).collect();
    match random.below(cuts.len() + 2) {
        0 => 0,
        1 => bytes.len(),
        n => cuts[n - 2] - offset,
    }
}

fn stopped() -> io::Error {
    io::Error::other("the simulated machine stopped")
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimDisk")
    }
}

impl fmt::Debug for SimFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimFile({})", self.inode)
    }
}
