//! The one server that all tests of this file share, and a session of its super-user.

use std::sync::OnceLock;

use muster_tests::server::Server;
use muster_tests::zato::{Person, Zato};

struct World {
    server: Server,
    super_user: String,
}

/// The server. Tests run side by side, so each of them makes its own people.
pub fn server() -> &'static Server {
    &world().server
}

/// A token of the super-user's session. Nobody logs it out.
pub fn su() -> &'static str {
    &world().super_user
}

/// A client that speaks Zato.
pub fn zato() -> Zato {
    Zato::new(server())
}

/// A client, and somebody who is confirmed, approved and logged in.
pub fn zato_and_person() -> (Zato, Person) {
    let mut zato = zato();
    let person = Person::regular(&mut zato, su());
    (zato, person)
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let server = Server::start();
        let first = server.first().clone();
        let super_user = Zato::new(&server).log_in(&first.username, &first.password);
        World { server, super_user }
    })
}
