//! What is owed to the outside: each mail by the fact that owes it, and about whom it is.

use domain::id::UserId;
use domain::user::Keys;

use super::Rows;
use super::table::Table;

/// Takes up the mails that came to be owed and forgets those that are owed no more.
pub fn moved(rows: &mut impl Rows, user: UserId, before: &Keys, after: &Keys) {
    if before.mails == after.mails {
        return;
    }
    for gone in before.mails.iter().filter(|mail| !after.mails.contains(mail)) {
        rows.outbox().remove(gone);
    }
    for came in after.mails.iter().filter(|mail| !before.mails.contains(mail)) {
        rows.outbox().put(*came, user);
    }
}
