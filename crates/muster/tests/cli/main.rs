//! The command line as scripts meet it: what is printed where, and with which code it ends.

mod completions;
mod histories;
mod terminal;
mod users;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// Commands that need a store; each with arguments that it could run with.
const ON_A_STORE: [&[&str]; 23] = [
    &["user", "list"],
    &["user", "show", "ada"],
    &["user", "delete", "ada", "--yes"],
    &["user", "lock", "ada"],
    &["user", "unlock", "ada"],
    &["user", "approve", "ada"],
    &["user", "reject", "ada"],
    &["user", "grant", "ada", "auditor"],
    &["user", "revoke", "ada", "auditor"],
    &["user", "token", "add", "ada"],
    &["user", "token", "list", "ada"],
    &["user", "token", "remove", "ada", "01JDR6RS9V3GZVY0RK7CE9W0YH"],
    &["user", "login", "ada"],
    &["user", "logout", "gAAAA"],
    &["user", "reset-password", "ada"],
    &["user", "reset-totp-key", "ada"],
    &["session", "list", "ada"],
    &["session", "show", "01JDR6RS9V3GZVY0RK7CE9W0YH"],
    &["session", "end", "01JDR6RS9V3GZVY0RK7CE9W0YH"],
    &["history", "ada"],
    &["events"],
    &["rebuild"],
    &["verify"],
];

#[test]
fn the_help_of_every_command_has_an_example() {
    let mut commands = vec![Vec::<String>::new()];
    let mut examples = 0;
    while let Some(command) = commands.pop() {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = out(&muster(&arguments), 0);
        let inner = subcommands(&help);
        if inner.is_empty() {
            assert!(help.contains("Example"), "muster {}:\n{help}", command.join(" "));
            assert!(help.contains("muster "), "{help}");
            examples += 1;
        }
        for name in inner {
            commands.push([command.as_slice(), &[name]].concat());
        }
    }
    assert!(examples >= 8, "only {examples} commands were found");
}

#[test]
fn the_page_about_configuration_is_what_the_code_says() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    assert_eq!(out(&muster(&["config", "--reference"]), 0), page, "run `cargo xtask docs`");
}

#[test]
fn a_configuration_is_told_with_where_each_value_comes_from() {
    let scratch = Scratch::new("config");
    let file = scratch.path.join("muster.toml");
    std::fs::write(&file, "[zato.session]\nexpiry = 7\n").expect("it can be written");
    let mut command = command();
    command.args(["config", "--json", "--config"]).arg(&file).env("MUSTER_LISTEN", "[::1]:0");
    let printed = out(&command.output().expect("the binary runs"), 0);
    let value = |key: &str| -> Value {
        let lines = printed.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        let mut lines = lines.filter(|line: &Value| line["key"] == key);
        lines.next().expect("every key is told")
    };
    let from = format!("{}:2", file.display());
    assert_eq!(value("zato.session.expiry")["value"], 7);
    assert_eq!(value("zato.session.expiry")["from"], from.as_str());
    assert_eq!(value("listen")["from"], "$MUSTER_LISTEN");
    assert_eq!(value("zato.password.expiry")["from"], "default");
}

#[test]
fn a_wrong_configuration_ends_every_command_with_2_and_names_its_line() {
    let scratch = Scratch::new("wrong");
    let file = scratch.path.join("other.toml");
    std::fs::write(&file, "\n[zato.session]\nexpirey = 7\n").expect("it can be written");
    let file = file.to_str().expect("a path of text");
    let data = scratch.data();
    let data = data.to_str().expect("a path of text");
    for arguments in
        [&["config"][..], &["serve"], &["user", "list"], &["init", "--super-user", "x"]]
    {
        let arguments = [arguments, &["--data", data, "--config", file]].concat();
        let told = err(&muster(&arguments), 2);
        assert!(told.contains("other.toml:3: unknown key `zato.session.expirey`"), "{told}");
        assert!(told.contains("`zato.session.expiry`"), "{told}");
    }
    assert!(!Path::new(data).exists(), "nothing was made");
    let told = err(&muster(&["config", "--config", "/nowhere/muster.toml"]), 2);
    assert!(told.contains("/nowhere/muster.toml"), "{told}");
}

