//! How fast the log becomes views: at start, and beside readers; and how much memory they take.
//!
//! The store is opened in a child process each time, so that memory is what that store takes.

use std::collections::VecDeque;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use service::{Service, Settings};
use store::RealDisk;
use store::journal::{Identity, Journal, JournalError, Settings as JournalSettings, StoreId};
use store::open::JOURNAL;

use super::population::{self, FACTS_BESIDE_ATTRIBUTES, Population};
use super::table::{Row, Spread};
use super::{Plan, append, ground, usage};
use crate::driving::chance::Chance;
use crate::driving::scratch::Scratch;
use crate::driving::{clock, output};

/// What the child is called with; not for people.
pub const OPEN_WORD: &str = "open-in-child";
/// Facts of each person: a million people and sessions for ten million facts.
const FACTS_PER_PERSON: u64 = 10;
/// Each round opens a whole store: more rounds would say little more.
const ROUNDS_MAX: u32 = 5;
/// Rebuilds in one child.
const REBUILDS: usize = 3;
/// The swap comes last: what is read this shortly before the end may have waited for it.
const NEAR_END: Duration = Duration::from_millis(100);
/// Threads that read meanwhile.
const READERS: usize = 2;
/// Reads of a reader before it rests.
const BURST: usize = 32;
/// How long a reader, and the writer beside it, rests.
const REST: Duration = Duration::from_micros(500);

/// Measures.
pub fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let scratch = Scratch::new("fold")?;
    let data = scratch.path().join("data");
    ground::begin(&data)?;
    let people = (plan.facts / FACTS_PER_PERSON).max(1);
    output::complain(&format!("fold: {people} people settle, {FACTS_PER_PERSON} facts each"));
    let attributes = FACTS_PER_PERSON - FACTS_BESIDE_ATTRIBUTES;
    let store_id = population::settle(&data, Population { people, attributes, long: 0 })?;
    output::complain("fold: opened again and again");
    let mut raw = vec![scan(&data, store_id)?];
    let mut opened = Vec::new();
    for _ in 0..plan.rounds.min(ROUNDS_MAX) {
        opened.push(child(&data, people, false)?);
        raw.push(scan(&data, store_id)?);
    }
    output::complain("fold: rebuilt while it serves");
    let rebuilt = child(&data, people, true)?;
    Ok(rows(people, &raw, &opened, &rebuilt))
}

