//! `cargo xtask simulate`: more seeds of the simulation than `cargo test` runs, in release mode; one of
//! them again; or the mistakes that it must notice, one after the other (`docs/simulation.md`).

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use crate::root;

/// Seeds, if neither these nor hours are asked for.
const SEEDS: u64 = 2_000;

/// Arguments with a number, and the variable that carries it to the test.
const NUMBERS: &[(&str, &str)] = &[
    ("--first", "MUSTER_FIRST_SEED"),
    ("--seeds", "MUSTER_SEEDS"),
    ("--hours", "MUSTER_SIM_MINUTES"),
    ("--jobs", "MUSTER_SIM_JOBS"),
    ("--lives", "MUSTER_SIM_LIVES"),
    ("--turns", "MUSTER_SIM_TURNS"),
    ("--batch", "MUSTER_SIM_BATCH"),
    ("--faults", "MUSTER_SIM_FAULTS"),
    ("--damage", "MUSTER_SIM_DAMAGE"),
    ("--sled-every", "MUSTER_SIM_SLED"),
];
const PLANTED: &str = "--planted";

/// Where the table of mistakes stands, and between what.
const TABLE_FILE: &str = "docs/simulation.md";
const TABLE_BEGIN: &str = "<!-- planted: written by `cargo xtask simulate --planted` -->";
const TABLE_END: &str = "<!-- planted: end -->";
/// What the test says of a mistake that it noticed.
const ROW: &str = "planted";

/// Runs seeds, or mistakes.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    if arguments.first().is_some_and(|name| name == PLANTED) {
        crate::no_arguments(&arguments[1..])?;
        return planted();
    }
    let environment = environment(arguments)?;
    let mut test = test();
    test.args(["--", "--nocapture", "no_seed_breaks_a_promise"]).envs(environment);
    let status = test.status().context("cargo does not start")?;
    ensure!(status.success(), "a seed failed; it is named above, with the command that replays it");
    Ok(())
}

fn environment(arguments: &[String]) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut environment = Vec::new();
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let value = rest.next().with_context(|| format!("{name} needs a number"))?;
        let number: u64 = value.parse().with_context(|| format!("`{value}` is not a number"))?;
        let known = NUMBERS.iter().find(|(known, _)| known == name);
        let Some((argument, variable)) = known else {
            let names: Vec<_> = NUMBERS.iter().map(|(name, _)| *name).collect();
            bail!("takes {PLANTED}, or {} with a number, and was given `{name}`", names.join(", "));
        };
        let number = if *argument == "--hours" { number * 60 } else { number };
        environment.push((*variable, number.to_string()));
    }
    let is_asked_for = |name: &str| arguments.iter().any(|argument| argument == name);
    if !is_asked_for("--seeds") && !is_asked_for("--hours") {
        environment.push(("MUSTER_SEEDS", SEEDS.to_string()));
    }
    if environment.contains(&("MUSTER_SEEDS", "1".to_owned())) {
        // Whoever replays one wants to know what happens in it.
        environment.push(("MUSTER_SIM_TELL", "1".to_owned()));
    }
    Ok(environment)
}

/// Runs every mistake until it is noticed, and writes the table of how soon each was.
fn planted() -> anyhow::Result<()> {
    let mut attacked = tests();
    attacked.args(["--test", "erasure", "--features", "planted-bugs"]);
    let status = attacked.status().context("cargo does not start")?;
    ensure!(status.success(), "a mistake in erasing let nobody in who tried every key");
    let mut test = test();
    test.args(["--features", "planted-bugs", "--", "--nocapture", "every_planted_mistake"]);
    test.env("RUST_BACKTRACE", "0").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = test.spawn().context("cargo does not start")?;
    let said = BufReader::new(child.stdout.take().context("its output was asked for")?);
    let mut rows = Vec::new();
    for line in said.lines() {
        let line = line.context("cargo goes on talking")?;
        // The first of them may stand behind what the test harness says.
        let told = line.split_once(&format!("{ROW}\t")).map(|(_, told)| told);
        if let Some([name, sentence, seeds, check]) =
            told.map(|told| told.split('\t').collect::<Vec<_>>()).as_deref()
        {
            println!("{name}: caught after {seeds} seeds");
            rows.push(format!("| `{name}` | {sentence} | caught after {seeds} seeds | {check} |"));
        }
    }
    let status = child.wait().context("cargo does not end")?;
    ensure!(status.success() && !rows.is_empty(), "a mistake was not noticed");
    let path = root().join(TABLE_FILE);
    let page = fs::read_to_string(&path).with_context(|| format!("{TABLE_FILE} is not there"))?;
    let parts = page
        .split_once(TABLE_BEGIN)
        .and_then(|(before, rest)| rest.split_once(TABLE_END).map(|(_, behind)| (before, behind)));
    let (before, behind) = parts.with_context(|| format!("{TABLE_FILE} has no place for it"))?;
    let head = "| mistake | what is wrong | | by |\n|---|---|---|---|";
    let table = format!("{TABLE_BEGIN}\n{head}\n{}\n{TABLE_END}", rows.join("\n"));
    fs::write(&path, format!("{before}{table}{behind}"))?;
    println!("{} mistakes, each noticed; {TABLE_FILE} says so", rows.len());
    Ok(())
}

fn test() -> Command {
    let mut cargo = tests();
    cargo.args(["--test", "simulation"]);
    cargo
}

fn tests() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(["test", "--release", "--package", "muster-tests"]);
    cargo
}
