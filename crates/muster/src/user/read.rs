//! `muster user list` and `show`.

use anyhow::Result;
use axum::http::Method;
use serde_json::Value;

use crate::Data;
use crate::client::{Intent, segment, with_client};
use crate::output::{self, plain};

use super::{Whom, named};

/// Prints everybody.
pub fn list(data: &Data, as_json: bool) -> Result<()> {
    with_client(data, Intent::Read, async |client| {
        let mut after = String::new();
        let mut rows = Vec::new();
        loop {
            let page = client.ask(Method::GET, &format!("/v1/users?limit=1000{after}")).await?;
            for user in page["items"].as_array().into_iter().flatten() {
                if as_json {
                    output::line(&user.to_string());
                } else {
                    rows.push(row(user));
                }
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        if !as_json {
            output::table(&["ID", "USER NAME", "KIND", "SIGN-UP", "APPROVAL", "LOCKED"], &rows);
        }
        Ok(())
    })
}

fn row(user: &Value) -> Vec<String> {
    let text = |key: &str| user[key].as_str().map_or_else(|| "-".to_owned(), plain);
    let locked = if user["locked"] == true { "locked" } else { "-" };
    vec![
        text("id"),
        text("username"),
        text("kind"),
        text("sign_up_status"),
        text("approval_status"),
        locked.to_owned(),
    ]
}

/// Prints somebody, as of now or of a moment.
pub fn show(whom: &Whom, as_of: Option<&str>) -> Result<()> {
    let Whom { data, user: name, json } = whom;
    let mut path = format!("/v1/users/{}", segment(name));
    if let Some(moment) = as_of {
        path = format!("{path}?as_of={}", segment(moment));
    }
    with_client(data, Intent::Read, async |client| {
        let user = client.ask(Method::GET, &path).await;
        let user = user.map_err(|error| named(name, error))?;
        if *json {
            output::line(&user.to_string());
        } else {
            output::details(&user);
        }
        Ok(())
    })
}
