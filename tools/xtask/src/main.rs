//! `cargo xtask`: the project's own tool, one file a subcommand.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool talks to its terminal")]

mod bench;
mod ci;
mod conformance;
mod docs;
mod driving;
mod golden;
mod simulate;
mod stale_reads;
mod tidy_command;

use std::path::PathBuf;
use std::process::ExitCode;

/// The binary's allocator, so that what is measured here is what it does: docs/adr/0006.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A subcommand: its name, what it is for, and what it does with the arguments after its name.
type Subcommand = (&'static str, &'static str, fn(&[String]) -> anyhow::Result<()>);

/// What exists. A new subcommand is a file with a `run` and a line here; help and dispatch follow.
const SUBCOMMANDS: &[Subcommand] = &[
    ("ci", "everything CI runs, in its order, and how long each step took", ci::run),
    (
        "conformance",
        "runs the cases of the Zato contract and writes docs/conformance/zato.md",
        conformance::run,
    ),
    ("docs", "writes the pages of docs/ that follow from the code", docs::run),
    ("golden", "writes the golden bytes of events that have none yet", golden::run),
    (
        "simulate",
        "[--seeds N | --hours H] [--first S] [--jobs J] of the simulated store, or --planted",
        simulate::run,
    ),
    ("tidy", "the house rules alone", tidy_command::run),
    ("bench", "what it reaches, beside what the machine does raw: append, fold, ...", bench::run),
    (
        "stale-reads",
        "reads right after writes over HTTP, none of which may be stale",
        stale_reads::run,
    ),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("--help", String::as_str);
    if matches!(name, "--help" | "-h" | "help") {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some((_, about, run)) = SUBCOMMANDS.iter().find(|(known, ..)| *known == name) else {
        eprintln!("cargo xtask: no subcommand `{name}`\n\n{}", help());
        return ExitCode::from(2);
    };
    let rest = &arguments[1..];
    if rest.iter().any(|argument| argument == "--help" || argument == "-h") {
        println!("cargo xtask {name}: {about}");
        return ExitCode::SUCCESS;
    }
    match run(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let line = |(name, about, _): &Subcommand| format!("  {name:<12} {about}\n");
    let lines: String = SUBCOMMANDS.iter().map(line).collect();
    format!("Usage: cargo xtask <SUBCOMMAND>\n\n{lines}")
}

/// Refuses arguments a subcommand does not take, so that a slip of the pen is not silently ignored.
fn no_arguments(arguments: &[String]) -> anyhow::Result<()> {
    match arguments.first() {
        None => Ok(()),
        Some(unknown) => anyhow::bail!("takes no argument, and was given `{unknown}`"),
    }
}

/// The directory that holds the workspace's `Cargo.toml`: two above this package.
///
/// Cargo says at run time where the package is; what was compiled in may be another checkout that
/// shares its target directory.
fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.ancestors().nth(2).expect("tools/xtask lies two below the root").to_path_buf()
}
