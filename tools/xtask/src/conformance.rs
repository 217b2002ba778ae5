//! `cargo xtask conformance`: runs the numbered cases of the Zato contract and writes the page that says
//! how they went.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use xtask::conformance_page::{Case, PATH, PREFIX, page};

use crate::{no_arguments, root};

/// How many cases the contract has, numbered from 1.
const CASES: u16 = 100;

/// Runs every case and writes the page; if one did not pass, or did not run, the page stays as it is.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    no_arguments(arguments)?;
    // The tests run the binary and refuse one that is older than its sources.
    let built = cargo().arg("build").status().context("cargo does not start")?;
    ensure!(built.success(), "it does not build");
    let output = cargo()
        .args(["test", "--package", "muster-tests", "--test", "conformance", "--"])
        .arg(format!("::{PREFIX}"))
        .stderr(Stdio::inherit())
        .output()
        .context("cargo does not start")?;
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    let cases = passed(&said)?;
    ensure!(output.status.success(), "the run failed; {PATH} stays as it is");
    let path = root().join(PATH);
    let directory = path.parent().context("the page lies in a directory")?;
    fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    fs::write(&path, page(&cases)).with_context(|| path.display().to_string())?;
    println!("{} cases passed; {PATH} says so", cases.len());
    Ok(())
}

/// The cases of a run, each of which has to be there once and to have passed.
fn passed(said: &str) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    for line in said.lines() {
        let told = line.strip_prefix("test ").and_then(|line| line.split_once(" ... "));
        let Some((name, result)) = told else { continue };
        let (_, test) = name.rsplit_once("::").unwrap_or(("", name));
        let Some(case) = Case::of_test(test) else { continue };
        ensure!(result == "ok", "case {}: {name}: {result}; {PATH} stays as it is", case.number);
        cases.push(case);
    }
    cases.sort();
    let mut numbers = cases.iter().map(|case| case.number);
    for expected in 1..=CASES {
        match numbers.next() {
            Some(found) if found == expected => {}
            Some(found) if found < expected => bail!("case {found} ran twice"),
            _ => bail!("case {expected} did not run"),
        }
    }
    ensure!(numbers.next().is_none(), "there are more cases than the contract has, {CASES}");
    Ok(cases)
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_of(numbers: impl Iterator<Item = u16>) -> String {
        let line = |number| format!("test zato::users::case_{number:03}_it_works ... ok\n");
        format!("\nrunning tests\n{}\ntest result: ok.\n", numbers.map(line).collect::<String>())
    }

    #[test]
    fn a_run_in_any_order_is_read() {
        let cases = passed(&run_of((1..=CASES).rev())).expect("all passed");
        assert_eq!(cases.len(), usize::from(CASES));
        assert_eq!((cases[0].number, cases[0].sentence.as_str()), (1, "It works"));
    }

    #[test]
    fn a_case_that_failed_or_did_not_run_or_ran_twice_is_no_page() {
        let why = |said: &str| passed(said).expect_err("no page").to_string();
        let failed = run_of(1..=CASES).replace("case_042_it_works ... ok", "case_042_x ... FAILED");
        assert!(why(&failed).starts_with("case 42: "), "{}", why(&failed));
        let ignored =
            run_of(1..=CASES).replace("case_042_it_works ... ok", "case_042_x ... ignored");
        assert!(why(&ignored).starts_with("case 42: "), "{}", why(&ignored));
        assert_eq!(why(&run_of((1..=CASES).filter(|n| *n != 42))), "case 42 did not run");
        assert_eq!(why(&run_of(1..CASES)), "case 100 did not run");
        assert_eq!(why(&run_of((1..=CASES).chain([42]))), "case 42 ran twice");
        assert!(why(&run_of(1..=CASES + 1)).starts_with("there are more cases"));
    }
}
