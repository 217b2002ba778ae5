//! Checkpoints and proofs, judged by implementations that share no code with ours: `signed_note` for the
//! note and its signature, `ct-merkle` for roots, inclusion and consistency.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use muster_tests::audit::{Audit, assert_problem};
use muster_tests::cli;
use muster_tests::scratch::Scratch;
use muster_tests::server::Server;
use muster_tests::zato::{ATTR, Zato};
use serde_json::{Value, json};
use sha2::Sha256;
use signed_note::{Note, StandardVerifier, VerifierList};

/// More than one block of the subtrees that are held (256), so that proofs are made of both.
const FACTS: u64 = 300;

/// A server whose log does not grow while it is judged, beyond what reading leaves in it.
fn still() -> &'static Server {
    static STILL: OnceLock<Server> = OnceLock::new();
    STILL.get_or_init(|| {
        let server = Server::start();
        write(&server, FACTS);
        server
    })
}

fn write(server: &Server, count: u64) -> u64 {
    let mut zato = Zato::new(server);
    let ust = zato.log_in(&server.first().username, &server.first().password);
    let mut position = 0;
    for number in 0..count {
        let body = json!({"ust": ust, "name": format!("n{number}"), "value": "x"});
        let answer = zato.call("PUT", ATTR, body);
        position = answer.header("x-muster-position").expect("a write").parse().expect("a number");
    }
    position
}

fn bytes(value: &Value) -> Vec<u8> {
    BASE64.decode(value.as_str().expect("base64")).expect("base64")
}

fn joined(hashes: &Value) -> Vec<u8> {
    hashes.as_array().expect("a list").iter().flat_map(bytes).collect()
}

fn root_of(root: &[u8], size: u64) -> RootHash<Sha256> {
    let root: [u8; 32] = root.try_into().expect("32 bytes");
    RootHash::new(root.into(), size)
}

fn key(audit: &mut Audit) -> String {
    let answer = audit.get("/v1/log/key");
    assert_eq!(answer.status, 200);
    answer.text().trim_end().to_owned()
}

/// Size and root of a note, of which the judge says that `key` signed it.
fn judged(note: &str, key: &str) -> (u64, Vec<u8>) {
    let verifier = StandardVerifier::new(key).expect("a verifier key");
    let known = VerifierList::new(vec![Box::new(verifier)]);
    let note = Note::from_bytes(note.as_bytes()).expect("a signed note");
    let (good, unknown) = note.verify(&known).expect("a good signature");
    assert_eq!((good.len(), unknown.len()), (1, 0));
    let text = std::str::from_utf8(note.text()).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    let [origin, size, root] = lines[..] else { panic!("{text}") };
    assert_eq!(Some(origin), key.split('+').next(), "a log signs under its own name");
    (size.parse().expect("a size"), BASE64.decode(root).expect("a root"))
}

#[test]
fn a_checkpoint_is_a_signed_note_at_the_last_commit() {
    let server = Server::start();
    let mut audit = Audit::new(&server);
    let key = key(&mut audit);
    for _ in 0..3 {
        let position = write(&server, 1);
        let answer = audit.get("/v1/log/checkpoint");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        let (size, _) = judged(answer.text(), &key);
        assert!(size >= position, "{size} facts are signed after position {position}");
    }
    let id = key.strip_prefix("muster/").and_then(|rest| rest.split_once('/')).expect("a name").0;
    assert!(id.len() == 32 && id.bytes().all(|byte| b"0123456789abcdef".contains(&byte)), "{id}");
    assert!(key.starts_with(&format!("muster/{id}/1+")), "a store begins in epoch 1: {key}");
}

#[test]
fn a_changed_checkpoint_is_refused_by_the_judge() {
    let mut audit = Audit::new(still());
    let key = key(&mut audit);
    let note = audit.get("/v1/log/checkpoint").text().to_owned();
    let (size, _) = judged(&note, &key);
    let known = || VerifierList::new(vec![Box::new(StandardVerifier::new(&key).expect("a key"))]);
    let changed = note.replace(&format!("\n{size}\n"), &format!("\n{}\n", size + 1));
    assert_ne!(changed, note);
    let changed = Note::from_bytes(changed.as_bytes()).expect("a signed note");
    assert!(changed.verify(&known()).is_err());
}

