//! Writing frames that exist already into segments of their own: the same frames, hashes and
//! positions; only the cuts between segments may differ.

use super::append::Head;
use super::disk::{Disk, DiskFile};
use super::frame::{Identity, SoundFrame};
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader};
use super::spare::Spares;
use crate::tree::Peaks;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A journal that is being written anew. It counts only when it is [finished](Rewrite::finish).
#[derive(Debug)]
pub struct Rewrite {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    segment_bytes: u64,
    spares: Spares,
    tree: Peaks,
    segment: Option<Segment>,
    number: u32,
}

#[derive(Debug)]
struct Segment {
    file: Arc<dyn DiskFile>,
    offset: u64,
}

impl Rewrite {
    /// Begins in `dir`, which is made; whatever stands in it was left by one that broke off, and goes.
    pub fn begin(disk: Arc<dyn Disk>, dir: &Path, segment_bytes: u64) -> io::Result<Self> {
        match disk.remove_dir(dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        disk.create_dir(dir)?;
        let spares = Spares::new(Arc::clone(&disk), dir, segment_bytes, false)?;
        let (dir, tree) = (dir.to_owned(), Peaks::empty());
        Ok(Self { disk, dir, segment_bytes, spares, tree, segment: None, number: 0 })
    }

    /// The last fact so far.
    pub fn head(&self) -> Head {
        Head { position: self.tree.count(), root: self.tree.root() }
    }

    /// Writes the frame that comes next, which must [follow](SoundFrame::follows).
    pub fn push(&mut self, frame: &SoundFrame) -> io::Result<()> {
        assert!(frame.follows(&self.head()), "frames are written in their order");
        let bytes = frame.encode();
        let is_full = |segment: &Segment| segment.offset + bytes.len() as u64 > self.segment_bytes;
        if self.segment.as_ref().is_none_or(is_full) {
            let whose = Identity { store: frame.header.store, epoch: frame.header.epoch };
            self.begin_segment(whose)?;
        }
        let segment = self.segment.as_mut().expect("a segment was begun");
        segment.file.write_at(&bytes, segment.offset)?;
        segment.offset += bytes.len() as u64;
        frame.grow(&mut self.tree);
        Ok(())
    }

    /// Makes all of it durable, and says where it ends.
    pub fn finish(mut self) -> io::Result<Head> {
        self.end_segment()?;
        self.disk.sync_dir(&self.dir)?;
        Ok(self.head())
    }

    fn begin_segment(&mut self, identity: Identity) -> io::Result<()> {
        self.end_segment()?;
        self.number += 1;
        let file = self.spares.take(self.number)?;
        let header = SegmentHeader { identity, number: self.number, before: self.tree.clone() };
        file.write_at(&header.encode(), 0)?;
        self.segment = Some(Segment { file, offset: SEGMENT_HEADER_BYTES as u64 });
        Ok(())
    }

    fn end_segment(&mut self) -> io::Result<()> {
        self.segment.take().map_or(Ok(()), |segment| segment.file.sync_data())
    }
}
