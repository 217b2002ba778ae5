//! What operators do to users and sessions: told as section 7 of Zato's contract words it, the same
//! with a server that holds the directory and without, kept as facts of an operator.

use serde_json::Value;

use super::{Scratch, Server, err, history, init, on, on_with, out};

const PASSWORD: &str = "correct horse battery";

/// A store with the super-user `admin`, with a server that holds it and without.
pub fn both(name: &str, story: impl Fn(&Scratch)) {
    for serving in [false, true] {
        let scratch = Scratch::new(&format!("{name}-{serving}"));
        init(&scratch.data(), "admin", PASSWORD);
        let server = serving.then(|| Server::start(&scratch.data()));
        story(&scratch);
        drop(server);
        out(&on(&scratch.data(), &["verify"]), 0);
    }
}

impl Scratch {
    #[track_caller]
    fn says(&self, command: &str, said: &str) {
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(out(&on(&self.data(), &words), 0), said, "{command}");
    }

    #[track_caller]
    fn refuses(&self, command: &str, said: &str) {
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(err(&on(&self.data(), &words), 1), format!("muster: {said}\n"), "{command}");
    }

    #[track_caller]
    pub fn json(&self, command: &str) -> Value {
        let words: Vec<&str> = command.split(' ').chain(["--json"]).collect();
        let printed = out(&on(&self.data(), &words), 0);
        assert_eq!(printed.lines().count(), 1, "{command}: {printed}");
        serde_json::from_str(&printed).expect("JSON")
    }

    #[track_caller]
    pub fn create(&self, name: &str) {
        let said = on_with(&self.data(), &["user", "create", name, "--password-stdin"], PASSWORD);
        assert_eq!(out(&said, 0), format!("Created user `{name}`\n"));
    }
}

/// The last fact of this name, which an operator did.
#[track_caller]
fn by_operator(scratch: &Scratch, user: &str, event: &str) -> Value {
    let facts = history(&scratch.data(), user);
    let fact = facts.into_iter().rfind(|fact| fact["event"] == event);
    let fact = fact.unwrap_or_else(|| panic!("no {event}"));
    assert_eq!(fact["actor"]["kind"], "operator", "{fact}");
    assert_eq!(fact["via"]["dialect"], "muster", "{fact}");
    let operator = fact["via"]["operator"].as_str().expect("an operator");
    let (name, host) = operator.split_once('@').expect("a name at a machine");
    assert!(!name.is_empty() && !host.is_empty(), "{operator}");
    fact
}

#[test]
fn a_user_is_created_approved_and_final() {
    both("create", |scratch| {
        let names = "user create ada --email ada@example.com --first-name Ada --last-name L \
                     --password-stdin --json";
        let words: Vec<&str> = names.split_whitespace().collect();
        let made = out(&on_with(&scratch.data(), &words, "correct horse\r\nmore\n"), 0);
        let made: Value = serde_json::from_str(&made).expect("JSON");
        assert_eq!(made["profile"]["display_name"], "Ada L");
        assert_eq!(made["email"], "ada@example.com");
        assert_eq!(
            (&made["sign_up_status"], &made["approval_status"]),
            (&"final".into(), &"approved".into())
        );
        assert_eq!(made["rights"], serde_json::json!([]));
        assert_eq!(made, scratch.json("user show ada"));
        by_operator(scratch, "ada", "user.created");
        // Words that sign-up rejects, white space, any length.
        for name in ["zato admin", "x"] {
            scratch.create(name);
        }
    });
}

#[test]
fn a_super_user_is_created_with_its_right() {
    both("super", |scratch| {
        let words = ["user", "create-super-user", "grace", "--password-stdin"];
        let said = out(&on_with(&scratch.data(), &words, PASSWORD), 0);
        assert_eq!(said, "Created super-user `grace`\n");
        let shown = scratch.json("user show grace");
        assert_eq!(shown["rights"], serde_json::json!(["super_user"]));
        let created = by_operator(scratch, "grace", "user.created");
        let granted = by_operator(scratch, "grace", "user.right_granted");
        assert_eq!(created["at"], granted["at"], "one command");
    });
}

