//! `muster verify --checkpoint`: what is kept against itself, and the log against what it was when
//! somebody kept a checkpoint of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use axum::http::Method;
use serde_json::{Value, json};
use store::checkpoint::{Checkpoint, NOTE_BYTES_MAX, VerifierKey};
use store::proof::{parse_hash, verify_consistency};
use store::tree::{Hash, Peaks};

use super::{Options, everything};
use crate::client::{Client, Intent, with_client};
use crate::output;

/// A checkpoint that was kept.
struct Kept<'f> {
    file: &'f Path,
    checkpoint: Checkpoint,
}

/// What became of the log since a checkpoint.
enum Verdict {
    /// It goes on from it.
    Holds,
    /// It is the log of another store, or of a later epoch than this one's.
    Foreign,
    /// It ends before.
    Ends,
    /// It has other facts.
    Differs,
}

/// Verifies.
pub fn run(options: &Options, files: &[PathBuf]) -> Result<()> {
    let named = options.key()?;
    with_client(&options.data, Intent::Read, async |client| {
        let own: VerifierKey = client.text("/v1/log/key").await?.parse()?;
        let key = named.as_ref().unwrap_or(&own);
        let mut kept = files.iter().map(|file| keep(file, key)).collect::<Result<Vec<_>>>()?;
        kept.sort_by_key(|kept| kept.checkpoint.size);
        // First the records against the head's root: what is proven below rests on it.
        let mut report = everything::ask(client).await?;
        let mut findings = everything::findings(&report);
        let head = own.open(&client.text("/v1/log/checkpoint").await?)?;
        let mut told = Vec::new();
        let mut sound_up_to = 0;
        for kept in &kept {
            let verdict = judge(client, &kept.checkpoint, &head).await?;
            let (range, what) = words(&verdict, &kept.checkpoint, &head, sound_up_to);
            let what = format!("{}: {what}", kept.file.display());
            told.push(json!({
                "file": kept.file.display().to_string(),
                "size": kept.checkpoint.size,
                "epoch": kept.checkpoint.origin.epoch,
                "holds": matches!(verdict, Verdict::Holds),
                "range": range.map(|(from, to)| json!({"from": from, "to": to})),
            }));
            match verdict {
                Verdict::Holds => {
                    sound_up_to = kept.checkpoint.size;
                    if !options.json {
                        output::line(&what);
                    }
                }
                Verdict::Foreign | Verdict::Ends | Verdict::Differs => findings.push(what),
            }
        }
        if options.json {
            report["checkpoints"] = json!(told);
            report["findings"] = json!(findings);
            output::line(&report.to_string());
        } else {
            everything::tell(&report);
        }
        everything::judge(&findings)
    })
}

/// Reads a checkpoint that was kept, which `key` has to have signed.
fn keep<'f>(file: &'f Path, key: &VerifierKey) -> Result<Kept<'f>> {
    let note = super::read(file, NOTE_BYTES_MAX)?;
    let checkpoint = key.open_of_any_epoch(&note);
    Ok(Kept { file, checkpoint: checkpoint.with_context(|| file.display().to_string())? })
}

/// Holds the log, whose records were checked against `head`, to what was kept.
async fn judge(client: &mut Client, kept: &Checkpoint, head: &Checkpoint) -> Result<Verdict> {
    let (of, own) = (kept.origin, head.origin);
    if of.store_id != own.store_id || of.epoch > own.epoch {
        return Ok(Verdict::Foreign);
    }
    if kept.size > head.size {
        return Ok(Verdict::Ends);
    }
    let holds = if kept.size == 0 {
        kept.root == Peaks::empty().root()
    } else {
        let question = format!("from={}&to={}", kept.size, head.size);
        let path = format!("/v1/log/proof/consistency?{question}");
        let proof = client.ask(Method::GET, &path).await?;
        let path = hashes(&proof["hashes"])?;
        verify_consistency(kept.size, &kept.root, head.size, &head.root, &path).is_ok()
    };
    Ok(if holds { Verdict::Holds } else { Verdict::Differs })
}

fn hashes(told: &Value) -> Result<Vec<Hash>> {
    let told = told.as_array().into_iter().flatten();
    let hashes = told.map(|hash| parse_hash(hash.as_str().unwrap_or_default()));
    hashes.collect::<Option<_>>().ok_or_else(|| anyhow!("the store's proof cannot be read"))
}

/// Between which positions the log is not what was signed, and all of it in words.
fn words(
    verdict: &Verdict,
    kept: &Checkpoint,
    head: &Checkpoint,
    sound_up_to: u64,
) -> (Option<(u64, u64)>, String) {
    let (size, origin) = (kept.size, kept.origin);
    let restored = if origin.epoch < head.origin.epoch {
        "; the store was restored since, and `system.restored` says from which position it goes on"
    } else {
        ""
    };
    match verdict {
        Verdict::Holds => {
            (None, format!("holds: the log goes on from its {size} facts, none of them changed"))
        }
        Verdict::Foreign => {
            (None, format!("it is about the log {origin}, and this one is {}", head.origin))
        }
        Verdict::Ends => {
            let from = head.size + 1;
            let what = format!(
                "the log ends at position {}: the facts at positions {from} to {size} were signed, and are \
                 not there{restored}",
                head.size
            );
            (Some((from, size)), what)
        }
        Verdict::Differs => {
            let from = sound_up_to + 1;
            let what = format!(
                "a fact at one of the positions {from} to {size} is not the one that was signed: the log was \
                 rewritten there, or went on differently in another copy{restored}"
            );
            (Some((from, size)), what)
        }
    }
}
