//! Mail, against a real SMTP server: what is sent, and what happens when it refuses, stalls, hangs up
//! or is not there.

use std::path::Path;

use jiff::SignedDuration;
use muster_tests::cli;
use muster_tests::client::ask_locally;
use muster_tests::server::Server;
use muster_tests::smtp::{Manner, Received, Smtp};
use muster_tests::zato::{APPROVE, REJECT, SIGNUP, Zato, unique};
use serde_json::{Value, json};

const RESET: &str = "/zato/sso/password/reset";
/// How long something may take on a busy machine.
const TIME_MAX: SignedDuration = SignedDuration::from_mins(1);

struct House {
    server: Server,
    smtp: Smtp,
}

impl House {
    fn new(manner: Manner, more: &str) -> Self {
        let smtp = Smtp::start(manner);
        let configuration = format!(
            "{more}\n[mail]\nsmtp_host = \"127.0.0.1\"\nsmtp_port = {}\nsmtp_security = \"none\"\n\
             smtp_timeout = 1\napprovers = [\"boss@example.com\"]\napproved_enabled = true\n\
             rejected_enabled = true\n",
            smtp.port()
        );
        Self { server: Server::start_configured(&configuration), smtp }
    }

    fn zato(&self) -> Zato {
        Zato::new(&self.server)
    }

    fn su(&self) -> String {
        let first = self.server.first().clone();
        self.zato().log_in(&first.username, &first.password)
    }

    /// Somebody signs up with an address, and gets a token in the answer too.
    fn sign_up(&self) -> (String, String) {
        let name = unique("ada");
        let asked = json!({
            "username": name, "password": format!("correct horse {name}"),
            "email": format!("{name}@example.com"),
        });
        let answer = self.zato().call("POST", SIGNUP, asked).ok();
        (name, answer["confirm_token"].as_str().expect("a token").to_owned())
    }

    fn outbox(&self) -> Vec<Value> {
        cli::objects(&self.server.data(), &["outbox", "list"])
    }

    fn history(&self, name: &str) -> String {
        self.server.muster(&["history", name, "--json"])
    }

    /// Whether the metrics have such a line.
    fn counts(&self, line: &str) -> bool {
        let socket = self.server.data().join("muster.sock");
        ask_locally(&socket, "GET", "/metrics", "").text().contains(line)
    }

    /// Waits until something is so; each look asks the server.
    #[track_caller]
    fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = jiff::Timestamp::now();
        while !is_so(self) {
            assert!(
                jiff::Timestamp::now().duration_since(began) < TIME_MAX,
                "{what}: {:?}\n{}",
                self.outbox(),
                self.server.log()
            );
        }
    }
}

fn to<'m>(mails: &'m [Received], address: &str) -> Vec<&'m Received> {
    mails.iter().filter(|mail| mail.to == [address]).collect()
}

#[test]
fn a_sign_up_is_mailed_its_token_and_the_account_its_story() {
    let house = House::new(Manner::Accept, "zato.main.site_name = \"Analytical\"");
    let (name, token) = house.sign_up();
    let address = format!("{name}@example.com");
    let mail = house.smtp.wait_for(1).remove(0);
    assert_eq!((mail.from.as_str(), &mail.to[..]), ("confirm@example.com", &[address.clone()][..]));
    assert_eq!(mail.header("To").as_deref(), Some(address.as_str()));
    assert_eq!(mail.header("Subject").as_deref(), Some("Confirm your account at Analytical"));
    assert!(mail.header("Message-ID").is_some_and(|id| id.ends_with("@example.com>")));
    assert!(mail.header("Date").is_some());
    let plain = mail.plain();
    assert_eq!(plain.matches(&token).count(), 2, "as text and as HTML: {plain}");
    assert!(plain.contains("text/plain") && plain.contains("text/html"), "{plain}");

    // A mail that is of no use any more before its sending is noted is not noted.
    house.until("the first is noted", |house| house.outbox().is_empty());
    house.zato().confirm(&token);
    let waits = house.smtp.wait_for(2);
    let subject = to(&waits, "boss@example.com")[0].header("Subject");
    assert_eq!(
        subject.as_deref(),
        Some(format!("{name} waits for approval at Analytical").as_str())
    );

    let (su, mut zato) = (house.su(), house.zato());
    let user =
        json!({"ust": su, "user_id": zato.find(&su, &name).expect("it is there")["user_id"]});
    let subjects = ["Welcome to Analytical", "was not approved", "was approved"];
    for (count, (path, subject)) in [APPROVE, REJECT, APPROVE].into_iter().zip(subjects).enumerate()
    {
        zato.call("POST", path, user.clone()).ok();
        let mails = house.smtp.wait_for(3 + count);
        let last = to(&mails, &address).last().and_then(|mail| mail.header("Subject"));
        assert!(last.as_ref().is_some_and(|last| last.contains(subject)), "{last:?}");
    }
    house.until("everything is noted", |house| house.outbox().is_empty());
    assert_eq!(house.history(&name).matches("user.notification_sent").count(), 5);
    assert!(!house.server.log().contains(&token));
}

