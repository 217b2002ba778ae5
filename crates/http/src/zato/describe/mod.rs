//! What the dialect's operations take and answer, as the API description tells it (contract, 4 and 5).
//! To add an operation to the description, add it to one of the tables below this module.

mod accounts;
mod attributes;
mod codes;
mod credentials;
mod linked;
mod sessions;
mod shapes;

use crate::openapi::{Access, Done, Field, Group, Kind, Operation, Refusals, text};

pub use codes::meaning_of;
pub use shapes::SHAPES;

/// All of it, in the order of the contract.
pub const GROUPS: &[Group] = &[
    credentials::GROUP,
    accounts::GROUP,
    sessions::GROUP,
    attributes::OF_USERS,
    attributes::OF_SESSIONS,
    linked::GROUP,
];

const PREAMBLE: Operation = Operation {
    method: "post",
    path: "",
    id: "",
    summary: "",
    about: "",
    access: Access::Session,
    takes: &[],
    done: Done::Keys(200, &[shapes::ENVELOPE]),
    refusals: Refusals::Zato(&[codes::SESSION]),
    sent: "",
    told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok"}"#,
};

const UST: Field = text("ust", "The token of the caller's session.").needed();
const CURRENT_UST: Field = text("current_ust", "The token of the caller's session.");
const SYNONYM: Field = text("current_ust", "Counts where `ust` is absent.");
const TARGET_UST: Field = text("target_ust", "The token of the session that is asked about.");
const APP: Field = text("current_app", "The application that calls.").needed();
/// Where the contract does not formally require it.
const APP_HERE: Field =
    text("current_app", "The application that calls; an unknown one is refused.");
const USER_ID: Field = text("user_id", "Whose; absent: the caller's own. For super-users.");
const FULL_NAME: &[Field] = &[
    text("display_name", "The name to show.").nullable(),
    text("first_name", "The first name.").nullable(),
    text("middle_name", "The middle name.").nullable(),
    text("last_name", "The last name.").nullable(),
];
const SIGN_UP_STATUSES: Kind = Kind::Choice(&["before_confirmation", "to_approve", "final"]);
const APPROVAL_STATUSES: Kind = Kind::Choice(&["before_decision", "approved", "rejected"]);
