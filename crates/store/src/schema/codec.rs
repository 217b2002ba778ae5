//! The one file that calls bincode; `docs/log-format.md` describes the bytes without it.

use bincode::config::{self, Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::EncodeError;
use bincode::{BorrowDecode, Encode};

use super::DecodeError;

/// Longest payload, in bytes; a whole fact is no longer (design D13).
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// Appends the bytes of a frozen struct.
pub(super) fn write<T: Encode>(value: &T, out: &mut Vec<u8>) {
    bincode::encode_into_writer(value, Tail(out), CONFIG)
        .expect("memory takes every byte, and frozen structs hold nothing bincode refuses");
}

/// Reads a frozen struct that takes up all of `bytes`.
pub(super) fn read<'a, T: BorrowDecode<'a, ()>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    if bytes.len() > PAYLOAD_BYTES_MAX {
        return Err(DecodeError::TooLong { bytes: bytes.len() });
    }
    let (value, used) = bincode::borrow_decode_from_slice(bytes, CONFIG)
        .map_err(|error| DecodeError::Shape(error.to_string()))?;
    match bytes.len() - used {
        0 => Ok(value),
        trailing => Err(DecodeError::Trailing { bytes: trailing }),
    }
}

/// bincode counts what values take up in memory, not their bytes: 24 for a string that may be one
/// byte long. So its own limit, which bounds what a wrong length can allocate, lies far enough
/// above [`PAYLOAD_BYTES_MAX`] that nothing which was written can fail to be read.
const MEMORY_BYTES_MAX: usize = 32 * PAYLOAD_BYTES_MAX;

/// The standard configuration, spelled out.
const CONFIG: Configuration<LittleEndian, Varint, Limit<MEMORY_BYTES_MAX>> = config::standard()
    .with_little_endian()
    .with_variable_int_encoding()
    .with_limit::<MEMORY_BYTES_MAX>();

/// Writes behind what a buffer holds already.
struct Tail<'a>(&'a mut Vec<u8>);

impl Writer for Tail<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_take_the_bytes_that_the_format_page_states() {
        let bytes_of = |value: u64| {
            let mut out = Vec::new();
            write(&value, &mut out);
            out
        };
        assert_eq!(bytes_of(250), [250]);
        assert_eq!(bytes_of(251), [251, 251, 0]);
        assert_eq!(bytes_of(0xFFFF), [251, 0xFF, 0xFF]);
        assert_eq!(bytes_of(0x1_0000), [252, 0, 0, 1, 0]);
        assert_eq!(bytes_of(1 << 32), [253, 0, 0, 0, 0, 1, 0, 0, 0]);
        let mut out = Vec::new();
        write(&(-1_i64, 1_i64, -126_i64), &mut out);
        assert_eq!(out, [1, 2, 251, 251, 0]);
    }

    #[test]
    fn strings_options_lists_and_arrays_take_the_bytes_that_the_format_page_states() {
        let mut out = Vec::new();
        write(&("ab", Some(true), None::<bool>, vec!["c", ""], [7_u8; 3]), &mut out);
        assert_eq!(out, [2, b'a', b'b', 1, 1, 0, 2, 1, b'c', 0, 7, 7, 7]);
    }

    #[test]
    fn trailing_bytes_are_rejected() {
        assert!(matches!(read::<u8>(&[1, 2]), Err(DecodeError::Trailing { bytes: 1 })));
    }

    #[test]
    fn more_than_the_limit_is_not_looked_at() {
        let bytes = vec![0; PAYLOAD_BYTES_MAX + 1];
        assert!(matches!(read::<&[u8]>(&bytes), Err(DecodeError::TooLong { .. })));
    }

    #[test]
    fn what_fits_the_limit_can_be_read_however_small_its_parts() {
        let mut out = Vec::new();
        write(&vec![""; PAYLOAD_BYTES_MAX - 5], &mut out);
        assert_eq!(out.len(), PAYLOAD_BYTES_MAX);
        assert_eq!(read::<Vec<&str>>(&out).unwrap().len(), PAYLOAD_BYTES_MAX - 5);
    }

    #[test]
    fn a_length_beyond_the_bytes_is_an_error() {
        assert!(matches!(read::<&str>(&[253, 0, 0, 0, 0, 0, 0, 0, 9]), Err(DecodeError::Shape(_))));
        assert!(matches!(read::<Vec<&str>>(&[252, 0, 0, 0, 9]), Err(DecodeError::Shape(_))));
    }
}
