//! What configuration changes (contract, section 8): one server that tells everything, one that tells
//! nothing, each through a file as an operator writes it.

use std::sync::OnceLock;

use muster_tests::server::Server;
use muster_tests::totp::{base32, codes};
use muster_tests::zato::{APPROVE, LOCK, LOGIN, Person, SEARCH, SIGNUP, USER, Zato, unique};
use serde_json::{Value, json};

const LINKED: &str = "/zato/sso/user/linked";

const OPEN: &str = r#"
[zato]
main.encrypt_email = false
apps.all = ["CRM", "ERP", "HR"]
apps.signup_allowed = ["CRM", "ERP"]
apps.login_allowed = ["CRM", "ERP"]
apps.login_metadata_allowed = ["CRM"]
password.inform_if_expired = true
password.min_complexity = 2
password.end_other_sessions = true
signup.inform_if_user_exists = true
signup.inform_if_user_invalid = true
signup.inform_if_email_exists = true
signup.inform_if_email_invalid = true
signup.max_length_username = 20
signup.is_approval_needed = false
session.expiry = 5
totp.refuse_reuse = false
search.default_page_size = 2
search.max_page_size = 3

[zato.user_address_list]
nowhere = ""
elsewhere = ["192.0.2.0/24"]

[[zato.basic_auth]]
name = "pubapi"
username = "pubapi"
password = "a password of the definition"
"#;

const CLOSED: &str = r#"
[zato.apps]
all = ["CRM", "ERP"]
inform_if_app_invalid = false
[zato.login]
inform_if_locked = false
inform_if_not_confirmed = false
inform_if_not_approved = false
inform_if_totp_missing = false
[zato.password]
inform_if_about_to_expire = false
inform_if_must_be_changed = false
inform_if_invalid = false
log_in_if_about_to_expire = false
[zato.signup]
always_return_confirm_token = false
"#;

struct World {
    server: Server,
    super_user: String,
}

impl World {
    fn new(configuration: &str) -> Self {
        let server = Server::start_configured(configuration);
        let first = server.first().clone();
        let super_user = Zato::new(&server).log_in(&first.username, &first.password);
        Self { server, super_user }
    }

    fn zato(&self) -> Zato {
        Zato::new(&self.server)
    }
}

fn open() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::new(OPEN))
}

fn closed() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::new(CLOSED))
}

/// Somebody who may log in, made by the super-user.
fn created(world: &World, more: &Value) -> Person {
    let username = unique("eve");
    let password = format!("correct horse {username}");
    let mut body = json!({
        "ust": world.super_user, "username": username, "password": password, "auto_approve": true,
    });
    let more = more.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(more);
    let user = world.zato().call("POST", USER, body).ok();
    let user_id = user["user_id"].as_str().expect("an id").to_owned();
    let username = user["username"].as_str().expect("a name").to_owned();
    Person { username, password, user_id, ust: String::new() }
}

fn credentials(person: &Person) -> Value {
    json!({"username": person.username, "password": person.password})
}

#[test]
fn case_035_a_code_counts_again_where_configuration_says_so() {
    let secret = b"Hello!\xDE\xAD\xBE\xEF";
    let totp = json!({"is_totp_enabled": true, "totp_key": base32(secret)});
    let person = created(open(), &totp);
    let mut zato = open().zato();
    // The later one is good for a whole step from now on.
    let [_, code] = codes(secret);
    for _ in 0..3 {
        let mut body = credentials(&person);
        body["totp_code"] = json!(code);
        zato.call("POST", LOGIN, body).ok();
    }
}

#[test]
fn case_064_a_user_is_linked_to_a_definition_listed_and_unlinked() {
    let (mut zato, su) = (open().zato(), &open().super_user);
    let own = zato.call("GET", USER, json!({"ust": su})).ok();
    let link = json!({
        "ust": su, "user_id": own["user_id"], "auth_type": "basic_auth", "auth_username": "pubapi",
        "is_active": true,
    });
    zato.call("POST", LINKED, link.clone()).ok();
    zato.call("POST", LINKED, link.clone()).refused("E008001");
    // A definition belongs to one user only.
    let other = created(open(), &json!({}));
    let mut taken = link.clone();
    taken["user_id"] = json!(other.user_id);
    zato.call("POST", LINKED, taken).refused("E008001");
    let asked = json!({"ust": su, "user_id": own["user_id"]});
    let listed = zato.call("GET", LINKED, asked.clone()).ok();
    let listed = listed["result"].as_array().expect("a list").clone();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["auth_type"], "basic_auth");
    assert_eq!(listed[0]["auth_username"], "pubapi");
    assert_eq!(listed[0]["is_active"], true);
    assert!(muster_tests::zato::is_date(&listed[0]["creation_time"]), "{listed:?}");
    assert_eq!(listed[0].as_object().map(serde_json::Map::len), Some(4), "{listed:?}");
    zato.call("DELETE", LINKED, link.clone()).ok();
    zato.call("DELETE", LINKED, link).refused("E008001");
    assert_eq!(zato.call("GET", LINKED, asked).ok()["result"], json!([]));
}

