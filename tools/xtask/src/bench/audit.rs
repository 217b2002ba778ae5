//! What auditors ask, of a store of a size: pages of a history and states of the past, of one user with a
//! very long history and of anybody; an export; a checkpoint. Asked of the real server over HTTP, as they would,
//! and through the command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use service::Settings;
use service::first_start::first_start;
use service::passwords::Secret;

use super::Plan;
use super::ground::{ADMIN, PASSWORD};
use super::population::{self, Population};
use super::raw::{Timed, nanos};
use super::table::{Row, Spread};
use super::usage;
use crate::driving::chance::Chance;
use crate::driving::client::Client;
use crate::driving::output::{self, number};
use crate::driving::scratch::Scratch;
use crate::driving::server::{self, Server};
use crate::driving::{clock, zato};

/// Facts of each person; with 10 M facts that makes 100,000 people.
const FACTS_EACH: u64 = 100;
/// Of so many facts one is about the user with the long history: of 10 M facts 50,000.
const LONG_SHARE: u64 = 200;
/// Facts on a page.
const PAGE: u64 = 100;
/// Facts of an export.
const EXPORTED: u64 = 1_000_000;
/// Checkpoints asked for, each after a write.
const CHECKPOINTS: u64 = 200;

/// The server, and what is asked of it.
struct Stand {
    server: Server,
    client: Client,
    binary: PathBuf,
    scratch: Scratch,
    token: String,
    people: u64,
    last: u64,
}

/// Measures.
pub fn measure(plan: &Plan) -> Result<Vec<Row>> {
    output::complain("audit");
    let mut stand = Stand::raise(plan.facts)?;
    let mut rows = Vec::new();
    let after_start = stand.resident()?;
    for (whose, is_long) in [("a user with a long history", true), ("random users", false)] {
        let page = stand.timed(plan.time, is_long, Stand::page)?;
        rows.push(p99(&format!("a page of {PAGE} facts of {whose}"), &page, "p99 at most 10 ms"));
        let state = stand.timed(plan.time, is_long, Stand::as_of)?;
        rows.push(p99(
            &format!("the state as of a position, of {whose}"),
            &state,
            "p99 at most 20 ms",
        ));
    }
    let after_reads = stand.resident()?;
    rows.extend(stand.checkpoints()?);
    rows.push(stand.proof()?);
    rows.extend(stand.export()?);
    let after_export = stand.resident()?;
    let memory = [
        ("after the start", after_start),
        ("after the reads", after_reads),
        ("after the export", after_export),
    ];
    rows.extend(memory.map(|(when, bytes)| {
        let value = Spread::of([number(usize::try_from(bytes >> 20).unwrap_or(usize::MAX))]);
        Row::alone(
            &format!("resident memory of the server, sled's included, {when}"),
            "MiB",
            value,
            "",
        )
    }));
    Ok(rows)
}

fn p99(figure: &str, timed: &Timed, goal: &'static str) -> Row {
    let row = Row::alone(figure, "ms (p99)", Spread::of([timed.p99_us / 1e3]), goal);
    row.note(format!("p50 {:.2} ms, {:.0}/s", timed.p50_us / 1e3, timed.per_second))
}

impl Stand {
    fn raise(facts: u64) -> Result<Self> {
        let scratch = Scratch::new("audit")?;
        let data = scratch.path().join("data");
        let options = store::Options::new(&data, &clock::sources());
        let password = Some(Secret::from(PASSWORD.to_owned()));
        let mut token = String::new();
        first_start(&options, &Settings::default(), (ADMIN, password), |first| {
            first.token.as_str().clone_into(&mut token);
            Ok(())
        })?;
        let long = facts / LONG_SHARE;
        let people = ((facts - long) / FACTS_EACH).max(1);
        let attributes = FACTS_EACH - population::FACTS_BESIDE_ATTRIBUTES;
        let began = clock::now();
        population::settle(&data, Population { people, attributes, long })?;
        output::complain(&format!("{facts} facts written in {:.0} s", seconds(began)));
        let binary = server::build()?;
        let began = clock::now();
        let server = Server::start(&binary, &data)?;
        output::complain(&format!("ready after {:.1} s", seconds(began)));
        let client = Client::connect(server.address)?;
        let mut stand = Self { server, client, binary, scratch, token, people, last: 0 };
        stand.last = stand.get("/v1/projections")?["position"].as_u64().context("a position")?;
        Ok(stand)
    }

    fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    fn get(&mut self, path: &str) -> Result<Value> {
        let answer = self.client.ask(("GET", path), Some(&self.token), None)?;
        ensure!(answer.status == 200, "{path} answered {} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    /// Asks again and again for so long.
    fn timed(
        &mut self,
        time: Duration,
        is_long: bool,
        ask: fn(&mut Self, u64, &mut Chance) -> Result<()>,
    ) -> Result<Timed> {
        let mut chance = Chance::new(7);
        let (began, mut taken) = (clock::now(), Vec::new());
        while clock::now() - began < time {
            let person = if is_long { 0 } else { 1 + chance.below(self.people - 1) };
            let before = clock::now();
            ask(self, person, &mut chance)?;
            taken.push(nanos(clock::now() - before));
        }
        Ok(Timed::of(taken, clock::now() - began, 1.0))
    }

    fn page(&mut self, person: u64, chance: &mut Chance) -> Result<()> {
        let (id, after) = (population::id(person), chance.below(self.last));
        let page = self.get(&format!("/v1/users/{id}/history?limit={PAGE}&after={after}"))?;
        ensure!(page["items"].is_array(), "a page is a list: {page}");
        Ok(())
    }

    /// After the births, which come first.
    fn as_of(&mut self, person: u64, chance: &mut Chance) -> Result<()> {
        let born = self.people + 100;
        let (id, at) = (population::id(person), born + chance.below(self.last - born));
        let user = self.get(&format!("/v1/users/{id}?as_of={at}"))?;
        ensure!(user["id"] == id.to_string(), "not who was asked for: {user}");
        Ok(())
    }

    /// How long after a commit was acknowledged a checkpoint of it is in hand, and what asking costs.
    fn checkpoints(&mut self) -> Result<Vec<Row>> {
        let login = zato::login_body(ADMIN, PASSWORD);
        let opened = self.client.ask(zato::LOGIN, None, Some(&login))?;
        let session = opened.body["ust"].as_str().context("a session")?.to_owned();
        let mut taken = Vec::new();
        let began = clock::now();
        for n in 0..CHECKPOINTS {
            let body = zato::put_body(&session, "visits", n);
            let written = self.client.ask(zato::PUT, None, Some(&body))?.position;
            let written = written.context("a write has a position")?;
            let before = clock::now();
            let note = self.client.text(("GET", "/v1/log/checkpoint"), Some(&self.token))?;
            taken.push(nanos(clock::now() - before));
            let size = note.lines().nth(1).and_then(|line| line.parse::<u64>().ok());
            ensure!(size >= Some(written), "{written} is not signed: {note}");
        }
        let timed = Timed::of(taken, clock::now() - began, 1.0);
        Ok(vec![p99(
            "a signed checkpoint of a commit, after its answer",
            &timed,
            "at most 1,000 ms",
        )])
    }

    /// The first proof after a start, which has the tree to build.
    fn proof(&mut self) -> Result<Row> {
        let before = clock::now();
        self.get(&format!("/v1/log/proof/inclusion?position={}", self.last / 2))?;
        let first = seconds(before) * 1e3;
        let proven = self.timed(Duration::from_secs(2), false, |stand, _, chance| {
            let position = 1 + chance.below(stand.last);
            stand.get(&format!("/v1/log/proof/inclusion?position={position}")).map(drop)
        })?;
        let row = p99("an inclusion proof", &proven, "");
        let note = format!("{}; the first after a start {first:.0} ms", row.note);
        Ok(row.note(note))
    }

    /// An export through the command line while the server serves, and its verification without it.
    fn export(&mut self) -> Result<Vec<Row>> {
        let file = self.scratch.path().join("export.jsonl");
        let exported = EXPORTED.min(self.last);
        let to = exported.to_string();
        let began = clock::now();
        self.muster(&[
            "export",
            "--format",
            "jsonl",
            "--to",
            &to,
            "--out",
            text(&file)?,
            "--data",
            text(&self.data())?,
        ])?;
        let took = seconds(began);
        let bytes = std::fs::metadata(&file)?.len();
        let key = self.client.text(("GET", "/v1/log/key"), None)?;
        let before = clock::now();
        self.muster(&["verify", "--export", text(&file)?, "--key", key.trim()])?;
        let checked = seconds(before);
        let facts = number(usize::try_from(exported)?);
        let note = format!("{exported} facts, {} MiB", bytes >> 20);
        let exporting = Row::alone(
            "an export as JSON Lines, per million facts",
            "s",
            Spread::of([took / facts * 1e6]),
            "at most 10 s",
        );
        let checking = Row::alone(
            "its verification offline, per million facts",
            "s",
            Spread::of([checked / facts * 1e6]),
            "",
        );
        Ok(vec![exporting.note(note), checking])
    }

    fn muster(&self, args: &[&str]) -> Result<()> {
        let mut command = Command::new(&self.binary);
        let done = command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        ensure!(done.success(), "muster {} ended with {done}", args.join(" "));
        Ok(())
    }

    fn resident(&self) -> Result<u64> {
        usage::resident_of(self.server.id())
    }
}

fn seconds(since: std::time::Instant) -> f64 {
    (clock::now() - since).as_secs_f64()
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is text")
}
