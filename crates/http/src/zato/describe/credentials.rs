//! Logging in and out, signing up, passwords, TOTP.

use super::codes::{PASSWORD, SESSION};
use super::{APP, APP_HERE, PREAMBLE, USER_ID, UST};
use crate::openapi::{Access, Done, Field, Group, Kind, Operation, Refusals, flag, integer, text};
use crate::zato::describe::shapes::{ENVELOPE, ENVELOPE_OF_RESETS, ENVELOPE_WITH_WARNING};

const CONFIRM: Operation = Operation {
    method: "patch",
    path: "/zato/sso/user/signup",
    id: "zatoConfirmSignUp",
    summary: "Confirm a sign-up",
    about: "Makes a sign-up final, for whoever holds its token.",
    access: Access::Anyone,
    takes: &[&[
        text("confirm_token", "What signing up answered with, or mailed.").needed(),
        APP_HERE,
    ]],
    refusals: Refusals::Zato(&[&["E005006", "E005007"]]),
    sent: r#"{"confirm_token":"ua_rb2wiNOc5DbyGBh-6hYkzdFZiBG99","current_app":"CRM"}"#,
    ..PREAMBLE
};

const RESET: Operation = Operation {
    path: "/zato/sso/password/reset",
    access: Access::Anyone,
    done: Done::Keys(200, &[ENVELOPE_OF_RESETS]),
    told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","sub_status":[]}"#,
    ..PREAMBLE
};

const RESET_TOKEN: Field = text("token", "The token that was mailed.");

