//! `cargo xtask bench`: what Muster reaches, beside what the machine does raw in the same run.
//!
//! Machines differ and are noisy, so no figure stands alone: raw and measured take turns in rounds, and
//! what counts is their ratio. One file a figure; [`ground`] is the store they stand on, [`raw`] what
//! the machine does, [`load`] who asks over HTTP, [`table`] how it is said.

mod append;
mod audit;
mod fold;
mod ground;
mod load;
mod population;
mod raw;
mod sign_in;
mod table;
mod usage;
mod verify_session;

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::driving::options::Options;
use crate::driving::output;
use table::Row;

/// How often raw and measured take turns.
const ROUNDS: u32 = 15;

/// How long to measure, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often raw and measured take turns.
    pub rounds: u32,
    /// How long one of a figure's measurements takes, all rounds together.
    pub time: Duration,
    /// Facts in the store that is folded.
    pub facts: u64,
    /// Only with so many callers; 0 stands for every number of them.
    pub callers: usize,
    /// Whether 256 callers go on for two minutes as well.
    pub long: bool,
}

impl Plan {
    /// How long one round measures.
    pub fn round(&self) -> Duration {
        self.time / self.rounds
    }
}

/// `cargo xtask bench [append|fold|verify-session|sign-in|mixed|audit|all] [--seconds N] [--facts N]
/// [--callers N] [--long] [--json]`
///
/// # Errors
/// A figure could not be measured; one that misses its goal is no error.
pub fn run(args: &[String]) -> Result<()> {
    if cfg!(debug_assertions) {
        return in_release(args);
    }
    if let [fold::OPEN_WORD, rest @ ..] = &args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return fold::open_in_child(rest);
    }
    let mut options = Options::new(args);
    let json = options.flag("--json");
    let plan = Plan {
        rounds: ROUNDS,
        time: Duration::from_secs(options.value("--seconds", 5)?),
        facts: options.value("--facts", 1_000_000)?,
        callers: options.value("--callers", 0)?,
        long: options.flag("--long"),
    };
    ensure!(!plan.time.is_zero(), "--seconds is at least 1");
    let figures = match &options.rest()?[..] {
        [] => vec!["all".to_owned()],
        figures => figures.to_vec(),
    };
    let mut rows: Vec<Row> = Vec::new();
    for figure in &figures {
        match figure.as_str() {
            "append" => rows.extend(append::measure(&plan)?),
            "fold" => rows.extend(fold::measure(&plan)?),
            "verify-session" => rows.extend(verify_session::measure(&plan)?),
            "sign-in" => rows.extend(sign_in::measure(&plan)?),
            "mixed" => rows.extend(verify_session::measure_mixed(&plan)?),
            "audit" => rows.extend(audit::measure(&plan)?),
            "all" => {
                rows.extend(append::measure(&plan)?);
                rows.extend(fold::measure(&plan)?);
                rows.extend(verify_session::measure(&plan)?);
                rows.extend(sign_in::measure(&plan)?);
                rows.extend(verify_session::measure_mixed(&plan)?);
            }
            other => {
                bail!(
                    "no figure `{other}`: append, fold, verify-session, sign-in, mixed, audit, all"
                )
            }
        }
    }
    if json {
        for row in &rows {
            output::line(&row.json().to_string());
        }
    } else {
        output::line(&table::markdown(&rows));
    }
    Ok(())
}

/// Runs the same command built for release: figures of anything else mean nothing.
fn in_release(args: &[String]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["run", "--release", "--quiet", "--package", "xtask", "--", "bench"])
        .args(args)
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "the bench failed: {status}");
    Ok(())
}
