//! A store with history, and what becomes of a copy of it that is damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use muster_tests::brief::{self, Ended};
use muster_tests::cli;
use muster_tests::scratch::Scratch;
use muster_tests::server::Server;
use muster_tests::zato::Zato;
use serde_json::{Value, json};

use crate::table::{self, Recover, Row};

/// A row of the table, and how its damage is done.
#[derive(Clone)]
pub struct Case {
    /// The name of the row.
    pub row: &'static str,
    /// What is done to a copy of the store.
    pub damage: Damage,
}

/// How damage is done.
#[derive(Clone)]
pub enum Damage {
    /// The bytes of a file are changed.
    Edit(&'static str, fn(&mut Vec<u8>)),
    /// The same, and sled is not there to help.
    EditAlone(&'static str, fn(&mut Vec<u8>)),
    /// The same change in two files.
    EditBoth([&'static str; 2], fn(&mut Vec<u8>)),
    /// Anything else.
    Act(fn(&Place)),
}

/// A copy of the store that is about to be damaged.
pub struct Place {
    scratch: Scratch,
}

impl Place {
    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.scratch.join("data")
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.data().join(name)
    }

    fn suffer(&self, damage: &Damage) {
        match damage {
            Damage::Edit(file, change) => self.edit(file, change),
            Damage::EditAlone(file, change) => {
                self.remove("sled");
                self.edit(file, change);
            }
            Damage::EditBoth(files, change) => {
                for file in files {
                    self.edit(file, change);
                }
            }
            Damage::Act(act) => act(self),
        }
    }

    /// Changes a file of it.
    pub fn edit(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.file(name);
        let mut bytes = fs::read(&path).expect("the file is there");
        change(&mut bytes);
        fs::write(&path, bytes).expect("the file can be written");
    }

    /// Takes a file or directory away.
    pub fn remove(&self, name: &str) {
        let path = self.file(name);
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        removed.expect("it was there");
    }

    /// Puts a file or directory in the place of the one of that name.
    pub fn put(&self, name: &str, from: &Path) {
        if from.is_dir() {
            drop(fs::remove_dir_all(self.file(name)));
            copy(from, &self.file(name));
        } else {
            fs::copy(from, self.file(name)).expect("the file can be copied");
        }
    }
}

/// A store with history, as it was some time ago and as it is now, and another store.
pub struct World {
    scratch: Scratch,
    events: String,
}

impl World {
    /// As it was before its last facts.
    pub fn older(&self) -> PathBuf {
        self.scratch.join("older")
    }

    /// Another store.
    pub fn other(&self) -> PathBuf {
        self.scratch.join("other")
    }

    fn now(&self) -> PathBuf {
        self.scratch.join("now")
    }

    fn new() -> Self {
        let scratch = Scratch::new();
        let mut server = Server::start();
        write(&server, 0..8);
        server.stop();
        copy(&server.data(), &scratch.join("older"));
        server.restart();
        write(&server, 8..14);
        server.stop();
        copy(&server.data(), &scratch.join("now"));
        let events = before_this_read(&cli::succeed(&server.data(), &["events", "--json"]));
        let mut other = Server::start();
        other.stop();
        copy(&other.data(), &scratch.join("other"));
        Self { scratch, events }
    }
}

/// The world that all cases copy from.
pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(World::new)
}

/// Facts in frames of their own, some of them longer than a sector.
fn write(server: &Server, numbers: std::ops::Range<usize>) {
    let mut zato = Zato::new(server);
    let ust = zato.log_in(&server.first().username, &server.first().password);
    for number in numbers {
        let value = "x".repeat(number * 150);
        let body = json!({"ust": ust, "name": format!("n{number}"), "value": value});
        zato.call("PUT", "/zato/sso/user/attr", body).ok();
    }
}

/// Tries every case; says all that is not as the table says.
pub fn try_all(cases: &[Case]) {
    let wrong: Vec<String> = cases.iter().filter_map(|case| try_one(case).err()).collect();
    assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn try_one(Case { row, damage }: &Case) -> Result<(), String> {
    let row = table::named(row);
    let place = Place { scratch: Scratch::new() };
    copy(&world().now(), &place.data());
    place.suffer(damage);
    let differs = |what: String| Err(format!("{}: {what}", row.name));
    let key = fs::read(place.file("muster.key")).ok();
    let Ended { code: exit, said } = brief::serve(&place.data());
    if exit != row.exit || !said.contains(&row.says) {
        return differs(format!("exit {exit}, expected {}; said:\n{said}", row.exit));
    }
    if fs::read(place.file("muster.key")).ok() != key {
        return differs("muster.key was changed".to_owned());
    }
    if row.recover != Recover::Nothing {
        recover(&row, &place)?;
    }
    if row.exit == 0 || row.recover == Recover::Mends {
        holds(&row, &place)?;
    }
    Ok(())
}

/// What was told but for the last fact, which says that it was read.
fn before_this_read(told: &str) -> String {
    let is_read = |line: &&str| line.contains(r#""event":"system.audit_read""#);
    let told = told.lines().filter(|line| !is_read(line));
    told.flat_map(|line| [line, "\n"]).collect()
}

/// Whether the store answers what it did before.
fn holds(row: &Row, place: &Place) -> Result<(), String> {
    let verified = cli::run(&place.data(), &["verify"]);
    let events = cli::run(&place.data(), &["events", "--json"]);
    let (now, before) = (before_this_read(&cli::text(&events.stdout)), &world().events);
    // Of the one case that cannot be told apart, all but the end is the same.
    let same = if row.name == "J20" {
        before.starts_with(&now) && !now.is_empty()
    } else {
        now == *before
    };
    if verified.status.code() == Some(0) && same {
        return Ok(());
    }
    let (lines, expected) = (now.lines().count(), before.lines().count());
    let complaint = cli::text(&verified.stderr) + &cli::text(&events.stderr);
    Err(format!("{}: {lines} facts of {expected}; {complaint}", row.name))
}

fn recover(row: &Row, place: &Place) -> Result<(), String> {
    let differs = |what: &str, said: &str| Err(format!("{}: recover {what}:\n{said}", row.name));
    let looked = cli::run(&place.data(), &["recover", "--json"]);
    let said = cli::text(&looked.stderr);
    if looked.status.code() != Some(4) {
        return differs("does not see the damage", &said);
    }
    let plan: Value = serde_json::from_slice(&looked.stdout).unwrap_or_default();
    let applied = cli::run(&place.data(), &["recover", "--apply", "--json"]);
    let code = applied.status.code();
    match row.recover {
        Recover::Nothing => Ok(()),
        Recover::Mends if plan["lost"].is_null() && code == Some(0) => Ok(()),
        Recover::Cannot if code == Some(4) => Ok(()),
        Recover::Loses if !plan["lost"].is_null() && code == Some(4) => {
            let applied = cli::run(&place.data(), &["recover", "--apply", "--accept-loss"]);
            let served = brief::serve(&place.data());
            match (applied.status.code(), served.code) {
                (Some(0), 0) => Ok(()),
                (code, exit) => differs(&format!("ends with {code:?}, then {exit}"), &served.said),
            }
        }
        Recover::Mends | Recover::Cannot | Recover::Loses => {
            differs(&format!("plans {plan} and ends with {code:?}"), &cli::text(&applied.stderr))
        }
    }
}

/// Copies a directory; what is zeros takes no room.
pub fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").args(["-a", "--sparse=always"]).arg(from).arg(to).status();
    assert!(status.expect("there is `cp`").success(), "{} can be copied", from.display());
}
