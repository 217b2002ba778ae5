//! What is left of a damaged journal: every sound frame, wherever it stands.

use super::SECTOR_BYTES;
use super::disk::{Access, Disk};
use super::frame::{
    FRAME_BODY_BYTES_MAX, FRAME_FACTS_MAX, Frame, FrameHeader, Identity, SoundFrame, StoreId,
};
use super::scan::{SCAN_BYTES, Window};
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, header_bytes, numbers, segment_path};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The sound frames of a store in a directory of segments. Nothing is written.
#[derive(Debug)]
pub struct Wreck {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    /// By first position; of several places, the one in the newest segment comes first.
    frames: BTreeMap<u64, Vec<Place>>,
    epoch_max: u32,
    /// The segments that have their header, and with which position each says that it begins.
    headed: BTreeMap<u32, u64>,
    lacks_newest: bool,
}

/// Where a sound frame stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    segment: u32,
    offset: u64,
    count: u32,
}

impl Wreck {
    /// Looks for frames of `store` at every sector of every segment in `dir`, which may be missing.
    pub fn survey(disk: Arc<dyn Disk>, dir: &Path, store: StoreId) -> io::Result<Self> {
        let mut wreck = Self {
            disk,
            dir: dir.to_owned(),
            frames: BTreeMap::new(),
            epoch_max: 0,
            headed: BTreeMap::new(),
            lacks_newest: false,
        };
        // From the newest on: what its header takes over is dead in all before it.
        let mut dead_from = u64::MAX;
        let numbers = existing(&*wreck.disk, dir)?;
        for number in numbers.iter().rev() {
            let file = wreck.disk.open(&segment_path(dir, *number), Access::Read)?;
            let header = SegmentHeader::decode(&header_bytes(&*file)?).ok();
            let mut window = Window::new(SCAN_BYTES);
            window.turn_to(file);
            wreck.search(&mut window, *number, store, dead_from)?;
            if let Some(header) = header.filter(|header| header.identity.store == store) {
                wreck.epoch_max = wreck.epoch_max.max(header.identity.epoch);
                dead_from = dead_from.min(header.first_position());
                wreck.headed.insert(*number, header.first_position());
            }
        }
        // A segment is made when the one before it is begun.
        wreck.lacks_newest =
            numbers.last().is_some_and(|last| *last > 1 && !wreck.was_begun_from(last - 1));
        Ok(wreck)
    }

    /// The highest epoch that a header names; 0 if there is none.
    pub fn epoch_max(&self) -> u32 {
        self.epoch_max
    }

    /// Up to where the log went when the newest segment that is left was begun: everything up to there
    /// was committed, whatever is left of it.
    pub fn before_newest(&self) -> u64 {
        self.headed.values().max().map_or(0, |first| first - 1)
    }

    /// Whether the newest segment that was begun is missing or empty, as the one made after it shows: how
    /// many facts were in it, no other segment says.
    pub fn lacks_newest(&self) -> bool {
        self.lacks_newest
    }

    /// Whether the frame that is found at position `first` may have been given up: the segment after its
    /// own was begun, and its header, which would say so, is gone.
    pub fn may_be_dead(&self, first: u64) -> bool {
        let Some(place) = self.frames.get(&first).and_then(|places| places.first()) else {
            return false;
        };
        let next = place.segment + 1;
        let was_begun = self.lacks_newest || self.headed.range(next + 1..).next().is_some();
        was_begun && !self.headed.contains_key(&next)
    }

    /// The frames that begin with position `first`, the likelier one first.
    pub fn frames_at(&self, first: u64) -> io::Result<Vec<SoundFrame>> {
        let places = self.frames.get(&first).map_or(&[][..], Vec::as_slice);
        let mut found = Vec::with_capacity(places.len());
        for place in places {
            let path = segment_path(&self.dir, place.segment);
            let mut window = Window::new(SECTOR_BYTES);
            window.turn_to(self.disk.open(&path, Access::Read)?);
            found.extend(sound(&mut window, &path, place.offset)?);
        }
        Ok(found)
    }

    /// How many facts stand in frames at or beyond a position, and the last position of them.
    pub fn beyond(&self, position: u64) -> (u64, u64) {
        let mut facts = (0, 0);
        for (first, places) in self.frames.range(position..) {
            let count = places.first().map_or(0, |place| u64::from(place.count));
            facts = (facts.0 + count, facts.1.max(first + count - 1));
        }
        facts
    }

    /// Whether a segment of this number or a later one has its header or a frame.
    fn was_begun_from(&self, number: u32) -> bool {
        let mut frames = self.frames.values().flatten();
        self.headed.range(number..).next().is_some() || frames.any(|place| place.segment >= number)
    }

    /// Notes every sound frame of a segment but those that a later segment takes over.
    fn search(
        &mut self,
        window: &mut Window,
        segment: u32,
        store: StoreId,
        dead_from: u64,
    ) -> io::Result<()> {
        let path = segment_path(&self.dir, segment);
        let mut offset = SEGMENT_HEADER_BYTES as u64;
        while !window.get(offset, SECTOR_BYTES)?.is_empty() {
            let frame = sound(window, &path, offset)?.map(|frame| frame.header);
            let Some(header) = frame.filter(|header| header.store == store) else {
                offset += SECTOR_BYTES as u64;
                continue;
            };
            self.epoch_max = self.epoch_max.max(header.epoch);
            if header.first_position < dead_from {
                let place = Place { segment, offset, count: header.count };
                self.frames.entry(header.first_position).or_default().push(place);
            }
            offset += header.frame_bytes() as u64;
        }
        Ok(())
    }
}

/// Whose journal the segments in `dir` say they are: every store that a sound header names, with its
/// highest epoch. A directory that is missing says nothing.
pub fn owners(disk: &dyn Disk, dir: &Path) -> io::Result<Vec<Identity>> {
    let mut owners: Vec<Identity> = Vec::new();
    for number in existing(disk, dir)? {
        let file = disk.open(&segment_path(dir, number), Access::Read)?;
        let Ok(SegmentHeader { identity, .. }) = SegmentHeader::decode(&header_bytes(&*file)?)
        else {
            continue;
        };
        match owners.iter_mut().find(|owner| owner.store == identity.store) {
            Some(owner) => owner.epoch = owner.epoch.max(identity.epoch),
            None => owners.push(identity),
        }
    }
    Ok(owners)
}

fn existing(disk: &dyn Disk, dir: &Path) -> io::Result<Vec<u32>> {
    match numbers(disk, dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        numbers => numbers,
    }
}

/// The frame at `offset`, if its checksums are right.
fn sound(window: &mut Window, path: &Path, offset: u64) -> io::Result<Option<SoundFrame>> {
    let Some(header) = FrameHeader::decode(window.get(offset, SECTOR_BYTES)?) else {
        return Ok(None);
    };
    let is_possible = (1..=FRAME_FACTS_MAX).contains(&(header.count as usize))
        && header.body_bytes as usize <= FRAME_BODY_BYTES_MAX
        && header.first_position > 0;
    if !is_possible {
        return Ok(None);
    }
    let bytes = window.get(offset, header.frame_bytes())?;
    if bytes.len() < header.frame_bytes() {
        return Ok(None);
    }
    Ok(Frame::parse(header, path, offset, bytes).ok().map(|frame| SoundFrame::from(&frame)))
}
