//! `/v1`: who may ask, problems, pages, and histories that tell old -> new.

mod as_of;
mod auditors;
mod cursors;
mod erasing;
mod feeds;
mod history;
mod local;
mod names;
mod positions;
mod problems;
mod proofs;
mod streams;
