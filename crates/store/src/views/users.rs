//! Users by id: the deciders' own state, and what is left of users that are gone.

use std::sync::Arc;

use domain::fact::Head;
use domain::id::{Slot, UserId};
use domain::time::Timestamp;
use domain::user::{self, Keys, User, access};

use super::table::Table;
use super::{Rows, codes, links, names, outbox, sessions, tokens};

/// A user as the views keep it.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub enum UserRow {
    /// Nothing happened yet; no published row is like this.
    #[default]
    Unborn,
    /// It lives.
    Live(Arc<User>),
    /// It was deleted, or its key was destroyed: no dialect sees it.
    Gone(Gone),
}

/// What is kept of a user that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gone {
    /// How many facts its stream has.
    pub version: u32,
    /// Its key.
    pub slot: Slot,
    /// Since when.
    pub at: Timestamp,
    /// Whether a fact says that its key is destroyed.
    pub erased: bool,
}

impl UserRow {
    /// The user, if it lives.
    pub fn live(&self) -> Option<&Arc<User>> {
        match self {
            Self::Live(user) => Some(user),
            Self::Unborn | Self::Gone(_) => None,
        }
    }

    /// How many facts the stream has.
    pub fn version(&self) -> u32 {
        match self {
            Self::Unborn => 0,
            Self::Live(user) => user.version,
            Self::Gone(gone) => gone.version,
        }
    }

    /// The key of the person, once it has one.
    pub fn slot(&self) -> Option<Slot> {
        match self {
            Self::Unborn => None,
            Self::Live(user) => Some(user.slot),
            Self::Gone(gone) => Some(gone.slot),
        }
    }
}

/// Folds one fact of a user. The user is evolved once; every index follows from the difference.
pub fn apply(rows: &mut impl Rows, id: UserId, head: &Head, event: &user::Event) {
    let row = rows.users().row_mut(id);
    let slot = row.slot().unwrap_or(head.slot);
    let mut live = match std::mem::take(row) {
        UserRow::Live(user) => Some(user),
        UserRow::Unborn | UserRow::Gone(_) => None,
    };
    let before = event.moves_keys().then(|| live.as_deref().map(user::keys));
    user::evolve(&mut live, head, event);
    let after = event.moves_keys().then(|| live.as_deref().map(user::keys));
    let standing = event.moves_standing().then(|| live.as_deref().map(User::standing));
    let erased = matches!(event, user::Event::Erased);
    let gone = Gone { version: head.version, slot, at: head.at, erased };
    *row = live.map_or(UserRow::Gone(gone), UserRow::Live);
    if event.is_birth() {
        born(rows, id, head.slot);
    }
    if let (Some(before), Some(after)) = (before, after) {
        moved(rows, id, &before.unwrap_or_default(), &after.unwrap_or_default());
    }
    if let Some(standing) = standing {
        sessions::owner_became(rows, id, standing);
    }
    if let user::Event::Access(access::Event::Unlinked { link }) = event {
        sessions::link_gone(rows, id, link);
    }
    if let user::Event::Access(access::Event::SessionsEnded) = event {
        sessions::others_gone(rows, id, head.credential);
    }
}

/// Folds a fact of a user whose key is destroyed: only that it happened can be told.
///
/// The key may have gone while the log was folded, between two facts of the user. What it holds by then is
/// freed here: the fact that said so cannot be read any more.
pub fn erased(rows: &mut impl Rows, id: UserId, head: &Head) {
    let row = rows.users().row_mut(id);
    let slot = row.slot().unwrap_or(head.slot);
    let gone = Gone { version: head.version, slot, at: head.at, erased: false };
    match std::mem::replace(row, UserRow::Gone(gone)) {
        UserRow::Unborn => born(rows, id, head.slot),
        UserRow::Live(user) => {
            moved(rows, id, &user::keys(&user), &Keys::default());
            sessions::owner_became(rows, id, None);
        }
        UserRow::Gone(_) => {}
    }
}

/// Every index follows what a user holds.
fn moved(rows: &mut impl Rows, id: UserId, before: &Keys, after: &Keys) {
    names::moved(rows, id, before, after);
    codes::moved(rows, id, before, after);
    tokens::moved(rows, id, before, after);
    links::moved(rows, id, before, after);
    outbox::moved(rows, id, before, after);
}

fn born(rows: &mut impl Rows, id: UserId, slot: Slot) {
    rows.owners().put(slot, id);
    let globals = rows.globals();
    globals.slot_highest = globals.slot_highest.max(slot);
}
