//! Putting a damaged store together again from what is left: frames from the journal, from sled where
//! the journal has none, and the file `store` from what the segments say.
//!
//! Looking changes nothing. What is put together is written beside the damaged journal, which is kept
//! under another name.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::StoreError;
use crate::identity::{self, Found, Identity};
use crate::journal::disk::{Disk, DiskLock};
use crate::journal::{
    self, End, Head, JournalError, JournalReader, Rewrite, SoundFrame, StoreId, Wreck,
};
use crate::keyring;
use crate::log::{self, Salvage};
use crate::open::{FORMAT, JOURNAL, Options, SLED, lock};
use crate::tree::Peaks;

/// What a damaged journal is called when another has taken its place; the time in seconds follows.
pub const BROKEN_PREFIX: &str = "journal.broken-";
/// Where the journal is put together.
const NEW_JOURNAL: &str = "journal.new";

/// Where facts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The journal's own segments.
    Journal,
    /// The log by position.
    Sled,
}

/// Facts that follow each other and come from one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first position.
    pub from: u64,
    /// The last position.
    pub to: u64,
    /// Where they come from.
    pub source: Source,
}

/// Facts that nothing that is left can give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The first position that is lost.
    pub from: u64,
    /// How many later facts can still be read; they follow from what is lost, so they go with it.
    pub unplaced: u64,
    /// The last position of those; 0 if there are none.
    pub to: u64,
}

/// What was found, and what can be made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is wrong; nothing, if all is well.
    pub findings: Vec<String>,
    /// What will be kept, in order.
    pub kept: Vec<Stretch>,
    /// What will be lost.
    pub lost: Option<Loss>,
}

impl Plan {
    /// The last position that will be there.
    pub fn last(&self) -> u64 {
        self.kept.last().map_or(0, |stretch| stretch.to)
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The last fact of the store now.
    pub head: Head,
    /// The epoch from now on; one more than before if facts were lost.
    pub epoch: u32,
    /// What was put away, under its new name.
    pub put_away: Vec<PathBuf>,
}

/// A store that was looked at. It is locked meanwhile.
pub struct Recovery {
    options: Options,
    whose: Identity,
    /// Whether the file `store` says so.
    identity_is_sound: bool,
    /// Where the damaged segments are: not in their place if an earlier recovery broke off.
    from: PathBuf,
    wreck: Wreck,
    salvage: Option<Salvage>,
    plan: Plan,
    /// Where the planned log ends.
    head: Head,
    is_journal_sound: bool,
    _lock: DiskLock,
}

impl Recovery {
    /// Looks at the store in the directory that `options` name, and makes a plan. Nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::NotInitialised`], [`StoreError::InUse`]; [`StoreError::Damaged`] where not even
    /// whose facts these are can be told.
    pub fn look(options: &Options) -> Result<Self, StoreError> {
        let Options { disk, dir, .. } = options;
        let from = segments(disk.as_ref(), dir)?;
        let found = identity::read(disk.as_ref(), dir)?;
        let stated = owner(disk.as_ref(), dir, &from, found)?;
        let lock = lock(disk.as_ref(), dir)?;
        let wreck = Wreck::survey(Arc::clone(disk), &from, StoreId(stated.store_id))?;
        let whose = Identity { epoch: stated.epoch.max(wreck.epoch_max()), ..stated };
        let (salvage, sled_says) = match Salvage::open(&dir.join(SLED), stated.store_id) {
            Ok(salvage) => (Some(salvage), None),
            Err(damage) => (None, Some(damage.to_string())),
        };
        let mut recovery = Self {
            options: options.clone(),
            whose,
            identity_is_sound: found == Found::Identity(whose),
            from,
            wreck,
            salvage,
            plan: Plan { findings: Vec::new(), kept: Vec::new(), lost: None },
            head: Head { position: 0, root: Peaks::empty().root() },
            is_journal_sound: false,
            _lock: lock,
        };
        recovery.make_plan(found, sled_says)?;
        Ok(recovery)
    }

