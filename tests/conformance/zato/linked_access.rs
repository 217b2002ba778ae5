//! Access through linked accounts (contract, sections 6.12 and 6.14), tried on `/zato/ping`.

use std::sync::OnceLock;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use muster_tests::client::Answer;
use muster_tests::server::Server;
use muster_tests::totp::base32;
use muster_tests::zato::{APPROVE, LOCK, Person, SESSION, SESSION_LIST, USER, Zato, unique};
use serde_json::{Value, json};

const PING: &str = "/zato/ping";
const LINKED: &str = "/zato/sso/user/linked";
const SECRET: &str = "a secret of the partner's, long enough";
/// Definitions; each test takes its own.
const COUNT: usize = 12;

struct World {
    server: Server,
    super_user: String,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let basic_auth = (0..COUNT).map(|number| {
            format!(
                "[[zato.basic_auth]]\nname = \"api-{number}\"\nusername = \"api-{number}\"\n\
                 password = \"secret: {number}\"\n"
            )
        });
        let configuration = format!(
            "zato.apps.all = [\"CRM\", \"ERP\"]\n{}[[zato.jwt]]\nname = \"partner\"\n\
             username = \"partner\"\nsecret = \"{SECRET}\"\n",
            basic_auth.collect::<String>()
        );
        let server = Server::start_configured(&configuration);
        let first = server.first().clone();
        let super_user = Zato::new(&server).log_in(&first.username, &first.password);
        World { server, super_user }
    })
}

/// A definition that no other test uses.
fn definition() -> (String, String) {
    static TAKEN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = TAKEN.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    assert!(number < COUNT, "more definitions are needed");
    (format!("api-{number}"), format!("secret: {number}"))
}

fn ping(method: &str, authorization: Option<&str>, more: &[(&str, &str)]) -> Answer {
    let mut headers = more.to_vec();
    headers.extend(authorization.map(|value| ("authorization", value)));
    world().server.client().send(method, PING, &headers, b"")
}

fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

fn bearer(subject: &str, number: u32) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = json!({"sub": subject, "exp": 4_000_000_000_u64, "number": number}).to_string();
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("Bearer {signed}.{signature}")
}

/// The token that came with an answer that was a success.
#[track_caller]
fn ust(answer: &Answer) -> String {
    assert_eq!(answer.ok()["pong"], "zato");
    answer.header("x-zato-sso-ust").expect("a token").to_owned()
}

fn user(more: &Value) -> Person {
    let (world, username) = (world(), unique("partner"));
    let password = format!("correct horse {username}");
    let mut body = json!({
        "ust": world.super_user, "username": username, "password": password, "auto_approve": true,
    });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let user = Zato::new(&world.server).call("POST", USER, body).ok();
    let user_id = user["user_id"].as_str().expect("an id").to_owned();
    Person { username, password, user_id, ust: String::new() }
}

fn link(person: &Person, kind: &str, name: &str, active: bool) -> Value {
    let link = json!({
        "ust": world().super_user, "user_id": person.user_id, "auth_type": kind,
        "auth_username": name, "is_active": active,
    });
    Zato::new(&world().server).call("POST", LINKED, link.clone()).ok();
    link
}

#[test]
fn wrong_and_missing_credentials_are_answered_alike() {
    let (name, password) = definition();
    let wrong = [
        None,
        Some(basic(&name, "wrong")),
        Some(basic("nobody's", &password)),
        Some("Basic %%%".to_owned()),
        Some("Digest x".to_owned()),
        Some(bearer("somebody else", 1)),
        Some(format!("{}x", bearer("partner", 1))),
    ];
    for authorization in wrong {
        let answer = ping("GET", authorization.as_deref(), &[]);
        let body = answer.json();
        assert_eq!(answer.status, 401, "{authorization:?}: {body}");
        assert_eq!(body["details"], "Error 401 Unauthorized");
        assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Basic")));
        assert!(answer.header("x-zato-sso-ust").is_none());
    }
}

