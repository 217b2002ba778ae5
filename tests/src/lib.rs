//! The harness of the tests that drive the real `muster` binary from outside.
//!
//! * [`server`]: starts it on a fresh directory and a free port, kills it, starts it again
//! * [`cli`]: runs its other commands to their end
//! * [`client`]: HTTP/1.1 over a socket, no more than the tests need
//! * [`zato`]: speaks the Zato dialect and knows what its answers must look like
//! * [`document`]: the API description, which every answer is held to
//! * [`operations`]: the operations of the contract, and what they take
//! * [`audit`]: speaks `/v1`
//! * [`attacker`]: holds the master key and copies of the files, and tries every key on everything
//! * [`ocsf`]: the Open Cybersecurity Schema Framework, which exports are held to
//! * [`smtp`]: a mail server that keeps what it is sent, or behaves badly
//! * [`stream`]: answers that are read while they are made
//! * [`totp`]: one-time codes
//! * [`random`]: seeded chance, so that what failed can be done again

pub mod attacker;
pub mod audit;
pub mod brief;
pub mod cli;
pub mod client;
pub mod document;
pub mod ocsf;
pub mod operations;
pub mod random;
pub mod scratch;
pub mod server;
pub mod smtp;
pub mod stream;
pub mod totp;
pub mod zato;
