//! Sends values through every operation, to success and to failure, and remembers them.

use muster_tests::audit::Audit;
use muster_tests::cli;
use muster_tests::client::percent;
use muster_tests::server::Server;
use muster_tests::totp::base32;
use muster_tests::zato::{
    APPROVE, ATTR, LOCK, LOGIN, LOGOUT, REJECT, SEARCH, SESSION, SESSION_ATTR, SESSION_LIST,
    SIGNUP, USER, Zato,
};
use serde_json::{Value, json};

use crate::finder::Secret;

/// What was sent and handed out so far.
#[derive(Default)]
pub struct Used {
    /// The values.
    pub secrets: Vec<Secret>,
    names: Vec<String>,
    made: u32,
}

impl Used {
    /// The names of those whose accounts are there.
    pub fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// A value of its own, with characters that every encoding writes in its own way.
    fn text(&mut self, what: &str, phase: &str) -> String {
        let text = self.plain(what, phase);
        self.also(what, &format!("{text} \"ö\\/<&>\u{1F40E}"))
    }

    /// A value without white space, for what may not have any.
    fn plain(&mut self, what: &str, phase: &str) -> String {
        self.made += 1;
        let text = format!("{what}-{phase}-{:04}", self.made);
        self.also(what, &text)
    }

    fn also(&mut self, what: &str, text: &str) -> String {
        self.secrets.push(Secret::text(what, text));
        text.to_owned()
    }

    fn token(&mut self, what: &str, value: &Value) -> String {
        let token = value.as_str().expect("a token").to_owned();
        self.secrets.push(Secret::token(what, &token));
        token
    }
}

/// Everything that can be done, for a person of its own.
pub fn everything(server: &Server, used: &mut Used, phase: &str) {
    let mut zato = Zato::new(server);
    let first = server.first();
    let su = json!({"username": first.username, "password": first.password});
    let su = zato.call("POST", LOGIN, su).ok();
    let su = used.token("a super-user's session", &su["ust"]);
    let (name, password) = signing_up(&mut zato, used, phase, &su);
    let ust = signing_in(&mut zato, used, phase, &su, (&name, &password));
    let id = zato.find(&su, &name).expect("who signed up is found")["user_id"].clone();
    updating(&mut zato, used, phase, (&su, &ust), &id);
    attributes(&mut zato, used, phase, &ust);
    sessions(&mut zato, used, phase, (&su, &ust));
    auditing(server, used, phase, &name);
    operating(server, used, phase);
    zato.call("POST", SESSION, json!({"current_ust": su, "target_ust": ust})).ok();
    zato.call("POST", LOGOUT, json!({"ust": ust})).ok();
    zato.call("POST", SESSION, json!({"current_ust": su, "target_ust": ust})).ok();
    used.names.push(name);
}

fn signing_up(zato: &mut Zato, used: &mut Used, phase: &str, su: &str) -> (String, String) {
    let (name, password) = (used.plain("user-name", phase), used.text("pass-word", phase));
    let asked = |name: &str, password: &str, email: &str| json!({"username": name, "password": password, "email": email});
    let email = format!("{}@example.com", used.plain("e-mail", phase));
    let done = zato.call("POST", SIGNUP, asked(&name, &password, &email)).ok();
    let token = used.token("a confirmation token", &done["confirm_token"]);
    // Refused for each reason there is.
    let rejected = format!("{} qwerty", used.text("refused-pass-word", phase));
    zato.call("POST", SIGNUP, asked(&used.plain("other-name", phase), &rejected, &email))
        .refused("E003001");
    zato.call("POST", SIGNUP, asked(&name, &used.text("taken-pass-word", phase), &email))
        .refused("E005001");
    let spaced = used.text("spaced name", phase);
    zato.call("POST", SIGNUP, asked(&spaced, &password, &email)).refused("E005001");
    let mut unknown = asked(&used.plain("unsigned-name", phase), &password, &email);
    unknown["current_app"] = json!("HR");
    zato.call("POST", SIGNUP, unknown).unknown_application();
    let nobody = json!({"confirm_token": used.text("no-confirm-token", phase)});
    zato.call("PATCH", SIGNUP, nobody).refused("E005006");
    zato.call_by_query("PATCH", SIGNUP, json!({"confirm_token": token})).ok();
    zato.call("PATCH", SIGNUP, json!({"confirm_token": token})).refused("E005007");
    let id = zato.find(su, &name).expect("it is there")["user_id"].clone();
    for (path, method) in [(REJECT, "POST"), (APPROVE, "POST"), (LOCK, "POST"), (LOCK, "DELETE")] {
        zato.call(method, path, json!({"ust": su, "user_id": id})).ok();
    }
    (name, password)
}

