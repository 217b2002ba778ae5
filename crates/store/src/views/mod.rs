//! The read models: rows in memory that are folds of the log and nothing else.
//!
//! [`Views`] are what everybody reads; [`Draft`] is the same rows with a turn's changes over them.
//! [`apply`] folds one fact into either. One file a view: [`users`], [`names`], [`sessions`],
//! [`tokens`], [`codes`], [`links`], [`outbox`], [`history`]; [`table`] and [`many`] are what they are made of,
//! [`mod@compare`] tells whether two sets of them are equal.

pub mod codes;
pub mod compare;
mod draft;
pub mod history;
pub mod links;
pub mod many;
pub mod names;
pub mod outbox;
pub mod sessions;
pub mod table;
pub mod tokens;
pub mod users;

use std::sync::Arc;

use domain::fact::{Event, Fact, Head, Part, Stream};
use domain::id::{Position, SessionId, Slot, UserId};
use domain::secret::TokenHash;
use domain::system::{self, System};
use domain::text::{USERNAME_CHARS_MAX, fold};
use domain::time::Timestamp;
use domain::user::User;
use domain::user::state::LinkKey;

use crate::planted::{self, Planted};
pub use draft::{Changes, Draft};
pub use history::{Positions, Subject};
use many::Many;
use names::Holders;
pub use sessions::SessionRow;
use table::{Map, Table};
pub use tokens::TokenRow;
pub use users::{Gone, UserRow};

/// All rows, as of one position.
#[derive(Default)]
pub struct Views {
    users: Map<UserId, UserRow>,
    owners: Map<Slot, UserId>,
    names: Map<Box<str>, Holders>,
    emails: Map<Box<str>, Many<UserId>>,
    sessions: Map<TokenHash, SessionRow>,
    session_ids: Map<SessionId, TokenHash>,
    user_sessions: Map<UserId, Many<SessionId>>,
    tokens: Map<TokenHash, TokenRow>,
    codes: Map<TokenHash, UserId>,
    links: Map<LinkKey, UserId>,
    outbox: Map<Position, UserId>,
    history: Map<Subject, Positions>,
    globals: Globals,
}

/// What is not a row: where the fold stands, and the state of the store itself.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub struct Globals {
    /// The last fact folded.
    pub position: Position,
    /// Its time.
    pub at: Timestamp,
    /// The highest key slot in use.
    pub slot_highest: Slot,
    /// The system stream's state.
    pub system: Arc<System>,
}

/// Rows that a fold changes: the views in place, or a draft over them.
pub trait Rows {
    /// Users by id.
    fn users(&mut self) -> &mut impl Table<UserId, UserRow>;
    /// Whose a key slot is.
    fn owners(&mut self) -> &mut impl Table<Slot, UserId>;
    /// Who holds a name, by its folded form.
    fn names(&mut self) -> &mut impl Table<Box<str>, Holders>;
    /// Who is found under an e-mail address, by its folded form.
    fn emails(&mut self) -> &mut impl Table<Box<str>, Many<UserId>>;
    /// Sessions by the hash of their token.
    fn sessions(&mut self) -> &mut impl Table<TokenHash, SessionRow>;
    /// The token hash of a session.
    fn session_ids(&mut self) -> &mut impl Table<SessionId, TokenHash>;
    /// The sessions of a user.
    fn user_sessions(&mut self) -> &mut impl Table<UserId, Many<SessionId>>;
    /// Access tokens by their hash.
    fn tokens(&mut self) -> &mut impl Table<TokenHash, TokenRow>;
    /// Whose a mailed token is, by its hash.
    fn codes(&mut self) -> &mut impl Table<TokenHash, UserId>;
    /// Whom a security definition signs in.
    fn links(&mut self) -> &mut impl Table<LinkKey, UserId>;
    /// About whom a mail is that is owed, by the fact that owes it.
    fn outbox(&mut self) -> &mut impl Table<Position, UserId>;
    /// Adds a position to a subject's history.
    fn note(&mut self, subject: Subject, position: Position);
    /// What is not a row.
    fn globals(&mut self) -> &mut Globals;
}

