//! Personal access tokens: handed out once, kept as a hash.

use domain::actor::Stamp;
use domain::id::{TokenId, UserId};
use domain::text::Name;
use domain::time::Timestamp;
use domain::user;

use crate::caller::Caller;
use crate::command::Command;
use crate::failure::Failure;
use crate::passwords::Secret;
use crate::writer::Done;
use crate::{Service, tokens};

impl Service {
    /// Hands out a token of a user for whoever may manage its tokens: its id, and the only copy of it.
    pub async fn add_token(
        &self,
        caller: Caller,
        user: UserId,
        name: Name,
        expires: Timestamp,
    ) -> Result<(TokenId, Secret, Done), Failure> {
        let sources = self.store().sources();
        let (at, seed) = (self.store().clock().now(), sources.random());
        let id = TokenId(Stamp { at, actor: caller.actor, seed }.id(0));
        let token = Secret::from(tokens::new_pat(sources.random()));
        let hash = domain::secret::TokenHash(tokens::hash_of(token.as_str()));
        let command = user::Command::AddPat { token: id, hash, name, expires };
        let done = self.execute(caller, Command::User(user, command)).await?;
        Ok((id, token, done))
    }
}
