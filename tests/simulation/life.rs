//! One seed: a store is made, written, stopped at some operation or other, opened again, and held to
//! everything it ever acknowledged.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::actor::{Actor, ApplicationNumber, Dialect, Origin, Stamp};
use domain::attributes::{AttributeKey, Namespace, NewAttribute, SetMode};
use domain::bootstrap::{self, FirstStart};
use domain::fact::{CommandName, Event, Fact};
use domain::id::{CodeId, OrganizationId, Position, SessionId, UserId};
use domain::secret::{PasswordHash, TokenHash, TotpSeed};
use domain::text::{Name, Username};
use domain::time::{Span, Timestamp};
use domain::user::command::{Amendment, Command, Repeat};
use domain::user::event::{ConfirmationCode, SignedUp};
use domain::user::state::NewPassword;
use domain::{session, user};
use store::journal::Settings;
use store::{
    CommitError, Fit, Options, Origins, Reading, Signature, Sources, Store, StoreError, Turn,
    Writer,
};
use ulid::Ulid;

use crate::disk::{Crash, Fault, SimDisk};
use crate::random::Random;

/// Lives of one store: from a start to the next crash.
const LIVES: usize = 6;
/// Turns of a life, unless a crash comes first.
const TURNS_MAX: usize = 24;
/// Names in use, few enough that they clash.
const NAMES: usize = 12;
/// Small segments, so that there are many.
const SEGMENT_BYTES: u64 = 24 << 10;

/// What was tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub crashes: u64,
    pub acknowledged: u64,
    pub unknown: u64,
    pub not_done: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.crashes += other.crashes;
        self.acknowledged += other.acknowledged;
        self.unknown += other.unknown;
        self.not_done += other.not_done;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} facts acknowledged, {} crashes, {} turns not done, {} of unknown outcome",
            self.acknowledged, self.crashes, self.not_done, self.unknown
        )
    }
}

/// Lives through one seed.
pub fn live(seed: u64) -> Tally {
    let mut world = World::new(seed);
    world.begin();
    for _ in 0..LIVES {
        world.life();
    }
    world.tally
}

