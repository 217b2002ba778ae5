//! What readers are told, as one line: the sentence, then each field with old and new value.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::attributes::VALUE_HELD_BYTES_MAX;
use crate::description::{Change, Shown};
use crate::id::TokenId;
use crate::policy::Right;
use crate::scenario::*;
use crate::text::Patch;
use crate::time::Timestamp;
use crate::user::access;
use crate::user::attempts::Fault;
use crate::user::describe::{approval_name, describe, difference, sign_up_name};
use crate::user::event::{Event, SignedUp};
use crate::user::mail;
use crate::user::state::{ApprovalStatus, SignUpStatus};

#[test]
fn every_event_is_told_with_old_and_new() {
    for (world, event) in every_user_event() {
        assert_eq!(told(&world, &event), expected(&event));
    }
}

const SIGNED_UP: &str = "Signed up | username: - -> ada | email: - -> ada@example.com \
    | home: - -> 00000000000000000000000004 | password: - -> (secret) \
    | password.expires: - -> 63072000 s | applications: - -> crm, shop \
    | sign_up_status: - -> before_confirmation | approval_status: - -> before_decision";

const CREATED: &str = "Was created | username: - -> ada | email: - -> ada@example.com \
    | home: - -> 00000000000000000000000004 | profile.display_name: - -> Ada Lovelace \
    | profile.first_name: - -> Ada | profile.last_name: - -> Lovelace \
    | password: - -> (secret) | password.expires: - -> 63072000 s \
    | totp.label: - -> phone | sign_up_status: - -> final \
    | approval_status: - -> approved";

const MACHINE_CREATED: &str = "Was created as a machine user | username: - -> robot \
    | home: - -> 00000000000000000000000004 | profile.display_name: - -> Robot";

/// What is told of the events of [`every_user_event`].
fn expected(event: &Event) -> &'static str {
    match event {
        Event::SignedUp(_) => SIGNED_UP,
        Event::Created(_) => CREATED,
        Event::MachineCreated { .. } => MACHINE_CREATED,
        Event::SignUpConfirmed => {
            "Confirmed the sign-up | sign_up_status: before_confirmation -> final"
        }
        Event::SignUpStatusSet { .. } => {
            "The sign-up status was set | sign_up_status: before_confirmation -> final"
        }
        Event::Approved => "Was approved | approval_status: before_decision -> approved",
        Event::Rejected => "Was rejected | approval_status: approved -> rejected",
        Event::ApprovalReset => {
            "The decision about the account was taken back \
             | approval_status: approved -> before_decision"
        }
        Event::Locked => "Was locked | locked: no -> yes",
        Event::Unlocked => "Was unlocked | locked: yes -> no",
        Event::UsernameChanged { .. } => "The user name changed | username: ada -> countess",
        Event::ProfileChanged { .. } => "The profile changed | profile.last_name: Lovelace -> -",
        Event::EmailChanged { .. } => {
            "The e-mail address changed | email: ada@example.com -> countess@example.com"
        }
        Event::EmailRemoved => "The e-mail address was removed | email: ada@example.com -> -",
        Event::PasswordChanged { .. } => {
            "The password changed | password: (secret) -> (secret) \
             | password.expires: 9 s -> 63072000 s"
        }
        Event::PasswordRehashed { .. } => "The password was hashed anew at today's cost",
        Event::PasswordExpirySet { .. } => {
            "The password's expiry was set | password.expires: 63072000 s -> 9 s"
        }
        Event::PasswordMustChangeSet { .. } => {
            "Must change the password at the next sign-in | password.must_change: no -> yes"
        }
        Event::TotpKeySet { .. } => "The TOTP key was replaced | totp.key: (secret) -> (secret)",
        Event::TotpLabelSet { .. } => "The TOTP label changed | totp.label: phone -> -",
        Event::TotpEnabled => "TOTP was switched on | totp.enabled: no -> yes",
        Event::TotpDisabled => "TOTP was switched off | totp.enabled: yes -> no",
        Event::SignedIn { .. } => "Signed in",
        Event::AttributeSet { .. } => "The attribute \"a\" was set | attributes.a: - -> json 1",
        Event::AttributeRemoved { .. } => {
            "The attribute \"a\" was removed | attributes.a: json 1 -> -"
        }
        Event::RightGranted { .. } => "Was granted the right auditor | rights.auditor: no -> yes",
        Event::RightRevoked { .. } => "Lost the right auditor | rights.auditor: yes -> no",
        Event::PatAdded { .. } => {
            "Was given the access token \"laptop\" \
             | tokens.00000000000000000000000006: - -> laptop"
        }
        Event::PatRemoved { .. } => {
            "The access token \"laptop\" was removed \
             | tokens.00000000000000000000000006: laptop -> -"
        }
        Event::Deleted => "Was deleted | username: ada -> - | email: ada@example.com -> -",
        Event::Erased => {
            "Was erased: its key is destroyed, and nothing personal of it can be read again"
        }
        Event::Access(event) => expected_of_access(event),
        Event::Mail(event) => expected_of_mail(event),
        Event::Attempt(event) => match event.fault {
            Fault::Password => "A wrong password was tried, 10 times",
            Fault::Totp => "A wrong or used TOTP code was tried",
            Fault::Refused(_) => "Right credentials did not sign in (locked)",
        },
    }
}

