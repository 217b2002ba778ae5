//! The real server, as a process: started, killed, started again on the same directory.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::cli;
use crate::client::Client;
use crate::scratch::Scratch;

/// How long a start may take on a busy machine.
const START_TIME_MAX: Duration = Duration::from_mins(2);

/// What the first start printed: what to log in with.
#[derive(Clone, Debug, Default)]
pub struct FirstPrint {
    /// The super-user's name.
    pub username: String,
    /// The super-user's password.
    pub password: String,
    /// The management token.
    pub token: String,
}

/// A server over a directory of its own; both go on drop.
pub struct Server {
    scratch: Scratch,
    process: Option<Process>,
    first: FirstPrint,
    level: &'static str,
    /// Whether it is started with the configuration file beside its data.
    configured: bool,
    starts: u32,
    printed: Arc<Mutex<Vec<String>>>,
}

struct Process {
    child: Child,
    address: SocketAddr,
    reader: JoinHandle<()>,
    watchdog: Child,
}

impl Server {
    /// The first start on a fresh directory.
    pub fn start() -> Self {
        Self::start_logging("info")
    }

    /// The same, with `MUSTER_LOG` set to `level`.
    pub fn start_logging(level: &'static str) -> Self {
        let mut server = Self::new(level);
        server.begin();
        server
    }

    /// The first start, with this configuration file.
    pub fn start_configured(configuration: &str) -> Self {
        let mut server = Self::new("info");
        server.configure(configuration);
        server.begin();
        server
    }

    /// What it is configured with from its next start on.
    pub fn configure(&mut self, configuration: &str) {
        std::fs::write(self.configuration_path(), configuration).expect("a file can be written");
        self.configured = true;
    }

    /// The configuration file, if it was configured.
    pub fn configuration_path(&self) -> PathBuf {
        self.scratch.join("muster.toml")
    }

    fn new(level: &'static str) -> Self {
        Self {
            scratch: Scratch::new(),
            process: None,
            first: FirstPrint::default(),
            level,
            configured: false,
            starts: 0,
            printed: Arc::default(),
        }
    }

    fn begin(&mut self) {
        self.launch();
        let printed = self.printed();
        let value = |key: &str| {
            let value = printed.lines().find_map(|line| line.trim().strip_prefix(key));
            let log = || format!("{printed}\n{}", self.log());
            let value = value.unwrap_or_else(|| panic!("no {key}in the first print:\n{}", log()));
            value.trim().to_owned()
        };
        self.first = FirstPrint {
            username: value("super-user "),
            password: value("password "),
            token: value("token "),
        };
    }

    /// What the first start printed.
    pub fn first(&self) -> &FirstPrint {
        &self.first
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.scratch.join("data")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.process.as_ref().expect("it runs").address
    }

    /// A new client of it.
    pub fn client(&self) -> Client {
        Client::new(self.address())
    }

    /// Everything it wrote to standard output so far, in all its starts.
    pub fn printed(&self) -> String {
        self.printed.lock().expect("readers do not panic").concat()
    }

    /// Everything it wrote to standard error so far, in all its starts.
    pub fn log(&self) -> String {
        let read = |number| std::fs::read(self.log_path(number)).unwrap_or_default();
        (1..=self.starts).map(|number| cli::text(&read(number))).collect()
    }

    /// Starts it again on the same directory.
    pub fn restart(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        self.launch();
    }

    /// Kills it as a crash would: SIGKILL.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Sends SIGKILL and does not wait, for whoever cannot have the server to itself; `kill` follows.
    pub fn crash(&self) {
        self.process.as_ref().expect("it runs").signal(Signal::KILL);
    }

    /// The memory that its process holds now, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        let id = self.process.as_ref().expect("it runs").child.id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.expect("a size") * 1_024
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        let process = self.process.take().expect("it runs");
        process.signal(Signal::TERM);
        process.join()
    }

    /// Stops it, which must succeed, and starts it again.
    pub fn stop_and_restart(&mut self) {
        let status = self.stop();
        assert_eq!(status.code(), Some(0), "SIGTERM must end it with 0: {}", self.log());
        self.restart();
    }

    /// Runs another command of the binary on the same directory; it must succeed.
    #[track_caller]
    pub fn muster(&self, arguments: &[&str]) -> String {
        cli::succeed(&self.data(), arguments)
    }

    fn log_path(&self, number: u32) -> PathBuf {
        self.scratch.join(&format!("log-{number}"))
    }

    fn launch(&mut self) {
        self.starts += 1;
        let log = File::create(self.log_path(self.starts)).expect("a log can be written");
        let data = self.data();
        let mut command = Command::new(cli::binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
        for variable in ["MUSTER_DATA", "MUSTER_LISTEN", "MUSTER_CONFIG"] {
            command.env_remove(variable);
        }
        if self.configured {
            command.arg("--config").arg(self.configuration_path());
        }
        command.env("MUSTER_LOG", self.level).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("the binary can be run");
        let watchdog = watchdog(child.id(), self.scratch.path());
        let out = child.stdout.take().expect("it is piped");
        let (reader, ready) = read(out, Arc::clone(&self.printed));
        let address = match ready.recv_timeout(START_TIME_MAX) {
            Ok(address) => address,
            Err(error) => {
                drop(child.kill());
                drop(child.wait());
                let why = match error {
                    RecvTimeoutError::Timeout => "did not say where it listens in time",
                    RecvTimeoutError::Disconnected => "ended",
                };
                panic!("the server {why}:\n{}\n{}", self.printed(), self.log());
            }
        };
        self.process = Some(Process { child, address, reader, watchdog });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process has a number"), signal).expect("it runs");
    }

    fn kill(mut self) {
        drop(self.child.kill());
        self.join();
    }

    fn join(mut self) -> ExitStatus {
        let status = self.child.wait().expect("it is our child");
        // The number may belong to another process from now on.
        drop(self.watchdog.kill());
        drop(self.watchdog.wait());
        self.reader.join().expect("the reader does not panic");
        status
    }
}

/// Ends the server and removes its files when this test process ends, however it ends: a server in a
/// `static` is never dropped.
fn watchdog(server: u32, scratch: &Path) -> Child {
    const WATCH: &str = "cat >/dev/null; kill -9 \"$1\"; sleep 0.2; rm -rf \"$2\"";
    Command::new("sh")
        .args(["-c", WATCH, "watchdog"])
        .arg(server.to_string())
        .arg(scratch)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("there is a shell")
}

/// Keeps what is printed, and tells when it says where it listens.
fn read(out: ChildStdout, keep: Arc<Mutex<Vec<String>>>) -> (JoinHandle<()>, Receiver<SocketAddr>) {
    let (ready, wait) = channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let address = line.strip_prefix("listening on http://");
            let address = address.and_then(|address| address.parse().ok());
            keep.lock().expect("nobody panics while holding it").push(line + "\n");
            if let Some(address) = address {
                ready.send(address).ok();
            }
        }
    });
    (reader, wait)
}
