//! Damage between two lives: a file is changed behind the store's back, and the start that follows
//! either says so and changes nothing, or answers as if nothing had been.

use std::path::{Path, PathBuf};

use store::journal::SEGMENT_HEADER_BYTES;
use store::keyring::{FILE_NAMES, KeyringError};
use store::{Store, StoreError};

use crate::checks::hold;
use crate::disk::Content;
use crate::frames::{Placed, first_position, frames};
use crate::inode::{Inode, SECTOR};
use crate::opened::{Seen, see};
use crate::sled::{Files, Sled};
use crate::world::World;

/// What was done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bit is another.
    Flipped,
    /// A sector is zeros.
    Zeroed,
    /// The end is missing.
    Cut,
    /// Something was added at the end.
    Grown,
    /// It is as it was at an earlier start.
    Older,
    /// It is not there.
    Removed,
    /// A byte of a fact is another, and the checksums around it were made right again.
    Forged,
}

/// What was done, and where.
#[derive(Clone, Debug)]
pub struct Damage {
    pub kind: Kind,
    pub path: PathBuf,
    pub offset: usize,
}

/// Everything as it was before the damage.
pub struct Image {
    pub content: Content,
    sled: Option<Files>,
}

impl World {
    /// Damages one file of a store that was closed, starts it, and judges what comes of it.
    pub fn damaged(&mut self) {
        self.disk.content(Content::settle);
        let image = self.image();
        let Some(damage) = self.damage() else { return };
        self.tell(|| format!("{damage:?}"));
        self.tally.damages += 1;
        let after = self.disk.content(|content| content.clone());
        self.notices.lock().expect("no panic holds the notices").clear();
        match Store::open(&self.options()) {
            Err(error) => {
                self.tell(|| format!("is refused: {error}"));
                hold!(Damage, is_of_damage(&error), "{damage:?} is told as: {error}");
                let unchanged = self.disk.content(|content| *content == after);
                hold!(Damage, unchanged, "{damage:?}: a start that was refused changed something");
                hold!(Damage, !is_repairable(&damage), "{damage:?} is refused: {error}");
                self.tally.damages_refused += 1;
                // Of a frame that was forged nothing but the next one's root tells; which of the two is
                // wrong, nobody can say.
                if damage.kind != Kind::Forged && self.random.chance(2) {
                    self.recovered(&damage, &image);
                }
                self.put_back(image);
            }
            Ok((store, writer)) => {
                let seen = see(&store, &self.truth.facts);
                drop((store, writer));
                self.judge(&damage, seen, image);
            }
        }
    }

    fn judge(&mut self, damage: &Damage, seen: Seen, image: Image) {
        match seen {
            // It goes on with whatever the start made of it.
            Seen::Same if damage.kind != Kind::Forged => {}
            Seen::Same => hold!(Damage, false, "{damage:?} is not noticed"),
            Seen::Reported => {
                self.tally.damages_refused += 1;
                self.put_back(image);
            }
            Seen::UpTo(last, what) => {
                let known = self.cannot_be_told(damage, &image, last);
                hold!(Damage, known, "{damage:?}: as it was up to {last}: {what}");
                self.put_back(image);
            }
        }
    }

    /// The one case that no layout can tell from a crash (J20 of docs/recovery.md): the newest segment
    /// lacks its last frame, which is zeros in part, or is an older one, and sled does not have what is
    /// missing. Likewise a segment without a frame that lacks its header: what the turn before it left
    /// behind may come back.
    fn cannot_be_told(&self, damage: &Damage, image: &Image, last: u64) -> bool {
        let Some(newest) = newest(&image.content) else { return false };
        if damage.path != newest || self.sled.as_ref().is_some_and(Sled::is_whole) {
            return false;
        }
        let bytes = image.content.bytes(&newest).expect("it is there");
        let frames = frames(bytes);
        let gone = frames.iter().find(|frame| frame.header.first_position == last + 1);
        match (damage.kind, gone) {
            (Kind::Zeroed, Some(gone)) => {
                let is_last = gone.header.last_position() == self.truth.last();
                is_last && (gone.offset..gone.end()).contains(&damage.offset)
            }
            (Kind::Zeroed, None) => frames.is_empty() && damage.offset < SEGMENT_HEADER_BYTES,
            (Kind::Older | Kind::Removed, gone) => gone.is_some() || frames.is_empty(),
            (Kind::Flipped | Kind::Cut | Kind::Grown | Kind::Forged, _) => false,
        }
    }

