//! A store in this process, so that a test has it to itself and may plant mistakes in it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::actor::{Actor, Origin};
use domain::attributes::{AttributeKey, Namespace, NewAttribute, SetMode};
use domain::id::{OrganizationId, SessionId, UserId};
use domain::policy::Right;
use domain::secret::{PasswordHash, TokenHash, TotpSeed};
use domain::sign_in::OpenSession;
use domain::system;
use domain::text::{Email, Name, Username};
use domain::time::{Month, Timestamp};
use domain::user::Command as UserCommand;
use domain::user::command::Repeat;
use domain::user::event::Created;
use domain::user::state::{ApprovalStatus, NewPassword, Profile, SignUpStatus};
use muster_tests::attacker::Copy;
use service::first_start::first_start;
use service::{Caller, Command, Done, Job, Proof, Settings, Turns};
use store::views::UserRow;
use store::{Options, Reading, Sources, Store, keyring};
use ulid::Ulid;

/// From where everybody comes.
pub const ADDRESS: &str = "192.0.2.77";

/// A store, whoever writes to it, and a clock that goes on when it is told to.
pub struct House {
    dir: PathBuf,
    options: Options,
    clock: Arc<Mutex<Reading>>,
    open: Option<(Arc<Store>, Turns)>,
    tokens: u8,
}

impl House {
    pub fn new(name: &str) -> Self {
        let dir = format!("muster-erasure-{}-{name}", std::process::id());
        let dir = std::env::temp_dir().join(dir);
        drop(std::fs::remove_dir_all(&dir));
        // 2026-11-24T00:00:00 UTC.
        let start = Timestamp(1_795_478_400_000_000);
        let clock = Arc::new(Mutex::new(Reading { wall: start, monotonic: Duration::ZERO }));
        let reading = Arc::clone(&clock);
        let sources = Sources {
            now: Arc::new(move || *reading.lock().expect("no panic")),
            fill: Arc::new(|bytes| aws_lc_rs::rand::fill(bytes).expect("random bytes")),
        };
        let journal = store::journal::Settings { segment_bytes: 9 << 20, ..Default::default() };
        let keyring = keyring::Settings { ahead: 64, on_thread: false };
        let options = Options { journal, keyring, ..Options::new(&dir, &sources) };
        first_start(&options, &Settings::default(), ("root", None), |_| Ok(())).expect("a start");
        let mut house = Self { dir, options, clock, open: None, tokens: 0 };
        house.start();
        house
    }

    fn start(&mut self) {
        let (store, writer) = Store::open(&self.options).expect("it opens");
        let turns = Turns::new(Arc::clone(&store), writer);
        self.open = Some((store, turns));
    }

    fn stop(&mut self) {
        if let Some((store, turns)) = self.open.take() {
            store.close();
            drop(turns);
        }
    }

    fn store(&self) -> &Store {
        &self.open.as_ref().expect("it is open").0
    }

    fn done(&mut self, caller: Caller, command: Command) -> Done {
        let (job, mut pending) = Job::new(caller, command);
        let (_, turns) = self.open.as_mut().expect("it is open");
        assert!(turns.turn(job, || None).is_none(), "it fits");
        pending.now().expect("it is answered").expect("it is done")
    }

    /// Somebody with names, an address, an attribute and a session, who did something.
    pub fn person(&mut self, name: &str, city: &str) -> UserId {
        let text = |text: &str| Name::parse(text).ok();
        let birth = Created {
            username: Username::parse(name).ok(),
            email: Email::parse(&format!("{name}@example.com")).ok(),
            profile: Profile { first_name: text(name), ..Profile::default() },
            password: Some(NewPassword {
                hash: PasswordHash("$argon2id$of nobody".into()),
                expires: Timestamp::NEVER,
            }),
            must_change: false,
            home: OrganizationId(Ulid::nil()),
            sign_up: SignUpStatus::Final,
            approval: ApprovalStatus::Approved,
            locked: false,
            totp: TotpSeed(vec![7; 20]),
            totp_label: None,
            totp_enabled: false,
            mail_owed: false,
        };
        let birth = UserCommand::CreateSuperUser(Box::new(birth));
        let born = self.done(operator(), Command::NewUser(birth)).user.expect("it is there").id;
        let grant = UserCommand::GrantRight(Right::Auditor);
        self.done(operator(), Command::User(born, grant));
        let attribute = |key: &str| NewAttribute {
            key: AttributeKey { namespace: Namespace::Zato, name: text(key).expect("a name") },
            value: Some(format!("\"{city}\"").into()),
            encrypted: false,
            expires: None,
        };
        let (items, mode) = (vec![attribute("city")], SetMode::Put);
        let (caller, session) = self.caller(born);
        let set = UserCommand::SetAttributes { items: items.clone(), mode };
        self.done(caller.clone(), Command::User(born, set));
        let set = domain::session::Command::SetAttributes { items, mode };
        self.done(caller, Command::Session(session, set));
        born
    }

    /// Somebody with a session of its own, and from somewhere.
    fn caller(&mut self, user: UserId) -> (Caller, SessionId) {
        self.tokens += 1;
        let asked = OpenSession {
            user,
            token: TokenHash([self.tokens; 32]),
            session_expires: Timestamp::NEVER,
        };
        let session =
            self.done(operator(), Command::OpenSession(asked)).session.expect("a session");
        let proof = Proof::Session(session);
        (Caller { actor: Actor::User(user), proof, ..operator() }, session)
    }

    /// One of them locks the other and unlocks it: from where stands in the other's stream.
    pub fn act_on(&mut self, actor: UserId, other: UserId) {
        let (caller, _) = self.caller(actor);
        for command in [UserCommand::Lock(Repeat::Write), UserCommand::Unlock(Repeat::Write)] {
            self.done(caller.clone(), Command::User(other, command));
        }
    }

    pub fn erase(&mut self, user: UserId) {
        let done = self.done(operator(), Command::User(user, UserCommand::Erase));
        assert_eq!(done.destroyed.len(), 1);
    }

    /// It is the 24th of the next month.
    pub fn next_month(&self) {
        let mut clock = self.clock.lock().expect("no panic");
        let month = Duration::from_hours(24 * 30);
        clock.monotonic += month;
        let micros = i64::try_from(month.as_micros()).expect("a month");
        clock.wall = Timestamp(clock.wall.0 + micros);
    }

    pub fn forget_months_before_this(&mut self) {
        let before: Month = self.store().clock().now().month();
        let command = Command::System(system::Command::ForgetOrigins { before });
        assert_eq!(self.done(operator(), command).destroyed.len(), 1);
    }

    pub fn slot_of(&self, user: UserId) -> u32 {
        let views = self.store().views();
        views.user_row(user).and_then(UserRow::slot).expect("it was born").0
    }

    pub fn copy(&self) -> Copy {
        Copy::of(&self.dir)
    }

    /// Puts a file back as it was, and starts again.
    pub fn put_back(&mut self, copy: &Copy, file: &str) {
        self.stop();
        let bytes = &copy.keyrings[usize::from(file.ends_with('b'))];
        std::fs::write(Path::new(&self.dir).join(file), bytes).expect("it can be written");
        self.start();
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop();
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

fn operator() -> Caller {
    Caller::operator(Origin { address: Some(ADDRESS.into()), ..Origin::default() })
}
