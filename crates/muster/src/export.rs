//! `muster export`

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::body::Body;
use axum::http::Response;
use clap::{Args, ValueEnum};
use http_body_util::BodyExt;
use serde_json::json;

use crate::client::{Client, Intent, with_client};
use crate::exit::WrongUsage;
use crate::filter::{Filter, more};
use crate::{Data, output, sources};
use store::Sources;

/// How often people are told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(500);
/// The header under whose value the manifest is fetched.
const ID: &str = "x-muster-export";
/// The header with the last position that is looked at.
const LAST: &str = "x-muster-export-to";

/// Take facts away in a file.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  muster export --out facts.jsonl\n  muster export --format csv --user ada --out ada.csv\n\n\
Writes the facts and, beside them, a manifest. `muster verify --export FILE --key KEY` checks both, years later and \
without the data directory; docs/export.md says how others can."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// How lines look.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// The file; `-` is standard output, and then the manifest needs a file of its own.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The manifest's file [default: FILE.manifest.json]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Overwrite files that are there.
    #[arg(long)]
    force: bool,
    /// Facts after this position.
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
    /// Facts up to this position.
    #[arg(long, value_name = "POSITION")]
    to: Option<u64>,
    #[command(flatten)]
    filter: Filter,
    /// About this user, its sessions included.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Print one JSON object about what was written.
    #[arg(long)]
    json: bool,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line, as `/v1/events` has it.
    Jsonl,
    /// One row a fact, for spreadsheets.
    Csv,
    /// Events of the Open Cybersecurity Schema Framework.
    Ocsf,
}

/// Exports.
pub fn run(options: &Options) -> Result<()> {
    let is_stdout = options.out == Path::new("-");
    let manifest = match &options.manifest {
        Some(manifest) => manifest.clone(),
        None if is_stdout => {
            bail!(WrongUsage("lines go to standard output: --manifest names the manifest's file"))
        }
        None => beside(&options.out),
    };
    for path in [&options.out, &manifest] {
        if path.exists() && !(options.force || is_stdout && path == &options.out) {
            bail!("{} is there already; --force overwrites it", path.display());
        }
    }
    with_client(&options.data, Intent::Write, async |client| {
        let response = client.open(&options.path()).await?;
        let id = header(&response, ID)?;
        let facts = if is_stdout {
            write(options, response, &mut std::io::stdout().lock()).await?
        } else {
            let part = partial(&options.out);
            let file = File::create(&part).with_context(|| part.display().to_string())?;
            let written = write(options, response, &mut BufWriter::new(&file)).await;
            let synced = written.and_then(|facts| Ok(file.sync_all().map(|()| facts)?));
            let facts = synced.inspect_err(|_| drop(std::fs::remove_file(&part)))?;
            std::fs::rename(&part, &options.out)?;
            facts
        };
        let signed = fetch(client, &id).await?;
        let part = partial(&manifest);
        std::fs::write(&part, &signed).with_context(|| part.display().to_string())?;
        std::fs::rename(&part, &manifest)?;
        told(options, &manifest, facts, &id);
        Ok(())
    })
}

fn told(options: &Options, manifest: &Path, facts: u64, id: &str) {
    let (out, manifest) = (options.out.display(), manifest.display());
    if options.json {
        let said = json!({
            "id": id,
            "facts": facts,
            "out": out.to_string(),
            "manifest": manifest.to_string(),
        });
        // Where lines go to standard output, nothing else does.
        if options.out == Path::new("-") {
            output::complain(&said.to_string());
        } else {
            output::line(&said.to_string());
        }
    } else {
        output::complain(&format!("{facts} facts in {out}, manifest in {manifest}"));
    }
}

impl Options {
    fn path(&self) -> String {
        let format = match self.format {
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
            Format::Ocsf => "ocsf",
        };
        let number = |key, number: Option<u64>| {
            more(key, number.map(|number| number.to_string()).as_deref())
        };
        [
            format!("/v1/export?format={format}"),
            number("after", self.after),
            number("to", self.to),
            self.filter.query(),
            more("user", self.user.as_deref()),
        ]
        .concat()
    }
}

