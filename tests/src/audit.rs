//! Speaking `/v1`, as an auditor with a token does.

use serde_json::{Value, json};

use crate::client::{Answer, Client, percent};
use crate::document::Document;
use crate::server::Server;

/// A client with a personal access token.
#[derive(Debug)]
pub struct Audit {
    /// The client under it.
    pub client: Client,
    authorization: String,
}

impl Audit {
    /// A client of `server` with the token of its first start.
    pub fn new(server: &Server) -> Self {
        let authorization = format!("Bearer {}", server.first().token);
        Self { client: server.client(), authorization }
    }

    /// Asks a path.
    #[track_caller]
    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path)
    }

    /// Posts to a path.
    #[track_caller]
    pub fn post(&mut self, path: &str) -> Answer {
        self.ask("POST", path)
    }

    /// Puts to a path.
    #[track_caller]
    pub fn put(&mut self, path: &str) -> Answer {
        self.ask("PUT", path)
    }

    #[track_caller]
    fn ask(&mut self, method: &str, path: &str) -> Answer {
        let headers = [("authorization", self.authorization.as_str())];
        let answer = self.client.send(method, path, &headers, b"");
        Document::known(&mut self.client).hold(method, path, &answer);
        answer
    }

    /// Asks a path that has to answer with JSON.
    #[track_caller]
    pub fn read(&mut self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        answer.json()
    }

    /// All facts of a feed, page by page.
    #[track_caller]
    pub fn facts(&mut self, path: &str) -> Vec<Value> {
        let mut facts = Vec::new();
        let mut after = 0;
        let begins = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self.read(&format!("{path}{begins}limit=1000&after={after}"));
            facts.extend(page["items"].as_array().expect("a list").iter().cloned());
            match page["next"].as_u64() {
                Some(next) => after = next,
                None => return facts,
            }
        }
    }

    /// Everything that happened to a user.
    #[track_caller]
    pub fn history(&mut self, user: &str) -> Vec<Value> {
        self.facts(&format!("/v1/users/{}/history", percent(user)))
    }
}

/// A problem document with this status and code, in the shape that every one has.
#[track_caller]
pub fn assert_problem(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    assert_eq!((answer.status, &body["code"]), (status, &json!(code)), "{body}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(body["status"], json!(status), "{body}");
    assert_eq!(body["type"], json!(format!("urn:muster:problem:{code}")), "{body}");
    for key in ["title", "detail"] {
        assert!(body[key].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    }
}
