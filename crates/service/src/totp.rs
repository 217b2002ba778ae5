//! TOTP codes (RFC 6238) as authenticator apps make them: SHA-1, 6 digits, 30 seconds.

use totp_rs::{Algorithm, Builder, Secret, Totp};

/// How long one code is shown, in seconds (RFC 6238, 5.2).
pub const STEP_SECS: u64 = 30;

/// Steps before and after the current one whose code is accepted too: for clocks that are off
/// and people who type slowly (RFC 6238, 5.2 and 6).
pub const SKEW_STEPS: u16 = 1;

/// Length of a code, in digits.
pub const CODE_DIGITS: u8 = 6;

/// Length of the base32 text of a key, in characters, padding included: 160 bytes of key, eight
/// times what RFC 4226, 4 recommends.
pub const KEY_CHARS_MAX: usize = 256;

/// Bits that one character of base32 carries.
const BITS_PER_CHAR: u32 = 5;

/// RFC 4648, 6.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The step (Unix time / [`STEP_SECS`]) whose code this is, among the one at `at_unix_secs` and
/// [`SKEW_STEPS`] either side; `None` for a wrong code and for what is not six ASCII digits.
///
/// A caller that refuses replays remembers the step and refuses it and those before it.
/// Codes are compared in constant time. Keys of any length are used, weak as they may be: who
/// enrolled them has them already.
pub fn matched_step(secret: &[u8], code: &str, at_unix_secs: u64) -> Option<u64> {
    // Times within two steps of the last second of a u64 would overflow in the library.
    let at_unix_secs = at_unix_secs.min(u64::MAX - 2 * STEP_SECS);
    totp(secret).check(code, at_unix_secs)
}

/// Reads a key: base32 of either case, padded or not, of any length that makes a byte.
///
/// Lengths that RFC 4648 calls impossible are read as authenticator apps read them: bits left
/// over at the end are dropped. `None` for an empty key, a foreign character (white space too),
/// padding before the end, and more than [`KEY_CHARS_MAX`].
pub fn decode_key(text: &str) -> Option<Vec<u8>> {
    if text.len() > KEY_CHARS_MAX {
        return None;
    }
    let mut key = Vec::with_capacity(text.len() * BITS_PER_CHAR as usize / 8);
    let (mut bits, mut bit_count) = (0_u32, 0);
    for char in text.trim_end_matches('=').bytes() {
        bits = bits << BITS_PER_CHAR | u32::from(value_of(char)?);
        bit_count += BITS_PER_CHAR;
        if bit_count >= 8 {
            bit_count -= 8;
            let [.., byte] = (bits >> bit_count).to_be_bytes();
            key.push(byte);
        }
    }
    (!key.is_empty()).then_some(key)
}

/// Writes a key as apps expect it: base32, upper case, without padding; 20 bytes are 32
/// characters.
pub fn encode_key(key: &[u8]) -> String {
    let mut text = String::with_capacity((key.len() * 8).div_ceil(BITS_PER_CHAR as usize));
    for group in key.chunks(5) {
        let mut bytes = [0; 8];
        bytes[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(bytes);
        let chars = (group.len() * 8).div_ceil(BITS_PER_CHAR as usize);
        for place in (0..8).rev().take(chars) {
            let [.., low] = (bits >> (place * BITS_PER_CHAR)).to_be_bytes();
            text.push(char::from(ALPHABET[usize::from(low % 32)]));
        }
    }
    text
}

fn totp(secret: &[u8]) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(CODE_DIGITS)
        .with_skew(SKEW_STEPS)
        .with_step_duration(STEP_SECS)
        .with_secret(Secret::from(secret.to_vec()))
        // "Compliant" means at least 128 bits of key; the usual 16 characters are 80.
        .build_noncompliant()
}