/// `FILE.manifest.json`, beside `FILE`.
pub fn beside(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".manifest.json");
    name.into()
}

/// Where a file is written before it is whole.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn header(response: &Response<Body>, name: &str) -> Result<String> {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.map(ToOwned::to_owned).with_context(|| format!("the answer has no {name}"))
}

async fn fetch(client: &mut Client, id: &str) -> Result<Vec<u8>> {
    let response = client.open(&format!("/v1/exports/{id}/manifest")).await?;
    Ok(response.into_body().collect().await?.to_bytes().to_vec())
}

/// Writes what comes, and tells people how far it is.
async fn write(options: &Options, response: Response<Body>, out: &mut dyn Write) -> Result<u64> {
    let last = header(&response, LAST)?.parse::<u64>()?;
    let after = options.after.unwrap_or(0).min(last);
    let mut progress = Progress::new(options.format, after, last);
    let mut body = response.into_body();
    let mut lines = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.context("the export broke off: the log of the server says why")?;
        let Some(bytes) = frame.data_ref() else { continue };
        out.write_all(bytes)?;
        lines += bytes.split(|byte| *byte == b'\n').count() as u64 - 1;
        progress.tell(lines, bytes);
    }
    out.flush()?;
    progress.end();
    let header_lines = u64::from(options.format == Format::Csv);
    Ok(lines.saturating_sub(header_lines))
}

/// Tells people on a terminal how far an export is.
struct Progress {
    clock: Sources,
    began: Duration,
    told: Duration,
    format: Format,
    after: u64,
    last: u64,
    is_shown: bool,
}

impl Progress {
    fn new(format: Format, after: u64, last: u64) -> Self {
        let clock = sources::real();
        let now = (clock.now)().monotonic;
        let is_shown = std::io::stderr().is_terminal();
        Self { clock, began: now, told: now, format, after, last, is_shown }
    }

    fn tell(&mut self, facts: u64, latest: &[u8]) {
        let now = (self.clock.now)().monotonic;
        if !self.is_shown || now.saturating_sub(self.told) < TELL_EVERY {
            return;
        }
        self.told = now;
        let seconds = now.saturating_sub(self.began).as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "people read three figures of it")]
        let rate = facts as f64 / seconds;
        let all = (self.last - self.after).max(1);
        let share =
            position(self.format, latest).map_or(0, |at| at.saturating_sub(self.after) * 100 / all);
        let line = format!("\r{facts} facts, {rate:.0} facts/s, {share} % of positions ");
        drop(std::io::stderr().lock().write_all(line.as_bytes()));
    }

    fn end(&self) {
        if self.is_shown {
            drop(std::io::stderr().lock().write_all(b"\r\x1b[K"));
        }
    }
}

/// The position of a fact whose line begins among these bytes, the last that can be told.
fn position(format: Format, bytes: &[u8]) -> Option<u64> {
    let before: &[u8] = match format {
        Format::Jsonl => b"\n{\"position\":",
        Format::Csv => b"\n",
        Format::Ocsf => b"\"sequence\":",
    };
    let found = |window: &[u8]| window == before;
    let mut ends = bytes.windows(before.len()).enumerate().rev();
    ends.find_map(|(at, window)| {
        let rest = bytes.get(at + before.len()..).filter(|_| found(window))?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is_is_seen_in_every_form() {
        let jsonl = b"{\"position\":7,\"a\":1}\n{\"position\":8,\"a\":1}\n{\"posi";
        assert_eq!(position(Format::Jsonl, jsonl), Some(8));
        assert_eq!(position(Format::Csv, b"position,at\r\n12,x\r\n13,y\r\n"), Some(13));
        assert_eq!(position(Format::Ocsf, b"{\"metadata\":{\"sequence\":9}}\n"), Some(9));
        assert_eq!(position(Format::Jsonl, b"nothing"), None);
    }

    #[test]
    fn the_manifest_stands_beside_the_file() {
        assert_eq!(beside(Path::new("a/b.csv")), Path::new("a/b.csv.manifest.json"));
    }
}
