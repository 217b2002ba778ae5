//! sled follows the journal: filled behind the commit, asked first by whoever reads by position, and
//! never needed for an answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use domain::id::{Slot, UserId};
use parking_lot::{Condvar, Mutex};

use crate::journal::{Check, JournalError, JournalReader};
use crate::keyring::{Keyring, Months};
use crate::log::{Health, Log, LogDamage};
use crate::notice::{Notice, Notify};
use crate::open::{Options, SLED};
use crate::sources::Sources;
#[cfg(test)]
use crate::states::Person;
use crate::states::{Kept, state_key};

/// So many facts behind, sled is filled at once.
const BEHIND_FACTS: u64 = 4_096;
/// So long after a commit, sled is filled however few facts it is behind, unless a test is in a hurry.
pub(crate) const BEHIND_TIME: Duration = Duration::from_millis(500);
/// Facts that are put before they are synced: bounds what a crash makes the filler do again.
const SYNC_FACTS: u64 = 65_536;
/// How long the filler waits after sled failed it, before it begins anew.
const AFTER_DAMAGE: Duration = Duration::from_secs(1);
/// How often to look whether a disk that refused sled a write takes them again.
const AGAIN_TIME: Duration = Duration::from_secs(1);
/// States that may wait to be kept; whoever comes then is not kept, and folded again by the next reader.
const STATES_WAITING_MAX: usize = 1_024;
/// Sessions in states that wait: what takes up memory while it does.
const SESSIONS_WAITING_MAX: usize = 65_536;

/// The log by position, and the thread that keeps it filled.
pub struct Follower {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    log: Log,
    journal: JournalReader,
    keyring: Arc<Keyring>,
    sources: Sources,
    notify: Notify,
    lag: Duration,
    wanted: Mutex<Wanted>,
    came: Condvar,
}

#[derive(Default)]
struct Wanted {
    committed: u64,
    states: VecDeque<Kept>,
    stop: bool,
}

/// Opens the log by position; what is wrong with it is told, and is no error.
pub(crate) fn open(options: &Options, store_id: [u8; 16]) -> Log {
    if !options.sled {
        return Log::without("it was not asked for".to_owned());
    }
    let dir = options.dir.join(SLED);
    let (log, notices) = Log::open(&dir, store_id, stamp(&options.sources));
    for notice in notices {
        (options.notify)(&Notice::Sled(notice));
    }
    log
}

impl Follower {
    /// Begins to follow.
    pub(crate) fn start(
        log: Log,
        journal: JournalReader,
        keyring: Arc<Keyring>,
        options: &Options,
    ) -> std::io::Result<Self> {
        let wanted = Wanted { committed: journal.head().position, ..Wanted::default() };
        // Where there is no sled there never will be one.
        let is_there = !matches!(log.health(), Health::Without(_));
        let shared = Arc::new(Shared {
            log,
            journal,
            keyring,
            sources: options.sources.clone(),
            notify: Arc::clone(&options.notify),
            lag: options.sled_lag,
            wanted: Mutex::new(wanted),
            came: Condvar::new(),
        });
        let thread = if is_there {
            let following = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name("sled-filler".to_owned());
            Some(thread.spawn(move || following.follow())?)
        } else {
            None
        };
        Ok(Self { shared, thread: Mutex::new(thread) })
    }

    /// Told after each commit.
    pub(crate) fn committed(&self, position: u64) {
        let mut wanted = self.shared.wanted.lock();
        wanted.committed = position;
        drop(wanted);
        self.shared.came.notify_one();
    }

    /// Takes states to be kept, as far as there is room: they are a cache.
    pub(crate) fn keep(&self, states: Vec<Kept>) {
        if states.is_empty() || self.shared.log.filled().is_none() {
            return;
        }
        let mut wanted = self.shared.wanted.lock();
        let mut sessions: usize = wanted.states.iter().map(|of| of.person.sessions.len()).sum();
        for state in states {
            sessions += state.person.sessions.len();
            if wanted.states.len() >= STATES_WAITING_MAX || sessions > SESSIONS_WAITING_MAX {
                break;
            }
            wanted.states.push_back(state);
        }
        drop(wanted);
        self.shared.came.notify_one();
    }

    /// The state that is kept of a person after so many facts, if there is one that can be read.
    pub(crate) fn kept(&self, whose: (UserId, Slot), count: u32) -> Option<Kept> {
        self.shared.kept(whose, count)
    }

