//! The note that says of an export's manifest that the store made it. Its first line is no log's name,
//! so that it is never taken for a checkpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ulid::Ulid;

use super::{NoteFault, Origin, VerifierKey, sign_text};
use crate::error::StoreError;
use crate::open::Store;

/// What sets the first line apart from that of a checkpoint.
const MARK: &str = " export";

/// What such a note says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportNote {
    /// The log that was exported from.
    pub origin: Origin,
    /// The export's id.
    pub id: Ulid,
    /// SHA-256 of the manifest.
    pub sha256: [u8; 32],
}

impl ExportNote {
    fn text(&self) -> String {
        format!("{}{MARK}\n{}\n{}\n", self.origin, self.id, BASE64.encode(self.sha256))
    }

    fn parse(text: &str) -> Result<Self, NoteFault> {
        let lines: Vec<_> = text.lines().collect();
        let [origin, id, sha256] = lines.as_slice() else {
            return Err(NoteFault::Malformed("a note about an export has three lines"));
        };
        let origin = origin.strip_suffix(MARK).ok_or(NoteFault::NotMuster)?.parse()?;
        let id = Ulid::from_string(id);
        let id = id.map_err(|_| NoteFault::Malformed("the second line is the export's id"))?;
        let sha256 = BASE64.decode(sha256).ok().and_then(|bytes| bytes.try_into().ok());
        let sha256 = sha256.ok_or(NoteFault::Malformed("the third line is a SHA-256"))?;
        Ok(Self { origin, id, sha256 })
    }
}

impl VerifierKey {
    /// What a note says of an export, if this key signed it, or the key of the same store before or after
    /// it was restored.
    pub fn open_export(&self, note: &str) -> Result<ExportNote, NoteFault> {
        let first = note.lines().next().unwrap_or_default();
        let origin: Origin = first.strip_suffix(MARK).ok_or(NoteFault::NotMuster)?.parse()?;
        let key = match self.name.parse::<Origin>() {
            Ok(own) if own.store_id == origin.store_id => {
                Self { name: origin.to_string(), public: self.public }
            }
            Ok(_) | Err(_) => self.clone(),
        };
        ExportNote::parse(key.signed_text(note)?)
    }
}

impl Store {
    /// The signed note that says of a manifest, by the SHA-256 of its text, that this store made it.
    pub fn sign_export(&self, id: Ulid, sha256: &[u8; 32]) -> Result<String, StoreError> {
        let said = ExportNote { origin: self.origin(), id, sha256: *sha256 };
        Ok(sign_text(said.text(), said.origin, &self.signer()?))
    }
}
