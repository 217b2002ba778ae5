//! Sessions by the hash of their token, by id, and by owner.

use domain::actor::Credential;
use domain::fact::Head;
use domain::id::{SessionId, UserId};
use domain::secret::TokenHash;
use domain::session::{self, Event, Session, Standing};
use domain::user::state::LinkKey;

use super::Rows;
use super::many::Many;
use super::table::Table;

/// How many of a user's oldest sessions are looked at when another starts.
pub(crate) const OLDEST_LOOKED_AT: usize = 8;

/// A session, and what the state of its owner allows: one look-up answers a verify.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct SessionRow {
    /// The session.
    pub session: Session,
    /// What its owner's state allows.
    pub owner: Standing,
}

/// Folds one fact of a session.
pub fn apply(rows: &mut impl Rows, id: SessionId, head: &Head, event: &Event) {
    match event {
        Event::Started { user, token, .. } => start(rows, id, head, event, (*user, token)),
        Event::Renewed { .. } | Event::AttributeSet { .. } | Event::AttributeRemoved { .. } => {
            let Some(token) = rows.session_ids().row(&id).cloned() else { return };
            let Some(row) = rows.sessions().row(&token).cloned() else { return };
            let mut session = Some(row.session);
            session::evolve(&mut session, id, head, event);
            if let Some(session) = session {
                rows.sessions().put(token, SessionRow { session, owner: row.owner });
            }
        }
        Event::Ended { .. } => {
            let Some(token) = rows.session_ids().row(&id).cloned() else { return };
            let user = rows.sessions().row(&token).map(|row| row.session.user);
            remove(rows, id, &token);
            if let Some(user) = user {
                let of_user = rows.user_sessions().row_mut(user);
                of_user.remove(&id);
                if of_user.is_empty() {
                    rows.user_sessions().remove(&user);
                }
            }
        }
    }
}

/// Repeats in each session of a user what the user's state allows now; a user that is gone has none.
pub fn owner_became(rows: &mut impl Rows, user: UserId, standing: Option<Standing>) {
    let ids: Vec<SessionId> = match rows.user_sessions().row(&user) {
        Some(ids) => ids.iter().copied().collect(),
        None => return,
    };
    for id in ids {
        let Some(token) = rows.session_ids().row(&id).cloned() else { continue };
        match standing {
            None => remove(rows, id, &token),
            Some(standing) => {
                let Some(row) = rows.sessions().row(&token) else { continue };
                if row.owner != standing {
                    let session = row.session.clone();
                    rows.sessions().put(token, SessionRow { session, owner: standing });
                }
            }
        }
    }
    if standing.is_none() {
        rows.user_sessions().remove(&user);
    }
}

/// Sessions that were opened through a link go with it.
pub fn link_gone(rows: &mut impl Rows, user: UserId, link: &LinkKey) {
    end(rows, user, |session| session.link.as_ref().is_some_and(|through| through.link == *link));
}

/// All sessions of a user are over but the one whose token was shown, if it was one.
pub fn others_gone(rows: &mut impl Rows, user: UserId, shown: Option<Credential>) {
    end(rows, user, |session| shown != Some(session.id.into()));
}

fn end(rows: &mut impl Rows, user: UserId, goes: impl Fn(&Session) -> bool) {
    let ids: Vec<SessionId> = match rows.user_sessions().row(&user) {
        Some(ids) => ids.iter().copied().collect(),
        None => return,
    };
    for id in ids {
        let Some(token) = rows.session_ids().row(&id).cloned() else { continue };
        if rows.sessions().row(&token).is_some_and(|row| goes(&row.session)) {
            remove(rows, id, &token);
            rows.user_sessions().row_mut(user).remove(&id);
        }
    }
    if rows.user_sessions().row(&user).is_some_and(Many::is_empty) {
        rows.user_sessions().remove(&user);
    }
}

fn start(
    rows: &mut impl Rows,
    id: SessionId,
    head: &Head,
    event: &Event,
    (user, token): (UserId, &TokenHash),
) {
    // A session of a user that is gone since is gone with it.
    let Some(owner) =
        rows.users().row(&user).and_then(|row| row.live()).map(|user| user.standing())
    else {
        return;
    };
    let mut session = None;
    session::evolve(&mut session, id, head, event);
    if let Some(session) = session {
        forget_expired(rows, user, head);
        rows.sessions().put(token.clone(), SessionRow { session, owner });
        rows.session_ids().put(id, token.clone());
        rows.user_sessions().row_mut(user).insert(id);
    }
}

/// Rows of sessions that expired are worth nothing. Each new session of a user takes some of the
/// oldest with it, so that they do not pile up.
fn forget_expired(rows: &mut impl Rows, user: UserId, head: &Head) {
    let oldest: Vec<SessionId> = match rows.user_sessions().row(&user) {
        Some(ids) => ids.iter().take(OLDEST_LOOKED_AT).copied().collect(),
        None => return,
    };
    for id in oldest {
        let Some(token) = rows.session_ids().row(&id).cloned() else { continue };
        if rows.sessions().row(&token).is_some_and(|row| row.session.expires <= head.at) {
            remove(rows, id, &token);
            rows.user_sessions().row_mut(user).remove(&id);
        }
    }
}

fn remove(rows: &mut impl Rows, id: SessionId, token: &TokenHash) {
    rows.sessions().remove(token);
    rows.session_ids().remove(&id);
}