/// Folds one fact: it reads the fact and its own rows, nothing else, and cannot fail.
pub fn apply(rows: &mut impl Rows, fact: &Fact) {
    let head = &fact.head;
    match &fact.body {
        Part::Open(Event::User(id, event)) => users::apply(rows, *id, head, event),
        Part::Open(Event::Session(id, event)) => sessions::apply(rows, *id, head, event),
        Part::Open(Event::System(event)) => apply_system(rows, head, event),
        Part::Erased => match head.stream {
            Stream::User(id) => users::erased(rows, id, head),
            // The rows of an erased person's sessions go with the person.
            Stream::Session(_) | Stream::System => {}
        },
    }
    history::remember(rows, fact);
    let globals = rows.globals();
    globals.position = head.position;
    globals.at = globals.at.max(head.at);
}

fn apply_system(rows: &mut impl Rows, head: &Head, event: &system::Event) {
    let globals = rows.globals();
    system::evolve(Arc::make_mut(&mut globals.system), head.version, event);
    if let system::Event::SlotAssigned { slot, .. } = event {
        globals.slot_highest = globals.slot_highest.max(*slot);
    }
}

impl Views {
    /// What is not a row.
    pub fn globals(&self) -> &Globals {
        &self.globals
    }

    /// The state of the store itself.
    pub fn system(&self) -> &Arc<System> {
        &self.globals.system
    }

    /// A user by id, if it lives.
    pub fn user(&self, id: UserId) -> Option<&Arc<User>> {
        self.users.get(&id).and_then(UserRow::live)
    }

    /// A user's row, also of one that is gone.
    pub fn user_row(&self, id: UserId) -> Option<&UserRow> {
        self.users.get(&id)
    }

    /// Everybody who lives, in no order.
    pub fn everybody(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users.values().filter_map(UserRow::live)
    }

    /// Everybody who was deleted or erased, in no order.
    pub fn gone(&self) -> impl Iterator<Item = (UserId, &Gone)> {
        self.users.iter().filter_map(|(id, row)| match row {
            UserRow::Gone(gone) => Some((*id, gone)),
            UserRow::Live(_) | UserRow::Unborn => None,
        })
    }

    /// How many rows there are, and of what kind.
    pub fn counts(&self) -> Counts {
        Counts {
            users: self.users.len(),
            sessions: self.sessions.len(),
            names: self.names.len(),
            tokens: self.tokens.len(),
        }
    }

    /// Who holds this name in exactly this spelling.
    pub fn named_exactly(&self, name: &str) -> Option<&Arc<User>> {
        let folded = folded(name)?;
        let id = self.names.get(folded.as_str())?.exactly(name, &folded)?;
        self.user(id)
    }

    /// Who holds this name: in exactly this spelling, else the only one in any spelling.
    pub fn named(&self, name: &str) -> Option<&Arc<User>> {
        let folded = folded(name)?;
        let holders = self.names.get(folded.as_str())?;
        let id = holders.exactly(name, &folded).or_else(|| holders.only())?;
        self.user(id)
    }

    /// A session by the hash of a token that was handed out for it.
    pub fn session(&self, token: &TokenHash) -> Option<&SessionRow> {
        self.sessions.get(token)
    }

    /// A session by its id.
    pub fn session_by_id(&self, id: SessionId) -> Option<&SessionRow> {
        self.sessions.get(self.session_ids.get(&id)?)
    }

    /// The sessions of a user, ended ones not among them.
    pub fn sessions_of(&self, user: UserId) -> impl Iterator<Item = &SessionRow> {
        let ids = self.user_sessions.get(&user);
        ids.into_iter().flat_map(Many::iter).filter_map(|id| self.session_by_id(*id))
    }