#[test]
fn a_reset_is_mailed_and_carried_out_with_what_was_mailed() {
    let house = House::new(Manner::Accept, "");
    let (name, token) = house.sign_up();
    let (su, mut zato) = (house.su(), house.zato());
    zato.confirm(&token);
    let user_id = zato.find(&su, &name).expect("it is there")["user_id"].clone();
    zato.call("POST", APPROVE, json!({"ust": su, "user_id": user_id})).ok();
    house.smtp.wait_for(3);
    zato.call("POST", RESET, json!({"credential": name}));
    let mail = house.smtp.wait_for(4).remove(3);
    assert_eq!(mail.header("Subject").as_deref(), Some("Password reset"));
    assert_eq!(mail.from, "hello@example.com");
    let plain = mail.plain();
    let reset = plain.lines().map(str::trim).find(|line| line.len() == 26).expect("a token");
    let key = zato.call("PATCH", RESET, json!({"token": reset})).json()["reset_key"].clone();
    let new = json!({"token": reset, "reset_key": key, "password": "another horse"});
    assert_eq!(zato.call("DELETE", RESET, new).status, 200);
    zato.log_in(&name, "another horse");
}

#[test]
fn a_mailbox_that_is_refused_waits_for_the_operator() {
    let house = House::new(Manner::NoSuchMailbox, "");
    let (name, _) = house.sign_up();
    house.until("it is refused", |house| {
        house.outbox().first().is_some_and(|mail| mail["state"] == "refused")
    });
    let mail = house.outbox().remove(0);
    assert!(
        house.counts("muster_mails_owed 1")
            && house.counts("muster_mails_total{outcome=\"refused\"} 1")
    );
    assert!(mail["last_trouble"].as_str().is_some_and(|told| told.contains("no such mailbox")));
    let id = mail["id"].to_string();
    let output = cli::run(&house.server.data(), &["outbox", "retry", &id]);
    assert_eq!(output.status.code(), Some(1));
    assert!(cli::text(&output.stderr).contains("no such mailbox"));
    house.smtp.behave(Manner::Accept);
    assert_eq!(house.server.muster(&["outbox", "retry", &id]), format!("Mail {id} is out\n"));
    assert_eq!(house.smtp.wait_for(1).len(), 1);
    assert!(house.outbox().is_empty());
    assert!(house.counts("muster_mails_owed 0"));
    assert!(house.counts("muster_mails_total{outcome=\"sent\"} 1"));
    assert!(house.history(&name).contains("user.notification_failed"));
    // Its address is nobody's business but its own and the operator's.
    assert!(!house.server.log().contains(&name), "{}", house.server.log());
}

#[test]
fn a_server_that_is_busy_stalls_or_hangs_up_is_tried_again_until_it_takes_the_mail() {
    for manner in [Manner::Busy, Manner::Stall, Manner::HangUp] {
        let house = House::new(manner, "");
        let (name, _) = house.sign_up();
        house.smtp.wait_for_visits(2);
        // Meanwhile it serves.
        house.zato().call("POST", RESET, json!({"credential": name}));
        house.smtp.behave(Manner::Accept);
        let mails = house.smtp.wait_for(1);
        assert_eq!(mails.len(), 1, "{manner:?}");
        house.until("it is noted", |house| house.outbox().is_empty());
        let history = house.history(&name);
        // Trouble with the server is told the 1st, 10th, 100th time.
        assert_eq!(history.matches("user.notification_failed").count(), 1, "{manner:?}");
        assert_eq!(history.matches("user.notification_sent").count(), 1, "{manner:?}");
    }
}

#[test]
fn what_is_owed_survives_a_crash_and_goes_out_after_it() {
    let mut house = House::new(Manner::Stall, "");
    let (_, token) = house.sign_up();
    house.smtp.wait_for_visits(1);
    house.server.kill();
    house.smtp.behave(Manner::Accept);
    house.server.restart();
    assert!(house.smtp.wait_for(1)[0].plain().contains(&token));
    house.until("it is noted", |house| house.outbox().is_empty());
    house.server.stop_and_restart();
    assert!(house.outbox().is_empty());
}

#[test]
fn without_a_server_mails_stay_in_the_outbox_where_operators_alone_read_them() {
    let server = Server::start();
    let name = unique("ada");
    let asked = json!({
        "username": name, "password": format!("correct horse {name}"), "email": "ada@example.com",
    });
    let token = Zato::new(&server).call("POST", SIGNUP, asked).ok()["confirm_token"].clone();
    let token = token.as_str().expect("a token");
    let mails = cli::objects(&server.data(), &["outbox", "list"]);
    let [mail] = &mails[..] else { panic!("one mail: {mails:?}") };
    assert_eq!(mail["address"], "ada@example.com");
    assert_eq!(mail["token"], token);
    assert_eq!(mail["kind"], "confirmation");
    assert_eq!(mail["username"], name.as_str());
    assert!(mail["text"].as_str().is_some_and(|text| text.contains(token)));
    let id = mail["id"].to_string();
    let shown = server.muster(&["outbox", "show", &id]);
    assert!(shown.contains("To: ada@example.com") && shown.contains(token), "{shown}");
    assert!(server.muster(&["outbox", "list"]).contains("ada@example.com"));
    let retried = cli::run(&server.data(), &["outbox", "retry", &id]);
    assert_eq!(retried.status.code(), Some(1));
    assert!(cli::text(&retried.stderr).contains("no SMTP server is configured"));
    for id in ["0", "999999"] {
        let output = cli::run(&server.data(), &["outbox", "show", id]);
        assert_eq!(output.status.code(), Some(1));
        assert!(cli::text(&output.stderr).contains("no such mail"), "{id}");
    }
    // Whoever holds a token of every right, but does not sit at the machine, reads none of it.
    let bearer = format!("Bearer {}", server.first().token);
    for path in ["/v1/local/outbox".to_owned(), format!("/v1/local/outbox/{id}")] {
        let answer = server.client().send("GET", &path, &[("authorization", &bearer)], b"");
        assert_eq!(answer.status, 403, "{path}");
        assert!(!answer.text().contains(token));
    }
}

