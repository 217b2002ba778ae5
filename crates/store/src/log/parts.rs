//! The bytes of sled's trees: keys, values, checksums, and how records are cut into parts.
//!
//! Nothing here knows sled. `docs/log-format.md` says the same for a stranger.

/// The longest value in the tree `log`, its checksum included (format, section 6).
pub const VALUE_BYTES_MAX: usize = 4096;
/// Checksum at the end of every value.
const CRC_BYTES: usize = 4;
/// Length in front of every record.
const LENGTH_BYTES: usize = 4;
/// What a value holds beside its checksum.
pub(super) const BODY_BYTES_MAX: usize = VALUE_BYTES_MAX - CRC_BYTES;
/// The longest record: as many continuations as a `u16` counts. Far beyond the 1 MiB of a fact.
pub const RECORD_BYTES_MAX: usize = BODY_BYTES_MAX * (u16::MAX as usize + 1) - LENGTH_BYTES;
/// The most records one part holds, if each had a single byte: no part that begins this far before
/// a position can hold it, so this is how far a reader looks back among overlapping parts.
pub(super) const RECORDS_MAX: u64 = (BODY_BYTES_MAX / (LENGTH_BYTES + 1)) as u64;

/// A key of the tree `log`: position of the part's first record, number of the continuation.
pub(super) type PartKey = [u8; 10];

pub(super) fn part_key(first: u64, continuation: u16) -> PartKey {
    let mut key = [0; 10];
    key[..8].copy_from_slice(&first.to_be_bytes());
    key[8..].copy_from_slice(&continuation.to_be_bytes());
    key
}

/// What a key of the tree `log` says, or `None` if it cannot be one.
pub(super) fn read_part_key(key: &[u8]) -> Option<(u64, u16)> {
    let key: &PartKey = key.try_into().ok()?;
    let (first, continuation) = key.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*first), u16::from_be_bytes(continuation.try_into().ok()?)))
}

/// The value for `key`: `body`, then the CRC32C over key and body, little-endian.
pub(super) fn seal(key: &[u8], mut body: Vec<u8>) -> Vec<u8> {
    let crc = checksum(key, &body);
    body.extend_from_slice(&crc.to_le_bytes());
    body
}

/// The body of a value, or `None` if its checksum does not hold.
pub(super) fn unseal<'a>(key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (body, crc) = value.split_last_chunk::<CRC_BYTES>()?;
    (checksum(key, body) == u32::from_le_bytes(*crc)).then_some(body)
}

/// The body of a value whose checksum was found good.
pub(super) fn body(value: &[u8]) -> &[u8] {
    &value[..value.len() - CRC_BYTES]
}

/// Length and first bytes of the record that `body` begins with; shorter than the length if the
/// record goes on elsewhere. `None` if `body` cannot begin a record.
pub(super) fn first_record(body: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = body.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let whole = rest.len().min(length);
    (length > 0).then_some((length, &rest[..whole]))
}

/// The records of a body that holds whole ones, in order; an `Err` where it does not.
pub(super) struct Records<'a> {
    rest: &'a [u8],
}

/// A body that does not end where its last record does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl<'a> Records<'a> {
    pub(super) fn of(body: &'a [u8]) -> Self {
        Self { rest: body }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<&'a [u8], Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match first_record(self.rest) {
            Some((length, record)) if record.len() == length => {
                self.rest = &self.rest[LENGTH_BYTES + length..];
                Some(Ok(record))
            }
            _ => {
                self.rest = &[];
                Some(Err(Malformed))
            }
        }
    }
}

/// Cuts records into parts. A part is handed on when the next record does not fit, or at
/// [`Cutter::cut`]; none is ever taken up again.
#[derive(Default)]
pub(super) struct Cutter {
    first: u64,
    body: Vec<u8>,
}

