//! Security definitions of the server, and the one user that each signs in.

use domain::id::UserId;
use domain::user::Keys;

use super::Rows;
use super::table::Table;

/// Takes the links that `user` came to hold and frees those it held before.
pub fn moved(rows: &mut impl Rows, user: UserId, before: &Keys, after: &Keys) {
    if before.links == after.links {
        return;
    }
    for held in before.links.iter().filter(|link| !after.links.contains(link)) {
        rows.links().remove(held);
    }
    for has in after.links.iter().filter(|link| !before.links.contains(link)) {
        rows.links().put(has.clone(), user);
    }
}
