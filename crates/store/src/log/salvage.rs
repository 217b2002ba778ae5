//! What is left in a sled when the journal is damaged: whole frames, filled or not. Whatever sled
//! cannot give is simply not there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::held::{DB_FILE, Held};
use super::parts::unseal;
use super::{LogDamage, OPEN_SECS_MAX, contain};
use crate::journal::{FrameHeader, SoundFrame};

/// A sled that is only read, and never set aside: it may be all that there is.
pub struct Salvage(Held);

impl Salvage {
    /// Opens the sled in `dir`, if there is one of this store that can be opened.
    pub fn open(dir: &Path, store_id: [u8; 16]) -> Result<Self, LogDamage> {
        if !fs::exists(dir.join(DB_FILE)).unwrap_or(false) {
            return Err(LogDamage::Without("there is none".to_owned()));
        }
        let dir = dir.to_owned();
        let limit = Duration::from_secs(OPEN_SECS_MAX);
        contain::within(limit, move || Held::open_as_it_is(&dir, store_id))?.map(Self)
    }

    /// The first positions of all frames that it has a header of.
    pub fn firsts(&self) -> BTreeSet<u64> {
        let mut firsts = BTreeSet::new();
        let mut frames = self.0.frames().iter().keys();
        while let Ok(Some(key)) = self.0.ask(|| frames.next().transpose()) {
            firsts.extend(key.as_ref().try_into().ok().map(u64::from_be_bytes));
        }
        firsts
    }

    /// The frame that begins with position `first`, if all of it is there.
    pub fn frame(&self, first: u64) -> Option<SoundFrame> {
        let key = first.to_be_bytes();
        let value = self.0.ask(|| self.0.frames().get(key)).ok()??;
        let bytes = unseal(&key, &value)?;
        let header = FrameHeader::decode(bytes)?;
        let mut records: Vec<Vec<u8>> = Vec::new();
        while records.len() < header.count as usize {
            let next = first + records.len() as u64;
            let part = self.0.part_of(next).ok()?;
            let left = header.count as usize - records.len();
            let held = part.records().skip_while(|(position, _)| *position < next).take(left);
            records.extend(held.map(|(_, record)| record.to_vec()));
        }
        SoundFrame::from_parts(bytes, records.iter().map(Vec::as_slice))
    }
}
