//! What was done to an export after it was handed out is found, and where.

use std::fs;

use muster_tests::cli;
use muster_tests::scratch::Scratch;
use serde_json::{Value, json};

use crate::{Export, FORMATS, world};

/// The end of a line.
fn end(format: &str) -> &'static str {
    if format == "csv" { "\r\n" } else { "\n" }
}

/// The line of the fact at a position of a whole export, from 0.
fn line_of(format: &str, position: usize) -> usize {
    if format == "csv" { position } else { position - 1 }
}

/// Does something to the lines of an export in every format.
fn each(change: impl Fn(&str, &mut Vec<String>), found: &[&str]) {
    for format in FORMATS {
        let export = Export::take(format, &[]);
        export.holds(&[]);
        let mut lines = export.lines();
        let before = lines.clone();
        change(format, &mut lines);
        assert_ne!(lines, before, "{format}");
        export.write(&lines.iter().flat_map(|line| [line, end(format)]).collect::<String>());
        export.is_found(found);
    }
}

#[test]
fn a_value_that_was_edited_is_found() {
    let edit = |format: &str, lines: &mut Vec<String>| {
        let line = &mut lines[line_of(format, 6)];
        *line = line.replace("create", "delete").replace("put to use", "taken away");
    };
    each(edit, &["position 6", "changed"]);
}

#[test]
fn a_record_that_was_edited_is_found() {
    let edit = |format: &str, lines: &mut Vec<String>| {
        let other = lines[line_of(format, 3)].clone();
        let record = |line: &str| {
            let text = line.trim_end_matches(['}', '"']);
            text[text.rfind(['"', ',']).expect("a record is last") + 1..].to_owned()
        };
        let line = &mut lines[line_of(format, 2)];
        *line = line.replace(&record(line), &record(&other));
    };
    each(edit, &["position 2", "changed", "version"]);
}

#[test]
fn a_time_that_was_put_back_is_found_and_told_from_the_record() {
    let back = |format: &str, lines: &mut Vec<String>| {
        let line = &mut lines[line_of(format, 9)];
        *line = line.replace("20", "19");
    };
    each(back, &["position 9", "changed"]);
    let export = Export::take("jsonl", &[]);
    let mut lines = export.lines();
    let fact: Value = serde_json::from_str(&lines[8]).expect("a line is JSON");
    let at = fact["at"].as_str().expect("a time");
    lines[8] = lines[8].replace(at, "1999-12-31T23:59:59.000000Z");
    export.write(&lines.iter().flat_map(|line| [line, "\n"]).collect::<String>());
    export.is_found(&["line 9, position 9", "`at` is \"1999-12-31T23:59:59.000000Z\"", at]);
}

#[test]
fn a_line_that_was_dropped_is_found() {
    let drop_one = |format: &str, lines: &mut Vec<String>| {
        lines.remove(line_of(format, 7));
    };
    each(drop_one, &["the fact at position 7", "missing"]);
}

#[test]
fn a_line_that_was_added_is_found() {
    let copy = |format: &str, lines: &mut Vec<String>| {
        let line = lines[line_of(format, 4)].clone();
        lines.insert(line_of(format, 9), line);
    };
    each(copy, &["the fact at position 4", "there again"]);
    let made_up = |_: &str, lines: &mut Vec<String>| {
        let line = lines[5].replace('6', "6000000");
        lines.push(line);
    };
    each(made_up, &["added"]);
}

#[test]
fn lines_that_changed_places_are_found() {
    let swap = |format: &str, lines: &mut Vec<String>| {
        lines.swap(line_of(format, 5), line_of(format, 11));
    };
    each(swap, &["the fact at position 5", "out of its order"]);
}

#[test]
fn a_file_that_was_cut_off_is_found() {
    each(|format, lines| lines.truncate(line_of(format, 12)), &["positions 12 to", "cut off"]);
    each(|_, lines| lines.clear(), &["cut off"]);
}

#[test]
fn other_ends_of_lines_are_found_too() {
    let export = Export::take("jsonl", &[]);
    let text = export.text();
    export.write(&text[..text.len() - 1]);
    export.is_found(&["the file is not the one that was handed out"]);
}

