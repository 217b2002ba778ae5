//! What the project's tool knows, as a library, so that plain `cargo test` can hold the tree to it.
//!
//! [`tidy`] is the house rules that neither the compiler nor clippy can state.
//! The subcommands themselves are in the binary, one file each: see `main.rs`.

pub mod tidy;
