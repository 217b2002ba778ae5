//! Sessions.

use super::codes::SESSION;
use super::shapes::ENVELOPE;
use super::{APP, CURRENT_UST, PREAMBLE, SYNONYM, TARGET_UST, text};
use crate::openapi::{Done, Field, Group, Kind, Operation, Refusals, flag};

const PATH: &str = "/zato/sso/user/session";
const PAIR: &[Field] = &[CURRENT_UST, TARGET_UST, APP];
const SENT: &str =
    r#"{"current_ust":"gAAAAABrBfCum58s","target_ust":"gAAAAABrBfCuryVz","current_app":"CRM"}"#;

/// What can be asked of sessions.
pub const GROUP: Group = Group {
    tag: "Zato: sessions",
    about: "Sessions: verified, renewed, shown. Using one does not extend it.",
    operations: &[
        Operation {
            path: PATH,
            id: "zatoVerifySession",
            summary: "Verify a session",
            about: "For super-users: whether the other session is good for anything.",
            takes: &[PAIR],
            done: Done::Keys(200, &[ENVELOPE, &[flag("is_valid", "Whether it is.").needed()]]),
            sent: SENT,
            told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","is_valid":true}"#,
            ..PREAMBLE
        },
        Operation {
            method: "patch",
            path: PATH,
            id: "zatoRenewSession",
            summary: "Renew a session",
            about: "The caller's own. It lasts as long as a new one from now on.",
            takes: &[&[text("ust", "The token of the session. Missing: 403."), SYNONYM, APP]],
            done: Done::Keys(
                200,
                &[ENVELOPE, &[text("expiration_time", "When it expires now.").needed()]],
            ),
            sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM"}"#,
            told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","expiration_time":"2031-02-03T05:05:06.789012"}"#,
            ..PREAMBLE
        },
        Operation {
            method: "get",
            path: PATH,
            id: "zatoGetSession",
            summary: "Get a session",
            about: "For super-users: since when the other session is there, and from where.",
            takes: &[PAIR],
            done: Done::Keys(
                200,
                &[
                    ENVELOPE,
                    &[
                        text("creation_time", "When it was opened.").needed(),
                        text("expiration_time", "When it expires.").needed(),
                        text(
                            "remote_addr",
                            "From where; several are joined with `, `. Absent: nobody knows.",
                        ),
                        text("user_agent", "With what.").needed(),
                    ],
                ],
            ),
            sent: SENT,
            told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","creation_time":"2031-02-03T04:05:06","expiration_time":"2031-02-03T05:05:06","remote_addr":"127.0.0.1","user_agent":"curl/8.5"}"#,
            ..PREAMBLE
        },
        Operation {
            method: "get",
            path: "/zato/sso/user/session/list",
            id: "zatoListSessions",
            summary: "List sessions",
            about: "With `ust` the caller's own. A super-user sends `current_ust` and `target_ust` instead, \
                    and is told those of the other session's owner.",
            takes: &[&[
                text("ust", "The token of the caller's session."),
                CURRENT_UST,
                TARGET_UST,
                APP,
            ]],
            done: Done::Keys(
                200,
                &[
                    ENVELOPE,
                    &[Field::new("result", Kind::Objects("ZatoSession"), "They.").needed()],
                ],
            ),
            refusals: Refusals::Zato(&[SESSION, &["E008002"]]),
            sent: r#"{"ust":"gAAAAABrBfCum58s","current_app":"CRM"}"#,
            told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","result":[
{"auth_type":"default","auth_principal":"ada","creation_time":"2031-02-03T04:05:06","expiration_time":"2031-02-03T05:35:06",
"remote_addr":"127.0.0.1","user_agent":"curl/8.5","session_state_change_list":[
{"remote_addr":"127.0.0.1","user_agent":"curl/8.5","timestamp_utc":"2031-02-03T04:05:06","ctx_source":"login","idx":1}]}]}"#,
            ..PREAMBLE
        },
    ],
};
