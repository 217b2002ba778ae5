//! What says of an export, years later, that it is what was handed out, and all of it.

use aws_lc_rs::digest::{Context, SHA256, digest};
use domain::id::Position;
use domain::time::Timestamp;
use ulid::Ulid;

/// How much of a line's hash is kept.
pub const LINE_HASH_BYTES: usize = 16;

/// What was handed out, and how it hangs together with the log.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The export's id.
    pub id: Ulid,
    /// When it ended.
    pub at: Timestamp,
    /// The form of its lines.
    pub format: &'static str,
    /// What was asked for: keys and values of the query.
    pub asked: Vec<(String, String)>,
    /// The first position that was looked at, and the last.
    pub looked_at: (Position, Position),
    /// The positions of the facts: stretches from a first to a last, both included.
    pub positions: Vec<(u64, u64)>,
    /// The number of facts.
    pub count: u64,
    /// What was handed out, in bytes.
    pub bytes: u64,
    /// SHA-256 of it.
    pub sha256: [u8; 32],
    /// The hash of each line without its end, the header's too: the first [`LINE_HASH_BYTES`] of its
    /// SHA-256, end to end.
    pub lines: Vec<u8>,
    /// The hashes of the subtrees that stand for the facts that are not shown, from left to right, end
    /// to end.
    pub cover: Vec<u8>,
    /// The signed checkpoint that facts and subtrees lead to.
    pub checkpoint: String,
}

impl Manifest {
    /// What it takes in memory, nearly.
    pub fn bytes_held(&self) -> usize {
        self.lines.len() + self.cover.len() + self.positions.len() * size_of::<(u64, u64)>()
    }

    #[cfg(test)]
    pub(super) fn sample(id: Ulid, bytes: usize) -> Self {
        Self {
            id,
            at: Timestamp(0),
            format: "jsonl",
            asked: vec![],
            looked_at: (Position(1), Position(1)),
            positions: vec![],
            count: 0,
            bytes: 0,
            sha256: [0; 32],
            // Memory that nobody touches is not had.
            lines: vec![0; bytes],
            cover: vec![],
            checkpoint: String::new(),
        }
    }
}

/// Counts and hashes what is handed out.
pub(super) struct Tally {
    whole: Context,
    pub(super) lines: Vec<u8>,
    pub(super) positions: Vec<(u64, u64)>,
    pub(super) count: u64,
    pub(super) bytes: u64,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            whole: Context::new(&SHA256),
            lines: Vec::new(),
            positions: Vec::new(),
            count: 0,
            bytes: 0,
        }
    }

    /// A line, without its end.
    pub(super) fn line(&mut self, line: &[u8]) {
        self.lines.extend_from_slice(&digest(&SHA256, line).as_ref()[..LINE_HASH_BYTES]);
    }

    /// The line was that of a fact at this position.
    pub(super) fn fact(&mut self, position: Position) {
        self.count += 1;
        match self.positions.last_mut() {
            Some((_, last)) if *last + 1 == position.0 => *last = position.0,
            Some(_) | None => self.positions.push((position.0, position.0)),
        }
    }

    /// What is handed out next, ends of lines among it.
    pub(super) fn chunk(&mut self, chunk: &[u8]) {
        self.whole.update(chunk);
        self.bytes += chunk.len() as u64;
    }

    /// SHA-256 of all that was handed out.
    pub(super) fn digest(&self) -> [u8; 32] {
        let digest = self.whole.clone().finish();
        digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}
