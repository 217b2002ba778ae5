//! Access through linked accounts: a request under a security definition of the server opens a session
//! for whoever is linked to it, or renews the one that the same proof opened (Zato's contract, 6.12).

use std::sync::Arc;

use domain::actor::Stamp;
use domain::fact::CommandName;
use domain::id::SessionId;
use domain::rejection::Rejection;
use domain::secret::TokenHash;
use domain::session::Through;
use domain::sign_in::{ApplicationGates, LinkedSignIn};
use domain::system::Purpose;
use domain::user::User;
use domain::user::state::LinkKind;

use crate::attempts::Wrong;
use crate::caller::Caller;
use crate::command::Command;
use crate::failure::Failure;
use crate::rate_limits::Verdict;
use crate::throttle::nearest;
use crate::writer::Done;
use crate::{Service, tokens};

/// What came of a request under a security definition whose credentials were right.
#[derive(Debug)]
pub enum Access {
    /// Nobody is linked to it, or the link is inactive: there is no session.
    NotLinked,
    /// A session of the linked user, by its token.
    Session {
        /// The token; the same however often it is renewed.
        token: String,
        /// What the writer answered.
        done: Done,
    },
    /// The user's limits say that nobody comes from there.
    Forbidden,
    /// The user's limits say that this was too often.
    TooOften,
}

impl Service {
    /// Checks the credentials of a security definition by `is_right`, as throttled as passwords are.
    ///
    /// # Errors
    /// [`Rejection::BadCredentials`] if they are wrong or too many were.
    pub async fn check_definition(
        &self,
        caller: &Caller,
        kind: LinkKind,
        name: &str,
        is_right: impl FnOnce() -> bool,
    ) -> Result<(), Failure> {
        // Not the name of a user: a definition of the same name is counted on its own.
        let counted = format!("{}\0{name}", kind.name());
        let during = (counted.as_str(), CommandName::SignIn);
        let right = async || if is_right() { Ok(()) } else { Err(Wrong::Password) };
        self.attempt(caller, during, right).await
    }

    /// Opens or renews the session of whoever is linked to a definition whose credentials were right.
    pub async fn access_linked(
        &self,
        caller: Caller,
        through: Through,
        may_sign_in: bool,
    ) -> Result<Access, Failure> {
        let user = {
            let views = self.store().views();
            views.linked(&through.link).and_then(|id| views.user(id).cloned())
        };
        let is_active =
            |user: &Arc<User>| user.links.get(&through.link).is_some_and(|link| link.active);
        let Some(user) = user.filter(is_active) else { return Ok(Access::NotLinked) };
        let address = caller.origin.address.as_deref();
        let now = (self.store().sources().now)().monotonic;
        match self.inner.rate_limits.pass(&user, address.map(nearest), now) {
            Verdict::Pass => {}
            Verdict::NoRule => return Ok(Access::Forbidden),
            Verdict::TooOften => return Ok(Access::TooOften),
        }
        let application = ApplicationGates {
            may_sign_in,
            address_allowed: self.settings().addresses.allow_user(Some(&user), address),
            metadata_in_order: true,
        };
        let now = self.store().clock().now();
        let seed = self.store().sources().random();
        let session = SessionId(Stamp { at: now, actor: caller.actor, seed }.id(0));
        let key = self.store().system_key(Purpose::Tokens)?;
        let token = tokens::derive_session_token(&key, session.0);
        let command = Command::LinkedSignIn(Box::new(LinkedSignIn {
            user: user.id,
            through,
            application,
            session,
            token: TokenHash(tokens::hash_of(&token)),
            session_expires: now.after(self.settings().session_lasts),
            settings: self.settings().sign_in,
        }));
        let done = match self.execute(caller, command).await {
            // The link went meanwhile.
            Err(Failure::Rejected(Rejection::NoSuchLink)) => return Ok(Access::NotLinked),
            result => result?,
        };
        // It may be another session than the one that was drawn: the one there already.
        let session = done.session.unwrap_or(session);
        Ok(Access::Session { token: tokens::derive_session_token(&key, session.0), done })
    }
}
