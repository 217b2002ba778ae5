//! Every row of the table in docs/recovery.md, done to a store with history and tried with the real
//! binary; and what no table of damage lists ([`forged`]): a log that somebody wrote anew.

mod cases;
mod forged;
mod forger;
mod table;
mod trial;

use cases::{journal, keyring, master_key, others, sled, store_file};
use table::Row;
use trial::{Case, try_all};

#[test]
fn damage_to_the_journal_is_what_the_table_says() {
    try_all(&journal());
}

#[test]
fn damage_to_the_keyring_is_what_the_table_says() {
    try_all(&keyring());
}

#[test]
fn damage_to_keys_and_names_is_what_the_table_says() {
    try_all(&[master_key(), store_file(), others()].concat());
}

#[test]
fn damage_to_sled_is_what_the_table_says() {
    try_all(&sled());
}

#[test]
fn every_row_is_tried_once() {
    let all = [journal(), keyring(), master_key(), store_file(), sled(), others()].concat();
    let tried: Vec<&str> = all.iter().map(|Case { row, .. }| *row).collect();
    let rows: Vec<String> = table::rows().into_iter().map(|Row { name, .. }| name).collect();
    let mut sorted = (tried.clone(), rows.clone());
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    assert_eq!(sorted.0, sorted.1);
}