fn expected_of_mail(event: &mail::Event) -> &'static str {
    match event {
        mail::Event::Requested { .. } => "A mail is owed (welcome)",
        mail::Event::Sent { .. } => {
            "The mail owed since position 1 went out (confirmation) | mails.1: owed -> sent"
        }
        mail::Event::Failed { .. } => {
            "The mail owed since position 1 did not go out and was given up (confirmation, too_old) \
             | mails.1: owed -> given_up"
        }
    }
}

fn expected_of_access(event: &access::Event) -> &'static str {
    match event {
        access::Event::ResetRequested { .. } => {
            "A reset of the password was asked for \
             | resets.00000000000000000000000007: - -> (secret) \
             | resets.00000000000000000000000007.expires: - -> 541 s"
        }
        access::Event::ResetOpened { .. } => {
            "The mailed token was exchanged for a key to the password \
             | resets.00000000000000000000000007.key: - -> (secret) \
             | resets.00000000000000000000000007.key.expires: - -> 302 s"
        }
        access::Event::ResetUsed { .. } => {
            "The reset of the password was carried out \
             | resets.00000000000000000000000007: (secret) -> -"
        }
        access::Event::Linked { .. } => {
            "Was linked to the basic_auth definition \"pubapi\" | links.basic_auth.pubapi: - -> yes"
        }
        access::Event::Unlinked { .. } => {
            "Was unlinked from the basic_auth definition \"pubapi\" \
             | links.basic_auth.pubapi: yes -> -"
        }
        access::Event::SessionsEnded => {
            "All sessions were ended but the one that changed the password"
        }
        access::Event::RateLimitSet { .. } => {
            "Access through linked accounts was limited | rate_limit.active: - -> yes"
        }
    }
}

#[test]
fn what_a_user_is_born_with_beyond_the_usual_is_told() {
    let birth = ada_created_but(|birth| {
        birth.must_change = true;
        birth.totp_enabled = true;
        birth.locked = true;
    });
    let line = told(&nothing(), &birth);
    for part in ["password.must_change: - -> yes", "totp.enabled: - -> yes", "locked: - -> yes"] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    let bare = told(
        &nothing(),
        &ada_created_but(|birth| {
            birth.username = None;
            birth.email = None;
            birth.password = None;
        }),
    );
    for part in ["username", "email", "password"] {
        assert!(!bare.contains(part), "{part} is in {bare}");
    }
    let birth = SignedUp { approval_needed: false, applications: vec![], ..ada_signing_up() };
    let line = told(&nothing(), &Event::SignedUp(Box::new(birth)));
    assert!(line.ends_with("| approval_status: - -> approved"), "{line}");
    assert!(!line.contains("applications"), "{line}");
}

#[test]
fn parts_of_a_name_that_stay_are_not_told() {
    let event = Event::ProfileChanged {
        display_name: Patch::Keep,
        first_name: Patch::Set(name("Augusta")),
        middle_name: Patch::Set(name("Ada")),
        last_name: Patch::Clear,
    };
    assert_eq!(
        told(&ada(), &event),
        "The profile changed | profile.first_name: Ada -> Augusta \
         | profile.middle_name: - -> Ada | profile.last_name: Lovelace -> -"
    );
}

#[test]
fn of_a_password_that_changed_its_flag_and_end_are_told_if_they_moved() {
    let changed = |must_change| Event::PasswordChanged { password: password("h2"), must_change };
    assert_eq!(
        told(&ada(), &changed(true)),
        "The password changed | password: (secret) -> (secret) | password.must_change: no -> yes"
    );
    let due = given([ada_created_but(|birth| birth.must_change = true)]);
    assert_eq!(
        told(&due, &changed(false)),
        "The password changed | password: (secret) -> (secret) | password.must_change: yes -> no"
    );
    let without = given([ada_created_but(|birth| birth.password = None)]);
    assert_eq!(
        told(&without, &changed(false)),
        "The password changed | password: - -> (secret) | password.expires: - -> 63072000 s"
    );
    assert_eq!(
        told(&due, &Event::PasswordMustChangeSet { must_change: false }),
        "Need not change the password any more | password.must_change: yes -> no"
    );
}

