//! A session: opened for a user by a sign-in ([`crate::sign_in`]), renewed, ended.

use crate::actor::Stamp;
use crate::fact::{CommandName, Head};
use crate::id::{SessionId, UserId};
use crate::policy::Rights;
use crate::rejection::Rejection;
use crate::secret::TokenHash;
use crate::text::Username;
use crate::time::Timestamp;

pub mod describe;

pub use describe::describe;

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
}

impl Command {
    /// The name that the facts' heads keep.
    pub fn name(&self) -> CommandName {
        match self {
            Self::SignOut => CommandName::SignOut,
            Self::Renew { .. } => CommandName::RenewSession,
            Self::Revoke => CommandName::EndSession,
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
}

impl Event {
    /// The name outside the code; never renamed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "session.started",
            Self::Renewed { .. } => "session.renewed",
            Self::Ended { .. } => "session.ended",
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
}

/// What the state of a session's owner allows; each session's row repeats it, so that one look-up
/// answers whether a session may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Whether sessions may be used, and if not, why.
    pub usability: Usability,
    /// From when on they may not, whatever else.
    pub password_expires: Timestamp,
    /// The rights of the owner.
    pub rights: Rights,
}

/// Whether sessions of a user may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Usability {
    /// They may.
    Usable,
    /// Not, for want of approval; they look as if they did not exist.
    NotApproved,
    /// Not while the owner is locked.
    Locked,
    /// Not before the owner's sign-up is final.
    SignUpNotFinal,
}

/// Says whether a session may be used (Zato's contract, section 2.2, checks 1 and 3 to 5).
pub fn check(session: &Session, owner: &Standing, now: Timestamp) -> Result<(), Rejection> {
    if session.expires <= now {
        return Err(Rejection::NoSuchSession);
    }
    match owner.usability {
        Usability::NotApproved => Err(Rejection::NoSuchSession),
        Usability::Locked => Err(Rejection::AccountLocked),
        Usability::SignUpNotFinal => Err(Rejection::SignUpNotFinal),
        Usability::Usable if owner.password_expires <= now => Err(Rejection::PasswordExpired),
        Usability::Usable => Ok(()),
    }
}

/// Decides what `command` makes happen, or why nothing may.
pub fn decide(
    session: Option<&Session>,
    command: &Command,
    stamp: &Stamp,
) -> Result<Vec<Event>, Rejection> {
    session.filter(|session| session.expires > stamp.at).ok_or(Rejection::NoSuchSession)?;
    match command {
        Command::SignOut => Ok(vec![Event::Ended { reason: EndReason::SignedOut }]),
        Command::Revoke => Ok(vec![Event::Ended { reason: EndReason::Revoked }]),
        Command::Renew { expires } if *expires <= stamp.at => Err(Rejection::NoSuchSession),
        // Every renewal stands in the session's list of changes, so one that moves nothing does too.
        Command::Renew { expires } => Ok(vec![Event::Renewed { expires: *expires }]),
    }
}

/// Folds one fact into the state, in place; `None` before the start and after the end.
pub fn evolve(session: &mut Option<Session>, id: SessionId, head: &Head, event: &Event) {
    match event {
        Event::Started { user, token, expires, method, principal } => {
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
            });
        }
        Event::Renewed { expires } => {
            if let Some(session) = session {
                session.version = head.version;
                session.expires = *expires;
            }
        }
        Event::Ended { .. } => *session = None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::{Change, Description, Shown};
    use crate::policy::Right;
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
            ..before.find_session(SESSION).unwrap().clone()
        };
        assert_eq!(after.find_session(SESSION), Some(&renewed));
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
        assert_eq!(check(session, &owner, at(49)), Ok(()));
        assert_eq!(check(session, &owner, at(50)), Err(Rejection::PasswordExpired));
        assert_eq!(check(session, &owner, at(60)), Err(Rejection::NoSuchSession));
        let lasting = standing(Usability::Usable, Timestamp::NEVER);
        assert_eq!(check(session, &lasting, at(59)), Ok(()));
        assert_eq!(check(session, &lasting, at(60)), Err(Rejection::NoSuchSession));
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
            assert_eq!(check(session, &owner, at(1)), Err(rejection), "{usability:?}");
            assert_eq!(check(session, &owner, at(60)), Err(Rejection::NoSuchSession));
        }
    }

    #[test]
    fn a_session_is_told_with_its_end_before_and_after() {
        let shown = |moment| Some(Shown::Time(moment));
        let world = open();
        let before = world.find_session(SESSION);
        assert_eq!(
            describe(None, &session_started(at(60))),
            Description::new(
                "A session was opened with a password",
                vec![
                    Change::new("session.expires", None, shown(at(60))),
                    Change::new("session.principal", None, Shown::text("ada")),
                ],
            )
        );
        assert_eq!(
            describe(before, &Event::Renewed { expires: at(90) }),
            Description::new(
                "The session was renewed",
                vec![Change::new("session.expires", shown(at(60)), shown(at(90)))],
            )
        );
        for (reason, sentence) in [
            (EndReason::SignedOut, "The session ended: its owner signed out"),
            (EndReason::Revoked, "The session was ended by somebody else"),
        ] {
            let ended = vec![Change::new("session.expires", shown(at(60)), None)];
            let told = describe(before, &Event::Ended { reason });
            assert_eq!(told, Description::new(sentence, ended));
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
