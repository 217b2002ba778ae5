//! One-time codes as an authenticator shows them, from a library that the server does not share.

use jiff::Timestamp;
use totp_rs::{Algorithm, Builder};

/// How long a code is shown, in seconds.
pub const STEP_SECS: u64 = 30;

/// The code of now, and the one after it. Both are good for at least one step from now on; the one
/// before now might not be any more when it arrives.
pub fn codes(secret: &[u8]) -> [String; 2] {
    let now = u64::try_from(Timestamp::now().as_second()).expect("after 1970");
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(STEP_SECS)
        .with_secret(secret.to_vec())
        .build_noncompliant();
    [now, now + STEP_SECS].map(|at| totp.generate(at).to_string())
}

/// RFC 4648, section 6, of whole groups of five bytes.
pub fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    assert!(bytes.len().is_multiple_of(5), "no padding is written");
    let mut out = String::new();
    for group in bytes.chunks(5) {
        let number = group.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        for digit in (0..8).rev() {
            let index = usize::try_from((number >> (5 * digit)) & 31).expect("five bits");
            out.push(char::from(ALPHABET[index]));
        }
    }
    out
}

#[test]
fn keys_are_written_as_the_rfc_does() {
    assert_eq!(base32(b"fooba"), "MZXW6YTB");
    assert_eq!(base32(b"Hello!\xDE\xAD\xBE\xEF"), "JBSWY3DPEHPK3PXP");
}
