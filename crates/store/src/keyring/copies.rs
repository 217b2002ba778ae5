//! The two files of a keyring: what is read from them, which of the two is believed, and how one is
//! repaired from the other.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::key::Key;
use super::layout::{self, HEADER_BYTES, Header, SLOT_BYTES};
use super::slots::SlotState;
use super::{FILE_NAMES, KeyringError, Spot};
use crate::journal::disk::{Access, Disk, DiskFile};
use crate::planted::{self, Planted};

/// How many slots are read at once from each file (128 KiB).
pub(super) const SLOTS_READ: usize = 1_024;

/// Both files, each written and synced before the other is touched: whatever breaks off, one of the
/// two is whole.
pub(super) struct Copies([Arc<dyn DiskFile>; 2]);

impl Copies {
    /// Writes into the first file alone, durably; only a planted mistake does so.
    pub(super) fn write_first(&self, writes: &[(u64, Vec<u8>)]) -> io::Result<()> {
        for (offset, bytes) in writes {
            self.0[0].write_at(bytes, *offset)?;
        }
        self.0[0].sync_data()
    }

    /// Makes both files. One that is there already is never touched.
    pub(super) fn create(disk: &dyn Disk, dir: &Path) -> io::Result<Self> {
        let [a, b] = FILE_NAMES.map(|name| disk.open(&dir.join(name), Access::CreateNew));
        Ok(Self([a?, b?]))
    }

    /// Writes the same into both, durably.
    pub(super) fn write(&self, writes: &[(u64, Vec<u8>)]) -> io::Result<()> {
        for file in &self.0 {
            for (offset, bytes) in writes {
                file.write_at(bytes, *offset)?;
            }
            file.sync_data()?;
        }
        Ok(())
    }
}

#[cfg(test)]
impl Copies {
    /// Puts other files in the place of these.
    pub(super) fn replace(&mut self, by: impl Fn(Arc<dyn DiskFile>) -> Arc<dyn DiskFile>) {
        self.0 = self.0.clone().map(by);
    }
}

/// One of the two files as it was found.
pub(super) struct Found {
    path: PathBuf,
    /// `None` if it is missing.
    file: Option<Arc<dyn DiskFile>>,
    /// Whether its header is the one that it should have.
    header_is_good: bool,
    /// How many slots it has.
    pub(super) count: u32,
    /// Slots that it does not hold as the other file does.
    differs: Vec<u32>,
}

/// What was done to a keyring file that was not like the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// The file.
    pub path: PathBuf,
    /// Whether it was missing, or had no sound header.
    pub header: bool,
    /// How many of its slots were written anew.
    pub slots: usize,
}

impl std::fmt::Display for Repaired {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let header = if self.header { "its header and " } else { "" };
        let Self { path, slots, .. } = self;
        write!(f, "repaired {} from the other file: {header}{slots} slots", path.display())
    }
}

/// Finds both files. At least one must be this store's, and written with this master key; the other
/// may be anything but the keyring of another store or format.
pub(super) fn find(
    disk: &dyn Disk,
    dir: &Path,
    expected: &Header,
) -> Result<[Found; 2], KeyringError> {
    let [a, b] = FILE_NAMES.map(|name| look(disk, dir.join(name), expected));
    let ((a, a_wrong), (b, b_wrong)) = (a?, b?);
    if a.header_is_good || b.header_is_good {
        return Ok([a, b]);
    }
    Err(match (a_wrong, b_wrong) {
        (KeyringError::Missing { .. }, KeyringError::Missing { .. }) => {
            KeyringError::Missing { dir: dir.to_owned() }
        }
        // A header that can be read says more than one that cannot.
        (KeyringError::WrongMasterKey, _) | (_, KeyringError::WrongMasterKey) => {
            KeyringError::WrongMasterKey
        }
        _ => KeyringError::Damaged(Spot::Header),
    })
}

/// A file, and what is wrong with it if its header is not good.
fn look(
    disk: &dyn Disk,
    path: PathBuf,
    expected: &Header,
) -> Result<(Found, KeyringError), KeyringError> {
    let bad = KeyringError::Damaged(Spot::Header);
    let file = match disk.open(&path, Access::Write) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let missing = KeyringError::Missing { dir: path.clone() };
            let found =
                Found { path, file: None, header_is_good: false, count: 0, differs: Vec::new() };
            return Ok((found, missing));
        }
        Err(error) => return Err(error.into()),
    };
    let mut bytes = [0; HEADER_BYTES];
    let length = file.len()?;
    file.read_at(&mut bytes, 0)?;
    let (header_is_good, wrong) = match Header::parse(&bytes) {
        Ok(header) if header == *expected => (true, bad),
        Ok(header) if header.store_id != expected.store_id => {
            return Err(KeyringError::OtherStore { path });
        }
        Ok(_) => (false, KeyringError::WrongMasterKey),
        Err(error @ KeyringError::Format { .. }) => return Err(error),
        Err(_) => (false, bad),
    };
    // A stretch at the end too short for a slot was never synced, or cut: the other file knows.
    let count = length.saturating_sub(HEADER_BYTES as u64) / SLOT_BYTES as u64;
    let count = u32::try_from(count).map_err(|_| KeyringError::Damaged(Spot::Header))?;
    let found = Found { path, file: Some(file), header_is_good, count, differs: Vec::new() };
    Ok((found, wrong))
}

