//! That every case of the contract is tested, and every operation has a case. The list cannot rot: what
//! it says is asked of the server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use muster_tests::operations::{OPERATIONS, Operation, built};
use serde_json::json;
use xtask::conformance_page::{self, Case};

use crate::world::zato;

/// All tests whose names begin with `case_`, by number.
fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/zato");
    let mut cases = Vec::new();
    for file in std::fs::read_dir(directory).expect("the sources are there") {
        let path = file.expect("a file").path();
        let source = std::fs::read_to_string(path).expect("source text");
        // A test is one only with its attribute right above it.
        for rest in source.split("#[test]\nfn case_").skip(1) {
            let name = rest.split('(').next().unwrap_or_default();
            let case = Case::of_test(&format!("case_{name}"));
            cases.push(case.expect("case_, three digits, and a sentence"));
        }
    }
    cases.sort();
    cases
}

/// The numbers of these tests, each with how often it occurs.
fn tested() -> BTreeMap<u16, usize> {
    let mut tested = BTreeMap::new();
    for case in cases() {
        *tested.entry(case.number).or_default() += 1;
    }
    tested
}

#[test]
fn every_case_is_tested_once() {
    let tested = tested();
    for number in 1..=100 {
        assert_eq!(tested.get(&number), Some(&1), "case {number}");
    }
    assert_eq!(tested.len(), 100);
}

#[test]
fn the_committed_page_is_what_the_tests_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(conformance_page::PATH);
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let expected = conformance_page::page(&cases());
    assert!(committed == expected, "`cargo xtask conformance` writes it anew:\n{committed}");
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
    // What linked accounts are tried on lies beside the API.
    for rest in source.split("\"/zato/sso/").skip(1) {
        let path = format!("/zato/sso/{}", rest.split('"').next().expect("a closing quote"));
        assert!(built().any(|operation| operation.path == path), "{path}");
        routes += 1;
    }
    let paths: BTreeSet<_> = built().map(|operation| operation.path).collect();
    assert_eq!(routes, paths.len());
}