#[test]
fn a_request_under_a_definition_opens_a_session_and_the_next_renews_it() {
    let (name, password) = definition();
    let authorization = basic(&name, &password);
    let alone = ping("GET", Some(&authorization), &[]);
    assert_eq!(alone.ok()["pong"], "zato");
    assert!(alone.header("x-zato-sso-ust").is_none(), "nobody is linked");

    // A TOTP code is not asked for.
    let totp = json!({"is_totp_enabled": true, "totp_key": base32(b"Hello!\xDE\xAD\xBE\xEF")});
    let person = user(&totp);
    let link = link(&person, "basic_auth", &name, true);
    let first = ping("GET", Some(&authorization), &[]);
    let token = ust(&first);
    assert!(token.starts_with("gAAAA"), "{token}");
    assert!(first.header("x-muster-position").is_some());
    assert_eq!(ust(&ping("POST", Some(&authorization), &[])), token, "the same, renewed");

    let mut zato = Zato::new(&world().server);
    let own = zato.call("GET", USER, json!({"ust": token})).ok();
    assert_eq!(own["username"], person.username.as_str());
    let list = zato.call("GET", SESSION_LIST, json!({"ust": token})).ok();
    let [session] = &list["result"].as_array().expect("a list")[..] else { panic!("{list}") };
    assert_eq!(session["auth_type"], "basic_auth");
    assert_eq!(session["auth_principal"], person.username.as_str());
    let changes = session["session_state_change_list"].as_array().expect("a list");
    let kinds: Vec<_> = changes.iter().map(|change| change["ctx_source"].clone()).collect();
    assert_eq!(kinds, ["login", "renew"]);
    let history = world().server.muster(&["history", &person.username]);
    assert!(history.contains("A session was opened through a linked account"), "{history}");

    // With the link goes the session.
    zato.call("DELETE", LINKED, link).ok();
    zato.call("GET", USER, json!({"ust": token})).refused("E007001");
    let valid = json!({"current_ust": world().super_user, "target_ust": token});
    assert_eq!(zato.call("POST", SESSION, valid).ok()["is_valid"], false);
    assert!(ping("GET", Some(&authorization), &[]).header("x-zato-sso-ust").is_none());
}

#[test]
fn an_inactive_link_opens_nothing() {
    let (name, password) = definition();
    link(&user(&json!({})), "basic_auth", &name, false);
    let answer = ping("GET", Some(&basic(&name, &password)), &[]);
    assert_eq!(answer.ok()["pong"], "zato");
    assert!(answer.header("x-zato-sso-ust").is_none());
}

#[test]
fn each_json_web_token_has_a_session_of_its_own() {
    let person = user(&json!({}));
    link(&person, "jwt", "partner", true);
    let first = ust(&ping("GET", Some(&bearer("partner", 1)), &[]));
    let second = ust(&ping("GET", Some(&bearer("partner", 2)), &[]));
    assert_ne!(first, second);
    assert_eq!(ust(&ping("GET", Some(&bearer("partner", 1)), &[])), first);
    let mut zato = Zato::new(&world().server);
    let list = zato.call("GET", SESSION_LIST, json!({"ust": first})).ok();
    let sessions = list["result"].as_array().expect("a list");
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session["auth_type"] == "jwt"));
}

#[test]
fn an_account_that_may_not_log_in_is_refused_with_its_code() {
    let (name, password) = definition();
    let authorization = basic(&name, &password);
    let person = user(&json!({"auto_approve": false}));
    link(&person, "basic_auth", &name, true);
    let mut zato = Zato::new(&world().server);
    let target = json!({"ust": world().super_user, "user_id": person.user_id});
    ping("GET", Some(&authorization), &[]).refused("E005004");
    zato.call("POST", APPROVE, target.clone()).ok();
    let token = ust(&ping("GET", Some(&authorization), &[]));
    zato.call("POST", LOCK, target.clone()).ok();
    ping("GET", Some(&authorization), &[]).refused("E005002");
    zato.call("DELETE", LOCK, target.clone()).ok();
    let app = |name: &'static str| [("x-zato-sso-current-app", name)];
    ping("GET", Some(&authorization), &app("ERP")).refused("E004001");
    ping("GET", Some(&authorization), &app("nobody's")).refused("E004001");
    assert_eq!(ust(&ping("GET", Some(&authorization), &app("CRM"))), token);
    let mut due = target;
    due["password_must_change"] = json!(true);
    zato.call("PATCH", USER, due).ok();
    ping("GET", Some(&authorization), &[]).refused("E003007");
}

#[test]
fn limits_of_a_user_hold_for_linked_access_alone() {
    let limited = |definition: &str, active: bool| {
        let (name, password) = self::definition();
        let limits = json!({"rate_limit_def": definition, "is_rate_limit_active": active});
        let person = user(&limits);
        link(&person, "basic_auth", &name, true);
        (person, basic(&name, &password))
    };
    let (person, authorization) = limited("*=1/d", true);
    let token = ust(&ping("GET", Some(&authorization), &[]));
    let answer = ping("GET", Some(&authorization), &[]);
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["details"], "Error 429 Too Many Requests");
    let mut zato = Zato::new(&world().server);
    for _ in 0..3 {
        zato.call("GET", USER, json!({"ust": token})).ok();
        zato.log_in(&person.username, &person.password);
    }
    let (_, authorization) = limited("*=1/d", false);
    ust(&ping("GET", Some(&authorization), &[]));
    ust(&ping("GET", Some(&authorization), &[]));
    let (_, authorization) = limited("192.0.2.0/24 = 5/m", true);
    let answer = ping("GET", Some(&authorization), &[]);
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["details"], "Error 403 Forbidden");
}

#[test]
fn the_password_of_a_definition_is_guessed_at_no_faster_than_a_users() {
    let (name, password) = definition();
    for _ in 0..20 {
        assert_eq!(ping("GET", Some(&basic(&name, "wrong")), &[]).status, 401);
    }
    assert_eq!(ping("GET", Some(&basic(&name, &password)), &[]).status, 401);
}
