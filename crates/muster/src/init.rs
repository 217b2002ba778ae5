//! `muster init`

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use service::first_start::{FirstUsers, first_start};
use service::passwords::Secret;

use crate::{Data, output, secrets, sources};

/// Make a store without serving it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  printf %s \"$PASSWORD\" | muster init --super-user ada \
--password-stdin --json\n\nPrints, once, what to log in with: the super-user's name and password, and \
the token of the machine user `muster-admin`, which holds every right.")]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// The super-user's name.
    #[arg(long, value_name = "NAME")]
    super_user: String,
    /// Read the super-user's password from the first line of standard input; else one is drawn.
    #[arg(long)]
    password_stdin: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Makes the store.
pub fn run(options: &Options) -> Result<()> {
    let config = options.data.config()?.chosen;
    let password = options.password_stdin.then(|| secrets::line("password")).transpose()?;
    let password = password.map(Secret::from);
    let dir = &options.data.dir;
    let names = (options.super_user.as_str(), password);
    let store = store::Options::new(dir, &sources::real());
    first_start(&store, &config.service, names, |users| show(users, options.json))
        .with_context(|| format!("cannot make a store in {}", dir.display()))
}

fn show(users: &FirstUsers, as_json: bool) -> std::io::Result<()> {
    let (password, token) = (users.password.as_str(), users.token.as_str());
    if as_json {
        let shown = json!({
            "user_id": users.user.to_string(),
            "username": users.username,
            "password": password,
            "token": token,
        });
        return output::tell(&shown.to_string());
    }
    output::tell(&format!(
        "The store is made. What follows is shown once; keep it.\n\n  \
         super-user  {}\n  password    {password}\n  token       {token}",
        users.username
    ))
}