#[test]
fn who_cannot_be_created_is_told_why() {
    both("refused", |scratch| {
        let long = "x".repeat(257);
        for (name, password, said) in [
            ("admin", PASSWORD, "User already exists `admin`"),
            ("ada", "short", "the password is too short: at least 8 characters"),
            ("ada", &long, "the password is too long: at most 256 characters"),
            ("ada", "my qwerty1", "the password holds a text that is not allowed in passwords"),
            ("ada", "", "standard input holds no password"),
            ("", PASSWORD, "the username is not acceptable: it is empty"),
        ] {
            for command in ["create", "create-super-user"] {
                let words = ["user", command, name, "--password-stdin"];
                let told = err(&on_with(&scratch.data(), &words, password), 1);
                assert_eq!(told, format!("muster: {said}\n"));
            }
        }
        scratch.refuses("user show ada", "No such user `ada`");
    });
}

#[test]
fn a_user_is_locked_and_unlocked_as_often_as_one_likes() {
    both("lock", |scratch| {
        scratch.create("ada");
        for _ in 0..2 {
            scratch.says("user lock ada", "Locked user account `ada`\n");
        }
        assert_eq!(scratch.json("user lock ada")["locked"], true);
        by_operator(scratch, "ada", "user.locked");
        scratch.refuses("user login ada", "the account is locked");
        for _ in 0..2 {
            scratch.says("user unlock ada", "Unlocked user account `ada`\n");
        }
        assert_eq!(scratch.json("user unlock ada")["locked"], false);
        by_operator(scratch, "ada", "user.unlocked");
    });
}

#[test]
fn a_user_is_approved_and_rejected() {
    both("approve", |scratch| {
        scratch.create("ada");
        scratch.says("user reject ada", "Rejected user `ada`\n");
        scratch.refuses("user login ada", "the account is not approved");
        assert_eq!(scratch.json("user reject ada")["approval_status"], "rejected");
        scratch.says("user approve ada", "Approved user `ada`\n");
        by_operator(scratch, "ada", "user.rejected");
        by_operator(scratch, "ada", "user.approved");
    });
}

#[test]
fn a_user_is_named_by_its_name_its_ulid_and_its_zato_id() {
    both("named", |scratch| {
        scratch.create("ada");
        let id = scratch.json("user show ada")["id"].as_str().expect("an id").to_owned();
        let zato = format!("zusr{}", id.to_ascii_lowercase().trim_start_matches('0'));
        for name in ["ada", "ADA", &id, &zato] {
            scratch.says(&format!("user lock {name}"), "Locked user account `ada`\n");
        }
    });
}

#[test]
fn a_deleted_user_is_gone_and_its_history_stays() {
    both("delete", |scratch| {
        scratch.create("ada");
        let id = scratch.json("user show ada")["id"].as_str().expect("an id").to_owned();
        scratch.json("user login ada");
        scratch.says("user delete ada --yes", "Deleted user `ada`\n");
        scratch.refuses("user delete ada --yes", "No such user `ada`");
        scratch.refuses("user show ada", "No such user `ada`");
        by_operator(scratch, &id, "user.deleted");
        scratch.create("ada");
        let gone = scratch.json("user delete ada --yes");
        assert_eq!((&gone["username"], &gone["deleted"]), (&"ada".into(), &true.into()));
    });
}

#[test]
fn an_erased_user_leaves_a_certificate_and_a_history_without_a_word_of_it() {
    both("erase", |scratch| {
        scratch.create("ada");
        let id = scratch.json("user show ada")["id"].as_str().expect("an id").to_owned();
        let told = err(&on(&scratch.data(), &["erase", "ada"]), 2);
        assert!(told.contains("say --yes"), "{told}");
        let certificate = out(&on(&scratch.data(), &["erase", "ada", "--yes"]), 0);
        let operator = "by        operator\n";
        for line in [&*format!("Erased user {id}\n"), operator, "destroyed ", "kept "] {
            assert!(certificate.contains(line), "{line}: {certificate}");
        }
        assert!(certificate.contains("\n\nmuster/"), "a signed note ends it: {certificate}");
        scratch.refuses("erase ada --yes", "No such user `ada`");
        scratch.refuses(&format!("erase {id} --yes"), "the user is erased already");
        let history = out(&on(&scratch.data(), &["history", &id]), 0);
        assert!(history.contains("(erased) [user.created]"), "{history}");
        assert!(history.contains("Was erased: ") && !history.contains("ada"), "{history}");
        out(&on(&scratch.data(), &["verify"]), 0);
        out(&on(&scratch.data(), &["rebuild"]), 0);
    });
}

