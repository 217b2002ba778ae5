//! Reads of sessions: whose one is, whether it may be used, and from where it was opened and renewed,
//! which only the log knows.

use std::collections::HashMap;
use std::sync::Arc;

use domain::actor::{Actor, Origin};
use domain::fact::Part;
use domain::id::{Position, SessionId, UserId};
use domain::policy::{self, Act, Authority, Rights};
use domain::rejection::Rejection;
use domain::secret::TokenHash;
use domain::session::{self, CHANGES_SHOWN_MAX, Session, SessionChange};
use domain::system::audit;
use domain::time::Timestamp;
use store::views::{SessionRow, Views};
use store::{Origins, StoreError};

use crate::caller::{Caller, Proof};
use crate::failure::Failure;
use crate::{Command, Done, Service, tokens};

/// Most sessions of a user in one answer, the latest; older ones are left out.
pub const SESSIONS_LISTED_MAX: usize = 1_000;
/// Most facts that are read for one answer: with many sessions each shows fewer of its changes.
const FACTS_READ_MAX: usize = 10_000;

/// A session, and from where it was opened and renewed.
#[derive(Clone, Debug)]
pub struct ToldSession {
    /// The session.
    pub session: Session,
    /// From where it was opened, if that can still be told.
    pub origin: Option<Origin>,
    /// Its latest changes, oldest first.
    pub changes: Vec<ToldChange>,
}

/// An entry of a session's list of changes.
#[derive(Clone, Debug)]
pub struct ToldChange {
    /// Which.
    pub change: SessionChange,
    /// When.
    pub at: Timestamp,
    /// From where, if that can still be told.
    pub origin: Option<Origin>,
}

impl Service {
    /// Who holds this session token, if it may be used now.
    pub fn session_caller(&self, token: &str, template: Caller) -> Result<Caller, Rejection> {
        let owner = self.usable_session(token, &template, owner_of)?;
        Ok(as_owner(owner, template))
    }

    /// Who holds this session token, whether or not it may be used: enough to end it.
    pub fn session_holder(&self, token: &str, template: Caller) -> Result<Caller, Rejection> {
        let token = hash_of(token);
        let owner = owner_of(&row(&self.store().views(), &token)?.session);
        Ok(as_owner(owner, template))
    }

    /// Whether the session of `target` may be used now from an address, for whoever holds the session of
    /// `token` and may look into sessions. What applications ask at each of their own requests: one look at
    /// the clock, and one at the views; `template` is asked who calls only where that goes on record.
    pub fn verify_session(
        &self,
        token: &str,
        target: Option<&str>,
        address: Option<&str>,
        template: impl FnOnce() -> Caller,
    ) -> Result<bool, Rejection> {
        let now = self.store().clock().now();
        let (token, target) = (hash_of(token), target.map(hash_of));
        let views = self.store().views();
        let (user, session) = owner_of(self.usable(&views, &token, address, now)?);
        let rights = views.user(user).map_or(Rights::NONE, |user| user.rights);
        let who = Authority { actor: Actor::User(user), rights };
        if policy::permits(&who, Act::ReadAccounts, None).is_err() {
            drop(views);
            // Asked once more, so that the refusal goes on record.
            self.permits(&as_owner((user, session), template()), Act::ReadAccounts, None)?;
            return Err(Rejection::NoSuchSession);
        }
        let target = target.ok_or(Rejection::NoSuchSession)?;
        Ok(self.usable(&views, &target, address, now).is_ok())
    }

    /// A session that may be used, for whoever may look into sessions; no changes of it.
    pub async fn read_session(&self, caller: &Caller, token: &str) -> Result<ToldSession, Failure> {
        self.permits(caller, Act::ReadAccounts, None)?;
        let session = self.usable_session(token, caller, Session::clone)?;
        let told = self.blocking(move |service| service.tell_sessions(vec![session], 0)).await?;
        Ok(told.into_iter().next().ok_or(Rejection::NoSuchSession)?)
    }

    /// The caller's own sessions, in the order in which they were opened.
    pub async fn own_sessions(&self, caller: &Caller) -> Result<Vec<ToldSession>, Failure> {
        let owner = caller.actor.user().ok_or(Rejection::NoSuchSession)?;
        self.sessions_of(owner).await
    }

    /// The sessions of whoever owns this one, which must be usable, for whoever may look into sessions.
    pub async fn sessions_beside(
        &self,
        caller: &Caller,
        token: &str,
    ) -> Result<Vec<ToldSession>, Failure> {
        self.permits(caller, Act::ReadAccounts, None)?;
        let owner = self.usable_session(token, caller, |session| session.user)?;
        self.sessions_of(owner).await
    }

    /// The sessions of a user, in the order in which they were opened, for whoever may audit.
    pub async fn sessions_of_user(
        &self,
        caller: &Caller,
        owner: UserId,
    ) -> Result<Vec<ToldSession>, Failure> {
        self.permits(caller, Act::Audit, None)?;
        self.user(owner).ok_or(Rejection::NoSuchUser)?;
        self.note_audit(caller, audit::Subject::User(owner)).await?;
        self.sessions_of(owner).await
    }

    /// A session that did not expire, whatever its owner's state, for whoever may look into sessions.
    pub async fn find_session(
        &self,
        caller: &Caller,
        id: SessionId,
    ) -> Result<ToldSession, Failure> {
        self.permits(caller, Act::ReadAccounts, None)?;
        let now = self.store().clock().now();
        let session = {
            let views = self.store().views();
            let row = views.session_by_id(id).filter(|row| row.session.expires > now);
            row.ok_or(Rejection::NoSuchSession)?.session.clone()
        };
        let told =
            self.blocking(move |service| service.tell_sessions(vec![session], CHANGES_SHOWN_MAX));
        Ok(told.await?.into_iter().next().ok_or(Rejection::NoSuchSession)?)
    }

