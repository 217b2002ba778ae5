//! `muster verify --export`: an export against its manifest, and that against a key and against
//! checkpoints that were kept. Neither a server nor a data directory is needed.

mod line;
mod manifest;
mod order;
mod root;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use aws_lc_rs::digest::{Context, SHA256, digest};
use serde_json::json;
use store::checkpoint::{Checkpoint, NOTE_BYTES_MAX, VerifierKey};

use self::manifest::{LINE_HASH_BYTES, LineHash, Manifest};
use self::order::{Order, Place};
use self::root::{Kept, Root};
use super::Options;
use crate::exit::{NotAsItWas, WrongUsage};
use crate::{export, output};

/// Findings that are told; of more, the number is.
const FINDINGS_MAX: usize = 1_000;
/// Longest line that is looked at: a fact of 1 MiB may be told with an old value and a new one.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// What is wrong.
#[derive(Default)]
struct Findings {
    told: Vec<String>,
    more: usize,
}

impl Findings {
    fn add(&mut self, finding: String) {
        if self.told.len() < FINDINGS_MAX {
            self.told.push(finding);
        } else {
            self.more += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.told.is_empty()
    }
}

/// Verifies.
pub fn run(options: &Options, file: &Path) -> Result<()> {
    let key = options.key()?.ok_or(WrongUsage("--export needs --key"))?;
    let at = options.manifest.clone().unwrap_or_else(|| export::beside(file));
    let bytes = std::fs::read(&at).with_context(|| at.display().to_string())?;
    let mut findings = Findings::default();
    let manifest = match manifest::read(&bytes, &key) {
        Ok((manifest, fault)) => {
            if let Some(fault) = fault {
                findings.add(format!("the manifest: {fault}"));
            }
            manifest
        }
        Err(why) => {
            findings.add(format!("the manifest: {why}"));
            return told(options, None, &findings, &[]);
        }
    };
    drop(bytes);
    let kept = keep(&options.checkpoints, &key)?;
    let checkpoint = signed(&manifest, &key, &mut findings);
    let undecided = check(file, &manifest, checkpoint, kept, &mut findings)?;
    told(options, Some(&manifest), &findings, &undecided)
}

fn told(
    options: &Options,
    manifest: Option<&Manifest>,
    findings: &Findings,
    undecided: &[String],
) -> Result<()> {
    let facts = manifest.map(|manifest| manifest.count);
    if options.json {
        let told = json!({
            "log": manifest.map(|manifest| manifest.log.as_str()),
            "facts": facts,
            "findings": findings.told,
            "more_findings": findings.more,
            "undecided": undecided,
        });
        output::line(&told.to_string());
    } else if let (Some(facts), true) = (facts, findings.is_empty()) {
        output::line(&format!(
            "it holds: {facts} facts, as they were handed out, each of them in the log that was signed"
        ));
    }
    for finding in &findings.told {
        output::complain(&format!("found: {}", output::plain(finding)));
    }
    match findings.told.len() + findings.more {
        0 if undecided.is_empty() => Ok(()),
        0 => bail!("{}", undecided.join("; ")),
        count => {
            let rest = if findings.more > 0 {
                ", the first of them listed above"
            } else {
                ", listed above"
            };
            bail!(NotAsItWas(format!("{count} findings{rest}")))
        }
    }
}

/// The checkpoints that were kept, which `key` has to have signed.
fn keep<'f>(files: &'f [PathBuf], key: &VerifierKey) -> Result<Vec<Kept<'f>>> {
    let keep = |file: &'f PathBuf| {
        let note = super::read(file, NOTE_BYTES_MAX)?;
        let checkpoint = key.open_of_any_epoch(&note);
        Ok(Kept::new(file, checkpoint.with_context(|| file.display().to_string())?))
    };
    files.iter().map(keep).collect()
}

/// The checkpoint that the export rests on.
fn signed(manifest: &Manifest, key: &VerifierKey, findings: &mut Findings) -> Option<Checkpoint> {
    match key.open_of_any_epoch(&manifest.checkpoint) {
        Ok(checkpoint) if checkpoint.origin.to_string() == manifest.log => Some(checkpoint),
        Ok(checkpoint) => {
            let (of, log) = (checkpoint.origin, &manifest.log);
            findings.add(format!("the checkpoint is about the log {of}, the manifest about {log}"));
            None
        }
        Err(fault) => {
            findings.add(format!("the checkpoint: {fault}"));
            None
        }
    }
}

/// Holds every line to the manifest, and all of them to the checkpoints; says which of those that were
/// kept cannot be held to it.
fn check(
    file: &Path,
    manifest: &Manifest,
    checkpoint: Option<Checkpoint>,
    kept: Vec<Kept<'_>>,
    findings: &mut Findings,
) -> Result<Vec<String>> {
    let size = checkpoint.as_ref().map_or(u64::MAX >> 1, |checkpoint| checkpoint.size);
    let mut root = Root::new(manifest, size, kept);
    let read = lines(file, manifest, &mut root, findings);
    let whole = read.with_context(|| file.display().to_string())?;
    if findings.is_empty() && whole != (manifest.bytes, manifest.sha256.clone()) {
        findings
            .add("the file is not the one that was handed out, whatever its lines are".to_owned());
    }
    let Some(checkpoint) = checkpoint else { return Ok(Vec::new()) };
    let (made, kept) = root.finish();
    match made {
        Ok(made) if made == checkpoint.root => {}
        Ok(_) => findings.add(format!(
            "the records lead to another root than the checkpoint's of {size} facts: one of them is not in \
             that log, or the log was forked"
        )),
        Err(why) if findings.is_empty() => findings.add(format!("the manifest: {why}")),
        // What was found already is the reason.
        Err(_) => {}
    }
    let mut undecided = Vec::new();
    for kept in &kept {
        judge(kept, &checkpoint, findings, &mut undecided);
    }
    Ok(undecided)
}