#[test]
fn every_fact_is_proven_to_the_judge_who_makes_the_same_root_of_the_records() {
    let mut audit = Audit::new(still());
    let key = key(&mut audit);
    let (size, root) = judged(audit.get("/v1/log/checkpoint").text(), &key);
    assert!(size > FACTS);
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut roots = HashMap::new();
    for position in 1..=size {
        let asked = format!("/v1/log/proof/inclusion?position={position}&size={size}");
        let proof = audit.read(&asked);
        assert_eq!((&proof["position"], &proof["size"]), (&json!(position), &json!(size)));
        assert_eq!(proof["epoch"], 1);
        let note = proof["checkpoint"].as_str().expect("a note");
        assert_eq!(judged(note, &key), (size, root.clone()));
        assert_eq!(bytes(&proof["root"]), root);
        let record = bytes(&proof["record"]);
        let inclusion = InclusionProof::<Sha256>::try_from_bytes(joined(&proof["hashes"]));
        let inclusion = inclusion.expect("whole hashes");
        let whole = root_of(&root, size);
        whole.verify_inclusion(&record, position - 1, &inclusion).expect("it is included");
        assert!(whole.verify_inclusion(&record, position % size, &inclusion).is_err());
        tree.push(record);
        roots.insert(position, tree.root());
    }
    assert_eq!(tree.root().as_bytes().as_slice(), root);
    for from in (1..=size).step_by(7).chain([255, 256, 257, size]) {
        for to in
            [from, from + 1, 256, 257, size].into_iter().filter(|to| (from..=size).contains(to))
        {
            let proof = audit.read(&format!("/v1/log/proof/consistency?from={from}&to={to}"));
            assert_eq!((&proof["from"], &proof["to"]), (&json!(from), &json!(to)));
            assert_eq!(bytes(&proof["from_root"]), roots[&from].as_bytes().as_slice());
            assert_eq!(bytes(&proof["to_root"]), roots[&to].as_bytes().as_slice());
            let note = proof["checkpoint"].as_str().expect("a note");
            assert_eq!(judged(note, &key), (to, bytes(&proof["to_root"])));
            let path = ConsistencyProof::<Sha256>::try_from_bytes(joined(&proof["hashes"]));
            let path = path.expect("whole hashes");
            roots[&to].verify_consistency(&roots[&from], &path).expect("it goes on from it");
        }
    }
}

#[test]
fn without_a_size_the_proof_is_of_all_there_is() {
    let mut audit = Audit::new(still());
    let key = key(&mut audit);
    let (size, root) = judged(audit.get("/v1/log/checkpoint").text(), &key);
    let inclusion = audit.read("/v1/log/proof/inclusion?position=1");
    let consistency = audit.read("/v1/log/proof/consistency?from=1");
    for (proof, to) in [(&inclusion, "size"), (&consistency, "to")] {
        let note = proof["checkpoint"].as_str().expect("a note");
        let (signed, signed_root) = judged(note, &key);
        assert_eq!(proof[to], json!(signed));
        assert!(signed >= size && (signed > size || signed_root == root));
    }
}

#[test]
fn nothing_is_proven_of_what_the_log_does_not_have_and_why_is_told() {
    let mut audit = Audit::new(still());
    for (query, code, why) in [
        ("inclusion", "bad_parameter", "`position` is missing"),
        ("inclusion?size=3", "bad_parameter", "`position` is missing"),
        ("inclusion?position=0", "bad_parameter", "`position` is 0"),
        ("inclusion?position=1&size=0", "bad_parameter", "`size` is 0"),
        ("inclusion?position=x", "bad_parameter", "`position` is not a number"),
        ("inclusion?position=-1", "bad_parameter", "`position` is not a number"),
        ("inclusion?position=1.5", "bad_parameter", "`position` is not a number"),
        ("inclusion?position=18446744073709551616", "bad_parameter", "is not a number"),
        ("inclusion?position=1&from=1", "bad_parameter", "unknown parameter `from`"),
        ("inclusion?position=3&size=2", "not_in_log", "has none at position 3"),
        ("inclusion?position=1&size=1000000000", "not_in_log", "not 1000000000"),
        ("inclusion?position=1000000000", "not_in_log", "at position 1000000000"),
        ("inclusion?position=18446744073709551615", "not_in_log", "at position"),
        ("consistency", "bad_parameter", "`from` is missing"),
        ("consistency?from=0", "bad_parameter", "`from` is 0"),
        ("consistency?from=1&to=0", "bad_parameter", "`to` is 0"),
        ("consistency?from=1&to=", "bad_parameter", "`to` is not a number"),
        ("consistency?from=1&size=2", "bad_parameter", "unknown parameter `size`"),
        ("consistency?from=3&to=2", "not_in_log", "does not begin with one of 3"),
        ("consistency?from=1000000000", "not_in_log", "1000000000"),
        ("consistency?from=1&to=18446744073709551615", "not_in_log", "18446744073709551615"),
    ] {
        let answer = audit.get(&format!("/v1/log/proof/{query}"));
        assert_problem(&answer, 400, code);
        let detail = answer.json()["detail"].as_str().expect("a sentence").to_owned();
        assert!(detail.contains(why), "{query}: {detail}");
    }
}

