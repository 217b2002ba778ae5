//! The routes that belong to no dialect.

use super::{Access, Done, Group, Kind, Operation, Refusals, Shape, text};
use crate::openapi::Field;

const OPEN: Operation = Operation {
    method: "get",
    path: "/livez",
    id: "livez",
    summary: "Is the process alive?",
    about: "Answers as long as the process does.",
    access: Access::Anyone,
    takes: &[],
    done: Done::Text("text/plain; charset=utf-8"),
    refusals: Refusals::Plain(&[]),
    sent: "",
    told: "ok\n",
};

/// Health, metrics and this description.
pub const GROUP: Group = Group {
    tag: "Server",
    about: "Health, metrics, and this description.",
    operations: &[
        OPEN,
        Operation {
            path: "/readyz",
            id: "readyz",
            summary: "Are requests taken?",
            about: "503 from the signal to stop on: send requests elsewhere.",
            refusals: Refusals::Plain(&[503]),
            told: "ready\n",
            ..OPEN
        },
        Operation {
            path: "/openapi.json",
            id: "openapi",
            summary: "This description",
            about: "OpenAPI 3.1, of every route.",
            done: Done::Shape(200, "Document"),
            told: r#"{"openapi":"3.1.0","info":{"title":"Muster"},"paths":{}}"#,
            ..OPEN
        },
        Operation {
            path: "/docs",
            id: "docs",
            summary: "This description, for people",
            about: "A page that shows every operation, and tries it.",
            done: Done::Text("text/html; charset=utf-8"),
            told: "<!doctype html>",
            ..OPEN
        },
        Operation {
            path: "/docs/{file}",
            id: "docsFile",
            summary: "A part of the page",
            about: "`page.css` or `page.js`.",
            takes: &[&[FILE]],
            done: Done::Text("text/css; charset=utf-8"),
            refusals: Refusals::Problems(&[404]),
            told: "body { margin: 0 }",
            ..OPEN
        },
    ],
};

const FILE: Field =
    Field::new("file", Kind::Choice(&["page.css", "page.js"]), "Which part.").in_path();

/// What their answers are.
pub const SHAPES: &[Shape] = &[Shape {
    name: "Document",
    about: "An OpenAPI document.",
    fields: &[&[
        text("openapi", "The version of the format.").needed(),
        Field::new("info", Kind::Any, "What is described.").needed(),
        Field::new("servers", Kind::Any, "Where it is."),
        Field::new("tags", Kind::Any, "The groups."),
        Field::new("paths", Kind::Any, "The operations.").needed(),
        Field::new("components", Kind::Any, "The shapes."),
    ]],
}];
