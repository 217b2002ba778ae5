//! The segment after the current one, made ready before it is needed.

use super::disk::{Access, Disk, DiskFile};
use super::segment::{SegmentHeader, header_bytes, is_zero_from, segment_path};
use crate::planted::{self, Planted};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

/// Makes segments of zeros, synced with their names, one ahead of the one in use.
#[derive(Debug)]
pub(super) struct Spares {
    place: Place,
    helper: Option<Helper>,
    /// A segment that was asked for and not yet taken.
    awaited: Option<Awaited>,
}

#[derive(Clone, Debug)]
struct Place {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    segment_bytes: u64,
}

#[derive(Debug)]
struct Helper {
    orders: Sender<u32>,
    made: Receiver<io::Result<Arc<dyn DiskFile>>>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
enum Awaited {
    FromHelper(u32),
    Here(u32, io::Result<Arc<dyn DiskFile>>),
}

impl Spares {
    /// Spares for the journal in `dir`, made by a thread, or by the caller where it asks for one.
    pub fn new(
        disk: Arc<dyn Disk>,
        dir: &Path,
        segment_bytes: u64,
        on_thread: bool,
    ) -> io::Result<Self> {
        let place = Place { disk, dir: dir.to_owned(), segment_bytes };
        let helper = on_thread.then(|| Helper::start(place.clone())).transpose()?;
        Ok(Self { place, helper, awaited: None })
    }

    /// Begins to make the segment `number`.
    pub fn order(&mut self, number: u32) {
        let sent = self.helper.as_ref().is_some_and(|helper| helper.orders.send(number).is_ok());
        self.awaited = Some(if sent {
            Awaited::FromHelper(number)
        } else {
            Awaited::Here(number, self.place.make(number))
        });
    }

    /// The segment `number`, zeros from end to end and durable. Waits until it is.
    pub fn take(&mut self, number: u32) -> io::Result<Arc<dyn DiskFile>> {
        match self.awaited.take() {
            Some(Awaited::Here(made, file)) if made == number => file,
            Some(Awaited::FromHelper(made)) => {
                let helper = self.helper.as_ref().expect("the helper was asked");
                match helper.made.recv() {
                    Ok(file) if made == number => file,
                    // Not the one that was asked for, or the helper is gone.
                    Ok(_) | Err(_) => self.place.make(number),
                }
            }
            Some(Awaited::Here(..)) | None => self.place.make(number),
        }
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        if let Some(Helper { orders, made, thread }) = self.helper.take() {
            drop((orders, made));
            // A helper that panicked has nothing to say any more: its order was made by hand.
            _ = thread.join();
        }
    }
}

/// Written between two syncs: so a commit that falls between waits for this much at most.
const SYNC_EVERY_BYTES: u64 = 4 * 1024 * 1024;
const WRITE_BYTES: usize = 1024 * 1024;

impl Helper {
    fn start(place: Place) -> io::Result<Self> {
        let (orders, incoming) = channel::<u32>();
        let (outgoing, made) = channel();
        let thread = Builder::new().name("muster-segment".to_owned()).spawn(move || {
            for number in incoming {
                if outgoing.send(place.make(number)).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { orders, made, thread })
    }
}

impl Place {
    /// A whole spare is taken as it is. Any other, the trace of a header that was not written
    /// whole included, is made zeros before it is used: were a new header written over an old
    /// one, a crash could leave a mixture that looks like damage.
    fn make(&self, number: u32) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.disk.open(&segment_path(&self.dir, number), Access::Create)?;
        if file.len()? != self.segment_bytes || !is_zero_from(&*file, 0)? {
            assert!(
                SegmentHeader::decode(&header_bytes(&*file)?).is_err(),
                "a segment that was begun is never made empty"
            );
            file.set_len(0)?;
            if let Err(error) = file.reserve(self.segment_bytes) {
                // What it could get is given back: a refused turn will ask for all of it again.
                file.set_len(0)?;
                return Err(error);
            }
            let rest = |at| usize::try_from(self.segment_bytes - at).unwrap_or(usize::MAX);
            let zeros = vec![0; rest(0).min(WRITE_BYTES)];
            let mut at = 0;
            while at < self.segment_bytes {
                let length = rest(at).min(WRITE_BYTES);
                file.write_at(&zeros[..length], at)?;
                at += length as u64;
                if at.is_multiple_of(SYNC_EVERY_BYTES) {
                    file.sync_data()?;
                }
            }
        }
        file.sync_data()?;
        if !planted::is(Planted::NameNotSynced) {
            self.disk.sync_dir(&self.dir)?;
        }
        Ok(file)
    }
}
