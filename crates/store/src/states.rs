//! What somebody was: a user and its sessions, folded from facts that are read by position.
//!
//! So that this does not begin at the birth each time, the state after every 128th fact of a person's
//! history is kept in sled, sealed under the person's own key. It is a cache and nothing else: what is not
//! there, cannot be read, or has another shape is folded, and kept by whoever folded it.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::fact::{Event, Fact, Head, Part};
use domain::id::{Position, SessionId, Slot, UserId};
use domain::session::{self, Session};
use domain::user::{self, User, access};
use ulid::Ulid;

use crate::error::StoreError;
use crate::keyring::key::NONCE_BYTES;
use crate::keyring::{KeyView, Months, SlotState};
use crate::open::{Origins, Store};
use crate::record;
use crate::schema::person;
use crate::views::sessions::OLDEST_LOOKED_AT;
use crate::views::{Subject, UserRow, Views};

/// A state is kept after every so many facts of a person's history.
pub const KEPT_EVERY_FACTS: usize = 128;
/// Most sessions in a state that is kept; of whoever has more at once none is.
pub const SESSIONS_KEPT_MAX: usize = 1_024;
/// Longest state that is kept, sealed; a longer one is not.
pub const STATE_BYTES_MAX: usize = 256 << 10;
/// People whose states a verification folds anew, spread over all of whom any is kept.
const VERIFIED_MAX: usize = 256;
/// Facts that it reads for that.
const VERIFIED_FACTS_MAX: usize = 200_000;
/// Facts that are read together.
const CHUNK_FACTS: usize = 64;

/// A user and its sessions that have not ended, as far as facts were folded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Person {
    /// The user; `None` before its birth and after its deletion.
    pub user: Option<Arc<User>>,
    /// Its sessions: those that the views would hold.
    pub sessions: BTreeMap<SessionId, Arc<Session>>,
}

impl Person {
    /// A person as the views have it, unless it is gone.
    pub fn of(views: &Views, id: UserId) -> Self {
        let session = |session: &Session| (session.id, Arc::new(session.clone()));
        Self {
            user: views.user(id).cloned(),
            sessions: views.sessions_of(id).map(|row| session(&row.session)).collect(),
        }
    }

    /// Folds one fact of the person's history, in place, as the views fold it.
    pub fn step(&mut self, fact: &Fact) {
        match &fact.body {
            // Of an erased person nothing is told, not even a session.
            Part::Erased | Part::Open(Event::System(_)) => {}
            Part::Open(Event::User(_, event)) => self.user_step(&fact.head, event),
            Part::Open(Event::Session(id, event)) => self.session_step(*id, &fact.head, event),
        }
    }

    fn user_step(&mut self, head: &Head, event: &user::Event) {
        user::evolve(&mut self.user, head, event);
        if self.user.is_none() {
            self.sessions.clear();
        }
        if let user::Event::Access(access::Event::Unlinked { link }) = event {
            let through = |of: &Session| of.link.as_ref().is_some_and(|of| of.link == *link);
            self.sessions.retain(|_, session| !through(session));
        }
        if let user::Event::Access(access::Event::SessionsEnded) = event {
            self.sessions.retain(|id, _| head.credential == Some((*id).into()));
        }
    }

    fn session_step(&mut self, id: SessionId, head: &Head, event: &session::Event) {
        if let session::Event::Started { .. } = event {
            if self.user.is_none() {
                return;
            }
            self.forget_expired(head);
        }
        let mut session = self.sessions.remove(&id).map(Arc::unwrap_or_clone);
        session::evolve(&mut session, id, head, event);
        if let Some(session) = session {
            self.sessions.insert(id, Arc::new(session));
        }
    }

    /// As in the views, each new session takes some of the oldest with it if they expired.
    fn forget_expired(&mut self, head: &Head) {
        let oldest = self.sessions.iter().take(OLDEST_LOOKED_AT);
        let expired = oldest.filter(|(_, session)| session.expires <= head.at);
        for id in expired.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.sessions.remove(&id);
        }
    }
}

/// A state that is worth keeping, on its way to sled.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// How many facts of the person's history are folded.
    pub(crate) count: u32,
    /// The last of them.
    pub(crate) last: Position,
    /// What they made.
    pub(crate) person: Person,
}