/// The store that the keyring in a directory says it belongs to, if a header of it is whole.
pub fn owner(disk: &dyn Disk, dir: &Path) -> io::Result<Option<[u8; 16]>> {
    for name in FILE_NAMES {
        let file = match disk.open(&dir.join(name), Access::Read) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            file => file?,
        };
        let mut bytes = [0; HEADER_BYTES];
        file.read_at(&mut bytes, 0)?;
        if let Ok(header) = Header::parse(&bytes) {
            return Ok(Some(header.store_id));
        }
    }
    Ok(None)
}

/// A batch of slots as one file holds them; those it does not have are empty.
pub(super) struct Batch(Vec<u8>);

impl Batch {
    pub(super) fn new() -> Self {
        Self(vec![0; SLOTS_READ * SLOT_BYTES])
    }

    /// Reads the slots from `first` on.
    pub(super) fn read(&mut self, found: &Found, first: u32) -> io::Result<()> {
        self.0.fill(0);
        let there = usize::try_from((found.count + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let wanted = &mut self.0[..there.min(SLOTS_READ) * SLOT_BYTES];
        if let Some(file) = &found.file {
            file.read_at(wanted, layout::offset(first))?;
        }
        Ok(())
    }

    pub(super) fn slots(&self) -> &[[u8; SLOT_BYTES]] {
        self.0.as_chunks().0
    }
}

/// What one file says of a slot.
pub(super) enum Said {
    Empty,
    Filled(Key),
    Erased,
    /// It is not what was written.
    Bad,
}

/// What both files together say of a slot.
pub(super) enum Agreed {
    /// They say the same.
    Same(SlotState),
    /// This one must be made like the other.
    Unlike(SlotState, usize),
    /// Neither can be believed: a key that may have been there is lost.
    Lost,
}

/// Decides what a slot holds: *erased* in either wins; a key in either is worth more than none.
pub(super) fn agree(said: [Said; 2]) -> Agreed {
    match said {
        [Said::Bad, _] | [_, Said::Bad] if planted::is(Planted::SlotGivenUp) => Agreed::Lost,
        [Said::Erased, Said::Filled(b)] if planted::is(Planted::RepairRevives) => {
            Agreed::Unlike(SlotState::Filled(b), 0)
        }
        [Said::Filled(a), Said::Erased] if planted::is(Planted::RepairRevives) => {
            Agreed::Unlike(SlotState::Filled(a), 1)
        }
        [Said::Erased, Said::Erased] => Agreed::Same(SlotState::Erased),
        [Said::Erased, _] => Agreed::Unlike(SlotState::Erased, 1),
        [_, Said::Erased] => Agreed::Unlike(SlotState::Erased, 0),
        [Said::Filled(a), Said::Filled(b)] if a.bytes() != b.bytes() => Agreed::Lost,
        [Said::Filled(a), Said::Filled(_)] => Agreed::Same(SlotState::Filled(a)),
        [Said::Filled(a), Said::Empty | Said::Bad] => Agreed::Unlike(SlotState::Filled(a), 1),
        [Said::Empty | Said::Bad, Said::Filled(b)] => Agreed::Unlike(SlotState::Filled(b), 0),
        [Said::Empty, Said::Empty] => Agreed::Same(SlotState::Empty),
        [Said::Bad, Said::Bad | Said::Empty] | [Said::Empty, Said::Bad] => Agreed::Lost,
    }
}

impl Found {
    /// Notes that a slot must be copied from the other file.
    pub(super) fn note(&mut self, number: u32) {
        self.differs.push(number);
    }

    /// Notes that a slot is not copied: what it held is not to come back.
    pub(super) fn leave(&mut self, number: u32) {
        self.differs.retain(|differs| *differs != number);
    }
}

/// Makes both files alike and durable: header, the slots that differ, and `again`, slots that are
/// written once more although they are alike.
pub(super) fn settle(
    disk: &dyn Disk,
    found: &[Found; 2],
    header: &Header,
    again: &[(u64, Vec<u8>)],
) -> Result<(Copies, Vec<Repaired>), KeyringError> {
    let mut repaired = Vec::new();
    for (found, other) in [(&found[0], &found[1]), (&found[1], &found[0])] {
        let is_well = found.header_is_good && found.differs.is_empty();
        if is_well || planted::is(Planted::RepairForgotten) {
            continue;
        }
        let from = other.file.as_ref().expect("one of the two files is there");
        let file = found.open(disk)?;
        for number in &found.differs {
            let mut slot = [0; SLOT_BYTES];
            from.read_at(&mut slot, layout::offset(*number))?;
            file.write_at(&slot, layout::offset(*number))?;
        }
        if !found.header_is_good {
            file.write_at(&header.bytes(), 0)?;
        }
        let (path, slots) = (found.path.clone(), found.differs.len());
        repaired.push(Repaired { path, header: !found.header_is_good, slots });
    }
    let [a, b] = found;
    let copies = Copies([a.open(disk)?, b.open(disk)?]);
    copies.write(again)?;
    if let Some(dir) = a.path.parent() {
        disk.sync_dir(dir)?;
    }
    Ok((copies, repaired))
}

impl Found {
    fn open(&self, disk: &dyn Disk) -> io::Result<Arc<dyn DiskFile>> {
        match &self.file {
            Some(file) => Ok(Arc::clone(file)),
            None => disk.open(&self.path, Access::Create),
        }
    }
}
