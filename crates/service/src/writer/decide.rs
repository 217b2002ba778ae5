//! What a command comes to, decided against the draft: everything that may be said against it, in one
//! order for all commands.

use std::sync::Arc;

use domain::actor::Stamp;
use domain::fact::Event;
use domain::id::{SessionId, UserId};
use domain::policy::{self, Act, Authority, Rights};
use domain::rejection::{Held, Rejection};
use domain::sign_in::LinkedSignIn;
use domain::text::Username;
use domain::time::Timestamp;
use domain::user::User;
use domain::user::access;
use domain::user::mail::{self, MailRules};
use domain::{session, sign_in, system, user};
use store::Turn;
use store::planted::{self, Planted};
use store::views::UserRow;

use super::of_system;
use crate::caller::{Caller, Proof};
use crate::command::{Command, act_of_session};

/// What an operator wants to follow from what happens to users.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// Which mails are owed.
    pub mails: MailRules,
    /// Whether a change of the password ends all other sessions.
    pub password_ends_sessions: bool,
}

impl Rules {
    fn follow(self, before: Option<&User>, events: &mut Vec<user::Event>) {
        let owed = mail::owed(self.mails, before, events);
        if self.password_ends_sessions {
            events.extend(access::sessions_ended(events));
        }
        events.extend(owed);
    }

    /// A password that was replaced while signing in ends the sessions from before.
    fn after_sign_in(self, user: UserId, events: &mut Vec<Event>) {
        if !self.password_ends_sessions {
            return;
        }
        let changed =
            |event: &Event| matches!(event, Event::User(_, user::Event::PasswordChanged { .. }));
        if let Some(at) = events.iter().position(changed) {
            events.insert(at + 1, Event::User(user, access::Event::SessionsEnded.into()));
        }
    }
}

/// Asks in the order of design D9: is the credential still good, may its holder do this, what do
/// the rules say, is the name free.
pub(super) fn decide(
    turn: &Turn<'_>,
    rules: Rules,
    caller: &Caller,
    command: Command,
    stamp: &Stamp,
) -> Result<(Vec<Event>, Option<UserId>), Rejection> {
    let draft = turn.draft();
    if !is_sign_out(&command) {
        check_proof(turn, caller.proof, stamp.at)?;
    }
    let rights =
        caller.actor.user().and_then(|id| draft.user(id)).map_or(Rights::NONE, |user| user.rights);
    let who = Authority { actor: caller.actor, rights };
    match command {
        Command::User(id, user::Command::Erase) => erase(turn, &who, id, stamp),
        Command::User(id, command) => {
            let user = draft.user(id).map(Arc::as_ref);
            policy::permits(&who, command.act(), user)?;
            let mut events = user::decide(user, command, stamp)?;
            rules.follow(user, &mut events);
            check_names(turn, Some(id), &events)?;
            check_links(turn, &events)?;
            Ok((of_user(id, events), Some(id)))
        }
        Command::NewUser(command) => {
            policy::permits(&who, command.act(), None)?;
            let id = UserId(stamp.id(0));
            debug_assert!(draft.user_row(id).is_none_or(|row| *row == UserRow::Unborn));
            let mut events = user::decide(None, command, stamp)?;
            rules.follow(None, &mut events);
            check_names(turn, None, &events)?;
            Ok((of_user(id, events), Some(id)))
        }
        Command::SetAttributes { items, mode } => {
            let set = |(id, items)| {
                let user = draft.user(id).map(Arc::as_ref);
                let command = user::Command::SetAttributes { items, mode };
                policy::permits(&who, command.act(), user)?;
                Ok(of_user(id, user::decide(user, command, stamp)?))
            };
            let events = items.into_iter().map(set).collect::<Result<Vec<_>, Rejection>>()?;
            Ok((events.concat(), None))
        }
        Command::SignIn(asked) => {
            let id = asked.user;
            let mut events = sign_in::decide(draft.user(id).map(Arc::as_ref), *asked, stamp)?;
            rules.after_sign_in(id, &mut events);
            Ok((events, Some(id)))
        }
        Command::LinkedSignIn(asked) => {
            let id = asked.user;
            Ok((through_link(turn, *asked, stamp)?, Some(id)))
        }
        Command::OpenSession(asked) => {
            let id = asked.user;
            let user = draft.user(id).map(Arc::as_ref);
            policy::permits(&who, Act::OpenSession, user)?;
            Ok((sign_in::open(user, asked, stamp)?, Some(id)))
        }
        Command::Session(id, command) => of_session(turn, &who, id, command, stamp),
        Command::System(command) => {
            policy::permits(&who, command.act(), None)?;
            let events = system::decide(&draft.now().system, command)?;
            Ok((of_system(events), None))
        }
    }
}