#[test]
fn templates_are_the_operators_to_replace_and_a_broken_one_is_told_at_the_start() {
    let scratch = muster_tests::scratch::Scratch::new();
    let directory = scratch.join("templates");
    std::fs::create_dir(&directory).expect("a directory");
    let template = directory.join("signup-confirm.txt");
    std::fs::write(&template, "Subject: Hi {{ username }}\n\n<{{ token }}>\n").expect("a file");
    let more = format!("mail.template_directory = {:?}", directory.display().to_string());
    // TOML has tables once: the rest of [mail] follows with dotted keys.
    let smtp = Smtp::start(Manner::Accept);
    let configuration = format!(
        "{more}\nmail.smtp_host = \"127.0.0.1\"\nmail.smtp_port = {}\nmail.smtp_security = \"none\"\n",
        smtp.port()
    );
    let server = Server::start_configured(&configuration);
    let house = House { server, smtp };
    let (name, token) = house.sign_up();
    let mail = house.smtp.wait_for(1).remove(0);
    assert_eq!(mail.header("Subject"), Some(format!("Hi {name}")));
    assert!(mail.plain().contains(&format!("<{token}>")));
    assert!(!mail.plain().contains("text/html"), "the operator has no HTML");

    for (text, told) in [
        ("Subject: {{ usernam }}\n\nx\n", "undefined value"),
        ("Hello\n", "does not begin with `Subject: ...`"),
        ("Subject: x\n\n{{ token\n", "confirmation.txt cannot be read"),
    ] {
        std::fs::write(&template, text).expect("a file");
        let path = house.server.configuration_path();
        let arguments = ["config", "--config", path.to_str().expect("a path of text")];
        let output = cli::run(&house.server.data(), &arguments);
        assert_eq!(output.status.code(), Some(2));
        let err = cli::text(&output.stderr);
        assert!(err.contains(told), "{err}");
    }
}

#[test]
fn mails_become_files_where_the_operator_wants_them_but_not_among_the_data() {
    let scratch = muster_tests::scratch::Scratch::new();
    let directory = scratch.join("mails");
    let configuration = format!("mail.directory = {:?}\n", directory.display().to_string());
    let server = Server::start_configured(&configuration);
    let house = House { server, smtp: Smtp::start(Manner::Accept) };
    let (_, token) = house.sign_up();
    house.until("it is out", |house| house.outbox().is_empty());
    let files: Vec<_> = files(&directory);
    let [file] = &files[..] else { panic!("one mail: {files:?}") };
    assert!(file.extension().is_some_and(|kind| kind == "eml"));
    assert!(std::fs::read_to_string(file).expect("a mail").contains(&token));

    let inside = house.server.data().join("mails");
    let path = scratch.join("inside.toml");
    let text = format!("mail.directory = {:?}\n", inside.display().to_string());
    std::fs::write(&path, text).expect("a file");
    let arguments = ["config", "--config", path.to_str().expect("a path of text")];
    let output = cli::run(&house.server.data(), &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(cli::text(&output.stderr).contains("lies in the data directory"));
}

#[test]
fn a_mail_configuration_that_cannot_work_is_refused() {
    let scratch = muster_tests::scratch::Scratch::new();
    let path = scratch.join("muster.toml");
    for (text, told) in [
        ("mail.from = \"nobody\"", "is no mail address"),
        ("mail.approvers = [\"a@b\", \"<\"]", "is no mail address"),
        ("mail.smtp_security = \"ssl\"", "`starttls`, `tls` or `none`"),
        (
            "mail.smtp_host = \"mail.example.com\"\nmail.smtp_security = \"none\"\n\
             mail.smtp_username = \"x\"",
            "in clear",
        ),
        ("mail.smtp_host = \"x\"\nmail.directory = \"/tmp/x\"", "exclude each other"),
    ] {
        std::fs::write(&path, text).expect("a file");
        let arguments = ["config", "--config", path.to_str().expect("a path of text")];
        let output = cli::run(&scratch.join("data"), &arguments);
        assert_eq!(output.status.code(), Some(2), "{text}");
        let err = cli::text(&output.stderr);
        assert!(err.contains(told), "{text}: {err}");
    }
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}