/// Whatever proves who somebody is.
pub const GROUP: Group = Group {
    tag: "Zato: credentials",
    about: "Logging in and out, signing up, passwords, TOTP.\n\nEvery parameter of Zato's API may stand \
            in a JSON body or in the query string, whatever the method; in the query it counts before \
            the body. Numbers are taken for texts; `true`, `yes`, `on`, `1` and their opposites for \
            booleans; digits for numbers; one value for a list of it. Parameters that are not listed are \
            ignored. Moments are UTC without a zone: `2031-02-03T04:05:06.789012`.",
    operations: &[
        Operation {
            path: "/zato/sso/user/login",
            id: "zatoLogIn",
            summary: "Log in",
            about: "Opens a session. A `warning` is a success too: the password expires soon.",
            access: Access::Anyone,
            takes: &[&[
                text("username", "The name, in its spelling.").needed(),
                text("password", "The password.").needed(),
                APP,
                text("totp_code", "The code of this half minute, if the user has TOTP on."),
                text("new_password", "Replaces the password, if it is due for change."),
                text("remote_addr", "The user's address, said by an application that may."),
                text("user_agent", "The user's agent, said by an application that may."),
            ]],
            done: Done::Keys(
                200,
                &[
                    ENVELOPE_WITH_WARNING,
                    &[text("ust", "The new session's token, told this once.").needed()],
                ],
            ),
            refusals: Refusals::Zato(&[
                &["E005001", "E005008", "E005002", "E005003", "E005004", "E003004", "E003006"],
                &["E003007", "E004001", "E006001"],
                PASSWORD,
            ]),
            sent: r#"{"username":"ada","password":"correct horse","current_app":"CRM"}"#,
            told: r#"{"cid":"1ed17e67708aa4885a74d778","status":"ok","ust":"gAAAAABrBfCum58sZcoQKJmH9VRhcWfs"}"#,
            ..PREAMBLE
        },
        Operation {
            path: "/zato/sso/user/logout",
            id: "zatoLogOut",
            summary: "Log out",
            about: "Ends a session, in all applications. Says `ok` for any token, so that none is probed.",
            takes: &[&[UST, APP]],
            refusals: Refusals::Zato(&[&["E005001"]]),
            sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM"}"#,
            ..PREAMBLE
        },
        Operation {
            path: "/zato/sso/user/signup",
            id: "zatoSignUp",
            summary: "Sign up",
            about: "Makes an account that has to be confirmed and, by default, approved.",
            access: Access::Anyone,
            takes: &[&[
                text("username", "The name; nobody else may have it. Missing: 403."),
                text("password", "The password. Missing: 403."),
                text("email", "The e-mail address; needed if configured so."),
                Field::new("app_list", Kind::Texts, "Applications that the user wants to use."),
                APP_HERE,
            ]],
            done: Done::Keys(
                200,
                &[
                    ENVELOPE,
                    &[text(
                        "confirm_token",
                        "What confirms the sign-up, unless it is only mailed.",
                    )],
                ],
            ),
            refusals: Refusals::Zato(&[
                &["E005001", "E001001", "E001002", "E001003", "E001004"],
                &["E002001", "E002002", "E002003", "E002004", "E002005", "E004001", "E004002"],
                &["E008002"],
                PASSWORD,
            ]),
            sent: r#"{"username":"ada","password":"correct horse","email":"ada@example.com","app_list":["CRM"],"current_app":"CRM"}"#,
            told: r#"{"cid":"51f5a7c48a80c3722a664857","confirm_token":"ua_rb2wiNOc5DbyGBh-6hYkzdFZiBG99","status":"ok"}"#,
            ..PREAMBLE
        },
        CONFIRM,
        Operation {
            path: "/zato/sso/user/signup/confirm",
            id: "zatoConfirmSignUpAlias",
            about: "As `PATCH /zato/sso/user/signup`.",
            ..CONFIRM
        },
        Operation {
            method: "post",
            path: "/zato/sso/user/signup/confirm",
            id: "zatoConfirmSignUpByPost",
            about: "As `PATCH /zato/sso/user/signup`.",
            ..CONFIRM
        },
        Operation {
            method: "patch",
            path: "/zato/sso/user/password",
            id: "zatoChangePassword",
            summary: "Change a password",
            about: "One's own, with the old one; a super-user anybody's. Sessions go on.",
            takes: &[&[
                UST,
                text("new_password", "The new password.").needed(),
                APP,
                text("old_password", "The present one; needed to change one's own."),
                USER_ID,
                integer("password_expiry", "Days until it expires. For super-users."),
                flag(
                    "must_change",
                    "Whether it must be changed at the next log-in. For super-users.",
                ),
            ]],
            refusals: Refusals::Zato(&[SESSION, &["E008002"], PASSWORD]),
            sent: r#"{"ust":"gAAAAABrBfCum58s","old_password":"correct horse","new_password":"battery staple","current_app":"CRM"}"#,
            ..PREAMBLE
        },
        Operation {
            method: "patch",
            path: "/zato/sso/user/totp",
            id: "zatoResetTotp",
            summary: "Reset a TOTP key",
            about: "Sets the key that was sent, or draws one and tells it. Does not turn TOTP on or off.",
            takes: &[&[
                UST,
                APP,
                USER_ID,
                text("totp_key", "The new key, in base 32; absent or empty: one is drawn."),
                text("totp_label", "Its new label; absent or empty: none."),
            ]],
            done: Done::Keys(200, &[ENVELOPE, &[text("totp_key", "The key, if it was drawn.")]]),
            refusals: Refusals::Zato(&[SESSION, &["E008002"]]),
            sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM"}"#,
            told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","totp_key":"JBSWY3DPEHPK3PXP"}"#,
            ..PREAMBLE
        },
        Operation {
            id: "zatoRequestReset",
            summary: "Ask for a password reset",
            about: "Mails a token, if there is somebody to mail it to; which, is not told.",
            takes: &[&[text("credential", "The user name or the e-mail address."), APP_HERE]],
            refusals: Refusals::Zato(&[&["E005001"]]),
            sent: r#"{"credential":"ada","current_app":"CRM"}"#,
            ..RESET
        },
        Operation {
            method: "patch",
            id: "zatoOpenReset",
            summary: "Exchange the mailed token for a reset key",
            about: "Works once.",
            takes: &[&[RESET_TOKEN, APP_HERE]],
            done: Done::Keys(
                200,
                &[
                    ENVELOPE_OF_RESETS,
                    &[text("reset_key", "What sets a new password, with the token.").needed()],
                ],
            ),
            refusals: Refusals::Zato(&[&["E010001", "E005001", "E005002", "E005003", "E005004"]]),
            sent: r#"{"token":"13hxw6ar398s4r7d92x8d2gfay","current_app":"CRM"}"#,
            told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","sub_status":[],"reset_key":"gAAAAABrBfCum58s"}"#,
            ..RESET
        },
        Operation {
            method: "delete",
            id: "zatoCarryOutReset",
            summary: "Set a new password",
            about: "With the mailed token and its reset key. Sessions go on.",
            takes: &[&[
                RESET_TOKEN,
                text("reset_key", "What the token was exchanged for."),
                text("password", "The new password."),
                APP_HERE,
            ]],
            refusals: Refusals::Zato(&[
                &["E010001", "E005001", "E005002", "E005003", "E005004"],
                PASSWORD,
            ]),
            sent: r#"{"token":"13hxw6ar398s4r7d92x8d2gfay","reset_key":"gAAAAABrBfCum58s","password":"battery staple","current_app":"CRM"}"#,
            ..RESET
        },
    ],
};
