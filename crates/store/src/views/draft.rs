//! A turn's changes over the views: seen by the turn, by nobody else until they are absorbed.

use std::sync::Arc;

use domain::id::{Position, SessionId, Slot, UserId};
use domain::secret::TokenHash;
use domain::text::fold;
use domain::user::User;
use domain::user::state::LinkKey;

use super::history::{Positions, Subject};
use super::many::Many;
use super::names::Holders;
use super::sessions::SessionRow;
use super::table::{Changed, Layer, Map, Table};
use super::tokens::TokenRow;
use super::users::UserRow;
use super::{Globals, Rows, Views};
use crate::states::{self, Kept, Person, SESSIONS_KEPT_MAX};

/// The views with a turn's changes over them; dropping it abandons the turn.
pub struct Draft<'v> {
    users: Layer<'v, UserId, UserRow>,
    owners: Layer<'v, Slot, UserId>,
    names: Layer<'v, Box<str>, Holders>,
    emails: Layer<'v, Box<str>, Many<UserId>>,
    sessions: Layer<'v, TokenHash, SessionRow>,
    session_ids: Layer<'v, SessionId, TokenHash>,
    user_sessions: Layer<'v, UserId, Many<SessionId>>,
    tokens: Layer<'v, TokenHash, TokenRow>,
    codes: Layer<'v, TokenHash, UserId>,
    links: Layer<'v, LinkKey, UserId>,
    outbox: Layer<'v, Position, UserId>,
    noted: Vec<(Subject, Position)>,
    history: &'v Map<Subject, Positions>,
    counts: Map<UserId, usize>,
    kept: Vec<Kept>,
    globals: Globals,
}

/// The changes of a turn alone, to be absorbed by the views they were made over.
pub struct Changes {
    pub(super) users: Changed<UserId, UserRow>,
    pub(super) owners: Changed<Slot, UserId>,
    pub(super) names: Changed<Box<str>, Holders>,
    pub(super) emails: Changed<Box<str>, Many<UserId>>,
    pub(super) sessions: Changed<TokenHash, SessionRow>,
    pub(super) session_ids: Changed<SessionId, TokenHash>,
    pub(super) user_sessions: Changed<UserId, Many<SessionId>>,
    pub(super) tokens: Changed<TokenHash, TokenRow>,
    pub(super) codes: Changed<TokenHash, UserId>,
    pub(super) links: Changed<LinkKey, UserId>,
    pub(super) outbox: Changed<Position, UserId>,
    pub(super) noted: Vec<(Subject, Position)>,
    /// States of people worth keeping, once the changes are committed.
    pub(crate) kept: Vec<Kept>,
    pub(super) globals: Globals,
}

impl<'v> Draft<'v> {
    /// A draft without changes.
    pub fn over(views: &'v Views) -> Self {
        Self {
            users: Layer::over(&views.users),
            owners: Layer::over(&views.owners),
            names: Layer::over(&views.names),
            emails: Layer::over(&views.emails),
            sessions: Layer::over(&views.sessions),
            session_ids: Layer::over(&views.session_ids),
            user_sessions: Layer::over(&views.user_sessions),
            tokens: Layer::over(&views.tokens),
            codes: Layer::over(&views.codes),
            links: Layer::over(&views.links),
            outbox: Layer::over(&views.outbox),
            noted: Vec::new(),
            history: &views.history,
            counts: Map::default(),
            kept: Vec::new(),
            globals: views.globals.clone(),
        }
    }

    /// The changes, without what lies below them.
    pub fn into_changes(self) -> Changes {
        Changes {
            users: self.users.into_changed(),
            owners: self.owners.into_changed(),
            names: self.names.into_changed(),
            emails: self.emails.into_changed(),
            sessions: self.sessions.into_changed(),
            session_ids: self.session_ids.into_changed(),
            user_sessions: self.user_sessions.into_changed(),
            tokens: self.tokens.into_changed(),
            codes: self.codes.into_changed(),
            links: self.links.into_changed(),
            outbox: self.outbox.into_changed(),
            noted: self.noted,
            kept: self.kept,
            globals: self.globals,
        }
    }

