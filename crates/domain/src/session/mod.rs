//! A session: opened for a user by a sign-in ([`crate::sign_in`]), renewed, ended.

use std::sync::Arc;

use crate::actor::Stamp;
use crate::attributes::{
    self, AttributeKey, Attributes, Namespace, NewAttribute, SESSION_ATTRIBUTES_MAX, SetMode,
    Setting,
};
use crate::fact::{CommandName, Head};
use crate::id::{Position, SessionId, UserId};
use crate::rejection::Rejection;
use crate::secret::TokenHash;
use crate::text::{Name, Username};
use crate::time::Timestamp;
use crate::user::state::LinkKey;

pub mod describe;
#[cfg(test)]
mod scenarios;
mod standing;

pub use describe::describe;
pub use standing::{Standing, Usability, check};

/// How many of a session's latest changes are remembered and shown (Zato's contract, section 6.6).
pub const CHANGES_SHOWN_MAX: usize = 100;

/// What can be asked of a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Its owner leaves.
    SignOut,
    /// Its owner wants it to last until then.
    Renew {
        /// The new end.
        expires: Timestamp,
    },
    /// Somebody else ends it.
    Revoke,
    /// Set attributes of it, all or none.
    SetAttributes {
        /// Which, to what.
        items: Vec<NewAttribute>,
        /// What may be there before.
        mode: SetMode,
    },
    /// Remove attributes of it; those that are not there are not missed.
    RemoveAttributes(Vec<AttributeKey>),
}

impl Command {
    /// The name that the facts' heads keep.
    pub fn name(&self) -> CommandName {
        match self {
            Self::SignOut => CommandName::SignOut,
            Self::Renew { .. } => CommandName::RenewSession,
            Self::Revoke => CommandName::EndSession,
            Self::SetAttributes { .. } => CommandName::SetAttributes,
            Self::RemoveAttributes(_) => CommandName::RemoveAttributes,
        }
    }
}

/// What can have happened to a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It was opened.
    Started {
        /// For whom.
        user: UserId,
        /// The hash of the token that was handed out.
        token: TokenHash,
        /// When it ends by itself.
        expires: Timestamp,
        /// By which kind of proof.
        method: Method,
        /// The name under which its owner signed in.
        principal: Option<Username>,
        /// The link that it was opened through, if it was.
        link: Option<Arc<Through>>,
    },
    /// It lasts longer.
    Renewed {
        /// When it ends by itself now.
        expires: Timestamp,
    },
    /// It is over.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// An attribute of it has this value.
    AttributeSet {
        /// Its name.
        name: Name,
        /// Its value as JSON text; `None` if it stayed.
        value: Option<Arc<str>>,
        /// Whether its owner wants it encrypted.
        encrypted: bool,
        /// From when on it counts as absent.
        expires: Timestamp,
    },
    /// An attribute of it is gone.
    AttributeRemoved {
        /// Its name.
        name: Name,
    },
}

impl Event {
    /// The name outside the code; never renamed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "session.started",
            Self::Renewed { .. } => "session.renewed",
            Self::Ended { .. } => "session.ended",
            Self::AttributeSet { .. } => "session.attribute_set",
            Self::AttributeRemoved { .. } => "session.attribute_removed",
        }
    }
}

/// How the owner of a session proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// By a password.
    Password,
    /// By a password and a TOTP code.
    PasswordAndTotp,
    /// By nothing: an operator opened it at the command line.
    CommandLine,
    /// By the credentials of a security definition that the owner is linked to.
    Linked,
}

/// The link that a session was opened through.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Through {
    /// The security definition.
    pub link: LinkKey,
    /// The hash of the bearer token that was shown, if it was one: another token has another session.
    pub bearer: Option<TokenHash>,
}

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its owner signed out.
    SignedOut,
    /// An administrator ended it.
    Revoked,
}

/// What is true of a session.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// How many facts its stream has.
    pub version: u32,
    /// When it was opened.
    pub started: Timestamp,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// The hash of its token.
    pub token: TokenHash,
    /// By which kind of proof it was opened.
    pub method: Method,
    /// The name under which its owner signed in.
    pub principal: Option<Username>,
    /// The link that it was opened through, with which it goes.
    pub link: Option<Arc<Through>>,
    /// The fact that opened it, whose origin says from where.
    pub opened: Position,
    /// How often it was renewed.
    pub renewals: u32,
    /// The facts of its latest renewals, oldest first.
    pub renewed: Vec<Position>,
    /// What applications keep with it, until it ends.
    pub attributes: Attributes,
}

/// One entry of a session's list of changes; from where, the fact's origin says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionChange {
    /// The fact.
    pub position: Position,
    /// Its number, from 1; it stays when older entries fall out.
    pub number: u32,
    /// Whether it was opened or renewed.
    pub renewed: bool,
}