#[test]
fn an_application_may_do_what_its_lists_say() {
    let mut zato = open().zato();
    let person = created(open(), &json!({}));
    let mut body = credentials(&person);
    body["current_app"] = json!("HR");
    zato.call("POST", LOGIN, body.clone()).refused("E004001");
    let sign_up = |app: &str| {
        let name = unique("new");
        json!({"current_app": app, "username": name, "password": format!("correct horse {name}"),
               "email": format!("{name}@example.com")})
    };
    zato.call("POST", SIGNUP, sign_up("HR")).refused("E004002");
    zato.call("POST", SIGNUP, sign_up("ERP")).ok();
    // Said of where a user is, by an application that may and by one that may not.
    body["remote_addr"] = json!("192.0.2.1");
    body["current_app"] = json!("ERP");
    zato.call("POST", LOGIN, body.clone()).refused("E006001");
    body["current_app"] = json!("CRM");
    zato.call("POST", LOGIN, body).ok();
}

#[test]
fn what_is_wrong_with_a_sign_up_is_told_where_configuration_says_so() {
    let mut zato = open().zato();
    let name = unique("new");
    let asked = |name: &str, email: Value| json!({"username": name, "password": format!("correct horse {name}"), "email": email});
    let email = format!("{name}@example.com");
    zato.call("POST", SIGNUP, asked(&name, json!(email))).ok();
    zato.call("POST", SIGNUP, asked(&name, json!("other@example.com"))).refused("E001002");
    let fresh = || unique("new");
    zato.call("POST", SIGNUP, asked(&fresh(), Value::Null)).refused("E002005");
    zato.call("POST", SIGNUP, asked(&fresh(), json!("a b@example.com"))).refused("E002004");
    zato.call("POST", SIGNUP, asked(&fresh(), json!("x".repeat(129)))).refused("E002003");
    zato.call("POST", SIGNUP, asked(&fresh(), json!("root@example.com"))).refused("E002001");
    zato.call("POST", SIGNUP, asked("x".repeat(21).as_str(), json!("a@b.c"))).refused("E001003");
    zato.call("POST", SIGNUP, asked("a b", json!("a@b.c"))).refused("E001004");
    zato.call("POST", SIGNUP, asked("the-ADMIN", json!("a@b.c"))).refused("E001001");
    let mut weak = asked(&fresh(), json!("weak@example.com"));
    weak["password"] = json!("abcdefgh");
    zato.call("POST", SIGNUP, weak).refused("E003008");
}

#[test]
fn users_are_found_by_email_where_addresses_are_not_encrypted() {
    let (mut zato, su) = (open().zato(), &open().super_user);
    let email = format!("{}@example.com", unique("mail"));
    let person = created(open(), &json!({"email": email}));
    let found = json!({"ust": su, "email": email.to_uppercase()});
    let found = zato.call("GET", SEARCH, found).ok();
    assert_eq!(found["total"], 1);
    assert_eq!(found["result"][0]["user_id"], json!(person.user_id));
    assert_eq!(found["page_size"], 2);
    let page = json!({"ust": su, "page_size": 1000});
    assert_eq!(zato.call("GET", SEARCH, page).ok()["page_size"], 3);
}

#[test]
fn users_act_from_where_they_may() {
    let mut zato = open().zato();
    for username in ["nowhere", "elsewhere"] {
        let person = created(open(), &json!({"username": username}));
        let mut body = json!({"username": username, "password": person.password});
        zato.call("POST", LOGIN, body.clone()).refused("E005001");
        body["remote_addr"] = json!("192.0.2.9");
        let answer = zato.call("POST", LOGIN, body.clone());
        if username == "nowhere" {
            answer.refused("E005001");
            continue;
        }
        // From there it may log in, but here it may not use the session.
        let ust = answer.ok()["ust"].clone();
        zato.call("GET", USER, json!({"ust": ust})).refused("E005001");
        body["remote_addr"] = json!("192.0.2.9, 198.51.100.1");
        zato.call("POST", LOGIN, body).refused("E005001");
    }
}

#[test]
fn an_expired_password_is_told_where_configuration_says_so() {
    let (mut zato, su) = (open().zato(), &open().super_user);
    let person = created(open(), &json!({}));
    let expired = json!({
        "ust": su, "user_id": person.user_id, "password_expiry": "2020-01-01T00:00:00",
    });
    zato.call("PATCH", USER, expired).ok();
    zato.call("POST", LOGIN, credentials(&person)).refused("E003004");
}

