//! A turn: commands decided one after the other against a draft, their facts committed in one frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::actor::{Actor, ApplicationNumber, Credential, Dialect, Origin};
use domain::fact::{CommandName, Event, Fact, Head, Part};
use domain::id::{Position, Slot, UserId};
use domain::system;
use domain::time::{Month, Timestamp};
use domain::user;
use parking_lot::{RwLockUpgradableReadGuard, RwLockWriteGuard};
use thiserror::Error;

use crate::clock::Clock;
use crate::error::StoreError;
use crate::journal::{AppendError, FRAME_BODY_BYTES_MAX, FRAME_FACTS_MAX, FrameBuilder, Journal};
use crate::keyring::{KeyView, Months};
use crate::open::Store;
use crate::planted::{self, Planted};
use crate::rebuild::Rebuilt;
use crate::record;
use crate::schema;
use crate::sources::Sources;
use crate::views::{Changes, Draft, UserRow, Views, apply};

/// Most facts of one command.
pub const COMMAND_FACTS_MAX: usize = 1_000;
/// Most payload bytes of one command.
pub const COMMAND_BYTES_MAX: usize = 4 << 20;
/// Room for what a record has beside its payload: its head, two seals, and an origin within its limit.
const RECORD_OVERHEAD_BYTES: usize = 8 << 10;
/// Most payload bytes of one fact.
const FACT_BYTES_MAX: usize = record::RECORD_BYTES_MAX - RECORD_OVERHEAD_BYTES;

/// Who did it, as the heads of a command's facts say it.
#[derive(Clone, Debug)]
pub struct Signature {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// Proved with what.
    pub credential: Option<Credential>,
    /// What was asked.
    pub command: CommandName,
    /// In which language.
    pub dialect: Dialect,
    /// Through which application.
    pub application: ApplicationNumber,
    /// From where.
    pub origin: Origin,
}

impl Signature {
    /// What the store does by itself.
    pub(crate) fn of_system(at: Timestamp, command: CommandName) -> Self {
        Self {
            at,
            actor: Actor::System,
            credential: None,
            command,
            dialect: Dialect::Native,
            application: ApplicationNumber::default(),
            origin: Origin::default(),
        }
    }
}

/// Why a turn's facts are not committed. Neither is tried again.
#[derive(Debug, Error)]
pub enum CommitError {
    /// They did not happen.
    #[error("not done: {0}")]
    NotDone(#[source] std::io::Error),
    /// Nobody knows before the next start.
    #[error("outcome unknown: {0}")]
    OutcomeUnknown(#[source] std::io::Error),
}

/// Whether facts fit into a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// They do.
    Now,
    /// They do not any more: the next turn has room.
    NextTurn,
    /// They are more than one command may write.
    Never,
    /// The keys for births are used up, and no new ones could be written yet.
    NoKeys,
}

/// Facts decided so far, visible to later commands of the turn and to nobody else.
pub struct Turn<'v> {
    draft: Draft<'v>,
    frame: FrameBuilder,
    keys: KeyView<'v>,
    clock: &'v Clock,
    sources: &'v Sources,
    scratch: Vec<u8>,
    /// Slots whose keys go once the turn is committed.
    destroyed: Vec<Slot>,
}

