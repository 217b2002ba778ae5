//! The Zato dialect. A test whose name begins with `case_` and a number is that case of the contract's
//! section 9; the others hold what other sections say. [`coverage`] knows which cases there are.

mod attribute_calls;
mod attributes;
mod command_line;
mod configured;
mod coverage;
mod create;
mod envelope;
mod guessing;
mod linked;
mod linked_access;
mod login;
mod order;
mod passwords;
mod races;
mod resets;
mod search;
mod session_attributes;
mod sessions;
mod signup;
mod types;
mod users;
