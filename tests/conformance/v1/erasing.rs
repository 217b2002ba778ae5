//! Erasing somebody: gone before the answer, certified, and its history says nothing of it any more.

use std::sync::OnceLock;

use muster_tests::audit::{Audit, assert_problem};
use muster_tests::client::ask_locally;
use muster_tests::server::Server;
use muster_tests::zato::{ATTR, LOCK, LOGIN, Person, SESSION, USER, Zato};
use serde_json::{Value, json};

/// A server of its own, and a session of its super-user: what other tests read of everybody stays whole.
fn world() -> &'static (Server, String) {
    static WORLD: OnceLock<(Server, String)> = OnceLock::new();
    WORLD.get_or_init(|| {
        let server = Server::start();
        let first = server.first().clone();
        let su = Zato::new(&server).log_in(&first.username, &first.password);
        (server, su)
    })
}

fn server() -> &'static Server {
    &world().0
}

fn su() -> &'static str {
    &world().1
}

fn zato_and_person() -> (Zato, Person) {
    let mut zato = Zato::new(server());
    let person = Person::regular(&mut zato, su());
    (zato, person)
}

fn ulid(person: &Person) -> String {
    let id = Audit::new(server()).read(&format!("/v1/users/{}", person.user_id))["id"].clone();
    id.as_str().expect("a ULID").to_owned()
}

#[test]
fn whoever_is_erased_by_any_spelling_of_its_id_is_gone_with_its_sessions() {
    let mut audit = Audit::new(server());
    let spelled: [fn(&Person) -> String; 3] =
        [|person| person.username.clone(), |person| person.user_id.clone(), ulid];
    for spelled in spelled {
        let (mut zato, person) = zato_and_person();
        let id = ulid(&person);
        let answer = audit.post(&format!("/v1/users/{}/erase", spelled(&person)));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let certificate = answer.json();
        assert_eq!(certificate["user"], json!(id));
        let position = certificate["position"].to_string();
        assert_eq!(answer.header("x-muster-position"), Some(position.as_str()));

        let verify = json!({"current_ust": su(), "target_ust": person.ust});
        zato.call("GET", SESSION, verify).refused("E007001");
        let login = json!({"username": person.username, "password": person.password});
        zato.call("POST", LOGIN, login).refused("E005001");
        assert_eq!(zato.find(su(), &person.username), None);
        assert_problem(&audit.get(&format!("/v1/users/{id}")), 404, "no_such_user");
        for path in [id.clone(), person.user_id.clone()] {
            let again = audit.post(&format!("/v1/users/{path}/erase"));
            assert_problem(&again, 409, "already_erased");
        }
        // The name is nobody's, and somebody else's from now on.
        let unknown = audit.post(&format!("/v1/users/{}/erase", person.username));
        assert_problem(&unknown, 404, "no_such_user");
        zato.sign_up(&person.username, &person.password);
    }
}

#[test]
fn the_certificate_says_what_went_and_the_log_vouches_for_it() {
    let (_, person) = zato_and_person();
    let mut audit = Audit::new(server());
    let certificate = audit.post(&format!("/v1/users/{}/erase", person.user_id)).json();
    assert_eq!(certificate["actor"]["kind"], "machine");
    let machine = audit.read("/v1/users/muster-admin");
    assert_eq!(certificate["actor"]["id"], machine["id"]);
    for list in ["destroyed", "kept"] {
        let list = certificate[list].as_array().expect("a list");
        assert!(list.len() >= 2 && list.iter().all(Value::is_string), "{list:?}");
    }
    let note = certificate["checkpoint"].as_str().expect("a note");
    let size: u64 = note.lines().nth(1).and_then(|line| line.parse().ok()).expect("a size");
    assert!(size >= certificate["position"].as_u64().expect("a position"));
    let store = certificate["store"].as_str().expect("an id");
    assert!(note.starts_with(&format!("muster/{store}/1\n")), "{note}");
    let erased = audit.facts(&format!("/v1/events?event=user.erased&user={}", person.user_id));
    let [erased] = &erased[..] else { panic!("{erased:?}") };
    assert_eq!(erased["position"], certificate["position"]);
    assert_eq!(erased["at"], certificate["at"]);
}

