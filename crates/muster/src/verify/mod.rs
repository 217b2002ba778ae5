//! `muster verify`: everything that is kept against itself, or against what was kept elsewhere.

mod checkpoint;
mod everything;
mod export;
mod proof;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{ArgGroup, Args};
use store::checkpoint::VerifierKey;

use crate::Data;

/// Check everything that is kept against itself.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("against").multiple(true))]
#[command(
    after_help = "Examples:\n  muster verify\n  muster verify --checkpoint kept-in-may --checkpoint kept-in-june\n  \
muster verify --proof fact-12.tlog-proof --key 'muster/0f3c.../1+f59ab45b+AWu3...'\n\n\
Checks every frame's checksum, root and padding, opens every fact, looks whether times fall or a stream \
skips a version, compares sled's log with the journal, and the read models with a refold.\n\n--checkpoint does that too, and says whether the log goes on from \
checkpoints that were kept elsewhere (`GET /v1/log/checkpoint`): whoever rewrote the whole log, each \
checksum and root of it, is found out. The more of them, the closer it names the place.\n\n--proof checks a \
file that `muster prove` wrote, --export one that `muster export` wrote, with its manifest; neither a server nor \
a data directory is needed.\n\nExit code 4 if what is \
kept is not as it was, 1 if what is to be checked against proves nothing."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// Check a proof that `muster prove` wrote, with --key and nothing else.
    #[arg(long, value_name = "FILE", group = "against", requires = "key")]
    #[arg(conflicts_with_all = ["export", "checkpoints"])]
    proof: Option<PathBuf>,
    /// Check an export and its manifest, with --key and nothing else.
    #[arg(long, value_name = "FILE", group = "against", requires = "key")]
    export: Option<PathBuf>,
    /// The manifest's file [default: FILE.manifest.json]
    #[arg(long, value_name = "FILE", requires = "export")]
    manifest: Option<PathBuf>,
    /// Check that the log, or the export, goes on from a checkpoint that was kept; may be given several times.
    #[arg(long = "checkpoint", value_name = "FILE", group = "against")]
    checkpoints: Vec<PathBuf>,
    /// The key that has to have signed (`muster config` shows it) [default: the store's own]
    #[arg(long, value_name = "VKEY", requires = "against")]
    key: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What is checked against what.
enum Mode<'o> {
    /// Everything that is kept, against itself.
    Everything,
    /// That, and the log against checkpoints.
    Checkpoints(&'o [PathBuf]),
    /// A proof, against a key.
    Proof(&'o Path),
    /// An export, against a key and checkpoints.
    Export(&'o Path),
}

impl Options {
    fn mode(&self) -> Mode<'_> {
        match (&self.proof, &self.export) {
            (Some(file), _) => Mode::Proof(file),
            (None, Some(file)) => Mode::Export(file),
            (None, None) if self.checkpoints.is_empty() => Mode::Everything,
            (None, None) => Mode::Checkpoints(&self.checkpoints),
        }
    }

    /// The key that was named, if one was.
    fn key(&self) -> Result<Option<VerifierKey>> {
        let key = self.key.as_deref().map(str::parse);
        key.transpose().context("--key")
    }
}

/// Verifies.
pub fn run(options: &Options) -> Result<()> {
    match options.mode() {
        Mode::Everything => everything::run(options),
        Mode::Checkpoints(files) => checkpoint::run(options, files),
        Mode::Proof(file) => proof::run(options, file),
        Mode::Export(file) => export::run(options, file),
    }
}

/// The text of a file that is no longer than one of its kind can be.
fn read(file: &Path, bytes_max: usize) -> Result<String> {
    let mut text = String::new();
    let open = File::open(file).with_context(|| file.display().to_string())?;
    let read = open.take(bytes_max as u64 + 1).read_to_string(&mut text);
    if read.with_context(|| file.display().to_string())? > bytes_max {
        bail!("{}: it is longer than the {bytes_max} bytes that it may have", file.display());
    }
    Ok(text)
}
