//! Checkpoints: how many facts the log had, and their root, signed, for whoever wants to be able to say
//! later what the log was (C2SP tlog-checkpoint, in a C2SP signed note; ed25519).
//!
//! A log is named `muster/<store id>/<epoch>`, and so is the key that signs for it. The private key is
//! the store's key for checkpoints, and is never outside this module.

mod export;

use std::fmt::{self, Write as _};
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::system::Purpose;
use parking_lot::Mutex;
use thiserror::Error;

use crate::error::StoreError;
use crate::open::Store;
use crate::tree::{HASH_BYTES, Hash};

pub use export::ExportNote;

/// The longest note that is looked at. Ours have some 300 bytes; others may have signed one too.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// The most signatures of a note that are looked at.
const SIGNATURES_MAX: usize = 100;
/// What a signature line begins with: an em dash and a space.
const SIGNATURE_MARK: &str = "\u{2014} ";
/// The kind of a signature or key: ed25519, as C2SP numbers them.
const ED25519_KIND: u8 = 0x01;
/// How much of a key's hash names it.
const KEY_ID_BYTES: usize = 4;
const PUBLIC_KEY_BYTES: usize = 32;

/// Which log: of which store, since which restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The store's id.
    pub store_id: [u8; 16],
    /// How often it was restored, from 1.
    pub epoch: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("muster/")?;
        self.store_id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "/{}", self.epoch)
    }
}

impl FromStr for Origin {
    type Err = NoteFault;

    fn from_str(text: &str) -> Result<Self, NoteFault> {
        let parts = || {
            let (id, epoch) = text.strip_prefix("muster/")?.split_once('/')?;
            let id = u128::from_str_radix(id, 16).ok()?;
            Some(Self { store_id: id.to_be_bytes(), epoch: epoch.parse().ok()? })
        };
        // There is one way to spell it.
        parts().filter(|origin| origin.to_string() == text).ok_or(NoteFault::NotMuster)
    }
}

/// What is signed: how many facts a log had, and their root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// The number of facts.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root))
    }

    fn parse(text: &str) -> Result<Self, NoteFault> {
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(NoteFault::Malformed("a checkpoint has at least three lines"));
        };
        let no_size = NoteFault::Malformed("the second line of a checkpoint is a number");
        let size = size.parse::<u64>().ok().filter(|n| n.to_string() == size).ok_or(no_size)?;
        let root = BASE64.decode(root).ok().and_then(|root| Hash::try_from(root).ok());
        let root = root.ok_or(NoteFault::Malformed("the third line of a checkpoint is a root"))?;
        if lines.any(str::is_empty) {
            return Err(NoteFault::Malformed("a checkpoint has no empty lines"));
        }
        Ok(Self { origin: origin.parse()?, size, root })
    }
}

/// A checkpoint and the note that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// The note: its text, an empty line, signatures.
    pub note: String,
}

/// Why a note proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteFault {
    /// It is no signed note, or no checkpoint.
    #[error("it is no signed checkpoint: {0}")]
    Malformed(&'static str),
    /// A line that should name a log of a Muster store does not.
    #[error("it is not about the log of a Muster store: `muster/<store id>/<epoch>`")]
    NotMuster,
    /// The key is not one in the note format.
    #[error("that is no key: one looks like `muster/<store id>/<epoch>+<hash>+<base64>`")]
    NoKey,
    /// The key did not sign it.
    #[error("it is not signed by {key}, but by: {by}")]
    NotSigned {
        /// The key's name.
        key: String,
        /// Who did.
        by: String,
    },
    /// The signature is not that of the text.
    #[error("the signature is not one of this text by {key}: text or signature was changed")]
    BadSignature {
        /// The key's name.
        key: String,
    },
    /// It is about another log than the key signs for.
    #[error("it is about the log {of}, and the key is that of {key}")]
    OtherLog {
        /// The log it is about.
        of: Origin,
        /// The key's name.
        key: String,
    },
}

/// The public key of a log. Its text is what Go's `note` package and others call a verifier key:
/// `<name>+<hash>+<base64 of 0x01 and the key>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; PUBLIC_KEY_BYTES],
}

impl VerifierKey {
    /// The log that it signs for.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; KEY_ID_BYTES] {
        let mut context = Context::new(&SHA256);
        context.update(self.name.as_bytes());
        context.update(&[b'\n', ED25519_KIND]);
        context.update(&self.public);
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&context.finish().as_ref()[..KEY_ID_BYTES]);
        id
    }

    /// The checkpoint in a note, if this key signed it for its own log, or for the same store before or
    /// after it was restored: only its name differs then.
    pub fn open_of_any_epoch(&self, note: &str) -> Result<Checkpoint, NoteFault> {
        let about = claimed(note)?.origin;
        match self.name.parse::<Origin>() {
            Ok(own) if own.store_id == about.store_id => {
                Self { name: about.to_string(), public: self.public }.open(note)
            }
            Ok(_) | Err(_) => self.open(note),
        }
    }

    /// The checkpoint in a note, if this key signed it for its own log.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteFault> {
        let checkpoint = Checkpoint::parse(self.signed_text(note)?)?;
        if checkpoint.origin.to_string() == self.name {
            Ok(checkpoint)
        } else {
            Err(NoteFault::OtherLog { of: checkpoint.origin, key: self.name.clone() })
        }
    }

    /// The text of a note, with its last newline, if this key signed it.
    fn signed_text<'n>(&self, note: &'n str) -> Result<&'n str, NoteFault> {
        let parts = parts(note)?;
        let mut is_signed = false;
        for signature in &parts.signatures {
            let Some(bytes) = signature.bytes.strip_prefix(&self.id()) else { continue };
            if signature.name != self.name {
                continue;
            }
            let key = UnparsedPublicKey::new(&ED25519, self.public);
            key.verify(parts.text.as_bytes(), bytes)
                .map_err(|_| NoteFault::BadSignature { key: self.name.clone() })?;
            is_signed = true;
        }
        if !is_signed {
            let names: Vec<_> = parts.signatures.iter().map(|signature| signature.name).collect();
            return Err(NoteFault::NotSigned { key: self.name.clone(), by: names.join(", ") });
        }
        Ok(parts.text)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+", self.name)?;
        self.id().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        let kind_and_key = [&[ED25519_KIND], self.public.as_slice()].concat();
        write!(f, "+{}", BASE64.encode(kind_and_key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteFault;

    fn from_str(text: &str) -> Result<Self, NoteFault> {
        let key = || {
            let (name, rest) = text.trim().split_once('+')?;
            let (_, key) = rest.split_once('+')?;
            let key = BASE64.decode(key).ok()?;
            let public = key.strip_prefix(&[ED25519_KIND])?.try_into().ok()?;
            let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
            is_name.then(|| Self { name: name.to_owned(), public })
        };
        // Its hash guards against slips of the hand.
        key().filter(|key| key.to_string() == text.trim()).ok_or(NoteFault::NoKey)
    }
}

/// What a note says that it is about, before anybody looked at the signature: which key to look for.
pub fn claimed(note: &str) -> Result<Checkpoint, NoteFault> {
    Checkpoint::parse(parts(note)?.text)
}

struct Parts<'n> {
    /// With its last newline: what is signed.
    text: &'n str,
    signatures: Vec<Signature<'n>>,
}

