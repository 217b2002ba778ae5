//! What somebody was, at any time or position, and what differs; histories from either end.

use muster_tests::audit::{Audit, assert_problem};
use muster_tests::client::percent;
use muster_tests::zato::{ATTR, LOCK, Person, USER, Zato};
use serde_json::{Value, json};

use crate::world::{server, su, zato_and_person};

/// Somebody who was renamed, has attributes, and whose account was locked and unlocked.
fn lived() -> (Zato, Person, Audit, Vec<Value>) {
    let (mut zato, person) = zato_and_person();
    let put = |zato: &mut Zato, name: &str, value: &str, encrypt: bool| {
        let asked = json!({"ust": person.ust, "name": name, "value": value, "encrypt": encrypt});
        zato.call("PUT", ATTR, asked).ok();
    };
    put(&mut zato, "colour", "red", false);
    put(&mut zato, "card", "4711", true);
    put(&mut zato, "long", &"x".repeat(5_000), false);
    let renamed = format!("{}-then", person.username);
    let rename = json!({"ust": su(), "user_id": person.user_id, "username": renamed});
    zato.call("PATCH", USER, rename).ok();
    put(&mut zato, "colour", "blue", false);
    put(&mut zato, "card", "4712", true);
    zato.call("POST", LOCK, json!({"ust": su(), "user_id": person.user_id})).ok();
    zato.call("DELETE", LOCK, json!({"ust": su(), "user_id": person.user_id})).ok();
    let mut audit = Audit::new(server());
    let facts = audit.history(&person.user_id);
    (zato, person, audit, facts)
}

fn at<'f>(facts: &'f [Value], event: &str) -> &'f Value {
    facts.iter().find(|fact| fact["event"] == event).expect("it happened")
}

