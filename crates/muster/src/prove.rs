//! `muster prove`

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use axum::http::Method;
use clap::Args;
use serde_json::{Value, json};
use store::checkpoint::VerifierKey;
use store::proof::ProofFile;

use crate::client::{Intent, with_client};
use crate::{Data, output};

/// Prove that a fact is in the log.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster prove 12 --out fact-12.tlog-proof\n\nThe proof is a file in C2SP's format \
tlog-proof@v1: the fact as it is stored, the hashes that lead from it to the root, and a checkpoint in \
which the log's key signs that root. What the fact says of people stays sealed in it. Whoever has the key \
(`muster config` shows it) can check the proof with no access to the store: `muster verify --proof`."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// Which fact.
    #[arg(value_name = "POSITION", value_parser = clap::value_parser!(u64).range(1..))]
    position: u64,
    /// Prove it of the first so many facts [default: all there are]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    size: Option<u64>,
    /// Write the proof to this file, which must not be there yet [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one JSON object, the proof in it.
    #[arg(long)]
    json: bool,
}

/// Proves it.
pub fn run(options: &Options) -> Result<()> {
    with_client(&options.data, Intent::Read, async |client| {
        let size = options.size.map_or(String::new(), |size| format!("&size={size}"));
        let path = format!("/v1/log/proof/inclusion?position={}{size}", options.position);
        let answer = client.ask(Method::GET, &path).await?;
        let key: VerifierKey = client.text("/v1/log/key").await?.parse()?;
        let before = options.position - 1;
        let page = client.ask(Method::GET, &format!("/v1/events?after={before}&limit=1")).await?;
        let text = file_of(&answer)?;
        // What is handed out was checked as its receiver will check it.
        let checkpoint = ProofFile::parse(&text)?.verify(&key)?;
        if let Some(out) = &options.out {
            write(out, &text).with_context(|| out.display().to_string())?;
        }
        let fact = &page["items"][0];
        if options.json {
            let told = json!({
                "position": options.position,
                "size": checkpoint.size,
                "log": checkpoint.origin.to_string(),
                "event": fact["event"],
                "at": fact["at"],
                "key": key.to_string(),
                "proof": text,
            });
            output::line(&told.to_string());
            return Ok(());
        }
        let word = |key: &str| output::plain(fact[key].as_str().unwrap_or_default());
        let words = format!(
            "This proves that the fact at position {} ({}, {}) is one of the first {} of the log {}, at that \
             place, as it was written. Anybody can check it:\n  muster verify --proof {} --key '{key}'",
            options.position,
            word("event"),
            word("at"),
            checkpoint.size,
            checkpoint.origin,
            options.out.as_deref().unwrap_or(Path::new("FILE")).display(),
        );
        if options.out.is_some() {
            output::line(&words);
        } else {
            output::line(text.trim_end_matches('\n'));
            output::complain(&words);
        }
        Ok(())
    })
}

/// The file that an answer of the store amounts to.
fn file_of(answer: &Value) -> Result<String> {
    let text = |key: &str| answer[key].as_str().with_context(|| format!("no `{key}` was told"));
    let position = answer["position"].as_u64().context("no `position` was told")?;
    let hashes = answer["hashes"].as_array().into_iter().flatten();
    let hashes = hashes.map(|hash| hash.as_str().and_then(store::proof::parse_hash));
    let path = hashes.collect::<Option<_>>().context("no `hashes` were told")?;
    let record = store::proof::parse_record(text("record")?).context("no `record` was told")?;
    let note = text("checkpoint")?.to_owned();
    Ok(ProofFile { position, record, path, note }.render())
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
