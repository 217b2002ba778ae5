//! Attributes of users and of sessions: the same seven operations.

use super::codes::SESSION;
use super::shapes::ENVELOPE;
use super::{APP, CURRENT_UST, PREAMBLE, TARGET_UST, USER_ID, text};
use crate::openapi::{Access, Done, Field, Group, Kind, Operation, Refusals, flag, integer};

/// Whose, if they are a user's.
const USER: &[Field] =
    &[text("ust", "The token of the caller's session. Missing: 403."), APP, USER_ID];
/// Whose, if they are a session's.
const SESSION_OF: &[Field] = &[CURRENT_UST.needed(), TARGET_UST.needed(), APP];
const ONE: Field = text("name", "One attribute; counts before `data`.");
const NAMES: &[Field] = &[ONE, Field::new("data", Kind::Texts, "Several, by their names.")];
const WRITE: &[Field] = &[
    ONE,
    Field::new("value", Kind::Any, "Its value."),
    Field::new("data", Kind::Objects("ZatoAttributeToWrite"), "Several, all or none."),
    flag("encrypt", "Whether it counts as encrypted."),
    integer("expiration", "Seconds until it is gone; 0: never."),
];
const READ: &[Field] = &[
    flag("decrypt", "False: an encrypted value comes as opaque text."),
    flag("serialize_dt", "Ignored: moments are always text."),
];

const CREATE: Operation = Operation {
    path: "/zato/sso/user/attr",
    id: "zatoCreateUserAttributes",
    summary: "Create attributes",
    about: "Fails if one of them is there.",
    takes: &[USER, WRITE],
    refusals: Refusals::Zato(&[SESSION, &["E008002", "E009001"]]),
    sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM","data":[{"name":"phone","value":"123","encrypt":true},{"name":"lang","value":"en","expiration":3600}]}"#,
    ..PREAMBLE
};
const UPDATE: Operation = Operation {
    method: "patch",
    id: "zatoUpdateUserAttributes",
    summary: "Update attributes",
    about: "Fails if one of them is not there. What is not sent stays.",
    refusals: Refusals::Zato(&[SESSION, &["E008002", "E009002"]]),
    sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM","name":"phone","value":"456"}"#,
    ..CREATE
};
const SET: Operation = Operation {
    method: "put",
    id: "zatoSetUserAttributes",
    summary: "Set attributes",
    about: "Creates or updates.",
    refusals: Refusals::Zato(&[SESSION, &["E008002"]]),
    ..UPDATE
};
const DELETE: Operation = Operation {
    method: "delete",
    id: "zatoDeleteUserAttributes",
    summary: "Delete attributes",
    about: "What is not there is no error.",
    takes: &[USER, NAMES],
    sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM","name":"phone"}"#,
    ..SET
};
const GET: Operation = Operation {
    method: "get",
    id: "zatoGetUserAttributes",
    summary: "Get attributes",
    about: "With `name` one, with `data` several, under `result`.",
    access: Access::Session,
    takes: &[USER, NAMES, READ],
    done: Done::Keys(
        200,
        &[
            ENVELOPE,
            &[
                flag("found", "With `name`: whether it is there."),
                text("name", "Its name."),
                Field::new("value", Kind::Any, "Its value."),
                text("creation_time", "When it was made."),
                text("last_modified", "When it was changed."),
                text("expiration_time", "When it is gone."),
                flag("is_encrypted", "Whether it counts as encrypted."),
                Field::new("result", Kind::Named("ZatoAttribute"), "With `data`: each, or null."),
            ],
        ],
    ),
    told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","found":true,"name":"phone","value":"123","is_encrypted":true,
"creation_time":"2031-02-03T04:05:06.789012","last_modified":"2031-02-03T04:05:06.789012","expiration_time":"9999-12-31T00:00:00"}"#,
    ..DELETE
};
const EXIST: Operation = Operation {
    path: "/zato/sso/user/attr/exists",
    id: "zatoUserAttributesExist",
    summary: "Do attributes exist?",
    about: "With `name` a boolean, with `data` one for each.",
    takes: &[USER, NAMES],
    done: Done::Keys(
        200,
        &[ENVELOPE, &[Field::new("result", Kind::FlagOrFlags, "Whether.").needed()]],
    ),
    told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","result":{"phone":true,"none":false}}"#,
    ..GET
};
const NAMED: Operation = Operation {
    path: "/zato/sso/user/attr/names",
    id: "zatoUserAttributeNames",
    summary: "Names of attributes",
    about: "All of them, in no order.",
    takes: &[USER],
    done: Done::Keys(200, &[ENVELOPE, &[Field::new("result", Kind::Texts, "They.").needed()]]),
    refusals: Refusals::Zato(&[SESSION]),
    sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM"}"#,
    told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","result":["phone","lang"]}"#,
    ..GET
};

/// What applications keep with users.
pub const OF_USERS: Group = Group {
    tag: "Zato: attributes of users",
    about: "What applications keep with users: one's own, or for super-users anybody's.",
    operations: &[CREATE, UPDATE, SET, DELETE, GET, EXIST, NAMED],
};

const WRITTEN: &str = r#"{"current_ust":"gAAAAABrBfCum58s","target_ust":"gAAAAABrBfCum58s","current_app":"CRM","name":"cart","value":"3"}"#;
const ASKED: &str = r#"{"current_ust":"gAAAAABrBfCum58s","target_ust":"gAAAAABrBfCum58s","current_app":"CRM","name":"cart"}"#;

/// What applications keep with sessions.
pub const OF_SESSIONS: Group = Group {
    tag: "Zato: attributes of sessions",
    about: "What applications keep with sessions: those of one's own account, or for super-users \
            anybody's. They are gone with the session.",
    operations: &[
        Operation {
            path: "/zato/sso/session/attr",
            id: "zatoCreateSessionAttributes",
            takes: &[SESSION_OF, WRITE],
            sent: WRITTEN,
            ..CREATE
        },
        Operation {
            path: "/zato/sso/session/attr",
            id: "zatoUpdateSessionAttributes",
            takes: &[SESSION_OF, WRITE],
            sent: WRITTEN,
            ..UPDATE
        },
        Operation {
            path: "/zato/sso/session/attr",
            id: "zatoSetSessionAttributes",
            takes: &[SESSION_OF, WRITE],
            sent: WRITTEN,
            ..SET
        },
        Operation {
            path: "/zato/sso/session/attr",
            id: "zatoDeleteSessionAttributes",
            takes: &[SESSION_OF, NAMES],
            sent: ASKED,
            ..DELETE
        },
        Operation {
            path: "/zato/sso/session/attr",
            id: "zatoGetSessionAttributes",
            takes: &[SESSION_OF, NAMES, READ],
            sent: ASKED,
            ..GET
        },
        Operation {
            path: "/zato/sso/session/attr/exists",
            id: "zatoSessionAttributesExist",
            takes: &[SESSION_OF, NAMES],
            sent: ASKED,
            ..EXIST
        },
        Operation {
            path: "/zato/sso/session/attr/names",
            id: "zatoSessionAttributeNames",
            takes: &[SESSION_OF],
            sent: r#"{"current_ust":"gAAAAABrBfCum58s","target_ust":"gAAAAABrBfCum58s","current_app":"CRM"}"#,
            ..NAMED
        },
    ],
};
