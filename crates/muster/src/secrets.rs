//! Passwords, keys and tokens on their way in: from a terminal that does not show them, or from
//! standard input; never from an argument where that can be helped, for everybody on the machine may
//! read the arguments of a process.

use std::io::{BufRead, IsTerminal, Read, Write};

use anyhow::{Context, Result, ensure};

use crate::exit::WrongUsage;

/// Longest line that is read as a secret, in bytes: longer than any that is accepted.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// The first line of standard input, which holds a secret of this kind.
pub fn line(what: &str) -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(LINE_BYTES_MAX).read_line(&mut text);
    // The error would not show the text, but it may name where it is not UTF-8.
    read.ok().with_context(|| format!("cannot read the {what}"))?;
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    ensure!(!text.is_empty(), "standard input holds no {what}");
    Ok(text)
}

/// A password for somebody: from standard input if asked for, else from the terminal, typed twice.
pub fn new_password(user: &str, from_stdin: bool) -> Result<String> {
    if from_stdin {
        return line("password");
    }
    need_terminal("there is no terminal to ask for a password: send it with --password-stdin")?;
    let ask =
        |prompt: String| rpassword::prompt_password(prompt).context("cannot read the password");
    let password = ask(format!("Password for `{user}`: "))?;
    let again = ask("The same again: ".to_owned())?;
    ensure!(password == again, "the two passwords differ");
    ensure!(!password.is_empty(), "no password was given");
    Ok(password)
}

/// Says what to do instead, where there is nobody to ask.
pub fn need_terminal(instead: &'static str) -> Result<()> {
    if std::io::stdin().is_terminal() { Ok(()) } else { Err(WrongUsage(instead).into()) }
}

/// Asks a question that is answered with yes or no.
pub fn confirm(question: &str) -> Result<bool> {
    let answer = answer(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Asks for exactly this word, where a yes is given too easily.
pub fn confirm_by(question: &str, word: &str) -> Result<bool> {
    Ok(answer(question)? == word)
}

fn answer(question: &str) -> Result<String> {
    let mut err = std::io::stderr().lock();
    write!(err, "{question}").and_then(|()| err.flush()).context("cannot ask")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    Ok(answer.trim().to_owned())
}