impl<'v> Turn<'v> {
    /// The views as they are with the turn's facts so far.
    pub fn draft(&self) -> &Draft<'v> {
        &self.draft
    }

    /// The time of the next command, later than every fact's before.
    pub fn tick(&self) -> Timestamp {
        self.clock.tick()
    }

    /// Whether no fact was written yet.
    pub fn is_empty(&self) -> bool {
        self.frame.is_empty()
    }

    /// Whether these facts have room.
    pub fn fit(&mut self, events: &[Event]) -> Fit {
        if events.len() > COMMAND_FACTS_MAX {
            return Fit::Never;
        }
        let mut bytes = 0;
        let mut births = 0;
        for event in events {
            self.scratch.clear();
            schema::encode(event, &mut self.scratch);
            if self.scratch.len() > FACT_BYTES_MAX {
                return Fit::Never;
            }
            bytes += self.scratch.len();
            births += u32::from(matches!(event, Event::User(_, event) if event.is_birth()));
        }
        if bytes > COMMAND_BYTES_MAX {
            return Fit::Never;
        }
        let needed = self.draft.now().slot_highest.0 + births;
        if births > 0 && !self.keys.is_filled(Slot(needed)) {
            return Fit::NoKeys;
        }
        // One more may come before them: the name of the application they came through.
        let facts = self.frame.count() + events.len() + 1;
        let total = self.frame.body_bytes() + bytes + events.len() * RECORD_OVERHEAD_BYTES;
        if self.is_empty() || (facts <= FRAME_FACTS_MAX && total <= FRAME_BODY_BYTES_MAX) {
            Fit::Now
        } else {
            Fit::NextTurn
        }
    }

    /// Writes facts into the turn. They must [`fit`](Self::fit).
    pub fn record(&mut self, signature: &Signature, events: Vec<Event>) {
        for event in events {
            let head = self.head(signature, &event);
            let origin_slot = record::origin_slot(&head, self.slot_of(signature.actor.user()));
            let Self { frame, keys, sources, scratch, .. } = self;
            scratch.clear();
            let fill = sources.fill.as_ref();
            record::seal(scratch, &head, &event, &signature.origin, origin_slot, keys, &fill)
                .expect("facts that fit can be sealed");
            frame.push(scratch).expect("facts that fit have room");
            if let Event::System(system::Event::SlotAssigned { slot, purpose }) = &event {
                self.keys.months.assign(*slot, *purpose);
            }
            let name = event.name();
            let fact = Fact { head, name, origin: None, body: Part::Open(event) };
            self.destroyed.extend(fact.destroys());
            apply(&mut self.draft, &fact);
        }
    }

    fn head(&self, signature: &Signature, event: &Event) -> Head {
        let draft = &self.draft;
        let (version, slot) = match event {
            Event::User(id, event) => {
                let row = draft.user_row(*id);
                let next = Slot(draft.now().slot_highest.0 + 1);
                let known = row.and_then(UserRow::slot);
                let slot = if event.is_birth() { Some(next) } else { known };
                (row.map_or(0, UserRow::version), slot.expect("nothing happens before a birth"))
            }
            Event::Session(id, event) => {
                let row = draft.session(*id);
                let owner = match (event, row) {
                    (domain::session::Event::Started { user, .. }, _) => *user,
                    (_, Some(row)) => row.session.user,
                    (_, None) => unreachable!("nothing happens to a session that is not there"),
                };
                let slot = self.slot_of(Some(owner)).expect("whoever has a session has a key");
                (row.map_or(0, |row| row.session.version), slot)
            }
            Event::System(_) => (draft.now().system.version, Slot::CLEAR),
        };
        Head {
            position: draft.now().position.next(),
            stream: event.stream(),
            version: version + 1,
            at: signature.at,
            actor: signature.actor,
            credential: signature.credential,
            command: signature.command,
            dialect: signature.dialect,
            application: signature.application,
            slot,
        }
    }

    fn slot_of(&self, user: Option<UserId>) -> Option<Slot> {
        self.draft.user_row(user?)?.slot()
    }
}

/// Drops views on a thread of their own, or here if there is none to be had.
fn discard(views: Views) {
    drop(std::thread::Builder::new().name("old-views".to_owned()).spawn(move || drop(views)));
}

/// The only one who writes to a store.
pub struct Writer {
    store: Arc<Store>,
    journal: Journal,
}

impl Writer {
    pub(crate) fn new(store: Arc<Store>, journal: Journal) -> Self {
        Self { store, journal }
    }

    /// Says from where the log goes on, if the store was restored since its last fact.
    pub(crate) fn note_epoch(&mut self) -> Result<(), CommitError> {
        let (epoch, head) = (self.store.epoch(), self.journal.head());
        if self.journal.epoch() == epoch || head.position == 0 {
            return Ok(());
        }
        let position = Position(head.position);
        let restored =
            system::Event::Restored(system::Restored { epoch, position, root: head.root });
        let mut events = vec![Event::System(restored)];
        events.extend(self.destroyed_before());
        self.turn(|turn| {
            let signature = Signature::of_system(turn.tick(), CommandName::Upkeep);
            turn.record(&signature, events);
        })
    }

