//! SIGKILL under load: clients remember what was acknowledged.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};

use muster_tests::audit::Audit;
use muster_tests::server::Server;
use muster_tests::zato::{Person, Zato};
use serde_json::json;

use crate::{last_position_without_a_gap, remove_sled, super_user};

const ROUNDS: u32 = 3;
const CLIENTS: usize = 4;
/// Acknowledged writes of all clients together, before the server is killed.
const WRITES_BEFORE_KILL: usize = 400;
const ATTR: &str = "/zato/sso/user/attr";
const LOCK: &str = "/zato/sso/user/lock";

/// A client, whom it writes about, and what it was told.
struct Writer {
    su: String,
    person: Person,
    /// Values of attributes by name, as acknowledged.
    attributes: BTreeMap<String, u64>,
    /// Whether the person is locked, as acknowledged; never changed before it is known.
    locked: bool,
    /// What was asked last and never answered: it may have been done or not.
    in_flight: Option<Write>,
    /// The position of the last acknowledged write.
    position: u64,
    written: u64,
}

#[derive(Clone)]
enum Write {
    Attribute(String, u64),
    Lock(bool),
}

impl Writer {
    /// Writes until nobody answers any more.
    fn work(mut self, address: SocketAddr, acknowledged: &Sender<()>) -> Self {
        let mut zato = Zato::at(address);
        loop {
            self.written += 1;
            let write = if self.written.is_multiple_of(5) {
                Write::Lock(!self.locked)
            } else {
                Write::Attribute(format!("name-{}", self.written % 50), self.written)
            };
            let (method, path, mut body) = match &write {
                Write::Attribute(name, value) => (
                    "PUT",
                    ATTR,
                    json!({"name": name, "value": value, "user_id": self.person.user_id}),
                ),
                Write::Lock(locked) => {
                    let method = if *locked { "POST" } else { "DELETE" };
                    (method, LOCK, json!({"user_id": self.person.user_id}))
                }
            };
            body["ust"] = json!(self.su);
            body["current_app"] = json!("CRM");
            let body = body.to_string();
            let Ok(answer) = zato.client.try_send(method, path, &[], body.as_bytes()) else {
                self.in_flight = Some(write);
                return self;
            };
            answer.ok();
            let position = answer.header("x-muster-position").and_then(|text| text.parse().ok());
            let position: u64 = position.expect("a write tells its position");
            assert!(position > self.position, "{position} after {}", self.position);
            self.position = position;
            match write {
                Write::Attribute(name, value) => drop(self.attributes.insert(name, value)),
                Write::Lock(locked) => self.locked = locked,
            }
            // Whoever counts may have stopped counting.
            acknowledged.send(()).ok();
        }
    }

    /// What was acknowledged is there; what was in flight is there, or not.
    fn check(&mut self, server: &Server) {
        let mut zato = Zato::new(server);
        let locked = zato.read(&self.su, &self.person.user_id)["is_locked"].clone();
        match self.in_flight.take() {
            Some(Write::Lock(asked)) if locked == json!(asked) => self.locked = asked,
            Some(Write::Attribute(name, asked)) => {
                let known = self.attributes.get(&name).copied();
                let found = self.read(&mut zato, &[&name]);
                assert!(found[0] == Some(asked) || found[0] == known, "{name}: {found:?}");
                if found[0] == Some(asked) {
                    self.attributes.insert(name, asked);
                }
            }
            Some(Write::Lock(_)) | None => {}
        }
        assert_eq!(locked, json!(self.locked));
        let names: Vec<&str> = self.attributes.keys().map(String::as_str).collect();
        let expected: Vec<_> = self.attributes.values().copied().map(Some).collect();
        assert_eq!(self.read(&mut zato, &names), expected);
    }

    fn read(&self, zato: &mut Zato, names: &[&str]) -> Vec<Option<u64>> {
        let asked = json!({"ust": self.su, "user_id": self.person.user_id, "data": names});
        let found = zato.call("GET", ATTR, asked).ok();
        names.iter().map(|name| found["result"][*name]["value"].as_u64()).collect()
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9_under_load() {
    let mut server = Server::start();
    let su = super_user(&server);
    let mut zato = Zato::new(&server);
    let mut writers: Vec<Writer> = (0..CLIENTS)
        .map(|_| Writer {
            su: su.clone(),
            person: Person::regular(&mut zato, &su),
            attributes: BTreeMap::new(),
            locked: false,
            in_flight: None,
            position: 0,
            written: 0,
        })
        .collect();
    for round in 0..ROUNDS {
        let (acknowledged, counted) = channel();
        let address = server.address();
        let threads: Vec<_> = writers
            .drain(..)
            .map(|writer| {
                let acknowledged = acknowledged.clone();
                std::thread::spawn(move || writer.work(address, &acknowledged))
            })
            .collect();
        for _ in 0..WRITES_BEFORE_KILL {
            counted.recv().expect("clients write until nobody answers");
        }
        server.kill();
        writers =
            threads.into_iter().map(|thread| thread.join().expect("a client failed")).collect();
        if round == 1 {
            remove_sled(&server.data());
        }
        server.restart();
        let last = last_position_without_a_gap(&server);
        for writer in &mut writers {
            assert!(writer.position <= last, "{} of {last}", writer.position);
            writer.check(&server);
        }
        server.muster(&["verify"]);
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server.stop();
    server.muster(&["verify"]);
}

#[test]
fn a_new_person_survives_kill_9_right_after_the_answer() {
    let mut server = Server::start();
    let su = super_user(&server);
    for _ in 0..ROUNDS {
        let person = Person::regular(&mut Zato::new(&server), &su);
        server.kill();
        server.restart();
        let mut zato = Zato::new(&server);
        // The session, the password, the name: all of it was acknowledged.
        let read = zato.call("GET", "/zato/sso/user", json!({"ust": person.ust})).ok();
        assert_eq!(read["username"], json!(person.username));
        zato.log_in(&person.username, &person.password);
        let again = json!({"username": person.username, "password": person.password});
        zato.call("POST", "/zato/sso/user/signup", again).refused("E005001");
    }
    last_position_without_a_gap(&server);
    server.muster(&["verify"]);
}

#[test]
fn a_logout_survives_kill_9_right_after_the_answer() {
    let mut server = Server::start();
    let su = super_user(&server);
    let person = Person::regular(&mut Zato::new(&server), &su);
    let logout = json!({"ust": person.ust});
    Zato::new(&server).call("POST", "/zato/sso/user/logout", logout).ok();
    server.kill();
    server.restart();
    let mut zato = Zato::new(&server);
    zato.call("GET", "/zato/sso/user", json!({"ust": person.ust})).refused("E007001");
    let facts = Audit::new(&server).history(&person.username);
    assert_eq!(facts.last().map(|fact| &fact["event"]), Some(&json!("session.ended")));
}
