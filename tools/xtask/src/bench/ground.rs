//! The store that figures are measured on: made fresh, in this process, on the real disk.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use domain::actor::Origin;
use domain::id::UserId;
use domain::text::{Name, Username};
use domain::user;
use service::first_start::first_start;
use service::passwords::Secret;
use service::{Caller, Command, Service, Settings};
use store::journal::FrameHeader;
use store::journal::disk::{Access, Disk, DiskFile, DiskLock, RealDisk};
use store::{Store, Writer};

use crate::driving::clock;
use crate::driving::output::number;
use crate::driving::scratch::Scratch;

/// The super-user.
pub const ADMIN: &str = "admin";
/// Its password.
pub const PASSWORD: &str = "load and measure";

/// A store that serves, and what its journal wrote.
pub struct Ground {
    /// Who is asked.
    pub service: Service,
    /// What was written.
    pub written: Arc<Written>,
    scratch: Scratch,
}

/// What went to the disk in frames.
#[derive(Debug, Default)]
pub struct Written {
    /// Frames.
    pub frames: AtomicU64,
    /// Records in them.
    pub records: AtomicU64,
    /// Bytes of their bodies: records, and four bytes of length for each.
    pub bytes: AtomicU64,
}

/// What is in an average frame.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Records in it.
    pub records: f64,
    /// Bytes of a record.
    pub record_bytes: usize,
}

impl Ground {
    /// Makes a store, opens it, and starts the service.
    pub fn new(name: &str) -> Result<Self> {
        Self::prepared(name, |_| Ok(()))
    }

    /// Likewise, with what `prepare` writes into the store before it is opened.
    pub fn prepared(name: &str, prepare: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let scratch = Scratch::new(name)?;
        let data = scratch.path().join("data");
        begin(&data)?;
        prepare(&data)?;
        let written = Arc::new(Written::default());
        let disk = Arc::new(CountingDisk { written: Arc::clone(&written) });
        let (store, writer) = open(&data, disk)?;
        let service = Service::start(store, writer, Settings::default())?;
        Ok(Self { service, written, scratch })
    }

    /// A directory beside the data, on the same disk.
    pub fn beside(&self, name: &str) -> Result<std::path::PathBuf> {
        let path = self.scratch.path().join(name);
        std::fs::create_dir(&path)?;
        Ok(path)
    }

    /// Machine users to write to.
    pub async fn machines(&self, count: usize) -> Result<Vec<UserId>> {
        let home = {
            let views = self.service.store().views();
            views.system().default_organization.as_ref().map(|(id, _)| *id)
        };
        let home = home.expect("a store that serves has an organization");
        let mut born = Vec::with_capacity(count);
        for n in 0..count {
            let text = format!("machine{n}");
            let username = Username::parse(&text).expect("a user name");
            let name = Name::parse(&text).expect("a name");
            let command = user::Command::CreateMachine { username, name, home };
            let done = self.service.execute(operator(), Command::NewUser(command)).await?;
            born.extend(done.user.map(|user| user.id));
        }
        Ok(born)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.service.close();
    }
}

impl Written {
    /// The average frame since `before`, which [`now`](Self::now) told.
    pub fn shape_since(&self, before: [u64; 3]) -> Shape {
        let [frames, records, bytes] = self.now();
        let [frames, records, bytes] = [frames - before[0], records - before[1], bytes - before[2]]
            .map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let record_bytes = (bytes / records.max(1)).saturating_sub(4);
        Shape { records: number(records) / number(frames.max(1)), record_bytes }
    }

    /// Frames, records and bytes so far.
    pub fn now(&self) -> [u64; 3] {
        [&self.frames, &self.records, &self.bytes].map(|count| count.load(Ordering::Relaxed))
    }
}

/// An operator who comes from somewhere, as everybody does who calls over HTTP.
pub fn operator() -> Caller {
    Caller::operator(origin())
}

/// A typical origin.
pub fn origin() -> Origin {
    Origin {
        address: Some("192.0.2.17".into()),
        agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101".into()),
        request: Some("0123456789abcdef0123456789abcdef".into()),
        operator: None,
    }
}

/// Makes a store with the super-user [`ADMIN`].
pub fn begin(data: &Path) -> Result<()> {
    let password = Some(Secret::from(PASSWORD.to_owned()));
    let settings = Settings::default();
    let options = store::Options::new(data, &clock::sources());
    first_start(&options, &settings, (ADMIN, password), |_| Ok(()))?;
    Ok(())
}

/// Opens a store.
pub fn open(data: &Path, disk: Arc<dyn Disk>) -> Result<(Arc<Store>, Writer)> {
    let options = store::Options { disk, ..store::Options::new(data, &clock::sources()) };
    Ok(Store::open(&options)?)
}

/// The real disk, with an eye on the frames that go by.
#[derive(Debug)]
struct CountingDisk {
    written: Arc<Written>,
}

impl Disk for CountingDisk {
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(dir)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.create_dir(dir)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let (file, written) = (RealDisk.open(path, access)?, Arc::clone(&self.written));
        Ok(Arc::new(CountingFile { file, written }))
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
struct CountingFile {
    file: Arc<dyn DiskFile>,
    written: Arc<Written>,
}

impl DiskFile for CountingFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Some(header) = FrameHeader::decode(bytes) {
            self.written.frames.fetch_add(1, Ordering::Relaxed);
            self.written.records.fetch_add(u64::from(header.count), Ordering::Relaxed);
            self.written.bytes.fetch_add(u64::from(header.body_bytes), Ordering::Relaxed);
        }
        self.file.write_at(bytes, offset)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
