//! What all answers look like, and all the ways to send parameters (contract, sections 1.1 to 1.3).

use muster_tests::audit::Audit;
use muster_tests::client::Client;
use muster_tests::operations::{OPERATIONS, built};
use muster_tests::zato::{
    APP, APPROVE, ATTR, LOCK, LOGIN, LOGOUT, Person, REJECT, SEARCH, SESSION, SIGNUP, USER, Zato,
    is_date, unique,
};
use serde_json::{Value, json};

use crate::world::{server, su, zato, zato_and_person};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

#[test]
fn case_065_an_unknown_application_is_an_error_under_status_200() {
    let mut zato = zato();
    for app in [json!("HR"), json!(""), Value::Null, json!("crm"), json!("CRM "), json!(7)] {
        for operation in built() {
            // Everything else is wrong as well: the application comes first.
            let mut body: Value =
                operation.required.iter().map(|key| ((*key).to_owned(), json!("x"))).collect();
            if body.is_null() {
                body = json!({});
            }
            body["current_app"] = app.clone();
            let answer = zato.call_exactly(operation.method, operation.path, &body);
            answer.unknown_application();
        }
    }
}

#[test]
fn case_066_a_refusal_has_a_status_a_cid_and_one_code() {
    let (mut zato, person) = zato_and_person();
    let nobody = "zusrnobody";
    let mut cids = std::collections::BTreeSet::new();
    for (method, path, body) in [
        ("POST", LOGIN, json!({"username": "nobody", "password": "x"})),
        ("POST", SIGNUP, json!({"username": "", "password": ""})),
        ("PATCH", SIGNUP, json!({"confirm_token": "x"})),
        ("GET", USER, json!({"ust": "x"})),
        ("GET", USER, json!({"ust": su(), "user_id": nobody})),
        ("PATCH", USER, json!({"ust": su()})),
        ("GET", SEARCH, json!({"ust": person.ust})),
        ("POST", APPROVE, json!({"ust": person.ust, "user_id": nobody})),
        ("POST", REJECT, json!({"ust": person.ust, "user_id": nobody})),
        ("POST", LOCK, json!({"ust": person.ust, "user_id": nobody})),
        ("DELETE", LOCK, json!({"ust": person.ust, "user_id": nobody})),
        ("POST", SESSION, json!({"current_ust": person.ust, "target_ust": "x"})),
        ("PUT", ATTR, json!({"ust": person.ust})),
        ("GET", ATTR, json!({"ust": person.ust})),
    ] {
        let answer = zato.call(method, path, body);
        let body = answer.json();
        let code = body["sub_status"][0].as_str().unwrap_or_default();
        answer.refused(code);
        assert!(cids.insert(body["cid"].to_string()), "{method} {path}: a cid came twice");
    }
}

/// Calls that change nothing that another of them reads, for a fresh person.
fn every_call(zato: &mut Zato) -> Vec<(&'static str, &'static str, Value)> {
    let person = Person::regular(zato, su());
    let (_, token) = Person::unconfirmed(zato, su());
    let id = &person.user_id;
    let credentials = json!({"username": person.username, "password": person.password});
    vec![
        ("POST", LOGIN, credentials),
        ("POST", SIGNUP, json!({"username": unique("ada"), "password": "correct horse & ü=?"})),
        ("PATCH", SIGNUP, json!({"confirm_token": token})),
        ("PATCH", USER, json!({"ust": person.ust, "first_name": "Ada & ü=+", "is_locked_": true})),
        ("GET", USER, json!({"ust": person.ust})),
        ("GET", SEARCH, json!({"ust": su(), "user_id": id, "page_size": 7})),
        ("POST", SEARCH, json!({"ust": su(), "user_id": id, "is_name_exact": false})),
        ("PUT", ATTR, json!({"ust": person.ust, "name": "a b", "value": "x+y", "expiration": 900})),
        ("GET", ATTR, json!({"ust": person.ust, "name": "a b", "decrypt": true})),
        ("POST", SESSION, json!({"current_ust": su(), "target_ust": person.ust})),
        ("POST", LOCK, json!({"ust": su(), "user_id": id})),
        ("DELETE", LOCK, json!({"ust": su(), "user_id": id})),
        ("POST", REJECT, json!({"ust": su(), "user_id": id})),
        ("POST", APPROVE, json!({"ust": su(), "user_id": id})),
        ("POST", LOGOUT, json!({"ust": person.ust})),
    ]
}

