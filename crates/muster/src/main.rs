//! The binary: the command line, the real clock and chance. One file a subcommand; what needs a
//! test of its own lives further left.

mod client;
mod completions;
mod config;
mod erase;
mod events;
mod exit;
mod export;
mod filter;
mod history;
mod init;
mod operator;
mod origins;
mod outbox;
mod output;
mod prove;
mod rebuild;
mod recover;
mod secrets;
mod serve;
mod session;
mod sources;
#[cfg(test)]
mod tests;
mod user;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, ConfigError};

/// Folding and serving make and drop many small things: docs/adr/0006.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const _: () = assert!(!store::planted::COMPILED_IN, "no binary has planted mistakes");

/// Muster keeps who was who, when, and who changed it.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Start with `muster serve`: it makes ./muster-data if there is none, prints how \
to log in, and serves on 127.0.0.1:17010.\n\nExit codes: 0 done, 1 refused or failed, 2 wrong usage, \
3 data directory in use or not initialised, 4 damage, key missing or format unknown."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the data is.
#[derive(Debug, Args)]
struct Data {
    /// The data directory.
    #[arg(long = "data", value_name = "DIR", env = "MUSTER_DATA", default_value = "muster-data")]
    dir: PathBuf,
    /// The configuration file [default: muster.toml in the data directory, if there is one]
    #[arg(long = "config", value_name = "FILE", env = config::FILE_VARIABLE)]
    config: Option<PathBuf>,
}

impl Data {
    /// The configuration in force for a command without flags of its own.
    fn config(&self) -> Result<Config, ConfigError> {
        self.config_with(Vec::new())
    }

    /// The same, with what flags say: key, flag, text.
    fn config_with(
        &self,
        flags: Vec<(&'static str, &'static str, String)>,
    ) -> Result<Config, ConfigError> {
        Config::load(&self.dir, self.config.as_deref(), flags)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve over HTTP; the first start makes the store and prints how to log in.
    Serve(serve::Options),
    /// Make a store without serving it.
    Init(init::Options),
    /// Print the configuration in force, and from where each value comes.
    Config(config::print::Options),
    /// List, show, create, change and delete users; open and end their sessions.
    User(user::Options),
    /// List, show and end sessions.
    Session(session::Options),
    /// Print what happened to a user: when, who, from where, what, old -> new.
    History(history::Options),
    /// Print everything that happened, in order.
    Events(events::Options),
    /// Erase a user for good: its key is destroyed, and nobody can read its history again.
    Erase(erase::Options),
    /// List the months of which it is known where people were, and forget them.
    Origins(origins::Options),
    /// Take facts away in a file, with a manifest that proves later that nothing was changed.
    Export(export::Options),
    /// Read and retry mails that are owed.
    Outbox(outbox::Options),
    /// Fold the log anew beside the serving read models, compare, and swap them.
    Rebuild(rebuild::Options),
    /// Prove to somebody who does not hold the store that a fact is in its log.
    Prove(prove::Options),
    /// Check everything that is kept against itself, or against what was kept elsewhere.
    Verify(verify::Options),
    /// Put a damaged store together again from what is left; says first what that is.
    Recover(recover::Options),
    /// Print completions for a shell.
    Completions(completions::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(options) => serve::run(&options),
        Command::Init(options) => init::run(&options),
        Command::Config(options) => config::print::run(&options),
        Command::User(options) => user::run(&options),
        Command::Session(options) => session::run(&options),
        Command::History(options) => history::run(&options),
        Command::Events(options) => events::run(&options),
        Command::Erase(options) => erase::run(&options),
        Command::Origins(options) => origins::run(&options),
        Command::Export(options) => export::run(&options),
        Command::Outbox(options) => outbox::run(options),
        Command::Rebuild(options) => rebuild::run(&options),
        Command::Prove(options) => prove::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Recover(options) => recover::run(&options),
        Command::Completions(options) => completions::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&format!("muster: {error:#}"));
            if let Some(hint) = exit::hint(&error) {
                output::complain(&format!("muster: {hint}"));
            }
            exit::code(&error)
        }
    }
}
