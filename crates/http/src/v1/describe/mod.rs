//! What the surface's operations take and answer, as the API description tells it.
//! To add an operation to the description, add it to one of the tables below this module.

mod access;
mod audit;
mod erasing;
mod export;
mod local;
mod log;
mod shapes;

use crate::openapi::{Access, Done, Field, Group, Kind, Operation, Refusals, integer, text};

pub use shapes::SHAPES;

/// All of it.
pub const GROUPS: &[Group] = &[
    audit::GROUP,
    export::GROUP,
    log::GROUP,
    erasing::GROUP,
    audit::OPERATE,
    local::USERS,
    access::GROUP,
    local::SESSIONS,
    local::MAIL,
];

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

const HISTORY: &[Field] = &[
    Field::new("order", Kind::Choice(&["asc", "desc"]), "The oldest first, or the newest.")
        .in_query(),
    AFTER,
    Field::new("before", Kind::Cursor, "What comes before this cursor, likewise.").in_query(),
    Field::new("limit", Kind::Within(1, 1_000), "At most so many; 100 if absent.").in_query(),
];

const HISTORY_OF: &[Field] = &[FILTER[0], FILTER[1], FILTER[2], FILTER[4], FILTER[5]];

const HISTORY_BY: &[Field] = &[FILTER[0], FILTER[1], FILTER[3], FILTER[4], FILTER[5]];

const AS_OF: &[Field] =
    &[text("as_of", "A time as RFC 3339 has it, or a position; now if absent.").in_query()];

const NEXT_FACT: Field =
    Field::new("next", Kind::Cursor, "`after` of the next page, or its `before` where the newest come first; null where there is none now.")
        .needed()
        .nullable();

const NEXT: Field =
    integer("next", "`after` of the next page; null on the last.").needed().nullable();