#[test]
fn a_sign_in_tells_its_factors() {
    let signed_in = Event::SignedIn { session: SESSION, totp_step: Some(7) };
    assert_eq!(told(&ada(), &signed_in), "Signed in with a TOTP code");
}

#[test]
fn a_key_or_label_where_none_was_is_told_as_new() {
    let robot = given([machine_created()]);
    assert_eq!(
        told(&robot, &Event::TotpKeySet { seed: seed(1) }),
        "The TOTP key was replaced | totp.key: - -> (secret)"
    );
    assert_eq!(
        told(&robot, &Event::TotpLabelSet { label: Some(name("phone")) }),
        "The TOTP label changed | totp.label: - -> phone"
    );
}

#[test]
fn an_access_token_is_told_with_its_end_and_an_unknown_one_by_its_id() {
    assert_eq!(
        told(&ada(), &pat_added(at(60))),
        "Was given the access token \"laptop\" \
         | tokens.00000000000000000000000006: - -> laptop \
         | tokens.00000000000000000000000006.expires: - -> 60 s"
    );
    let unknown = Event::PatRemoved { token: TokenId(HOME.0) };
    assert_eq!(
        told(&ada(), &unknown),
        "The access token \"00000000000000000000000004\" was removed \
         | tokens.00000000000000000000000004: - -> -"
    );
}

#[test]
fn an_attribute_is_told_with_its_end_before_and_after() {
    let world = ada().and(attribute_set_until("a", "1", at(60)));
    assert_eq!(
        told(&world, &attribute_set("a", "2")),
        "The attribute \"a\" was set | attributes.a: json 1 -> json 2 \
         | attributes.a.expires: 60 s -> never"
    );
    assert_eq!(
        told(&ada(), &attribute_set_until("a", "1", at(60))),
        "The attribute \"a\" was set | attributes.a: - -> json 1 \
         | attributes.a.expires: - -> 60 s"
    );
}

#[test]
fn an_attribute_whose_owner_wants_it_encrypted_is_never_shown() {
    let set = |value: Option<&str>, encrypted| Event::AttributeSet {
        key: key("a"),
        value: value.map(Arc::from),
        encrypted,
        expires: Timestamp::NEVER,
    };
    let secret = format!("\"{SECRET}\"");
    let clear = ada().and(attribute_set("a", "1"));
    assert_eq!(
        told(&clear, &set(Some("2"), true)),
        "The attribute \"a\" was set | attributes.a: json 1 -> (secret) \
         | attributes.a.encrypted: no -> yes"
    );
    let encrypted = clear.and(set(Some("2"), true));
    assert_eq!(
        told(&encrypted, &set(Some(&secret), true)),
        "The attribute \"a\" was set | attributes.a: (secret) -> (secret)"
    );
    assert_eq!(
        told(&encrypted, &Event::AttributeRemoved { key: key("a") }),
        "The attribute \"a\" was removed | attributes.a: (secret) -> -"
    );
    // Whoever takes the encryption away shows the value: it is in clear from then on.
    assert_eq!(
        told(&encrypted, &set(None, false)),
        "The attribute \"a\" was set | attributes.a: (secret) -> json 2 \
         | attributes.a.encrypted: yes -> no"
    );
}

#[test]
fn a_long_value_is_not_shown() {
    let long = "9".repeat(VALUE_HELD_BYTES_MAX + 1);
    let world = ada().and(attribute_set("a", &long));
    let line = told(&ada(), &attribute_set("a", &long));
    assert_eq!(line, "The attribute \"a\" was set | attributes.a: - -> (long)");
    let keeping = |encrypted| Event::AttributeSet {
        key: key("a"),
        value: None,
        encrypted,
        expires: Timestamp::NEVER,
    };
    assert_eq!(
        told(&world, &keeping(false)),
        "The attribute \"a\" was set | attributes.a: (long) -> (long)"
    );
    assert_eq!(
        told(&world, &keeping(true)),
        "The attribute \"a\" was set | attributes.a: (long) -> (secret) \
         | attributes.a.encrypted: no -> yes"
    );
}

#[test]
fn without_the_user_before_everything_is_told_as_new() {
    for (_, event) in every_user_event() {
        let changes = describe(None, &event).changes;
        assert!(changes.iter().all(|change| change.old.is_none()), "{}", event.name());
    }
    let granted = Event::RightGranted { right: Right::Operator };
    assert_eq!(
        told(&nothing(), &granted),
        "Was granted the right operator | rights.operator: - -> yes"
    );
}

