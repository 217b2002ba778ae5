//! `muster erase`

use anyhow::Result;
use axum::http::Method;
use clap::Args;
use serde_json::{Value, json};

use crate::client::segment;
use crate::client::{Intent, Refused, with_client};
use crate::output::plain;
use crate::user::named;
use crate::{Data, output, secrets};

/// Erase a user for good.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  muster erase ada\n  muster erase 01ARZ3NDEKTSV4RRFFQ69G5FAV --yes --json\n\n\
Deletes the user if it lives, and destroys its key: what it was and where it was can be read by nobody \
again, in no copy of the log. Sessions and tokens are dead and names are free when the command is done. \
What happened stays in the history, under the user's id and without any of its values. There is no way \
back. A backup made before holds the key until the backup is gone. Prints a certificate; keep it."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    /// A user name, a ULID, or a Zato user id; of a user that was deleted, the id.
    #[arg(value_name = "USER")]
    user: String,
    /// Do not ask whether to.
    #[arg(long)]
    yes: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Erases somebody, if that is confirmed.
pub fn run(options: &Options) -> Result<()> {
    let target = if options.yes {
        options.user.clone()
    } else {
        match confirm(options)? {
            Some(id) => id,
            None => return Ok(()),
        }
    };
    let path = format!("/v1/users/{}/erase", segment(&target));
    let certificate = with_client(&options.data, Intent::Write, async |client| {
        client.ask(Method::POST, &path).await.map_err(|error| named(&options.user, error))
    })?;
    if options.json {
        output::line(&certificate.to_string());
    } else {
        print(&certificate);
    }
    Ok(())
}

/// The id of whoever was asked about; `None` if it is to be kept, which was told then.
fn confirm(options: &Options) -> Result<Option<String>> {
    secrets::need_terminal("there is no terminal to ask for confirmation: say --yes")?;
    // Nobody else waits for the directory while the question stands.
    let path = format!("/v1/users/{}", segment(&options.user));
    let user = with_client(&options.data, Intent::Read, async |client| {
        match client.ask(Method::GET, &path).await {
            // Who was deleted has no name any more, and can still be erased.
            Err(error) if is_unknown(&error) => Ok(Value::Null),
            answer => answer,
        }
    })?;
    let id = user["id"].as_str().unwrap_or(&options.user).to_owned();
    let name = plain(user["username"].as_str().unwrap_or(&id));
    output::complain(&format!(
        "Erasing `{name}` ({id}) cannot be undone.\n\
         Gone for good: names, addresses, profile, attributes, password, second factor, tokens, links, \
         sessions, and from where the user came.\n\
         Stays: that something happened, when, which event, by whose id; what the user did to others."
    ));
    if secrets::confirm_by("Type the user's name to erase it: ", &name)? {
        return Ok(Some(id));
    }
    if options.json {
        output::line(&json!({ "user": id, "erased": false }).to_string());
    } else {
        output::line(&format!("User `{name}` kept intact"));
    }
    Ok(None)
}

fn is_unknown(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| refused.code == "no_such_user")
}

/// The certificate for people; the note at its end is signed, so it stands as it is.
fn print(certificate: &Value) {
    let text = |key: &str| plain(certificate[key].as_str().unwrap_or_default());
    let actor = &certificate["actor"];
    let kind = plain(actor["kind"].as_str().unwrap_or_default());
    let who = actor["id"].as_str().map_or(kind.clone(), |id| format!("{kind} {}", plain(id)));
    output::line(&format!("Erased user {}", text("user")));
    output::line(&format!("  at        {}", text("at")));
    output::line(&format!("  by        {who}"));
    output::line(&format!("  position  {}", certificate["position"]));
    output::line(&format!("  key slot  {}", certificate["key_slot"]));
    output::line(&format!("  store     {}", text("store")));
    for (heading, key) in [("destroyed", "destroyed"), ("kept", "kept")] {
        for item in certificate[key].as_array().into_iter().flatten() {
            output::line(&format!("  {heading:9} {}", plain(item.as_str().unwrap_or_default())));
        }
    }
    if let Some(note) = certificate["checkpoint"].as_str() {
        output::line("");
        note.lines().for_each(|line| output::line(&plain(line)));
    }
}