fn value_of(char: u8) -> Option<u8> {
    match char {
        b'A'..=b'Z' => Some(char - b'A'),
        b'a'..=b'z' => Some(char - b'a'),
        b'2'..=b'7' => Some(char - b'2' + 26),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The key of RFC 6238, appendix B, for SHA-1.
    const RFC_KEY: &[u8] = b"12345678901234567890";

    /// Times and codes of the same table; its codes have 8 digits, ours are their last 6.
    const RFC_CODES: [(u64, &str); 6] = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];

    /// Keys and their codes at 1,234,567,890, made with Python's `hmac` and the arithmetic of
    /// RFC 4226, 5.3 written out. The last key is longer than a block of SHA-1.
    const SHORT_AND_LONG: [(&str, &str); 4] = [
        ("JBSWY3DPEHPK3PXP", "742275"),
        ("MZXW6YQ", "273780"),
        ("MY", "452364"),
        (
            "AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPSAIJCEMSCKJRHFAUSUKZMFUXC6MBR\
             GIZTINJWG44DSOR3HQ6T4P2AIFBEGRCFIZDUQSKKJNGE2TSPKBIVEU2UKVLFOWCZLJNVYXK6L5QGCYTD",
            "026412",
        ),
    ];

    fn code_at(secret: &[u8], unix_secs: u64) -> String {
        totp(secret).generate(unix_secs).to_string()
    }

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        for (at, eight_digits) in RFC_CODES {
            let code = &eight_digits[2..];
            assert_eq!(code_at(RFC_KEY, at), code);
            assert_eq!(matched_step(RFC_KEY, code, at), Some(at / 30));
        }
    }

    #[test]
    fn a_code_holds_in_its_step_and_the_ones_beside_it() {
        // 287082 is the code of step 1, seconds 30 to 59.
        for at in [0, 29, 30, 59, 60, 89] {
            assert_eq!(matched_step(RFC_KEY, "287082", at), Some(1), "{at}");
        }
        for at in [90, 120, u64::MAX] {
            assert_eq!(matched_step(RFC_KEY, "287082", at), None, "{at}");
        }
        let (at, code) = (1_111_111_109, "081804");
        // `at` is the last second of its step.
        assert_eq!(matched_step(RFC_KEY, code, at - 60), None);
        assert_eq!(matched_step(RFC_KEY, code, at - 59), Some(at / 30));
        assert_eq!(matched_step(RFC_KEY, code, at + 30), Some(at / 30));
        assert_eq!(matched_step(RFC_KEY, code, at + 31), None);
    }

    #[test]
    fn only_six_ascii_digits_are_a_code() {
        let not_codes = [
            "", "28708", "2870820", "94287082", "invalid", "+87082", " 287082", "287082 ",
            "28708２",
        ];
        for text in not_codes {
            assert_eq!(matched_step(RFC_KEY, text, 59), None, "{text:?}");
        }
        assert_eq!(matched_step(RFC_KEY, "287083", 59), None);
        assert_eq!(matched_step(b"12345678901234567891", "287082", 59), None);
    }

    #[test]
    fn short_and_long_keys_make_codes() {
        for (key, code) in SHORT_AND_LONG {
            let key = decode_key(key).unwrap();
            assert_eq!(matched_step(&key, code, 1_234_567_890), Some(41_152_263), "{code}");
        }
    }

    #[test]
    fn keys_are_read_in_either_case_with_padding_or_without() {
        for text in ["JBSWY3DPEHPK3PXP", "jbswy3dpehpk3pxp", "JbSwY3DpEhPk3PxP"] {
            assert_eq!(decode_key(text).unwrap(), b"Hello!\xde\xad\xbe\xef");
        }
        // RFC 4648, 10.
        let vectors = [
            ("MY======", "f"),
            ("MZXQ====", "fo"),
            ("MZXW6===", "foo"),
            ("MZXW6YQ=", "foob"),
            ("MZXW6YTB", "fooba"),
            ("MZXW6YTBOI======", "foobar"),
        ];
        for (padded, plain) in vectors {
            let bare = padded.trim_end_matches('=');
            assert_eq!(decode_key(padded).unwrap(), plain.as_bytes());
            assert_eq!(decode_key(bare).unwrap(), plain.as_bytes());
            assert_eq!(decode_key(&format!("{bare}=")).unwrap(), plain.as_bytes());
            assert_eq!(encode_key(plain.as_bytes()), bare);
        }
    }

    #[test]
    fn a_key_of_any_length_is_read_and_bits_left_over_are_dropped() {
        for chars in 2..=KEY_CHARS_MAX {
            assert_eq!(decode_key(&"7".repeat(chars)), Some(vec![0xff; chars * 5 / 8]), "{chars}");
        }
        assert_eq!(decode_key("MZX"), decode_key("MY"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let too_long = "A".repeat(KEY_CHARS_MAX + 1);
        for text in [
            "",
            "=",
            "A",
            "A=",
            "MZXW 6YTB",
            "MZXW-6YTB",
            "MZ=XW6",
            "MZX1",
            "MZX8",
            "MZÄ",
            &too_long,
        ] {
            assert_eq!(decode_key(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_key_survives_writing_and_reading(key in prop::collection::vec(any::<u8>(), 1..=160)) {
            prop_assert_eq!(decode_key(&encode_key(&key)), Some(key));
        }
    }
}
