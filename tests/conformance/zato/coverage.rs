//! That every case of the contract is either tested or waits for something named, and every operation
//! that is there has a case. None of these lists can rot: what they say is asked of the server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use muster_tests::operations::{OPERATIONS, Operation, built};
use serde_json::json;

use crate::world::{server, zato};

/// A command line that is not understood yet.
type Missing = &'static [&'static str];

/// A mail that a test can read.
const OUTBOX: Missing = &["outbox", "list"];

/// Cases that cannot be tested yet, and what they wait for.
const NOT_YET: [(u16, Missing); 5] =
    [(40, OUTBOX), (41, OUTBOX), (42, OUTBOX), (87, OUTBOX), (88, OUTBOX)];

/// The numbers of all tests whose names begin with `case_`, each with how often it occurs.
fn tested() -> BTreeMap<u16, usize> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/zato");
    let mut tested = BTreeMap::new();
    for file in std::fs::read_dir(directory).expect("the sources are there") {
        let path = file.expect("a file").path();
        let source = std::fs::read_to_string(path).expect("source text");
        // A test is one only with its attribute right above it.
        for rest in source.split("#[test]\nfn case_").skip(1) {
            let number = rest.get(..3).and_then(|number| number.parse().ok());
            *tested.entry(number.expect("case_ and three digits")).or_default() += 1;
        }
    }
    tested
}

#[test]
fn every_case_is_tested_once_or_waits_for_something_named() {
    let tested = tested();
    for (number, times) in &tested {
        assert_eq!(*times, 1, "case {number}");
    }
    let waiting: BTreeSet<u16> = NOT_YET.iter().map(|(number, _)| *number).collect();
    assert_eq!(waiting.len(), NOT_YET.len(), "a case waits twice");
    for number in 1..=100 {
        let (is_tested, waits) = (tested.contains_key(&number), waiting.contains(&number));
        assert!(is_tested != waits, "case {number}: tested {is_tested}, waits {waits}");
    }
    assert_eq!(tested.len() + waiting.len(), 100);
}

#[test]
fn what_cases_wait_for_is_not_there() {
    for (number, arguments) in NOT_YET {
        let output = muster_tests::cli::run(&server().data(), arguments);
        let code = output.status.code();
        assert_eq!(code, Some(2), "case {number} waits for {arguments:?}, which is there");
    }
}

#[test]
fn every_route_has_a_case() {
    let tested = tested();
    let mut zato = zato();
    for Operation { method, path, cases, .. } in OPERATIONS {
        let answer = zato.call(method, path, json!({}));
        let is_there = !matches!(answer.status, 404 | 405);
        assert_eq!(is_there, !cases.is_empty(), "{method} {path} answers {}", answer.status);
        for case in cases {
            assert!(tested.contains_key(case), "{method} {path} names case {case}");
        }
    }
}

#[test]
fn the_server_has_no_route_that_is_not_in_the_contract() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/http/src/zato/mod.rs");
    let source = std::fs::read_to_string(directory).expect("the routes are there");
    let mut routes = 0;
    for rest in source.split("\"/zato/").skip(1) {
        let path = format!("/zato/{}", rest.split('"').next().expect("a closing quote"));
        assert!(built().any(|operation| operation.path == path), "{path}");
        routes += 1;
    }
    let paths: BTreeSet<_> = built().map(|operation| operation.path).collect();
    assert_eq!(routes, paths.len());
}
