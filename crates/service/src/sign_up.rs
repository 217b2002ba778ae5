//! Signing up: the checks and the hashing before deciding, and the token that confirms.

use domain::id::CodeId;
use domain::rejection::{Held, Rejection};
use domain::secret::TokenHash;
use domain::system::Purpose;
use domain::text::Name;
use domain::user;
use domain::user::event::{ConfirmationCode, SignedUp};
use domain::user::sign_up;

use crate::caller::Caller;
use crate::command::Command;
use crate::failure::Failure;
use crate::passwords::Secret;
use crate::writer::Done;
use crate::{Service, tokens};

/// The length of a TOTP key that Muster draws, in bytes: as long as SHA-1's output (RFC 4226, 4).
pub(crate) const TOTP_SEED_BYTES: usize = 20;

/// What somebody sends who wants an account.
#[derive(Clone, Debug)]
pub struct Application {
    /// The name to sign in as.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// An address.
    pub email: Option<String>,
    /// The applications asked for.
    pub applications: Vec<Name>,
}

/// An account that waits for its confirmation.
#[derive(Clone, Debug)]
pub struct SignedUpUser {
    /// The token that confirms it.
    pub confirm_token: String,
    /// What the writer answered.
    pub done: Done,
}

impl Service {
    /// Makes an account for a person, to be confirmed with the returned token.
    ///
    /// The order of checks is that of Zato's contract, section 6.8; the writer asks again whether
    /// the name is free.
    pub async fn sign_up(
        &self,
        caller: Caller,
        asked: Application,
    ) -> Result<SignedUpUser, Failure> {
        let rules = &self.settings().sign_up;
        let home = {
            let views = self.store().views();
            if views.named_exactly(&asked.username).is_some() {
                return Err(Rejection::Taken(Held::Username).into());
            }
            views.system().default_organization.as_ref().map(|(id, _)| *id)
        };
        let home = home.expect("a store that serves was bootstrapped");
        let username = sign_up::username(rules, &asked.username)?;
        self.check_password(&asked.password)?;
        let email = sign_up::email(rules, asked.email.as_deref())?;
        let password = self.new_password(asked.password).await?;

        let now = self.store().clock().now();
        let code = CodeId(
            domain::actor::Stamp {
                at: now,
                actor: caller.actor,
                seed: self.store().sources().random(),
            }
            .id(0),
        );
        let confirm_token = self.confirm_token(code)?;
        let mail_owed = email.is_some() && self.settings().mail.confirmation;
        let birth = SignedUp {
            username,
            email,
            password,
            applications: asked.applications,
            home,
            approval_needed: rules.approval_needed,
            confirmation: ConfirmationCode {
                id: code,
                token: TokenHash(tokens::hash_of(&confirm_token)),
            },
            totp: self.new_totp_seed(),
            mail_owed,
        };
        let command = Command::NewUser(user::Command::SignUp(Box::new(birth)));
        let done = self.execute(caller, command).await?;
        Ok(SignedUpUser { confirm_token, done })
    }

    /// Makes a sign-up final for whoever has its token.
    pub async fn confirm_sign_up(&self, caller: Caller, token: &str) -> Result<Done, Failure> {
        let token = TokenHash(tokens::hash_of(token));
        let user = self.store().views().code(&token);
        let user = user.ok_or(Rejection::NoSuchConfirmation)?;
        self.execute(caller, Command::User(user, user::Command::ConfirmSignUp { token })).await
    }

    pub(crate) fn confirm_token(&self, code: CodeId) -> Result<String, Failure> {
        let key = self.store().system_key(Purpose::Codes)?;
        Ok(tokens::derive_mail_token(&key, "confirm", code.0.to_bytes()))
    }
}