    /// Damages something.
    fn damage(&mut self) -> Option<Damage> {
        let path = self.some_path()?;
        let mut bytes = self.disk.content(|content| content.bytes(&path).map(<[u8]>::to_vec))?;
        let (random, length) = (&mut self.random, bytes.len());
        let is_segment = path.extension().is_some_and(|end| end == "mj");
        let which = random.below(if is_segment { 13 } else { 10 });
        // Most of a file may be zeros that nobody wrote: half of the time it is what was written.
        let written = bytes.iter().rposition(|byte| *byte != 0).map_or(length, |at| at + 1);
        let within = if random.chance(3) { length } else { written };
        let mut offset = random.below(within);
        let kind = match which {
            0..=2 => {
                *bytes.get_mut(offset)? ^= 1 << random.below(8);
                Kind::Flipped
            }
            3..=4 => {
                offset -= offset % SECTOR;
                let end = (offset + SECTOR).min(length);
                bytes[offset..end].fill(0);
                Kind::Zeroed
            }
            5 => {
                bytes.truncate(offset);
                Kind::Cut
            }
            6 => {
                offset = length;
                let more = 1 + random.below(2_000);
                bytes.resize_with(length + more, || random.next().to_le_bytes()[0]);
                Kind::Grown
            }
            7..=8 => {
                bytes.clone_from(self.older.get(&path)?);
                Kind::Older
            }
            9 => {
                self.disk.content(|content| _ = content.names.remove(&path));
                self.disk.content(Content::settle);
                return Some(Damage { kind: Kind::Removed, path, offset: 0 });
            }
            _ => {
                let last = self.truth.last();
                let placed = frames(&bytes);
                let live: Vec<_> = placed
                    .into_iter()
                    .filter(|frame| frame.header.last_position() < last)
                    .collect();
                let frame = random.pick(&live)?;
                offset = self.is_live(&path, frame)?;
                forge(&mut bytes, frame, offset);
                Kind::Forged
            }
        };
        self.disk.content(|content| content.write(&path, bytes));
        Some(Damage { kind, path, offset })
    }

    /// A byte of a frame's body, unless the next segment's begin says that the frame is dead.
    fn is_live(&mut self, path: &Path, frame: &Placed) -> Option<usize> {
        let number: u32 = path.file_stem()?.to_str()?.parse().ok()?;
        let next = store::journal::segment_path(path.parent()?, number + 1);
        let first = self.disk.content(|content| content.bytes(&next).map_or(0, first_position));
        let is_dead = first > 0 && frame.header.first_position >= first;
        let body = frame.header.body_bytes as usize;
        let start = frame.offset + store::journal::FRAME_HEADER_BYTES;
        // Not a record's length: those are looked at by themselves.
        (!is_dead).then(|| start + 4 + self.random.below(body - 4))
    }

    /// The newest segment most often, or any file of the store.
    fn some_path(&mut self) -> Option<PathBuf> {
        let (names, newest) = self.disk.content(|content| {
            let names: Vec<_> = content.names.keys().cloned().collect();
            (names, newest(content))
        });
        if self.random.chance(3) { newest } else { self.random.pick(&names).cloned() }
    }

    /// Keeps a file for later, as it is now: what is in it was acknowledged.
    pub fn keep_older(&mut self) {
        if !self.limits.damage || !self.random.chance(3) {
            return;
        }
        let Some(path) = self.some_path() else { return };
        let bytes = self.disk.content(|content| content.bytes(&path).map(<[u8]>::to_vec));
        self.older.extend(bytes.map(|bytes| (path, bytes)));
    }

    pub fn image(&self) -> Image {
        let sled = self.sled.as_ref().map(Sled::copy);
        Image { content: self.disk.content(|content| content.clone()), sled }
    }

    pub fn put_back(&mut self, image: Image) {
        let Image { content, sled: files } = image;
        self.disk.content(|now| *now = content);
        if let (Some(sled), Some(files)) = (&self.sled, &files) {
            sled.put(files);
        }
    }
}

impl Content {
    pub fn bytes(&self, path: &Path) -> Option<&[u8]> {
        Some(&self.files[*self.names.get(path)?].cached)
    }

    /// Puts other bytes into a file, on the platter.
    pub fn write(&mut self, path: &Path, bytes: Vec<u8>) {
        let inode = self.names[path];
        let is_segment = self.files[inode].is_segment;
        self.files[inode] = Inode::written(bytes, is_segment);
    }

    /// The system wrote everything that it still had to write.
    pub fn settle(&mut self) {
        self.files.iter_mut().for_each(Inode::settle);
        self.durable_names.clone_from(&self.names);
    }
}

/// The last segment that was begun.
fn newest(content: &Content) -> Option<PathBuf> {
    let begun = |path: &&PathBuf| {
        let bytes = content.bytes(path).unwrap_or_default();
        path.extension().is_some_and(|end| end == "mj") && bytes.first().is_some_and(|b| *b != 0)
    };
    content.names.keys().rev().find(begun).cloned()
}

/// Changes a byte of a fact, and makes the checksums of its frame right again.
fn forge(bytes: &mut [u8], frame: &Placed, at: usize) {
    bytes[at] ^= 0x10;
    let start = frame.offset + store::journal::FRAME_HEADER_BYTES;
    let body = &bytes[start..start + frame.header.body_bytes as usize];
    let header = store::journal::FrameHeader { body_crc: crc32c::crc32c(body), ..frame.header };
    bytes[frame.offset..start].copy_from_slice(&header.encode());
    debug_assert!(frame.offset >= SEGMENT_HEADER_BYTES, "frames stand behind the header");
}

/// Whether the other file of the keyring has all that is needed.
fn is_repairable(damage: &Damage) -> bool {
    let name = damage.path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| FILE_NAMES.contains(&name))
}

/// Whether the process would end with exit code 4.
fn is_of_damage(error: &StoreError) -> bool {
    match error {
        StoreError::Keys(KeyringError::Io(_)) => false,
        StoreError::Keys(_) => true,
        other => other.is_damage(),
    }
}
