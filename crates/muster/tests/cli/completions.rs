//! Completions as they are printed.

use std::process::Command;

use super::{muster, out};

#[test]
fn completions_are_printed_for_every_shell_without_a_store() {
    for (shell, begins) in [
        ("bash", "_muster() {"),
        ("zsh", "#compdef muster"),
        ("fish", "# Print an optspec"),
        ("elvish", "\nuse builtin;"),
        ("powershell", "\nusing namespace System.Management.Automation"),
    ] {
        let script = out(&muster(&["completions", shell]), 0);
        assert!(script.starts_with(begins), "{shell}: {script:.80}");
        for word in ["create-super-user", "reset-totp-key", "completions", "token-stdin"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn bash_understands_its_own() {
    let script = out(&muster(&["completions", "bash"]), 0);
    let asked = "COMP_WORDS=(muster user reset-); COMP_CWORD=2; _muster muster reset- user; \
                 echo \"${COMPREPLY[*]}\"";
    let answer = Command::new("bash").args(["-c", &format!("{script}\n{asked}")]).output();
    let answer = answer.expect("bash is there");
    assert_eq!(out(&answer, 0), "reset-password reset-totp-key\n");
}
