//! `X-Muster-Position` and `X-Muster-Min-Position`: on every surface, and without a word in any body.

use muster_tests::zato::{ATTR, Zato};
use serde_json::json;

use crate::world::{server, zato_and_person};

#[test]
fn a_read_may_ask_to_see_a_write_and_does() {
    let (mut zato, person) = zato_and_person();
    let put = json!({"ust": person.ust, "name": "a", "value": "1"});
    let position = zato.call("PUT", ATTR, put);
    let position = position.header("x-muster-position").expect("a write").to_owned();
    let body = json!({"ust": person.ust, "name": "a", "current_app": "CRM"}).to_string();
    let headers = [("x-muster-min-position", position.as_str())];
    let answer = zato.client.send("GET", ATTR, &headers, body.as_bytes());
    assert_eq!(answer.ok()["value"], "1");
}

#[test]
fn what_nobody_can_see_is_told_in_each_surfaces_words() {
    let bearer = format!("Bearer {}", server().first().token);
    let ask = |path: &str, position: &str| {
        let headers = [("x-muster-min-position", position), ("authorization", bearer.as_str())];
        Zato::new(server()).client.send("GET", path, &headers, b"{\"current_app\":\"CRM\"}")
    };
    ask("/zato/sso/user", "x").bad_request();
    let problem = ask("/v1/users", "-1");
    assert_eq!((problem.status, &problem.json()["code"]), (400, &json!("bad_parameter")));
    // Beyond the log: nobody waits for ever.
    let beyond = u64::MAX.to_string();
    let later = ask("/zato/sso/user", &beyond);
    assert_eq!(later.status, 503);
    assert_eq!(later.json()["details"], "Service unavailable");
    assert_eq!(later.header("retry-after"), Some("1"));
    let problem = ask("/v1/users", &beyond);
    assert_eq!((problem.status, &problem.json()["code"]), (503, &json!("not_visible_yet")));
}
