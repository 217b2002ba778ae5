//! Taking a part of the log away.

use super::{FILTER, PREAMBLE};
use crate::openapi::{Done, Field, Group, Kind, Operation, Refusals, text};

const WHAT: &[Field] = &[
    Field::new("format", Kind::Choice(&["jsonl", "csv", "ocsf"]), "How lines look; jsonl if absent.")
        .in_query(),
    Field::new("after", Kind::Within(0, u64::MAX), "What comes after this position.").in_query(),
    Field::new(
        "to",
        Kind::Within(0, u64::MAX),
        "Up to this position; up to the end of the log, as it is when the export begins, if absent.",
    )
    .in_query(),
];

/// Exports, and what they are checked with.
pub const GROUP: Group = Group {
    tag: "Exports",
    about: "Facts to take away, and what proves later that nothing was changed, dropped or added: \
            `docs/export.md` describes the files, `muster verify --export` checks them.",
    operations: &[
        Operation {
            path: "/v1/export",
            id: "export",
            summary: "Export facts",
            about: "Line by line, while they are read: as many as there are. `X-Muster-Export` has the id \
                    under which the manifest is there afterwards, `X-Muster-Export-To` the last position that \
                    is looked at. An answer that breaks off is none. One export of a caller at a time; a fact says \
                    what was taken.",
            takes: &[WHAT, FILTER],
            done: Done::Texts(&["application/x-ndjson", "text/csv; charset=utf-8; header=present"]),
            refusals: Refusals::Problems(&[400, 401, 403, 404, 409, 422, 500, 503]),
            sent: r#"{"format":"jsonl","user":"ada"}"#,
            told: "{\"position\":12, ... ,\"record\":\"AQGTuh...\"}\n",
            ..PREAMBLE
        },
        Operation {
            path: "/v1/exports/{id}/manifest",
            id: "exportManifest",
            summary: "The manifest of an export",
            about: "What was handed out, the hash of each line, the subtrees that stand for the facts that were \
                    not, and the checkpoint that both lead to; signed. It is there when the export has ended, and \
                    until others have taken its place.",
            takes: &[&[Field::new("id", Kind::Ulid, "The export's.").in_path()]],
            done: Done::Keys(
                200,
                &[&[
                    Field::new("body", Kind::Any, "What is signed, byte for byte.").needed(),
                    text("signature", "The signed note about the SHA-256 of the body.").needed(),
                ]],
            ),
            refusals: Refusals::Problems(&[401, 403, 404, 409, 500, 503]),
            sent: r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#,
            told: r#"{"body":{"version":1},"signature":"..."}"#,
            ..PREAMBLE
        },
    ],
};
