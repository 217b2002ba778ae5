//! `cargo xtask ci`: exactly what CI runs.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// The one version CI installs; `.ci/run` names the same.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// One step: its name in the table, the cargo command line, and what it is run with beside that.
struct Step {
    name: &'static str,
    cargo: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

/// The steps in their order: the cheap ones that fail most often first. Tidy comes last of all.
const STEPS: &[Step] = &[
    Step { name: "fmt", cargo: &["fmt", "--all", "--check"], environment: &[] },
    Step {
        name: "clippy",
        cargo: &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        environment: &[],
    },
    Step { name: "test", cargo: &["test"], environment: &[] },
    Step {
        name: "simulate",
        cargo: &["test", "--release", "--package", "muster-tests", "--test", "simulation"],
        environment: &[("MUSTER_SEEDS", "500")],
    },
    Step {
        name: "docs",
        cargo: &["doc", "--workspace", "--no-deps"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    Step {
        name: "deny",
        cargo: &["deny", "check", "bans", "licenses", "sources"],
        environment: &[],
    },
];

/// Where the client in Python is, which speaks to the binary that the step `test` built.
const CLIENT: &str = "tests/clients/zato/walk.py";

/// The steps after those of cargo, and what they do.
type LastStep = (&'static str, fn() -> anyhow::Result<()>);
const LAST_STEPS: &[LastStep] = &[("clients", clients), ("tidy", || crate::tidy_command::run(&[]))];

/// Runs every step until one fails, and says at the end what took how long.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    crate::no_arguments(arguments)?;
    let root = crate::root();
    let mut times = Vec::new();
    let outcome = STEPS
        .iter()
        .try_for_each(|step| timed(step.name, &mut times, || cargo(&root, step)))
        .and_then(|()| {
            LAST_STEPS.iter().try_for_each(|(name, step)| timed(name, &mut times, step))
        });
    print_table(&times, outcome.is_ok());
    outcome
}

/// Runs one step under a heading and notes its duration, failed or not.
#[expect(clippy::disallowed_methods, reason = "a tool measures real time; no fact depends on it")]
fn timed(
    name: &'static str,
    times: &mut Vec<(&'static str, Duration)>,
    step: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    println!("== {name}");
    let begun = Instant::now();
    let outcome = step();
    let took = begun.elapsed();
    println!("== {name}: {} in {}\n", if outcome.is_ok() { "ok" } else { "FAILED" }, seconds(took));
    times.push((name, took));
    outcome.with_context(|| format!("step `{name}` failed"))
}

fn cargo(root: &Path, step: &Step) -> anyhow::Result<()> {
    if step.name == "deny" {
        deny_is_installed(root)?;
    }
    let spelled = format!("cargo {}", step.cargo.join(" "));
    for (name, value) in step.environment {
        println!("   {name}=\"{value}\"");
    }
    println!("   {spelled}");
    let status = command(root)
        .args(step.cargo)
        .envs(step.environment.iter().copied())
        .status()
        .with_context(|| format!("cannot start `{spelled}`"))?;
    anyhow::ensure!(status.success(), "`{spelled}` ended with {status}");
    Ok(())
}

/// Lets the client in Python do every operation. Nobody needs Python to build or to test; a machine
/// without it says so and goes on, and `.ci/run` installs it.
fn clients() -> anyhow::Result<()> {
    let root = crate::root();
    let installed = Command::new("python3").arg("--version").output();
    if !installed.is_ok_and(|answer| answer.status.success()) {
        println!("   NOT RUN: there is no python3, so {CLIENT} did not try the binary");
        return Ok(());
    }
    // Built by `cargo test` beside this tool, wherever that is.
    let binary = std::env::current_exe().context("this tool has no path")?.with_file_name("muster");
    println!("   MUSTER=\"{}\"\n   python3 {CLIENT}", binary.display());
    let status = Command::new("python3")
        .arg(CLIENT)
        .env("MUSTER", binary)
        .current_dir(&root)
        .status()
        .context("python3 does not start")?;
    anyhow::ensure!(status.success(), "`python3 {CLIENT}` ended with {status}");
    Ok(())
}

fn deny_is_installed(root: &Path) -> anyhow::Result<()> {
    let answer =
        command(root).args(["deny", "--version"]).output().context("cannot start cargo")?;
    anyhow::ensure!(
        answer.status.success(),
        "cargo-deny is missing; install it with \
         `cargo install --locked cargo-deny --version {CARGO_DENY_VERSION}`, or run `.ci/run`"
    );
    Ok(())
}

/// The cargo that runs this tool, so that a chosen toolchain stays chosen.
fn command(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}

fn print_table(times: &[(&'static str, Duration)], passed: bool) {
    println!("what took how long");
    for (index, (name, took)) in times.iter().enumerate() {
        let failed = !passed && index + 1 == times.len();
        println!("  {name:<8} {:>9}{}", seconds(*took), if failed { "  FAILED" } else { "" });
    }
    let total = times.iter().map(|(_, took)| *took).sum();
    println!("  {:<8} {:>9}", "total", seconds(total));
    let last = LAST_STEPS.iter().map(|(name, _)| *name);
    let names = STEPS.iter().map(|step| step.name).chain(last);
    for name in names.skip(times.len()) {
        println!("  {name:<8} {:>9}", "not run");
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