#[test]
fn no_secret_shows_in_a_description() {
    for (world, event) in every_user_event() {
        let text = format!("{:?}", describe(world.find_user(ADA), &event));
        assert!(!shows_a_secret(&text), "{text}");
    }
    // The trap springs: these are the traces that the secrets of the scenarios would leave.
    assert!(shows_a_secret(&hash("h1").0));
    assert!(shows_a_secret(&format!("{:?}", seed(1).0)));
    assert!(shows_a_secret(&String::from_utf8_lossy(&seed(1).0)));
    assert!(shows_a_secret(&format!("{:?}", token(1).0)));
    assert!(shows_a_secret(&format!("{:02X?}", token(1).0).replace(", ", "")));
}

#[test]
fn what_differs_across_an_event_is_what_its_description_says() {
    /// No and never are what is not there.
    fn plain(shown: Option<Shown>) -> Option<Shown> {
        shown.filter(|shown| !matches!(shown, Shown::Flag(false) | Shown::Time(Timestamp::NEVER)))
    }
    let mut told = 0;
    for (world, event) in every_user_event() {
        let after = world.clone().and(event.clone());
        let (Some(old), Some(new)) = (world.find_user(ADA), after.find_user(ADA)) else { continue };
        let passing = |change: &Change| {
            let mailed = change.field.starts_with("resets.") || change.field.starts_with("mails.");
            mailed || (change.old == change.new && change.old != Some(Shown::Secret))
        };
        let line = |changes: Vec<Change>| {
            let changes = changes.into_iter().map(|change| Change {
                old: plain(change.old),
                new: plain(change.new),
                ..change
            });
            let mut changes: Vec<Change> = changes.filter(|change| !passing(change)).collect();
            changes.sort_by(|one, other| one.field.cmp(&other.field));
            changes
        };
        let described = line(describe(Some(old), &event).changes);
        let differing = line(difference((old, at(9)), (new, at(9))));
        assert_eq!(differing, described, "{}", event.name());
        told += described.len();
    }
    assert!(told > 20, "{told} changes were compared");
}

#[test]
fn an_attribute_that_expired_is_gone_and_a_secret_that_changed_differs() {
    let world = ada().and(attribute_set_until("a", "1", at(60)));
    let user = world.find_user(ADA).expect("she is there");
    let gone = Change::new("attributes.a", Shown::Json("1".into()), None);
    let end = Change::new("attributes.a.expires", Shown::Time(at(60)), None);
    assert_eq!(difference((user, at(59)), (user, at(60))), [gone, end]);
    let encrypted = |value: &str| Event::AttributeSet {
        key: key("a"),
        value: Some(value.into()),
        encrypted: true,
        expires: Timestamp::NEVER,
    };
    let one = ada().and(encrypted("1"));
    let other = one.clone().and(encrypted("2"));
    let users = (one.find_user(ADA).expect("there"), other.find_user(ADA).expect("there"));
    let changed = Change::new("attributes.a", Shown::Secret, Shown::Secret);
    assert_eq!(difference((users.0, at(9)), (users.1, at(9))), [changed]);
    assert_eq!(difference((users.0, at(9)), (users.0, at(10))), []);
}

#[test]
fn states_have_names_of_their_own() {
    let sign_up = [SignUpStatus::BeforeConfirmation, SignUpStatus::ToApprove, SignUpStatus::Final];
    assert_eq!(sign_up.map(sign_up_name), ["before_confirmation", "to_approve", "final"]);
    let approval =
        [ApprovalStatus::BeforeDecision, ApprovalStatus::Approved, ApprovalStatus::Rejected];
    assert_eq!(approval.map(approval_name), ["before_decision", "approved", "rejected"]);
}

fn ada() -> World {
    given([ada_created()])
}

/// One line: what is told of `event`, happening to Ada in `world`.
fn told(world: &World, event: &Event) -> String {
    let description = describe(world.find_user(ADA), event);
    let mut line = description.sentence;
    for Change { field, old, new } in &description.changes {
        write!(line, " | {field}: {} -> {}", shown(old.as_ref()), shown(new.as_ref())).unwrap();
    }
    line
}

fn shown(value: Option<&Shown>) -> String {
    match value {
        None => "-".to_owned(),
        Some(Shown::Text(text)) => text.clone(),
        Some(Shown::Flag(true)) => "yes".to_owned(),
        Some(Shown::Flag(false)) => "no".to_owned(),
        Some(Shown::Time(Timestamp::NEVER)) => "never".to_owned(),
        Some(Shown::Time(moment)) => format!("{} s", (moment.0 - START.0) / 1_000_000),
        Some(Shown::Json(json)) => format!("json {json}"),
        Some(Shown::Long) => "(long)".to_owned(),
        Some(Shown::Secret) => "(secret)".to_owned(),
    }
}
