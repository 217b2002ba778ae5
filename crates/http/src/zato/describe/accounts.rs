//! Users, as super-users and they themselves see them.

use super::codes::SESSION;
use super::shapes::{CREATED_USER, ENVELOPE, USER};
use super::{APP, APPROVAL_STATUSES, FULL_NAME, PREAMBLE, SIGN_UP_STATUSES, SYNONYM, USER_ID, UST};
use crate::openapi::{Done, Field, Group, Kind, Operation, Refusals, flag, integer, text};

const CREATED: &str = r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok",
"user_id":"zusr3yqm708em08yn9tqmff5n1dkb6","username":"ada","email":"ada@example.com",
"display_name":"Ada Byron","first_name":"Ada","last_name":"Byron",
"is_active":true,"is_internal":false,"is_super_user":false,"is_locked":false,"is_totp_enabled":false,
"is_approval_needed":true,"approval_status":"before_decision",
"approval_status_mod_by":"zusr69g59s4x3v9n1bwj978vfnf330","approval_status_mod_time":"2031-02-03T04:05:06.789012",
"password_is_set":true,"password_must_change":false,
"password_last_set":"2031-02-03T04:05:06.789012","password_expiry":"2033-02-02T04:05:06.789012",
"sign_up_status":"final","sign_up_time":"2031-02-03T04:05:06.789012"}"#;

const READ: &str = r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok",
"user_id":"zusr3yqm708em08yn9tqmff5n1dkb6","username":"ada","email":"ada@example.com",
"display_name":"Ada Byron","first_name":"Ada","last_name":"Byron","is_totp_enabled":false}"#;

const NAMED: Field = text("user_id", "Which user.").needed();
const ONE: &str =
    r#"{"ust":"gAAAAABrBfCum58s","user_id":"zusr3yqm708em08yn9tqmff5n1dkb6","current_app":"CRM"}"#;

const DECIDE: Operation = Operation {
    takes: &[&[UST, NAMED, APP]],
    refusals: Refusals::Zato(&[SESSION, &["E008002"]]),
    sent: ONE,
    ..PREAMBLE
};

const LOCK: Operation =
    Operation { path: "/zato/sso/user/lock", refusals: Refusals::Zato(&[SESSION]), ..DECIDE };

const SEARCH: Operation = Operation {
    method: "get",
    path: "/zato/sso/user/search",
    id: "zatoSearchUsers",
    summary: "Search users",
    about: "For super-users. `user_id` makes all other criteria count for nothing, so does `username`; \
            names are joined by `name_op`, everything else by `and`. Without criteria: all users.",
    takes: &[
        &[
            UST,
            APP,
            text("user_id", "Exactly this user."),
            text("username", "Exactly this name."),
            text("email", "Exactly this address, in any case."),
        ],
        FULL_NAME,
        &[
            Field::new("sign_up_status", SIGN_UP_STATUSES, "How far the sign-up is."),
            Field::new("approval_status", APPROVAL_STATUSES, "What was decided."),
            Field::new(
                "name_op",
                Kind::Choice(&["and", "or"]),
                "Joins the names; `and` if absent.",
            ),
            flag("is_name_exact", "Whole names (if absent), or parts of them."),
            flag("paginate", "False: everything on one page."),
            integer("cur_page", "From 1 on."),
            integer("page_size", "50 if absent, 100 at most, unless configured otherwise."),
        ],
    ],
    done: Done::Keys(
        200,
        &[
            ENVELOPE,
            &[
                Field::new("result", Kind::Objects("ZatoFoundUser"), "The users of this page.")
                    .needed(),
                integer("total", "Users on all pages.").needed(),
                integer("num_pages", "Pages.").needed(),
                integer("page_size", "As applied.").needed(),
                integer("cur_page", "As applied.").needed(),
                flag("has_next_page", "Whether there is one.").needed(),
                flag("has_prev_page", "Whether there is one.").needed(),
                integer("next_page", "Its number, if there is one."),
                integer("prev_page", "Its number, if there is one."),
            ],
        ],
    ),
    refusals: Refusals::Zato(&[&["E005001", "E005002", "E005003", "E003004", "E008002"]]),
    sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM","last_name":"nobody","is_name_exact":false}"#,
    told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","total":0,"num_pages":0,"page_size":50,"cur_page":1,"has_next_page":false,"has_prev_page":false,"result":[]}"#,
    ..PREAMBLE
};

const LINKED: &str = "/zato/sso/user/linked";

const LINK: Operation = Operation {
    path: LINKED,
    id: "zatoLink",
    summary: "Link an account",
    about: "For super-users: lets a security definition of the configuration sign a user in. An \
            unknown definition or user is 400.",
    takes: &[LINK_OF, &[flag("is_active", "False if absent.")]],
    refusals: Refusals::Zato(&[SESSION, &["E008001"]]),
    sent: r#"{"ust":"gAAAAABrBfCum58s","user_id":"zusr3yqm708em08yn9tqmff5n1dkb6","auth_type":"basic_auth","auth_username":"ada.basic","is_active":true,"current_app":"CRM"}"#,
    ..PREAMBLE
};

const LINK_OF: &[Field] = &[
    UST,
    NAMED,
    Field::new("auth_type", Kind::Choice(&["basic_auth", "jwt"]), "The definition's kind.")
        .needed(),
    text("auth_username", "The definition's user name.").needed(),
    APP,
    SYNONYM,
];