    /// What is not a row.
    pub fn now(&self) -> &Globals {
        &self.globals
    }

    /// A user by id, if it lives.
    pub fn user(&self, id: UserId) -> Option<&Arc<User>> {
        self.users.row(&id).and_then(UserRow::live)
    }

    /// A user's row, also of one that is gone.
    pub fn user_row(&self, id: UserId) -> Option<&UserRow> {
        self.users.row(&id)
    }

    /// A session by id.
    pub fn session(&self, id: SessionId) -> Option<&SessionRow> {
        self.sessions.row(self.session_ids.row(&id)?)
    }

    /// The sessions of a user, oldest first.
    pub fn sessions_of(&self, user: UserId) -> impl Iterator<Item = &SessionRow> {
        let ids = self.user_sessions.row(&user).into_iter().flat_map(Many::iter);
        ids.filter_map(|id| self.session(*id))
    }

    /// Who holds this name in exactly this spelling, and whether anybody else holds it in another.
    pub fn holders(&self, name: &str) -> (Option<UserId>, bool) {
        let folded: Box<str> = fold(name).into();
        let Some(holders) = self.names.row(&folded) else {
            return (None, false);
        };
        let exact = holders.exactly(name, &folded);
        (exact, holders.all().any(|user| Some(user) != exact))
    }
}

impl Draft<'_> {
    /// Another fact stands in somebody's history: after some of them the state is worth keeping, and this
    /// is the moment at which it is that state.
    fn counted(&mut self, id: UserId, position: Position) {
        let known = || self.history.get(&Subject::Of(id)).map_or(0, Positions::len);
        let count =
            *self.counts.entry(id).and_modify(|count| *count += 1).or_insert_with(|| known() + 1);
        if states::is_due(count) {
            let person = Person {
                user: self.user(id).cloned(),
                sessions: self
                    .sessions_of(id)
                    .take(SESSIONS_KEPT_MAX + 1)
                    .map(|row| (row.session.id, Arc::new(row.session.clone())))
                    .collect(),
            };
            self.kept.extend(Kept::new(count, position, &person));
        }
    }
}

impl Changes {
    /// No change to any row, up to where others go.
    pub(crate) fn none_up_to(others: &Self) -> Self {
        Self { globals: others.globals.clone(), ..Draft::over(&Views::default()).into_changes() }
    }
}

impl Draft<'_> {
    /// Whom a security definition signs in.
    pub fn linked(&self, link: &LinkKey) -> Option<UserId> {
        self.links.row(link).copied()
    }
}

impl Rows for Draft<'_> {
    fn users(&mut self) -> &mut impl Table<UserId, UserRow> {
        &mut self.users
    }

    fn owners(&mut self) -> &mut impl Table<Slot, UserId> {
        &mut self.owners
    }

    fn names(&mut self) -> &mut impl Table<Box<str>, Holders> {
        &mut self.names
    }

    fn emails(&mut self) -> &mut impl Table<Box<str>, Many<UserId>> {
        &mut self.emails
    }

    fn sessions(&mut self) -> &mut impl Table<TokenHash, SessionRow> {
        &mut self.sessions
    }

    fn session_ids(&mut self) -> &mut impl Table<SessionId, TokenHash> {
        &mut self.session_ids
    }

    fn user_sessions(&mut self) -> &mut impl Table<UserId, Many<SessionId>> {
        &mut self.user_sessions
    }

    fn tokens(&mut self) -> &mut impl Table<TokenHash, TokenRow> {
        &mut self.tokens
    }

    fn codes(&mut self) -> &mut impl Table<TokenHash, UserId> {
        &mut self.codes
    }

    fn links(&mut self) -> &mut impl Table<LinkKey, UserId> {
        &mut self.links
    }

    fn outbox(&mut self) -> &mut impl Table<Position, UserId> {
        &mut self.outbox
    }

    fn note(&mut self, subject: Subject, position: Position) {
        self.noted.push((subject, position));
        if let Subject::Of(id) = subject {
            self.counted(id, position);
        }
    }

    fn globals(&mut self) -> &mut Globals {
        &mut self.globals
    }
}
