//! What the machine does raw: the disk, the bare journal, Argon2id.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use service::passwords::Cost;
use store::RealDisk;
use store::journal::{FrameBuilder, Identity, Journal, Settings, StoreId};

use super::ground::Shape;
use super::table::Spread;
use crate::driving::chance::Chance;
use crate::driving::clock;
use crate::driving::output::number;

/// What is written between two syncs of the bare disk.
const BLOCK_BYTES: usize = 4_096;
/// The file that this is done to; it is written before, so that syncs change no metadata.
const FILE_BYTES: u64 = 64 << 20;

/// Events in a stretch of time, and how long each took.
#[derive(Clone, Debug, Default)]
pub struct Timed {
    /// Events per second.
    pub per_second: f64,
    /// The time of the middle one, in microseconds.
    pub p50_us: f64,
    /// The time that one in a hundred exceeds, in microseconds.
    pub p99_us: f64,
}

impl Timed {
    /// From the nanoseconds that each of some steps took, each of them worth `events`.
    pub fn of(mut nanos: Vec<u32>, time: Duration, events: f64) -> Self {
        let per_second = number(nanos.len()) * events / time.as_secs_f64();
        nanos.sort_unstable();
        let at = |part: usize| {
            let index = (nanos.len() * part / 100).min(nanos.len().saturating_sub(1));
            nanos.get(index).map_or(f64::NAN, |nanos| f64::from(*nanos) / 1e3)
        };
        Self { per_second, p50_us: at(50), p99_us: at(99) }
    }
}

/// Nanoseconds, as many as fit: four seconds.
pub fn nanos(time: Duration) -> u32 {
    u32::try_from(time.as_nanos()).unwrap_or(u32::MAX)
}

/// A file to be written and synced.
pub struct BareDisk {
    file: File,
    offset: u64,
}

impl BareDisk {
    /// Makes the file.
    pub fn new(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let block = vec![1; 1 << 20];
        for offset in (0..FILE_BYTES).step_by(block.len()) {
            file.write_all_at(&block, offset)?;
        }
        file.sync_all()?;
        Ok(Self { file, offset: 0 })
    }

    /// Writes 4 KiB and syncs, one after the other.
    pub fn sync_for(&mut self, time: Duration) -> Result<Timed> {
        let block = [2; BLOCK_BYTES];
        let (mut taken, began) = (Vec::new(), clock::now());
        while clock::now() - began < time {
            let before = clock::now();
            self.file.write_all_at(&block, self.offset)?;
            self.file.sync_data()?;
            taken.push(nanos(clock::now() - before));
            self.offset = (self.offset + BLOCK_BYTES as u64) % FILE_BYTES;
        }
        Ok(Timed::of(taken, clock::now() - began, 1.0))
    }
}

/// A journal to which nobody's facts are appended.
pub struct BareJournal {
    journal: Journal,
    record: Vec<u8>,
}

impl BareJournal {
    /// Makes it, with the segments of the real one.
    pub fn new(dir: &Path) -> Result<Self> {
        let whose = Identity { store: StoreId([7; 16]), epoch: 1 };
        let journal = Journal::create(Arc::new(RealDisk), dir, whose, Settings::default())?;
        Ok(Self { journal, record: Chance::new(1).bytes(1 << 16) })
    }

    /// Appends frames of this shape, one after the other; counts records.
    pub fn append_for(&mut self, time: Duration, shape: Shape) -> Result<Timed> {
        let record = &self.record[..shape.record_bytes.clamp(1, self.record.len())];
        let (mut taken, mut owed, began) = (Vec::new(), 0.0, clock::now());
        let mut records = 0;
        while clock::now() - began < time {
            let before = clock::now();
            owed += shape.records;
            let mut frame = FrameBuilder::new();
            while frame.is_empty() || number(frame.count()) + 1.0 <= owed {
                frame.push(record)?;
            }
            owed -= number(frame.count());
            records += frame.count();
            let head = self.journal.head();
            self.journal.append(&head, &mut frame)?;
            taken.push(nanos(clock::now() - before));
        }
        let events = number(records) / number(taken.len().max(1));
        Ok(Timed::of(taken, clock::now() - began, events))
    }
}

/// Hashes per second on all cores, each with one block of memory that it uses again.
pub fn argon2_for(time: Duration) -> Result<f64> {
    let cores = std::thread::available_parallelism()?.get();
    let cost = Cost::STANDARD;
    let params = Params::new(cost.memory_kib(), cost.passes(), 1, Some(32));
    let params = params.map_err(|error| anyhow::anyhow!("{error}"))?;
    let began = clock::now();
    let hashes = std::thread::scope(|scope| -> Result<usize> {
        let hash = || -> Result<usize> {
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
            let mut memory = vec![Block::default(); params.block_count()];
            let (mut out, mut count) = ([0; 32], 0);
            while clock::now() - began < time {
                argon2
                    .hash_password_into_with_memory(b"raw", &[7; 16], &mut out, &mut memory)
                    .map_err(|error| anyhow::anyhow!("{error}"))?;
                count += 1;
            }
            Ok(count)
        };
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(hash)).collect();
        let mut all = 0;
        for thread in threads {
            all += thread.join().expect("hashing does not panic")?;
        }
        Ok(all)
    })?;
    Ok(number(hashes) / (clock::now() - began).as_secs_f64())
}

/// The spread of one number of several measurements.
pub fn spread(measured: &[Timed], number: impl Fn(&Timed) -> f64) -> Spread {
    Spread::of(measured.iter().map(number))
}