impl Session {
    /// The latest `count` of its changes, at most [`CHANGES_SHOWN_MAX`], oldest first.
    pub fn latest_changes(&self, count: usize) -> Vec<SessionChange> {
        let count = count.min(CHANGES_SHOWN_MAX);
        let mut changes = Vec::with_capacity(count.min(self.renewed.len() + 1));
        let mut number = self.renewals + 1;
        for position in self.renewed.iter().rev().take(count) {
            changes.push(SessionChange { position: *position, number, renewed: true });
            number -= 1;
        }
        if number == 1 && changes.len() < count {
            changes.push(SessionChange { position: self.opened, number, renewed: false });
        }
        changes.reverse();
        changes
    }
}

/// Decides what `command` makes happen, or why nothing may.
pub fn decide(
    session: Option<&Session>,
    command: Command,
    stamp: &Stamp,
) -> Result<Vec<Event>, Rejection> {
    let session = session.filter(|session| session.expires > stamp.at);
    let session = session.ok_or(Rejection::NoSuchSession)?;
    match command {
        Command::SignOut => Ok(vec![Event::Ended { reason: EndReason::SignedOut }]),
        Command::Revoke => Ok(vec![Event::Ended { reason: EndReason::Revoked }]),
        Command::Renew { expires } if expires <= stamp.at => Err(Rejection::NoSuchSession),
        // Every renewal stands in the session's list of changes, so one that moves nothing does too.
        Command::Renew { expires } => Ok(vec![Event::Renewed { expires }]),
        Command::SetAttributes { items, mode } => {
            let settings = attributes::set(
                &session.attributes,
                SESSION_ATTRIBUTES_MAX,
                items,
                mode,
                stamp.at,
            )?;
            Ok(settings.into_iter().map(attribute_set).collect())
        }
        Command::RemoveAttributes(names) => {
            let gone = attributes::remove(&session.attributes, names, stamp.at);
            Ok(gone.into_iter().map(|key| Event::AttributeRemoved { name: key.name }).collect())
        }
    }
}

fn attribute_set(setting: Setting) -> Event {
    let Setting { key, value, encrypted, expires } = setting;
    Event::AttributeSet { name: key.name, value, encrypted, expires }
}

/// The key under which a session keeps an attribute: all of them are Zato's.
pub fn attribute_key(name: &Name) -> AttributeKey {
    AttributeKey { namespace: Namespace::Zato, name: name.clone() }
}

