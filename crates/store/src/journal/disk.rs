//! Everything the store does to files, as one trait: the file system, or a simulated disk that
//! forgets, tears and fails.

use std::any::Any;
use std::fmt::{Debug, Display};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the store keeps its files.
///
/// What is promised, and no more: [`DiskFile::sync_data`] makes the bytes and the length of a file
/// durable, [`Disk::sync_dir`] makes the names in a directory durable, and [`Disk::rename`]
/// replaces a name in one step. After a sync that failed nothing is known about what it covered.
/// Every error names the path.
pub trait Disk: Debug + Send + Sync {
    /// The names in a directory, sorted.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Makes a directory that only the owner may enter. One that exists already is fine.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// Opens a file; one that this creates can be read and written by the owner alone.
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>>;

    /// Gives a file or directory another name, replacing the file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes a directory and everything in it.
    fn remove_dir(&self, dir: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable: files created, renamed and removed.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Takes the lock that a file stands for, creating the file, or finds it held: `None`. The
    /// lock lasts until the value is dropped or the process ends.
    fn lock(&self, path: &Path) -> io::Result<Option<DiskLock>>;
}

/// How [`Disk::open`] opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// An existing file, to read.
    Read,
    /// An existing file, to read and write.
    Write,
    /// A file to read and write, made empty if there is none; what it holds is kept.
    Create,
    /// A file to read and write that must not exist yet.
    CreateNew,
}

/// An open file, read and written at offsets by any number of threads.
pub trait DiskFile: Debug + Send + Sync {
    /// Fills `bytes` from `offset` and returns how many were there: fewer only where the file ends.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at `offset`. Seen by every reader at once, durable after
    /// [`DiskFile::sync_data`].
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether there is no byte in it.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Takes room for so many bytes without changing what is read, so that a disk without it says
    /// so before anything is written. A disk that cannot say does nothing.
    fn reserve(&self, _bytes: u64) -> io::Result<()> {
        Ok(())
    }

    /// Cuts the file, or lets it grow by bytes that read as zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes what was written, and the length, durable (`fdatasync`).
    fn sync_data(&self) -> io::Result<()>;
}

/// A lock that is held for as long as this lives.
#[derive(Debug)]
pub struct DiskLock {
    _held: Box<dyn Any + Send + Sync>,
}

impl DiskLock {
    /// A lock that dropping `held` gives up.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self { _held: Box::new(held) }
    }
}

/// The file system of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).map_err(|e| at(dir.display(), &e))? {
            let name = entry.map_err(|e| at(dir.display(), &e))?.file_name();
            // A name that is not text is none of ours.
            names.extend(name.into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        match fs::DirBuilder::new().mode(DIR_MODE).create(dir) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
            done => done.map_err(|e| at(dir.display(), &e)),
        }
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(RealFile { file: open(path, access)?, path: path.to_owned() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
            .map_err(|e| at(format_args!("{} -> {}", from.display(), to.display()), &e))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path).map_err(|e| at(path.display(), &e))
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        fs::remove_dir_all(dir).map_err(|e| at(dir.display(), &e))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(|e| at(dir.display(), &e))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<DiskLock>> {
        use rustix::fs::{FlockOperation, flock};
        let file = match open(path, Access::Create) {
            // Whoever holds it took it before the file system turned read-only.
            Err(e) if e.kind() == io::ErrorKind::ReadOnlyFilesystem => open(path, Access::Read),
            opened => opened,
        }?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(DiskLock::new(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(e) => Err(at(path.display(), &e.into())),
        }
    }
}

const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

#[derive(Debug)]
struct RealFile {
    file: File,
    path: PathBuf,
}

impl DiskFile for RealFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < bytes.len() {
            match self.file.read_at(&mut bytes[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(more) => done += more,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(at(self.path.display(), &e)),
            }
        }
        Ok(done)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset).map_err(|e| at(self.path.display(), &e))
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata().map_err(|e| at(self.path.display(), &e))?.len())
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        match fallocate(&self.file, FallocateFlags::KEEP_SIZE, 0, bytes) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(e) => Err(at(self.path.display(), &e.into())),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len).map_err(|e| at(self.path.display(), &e))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data().map_err(|e| at(self.path.display(), &e))
    }
}

fn open(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).mode(FILE_MODE);
    match access {
        Access::Read => {}
        Access::Write => _ = options.write(true),
        Access::Create => _ = options.write(true).create(true),
        Access::CreateNew => _ = options.write(true).create_new(true),
    }
    options.open(path).map_err(|e| at(path.display(), &e))
}

/// The same error, saying where.
fn at(place: impl Display, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{place}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::testing::TempDir;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_written_is_read_until_the_file_ends() {
        let dir = TempDir::new();
        let file = RealDisk.open(&dir.path().join("f"), Access::CreateNew).unwrap();
        file.write_at(b"abc", 4).unwrap();
        file.sync_data().unwrap();
        let mut bytes = [9; 8];
        assert_eq!(file.read_at(&mut bytes, 2).unwrap(), 5);
        assert_eq!(&bytes, b"\0\0abc\x09\x09\x09");
        file.set_len(5).unwrap();
        assert_eq!(file.len().unwrap(), 5);
        RealDisk.sync_dir(dir.path()).unwrap();
        assert_eq!(RealDisk.list(dir.path()).unwrap(), ["f"]);
    }

    #[test]
    fn room_is_reserved_without_a_trace() {
        let dir = TempDir::new();
        let file = RealDisk.open(&dir.path().join("f"), Access::CreateNew).unwrap();
        file.write_at(b"abc", 0).unwrap();
        file.reserve(1 << 20).unwrap();
        assert_eq!(file.len().unwrap(), 3);
        // No disk has room for this.
        assert!(file.reserve(1 << 62).is_err());
    }

    #[test]
    fn files_and_directories_belong_to_the_owner_alone() {
        let dir = TempDir::new();
        let (inner, file) = (dir.path().join("d"), dir.path().join("d/f"));
        RealDisk.create_dir(&inner).unwrap();
        RealDisk.create_dir(&inner).unwrap();
        RealDisk.open(&file, Access::Create).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&inner), mode(&file)), (0o700, 0o600));
    }

    #[test]
    fn a_lock_is_held_once_and_until_it_is_dropped() {
        let dir = TempDir::new();
        let path = dir.path().join("lock");
        let held = RealDisk.lock(&path).unwrap();
        assert!(held.is_some());
        assert!(RealDisk.lock(&path).unwrap().is_none());
        drop(held);
        assert!(RealDisk.lock(&path).unwrap().is_some());
    }

    #[test]
    fn an_error_names_the_path() {
        let dir = TempDir::new();
        let path = dir.path().join("absent");
        let error = RealDisk.open(&path, Access::Write).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("absent"), "{error}");
        RealDisk.open(&path, Access::CreateNew).unwrap();
        let error = RealDisk.open(&path, Access::CreateNew).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }
}
