//! What the surface's operations take and answer, as the API description tells it.
//! To add an operation to the description, add it to one of the tables below this module.

mod access;
mod audit;
mod local;
mod shapes;

use crate::openapi::{Access, Done, Field, Group, Kind, Operation, Refusals, integer, text};

pub use shapes::SHAPES;

/// All of it.
pub const GROUPS: &[Group] =
    &[audit::GROUP, audit::OPERATE, local::USERS, access::GROUP, local::SESSIONS, local::MAIL];

const PREAMBLE: Operation = Operation {
    method: "get",
    path: "",
    id: "",
    summary: "",
    about: "",
    access: Access::Token("auditor"),
    takes: &[],
    done: Done::Shape(200, "User"),
    refusals: Refusals::Problems(&[400, 401, 403, 404, 500]),
    sent: "",
    told: "",
};

const USER: &[Field] =
    &[text("id", "A ULID, a user name, or another dialect's id of a user.").in_path()];

const CURSOR: &[Field] = &[
    AFTER,
    Field::new("limit", Kind::Within(1, 1_000), "At most so many; 100 if absent.").in_query(),
];

const AFTER: Field = Field::new(
    "after",
    Kind::Cursor,
    "What comes after this cursor: a position of the present epoch, or `E-P`, position P as epoch E had it.",
)
.in_query();

const FILTER: &[Field] = &[
    text("event", "Of these events, joined by commas; `user.` means all that begin so.").in_query(),
    text("field", "That changed this field, or one below it.").in_query(),
    text("actor", "Brought about by this user, or `operator`, `system`, `anonymous`.").in_query(),
    text("user", "About this user, its sessions included.").in_query(),
    Field::new("since", Kind::Moment, "Not before this time.").in_query(),
    Field::new("until", Kind::Moment, "Before this time.").in_query(),
];

const NEXT_FACT: Field =
    Field::new("next", Kind::Cursor, "`after` of the next page; null where there is none now.")
        .needed()
        .nullable();

const NEXT: Field =
    integer("next", "`after` of the next page; null on the last.").needed().nullable();
