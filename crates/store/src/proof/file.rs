//! A proof that a fact is in the log, as a file that proves it without the store: C2SP's
//! `tlog-proof@v1`. Its extra data is the record, so that who checks it computes the leaf itself.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use thiserror::Error;

use super::{ProofFault, verify_inclusion};
use crate::checkpoint::{Checkpoint, NOTE_BYTES_MAX, NoteFault, VerifierKey};
use crate::record::RECORD_BYTES_MAX;
use crate::tree::{Hash, PEAKS_MAX, leaf_hash};

/// The first line of such a file.
const FORMAT_LINE: &str = "c2sp.org/tlog-proof@v1";
/// The longest file that is looked at: base64 makes four letters of three bytes.
pub const PROOF_FILE_BYTES_MAX: usize = RECORD_BYTES_MAX / 3 * 4 + NOTE_BYTES_MAX + 8 * 1024;

/// That a fact is in a log of which a signed checkpoint tells the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// The fact's position.
    pub position: u64,
    /// The fact as it is stored: sealed.
    pub record: Vec<u8>,
    /// The hashes beside the way to the root, from the leaf up.
    pub path: Vec<Hash>,
    /// The signed note that tells the root.
    pub note: String,
}

/// Why such a file proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileFault {
    /// It is no such file.
    #[error("it is no proof in the format {FORMAT_LINE}: {0}")]
    Malformed(&'static str),
    /// Its checkpoint proves nothing.
    #[error("its checkpoint: {0}")]
    Note(#[from] NoteFault),
    /// The fact is not in the log of the checkpoint, or not at that position, or not that fact.
    #[error(
        "the fact at position {position} of the file is not in the log that was signed: {fault}"
    )]
    NotIncluded {
        /// The position that the file names.
        position: u64,
        /// What is wrong with the proof.
        fault: ProofFault,
    },
}

/// The hash that this base64 is.
pub fn parse_hash(text: &str) -> Option<Hash> {
    Hash::try_from(BASE64.decode(text).ok()?).ok()
}

/// The record that this base64 is.
pub fn parse_record(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok().filter(|record| record.len() <= RECORD_BYTES_MAX)
}

impl ProofFile {
    /// The file's text.
    pub fn render(&self) -> String {
        let mut text = format!("{FORMAT_LINE}\nextra {}\n", BASE64.encode(&self.record));
        writeln!(text, "index {}", self.position - 1).expect("text grows");
        for hash in &self.path {
            writeln!(text, "{}", BASE64.encode(hash)).expect("text grows");
        }
        text + "\n" + &self.note
    }

    /// What a text says; nothing of it is checked yet.
    pub fn parse(text: &str) -> Result<Self, FileFault> {
        let malformed = FileFault::Malformed;
        if text.len() > PROOF_FILE_BYTES_MAX {
            return Err(malformed("it is longer than any proof"));
        }
        let (head, note) = text.split_once("\n\n").ok_or(malformed("it ends too early"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(FORMAT_LINE) {
            return Err(malformed("its first line is another"));
        }
        let record = lines.next().and_then(|line| line.strip_prefix("extra "));
        let record = record.and_then(parse_record);
        let record = record.ok_or(malformed("its second line is not the record"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(|text| {
            let index = text.parse::<u64>().ok()?;
            (index.to_string() == text).then_some(index)
        });
        let position = index.and_then(|index| index.checked_add(1));
        let position = position.ok_or(malformed("its third line is not the index"))?;
        let path: Option<Vec<Hash>> = lines.map(parse_hash).collect();
        let path = path.filter(|path| path.len() <= PEAKS_MAX);
        let path = path.ok_or(malformed("a line that should be a hash is none"))?;
        Ok(Self { position, record, path, note: note.to_owned() })
    }

    /// Checks that the record is the fact at that position of the log whose checkpoint `key` signed.
    pub fn verify(&self, key: &VerifierKey) -> Result<Checkpoint, FileFault> {
        let checkpoint = key.open_of_any_epoch(&self.note)?;
        let (position, leaf) = (self.position, leaf_hash(&self.record));
        verify_inclusion(position, checkpoint.size, &leaf, &self.path, &checkpoint.root)
            .map_err(|fault| FileFault::NotIncluded { position, fault })?;
        Ok(checkpoint)
    }
}
