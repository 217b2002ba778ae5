//! Confirmation tokens by their hash, used ones too: a used one is told from an unknown one.

use domain::id::UserId;
use domain::user::Keys;

use super::Rows;
use super::table::Table;

/// Takes the confirmation token of `user`, or frees it when the user is gone.
pub fn moved(rows: &mut impl Rows, user: UserId, before: &Keys, after: &Keys) {
    if before.confirmation == after.confirmation {
        return;
    }
    if let Some(token) = &before.confirmation {
        rows.codes().remove(token);
    }
    if let Some(token) = &after.confirmation {
        rows.codes().put(token.clone(), user);
    }
}
