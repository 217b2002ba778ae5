//! `kill -9` under load, again and again: what was acknowledged is there after every restart.
//!
//! Each client remembers what it was promised. After a restart the log is read as an auditor would:
//! positions have no gap, each promise stands at the position it was given, and the attributes are
//! what was promised last, or what was under way when the server died.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::driving::chance::Chance;
use crate::driving::client::Client;
use crate::driving::options::Options;
use crate::driving::scratch::Scratch;
use crate::driving::server::{self, Printed, Server};
use crate::driving::zato::{self, Person};
use crate::driving::{clock, output};

/// Connections that write.
const CLIENTS: u64 = 8;
/// Attributes of each, written in turn.
const KEYS: u64 = 20;
/// The load lasts at most so long before the kill, in milliseconds.
const LOAD_MS_MAX: u64 = 600;
/// In every so many rounds another start is killed before it is ready.
const EARLY_KILL_EVERY: u64 = 4;
/// Such a start lives at most so long, in milliseconds.
const EARLY_MS_MAX: u64 = 60;
/// The whole run begins no round after so many seconds.
const RUN_SECS_MAX: u64 = 500;
/// Facts in an answer of `/v1/events`.
const PAGE_LEN: u64 = 1_000;

/// A write that was acknowledged.
struct Promise {
    position: u64,
    name: String,
    value: u64,
}

/// What one client knows.
struct Memory {
    person: Person,
    next: u64,
    /// The last promise for each attribute.
    last: HashMap<String, u64>,
    /// What was asked and not answered.
    open: Option<(String, u64)>,
    /// The promises since the last check.
    promises: Vec<Promise>,
}

/// What a round showed.
#[derive(Default)]
struct Found {
    facts: u64,
    gaps: u64,
    lost: Vec<String>,
    open_done: u64,
}

/// `cargo xtask kill-rounds [--rounds 30] [--seed N]`
///
/// # Errors
/// A promise that was not kept, and whatever else goes wrong.
pub fn run(args: &[String]) -> Result<()> {
    let mut options = Options::new(args);
    let rounds: u64 = options.value("--rounds", 30)?;
    let seed: u64 = options.value("--seed", clock::seed())?;
    ensure!(options.rest()?.is_empty(), "takes --rounds and --seed");
    let scratch = Scratch::new("kill-rounds")?;
    let binary = server::build()?;
    output::line(&format!("seed {seed}"));
    let result = Run::begin(binary, scratch.path(), seed).and_then(|run| run.rounds(rounds));
    drop(scratch);
    result
}

struct Run {
    binary: PathBuf,
    data: PathBuf,
    chance: Chance,
    printed: Printed,
    memories: Vec<Memory>,
    server: Option<Server>,
    checked: u64,
}

impl Run {
    /// Makes a store and the people who write.
    fn begin(binary: PathBuf, data: &Path, seed: u64) -> Result<Self> {
        let server = Server::start(&binary, data)?;
        let printed = server.printed.clone().context("a first start prints how to log in")?;
        let mut client = Client::connect(server.address)?;
        let admin = zato::login(&mut client, "admin", &printed.password)?;
        let mut memories = Vec::new();
        for n in 0..CLIENTS {
            let person = zato::person(&mut client, &admin, &printed.token, &format!("writer{n}"))?;
            let (last, promises) = (HashMap::new(), Vec::new());
            memories.push(Memory { person, next: 1, last, open: None, promises });
        }
        let (data, chance) = (data.to_owned(), Chance::new(seed));
        Ok(Self { binary, data, chance, printed, memories, server: Some(server), checked: 0 })
    }

    fn rounds(mut self, rounds: u64) -> Result<()> {
        output::line(
            "| round | killed after | acknowledged | lost | in flight, done | facts | gaps | \
             verify | ready after | checked in |\n|--:|--:|--:|--:|--:|--:|--:|---|--:|--:|",
        );
        let began = clock::now();
        let (mut acknowledged, mut lost, mut bad) = (0, 0, 0);
        let mut done = 0;
        for round in 1..=rounds {
            if (clock::now() - began).as_secs() > RUN_SECS_MAX {
                output::complain(&format!("{RUN_SECS_MAX} s are over: {done} rounds were done"));
                break;
            }
            let (promised, found, verified) = self.round(round)?;
            acknowledged += promised;
            lost += found.lost.len();
            bad += found.gaps + u64::from(!verified);
            found.lost.iter().for_each(|what| output::complain(&format!("lost: {what}")));
            done = round;
        }
        let server = self.server.take().context("the last round left a server")?;
        ensure!(server.stop()?.success(), "the server did not stop cleanly");
        let verified = self.verify()?;
        output::line(&format!(
            "{done} rounds: {acknowledged} acknowledged writes, {lost} lost; verified offline: \
             {verified}"
        ));
        ensure!(lost == 0, "{lost} acknowledged writes were lost");
        ensure!(bad == 0 && verified, "gaps, or findings of verify, see above");
        ensure!(done == rounds, "only {done} of {rounds} rounds were done");
        Ok(())
    }

