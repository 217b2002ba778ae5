//! Attempts to prove who one is: throttled before, counted and put on record after.

use domain::fact::CommandName;
use domain::rejection::Rejection;
use domain::system::{self, Purpose, UnknownName};
use domain::text::fold;
use domain::user;
use domain::user::attempts::{self, Fault, Refusal};
use domain::user::state::Kind;

use crate::caller::Caller;
use crate::command::Command;
use crate::failure::Failure;
use crate::throttle::{Outcome, Throttled};
use crate::{Service, tokens};

/// What was wrong with an attempt.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// The password, or the name.
    Password,
    /// The TOTP code.
    Totp,
    /// Something else; if it is a rejection, of credentials that were right.
    Failure(Failure),
}

impl Wrong {
    /// What the caller hears.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Password | Self::Totp => Rejection::BadCredentials.into(),
            Self::Failure(failure) => failure,
        }
    }
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Service {
    /// Makes an attempt under a name, unless too many failed, and counts how it ended. What failed
    /// goes on record before the answer, with the same steps whether the name is known or not.
    pub(crate) async fn attempt<T>(
        &self,
        caller: &Caller,
        (name, during): (&str, CommandName),
        act: impl AsyncFnOnce() -> Result<T, Wrong>,
    ) -> Result<T, Failure> {
        let throttle = &self.inner.throttle;
        let now = || (self.store().sources().now)().monotonic;
        let address = caller.origin.address.as_deref();
        let attempt =
            throttle.begin(name, address, now()).map_err(|throttled| match throttled {
                // As if the credentials were wrong: whoever guesses should not learn when to wait.
                Throttled::Caller => Failure::from(Rejection::BadCredentials),
                Throttled::Everybody => Failure::TooManyFailed,
            })?;
        let wrong = match act().await {
            Ok(done) => {
                throttle.end(attempt, Outcome::Right, now());
                return Ok(done);
            }
            Err(wrong) => wrong,
        };
        let fault = match &wrong {
            Wrong::Password => Some(Fault::Password),
            Wrong::Totp => Some(Fault::Totp),
            Wrong::Failure(Failure::Rejected(why)) if during == CommandName::SignIn => {
                Refusal::of(why).map(Fault::Refused)
            }
            Wrong::Failure(_) => None,
        };
        let outcome = match fault {
            Some(Fault::Password | Fault::Totp) => Outcome::Wrong,
            // Whoever knows password and code guesses nothing, but is not let off either.
            Some(Fault::Refused(_)) | None => Outcome::Unknown,
        };
        throttle.end(attempt, outcome, now());
        if let Some(fault) = fault
            && let Some(count) = throttle.fact_due(name, fault, now())
        {
            self.note_attempts(caller, name, attempts::Command { fault, count, during }).await;
        }
        Err(wrong.into_failure())
    }

    async fn note_attempts(&self, caller: &Caller, name: &str, attempts: attempts::Command) {
        let known = self.store().views().named_exactly(name).cloned();
        let known = known.filter(|user| user.kind == Kind::Human);
        let command = match known {
            Some(user) => Command::User(user.id, user::Command::NoteAttempts(attempts)),
            None => match self.store().system_key(Purpose::Index) {
                Ok(key) => {
                    let name = tokens::keyed_hash(&key, fold(name).as_bytes());
                    let unknown = UnknownName { name, count: attempts.count };
                    Command::System(system::Command::NoteUnknownName(unknown))
                }
                Err(error) => return tracing::error!(%error, "the key of unknown names is gone"),
            },
        };
        // Who asked hears the same, whether this could be written or not.
        if let Err(failure) = self.execute(caller.clone(), command).await {
            tracing::warn!(%failure, "a failed attempt was not put on record");
        }
    }
}