/// Folds one fact into the state, in place; `None` before the start and after the end.
pub fn evolve(session: &mut Option<Session>, id: SessionId, head: &Head, event: &Event) {
    match event {
        Event::Started { user, token, expires, method, principal, link } => {
            debug_assert!(session.is_none(), "a session starts once");
            *session = Some(Session {
                id,
                user: *user,
                version: head.version,
                started: head.at,
                expires: *expires,
                token: token.clone(),
                method: *method,
                principal: principal.clone(),
                link: link.clone(),
                opened: head.position,
                renewals: 0,
                renewed: Vec::new(),
                attributes: Attributes::new_sync(),
            });
        }
        Event::Renewed { expires } => {
            if let Some(session) = session {
                session.version = head.version;
                session.expires = *expires;
                session.renewals += 1;
                if session.renewed.len() == CHANGES_SHOWN_MAX {
                    session.renewed.remove(0);
                }
                session.renewed.push(head.position);
            }
        }
        Event::Ended { .. } => *session = None,
        Event::AttributeSet { name, value, encrypted, expires } => {
            if let Some(session) = session {
                session.version = head.version;
                let (key, now) = (attribute_key(name), (*encrypted, *expires));
                attributes::became(
                    &mut session.attributes,
                    SESSION_ATTRIBUTES_MAX,
                    head,
                    &key,
                    value.as_ref(),
                    now,
                );
            }
        }
        Event::AttributeRemoved { name } => {
            if let Some(session) = session {
                session.version = head.version;
                session.attributes.remove_mut(&attribute_key(name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Right, Rights};
    use crate::scenario::*;

    #[test]
    fn its_owner_ends_a_session_once() {
        let world = open()
            .when(Command::SignOut)
            .then([Event::Ended { reason: EndReason::SignedOut }])
            .when(Command::SignOut)
            .then_rejected(Rejection::NoSuchSession);
        assert_eq!(world.find_session(SESSION), None);
    }

    #[test]
    fn somebody_else_ends_a_session_once() {
        open()
            .when(Command::Revoke)
            .then([Event::Ended { reason: EndReason::Revoked }])
            .when(Command::Revoke)
            .then_rejected(Rejection::NoSuchSession);
    }

    #[test]
    fn a_renewal_moves_the_end_and_nothing_else() {
        let before = open();
        let after = before
            .clone()
            .when(Command::Renew { expires: at(90) })
            .then([Event::Renewed { expires: at(90) }]);
        let renewed = Session {
            version: 2,
            expires: at(90),
            renewals: 1,
            renewed: vec![Position(2)],
            ..before.find_session(SESSION).unwrap().clone()
        };
        assert_eq!(after.find_session(SESSION), Some(&renewed));
    }

    #[test]
    fn the_latest_changes_are_told_with_their_numbers_from_the_first_on() {
        let login = SessionChange { position: Position(1), number: 1, renewed: false };
        let renewal = |number: u32| SessionChange {
            position: Position(u64::from(number)),
            number,
            renewed: true,
        };
        let told =
            |world: &World, count| world.find_session(SESSION).unwrap().latest_changes(count);
        let mut world = open();
        assert_eq!(told(&world, 9), [login]);
        world = world.and(Event::Renewed { expires: at(90) });
        assert_eq!(told(&world, 9), [login, renewal(2)]);
        assert_eq!(told(&world, 1), [renewal(2)]);
        assert_eq!(told(&world, 0), []);
        for _ in 3..=100 {
            world = world.and(Event::Renewed { expires: at(900) });
        }
        let hundred = told(&world, usize::MAX);
        assert_eq!((hundred.len(), hundred[0], hundred[99]), (100, login, renewal(100)));
        world = world.and(Event::Renewed { expires: at(900) });
        let hundred = told(&world, usize::MAX);
        assert_eq!((hundred.len(), hundred[0], hundred[99]), (100, renewal(2), renewal(101)));
        world = world.and(Event::Renewed { expires: at(900) });
        assert_eq!(told(&world, usize::MAX)[0], renewal(3));
        assert_eq!(world.find_session(SESSION).unwrap().opened, Position(1));
    }

    #[test]
    fn a_renewal_may_bring_the_end_nearer() {
        open().when(Command::Renew { expires: at(30) }).then([Event::Renewed { expires: at(30) }]);
    }

    #[test]
    fn a_renewal_to_the_same_end_is_a_fact_for_its_time_is_seen() {
        open().when(Command::Renew { expires: at(60) }).then([Event::Renewed { expires: at(60) }]);
    }

    #[test]
    fn a_renewal_into_the_past_is_refused() {
        open().when(Command::Renew { expires: at(1) }).then_rejected(Rejection::NoSuchSession);
    }

    #[test]
    fn nothing_can_be_asked_of_a_session_that_is_unknown_or_expired() {
        for command in [Command::SignOut, Command::Revoke, Command::Renew { expires: at(90) }] {
            nothing().when(command.clone()).then_rejected(Rejection::NoSuchSession);
            open().at(at(60)).when(command.clone()).then_rejected(Rejection::NoSuchSession);
            open().at(at(60).before(crate::time::Span(1))).when(command).then_accepted();
        }
    }

    #[test]
    fn a_session_may_be_used_until_it_or_its_owners_password_expires() {
        let world = open();
        let session = world.find_session(SESSION).unwrap();
        let owner = standing(Usability::Usable, at(50));
        assert_eq!(check(session, &owner, true, at(49)), Ok(()));
        assert_eq!(check(session, &owner, true, at(50)), Err(Rejection::PasswordExpired));
        assert_eq!(check(session, &owner, true, at(60)), Err(Rejection::NoSuchSession));
        let lasting = standing(Usability::Usable, Timestamp::NEVER);
        assert_eq!(check(session, &lasting, true, at(59)), Ok(()));
        assert_eq!(check(session, &lasting, true, at(60)), Err(Rejection::NoSuchSession));
    }

    /// Zato's contract, section 2.2: the session itself, approval, lock, sign-up, password.
    #[test]
    fn what_stands_in_the_way_of_a_session_is_told_in_the_order_of_the_contract() {
        let world = open();
        let session = world.find_session(SESSION).unwrap();
        for (usability, rejection) in [
            (Usability::NotApproved, Rejection::NoSuchSession),
            (Usability::Locked, Rejection::AccountLocked),
            (Usability::SignUpNotFinal, Rejection::SignUpNotFinal),
            (Usability::Usable, Rejection::PasswordExpired),
        ] {
            let owner = standing(usability, at(0));
            assert_eq!(check(session, &owner, true, at(1)), Err(rejection), "{usability:?}");
            assert_eq!(check(session, &owner, true, at(60)), Err(Rejection::NoSuchSession));
        }
    }

    /// Zato's contract, section 2.2: check 2 comes after the session and its owner's approval.
    #[test]
    fn a_session_may_be_used_from_where_its_owner_may_be_only() {
        let world = open();
        let session = world.find_session(SESSION).unwrap();
        for (usability, rejection) in [
            (Usability::NotApproved, Rejection::NoSuchSession),
            (Usability::Locked, Rejection::AddressNotAllowed),
            (Usability::SignUpNotFinal, Rejection::AddressNotAllowed),
            (Usability::Usable, Rejection::AddressNotAllowed),
        ] {
            let owner = standing(usability, at(0));
            assert_eq!(check(session, &owner, false, at(1)), Err(rejection), "{usability:?}");
            assert_eq!(check(session, &owner, false, at(60)), Err(Rejection::NoSuchSession));
        }
    }

    /// A session of Ada's that ends at 60 s; it is 1 s now.
    fn open() -> World {
        given([session_started(at(60))])
    }

    fn standing(usability: Usability, password_expires: Timestamp) -> Standing {
        Standing { usability, password_expires, rights: Rights::NONE.with(Right::Auditor) }
    }
}
