//! What the history of somebody tells: who changed what, old -> new, from where.

use muster_tests::audit::Audit;
use muster_tests::zato::{APPROVE, ATTR, LOCK, LOGIN, LOGOUT, Person, SESSION, SESSION_ATTR, USER};
use serde_json::{Value, json};

use crate::world::{server, su, zato};

fn find<'a>(facts: &'a [Value], event: &str) -> &'a Value {
    let found = facts.iter().rfind(|fact| fact["event"] == event);
    found.unwrap_or_else(|| {
        let known: Vec<_> = facts.iter().map(|fact| &fact["event"]).collect();
        panic!("no {event} among {known:?}")
    })
}

fn change<'a>(fact: &'a Value, field: &str) -> &'a Value {
    let changes = fact["changes"].as_array().expect("a list");
    let found = changes.iter().find(|change| change["field"] == field);
    found.unwrap_or_else(|| panic!("no {field} in {fact}"))
}

#[test]
fn the_history_of_ada_tells_who_changed_what_from_what_to_what() {
    let mut zato = zato();
    let (ada, token) = Person::unconfirmed(&mut zato, su());
    zato.confirm(&token);
    zato.call("POST", APPROVE, json!({"ust": su(), "user_id": ada.user_id})).ok();
    let ust = zato.log_in(&ada.username, &ada.password);
    for name in ["Ada", "Augusta"] {
        zato.call("PATCH", USER, json!({"ust": ust, "first_name": name})).ok();
    }
    let renamed = format!("{}-byron", ada.username);
    zato.call("PATCH", USER, json!({"ust": su(), "user_id": ada.user_id, "username": renamed}))
        .ok();
    zato.call("PATCH", USER, json!({"ust": ust, "last_name": "Byron"})).ok();
    zato.call("POST", LOCK, json!({"ust": su(), "user_id": ada.user_id})).ok();
    zato.call("DELETE", LOCK, json!({"ust": su(), "user_id": ada.user_id})).ok();
    zato.call("POST", LOGOUT, json!({"ust": ust})).ok();

    let facts = Audit::new(server()).history(&renamed);
    let admin = server().first().username.as_str();
    let by = |event: &str, name: Option<&str>| {
        let fact = find(&facts, event);
        assert_eq!(fact["actor"]["name"], json!(name), "{fact}");
        assert_eq!(fact["via"]["dialect"], "zato", "{fact}");
        assert_eq!(fact["via"]["application"], "CRM", "{fact}");
        assert_eq!(fact["via"]["address"], "127.0.0.1", "{fact}");
        fact
    };
    by("user.signed_up", None);
    by("user.sign_up_confirmed", None);
    let approved = change(by("user.approved", Some(admin)), "approval_status").clone();
    assert_eq!(
        (&approved["old"], &approved["new"]),
        (&json!("before_decision"), &json!("approved"))
    );
    by("user.signed_in", Some(&ada.username));
    by("user.locked", Some(admin));
    by("user.unlocked", Some(admin));
    by("session.ended", Some(&renamed));
    let told: Vec<_> = facts
        .iter()
        .flat_map(|fact| {
            let changes = fact["changes"].as_array().expect("a list");
            changes.iter().map(move |change| (fact, change))
        })
        .filter(|(_, change)| {
            change["field"]
                .as_str()
                .is_some_and(|field| field.ends_with("_name") || field == "username")
        })
        .map(|(fact, change)| {
            (fact["actor"]["name"].clone(), change["old"].clone(), change["new"].clone())
        })
        .collect();
    // Each actor bears the name it had at the time.
    assert_eq!(
        told,
        [
            (Value::Null, Value::Null, json!(ada.username)),
            (json!(ada.username), Value::Null, json!("Ada")),
            (json!(ada.username), json!("Ada"), json!("Augusta")),
            (json!(admin), json!(ada.username), json!(renamed)),
            (json!(renamed), Value::Null, json!("Byron")),
        ]
    );
}

#[test]
fn secrets_are_shown_as_secret_and_long_values_as_long() {
    let mut zato = zato();
    let person = Person::regular(&mut zato, su());
    let key = json!({"ust": person.ust, "totp_key": "JBSWY3DPEHPK3PXP", "is_totp_enabled": true});
    zato.call("PATCH", USER, key).ok();
    zato.call("PATCH", USER, json!({"ust": person.ust, "is_totp_enabled": false})).ok();
    let must = json!({"ust": su(), "user_id": person.user_id, "password_must_change": true});
    zato.call("PATCH", USER, must).ok();
    let login = json!({
        "username": person.username, "password": person.password,
        "new_password": "correct battery",
    });
    zato.call("POST", LOGIN, login).ok();
    let long = json!({"ust": person.ust, "name": "long", "value": "x".repeat(100_000)});
    zato.call("PUT", ATTR, long).ok();
    let hidden = json!({"ust": person.ust, "name": "hidden", "value": "violet", "encrypt": true});
    zato.call("PUT", ATTR, hidden).ok();

    let facts = Audit::new(server()).history(&person.username);
    let secret = json!({"secret": true});
    let shown = |event: &str| -> Vec<Value> {
        let changes = find(&facts, event)["changes"].as_array().expect("a list");
        changes.iter().map(|change| change["new"].clone()).collect()
    };
    assert!(shown("user.signed_up").contains(&secret), "{:?}", shown("user.signed_up"));
    assert!(shown("user.password_changed").contains(&secret));
    let text = Value::Array(facts.clone()).to_string();
    for secret in
        ["JBSWY3DPEHPK3PXP", "correct", "$argon2", &person.ust, "violet", &"x".repeat(5000)]
    {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.contains(r#"{"long":true}"#), "{text}");
}

#[test]
fn the_history_of_somebody_tells_of_the_sessions_too() {
    let mut zato = zato();
    let person = Person::regular(&mut zato, su());
    let own = |mut asked: Value| {
        asked["current_ust"] = json!(person.ust);
        asked["target_ust"] = json!(person.ust);
        asked
    };
    zato.call("PATCH", SESSION, json!({"ust": person.ust})).ok();
    for value in [1, 2] {
        zato.call("PUT", SESSION_ATTR, own(json!({"name": "basket", "value": value}))).ok();
    }
    let hidden = json!({"name": "card", "value": "4711", "encrypt": true});
    let theirs = json!({"current_ust": su(), "target_ust": person.ust});
    let mut by_super_user = theirs;
    by_super_user
        .as_object_mut()
        .expect("an object")
        .extend(hidden.as_object().cloned().expect("an object"));
    zato.call("POST", SESSION_ATTR, by_super_user).ok();
    zato.call("DELETE", SESSION_ATTR, own(json!({"name": "basket"}))).ok();

    let facts = Audit::new(server()).history(&person.username);
    assert_eq!(find(&facts, "session.renewed")["actor"]["name"], json!(person.username));
    let set: Vec<_> =
        facts.iter().filter(|fact| fact["event"] == "session.attribute_set").collect();
    assert_eq!(set.len(), 3);
    let basket = change(set[1], "session.attributes.basket");
    assert_eq!((&basket["old"], &basket["new"]), (&json!(1), &json!(2)));
    assert_eq!(set[2]["actor"]["name"], json!(server().first().username));
    assert!(!json!(facts).to_string().contains("4711"));
    let removed = find(&facts, "session.attribute_removed");
    assert_eq!(change(removed, "session.attributes.basket")["old"], json!(2));
}