/// An answer without what differs from call to call and from person to person.
fn shape(answer: &Value) -> Value {
    const OWN: [&str; 6] = ["cid", "ust", "user_id", "username", "confirm_token", "locked_by"];
    match answer {
        Value::Object(keys) => {
            let shown = keys.iter().map(|(key, value)| {
                let value = if OWN.contains(&key.as_str()) || is_date(value) {
                    json!("own")
                } else {
                    shape(value)
                };
                (key.clone(), value)
            });
            shown.collect()
        }
        Value::Array(items) => items.iter().map(shape).collect(),
        other => other.clone(),
    }
}

#[test]
fn case_067_parameters_in_the_query_do_what_they_do_in_the_body() {
    let mut zato = zato();
    let by_body = every_call(&mut zato);
    let by_query = every_call(&mut zato);
    for ((method, path, in_body), (_, _, in_query)) in by_body.into_iter().zip(by_query) {
        let expected = zato.call(method, path, in_body).ok();
        let answer = zato.call_by_query(method, path, in_query).ok();
        assert_eq!(shape(&answer), shape(&expected), "{method} {path}");
    }
}

#[test]
fn the_answer_to_a_write_tells_its_position_and_no_other_does() {
    let mut zato = zato();
    let mut audit = Audit::new(server());
    let mut last = 0;
    for (method, path, body) in every_call(&mut zato) {
        let answer = zato.call(method, path, body);
        answer.ok();
        let position = answer.header("x-muster-position");
        let reads = method == "GET" || path == SEARCH || path == SESSION;
        assert_eq!(position.is_none(), reads, "{method} {path}");
        let Some(position) = position else { continue };
        let position: u64 = position.parse().expect("a position");
        assert!(position > last, "{method} {path}");
        last = position;
        let fact = audit.read(&format!("/v1/events?after={}&limit=1", position - 1));
        assert_eq!(fact["items"][0]["via"]["dialect"], "zato", "{method} {path}: {fact}");
    }
}

#[test]
fn parameters_come_from_both_and_the_query_wins() {
    let (mut zato, person) = zato_and_person();
    let client = &mut zato.client;
    let body = json!({"ust": "unknown", "first_name": "from the body", "last_name": "Byron"});
    let target = format!("{USER}?current_app=CRM&ust={}&first_name=from%20the+query", person.ust);
    client.send("PATCH", &target, &[], body.to_string().as_bytes()).ok();
    let read = zato.call("GET", USER, json!({"ust": person.ust})).ok();
    assert_eq!(read["first_name"], "from the query");
    assert_eq!(read["last_name"], "Byron");
}

#[test]
fn a_repeated_name_in_the_query_is_a_list() {
    let (mut zato, person) = zato_and_person();
    for name in ["one", "two"] {
        zato.call("PUT", ATTR, json!({"ust": person.ust, "name": name, "value": name})).ok();
    }
    let ask = |client: &mut Client, rest: &str| {
        client.send("GET", &format!("{ATTR}?current_app=CRM&ust={}&{rest}", person.ust), &[], b"")
    };
    let several = ask(&mut zato.client, "data=one&data=two&data=three").ok();
    assert_eq!(several["result"]["one"]["value"], "one");
    assert_eq!(several["result"]["two"]["value"], "two");
    assert_eq!(several["result"]["three"], Value::Null);
    // A scalar is a list of one; a list is no text.
    assert_eq!(ask(&mut zato.client, "data=one").ok()["result"]["one"]["value"], "one");
    ask(&mut zato.client, "name=one&name=two").bad_request();
}