    /// Keys of states that are kept, at most so many, evenly spread.
    pub(crate) fn state_keys(&self, count: usize) -> Vec<Vec<u8>> {
        self.shared.log.state_keys(count).unwrap_or_else(|damage| {
            self.shared.give_up(&damage);
            Vec::new()
        })
    }

    /// Sets sled aside, because what it answers is not what it was told.
    pub(crate) fn distrust(&self, why: String) {
        self.shared.log.distrust(why);
        self.shared.set_aside();
    }

    /// Puts a state that no facts made, in place of the right one.
    #[cfg(test)]
    pub(crate) fn put_wrong_state(&self, count: u32, last: domain::id::Position, person: &Person) {
        let kept = Kept { count, last, person: person.clone() };
        let keys = self.shared.keyring.view(Months::default());
        let sealed = kept.seal(&keys, self.shared.sources.fill.as_ref()).expect("it can be kept");
        let (id, _) = kept.place().expect("it is of somebody");
        self.shared.log.put_state(&state_key(id, count), &sealed).expect("sled takes it");
    }

    /// Up to where sled answers; 0 if it knows nothing.
    pub fn filled(&self) -> u64 {
        self.shared.log.filled().unwrap_or(0)
    }

    /// The records at these positions, which rise: from sled as far as it is filled, from the
    /// journal beyond, and from the journal alone where sled fails.
    pub(crate) fn read(
        &self,
        positions: &[u64],
        each: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<(), JournalError> {
        let filled = self.filled();
        let (in_sled, beyond) =
            positions.split_at(positions.partition_point(|position| *position <= filled));
        let mut found = Vec::with_capacity(in_sled.len());
        match self.shared.log.read(in_sled, &mut |at, record| found.push((at, record.to_vec()))) {
            Ok(()) => {
                for (position, record) in found {
                    each(position, &record);
                }
                self.read_journal(beyond, each)
            }
            Err(damage) => {
                self.shared.give_up(&damage);
                self.read_journal(positions, each)
            }
        }
    }

    /// Compares sled with the journal, and returns up to where and what differs.
    pub(crate) fn verify(&self) -> Result<(u64, Vec<String>), JournalError> {
        let log = &self.shared.log;
        let filled = self.filled();
        let mut findings = Vec::new();
        let compared = || -> Result<(), Compared> {
            self.shared.journal.scan(1, filled, Check::Checksums, |frame| {
                let (first, last) = (frame.header.first_position, frame.header.last_position());
                if last > filled {
                    return Ok(());
                }
                let held = log.records(first, last)?;
                let same = held.iter().map(|(at, record)| (*at, record.as_slice()));
                let header = log.frame(first)?;
                if same.eq(frame.records()) && header.as_deref() == Some(&frame.header.encode()) {
                    return Ok(());
                }
                Err(Compared::Differs(first))
            })?;
            Ok(())
        };
        match compared() {
            Ok(()) | Err(Compared::Stopped) => {}
            Err(Compared::Journal(error)) => return Err(error),
            Err(Compared::Sled(damage)) => {
                findings.push(damage.to_string());
                self.shared.give_up(&damage);
            }
            Err(Compared::Differs(position)) => {
                let what = format!("sled differs from the journal at or after position {position}");
                self.distrust(what.clone());
                findings.push(what);
            }
        }
        Ok((filled, findings))
    }

    /// Fills what is left, syncs it, and lets go of sled.
    pub(crate) fn close(&self) {
        self.shared.wanted.lock().stop = true;
        self.shared.came.notify_one();
        if let Some(thread) = self.thread.lock().take() {
            // A panic of the filler was told by the panic hook; the journal has every fact.
            drop(thread.join());
        }
        // Likewise whatever sled has to say now.
        drop(self.shared.log.close());
    }

    fn read_journal(
        &self,
        positions: &[u64],
        each: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<(), JournalError> {
        // Neighbours are read in one go.
        for run in positions.chunk_by(|position, next| position + 1 == *next) {
            self.shared.journal.each_record(run[0], run[run.len() - 1], |position, record| {
                each(position, record);
                Ok::<(), JournalError>(())
            })?;
        }
        Ok(())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn follow(&self) {
        loop {
            let stop = self.wait();
            if !stop {
                self.begin_again();
            }
            if let Err(why) = self.fill().and_then(|()| Ok(self.put_states()?)) {
                // Where the journal cannot be read, whoever needs the fact will hear of it.
                if let Compared::Sled(damage) = why {
                    self.give_up(&damage);
                }
                self.rest();
            }
            if stop {
                return;
            }
        }
    }

    /// Waits until there is something worth filling, or nobody will come any more.
    fn wait(&self) -> bool {
        let behind = |wanted: &Wanted| {
            // Where there is no sled, there is nothing to fill.
            self.log.filled().map_or(0, |filled| wanted.committed.saturating_sub(filled))
        };
        let mut wanted = self.wanted.lock();
        while !wanted.stop && behind(&wanted) == 0 && wanted.states.is_empty() {
            if self.log.is_waiting() {
                // Whether time passed or somebody called does not matter.
                self.came.wait_for(&mut wanted, AGAIN_TIME);
                return wanted.stop;
            }
            self.came.wait(&mut wanted);
        }
        // A little later there will be more, and one sync does for all of it.
        while !wanted.stop && behind(&wanted) < BEHIND_FACTS {
            if self.came.wait_for(&mut wanted, self.lag).timed_out() {
                break;
            }
        }
        wanted.stop
    }

    fn rest(&self) {
        let mut wanted = self.wanted.lock();
        if !wanted.stop {
            // Whether time passed or somebody called does not matter.
            self.came.wait_for(&mut wanted, AFTER_DAMAGE);
        }
    }

    fn fill(&self) -> Result<(), Compared> {
        let mut filler = match self.log.filler() {
            Ok(filler) => filler,
            Err(damage) if damage.is_damage() => return Err(damage.into()),
            Err(_) => return Ok(()),
        };
        let from = filler.next();
        let mut synced = from;
        self.journal.scan(from, u64::MAX, Check::Checksums, |frame| {
            filler.frame(&frame.header.encode())?;
            for (_, record) in frame.records() {
                filler.record(record)?;
            }
            if filler.next() - synced >= SYNC_FACTS {
                filler.sync()?;
                synced = filler.next();
                // The rest can wait for the next start; who stops the process may not.
                if self.wanted.lock().stop {
                    return Err(Compared::Stopped);
                }
            }
            Ok::<(), Compared>(())
        })?;
        if filler.next() > synced {
            filler.sync()?;
        }
        Ok(())
    }

    /// Puts the states that wait, sealed; what is kept already stays as it is.
    fn put_states(&self) -> Result<(), LogDamage> {
        loop {
            let Some(state) = self.wanted.lock().states.pop_front() else { return Ok(()) };
            let Some(whose) = state.place() else { continue };
            if self.kept(whose, state.count).is_some_and(|kept| kept.last == state.last) {
                continue;
            }
            let sealed = {
                let keys = self.keyring.view(Months::default());
                state.seal(&keys, self.sources.fill.as_ref())
            };
            let Some(sealed) = sealed else { continue };
            match self.log.put_state(&state_key(whose.0, state.count), &sealed) {
                Err(damage) if damage.is_damage() => return Err(damage),
                // Where there is no sled, nothing is kept.
                Ok(()) | Err(_) => {}
            }
        }
    }

    fn kept(&self, (id, slot): (UserId, Slot), count: u32) -> Option<Kept> {
        let sealed = match self.log.state(&state_key(id, count)) {
            Ok(sealed) => sealed?,
            Err(damage) => {
                self.give_up(&damage);
                return None;
            }
        };
        Kept::open((id, slot), count, &sealed, &self.keyring.view(Months::default()))
    }

    /// Sled failed somebody: if it is damaged it is set aside, and will be filled anew.
    fn give_up(&self, damage: &LogDamage) {
        if damage.is_damage() {
            self.set_aside();
        }
    }

    /// Takes sled up again if the disk refused something and takes writes again.
    fn begin_again(&self) {
        for notice in self.log.begin_again(stamp(&self.sources)) {
            (self.notify)(&Notice::Sled(notice));
        }
    }

    fn set_aside(&self) {
        for notice in self.log.set_aside(stamp(&self.sources)) {
            (self.notify)(&Notice::Sled(notice));
        }
        // Under the lock, so that the filler either sees it or is waiting.
        let _wanted = self.wanted.lock();
        self.came.notify_one();
    }
}

fn stamp(sources: &Sources) -> u64 {
    (sources.now)().wall.unix_secs()
}

/// What ended a walk over journal and sled.
enum Compared {
    Journal(JournalError),
    Sled(LogDamage),
    Differs(u64),
    Stopped,
}

impl From<JournalError> for Compared {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<LogDamage> for Compared {
    fn from(damage: LogDamage) -> Self {
        Self::Sled(damage)
    }
}
