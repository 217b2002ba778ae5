//! What the log can prove.

use super::PREAMBLE;
use crate::openapi::{Access, Done, Field, Group, Kind, Operation, Refusals, integer, text};

const NOTE: &str = "muster/0f3c2a1b4d5e6f708192a3b4c5d6e7f8/1\n40\nqWjGkmpcCBoVnUWtpuBjUHvJpzGq9oV0vXeFfHqmVkM=\n\n\
                    \u{2014} muster/0f3c2a1b4d5e6f708192a3b4c5d6e7f8/1 9Zq0Ww...\n";

const fn number(name: &'static str, about: &'static str) -> Field {
    Field::new(name, Kind::Within(1, u64::MAX), about).in_query()
}

const OF_CHECKPOINT: &[Field] = &[
    integer("epoch", "How often the store was restored, from 1.").needed(),
    Field::new("hashes", Kind::Texts, "The proof, in RFC 6962's order; base64, at most 64.")
        .needed(),
    text("checkpoint", "The signed note that tells the root the proof leads to.").needed(),
];

/// Proofs, and what they are checked with.
pub const GROUP: Group = Group {
    tag: "Proofs",
    about: "That nothing was changed, dropped or slipped in since: the log is an RFC 6962 tree of \
            SHA-256, whose roots are signed as C2SP checkpoints. `docs/log-format.md` says how to \
            check them without Muster.",
    operations: &[
        Operation {
            path: "/v1/log/checkpoint",
            id: "checkpoint",
            summary: "A signed checkpoint",
            about: "How many facts the log has, and their root: a C2SP tlog-checkpoint in a signed note. Keep \
                    it elsewhere: `muster verify --checkpoint` says later whether the log goes on from it.",
            done: Done::Text("text/plain; charset=utf-8"),
            refusals: Refusals::Problems(&[401, 403, 500, 503]),
            told: NOTE,
            ..PREAMBLE
        },
        Operation {
            path: "/v1/log/proof/inclusion",
            id: "proveInclusion",
            summary: "Prove that a fact is in the log",
            about: "The leaf is SHA-256 of a zero byte and the record, its index in RFC 6962's words `position` \
                    - 1. The record is as it is stored: what it says of people is sealed.",
            takes: &[&[
                number("position", "Which fact.").needed(),
                number("size", "Among the first so many facts; all there are if absent."),
            ]],
            done: Done::Keys(
                200,
                &[
                    &[
                        integer("position", "Which fact.").needed(),
                        integer("size", "Among the first so many.").needed(),
                        text("record", "The fact as it is stored, in base64.").needed(),
                        text("root", "The root of the first so many, in base64.").needed(),
                    ],
                    OF_CHECKPOINT,
                ],
            ),
            refusals: Refusals::Problems(&[400, 401, 403, 500, 503]),
            sent: r#"{"position":12,"size":40}"#,
            ..PREAMBLE
        },
        Operation {
            path: "/v1/log/proof/consistency",
            id: "proveConsistency",
            summary: "Prove that the log goes on from what it was",
            about: "That the first `to` facts begin with the first `from`, unchanged and in their order.",
            takes: &[&[
                number("from", "How many facts an earlier log had.").needed(),
                number("to", "How many a later one had; all there are if absent."),
            ]],
            done: Done::Keys(
                200,
                &[
                    &[
                        integer("from", "How many facts the earlier log had.").needed(),
                        integer("to", "How many the later one had.").needed(),
                        text("from_root", "The earlier root, in base64.").needed(),
                        text("to_root", "The later root, in base64.").needed(),
                    ],
                    OF_CHECKPOINT,
                ],
            ),
            refusals: Refusals::Problems(&[400, 401, 403, 500, 503]),
            sent: r#"{"from":12,"to":40}"#,
            ..PREAMBLE
        },
        Operation {
            path: "/v1/log/key",
            id: "logKey",
            summary: "The key that signs checkpoints",
            about: "Its public half, as a verifier key of the signed note format, which is what Go's `note` \
                    package takes. Get it once over a way that you trust, and keep it with the checkpoints.",
            access: Access::Anyone,
            done: Done::Text("text/plain; charset=utf-8"),
            refusals: Refusals::Problems(&[500, 503]),
            told: "muster/0f3c2a1b4d5e6f708192a3b4c5d6e7f8/1+f59ab45b+AWu3...\n",
            ..PREAMBLE
        },
    ],
};
