//! Keys in memory, and what they do: seal, open, derive. They are never printed, and overwritten
//! when they go.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use zeroize::{Zeroize, Zeroizing};

/// Length of the tag that ends everything sealed.
pub const TAG_BYTES: usize = 16;
/// Length of a nonce.
pub const NONCE_BYTES: usize = NONCE_LEN;
/// Length of a key.
pub const KEY_BYTES: usize = 32;

/// A key of 256 bits.
pub struct Key([u8; KEY_BYTES]);

impl Key {
    /// A fresh key.
    pub fn random(fill: &dyn Fn(&mut [u8])) -> Self {
        let mut key = Self([0; KEY_BYTES]);
        fill(&mut key.0);
        key
    }

    /// Takes these bytes, which the caller overwrites.
    pub fn copied(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(*bytes)
    }

    /// The bytes themselves.
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The key made ready to seal and open (AES-256-GCM-SIV, RFC 8452).
    pub fn cipher(&self) -> Cipher {
        let key = UnboundKey::new(&AES_256_GCM_SIV, &self.0).expect("a key has 32 bytes");
        Cipher(LessSafeKey::new(key))
    }

    /// HMAC-SHA256 of the parts, end to end, under this key.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        for part in parts {
            context.update(part);
        }
        let mut mac = [0; 32];
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }

    /// HKDF-SHA256 (RFC 5869) with this key as salt and `secret`, or nothing, as keying material.
    #[must_use]
    pub fn derive(&self, secret: Option<&Key>, info: &[u8]) -> Key {
        let secret: &[u8] = secret.map_or(&[], |key| &key.0);
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &self.0).extract(secret);
        let mut key = Key([0; KEY_BYTES]);
        prk.expand(&[info], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key.0))
            .expect("32 bytes are one block of SHA-256");
        key
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A key ready to seal and open.
pub struct Cipher(LessSafeKey);

/// What was to be opened is not what was sealed under this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forged;

impl Cipher {
    /// Seals in place; the tag goes behind it.
    pub fn seal(&self, nonce: [u8; NONCE_BYTES], bound: &[u8], text: &mut [u8]) -> [u8; TAG_BYTES] {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(bound), text)
            .expect("what is sealed is far below AES-GCM-SIV's limit of 64 GiB");
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(sealed.as_ref());
        tag
    }

    /// Opens text and tag into `open`, which becomes as long as the text.
    pub fn open(
        &self,
        nonce: [u8; NONCE_BYTES],
        bound: &[u8],
        sealed: &[u8],
        open: &mut Vec<u8>,
    ) -> Result<(), Forged> {
        let length = sealed.len().checked_sub(TAG_BYTES).ok_or(Forged)?;
        let (text, tag) = sealed.split_at(length);
        open.clear();
        open.resize(length, 0);
        self.0
            .open_separate_gather(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(bound),
                text,
                tag,
                open,
            )
            .map_err(|_| Forged)
    }

    /// Wraps a key.
    pub(super) fn wrap(&self, nonce: [u8; NONCE_BYTES], bound: &[u8], key: &Key) -> [u8; 48] {
        let mut wrapped = [0; KEY_BYTES + TAG_BYTES];
        let (text, tag) = wrapped.split_at_mut(KEY_BYTES);
        text.copy_from_slice(&key.0);
        tag.copy_from_slice(&self.seal(nonce, bound, text));
        wrapped
    }

    /// Unwraps a key.
    pub(super) fn unwrap(
        &self,
        nonce: [u8; NONCE_BYTES],
        bound: &[u8],
        wrapped: &[u8; 48],
    ) -> Result<Key, Forged> {
        let mut open = Zeroizing::new(Vec::with_capacity(KEY_BYTES));
        self.open(nonce, bound, wrapped, &mut open)?;
        let mut key = Key([0; KEY_BYTES]);
        key.0.copy_from_slice(&open);
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_nothing_of_itself() {
        assert_eq!(format!("{:?}", Key([7; 32])), "Key(…)");
    }

    #[test]
    fn a_wrapped_key_comes_back_only_where_it_was_wrapped() {
        let master = Key([1; 32]).cipher();
        let wrapped = master.wrap([2; 12], b"slot 1", &Key([3; 32]));
        assert!(!wrapped.windows(8).any(|window| window == [3; 8]));
        assert_eq!(master.unwrap([2; 12], b"slot 1", &wrapped).unwrap().bytes(), &[3; 32]);
        assert_eq!(master.unwrap([2; 12], b"slot 2", &wrapped).unwrap_err(), Forged);
        let other = Key([4; 32]).cipher();
        assert_eq!(other.unwrap([2; 12], b"slot 1", &wrapped).unwrap_err(), Forged);
    }

    /// RFC 8452, appendix C.2: the first AES-256 example with text.
    #[test]
    fn sealing_is_that_of_rfc_8452() {
        let mut key = [0; 32];
        key[0] = 1;
        let mut nonce = [0; 12];
        nonce[0] = 3;
        let mut text = [1, 0, 0, 0, 0, 0, 0, 0];
        let tag = Key(key).cipher().seal(nonce, &[], &mut text);
        assert_eq!(text, [0xC2, 0xEF, 0x32, 0x8E, 0x5C, 0x71, 0xC8, 0x3B]);
        assert_eq!(u128::from_be_bytes(tag), 0x8431_2213_0F73_64B7_61E0_B974_27E3_DF28);
    }

    /// Extract and expand of RFC 5869, written out for one block.
    #[test]
    fn deriving_is_hmac_twice() {
        let (month, person) = (Key([5; 32]), Key([6; 32]));
        let prk = Key(month.mac(&[person.bytes()]));
        let derived = month.derive(Some(&person), b"info");
        assert_eq!(derived.bytes(), &prk.mac(&[b"info", &[1]]));
        let alone = Key(month.mac(&[]));
        assert_eq!(month.derive(None, b"info").bytes(), &alone.mac(&[b"info", &[1]]));
    }
}
