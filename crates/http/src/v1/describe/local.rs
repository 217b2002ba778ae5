//! For whoever reaches the owner-only socket.

use super::shapes::USER as USER_EXAMPLE;
use super::{CURSOR, NEXT, PREAMBLE, USER};
use crate::openapi::{Access, Done, Field, Group, Kind, Operation, Refusals, flag, text};

pub const ACT: Operation = Operation {
    method: "post",
    access: Access::Socket,
    takes: &[USER],
    refusals: Refusals::Problems(&[400, 401, 403, 404, 409, 413, 422, 500, 503]),
    sent: r#"{"id":"ada"}"#,
    told: USER_EXAMPLE,
    ..PREAMBLE
};
const USER_KEY: Field = Field::new("user", Kind::Object("User"), "The user.").needed();

/// What the command line does to users.
pub const USERS: Group = Group {
    tag: "Local: users",
    about: "What `muster user ...` does, through the owner-only socket.",
    operations: &[
        Operation {
            path: "/v1/local/users",
            id: "createUser",
            summary: "Create a user",
            about: "Who is made here may sign in at once.",
            takes: &[&[
                text("username", "The name; nobody else may have it.").needed(),
                text("password", "The password.").needed(),
                flag("super_user", "Whether it may do what super-users may."),
                text("email", "The e-mail address.").nullable(),
                text("display_name", "The name to show.").nullable(),
                text("first_name", "The first name.").nullable(),
                text("middle_name", "The middle name.").nullable(),
                text("last_name", "The last name.").nullable(),
            ]],
            done: Done::Shape(201, "User"),
            refusals: Refusals::Problems(&[400, 401, 403, 409, 413, 422, 500, 503]),
            sent: r#"{"username":"ada","password":"correct horse","email":"ada@example.com"}"#,
            ..ACT
        },
        Operation {
            method: "delete",
            path: "/v1/local/users/{id}",
            id: "deleteUser",
            summary: "Delete a user",
            about: "Answers with the user as it was.",
            ..ACT
        },
        Operation {
            path: "/v1/local/users/{id}/lock",
            id: "lockUser",
            summary: "Lock a user",
            about: "Sessions are worth nothing from the next request on.",
            ..ACT
        },
        Operation {
            path: "/v1/local/users/{id}/unlock",
            id: "unlockUser",
            summary: "Unlock a user",
            about: "Sessions that have not expired are good again.",
            ..ACT
        },
        Operation {
            path: "/v1/local/users/{id}/approve",
            id: "approveUser",
            summary: "Approve a user",
            about: "Whatever was decided before.",
            ..ACT
        },
        Operation {
            path: "/v1/local/users/{id}/reject",
            id: "rejectUser",
            summary: "Reject a user",
            about: "Whatever was decided before.",
            ..ACT
        },
        Operation {
            path: "/v1/local/users/{id}/password",
            id: "setPassword",
            summary: "Set a password",
            about: "One that was sent, or one that is drawn and told.",
            takes: &[
                USER,
                &[
                    text("password", "The password; absent: one is drawn.").nullable(),
                    Field::new(
                        "expiry_days",
                        Kind::Within(1, i64::MAX.unsigned_abs()),
                        "Days until it expires.",
                    )
                    .nullable(),
                    flag("must_change", "Whether it must be changed at the next log-in.")
                        .nullable(),
                ],
            ],
            done: Done::Keys(
                200,
                &[&[
                    USER_KEY,
                    text("password", "The password, if it was drawn; told this once.")
                        .needed()
                        .nullable(),
                ]],
            ),
            sent: r#"{"id":"ada","must_change":true}"#,
            told: "",
            ..ACT
        },
        Operation {
            path: "/v1/local/users/{id}/totp-key",
            id: "setTotpKey",
            summary: "Set a TOTP key",
            about: "One that was sent, or one that is drawn and told.",
            takes: &[
                USER,
                &[
                    text("key", "The key, in base 32; absent: one is drawn.").nullable(),
                    text("label", "Its label; absent: none.").nullable(),
                ],
            ],
            done: Done::Keys(
                200,
                &[&[
                    USER_KEY,
                    text("totp_key", "The key, if it was drawn; told this once.")
                        .needed()
                        .nullable(),
                ]],
            ),
            sent: r#"{"id":"ada","label":"phone"}"#,
            told: "",
            ..ACT
        },
    ],
};

