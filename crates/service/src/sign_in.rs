//! Signing in: the slow part before deciding. The password is verified outside the writer, and what
//! was verified travels in the command.

use std::sync::Arc;

use domain::fact::CommandName;
use domain::id::{SessionId, UserId};
use domain::rejection::Rejection;
use domain::secret::{PasswordHash, TokenHash};
use domain::sign_in::{ApplicationGates, OpenSession, SignIn, check_account, is_due, is_expiring};
use domain::time::Timestamp;
use domain::user::User;
use domain::user::state::{Kind, NewPassword};

use crate::attempts::Wrong;
use crate::caller::Caller;
use crate::command::Command;
use crate::failure::Failure;
use crate::passwords::Secret;
use crate::{Service, tokens, totp};

/// How often a sign-in whose evidence went stale is tried again.
pub(crate) const STALE_RETRIES_MAX: usize = 2;

/// What somebody sends who wants to sign in.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The name, in exactly its spelling.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// A TOTP code, if one was sent.
    pub totp_code: Option<Secret>,
    /// Another password, to replace one that is due for change.
    pub new_password: Option<Secret>,
    /// What the application may do.
    pub application: ApplicationGates,
}

/// An opened session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The token, in the only form that is ever handed out.
    pub token: String,
    /// Whether the password expires soon.
    pub expires_soon: bool,
    /// Whose session it is.
    pub user: Arc<User>,
    /// The facts' position.
    pub position: domain::id::Position,
}

impl Service {
    /// Opens a session for whoever knows the credentials.
    ///
    /// An unknown name, a wrong password and a locked account cost the same, and none is told from
    /// the other before the credentials were right.
    pub async fn sign_in(
        &self,
        caller: &Caller,
        credentials: &Credentials,
    ) -> Result<SignedIn, Failure> {
        let name = credentials.username.as_str();
        let result = self.attempt(caller, (name, CommandName::SignIn), async || {
            let mut retries = 0;
            loop {
                match self.try_sign_in(caller, credentials).await {
                    Err(Wrong::Failure(Failure::Rejected(Rejection::StaleProof)))
                        if retries < STALE_RETRIES_MAX =>
                    {
                        retries += 1;
                    }
                    result => return result,
                }
            }
        });
        let result = result.await;
        self.metrics().signed_in(&result);
        result
    }

    /// Opens a session for somebody without the password, for whoever may do that.
    pub async fn open_session(
        &self,
        caller: Caller,
        user: UserId,
    ) -> Result<(SessionId, SignedIn), Failure> {
        let now = self.store().clock().now();
        let token = tokens::new_session_token(now.unix_secs(), self.store().sources().random());
        let hash = TokenHash(tokens::hash_of(&token));
        let command = Command::OpenSession(OpenSession {
            user,
            token: hash.clone(),
            session_expires: now.after(self.settings().session_lasts),
        });
        let done = self.execute(caller, command).await?;
        let user = done.user.ok_or(Rejection::NoSuchUser)?;
        let id = self.store().views().session(&hash).map(|row| row.session.id);
        // Whoever ended it within this moment was faster.
        let id = id.ok_or(Rejection::NoSuchSession)?;
        let expires_soon = user
            .password
            .as_ref()
            .is_some_and(|password| is_expiring(password, &self.settings().sign_in, done.at));
        Ok((id, SignedIn { token, expires_soon, user, position: done.position }))
    }

    async fn try_sign_in(
        &self,
        caller: &Caller,
        credentials: &Credentials,
    ) -> Result<SignedIn, Wrong> {
        let known = self.store().views().named_exactly(&credentials.username).cloned();
        let known = known.filter(|user| user.kind == Kind::Human);
        let hash = known.as_ref().and_then(|user| user.password.as_ref());
        let hash = hash.map(|password| password.hash.clone());
        let (Some(user), Some(hash)) = (&known, hash) else {
            let verdict = self.passwords().verify_dummy(credentials.password.clone());
            verdict.await.map_err(Failure::from)?;
            return Err(Wrong::Password);
        };
        let verdict = self.passwords().verify(credentials.password.clone(), &hash.0);
        let verdict = verdict.await.map_err(Failure::from)?;
        if !verdict.matches {
            return Err(Wrong::Password);
        }
        let now = self.store().clock().now();
        let step = match (&user.totp.seed, user.totp.enabled, &credentials.totp_code) {
            (Some(seed), true, Some(code)) => {
                let step = totp::matched_step(&seed.0, code.as_str(), now.unix_secs());
                Some((seed.clone(), step.ok_or(Wrong::Totp)?))
            }
            (Some(_), true, None) => {
                return Err(Failure::from(Rejection::SecondFactorMissing).into());
            }
            (_, false, _) | (None, true, _) => None,
        };
        // Before a new password is judged: what is wrong with the account comes first.
        check_account(user, credentials.application).map_err(Failure::from)?;
        let new_password = self.replacement(user, credentials, now).await?;
        let rehashed = if verdict.weaker && new_password.is_none() {
            Some(self.hash(credentials.password.clone()).await?)
        } else {
            None
        };
        let token = tokens::new_session_token(now.unix_secs(), self.store().sources().random());
        let command = Command::SignIn(Box::new(SignIn {
            user: user.id,
            checked: hash,
            totp: step,
            application: credentials.application,
            new_password,
            rehashed,
            token: TokenHash(tokens::hash_of(&token)),
            session_expires: now.after(self.settings().session_lasts),
            settings: self.settings().sign_in,
        }));
        let done =
            self.execute(caller.clone(), command).await.map_err(|failure| match failure {
                // The password was verified, so what is wrong is the code: it was used before.
                Failure::Rejected(Rejection::BadCredentials) => Wrong::Totp,
                failure => failure.into(),
            })?;
        let user = done.user.ok_or(Wrong::Password)?;
        let expires_soon = user
            .password
            .as_ref()
            .is_some_and(|password| is_expiring(password, &self.settings().sign_in, done.at));
        Ok(SignedIn { token, expires_soon, user, position: done.position })
    }

    /// The hash of the new password, where one was sent and the present one is due for change.
    async fn replacement(
        &self,
        user: &User,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<Option<NewPassword>, Failure> {
        let Some(new) = &credentials.new_password else { return Ok(None) };
        let due = |present| is_due(present, &self.settings().sign_in, now);
        if !user.password.as_ref().is_some_and(due) {
            return Ok(None);
        }
        self.check_password(new)?;
        Ok(Some(self.new_password(new.clone()).await?))
    }

    /// Hashes a new password; it lasts as long as configuration says.
    pub(crate) async fn new_password(&self, password: Secret) -> Result<NewPassword, Failure> {
        let hash = self.hash(password).await?;
        let expires = self.store().clock().now().after(self.settings().password_lasts);
        Ok(NewPassword { hash, expires })
    }

    async fn hash(&self, password: Secret) -> Result<PasswordHash, Failure> {
        let salt = self.store().sources().random();
        Ok(PasswordHash(self.passwords().hash(password, salt).await?.into()))
    }
}
