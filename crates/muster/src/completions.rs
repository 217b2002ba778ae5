//! `muster completions`

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{Cli, output};

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  bash        muster completions bash > \
~/.local/share/bash-completion/completions/muster\n  zsh         muster completions zsh > \
~/.zfunc/_muster    # with fpath+=~/.zfunc before compinit\n  fish        muster completions fish > \
~/.config/fish/completions/muster.fish\n  elvish      muster completions elvish >> \
~/.config/elvish/rc.elv\n  powershell  muster completions powershell >> $PROFILE\n\nShells read \
completions when they start. Write them anew after an update of muster.")]
pub struct Options {
    /// For which shell.
    shell: Shell,
}

/// Prints them.
pub fn run(options: &Options) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "muster", &mut script);
    output::tell(String::from_utf8_lossy(&script).trim_end())?;
    Ok(())
}