#[test]
fn months_are_listed_and_only_those_before_the_present_one_are_forgotten() {
    both("origins", |scratch| {
        // Whoever acts first in a month gives it a key.
        scratch.create("ada");
        let months = out(&on(&scratch.data(), &["origins", "list"]), 0);
        let (present, state) = months.trim_end().split_once("  ").expect("one month");
        assert_eq!(state, "known");
        scratch.says(
            &format!("origins forget --before {present} --yes"),
            &format!("Nothing was known of a month before {present}\n"),
        );
        scratch.refuses(
            "origins forget --before 9999-12 --yes",
            "9999-12 has not begun: only months before the present one can be forgotten",
        );
        let wrong = ["origins", "forget", "--before", "november", "--yes"];
        assert!(err(&on(&scratch.data(), &wrong), 2).contains("not a month, like 2026-11"));
        let asked = ["origins", "forget", "--before", present];
        assert!(err(&on(&scratch.data(), &asked), 2).contains("say --yes"));
    });
}

#[test]
fn somebody_who_is_not_there_is_named() {
    both("nobody", |scratch| {
        let commands = ["lock", "unlock", "approve", "reject", "login", "reset-password"];
        for command in commands.into_iter().chain(["reset-totp-key", "delete --yes", "show"]) {
            scratch.refuses(&format!("user {command} bob"), "No such user `bob`");
        }
        scratch.refuses("session list bob", "No such user `bob`");
        let words = ["user", "change-password", "bob", "--password-stdin"];
        // Before anything about the password.
        for password in [PASSWORD, "short"] {
            let told = err(&on_with(&scratch.data(), &words, password), 1);
            assert_eq!(told, "muster: No such user `bob`\n");
        }
        // Nor is somebody there any more who was.
        let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        scratch.refuses(&format!("user lock {id}"), &format!("No such user `{id}`"));
    });
}

#[test]
fn a_password_is_changed_on_the_terms_that_are_given() {
    both("change", |scratch| {
        scratch.create("ada");
        let change = |terms: &[&str], password: &str| {
            let words = [&["user", "change-password", "ada", "--password-stdin"], terms].concat();
            on_with(&scratch.data(), &words, password)
        };
        let password = || scratch.json("user show ada")["password"].clone();
        let said = out(&change(&["--must-change", "true"], "battery horse"), 0);
        assert_eq!(said, "Changed password for user `ada`\n");
        let (first, fact) = (password(), by_operator(scratch, "ada", "user.password_changed"));
        assert_eq!((&first["must_change"], &first["set"]), (&true.into(), &fact["at"]));
        // Absent, the flag stays; a day is a day.
        out(&change(&["--expiry", "1", "--json"], "battery horses"), 0);
        let second = password();
        assert_eq!(second["must_change"], true);
        assert!(second["expires"].as_str() < first["expires"].as_str(), "{second} {first}");
        out(&change(&["--must-change", "false"], "battery horse"), 0);
        assert_eq!(password()["must_change"], false);
        let told = err(&change(&[], "short"), 1);
        assert_eq!(told, "muster: the password is too short: at least 8 characters\n");
    });
}

#[test]
fn a_reset_password_is_printed_once() {
    both("reset", |scratch| {
        scratch.create("ada");
        let words = ["user", "reset-password", "ada", "--expiry", "2", "--must-change", "true"];
        let said = out(&on(&scratch.data(), &words), 0);
        let drawn = said.strip_prefix("Password for user `ada` reset to `");
        let drawn = drawn.and_then(|rest| rest.strip_suffix("`\n")).expect("the sentence");
        assert_eq!(drawn.len(), 32, "192 bits");
        assert_eq!(scratch.json("user show ada")["password"]["must_change"], true);
        let again = scratch.json("user reset-password ada");
        let keys: Vec<_> = again.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["id", "password", "username"]);
        assert_ne!(again["password"], drawn);
        let facts = history(&scratch.data(), "ada");
        let facts = Value::Array(facts).to_string();
        assert!(!facts.contains(drawn) && !facts.contains(PASSWORD), "{facts}");
    });
}

