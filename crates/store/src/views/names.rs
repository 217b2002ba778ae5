//! What users are found under: names they hold, addresses that several may share.

use domain::id::UserId;
use domain::text::{Email, Username, fold};
use domain::user::Keys;

use super::Rows;
use super::many::Many;
use super::table::Table;
use crate::planted::{self, Planted};

/// The users whose name folds to the same text.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub struct Holders(Many<Holder>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder {
    /// Its name as written; `None` if it is written as it folds.
    exact: Option<Box<str>>,
    /// Who.
    user: UserId,
}

impl Holders {
    /// Who holds the name in exactly this spelling.
    pub fn exactly(&self, name: &str, folded: &str) -> Option<UserId> {
        self.0
            .iter()
            .find(|holder| holder.exact.as_deref().unwrap_or(folded) == name)
            .map(|holder| holder.user)
    }

    /// Who holds the name in whatever spelling, if it is one user only.
    pub fn only(&self) -> Option<UserId> {
        let mut holders = self.0.iter();
        let first = holders.next()?;
        holders.next().is_none().then_some(first.user)
    }

    /// Everybody who holds the name in some spelling.
    pub fn all(&self) -> impl Iterator<Item = UserId> {
        self.0.iter().map(|holder| holder.user)
    }
}

/// Takes what `user` came to hold and frees what it held before.
pub fn moved(rows: &mut impl Rows, user: UserId, before: &Keys, after: &Keys) {
    if before.username != after.username {
        if let Some(name) = &before.username
            && !planted::is(Planted::NamesNotFreed)
        {
            free_name(rows, user, name);
        }
        if let Some(name) = &after.username {
            let (key, holder) = holder(user, name);
            rows.names().row_mut(key).0.insert(holder);
        }
    }
    if before.email != after.email {
        if let Some(email) = &before.email {
            free_email(rows, user, email);
        }
        if let Some(email) = &after.email {
            rows.emails().row_mut(fold(email.as_str()).into()).insert(user);
        }
    }
}

fn holder(user: UserId, name: &Username) -> (Box<str>, Holder) {
    let key: Box<str> = fold(name.as_str()).into();
    let exact = (*key != *name.as_str()).then(|| name.as_str().into());
    (key, Holder { exact, user })
}

fn free_name(rows: &mut impl Rows, user: UserId, name: &Username) {
    let (key, holder) = holder(user, name);
    let row = rows.names().row_mut(key.clone());
    row.0.remove(&holder);
    if row.0.is_empty() {
        rows.names().remove(&key);
    }
}

fn free_email(rows: &mut impl Rows, user: UserId, email: &Email) {
    let key: Box<str> = fold(email.as_str()).into();
    let row = rows.emails().row_mut(key.clone());
    row.remove(&user);
    if row.is_empty() {
        rows.emails().remove(&key);
    }
}
