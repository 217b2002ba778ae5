//! Servers that are started only to see how they start and end.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::cli;

/// A server that was told to start.
pub struct Starting {
    child: Child,
    out: Option<BufReader<ChildStdout>>,
    log: Option<std::thread::JoinHandle<String>>,
}

/// How a server ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    /// What it wrote to standard error.
    pub said: String,
}

impl Starting {
    /// Starts a server on a directory.
    pub fn on(data: &Path) -> Self {
        let mut command = Command::new(cli::binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        for variable in ["MUSTER_DATA", "MUSTER_LISTEN", "MUSTER_CONFIG"] {
            command.env_remove(variable);
        }
        command.env("MUSTER_LOG", "info").stdin(Stdio::null());
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = piped.expect("the binary can be run");
        let mut errors = child.stderr.take().expect("it is piped");
        let log = std::thread::spawn(move || {
            let mut said = String::new();
            errors.read_to_string(&mut said).map(|_| said).expect("the log is text")
        });
        let out = child.stdout.take().map(BufReader::new);
        Self { child, out, log: Some(log) }
    }

    /// Waits until it listens, or ends: then `false`.
    pub fn listens(&mut self) -> bool {
        let out = self.out.as_mut().expect("nobody waits twice");
        let says_so = |line: String| line.starts_with("listening on");
        out.by_ref().lines().map_while(Result::ok).any(says_so)
    }

    /// Kills it as a crash would.
    pub fn kill(mut self) {
        drop(self.child.kill());
        self.end();
    }

    /// Asks it to stop (SIGTERM), unless it ended already, and waits until it has.
    pub fn stop(self) -> Ended {
        // Whoever ended is not waited for yet, so its number is still its own.
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it is our child");
        self.end()
    }

    /// Waits until it ends by itself.
    pub fn end(mut self) -> Ended {
        drop(self.out.take());
        let status = self.child.wait().expect("it is our child");
        let log = self.log.take().expect("nobody waits twice");
        Ended {
            code: status.code().unwrap_or(-1),
            said: log.join().expect("the reader does not panic"),
        }
    }
}

/// Starts a server, stops it as soon as it listens, and says how it ended.
pub fn serve(data: &Path) -> Ended {
    let mut starting = Starting::on(data);
    if starting.listens() { starting.stop() } else { starting.end() }
}
