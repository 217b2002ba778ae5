//! The service as a whole, over a real store: what is decided outside the writer and what in it.

mod erasing;
mod exporting;
mod trail;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::actor::{Actor, Dialect, Origin};
use domain::attributes::{AttributeKey, Namespace, NewAttribute, SetMode};
use domain::id::Position;
use domain::policy::Right;
use domain::rejection::{Denial, Held, Rejection};
use domain::sign_in::ApplicationGates;
use domain::text::Name;
use domain::time::{Span, Timestamp};
use domain::user::command::{Command as UserCommand, Repeat};
use store::{Options, Reading, Sources, Store};

use crate::filter::Filter;
use crate::first_start::first_start;
use crate::history::{Order, Wanted};
use crate::passwords::Secret;
use crate::proofs::NotProven;
use crate::sign_in::{Credentials, SignedIn};
use crate::sign_up::Application;
use crate::{Caller, Command, Failure, Service, Settings};

mod histories;

/// 2026-11-24T00:00:00 UTC.
const START: Timestamp = Timestamp(1_795_478_400_000_000);

struct House {
    dir: PathBuf,
    clock: Arc<Mutex<Reading>>,
    service: Service,
    password: String,
    token: String,
}

impl House {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = format!("muster-service-{}-{count}", std::process::id());
        let dir = std::env::temp_dir().join(dir);
        let clock = Reading { wall: START, monotonic: Duration::ZERO };
        let clock = Arc::new(Mutex::new(clock));
        let reading = Arc::clone(&clock);
        let sources = Sources {
            now: Arc::new(move || *reading.lock().expect("no panic")),
            fill: Arc::new(|bytes| aws_lc_rs::rand::fill(bytes).expect("random bytes")),
        };
        let journal = store::journal::Settings { segment_bytes: 9 << 20, ..Default::default() };
        let options = Options { journal, ..Options::new(&dir, &sources) };
        let (mut password, mut token) = (String::new(), String::new());
        first_start(&options, &Settings::default(), ("root", None), |users| {
            password = users.password.as_str().to_owned();
            token = users.token.as_str().to_owned();
            Ok(())
        })
        .expect("a first start");
        let (store, writer) = Store::open(&options).expect("it opens");
        let service = Service::start(store, writer, settings).expect("threads");
        Self { dir, clock, service, password, token }
    }

    fn set_wall(&self, wall: Timestamp) {
        self.clock.lock().expect("no panic").wall = wall;
    }

    async fn sign_in(&self, name: &str, password: &str) -> Result<SignedIn, Failure> {
        let gates =
            ApplicationGates { may_sign_in: true, address_allowed: true, metadata_in_order: true };
        let credentials = Credentials {
            username: name.to_owned(),
            password: Secret::from(password.to_owned()),
            totp_code: None,
            new_password: None,
            application: gates,
        };
        self.service.sign_in(&nobody(), &credentials).await
    }

    async fn root(&self) -> Caller {
        let opened = self.sign_in("root", &self.password).await.expect("root signs in");
        self.service.session_caller(&opened.token, nobody()).expect("a session")
    }

    /// A user who signed up, confirmed and was approved.
    async fn ada(&self) -> Caller {
        let asked = Application {
            username: "ada".to_owned(),
            password: Secret::from("correct horse".to_owned()),
            email: None,
            applications: Vec::new(),
        };
        let signed_up = self.service.sign_up(nobody(), asked).await.expect("she signs up");
        let confirmed = self.service.confirm_sign_up(nobody(), &signed_up.confirm_token).await;
        let id = confirmed.expect("she confirms").user.expect("she is there").id;
        let approve = Command::User(id, UserCommand::Approve(Repeat::Write));
        self.service.execute(self.root().await, approve).await.expect("she is approved");
        let opened = self.sign_in("ada", "correct horse").await.expect("she signs in");
        self.service.session_caller(&opened.token, nobody()).expect("a session")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.service.close();
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

fn nobody() -> Caller {
    let origin = Origin { address: Some("192.0.2.7".into()), ..Origin::default() };
    Caller::anonymous(Dialect::Zato, Name::parse("CRM").ok(), origin)
}

fn rejection<T: std::fmt::Debug>(result: Result<T, Failure>) -> Rejection {
    match result {
        Err(Failure::Rejected(why)) => why,
        other => panic!("not a rejection: {other:?}"),
    }
}

fn own_attribute(caller: &Caller) -> Command {
    let name = Name::parse("language").expect("a name");
    let item = NewAttribute {
        key: AttributeKey { namespace: Namespace::Zato, name },
        value: Some("\"en\"".into()),
        encrypted: false,
        expires: None,
    };
    let command = UserCommand::SetAttributes { items: vec![item], mode: SetMode::Put };
    Command::User(caller.actor.user().expect("a user"), command)
}

#[tokio::test]
async fn what_was_revoked_meanwhile_does_not_act_from_the_queue() {
    let house = House::new();
    let ada = house.ada().await;
    let root = house.root().await;
    let id = ada.actor.user().expect("a user");
    let lock = Command::User(id, UserCommand::Lock(Repeat::Write));
    house.service.execute(root.clone(), lock).await.expect("locked");
    // She was authenticated before, and asks after.
    let asked = house.service.execute(ada.clone(), own_attribute(&ada)).await;
    assert_eq!(rejection(asked), Rejection::AccountLocked);
    let unlock = Command::User(id, UserCommand::Unlock(Repeat::Write));
    house.service.execute(root, unlock).await.expect("unlocked");
    assert!(house.service.execute(ada.clone(), own_attribute(&ada)).await.is_ok());
}

#[tokio::test]
async fn a_name_is_taken_once_however_many_ask_at_once() {
    let house = House::new();
    let asked = || Application {
        username: "grace".to_owned(),
        password: Secret::from("correct horse".to_owned()),
        email: None,
        applications: Vec::new(),
    };
    let (one, two, three) = tokio::join!(
        house.service.sign_up(nobody(), asked()),
        house.service.sign_up(nobody(), asked()),
        house.service.sign_up(nobody(), asked()),
    );
    let results = [one, two, three];
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for result in results.into_iter().filter(Result::is_err) {
        assert_eq!(rejection(result), Rejection::Taken(Held::Username));
    }
}

#[tokio::test]
async fn nothing_is_told_of_an_account_before_its_password_was_right() {
    let house = House::new();
    let ada = house.ada().await;
    let id = ada.actor.user().expect("a user");
    let lock = Command::User(id, UserCommand::Lock(Repeat::Write));
    house.service.execute(house.root().await, lock).await.expect("locked");
    let wrong = house.sign_in("ada", "battery staple").await;
    assert_eq!(rejection(wrong), Rejection::BadCredentials);
    let unknown = house.sign_in("nobody", "correct horse").await;
    assert_eq!(rejection(unknown), Rejection::BadCredentials);
    let machine = house.sign_in("muster-admin", "correct horse").await;
    assert_eq!(rejection(machine), Rejection::BadCredentials);
    let right = house.sign_in("ada", "correct horse").await;
    assert_eq!(rejection(right), Rejection::AccountLocked);
}

#[tokio::test]
async fn who_holds_fewer_rights_cannot_act_on_who_holds_more() {
    let house = House::new();
    let root = house.root().await;
    let machine = house.service.store().views().named("muster-admin").map(|user| user.id);
    let machine = machine.expect("the first start made it");
    // A super-user is no operator, and the machine is one.
    let lock = Command::User(machine, UserCommand::Lock(Repeat::Write));
    let denied = house.service.execute(root.clone(), lock).await;
    assert_eq!(rejection(denied), Rejection::Denied(Denial::Outranked));
    let own = root.actor.user().expect("a user");
    let grant = Command::User(own, UserCommand::GrantRight(Right::Operator));
    let denied = house.service.execute(root, grant).await;
    assert_eq!(rejection(denied), Rejection::Denied(Denial::RightMissing));
}

#[tokio::test]
async fn the_printed_token_holds_every_right_until_it_is_locked() {
    let house = House::new();
    let caller = house.service.token_caller(&house.token, &nobody()).expect("a token");
    assert!(matches!(caller.actor, Actor::Machine(_)));
    let filter = Filter::default();
    let mut feed = house.service.feed(&caller, filter, Position(0)).await.expect("it may audit");
    let facts = feed.look(100).await.expect("it reads");
    assert!(facts.len() >= 12 && !feed.has_more());
    assert_eq!(house.service.token_caller("muster_pat_x", &nobody()), Err(Rejection::NoSuchToken));
}

#[tokio::test]
async fn proofs_are_for_auditors_and_the_key_for_everybody() {
    let house = House::new();
    let denied = |proof: Result<(), NotProven>| match proof {
        Err(NotProven::Failed(Failure::Rejected(why))) => why,
        other => panic!("{other:?}"),
    };
    for proof in [
        house.service.checkpoint(&nobody()).await.map(drop),
        house.service.inclusion(&nobody(), 1, None).await.map(drop),
        house.service.consistency(&nobody(), 1, None).await.map(drop),
    ] {
        assert!(matches!(denied(proof), Rejection::Denied(_)));
    }
    let auditor = house.root().await;
    let key = house.service.log_key().expect("a key");
    let key: store::checkpoint::VerifierKey = key.parse().expect("a key");
    let signed = house.service.checkpoint(&auditor).await.expect("it may audit");
    assert_eq!(key.open(&signed.note), Ok(signed.checkpoint));
}

#[tokio::test]
async fn a_month_that_begins_in_a_busy_moment_gets_its_key_first() {
    let house = House::new();
    let ada = house.ada().await;
    // The last microseconds of November 2026: a turn may begin in one month and end in the next.
    let december = Timestamp(1_796_083_200_000_000);
    for wall in [december.before(Span(2)), december, december.after(Span::secs(1))] {
        house.set_wall(wall);
        house.clock.lock().expect("no panic").monotonic += Duration::from_hours(168);
        // Her session expired long ago: root's acts are as good.
        let root = house.root().await;
        for _ in 0..4 {
            house.service.execute(root.clone(), own_attribute(&root)).await.expect("written");
        }
    }
    let months = house.service.store().views().system().slots.len();
    assert!(months >= 6, "four standing keys and two months: {months}");
    drop(ada);
}

/// The facts after a position, the oldest first.
fn from(after: u64, limit: usize) -> Wanted {
    Wanted {
        filter: Filter::default(),
        order: Order::Rising,
        after: Position(after),
        before: None,
        limit,
    }
}

#[tokio::test]
async fn a_history_tells_old_and_new_and_who() {
    let house = House::new();
    let ada = house.ada().await;
    let id = ada.actor.user().expect("a user");
    let auditor = house.service.token_caller(&house.token, &nobody()).expect("a token");
    let page = house.service.user_history(&auditor, id, from(0, 100)).await.expect("a page");
    let approved = page
        .facts
        .iter()
        .find(|told| told.description.as_ref().is_some_and(|told| told.sentence == "Was approved"))
        .expect("she was approved");
    assert_eq!(approved.actor_name.as_deref(), Some("root"));
    assert_eq!(approved.application.as_deref(), Some("CRM"));
    let first = house.service.user_history(&auditor, id, from(0, 2)).await.expect("a page");
    assert_eq!(first.facts.len(), 2);
    let after = first.next.expect("there are more");
    assert_eq!(after, first.facts[1].head.position);
    let rest = house.service.user_history(&auditor, id, from(after.0, 100)).await.expect("a page");
    assert_eq!(rest.facts.len() + 2, page.facts.len());
    let denied = house.service.user_history(&ada, id, from(0, 1)).await;
    assert_eq!(rejection(denied), Rejection::Denied(Denial::RightMissing));
}

#[tokio::test]
async fn after_closing_nothing_is_taken_and_what_was_answered_is_kept() {
    let house = House::new();
    let root = house.root().await;
    house.service.execute(root.clone(), own_attribute(&root)).await.expect("written");
    house.service.close();
    let late = house.service.execute(root.clone(), own_attribute(&root)).await;
    assert!(matches!(late, Err(Failure::Closing)), "{late:?}");
    let id = root.actor.user().expect("a user");
    assert_eq!(house.service.user(id).expect("root").attributes.size(), 1);
}

#[tokio::test]
async fn a_session_is_used_from_where_its_owner_may_be_only() {
    let mut settings = Settings::default();
    settings.addresses.listed.insert("root".to_owned(), "10.0.0.0/8".parse().expect("networks"));
    let house = House::with(settings);
    let opened = house.sign_in("root", &house.password).await.expect("the surface has the gate");
    let from = |address: &str| {
        let address = Some(address.into());
        Caller { origin: Origin { address, ..Origin::default() }, ..nobody() }
    };
    let verify = |target, template: &Caller| {
        let address = template.origin.address.as_deref();
        house.service.verify_session(&opened.token, target, address, || template.clone())
    };
    let caller = |template: &Caller| house.service.session_caller(&opened.token, template.clone());
    assert_eq!(caller(&from("10.1.2.3")).map(|caller| caller.actor.user().is_some()), Ok(true));
    for elsewhere in [from("192.0.2.1"), from("10.1.2.3, 192.0.2.1"), nobody()] {
        assert_eq!(caller(&elsewhere), Err(Rejection::AddressNotAllowed));
        let verified = verify(Some(&opened.token), &elsewhere);
        assert_eq!(verified, Err(Rejection::AddressNotAllowed));
    }
    let here = from("10.1.2.3");
    assert_eq!(verify(Some(&opened.token), &here), Ok(true));
    assert_eq!(verify(Some("no such token"), &here), Ok(false));
    assert_eq!(verify(None, &here), Err(Rejection::NoSuchSession));
    // To leave, one may be anywhere.
    assert!(house.service.session_holder(&opened.token, nobody()).is_ok());
}
