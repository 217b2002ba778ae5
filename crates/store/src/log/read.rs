//! Reading by position. Every value is checked before a byte of it is handed on.

use super::held::{FRAMES_TREE, Held, LOG_TREE};
use super::parts::{RECORDS_MAX, Records, body, first_record, part_key, read_part_key, unseal};
use super::{Log, LogDamage};

/// Accesses made to a page that a single position was read from; see [`Held::count`]. Measured with
/// 3 M facts: random reads keep 235 MB at 0, 65 MB at 4, 45 MB at 8, at no cost that shows.
pub(super) const PAGE_ACCESSES: u32 = 8;

/// Records that are kept together: whole ones, of positions that follow each other.
pub(super) struct Part {
    first: u64,
    count: u64,
    body: Body,
}

enum Body {
    /// Whole records in one value, with its checksum.
    Value(sled::IVec),
    /// One record that was put together from several values.
    Long(Vec<u8>),
}

impl Log {
    /// The record at `position`.
    pub fn record(&self, position: u64) -> Result<Vec<u8>, LogDamage> {
        let mut found = Vec::new();
        self.read(&[position], &mut |_, record| found = record.to_vec())?;
        Ok(found)
    }

    /// Hands each of these positions and its record to `each`: ascending, whatever the order in
    /// `positions`, and each once. A part is fetched once for all that it holds.
    ///
    /// One that is not filled yet is an error before anything is handed on; damage may be found
    /// half way.
    pub fn read(
        &self,
        positions: &[u64],
        each: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<(), LogDamage> {
        let held = self.held()?;
        let mut positions = positions.to_vec();
        positions.sort_unstable();
        positions.dedup();
        if let (Some(lowest), Some(highest)) = (positions.first(), positions.last()) {
            held.has(*lowest)?;
            held.has(*highest)?;
        }
        let mut positions = positions.into_iter().peekable();
        while let Some(next) = positions.peek().copied() {
            let part = held.part_of(next)?;
            for (position, record) in part.records() {
                if positions.next_if_eq(&position).is_some() {
                    each(position, record);
                }
            }
        }
        Ok(())
    }

    /// All records from `from` to `to`, both included. The caller bounds how many.
    pub fn records(&self, from: u64, to: u64) -> Result<Vec<(u64, Vec<u8>)>, LogDamage> {
        let mut all = Vec::new();
        self.scan(from, to, &mut |position, record| all.push((position, record.to_vec())))?;
        Ok(all)
    }

    /// Hands every filled position and its record to `each`, in order.
    pub fn for_each(&self, each: &mut dyn FnMut(u64, &[u8])) -> Result<(), LogDamage> {
        let filled = self.held()?.filled();
        self.scan(1, filled, each)
    }

    /// Hands the first position and the header of every frame that is filled to `each`, in order.
    pub fn for_each_frame(&self, each: &mut dyn FnMut(u64, &[u8])) -> Result<(), LogDamage> {
        let held = self.held()?;
        let mut frames = held.frames().range(..=held.filled().to_be_bytes());
        while let Some((key, value)) = held.ask(|| frames.next().transpose())? {
            let first = key.as_ref().try_into().map(u64::from_be_bytes);
            let first = first
                .map_err(|_| held.spoil(LogDamage::Malformed { tree: FRAMES_TREE, position: 0 }))?;
            let header = unseal(&key, &value).ok_or_else(|| {
                held.spoil(LogDamage::Checksum { tree: FRAMES_TREE, position: first })
            })?;
            each(first, header);
        }
        Ok(())
    }

    /// The header of the frame that begins with position `first`, if sled has one.
    pub fn frame(&self, first: u64) -> Result<Option<Vec<u8>>, LogDamage> {
        let held = self.held()?;
        let key = first.to_be_bytes();
        let Some(value) = held.ask(|| held.frames().get(key))? else { return Ok(None) };
        match unseal(&key, &value) {
            Some(header) => Ok(Some(header.to_vec())),
            None => Err(held.spoil(LogDamage::Checksum { tree: FRAMES_TREE, position: first })),
        }
    }

    /// The highest position sled was ever told of, durably or not: beyond [`Log::filled`] if the
    /// filler was interrupted. Only committed facts are put, so the journal must reach this far.
    pub fn reach(&self) -> Result<u64, LogDamage> {
        let held = self.held()?;
        let mut reach = held.filled();
        let last_frame = held.ask(|| held.frames().last())?;
        if let Some(first) = last_frame.and_then(|(key, _)| key.as_ref().try_into().ok()) {
            reach = reach.max(u64::from_be_bytes(first));
        }
        let mut parts = held.log().iter();
        while let Some((key, value)) = held.ask(|| parts.next_back().transpose())? {
            let (first, continuation) = held.key(&key)?;
            reach = reach.max(first);
            if continuation == 0 && first > held.filled() {
                let body = held.body(&key, &value)?;
                let whole = Records::of(body).take_while(Result::is_ok).count() as u64;
                reach = reach.max(first + whole.saturating_sub(1));
            }
            // An older, longer part may reach further than the last one, but not from here on.
            if first + RECORDS_MAX <= reach {
                break;
            }
        }
        Ok(reach)
    }

    fn scan(&self, from: u64, to: u64, each: &mut dyn FnMut(u64, &[u8])) -> Result<(), LogDamage> {
        if from > to {
            return Ok(());
        }
        let held = self.held()?;
        held.has(from)?;
        held.has(to)?;
        let mut part = held.part_of(from)?;
        let mut next = from;
        let mut later = held.log().range(part_key(part.first, 0)..=part_key(to, u16::MAX));
        loop {
            for (position, record) in part.records() {
                if position == next && position <= to {
                    each(position, record);
                    next += 1;
                }
            }
            if next > to {
                return Ok(());
            }
            part = held.part_after(&mut later, next)?;
        }
    }
}

impl Held {
    /// The part that holds `position`, which must be filled.
    ///
    /// Usually the last one that begins at or before it. After a crash an older and shorter one
    /// may begin in between.
    pub(super) fn part_of(&self, position: u64) -> Result<Part, LogDamage> {
        let mut before = self.log().range(..=part_key(position, 0));
        while let Some((key, value)) = self.ask(|| before.next_back().transpose())? {
            let (first, continuation) = self.key(&key)?;
            if continuation == 0 {
                let part = self.part(first, value)?;
                if position - first < part.count {
                    self.count(&key, PAGE_ACCESSES)?;
                    return Ok(part);
                }
            }
            if position - first >= RECORDS_MAX {
                break;
            }
        }
        Err(self.spoil(LogDamage::Gap { position }))
    }