fn rows(people: u64, raw: &[f64], opened: &[Value], rebuilt: &Value) -> Vec<Row> {
    let numbers = |values: &[Value], name: &str| -> Vec<f64> {
        values.iter().filter_map(|value| value[name].as_f64()).collect()
    };
    let rebuilds = rebuilt["rebuilds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_rebuilds = |name: &str| Spread::of(numbers(rebuilds, name));
    let sum = |name: &str| numbers(rebuilds, name).iter().sum::<f64>();
    let memory = Spread::of(numbers(opened, "resident_mib"));
    let million = 1e6 / number(people);
    let said = format!(
        "{people} people, sessions and {FACTS_PER_PERSON} facts each; a million of them, if it grows \
         in proportion: {:.2} GiB",
        memory.median * million / 1_024.0
    );
    let peak = rebuilt["peak_mib"].as_f64().unwrap_or(f64::NAN);
    vec![
        Row::against(
            "fold at start",
            "facts/s",
            &numbers(opened, "facts_per_second"),
            ("the journal opened alone", raw),
            "at least 1,000,000/s",
        ),
        Row::alone(
            "rebuild while it serves",
            "facts/s",
            of_rebuilds("facts_per_second"),
            "at least 300,000/s",
        )
        .note(format!(
            "{READERS} readers, one writer; {:.0} reads, {:.0} failed, {:.0} differences",
            sum("reads"),
            sum("failed"),
            sum("differences")
        )),
        Row::alone("longest read in the last 100 ms", "ms", of_rebuilds("swap_ms"), "below 10 ms")
            .note("the swap falls there".to_owned()),
        Row::alone("longest write meanwhile", "ms", of_rebuilds("longest_write_ms"), ""),
        Row::alone("longest read meanwhile", "ms", of_rebuilds("longest_ms"), "").note(format!(
            "the longest of each rebuild, and how long before its end, in ms: {}",
            rebuilt["longest"]
        )),
        Row::alone("memory after the start", "MiB", memory, "1,536 MiB a million").note(said),
        Row::alone(
            "memory at most while it rebuilds",
            "MiB",
            Spread::of([peak]),
            "3,072 MiB a million",
        )
        .note(format!("a million, in proportion: {:.2} GiB", peak * million / 1_024.0)),
    ]
}

/// Facts per second that the bare journal is opened at: every frame and checksum, and the newest tree.
fn scan(data: &Path, store_id: [u8; 16]) -> Result<f64> {
    let whose = Identity { store: StoreId(store_id), epoch: 1 };
    let settings = JournalSettings::default();
    let began = clock::now();
    let (journal, _) = Journal::open(
        Arc::new(RealDisk),
        &data.join(JOURNAL),
        whose,
        settings,
        || None,
        |_| Ok::<(), JournalError>(()),
        |_| Ok(()),
    )?;
    let seconds = (clock::now() - began).as_secs_f64();
    Ok(number(journal.head().position) / seconds)
}

/// Opens the store in a child of this process; what it measured comes back.
fn child(data: &Path, people: u64, rebuild: bool) -> Result<Value> {
    let output = Command::new(std::env::current_exe()?)
        .args(["bench", OPEN_WORD])
        .arg(data)
        .arg(people.to_string())
        .arg(if rebuild { "rebuild" } else { "open" })
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the child that opens the store failed");
    serde_json::from_slice(&output.stdout).context("the child says what it measured")
}

/// The child: `DIR PEOPLE open|rebuild`.
pub fn open_in_child(args: &[&str]) -> Result<()> {
    let [data, people, what] = args else { anyhow::bail!("not for people") };
    let people: u64 = people.parse()?;
    let before = usage::resident()?;
    let (store, writer) = ground::open(Path::new(data), Arc::new(RealDisk))?;
    let opened = store.opened();
    let resident = usage::resident()?.saturating_sub(before);
    let mut told = json!({
        "facts_per_second": number(opened.facts) / (number(opened.took_us) / 1e6),
        "resident_mib": mib(resident),
    });
    if *what == "rebuild" {
        let service = Service::start(Arc::clone(&store), writer, Settings::default())?;
        usage::forget_peak()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let mut rebuilds = Vec::new();
        for _ in 0..REBUILDS {
            rebuilds.push(rebuild(&runtime, &service, people)?);
        }
        told["longest"] =
            rebuilds.iter().map(|told| told["longest_and_before_end_ms"].clone()).collect();
        told["rebuilds"] = rebuilds.into();
        told["peak_mib"] = mib(usage::peak()?).into();
        service.close();
    } else {
        drop(writer);
    }
    output::line(&told.to_string());
    Ok(())
}

/// One rebuild beside readers and a writer.
fn rebuild(runtime: &tokio::runtime::Runtime, service: &Service, people: u64) -> Result<Value> {
    let stop = AtomicBool::new(false);
    let facts = service.store().views().globals().position.0;
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS as u64)
            .map(|seed| {
                let stop = &stop;
                scope.spawn(move || read(service, people, seed, stop))
            })
            .collect();
        let writes = scope.spawn(|| write(runtime, service, people, &stop));
        let began = clock::now();
        let rebuilt = runtime.block_on(service.rebuild(ground::operator()));
        let ended = clock::now();
        let seconds = (ended - began).as_secs_f64();
        stop.store(true, Ordering::Release);
        let mut seen = Seen::default();
        for reader in readers {
            seen.and(reader.join().expect("a reader does not panic"));
        }
        let (writes, longest_write) = writes.join().expect("the writer does not panic")?;
        let tenths = |time: Duration| (time.as_secs_f64() * 1e4).round() / 10.0;
        let longest = seen.longest.iter();
        let longest: Vec<_> =
            longest.map(|(took, at)| (tenths(*took), tenths(ended - *at))).collect();
        Ok(json!({
            "facts_per_second": number(facts) / seconds,
            "reads": seen.reads,
            "failed": seen.failed,
            "writes": writes,
            "differences": rebuilt?.differences.len(),
            "longest_ms": longest.first().map(|(took, _)| took),
            "swap_ms": tenths(seen.longest_before(ended)),
            "longest_write_ms": tenths(longest_write),
            "longest_and_before_end_ms": longest,
        }))
    })
}

