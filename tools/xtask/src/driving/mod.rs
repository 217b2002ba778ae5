//! What the commands share that drive a server or a store: a place for it, a clock, a client.
//!
//! * [`options`], [`output`]: the command line in, lines out
//! * [`clock`], [`chance`], [`scratch`]: time, seeded chance, a directory that goes away again
//! * [`client`], [`zato`]: HTTP over one connection, and the calls that are made over it
//! * [`server`]: the real server as a child process

pub mod chance;
pub mod client;
pub mod clock;
pub mod options;
pub mod output;
pub mod scratch;
pub mod server;
pub mod zato;