#[test]
fn sessions_last_as_long_as_configuration_says() {
    let mut zato = open().zato();
    let person = created(open(), &json!({}));
    let ust = zato.log_in(&person.username, &person.password);
    let list = zato.call("GET", "/zato/sso/user/session/list", json!({"ust": ust})).ok();
    let time = |key: &str| {
        let text = list["result"][0][key].as_str().expect("a date").to_owned();
        text.parse::<jiff::civil::DateTime>().expect("a date")
    };
    let lasts = time("expiration_time").duration_since(time("creation_time"));
    assert!((299..=301).contains(&lasts.as_secs()), "{lasts}");
}

#[test]
fn what_configuration_hides_is_the_generic_refusal() {
    let (mut zato, su) = (closed().zato(), &closed().super_user);
    let mut log_in = |person: &Person| zato.call("POST", LOGIN, credentials(person));
    log_in(&created(closed(), &json!({"is_locked": true}))).refused("E005001");
    let unconfirmed = json!({"sign_up_status": "before_confirmation"});
    log_in(&created(closed(), &unconfirmed)).refused("E005001");
    log_in(&created(closed(), &json!({"auto_approve": false}))).refused("E005001");
    log_in(&created(closed(), &json!({"password_must_change": true}))).refused("E005001");
    let totp = json!({"is_totp_enabled": true, "totp_key": "JBSWY3DPEHPK3PXP"});
    log_in(&created(closed(), &totp)).refused("E005001");

    let mut zato = closed().zato();
    let person = created(closed(), &json!({}));
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let soon = soon.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let expiry = json!({"ust": su, "user_id": person.user_id, "password_expiry": soon});
    zato.call("PATCH", USER, expiry).ok();
    zato.call("POST", LOGIN, credentials(&person)).refused("E005001");
    let mut unknown = credentials(&person);
    unknown["current_app"] = json!("nobody's");
    zato.call("POST", LOGIN, unknown).error(200, "E005001");
    let mut erp = credentials(&created(closed(), &json!({})));
    erp["current_app"] = json!("ERP");
    zato.call("POST", LOGIN, erp).refused("E005001");
    let weak = json!({"username": unique("new"), "password": "short"});
    zato.call("POST", SIGNUP, weak).refused("E005001");
}

#[test]
fn a_confirmation_token_stays_out_of_the_answer_where_configuration_says_so() {
    let mut zato = closed().zato();
    let name = unique("new");
    let asked = json!({"username": name, "password": format!("correct horse {name}")});
    let answer = zato.call("POST", SIGNUP, asked).ok();
    assert!(answer.get("confirm_token").is_none(), "{answer}");
}

#[test]
fn approval_is_needed_where_configuration_says_so() {
    let (mut zato, su) = (open().zato(), &open().super_user);
    let name = unique("new");
    let asked = json!({"username": name, "password": format!("correct horse {name}"),
                       "email": format!("{name}@example.com")});
    let token = zato.call("POST", SIGNUP, asked).ok()["confirm_token"].clone();
    zato.confirm(token.as_str().expect("a token"));
    // Nobody approved it, and yet it may log in.
    zato.log_in(&name, &format!("correct horse {name}"));
    let found = zato.find(su, &name).expect("it is there");
    assert_eq!(found["approval_status"], "approved");
    zato.call("POST", APPROVE, json!({"ust": su, "user_id": found["user_id"]})).ok();
    zato.call("POST", LOCK, json!({"ust": su, "user_id": found["user_id"]})).ok();
}

#[test]
fn a_changed_password_ends_the_other_sessions_where_configuration_says_so() {
    let mut zato = open().zato();
    let person = created(open(), &json!({}));
    let sessions: Vec<_> =
        (0..3).map(|_| zato.log_in(&person.username, &person.password)).collect();
    let own = &sessions[1];
    let change = json!({
        "ust": own, "old_password": person.password, "new_password": "another horse battery",
    });
    zato.call("PATCH", "/zato/sso/user/password", change).ok();
    zato.call("GET", USER, json!({"ust": own})).ok();
    for ended in [&sessions[0], &sessions[2]] {
        zato.call("GET", USER, json!({"ust": ended})).refused("E007001");
    }
    // The super-user sets another: nobody who is logged in as that user stays.
    let set = json!({
        "ust": open().super_user, "user_id": person.user_id, "new_password": "a third horse battery",
    });
    zato.call("PATCH", "/zato/sso/user/password", set).ok();
    zato.call("GET", USER, json!({"ust": own})).refused("E007001");
    zato.call("GET", USER, json!({"ust": open().super_user})).ok();
}