#[test]
fn the_history_of_the_erased_keeps_what_happened_and_tells_nothing_of_it() {
    let (mut zato, person) = zato_and_person();
    let (_, other) = zato_and_person();
    let attribute = json!({"ust": person.ust, "name": "city", "value": "Turin"});
    zato.call("PUT", ATTR, attribute).ok();
    zato.call("PATCH", USER, json!({"ust": person.ust, "first_name": "Augusta"})).ok();
    let mut audit = Audit::new(server());
    audit.post(&format!("/v1/users/{}/erase", person.user_id)).json();
    let facts = audit.history(&person.user_id);
    let events: Vec<_> = facts.iter().filter_map(|fact| fact["event"].as_str()).collect();
    for event in ["user.signed_up", "session.started", "user.attribute_set", "user.erased"] {
        assert!(events.contains(&event), "{events:?}");
    }
    for fact in &facts {
        let is_erasure = fact["event"] == "user.erased";
        assert_eq!(fact["sentence"].is_string(), is_erasure, "{fact}");
        assert_eq!(fact["changes"].is_array(), is_erasure, "{fact}");
        if fact["actor"]["kind"] == "user" && fact["event"] == "user.attribute_set" {
            assert_eq!(fact["actor"]["name"], "erased user");
            assert!(fact["actor"]["id"].is_string());
            assert_eq!(fact["via"]["origin"], "erased");
        }
    }
    let whole = serde_json::to_string(&facts).expect("it was JSON");
    for personal in [&person.username, "Turin", "Augusta"] {
        assert!(!whole.contains(personal), "{personal} in {whole}");
    }
    // Whoever it dealt with keeps what was done, by its id.
    zato.call("POST", LOCK, json!({"ust": su(), "user_id": other.user_id})).ok();
    assert!(audit.history(&other.user_id).iter().all(|fact| fact["sentence"].is_string()));
    for path in ["/v1/local/verify", "/v1/local/rebuild"] {
        let told = audit.post(path).json();
        let wrong = &told[if path.ends_with("verify") { "findings" } else { "differences" }];
        assert_eq!(*wrong, json!([]), "{told}");
    }
}

#[test]
fn the_deleted_are_erased_by_their_id_at_the_command_line() {
    let (_, person) = zato_and_person();
    let id = ulid(&person);
    server().muster(&["user", "delete", &person.username, "--yes"]);
    let told = server().muster(&["erase", &person.user_id, "--yes", "--json"]);
    let certificate: Value = serde_json::from_str(&told).expect("one object");
    assert_eq!(certificate["user"], json!(id));
    assert_eq!(certificate["actor"], json!({"kind": "operator", "id": null}));
    let history = server().muster(&["history", &id]);
    assert!(history.contains("(erased) [user.deleted]"), "{history}");
    assert!(history.contains("erased user"), "{history}");
    assert!(!history.contains(&person.username), "{history}");
}

#[test]
fn months_are_listed_and_the_present_one_is_not_forgotten() {
    let socket = server().data().join("muster.sock");
    let listed = ask_locally(&socket, "GET", "/v1/local/origins", "").json();
    let months = listed["items"].as_array().expect("a list");
    assert!(months.iter().all(|month| month["forgotten"] == false), "{listed}");
    let present = months.last().expect("this one")["month"].as_str().expect("a month").to_owned();
    let forget = |before: &str| {
        let body = json!({ "before": before }).to_string();
        let answer = ask_locally(&socket, "POST", "/v1/local/origins/forget", &body);
        (answer.status, answer.json())
    };
    assert_eq!(forget("2020-01"), (200, json!({ "forgotten": [] })));
    assert_eq!(forget(&present), (200, json!({ "forgotten": [] })), "nothing before it");
    let (status, problem) = forget("9999-12");
    assert_eq!((status, &problem["code"]), (422, &json!("unacceptable_value")));
    for wrong in ["", "2026", "2026-13", "november"] {
        let (status, problem) = forget(wrong);
        assert_eq!((status, &problem["code"]), (400, &json!("bad_parameter")), "{wrong}");
    }
    let list = server().muster(&["origins", "list"]);
    assert!(list.contains(&format!("{present}  known")), "{list}");
    let told = server().muster(&["origins", "forget", "--before", "2020-01", "--yes"]);
    assert_eq!(told, "Nothing was known of a month before 2020-01\n");
}