/// What a reader saw.
#[derive(Default)]
struct Seen {
    reads: u64,
    failed: u64,
    /// The longest reads, the longest of all first: how long each took, and when it began.
    longest: Vec<(Duration, Instant)>,
    /// The reads of the last moments, whatever they took.
    recent: VecDeque<(Duration, Instant)>,
}

impl Seen {
    fn note(&mut self, took: Duration, at: Instant) {
        self.reads += 1;
        self.longest.push((took, at));
        self.recent.push_back((took, at));
        while self.recent.front().is_some_and(|(_, front)| at - *front > NEAR_END * 2) {
            self.recent.pop_front();
        }
    }

    fn and(&mut self, other: Self) {
        self.reads += other.reads;
        self.failed += other.failed;
        self.longest.extend(other.longest);
        self.recent.extend(other.recent);
        self.keep_five();
    }

    fn keep_five(&mut self) {
        self.longest.sort_unstable_by(|a, b| b.cmp(a));
        self.longest.truncate(5);
    }

    /// The longest of the reads that began shortly before the end.
    fn longest_before(&self, end: Instant) -> Duration {
        let recent = self.recent.iter().filter(|(_, at)| *at + NEAR_END >= end);
        recent.map(|(took, _)| *took).max().unwrap_or_default()
    }
}

/// Reads sessions and users in bursts; every one of them is there, so anything else is a failure.
fn read(service: &Service, people: u64, chance: u64, stop: &AtomicBool) -> Seen {
    let mut chance = Chance::new(chance);
    let mut seen = Seen::default();
    let caller = ground::operator();
    while !stop.load(Ordering::Acquire) {
        for _ in 0..BURST {
            let person = chance.below(people);
            let token = population::token(person);
            let began = clock::now();
            let is_there = service.session_caller(&token, caller.clone()).is_ok()
                && service.user(population::id(person)).is_some();
            seen.note(clock::now() - began, began);
            seen.failed += u64::from(!is_there);
        }
        seen.keep_five();
        clock::pause(REST);
    }
    seen
}

/// Sets attributes, one after the other with rests between, so that there is something to catch up;
/// says how many, and how long the longest of them took.
fn write(
    runtime: &tokio::runtime::Runtime,
    service: &Service,
    people: u64,
    stop: &AtomicBool,
) -> Result<(u64, Duration)> {
    let mut chance = Chance::new(u64::MAX);
    let (mut writes, mut longest) = (0, Duration::ZERO);
    while !stop.load(Ordering::Acquire) {
        let user = population::id(chance.below(people));
        let began = clock::now();
        runtime.block_on(service.execute(ground::operator(), append::set(user, 1)))?;
        longest = longest.max(clock::now() - began);
        writes += 1;
        clock::pause(REST);
    }
    Ok((writes, longest))
}

fn mib(bytes: u64) -> f64 {
    number(bytes) / f64::from(1 << 20)
}

fn number(count: u64) -> f64 {
    output::number(usize::try_from(count).unwrap_or(usize::MAX))
}
