//! Personal access tokens by the hash of what was handed out.

use domain::id::{TokenId, UserId};
use domain::user::Keys;

use super::Rows;
use super::table::Table;

/// Whose token it is, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenRow {
    /// Whose.
    pub user: UserId,
    /// Which of its tokens.
    pub token: TokenId,
}

/// Takes the tokens that `user` came to hold and frees those it held before.
pub fn moved(rows: &mut impl Rows, user: UserId, before: &Keys, after: &Keys) {
    if before.tokens == after.tokens {
        return;
    }
    for held in &before.tokens {
        if !after.tokens.contains(held) {
            rows.tokens().remove(&held.0);
        }
    }
    for has in &after.tokens {
        if !before.tokens.contains(has) {
            rows.tokens().put(has.0.clone(), TokenRow { user, token: has.1 });
        }
    }
}