#[test]
fn a_totp_key_is_printed_only_if_it_was_drawn() {
    both("totp", |scratch| {
        scratch.create("ada");
        let said = out(&on(&scratch.data(), &["user", "reset-totp-key", "ada"]), 0);
        let drawn = said.strip_prefix("TOTP key for user `ada` reset to `");
        let drawn = drawn.and_then(|rest| rest.strip_suffix("`\n")).expect("the sentence");
        assert_eq!(drawn.len(), 32, "160 bits in base32");
        scratch.says("user reset-totp-key ada --key JBSWY3DPEHPK3PXP --key-label phone", "");
        by_operator(scratch, "ada", "user.totp_label_set");
        let words = ["user", "reset-totp-key", "ada", "--key-stdin"];
        assert_eq!(out(&on_with(&scratch.data(), &words, "JBSWY3DPEHPK3PXP\n"), 0), "");
        by_operator(scratch, "ada", "user.totp_key_set");
        assert_eq!(scratch.json("user reset-totp-key ada --key AAAA")["totp_key"], Value::Null);
        assert!(scratch.json("user reset-totp-key ada")["totp_key"].is_string());
        let refused = "the totp.key is not acceptable: it is malformed";
        scratch.refuses("user reset-totp-key ada --key !", refused);
    });
}

#[test]
fn a_session_is_opened_listed_shown_and_ended() {
    both("session", |scratch| {
        scratch.create("ada");
        assert_eq!(out(&on(&scratch.data(), &["session", "list", "ada", "--json"]), 0), "");
        let said = out(&on(&scratch.data(), &["user", "login", "ada"]), 0);
        let details = said.strip_prefix("User logged in ").expect("the sentence");
        let details: Value = serde_json::from_str(details).expect("JSON");
        let token = details["token"].as_str().expect("a token");
        assert!(token.starts_with("gAAAA") && token.len() == 120, "{token}");
        let id = details["session"].as_str().expect("an id");
        by_operator(scratch, "ada", "session.started");

        let shown = scratch.json(&format!("session show {id}"));
        assert_eq!(shown, scratch.json("session list ada"));
        assert_eq!((&shown["id"], &shown["username"]), (&id.into(), &"ada".into()));
        assert_eq!(shown["method"], "command_line");
        assert!(!shown.to_string().contains(token), "{shown}");
        let table = out(&on(&scratch.data(), &["session", "list", "ada"]), 0);
        assert!(table.lines().nth(1).is_some_and(|row| row.starts_with(id)), "{table}");

        scratch.says(&format!("session end {id}"), &format!("Ended session `{id}`\n"));
        by_operator(scratch, "ada", "session.ended");
        let gone = "no such session, or it has ended";
        for command in ["show", "end"] {
            scratch.refuses(&format!("session {command} {id}"), gone);
            scratch.refuses(&format!("session {command} {token}"), gone);
        }
    });
}

#[test]
fn a_session_is_ended_by_its_token() {
    both("logout", |scratch| {
        scratch.create("ada");
        let log_in = || scratch.json("user login ada")["token"].as_str().expect("one").to_owned();
        let (first, second) = (log_in(), log_in());
        scratch.says(&format!("user logout {first}"), "User logged out by UST\n");
        let words = ["user", "logout", "--token-stdin"];
        let said = out(&on_with(&scratch.data(), &words, &format!("{second}\n")), 0);
        assert_eq!(said, "User logged out by UST\n");
        for token in [&first, &second, "nonsense"] {
            scratch.refuses(&format!("user logout {token}"), "no such session, or it has ended");
        }
        let told = err(&on_with(&scratch.data(), &words, ""), 1);
        assert_eq!(told, "muster: standard input holds no token\n");
        let ended = scratch.json(&format!("user logout {}", log_in()));
        assert_eq!(ended["ended"], true);
    });
}
