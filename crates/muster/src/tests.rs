//! The command line as a whole: what every command must have.

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::Cli;

/// Commands that touch no data.
const WITHOUT_DATA: [&str; 1] = ["completions"];
/// Commands whose output is for a shell, or is fixed for scripts.
const WITHOUT_JSON: [&str; 2] = ["completions", "serve"];

/// Every command that does something, by its words.
fn commands() -> Vec<(String, Command)> {
    fn walk(path: &str, command: &Command, found: &mut Vec<(String, Command)>) {
        for inner in command.get_subcommands() {
            let path = format!("{path} {}", inner.get_name()).trim_start().to_owned();
            assert!(inner.get_about().is_some(), "`{path}` does not say what it does");
            if inner.has_subcommands() {
                walk(&path, inner, found);
            } else {
                found.push((path, inner.clone()));
            }
        }
    }
    let mut found = Vec::new();
    walk("", &Cli::command(), &mut found);
    assert!(found.len() >= 25, "only {} commands were found", found.len());
    found
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

/// The example is one of the command itself, and the grammar takes it.
#[test]
fn every_command_has_an_example_that_is_understood() {
    for (path, command) in commands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.starts_with("Example"), "`{path}`: {help}");
        let own = format!("muster {path}");
        let examples: Vec<&str> =
            help.lines().filter_map(|line| line.find(&own).map(|at| &line[at..])).collect();
        assert!(!examples.is_empty(), "`{path}` has no example of itself: {help}");
        for example in examples {
            // Up to two spaces, where a remark begins, or a redirection.
            let words = example.split("  ").next().unwrap_or_default();
            let words = words.split('>').next().unwrap_or_default();
            let words = words.split_whitespace().map(|word| word.trim_matches('"'));
            let parsed = Cli::command().try_get_matches_from(words);
            assert!(
                parsed.is_ok(),
                "{example}: {}",
                parsed.err().map_or_else(String::new, |error| error.to_string())
            );
        }
    }
}

#[test]
fn every_command_that_touches_data_takes_the_directory_and_prints_json() {
    for (path, command) in commands() {
        let has =
            |name: &str| command.get_arguments().any(|argument| argument.get_long() == Some(name));
        assert_eq!(has("data"), !WITHOUT_DATA.contains(&path.as_str()), "`{path}`");
        assert_eq!(has("json"), !WITHOUT_JSON.contains(&path.as_str()), "`{path}`");
    }
}

/// Whoever can list processes can read their arguments.
#[test]
fn no_option_takes_a_password() {
    for (path, command) in commands() {
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            let takes = argument.get_action().takes_values();
            assert!(!name.contains("password") || !takes, "`{path}` takes {name}");
        }
    }
}

#[test]
fn completions_of_every_shell_know_every_command_and_option() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "muster", &mut script);
        let script = String::from_utf8(script).unwrap();
        for (path, command) in commands() {
            for word in path.split(' ') {
                assert!(script.contains(word), "{shell}: `{word}` of `{path}`");
            }
            // clap_complete does not follow fish beyond two words.
            if matches!(shell, Shell::Fish) && path.split(' ').count() > 2 {
                continue;
            }
            for option in command.get_arguments().filter_map(|argument| argument.get_long()) {
                assert!(script.contains(option), "{shell}: --{option} of `{path}`");
            }
        }
    }
}