fn signing_in(
    zato: &mut Zato,
    used: &mut Used,
    phase: &str,
    su: &str,
    (name, password): (&str, &str),
) -> String {
    let wrong = json!({"username": name, "password": used.text("wrong-pass-word", phase)});
    zato.call("POST", LOGIN, wrong.clone()).refused("E005001");
    zato.call_by_query("POST", LOGIN, wrong).refused("E005001");
    let nobody = json!({
        "username": used.plain("nobodys-name", phase), "password": password,
        "totp_code": used.plain("totp-code", phase),
    });
    zato.call("POST", LOGIN, nobody).refused("E005001");
    let missing = json!({"password": used.text("lonely-pass-word", phase)});
    zato.call("POST", LOGIN, missing).bad_request();
    let id = zato.find(su, name).expect("it is there")["user_id"].clone();
    let must = json!({"ust": su, "user_id": id, "password_must_change": true});
    zato.call("PATCH", USER, must).ok();
    let new = used.text("new-pass-word", phase);
    let change = json!({"username": name, "password": password, "new_password": new});
    let agent = used.plain("user-agent", phase);
    let mut body = change;
    body["current_app"] = json!("CRM");
    let headers = [("user-agent", agent.as_str())];
    let done = zato.client.send("POST", LOGIN, &headers, body.to_string().as_bytes()).ok();
    used.token("a session of a changed password", &done["ust"]);
    let done = zato.call_by_query("POST", LOGIN, json!({"username": name, "password": new})).ok();
    used.token("a session", &done["ust"])
}

fn updating(zato: &mut Zato, used: &mut Used, phase: &str, (su, ust): (&str, &str), id: &Value) {
    let mut names = json!({"ust": ust});
    for key in ["display_name", "first_name", "middle_name", "last_name", "totp_label"] {
        names[key] = json!(used.text(key, phase));
    }
    names["email"] = json!(format!("{}@example.com", used.plain("new-e-mail", phase)));
    // 160 bits of its own, as base32 and decoded.
    let seed = format!("seed of totp {:07}", used.made);
    used.also("totp_seed", &seed);
    names["totp_key"] = json!(used.also("totp_key", &base32(seed.as_bytes())));
    names["is_totp_enabled"] = json!(true);
    zato.call("PATCH", USER, names.clone()).ok();
    names["username"] = json!("admin");
    names["first_name"] = json!(used.text("refused-first-name", phase));
    zato.call("PATCH", USER, names).refused("E001002");
    zato.call("PATCH", USER, json!({"ust": ust, "is_totp_enabled": false})).ok();
    let refused = json!({"ust": ust, "totp_key": used.text("no-totp-key", phase)});
    zato.call("PATCH", USER, refused).refused("E008002");
    let stranger = json!({"ust": used.text("no-session-token", phase), "first_name": "x"});
    zato.call("PATCH", USER, stranger).refused("E007001");
    zato.call_by_query("GET", USER, json!({"ust": ust})).ok();
    zato.call("GET", USER, json!({"ust": su, "user_id": id})).ok();
    let criteria = json!({"ust": su, "first_name": used.text("searched-name", phase)});
    zato.call_by_query("GET", SEARCH, criteria).ok();
    let email = json!({"ust": su, "email": used.plain("searched-e-mail", phase)});
    zato.call("GET", SEARCH, email).refused("E008002");
}

fn attributes(zato: &mut Zato, used: &mut Used, phase: &str, ust: &str) {
    let name = used.plain("attribute-name", phase);
    for (encrypt, value) in [
        (false, json!(used.text("value", phase))),
        (true, json!(used.text("encrypted-value", phase))),
        (false, json!({"key": [used.text("nested-value", phase)]})),
    ] {
        let put = json!({"ust": ust, "name": name, "value": value, "encrypt": encrypt});
        zato.call("PUT", ATTR, put).ok();
        let get = json!({"ust": ust, "name": name, "decrypt": encrypt});
        assert_eq!(zato.call_by_query("GET", ATTR, get).ok()["value"], value);
    }
    let part = used.plain("long-value", phase);
    let long: String = (0..2_000).flat_map(|number| [part.clone(), number.to_string()]).collect();
    used.secrets.push(Secret::long(&format!("a long value {phase}"), &long));
    let put = json!({"ust": ust, "data": [{"name": "long", "value": long}]});
    zato.call("PUT", ATTR, put).ok();
    zato.call("GET", ATTR, json!({"ust": ust, "data": ["long"]})).ok();
    let refused = json!({"ust": ust, "name": "x", "value": used.text("refused-value", phase), "expiration": -1});
    zato.call("PUT", ATTR, refused).refused("E008002");
    let stranger = json!({
        "ust": used.text("strange-token", phase), "name": "x",
        "value": used.text("strangers-value", phase),
    });
    zato.call_by_query("PUT", ATTR, stranger).refused("E007001");
    // Broken off in the middle, so that a parser complains about it.
    let broken = format!("{{\"ust\": \"{}\", \"value\": {{", used.plain("broken-token", phase));
    zato.client.send("PUT", ATTR, &[], broken.as_bytes()).bad_request();
}

