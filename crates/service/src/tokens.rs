//! Tokens: the forms that are handed out, and the hash by which they are found again.
//!
//! No form carries meaning: a token is looked up by [`hash_of`] and never opened. Randomness comes
//! in as an argument, from the operating system's generator.

use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};

/// What a personal access token begins with, so that people and secret scanners recognise it.
pub const PAT_PREFIX: &str = "muster_pat_";

/// Random bytes of a session token: 640 bits, as many as its form asks for (89 bytes, 57 and a
/// multiple of 16, are the length of a Fernet token).
pub const SESSION_RANDOM_BYTES: usize = 80;

/// Random bytes of a personal access token: 256 bits.
pub const PAT_RANDOM_BYTES: usize = 32;

/// Random bytes of a generated password: 192 bits.
pub const PASSWORD_RANDOM_BYTES: usize = 24;

/// The first byte of a Fernet token: its version.
const FERNET_VERSION: u8 = 0x80;

/// Bytes of a mailed token: 192 bits, in base64 without padding 32 characters.
const MAIL_TOKEN_BYTES: usize = 24;

/// Sets mailed tokens apart from everything else that may be derived from the code key.
const MAIL_TOKEN_LABEL: &[u8] = b"muster mail token\0";

/// A token for a session or a reset key: 120 characters of URL-safe base64 that look like a
/// Fernet token (`gAAAA…=`), which clients of Zato may check for.
///
/// The bytes are 0x80, the time (big-endian seconds) and 640 random bits. Nothing is encrypted:
/// the time is readable, and the token is unguessable by its random bytes alone.
pub fn new_session_token(now_unix_secs: u64, random: [u8; SESSION_RANDOM_BYTES]) -> String {
    let mut bytes = [0; 1 + 8 + SESSION_RANDOM_BYTES];
    bytes[0] = FERNET_VERSION;
    bytes[1..9].copy_from_slice(&now_unix_secs.to_be_bytes());
    bytes[9..].copy_from_slice(&random);
    URL_SAFE.encode(bytes)
}

/// The token of a session that a linked account opened: of the same shape, but derived, so that every
/// renewal hands out the same. The time is the one that the session's id holds; the rest are three
/// HMAC-SHA256 under the token key of a label, a number, and the id.
pub fn derive_session_token(token_key: &[u8; 32], session: ulid::Ulid) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, token_key);
    let mut random = [0; SESSION_RANDOM_BYTES];
    for (number, part) in (0_u8..).zip(random.chunks_mut(32)) {
        let mut message = hmac::Context::with_key(&key);
        message.update(b"muster linked session\0");
        message.update(&[number]);
        message.update(&session.to_bytes());
        part.copy_from_slice(&message.sign().as_ref()[..part.len()]);
    }
    new_session_token(session.timestamp_ms() / 1_000, random)
}

/// A personal access token: [`PAT_PREFIX`] and 43 characters of URL-safe base64, 256 random bits.
pub fn new_pat(random: [u8; PAT_RANDOM_BYTES]) -> String {
    format!("{PAT_PREFIX}{}", URL_SAFE_NO_PAD.encode(random))
}

/// A generated password: 32 characters of URL-safe base64, 192 random bits.
pub fn new_password(random: [u8; PASSWORD_RANDOM_BYTES]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// The mailed token of a code: 32 characters of URL-safe base64, 192 bits that cannot be told
/// from random without the code key.
///
/// HMAC-SHA256 under the code key of a label, the purpose, a zero byte and the code's id, cut to
/// 24 bytes. The same arguments give the same token, so a mail can be built again after a crash
/// though only the id is kept. Tokens of different purposes ("confirm", "reset", …) are unrelated:
/// the id has a fixed length, so no two pairs of purpose and id are the same message.
pub fn derive_mail_token(code_key: &[u8; 32], purpose: &str, code_id: [u8; 16]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, code_key);
    let mut message = hmac::Context::with_key(&key);
    message.update(MAIL_TOKEN_LABEL);
    message.update(purpose.as_bytes());
    message.update(&[0]);
    message.update(&code_id);
    URL_SAFE_NO_PAD.encode(&message.sign().as_ref()[..MAIL_TOKEN_BYTES])
}

