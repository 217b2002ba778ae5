//! What the project's tool knows, as a library, so that plain `cargo test` can hold the tree to it.
//!
//! [`tidy`] is the house rules that neither the compiler nor clippy can state; [`conformance_page`] is the
//! page that says which cases of the Zato contract passed.
//! The subcommands themselves are in the binary, one file each: see `main.rs`.

pub mod conformance_page;
pub mod tidy;