#[test]
fn case_068_a_body_is_json_whatever_its_content_type_says() {
    let (mut zato, person) = zato_and_person();
    let body = json!({"current_app": APP, "ust": person.ust}).to_string();
    for kind in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/xml",
        "application/json; charset=latin1",
        "nonsense",
    ] {
        let headers = [("content-type", kind)];
        zato.client.send("GET", USER, &headers, body.as_bytes()).ok();
    }
    zato.client.send("GET", USER, &[], format!(" \n{body}\t ").as_bytes()).ok();
    let chunked = format!(
        "GET {USER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    zato.client.try_send_raw(chunked.as_bytes(), false).expect("an answer").ok();
}

#[test]
fn a_body_that_is_no_json_object_is_a_bad_request_of_every_call() {
    let mut zato = zato();
    let bodies: [&[u8]; 12] = [
        b"{",
        b"[]",
        b"\"text\"",
        b"null",
        b"7",
        b"{\"current_app\": \"CRM\",}",
        b"{'current_app': 'CRM'}",
        b"current_app=CRM",
        b"\xEF\xBB\xBF{\"current_app\": \"CRM\"}",
        b"{\"current_app\": \"\xFF\"}",
        b"{\"current_app\": \"CRM\"} trailing",
        b"{\"current_app\": \"CRM\", \"x\": NaN}",
    ];
    for operation in built() {
        for body in bodies {
            zato.client.send(operation.method, operation.path, &[], body).bad_request();
        }
    }
}

#[test]
fn a_path_that_is_not_exactly_one_of_the_contract_is_not_found() {
    let mut client = server().client();
    for path in [
        "/zato/sso/nothing",
        "/zato/sso/user/",
        "/zato/sso/User",
        "/zato/sso//user",
        "/zato/sso/user/login/",
        "/zato/sso/user/signup/approve",
        "/zato/sso/user/signup/reject",
        "/zato/sso/user/create",
        "/zato/sso",
        "/zato/",
        "/zato/sso/user%2Flogin",
    ] {
        for method in METHODS.into_iter().filter(|method| *method != "HEAD") {
            client.send(method, path, &[], b"{}").url_not_found();
        }
    }
}

#[test]
fn a_method_that_a_path_does_not_have_is_not_supported() {
    let mut zato = zato();
    for path in OPERATIONS.map(|operation| operation.path) {
        let here: Vec<_> = built().filter(|operation| operation.path == path).collect();
        if here.is_empty() {
            continue;
        }
        for method in METHODS {
            if here.iter().any(|operation| operation.method == method) {
                continue;
            }
            let answer = zato.client.send(method, path, &[], b"");
            assert_eq!(answer.status, 405, "{method} {path}");
            if method != "HEAD" {
                answer.unsupported_method();
            }
        }
    }
}

#[test]
fn secrets_of_a_query_are_in_no_answer_and_extras_never_change_a_body() {
    let mut zato = zato();
    let target = format!("{LOGIN}?current_app=CRM&username=nobody&password=hunter-two");
    let headers = [("x-request-id", "my.request-1"), ("authorization", "Basic eDp5")];
    let answer = zato.client.send("POST", &target, &headers, b"");
    answer.refused("E005001");
    assert_eq!(answer.header("x-request-id"), Some("my.request-1"));
    assert!(!answer.text().contains("hunter"));
    let answer = zato.client.send("POST", &target, &[("x-request-id", "not ok!")], b"");
    answer.refused("E005001");
    let drawn = answer.header("x-request-id").expect("one was drawn");
    assert!(drawn != "not ok!" && !drawn.is_empty(), "{drawn}");
}