/// The mailed token of a password reset: 26 characters of lower-case Crockford base32, 128 bits that
/// cannot be told from random without the code key; safe in a URL. Derived as [`derive_mail_token`].
pub fn derive_reset_token(code_key: &[u8; 32], code_id: [u8; 16]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, code_key);
    let mut message = hmac::Context::with_key(&key);
    message.update(MAIL_TOKEN_LABEL);
    message.update(b"reset\0");
    message.update(&code_id);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&message.sign().as_ref()[..16]);
    ulid::Ulid::from_bytes(bytes).to_string().to_ascii_lowercase()
}

/// HMAC-SHA256 of something that must not be kept in clear, and yet be recognised.
pub fn keyed_hash(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut hash = [0; 32];
    hash.copy_from_slice(hmac::sign(&key, message).as_ref());
    hash
}

/// SHA-256 of a token exactly as it was handed out, which is all that is kept of it.
///
/// Unsalted and fast on purpose: tokens have at least 128 random bits, so there is nothing to
/// guess, and they are found by this hash. A changed character, also in the padding or in unused
/// bits of base64, makes another token. Not for passwords.
pub fn hash_of(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    //! Known answers were made with Python's base64, hmac and hashlib.

    use super::*;

    /// `N` bytes that count up from `first`.
    fn counting<const N: usize>(first: u8) -> [u8; N] {
        let mut next = first;
        [(); N].map(|()| {
            next += 1;
            next - 1
        })
    }

    #[test]
    fn a_session_token_has_the_shape_of_a_fernet_token() {
        let token = new_session_token(1_700_000_000, counting(0));
        let expected = "gAAAAABlU_EAAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKiss\
            LS4vMDEyMzQ1Njc4OTo7PD0-P0BBQkNERUZHSElKS0xNTk8=";
        assert_eq!(token, expected);
        assert_eq!(token.len(), 120);
        let bytes = URL_SAFE.decode(token).unwrap();
        assert_eq!((bytes.len() - 57) % 16, 0);
    }

    #[test]
    fn session_tokens_begin_alike_whenever_they_are_made() {
        // Up to the year 2106 the upper half of the time is zero.
        for now in [0, 1_700_000_000, u64::from(u32::MAX)] {
            assert!(new_session_token(now, [0xff; 80]).starts_with("gAAAA"), "{now}");
        }
        assert_eq!(new_session_token(u64::MAX, [0xff; 80]).len(), 120);
    }

    #[test]
    fn a_derived_token_has_the_same_shape_and_belongs_to_key_and_session() {
        let session = ulid::Ulid::from_bytes(counting(1));
        let token = derive_session_token(&counting(0), session);
        assert_eq!((token.len(), &token[..5]), (120, "gAAAA"));
        assert_eq!(token, derive_session_token(&counting(0), session));
        assert_ne!(token, derive_session_token(&counting(1), session));
        assert_ne!(token, derive_session_token(&counting(0), ulid::Ulid::from_bytes(counting(2))));
        // No part repeats another.
        let bytes = URL_SAFE.decode(token).unwrap();
        assert_ne!(bytes[9..41], bytes[41..73]);
    }

    #[test]
    fn a_pat_is_its_prefix_and_43_characters() {
        let pat = new_pat(counting(200));
        assert_eq!(pat, "muster_pat_yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5uc");
        assert_eq!(pat.len(), 11 + 43);
    }

    #[test]
    fn a_generated_password_has_32_characters() {
        assert_eq!(new_password(counting(230)), "5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9");
    }

    #[test]
    fn a_mail_token_is_derived_from_key_purpose_and_code() {
        let (key, code) = (counting(0), counting(100));
        let confirm = derive_mail_token(&key, "confirm", code);
        assert_eq!(confirm, "NnaKXrkOBBKb4hHX5fg3HlJ8VttavuBB");
        assert_eq!(confirm.len(), 32);
        let reset = derive_mail_token(&key, "reset", code);
        assert_eq!(reset, "wrn0YgqpOsSwRRQ5uHNbO15b97-UZeSN");
        assert_ne!(derive_mail_token(&key, "confirm", counting(101)), confirm);
        assert_ne!(derive_mail_token(&counting(1), "confirm", code), confirm);
    }

    #[test]
    fn the_hash_is_sha_256_of_the_form_handed_out() {
        // FIPS 180-2, B.1: "abc".
        let abc = hash_of("abc").map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        // The last character before the padding carries two bits that decoding would ignore.
        let token = new_session_token(1_700_000_000, counting(0));
        let other_form = token.replace("Tk8=", "Tk9=");
        assert_ne!(token, other_form);
        assert_ne!(hash_of(&token), hash_of(&other_form));
    }
}
