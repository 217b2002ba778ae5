//! Which operator it was who locked or unlocked somebody: a state knows that it was one, only the
//! log who.

use std::collections::HashMap;
use std::sync::Arc;

use domain::actor::Actor;
use domain::fact::Part;
use domain::id::{Position, UserId};
use domain::policy::Act;
use domain::user::User;
use store::{Origins, StoreError};

use crate::Service;
use crate::caller::Caller;
use crate::failure::Failure;

impl Service {
    /// The login names of the operators who last locked or unlocked these users, for whoever may read
    /// accounts. Whoever was locked by nobody, by somebody else, or by an operator of whom nothing can be
    /// told any more, is not among them.
    pub async fn locking_operators(
        &self,
        caller: &Caller,
        users: &[Arc<User>],
    ) -> Result<HashMap<UserId, Box<str>>, Failure> {
        self.permits(caller, Act::ReadAccounts, None)?;
        let mut locks: HashMap<Position, UserId> = HashMap::new();
        for user in users {
            if let Some(change) = user.lock_changed.filter(|change| change.by == Actor::Operator) {
                locks.insert(change.fact, user.id);
            }
        }
        if locks.is_empty() {
            return Ok(HashMap::new());
        }
        self.blocking(move |service| service.operators_of(&locks)).await
    }

    fn operators_of(
        &self,
        locks: &HashMap<Position, UserId>,
    ) -> Result<HashMap<UserId, Box<str>>, StoreError> {
        let mut positions: Vec<Position> = locks.keys().copied().collect();
        positions.sort_unstable();
        let mut operators = HashMap::new();
        self.each_fact(&positions, Origins::Open, |fact| {
            let Some(Part::Open(origin)) = fact.origin else { return Ok(()) };
            if let (Some(user), Some(name)) = (locks.get(&fact.head.position), origin.operator) {
                operators.insert(*user, name);
            }
            Ok(())
        })?;
        Ok(operators)
    }
}
