//! What the dialect answers with.

use super::{APPROVAL_STATUSES, SIGN_UP_STATUSES};
use crate::openapi::{Field, Kind, Shape, flag, integer, text};

const CID: Field = text("cid", "The answer's number, for whoever reads the log.").needed();
const OK: Field = Field::new("status", Kind::Choice(&["ok"]), "Done.").needed();

/// Around everything that is done.
pub const ENVELOPE: &[Field] = &[CID, OK];
/// The same, where it may come with a warning.
pub const ENVELOPE_WITH_WARNING: &[Field] = &[
    CID,
    Field::new("status", Kind::Choice(&["ok", "warning"]), "Done; perhaps see `sub_status`.")
        .needed(),
    Field::new("sub_status", Kind::Texts, "With a warning: `W003005`, the password expires soon."),
];
/// The same, as resets of passwords say it.
pub const ENVELOPE_OF_RESETS: &[Field] =
    &[CID, OK, Field::new("sub_status", Kind::Texts, "Empty.").needed()];

const USER_ID: Field = text("user_id", "Its id.");
const USERNAME: Field = text("username", "Its name.");
const MOD_BY: Field = text("approval_status_mod_by", "Who decided last; `auto`: nobody.");
const MOD_TIME: Field = text("approval_status_mod_time", "When.");
const TOTP: Field = flag("is_totp_enabled", "Whether logging in needs a TOTP code.");
const ACTIVE: Field = flag("is_active", "Always true.");
const INTERNAL: Field = flag("is_internal", "Always false.");
const SUPER: Field = flag("is_super_user", "Whether it may do what super-users may.");
const APPROVAL_NEEDED: Field = flag("is_approval_needed", "Whether it is not approved.");
const APPROVAL: Field = Field::new("approval_status", APPROVAL_STATUSES, "What was decided.");
const LOCKED: Field = flag("is_locked", "Whether it is locked.");
const EXPIRY: Field = text("password_expiry", "When the password expires.");
const IS_SET: Field = flag("password_is_set", "Whether there is a password.");
const MUST_CHANGE: Field = flag("password_must_change", "Whether it must be changed.");
const LAST_SET: Field = text("password_last_set", "When it was set.");
const SIGN_UP: Field = Field::new("sign_up_status", SIGN_UP_STATUSES, "How far the sign-up is.");
const SIGN_UP_TIME: Field = text("sign_up_time", "When the account was made.");
const EMAIL: Field = text("email", "Its e-mail address.");
const DISPLAY: Field = text("display_name", "The name to show.");
const FIRST: Field = text("first_name", "The first name.");
const MIDDLE: Field = text("middle_name", "The middle name.");
const LAST: Field = text("last_name", "The last name.");
const LABEL: Field = text("totp_label", "The label of the TOTP key.");
const LOCKED_TIME: Field = text("locked_time", "When it was last locked or unlocked.");
const LOCKED_BY: Field = text("locked_by", "By whom.");

/// A user as super-users are told it, and in part itself.
pub const USER: &[Field] = &[
    USER_ID.needed(),
    USERNAME,
    EMAIL,
    DISPLAY,
    FIRST,
    MIDDLE,
    LAST,
    TOTP,
    LABEL,
    ACTIVE,
    INTERNAL,
    SUPER,
    APPROVAL_NEEDED,
    APPROVAL,
    MOD_BY,
    MOD_TIME,
    LOCKED,
    LOCKED_TIME,
    LOCKED_BY,
    EXPIRY,
    IS_SET,
    MUST_CHANGE,
    LAST_SET,
    SIGN_UP,
    SIGN_UP_TIME,
];

/// A user right after it was made.
pub const CREATED_USER: &[Field] = &[
    USER_ID.needed(),
    USERNAME.needed(),
    EMAIL,
    DISPLAY,
    FIRST,
    MIDDLE,
    LAST,
    TOTP.needed(),
    LABEL,
    ACTIVE.needed(),
    INTERNAL.needed(),
    SUPER.needed(),
    APPROVAL_NEEDED.needed(),
    APPROVAL.needed(),
    MOD_BY.needed(),
    MOD_TIME.needed(),
    LOCKED.needed(),
    EXPIRY.needed(),
    IS_SET.needed(),
    MUST_CHANGE.needed(),
    LAST_SET.needed(),
    SIGN_UP.needed(),
    SIGN_UP_TIME.needed(),
];

