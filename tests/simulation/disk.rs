//! A disk that forgets. What was not synced is lost at a power cut, sector by sector, in any subset;
//! what was synced with an error may be lost although it can be read until then; any operation may
//! be the last one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use store::journal::FrameHeader;
use store::journal::disk::{Access, Disk, DiskFile, DiskLock};

use crate::inode::{Inode, SECTOR};
use crate::random::Random;

/// The disk; clones are the same disk.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<World>>);

struct World {
    random: Random,
    content: Content,
    locks: BTreeSet<PathBuf>,
    /// Every frame that was written, whether or not that succeeded.
    frames: Vec<Vec<u8>>,
    /// Operations that change something, so far.
    operations: u64,
    fault: Fault,
    dead: bool,
}

/// Everything on it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Content {
    pub files: Vec<Inode>,
    /// Names as a running process sees them, and as they are after a power cut.
    pub names: BTreeMap<PathBuf, usize>,
    pub durable_names: BTreeMap<PathBuf, usize>,
    pub dirs: BTreeSet<PathBuf>,
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
            content: Content::default(),
            locks: BTreeSet::new(),
            frames: Vec::new(),
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
        let Content { files, names, durable_names, .. } = &mut world.content;
        for file in files {
            file.cut(&mut world.random);
        }
        // A name that was made, moved or removed without a sync of its directory may be either.
        let all: BTreeSet<_> = names.keys().chain(durable_names.keys()).cloned().collect();
        let mut kept = BTreeMap::new();
        for name in all {
            let (now, then) = (names.get(&name), durable_names.get(&name));
            let which = if now == then || world.random.chance(2) { now } else { then };
            if let Some(inode) = which {
                kept.insert(name, *inode);
            }
        }
        durable_names.clone_from(&kept);
        *names = kept;
    }

    /// The frames that were written since this was asked last.
    pub fn take_frames(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.world().frames)
    }

    /// Looks at what is on the disk, or changes it from outside.
    pub fn content<R>(&self, look: impl FnOnce(&mut Content) -> R) -> R {
        look(&mut self.world().content)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no test panics while it holds the disk")
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
        if !world.content.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let Content { names, dirs, .. } = &world.content;
        let inside = names.keys().chain(dirs).filter(|name| name.parent() == Some(dir));
        let names = inside.filter_map(|name| Some(name.file_name()?.to_str()?.to_owned()));
        Ok(names.collect())
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        // Directories are durable at once: that a parent is synced is not what is tried here.
        self.world().attempt(|world| {
            world.content.dirs.insert(dir.to_owned());
        })
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let mut world = self.world();
        world.alive()?;
        let there = world.content.names.get(path).copied();
        let inode = match (access, there) {
            (Access::Read | Access::Write | Access::Create, Some(inode)) => inode,
            (Access::CreateNew, Some(_)) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Access::Read | Access::Write, None) => return Err(io::ErrorKind::NotFound.into()),
            (Access::Create | Access::CreateNew, None) => {
                if !path.parent().is_some_and(|dir| world.content.dirs.contains(dir)) {
                    return Err(io::ErrorKind::NotFound.into());
                }
                let inode = world.content.files.len();
                let is_segment = path.extension().is_some_and(|end| end == "mj");
                world.content.files.push(Inode::written(Vec::new(), is_segment));
                world.attempt(|world| _ = world.content.names.insert(path.to_owned(), inode))?;
                inode
            }
        };
        Ok(Arc::new(SimFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.world().attempt(|world| {
            let Content { names, durable_names, dirs, .. } = &mut world.content;
            if let Some(inode) = names.remove(from) {
                names.insert(to.to_owned(), inode);
            } else if dirs.remove(from) {
                // A directory moves with all that is in it, at once: what is in it was synced before.
                dirs.insert(to.to_owned());
                for names in [names, durable_names] {
                    let moved = names.keys().filter(|name| name.starts_with(from)).cloned();
                    for name in moved.collect::<Vec<_>>() {
                        let inode = names.remove(&name).expect("it is there");
                        let rest = name.strip_prefix(from).expect("it is inside");
                        names.insert(to.join(rest), inode);
                    }
                }
            }
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        if !world.content.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        world.attempt(|world| _ = world.content.names.remove(path))
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        let mut world = self.world();
        if !world.content.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        world.attempt(|world| {
            // One of the same name that is made later is another: what was in this never comes back.
            let Content { names, durable_names, dirs, .. } = &mut world.content;
            names.retain(|name, _| !name.starts_with(dir));
            durable_names.retain(|name, _| !name.starts_with(dir));
            dirs.remove(dir);
        })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.world().attempt(|world| {
            world.content.durable_names.retain(|name, _| name.parent() != Some(dir));
            let inside = world.content.names.iter().filter(|(name, _)| name.parent() == Some(dir));
            let inside: Vec<_> = inside.map(|(name, inode)| (name.clone(), *inode)).collect();
            world.content.durable_names.extend(inside);
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
        let held = &world.content.files[self.inode].cached;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(held.len());
        let read = bytes.len().min(held.len() - offset);
        bytes[..read].copy_from_slice(&held[offset..offset + read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        let inode = self.inode;
        let offset = usize::try_from(offset).expect("simulated files are small");
        let luck = world.luck()?;
        let world = &mut *world;
        if world.content.files[inode].is_segment && FrameHeader::decode(bytes).is_some() {
            world.frames.push(bytes.to_vec());
        }
        match luck {
            Luck::Good => world.content.files[inode].write(bytes, offset),
            Luck::Bad { done } => {
                // A write that fails may have been done in part.
                let part = if done { whole_sectors(&mut world.random, bytes, offset) } else { 0 };
                world.content.files[inode].write(&bytes[..part], offset);
                return Err(io::Error::other("the simulated disk failed"));
            }
            Luck::Stops => {
                let part = whole_sectors(&mut world.random, bytes, offset);
                world.content.files[inode].write(&bytes[..part], offset);
                return Err(stopped());
            }
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        let world = self.disk.world();
        world.alive()?;
        Ok(world.content.files[self.inode].cached.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let inode = self.inode;
        let len = usize::try_from(len).expect("simulated files are small");
        self.disk.world().attempt(|world| {
            world.content.files[inode].set_len(len);
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        let world = &mut *world;
        match world.luck()? {
            Luck::Good => world.content.files[self.inode].sync(),
            Luck::Bad { .. } => {
                world.content.files[self.inode].sync_in_vain(&mut world.random);
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