#[test]
fn help_and_version_are_no_errors() {
    assert!(out(&muster(&["--version"]), 0).starts_with("muster "));
    assert!(out(&muster(&["help", "serve"]), 0).contains("--listen"));
    assert!(out(&muster(&["--help"]), 0).contains("Exit codes"));
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_wrong() {
    for (arguments, said) in [
        (&["nothing"][..], "nothing"),
        (&["serve", "--nothing"], "--nothing"),
        (&["init"], "--super-user"),
        (&["history"], "USER"),
        (&["user", "show"], "USER"),
        (&["events", "--after", "x"], "--after"),
        (&["user", "create"], "NAME"),
        (&["user", "create", "ada", "--password", "correct horse"], "--password"),
        (&["user", "create", "ada"], "--password-stdin"),
        (&["user", "create-super-user", "ada"], "--password-stdin"),
        (&["user", "change-password", "ada"], "--password-stdin"),
        (&["user", "change-password", "ada", "--password-stdin", "--expiry", "0"], "--expiry"),
        (&["user", "reset-password", "ada", "--must-change", "maybe"], "--must-change"),
        (&["user", "reset-totp-key", "ada", "--key", "A", "--key-stdin"], "--key-stdin"),
        (&["user", "delete", "ada"], "--yes"),
        (&["user", "logout"], "TOKEN"),
        (&["user", "logout", "gAAAA", "--token-stdin"], "--token-stdin"),
        (&["session", "end"], "SESSION"),
        (&["completions", "tcsh"], "tcsh"),
        (&["verify", "extra"], "extra"),
    ] {
        let output = muster(arguments);
        let told = err(&output, 2);
        assert!(told.contains(said), "{arguments:?}: {told}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    // Asked for nothing, it shows what can be asked for.
    assert!(err(&muster(&[]), 2).contains("Commands:"));
    assert!(err(&muster(&["user"]), 2).contains("Commands:"));
}

#[test]
fn a_directory_without_a_store_ends_with_3_and_stays_as_it_is() {
    let scratch = Scratch::new("none");
    for arguments in ON_A_STORE {
        let told = err(&on(&scratch.data(), arguments), 3);
        assert!(told.contains("muster init"), "{arguments:?}: {told}");
        assert!(!scratch.data().exists(), "{arguments:?} made a directory");
    }
}

#[test]
fn init_makes_a_store_once() {
    let scratch = Scratch::new("init");
    let made = init(&scratch.data(), "ada", "correct horse battery");
    assert_eq!(made["username"], "ada");
    assert_eq!(made["password"], "correct horse battery");
    assert!(made["token"].as_str().is_some_and(|token| token.starts_with("muster_pat_")));
    let id = made["user_id"].as_str().expect("an id").to_owned();
    assert_eq!(id.len(), 26);
    let told = err(&on(&scratch.data(), &["init", "--super-user", "bob"]), 1);
    assert!(told.contains("holds a store already"), "{told}");
    // What was there is what is there.
    let shown = out(&on(&scratch.data(), &["user", "show", "ada", "--json"]), 0);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["id"], id.as_str());
    err(&on(&scratch.data(), &["user", "show", "bob"]), 1);
}

#[test]
fn init_draws_a_password_that_nobody_gave() {
    let scratch = Scratch::new("drawn");
    let printed = out(&on(&scratch.data(), &["init", "--super-user", "ada"]), 0);
    for line in ["super-user  ada", "password    ", "token       muster_pat_"] {
        assert!(printed.contains(line), "{printed}");
    }
}

#[test]
fn init_with_an_unacceptable_password_leaves_nothing() {
    let scratch = Scratch::new("refused");
    for (password, said) in [("short\n", "too short"), ("\n", "no password"), ("", "no password")] {
        let output = init_output(&scratch.data(), "ada", password);
        assert!(err(&output, 1).contains(said), "{password:?}");
    }
    let told = err(&on(&scratch.data(), &["verify"]), 3);
    assert!(told.contains("muster init"), "{told}");
    init(&scratch.data(), "ada", "correct horse battery");
}

#[test]
fn commands_answer_alike_with_and_without_a_server() {
    let scratch = Scratch::new("alike");
    init(&scratch.data(), "ada", "correct horse battery");
    let all = || {
        let list =
            ["user list --json", "user list", "user show ada", "history ada", "history ada --json"];
        list.map(|command| {
            let arguments: Vec<_> = command.split(' ').collect();
            out(&on(&scratch.data(), &arguments), 0)
        })
    };
    let without = all();
    assert!(without[0].contains("\"username\":\"ada\""), "{}", without[0]);
    assert!(without[3].contains("[user.created]"), "{}", without[3]);
    let server = Server::start(&scratch.data());
    assert_eq!(all(), without);
    out(&on(&scratch.data(), &["verify"]), 0);
    out(&on(&scratch.data(), &["rebuild"]), 0);
    drop(server);
    assert_eq!(all(), without);
    out(&on(&scratch.data(), &["verify", "--json"]), 0);
    out(&on(&scratch.data(), &["rebuild", "--json"]), 0);
}

#[test]
fn a_second_server_on_a_directory_in_use_ends_with_3_and_says_so() {
    let scratch = Scratch::new("twice");
    let server = Server::start(&scratch.data());
    let told = err(&on(&scratch.data(), &["serve", "--listen", "127.0.0.1:0"]), 3);
    assert!(told.contains("in use"), "{told}");
    err(&on(&scratch.data(), &["init", "--super-user", "bob"]), 1);
    // The first goes on.
    out(&on(&scratch.data(), &["user", "list"]), 0);
    drop(server);
    drop(Server::start(&scratch.data()));
}

#[test]
fn an_address_that_cannot_be_is_refused_before_a_store_is_made() {
    let scratch = Scratch::new("address");
    for address in ["nonsense", "127.0.0.1", "127.0.0.1:99999", "203.0.113.1:1"] {
        err(&on(&scratch.data(), &["serve", "--listen", address]), 1);
        assert!(!scratch.data().exists(), "{address}");
    }
}

#[test]
fn an_unknown_user_ends_with_1() {
    let scratch = Scratch::new("unknown");
    init(&scratch.data(), "ada", "correct horse battery");
    for command in [["user", "show", "nobody"].as_slice(), &["history", "nobody"]] {
        let told = err(&on(&scratch.data(), command), 1);
        assert_eq!(told, "muster: No such user `nobody`\n");
    }
}

#[test]
fn a_missing_key_or_a_flipped_bit_ends_with_4() {
    let scratch = Scratch::new("damage");
    init(&scratch.data(), "ada", "correct horse battery");
    let key = scratch.data().join("muster.key");
    let away = scratch.path.join("away.key");
    std::fs::rename(&key, &away).expect("the key is there");
    err(&on(&scratch.data(), &["verify"]), 4);
    std::fs::rename(&away, &key).expect("the key is back");
    out(&on(&scratch.data(), &["verify"]), 0);
    let segment = scratch.data().join("journal/00000001.mj");
    let mut bytes = std::fs::read(&segment).expect("the first segment");
    // Somewhere among the first facts: far behind the segment's header.
    bytes[1_000] ^= 1;
    std::fs::write(&segment, bytes).expect("it can be written");
    for arguments in [&["verify"][..], &["user", "list"]] {
        err(&on(&scratch.data(), arguments), 4);
    }
    err(&on(&scratch.data(), &["serve", "--listen", "127.0.0.1:0"]), 4);
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("modes");
    let server = Server::start(&scratch.data());
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&scratch.data()), 0o700);
    for name in ["muster.key", "muster.sock", "store", "lock"] {
        assert_eq!(mode(&scratch.data().join(name)), 0o600, "{name}");
    }
    drop(server);
    assert!(!scratch.data().join("muster.sock").exists());
}