fn position(fact: &Value) -> u64 {
    fact["position"].as_u64().expect("a position")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[test]
fn a_user_is_told_as_it_was_by_position_and_by_time() {
    let (_, person, mut audit, facts) = lived();
    let path = format!("/v1/users/{}", person.user_id);
    let now = audit.read(&path);
    let renamed = at(&facts, "user.username_changed");
    let mut as_of = |moment: String| audit.read(&format!("{path}?as_of={moment}"));
    let before = as_of((position(renamed) - 1).to_string());
    assert_eq!(before["username"], json!(person.username));
    let then = as_of(position(renamed).to_string());
    assert_eq!(then["username"], json!(format!("{}-then", person.username)));
    assert_eq!(then["as_of"], json!({"position": position(renamed), "at": renamed["at"]}));
    let timed = as_of(percent(text(&renamed["at"])));
    assert_eq!((&timed["username"], &timed["version"]), (&then["username"], &then["version"]));
    assert_eq!(timed["as_of"]["at"], renamed["at"]);
    let locked = as_of(position(at(&facts, "user.locked")).to_string());
    assert_eq!((&locked["locked"], &now["locked"]), (&json!(true), &json!(false)));
    // The last moment is now.
    let mut last = as_of(position(facts.last().expect("a fact")).to_string());
    last.as_object_mut().expect("an object").remove("as_of");
    assert_eq!(last, now);
}

#[test]
fn attributes_are_told_as_they_are_and_as_they_were_and_never_what_is_encrypted() {
    let (_, person, mut audit, facts) = lived();
    let path = format!("/v1/users/{}/attributes", person.user_id);
    let now = audit.read(&path);
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("a list");
        items.iter().map(|item| text(&item["name"]).to_owned()).collect()
    };
    assert_eq!(names(&now), ["card", "colour", "long"]);
    assert_eq!((&now["next"], &now["as_of"]), (&Value::Null, &Value::Null));
    let values: Vec<_> =
        now["items"].as_array().expect("a list").iter().map(|item| &item["value"]).collect();
    let (secret, long) = (json!({"secret": true}), json!({"long": true}));
    assert_eq!(values, [&secret, &json!("blue"), &long]);
    assert_eq!(now["items"][0]["encrypted"], json!(true));
    let first = position(at(&facts, "user.attribute_set"));
    let then = audit.read(&format!("{path}?as_of={first}"));
    assert_eq!(names(&then), ["colour"]);
    assert_eq!(then["items"][0]["value"], json!("red"));
    assert_eq!(then["as_of"]["position"], json!(first));
    let mut paged = Vec::new();
    let mut after = String::new();
    loop {
        let page = audit.read(&format!("{path}?limit=1{after}"));
        paged.extend(names(&page));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(paged, names(&now));
    assert!(!now.to_string().contains("471"));
    for query in ["limit=0", "limit=1001", "as_of=", "as_of=yesterday", "as_of=-1", "x=1"] {
        assert_problem(&audit.get(&format!("{path}?{query}")), 400, "bad_parameter");
    }
}

#[test]
fn sessions_are_told_as_they_were() {
    let (mut zato, person, mut audit, facts) = lived();
    let path = format!("/v1/users/{}/sessions", person.user_id);
    zato.log_in(&format!("{}-then", person.username), &person.password);
    let now = audit.read(&path);
    assert_eq!(now["items"].as_array().map(Vec::len), Some(2));
    let started = position(at(&facts, "session.started"));
    let then = audit.read(&format!("{path}?as_of={started}"));
    assert_eq!(then["items"].as_array().map(Vec::len), Some(1));
    let session = &then["items"][0];
    assert_eq!(session["id"], now["items"][0]["id"]);
    assert_eq!(session["username"], json!(person.username), "its owner's name of then");
    assert_eq!(session["address"], json!("127.0.0.1"));
    let before = audit.read(&format!("{path}?as_of={}", started - 1));
    assert_eq!(before["items"], json!([]));
    assert_problem(&audit.get(&format!("{path}?as_of=x")), 400, "bad_parameter");
}

#[test]
fn a_difference_tells_each_field_from_old_to_new() {
    let (_, person, mut audit, facts) = lived();
    let path = format!("/v1/users/{}/diff", person.user_id);
    let set: Vec<_> = facts.iter().filter(|of| of["event"] == "user.attribute_set").collect();
    let (from, to) = (position(set[2]), position(facts.last().expect("a fact")));
    let told = audit.read(&format!("{path}?from={from}&to={to}"));
    let renamed = format!("{}-then", person.username);
    assert_eq!(
        told["changes"],
        json!([
            {"field": "attributes.card", "old": {"secret": true}, "new": {"secret": true}},
            {"field": "attributes.colour", "old": "red", "new": "blue"},
            {"field": "username", "old": person.username, "new": renamed},
        ])
    );
    assert_eq!((&told["from"]["position"], &told["to"]["position"]), (&json!(from), &json!(to)));
    let ends = (percent(text(&set[2]["at"])), percent(text(&facts.last().expect("one")["at"])));
    let timed = audit.read(&format!("{path}?from={}&to={}", ends.0, ends.1));
    assert_eq!(timed["changes"], told["changes"]);
    assert_eq!(audit.read(&format!("{path}?from={to}&to={to}"))["changes"], json!([]));
    for query in
        ["", "from=1", "to=1", "from=x&to=1", "from=1&to=", &format!("from={to}&to={from}")]
    {
        assert_problem(&audit.get(&format!("{path}?{query}")), 400, "bad_parameter");
    }
}

#[test]
fn moments_of_which_nothing_can_be_told_have_codes_of_their_own() {
    let (mut zato, person, mut audit, facts) = lived();
    let birth = position(&facts[0]);
    let rest = ["", "/attributes", "/sessions"];
    let path =
        |rest: &str, moment: &str| format!("/v1/users/{}{rest}?as_of={moment}", person.user_id);
    for rest in rest {
        for moment in [(birth - 1).to_string(), "0".to_owned(), "2001-02-03T04:05:06Z".to_owned()] {
            assert_problem(&audit.get(&path(rest, &moment)), 404, "not_born_yet");
        }
        for moment in ["9999999999", "99999999999999999999999", "2999-01-01T00:00:00%2B01:00"] {
            assert_problem(&audit.get(&path(rest, moment)), 400, "in_the_future");
        }
    }
    let diff = format!("/v1/users/{}/diff", person.user_id);
    assert_problem(&audit.get(&format!("{diff}?from=1&to={birth}")), 404, "not_born_yet");
    assert_problem(&audit.get(&format!("{diff}?from={birth}&to=9999999")), 400, "in_the_future");

    zato.call("DELETE", USER, json!({"ust": su(), "user_id": person.user_id})).ok();
    let id = text(&facts[0]["stream"]["id"]);
    let deleted = audit.history(id).last().cloned().expect("the deletion");
    assert_eq!(deleted["event"], "user.deleted");
    for rest in rest {
        let gone = format!("/v1/users/{id}{rest}?as_of={}", position(&deleted));
        let answer = audit.get(&gone);
        assert_problem(&answer, 410, "deleted");
        assert!(answer.text().contains(text(&deleted["at"])), "{}", answer.text());
        let before = format!("/v1/users/{id}{rest}?as_of={}", position(&deleted) - 1);
        assert_eq!(audit.get(&before).status, 200, "what it was before can be told");
    }
    let to = position(&deleted);
    assert_problem(
        &audit.get(&format!("/v1/users/{id}/diff?from={birth}&to={to}")),
        410,
        "deleted",
    );
    for rest in ["", "/attributes", "/sessions", "/history", "/acts"] {
        let unknown = format!("/v1/users/01ARZ3NDEKTSV4RRFFQ69G5FAV{rest}");
        assert_problem(&audit.get(&unknown), 404, "no_such_user");
    }
}

#[test]
fn a_history_is_read_from_either_end() {
    let (_, person, mut audit, facts) = lived();
    let path = format!("/v1/users/{}/history", person.user_id);
    let mut turned = facts.clone();
    turned.reverse();
    for limit in [1, 3, 1_000] {
        let mut paged = Vec::new();
        let mut before = String::new();
        loop {
            let page = audit.read(&format!("{path}?order=desc&limit={limit}{before}"));
            paged.extend(page["items"].as_array().expect("a list").iter().cloned());
            match page["next"].as_u64() {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
        assert_eq!(paged, turned, "{limit} a page");
    }
    let (after, before) = (position(&facts[1]), position(&facts[4]));
    let between = audit.read(&format!("{path}?order=asc&after={after}&before={before}"));
    assert_eq!(between["items"], json!(facts[2..4]));
    let coloured = audit.facts(&format!("{path}?field=attributes.colour&event=user."));
    assert_eq!(coloured.len(), 2);
    let by_admin = audit.facts(&format!("{path}?actor=admin"));
    assert!(by_admin.len() >= 3 && by_admin.len() < facts.len(), "{}", by_admin.len());
    for query in ["order=up", "before=x", "user=admin", "since=x", "event=,", "actor=nobody-here"] {
        let answer = audit.get(&format!("{path}?{query}"));
        assert!([400, 404].contains(&answer.status), "{query}: {}", answer.status);
    }
}

#[test]
fn what_somebody_did_is_told_with_old_and_new_whomever_it_concerns() {
    let (_, person, mut audit, facts) = lived();
    let own = audit.facts(&format!("/v1/users/{}/acts", person.user_id));
    let expected: Vec<_> = facts
        .iter()
        .filter(|fact| fact["actor"]["id"] == facts[0]["stream"]["id"])
        .cloned()
        .collect();
    assert_eq!(own, expected);
    let about = format!("user={}", person.user_id);
    let done = audit.facts(&format!("/v1/users/admin/acts?{about}&event=user.locked"));
    assert_eq!(done, vec![at(&facts, "user.locked").clone()]);
    assert_problem(&audit.get("/v1/users/admin/acts?actor=admin"), 400, "bad_parameter");
}