#[test]
fn the_key_is_for_everybody_and_what_it_signs_is_not() {
    let mut client = still().client();
    let answer = client.send("GET", "/v1/log/key", &[], b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let key = answer.text().trim_end();
    assert!(StandardVerifier::new(key).is_ok(), "{key}");
    let data = still().data();
    let shown = cli::objects(&data, &["config"]);
    let shown = shown.iter().find(|line| line["key"] == "log.key").expect("it is shown");
    assert_eq!((&shown["value"], &shown["from"]), (&json!(key), &json!("store")));
    assert!(cli::succeed(&data, &["config"]).contains(key));
    for path in ["checkpoint", "proof/inclusion?position=1", "proof/consistency?from=1"] {
        let answer = client.send("GET", &format!("/v1/log/{path}"), &[], b"");
        assert_problem(&answer, 401, "unauthorized");
    }
}

#[test]
fn configuration_is_shown_where_there_is_no_store_yet_and_none_is_made() {
    let scratch = Scratch::new();
    let shown = cli::objects(&scratch.join("nothing"), &["config"]);
    assert!(shown.len() > 10 && shown.iter().all(|line| line["key"] != "log.key"));
    assert!(!scratch.join("nothing").exists());
}

/// What a proof's file says, read without our code: index, record, hashes, note.
fn read_proof(text: &str) -> (u64, Vec<u8>, Vec<u8>, &str) {
    let (head, note) = text.split_once("\n\n").expect("an empty line");
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
    let record = lines.next().and_then(|line| line.strip_prefix("extra ")).expect("the record");
    let index = lines.next().and_then(|line| line.strip_prefix("index ")).expect("the index");
    let hashes = lines.flat_map(|line| BASE64.decode(line).expect("a hash")).collect();
    (index.parse().expect("a number"), BASE64.decode(record).expect("base64"), hashes, note)
}

#[test]
fn a_proof_in_a_file_holds_for_the_judge_and_for_us_without_the_store() {
    let data = still().data();
    let key = key(&mut Audit::new(still()));
    let scratch = Scratch::new();
    let file = scratch.join("proof");
    let name = file.to_str().expect("text");
    let said = cli::succeed(&data, &["prove", "11", "--size", "200", "--out", name]);
    for word in ["position 11", "first 200", &key, "muster verify --proof"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let text = fs::read_to_string(&file).expect("it was written");
    let (index, record, hashes, note) = read_proof(&text);
    let (size, root) = judged(note, &key);
    assert_eq!((index, size), (10, 200));
    let inclusion = InclusionProof::<Sha256>::try_from_bytes(hashes).expect("whole hashes");
    root_of(&root, size).verify_inclusion(&record, index, &inclusion).expect("it is included");

    let nowhere = scratch.join("nowhere");
    let verify = |file: &Path, key: &str| {
        let file = file.to_str().expect("text");
        cli::run(&nowhere, &["verify", "--proof", file, "--key", key])
    };
    let output = verify(&file, &key);
    let said = cli::text(&output.stdout) + &cli::text(&output.stderr);
    assert!(output.status.success() && said.contains("position 11 of the first 200"), "{said}");
    assert!(!nowhere.exists());
    let other = Server::start();
    let foreign = verify(&file, &self::key(&mut Audit::new(&other)));
    assert_eq!(foreign.status.code(), Some(1));
    let said = cli::text(&foreign.stderr);
    assert!(said.contains("not signed by"), "{said}");
    let changed = scratch.join("changed");
    fs::write(&changed, text.replace("index 10\n", "index 9\n")).expect("written");
    let refused = verify(&changed, &key);
    assert_eq!(refused.status.code(), Some(1));
    let said = cli::text(&refused.stderr);
    assert!(said.contains("position 10"), "the report names it: {said}");
    let again = cli::run(&data, &["prove", "11", "--out", name]);
    assert_eq!(again.status.code(), Some(1), "a file that is there stays as it is");
}

#[test]
fn a_proof_on_standard_output_is_the_file_and_json_has_it_too() {
    let data = still().data();
    let printed = cli::run(&data, &["prove", "3", "--size", "20"]);
    assert!(printed.status.success(), "{}", cli::text(&printed.stderr));
    let told = cli::objects(&data, &["prove", "3", "--size", "20"]).remove(0);
    assert_eq!(told["proof"], json!(cli::text(&printed.stdout)));
    assert_eq!((&told["position"], &told["size"]), (&json!(3), &json!(20)));
    assert!(cli::text(&printed.stderr).contains("position 3"), "what it proves is said beside it");
    for (arguments, exit) in [(["prove", "0"], 2), (["prove", "1000000000"], 1)] {
        assert_eq!(cli::run(&data, &arguments).status.code(), Some(exit), "{arguments:?}");
    }
}
