//! A file of the simulated disk: what a running process reads, and what a power cut would leave.

use std::collections::BTreeSet;

use crate::random::Random;

/// What is written whole or not at all.
pub const SECTOR: usize = 512;

#[derive(Clone, Default, PartialEq, Eq)]
pub struct Inode {
    /// What is read.
    pub cached: Vec<u8>,
    /// What is on the platter.
    durable: Vec<u8>,
    /// Sectors that the system knows it has yet to write.
    dirty: BTreeSet<usize>,
    /// Whether the length is still to be written, and the shortest that it was meanwhile.
    resized: Option<usize>,
    /// Whether frames are written here.
    pub is_segment: bool,
}

impl Inode {
    /// A file that is on the platter as it is.
    pub fn written(bytes: Vec<u8>, is_segment: bool) -> Self {
        let durable = bytes.clone();
        Self { cached: bytes, durable, is_segment, ..Self::default() }
    }

    /// What a power cut would leave at least: what is on the platter.
    pub fn durable(&self) -> &[u8] {
        &self.durable
    }

    pub fn write(&mut self, bytes: &[u8], offset: usize) {
        if bytes.is_empty() {
            return;
        }
        let end = offset + bytes.len();
        if self.cached.len() < end {
            self.set_len(end);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        self.dirty.extend(offset / SECTOR..=(end - 1) / SECTOR);
    }

    pub fn set_len(&mut self, len: usize) {
        let shortest = self.resized.unwrap_or(self.cached.len()).min(len);
        if len < self.cached.len() {
            self.dirty.retain(|sector| sector * SECTOR < len);
        }
        self.cached.resize(len, 0);
        self.resized = Some(shortest);
    }

    /// A sync: what the system knows to be unwritten is written now. What an earlier sync failed to
    /// write it believes written, and does not write.
    pub fn sync(&mut self) {
        self.store_len();
        for sector in std::mem::take(&mut self.dirty) {
            self.store(sector);
        }
    }

    /// A sync that failed: the system believes some of it written that is not.
    pub fn sync_in_vain(&mut self, random: &mut Random) {
        self.lose(random);
    }

    /// A power cut: any subset of what was not synced got through.
    pub fn cut(&mut self, random: &mut Random) {
        if random.chance(2) {
            self.store_len();
        }
        self.resized = None;
        self.lose(random);
        self.cached.clone_from(&self.durable);
    }

    /// Everything that is read is on the platter from now on.
    pub fn settle(&mut self) {
        self.durable.clone_from(&self.cached);
        self.dirty.clear();
        self.resized = None;
    }

    fn store_len(&mut self) {
        if let Some(shortest) = self.resized.take() {
            self.durable.truncate(shortest);
            self.durable.resize(self.cached.len(), 0);
        }
    }

    fn lose(&mut self, random: &mut Random) {
        // All, none, or some of them: a coin for each would hardly ever lose a large write whole.
        let of = random.below(5);
        for sector in std::mem::take(&mut self.dirty) {
            if random.below(4) >= of {
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
}
