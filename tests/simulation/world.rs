//! One seed: a store is made, written by many callers, stopped at some operation or other, damaged,
//! opened again, and held to everything it ever acknowledged.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::actor::{Actor, Stamp};
use domain::bootstrap::{self, FirstStart};
use domain::fact::{CommandName, Fact};
use domain::secret::{PasswordHash, TokenHash, TotpSeed};
use domain::text::{Name, Username};
use domain::time::{Span, Timestamp};
use domain::user::state::NewPassword;
use service::{Service, Turns, tokens};
use store::journal::Settings;
use store::notice::Notice;
use store::{Options, Reading, Sources, Store, StoreError, keyring};

use crate::answers::Asking;
use crate::callers::Wallet;
use crate::checks::hold;
use crate::disk::{Crash, Fault, SimDisk};
use crate::limits::{Limits, number};
use crate::random::Random;
use crate::runs::say;
use crate::sled::Sled;
use crate::tally::Tally;
use crate::truth::Truth;

/// Small segments, so that there are many.
const SEGMENT_BYTES: u64 = 24 << 10;
/// Keys ahead at the first start, which uses some, and from then on: few, so that they run out.
const SLOTS_AT_FIRST: u32 = 12;
const SLOTS_AHEAD: [u32; 3] = [4, 6, 24];
/// Set where a seed that is replayed says what happens in it.
const TELL: &str = "MUSTER_SIM_TELL";

pub struct World {
    pub random: Random,
    pub limits: Limits,
    pub disk: SimDisk,
    pub sled: Option<Sled>,
    pub truth: Truth,
    pub wallet: Wallet,
    pub tally: Tally,
    /// How many lives came before this one.
    pub lives: usize,
    /// The last position that somebody was told of.
    pub promised: u64,
    /// What was asked in turns that may or may not have happened; `None` if there is no such turn.
    pub unknown: Option<Vec<CommandName>>,
    /// Whether the disk may fail in this life.
    pub faulty: bool,
    /// What files held at some earlier start.
    pub older: BTreeMap<PathBuf, Vec<u8>>,
    /// What was sealed under a key with a nonce.
    pub nonces: HashMap<(u32, [u8; 12]), [u8; 16]>,
    pub notices: Arc<Mutex<Vec<Notice>>>,
    slots_ahead: u32,
    /// How many bytes of values may still be in a batch.
    pub room: usize,
    /// Whether it says what happens.
    tells: bool,
    dir: PathBuf,
    sources: Sources,
    clock: Arc<Mutex<Reading>>,
}

/// A store that serves.
pub struct Serving {
    pub store: Arc<Store>,
    pub turns: Turns,
    pub service: Service,
}

impl World {
    pub fn new(seed: u64, limits: Limits) -> Self {
        let mut random = Random::new(seed);
        let disk = SimDisk::new(random.fork());
        let start = Timestamp(1_795_478_400_000_000);
        let clock = Arc::new(Mutex::new(Reading { wall: start, monotonic: Duration::ZERO }));
        let (reading, chance) = (Arc::clone(&clock), Mutex::new(random.fork()));
        let sources = Sources {
            now: Arc::new(move || *reading.lock().expect("no panic holds the clock")),
            fill: Arc::new(move |bytes| {
                chance.lock().expect("no panic holds the chance").fill(bytes);
            }),
        };
        let beside = limits.has_sled(seed).then(|| Sled::new(seed));
        let dir = beside.as_ref().map_or_else(|| PathBuf::from("data"), Sled::data_dir);
        Self {
            random,
            limits,
            disk,
            sled: beside,
            truth: Truth::default(),
            wallet: Wallet::default(),
            tally: Tally { seeds: 1, ..Tally::default() },
            lives: 0,
            promised: 0,
            unknown: None,
            faulty: false,
            older: BTreeMap::new(),
            nonces: HashMap::new(),
            notices: Arc::default(),
            slots_ahead: SLOTS_AT_FIRST,
            room: 0,
            tells: number(TELL).is_some(),
            dir,
            sources,
            clock,
        }
    }

    /// From the first start to the last crash.
    pub fn live(&mut self) {
        self.begin();
        while self.lives < self.limits.lives {
            self.life();
            self.lives += 1;
        }
    }

    /// Says what happens, where somebody replays it.
    pub fn tell(&self, what: impl FnOnce() -> String) {
        if self.tells {
            say(&format!("life {}: {}", self.lives, what()));
        }
    }

    pub fn now(&self) -> Timestamp {
        (self.sources.now)().wall
    }

    pub fn options(&self) -> Options {
        let journal = Settings { segment_bytes: SEGMENT_BYTES, spare_on_thread: false };
        let notices = Arc::clone(&self.notices);
        Options {
            disk: Arc::new(self.disk.clone()),
            journal,
            keyring: keyring::Settings { ahead: self.slots_ahead, on_thread: false },
            sled: self.sled.is_some(),
            sled_lag: Duration::from_micros(self.sled.as_ref().map_or(0, |sled| sled.lag_us)),
            accept_clock: true,
            notify: Arc::new(move |notice| {
                notices.lock().expect("no panic holds the notices").push(notice.clone());
            }),
            ..Options::new(&self.dir, &self.sources)
        }
    }

