//! What linked accounts are tried on.

use super::shapes::ENVELOPE;
use super::text;
use crate::openapi::{Access, Done, Group, Operation, Refusals};

const PING: Operation = Operation {
    method: "get",
    path: "/zato/ping",
    id: "zatoPing",
    summary: "Try a linked account",
    about: "Stands for a resource that security definitions protect. Whoever is linked to the \
            definition gets a session, or the one that is there renewed: its token comes back in the \
            header `X-Zato-SSO-UST`. The header `X-Zato-SSO-Current-App` names the application.",
    access: Access::Definition,
    takes: &[],
    done: Done::Keys(200, &[ENVELOPE, &[text("pong", "`zato`.").needed()]]),
    refusals: Refusals::Zato(&[&[
        "E004001", "E005001", "E005002", "E005003", "E005004", "E003004", "E003006", "E003007",
    ]]),
    sent: "",
    told: r#"{"cid":"5f1d0c6be1a94b3f90c2d7aa","status":"ok","pong":"zato"}"#,
};

/// What can be asked under a security definition.
pub const GROUP: Group = Group {
    tag: "Zato: linked accounts",
    about: "Access under a security definition that a user is linked to.",
    operations: &[PING, Operation { method: "post", id: "zatoPingByPost", ..PING }],
};
