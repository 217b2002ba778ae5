//! `muster recover`

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};
use store::recover::{Loss, Plan, Recovered, Recovery, Source, Stretch};
use store::{Store, StoreError};

use crate::{Data, output, sources};

/// Put a damaged store together again from what is left; says first what that is.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  muster recover            look, and say what would be kept and what is \
lost\n  muster recover --apply    do it\n\nNo server may have the directory open. Facts that the journal \
lost are taken from sled's log, with the same hashes and positions. The damaged journal is kept as \
journal.broken-TIME, so there must be room for a second one. Exit code 0: nothing is wrong, or it was mended; 4: damage was found \
and nothing changed. What each damage means: docs/recovery.md."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// Do what was found to be possible; without this nothing is changed.
    #[arg(long)]
    apply: bool,
    /// Go on although facts are lost; a new epoch begins, and a fact says so.
    #[arg(long, requires = "apply")]
    accept_loss: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Looks, and recovers if asked to.
pub fn run(options: &Options) -> Result<()> {
    let at = store::Options::new(&options.data.dir, &sources::real());
    let recovery = Recovery::look(&at)?;
    let plan = recovery.plan().clone();
    if !options.json {
        tell(&plan);
    }
    let blocked = plan.lost.filter(|_| !options.accept_loss);
    if plan.findings.is_empty() || !options.apply || blocked.is_some() {
        if options.json {
            output::line(&to_json(&plan, None).to_string());
        }
        if plan.findings.is_empty() {
            drop(recovery);
            // Keys and facts may be damaged all the same: only a start opens them.
            return check(at);
        }
        return end_of_look(options, &plan);
    }
    let recovered = recovery.apply(options.accept_loss)?;
    if options.json {
        output::line(&to_json(&plan, Some(&recovered)).to_string());
    } else {
        for path in &recovered.put_away {
            output::line(&format!("kept aside: {}", path.display()));
        }
        output::line(&format!("recovered {} facts", recovered.head.position));
    }
    check(at)
}

/// What is said when nothing was done.
fn end_of_look(options: &Options, plan: &Plan) -> Result<()> {
    if let Some(lost) = plan.lost.filter(|_| options.apply) {
        bail!(StoreError::WouldLose { from: lost.from });
    }
    let next = if plan.lost.is_some() { "--apply --accept-loss" } else { "--apply" };
    let what = format!("nothing was changed; `muster recover {next}` does what is said above");
    bail!(StoreError::Damaged { what });
}

/// Opens the store as every start does, and holds it against itself. sled is left for the next start
/// to fill.
fn check(options: store::Options) -> Result<()> {
    let options = store::Options { sled: false, accept_clock: true, ..options };
    let (store, _writer) = Store::open(&options)?;
    let (report, _) = store.verify()?;
    match report.findings.first() {
        None => Ok(()),
        Some(finding) => bail!(StoreError::Damaged { what: finding.clone() }),
    }
}

fn tell(plan: &Plan) {
    if plan.findings.is_empty() {
        output::line(&format!("the log is whole: {} facts", plan.last()));
        return;
    }
    for finding in &plan.findings {
        output::line(&format!("found: {finding}"));
    }
    for Stretch { from, to, source } in &plan.kept {
        output::line(&format!("kept:  positions {from} to {to}, from {}", name(*source)));
    }
    match plan.lost {
        None => output::line("lost:  nothing"),
        Some(Loss { from, unplaced: 0, .. }) => {
            output::line(&format!("lost:  position {from} and what may have followed it"));
        }
        Some(Loss { from, unplaced, to }) => output::line(&format!(
            "lost:  positions {from} to {to}; {unplaced} of these facts can be read, and rest on what \
             cannot"
        )),
    }
}

fn to_json(plan: &Plan, recovered: Option<&Recovered>) -> Value {
    let kept = plan.kept.iter().map(
        |Stretch { from, to, source }| json!({ "from": from, "to": to, "source": name(*source) }),
    );
    let lost = plan.lost.map(|Loss { from, unplaced, to }| {
        json!({ "from": from, "to": (to > 0).then_some(to), "unplaced": unplaced })
    });
    json!({
        "findings": plan.findings,
        "kept": kept.collect::<Vec<_>>(),
        "lost": lost,
        "recovered": recovered.map(|done| json!({
            "position": done.head.position,
            "epoch": done.epoch,
            "put_away": done.put_away,
        })),
    })
}

fn name(source: Source) -> &'static str {
    match source {
        Source::Journal => "the journal",
        Source::Sled => "sled",
    }
}
