//! The calls of the Zato dialect that loads are made of.

use anyhow::{Context, Result, anyhow, ensure};
use domain::id::UserId;
use serde_json::{Value, json};

use super::client::{Answer, Client};

/// The application that the server knows by default.
const APP: &str = "CRM";
/// The password of everybody who signs up here.
const PASSWORD: &str = "load and measure";

/// The call that verifies a session.
pub const VERIFY: (&str, &str) = ("POST", "/zato/sso/user/session");
/// The call that puts an attribute.
pub const PUT: (&str, &str) = ("PUT", "/zato/sso/user/attr");
/// The call that reads the caller's own account.
pub const ACCOUNT: (&str, &str) = ("GET", "/zato/sso/user");
/// The call that logs in.
pub const LOGIN: (&str, &str) = ("POST", "/zato/sso/user/login");
const GET: (&str, &str) = ("GET", "/zato/sso/user/attr");
const LOCK: (&str, &str) = ("POST", "/zato/sso/user/lock");
const UNLOCK: (&str, &str) = ("DELETE", "/zato/sso/user/lock");

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Its name.
    pub username: String,
    /// Its id, as the dialect spells it.
    pub id: String,
    /// The token of its session.
    pub ust: String,
}

/// The body of a call that verifies `target`'s session.
pub fn verify_body(caller: &str, target: &str) -> Value {
    json!({ "current_app": APP, "current_ust": caller, "target_ust": target })
}

/// The body of a call that puts an attribute.
pub fn put_body(ust: &str, name: &str, value: u64) -> Value {
    json!({ "current_app": APP, "ust": ust, "name": name, "value": value })
}

/// The body of a call that reads the caller's own account.
pub fn account_body(ust: &str) -> Value {
    json!({ "current_app": APP, "ust": ust })
}

/// The body of a call that logs in.
pub fn login_body(username: &str, password: &str) -> Value {
    json!({ "current_app": APP, "username": username, "password": password })
}

/// Signs in; the answer is the session's token.
pub fn login(client: &mut Client, username: &str, password: &str) -> Result<String> {
    let answer = call(client, LOGIN, &login_body(username, password))?;
    Ok(answer.body["ust"].as_str().context("a login answers with a token")?.to_owned())
}

/// Signs somebody up, confirms, approves and signs in. `admin` is a super-user's session, `token` one
/// for `/v1`.
pub fn person(client: &mut Client, admin: &str, token: &str, username: &str) -> Result<Person> {
    let body = json!({ "current_app": APP, "username": username, "password": PASSWORD });
    let answer = call(client, ("POST", "/zato/sso/user/signup"), &body)?;
    let confirm = json!({ "current_app": APP, "confirm_token": answer.body["confirm_token"] });
    call(client, ("PATCH", "/zato/sso/user/signup"), &confirm)?;
    let shown = client.ask(("GET", &format!("/v1/users/{username}")), Some(token), None)?;
    let id = shown.body["id"].as_str().context("a user has an id")?;
    let id = ulid::Ulid::from_string(id).map_err(|_| anyhow!("`{id}` is no ULID"))?;
    let id = spelled(UserId(id));
    let approve = json!({ "current_app": APP, "ust": admin, "user_id": id });
    call(client, ("POST", "/zato/sso/user/approve"), &approve)?;
    let ust = login(client, username, PASSWORD)?;
    Ok(Person { username: username.to_owned(), id, ust })
}

/// Puts an attribute; the answer is the fact's position.
pub fn put(client: &mut Client, ust: &str, name: &str, value: u64) -> Result<u64> {
    let answer = call(client, PUT, &put_body(ust, name, value))?;
    answer.position.context("a write answers with a position")
}

/// What an attribute is now; null if it is not there.
pub fn get(client: &mut Client, ust: &str, name: &str) -> Result<Value> {
    let body = json!({ "current_app": APP, "ust": ust, "name": name });
    Ok(call(client, GET, &body)?.body["value"].take())
}

/// Locks or unlocks somebody.
pub fn set_locked(client: &mut Client, admin: &str, id: &str, locked: bool) -> Result<()> {
    let body = json!({ "current_app": APP, "ust": admin, "user_id": id });
    call(client, if locked { LOCK } else { UNLOCK }, &body).map(drop)
}

/// Whether somebody's session may be used.
pub fn is_valid(client: &mut Client, admin: &str, target: &str) -> Result<bool> {
    let answer = call(client, VERIFY, &verify_body(admin, target))?;
    answer.body["is_valid"].as_bool().context("a verification says yes or no")
}

/// One call that must be answered by `ok`.
fn call(client: &mut Client, what: (&str, &str), body: &Value) -> Result<Answer> {
    let answer = client.ask(what, None, Some(body)).with_context(|| format!("{what:?}"))?;
    let is_ok = answer.status == 200 && answer.body["status"] == "ok";
    ensure!(is_ok, "{what:?} answered {} {}", answer.status, answer.body);
    Ok(answer)
}

/// The dialect's spelling of an id: `zusr`, then the ULID in lower case without leading zeros.
fn spelled(id: UserId) -> String {
    format!("zusr{}", id.0.to_string().to_ascii_lowercase().trim_start_matches('0'))
}
