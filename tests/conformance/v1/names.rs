//! Everybody is found, whatever the name, and no name commands a terminal.

use muster_tests::audit::Audit;
use muster_tests::client::percent;
use muster_tests::zato::unique;
use serde_json::json;

use crate::world::{server, su, zato};

#[test]
fn a_name_of_any_characters_finds_its_holder() {
    let mut zato = zato();
    let mut audit = Audit::new(server());
    for odd in ["a/b?c#d%2F&e", "..", "ü+\u{1F40E}", "\u{1b}[31mred", "%00", "--json", "a\\b\"c"] {
        let name = format!("{odd}{}", unique("x"));
        zato.sign_up(&name, "correct horse");
        let read = audit.read(&format!("/v1/users/{}", percent(&name)));
        assert_eq!(read["username"], json!(name));
        assert_eq!(audit.history(&name)[0]["event"], "user.signed_up");
        let id = zato.find(su(), &name).expect("it is there")["user_id"].clone();
        let by_id = audit.read(&format!("/v1/users/{}", id.as_str().expect("an id")));
        assert_eq!(by_id, read);
    }
}

#[test]
fn a_name_with_an_escape_sequence_is_printed_without() {
    let name = format!("\u{1b}[31mred\u{7}{}", unique("x"));
    zato().sign_up(&name, "correct horse");
    for command in [["history", &name].as_slice(), &["user", "show", &name], &["user", "list"]] {
        let printed = server().muster(command);
        let control = |char: char| char.is_control() && char != '\n';
        assert!(!printed.contains(control), "{command:?}: {printed:?}");
        assert!(printed.contains("[31mred"), "{command:?}: {printed:?}");
    }
}

#[test]
fn of_names_that_differ_by_case_the_exact_one_is_found() {
    let mut zato = zato();
    let mut audit = Audit::new(server());
    let lower = unique("case");
    zato.sign_up(&lower, "correct horse");
    // As long as there is one, its case does not count.
    let shout = lower.to_uppercase();
    assert_eq!(audit.read(&format!("/v1/users/{shout}"))["username"], json!(lower));
    zato.sign_up(&shout, "correct horse");
    for name in [&lower, &shout] {
        assert_eq!(audit.read(&format!("/v1/users/{name}"))["username"], json!(name));
    }
}