struct World {
    random: Random,
    disk: SimDisk,
    sources: Sources,
    clock: Arc<Mutex<Reading>>,
    /// Every fact that was acknowledged, by position.
    acknowledged: Vec<Fact>,
    tally: Tally,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let disk = SimDisk::new(random.fork());
        let start = Timestamp(1_795_478_400_000_000);
        let clock = Arc::new(Mutex::new(Reading { wall: start, monotonic: Duration::ZERO }));
        let (reading, chance) = (Arc::clone(&clock), Mutex::new(random.fork()));
        let sources = Sources {
            now: Arc::new(move || *reading.lock().expect("no panic holds the clock")),
            fill: Arc::new(move |bytes| {
                let mut chance = chance.lock().expect("no panic holds the chance");
                bytes.fill_with(|| chance.next().to_le_bytes()[0]);
            }),
        };
        Self { random, disk, sources, clock, acknowledged: Vec::new(), tally: Tally::default() }
    }

    fn options(&self) -> Options {
        let journal = Settings { segment_bytes: SEGMENT_BYTES, spare_on_thread: false };
        Options {
            disk: Arc::new(self.disk.clone()),
            journal,
            sled: false,
            accept_clock: true,
            ..Options::new(&PathBuf::from("data"), &self.sources)
        }
    }

    /// The first start, over and over until one comes through.
    fn begin(&mut self) {
        loop {
            let at = 1 + self.random.below(90) as u64;
            let lucky = self.random.chance(2);
            self.disk.arrange(|now| if lucky { Fault::None } else { Fault::Stop(now + at) });
            let stamp = Stamp {
                at: (self.sources.now)().wall,
                actor: Actor::System,
                seed: self.sources.random(),
            };
            let facts = (bootstrap::decide(first_start(), &stamp), stamp.at);
            let mut shown = false;
            let made = store::create(&self.options(), facts, || {
                shown = true;
                Ok(())
            });
            match made {
                Ok(()) => {
                    assert!(shown, "who has a store was told how to log in");
                    return;
                }
                // Nobody was told that there is a store, but perhaps there is one.
                Err(StoreError::AlreadyInitialised { .. }) => return,
                Err(error) => {
                    assert!(!lucky, "nothing went wrong, and yet: {error}");
                    self.crash();
                }
            }
        }
    }

    fn life(&mut self) {
        self.pass_time();
        let Some((store, mut writer)) = self.start() else { return };
        self.check(&store);
        let horizon = 4 + self.random.below(120) as u64;
        let fault = match self.random.below(4) {
            0 => Fault::None,
            1 => Fault::Full(horizon, 1 + self.random.below(6) as u64),
            2 => Fault::Fail(horizon),
            _ => Fault::Stop(horizon),
        };
        self.disk.arrange(|now| match fault {
            Fault::None => Fault::None,
            Fault::Stop(at) => Fault::Stop(now + at),
            Fault::Fail(at) => Fault::Fail(now + at),
            Fault::Full(at, len) => Fault::Full(now + at, len),
        });
        for _ in 0..=self.random.below(TURNS_MAX) {
            self.pass_time();
            if !self.turn(&store, &mut writer) {
                break;
            }
        }
        if !self.disk.is_dead() {
            self.check(&store);
        }
        drop((writer, store));
        self.crash();
    }

    /// Opens the store, which may be stopped by a crash of its own.
    fn start(&mut self) -> Option<(Arc<Store>, Writer)> {
        if self.random.chance(4) {
            let at = 1 + self.random.below(12) as u64;
            self.disk.arrange(|now| Fault::Stop(now + at));
        }
        match Store::open(&self.options()) {
            Ok(opened) if !self.disk.is_dead() => {
                self.disk.arrange(|_| Fault::None);
                Some(opened)
            }
            // It stopped while the store made its next segment: not a reason not to open.
            Ok(opened) => {
                drop(opened);
                self.crash();
                None
            }
            Err(error) => {
                assert!(self.disk.is_dead(), "what was acknowledged does not open: {error}");
                self.crash();
                None
            }
        }
    }

    /// One turn of a few commands; `false` if the machine stopped.
    fn turn(&mut self, store: &Arc<Store>, writer: &mut Writer) -> bool {
        let before = store.views().globals().position;
        let digest = store.views().digest();
        let random = &mut self.random;
        let sources = &self.sources;
        let result = writer.turn(|turn| {
            for _ in 0..=random.below(4) {
                command(turn, random, sources);
            }
        });
        match result {
            Ok(()) => {
                let after = store.views().globals().position;
                let fresh: Vec<_> = (before.0 + 1..=after.0).map(Position).collect();
                let facts =
                    store.facts(&fresh, Origins::Open).expect("what was committed a moment ago");
                assert_eq!(facts.len(), fresh.len(), "every position has a fact");
                self.tally.acknowledged += facts.len() as u64;
                self.acknowledged.extend(facts);
                assert_eq!(self.acknowledged.len() as u64, after.0);
            }
            Err(error) => {
                match error {
                    CommitError::NotDone(_) => self.tally.not_done += 1,
                    CommitError::OutcomeUnknown(_) => self.tally.unknown += 1,
                }
                assert_eq!(store.views().digest(), digest, "what failed left a trace");
            }
        }
        !self.disk.is_dead()
    }

    /// Holds an opened store to everything that was ever acknowledged, and to itself.
    fn check(&mut self, store: &Arc<Store>) {
        let last = store.views().globals().position.0;
        let held: Vec<_> = (1..=last).map(Position).collect();
        let facts = store.facts(&held, Origins::Open).expect("every fact can be read");
        assert!(facts.len() >= self.acknowledged.len(), "acknowledged facts are gone");
        for (fact, acknowledged) in facts.iter().zip(&self.acknowledged) {
            assert_eq!(fact, acknowledged, "an acknowledged fact is another one now");
        }
        for pair in facts.windows(2) {
            assert_eq!(pair[0].head.position.next(), pair[1].head.position, "positions have a gap");
            assert!(pair[0].head.at <= pair[1].head.at, "time ran backwards");
        }
        // What turned out to have happened is true from now on.
        self.acknowledged = facts;
        let (report, rebuilt) = store.verify().expect("the disk reads");
        assert_eq!(report.findings, Vec::<String>::new());
        let rebuilt = rebuilt.expect("the log can be folded");
        assert_eq!(rebuilt.digest(), store.views().digest(), "the views are not the log's fold");
        let views = store.views();
        let mut names: Vec<_> =
            views.everybody().filter_map(|user| user.username.clone()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "a name has two holders");
    }

    fn crash(&mut self) {
        self.tally.crashes += 1;
        let crash = if self.random.chance(3) { Crash::Kill } else { Crash::PowerCut };
        self.disk.come_back(crash);
    }

    /// Time goes on; the wall clock is set forward or back now and then.
    fn pass_time(&mut self) {
        let mut clock = self.clock.lock().expect("no panic holds the clock");
        let passed = self.random.below(3_000_000);
        clock.monotonic += Duration::from_micros(passed as u64);
        let passed = Span(i64::try_from(passed).expect("below 3 s"));
        clock.wall = match self.random.below(20) {
            0 => clock.wall.before(Span::minutes(90)),
            1 => clock.wall.after(Span::days(20)),
            _ => clock.wall.after(passed),
        };
    }
}

