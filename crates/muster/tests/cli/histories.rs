//! `muster history`: from either end, filtered, by actor, as of a moment, between two.

use serde_json::Value;

use super::users::both;
use super::{err, history, on, out};

#[test]
fn a_history_is_printed_from_either_end_filtered_and_as_it_was() {
    both("histories", |scratch| {
        scratch.create("ada");
        for command in ["lock", "unlock", "reject", "approve"] {
            out(&on(&scratch.data(), &["user", command, "ada"]), 0);
        }
        scratch.json("user login ada");
        let lines = |command: &str| -> Vec<Value> {
            let words: Vec<&str> = command.split(' ').chain(["--json"]).collect();
            let printed = out(&on(&scratch.data(), &words), 0);
            printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
        };
        let whole = history(&scratch.data(), "ada");
        let mut turned = lines("history ada --newest-first");
        assert_eq!(lines("history ada --newest-first --limit 2"), turned[..2]);
        assert_eq!(lines("history ada --limit 3"), whole[..3]);
        turned.reverse();
        assert_eq!(turned, whole);
        let position = |event: &str| {
            let fact = whole.iter().find(|fact| fact["event"] == event).expect("it happened");
            (fact["position"].as_u64().expect("a position"), fact["at"].as_str().expect("a time"))
        };
        let (locked, at) = position("user.locked");
        let of = |command: &str| -> Vec<String> {
            let facts = lines(command);
            facts.iter().map(|fact| fact["event"].as_str().expect("a name").to_owned()).collect()
        };
        assert_eq!(of("history ada --event user.locked,user.unlocked").len(), 2);
        assert_eq!(of("history ada --field approval_status --event user.re"), Vec::<String>::new());
        assert_eq!(
            of("history ada --field approval_status"),
            ["user.created", "user.rejected", "user.approved"]
        );
        assert_eq!(of(&format!("history ada --until {at}")), ["user.created"]);
        assert_eq!(of(&format!("history ada --since {at}")).len(), whole.len() - 1);
        assert_eq!(of("history ada --actor operator").len(), whole.len());
        assert_eq!(of("history ada --by"), Vec::<String>::new(), "she did nothing yet");

        let then = &lines(&format!("history ada --as-of {locked}"))[0];
        assert_eq!(then["user"]["locked"], true);
        assert_eq!(
            (&then["attributes"], &then["sessions"]),
            (&"[]".parse().unwrap(), &"[]".parse().unwrap())
        );
        assert_eq!(then["user"], lines(&format!("user show ada --as-of {at}"))[0]);
        let text = out(&on(&scratch.data(), &["history", "ada", "--as-of", at]), 0);
        assert!(text.contains("locked") && text.contains("as_of.position"), "{text}");
        let (opened, _) = position("session.started");
        let sessions =
            out(&on(&scratch.data(), &["history", "ada", "--as-of", &opened.to_string()]), 0);
        assert!(sessions.contains("OPENED BY") && sessions.contains("command_line"), "{sessions}");

        let (born, _) = position("user.created");
        let moments = format!("{born}..{at}");
        let told = out(&on(&scratch.data(), &["history", "ada", "--diff", &moments]), 0);
        let rows: Vec<Vec<&str>> =
            told.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows, [["FIELD", "OLD", "NEW"], ["locked", "false", "true"]]);
        let same = format!("{born}..{born}");
        assert_eq!(
            out(&on(&scratch.data(), &["history", "ada", "--diff", &same]), 0),
            "nothing differs\n"
        );
        let attributes = out(&on(&scratch.data(), &["user", "attributes", "ada"]), 0);
        assert!(attributes.starts_with("ATTRIBUTE"), "{attributes}");
        assert_eq!(lines(&format!("user attributes ada --as-of {born}")), Vec::<Value>::new());
    });
}

#[test]
fn a_moment_of_which_nothing_can_be_told_is_said_to_be_one() {
    both("moments", |scratch| {
        scratch.create("ada");
        let refused = |words: &[&str], said: &str| {
            let told = err(&on(&scratch.data(), words), 1);
            assert!(told.contains(said), "{words:?}: {told}");
        };
        refused(&["user", "show", "ada", "--as-of", "1"], "not born yet");
        refused(&["user", "attributes", "ada", "--as-of", "999999"], "in the future");
        refused(&["history", "ada", "--as-of", "then"], "neither a position nor a time");
        refused(&["history", "ada", "--diff", "7"], "FROM..TO");
        refused(&["history", "nobody", "--as-of", "7"], "No such user `nobody`");
        let last = history(&scratch.data(), "ada");
        let last = last.last().expect("a fact");
        let id = last["stream"]["id"].as_str().expect("an id").to_owned();
        let before = last["position"].as_u64().expect("a position");
        out(&on(&scratch.data(), &["user", "delete", "ada", "--yes"]), 0);
        let told = history(&scratch.data(), &id);
        let deleted = told.last().expect("a fact")["position"].as_u64().expect("a position");
        refused(&["user", "show", &id, "--as-of", &deleted.to_string()], "was deleted");
        out(&on(&scratch.data(), &["user", "show", &id, "--as-of", &before.to_string()]), 0);
    });
    for words in [
        &["history", "ada", "--as-of", "1", "--limit", "2"][..],
        &["history", "ada", "--as-of", "1", "--diff", "1..2"],
        &["history", "ada", "--by", "--actor", "bob"],
        &["history", "ada", "--limit", "0"],
    ] {
        err(&super::muster(words), 2);
    }
}