    /// The next part of `later` that holds `next`, passing those that only repeat what is before.
    fn part_after(&self, later: &mut sled::Iter, next: u64) -> Result<Part, LogDamage> {
        while let Some((key, value)) = self.ask(|| later.next().transpose())? {
            let (first, continuation) = self.key(&key)?;
            if first > next {
                break;
            }
            self.count(&key, 1)?;
            if continuation == 0 {
                let part = self.part(first, value)?;
                if next - first < part.count {
                    return Ok(part);
                }
            }
        }
        Err(self.spoil(LogDamage::Gap { position: next }))
    }

    /// Makes sled see that it holds the page of `key`.
    ///
    /// It looks at what a shard of its cache holds only after 64 accesses to it, so pages that are
    /// read once pile up: 256 shards of 64 pages of 40 to 70 KB.
    fn count(&self, key: &[u8], times: u32) -> Result<(), LogDamage> {
        self.count_in(self.log(), key, times)
    }

    pub(super) fn count_in(
        &self,
        tree: &sled::Tree,
        key: &[u8],
        times: u32,
    ) -> Result<(), LogDamage> {
        for _ in 0..times {
            self.ask(|| tree.contains_key(key))?;
        }
        Ok(())
    }

    fn has(&self, position: u64) -> Result<(), LogDamage> {
        let filled = self.filled();
        if (1..=filled).contains(&position) {
            Ok(())
        } else {
            Err(LogDamage::Beyond { position, filled })
        }
    }

    fn key(&self, key: &[u8]) -> Result<(u64, u16), LogDamage> {
        read_part_key(key)
            .ok_or_else(|| self.spoil(LogDamage::Malformed { tree: LOG_TREE, position: 0 }))
    }

    fn body<'a>(&self, key: &[u8], value: &'a [u8]) -> Result<&'a [u8], LogDamage> {
        let position = read_part_key(key).map_or(0, |(first, _)| first);
        unseal(key, value)
            .ok_or_else(|| self.spoil(LogDamage::Checksum { tree: LOG_TREE, position }))
    }

    /// The part that begins at `first`, from its first value and what it needs beyond that.
    fn part(&self, first: u64, value: sled::IVec) -> Result<Part, LogDamage> {
        let malformed = || self.spoil(LogDamage::Malformed { tree: LOG_TREE, position: first });
        let body = self.body(&part_key(first, 0), &value)?;
        let (length, begun) = first_record(body).ok_or_else(malformed)?;
        if begun.len() < length {
            let long = self.long(first, length, begun.to_vec())?;
            return Ok(Part { first, count: 1, body: Body::Long(long) });
        }
        let mut count = 0;
        for record in Records::of(body) {
            record.map_err(|_| malformed())?;
            count += 1;
        }
        Ok(Part { first, count, body: Body::Value(value) })
    }

    fn long(&self, first: u64, length: usize, mut bytes: Vec<u8>) -> Result<Vec<u8>, LogDamage> {
        for n in 1..=u16::MAX {
            let key = part_key(first, n);
            let Some(value) = self.ask(|| self.log().get(key))? else {
                return Err(self.spoil(LogDamage::Gap { position: first }));
            };
            bytes.extend_from_slice(self.body(&key, &value)?);
            if bytes.len() >= length {
                break;
            }
        }
        if bytes.len() == length {
            Ok(bytes)
        } else {
            Err(self.spoil(LogDamage::Malformed { tree: LOG_TREE, position: first }))
        }
    }
}

impl Part {
    pub(super) fn records(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let (body, long) = match &self.body {
            Body::Value(value) => (body(value), None),
            Body::Long(record) => (&[][..], Some(record.as_slice())),
        };
        let records = Records::of(body).map_while(Result::ok).chain(long);
        (self.first..).zip(records)
    }
}
