//! A new password for whoever forgot the old one: a token is mailed, exchanged for a key, and both
//! together set the password (Zato's contract, section 6.10).

use std::sync::Arc;

use domain::actor::Stamp;
use domain::id::CodeId;
use domain::rejection::Rejection;
use domain::secret::TokenHash;
use domain::system::Purpose;
use domain::time::Span;
use domain::user::state::{ApprovalStatus, Kind};
use domain::user::{self, User, access, reset};

use crate::caller::Caller;
use crate::command::Command;
use crate::failure::Failure;
use crate::passwords::Secret;
use crate::writer::Done;
use crate::{Service, tokens};

/// How resets work.
#[derive(Clone, Debug)]
pub struct ResetSettings {
    /// How long a mailed token is worth something.
    pub token_lasts: Span,
    /// How long the key is that it was exchanged for; never beyond the token.
    pub key_lasts: Span,
    /// What somebody is found by who asks for a reset.
    pub found_by: FoundBy,
}

/// What somebody is found by who asks for a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// The user name, in exactly its spelling.
    Username,
    /// The e-mail address, if it is one user's only.
    Email,
    /// Either, the user name first.
    UsernameOrEmail,
}

impl Default for ResetSettings {
    fn default() -> Self {
        Self {
            token_lasts: Span::minutes(1_440),
            key_lasts: Span::secs(1_800),
            found_by: FoundBy::Username,
        }
    }
}

impl Service {
    /// Makes a token for whoever is found, to be mailed; says nothing of whether anybody was.
    ///
    /// # Errors
    /// Those of a write; the caller answers alike whatever comes back.
    pub async fn request_reset(&self, caller: Caller, credential: &str) -> Result<(), Failure> {
        let Some(user) = self.resettable(credential) else { return Ok(()) };
        let now = self.store().clock().now();
        let seed = self.store().sources().random();
        let code = CodeId(Stamp { at: now, actor: caller.actor, seed }.id(0));
        let token = TokenHash(tokens::hash_of(&self.reset_token(code)?));
        let command = access::Command::RequestReset {
            code,
            token,
            lasts: self.settings().reset.token_lasts,
            // Whoever has no address may be told its token by an operator.
            mail_owed: true,
        };
        self.execute(caller, Command::User(user.id, user::Command::Access(command))).await.map(drop)
    }

    /// Exchanges a mailed token for a key, which is handed out once.
    pub async fn open_reset(&self, caller: Caller, token: &str) -> Result<(String, Done), Failure> {
        let token = TokenHash(tokens::hash_of(token));
        let user = self.store().views().code(&token);
        let user = user.and_then(|id| self.user(id)).ok_or(Rejection::NoSuchReset)?;
        let now = self.store().clock().now();
        let key = tokens::new_session_token(now.unix_secs(), self.store().sources().random());
        let command = access::Command::OpenReset {
            token,
            key: TokenHash(tokens::hash_of(&key)),
            lasts: self.settings().reset.key_lasts,
            address_allowed: self.may_come_from(&user, &caller),
        };
        let done =
            self.execute(caller, Command::User(user.id, user::Command::Access(command))).await?;
        Ok((key, done))
    }

    /// Sets a password by token and key. One that is not acceptable leaves both as they are.
    pub async fn carry_out_reset(
        &self,
        caller: Caller,
        token: &str,
        key: &str,
        password: Secret,
    ) -> Result<Done, Failure> {
        let (token, key) = (TokenHash(tokens::hash_of(token)), TokenHash(tokens::hash_of(key)));
        let user = self.store().views().code(&token);
        let user = user.and_then(|id| self.user(id)).ok_or(Rejection::NoSuchReset)?;
        // Nothing is hashed, nor a password judged, for whoever has no reset.
        let address_allowed = self.may_come_from(&user, &caller);
        let now = self.store().clock().now();
        reset::check(&user, (&token, &key), address_allowed, now)?;
        self.check_password(&password)?;
        let password = self.new_password(password).await?;
        let command = access::Command::CarryOutReset { token, key, password, address_allowed };
        self.execute(caller, Command::User(user.id, user::Command::Access(command))).await
    }

    /// The token that a reset's mail carries.
    pub(crate) fn reset_token(&self, code: CodeId) -> Result<String, Failure> {
        let key = self.store().system_key(Purpose::Codes)?;
        Ok(tokens::derive_reset_token(&key, code.0.to_bytes()))
    }

    fn may_come_from(&self, user: &User, caller: &Caller) -> bool {
        self.settings().addresses.allow_user(Some(user), caller.origin.address.as_deref())
    }

    /// The approved person that a credential names.
    fn resettable(&self, credential: &str) -> Option<Arc<User>> {
        let views = self.store().views();
        let by_name = || views.named_exactly(credential);
        let by_email = || views.only_with_email(credential);
        let found = match self.settings().reset.found_by {
            FoundBy::Username => by_name(),
            FoundBy::Email => by_email(),
            FoundBy::UsernameOrEmail => by_name().or_else(by_email),
        };
        let is_approved = |user: &&Arc<User>| {
            user.kind == Kind::Human && user.approval.status == ApprovalStatus::Approved
        };
        found.filter(is_approved).cloned()
    }
}
