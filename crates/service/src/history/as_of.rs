//! What somebody was at a moment, and what differs between two.

use std::sync::Arc;

use domain::description::Change;
use domain::id::{Position, UserId};
use domain::policy::Act;
use domain::rejection::Rejection;
use domain::session::Session;
use domain::system::audit;
use domain::time::Timestamp;
use domain::user::User;
use domain::user::describe::difference;
use store::states::Person;
use store::views::{Subject, UserRow};
use thiserror::Error;

use crate::Service;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::sessions::ToldSession;

/// A moment in the life of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A time: all that happened at it has happened.
    At(Timestamp),
    /// Right after the fact at this position.
    Position(Position),
}

/// Somebody at a moment.
#[derive(Clone, Debug)]
pub struct AsOf {
    /// The last fact of the whole store that had happened.
    pub position: Position,
    /// The time: what was asked for, or that of the fact.
    pub at: Timestamp,
    /// The user.
    pub user: Arc<User>,
    person: Person,
}

/// Somebody at two moments.
#[derive(Clone, Debug)]
pub struct Difference {
    /// At the earlier one.
    pub from: AsOf,
    /// At the later one.
    pub to: AsOf,
    /// What differs, by the names of the fields.
    pub changes: Vec<Change>,
}

/// Why there is nothing to be told of a moment.
#[derive(Debug, Error)]
pub enum Unread {
    /// A rule said no, or a machine failed.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The user was born later.
    #[error("the user was not born yet")]
    NotBornYet,
    /// The user was deleted before; what it was up to then can be read.
    #[error("the user was deleted by then; what it was before that can still be read")]
    Deleted {
        /// When.
        at: Timestamp,
    },
    /// The user's key is destroyed: nobody knows what it ever was.
    #[error("the user was erased: what it was cannot be read any more")]
    Erased {
        /// When.
        at: Timestamp,
    },
    /// Nobody knows yet.
    #[error("the moment lies in the future")]
    InTheFuture,
    /// The later moment comes first.
    #[error("`from` lies after `to`")]
    Backwards,
}

impl From<Rejection> for Unread {
    fn from(why: Rejection) -> Self {
        Self::Failure(why.into())
    }
}

impl AsOf {
    /// The sessions that had neither ended nor expired, in the order in which they were opened.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.person.sessions.values().map(AsRef::as_ref).filter(|of| of.expires > self.at)
    }
}

impl Service {
    /// What a user was at a moment, for whoever may audit.
    pub async fn user_as_of(
        &self,
        caller: &Caller,
        id: UserId,
        moment: Moment,
    ) -> Result<AsOf, Unread> {
        self.permits(caller, Act::Audit, None)?;
        let then = self.blocking(move |service| service.as_of(id, moment)).await??;
        self.note_audit(caller, audit::Subject::User(id)).await?;
        Ok(then)
    }

    /// The sessions that a user had at a moment, the latest of them, told.
    pub async fn sessions_as_of(
        &self,
        caller: &Caller,
        id: UserId,
        moment: Moment,
    ) -> Result<(AsOf, Vec<ToldSession>), Unread> {
        let then = self.user_as_of(caller, id, moment).await?;
        let sessions = self.tell_latest(then.sessions().cloned().collect()).await?;
        Ok((then, sessions))
    }

    /// What differs between a user at one moment and at another, which does not lie before it.
    pub async fn user_difference(
        &self,
        caller: &Caller,
        id: UserId,
        (from, to): (Moment, Moment),
    ) -> Result<Difference, Unread> {
        let from = self.user_as_of(caller, id, from).await?;
        let to = self.user_as_of(caller, id, to).await?;
        if from.position > to.position || from.at > to.at {
            return Err(Unread::Backwards);
        }
        let changes = difference((&from.user, from.at), (&to.user, to.at));
        Ok(Difference { from, to, changes })
    }

    fn as_of(&self, id: UserId, moment: Moment) -> Result<Result<AsOf, Unread>, store::StoreError> {
        let store = self.store();
        let (row, last) = {
            let views = store.views();
            (views.user_row(id).cloned(), views.globals().position)
        };
        let Some(slot) = row.as_ref().and_then(UserRow::slot) else {
            return Ok(Err(Rejection::NoSuchUser.into()));
        };
        let (position, at) = match moment {
            Moment::At(at) if at > store.clock().now() => return Ok(Err(Unread::InTheFuture)),
            Moment::At(at) => (store.last_at(at)?, at),
            Moment::Position(position) if position > last => return Ok(Err(Unread::InTheFuture)),
            Moment::Position(Position(0)) => return Ok(Err(Unread::NotBornYet)),
            Moment::Position(position) => (position, store.head(position)?.at),
        };
        let count = store.count_to(Subject::Of(id), position);
        if count == 0 {
            return Ok(Err(Unread::NotBornYet));
        }
        if store.is_erased(slot) {
            let at = match row {
                Some(UserRow::Gone(gone)) => gone.at,
                Some(UserRow::Live(_) | UserRow::Unborn) | None => at,
            };
            return Ok(Err(Unread::Erased { at }));
        }
        let person = store.person_after(id, count)?;
        let Some(user) = person.user.clone() else {
            let end = store.positions(Subject::Of(id), count - 1..count);
            let at = end.first().map_or(Ok(at), |end| store.head(*end).map(|head| head.at))?;
            return Ok(Err(Unread::Deleted { at }));
        };
        Ok(Ok(AsOf { position, at, user, person }))
    }
}