    /// Ends the session of this token for whoever may end sessions of others; its id.
    pub async fn end_session(
        &self,
        caller: Caller,
        token: &str,
    ) -> Result<(SessionId, Done), Failure> {
        let id = self.unexpired_session(token, |session| session.id)?;
        let done = self.execute(caller, Command::Session(id, session::Command::Revoke)).await?;
        Ok((id, done))
    }

    /// What `take` takes of a session that did not expire, whatever its owner's state.
    pub(crate) fn unexpired_session<R>(
        &self,
        token: &str,
        take: impl FnOnce(&Session) -> R,
    ) -> Result<R, Rejection> {
        let (now, token) = (self.store().clock().now(), hash_of(token));
        let views = self.store().views();
        let session = &row(&views, &token)?.session;
        if session.expires <= now {
            return Err(Rejection::NoSuchSession);
        }
        Ok(take(session))
    }

    /// What `take` takes of a session that passes every check that calls with its token have to pass.
    pub(crate) fn usable_session<R>(
        &self,
        token: &str,
        caller: &Caller,
        take: impl FnOnce(&Session) -> R,
    ) -> Result<R, Rejection> {
        // The token is hashed before the views are held: the writer waits for them.
        let (now, token) = (self.store().clock().now(), hash_of(token));
        let address = caller.origin.address.as_deref();
        self.usable(&self.store().views(), &token, address, now).map(take)
    }

    fn usable<'v>(
        &self,
        views: &'v Views,
        token: &TokenHash,
        address: Option<&str>,
        now: Timestamp,
    ) -> Result<&'v Session, Rejection> {
        let rules = &self.settings().addresses;
        let row = row(views, token)?;
        // The name is looked up only where it matters: a verify is one look-up else.
        let allowed = !rules.refuse_some() || {
            let owner = views.user(row.session.user);
            rules.allow_user(owner.map(Arc::as_ref), address)
        };
        session::check(&row.session, &row.owner, allowed, now)?;
        Ok(&row.session)
    }

    async fn sessions_of(&self, owner: UserId) -> Result<Vec<ToldSession>, Failure> {
        let now = self.store().clock().now();
        let sessions: Vec<Session> = {
            let views = self.store().views();
            let alive = views.sessions_of(owner).filter(|row| row.session.expires > now);
            let alive: Vec<&SessionRow> = alive.collect();
            let latest = alive.iter().rev().take(SESSIONS_LISTED_MAX).rev();
            latest.map(|row| row.session.clone()).collect()
        };
        self.tell_latest(sessions).await
    }

    /// Tells sessions, the latest of them if they are very many.
    pub(crate) async fn tell_latest(
        &self,
        mut sessions: Vec<Session>,
    ) -> Result<Vec<ToldSession>, Failure> {
        sessions.drain(..sessions.len().saturating_sub(SESSIONS_LISTED_MAX));
        let count = (FACTS_READ_MAX / sessions.len().max(1)).min(CHANGES_SHOWN_MAX);
        self.blocking(move |service| service.tell_sessions(sessions, count)).await
    }

    /// Tells sessions with their `count` latest changes.
    fn tell_sessions(
        &self,
        sessions: Vec<Session>,
        count: usize,
    ) -> Result<Vec<ToldSession>, StoreError> {
        let changes: Vec<_> =
            sessions.iter().map(|session| session.latest_changes(count)).collect();
        let mut positions: Vec<Position> = sessions.iter().map(|session| session.opened).collect();
        positions.extend(changes.iter().flatten().map(|change| change.position));
        positions.sort_unstable();
        positions.dedup();
        let mut facts: HashMap<Position, (Timestamp, Option<Origin>)> = HashMap::new();
        self.each_fact(&positions, Origins::Open, |fact| {
            let origin = match fact.origin {
                Some(Part::Open(origin)) => Some(origin),
                Some(Part::Erased) | None => None,
            };
            facts.insert(fact.head.position, (fact.head.at, origin));
            Ok(())
        })?;
        let fact = |position: Position| {
            facts.get(&position).cloned().ok_or(StoreError::NotThatFact { position })
        };
        let tell = |(session, changes): (Session, Vec<SessionChange>)| {
            let changes = changes.into_iter().map(|change| {
                let (at, origin) = fact(change.position)?;
                Ok(ToldChange { change, at, origin })
            });
            let changes = changes.collect::<Result<_, StoreError>>()?;
            let (_, origin) = fact(session.opened)?;
            Ok(ToldSession { session, origin, changes })
        };
        sessions.into_iter().zip(changes).map(tell).collect()
    }
}

fn hash_of(token: &str) -> TokenHash {
    TokenHash(tokens::hash_of(token))
}

fn row<'v>(views: &'v Views, token: &TokenHash) -> Result<&'v SessionRow, Rejection> {
    views.session(token).ok_or(Rejection::NoSuchSession)
}

fn owner_of(session: &Session) -> (UserId, SessionId) {
    (session.user, session.id)
}

/// The owner of a session, as the caller of what `template` says.
fn as_owner((user, session): (UserId, SessionId), template: Caller) -> Caller {
    Caller { actor: Actor::User(user), proof: Proof::Session(session), ..template }
}
