//! The file `store`: whose data this is, in which format and epoch. Written last at the first start,
//! by rename, so that a store that has one was begun in full.

use std::io;
use std::path::Path;

use crate::journal::disk::{Access, Disk};

/// The name of the file in the data directory.
pub const FILE_NAME: &str = "store";
const TEMPORARY_NAME: &str = "store.new";
const FILE_BYTES: usize = 40;
const MAGIC: [u8; 8] = *b"MUSTERID";

/// Whose data this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The store's id: 128 random bits, drawn at its birth.
    pub store_id: [u8; 16],
    /// The format of everything in the data directory.
    pub format: u16,
    /// 1 at birth, one more after each restore.
    pub epoch: u32,
}

/// What the file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is not there.
    Nothing,
    /// It is there and not as it was written.
    Damaged,
    /// It is there.
    Identity(Identity),
}

/// Reads the file.
pub fn read(disk: &dyn Disk, dir: &Path) -> io::Result<Found> {
    let file = match disk.open(&dir.join(FILE_NAME), Access::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    };
    let mut bytes = [0; FILE_BYTES + 1];
    let read = file.read_at(&mut bytes, 0)?;
    Ok(decode(&bytes[..read]).map_or(Found::Damaged, Found::Identity))
}

/// Writes the file, durably, whole or not at all.
pub fn write(disk: &dyn Disk, dir: &Path, identity: &Identity) -> io::Result<()> {
    let (temporary, path) = (dir.join(TEMPORARY_NAME), dir.join(FILE_NAME));
    match disk.remove(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let file = disk.open(&temporary, Access::CreateNew)?;
    file.write_at(&encode(identity), 0)?;
    file.sync_data()?;
    disk.rename(&temporary, &path)?;
    disk.sync_dir(dir)
}

fn encode(identity: &Identity) -> [u8; FILE_BYTES] {
    let mut bytes = [0xFF; FILE_BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..10].copy_from_slice(&identity.format.to_le_bytes());
    bytes[12..28].copy_from_slice(&identity.store_id);
    bytes[28..32].copy_from_slice(&identity.epoch.to_le_bytes());
    let crc = crc32c::crc32c(&bytes[..36]);
    bytes[36..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Identity> {
    let bytes: &[u8; FILE_BYTES] = bytes.try_into().ok()?;
    let identity = Identity {
        format: u16::from_le_bytes(bytes[8..10].try_into().ok()?),
        store_id: bytes[12..28].try_into().ok()?,
        epoch: u32::from_le_bytes(bytes[28..32].try_into().ok()?),
    };
    (encode(&identity) == *bytes).then_some(identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::disk::RealDisk;
    use crate::journal::testing::TempDir;

    const IDENTITY: Identity = Identity { store_id: [9; 16], format: 0, epoch: 3 };

    #[test]
    fn it_comes_back_and_takes_the_place_of_the_one_before() {
        let scratch = TempDir::new();
        assert_eq!(read(&RealDisk, scratch.path()).expect("a disk"), Found::Nothing);
        write(&RealDisk, scratch.path(), &IDENTITY).expect("written");
        let next = Identity { epoch: 4, ..IDENTITY };
        write(&RealDisk, scratch.path(), &next).expect("written");
        assert_eq!(read(&RealDisk, scratch.path()).expect("a disk"), Found::Identity(next));
    }

    #[test]
    fn every_flipped_bit_and_every_other_length_is_noticed() {
        let bytes = encode(&IDENTITY);
        for bit in 0..FILE_BYTES * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&flipped), None, "bit {bit}");
        }
        assert_eq!(decode(&bytes[..39]), None);
        assert_eq!(decode(&[bytes.as_slice(), &[0]].concat()), None);
    }
}
