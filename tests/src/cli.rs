//! Running the binary's other commands to their end.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use serde_json::Value;

/// The `muster` binary beside the test executable.
///
/// # Panics
/// If it is missing, or older than a file that it was built from (cargo wrote their names beside it).
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let profile = test.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
    let binary = profile.join("muster");
    let built = modified(&binary);
    let sources = std::fs::read_to_string(profile.join("muster.d")).unwrap_or_default();
    let (_, sources) = sources.split_once(": ").unwrap_or_default();
    let newer = sources.trim().replace("\\ ", "\0");
    let newer = newer
        .split(' ')
        .map(|path| path.replace('\0', " "))
        .find(|source| modified(Path::new(source)) > built);
    assert!(
        built.is_some(),
        "there is no {}: run `cargo build` first, or `cargo test` at the root, which builds it",
        binary.display()
    );
    assert!(
        newer.is_none(),
        "{} is older than {}: run `cargo build` first, or `cargo test` at the root",
        binary.display(),
        newer.unwrap_or_default()
    );
    binary
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|data| data.modified()).ok()
}

/// Runs `muster` with these arguments over a data directory, to its end.
pub fn run(data: &Path, arguments: &[&str]) -> Output {
    command(data, arguments).stdin(Stdio::null()).output().expect("the binary can be run")
}

/// The same with this on its standard input.
pub fn run_with(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = command(data, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary can be run");
    let mut stdin = child.stdin.take().expect("it is piped");
    // One that refuses before it reads is gone by now.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).arg("--data").arg(data);
    for variable in ["MUSTER_DATA", "MUSTER_LISTEN", "MUSTER_LOG", "MUSTER_CONFIG"] {
        command.env_remove(variable);
    }
    command
}

/// Runs `muster`, which must succeed, and returns what it printed.
#[track_caller]
pub fn succeed(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "muster {arguments:?}: {}\n{out}\n{err}", output.status);
    out
}

/// Runs `muster ... --json`, which must succeed, and returns the objects it printed, one a line.
#[track_caller]
pub fn objects(data: &Path, arguments: &[&str]) -> Vec<Value> {
    let arguments = [arguments, &["--json"]].concat();
    let printed = succeed(data, &arguments);
    printed.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// Bytes that a process printed, as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
