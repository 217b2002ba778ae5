//! The manifest of an export as it is fetched. `docs/export.md` describes it to whoever checks one.

use serde_json::{Map, Value, json};
use service::export::Manifest;
use service::export::manifest::LINE_HASH_BYTES;

use super::line;
use crate::dates::rfc3339;
use crate::request::hex;

/// The version of the manifest's form.
const VERSION: u32 = 1;
/// What stands before the body.
const BEFORE: &[u8] = b"{\"body\":";

/// The manifest without what signs it: the bytes that are signed.
pub fn body(manifest: &Manifest, log: &str) -> Vec<u8> {
    let Manifest { looked_at: (from, to), positions, .. } = manifest;
    let asked: Map<_, _> =
        manifest.asked.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    let stretches: Vec<Value> = positions.iter().map(|(from, to)| json!([from, to])).collect();
    let said = json!({
        "version": VERSION,
        "id": manifest.id.to_string(),
        "log": log,
        "at": rfc3339(manifest.at),
        "format": manifest.format,
        "asked": asked,
        "from": from.0,
        "to": to.0,
        "count": manifest.count,
        "first": positions.first().map(|(first, _)| first),
        "last": positions.last().map(|(_, last)| last),
        "positions": stretches,
        "bytes": manifest.bytes,
        "sha256": hex(&manifest.sha256),
        "line_hash_bytes": LINE_HASH_BYTES,
        "checkpoint": manifest.checkpoint,
    });
    let mut out = said.to_string().into_bytes();
    // Hashes may be many: they are written where they stay.
    out.pop();
    out.reserve((manifest.lines.len() + manifest.cover.len()) / 3 * 4 + 64);
    out.extend_from_slice(b",\"lines\":\"");
    line::base64(&manifest.lines, &mut out);
    out.extend_from_slice(b"\",\"cover\":\"");
    line::base64(&manifest.cover, &mut out);
    out.extend_from_slice(b"\"}");
    out
}

/// The manifest: the body, byte for byte, and the note that signs it.
pub fn whole(body: &[u8], note: &str) -> Vec<u8> {
    let note = json!(note).to_string();
    [BEFORE, body, b",\"signature\":", note.as_bytes(), b"}\n"].concat()
}
