//! Creating, deleting, locking, approving.

use anyhow::Result;
use axum::http::Method;
use clap::Args;
use serde_json::{Value, json};

use super::{Whom, name_of, named};
use crate::client::{Intent, segment, with_client};
use crate::{Data, output, secrets};

#[derive(Debug, Args)]
pub struct New {
    #[command(flatten)]
    data: Data,
    /// The name to log in as.
    #[arg(value_name = "NAME")]
    username: String,
    /// An e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The whole name as shown; else first, middle and last name together.
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// The given name.
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,
    /// The middle name.
    #[arg(long, value_name = "NAME")]
    middle_name: Option<String>,
    /// The family name.
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Creates somebody.
pub fn create(new: &New, super_user: bool) -> Result<()> {
    let password = secrets::new_password(&new.username, new.password_stdin)?;
    let asked = json!({
        "username": new.username,
        "password": password,
        "super_user": super_user,
        "email": new.email,
        "display_name": new.display_name,
        "first_name": new.first_name,
        "middle_name": new.middle_name,
        "last_name": new.last_name,
    });
    let user = with_client(&new.data, Intent::Write, async |client| {
        let made = client.tell(Method::POST, "/v1/local/users", &asked).await;
        made.map_err(|error| named(&new.username, error))
    })?;
    let kind = if super_user { "super-user" } else { "user" };
    let told = format!("Created {kind} `{}`", name_of(&user, &new.username));
    tell(new.json, &user, &told);
    Ok(())
}

/// Deletes somebody, if that is confirmed.
pub fn delete(whom: &Whom, confirmed: bool) -> Result<()> {
    let target = if confirmed {
        whom.user.clone()
    } else {
        match confirm_deletion(whom)? {
            Some(id) => id,
            None => return Ok(()),
        }
    };
    let path = format!("/v1/local/users/{}", segment(&target));
    let user = with_client(&whom.data, Intent::Write, async |client| {
        client.ask(Method::DELETE, &path).await.map_err(|error| named(&whom.user, error))
    })?;
    let gone = json!({ "id": user["id"], "username": user["username"], "deleted": true });
    tell(whom.json, &gone, &format!("Deleted user `{}`", name_of(&user, &whom.user)));
    Ok(())
}

/// The id of whoever was asked about, whatever it is called when the answer comes; `None` if it is to be
/// kept, which was told then.
fn confirm_deletion(whom: &Whom) -> Result<Option<String>> {
    secrets::need_terminal("there is no terminal to ask for confirmation: say --yes")?;
    // Nobody else waits for the directory while the question stands.
    let path = format!("/v1/users/{}", segment(&whom.user));
    let user = with_client(&whom.data, Intent::Read, async |client| {
        client.ask(Method::GET, &path).await.map_err(|error| named(&whom.user, error))
    })?;
    let name = name_of(&user, &whom.user);
    if secrets::confirm(&format!("Delete user? `{name}`"))? {
        return Ok(Some(user["id"].as_str().unwrap_or(&whom.user).to_owned()));
    }
    let kept = json!({ "id": user["id"], "username": user["username"], "deleted": false });
    tell(whom.json, &kept, &format!("User `{name}` kept intact"));
    Ok(None)
}

/// Does what `verb` says to somebody, and says that it was done.
pub fn change(whom: &Whom, verb: &str, done: &str) -> Result<()> {
    let path = format!("/v1/local/users/{}/{verb}", segment(&whom.user));
    let user = with_client(&whom.data, Intent::Write, async |client| {
        client.ask(Method::POST, &path).await.map_err(|error| named(&whom.user, error))
    })?;
    tell(whom.json, &user, &format!("{done} `{}`", name_of(&user, &whom.user)));
    Ok(())
}

fn tell(as_json: bool, object: &Value, told: &str) {
    output::line(&if as_json { object.to_string() } else { told.to_owned() });
}