impl Kept {
    /// The state after `count` facts if one is kept there and it may be; nothing is kept of the gone.
    pub(crate) fn new(count: usize, last: Position, person: &Person) -> Option<Self> {
        let fits = person.user.is_some() && person.sessions.len() <= SESSIONS_KEPT_MAX;
        let kept = |count| Self { count, last, person: person.clone() };
        (is_due(count) && fits).then(|| u32::try_from(count).ok().map(kept)).flatten()
    }

    /// Its key in sled, and the key slot it is sealed under.
    pub(crate) fn place(&self) -> Option<(UserId, Slot)> {
        self.person.user.as_ref().map(|user| (user.id, user.slot))
    }

    /// Its bytes, sealed; `None` if they are too many, or the person's key is destroyed.
    pub(crate) fn seal(&self, keys: &KeyView<'_>, fill: &dyn Fn(&mut [u8])) -> Option<Vec<u8>> {
        let (id, slot) = self.place()?;
        let SlotState::Filled(key) = keys.key(slot) else { return None };
        let mut out = vec![0; NONCE_BYTES];
        let mut nonce = [0; NONCE_BYTES];
        fill(&mut nonce);
        out.copy_from_slice(&nonce);
        person::encode(&self.person, self.last, &mut out);
        if out.len() > STATE_BYTES_MAX {
            return None;
        }
        let bound = bound(keys, id, self.count);
        let tag = key.cipher().seal(nonce, &bound, &mut out[NONCE_BYTES..]);
        out.extend_from_slice(&tag);
        Some(out)
    }

    /// Reads what was sealed; `None` if it is not what was sealed here, or of another shape.
    pub(crate) fn open(
        (id, slot): (UserId, Slot),
        count: u32,
        sealed: &[u8],
        keys: &KeyView<'_>,
    ) -> Option<Self> {
        let SlotState::Filled(key) = keys.key(slot) else { return None };
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let mut open = Vec::new();
        key.cipher().open(*nonce, &bound(keys, id, count), sealed, &mut open).ok()?;
        let (person, last) = person::decode(id, &open).ok()?;
        Some(Self { count, last, person })
    }
}

/// Whether the state after so many facts is one of those that are kept.
pub(crate) fn is_due(count: usize) -> bool {
    count > 0 && count.is_multiple_of(KEPT_EVERY_FACTS)
}

/// What a state is bound to: the store, and its place.
fn bound(keys: &KeyView<'_>, id: UserId, count: u32) -> Vec<u8> {
    [keys.store_id().as_slice(), &state_key(id, count)].concat()
}

/// The key of a state: stream kind, ULID, how many facts are folded.
pub(crate) fn state_key(id: UserId, count: u32) -> [u8; STATE_KEY_BYTES] {
    let mut key = [0; STATE_KEY_BYTES];
    key[0] = crate::schema::codes::STREAM_USER;
    key[1..17].copy_from_slice(&id.0.to_bytes());
    key[17..].copy_from_slice(&count.to_be_bytes());
    key
}

/// Whose state stands under a key.
fn whose(key: &[u8]) -> Option<UserId> {
    let key: &[u8; STATE_KEY_BYTES] = key.try_into().ok()?;
    Some(UserId(Ulid::from_bytes(*key[1..17].first_chunk()?)))
}

/// Length of a state's key.
pub(crate) const STATE_KEY_BYTES: usize = 21;

impl Store {
    /// What a person was after the first `count` facts of its history.
    pub fn person_after(&self, id: UserId, count: usize) -> Result<Person, StoreError> {
        self.person_further(id, self.nearest_kept(id, count), count)
    }

    /// What a person was after the first `count` facts of its history, if it was `begun` after fewer.
    pub fn person_further(
        &self,
        id: UserId,
        begun: (usize, Person),
        count: usize,
    ) -> Result<Person, StoreError> {
        let mut kept = Vec::new();
        let person = self.fold(id, begun, count, |state| kept.push(state))?;
        self.follower().keep(kept);
        Ok(person)
    }

    /// Keeps what a person is after the first `count` facts of its history, of which `last` is the last,
    /// if that is one of the states that are kept.
    pub fn keep(&self, count: usize, last: Position, person: &Person) {
        if is_due(count) {
            self.follower().keep(Kept::new(count, last, person).into_iter().collect());
        }
    }

    /// Where some of the facts about or by somebody stand, by their numbers, counted from 0.
    pub fn positions(&self, subject: Subject, numbers: std::ops::Range<usize>) -> Vec<Position> {
        let views = self.views();
        views.history(subject).map(|positions| positions.slice(numbers)).unwrap_or_default()
    }

