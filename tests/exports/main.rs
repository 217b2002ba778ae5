//! Exports of a real server: what they hold, and what is found where they are not what was handed out.

mod lines;
mod ocsf;
mod refusals;
mod tampering;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use muster_tests::cli;
use muster_tests::scratch::Scratch;
use muster_tests::server::Server;
use muster_tests::zato::{ATTR, LOCK, LOGIN, Person, SESSION_ATTR, USER, Zato};
use serde_json::{Value, json};

const FORMATS: [&str; 3] = ["jsonl", "csv", "ocsf"];

/// A server that many things happened on, and somebody they happened to.
struct World {
    server: Server,
    person: Person,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let server = Server::start();
        let first = server.first().clone();
        let mut zato = Zato::new(&server);
        let su = zato.log_in(&first.username, &first.password);
        let person = Person::regular(&mut zato, &su);
        let Person { username, ust, user_id, .. } = &person;
        let value = "{\"a\":\n [1.50, \"x\"]}";
        for path in [ATTR, SESSION_ATTR] {
            let body = json!({"ust": ust, "target_ust": ust, "current_ust": ust, "name": "a", "value": value});
            zato.call("PUT", path, body);
        }
        let profile = json!({"ust": ust, "first_name": "=1+1", "last_name": "line\none, \"two\"\\"});
        zato.call("PATCH", USER, profile).ok();
        zato.call("POST", LOGIN, json!({"username": username, "password": "wrong"}));
        zato.call("POST", LOGIN, json!({"username": "nobody", "password": "wrong"}));
        zato.call("POST", LOCK, json!({"ust": su, "user_id": user_id})).ok();
        server.muster(&["user", "unlock", username]);
        server.muster(&["rebuild"]);
        let other = Person::regular(&mut zato, &su);
        server.muster(&["user", "delete", &other.username, "--yes"]);
        World { server, person }
    })
}

/// Held by who exports from the shared server: all tests are one operator.
fn only() -> MutexGuard<'static, ()> {
    static ONLY: Mutex<()> = Mutex::new(());
    ONLY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An export and its manifest, in files of their own.
struct Export {
    scratch: Scratch,
    file: PathBuf,
    key: String,
}

impl Export {
    /// Exports from the shared server: one after the other, as a caller may.
    fn take(format: &str, filter: &[&str]) -> Self {
        let server = &world().server;
        let _only = only();
        let key = server.client().send("GET", "/v1/log/key", &[], b"").text().trim().to_owned();
        Self::of(&server.data(), key, format, filter)
    }

    /// Exports from a data directory.
    fn of(data: &Path, key: String, format: &str, filter: &[&str]) -> Self {
        let scratch = Scratch::new();
        let file = scratch.join("out");
        let out = file.to_str().expect("a path is text");
        cli::succeed(data, &[&["export", "--format", format, "--out", out], filter].concat());
        Self { scratch, file, key }
    }

    fn manifest_file(&self) -> PathBuf {
        self.scratch.join("out.manifest.json")
    }

    fn manifest(&self) -> Value {
        let text = fs::read_to_string(self.manifest_file()).expect("a manifest");
        serde_json::from_str(&text).expect("it is JSON")
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.file).expect("an export is text")
    }

    fn write(&self, text: &str) {
        fs::write(&self.file, text).expect("it can be written");
    }

    /// Lines without their ends.
    fn lines(&self) -> Vec<String> {
        self.text().lines().map(ToOwned::to_owned).collect()
    }

    /// Keeps the checkpoint of the manifest in a file.
    fn checkpoint(&self) -> PathBuf {
        let manifest = self.manifest();
        let kept = self.scratch.join("kept");
        let note = manifest["body"]["checkpoint"].as_str().expect("a note");
        fs::write(&kept, note).expect("it can be written");
        kept
    }

    /// Runs `muster verify --export` where no store is.
    fn verify(&self, more: &[&str]) -> Output {
        let file = self.file.to_str().expect("a path is text");
        let arguments = [&["verify", "--export", file, "--key", &self.key], more].concat();
        cli::run(&self.scratch.join("no-store"), &arguments)
    }

    #[track_caller]
    fn holds(&self, more: &[&str]) {
        let output = self.verify(more);
        let told = cli::text(&output.stderr);
        assert_eq!((output.status.code(), told.as_str()), (Some(0), ""));
        assert!(cli::text(&output.stdout).starts_with("it holds: "));
    }

    /// That it is found out, with all of these in one finding.
    #[track_caller]
    fn is_found(&self, words: &[&str]) {
        self.is_found_with(&[], words);
    }

    #[track_caller]
    fn is_found_with(&self, more: &[&str], words: &[&str]) {
        let output = self.verify(more);
        let told = cli::text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{told}");
        let mut findings = told.lines().filter(|line| line.starts_with("found: "));
        let fits = |line: &str| words.iter().all(|word| line.contains(word));
        assert!(findings.any(fits), "{words:?} in:\n{told}");
    }
}