#[test]
fn a_manifest_that_was_edited_is_found_in_every_part() {
    let export = Export::take("csv", &["--user", &world().person.username]);
    let file = export.manifest_file();
    let sound = fs::read_to_string(&file).expect("a manifest");
    let manifest = export.manifest();
    let body = manifest["body"].as_object().expect("an object");
    for (key, value) in body {
        let other = match value {
            Value::Number(number) => json!(number.as_u64().expect("a number") + 1),
            Value::String(text) => json!(format!("{text}AAAA")),
            Value::Array(items) => json!(items[1..]),
            Value::Object(_) => json!({}),
            other => panic!("{other}"),
        };
        let text = sound.replacen(&format!("\"{key}\":{value}"), &format!("\"{key}\":{other}"), 1);
        assert_ne!(text, sound, "{key}");
        fs::write(&file, text).expect("it can be written");
        export.is_found(&["manifest"]);
    }
    fs::write(&file, sound.replace("\"signature\":", "\"signature\": "))
        .expect("it can be written");
    export.holds(&[]);
    fs::write(&file, sound.replace("{\"body\":", "{ \"body\":")).expect("it can be written");
    export.is_found(&["manifest"]);
    // One of another export, by the same store.
    let other = Export::take("csv", &["--user", &world().server.first().username]);
    fs::copy(other.manifest_file(), &file).expect("it can be copied");
    export.is_found(&["added"]);
}

#[test]
fn another_key_is_told_apart() {
    let export = Export::take("jsonl", &[]);
    let scratch = Scratch::new();
    cli::succeed(scratch.path(), &["init", "--super-user", "root"]);
    let stranger = key_of(&scratch);
    let export = Export { key: stranger, ..export };
    export.is_found(&["the manifest", "not signed by"]);
    export.is_found(&["the checkpoint", "not signed by"]);
}

/// The key that a store's configuration shows.
fn key_of(scratch: &Scratch) -> String {
    let shown = cli::succeed(scratch.path(), &["config"]);
    let mut words = shown.split(|char: char| char.is_whitespace() || char == '"');
    words.find(|word| word.starts_with("muster/") && word.contains('+')).expect("a key").to_owned()
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &to);
        } else if entry.file_name() != "muster.sock" {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

#[test]
fn a_log_that_was_forked_is_found_by_a_checkpoint_that_was_kept() {
    let (one, other) = (Scratch::new(), Scratch::new());
    cli::succeed(one.path(), &["init", "--super-user", "root"]);
    let key = key_of(&one);
    copy(one.path(), other.path());
    let create = |scratch: &Scratch, name: &str| {
        let arguments = ["user", "create", name, "--password-stdin"];
        let output = cli::run_with(scratch.path(), &arguments, "correct horse battery\n");
        assert!(output.status.success(), "{}", cli::text(&output.stderr));
    };
    let take = |scratch: &Scratch, filter: &[&str]| {
        Export::of(scratch.path(), key.clone(), "jsonl", filter)
    };
    let early = take(&one, &[]);
    create(&one, "ada");
    create(&other, "eve");
    let (honest, forked) = (take(&one, &[]), take(&other, &[]));
    let kept = honest.checkpoint();
    let kept = ["--checkpoint", kept.to_str().expect("a path is text")];
    // Each holds for itself, and from what both have in common.
    forked.holds(&[]);
    honest.holds(&kept);
    let common = early.checkpoint();
    honest.holds(&["--checkpoint", common.to_str().expect("a path is text")]);
    create(&one, "bob");
    create(&other, "bob");
    take(&one, &[]).holds(&kept);
    take(&other, &[]).is_found_with(&kept, &["kept", "rewritten, or forked"]);
    // What cannot be told is not told to be good.
    for undecided in [early.verify(&kept), take(&one, &["--to", "0"]).verify(&kept)] {
        let told = cli::text(&undecided.stderr);
        assert_eq!(undecided.status.code(), Some(1), "{told}");
        assert!(told.contains("kept"), "{told}");
    }
}
