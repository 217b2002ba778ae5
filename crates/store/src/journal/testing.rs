//! What the tests of this module stand on: a directory of their own, and a disk that fails.

use super::disk::{Access, Disk, DiskFile, DiskLock, RealDisk};
use super::frame::{Frame, FrameBuilder, Identity, StoreId};
use super::segment::segment_path;
use super::{AppendError, End, Head, Journal, JournalError, Settings};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// A directory that is gone when the test is.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("muster-journal-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

/// What is about to be done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Write { offset: u64 },
    Reserve,
    Sync,
}

type Rule = Box<dyn FnMut(&str, Op) -> bool + Send>;

/// The real disk, but that operations fail where a rule says so. A write that fails is nevertheless
/// done, and so is a sync: the worst a caller can meet.
#[derive(Clone)]
pub struct FailingDisk(Arc<Mutex<Rule>>);

impl FailingDisk {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Box::new(|_, _| false))))
    }

    pub fn fail_when(&self, rule: impl FnMut(&str, Op) -> bool + Send + 'static) {
        *self.0.lock().unwrap() = Box::new(rule);
    }

    pub fn recover(&self) {
        self.fail_when(|_, _| false);
    }
}

impl fmt::Debug for FailingDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FailingDisk")
    }
}

impl Disk for FailingDisk {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(dir)
    }
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.create_dir(dir)
    }
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        Ok(Arc::new(FailingFile { inner: RealDisk.open(path, access)?, name, disk: self.clone() }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.remove_dir(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }
    fn lock(&self, path: &Path) -> io::Result<Option<DiskLock>> {
        RealDisk.lock(path)
    }
}

#[derive(Debug)]
struct FailingFile {
    inner: Arc<dyn DiskFile>,
    name: String,
    disk: FailingDisk,
}

impl FailingFile {
    fn ask(&self, op: Op) -> io::Result<()> {
        if (self.disk.0.lock().unwrap())(&self.name, op) {
            return Err(io::Error::other(format!("{}: no luck with {op:?}", self.name)));
        }
        Ok(())
    }
}

impl DiskFile for FailingFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.inner.read_at(bytes, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.inner.write_at(bytes, offset)?;
        self.ask(Op::Write { offset })
    }
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
    fn reserve(&self, bytes: u64) -> io::Result<()> {
        self.ask(Op::Reserve)?;
        self.inner.reserve(bytes)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.inner.sync_data()?;
        self.ask(Op::Sync)
    }
}

/// Records with their positions.
pub type Records = Vec<(u64, Vec<u8>)>;

/// A journal in a directory of its own, and the files under it.
pub struct Fixture {
    pub root: TempDir,
    pub disk: FailingDisk,
    pub settings: Settings,
    pub whose: Identity,
}

impl Fixture {
    /// With segments of `segment_bytes`, so that a test need not write much to have many.
    pub fn new(segment_bytes: u64) -> Self {
        Self {
            root: TempDir::new(),
            disk: FailingDisk::new(),
            settings: Settings { segment_bytes, spare_on_thread: false },
            whose: Identity { store: StoreId([7; 16]), epoch: 1 },
        }
    }

    pub fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(self.disk.clone())
    }

    pub fn dir(&self) -> PathBuf {
        self.root.path().join("journal")
    }

    pub fn create(&self) -> Journal {
        Journal::create(self.disk(), &self.dir(), self.whose, self.settings).unwrap()
    }

    pub fn try_open(&self, filled: Option<u64>) -> Result<(Journal, End, Records), JournalError> {
        let mut records = Vec::new();
        let visit = |frame: &Frame<'_>| {
            records.extend(frame.records().map(|(position, record)| (position, record.to_vec())));
            Ok::<(), JournalError>(())
        };
        let (disk, dir) = (self.disk(), self.dir());
        let opened =
            Journal::open(disk, &dir, self.whose, self.settings, || filled, visit, |_| Ok(()));
        opened.map(|(journal, end)| (journal, end, records))
    }

    pub fn open(&self) -> (Journal, End, Records) {
        self.try_open(None).unwrap()
    }

    pub fn open_error(&self) -> JournalError {
        self.try_open(None).map(|(_, end, records)| (end, records)).unwrap_err()
    }

    pub fn path(&self, number: u32) -> PathBuf {
        segment_path(&self.dir(), number)
    }

    pub fn bytes(&self, number: u32) -> Vec<u8> {
        fs::read(self.path(number)).unwrap()
    }

    /// Changes a segment as nobody should.
    pub fn edit(&self, number: u32, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.bytes(number);
        change(&mut bytes);
        fs::write(self.path(number), bytes).unwrap();
    }
}

/// Appends one turn.
pub fn append<R: AsRef<[u8]>>(
    journal: &mut Journal,
    records: impl IntoIterator<Item = R>,
) -> Result<Head, AppendError> {
    let mut frame = FrameBuilder::new();
    records.into_iter().for_each(|record| frame.push(record.as_ref()).unwrap());
    journal.append(&journal.head(), &mut frame)
}

/// A record of `length` bytes, none of them zero, that no other number yields.
pub fn record(number: u64, length: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3] | 1
    });
    bytes.take(length).collect()
}
