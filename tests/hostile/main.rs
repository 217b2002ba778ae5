//! Input that means harm: no answer of 500, no panic, no hang, and the server answers afterwards.
//!
//! [`json`] sends every kind of wrong value to every parameter; [`surfaces`] sends seeded nonsense to every
//! route of every surface, and kills the server meanwhile; [`wire`] breaks HTTP itself. [`nonsense`] makes
//! what is sent, and [`healthy`] is what has to hold afterwards.

mod json;
mod nonsense;
mod surfaces;
mod wire;

use std::sync::OnceLock;

use muster_tests::client::Answer;
use muster_tests::server::Server;
use muster_tests::zato::{Person, Zato};

struct World {
    server: Server,
    super_user: String,
    person: Person,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let server = Server::start();
        let first = server.first().clone();
        let mut zato = Zato::new(&server);
        let super_user = zato.log_in(&first.username, &first.password);
        let person = Person::regular(&mut zato, &super_user);
        World { server, super_user, person }
    })
}

/// Nothing panicked, nothing failed inside, and who was there before is still served.
#[track_caller]
fn healthy() {
    let world = world();
    let log = world.server.log();
    assert!(!log.contains("panicked"), "{log}");
    assert!(!log.contains(" ERROR "), "{log}");
    let mut zato = Zato::new(&world.server);
    let read = zato.read(&world.super_user, &world.person.user_id);
    assert_eq!(read["username"], serde_json::json!(world.person.username));
    let live = zato.client.send("GET", "/livez", &[], b"");
    assert_eq!(live.status, 200);
}

/// It is an answer that may be given to nonsense.
#[track_caller]
fn refused_in_order(answer: &Answer) {
    let text = String::from_utf8_lossy(&answer.body);
    assert!((200..500).contains(&answer.status), "{}: {text}", answer.status);
    assert!(!text.contains("panicked") && !text.contains(".rs:"), "{text}");
}