fn sessions(zato: &mut Zato, used: &mut Used, phase: &str, (su, ust): (&str, &str)) {
    let agent = used.plain("renewing-agent", phase);
    let body = json!({"ust": ust, "current_app": "CRM"}).to_string();
    zato.client.send("PATCH", SESSION, &[("user-agent", &agent)], body.as_bytes()).ok();
    let both = json!({"current_ust": su, "target_ust": ust});
    zato.call_by_query("GET", SESSION, both.clone()).ok();
    let listed = zato.call_by_query("GET", SESSION_LIST, both).ok();
    assert!(listed["result"].to_string().contains(&agent), "{listed}");
    let strange = json!({"ust": used.text("strange-listing-token", phase)});
    zato.call_by_query("GET", SESSION_LIST, strange).refused("E007001");

    let name = used.plain("session-attribute-name", phase);
    let of = |mut asked: Value| {
        asked["current_ust"] = json!(ust);
        asked["target_ust"] = json!(ust);
        asked["name"] = json!(name);
        asked
    };
    for (method, encrypt) in [("POST", false), ("PATCH", true), ("PUT", true)] {
        let value = json!([used.text("session-value", phase)]);
        let asked = of(json!({"value": value, "encrypt": encrypt}));
        zato.call_by_query(method, SESSION_ATTR, of(json!({"encrypt": "maybe"}))).bad_request();
        zato.call(method, SESSION_ATTR, asked).ok();
        let found = zato.call_by_query("GET", SESSION_ATTR, of(json!({}))).ok();
        assert_eq!(found["value"], value);
    }
    let twice = of(json!({"value": used.text("refused-session-value", phase)}));
    zato.call("POST", SESSION_ATTR, twice).refused("E009001");
    let other = used.plain("removed-session-attribute", phase);
    let mut gone = of(json!({"value": used.text("removed-session-value", phase)}));
    gone["name"] = json!(other);
    zato.call("PUT", SESSION_ATTR, gone.clone()).ok();
    zato.call("DELETE", SESSION_ATTR, gone).ok();
}

fn auditing(server: &Server, used: &mut Used, phase: &str, name: &str) {
    let mut audit = Audit::new(server);
    audit.read(&format!("/v1/users/{name}"));
    audit.history(name);
    audit.facts("/v1/events");
    let nobody = percent(&used.text("audited-name", phase));
    assert_eq!(audit.get(&format!("/v1/users/{nobody}/history")).status, 404);
    assert_eq!(audit.get(&format!("/v1/{nobody}")).status, 404);
    assert_eq!(audit.get(&format!("/v1/events?after={nobody}")).status, 400);
    let pat = format!("Bearer {}", used.plain("muster_pat_", phase));
    let answer = server.client().send("GET", "/v1/users", &[("authorization", &pat)], b"");
    assert_eq!(answer.status, 401);
}

/// What is typed at the command line, and what it prints.
fn operating(server: &Server, used: &mut Used, phase: &str) {
    let data = server.data();
    let name = used.plain("created-name", phase);
    let email = format!("{}@example.com", used.plain("created-e-mail", phase));
    let create = ["user", "create", &name, "--email", &email, "--password-stdin"];
    let tell =
        |arguments: &[&str], input: &str| cli::run_with(&data, arguments, input).status.code();
    assert_eq!(tell(&create, &used.text("created-pass-word", phase)), Some(0));
    assert_eq!(tell(&create, &used.text("taken-pass-word-again", phase)), Some(1));
    let change = ["user", "change-password", &name, "--password-stdin"];
    assert_eq!(tell(&change, &used.text("changed-pass-word", phase)), Some(0));
    let rejected = format!("{} qwerty", used.text("rejected-pass-word", phase));
    assert_eq!(tell(&change, &rejected), Some(1));
    let key = ["user", "reset-totp-key", &name, "--key-stdin"];
    let label = used.plain("totp-label", phase);
    let label = [&key[..], &["--key-label", &label]].concat();
    let given = base32(&used.plain("totp-key-of-20-bytes", phase).as_bytes()[..20]);
    used.also("a TOTP key", &given);
    assert_eq!(tell(&label, &given), Some(0));
    assert_eq!(tell(&key, &used.plain("not-base32", phase)), Some(1));
    let object = |arguments: &[&str]| cli::objects(&data, arguments).remove(0);
    let drawn = object(&["user", "reset-totp-key", &name]);
    used.also("a drawn TOTP key", drawn["totp_key"].as_str().expect("a key"));
    let drawn = object(&["user", "reset-password", &name]);
    used.also("a drawn password", drawn["password"].as_str().expect("a password"));
    let opened = object(&["user", "login", &name]);
    let token = used.token("an operator's session", &opened["token"]);
    let log_out = ["user", "logout", "--token-stdin"];
    assert_eq!(tell(&log_out, &token), Some(0));
    assert_eq!(tell(&log_out, &token), Some(1));
    assert_eq!(tell(&log_out, &used.text("no-such-token", phase)), Some(1));
    for command in ["lock", "unlock", "reject", "approve"] {
        server.muster(&["user", command, &name]);
    }
    used.names.push(name);
}
