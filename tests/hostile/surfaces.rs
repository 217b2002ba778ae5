//! Seeded nonsense to every route of every surface: bodies, query strings, headers, methods. Meanwhile
//! the server is killed; what it acknowledged until then has to be there when it is back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;

use muster_tests::audit::Audit;
use muster_tests::client::{Answer, try_send_through};
use muster_tests::operations::routed;
use muster_tests::random::Random;
use muster_tests::server::Server;
use muster_tests::zato::{USER, Zato};
use serde_json::{Value, json};

use crate::nonsense::{Request, Targets};

/// How many lives of a server `cargo test` tries; the variable asks for more.
const SEEDS: u64 = 4;
const SEEDS_VARIABLE: &str = "MUSTER_HOSTILE_SEEDS";
const FIRST_SEED_VARIABLE: &str = "MUSTER_FIRST_SEED";
/// How many clients send at once, and how many requests the first of them sends before the kill.
const CLIENTS: u64 = 3;
const REQUESTS: u64 = 500;

/// Chance that everybody gets to guess: what is tried here is not who may.
const CONFIGURATION: &str = "\
zato.apps.all = [\"CRM\", \"ERP\"]
zato.apps.login_metadata_allowed = [\"CRM\"]
zato.http.trusted_proxies = [\"127.0.0.1\"]
zato.login.max_failures_per_minute = 1000000
limits.failures_per_address_per_minute = 1000000
limits.failures_per_minute = 1000000

[[zato.basic_auth]]
name = \"pubapi\"
username = \"pubapi\"
password = \"a secret\"

[[zato.jwt]]
name = \"partner\"
username = \"partner\"
secret = \"a secret of the partner's, long enough\"
";

/// What a client saw.
#[derive(Default)]
struct Seen {
    /// Positions that were handed out with answers.
    positions: BTreeSet<u64>,
    /// How many requests were answered with which status.
    statuses: BTreeMap<u16, u64>,
}

#[test]
fn nonsense_to_every_route_breaks_and_loses_nothing() {
    let number = |variable: &str, default| {
        let set = std::env::var(variable).ok();
        set.map_or(default, |set| set.parse().expect("a number of seeds"))
    };
    let first = number(FIRST_SEED_VARIABLE, 1);
    for seed in first..first + number(SEEDS_VARIABLE, SEEDS) {
        one_life(seed);
    }
}

fn one_life(seed: u64) {
    let mut server = Server::start_configured(CONFIGURATION);
    let targets = Targets::of(&server);
    let killed = AtomicBool::new(false);
    let all = Mutex::new(Seen::default());
    let before = facts(&server);
    std::thread::scope(|scope| {
        let client = |number, requests| {
            let (server, targets, killed, all) = (&server, &targets, &killed, &all);
            scope.spawn(move || send(server, targets, (seed, number), killed, all, requests))
        };
        let others: Vec<_> = (1..CLIENTS).map(|number| client(number, u64::MAX)).collect();
        let first = client(0, REQUESTS).join();
        // The others are in the middle of something.
        killed.store(true, Ordering::SeqCst);
        server.crash();
        for outcome in others.into_iter().map(ScopedJoinHandle::join).chain([first]) {
            outcome.expect("what a client saw is told above");
        }
    });
    server.kill();
    let log = server.log();
    assert!(!log.contains("panicked") && !log.contains(" ERROR "), "seed {seed}: {log}");
    server.restart();
    let after = facts(&server);
    assert_eq!(after.get(..before.len()), Some(&before[..]), "seed {seed}: facts changed");
    let positions: BTreeSet<_> = after.iter().map(|(position, _)| *position).collect();
    let saw = all.into_inner().expect("no client panicked");
    let lost: Vec<_> = saw.positions.difference(&positions).collect();
    assert!(lost.is_empty(), "seed {seed}: acknowledged, and lost: {lost:?}");
    // It would show nothing if everything were refused.
    assert!(saw.positions.len() > 30, "seed {seed}: {:?}", saw.statuses);
    let own = json!({"ust": targets.super_user()});
    Zato::new(&server).call("GET", USER, own).ok();
    server.muster(&["verify"]);
}

/// Sends so many requests, or until the server is killed.
fn send(
    server: &Server,
    targets: &Targets,
    (seed, number): (u64, u64),
    killed: &AtomicBool,
    all: &Mutex<Seen>,
    requests: u64,
) {
    let mut random = Random::new(seed * CLIENTS + number);
    let mut client = server.client();
    let socket = server.data().join("muster.sock");
    let mut saw = Seen::default();
    for count in 0..requests {
        let request = Request::random(&mut random, targets);
        let (method, target, body) = (request.method, &request.target, &request.body);
        let outcome = if request.locally {
            try_send_through(&socket, method, target, &request.headers(), body)
        } else {
            client.try_send(method, target, &request.headers(), body)
        };
        match outcome {
            Ok(answer) => {
                let why = judge(&answer);
                assert!(
                    why.is_none(),
                    "seed {seed}, client {number}, {count}: {why:?}\n{request:?}"
                );
                *saw.statuses.entry(answer.status).or_default() += 1;
                let position = answer.header("x-muster-position");
                saw.positions.extend(position.map(|text| text.parse::<u64>().expect("a number")));
            }
            Err(_) if killed.load(Ordering::SeqCst) => break,
            Err(error) => panic!("seed {seed}, client {number}, {count}: {error}\n{request:?}"),
        }
    }
    let mut all = all.lock().expect("no client panicked");
    all.positions.extend(saw.positions);
    for (status, count) in saw.statuses {
        *all.statuses.entry(status).or_default() += count;
    }
}

/// What is wrong with an answer.
fn judge(answer: &Answer) -> Option<String> {
    let text = String::from_utf8_lossy(&answer.body);
    let status = answer.status;
    let may_be = status < 500 || (status == 503 && answer.header("retry-after").is_some());
    let tells = text.contains("panicked") || text.contains(".rs:");
    let claims_json = answer.header("content-type").is_some_and(|kind| kind.contains("json"));
    let is_lines = answer.header("content-type") == Some("application/x-ndjson");
    let is_value = |text: &str| text.is_empty() || serde_json::from_str::<Value>(text).is_ok();
    let is_json = if is_lines { text.lines().all(is_value) } else { is_value(&text) };
    (!may_be || tells || (claims_json && !is_json)).then(|| format!("{status}: {text}"))
}

/// Position and name of every fact.
fn facts(server: &Server) -> Vec<(u64, String)> {
    let fact = |fact: &Value| {
        let name = fact["event"].as_str().expect("a name").to_owned();
        (fact["position"].as_u64().expect("a position"), name)
    };
    Audit::new(server).facts("/v1/events").iter().map(fact).collect()
}

#[test]
fn every_surface_is_among_the_routes() {
    let routes = routed();
    for path in ["/zato/ping", "/zato/sso/user", "/v1/users/{id}", "/v1/local/sign-out", "/livez"] {
        assert!(routes.iter().any(|route| route == path), "{path}: {routes:?}");
    }
    let known = muster_tests::operations::built().map(|operation| operation.path);
    for path in known {
        assert!(routes.iter().any(|route| route == path), "{path}");
    }
    assert!(routes.len() >= 40, "{}", routes.len());
}
