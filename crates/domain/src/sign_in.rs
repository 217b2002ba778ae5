//! Signing in: a command over two streams. The user signed in and a session started, or neither.

use std::sync::Arc;

use crate::actor::Stamp;
use crate::fact::Event;
use crate::id::{SessionId, UserId};
use crate::rejection::{Rejection, ValueFault};
use crate::secret::{PasswordHash, TokenHash, TotpSeed};
use crate::session::{Session, Through};
use crate::time::{Span, Timestamp};
use crate::user::state::{ApprovalStatus, NewPassword, Password, SignUpStatus, User};
use crate::{session, user};

#[cfg(test)]
mod scenarios;

/// What is asked, and what was found out before deciding.
#[derive(Clone, Debug, PartialEq)]
pub struct SignIn {
    /// Who wants to sign in.
    pub user: UserId,
    /// The hash against which the password was verified.
    pub checked: PasswordHash,
    /// The TOTP key against which a code was verified, and the step whose code it was.
    pub totp: Option<(TotpSeed, u64)>,
    /// What the application may do.
    pub application: ApplicationGates,
    /// Another password, hashed, to take the place of one that is due for change.
    pub new_password: Option<NewPassword>,
    /// The same password, hashed with today's cost, where the hash on record is weaker.
    pub rehashed: Option<PasswordHash>,
    /// The hash of the token that will be handed out.
    pub token: TokenHash,
    /// When the session ends by itself.
    pub session_expires: Timestamp,
    /// The settings in force.
    pub settings: SignInSettings,
}

/// What the application through which somebody signs in may do, and the address from which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApplicationGates {
    /// Whether its users may sign in.
    pub may_sign_in: bool,
    /// Whether the account may be used from where its user is.
    pub address_allowed: bool,
    /// Whether it kept to itself where its users are, or may say it.
    pub metadata_in_order: bool,
}

/// The settings in force for signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInSettings {
    /// How long before its end a password counts as expiring soon.
    pub expires_soon: Span,
    /// Whether one may sign in with such a password.
    pub may_sign_in_when_soon: bool,
    /// Whether a TOTP code counts once only.
    pub refuse_totp_reuse: bool,
}

/// A session that is to be opened for somebody without the password.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenSession {
    /// For whom.
    pub user: UserId,
    /// The hash of the token that will be handed out.
    pub token: TokenHash,
    /// When the session ends by itself.
    pub session_expires: Timestamp,
}

/// A request under a security definition that somebody is linked to.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedSignIn {
    /// Who is linked to it.
    pub user: UserId,
    /// The definition, and the bearer token that was shown, if it was one.
    pub through: Through,
    /// What the application may do.
    pub application: ApplicationGates,
    /// The session that is opened, unless there is one.
    pub session: SessionId,
    /// The hash of the token that is derived from it.
    pub token: TokenHash,
    /// When the session ends by itself.
    pub session_expires: Timestamp,
    /// The settings in force.
    pub settings: SignInSettings,
}

/// Whether a password is due for change at `now`.
pub fn is_due(password: &Password, settings: &SignInSettings, now: Timestamp) -> bool {
    password.must_change || is_expiring(password, settings, now)
}

/// Whether a password is expired or expires soon.
pub fn is_expiring(password: &Password, settings: &SignInSettings, now: Timestamp) -> bool {
    password.is_expired(now) || password.expires.before(settings.expires_soon) < now
}

/// Decides whether a sign-in succeeds. The order of checks is that of Zato's contract, section 6.1,
/// from step 5 on: nothing of an account is told before its credentials were right.
pub fn decide(user: Option<&User>, asked: SignIn, stamp: &Stamp) -> Result<Vec<Event>, Rejection> {
    let user = user.ok_or(Rejection::BadCredentials)?;
    let password = user.password.as_ref().ok_or(Rejection::BadCredentials)?;
    if asked.checked != password.hash {
        return Err(Rejection::StaleProof);
    }
    check_totp(user, &asked)?;
    check_account(user, asked.application)?;
    let replaced = asked.new_password.is_some();
    check_password(password, &asked.settings, asked.application, replaced, stamp.at)?;

    let mut events = Vec::with_capacity(3);
    let due = is_due(password, &asked.settings, stamp.at);
    if let Some(new) = asked.new_password.filter(|_| due) {
        if new.expires <= stamp.at {
            let (field, fault) = ("password.expires", ValueFault::OutOfRange);
            return Err(Rejection::Unacceptable { field, fault });
        }
        let event = user::Event::PasswordChanged { password: new, must_change: false };
        events.push(Event::User(user.id, event));
    } else if let Some(hash) = asked.rehashed {
        events.push(Event::User(user.id, user::Event::PasswordRehashed { hash }));
    }
    let session = SessionId(stamp.id(0));
    let totp_step = asked.totp.map(|(_, step)| step);
    events.push(Event::User(user.id, user::Event::SignedIn { session, totp_step }));
    events.push(Event::Session(
        session,
        session::Event::Started {
            user: user.id,
            token: asked.token,
            expires: asked.session_expires,
            method: match totp_step {
                Some(_) => session::Method::PasswordAndTotp,
                None => session::Method::Password,
            },
            principal: user.username.clone(),
            link: None,
        },
    ));
    Ok(events)
}

