//! The manifest of an export: who says what of which lines.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use store::checkpoint::VerifierKey;

/// What stands before the body, and after it.
const BEFORE: &[u8] = b"{\"body\":";
const AFTER: &[u8] = b",\"signature\":";
/// The version of a manifest's form that is known here.
const VERSION: u64 = 1;
/// How much of a line's hash it keeps.
pub const LINE_HASH_BYTES: usize = 16;
/// How much of a subtree's.
const NODE_HASH_BYTES: usize = 32;

/// The form of an export's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Jsonl,
    Csv,
    Ocsf,
}

/// The first so many bytes of a line's SHA-256.
pub type LineHash = [u8; LINE_HASH_BYTES];

/// What a manifest says.
#[derive(Debug)]
pub struct Manifest {
    pub form: Form,
    pub log: String,
    /// Stretches of positions, which rise.
    pub positions: Vec<(u64, u64)>,
    pub count: u64,
    pub bytes: u64,
    pub sha256: String,
    pub lines: Vec<LineHash>,
    pub cover: Vec<[u8; NODE_HASH_BYTES]>,
    pub checkpoint: String,
}

impl Form {
    /// The number of lines that are no facts.
    pub fn header_lines(self) -> usize {
        match self {
            Self::Csv => 1,
            Self::Jsonl | Self::Ocsf => 0,
        }
    }
}

/// Reads a manifest, and says what is wrong with its signature; the error says that it is none.
pub fn read(bytes: &[u8], key: &VerifierKey) -> Result<(Manifest, Option<String>), String> {
    let not_one = || "it is not laid out as a manifest".to_owned();
    let end = bytes.windows(AFTER.len()).rposition(|window| window == AFTER).ok_or_else(not_one)?;
    let body = bytes.get(BEFORE.len()..end).filter(|_| bytes.starts_with(BEFORE));
    let body = body.ok_or_else(not_one)?;
    let note = bytes[end + AFTER.len()..].trim_ascii_end().strip_suffix(b"}");
    let note: String =
        note.and_then(|note| serde_json::from_slice(note).ok()).ok_or_else(not_one)?;
    let said: Value = serde_json::from_slice(body).map_err(|_| not_one())?;
    let manifest = parse(&said)?;
    let fault = match key.open_export(&note) {
        Err(fault) => Some(fault.to_string()),
        Ok(note) if note.sha256 != *digest(&SHA256, body).as_ref() => {
            Some("it was changed after it was signed".to_owned())
        }
        Ok(note) if said["id"].as_str() != Some(&note.id.to_string()) => {
            Some("the signature is that of another export".to_owned())
        }
        Ok(_) => None,
    };
    Ok((manifest, fault))
}

fn parse(said: &Value) -> Result<Manifest, String> {
    let text = |key: &str| {
        let text = said[key].as_str().map(ToOwned::to_owned);
        text.ok_or_else(|| format!("it has no text `{key}`"))
    };
    let number = |key: &str| said[key].as_u64().ok_or_else(|| format!("it has no number `{key}`"));
    if number("version")? != VERSION || number("line_hash_bytes")? != LINE_HASH_BYTES as u64 {
        return Err(format!("it is of a form that is not known here, which knows {VERSION}"));
    }
    let form = match text("format")?.as_str() {
        "jsonl" => Form::Jsonl,
        "csv" => Form::Csv,
        "ocsf" => Form::Ocsf,
        other => return Err(format!("its format `{other}` is not known here")),
    };
    let manifest = Manifest {
        form,
        log: text("log")?,
        positions: stretches(&said["positions"]).ok_or("its positions do not rise")?,
        count: number("count")?,
        bytes: number("bytes")?,
        sha256: text("sha256")?,
        lines: hashes(&text("lines")?).ok_or("its hashes of lines cannot be read")?,
        cover: hashes(&text("cover")?).ok_or("its hashes of subtrees cannot be read")?,
        checkpoint: text("checkpoint")?,
    };
    let positions: u64 = manifest.positions.iter().map(|(first, last)| last - first + 1).sum();
    let lines = (manifest.lines.len() as u64).checked_sub(form.header_lines() as u64);
    if positions != manifest.count || lines != Some(manifest.count) {
        return Err("it does not say as many positions as lines".to_owned());
    }
    Ok(manifest)
}

/// Stretches that rise, do not touch, and are few enough to be added up.
fn stretches(said: &Value) -> Option<Vec<(u64, u64)>> {
    let mut stretches = Vec::new();
    let mut last = 0;
    for said in said.as_array()? {
        let (first, end) = (said[0].as_u64()?, said[1].as_u64()?);
        if first <= last || end < first || end > u64::from(u32::MAX) << 16 {
            return None;
        }
        last = end;
        stretches.push((first, end));
    }
    Some(stretches)
}

fn hashes<const N: usize>(text: &str) -> Option<Vec<[u8; N]>> {
    let bytes = BASE64.decode(text).ok()?;
    let (hashes, rest) = bytes.as_chunks();
    rest.is_empty().then(|| hashes.to_vec())
}
