//! Speaking the Zato dialect, and what each kind of answer must look like, byte for byte.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Map, Value, json};

use crate::client::{Answer, Client, percent};
use crate::document::Document;
use crate::server::Server;

/// The application that conformance runs speak for.
pub const APP: &str = "CRM";

/// A client that speaks the dialect.
#[derive(Debug)]
pub struct Zato {
    /// The client under it.
    pub client: Client,
}

impl Zato {
    /// A client of `server`.
    pub fn new(server: &Server) -> Self {
        Self { client: server.client() }
    }

    /// A client of the server at `address`.
    pub fn at(address: SocketAddr) -> Self {
        Self { client: Client::new(address) }
    }

    /// Calls with `parameters` as JSON body; `current_app` is added if it is absent.
    #[track_caller]
    pub fn call(&mut self, method: &str, path: &str, parameters: Value) -> Answer {
        let Value::Object(mut parameters) = parameters else { panic!("parameters are an object") };
        parameters.entry("current_app").or_insert_with(|| json!(APP));
        self.call_exactly(method, path, &Value::Object(parameters))
    }

    /// Calls with exactly this body.
    #[track_caller]
    pub fn call_exactly(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let answer = self.client.send(method, path, &[], body.to_string().as_bytes());
        Document::known(&mut self.client).hold(method, path, &answer);
        answer
    }

    /// Calls with the parameters in the query string; those that are no texts are sent as their JSON.
    #[track_caller]
    pub fn call_by_query(&mut self, method: &str, path: &str, parameters: Value) -> Answer {
        let Value::Object(mut parameters) = parameters else { panic!("parameters are an object") };
        parameters.entry("current_app").or_insert_with(|| json!(APP));
        let query: Vec<_> = parameters.iter().map(|(name, value)| pair(name, value)).collect();
        let answer = self.client.send(method, &format!("{path}?{}", query.join("&")), &[], b"");
        Document::known(&mut self.client).hold(method, path, &answer);
        answer
    }

    /// Logs in, which must succeed, and returns the token.
    #[track_caller]
    pub fn log_in(&mut self, username: &str, password: &str) -> String {
        let body = json!({"username": username, "password": password});
        let answer = self.call("POST", LOGIN, body).ok();
        answer["ust"].as_str().expect("a token").to_owned()
    }

    /// Signs up, which must succeed, and returns the token that confirms it.
    #[track_caller]
    pub fn sign_up(&mut self, username: &str, password: &str) -> String {
        let body = json!({"username": username, "password": password, "app_list": [APP]});
        let answer = self.call("POST", SIGNUP, body).ok();
        answer["confirm_token"].as_str().expect("a token").to_owned()
    }

    /// Confirms a sign-up, which must succeed.
    #[track_caller]
    pub fn confirm(&mut self, token: &str) {
        self.call("PATCH", SIGNUP, json!({"confirm_token": token})).ok();
    }

    /// The user as a super-user finds it by name; `None` if there is nobody.
    #[track_caller]
    pub fn find(&mut self, su: &str, username: &str) -> Option<Value> {
        let found = self.call("GET", SEARCH, json!({"ust": su, "username": username})).ok();
        found["result"].as_array().expect("a list").first().cloned()
    }

    /// The user as a super-user reads it by id.
    #[track_caller]
    pub fn read(&mut self, su: &str, user_id: &str) -> Value {
        self.call("GET", USER, json!({"ust": su, "user_id": user_id})).ok()
    }
}

/// `/zato/sso/user/login`
pub const LOGIN: &str = "/zato/sso/user/login";
/// `/zato/sso/user/logout`
pub const LOGOUT: &str = "/zato/sso/user/logout";
/// `/zato/sso/user/signup`
pub const SIGNUP: &str = "/zato/sso/user/signup";
/// `/zato/sso/user`
pub const USER: &str = "/zato/sso/user";
/// `/zato/sso/user/search`
pub const SEARCH: &str = "/zato/sso/user/search";
/// `/zato/sso/user/approve`
pub const APPROVE: &str = "/zato/sso/user/approve";
/// `/zato/sso/user/reject`
pub const REJECT: &str = "/zato/sso/user/reject";
/// `/zato/sso/user/lock`
pub const LOCK: &str = "/zato/sso/user/lock";
/// `/zato/sso/user/session`
pub const SESSION: &str = "/zato/sso/user/session";
/// `/zato/sso/user/session/list`
pub const SESSION_LIST: &str = "/zato/sso/user/session/list";
/// `/zato/sso/user/attr`
pub const ATTR: &str = "/zato/sso/user/attr";
/// `/zato/sso/session/attr`
pub const SESSION_ATTR: &str = "/zato/sso/session/attr";