struct Signature<'n> {
    name: &'n str,
    /// The key's id and the signature itself.
    bytes: Vec<u8>,
}

fn parts(note: &str) -> Result<Parts<'_>, NoteFault> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteFault::Malformed("it is longer than any note"));
    }
    if note.contains(|char: char| char.is_ascii_control() && char != '\n') {
        return Err(NoteFault::Malformed("there are control characters in it"));
    }
    let text_end = note.rfind("\n\n").ok_or(NoteFault::Malformed("no signatures follow a text"))?;
    let (text, signatures) = (&note[..=text_end], &note[text_end + 2..]);
    let signatures = signatures.strip_suffix('\n');
    let signatures = signatures.ok_or(NoteFault::Malformed("its last line does not end"))?;
    let signatures: Option<Vec<_>> = signatures.split('\n').map(signature).collect();
    let signatures = signatures.ok_or(NoteFault::Malformed("a signature cannot be read"))?;
    if signatures.len() > SIGNATURES_MAX {
        return Err(NoteFault::Malformed("it has more signatures than anybody asked for"));
    }
    Ok(Parts { text, signatures })
}

fn signature(line: &str) -> Option<Signature<'_>> {
    let (name, bytes) = line.strip_prefix(SIGNATURE_MARK)?.split_once(' ')?;
    let bytes = BASE64.decode(bytes).ok()?;
    (!name.is_empty() && bytes.len() > KEY_ID_BYTES).then_some(Signature { name, bytes })
}

/// The last checkpoint that was signed: between two commits everybody gets the same.
#[derive(Debug, Default)]
pub struct LastSigned(Mutex<Option<Signed>>);

impl Store {
    /// A signed checkpoint of the log as it is committed now.
    pub fn checkpoint(&self) -> Result<Signed, StoreError> {
        let head = self.log_head();
        self.signed(head.size, head.root)
    }

    /// A signed checkpoint of the first `size` facts.
    pub fn checkpoint_at(&self, size: u64) -> Result<Signed, StoreError> {
        let root = self.root_at(size)?;
        self.signed(size, root)
    }

    /// The public key of whoever signs the log's checkpoints.
    pub fn checkpoint_key(&self) -> Result<VerifierKey, StoreError> {
        Ok(public(&self.signer()?, self.origin()))
    }

    /// Which log this is.
    pub fn origin(&self) -> Origin {
        Origin { store_id: self.id(), epoch: self.epoch() }
    }

    fn signer(&self) -> Result<Ed25519KeyPair, StoreError> {
        let seed = self.system_key(Purpose::Checkpoints)?;
        Ok(Ed25519KeyPair::from_seed_unchecked(&*seed).expect("any 32 bytes are a seed"))
    }

    fn signed(&self, size: u64, root: Hash) -> Result<Signed, StoreError> {
        let mut last = self.last_signed().0.lock();
        if let Some(signed) = last.as_ref().filter(|signed| signed.checkpoint.size == size) {
            return Ok(signed.clone());
        }
        let checkpoint = Checkpoint { origin: self.origin(), size, root };
        let note = sign(&checkpoint, &self.signer()?);
        Ok(last.insert(Signed { checkpoint, note }).clone())
    }
}

fn public(signer: &Ed25519KeyPair, origin: Origin) -> VerifierKey {
    let public = signer.public_key().as_ref();
    let public = public.try_into().expect("an ed25519 key has 32 bytes");
    VerifierKey { name: origin.to_string(), public }
}

fn sign(checkpoint: &Checkpoint, signer: &Ed25519KeyPair) -> String {
    sign_text(checkpoint.text(), checkpoint.origin, signer)
}

fn sign_text(text: String, origin: Origin, signer: &Ed25519KeyPair) -> String {
    let mut note = text;
    let key = public(signer, origin);
    let signature = [key.id().as_slice(), signer.sign(note.as_bytes()).as_ref()].concat();
    let signature = BASE64.encode(signature);
    writeln!(note, "\n{SIGNATURE_MARK}{} {signature}", key.name).expect("text grows");
    note
}

const _: () = assert!(HASH_BYTES == 32, "the third line of a checkpoint is a SHA-256");

#[cfg(test)]
mod tests;
