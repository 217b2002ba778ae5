//! Wrong values for every parameter of every operation, and seeded nonsense in their places.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use muster_tests::audit::Audit;
use muster_tests::client::percent;
use muster_tests::operations::{Operation, V1, built};
use muster_tests::random::Random;
use muster_tests::zato::{APP, Person, Zato};
use serde_json::{Map, Value, json};

use crate::nonsense::{nasty, nonsense_text, nonsense_value};
use crate::{healthy, refused_in_order, world};

/// How long the seeded nonsense may go on.
const NONSENSE_TIME_MAX: Duration = Duration::from_secs(20);
/// How many requests of it there are, unless time is up first.
const NONSENSE_REQUESTS: usize = 4_000;

/// A body that would be right but for what is put into it: a super-user's call about a victim.
fn body(operation: &Operation, ust: &str, victim: &Person) -> Map<String, Value> {
    let mut body = Map::new();
    for key in operation.texts {
        let value = match *key {
            "ust" | "current_ust" => json!(ust),
            "target_ust" => json!(victim.ust),
            "current_app" => json!(APP),
            "user_id" => json!(victim.user_id),
            "name" => json!("colour"),
            _ => continue,
        };
        body.insert((*key).to_owned(), value);
    }
    if operation.path.ends_with("/attr") {
        body.insert("value".to_owned(), json!("red"));
    }
    body
}

/// A session of the super-user's that may be ended, and somebody who may be spoiled.
fn session_and_victim(zato: &mut Zato) -> (String, Person) {
    let first = world().server.first();
    let victim = Person::regular(zato, &world().super_user);
    (zato.log_in(&first.username, &first.password), victim)
}

#[test]
fn no_value_of_any_parameter_breaks_a_call() {
    let world = world();
    let mut zato = Zato::new(&world.server);
    for operation in built() {
        let Operation { method, path, texts, flags, integers, .. } = *operation;
        let (ust, victim) = session_and_victim(&mut zato);
        let others: &[&str] = &["data", "value", "app_list", "unknown"];
        for key in [texts, flags, integers, others].concat() {
            for value in nasty() {
                let mut body = body(operation, &ust, &victim);
                body.insert(key.to_owned(), value);
                let answer = zato.call_exactly(method, path, &Value::Object(body));
                refused_in_order(&answer);
            }
        }
    }
    healthy();
}

#[test]
fn a_megabyte_in_any_text_is_refused() {
    let world = world();
    let mut zato = Zato::new(&world.server);
    let long = json!("x".repeat(1 << 20));
    for operation in built() {
        let (ust, victim) = session_and_victim(&mut zato);
        for key in operation.texts {
            let mut body = body(operation, &ust, &victim);
            body.insert((*key).to_owned(), long.clone());
            for required in operation.required {
                body.entry((*required).to_owned()).or_insert(json!("x"));
            }
            let answer = zato.call_exactly(operation.method, operation.path, &Value::Object(body));
            refused_in_order(&answer);
        }
    }
    let both = json!({"username": "x".repeat(1 << 20), "password": "y".repeat(1 << 20)});
    zato.call("POST", "/zato/sso/user/login", both.clone()).refused("E005001");
    zato.call("POST", "/zato/sso/user/signup", both).refused("E005001");
    healthy();
}

#[test]
fn nesting_without_end_is_no_json() {
    let world = world();
    let mut zato = Zato::new(&world.server);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [200, 10_000, 300_000] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let body = format!("{{\"current_app\":\"CRM\",\"value\":{nested}}}");
            for operation in built() {
                let answer =
                    zato.client.send(operation.method, operation.path, &[], body.as_bytes());
                answer.bad_request();
            }
        }
    }
    healthy();
}