/// A user is erased whether it lives or was deleted before.
fn erase(
    turn: &Turn<'_>,
    who: &Authority,
    id: UserId,
    stamp: &Stamp,
) -> Result<(Vec<Event>, Option<UserId>), Rejection> {
    let row = turn.draft().user_row(id);
    policy::permits(who, Act::EraseUser, row.and_then(UserRow::live).map(Arc::as_ref))?;
    let events = match row {
        Some(UserRow::Live(user)) => user::decide(Some(user), user::Command::Erase, stamp),
        Some(UserRow::Gone(gone)) => user::erase_deleted(gone.erased),
        Some(UserRow::Unborn) | None => Err(Rejection::NoSuchUser),
    };
    Ok((of_user(id, events?), Some(id)))
}

/// The session that the same proof opened, if there is one, decides with the user.
fn through_link(
    turn: &Turn<'_>,
    asked: LinkedSignIn,
    stamp: &Stamp,
) -> Result<Vec<Event>, Rejection> {
    let draft = turn.draft();
    let user = draft.user(asked.user).map(Arc::as_ref);
    let mut sessions = draft.sessions_of(asked.user).map(|row| &row.session);
    let present = sessions.find(|session| {
        session.link.as_deref() == Some(&asked.through) && session.expires > stamp.at
    });
    sign_in::through_link(user, present, asked, stamp)
}

fn is_sign_out(command: &Command) -> bool {
    matches!(command, Command::Session(_, session::Command::SignOut))
}

fn of_session(
    turn: &Turn<'_>,
    who: &Authority,
    id: SessionId,
    command: session::Command,
    stamp: &Stamp,
) -> Result<(Vec<Event>, Option<UserId>), Rejection> {
    let row = turn.draft().session(id).ok_or(Rejection::NoSuchSession)?;
    let owner = row.session.user;
    let act = act_of_session(&command);
    policy::permits(who, act, turn.draft().user(owner).map(Arc::as_ref))?;
    if act == Act::WriteAttributes {
        // Sessions that cannot be used cannot be written to; whence was looked at by the surface.
        session::check(&row.session, &row.owner, true, stamp.at)?;
    }
    let events = session::decide(Some(&row.session), command, stamp)?;
    let events = events.into_iter().map(|event| Event::Session(id, event)).collect();
    Ok((events, Some(owner)))
}

/// Whether what the caller showed is still worth anything, so that nothing revoked acts from the queue.
fn check_proof(turn: &Turn<'_>, proof: Proof, now: Timestamp) -> Result<(), Rejection> {
    match proof {
        Proof::Session(_) | Proof::Pat(..) if planted::is(Planted::ProofUnchecked) => Ok(()),
        Proof::Nothing | Proof::Local => Ok(()),
        Proof::Session(id) => {
            let row = turn.draft().session(id).ok_or(Rejection::NoSuchSession)?;
            // From where it comes was looked at when the call came in; that does not change.
            session::check(&row.session, &row.owner, true, now)
        }
        Proof::Pat(user, token) => {
            let user = turn.draft().user(user);
            let usable = user.is_some_and(|user| user.usable_token(token, now).is_some());
            if usable { Ok(()) } else { Err(Rejection::NoSuchToken) }
        }
    }
}

/// Whether the names that the events give are free, as the dialects in use count it: nobody else
/// holds the same spelling.
fn check_names(
    turn: &Turn<'_>,
    own: Option<UserId>,
    events: &[user::Event],
) -> Result<(), Rejection> {
    for name in events.iter().filter_map(name_given) {
        let (holder, _) = turn.draft().holders(name.as_str());
        if holder.is_some() && holder != own && !planted::is(Planted::NameUnheld) {
            return Err(Rejection::Taken(Held::Username));
        }
    }
    Ok(())
}

/// Whether the security definitions that the events link to are free.
fn check_links(turn: &Turn<'_>, events: &[user::Event]) -> Result<(), Rejection> {
    let taken = events.iter().any(|event| match event {
        user::Event::Access(access::Event::Linked { link, .. }) => {
            turn.draft().linked(link).is_some()
        }
        _ => false,
    });
    if taken { Err(Rejection::Taken(Held::Link)) } else { Ok(()) }
}

fn name_given(event: &user::Event) -> Option<&Username> {
    match event {
        user::Event::SignedUp(birth) => Some(&birth.username),
        user::Event::Created(birth) => birth.username.as_ref(),
        user::Event::MachineCreated { username, .. }
        | user::Event::UsernameChanged { username } => Some(username),
        _ => None,
    }
}

fn of_user(id: UserId, events: Vec<user::Event>) -> Vec<Event> {
    events.into_iter().map(|event| Event::User(id, event)).collect()
}
