//! What can be asked without changing anything: policy first, then the published views, or the log.

use std::collections::BinaryHeap;
use std::sync::Arc;

use domain::actor::Actor;
use domain::id::UserId;
use domain::policy::{self, Act, Authority, Rights};
use domain::rejection::Rejection;
use domain::secret::TokenHash;
use domain::session;
use domain::user::User;
use domain::user::state::Kind;
use store::StoreError;

use crate::caller::{Caller, Proof};
use crate::failure::Failure;
use crate::{Service, tokens};

impl Service {
    /// Who holds this personal access token, if it may be used now.
    pub fn token_caller(&self, token: &str, template: &Caller) -> Result<Caller, Rejection> {
        let now = self.store().clock().now();
        let views = self.store().views();
        let row = views.token(&TokenHash(tokens::hash_of(token))).ok_or(Rejection::NoSuchToken)?;
        let user = views.user(row.user).ok_or(Rejection::NoSuchToken)?;
        user.usable_token(row.token, now).ok_or(Rejection::NoSuchToken)?;
        let actor = match user.kind {
            Kind::Human => Actor::User(user.id),
            Kind::Machine => Actor::Machine(user.id),
        };
        Ok(Caller { actor, proof: Proof::Pat(row.user, row.token), ..template.clone() })
    }

    /// Lets `caller` do `act`, to `target` if it concerns somebody, or refuses it, which leaves a trace.
    pub fn permits(
        &self,
        caller: &Caller,
        act: Act,
        target: Option<&User>,
    ) -> Result<(), Rejection> {
        let permitted = policy::permits(&self.authority(caller), act, target);
        if let Err(Rejection::Denied(reason)) = &permitted {
            self.note_denial(caller, (act, target.map(|user| user.id)), *reason);
        }
        permitted
    }

    /// Whether `caller` might do `act` to anybody; asked to choose an answer, it leaves no trace.
    pub fn might(&self, caller: &Caller, act: Act) -> bool {
        policy::permits(&self.authority(caller), act, None).is_ok()
    }

    /// Whether what `caller` showed is still worth anything, and it still may do `act`: for whoever goes on
    /// answering after it was asked.
    pub fn still_permits(&self, caller: &Caller, act: Act) -> Result<(), Rejection> {
        let now = self.store().clock().now();
        {
            let views = self.store().views();
            match caller.proof {
                Proof::Nothing | Proof::Local => {}
                Proof::Session(id) => {
                    let row = views.session_by_id(id).ok_or(Rejection::NoSuchSession)?;
                    session::check(&row.session, &row.owner, true, now)?;
                }
                Proof::Pat(user, token) => {
                    let user = views.user(user).ok_or(Rejection::NoSuchToken)?;
                    user.usable_token(token, now).ok_or(Rejection::NoSuchToken)?;
                }
            }
        }
        self.permits(caller, act, None)
    }

    /// What `caller` holds.
    pub fn authority(&self, caller: &Caller) -> Authority {
        let views = self.store().views();
        let user = caller.actor.user().and_then(|id| views.user(id));
        let rights = user.map_or(Rights::NONE, |user| user.rights);
        Authority { actor: caller.actor, rights }
    }

    /// A user, for whoever may read it.
    pub fn read_user(&self, caller: &Caller, id: UserId) -> Result<Arc<User>, Rejection> {
        let user = self.user(id);
        self.permits(caller, Act::ReadUser, user.as_deref())?;
        user.ok_or(Rejection::NoSuchUser)
    }

    /// Everybody that `arrange` makes of everybody, for whoever may read accounts. The rows are taken under
    /// the lock, and looked at after it.
    pub async fn read_users(
        &self,
        caller: &Caller,
        arrange: impl FnOnce(Vec<Arc<User>>) -> Vec<Arc<User>> + Send + 'static,
    ) -> Result<Vec<Arc<User>>, Failure> {
        self.permits(caller, Act::ReadAccounts, None)?;
        self.blocking(move |service| {
            let users = service.store().views().everybody().cloned().collect();
            Ok(arrange(users))
        })
        .await
    }

    /// The user of exactly this name, for whoever may read accounts.
    pub fn read_named(&self, caller: &Caller, name: &str) -> Result<Option<Arc<User>>, Rejection> {
        self.permits(caller, Act::ReadAccounts, None)?;
        Ok(self.store().views().named_exactly(name).cloned())
    }

    /// The first so many users whose ids come after `after`, in the order of their ids, which is that
    /// of their births. One pass over all of them, holding on to no more than are asked for.
    pub fn first_users(&self, after: Option<UserId>, count: usize) -> Vec<Arc<User>> {
        let views = self.store().views();
        let mut first: BinaryHeap<UserId> = BinaryHeap::with_capacity(count + 1);
        for user in views.everybody().filter(|user| after.is_none_or(|after| user.id > after)) {
            if first.len() < count {
                first.push(user.id);
            } else if first.peek().is_some_and(|last| user.id < *last) {
                first.pop();
                first.push(user.id);
            }
        }
        first.into_sorted_vec().into_iter().filter_map(|id| views.user(id).cloned()).collect()
    }

    /// Whether somebody else holds this name in exactly this spelling: a dialect may look early to
    /// keep its order of errors, the writer looks again.
    pub fn is_name_held_by_another(&self, name: &str, own: UserId) -> bool {
        self.store().views().named_exactly(name).is_some_and(|user| user.id != own)
    }

    /// A user as the views have it, for this crate and for rendering answers to its own commands.
    pub fn user(&self, id: UserId) -> Option<Arc<User>> {
        self.store().views().user(id).cloned()
    }

    /// Does something that may wait for the disk without holding up those who do not.
    pub async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        let Ok(_permit) = self.inner.long_reads.acquire().await else {
            return Err(Failure::Closing);
        };
        let service = self.clone();
        match tokio::task::spawn_blocking(move || read(&service)).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(Failure::Closing),
        }
    }
}
