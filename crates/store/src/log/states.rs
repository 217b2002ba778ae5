//! States that are kept beside the log: sealed bytes under a key, and nothing that anybody needs. What is
//! missing, or not what was put, is absent, never damage; sled failing is, as everywhere.

use super::parts::{BODY_BYTES_MAX, seal, unseal};
use super::read::PAGE_ACCESSES;
use super::{Log, LogDamage};

/// Pieces of the longest state. Values stay as short as those of the tree `log`: sled puts what is long in
/// files of its own, which nobody syncs.
const PIECES_MAX: u16 = 128;
/// Length of the whole, in front of the first piece.
const LENGTH_BYTES: usize = 4;

impl Log {
    /// What was put under a key, if all of it is there.
    pub fn state(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LogDamage> {
        let held = self.held()?;
        let mut whole: Vec<u8> = Vec::new();
        let mut length = 0;
        for n in 0..PIECES_MAX {
            let key = piece_key(key, n);
            let Some(value) = held.ask(|| held.states().get(&key))? else { return Ok(None) };
            let Some(mut body) = unseal(&key, &value) else { return Ok(None) };
            if n == 0 {
                held.count_in(held.states(), &key, PAGE_ACCESSES)?;
                let Some((first, rest)) = body.split_first_chunk::<LENGTH_BYTES>() else {
                    return Ok(None);
                };
                length = u32::from_le_bytes(*first) as usize;
                body = rest;
            }
            whole.extend_from_slice(body);
            if whole.len() >= length {
                return Ok((whole.len() == length).then_some(whole));
            }
        }
        Ok(None)
    }

    /// Puts a state under a key. The first piece comes last: with it the whole is there.
    pub fn put_state(&self, key: &[u8], state: &[u8]) -> Result<(), LogDamage> {
        let held = self.held()?;
        let length = u32::try_from(state.len()).expect("a state is far shorter than 4 GiB");
        let whole = [&length.to_le_bytes()[..], state].concat();
        let pieces: Vec<&[u8]> = whole.chunks(BODY_BYTES_MAX).collect();
        assert!(pieces.len() <= usize::from(PIECES_MAX), "a state that is kept has an end");
        for (n, piece) in (0..PIECES_MAX).zip(pieces).rev() {
            let key = piece_key(key, n);
            let value = seal(&key, piece.to_vec());
            held.ask(|| held.states().insert(key, value))?;
        }
        Ok(())
    }

    /// Keys under which states were put, in order, at most `count` of them, evenly spread.
    pub fn state_keys(&self, count: usize) -> Result<Vec<Vec<u8>>, LogDamage> {
        let held = self.held()?;
        let mut keys = Vec::new();
        let mut stride = 1;
        let mut all = held.states().iter().keys();
        let mut seen = 0_usize;
        while let Some(key) = held.ask(|| all.next().transpose())? {
            let Some((key, [0, 0])) = key.split_last_chunk::<2>() else { continue };
            if seen.is_multiple_of(stride) {
                keys.push(key.to_vec());
            }
            seen += 1;
            if keys.len() > count {
                let mut odd = false;
                keys.retain(|_| {
                    odd = !odd;
                    odd
                });
                stride *= 2;
            }
        }
        Ok(keys)
    }
}

/// The key of a piece: that of the state, and the number of the piece.
fn piece_key(key: &[u8], n: u16) -> Vec<u8> {
    [key, &n.to_be_bytes()].concat()
}
