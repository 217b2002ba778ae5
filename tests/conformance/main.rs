//! What the surfaces promise, asked of the real server over HTTP.
//!
//! [`zato`] holds the numbered cases of the Zato contract and its rules beyond them; [`v1`] is the
//! auditors' surface; [`api`] is what the server says of itself; [`world`] is the one server that all of
//! them share.

mod api;
mod v1;
mod world;
mod zato;
