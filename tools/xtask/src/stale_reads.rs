//! Reads right after writes, over HTTP, to the real server: none may answer with what was before.
//!
//! One user a connection puts an attribute and reads it back over *another* connection; now and then
//! the super-user locks it, and its session must be invalid at once, unlocks it, and it must be valid.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};

use crate::driving::client::Client;
use crate::driving::options::Options;
use crate::driving::scratch::Scratch;
use crate::driving::server::{self, Server};
use crate::driving::zato::{self, Person};
use crate::driving::{clock, output};

/// Every so many pairs, a lock and an unlock take the place of two attributes.
const LOCK_EVERY: u64 = 10;
/// Connections to set people up with.
const BIRTHS_AT_ONCE: usize = 4;
/// How long the whole run may take before it gives up.
const RUN_SECS_MAX: u64 = 540;

#[derive(Default)]
struct Counters {
    begun: AtomicU64,
    attributes: AtomicU64,
    locks: AtomicU64,
    stale: AtomicU64,
}

/// `cargo xtask stale-reads [--pairs 100000] [--connections 64]`
///
/// # Errors
/// A stale read, and whatever else goes wrong.
pub fn run(args: &[String]) -> Result<()> {
    let mut options = Options::new(args);
    let pairs: u64 = options.value("--pairs", 100_000)?;
    let connections: usize = options.value("--connections", 64)?;
    ensure!(options.rest()?.is_empty() && connections > 0, "takes --pairs and --connections");
    let scratch = Scratch::new("stale-reads")?;
    let binary = server::build()?;
    let result = drive(&binary, scratch.path(), pairs, connections);
    drop(scratch);
    result
}

fn drive(binary: &Path, data: &Path, pairs: u64, connections: usize) -> Result<()> {
    let server = Server::start(binary, data)?;
    let printed = server.printed.clone().context("a first start prints how to log in")?;
    let admin = zato::login(&mut Client::connect(server.address)?, "admin", &printed.password)?;
    let people = people(&server, &admin, &printed.token, connections)?;
    output::complain(&format!("{connections} people are signed in; {pairs} pairs begin"));
    let counters = Counters::default();
    let began = clock::now();
    std::thread::scope(|scope| {
        let load = people.iter().map(|person| {
            let (server, admin, counters) = (&server, &admin, &counters);
            scope.spawn(move || pairs_of(server, admin, person, pairs, counters))
        });
        let load: Vec<_> = load.collect();
        load.into_iter().try_for_each(|thread| thread.join().expect("no thread of the load panics"))
    })?;
    let seconds = (clock::now() - began).as_secs_f64();
    server.stop()?;
    let [attributes, locks, stale] = [&counters.attributes, &counters.locks, &counters.stale]
        .map(|counter| counter.load(Ordering::Relaxed));
    let done = attributes + locks;
    output::line(&format!(
        "{done} pairs ({attributes} attributes, {locks} locks and unlocks) over {connections} \
         connections in {seconds:.1} s: {:.0} pairs/s, {stale} stale",
        output::number(usize::try_from(done)?) / seconds
    ));
    ensure!(done >= pairs, "only {done} of {pairs} pairs were done in {RUN_SECS_MAX} s");
    ensure!(stale == 0, "{stale} reads were stale");
    Ok(())
}

/// Signs up as many people as there are connections.
fn people(server: &Server, admin: &str, token: &str, count: usize) -> Result<Vec<Person>> {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let births: Vec<_> = (0..BIRTHS_AT_ONCE)
            .map(|_| {
                scope.spawn(|| -> Result<Vec<Person>> {
                    let mut client = Client::connect(server.address)?;
                    let mut born = Vec::new();
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= count as u64 {
                            return Ok(born);
                        }
                        born.push(zato::person(&mut client, admin, token, &format!("reader{n}"))?);
                    }
                })
            })
            .collect();
        let mut people = Vec::new();
        for thread in births {
            people.extend(thread.join().expect("no thread that signs people up panics")?);
        }
        Ok(people)
    })
}

fn pairs_of(
    server: &Server,
    admin: &str,
    person: &Person,
    pairs: u64,
    counters: &Counters,
) -> Result<()> {
    let mut writer = Client::connect(server.address)?;
    let mut reader = Client::connect(server.address)?;
    let began = clock::now();
    loop {
        let n = counters.begun.fetch_add(1, Ordering::Relaxed);
        if n >= pairs || (clock::now() - began).as_secs() > RUN_SECS_MAX {
            return Ok(());
        }
        if n.is_multiple_of(LOCK_EVERY) {
            for locked in [true, false] {
                zato::set_locked(&mut writer, admin, &person.id, locked)?;
                let valid = zato::is_valid(&mut reader, admin, &person.ust)?;
                judge(valid != locked, counters, &counters.locks, || {
                    format!("{}: locked {locked}, session valid {valid}", person.username)
                });
            }
        } else {
            zato::put(&mut writer, &person.ust, "pair", n)?;
            let read = zato::get(&mut reader, &person.ust, "pair")?;
            judge(read == n, counters, &counters.attributes, || {
                format!("{}: wrote {n}, read {read}", person.username)
            });
        }
    }
}

fn judge(is_fresh: bool, counters: &Counters, kind: &AtomicU64, what: impl Fn() -> String) {
    kind.fetch_add(1, Ordering::Relaxed);
    if !is_fresh {
        counters.stale.fetch_add(1, Ordering::Relaxed);
        output::complain(&format!("stale: {}", what()));
    }
}