/// Decides one command as the writer does, and records what comes of it.
fn command(turn: &mut Turn<'_>, random: &mut Random, sources: &Sources) {
    let at = turn.tick();
    let stamp = Stamp { at, actor: Actor::System, seed: sources.random() };
    let mut ids: Vec<UserId> = Vec::new();
    for name in 0..NAMES {
        ids.extend(turn.draft().holders(&format!("user-{name}")).0);
    }
    let some = (!ids.is_empty()).then(|| ids[random.below(ids.len())]);
    let events = match (random.below(10), some) {
        (0..=2, _) | (_, None) => sign_up(turn, random, &stamp),
        (3, Some(id)) => rename(turn, random, id, &stamp),
        (4, Some(id)) => start_session(id, random, &stamp),
        (5, Some(id)) => decided(turn, id, Command::Lock(Repeat::Write), &stamp),
        (6, Some(id)) => decided(turn, id, Command::Unlock(Repeat::Write), &stamp),
        (7, Some(id)) => decided(turn, id, Command::Delete, &stamp),
        (_, Some(id)) => decided(turn, id, attribute(random), &stamp),
    };
    if !events.is_empty() && turn.fit(&events) == Fit::Now {
        turn.record(&signature(at), events);
    }
}

fn decided(turn: &Turn<'_>, id: UserId, command: Command, stamp: &Stamp) -> Vec<Event> {
    let user = turn.draft().user(id).map(Arc::as_ref);
    let events = user::decide(user, command, stamp).unwrap_or_default();
    events.into_iter().map(|event| Event::User(id, event)).collect()
}

fn sign_up(turn: &Turn<'_>, random: &mut Random, stamp: &Stamp) -> Vec<Event> {
    let name = format!("user-{}", random.below(NAMES));
    if turn.draft().holders(&name).0.is_some() {
        return Vec::new();
    }
    let birth = SignedUp {
        username: Username::parse(&name).expect("a name"),
        email: None,
        password: password(),
        applications: Vec::new(),
        home: OrganizationId(Ulid::nil()),
        approval_needed: false,
        confirmation: ConfirmationCode {
            id: CodeId(stamp.id(1)),
            token: TokenHash(hash(stamp.id(1))),
        },
        totp: TotpSeed(vec![7; 20]),
        mail_owed: false,
    };
    let command = Command::SignUp(Box::new(birth));
    decided(turn, UserId(stamp.id(0)), command, stamp)
}

fn rename(turn: &Turn<'_>, random: &mut Random, id: UserId, stamp: &Stamp) -> Vec<Event> {
    let name = format!("user-{}", random.below(NAMES));
    if turn.draft().holders(&name).0.is_some() {
        return Vec::new();
    }
    let username = Username::parse(&name).ok();
    let amendment = Amendment { username, ..Amendment::default() };
    decided(turn, id, Command::Amend(Box::new(amendment)), stamp)
}

fn start_session(id: UserId, random: &mut Random, stamp: &Stamp) -> Vec<Event> {
    let session = SessionId(stamp.id(2));
    let started = session::Event::Started {
        user: id,
        token: TokenHash(hash(session.0)),
        expires: stamp.at.after(Span::minutes(60)),
        method: session::Method::Password,
        principal: None,
        link: None,
    };
    let mut events = vec![Event::Session(session, started)];
    for _ in 0..random.below(3) {
        events.push(Event::Session(session, changed(random, stamp)));
    }
    if random.chance(3) {
        let reason = session::EndReason::SignedOut;
        events.push(Event::Session(session, session::Event::Ended { reason }));
    }
    events
}

/// What happens to a session that is open.
fn changed(random: &mut Random, stamp: &Stamp) -> session::Event {
    let name = Name::parse(&format!("s{}", random.below(3))).expect("a name");
    let expires = stamp.at.after(Span::minutes(90));
    match random.below(3) {
        0 => session::Event::Renewed { expires },
        1 => session::Event::AttributeRemoved { name },
        _ => {
            let value = Some(format!("\"{}\"", "y".repeat(random.below(6_000))).into());
            session::Event::AttributeSet { name, value, encrypted: false, expires }
        }
    }
}

fn attribute(random: &mut Random) -> Command {
    let name = Name::parse(&format!("a{}", random.below(4))).expect("a name");
    // Some values are long: they fill sectors, and the longest are not held by the views.
    let length = [3, 40, 700, 5_000][random.below(4)];
    Command::SetAttributes {
        items: vec![NewAttribute {
            key: AttributeKey { namespace: Namespace::Zato, name },
            value: Some(format!("\"{}\"", "x".repeat(length)).into()),
            encrypted: false,
            expires: None,
        }],
        mode: SetMode::Put,
    }
}

fn signature(at: Timestamp) -> Signature {
    Signature {
        at,
        actor: Actor::System,
        credential: None,
        command: CommandName::Upkeep,
        dialect: Dialect::Native,
        application: ApplicationNumber::default(),
        origin: Origin::default(),
    }
}

fn hash(id: Ulid) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&id.to_bytes());
    hash
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
