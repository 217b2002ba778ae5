//! Reading long stretches of the log, sealed and open at once: for whoever takes facts away.

use domain::fact::Fact;
use domain::id::Position;

use crate::error::StoreError;
use crate::journal::Check;
use crate::keyring::Months;
use crate::open::{Origins, Store};
use crate::record;

/// Facts with their records, as many as are handed over together.
#[derive(Debug, Default)]
pub struct Batch {
    facts: Vec<Fact>,
    /// The records, end to end, and where each of them ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Batch {
    /// The number of facts.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Each fact with its record.
    pub fn each(self, mut visit: impl FnMut(Fact, &[u8]) -> bool) -> bool {
        let mut start = 0;
        for (fact, end) in self.facts.into_iter().zip(self.ends) {
            if !visit(fact, &self.bytes[start..end]) {
                return false;
            }
            start = end;
        }
        true
    }

    fn is_full(&self, max: Size) -> bool {
        self.facts.len() >= max.facts || self.bytes.len() >= max.bytes
    }

    fn put(&mut self, fact: Fact, record: &[u8]) {
        self.facts.push(fact);
        self.bytes.extend_from_slice(record);
        self.ends.push(self.bytes.len());
    }
}

/// How large a batch grows before it is handed over. It may be larger by the facts of one turn.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// So many facts.
    pub facts: usize,
    /// So many bytes of records.
    pub bytes: usize,
}

impl Store {
    /// Reads the facts between two positions, both included, from the journal, and hands them to `take` in
    /// order, until it says no. Keys and views are free while `take` does what it does, however long that
    /// takes.
    pub fn stretch(
        &self,
        (from, to): (Position, Position),
        origins: Origins,
        size: Size,
        mut take: impl FnMut(Batch) -> bool,
    ) -> Result<(), StoreError> {
        if from > to {
            return Ok(());
        }
        let months = Months::of(self.views().system());
        let mut batch = Batch::default();
        let mut goes_on = true;
        let walked = self.journal().scan(from.0, to.0, Check::Checksums, |frame| {
            let keys = self.keyring().view(months.clone());
            for (position, bytes) in frame.records() {
                if (from.0..=to.0).contains(&position) {
                    let opened = record::open(Position(position), bytes, &keys, wants(origins));
                    batch.put(opened.map_err(|error| unreadable(position, &error))?, bytes);
                }
            }
            drop(keys);
            if batch.is_full(size) {
                goes_on = take(std::mem::take(&mut batch));
            }
            if goes_on { Ok(()) } else { Err(Ended::Early) }
        });
        match walked {
            Ok(()) => {}
            Err(Ended::Early) => return Ok(()),
            Err(Ended::Failed(error)) => return Err(error),
        }
        if !batch.is_empty() {
            take(batch);
        }
        Ok(())
    }

    /// The facts at these positions, which rise, with their records. All are held at once.
    pub fn batch(&self, positions: &[Position], origins: Origins) -> Result<Batch, StoreError> {
        let positions: Vec<u64> = positions.iter().map(|position| position.0).collect();
        let mut records = Vec::with_capacity(positions.len());
        self.follower().read(&positions, &mut |at, record| records.push((at, record.to_vec())))?;
        let months = Months::of(self.views().system());
        let keys = self.keyring().view(months);
        let mut batch = Batch::default();
        for (position, bytes) in records {
            let opened = record::open(Position(position), &bytes, &keys, wants(origins));
            batch.put(opened.map_err(|error| unreadable(position, &error))?, &bytes);
        }
        Ok(batch)
    }
}

/// Why a walk ended before its end.
enum Ended {
    /// Nobody wanted more.
    Early,
    Failed(StoreError),
}

impl<E: Into<StoreError>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn wants(origins: Origins) -> bool {
    origins == Origins::Open
}

fn unreadable(position: u64, error: &record::RecordError) -> StoreError {
    StoreError::Unreadable { position: Position(position), what: error.to_string() }
}
