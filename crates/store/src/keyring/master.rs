//! The master key: the one file that holds a secret in clear. It wraps every other key.

use std::io::ErrorKind;
use std::path::Path;

use zeroize::Zeroizing;

use super::KeyringError;
use super::key::{Cipher, KEY_BYTES, Key};
use crate::journal::disk::{Access, Disk};

/// What the file begins with; 64 hexadecimal digits and a line feed follow.
const PREFIX: &[u8] = b"muster-master-key-1:";
const FILE_BYTES: usize = PREFIX.len() + 2 * KEY_BYTES + 1;

/// The key that wraps every other.
#[derive(Debug)]
pub struct MasterKey(Key);

impl MasterKey {
    /// The master key of a first start: the one that is there, made durable, or else a new one. What a
    /// first start left that stopped before the key reached the disk is replaced.
    ///
    /// # Errors
    /// [`KeyringError::MasterKeyUnreadable`] if anything else is there: a person put it there.
    pub fn load_or_create(
        disk: &dyn Disk,
        path: &Path,
        fill: &dyn Fn(&mut [u8]),
    ) -> Result<Self, KeyringError> {
        let there = match disk.open(path, Access::Write) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Self::create(disk, path, fill);
            }
            opened => opened?,
        };
        let mut text = Zeroizing::new([0; FILE_BYTES + 1]);
        let length = there.read_at(&mut *text, 0)?;
        if text[..length].iter().all(|byte| *byte == 0) {
            disk.remove(path)?;
            return Self::create(disk, path, fill);
        }
        let key = Self::load(disk, path)?;
        there.sync_data()?;
        disk.sync_dir(directory_of(path))?;
        Ok(key)
    }

    /// Draws a master key and writes it to a new file that only its owner may read, durably.
    ///
    /// # Errors
    /// [`KeyringError::Io`]; a file that is there already is never touched.
    pub fn create(
        disk: &dyn Disk,
        path: &Path,
        fill: &dyn Fn(&mut [u8]),
    ) -> Result<Self, KeyringError> {
        let key = Key::random(fill);
        let mut text = Zeroizing::new(Vec::with_capacity(FILE_BYTES));
        text.extend_from_slice(PREFIX);
        for byte in key.bytes() {
            text.extend([byte >> 4, byte & 15].map(hex_digit));
        }
        text.push(b'\n');
        let written = disk.open(path, Access::CreateNew)?;
        written.write_at(&text, 0)?;
        written.sync_data()?;
        disk.sync_dir(directory_of(path))?;
        Ok(Self(key))
    }

    /// Reads the master key.
    ///
    /// # Errors
    /// [`KeyringError::MasterKeyMissing`] or [`KeyringError::MasterKeyUnreadable`]: both need a
    /// person, since another key would open nothing.
    pub fn load(disk: &dyn Disk, path: &Path) -> Result<Self, KeyringError> {
        let file = disk.open(path, Access::Read).map_err(|error| match error.kind() {
            ErrorKind::NotFound => KeyringError::MasterKeyMissing { path: path.to_owned() },
            _ => error.into(),
        })?;
        // One byte more than a sound file has, so that a longer one is noticed and not read.
        let mut text = Zeroizing::new([0; FILE_BYTES + 1]);
        let length = file.read_at(&mut *text, 0)?;
        let key = parse(&text[..length])
            .ok_or_else(|| KeyringError::MasterKeyUnreadable { path: path.to_owned() })?;
        Ok(Self(key))
    }

    /// Which master key this is, without a hint at its bytes.
    pub(super) fn id(&self) -> [u8; 8] {
        let mac = self.0.mac(&[b"muster master key id"]);
        let mut id = [0; 8];
        id.copy_from_slice(&mac[..8]);
        id
    }

    /// What only this key yields for the store.
    pub(super) fn check(&self, store_id: &[u8; 16]) -> [u8; 32] {
        self.0.mac(&[b"muster keyring check", store_id])
    }

    pub(super) fn cipher(&self) -> Cipher {
        self.0.cipher()
    }
}

/// The directory that holds `path`.
fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn parse(text: &[u8]) -> Option<Key> {
    let digits = text.strip_prefix(PREFIX)?;
    // An editor may have dropped the line feed.
    let digits = digits.strip_suffix(b"\n").unwrap_or(digits);
    if digits.len() != 2 * KEY_BYTES {
        return None;
    }
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex_value(pair[0])? << 4 | hex_value(pair[1])?;
    }
    Some(Key::copied(&bytes))
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