    /// Load, kill, restart, check. Says how much was acknowledged, what was found, and what `verify`
    /// answered.
    fn round(&mut self, round: u64) -> Result<(u64, Found, bool)> {
        let load = Duration::from_millis(1 + self.chance.below(LOAD_MS_MAX));
        let server = self.server.take().context("the round before left a server")?;
        self.load(server, load)?;
        if round.is_multiple_of(EARLY_KILL_EVERY) {
            let mut child = server::spawn(&self.binary, &self.data)?;
            clock::pause(Duration::from_millis(self.chance.below(EARLY_MS_MAX)));
            child.kill()?;
            child.wait()?;
        }
        let server = Server::start(&self.binary, &self.data)?;
        ensure!(server.printed.is_none(), "a restart took the store for a new one");
        let promised = self.memories.iter().map(|memory| memory.promises.len() as u64).sum();
        let began = clock::now();
        let found = self.check(&server)?;
        let checked_in = clock::now() - began;
        let ready_after = server.ready_after;
        self.server = Some(server);
        let verified = self.verify()?;
        output::line(&format!(
            "| {round} | {} ms | {promised} | {} | {} | {} | {} | {} | {} ms | {} ms |",
            load.as_millis(),
            found.lost.len(),
            found.open_done,
            found.facts,
            found.gaps,
            if verified { "ok" } else { "FINDINGS" },
            ready_after.as_millis(),
            checked_in.as_millis(),
        ));
        Ok((promised, found, verified))
    }

    /// Lets all clients write until the server is killed under them.
    fn load(&mut self, server: Server, time: Duration) -> Result<()> {
        let address = server.address;
        let (failed, failure) = mpsc::channel();
        std::thread::scope(|scope| {
            for memory in &mut self.memories {
                let failed = failed.clone();
                scope.spawn(move || {
                    // Whoever cannot connect came after the kill.
                    if let Ok(mut client) = Client::connect(address) {
                        memory.write_until_broken(&mut client, &failed);
                    }
                });
            }
            let early = failure.recv_timeout(time);
            server.kill()?;
            match early {
                Ok(why) => bail!("a write was refused under load: {why}"),
                Err(_) => Ok(()),
            }
        })
    }

    /// Compares the log and the attributes with what was promised.
    fn check(&mut self, server: &Server) -> Result<Found> {
        let mut client = Client::connect(server.address)?;
        let mut found = Found::default();
        let events = self.events(&mut client, &mut found)?;
        for memory in &mut self.memories {
            for promise in memory.promises.drain(..) {
                let Promise { position, name, value } = &promise;
                let event = events.get(position);
                if !event.is_some_and(|event| tells(event, *value)) {
                    let event = event.map_or("nothing".to_owned(), Value::to_string);
                    found.lost.push(format!("{name} = {value} at {position}, there is {event}"));
                }
            }
            memory.check_attributes(&mut client, &mut found)?;
        }
        Ok(found)
    }

    /// The facts since the last check, by position.
    fn events(&mut self, client: &mut Client, found: &mut Found) -> Result<HashMap<u64, Value>> {
        let mut events = HashMap::new();
        let mut after = self.checked;
        loop {
            let path = format!("/v1/events?after={after}&limit={PAGE_LEN}");
            let mut answer = client.ask(("GET", &path), Some(&self.printed.token), None)?;
            ensure!(answer.status == 200, "{path} answered {} {}", answer.status, answer.body);
            let items = std::mem::take(answer.body["items"].as_array_mut().context("a page")?);
            for event in items {
                let position = event["position"].as_u64().context("an event has a position")?;
                found.gaps += u64::from(position != after + 1);
                after = position;
                events.insert(position, event);
            }
            if answer.body["next"].is_null() {
                break;
            }
        }
        found.facts = after;
        self.checked = after;
        Ok(events)
    }

    /// What `muster verify` says, through the server or, where none runs, of the directory itself.
    fn verify(&self) -> Result<bool> {
        let verified =
            Command::new(&self.binary).args(["verify", "--data"]).arg(&self.data).output()?;
        if !verified.status.success() {
            let text = String::from_utf8_lossy(&verified.stderr);
            output::complain(&format!("verify: {} {text}", verified.status));
        }
        Ok(verified.status.success())
    }
}

impl Memory {
    fn write_until_broken(&mut self, client: &mut Client, failed: &mpsc::Sender<String>) {
        loop {
            let value = self.next;
            self.next += 1;
            let name = format!("key{}", value % KEYS);
            self.open = Some((name.clone(), value));
            match zato::put(client, &self.person.ust, &name, value) {
                Ok(position) => {
                    self.open = None;
                    self.last.insert(name.clone(), value);
                    self.promises.push(Promise { position, name, value });
                }
                Err(error) => {
                    // A connection that breaks is the kill; an answer that refuses is not.
                    if error.downcast_ref::<std::io::Error>().is_none() {
                        drop(failed.send(error.to_string()));
                    }
                    return;
                }
            }
        }
    }

    fn check_attributes(&mut self, client: &mut Client, found: &mut Found) -> Result<()> {
        let open = self.open.take();
        for n in 0..KEYS {
            let name = format!("key{n}");
            let is = zato::get(client, &self.person.ust, &name)?;
            let promised = self.last.get(&name).copied();
            match &open {
                Some((key, value)) if *key == name && is == *value => {
                    found.open_done += 1;
                    self.last.insert(name, *value);
                }
                _ if is.as_u64() == promised => {}
                _ => found.lost.push(format!(
                    "{} {name}: promised {promised:?}, there is {is}",
                    self.person.username
                )),
            }
        }
        Ok(())
    }
}

/// Whether an event sets an attribute to this value.
fn tells(event: &Value, value: u64) -> bool {
    let changes = event["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    event["event"] == "user.attribute_set" && changes.iter().any(|change| change["new"] == value)
}
