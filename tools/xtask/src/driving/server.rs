//! The real server, built for release, as a child process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::clock;

/// How long a start may take.
const START_TIME_MAX: Duration = Duration::from_mins(2);
/// How long a stop may take.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);

/// What the first start prints.
#[derive(Clone, Debug, Default)]
pub struct Printed {
    /// The super-user's password.
    pub password: String,
    /// The token for `/v1`.
    pub token: String,
}

/// A running server; dropping it kills it.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it printed, if this was the first start.
    pub printed: Option<Printed>,
}

/// Builds the binary for release and says where it is.
pub fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--package", "muster", "--bin", "muster"])
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "the server does not build");
    // This tool's own binary lies in target/PROFILE.
    let own = std::env::current_exe()?;
    let target = own.parent().and_then(Path::parent).context("cargo keeps binaries in target")?;
    Ok(target.join("release").join("muster"))
}

/// Begins to start a server over `data`, on a free port.
fn spawn(binary: &Path, data: &Path) -> Result<Child> {
    Command::new(binary)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .env("MUSTER_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the server")
}

impl Server {
    /// Starts a server over `data`, and waits until it is ready.
    pub fn start(binary: &Path, data: &Path) -> Result<Self> {
        let mut child = spawn(binary, data)?;
        let out = child.stdout.take().context("its output is piped")?;
        let (sender, ready) = mpsc::channel();
        std::thread::spawn(move || {
            let mut printed = Printed::default();
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let mut words = line.split_whitespace();
                match (words.next(), words.next()) {
                    (Some("password"), Some(password)) => {
                        password.clone_into(&mut printed.password);
                    }
                    (Some("token"), Some(token)) => token.clone_into(&mut printed.token),
                    (Some("listening"), Some("on")) => {
                        let address = words.next().and_then(|url| url.strip_prefix("http://"));
                        drop(sender.send((address.map(str::to_owned), printed.clone())));
                    }
                    _ => {}
                }
            }
        });
        let Ok((address, printed)) = ready.recv_timeout(START_TIME_MAX) else {
            drop(child.kill());
            bail!("the server did not become ready: {:?}", child.wait()?);
        };
        let address = address.context("the server says where it listens")?.parse()?;
        let printed = Some(printed).filter(|printed| !printed.token.is_empty());
        Ok(Self { child, address, printed })
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and waits for it.
    pub fn stop(mut self) -> Result<ExitStatus> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let until = clock::now() + STOP_TIME_MAX;
        while clock::now() < until {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            clock::pause(Duration::from_millis(10));
        }
        bail!("the server did not stop within {STOP_TIME_MAX:?}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