    /// Whose access token it is, by its hash.
    pub fn token(&self, token: &TokenHash) -> Option<TokenRow> {
        self.tokens.get(token).copied()
    }

    /// Whose a mailed token is, by its hash: of a sign-up, also once it was used, or of a reset that is
    /// under way.
    pub fn code(&self, token: &TokenHash) -> Option<UserId> {
        self.codes.get(token).copied()
    }

    /// Whom a security definition signs in.
    pub fn linked(&self, link: &LinkKey) -> Option<UserId> {
        self.links.get(link).copied()
    }

    /// Who is found under an e-mail address in any spelling, if it is one user only.
    pub fn only_with_email(&self, email: &str) -> Option<&Arc<User>> {
        let mut found = self.emails.get(fold(email).as_str())?.iter();
        let first = found.next()?;
        found.next().is_none().then(|| self.user(*first)).flatten()
    }

    /// The mails that are owed, in no order, each with about whom it is.
    pub fn owed_mails(&self) -> impl Iterator<Item = (Position, UserId)> {
        self.outbox.iter().map(|(mail, user)| (*mail, *user))
    }

    /// About whom a mail is, if it is owed.
    pub fn owed_mail(&self, mail: Position) -> Option<&Arc<User>> {
        self.user(*self.outbox.get(&mail)?)
    }

    /// Whose a key slot is.
    pub fn owner(&self, slot: Slot) -> Option<UserId> {
        self.owners.get(&slot).copied()
    }

    /// Whether a fact says that the key in a slot is destroyed: that of a user who was erased, or of a month
    /// that was forgotten.
    pub fn is_destroyed(&self, slot: Slot) -> bool {
        let is_erased = |row: &UserRow| matches!(row, UserRow::Gone(Gone { erased: true, .. }));
        self.system().forgotten.contains(&slot)
            || self.owner(slot).and_then(|id| self.user_row(id)).is_some_and(is_erased)
    }

    /// Where the facts about or by somebody stand.
    pub fn history(&self, subject: Subject) -> Option<&Positions> {
        self.history.get(&subject)
    }

    /// A digest of all rows, whatever their order; for telling whether two sets of views are equal.
    pub fn digest(&self) -> [u8; 32] {
        compare::digest_of(self)
    }

    /// Publishes a turn's changes.
    pub fn absorb(&mut self, changes: Changes) {
        table::absorb(&mut self.users, changes.users);
        table::absorb(&mut self.owners, changes.owners);
        table::absorb(&mut self.names, changes.names);
        table::absorb(&mut self.emails, changes.emails);
        table::absorb(&mut self.sessions, changes.sessions);
        table::absorb(&mut self.session_ids, changes.session_ids);
        table::absorb(&mut self.user_sessions, changes.user_sessions);
        table::absorb(&mut self.tokens, changes.tokens);
        if !planted::is(Planted::RowForgotten) {
            table::absorb(&mut self.codes, changes.codes);
        }
        table::absorb(&mut self.links, changes.links);
        table::absorb(&mut self.outbox, changes.outbox);
        for (subject, position) in changes.noted {
            self.note(subject, position);
        }
        self.globals = changes.globals;
    }
}

/// The form under which a name is found; nobody holds a longer name than users may have, and folding
/// one would take its time under the lock.
fn folded(name: &str) -> Option<String> {
    let bytes_max = USERNAME_CHARS_MAX * char::MAX.len_utf8();
    (name.len() <= bytes_max).then(|| fold(name))
}

/// How many rows the views have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Users, gone ones among them.
    pub users: usize,
    /// Sessions.
    pub sessions: usize,
    /// Names in use.
    pub names: usize,
    /// Access tokens.
    pub tokens: usize,
}

impl Rows for Views {
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
        self.history.entry(subject).or_default().push(position);
    }

    fn globals(&mut self) -> &mut Globals {
        &mut self.globals
    }
}