#[test]
fn a_value_as_deep_as_json_may_be_is_stored_and_shown() {
    let world = world();
    let mut zato = Zato::new(&world.server);
    let mut audit = Audit::new(&world.server);
    let mut deepest = 0;
    for depth in 1..200 {
        let nested = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let body = format!(
            "{{\"current_app\":\"CRM\",\"ust\":\"{}\",\"name\":\"deep\",\"value\":{nested}}}",
            world.person.ust
        );
        let answer = zato.client.send("PUT", "/zato/sso/user/attr", &[], body.as_bytes());
        if answer.status != 200 {
            answer.bad_request();
            continue;
        }
        deepest = depth;
        let read = json!({"ust": world.person.ust, "name": "deep"});
        let answer = zato.call("GET", "/zato/sso/user/attr", read);
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains(&nested), "{depth}");
    }
    assert!(deepest > 100, "{deepest}");
    // The raw text: a reader may be less patient with depth than the server.
    let path = format!("/v1/users/{}/history?limit=1000", world.person.username);
    let answer = audit.get(&path);
    assert_eq!(answer.status, 200, "{}", answer.text());
    healthy();
}

#[test]
fn tokens_that_were_never_handed_out_open_nothing() {
    let world = world();
    let mut zato = Zato::new(&world.server);
    let mut random = Random::new(7);
    for _ in 0..300 {
        let mut token = world.person.ust.clone().into_bytes();
        for _ in 0..=random.below(3) {
            let at = random.below(token.len());
            let alphabet = b"ABCxyz019-_=";
            token[at] = *random.pick(alphabet);
        }
        token.truncate(1 + random.below(token.len()));
        let token = String::from_utf8(token).expect("ASCII");
        if token == world.person.ust {
            continue;
        }
        let call = json!({"ust": token, "name": "x", "value": 1});
        zato.call("PUT", "/zato/sso/user/attr", call).refused("E007001");
    }
    healthy();
}

#[test]
fn seeded_nonsense_breaks_nothing() {
    const SEED: u64 = 20_260_101;
    let world = world();
    let mut random = Random::new(SEED);
    let mut zato = Zato::new(&world.server);
    let mut audit = Audit::new(&world.server);
    let operations: Vec<_> = built().collect();
    let nasty = nasty();
    let (ust, victim) = session_and_victim(&mut zato);
    let make = |random: &mut Random, operation: &Operation| {
        spoil(random, operation, body(operation, &ust, &victim), &nasty)
    };
    let until = Timestamp::now() + SignedDuration::try_from(NONSENSE_TIME_MAX).expect("short");
    for number in 0..NONSENSE_REQUESTS {
        if Timestamp::now() > until {
            break;
        }
        let answer = match random.below(10) {
            0 => {
                let (_, path) = random.pick(&V1);
                let query = percent(&nonsense_text(&mut random));
                audit.get(&format!("{path}?after={query}&limit={}", random.number()))
            }
            1 => {
                let text = nonsense_text(&mut random);
                audit.get(&format!("/v1/users/{}/history", percent(&text)))
            }
            2 => {
                let operation = random.pick(&operations);
                let bytes: Vec<u8> =
                    (0..random.below(64)).map(|_| random.number().to_le_bytes()[0]).collect();
                zato.client.send(operation.method, operation.path, &[], &bytes)
            }
            3 => {
                let operation = random.pick(&operations);
                let body = make(&mut random, operation);
                zato.call_by_query(operation.method, operation.path, body)
            }
            _ => {
                let operation = random.pick(&operations);
                let body = make(&mut random, operation);
                zato.call_exactly(operation.method, operation.path, &body)
            }
        };
        let text = String::from_utf8_lossy(&answer.body);
        assert!(answer.status < 500, "seed {SEED}, request {number}: {}: {text}", answer.status);
    }
    healthy();
}

/// Puts nonsense into a call.
fn spoil(
    random: &mut Random,
    operation: &Operation,
    mut body: Map<String, Value>,
    nasty: &[Value],
) -> Value {
    let keys = [operation.texts, operation.flags, operation.integers, &["data", "value"]].concat();
    // An update that names nobody would change the super-user's own account.
    let spared = if operation.method == "PATCH" { "user_id" } else { "" };
    let keys: Vec<_> = keys.into_iter().filter(|key| *key != spared).collect();
    for _ in 0..random.below(6) {
        let key = *random.pick(&keys);
        let value = match random.below(3) {
            0 => random.pick(nasty).clone(),
            1 => json!(nonsense_text(random)),
            _ => nonsense_value(random, 4),
        };
        body.insert(key.to_owned(), value);
    }
    if operation.path.ends_with("/logout") {
        // The session is needed by the calls that follow.
        body.insert("ust".to_owned(), json!(nonsense_text(random)));
    }
    Value::Object(body)
}