/// What is done to users.
pub const GROUP: Group = Group {
    tag: "Zato: users",
    about: "Users: made, read, changed, found, approved, locked, linked.",
    operations: &[
        Operation {
            path: "/zato/sso/user",
            id: "zatoCreateUser",
            summary: "Create a user",
            about: "For super-users. Never makes a super-user. A password that is drawn is not told.",
            takes: &[
                &[
                    UST,
                    APP,
                    text("username", "The name; nobody else may have it. Missing: 403."),
                    text("password", "The password; absent: one is drawn."),
                    flag("password_must_change", "Whether it must be changed at the first log-in."),
                    text("email", "The e-mail address."),
                ],
                FULL_NAME,
                &[
                    flag("is_totp_enabled", "Whether logging in needs a TOTP code."),
                    text("totp_key", "The TOTP key, in base 32; absent: one is drawn."),
                    text("totp_label", "Its label."),
                    flag("is_locked", "Whether it is made locked."),
                    Field::new("sign_up_status", SIGN_UP_STATUSES, "`final` if absent."),
                    flag("auto_approve", "Whether it is approved at once."),
                    flag("is_rate_limit_active", "Whether `rate_limit_def` is in force."),
                    text("rate_limit_def", "How often the user may call, from where."),
                ],
            ],
            done: Done::Keys(200, &[ENVELOPE, CREATED_USER]),
            refusals: Refusals::Zato(&[
                SESSION,
                &["E001001", "E001002", "E003001", "E003002", "E003003", "E003008", "E008002"],
            ]),
            sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM","username":"ada","email":"ada@example.com","first_name":"Ada","last_name":"Byron"}"#,
            told: CREATED,
            ..PREAMBLE
        },
        Operation {
            method: "get",
            path: "/zato/sso/user",
            id: "zatoGetUser",
            summary: "Get a user",
            about: "One's own account, or for super-users anybody's, with more keys.",
            takes: &[&[UST, APP, USER_ID]],
            done: Done::Keys(200, &[ENVELOPE, USER]),
            sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM"}"#,
            told: READ,
            ..PREAMBLE
        },
        Operation {
            method: "patch",
            path: "/zato/sso/user",
            id: "zatoUpdateUser",
            summary: "Update a user",
            about: "All or nothing. Null takes a value away where there may be none.",
            takes: &[
                &[UST, APP, USER_ID, text("username", "The name."), EMAIL],
                FULL_NAME,
                &[
                    flag("is_totp_enabled", "Whether logging in needs a TOTP code."),
                    text("totp_key", "The TOTP key, in base 32."),
                    text("totp_label", "Its label.").nullable(),
                    flag("is_locked", "Locks or unlocks. For super-users."),
                    text("password_expiry", "When the password expires. For super-users."),
                    flag("password_must_change", "Whether it must be changed. For super-users."),
                    Field::new("sign_up_status", SIGN_UP_STATUSES, "For super-users."),
                    Field::new("approval_status", APPROVAL_STATUSES, "For super-users."),
                ],
            ],
            refusals: Refusals::Zato(&[SESSION, &["E001002", "E008002", "E008003"]]),
            sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM","first_name":"Augusta","middle_name":null}"#,
            ..PREAMBLE
        },
        Operation {
            method: "delete",
            path: "/zato/sso/user",
            id: "zatoDeleteUser",
            summary: "Delete a user",
            about: "For super-users, and not their own account. With sessions, attributes and links.",
            takes: &[&[UST, APP, text("user_id", "Which user. Missing: 403.")]],
            refusals: Refusals::Zato(&[SESSION, &["E008001"]]),
            sent: ONE,
            ..PREAMBLE
        },
        SEARCH,
        Operation {
            method: "post",
            id: "zatoSearchUsersByPost",
            about: "As `GET /zato/sso/user/search`.",
            ..SEARCH
        },
        Operation {
            path: "/zato/sso/user/approve",
            id: "zatoApproveUser",
            summary: "Approve a user",
            about: "For super-users. An unknown user changes nothing, and is no error.",
            ..DECIDE
        },
        Operation {
            path: "/zato/sso/user/reject",
            id: "zatoRejectUser",
            summary: "Reject a user",
            about: "For super-users. An unknown user changes nothing, and is no error.",
            ..DECIDE
        },
        Operation {
            id: "zatoLockUser",
            summary: "Lock a user",
            about: "For super-users. Sessions are worth nothing from the next request on.",
            ..LOCK
        },
        Operation {
            method: "delete",
            id: "zatoUnlockUser",
            summary: "Unlock a user",
            about: "For super-users. Sessions that have not expired are good again.",
            ..LOCK
        },
        LINK,
        Operation {
            method: "get",
            id: "zatoListLinks",
            summary: "List linked accounts",
            about: "One's own, or for super-users anybody's.",
            takes: &[&[UST, APP, USER_ID, SYNONYM]],
            done: Done::Keys(
                200,
                &[
                    ENVELOPE,
                    &[Field::new("result", Kind::Objects("ZatoLink"), "The links.").needed()],
                ],
            ),
            refusals: Refusals::Zato(&[SESSION]),
            sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM"}"#,
            told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","result":[{"auth_type":"jwt","auth_username":"ada.jwt","creation_time":"2031-02-03T04:05:06.789012","is_active":true}]}"#,
            ..LINK
        },
        Operation {
            method: "delete",
            id: "zatoUnlink",
            summary: "Delete a linked account",
            about: "For super-users. With the sessions that were opened through it.",
            takes: &[LINK_OF, &[flag("is_active", "Ignored.")]],
            ..LINK
        },
    ],
};

const EMAIL: Field = text("email", "The e-mail address.").nullable();