/// The names in the section "Commands:" of a help text.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    for variable in ["MUSTER_DATA", "MUSTER_LISTEN", "MUSTER_LOG", "MUSTER_CONFIG"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

fn muster(arguments: &[&str]) -> Output {
    command().args(arguments).output().expect("the binary runs")
}

fn on(data: &Path, arguments: &[&str]) -> Output {
    command().args(arguments).arg("--data").arg(data).output().expect("the binary runs")
}

/// What it printed, when it ended with this code and complained of nothing if that is 0.
#[track_caller]
fn out(output: &Output, code: i32) -> String {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    assert!(code != 0 || err.is_empty(), "{err}");
    out
}

/// What it complained of, when it ended with this code.
#[track_caller]
fn err(output: &Output, code: i32) -> String {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    assert!(!err.is_empty() && !err.contains("panicked"), "{err}");
    err
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn init(data: &Path, name: &str, password: &str) -> Value {
    let printed = out(&init_output(data, name, &format!("{password}\n")), 0);
    serde_json::from_str(&printed).expect("one JSON object")
}

fn init_output(data: &Path, name: &str, input: &str) -> Output {
    on_with(data, &["init", "--super-user", name, "--password-stdin", "--json"], input)
}

/// What it answers to this on its standard input.
fn on_with(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = command()
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    // One that refuses before it reads is gone by now.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// Everything that happened to somebody, one JSON object a fact.
fn history(data: &Path, user: &str) -> Vec<Value> {
    let printed = out(&on(data, &["history", user, "--json"]), 0);
    printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A server that says where it listens before it counts as started.
struct Server(Child);

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = command()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut lines = lines.map_while(Result::ok);
        let ready = lines.any(|line| line.starts_with("listening on http://127.0.0.1:"));
        assert!(ready, "it ended");
        Self(child)
    }
}

impl Drop for Server {
    /// SIGTERM must end it cleanly.
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal was not sent");
        let status = self.0.wait().expect("it is our child");
        assert!(std::thread::panicking() || status.code() == Some(0), "{status}");
    }
}

/// A directory that goes with its owner; its path is short, for a socket lies in it.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mc-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).expect("the temporary directory can be written");
        Self { path }
    }

    fn data(&self) -> PathBuf {
        self.path.join("data")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}