impl Cutter {
    /// Adds the record at `position`, and hands finished parts to `put`.
    pub(super) fn add<E>(
        &mut self,
        position: u64,
        record: &[u8],
        put: &mut impl FnMut(PartKey, Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        assert!(!record.is_empty(), "a record has at least its head");
        assert!(record.len() <= RECORD_BYTES_MAX, "a record is far below what a part can count");
        let length = u32::try_from(record.len()).expect("checked above").to_le_bytes();
        let bytes = LENGTH_BYTES + record.len();
        if self.body.len() + bytes > BODY_BYTES_MAX {
            self.cut(put)?;
        }
        if self.body.is_empty() {
            self.first = position;
        }
        if bytes > BODY_BYTES_MAX {
            return put_long(position, &[&length[..], record].concat(), put);
        }
        if self.body.is_empty() {
            self.body.reserve_exact(VALUE_BYTES_MAX);
        }
        self.body.extend_from_slice(&length);
        self.body.extend_from_slice(record);
        Ok(())
    }

    /// Ends the part that is being built.
    pub(super) fn cut<E>(
        &mut self,
        put: &mut impl FnMut(PartKey, Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.body.is_empty() {
            return Ok(());
        }
        let key = part_key(self.first, 0);
        put(key, seal(&key, std::mem::take(&mut self.body)))
    }
}

/// Puts a record that no single value can hold under (position, 0), (position, 1), ...
///
/// The cut depends on the record alone, so putting it again writes the same values.
fn put_long<E>(
    position: u64,
    bytes: &[u8],
    put: &mut impl FnMut(PartKey, Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    for (n, piece) in bytes.chunks(BODY_BYTES_MAX).enumerate() {
        let n = u16::try_from(n).expect("RECORD_BYTES_MAX counts to u16::MAX");
        let key = part_key(position, n);
        let mut body = Vec::with_capacity(piece.len() + CRC_BYTES);
        body.extend_from_slice(piece);
        put(key, seal(&key, body))?;
    }
    Ok(())
}

fn checksum(key: &[u8], body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Values = Vec<(PartKey, Vec<u8>)>;

    fn cut(records: &[(u64, &[u8])]) -> Values {
        let mut values = Values::new();
        let mut put = |key, value| {
            values.push((key, value));
            Ok::<(), ()>(())
        };
        let mut cutter = Cutter::default();
        for (position, record) in records {
            cutter.add(*position, record, &mut put).unwrap();
        }
        cutter.cut(&mut put).unwrap();
        values
    }

    #[test]
    fn keys_sort_by_position_then_continuation() {
        assert!(part_key(255, u16::MAX) < part_key(256, 0));
        assert!(part_key(256, 0) < part_key(256, 1));
        assert_eq!(read_part_key(&part_key(7, 9)), Some((7, 9)));
        assert_eq!(read_part_key(&[0; 9]), None);
    }

    #[test]
    fn the_bytes_of_a_part_are_these() {
        let values = cut(&[(5, b"ab"), (6, b"c")]);
        let body = [2, 0, 0, 0, b'a', b'b', 1, 0, 0, 0, b'c'];
        let (key, value) = &values[0];
        assert_eq!(values.len(), 1);
        assert_eq!(key, &[0, 0, 0, 0, 0, 0, 0, 5, 0, 0]);
        assert_eq!(value[..body.len()], body);
        let crc = crc32c::crc32c(&[&key[..], &body].concat());
        assert_eq!(value[body.len()..], crc.to_le_bytes());
    }

    #[test]
    fn a_part_is_full_at_4096_bytes_and_not_before() {
        let exact = vec![1; BODY_BYTES_MAX - LENGTH_BYTES];
        let values = cut(&[(1, &exact)]);
        assert_eq!(values.len(), 1);
        assert_eq!(values[0].1.len(), VALUE_BYTES_MAX);

        let over = vec![1; BODY_BYTES_MAX - LENGTH_BYTES + 1];
        let values = cut(&[(1, b"before"), (2, &over), (3, b"after")]);
        let keys: Vec<_> = values.iter().map(|(key, _)| read_part_key(key).unwrap()).collect();
        assert_eq!(keys, [(1, 0), (2, 0), (2, 1), (3, 0)]);
        assert!(values.iter().all(|(_, value)| value.len() <= VALUE_BYTES_MAX));
    }

    #[test]
    fn every_flipped_bit_of_key_or_value_breaks_the_checksum() {
        let (key, value) = cut(&[(5, b"ab"), (6, b"c")]).remove(0);
        for bit in 0..(key.len() + value.len()) * 8 {
            let (mut key, mut value) = (key, value.clone());
            match bit / 8 {
                byte if byte < key.len() => key[byte] ^= 1 << (bit % 8),
                byte => value[byte - key.len()] ^= 1 << (bit % 8),
            }
            assert_eq!(unseal(&key, &value), None, "bit {bit}");
        }
    }

    #[test]
    fn records_that_do_not_fill_the_body_exactly_are_refused() {
        let all = |body| Records::of(body).collect::<Result<Vec<_>, _>>();
        assert_eq!(all(&[1, 0, 0, 0, 9]), Ok(vec![&[9][..]]));
        assert_eq!(all(&[1, 0, 0, 0, 9, 1]), Err(Malformed));
        assert_eq!(all(&[2, 0, 0, 0, 9]), Err(Malformed));
        assert_eq!(all(&[0, 0, 0, 0]), Err(Malformed));
    }
}