/// Decides whether a session is opened for somebody without the password. Only one that could be used
/// is: the account has to be in order, and the password, which has to be there, not expired. Nobody
/// signed in, so no fact says so.
pub fn open(
    user: Option<&User>,
    asked: OpenSession,
    stamp: &Stamp,
) -> Result<Vec<Event>, Rejection> {
    let user = user.ok_or(Rejection::NoSuchUser)?;
    let password = user.password.as_ref().ok_or(Rejection::NoPassword)?;
    let gates =
        ApplicationGates { may_sign_in: true, address_allowed: true, metadata_in_order: true };
    check_account(user, gates)?;
    if password.is_expired(stamp.at) {
        return Err(Rejection::PasswordExpired);
    }
    let started = session::Event::Started {
        user: user.id,
        token: asked.token,
        expires: asked.session_expires,
        method: session::Method::CommandLine,
        principal: user.username.clone(),
        link: None,
    };
    Ok(vec![Event::Session(SessionId(stamp.id(0)), started)])
}

/// Decides what becomes of a request under a security definition that somebody is linked to: the
/// session that the same proof opened is renewed, else one is opened. The checks are those of signing in
/// from the application on (Zato's contract, section 6.12); no TOTP code is asked for.
pub fn through_link(
    user: Option<&User>,
    present: Option<&Session>,
    asked: LinkedSignIn,
    stamp: &Stamp,
) -> Result<Vec<Event>, Rejection> {
    let user = user.ok_or(Rejection::NoSuchLink)?;
    let link = user.links.get(&asked.through.link).filter(|link| link.active);
    if link.is_none() {
        return Err(Rejection::NoSuchLink);
    }
    check_account(user, asked.application)?;
    if let Some(password) = &user.password {
        check_password(password, &asked.settings, asked.application, false, stamp.at)?;
    }
    if let Some(session) = present.filter(|session| session.expires > stamp.at) {
        let renewed = session::Event::Renewed { expires: asked.session_expires };
        return Ok(vec![Event::Session(session.id, renewed)]);
    }
    let signed_in = user::Event::SignedIn { session: asked.session, totp_step: None };
    let started = session::Event::Started {
        user: user.id,
        token: asked.token,
        expires: asked.session_expires,
        method: session::Method::Linked,
        principal: user.username.clone(),
        link: Some(Arc::new(asked.through)),
    };
    Ok(vec![Event::User(user.id, signed_in), Event::Session(asked.session, started)])
}

fn check_totp(user: &User, asked: &SignIn) -> Result<(), Rejection> {
    match (&asked.totp, user.totp.enabled) {
        (None, false) => Ok(()),
        (Some((seed, step)), true) if user.totp.seed.as_ref() == Some(seed) => {
            if asked.settings.refuse_totp_reuse && Some(*step) <= user.totp.last_step {
                Err(Rejection::BadCredentials)
            } else {
                Ok(())
            }
        }
        // It was switched, or the key replaced, since the code was looked at.
        (None, true) | (Some(_), _) => Err(Rejection::StaleProof),
    }
}

/// Whether the application and the state of the account let somebody in whose credentials were right.
pub fn check_account(user: &User, application: ApplicationGates) -> Result<(), Rejection> {
    if !application.may_sign_in {
        return Err(Rejection::ApplicationNotAllowed);
    }
    if !application.address_allowed {
        return Err(Rejection::AddressNotAllowed);
    }
    if user.locked {
        return Err(Rejection::AccountLocked);
    }
    if user.sign_up != SignUpStatus::Final {
        return Err(Rejection::SignUpNotFinal);
    }
    if user.approval.status != ApprovalStatus::Approved {
        return Err(Rejection::NotApproved);
    }
    Ok(())
}

fn check_password(
    password: &Password,
    settings: &SignInSettings,
    application: ApplicationGates,
    replaced: bool,
    now: Timestamp,
) -> Result<(), Rejection> {
    if password.is_expired(now) && !replaced {
        return Err(Rejection::PasswordExpired);
    }
    if !application.metadata_in_order {
        return Err(Rejection::MetadataNotAllowed);
    }
    if is_expiring(password, settings, now) && !settings.may_sign_in_when_soon && !replaced {
        return Err(Rejection::PasswordExpiresSoon);
    }
    if password.must_change && !replaced {
        return Err(Rejection::PasswordMustChange);
    }
    Ok(())
}
