//! What somebody was at a moment, and what differs between two.

use anyhow::{Context, Result};
use axum::http::Method;
use serde_json::{Value, json};

use super::shown;
use crate::Data;
use crate::client::{Client, Intent, segment, with_client};
use crate::output::{self, plain};
use crate::user::named;

/// Attributes asked for at a time.
const PAGE_LEN: usize = 1_000;

/// Prints a user as it was at a moment, with its attributes and sessions.
pub fn show(data: &Data, user: &str, moment: &str, as_json: bool) -> Result<()> {
    with_client(data, Intent::Read, async |client| {
        let then = async |client: &mut Client| -> Result<(Value, Vec<Value>, Value)> {
            let path =
                |of: &str| format!("/v1/users/{}{of}?as_of={}", segment(user), segment(moment));
            let told = client.ask(Method::GET, &path("")).await?;
            let attributes = all_attributes(client, user, Some(moment)).await?;
            let sessions = client.ask(Method::GET, &path("/sessions")).await?;
            Ok((told, attributes, sessions["items"].clone()))
        };
        let (told, attributes, sessions) =
            then(client).await.map_err(|error| named(user, error))?;
        if as_json {
            let all = json!({ "user": told, "attributes": attributes, "sessions": sessions });
            output::line(&all.to_string());
            return Ok(());
        }
        output::details(&told);
        if !attributes.is_empty() {
            output::line("");
            attribute_table(&attributes);
        }
        let rows: Vec<_> = sessions.as_array().into_iter().flatten().map(session).collect();
        if !rows.is_empty() {
            output::line("");
            output::table(&["SESSION", "OPENED BY", "STARTED", "EXPIRES", "FROM"], &rows);
        }
        Ok(())
    })
}

/// Prints what differs in a user between two moments.
pub fn diff(data: &Data, user: &str, moments: &str, as_json: bool) -> Result<()> {
    let (from, to) = moments.split_once("..").context("--diff takes two moments: FROM..TO")?;
    let path = format!("/v1/users/{}/diff", segment(user));
    let path = format!("{path}?from={}&to={}", segment(from), segment(to));
    with_client(data, Intent::Read, async |client| {
        let told = client.ask(Method::GET, &path).await.map_err(|error| named(user, error))?;
        if as_json {
            output::line(&told.to_string());
            return Ok(());
        }
        let changes = told["changes"].as_array().into_iter().flatten();
        let rows: Vec<_> = changes
            .map(|change| {
                let field = change["field"].as_str().map(plain).unwrap_or_default();
                vec![field, shown(&change["old"]), shown(&change["new"])]
            })
            .collect();
        if rows.is_empty() {
            output::line("nothing differs");
        } else {
            output::table(&["FIELD", "OLD", "NEW"], &rows);
        }
        Ok(())
    })
}

/// Prints the attributes of a user, now or as they were at a moment.
pub fn attributes(data: &Data, user: &str, moment: Option<&str>, as_json: bool) -> Result<()> {
    with_client(data, Intent::Read, async |client| {
        let all = all_attributes(client, user, moment).await;
        let all = all.map_err(|error| named(user, error))?;
        if as_json {
            for attribute in &all {
                output::line(&attribute.to_string());
            }
        } else {
            attribute_table(&all);
        }
        Ok(())
    })
}

async fn all_attributes(
    client: &mut Client,
    user: &str,
    moment: Option<&str>,
) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut asked = format!("limit={PAGE_LEN}");
    if let Some(moment) = moment {
        asked = format!("{asked}&as_of={}", segment(moment));
    }
    let mut after = String::new();
    loop {
        let path = format!("/v1/users/{}/attributes?{asked}{after}", segment(user));
        let mut page = client.ask(Method::GET, &path).await?;
        if let Value::Array(items) = page["items"].take() {
            all.extend(items);
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={}", segment(next)),
            None => return Ok(all),
        }
    }
}

fn attribute_table(attributes: &[Value]) {
    let text = |value: &Value| value.as_str().map(plain).unwrap_or_default();
    let row = |attribute: &Value| {
        vec![
            text(&attribute["name"]),
            shown(&attribute["value"]),
            text(&attribute["created"]),
            text(&attribute["modified"]),
            text(&attribute["expires"]),
        ]
    };
    let rows: Vec<_> = attributes.iter().map(row).collect();
    output::table(&["ATTRIBUTE", "VALUE", "CREATED", "MODIFIED", "EXPIRES"], &rows);
}

fn session(session: &Value) -> Vec<String> {
    let text = |key: &str| session[key].as_str().map_or_else(|| "-".to_owned(), plain);
    ["id", "method", "started", "expires", "address"].map(text).to_vec()
}
