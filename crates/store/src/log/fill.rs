//! Writing: records are cut into parts, put, synced, and only then said to be there.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;

use super::held::Held;
use super::parts::{Cutter, seal};
use super::{Log, LogDamage, contain};
use crate::planted::{self, Planted};

/// How long one [`Filler::sync`] may take before sled is given up. What it writes back is what was
/// put since the last one: some tens of megabytes, seconds even on a slow disk.
const SYNC_SECS_MAX: u64 = 60;

/// The one writer of a [`Log`]: takes frames and their records in the order of the journal.
///
/// Parts span frames, so that many small turns make few parts; [`Filler::sync`] ends the part that
/// is being built. Dropped without it, what was put since the last one is put again by the next
/// filler, cut differently perhaps: readers take each position once.
pub struct Filler<'a> {
    held: Arc<Held>,
    cutter: Cutter,
    next: u64,
    _only: MutexGuard<'a, ()>,
}

impl Log {
    /// Begins to fill, behind what is filled already. Waits for another filler to be dropped: one
    /// that met damage goes before the next is asked for.
    pub fn filler(&self) -> Result<Filler<'_>, LogDamage> {
        let only = self.filling.lock();
        let held = self.held()?;
        let next = held.filled() + 1;
        Ok(Filler { held, cutter: Cutter::default(), next, _only: only })
    }
}

impl Filler<'_> {
    /// The position of the record that comes next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Puts the header of the frame whose first record comes next.
    pub fn frame(&mut self, header: &[u8]) -> Result<(), LogDamage> {
        self.held.sound()?;
        let key = self.next.to_be_bytes();
        let value = seal(&key, header.to_vec());
        self.held.ask(|| self.held.frames().insert(key, value)).map(drop)
    }

    /// Puts the next record.
    pub fn record(&mut self, record: &[u8]) -> Result<(), LogDamage> {
        let held = &self.held;
        held.sound()?;
        self.cutter.add(self.next, record, &mut |key, value| {
            held.ask(|| held.log().insert(key, value)).map(drop)
        })?;
        self.next += 1;
        Ok(())
    }

    /// Makes all that was put durable, then says so: [`Log::filled`] moves to the last record. Call
    /// it between frames.
    ///
    /// The disk is synced twice. The first keeps `filled` from reaching the disk before what it
    /// speaks of: sled writes in order, but does not check that it got there. The second makes
    /// `filled` itself durable before anyone hears it. Without the second a power cut could take
    /// `filled` back, which is harmless for reading, but the end of the journal is judged by it.
    pub fn sync(&mut self) -> Result<u64, LogDamage> {
        let held = &self.held;
        held.sound()?;
        if planted::is(Planted::FilledBeforeData) {
            held.set_filled(self.next - 1)?;
        }
        self.cutter.cut(&mut |key, value| held.ask(|| held.log().insert(key, value)).map(drop))?;
        let last = self.next - 1;
        let synced = contain::within(Duration::from_secs(SYNC_SECS_MAX), {
            let held = Arc::clone(held);
            move || {
                held.flush()?;
                held.set_filled(last)
            }
        });
        synced.map_err(|damage| held.spoil(damage))??;
        Ok(last)
    }
}