    /// How many facts about or by somebody stand at or before a position.
    pub fn count_to(&self, subject: Subject, position: Position) -> usize {
        self.views().history(subject).map_or(0, |positions| positions.count_to(position))
    }

    /// What a fact says in clear. Nothing is opened.
    pub fn head(&self, position: Position) -> Result<Head, StoreError> {
        let mut head = None;
        self.follower().read(&[position.0], &mut |_, bytes| {
            head = Some(record::head(position, bytes).map(|sealed| sealed.head));
        })?;
        let unreadable = |what| StoreError::Unreadable { position, what };
        let head = head.ok_or_else(|| unreadable("the log does not reach it".to_owned()))?;
        head.map_err(|error| unreadable(error.to_string()))
    }

    /// The last fact at or before a time; 0 if there is none. Times never fall, so a few heads tell.
    pub fn last_at(&self, at: domain::time::Timestamp) -> Result<Position, StoreError> {
        let last = {
            let views = self.views();
            let now = views.globals();
            if now.at <= at {
                return Ok(now.position);
            }
            now.position.0
        };
        // Up to `low` all are; from `high` on none is.
        let (mut low, mut high) = (0, last);
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if self.head(Position(middle))?.at <= at { low = middle } else { high = middle }
        }
        Ok(Position(low))
    }

    /// Folds some people anew, from birth, and compares what they were with what is kept of them: how many
    /// states are right, and what is wrong.
    pub(crate) fn verify_states(&self) -> Result<(u64, Vec<String>), StoreError> {
        let mut right = 0;
        let mut people: Vec<UserId> =
            self.follower().state_keys(VERIFIED_MAX).iter().filter_map(|key| whose(key)).collect();
        people.dedup();
        let mut left = VERIFIED_FACTS_MAX;
        for id in people {
            let count = self.count_to(Subject::Of(id), Position(u64::MAX)).min(left);
            let Some(slot) = self.views().user_row(id).and_then(UserRow::slot) else { continue };
            let mut wrong = None;
            self.fold(id, (0, Person::default()), count, |kept| {
                let found = self.follower().kept((id, slot), kept.count);
                match found.filter(|found| found.last == kept.last) {
                    None => {}
                    Some(found) if found.person == kept.person => right += 1,
                    Some(_) => wrong = wrong.or(Some(kept.count)),
                }
            })?;
            if let Some(count) = wrong {
                let what = format!(
                    "the state kept of a user after {count} facts differs from a refold of them"
                );
                self.follower().distrust(what.clone());
                return Ok((right, vec![what]));
            }
            left -= count;
        }
        Ok((right, Vec::new()))
    }

    /// Folds a person on, from what it was after some facts, and hands every state that may be kept to
    /// `each`.
    fn fold(
        &self,
        id: UserId,
        (mut folded, mut person): (usize, Person),
        count: usize,
        mut each: impl FnMut(Kept),
    ) -> Result<Person, StoreError> {
        while folded < count {
            let to = count.min(folded + CHUNK_FACTS);
            let positions = self.positions(Subject::Of(id), folded..to);
            if positions.is_empty() {
                break;
            }
            for fact in self.facts(&positions, Origins::Leave)? {
                person.step(&fact);
                folded += 1;
                if let Some(kept) = Kept::new(folded, fact.head.position, &person) {
                    each(kept);
                }
            }
        }
        Ok(person)
    }

    /// Whether a key was destroyed: whose it was, nothing is told of any more.
    pub fn is_erased(&self, slot: Slot) -> bool {
        matches!(self.keyring().view(Months::default()).key(slot), SlotState::Erased)
    }

    /// The latest state that is kept of a person at or before `count` facts, and of how many.
    fn nearest_kept(&self, id: UserId, count: usize) -> (usize, Person) {
        let slot = self.views().user_row(id).and_then(UserRow::slot);
        let Some(slot) = slot else { return Default::default() };
        let mut at = count - count % KEPT_EVERY_FACTS;
        while at > 0 {
            let last = self.positions(Subject::Of(id), at - 1..at);
            let kept = self.follower().kept((id, slot), u32::try_from(at).unwrap_or(u32::MAX));
            if let Some(kept) = kept.filter(|kept| last == [kept.last]) {
                return (at, kept.person);
            }
            at -= KEPT_EVERY_FACTS;
        }
        Default::default()
    }
}
