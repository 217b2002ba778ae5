//! Keys that are destroyed for good.

use super::{PREAMBLE, USER};
use crate::openapi::{Access, Done, Field, Group, Kind, Operation, Refusals, integer, text};

const CERTIFICATE: &str = r#"{"user":"01ARZ3NDEKTSV4RRFFQ69G5FAV","at":"2031-02-03T04:05:06.789012Z",
"actor":{"kind":"operator","id":null},"position":40,"key_slot":12,
"store":"0f3c2a1b4d5e6f708192a3b4c5d6e7f8","destroyed":["the key of every fact about the user"],
"kept":["of each fact its head"],"checkpoint":null}"#;

const LOCAL: Operation = Operation { access: Access::Socket, ..PREAMBLE };

/// Erasing users, forgetting where everybody was.
pub const GROUP: Group = Group {
    tag: "Erasing",
    about: "What is sealed under a key that is destroyed can be read by nobody any more, in no copy of the \
            log. What the log says happened stays, in its place and under its hash. Copies of the keyring \
            that were made before, backups too, still hold the key: their end is the operator's business.",
    operations: &[
        Operation {
            method: "post",
            path: "/v1/users/{id}/erase",
            id: "eraseUser",
            summary: "Erase a user",
            about: "Of whoever lives, or was deleted. When this is answered, sessions and tokens are dead, names \
                    are free, and the key is out of both files of the keyring. `key_not_destroyed` (503) says \
                    that all but the last is so: the disk refused, and it is tried again until it succeeds.",
            access: Access::Token("super_user"),
            takes: &[USER],
            done: Done::Keys(
                200,
                &[&[
                    text("user", "Whose key it was.").needed(),
                    Field::new("at", Kind::Moment, "When.").needed(),
                    Field::new("actor", Kind::Object("Asking"), "Who asked.").needed(),
                    integer("position", "The fact that says so.").needed(),
                    integer("key_slot", "Where the key was.").needed(),
                    text("store", "Of which store: its id, in hexadecimal.").needed(),
                    Field::new("destroyed", Kind::Texts, "What went.").needed(),
                    Field::new("kept", Kind::Texts, "What stays.").needed(),
                    text("checkpoint", "A signed checkpoint of a log that holds the fact.")
                        .needed()
                        .nullable(),
                ]],
            ),
            refusals: Refusals::Problems(&[400, 401, 403, 404, 409, 500, 503]),
            sent: r#"{"id":"ada"}"#,
            told: CERTIFICATE,
        },
        Operation {
            path: "/v1/local/origins",
            id: "listOriginMonths",
            summary: "List the months of which it is known where people were",
            about: "And those of which it was: addresses, agents and request ids are sealed by the month.",
            done: Done::Keys(
                200,
                &[&[Field::new("items", Kind::Objects("OriginMonth"), "The months.").needed()]],
            ),
            refusals: Refusals::Problems(&[400, 401, 403, 500]),
            told: r#"{"items":[{"month":"2026-11","key_slot":5,"forgotten":false}]}"#,
            ..LOCAL
        },
        Operation {
            method: "post",
            path: "/v1/local/origins/forget",
            id: "forgetOrigins",
            summary: "Forget where everybody was",
            about: "In each month before this one, which may not be later than the present one. Everything else \
                    stays; histories say `origin: erased` from then on.",
            takes: &[&[text("before", "The first month that is kept, like `2026-11`.").needed()]],
            done: Done::Keys(
                200,
                &[&[Field::new(
                    "forgotten",
                    Kind::Objects("OriginMonth"),
                    "The months that were forgotten now.",
                )
                .needed()]],
            ),
            refusals: Refusals::Problems(&[400, 401, 403, 413, 422, 500, 503]),
            sent: r#"{"before":"2026-11"}"#,
            told: r#"{"forgotten":[{"month":"2026-10","key_slot":4,"forgotten":true}]}"#,
            ..LOCAL
        },
    ],
};
