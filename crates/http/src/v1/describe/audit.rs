//! For auditors, and what operators may do from the network.

use super::shapes::{FACT, FEED, SESSION, USER as USER_EXAMPLE};
use super::{
    AFTER, AS_OF, CURSOR, FILTER, HISTORY, HISTORY_BY, HISTORY_OF, NEXT_FACT, PREAMBLE, USER,
};
use crate::openapi::{Access, Done, Field, Group, Kind, Operation, Refusals, integer, text};

const ITEMS: Field = Field::new("items", Kind::Objects("Fact"), "The facts.").needed();
const FACTS: Done = Done::Keys(200, &[&[ITEMS, NEXT_FACT]]);
const FACTS_OR_LINES: Done = Done::KeysOrLines(
    &[&[
        ITEMS,
        NEXT_FACT,
        Field::new("cursor", Kind::Cursor, "`after` of whatever comes later.").needed(),
    ]],
    "Fact",
);

/// What is answered where a moment is asked for that nothing can be told of.
const THEN: Refusals = Refusals::Problems(&[400, 401, 403, 404, 410, 500]);

/// What auditors read.
pub const GROUP: Group = Group {
    tag: "Audit",
    about: "Who was who, when, and who changed it.\n\nErrors are problem documents (RFC 9457) with a \
            stable `code`.",
    operations: &[
        Operation {
            path: "/v1/users",
            id: "listUsers",
            summary: "List users",
            about: "In the order of their birth.",
            takes: &[&[
                Field::new("after", Kind::Ulid, "Users whose id, a ULID, comes after this one.")
                    .in_query(),
                Field::new("limit", Kind::Within(1, 1_000), "At most so many; 100 if absent.")
                    .in_query(),
            ]],
            done: Done::Keys(
                200,
                &[&[
                    Field::new("items", Kind::Objects("User"), "The users.").needed(),
                    text("next", "`after` of the next page; null on the last.").needed().nullable(),
                ]],
            ),
            refusals: Refusals::Problems(&[400, 401, 403, 500]),
            told: r#"{"items":[],"next":null}"#,
            ..PREAMBLE
        },
        Operation {
            path: "/v1/users/{id}",
            id: "showUser",
            summary: "Show a user",
            about: "As it is now, or as it was.",
            takes: &[USER, AS_OF],
            refusals: THEN,
            sent: r#"{"id":"ada"}"#,
            told: USER_EXAMPLE,
            ..PREAMBLE
        },
        Operation {
            path: "/v1/users/{id}/history",
            id: "userHistory",
            summary: "Tell a user's history",
            about: "What happened to it and its sessions, also if it was deleted. A page may hold fewer facts \
                    than it might, even none, and still have a next one.",
            takes: &[USER, HISTORY, HISTORY_OF],
            done: FACTS,
            refusals: Refusals::Problems(&[400, 401, 403, 404, 410, 500, 503]),
            sent: r#"{"id":"ada"}"#,
            told: FACT,
            ..PREAMBLE
        },
        Operation {
            path: "/v1/users/{id}/acts",
            id: "userActs",
            summary: "Tell what a user did",
            about: "To whomever, also if it was deleted since. A page may hold fewer facts than it might, even \
                    none, and still have a next one.",
            takes: &[USER, HISTORY, HISTORY_BY],
            done: FACTS,
            sent: r#"{"id":"ada"}"#,
            told: FACT,
            ..PREAMBLE
        },
        Operation {
            path: "/v1/users/{id}/attributes",
            id: "userAttributes",
            summary: "List a user's attributes",
            about: "Those that have not expired, by name, now or as they were. Values that their owner wants \
                    encrypted are never shown.",
            takes: &[
                USER,
                AS_OF,
                &[
                    text("after", "Attributes whose names come after this one.").in_query(),
                    Field::new("limit", Kind::Within(1, 1_000), "At most so many; 100 if absent.")
                        .in_query(),
                ],
            ],
            done: Done::Keys(
                200,
                &[&[
                    Field::new("items", Kind::Objects("Attribute"), "The attributes.").needed(),
                    text("next", "`after` of the next page; null on the last.").needed().nullable(),
                    Field::new("as_of", Kind::Object("Moment"), "Of which moment; null: of now.")
                        .needed()
                        .nullable(),
                ]],
            ),
            refusals: THEN,
            sent: r#"{"id":"ada"}"#,
            told: r#"{"items":[{"namespace":"zato","name":"language","value":"en","encrypted":false,"expires":"9999-12-31T00:00:00.000000Z","created":"2031-02-03T04:05:06.789012Z","modified":"2031-02-03T04:05:06.789012Z"}],"next":null,"as_of":null}"#,
            ..PREAMBLE
        },
        Operation {
            path: "/v1/users/{id}/diff",
            id: "userDiff",
            summary: "Tell what differs in a user between two moments",
            about: "Field by field, its attributes among them.",
            takes: &[
                USER,
                &[
                    text("from", "A time as RFC 3339 has it, or a position.").in_query().needed(),
                    text("to", "A time as RFC 3339 has it, or a position; not before `from`.")
                        .in_query()
                        .needed(),
                ],
            ],
            done: Done::Keys(
                200,
                &[&[
                    Field::new("id", Kind::Ulid, "The user.").needed(),
                    Field::new("from", Kind::Object("Moment"), "The earlier moment.").needed(),
                    Field::new("to", Kind::Object("Moment"), "The later moment.").needed(),
                    Field::new("changes", Kind::Objects("Change"), "From old to new.").needed(),
                ]],
            ),
            refusals: THEN,
            sent: r#"{"id":"ada","from":"2031-01-01T00:00:00Z","to":"17"}"#,
            told: r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","from":{"position":12,"at":"2031-01-01T00:00:00.000000Z"},"to":{"position":17,"at":"2031-02-03T04:05:06.789012Z"},"changes":[{"field":"locked","old":false,"new":true}]}"#,
            ..PREAMBLE
        },
        Operation {
            path: "/v1/users/{id}/sessions",
            id: "userSessions",
            summary: "List a user's sessions",
            about: "Those that have not ended, in the order in which they were opened; of very many, the \
                    latest. Now, or as they were.",
            takes: &[USER, AS_OF],
            done: Done::Keys(
                200,
                &[&[
                    Field::new("items", Kind::Objects("Session"), "The sessions.").needed(),
                    Field::new(
                        "as_of",
                        Kind::Object("Moment"),
                        "Of which moment, if one was asked for.",
                    ),
                ]],
            ),
            refusals: THEN,
            sent: r#"{"id":"ada"}"#,
            told: SESSION,
            ..PREAMBLE
        },
        Operation {
            path: "/v1/events",
            id: "listEvents",
            summary: "List everything that happened",
            about: "In order. A page may hold fewer facts than it might, even none, and still have a next one. \
                    With `wait` the answer comes as soon as there is a fact that is wanted, or when the time \
                    is up, and then empty; `cursor` says in any case from where to go on. That somebody read \
                    (`system.audit_read`) ends no wait: such facts come with the next other one.\n\nWith \
                    `format=ndjson`, or where `application/x-ndjson` is accepted, the answer is one fact a \
                    line, `limit` of them or all that there were when it began. `X-Muster-Cursor` says up to \
                    where it looks; an answer that breaks off has no end.",
            takes: &[
                CURSOR,
                FILTER,
                &[
                    Field::new(
                        "wait",
                        Kind::Within(0, 60),
                        "Seconds to wait for a fact; 0 if absent.",
                    )
                    .in_query(),
                    Field::new("format", Kind::Choice(&["json", "ndjson"]), "How facts are told.")
                        .in_query(),
                ],
            ],
            done: FACTS_OR_LINES,
            refusals: Refusals::Problems(&[400, 401, 403, 404, 410, 429, 500, 503]),
            told: FEED,
            ..PREAMBLE
        },
        Operation {
            path: "/v1/events/stream",
            id: "streamEvents",
            summary: "Follow everything that happens",
            about: "Server-Sent Events: all facts after `after`, and then each as it happens. `id` is the \
                    cursor, `event` the fact's name, `data` the fact. Whoever comes back sends the last `id` \
                    as `Last-Event-ID`, which counts over `after`. A comment every 15 seconds says that the \
                    stream lives. It ends when the token is worth nothing any more or the server stops. One \
                    caller has at most 16 streams.",
            takes: &[&[AFTER], FILTER],
            done: Done::Text("text/event-stream"),
            refusals: Refusals::Problems(&[400, 401, 403, 404, 410, 429, 500, 503]),
            told: "",
            ..PREAMBLE
        },
    ],
};

