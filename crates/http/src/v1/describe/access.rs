//! Rights and tokens, for whoever reaches the owner-only socket.

use super::USER;
use super::local::ACT;
use crate::openapi::{Done, Field, Group, Kind, Operation, Refusals, flag, text};

const RIGHTS: Kind = Kind::Choice(&["super_user", "auditor", "operator"]);
const RIGHT: &[Field] = &[Field::new("right", RIGHTS, "The right.").in_path()];
const TOKEN_ID: &[Field] = &[Field::new("token", Kind::Ulid, "The token.").in_path()];

/// A token, without what was handed out.
pub const TOKEN: &[Field] = &[
    text("id", "Its ULID.").needed(),
    text("name", "What it is called.").needed(),
    Field::new("added", Kind::Moment, "When it was handed out.").needed(),
    Field::new("expires", Kind::Moment, "From when on it is worth nothing.").needed(),
];

/// What the command line lets users do.
pub const GROUP: Group = Group {
    tag: "Local: rights and tokens",
    about: "Who may audit, manage and operate, and with which tokens, through the owner-only socket.",
    operations: &[
        Operation {
            method: "put",
            path: "/v1/local/users/{id}/rights/{right}",
            id: "grantRight",
            summary: "Grant a right",
            about: "Its tokens have it from the next request on.",
            takes: &[USER, RIGHT],
            sent: r#"{"id":"ada","right":"auditor"}"#,
            ..ACT
        },
        Operation {
            method: "delete",
            path: "/v1/local/users/{id}/rights/{right}",
            id: "revokeRight",
            summary: "Revoke a right",
            about: "Its tokens lack it from the next request on.",
            takes: &[USER, RIGHT],
            sent: r#"{"id":"ada","right":"auditor"}"#,
            ..ACT
        },
        Operation {
            method: "get",
            path: "/v1/local/users/{id}/tokens",
            id: "listTokens",
            summary: "List a user's access tokens",
            about: "Never what was handed out.",
            done: Done::Keys(
                200,
                &[&[Field::new("items", Kind::Objects("AccessToken"), "The tokens.").needed()]],
            ),
            refusals: Refusals::Problems(&[400, 401, 403, 404, 500]),
            told: r#"{"items":[]}"#,
            ..ACT
        },
        Operation {
            path: "/v1/local/users/{id}/tokens",
            id: "addToken",
            summary: "Hand out an access token",
            about: "It is told this once.",
            takes: &[
                USER,
                &[
                    text("name", "What to call it; `token` if absent.").nullable(),
                    Field::new("expires", Kind::Moment, "When it ends; absent: never.").nullable(),
                ],
            ],
            done: Done::Keys(
                201,
                &[
                    TOKEN,
                    &[
                        text("token", "What is sent as `Authorization: Bearer`; told this once.")
                            .needed(),
                        text("username", "Whose it is.").needed().nullable(),
                    ],
                ],
            ),
            sent: r#"{"id":"ada","name":"laptop"}"#,
            told: "",
            ..ACT
        },
        Operation {
            method: "delete",
            path: "/v1/local/users/{id}/tokens/{token}",
            id: "removeToken",
            summary: "Take an access token away",
            about: "It is worth nothing from the next request on.",
            takes: &[USER, TOKEN_ID],
            done: Done::Keys(
                200,
                &[&[text("id", "The token.").needed(), flag("removed", "True.").needed()]],
            ),
            sent: r#"{"id":"ada","token":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#,
            told: r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","removed":true}"#,
            ..ACT
        },
    ],
};