    /// Of keys that are destroyed and of which the log lost that they are, it says so again.
    fn destroyed_before(&self) -> Vec<Event> {
        let views = self.store.views();
        let months: BTreeMap<Slot, Month> =
            views.system().months().map(|(month, slot)| (slot, month)).collect();
        let untold = self.store.keyring().erased().into_iter();
        let untold = untold.filter(|slot| !views.is_destroyed(*slot));
        let told = untold.filter_map(|slot| match (views.owner(slot), months.get(&slot)) {
            (Some(user), _) => Some(Event::User(user, user::Event::Erased)),
            (None, Some(month)) => {
                Some(Event::System(system::Event::OriginsForgotten { slot, month: *month }))
            }
            (None, None) => None,
        });
        told.collect()
    }

    /// Runs a turn: what `decide` records is committed when this returns, or did not happen.
    ///
    /// Readers see the views from before until then, and all of the turn afterwards.
    pub fn turn<R>(&mut self, decide: impl FnOnce(&mut Turn<'_>) -> R) -> Result<R, CommitError> {
        let store = &self.store;
        store.keep_keys_ahead();
        store.erasures.finish();
        let anchor = store.clock().anchor();
        let mut guard = store.views_lock().upgradable_read();
        let before = guard.globals().position.0;
        let (result, mut frame, mut changes, destroyed) = {
            let mut turn = Turn {
                draft: Draft::over(&guard),
                frame: FrameBuilder::new(),
                keys: store.keyring().view(Months::of(guard.system())),
                clock: store.clock(),
                sources: store.sources(),
                scratch: Vec::new(),
                destroyed: Vec::new(),
            };
            let result = decide(&mut turn);
            (result, turn.frame, turn.draft.into_changes(), turn.destroyed)
        };
        if frame.is_empty() {
            return Ok(result);
        }
        if planted::is(Planted::PublishBeforeSync) {
            let none = Changes::none_up_to(&changes);
            let early = std::mem::replace(&mut changes, none);
            let mut writing = RwLockUpgradableReadGuard::upgrade(guard);
            writing.absorb(early);
            guard = RwLockWriteGuard::downgrade_to_upgradable(writing);
        }
        let head = self.journal.head();
        assert_eq!(head.position, before, "the views stand where the journal does");
        if let Err(error) = self.journal.append(&head, &mut frame) {
            store.clock().restore(anchor);
            return Err(match error {
                AppendError::NotDone(error) => CommitError::NotDone(error),
                AppendError::OutcomeUnknown(error) => CommitError::OutcomeUnknown(error),
                AppendError::Moved { .. } => unreachable!("the head was asked for a moment ago"),
            });
        }
        // After the commit nothing may fail.
        let kept = std::mem::take(&mut changes.kept);
        RwLockUpgradableReadGuard::upgrade(guard).absorb(changes);
        store.follower().committed(self.journal.head().position);
        store.follower().keep(kept);
        if !planted::is(Planted::ErasedLater) {
            store.erasures.carry_out(&destroyed);
        }
        Ok(result)
    }

    /// Catches fresh views up and puts them in place of the serving ones; says how these differed.
    pub fn swap(&mut self, rebuilt: Rebuilt) -> Result<Vec<String>, StoreError> {
        let (mut fresh, differences) = self.store.settle(rebuilt)?;
        let mut serving: RwLockWriteGuard<'_, _> = self.store.views_lock().write();
        std::mem::swap(&mut *serving, &mut fresh);
        drop(serving);
        // The old ones go elsewhere: that takes a while, and the next turn need not wait for it.
        discard(fresh);
        Ok(differences)
    }

    /// Catches fresh views up and says how the serving ones differ from them.
    pub fn compare(&mut self, rebuilt: Rebuilt) -> Result<Vec<String>, StoreError> {
        let (fresh, differences) = self.store.settle(rebuilt)?;
        discard(fresh);
        Ok(differences)
    }
}
