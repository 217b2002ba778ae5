//! Mailed tokens by their hash: of sign-ups, used ones too, since a used one is told from an unknown
//! one, and of resets under way.

use domain::id::UserId;
use domain::user::Keys;

use super::Rows;
use super::table::Table;

/// Takes the codes that `user` came to hold and frees those it held before.
pub fn moved(rows: &mut impl Rows, user: UserId, before: &Keys, after: &Keys) {
    if before.codes == after.codes {
        return;
    }
    for held in before.codes.iter().filter(|code| !after.codes.contains(code)) {
        rows.codes().remove(held);
    }
    for has in after.codes.iter().filter(|code| !before.codes.contains(code)) {
        rows.codes().put(has.clone(), user);
    }
}