fn pair(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => format!("{}={}", percent(name), percent(text)),
        other => format!("{}={}", percent(name), percent(&other.to_string())),
    }
}

/// Somebody who signed up.
#[derive(Clone, Debug)]
pub struct Person {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
    /// The id.
    pub user_id: String,
    /// The token of a session; empty if there is none.
    pub ust: String,
}

impl Person {
    /// Signs up, is confirmed and approved, and logs in.
    #[track_caller]
    pub fn regular(zato: &mut Zato, su: &str) -> Self {
        let mut person = Self::confirmed(zato, su);
        zato.call("POST", APPROVE, json!({"ust": su, "user_id": person.user_id})).ok();
        person.ust = zato.log_in(&person.username, &person.password);
        person
    }

    /// Signs up and is confirmed, and nobody has decided yet.
    #[track_caller]
    pub fn confirmed(zato: &mut Zato, su: &str) -> Self {
        let (person, token) = Self::unconfirmed(zato, su);
        zato.confirm(&token);
        person
    }

    /// Signs up and has a token to confirm it.
    #[track_caller]
    pub fn unconfirmed(zato: &mut Zato, su: &str) -> (Self, String) {
        let username = unique("ada");
        let password = format!("correct horse {username}");
        let token = zato.sign_up(&username, &password);
        let found = zato.find(su, &username).expect("who signed up is found");
        let user_id = found["user_id"].as_str().expect("an id").to_owned();
        (Self { username, password, user_id, ust: String::new() }, token)
    }
}

/// A text that no other test of this run has.
pub fn unique(prefix: &str) -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}-{:04x}", MADE.fetch_add(1, Ordering::Relaxed))
}

impl Answer {
    /// It was done: 200, `ok`, a `cid`, no `sub_status`.
    #[track_caller]
    pub fn ok(&self) -> Value {
        let body = self.envelope(200, "ok");
        assert!(body.get("sub_status").is_none(), "{body}");
        body
    }

    /// It was done, but see this code.
    #[track_caller]
    pub fn warned(&self, code: &str) -> Value {
        let body = self.envelope(200, "warning");
        assert_eq!(body["sub_status"], json!([code]), "{body}");
        body
    }

    /// It was refused with exactly this code, and nothing else was said.
    #[track_caller]
    pub fn refused(&self, code: &str) {
        self.error(403, code);
    }

    /// An error with exactly this code and nothing else, under this status.
    #[track_caller]
    pub fn error(&self, status: u16, code: &str) {
        let body = self.envelope(status, "error");
        assert_eq!(body["sub_status"], json!([code]), "{body}");
        assert_eq!(body.as_object().map(Map::len), Some(3), "{body}");
    }

    /// `current_app` is unknown: a message that says error under a status that does not.
    #[track_caller]
    pub fn unknown_application(&self) {
        self.error(200, "E004001");
    }

    /// 400, with the body that the contract fixes.
    #[track_caller]
    pub fn bad_request(&self) {
        self.plain(400, "Bad request");
    }

    /// 405, likewise.
    #[track_caller]
    pub fn unsupported_method(&self) {
        self.plain(405, "Unsupported HTTP method");
    }

    /// 404 in plain text.
    #[track_caller]
    pub fn url_not_found(&self) {
        let text = self.text();
        assert_eq!(self.status, 404, "{text}");
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/plain"), "{kind}");
        let cid = text.strip_prefix("URL not found (CID:").and_then(|rest| rest.strip_suffix(')'));
        assert!(cid.is_some_and(is_cid), "{text}");
    }

    #[track_caller]
    fn plain(&self, status: u16, details: &str) {
        let body = self.json();
        assert_eq!(self.status, status, "{body}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        let cid = body["cid"].as_str().unwrap_or_default();
        assert!(is_cid(cid), "{body}");
        assert_eq!(body, json!({"result": "Error", "cid": cid, "details": details}));
    }

    #[track_caller]
    fn envelope(&self, status: u16, says: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status, &body["status"]), (status, &json!(says)), "{body}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert!(body["cid"].as_str().is_some_and(is_cid), "{body}");
        body
    }
}

/// Whether it is a correlation id: 24 lower-case hexadecimal digits.
pub fn is_cid(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether it is a date of the dialect: no zone, microseconds of six digits or none.
pub fn is_date(value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    let shape: String =
        text.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    shape == "0000-00-00T00:00:00" || shape == "0000-00-00T00:00:00.000000"
}