const ROWS: &[Field] = &[
    integer("users", "Rows of users, gone ones among them.").needed(),
    integer("sessions", "Rows of sessions.").needed(),
    integer("names", "Names in use.").needed(),
    integer("tokens", "Access tokens.").needed(),
];

/// What operators do.
pub const OPERATE: Group = Group {
    tag: "Operate",
    about: "How the projections stand; folding the log anew; checking everything.",
    operations: &[
        Operation {
            path: "/v1/projections",
            id: "projections",
            summary: "How the projections stand",
            about: "Their position and their rows.",
            access: Access::Token("operator"),
            done: Done::Keys(
                200,
                &[
                    &[integer("position", "The last fact they hold.").needed()],
                    ROWS,
                    &[
                        integer("sled_filled", "The last fact that sled holds.").needed(),
                        Field::new("opened", Kind::Object("Opened"), "What start did.").needed(),
                    ],
                ],
            ),
            refusals: Refusals::Problems(&[401, 403, 500]),
            told: r#"{"position":17,"users":3,"sessions":2,"names":3,"tokens":1,"sled_filled":17,"opened":{"facts":9,"took_us":1500}}"#,
            ..PREAMBLE
        },
        Operation {
            path: "/metrics",
            id: "metrics",
            summary: "Metrics",
            about: "For Prometheus, in OpenMetrics text. `docs/operations.md` says what each of them means.",
            access: Access::Token("operator"),
            done: Done::Text("application/openmetrics-text; version=1.0.0; charset=utf-8"),
            refusals: Refusals::Problems(&[401, 403, 500]),
            told: "# EOF\n",
            ..PREAMBLE
        },
        Operation {
            method: "post",
            path: "/v1/local/rebuild",
            id: "rebuild",
            summary: "Rebuild the projections",
            about: "Folds the log anew beside what serves, compares, swaps.",
            access: Access::Token("operator"),
            done: Done::Keys(
                200,
                &[
                    &[integer("facts", "Facts folded.").needed()],
                    ROWS,
                    &[
                        text("digest", "SHA-256 of the rows.").needed(),
                        Field::new(
                            "differences",
                            Kind::Texts,
                            "What was not equal; should be empty.",
                        )
                        .needed(),
                    ],
                ],
            ),
            refusals: Refusals::Problems(&[401, 403, 500, 503]),
            told: r#"{"facts":17,"users":3,"sessions":2,"names":3,"tokens":1,"digest":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","differences":[]}"#,
            ..PREAMBLE
        },
        Operation {
            method: "post",
            path: "/v1/local/verify",
            id: "verify",
            summary: "Verify what is kept",
            about: "Checks everything that is kept against itself.",
            access: Access::Token("operator"),
            done: Done::Keys(
                200,
                &[&[
                    integer("facts", "Facts read.").needed(),
                    integer("frames", "Frames read.").needed(),
                    integer("dead_frames", "Frames that a crash left unfinished.").needed(),
                    integer("sled_facts", "Facts compared with sled.").needed(),
                    integer("states", "Kept states compared with a refold.").needed(),
                    Field::new("findings", Kind::Texts, "What is wrong; should be empty.").needed(),
                ]],
            ),
            refusals: Refusals::Problems(&[401, 403, 500, 503]),
            told: r#"{"facts":17,"frames":9,"dead_frames":0,"sled_facts":17,"states":0,"findings":[]}"#,
            ..PREAMBLE
        },
    ],
};