    /// What was found, and what can be made of it.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Does as planned. With a loss, which must be accepted, a new epoch begins: what proofs say
    /// about the positions beyond it is void.
    ///
    /// # Errors
    /// [`StoreError::WouldLose`] if a loss is not accepted, and then nothing was changed. After any
    /// other error the command may be given again.
    pub fn apply(self, accept_loss: bool) -> Result<Recovered, StoreError> {
        if let Some(lost) = self.plan.lost.filter(|_| !accept_loss) {
            return Err(StoreError::WouldLose { from: lost.from });
        }
        if !self.is_journal_sound {
            self.rewrite()?;
        }
        // From here on, whatever breaks off is finished by the same command. sled is let go of before
        // it is put away; the lock is held to the end.
        let Self { options, mut whose, from, salvage, plan, head, _lock, .. } = self;
        drop(salvage);
        let (disk, dir) = (&options.disk, &options.dir);
        whose.epoch += u32::from(plan.lost.is_some());
        if !self.identity_is_sound || plan.lost.is_some() {
            identity::write(disk.as_ref(), dir, &whose)?;
        }
        let stamp = (options.sources.now)().wall.unix_secs();
        let mut recovered = Recovered { head, epoch: whose.epoch, put_away: Vec::new() };
        if plan.lost.is_some() && exists(disk.as_ref(), dir, SLED)? {
            let why = "it goes beyond what was recovered";
            recovered.put_away.extend(log::put_away(&dir.join(SLED), stamp, why)?);
        }
        if !self.is_journal_sound {
            let place = dir.join(JOURNAL);
            if from == place && exists(disk.as_ref(), dir, JOURNAL)? {
                let broken = dir.join(format!("{BROKEN_PREFIX}{stamp}"));
                disk.rename(&place, &broken)?;
                recovered.put_away.push(broken);
            }
            disk.rename(&dir.join(NEW_JOURNAL), &place)?;
            disk.sync_dir(dir)?;
        }
        Ok(recovered)
    }

    fn make_plan(&mut self, found: Found, sled_says: Option<String>) -> Result<(), StoreError> {
        match found {
            _ if self.identity_is_sound => {}
            Found::Nothing => self.find("the file `store` is missing"),
            Found::Damaged => self.find("the file `store` is not what was written"),
            Found::Identity(_) => self.find("the file `store` is older than the journal"),
        }
        let in_sled = self.sled_reach();
        let damage = self.check(in_sled)?;
        let mut kept: Vec<Stretch> = Vec::new();
        let mut last_first = 0;
        let head = self.each_frame(|frame, source| {
            let (from, to) = (frame.header.first_position, frame.header.last_position());
            last_first = from;
            match kept.last_mut() {
                Some(stretch) if stretch.source == source => stretch.to = to,
                _ => kept.push(Stretch { from, to, source }),
            }
            Ok(())
        })?;
        (self.plan.kept, self.head) = (kept, head);
        let Some((what, position)) = damage else {
            self.is_journal_sound = true;
            return Ok(());
        };
        self.find(&what);
        self.plan.findings.extend(sled_says.map(|why| format!("sled cannot help: {why}")));
        let next = head.position + 1;
        let (unplaced, to) = self.wreck.beyond(next);
        // Sled and the segments' headers tell of facts that may be left nowhere.
        let reach = in_sled.max(self.wreck.before_newest());
        let ends_in_sled = self.plan.kept.last().is_some_and(|last| last.source == Source::Sled);
        let untold = self.wreck.lacks_newest() && !ends_in_sled;
        if next <= position || unplaced > 0 || reach >= next || untold {
            self.plan.lost = Some(Loss { from: next, unplaced, to: to.max(reach) });
            self.doubt(last_first);
        }
        Ok(())
    }

    /// Says of the frame at `first`, the last that is kept, if nothing tells whether it was answered as
    /// done.
    fn doubt(&mut self, first: u64) {
        let in_sled = self.salvage.as_ref().is_some_and(|salvage| salvage.frame(first).is_some());
        if !in_sled && self.wreck.may_be_dead(first) {
            self.find(&format!(
                "what is kept from position {first} on may have been answered as \"not done\", and an \
                 erasure in it takes effect all the same: only the segment that is missing after it said \
                 whether it was"
            ));
        }
    }

    fn find(&mut self, what: &str) {
        self.plan.findings.push(what.to_owned());
    }

    /// What is wrong with the journal, and the position at which it was noticed; sled goes up to
    /// `in_sled`.
    fn check(&self, in_sled: u64) -> Result<Option<(String, u64)>, StoreError> {
        let disk = Arc::clone(&self.options.disk);
        let whose =
            journal::Identity { store: StoreId(self.whose.store_id), epoch: self.whose.epoch };
        let filled = self.salvage.as_ref().map(|_| in_sled);
        let checked = JournalReader::open(disk, &self.from, whose, self.options.journal, filled)
            .and_then(|opened| {
                let (reader, _): (JournalReader, End) = opened;
                reader.verify(|_| Ok::<(), JournalError>(()))
            });
        let in_place = self.from == self.options.dir.join(JOURNAL);
        match checked {
            Ok(_) if in_place => Ok(None),
            Ok(_) => Ok(Some(("an earlier recovery broke off".to_owned(), 0))),
            Err(JournalError::Damage(damage)) => {
                // The position of padding is that of a frame whose facts are all there; where a
                // spare is damaged there is no fact.
                let is_spare = damage.reason == journal::Reason::SpareHeader;
                let position = if is_spare { 0 } else { damage.position };
                Ok(Some((damage.to_string(), position)))
            }
            Err(error @ JournalError::Missing { .. }) => Ok(Some((error.to_string(), 1))),
            Err(error) => Err(error.into()),
        }
    }

