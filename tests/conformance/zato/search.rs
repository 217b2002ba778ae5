//! Search (contract, section 4.7).

use muster_tests::zato::{APPROVE, Person, SEARCH, USER, Zato, is_date, unique};
use serde_json::{Value, json};

use crate::world::{server, su, zato, zato_and_person};

fn search(zato: &mut Zato, criteria: Value) -> Value {
    let mut asked = criteria;
    asked["ust"] = json!(su());
    zato.call("GET", SEARCH, asked).ok()
}

fn named(zato: &mut Zato, names: &Value) -> Person {
    let person = Person::confirmed(zato, su());
    let mut asked = names.clone();
    asked["ust"] = json!(su());
    asked["user_id"] = json!(person.user_id);
    zato.call("PATCH", USER, asked).ok();
    person
}

fn ids(found: &Value) -> Vec<String> {
    let found = found["result"].as_array().expect("a list").iter();
    found.map(|user| user["user_id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn case_018_two_users_are_found_by_a_part_of_their_display_name() {
    let mut zato = zato();
    let part = unique("shared");
    for first in ["Ann", "Bob"] {
        named(&mut zato, &json!({"display_name": format!("{first} {part} Smith")}));
    }
    let found = search(&mut zato, json!({"display_name": part, "is_name_exact": false}));
    assert_eq!(found["total"], 2);
    assert_eq!(found["result"].as_array().map(Vec::len), Some(2));
    assert_eq!((&found["cur_page"], &found["num_pages"]), (&json!(1), &json!(1)));
    assert_eq!(found["page_size"], 50);
    assert_eq!((&found["has_next_page"], &found["has_prev_page"]), (&json!(false), &json!(false)));
    for key in ["next_page", "prev_page"] {
        assert!([None, Some(&Value::Null), Some(&json!(0))].contains(&found.get(key)), "{found}");
    }
    // Whole values by default, and case counts in neither.
    assert_eq!(search(&mut zato, json!({"display_name": part}))["total"], 0);
    let whole = format!("ANN {part} SMITH");
    assert_eq!(search(&mut zato, json!({"display_name": whole}))["total"], 1);
    let padded = format!("  {}  ", part.to_uppercase());
    let asked = json!({"display_name": padded, "is_name_exact": "no"});
    assert_eq!(search(&mut zato, asked)["total"], 2);
}

#[test]
fn case_019_every_result_has_every_key_null_included() {
    let mut zato = zato();
    let part = unique("keys");
    named(&mut zato, &json!({"display_name": part}));
    let found = search(&mut zato, json!({"display_name": part}));
    let user = &found["result"][0];
    for (key, value) in [
        ("is_active", true),
        ("password_is_set", true),
        ("is_internal", false),
        ("is_locked", false),
        ("is_super_user", false),
        ("password_must_change", false),
        ("is_approval_needed", true),
        ("is_totp_enabled", false),
    ] {
        assert_eq!(user[key], json!(value), "{key}");
    }
    for key in ["approval_status_mod_time", "password_last_set", "password_expiry", "sign_up_time"]
    {
        assert!(is_date(&user[key]), "{key}: {user}");
    }
    for key in [
        "email",
        "first_name",
        "middle_name",
        "last_name",
        "totp_label",
        "locked_time",
        "locked_by",
        "creation_ctx",
    ] {
        assert_eq!(user.get(key), Some(&Value::Null), "{key}: {user}");
    }
    assert!(user.get("totp_key").is_none() && user.get("password").is_none(), "{user}");
}

#[test]
fn case_091_pages_are_of_at_most_100() {
    let mut zato = zato();
    for (asked, applied) in [
        (json!(1000), 100),
        (json!(100), 100),
        (json!("7"), 7),
        (json!(0), 50),
        (json!(-3), 50),
        (Value::Null, 50),
    ] {
        assert_eq!(search(&mut zato, json!({"page_size": asked}))["page_size"], applied);
    }
}

#[test]
fn case_092_name_criteria_are_joined_as_asked() {
    let mut zato = zato();
    let (first, last) = (unique("first"), unique("last"));
    let both = named(&mut zato, &json!({"first_name": first, "last_name": last}));
    let one = named(&mut zato, &json!({"first_name": first}));
    let other = named(&mut zato, &json!({"last_name": last}));
    let mut asked = json!({"first_name": first, "last_name": last});
    assert_eq!(ids(&search(&mut zato, asked.clone())), std::slice::from_ref(&both.user_id));
    asked["name_op"] = json!("or");
    let mut union = ids(&search(&mut zato, asked.clone()));
    union.sort();
    let mut expected = vec![both.user_id.clone(), one.user_id, other.user_id];
    expected.sort();
    assert_eq!(union, expected);
    // Whatever joins the names, status is joined by "and".
    zato.call("POST", APPROVE, json!({"ust": su(), "user_id": both.user_id})).ok();
    asked["approval_status"] = json!("approved");
    assert_eq!(ids(&search(&mut zato, asked.clone())), [both.user_id]);
    asked["sign_up_status"] = json!("before_confirmation");
    assert_eq!(search(&mut zato, asked)["total"], 0);
}

#[test]
fn case_093_an_id_wins_over_everything_and_a_name_over_the_rest() {
    let (mut zato, person) = zato_and_person();
    let other = Person::confirmed(&mut zato, su());
    for contradiction in [
        json!({"username": other.username}),
        json!({"display_name": "nobody has this"}),
        json!({"approval_status": "rejected"}),
        json!({"email": "nobody@example.com"}),
        json!({"first_name": "x"}),
        json!({"name_op": "xor"}),
    ] {
        let mut asked = contradiction;
        asked["user_id"] = json!(person.user_id);
        assert_eq!(ids(&search(&mut zato, asked)), std::slice::from_ref(&person.user_id));
    }
    let asked = json!({"username": person.username, "approval_status": "rejected"});
    assert_eq!(ids(&search(&mut zato, asked)), [person.user_id]);
    assert_eq!(search(&mut zato, json!({"user_id": "zusrnobody"}))["total"], 0);
    assert_eq!(search(&mut zato, json!({"username": person.username.to_uppercase()}))["total"], 0);
}

#[test]
fn criteria_that_cannot_be_are_refused() {
    let mut zato = zato();
    for criteria in [
        json!({"email": "ada@example.com"}),
        json!({"name_op": "xor", "first_name": "Ada"}),
        json!({"first_name": ""}),
        json!({"first_name": "x"}),
        json!({"last_name": "  x  "}),
        json!({"middle_name": "   "}),
        json!({"display_name": "ü"}),
    ] {
        let mut asked = criteria;
        asked["ust"] = json!(su());
        zato.call("GET", SEARCH, asked).refused("E008002");
    }
}

#[test]
fn pages_lie_one_behind_the_other_in_the_order_of_the_contract() {
    let mut zato = zato();
    let part = unique("page");
    let mut people: Vec<Person> = Vec::new();
    for number in [3, 1, 4, 2, 0] {
        people.push(named(&mut zato, &json!({"display_name": format!("{part} {number}")})));
    }
    let in_order: Vec<_> = [4, 1, 3, 0, 2].map(|at| people[at].user_id.clone()).into();
    let asked = |page: i64| json!({"display_name": part, "is_name_exact": false, "page_size": 2, "cur_page": page});
    let mut seen = Vec::new();
    for page in 1..=3 {
        let found = search(&mut zato, asked(page));
        assert_eq!((&found["total"], &found["num_pages"]), (&json!(5), &json!(3)));
        assert_eq!(found["has_next_page"], json!(page < 3), "{page}");
        assert_eq!(found["has_prev_page"], json!(page > 1), "{page}");
        assert_eq!(found.get("next_page").and_then(Value::as_i64), (page < 3).then_some(page + 1));
        seen.extend(ids(&found));
    }
    assert_eq!(seen, in_order);
    let beyond = search(&mut zato, asked(9));
    assert_eq!((&beyond["result"], &beyond["prev_page"]), (&json!([]), &json!(8)));
    assert_eq!((&beyond["has_next_page"], &beyond["has_prev_page"]), (&json!(false), &json!(true)));
    for below in [0, -1] {
        assert_eq!(search(&mut zato, asked(below))["cur_page"], 1);
    }
    let mut all = asked(2);
    all["paginate"] = json!(false);
    assert_eq!(ids(&search(&mut zato, all)), in_order);
}

#[test]
fn an_empty_page_is_the_one_of_the_contract() {
    let found =
        search(&mut zato(), json!({"last_name": "nobody has this", "is_name_exact": false}));
    let cid = found["cid"].clone();
    let expected = json!({
        "cid": cid, "status": "ok", "total": 0, "num_pages": 0, "page_size": 50, "cur_page": 1,
        "has_next_page": false, "has_prev_page": false, "result": [],
    });
    assert_eq!(found, expected);
}

#[test]
fn search_is_for_super_users_and_may_be_posted() {
    let (mut zato, person) = zato_and_person();
    for method in ["GET", "POST"] {
        zato.call(method, SEARCH, json!({"ust": person.ust})).refused("E005001");
        let asked = json!({"ust": su(), "username": person.username});
        assert_eq!(
            ids(&zato.call(method, SEARCH, asked).ok()),
            std::slice::from_ref(&person.user_id)
        );
    }
}

#[test]
fn machines_are_found_by_nothing() {
    let mut zato = zato();
    assert_eq!(search(&mut zato, json!({"username": "muster-admin"}))["total"], 0);
    let mut page = 1;
    loop {
        let found = search(&mut zato, json!({"page_size": 100, "cur_page": page}));
        for user in found["result"].as_array().expect("a list") {
            assert_ne!(user["username"], "muster-admin");
        }
        if found["has_next_page"] == false {
            break;
        }
        page += 1;
    }
}

#[test]
fn a_machine_is_nobody_even_by_its_id() {
    let mut zato = zato();
    let mut audit = muster_tests::audit::Audit::new(server());
    let machine = audit.read("/v1/users/muster-admin");
    let id = machine["id"].as_str().expect("an id").to_lowercase();
    let id = format!("zusr{}", id.trim_start_matches('0'));
    zato.call("GET", USER, json!({"ust": su(), "user_id": id})).refused("E005001");
    assert_eq!(search(&mut zato, json!({"user_id": id}))["total"], 0);
    for path in ["/zato/sso/user/lock", "/zato/sso/user/approve", "/zato/sso/user/reject"] {
        zato.call("POST", path, json!({"ust": su(), "user_id": id})).ok();
    }
    let update = json!({"ust": su(), "user_id": id, "is_locked": true});
    zato.call("PATCH", USER, update).refused("E005001");
    let attribute = json!({"ust": su(), "user_id": id, "name": "x", "value": 1});
    zato.call("PUT", "/zato/sso/user/attr", attribute).refused("E005001");
    assert_eq!(audit.read("/v1/users/muster-admin"), machine);
}
