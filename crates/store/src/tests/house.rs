//! A store for a test: a directory of its own, clocks that stand unless told, chance from a seed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::actor::{Actor, ApplicationNumber, Dialect, Origin, Stamp};
use domain::attributes::{AttributeKey, Namespace};
use domain::bootstrap::{self, FirstStart};
use domain::fact::{CommandName, Event};
use domain::id::{CodeId, OrganizationId, SessionId, UserId};
use domain::secret::{PasswordHash, TokenHash, TotpSeed};
use domain::session::Method;
use domain::text::{Name, Username};
use domain::time::Timestamp;
use domain::user::event::{ConfirmationCode, SignedUp};
use domain::user::state::NewPassword;
use domain::{session, user};
use parking_lot::Mutex;
use ulid::Ulid;

use crate::create::create;
use crate::error::StoreError;
use crate::journal;
use crate::journal::disk::{Disk, RealDisk};
use crate::journal::testing::TempDir;
use crate::notice::Notify;
use crate::open::{Options, Store};
use crate::sources::{Reading, Sources};
use crate::turn::{CommitError, Signature, Writer};

/// 2026-11-24T00:00:00 UTC.
pub const START: Timestamp = Timestamp(1_795_478_400_000_000);

pub struct House {
    pub dir: TempDir,
    pub disk: Arc<dyn Disk>,
    pub sources: Sources,
    reading: Arc<Mutex<Reading>>,
}

impl House {
    /// A directory in which a store was made.
    pub fn new() -> Self {
        let house = Self::empty(Arc::new(RealDisk));
        house.create().expect("a first start");
        house
    }

    /// A directory in which no store was made yet.
    pub fn empty(disk: Arc<dyn Disk>) -> Self {
        let reading = Reading { wall: START, monotonic: Duration::ZERO };
        let reading = Arc::new(Mutex::new(reading));
        let (clock, seed) = (Arc::clone(&reading), Mutex::new(0x9E37_79B9_7F4A_7C15_u64));
        let fill = move |bytes: &mut [u8]| {
            let mut state = seed.lock();
            for byte in bytes {
                // Xorshift64 (Marsaglia 2003): good enough to tell keys apart.
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                *byte = state.to_le_bytes()[3];
            }
        };
        let sources = Sources { now: Arc::new(move || *clock.lock()), fill: Arc::new(fill) };
        Self { dir: TempDir::new(), disk, sources, reading }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn set_wall(&self, wall: Timestamp) {
        self.reading.lock().wall = wall;
    }

    pub fn create(&self) -> Result<(), StoreError> {
        let stamp = Stamp { at: START, actor: Actor::System, seed: self.sources.random() };
        let facts = (bootstrap::decide(first_start(), &stamp), START);
        create(&self.options(false), facts, || Ok(()))
    }

    pub fn try_open(&self) -> Result<(Arc<Store>, Writer), StoreError> {
        self.open_with(false)
    }

    pub fn open_with(&self, accept_clock: bool) -> Result<(Arc<Store>, Writer), StoreError> {
        Store::open(&self.options(accept_clock))
    }

    pub fn open_telling(&self, notify: Notify) -> (Arc<Store>, Writer) {
        Store::open(&Options { notify, ..self.options(false) }).expect("the store opens")
    }

    pub fn options(&self, accept_clock: bool) -> Options {
        // Room for the largest frame, and not much more to fill with zeros.
        let journal = journal::Settings { segment_bytes: 9 << 20, spare_on_thread: true };
        let disk = Arc::clone(&self.disk);
        Options { disk, accept_clock, journal, ..Options::new(self.path(), &self.sources) }
    }

    pub fn open(&self) -> (Arc<Store>, Writer) {
        self.try_open().expect("the store opens")
    }
}

/// Commits events of one command.
pub fn write(writer: &mut Writer, events: Vec<Event>) -> Result<(), CommitError> {
    write_by(writer, Actor::System, events)
}

pub fn write_by(writer: &mut Writer, actor: Actor, events: Vec<Event>) -> Result<(), CommitError> {
    writer.turn(|turn| {
        let signature = signature(turn.tick(), actor);
        turn.record(&signature, events);
    })
}

pub fn signature(at: Timestamp, actor: Actor) -> Signature {
    Signature {
        at,
        actor,
        credential: None,
        command: CommandName::Upkeep,
        dialect: Dialect::Native,
        application: ApplicationNumber::default(),
        origin: Origin::default(),
    }
}

pub fn id(number: u128) -> UserId {
    UserId(Ulid::from_parts(1, number))
}

pub fn signed_up(number: u128, name: &str) -> Event {
    let token = TokenHash([u8::try_from(number % 251).expect("below 256"); 32]);
    Event::User(
        id(number),
        user::Event::SignedUp(Box::new(SignedUp {
            username: Username::parse(name).expect("a name"),
            email: None,
            password: password(),
            applications: Vec::new(),
            home: OrganizationId(Ulid::nil()),
            approval_needed: false,
            confirmation: ConfirmationCode { id: CodeId(Ulid::nil()), token },
            totp: TotpSeed(vec![1; 20]),
            mail_owed: false,
        })),
    )
}

pub fn happened(number: u128, event: user::Event) -> Event {
    Event::User(id(number), event)
}

pub fn attribute(number: u128, name: &str, value: &str) -> Event {
    let name = Name::parse(name).expect("a name");
    happened(
        number,
        user::Event::AttributeSet {
            key: AttributeKey { namespace: Namespace::Zato, name },
            value: Some(value.into()),
            encrypted: false,
            expires: Timestamp::NEVER,
        },
    )
}

pub fn session_started(number: u128, user: u128) -> Event {
    let mut token = [0; 32];
    token[..16].copy_from_slice(&number.to_le_bytes());
    Event::Session(
        SessionId(Ulid::from_parts(2, number)),
        session::Event::Started {
            user: id(user),
            token: TokenHash(token),
            expires: Timestamp::NEVER,
            method: Method::Password,
            principal: None,
            link: None,
        },
    )
}

pub fn session_attribute(number: u128, name: &str, value: &str) -> Event {
    let session = SessionId(Ulid::from_parts(2, number));
    let (name, value) = (Name::parse(name).expect("a name"), Some(value.into()));
    let (encrypted, expires) = (false, Timestamp::NEVER);
    Event::Session(session, session::Event::AttributeSet { name, value, encrypted, expires })
}

fn password() -> NewPassword {
    NewPassword { hash: PasswordHash("$argon2id$…".into()), expires: Timestamp::NEVER }
}

fn first_start() -> FirstStart {
    FirstStart {
        organization: Name::parse("Default").expect("a name"),
        super_user: Username::parse("admin").expect("a name"),
        password: password(),
        totp: TotpSeed(vec![2; 20]),
        machine: Username::parse("muster-admin").expect("a name"),
        token: TokenHash([0xAA; 32]),
    }
}
