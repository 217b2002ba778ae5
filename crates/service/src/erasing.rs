//! Destroying keys, for good: that of a user, those of months' origins; when asked, and in the background
//! when it is due.

use std::time::Duration;

use domain::actor::Actor;
use domain::id::{Position, Slot, UserId};
use domain::policy::Act;
use domain::rejection::Rejection;
use domain::time::{Month, Span, Timestamp};
use domain::{system, user};
use store::views::{Gone, Subject, UserRow};
use tokio::sync::watch;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::{Command, Service};

/// What goes with a user's key.
pub const DESTROYED: [&str; 3] = [
    "the key of every fact about the user and its sessions: names, addresses, profile, attributes, \
     password, second factor, tokens, linked accounts",
    "the key of where the user was: the addresses, agents and request ids of all that it did",
    "what was there to be found: its row, its names, its sessions and tokens, mails owed to it",
];
/// What stays without it.
pub const KEPT: [&str; 3] = [
    "of each fact its head: which event, when, asked by whom and how, under the user's id",
    "what the user did to others, under its id",
    "the place of every fact in the log and its hash, so that proofs from before still hold",
];

/// How long the background rests between two looks at what is due.
const REST: Duration = Duration::from_mins(1);
/// How many users one look erases at most; more wait for the next.
const ERASED_AT_ONCE_MAX: usize = 100;

/// How long things are kept that nobody asked to be destroyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// How many whole months before the present one keep their origins; 0 is all.
    pub origin_months: usize,
    /// After how many days a user that was deleted is erased; 0 is never.
    pub deleted_days: usize,
}

/// That a key is destroyed, to be kept by whoever asked for it.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Whose it was.
    pub user: UserId,
    /// When that was decided.
    pub at: Timestamp,
    /// Who asked.
    pub actor: Actor,
    /// The fact that says so.
    pub position: Position,
    /// Where the key was.
    pub slot: Slot,
    /// Of which store.
    pub store: [u8; 16],
    /// A signed checkpoint of a log that holds that fact; `None` if none could be made.
    pub checkpoint: Option<String>,
}

/// A month, and whether it is still known where anybody was in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginMonth {
    /// The month.
    pub month: Month,
    /// Where its key is, or was.
    pub slot: Slot,
    /// Whether the key is destroyed.
    pub forgotten: bool,
}

/// What was forgotten.
#[derive(Clone, Debug)]
pub struct Forgotten {
    /// The last fact that says so, or rests on.
    pub position: Position,
    /// The months.
    pub months: Vec<OriginMonth>,
}

impl Service {
    /// Destroys the key of a user, who may live or be deleted. When this returns it is out of both files
    /// of the keyring, and sessions and tokens are dead.
    ///
    /// # Errors
    /// [`Failure::KeyNotDestroyed`] if the disk refused that: it is on record, and tried again.
    pub async fn erase_user(&self, caller: Caller, id: UserId) -> Result<Certificate, Failure> {
        let actor = caller.actor;
        let erased = self.execute(caller, Command::User(id, user::Command::Erase)).await;
        let done = erased.map_err(|failure| self.still_unfinished(id, failure))?;
        let slot = done.destroyed.first().copied().expect("whoever is erased had a key");
        let checkpoint = self.blocking(|service| service.store().checkpoint()).await;
        let checkpoint = match checkpoint {
            Ok(signed) => Some(signed.note),
            Err(error) => {
                tracing::error!(%error, "an erasure is certified without a checkpoint");
                None
            }
        };
        let (position, at, store) = (done.position, done.at, self.store().id());
        Ok(Certificate { user: id, at, actor, position, slot, store, checkpoint })
    }

