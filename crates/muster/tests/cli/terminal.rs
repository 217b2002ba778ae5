//! Questions that are asked at a terminal: what is typed as a password is not shown.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::{Scratch, command, err, init, on, on_with, out};

/// A command that runs at a terminal of its own.
struct Terminal {
    /// Our end of it.
    ours: File,
    child: Child,
    shown: String,
}

impl Terminal {
    fn run(scratch: &Scratch, arguments: &[&str]) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("it is ours");
        let path = ptsname(&ours, Vec::new()).expect("it has a name");
        let theirs = File::options().read(true).write(true).open(path.to_str().expect("text"));
        let theirs = theirs.expect("its other end");
        let copy = || Stdio::from(theirs.try_clone().expect("one more"));
        let muster = command();
        // What reads passwords opens /dev/tty, so it needs one that is its own.
        let mut at_terminal = Command::new("setsid");
        at_terminal.args(["--ctty", "--wait"]).arg(muster.get_program()).args(arguments);
        at_terminal.arg("--data").arg(scratch.data()).env_remove("MUSTER_DATA");
        let child = at_terminal.stdin(copy()).stdout(copy()).stderr(copy()).spawn();
        let child = child.expect("setsid of util-linux is there");
        Self { ours: ours.into(), child, shown: String::new() }
    }

    /// Waits until it asks this, and types an answer; a hidden one not before it would not show.
    fn answer(&mut self, question: &str, typed: &str, hidden: bool) {
        let mut byte = [0];
        while !self.shown.ends_with(question) {
            assert_eq!(self.ours.read(&mut byte).unwrap_or(0), 1, "it ended: {}", self.shown);
            self.shown.push(char::from(byte[0]));
        }
        let echoes = || {
            let modes = tcgetattr(&self.ours).expect("it is a terminal").local_modes;
            modes.contains(LocalModes::ECHO)
        };
        while hidden && echoes() {
            std::thread::yield_now();
        }
        self.ours.write_all(typed.as_bytes()).expect("it reads");
    }

    /// Everything that was shown, when it ended with this code.
    #[track_caller]
    fn end(mut self, code: i32) -> String {
        // The read fails when nobody holds the other end any more.
        let mut rest = Vec::new();
        drop(self.ours.read_to_end(&mut rest));
        self.shown.push_str(&String::from_utf8_lossy(&rest));
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(code), "{}", self.shown);
        self.shown.replace('\r', "")
    }
}

fn store(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    init(&scratch.data(), "admin", "correct horse battery");
    scratch
}

#[test]
fn a_password_is_asked_for_twice_and_not_shown() {
    let scratch = store("asked");
    for (arguments, said) in [
        (["user", "create", "ada"], "Created user `ada`"),
        (["user", "change-password", "ada"], "Changed password for user `ada`"),
        (["user", "create-super-user", "grace"], "Created super-user `grace`"),
    ] {
        let mut terminal = Terminal::run(&scratch, &arguments);
        let name = arguments[2];
        terminal.answer(&format!("Password for `{name}`: "), "violet horse\n", true);
        terminal.answer("The same again: ", "violet horse\n", true);
        let shown = terminal.end(0);
        assert!(shown.contains(said) && !shown.contains("violet"), "{shown}");
    }
}

#[test]
fn two_passwords_that_differ_are_refused() {
    let scratch = store("differ");
    let mut terminal = Terminal::run(&scratch, &["user", "create", "ada"]);
    terminal.answer("Password for `ada`: ", "violet horse\n", true);
    terminal.answer("The same again: ", "violet house\n", true);
    let shown = terminal.end(1);
    assert!(shown.contains("the two passwords differ") && !shown.contains("violet"), "{shown}");
    err(&on(&scratch.data(), &["user", "show", "ada"]), 1);
}

#[test]
fn whether_to_delete_is_asked() {
    let scratch = store("sure");
    let create = ["user", "create", "ada", "--password-stdin"];
    out(&on_with(&scratch.data(), &create, "correct horse"), 0);
    for (typed, kept) in [("n\n", true), ("\n", true), ("nonsense\n", true), ("y\n", false)] {
        let mut terminal = Terminal::run(&scratch, &["user", "delete", "ada"]);
        terminal.answer("Delete user? `ada` [y/N] ", typed, false);
        let shown = terminal.end(0);
        let said = if kept { "User `ada` kept intact" } else { "Deleted user `ada`" };
        assert!(shown.contains(said), "{typed:?}: {shown}");
        let code = i32::from(!kept);
        let shown = on(&scratch.data(), &["user", "show", "ada"]);
        assert_eq!(shown.status.code(), Some(code), "{typed:?}");
    }
    // Who is not there is not asked about.
    let shown = Terminal::run(&scratch, &["user", "delete", "ada"]).end(1);
    assert!(shown.contains("No such user `ada`") && !shown.contains("Delete"), "{shown}");
}

#[test]
fn whoever_is_to_be_erased_is_named_again() {
    let scratch = store("erase");
    let create = ["user", "create", "ada", "--password-stdin"];
    out(&on_with(&scratch.data(), &create, "correct horse"), 0);
    for (typed, kept) in [("y\n", true), ("\n", true), ("adam\n", true), ("ada\n", false)] {
        let mut terminal = Terminal::run(&scratch, &["erase", "ada"]);
        terminal.answer("Type the user's name to erase it: ", typed, false);
        let shown = terminal.end(0);
        assert!(shown.contains("cannot be undone") && shown.contains("Stays: "), "{shown}");
        let said = if kept { "User `ada` kept intact" } else { "Erased user " };
        assert!(shown.contains(said), "{typed:?}: {shown}");
        let code = i32::from(!kept);
        let shown = on(&scratch.data(), &["user", "show", "ada"]);
        assert_eq!(shown.status.code(), Some(code), "{typed:?}");
    }
}