    /// The first start, over and over until one comes through.
    fn begin(&mut self) {
        let mut random = [0; tokens::PAT_RANDOM_BYTES];
        self.random.fill(&mut random);
        let pat = tokens::new_pat(random);
        self.wallet.pats.push(pat.clone());
        loop {
            let at = 1 + self.random.below(60) as u64;
            let lucky = !self.limits.faults || self.random.chance(2);
            self.disk.arrange(|now| if lucky { Fault::None } else { Fault::Stop(now + at) });
            let stamp = Stamp { at: self.now(), actor: Actor::System, seed: self.sources.random() };
            let facts = (bootstrap::decide(first_start(&pat), &stamp), stamp.at);
            let mut shown = false;
            let made = store::create(&self.options(), facts, || {
                shown = true;
                Ok(())
            });
            match made {
                Ok(()) => {
                    hold!(Answers, shown, "who has a store was told how to log in");
                    return;
                }
                // Nobody was told that there is a store, but perhaps there is one.
                Err(StoreError::AlreadyInitialised { .. }) => return,
                Err(error) => {
                    hold!(Opens, !lucky, "nothing went wrong, and yet: {error}");
                    self.crash();
                }
            }
        }
    }

    fn life(&mut self) {
        self.pass_time();
        self.slots_ahead = SLOTS_AHEAD[self.random.below(SLOTS_AHEAD.len())];
        let Some(mut serving) = self.start() else { return };
        // A store that nobody wrote to yet is begun anew, if it has to be.
        let bootstrapped = |fact: &Fact| fact.head.command == CommandName::Bootstrap;
        let is_used = !self.truth.facts.iter().all(bootstrapped);
        if self.limits.damage && is_used && self.random.chance(3) {
            drop(serving);
            self.damaged();
            let Some(again) = self.start() else { return };
            serving = again;
        }
        self.arrange();
        for _ in 0..=self.random.below(self.limits.turns) {
            self.pass_time();
            self.serve(&mut serving);
            if self.disk.is_dead() {
                break;
            }
            self.sled_while_serving();
        }
        if !self.disk.is_dead() {
            self.looked_through(&serving);
        }
        drop(serving);
        self.crash();
        self.sled_while_stopped();
    }

    /// What goes wrong in this life, and when.
    fn arrange(&mut self) {
        let at = 4 + self.random.below(60) as u64;
        let long = 1 + self.random.below(6) as u64;
        let which = if self.limits.faults { self.random.below(6) } else { 0 };
        self.faulty = which > 0;
        let fault = |now| match which {
            0 => Fault::None,
            1 => Fault::Full(now + at, long),
            2 => Fault::Fail(now + at),
            _ => Fault::Stop(now + at),
        };
        self.disk.arrange(fault);
        self.tell(|| format!("from now on: {:?}", fault(0)));
    }

    /// Opens the store, which may be stopped by a crash of its own, and holds it to the truth.
    fn start(&mut self) -> Option<Serving> {
        let at = 1 + self.random.below(12) as u64;
        let stops = self.limits.faults && self.random.chance(4);
        self.disk.arrange(|now| if stops { Fault::Stop(now + at) } else { Fault::None });
        self.notices.lock().expect("no panic holds the notices").clear();
        self.tell(|| format!("a start{}", if stops { " that may be stopped" } else { "" }));
        match Store::open(&self.options()) {
            Ok((store, writer)) if !self.disk.is_dead() => {
                self.disk.arrange(|_| Fault::None);
                let turns = Turns::new(Arc::clone(&store), writer);
                let service = Service::reading(Arc::clone(&store), service::Settings::default());
                let serving = Serving { store, turns, service };
                self.opened(&serving);
                Some(serving)
            }
            // It stopped while the store made its next segment: not a reason not to open.
            Ok(opened) => {
                drop(opened);
                self.crash();
                None
            }
            Err(error) => {
                hold!(Opens, self.disk.is_dead(), "what was acknowledged does not open: {error}");
                self.crash();
                None
            }
        }
    }

    /// Several commands that wait together, in as many turns as they take.
    fn serve(&mut self, serving: &mut Serving) {
        let batch = self.batch(&serving.service);
        self.tally.commands += batch.len() as u64;
        let (mut jobs, mut asking): (VecDeque<_>, VecDeque<_>) =
            batch.into_iter().map(Asking::begin).unzip();
        self.tell(|| {
            let names: Vec<_> = asking.iter().map(Asking::name).collect();
            format!("asked for {names:?} after position {}", self.truth.last())
        });
        while let Some(first) = jobs.pop_front() {
            let left = serving.turns.turn(first, || jobs.pop_front());
            jobs.extend(left);
            self.answered(serving, &mut asking);
        }
        hold!(Answered, asking.is_empty(), "{} commands without an answer", asking.len());
    }

    pub fn crash(&mut self) {
        self.tally.crashes += 1;
        let crash = if self.random.chance(3) { Crash::Kill } else { Crash::PowerCut };
        self.disk.come_back(crash);
        self.tell(|| format!("{crash:?}"));
    }

    /// Time goes on; the wall clock is set forward or back now and then.
    fn pass_time(&mut self) {
        let mut clock = self.clock.lock().expect("no panic holds the clock");
        let passed = self.random.below(3_000_000);
        clock.monotonic += Duration::from_micros(passed as u64);
        let passed = Span(i64::try_from(passed).expect("below 3 s"));
        clock.wall = match self.random.below(40) {
            0 => clock.wall.before(Span::minutes(90)),
            1 => clock.wall.after(Span::days(20)),
            _ => clock.wall.after(passed),
        };
    }
}

fn first_start(pat: &str) -> FirstStart {
    FirstStart {
        organization: Name::parse("Default").expect("a name"),
        super_user: Username::parse("admin").expect("a name"),
        password: NewPassword {
            hash: PasswordHash("$argon2id$first".into()),
            expires: Timestamp::NEVER,
        },
        totp: TotpSeed(vec![2; 20]),
        machine: Username::parse("muster-admin").expect("a name"),
        token: TokenHash(tokens::hash_of(pat)),
    }
}
