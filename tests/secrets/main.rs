//! Nothing that a person trusts the store with can be found in what it leaves on disk or says about
//! itself. [`finder`] knows the forms in which a value may hide; [`usage`] sends values through every
//! operation, so that they had every chance to be left somewhere.

mod answers;
mod finder;
mod usage;

use std::path::Path;

use finder::{Finder, Secret};
use muster_tests::server::Server;
use usage::Used;

/// Searches the data directory, but for the master key, and everything the server said.
fn leaks(server: &Server, finder: &Finder) -> Vec<String> {
    let mut leaks = Vec::new();
    search_directory(&server.data(), finder, &mut leaks);
    let first = server.first();
    // The first start's print is the one place where these two may stand, and there they stand once.
    let mut printed = server.printed();
    for shown in [&first.password, &first.token] {
        printed = printed.replacen(shown.as_str(), "", 1);
    }
    for (place, text) in [("standard output", printed), ("standard error", server.log())] {
        leaks.extend(
            finder.find(text.as_bytes()).into_iter().map(|what| format!("{place}: {what}")),
        );
    }
    leaks
}

fn search_directory(directory: &Path, finder: &Finder, leaks: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        leaks
            .extend(finder.find(name.as_bytes()).into_iter().map(|what| format!("a name: {what}")));
        if path.is_dir() {
            search_directory(&path, finder, leaks);
        } else if path.is_file() && name != "muster.key" {
            let bytes = std::fs::read(&path).expect("it can be read");
            let found = finder.find(&bytes);
            leaks.extend(found.into_iter().map(|what| format!("{}: {what}", path.display())));
        }
    }
}

/// Of whoever is erased no answer tells anything any more, to nobody.
fn erased_people_are_told_of_nowhere(server: &mut Server, used: &Used, finder: &Finder) {
    let told = answers::of_everything(server);
    let known = answers::found(&told, finder);
    for name in used.names() {
        assert!(known.iter().any(|value| value.contains(&name)), "{name} is shown while it lives");
    }
    for place in [
        "/v1/events: ",
        "/v1/users?limit=1000: ",
        "/v1/export?format=csv: ",
        "search 1: ",
        "user zusr",
        "events --json: ",
    ] {
        assert!(known.iter().any(|value| value.starts_with(place)), "{place}: {known:?}");
    }
    let erased = answers::erase(server, &used.names());
    for restarted in [false, true] {
        if restarted {
            server.stop_and_restart();
        }
        let told = answers::of_everything(server);
        let found = answers::found(&told, finder);
        assert!(found.is_empty(), "{found:?}");
        answers::assert_erased(server, &erased);
    }
    server.muster(&["verify"]);
    server.muster(&["rebuild"]);
    assert!(answers::found(&answers::of_everything(server), finder).is_empty());
}

#[test]
fn no_value_is_left_on_disk_or_said() {
    let mut server = Server::start_logging("debug");
    let mut used = Used::default();
    used.secrets.push(Secret::text("the super-user's password", &server.first().password));
    used.secrets.push(Secret::token("the management token", &server.first().token));

    usage::everything(&server, &mut used, "before");
    server.stop_and_restart();
    usage::everything(&server, &mut used, "after-a-stop");
    server.kill();
    server.restart();
    usage::everything(&server, &mut used, "after-a-kill");
    for name in used.names() {
        server.muster(&["history", &name]);
        server.muster(&["user", "show", &name, "--json"]);
    }
    for command in ["events", "rebuild", "verify"] {
        server.muster(&[command]);
    }
    let finder = Finder::new(&used.secrets);
    erased_people_are_told_of_nowhere(&mut server, &used, &finder);
    assert_eq!(server.stop().code(), Some(0), "{}", server.log());
    server.muster(&["verify"]);
    server.muster(&["rebuild"]);

    let log = server.log();
    for said in ["zato call", "request", "refused"] {
        assert!(log.contains(said), "the log says nothing of what happened: {log}");
    }
    let leaks = leaks(&server, &finder);
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));

    // The same search does find what is there.
    for (number, secret) in used.secrets.iter().enumerate() {
        let plant = server.data().join(format!("planted-{number}"));
        std::fs::write(&plant, secret.forms().remove(number % secret.forms().len()))
            .expect("a file");
    }
    let found = self::leaks(&server, &finder);
    for secret in &used.secrets {
        assert!(
            found.iter().any(|leak| leak.contains(&secret.label)),
            "{} was missed",
            secret.label
        );
    }
}