    /// Whoever asks again for what the disk has not done yet hears that, and not that it is done.
    fn still_unfinished(&self, id: UserId, failure: Failure) -> Failure {
        if !matches!(failure, Failure::Rejected(Rejection::AlreadyErased)) {
            return failure;
        }
        let views = self.store().views();
        let slot = views.user_row(id).and_then(UserRow::slot);
        let last = views.history(Subject::Of(id)).and_then(|facts| facts.iter().last());
        match (slot, last) {
            (Some(slot), Some(position)) if self.store().is_erasure_unfinished(slot) => {
                Failure::KeyNotDestroyed { position }
            }
            _ => failure,
        }
    }

    /// The months that have a key of origins, or had one, for operators.
    pub fn origin_months(&self, caller: &Caller) -> Result<Vec<OriginMonth>, Rejection> {
        self.permits(caller, Act::Operate, None)?;
        Ok(self.months())
    }

    /// Forgets where everybody was in each month before this one, for operators.
    ///
    /// # Errors
    /// [`Failure::KeyNotDestroyed`] if the disk refused that: it is on record, and tried again.
    pub async fn forget_origins(
        &self,
        caller: Caller,
        before: Month,
    ) -> Result<Forgotten, Failure> {
        let command = system::Command::ForgetOrigins { before };
        let done = self.execute(caller, Command::System(command)).await?;
        let mut months = self.months();
        months.retain(|month| done.destroyed.contains(&month.slot));
        Ok(Forgotten { position: done.position, months })
    }

    /// Destroys in the background what is due: keys that the disk would not let go, and whatever the
    /// settings keep for a while only. Returns when `stop` says so.
    pub async fn keep_to_retention(self, mut stop: watch::Receiver<bool>) {
        loop {
            self.destroy_what_is_due().await;
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(REST) => {}
            }
        }
    }

    /// One look at what is due.
    pub async fn destroy_what_is_due(&self) {
        let finished = self.blocking(|service| Ok(service.store().finish_erasures())).await;
        if !matches!(finished, Ok(true)) {
            tracing::warn!("the keyring still holds keys that facts say are destroyed");
        }
        if let Some(before) = self.origins_due() {
            match self.forget_origins(Caller::system(), before).await {
                Ok(forgotten) => {
                    let months = forgotten.months.len();
                    tracing::info!(months, "forgot where anybody was, as configured");
                }
                Err(error) => tracing::warn!(%error, "origins that are due were not forgotten"),
            }
        }
        for user in self.deleted_due() {
            let command = Command::User(user, user::Command::Erase);
            match self.execute(Caller::system(), command).await {
                Ok(_) => tracing::info!(%user, "erased a deleted user, as configured"),
                Err(error) => tracing::warn!(%user, %error, "a deleted user was not erased"),
            }
        }
    }

    /// The first month that is kept, if there are months before it that are not.
    fn origins_due(&self) -> Option<Month> {
        let kept = u32::try_from(self.settings().retention.origin_months).ok()?;
        let present = self.store().clock().now().month();
        let before = (kept > 0).then(|| present.earlier(kept))?;
        let due = |month: &OriginMonth| month.month < before && !month.forgotten;
        self.months().iter().any(due).then_some(before)
    }

    /// Some users that were deleted long enough ago.
    fn deleted_due(&self) -> Vec<UserId> {
        let days = i64::try_from(self.settings().retention.deleted_days).unwrap_or(i64::MAX);
        if days == 0 {
            return Vec::new();
        }
        let until = self.store().clock().now().before(Span::days(days));
        let views = self.store().views();
        let due = views.gone().filter(|(_, gone)| is_due(gone, until));
        due.map(|(user, _)| user).take(ERASED_AT_ONCE_MAX).collect()
    }

    fn months(&self) -> Vec<OriginMonth> {
        let views = self.store().views();
        let system = views.system();
        let month = |(month, slot)| OriginMonth {
            month,
            slot,
            forgotten: system.forgotten.contains(&slot),
        };
        system.months().map(month).collect()
    }
}

fn is_due(gone: &Gone, until: Timestamp) -> bool {
    !gone.erased && gone.at <= until
}