/// A user that was found: what has no value is null.
const FOUND_USER: &[Field] = &[
    USER_ID.needed(),
    USERNAME.needed().nullable(),
    EMAIL.needed().nullable(),
    DISPLAY.needed().nullable(),
    FIRST.needed().nullable(),
    MIDDLE.needed().nullable(),
    LAST.needed().nullable(),
    TOTP.needed(),
    LABEL.needed().nullable(),
    ACTIVE.needed(),
    INTERNAL.needed(),
    SUPER.needed(),
    APPROVAL_NEEDED.needed(),
    APPROVAL.needed(),
    MOD_BY.needed().nullable(),
    MOD_TIME.needed().nullable(),
    LOCKED.needed(),
    LOCKED_TIME.needed().nullable(),
    LOCKED_BY.needed().nullable(),
    text("creation_ctx", "Null.").needed().nullable(),
    text("approv_rej_time", "Null.").nullable(),
    text("approv_rej_by", "Null.").nullable(),
    EXPIRY.needed().nullable(),
    IS_SET.needed(),
    MUST_CHANGE.needed(),
    LAST_SET.needed().nullable(),
    SIGN_UP.needed(),
    SIGN_UP_TIME.needed(),
];

/// The dialect's kinds of objects.
pub const SHAPES: &[Shape] = &[
    Shape {
        name: "ZatoRefusal",
        about: "Not done, and why.",
        fields: &[&[
            CID,
            Field::new("status", Kind::Choice(&["error"]), "Not done.").needed(),
            Field::new("sub_status", Kind::Texts, "Why, in codes.").needed(),
        ]],
    },
    Shape {
        name: "ZatoError",
        about: "Not done, before any rule was asked.",
        fields: &[&[
            Field::new("result", Kind::Choice(&["Error"]), "Not done.").needed(),
            CID,
            text("details", "In few words.").needed(),
        ]],
    },
    Shape { name: "ZatoFoundUser", about: "A user that was found.", fields: &[FOUND_USER] },
    Shape {
        name: "ZatoLink",
        about: "A security definition that signs a user in.",
        fields: &[&[
            Field::new("auth_type", Kind::Choice(&["basic_auth", "jwt"]), "Its kind.").needed(),
            text("auth_username", "Its user name.").needed(),
            text("creation_time", "When it was linked.").needed(),
            flag("is_active", "Whether it counts.").needed(),
        ]],
    },
    Shape {
        name: "ZatoSession",
        about: "A session; never its token.",
        fields: &[&[
            Field::new(
                "auth_type",
                Kind::Choice(&["default", "basic_auth", "jwt"]),
                "How it was opened.",
            )
            .needed(),
            text("auth_principal", "The name it was opened for.").needed(),
            text("creation_time", "When it was opened.").needed(),
            text("expiration_time", "When it expires.").needed(),
            text("remote_addr", "From where; several are joined with `, `. Absent: nobody knows."),
            text("user_agent", "With what.").needed(),
            Field::new(
                "session_state_change_list",
                Kind::Objects("ZatoSessionChange"),
                "The latest 100, oldest first.",
            )
            .needed(),
        ]],
    },
    Shape {
        name: "ZatoSessionChange",
        about: "That a session was opened or renewed.",
        fields: &[&[
            Field::new("remote_addr", Kind::TextOrTexts, "From where."),
            text("user_agent", "With what.").needed(),
            text("timestamp_utc", "When.").needed(),
            Field::new("ctx_source", Kind::Choice(&["login", "renew"]), "Which.").needed(),
            integer("idx", "Its number, from 1 on.").needed(),
        ]],
    },
    Shape {
        name: "ZatoAttribute",
        about: "An attribute.",
        fields: &[&[
            text("name", "Its name.").needed(),
            Field::new("value", Kind::Any, "Its value.").needed(),
            text("creation_time", "When it was made.").needed(),
            text("last_modified", "When it was changed.").needed(),
            text("expiration_time", "When it is gone.").needed(),
            flag("is_encrypted", "Whether it counts as encrypted.").needed(),
        ]],
    },
    Shape {
        name: "ZatoAttributeToWrite",
        about: "An attribute to be written; what is absent comes from the parameters beside `data`.",
        fields: &[&[
            text("name", "Its name.").needed(),
            Field::new("value", Kind::Any, "Its value.").needed(),
            flag("encrypt", "Whether it counts as encrypted."),
            integer("expiration", "Seconds until it is gone; 0: never."),
            text("user_id", "Whose."),
        ]],
    },
];
