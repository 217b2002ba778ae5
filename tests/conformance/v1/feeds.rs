//! Pages of users and of facts.

use muster_tests::audit::Audit;
use serde_json::{Value, json};

use crate::world::{server, zato_and_person};

fn position(fact: &Value) -> u64 {
    fact["position"].as_u64().expect("a position")
}

#[test]
fn events_follow_one_another_without_a_gap() {
    zato_and_person();
    let mut audit = Audit::new(server());
    let facts = audit.facts("/v1/events");
    assert_eq!(position(&facts[0]), 1);
    for pair in facts.windows(2) {
        assert_eq!(position(&pair[1]), position(&pair[0]) + 1);
        assert!(pair[0]["at"].as_str() <= pair[1]["at"].as_str(), "{} {}", pair[0], pair[1]);
    }
    for fact in &facts {
        for key in ["event", "sentence"] {
            assert!(fact[key].as_str().is_some_and(|text| !text.is_empty()), "{fact}");
        }
        assert!(fact["changes"].is_array() && fact["actor"]["kind"].is_string(), "{fact}");
    }
}

#[test]
fn a_page_has_as_many_facts_as_asked_for_and_says_where_the_next_begins() {
    let (_, person) = zato_and_person();
    let mut audit = Audit::new(server());
    let path = format!("/v1/users/{}/history", person.username);
    let whole = audit.history(&person.username);
    assert!(whole.len() >= 4, "{whole:?}");
    for limit in 1..=whole.len() {
        let mut paged = Vec::new();
        let mut after = 0;
        loop {
            let page = audit.read(&format!("{path}?after={after}&limit={limit}"));
            let items = page["items"].as_array().expect("a list");
            paged.extend(items.iter().cloned());
            let Some(next) = page["next"].as_u64() else { break };
            assert_eq!(items.len(), limit, "only the last page may be shorter");
            assert_eq!(next, position(items.last().expect("it is not empty")));
            after = next;
        }
        assert_eq!(paged, whole, "{limit}");
    }
    // An event told alone reads as it does among all of the history.
    for fact in &whole {
        let before = position(fact) - 1;
        let page = audit.read(&format!("/v1/events?after={before}&limit=1"));
        assert_eq!(&page["items"][0], fact);
    }
}

#[test]
fn a_filter_leaves_the_facts_that_were_asked_for_and_tells_them_alike() {
    let (_, person) = zato_and_person();
    let mut audit = Audit::new(server());
    let whole = audit.history(&person.username);
    let mut all = |filter: &str| audit.facts(&format!("/v1/events?{filter}"));
    assert_eq!(all(&format!("user={}", person.username)), whole);
    let of = |wanted: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        whole.iter().filter(|fact| wanted(fact)).cloned().collect()
    };
    let user = format!("user={}", person.username);
    let named = all(&format!("{user}&event=user.signed_up,session."));
    let is_named = |fact: &Value| {
        let name = fact["event"].as_str().expect("a name");
        name == "user.signed_up" || name.starts_with("session.")
    };
    assert!(!named.is_empty());
    assert_eq!(named, of(&is_named));
    let by = all(&format!("{user}&actor=anonymous"));
    assert!(!by.is_empty());
    assert_eq!(by, of(&|fact| fact["actor"]["kind"] == "anonymous"));
    let amended = all(&format!("{user}&field=approval_status"));
    assert!(!amended.is_empty());
    let has = |fact: &Value| {
        let changes = fact["changes"].as_array().expect("a list");
        changes.iter().any(|change| change["field"] == "approval_status")
    };
    assert_eq!(amended, of(&has));
    let since = whole[1]["at"].as_str().expect("a time");
    assert_eq!(
        all(&format!("{user}&since={since}")),
        of(&|fact| fact["at"].as_str() >= Some(since))
    );
    assert_eq!(
        all(&format!("{user}&until={since}")),
        of(&|fact| fact["at"].as_str() < Some(since))
    );
}

#[test]
fn beyond_the_last_fact_there_is_nothing() {
    let mut audit = Audit::new(server());
    for after in [u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
        for path in ["/v1/events", "/v1/users/admin/history"] {
            for limit in [1, 1000] {
                let mut page = audit.read(&format!("{path}?after={after}&limit={limit}"));
                if path == "/v1/events" {
                    // Nobody is sent back to before where he was.
                    assert_eq!(page["cursor"].take(), json!(after));
                    page.as_object_mut().expect("an object").remove("cursor");
                }
                assert_eq!(page, json!({"items": [], "next": null}), "{path} {after}");
            }
        }
    }
}

#[test]
fn users_are_listed_in_the_order_of_their_birth_page_by_page() {
    let (_, person) = zato_and_person();
    let mut audit = Audit::new(server());
    let mut seen: Vec<Value> = Vec::new();
    let mut after = String::new();
    loop {
        let page = audit.read(&format!("/v1/users?limit=3{after}"));
        let items = page["items"].as_array().expect("a list");
        assert!(items.len() <= 3);
        seen.extend(items.iter().cloned());
        let Some(next) = page["next"].as_str() else { break };
        assert_eq!(items.len(), 3);
        after = format!("&after={next}");
    }
    for pair in seen.windows(2) {
        assert!(pair[0]["id"].as_str() < pair[1]["id"].as_str());
    }
    let one = seen.iter().find(|user| user["username"] == json!(person.username));
    let one = one.expect("everybody is listed");
    let kinds: Vec<_> = seen.iter().map(|user| user["kind"].as_str()).collect();
    assert!(kinds.contains(&Some("machine")) && kinds.contains(&Some("human")));
    // The same user under each of its names.
    let id = one["id"].as_str().expect("an id");
    for name in [id, &person.username, &person.user_id] {
        assert_eq!(&audit.read(&format!("/v1/users/{name}")), one, "{name}");
    }
}

#[test]
fn projections_stand_at_the_last_position() {
    let (_, person) = zato_and_person();
    let mut audit = Audit::new(server());
    let last = audit.history(&person.username).last().map(position).expect("a fact");
    let told = audit.read("/v1/projections");
    assert!(told["position"].as_u64().is_some_and(|position| position >= last), "{told}");
    for key in ["users", "sessions", "names", "tokens"] {
        assert!(told[key].as_u64().is_some_and(|count| count > 0), "{key}: {told}");
    }
}

#[test]
fn verify_and_rebuild_find_nothing_wrong() {
    let mut audit = Audit::new(server());
    let report = audit.post("/v1/local/verify").json();
    assert_eq!(report["findings"], json!([]), "{report}");
    let rebuilt = audit.post("/v1/local/rebuild").json();
    assert_eq!(rebuilt["differences"], json!([]), "{rebuilt}");
}
