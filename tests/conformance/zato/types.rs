//! Types on the wire (contract, sections 1.4 to 1.6).

use muster_tests::zato::{ATTR, LOGIN, SEARCH, USER};
use serde_json::{Value, json};

use crate::world::{su, zato_and_person};

#[test]
fn booleans_are_taken_by_the_contracts_words() {
    let (mut zato, person) = zato_and_person();
    let yes = ["true", "yes", "on", "y", "t", "1", " TRUE ", "Yes\t", "ON", "Y", "T"];
    let no = ["false", "no", "off", "n", "f", "0", "", " False", "NO", "\nOff", "N", "F", "  "];
    let yes = yes.map(|word| json!(word)).into_iter().chain([json!(true), json!(1), json!(-2)]);
    let no = no.map(|word| json!(word)).into_iter().chain([json!(false), json!(0), json!(0.0)]);
    let words = yes.map(|word| (word, true)).chain(no.map(|word| (word, false)));
    for (word, means) in words {
        let asked = json!({"ust": su(), "user_id": person.user_id, "is_locked": word});
        zato.call("PATCH", USER, asked).ok();
        let locked = zato.read(su(), &person.user_id)["is_locked"].clone();
        assert_eq!(locked, json!(means), "{word}");
    }
    for word in [json!("maybe"), json!("2"), json!("yes please"), json!([]), json!({})] {
        let asked = json!({"ust": su(), "user_id": person.user_id, "is_locked": word});
        zato.call("PATCH", USER, asked).bad_request();
    }
}

#[test]
fn booleans_in_a_query_are_texts() {
    let (mut zato, person) = zato_and_person();
    for (word, means) in [("YES", true), ("%20off", false), ("1", true), ("", false)] {
        let target = format!(
            "{USER}?current_app=CRM&ust={}&user_id={}&is_locked={word}",
            su(),
            person.user_id
        );
        zato.client.send("PATCH", &target, &[], b"").ok();
        assert_eq!(zato.read(su(), &person.user_id)["is_locked"], json!(means), "{word}");
    }
}

#[test]
fn whole_numbers_may_be_texts() {
    let (mut zato, _) = zato_and_person();
    for (sent, applied) in [(json!(7), 7), (json!("7"), 7), (json!(" 7 "), 7), (Value::Null, 50)] {
        let found = zato.call("GET", SEARCH, json!({"ust": su(), "page_size": sent})).ok();
        assert_eq!(found["page_size"], applied);
    }
}

#[test]
fn texts_may_be_numbers() {
    let (mut zato, person) = zato_and_person();
    zato.call("PATCH", USER, json!({"ust": person.ust, "first_name": 1815, "last_name": 1.5})).ok();
    let read = zato.call("GET", USER, json!({"ust": person.ust})).ok();
    assert_eq!((&read["first_name"], &read["last_name"]), (&json!("1815"), &json!("1.5")));
}

#[test]
fn present_with_null_or_nothing_in_it_is_present() {
    let (mut zato, person) = zato_and_person();
    for nothing in [Value::Null, json!("")] {
        let asked = json!({"username": nothing, "password": "x"});
        zato.call("POST", LOGIN, asked).refused("E005001");
        zato.call("GET", USER, json!({"ust": nothing})).refused("E007001");
        zato.call("GET", USER, json!({"ust": person.ust, "user_id": nothing})).ok();
    }
}

#[test]
fn null_elsewhere_is_absence() {
    let (mut zato, person) = zato_and_person();
    let asked = json!({
        "ust": person.ust, "name": "x", "value": 1, "expiration": null, "encrypt": null,
        "user_id": null, "data": null,
    });
    zato.call("PUT", ATTR, asked).ok();
    let asked = json!({"ust": person.ust, "name": "x", "decrypt": null, "data": null});
    let found = zato.call("GET", ATTR, asked).ok();
    assert_eq!(found["expiration_time"], "9999-12-31T00:00:00");
    assert_eq!(found["is_encrypted"], false);
    let asked = json!({
        "ust": su(), "user_id": null, "username": person.username, "email": null,
        "name_op": null, "is_name_exact": null, "cur_page": null, "paginate": null,
        "first_name": null,
    });
    assert_eq!(zato.call("GET", SEARCH, asked).ok()["total"], 1);
}

#[test]
fn dates_are_utc_without_a_zone() {
    let (mut zato, person) = zato_and_person();
    for (sent, shown) in [
        ("2345-12-27T11:22:33", "2345-12-27T11:22:33"),
        ("2345-12-27T11:22:33Z", "2345-12-27T11:22:33"),
        ("2345-12-27T11:22:33+02:00", "2345-12-27T09:22:33"),
        ("2345-12-27T11:22:33.5-01:30", "2345-12-27T12:52:33.500000"),
        ("2345-12-27T11:22:33.123456", "2345-12-27T11:22:33.123456"),
        ("2345-12-27 11:22:33", "2345-12-27T11:22:33"),
        ("9999-12-31T00:00:00", "9999-12-31T00:00:00"),
    ] {
        let asked = json!({"ust": su(), "user_id": person.user_id, "password_expiry": sent});
        zato.call("PATCH", USER, asked).ok();
        let read = zato.read(su(), &person.user_id);
        assert_eq!(read["password_expiry"], shown, "{sent}");
    }
}