/// Whether the export goes on from a checkpoint that was kept.
fn judge(kept: &Kept<'_>, own: &Checkpoint, findings: &mut Findings, undecided: &mut Vec<String>) {
    let (file, size, of) = (kept.file.display(), kept.checkpoint.size, kept.checkpoint.origin);
    if of.store_id != own.origin.store_id {
        findings.add(format!("{file}: it is about the log {of}, the export about {}", own.origin));
        return;
    }
    match kept.holds() {
        Some(true) => {}
        Some(false) => findings.add(format!(
            "{file}: a fact at one of the positions 1 to {size} is not the one that was signed then: the log \
             was rewritten, or forked"
        )),
        // What was found in the lines is why.
        None if !findings.is_empty() => {}
        None if size > own.size => undecided.push(format!(
            "{file}: it was signed when the log had {size} facts, and the export ends at {}: `muster verify \
             --checkpoint` can tell",
            own.size
        )),
        None => undecided.push(format!(
            "{file}: the export leaves out facts around position {size}, so that it cannot be held to it: \
             an export of all facts can, and `muster verify --checkpoint`"
        )),
    }
}

/// Reads the lines; returns how many bytes they are and their SHA-256.
fn lines(
    file: &Path,
    manifest: &Manifest,
    root: &mut Root<'_, '_>,
    findings: &mut Findings,
) -> Result<(u64, String)> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(file)?);
    let (mut whole, mut bytes) = (Context::new(&SHA256), 0);
    let mut order = Order::new(manifest);
    let mut line = Vec::new();
    let header_lines = manifest.form.header_lines() as u64;
    for number in 1.. {
        line.clear();
        let read = (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? as u64;
        if read == 0 {
            break;
        }
        if read == LINE_BYTES_MAX {
            findings.add(format!("line {number}: it is longer than any line"));
            break;
        }
        whole.update(&line);
        bytes += read;
        let ended = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = match manifest.form {
            manifest::Form::Csv => ended.strip_suffix(b"\r").unwrap_or(ended),
            manifest::Form::Jsonl | manifest::Form::Ocsf => ended,
        };
        if number <= header_lines {
            if !matches!(order.take(hash(text), None), Place::InOrder) {
                findings.add(format!("line {number}: the header was changed"));
            }
            continue;
        }
        one(number, text, manifest, &mut order, root, findings);
    }
    missing(&order, root, findings);
    let sha256 = whole.finish();
    let digits = sha256.as_ref().iter().map(|byte| format!("{byte:02x}"));
    Ok((bytes, digits.collect()))
}

fn hash(line: &[u8]) -> LineHash {
    let hash = digest(&SHA256, line);
    hash.as_ref()[..LINE_HASH_BYTES].try_into().expect("SHA-256 is longer")
}

fn one(
    number: u64,
    text: &[u8],
    manifest: &Manifest,
    order: &mut Order<'_>,
    root: &mut Root<'_, '_>,
    findings: &mut Findings,
) {
    let line = line::read(manifest.form, text);
    let says = line.position.map_or(String::new(), |at| format!(", position {at}"));
    let because = match line.differences.as_slice() {
        [] => String::new(),
        differences => format!(": {}", differences.join("; ")),
    };
    let place = order.take(hash(text), line.position);
    let at = |position: Option<u64>| {
        position.map_or("the header".to_owned(), |at| format!("the fact at position {at}"))
    };
    match place {
        Place::InOrder => {
            if !because.is_empty() {
                findings.add(format!("line {number}{says}: it does not fit its record{because}"));
            }
            match (line.position, line.leaf) {
                (Some(position), Some(leaf)) => root.leaf(position, leaf),
                _ => root.lost("a line has no record"),
            }
            return;
        }
        Place::OutOfOrder(position) => {
            findings.add(format!("line {number}: {} is out of its order", at(position)));
        }
        Place::Again(position) => {
            findings.add(format!("line {number}: {} is there again", at(position)));
        }
        Place::Changed(position) => {
            findings.add(format!("line {number}, position {position}: it was changed{because}"));
        }
        Place::Added => {
            findings.add(format!("line {number}{says}: it was added, or changed{because}"));
        }
    }
    root.lost("lines are not as they were handed out");
}

fn missing(order: &Order<'_>, root: &mut Root<'_, '_>, findings: &mut Findings) {
    for (first, last) in order.missing() {
        root.lost("lines are missing");
        let lines = format!("lines {} to {}", first + 1, last + 1);
        let positions = match (order.position_of(first), order.position_of(last)) {
            (Some(from), Some(to)) if from == to => format!("the fact at position {from}"),
            (Some(from), Some(to)) => format!("the facts at positions {from} to {to}"),
            (None, Some(to)) => format!("the header and the facts up to position {to}"),
            (_, None) => "the header".to_owned(),
        };
        let what = if order.is_last(last) { "cut off at the end" } else { "missing" };
        findings.add(format!("{positions} ({lines} of what was handed out): {what}"));
    }
}
