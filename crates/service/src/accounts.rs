//! What is done to accounts and needs hashing or chance first: creating one, changing a password,
//! replacing a TOTP key.

use domain::fact::CommandName;
use domain::id::UserId;
use domain::rejection::{Held, Rejection};
use domain::secret::TotpSeed;
use domain::text::{Email, Name, Username};
use domain::time::Span;
use domain::user;
use domain::user::event::Created;
use domain::user::password;
use domain::user::rate_limit::RateLimitDefinition;
use domain::user::state::{ApprovalStatus, Profile, SignUpStatus};

use crate::attempts::Wrong;
use crate::caller::Caller;
use crate::command::Command;
use crate::failure::Failure;
use crate::passwords::Secret;
use crate::sign_in::STALE_RETRIES_MAX;
use crate::sign_up::TOTP_SEED_BYTES;
use crate::writer::Done;
use crate::{Service, tokens};

/// An account that an administrator makes for somebody.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The name to sign in as.
    pub username: Username,
    /// An address.
    pub email: Option<Email>,
    /// The names.
    pub profile: Profile,
    /// The password; `None` draws one that nobody is told.
    pub password: Option<Secret>,
    /// Whether it must be changed at the first sign-in.
    pub must_change: bool,
    /// Whether a TOTP code is asked for.
    pub totp_enabled: bool,
    /// The TOTP key; `None` draws one.
    pub totp_key: Option<TotpSeed>,
    /// Its label.
    pub totp_label: Option<Name>,
    /// Whether it is born locked.
    pub locked: bool,
    /// How far its sign-up is.
    pub sign_up: SignUpStatus,
    /// Whether it is born approved, whatever configuration says.
    pub approved: bool,
    /// Whether it is a super-user from birth, whose access through linked accounts is not limited.
    pub super_user: bool,
    /// How access through linked accounts is limited: whether, and by which rules.
    pub rate_limit: Option<(bool, Option<RateLimitDefinition>)>,
}

/// Another password for an account.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// Whose.
    pub user: UserId,
    /// The present one, which whoever changes the own password must know.
    pub old: Option<Secret>,
    /// The one from now on.
    pub new: Secret,
    /// Whether that one was drawn ([`Service::draw_password`]), not chosen.
    pub drawn: bool,
    /// How long it lasts; `None` is what configuration says.
    pub lasts: Option<Span>,
    /// Whether it must be changed at the next sign-in; `None` leaves that as it is.
    pub must_change: Option<bool>,
}

impl Service {
    /// Refuses a new account before anything about it is looked at but its name and password.
    ///
    /// # Errors
    /// [`Rejection::Taken`], then what is wrong with the password.
    pub fn check_new_account(
        &self,
        username: &str,
        password: Option<&Secret>,
    ) -> Result<(), Rejection> {
        if self.store().views().named_exactly(username).is_some() {
            return Err(Rejection::Taken(Held::Username));
        }
        password.map_or(Ok(()), |password| self.check_password(password))
    }

    /// Makes an account for somebody.
    pub async fn create_user(&self, caller: Caller, asked: NewAccount) -> Result<Done, Failure> {
        self.check_new_account(asked.username.as_str(), asked.password.as_ref())?;
        let home = self.store().views().system().default_organization.as_ref().map(|(id, _)| *id);
        let password = asked.password.unwrap_or_else(|| self.draw_password());
        let approval = if asked.approved || !self.settings().sign_up.approval_needed {
            ApprovalStatus::Approved
        } else {
            ApprovalStatus::BeforeDecision
        };
        let birth = Created {
            username: Some(asked.username),
            email: asked.email,
            profile: asked.profile,
            password: Some(self.new_password(password).await?),
            must_change: asked.must_change,
            home: home.expect("a store that serves was bootstrapped"),
            sign_up: asked.sign_up,
            approval,
            locked: asked.locked,
            totp: asked.totp_key.unwrap_or_else(|| self.new_totp_seed()),
            totp_label: asked.totp_label,
            totp_enabled: asked.totp_enabled,
            // A welcome is owed by a fact of its own.
            mail_owed: false,
        };
        let (birth, rate_limit) = (Box::new(birth), asked.rate_limit);
        let command = if asked.super_user {
            user::Command::CreateSuperUser(birth)
        } else {
            user::Command::Create { birth, rate_limit }
        };
        self.execute(caller, Command::NewUser(command)).await
    }

    /// Replaces a password. Whoever changes the own one must know it; of somebody else's that is not
    /// asked.
    pub async fn change_password(
        &self,
        caller: &Caller,
        change: &PasswordChange,
    ) -> Result<Done, Failure> {
        if caller.actor.user() != Some(change.user) {
            return self.change_with_retries(caller, change).await.map_err(Wrong::into_failure);
        }
        // Whoever must know the old one may guess at it.
        let name = self.user(change.user).and_then(|user| user.username.clone());
        let name = name.map_or_else(|| change.user.to_string(), |name| name.to_string());
        let during = (name.as_str(), CommandName::ChangePassword);
        self.attempt(caller, during, async || self.change_with_retries(caller, change).await).await
    }

    async fn change_with_retries(
        &self,
        caller: &Caller,
        change: &PasswordChange,
    ) -> Result<Done, Wrong> {
        let mut retries = 0;
        loop {
            match self.try_change_password(caller, change).await {
                Err(Wrong::Failure(Failure::Rejected(Rejection::StaleProof)))
                    if retries < STALE_RETRIES_MAX =>
                {
                    retries += 1;
                }
                result => return result,
            }
        }
    }

    async fn try_change_password(
        &self,
        caller: &Caller,
        change: &PasswordChange,
    ) -> Result<Done, Wrong> {
        let checked = if caller.actor.user() == Some(change.user) {
            let present = self.user(change.user).and_then(|user| user.password.clone());
            let (Some(present), Some(old)) = (present, &change.old) else {
                // Nothing was guessed.
                return Err(Failure::from(Rejection::BadCredentials).into());
            };
            let verdict = self.passwords().verify(old.clone(), &present.hash.0);
            if !verdict.await.map_err(Failure::from)?.matches {
                return Err(Wrong::Password);
            }
            Some(present.hash)
        } else {
            None
        };
        if !change.drawn {
            self.check_password(&change.new).map_err(Failure::from)?;
        }
        let mut password = self.new_password(change.new.clone()).await?;
        if let Some(lasts) = change.lasts {
            password.expires = self.store().clock().now().after(lasts);
        }
        let must_change = change.must_change;
        let command = user::Command::ChangePassword { password, checked, must_change };
        Ok(self.execute(caller.clone(), Command::User(change.user, command)).await?)
    }

    /// A password of 192 random bits. It is not held to the rules: chance may break one of them, and
    /// nobody guesses it.
    pub fn draw_password(&self) -> Secret {
        Secret::from(tokens::new_password(self.store().sources().random()))
    }

    /// Says which rule a new password breaks.
    pub fn check_password(&self, password: &Secret) -> Result<(), Rejection> {
        password::check(&self.settings().password, password.as_str())
            .map_err(Rejection::PasswordUnacceptable)
    }

    /// A TOTP key that nobody has yet.
    pub fn new_totp_seed(&self) -> TotpSeed {
        TotpSeed(self.store().sources().random::<TOTP_SEED_BYTES>().into())
    }
}