const SESSION_ID: &[Field] = &[Field::new("id", Kind::Ulid, "The session.").in_path()];
const ENDED: Done =
    Done::Keys(200, &[&[text("id", "The session.").needed(), flag("ended", "True.").needed()]]);
const ENDED_TOLD: &str = r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","ended":true}"#;

/// What the command line does to sessions.
pub const SESSIONS: Group = Group {
    tag: "Local: sessions",
    about: "Opening and ending sessions, through the owner-only socket.",
    operations: &[
        Operation {
            path: "/v1/local/users/{id}/sessions",
            id: "openSession",
            summary: "Open a session",
            about: "Without the password. The token is told this once.",
            done: Done::Shape(201, "OpenedSession"),
            told: "",
            ..ACT
        },
        Operation {
            method: "get",
            path: "/v1/local/sessions/{id}",
            id: "showSession",
            summary: "Show a session",
            about: "Never its token.",
            takes: &[SESSION_ID],
            done: Done::Shape(200, "Session"),
            refusals: Refusals::Problems(&[400, 401, 403, 404, 500]),
            sent: r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#,
            told: "",
            ..ACT
        },
        Operation {
            method: "delete",
            path: "/v1/local/sessions/{id}",
            id: "endSession",
            summary: "End a session",
            about: "Whoever's it is.",
            takes: &[SESSION_ID],
            done: ENDED,
            sent: r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#,
            told: ENDED_TOLD,
            ..ACT
        },
        Operation {
            path: "/v1/local/sign-out",
            id: "signOut",
            summary: "End the session of a token",
            about: "For whoever has the token and not the id.",
            takes: &[&[text("token", "The token.").needed()]],
            done: ENDED,
            sent: r#"{"token":"gAAAAABrBfCum58s"}"#,
            told: ENDED_TOLD,
            ..ACT
        },
    ],
};

const MAIL_ID: &[Field] =
    &[Field::new("id", Kind::Within(0, u64::MAX), "The fact that owes the mail.").in_path()];

/// Mails that are owed.
pub const MAIL: Group = Group {
    tag: "Local: mail",
    about: "Mails that are owed, through the owner-only socket: they carry tokens.",
    operations: &[
        Operation {
            method: "get",
            path: "/v1/local/outbox",
            id: "listMails",
            summary: "List the mails that are owed",
            about: "Oldest first.",
            takes: &[CURSOR],
            done: Done::Keys(
                200,
                &[&[Field::new("items", Kind::Objects("Mail"), "The mails.").needed(), NEXT]],
            ),
            refusals: Refusals::Problems(&[400, 401, 403, 410, 500, 503]),
            sent: "",
            told: r#"{"items":[],"next":null}"#,
            ..ACT
        },
        Operation {
            method: "get",
            path: "/v1/local/outbox/{id}",
            id: "showMail",
            summary: "Show a mail",
            about: "As it would go out now.",
            takes: &[MAIL_ID],
            done: Done::Shape(200, "Mail"),
            refusals: Refusals::Problems(&[400, 401, 403, 404, 500, 503]),
            sent: r#"{"id":12}"#,
            told: "",
            ..ACT
        },
        Operation {
            path: "/v1/local/outbox/{id}/retry",
            id: "retryMail",
            summary: "Try a mail now",
            about: "Whatever became of it before.",
            takes: &[MAIL_ID],
            done: Done::Keys(200, &[&[flag("sent", "True.").needed()]]),
            refusals: Refusals::Problems(&[400, 401, 403, 404, 500, 502, 503]),
            sent: r#"{"id":12}"#,
            told: r#"{"sent":true}"#,
            ..ACT
        },
    ],
};
