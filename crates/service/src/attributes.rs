//! Reads of attributes. Whose may be read is asked first, then what is sought; long values come from the
//! log.

use std::sync::Arc;

use domain::attributes::{Attribute, AttributeKey, Attributes, Value};
use domain::fact::{Event, Part};
use domain::id::{Position, SessionId, UserId};
use domain::policy::Act;
use domain::rejection::Rejection;
use domain::session::{self, Session};
use domain::text::Name;
use domain::user;
use store::StoreError;

use crate::Service;
use crate::caller::Caller;
use crate::failure::Failure;

/// Most bytes of values in one answer; what is more is refused.
pub const VALUES_BYTES_MAX: usize = 16 << 20;

/// An attribute with its value, wherever that is kept.
#[derive(Clone, Debug)]
pub struct FoundAttribute {
    /// What the views have of it.
    pub attribute: Arc<Attribute>,
    /// Its value as JSON text.
    pub value: Arc<str>,
}

impl Service {
    /// All attributes of a user, for whoever may read it; expired ones are among them.
    pub fn user_attributes(&self, caller: &Caller, id: UserId) -> Result<Attributes, Rejection> {
        Ok(self.read_user(caller, id)?.attributes.clone())
    }

    /// All attributes of a session, likewise.
    pub fn session_attributes(
        &self,
        caller: &Caller,
        token: &str,
    ) -> Result<Attributes, Rejection> {
        self.session_of_attributes(caller, token, Act::ReadUser, |session| {
            session.attributes.clone()
        })
    }

    /// The session whose attributes `caller` wants to write.
    pub fn session_to_write(&self, caller: &Caller, token: &str) -> Result<SessionId, Rejection> {
        self.session_of_attributes(caller, token, Act::WriteAttributes, |session| session.id)
    }

    /// Some attributes by name; `None` where there is none, or an expired one.
    pub async fn attribute_values(
        &self,
        attributes: &Attributes,
        keys: &[AttributeKey],
    ) -> Result<Vec<Option<FoundAttribute>>, Failure> {
        let now = self.store().clock().now();
        let mut found = Vec::with_capacity(keys.len());
        let mut bytes = 0;
        for key in keys {
            let alive = attributes.get(key).filter(|attribute| attribute.is_alive(now));
            let Some(attribute) = alive.cloned() else {
                found.push(None);
                continue;
            };
            let value = match &attribute.value {
                Value::Held(value) => Arc::clone(value),
                Value::Logged(position) => self.logged_value(*position).await?,
            };
            bytes += value.len();
            if bytes > VALUES_BYTES_MAX {
                return Err(Rejection::TooLarge.into());
            }
            found.push(Some(FoundAttribute { attribute, value }));
        }
        Ok(found)
    }

    /// Which of these attributes are there.
    pub fn attributes_exist(&self, attributes: &Attributes, keys: &[AttributeKey]) -> Vec<bool> {
        let now = self.store().clock().now();
        let alive = |key| attributes.get(key).is_some_and(|attribute| attribute.is_alive(now));
        keys.iter().map(alive).collect()
    }

    /// The names of all attributes that are there.
    pub fn attribute_names(&self, attributes: &Attributes) -> Vec<Name> {
        let now = self.store().clock().now();
        let alive = attributes.iter().filter(|(_, attribute)| attribute.is_alive(now));
        alive.map(|(key, _)| key.name.clone()).collect()
    }

    /// What `take` takes of a session. That it is somebody else's comes before what stands in the way of its
    /// owner: who may not touch the session is not told about the account.
    fn session_of_attributes<R>(
        &self,
        caller: &Caller,
        token: &str,
        act: Act,
        take: impl FnOnce(&Session) -> R,
    ) -> Result<R, Rejection> {
        let owner = self.unexpired_session(token, |session| session.user)?;
        self.permits(caller, act, self.user(owner).as_deref())?;
        self.usable_session(token, caller, take)
    }

    /// A value that only the log holds.
    async fn logged_value(&self, position: Position) -> Result<Arc<str>, Failure> {
        let fact = self.blocking(move |service| service.store().fact(position)).await?;
        match fact.body {
            Part::Open(
                Event::User(_, user::Event::AttributeSet { value: Some(value), .. })
                | Event::Session(_, session::Event::AttributeSet { value: Some(value), .. }),
            ) => Ok(value),
            // Its owner was erased since the views were looked at.
            Part::Erased => Err(Rejection::NoSuchUser.into()),
            // The views point at the fact that set the value; another one there is damage.
            Part::Open(_) => Err(StoreError::NotThatFact { position }.into()),
        }
    }
}