    /// The last position of the last whole frame in sled; 0 if it has none.
    fn sled_reach(&self) -> u64 {
        let Some(salvage) = &self.salvage else { return 0 };
        let mut firsts = salvage.firsts();
        while let Some(first) = firsts.pop_last() {
            if let Some(frame) = salvage.frame(first) {
                return frame.header.last_position();
            }
        }
        0
    }

    /// Visits the frames that make up the longest log that what is left can give, in order.
    fn each_frame(
        &self,
        mut visit: impl FnMut(&SoundFrame, Source) -> io::Result<()>,
    ) -> io::Result<Head> {
        let mut tree = Peaks::empty();
        loop {
            let head = Head { position: tree.count(), root: tree.root() };
            let Some((frame, source)) = self.next_frame(&head)? else { return Ok(head) };
            frame.grow(&mut tree);
            visit(&frame, source)?;
        }
    }

    /// The frame that comes next. What sled holds was committed; a frame in the journal that sled holds
    /// otherwise was not: its segment was given up before, or it was forged.
    fn next_frame(&self, head: &Head) -> io::Result<Option<(SoundFrame, Source)>> {
        let first = head.position + 1;
        let mut in_journal = self.wreck.frames_at(first)?;
        in_journal.retain(|frame| frame.follows(head));
        let in_sled = self.salvage.as_ref().and_then(|salvage| salvage.frame(first));
        let in_sled = in_sled.filter(|frame| frame.follows(head));
        Ok(match in_sled {
            Some(frame) if !in_journal.contains(&frame) => Some((frame, Source::Sled)),
            Some(frame) => Some((frame, Source::Journal)),
            None => in_journal.into_iter().next().map(|frame| (frame, Source::Journal)),
        })
    }

    fn rewrite(&self) -> Result<(), StoreError> {
        if self.head.position == 0 {
            let what = "neither the journal nor sled holds a fact; restore a backup".to_owned();
            return Err(StoreError::Damaged { what });
        }
        let Options { disk, dir, journal, .. } = &self.options;
        let place = dir.join(NEW_JOURNAL);
        let mut rewrite = Rewrite::begin(Arc::clone(disk), &place, journal.segment_bytes)?;
        self.each_frame(|frame, _| rewrite.push(frame))?;
        let written = rewrite.finish()?;
        assert_eq!(written, self.head, "what was planned was written");
        Ok(())
    }
}

/// Where the segments are: in their place, or, if an earlier recovery broke off, put away last.
fn segments(disk: &dyn Disk, dir: &Path) -> Result<PathBuf, StoreError> {
    let names = match disk.list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::NotInitialised { dir: dir.to_owned() });
        }
        names => names?,
    };
    let stamp = |name: &String| name.strip_prefix(BROKEN_PREFIX)?.parse::<u64>().ok();
    let newest = names.iter().filter_map(stamp).max();
    Ok(match newest.filter(|_| !names.iter().any(|name| name == JOURNAL)) {
        Some(stamp) => dir.join(format!("{BROKEN_PREFIX}{stamp}")),
        None => dir.join(JOURNAL),
    })
}

/// Whose facts these are: as the file `store` says, else as the segments do, else the keyring.
fn owner(
    disk: &dyn Disk,
    dir: &Path,
    segments: &Path,
    found: Found,
) -> Result<Identity, StoreError> {
    match found {
        Found::Identity(identity) if identity.format != FORMAT => {
            return Err(StoreError::UnknownFormat { format: identity.format.into() });
        }
        Found::Identity(identity) => return Ok(identity),
        Found::Nothing | Found::Damaged => {}
    }
    let owners = journal::owners(disk, segments)?;
    let in_keyring = keyring::owner(disk, dir)?;
    let agree = owners.iter().all(|owner| in_keyring.is_none_or(|id| id == owner.store.0));
    match (&owners[..], in_keyring) {
        ([owner], _) if agree => {
            Ok(Identity { store_id: owner.store.0, format: FORMAT, epoch: owner.epoch })
        }
        ([], Some(store_id)) => Ok(Identity { store_id, format: FORMAT, epoch: 1 }),
        ([], None) if found == Found::Nothing => {
            Err(StoreError::NotInitialised { dir: dir.to_owned() })
        }
        _ => {
            let what = "the segments and the keyring do not say of one store that they are its own";
            Err(StoreError::Damaged { what: what.to_owned() })
        }
    }
}

fn exists(disk: &dyn Disk, dir: &Path, name: &str) -> io::Result<bool> {
    Ok(disk.list(dir)?.iter().any(|there| there == name))
}
