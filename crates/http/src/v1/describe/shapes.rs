//! What the surface answers with.

use super::access;
use crate::openapi::{Field, Kind, Shape, flag, integer, text};

/// A user, shown.
pub const USER: &str = r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","kind":"human","username":"ada","email":"ada@example.com",
"profile":{"display_name":"Ada Byron","first_name":"Ada","middle_name":null,"last_name":"Byron"},
"home":"01ARZ3NDEKTSV4RRFFQ69G5FAW","created":"2031-02-03T04:05:06.789012Z","version":3,
"sign_up_status":"final","approval_status":"approved","locked":false,"rights":[],
"password":{"set":"2031-02-03T04:05:06.789012Z","expires":"2033-02-02T04:05:06.789012Z","must_change":false},
"totp_enabled":false,"attributes":1}"#;

/// A page of facts, shown.
pub const FACT: &str = r#"{"items":[{"position":12,"stream":{"kind":"user","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","version":7},
"at":"2031-02-03T04:05:06.789012Z","event":"user.locked","sentence":"Was locked",
"changes":[{"field":"locked","old":false,"new":true}],
"actor":{"kind":"user","id":"01ARZ3NDEKTSV4RRFFQ69G5FAX","name":"admin"},
"via":{"dialect":"zato","command":"lock","application":"CRM","credential":"01ARZ3NDEKTSV4RRFFQ69G5FAY",
"address":"127.0.0.1","agent":"curl/8.5","request_id":"4f2d"}}],"next":null}"#;

/// A page of the feed, shown.
pub const FEED: &str = r#"{"items":[{"position":12,"stream":{"kind":"user","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","version":7},
"at":"2031-02-03T04:05:06.789012Z","event":"user.locked","sentence":"Was locked",
"changes":[{"field":"locked","old":false,"new":true}],
"actor":{"kind":"user","id":"01ARZ3NDEKTSV4RRFFQ69G5FAX","name":"admin"},
"via":{"dialect":"zato","command":"lock","application":"CRM","credential":"01ARZ3NDEKTSV4RRFFQ69G5FAY",
"address":"127.0.0.1","agent":"curl/8.5","request_id":"4f2d"}}],"next":null,"cursor":12}"#;

/// A page of sessions, shown.
pub const SESSION: &str = r#"{"items":[{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","user":"01ARZ3NDEKTSV4RRFFQ69G5FAX","username":"ada",
"principal":"ada","method":"password","started":"2031-02-03T04:05:06.789012Z","expires":"2031-02-03T05:05:06.789012Z",
"address":"127.0.0.1","agent":"curl/8.5","operator":null,"renewals":0,"attributes":0,
"changes":[{"number":1,"kind":"login","at":"2031-02-03T04:05:06.789012Z","address":"127.0.0.1","agent":"curl/8.5","operator":null}]}]}"#;

const fn moment(name: &'static str, about: &'static str) -> Field {
    Field::new(name, Kind::Moment, about).needed()
}

const PROFILE: &[Field] = &[
    text("display_name", "The name to show.").needed().nullable(),
    text("first_name", "The first name.").needed().nullable(),
    text("middle_name", "The middle name.").needed().nullable(),
    text("last_name", "The last name.").needed().nullable(),
];

const ORIGIN: &[Field] = &[
    text("address", "From where; null if that is not kept any more.").needed().nullable(),
    text("agent", "With what.").needed().nullable(),
    text("operator", "Who sat at the command line.").needed().nullable(),
];

const OF_SESSION: &[Field] = &[
    text("id", "Its ULID.").needed(),
    text("user", "Whose.").needed(),
    text("username", "Their name.").needed().nullable(),
    text("principal", "The name it was opened for.").needed().nullable(),
    text("method", "How it was opened.").needed(),
    moment("started", "When."),
    moment("expires", "Until when."),
    integer("renewals", "How often it was renewed.").needed(),
    integer("attributes", "How many attributes it has.").needed(),
    Field::new("changes", Kind::Objects("SessionChange"), "Opened, renewed; the latest.").needed(),
];

/// The surface's kinds of objects.
pub const SHAPES: &[Shape] = &[
    Shape {
        name: "AccessToken",
        about: "An access token, without what was handed out.",
        fields: &[access::TOKEN, &[flag("usable", "Whether it may be used now.").needed()]],
    },
    Shape {
        name: "Problem",
        about: "What is wrong (RFC 9457).",
        fields: &[&[
            text("type", "`urn:muster:problem:` and the code.").needed(),
            text("title", "The status in words.").needed(),
            integer("status", "The status.").needed(),
            text("code", "Which problem; stable.").needed(),
            text("detail", "For people.").needed(),
        ]],
    },
    Shape {
        name: "User",
        about: "A user.",
        fields: &[&[
            text("id", "Its ULID.").needed(),
            Field::new("kind", Kind::Choice(&["human", "machine"]), "Which.").needed(),
            text("username", "Its name.").needed().nullable(),
            text("email", "Its e-mail address.").needed().nullable(),
            Field::new("profile", Kind::Object("Profile"), "What it is called.").needed(),
            text("home", "Its organization.").needed(),
            moment("created", "When it was born."),
            integer("version", "How much happened to it.").needed(),
            text("sign_up_status", "How far the sign-up is.").needed(),
            text("approval_status", "What was decided.").needed(),
            flag("locked", "Whether it is locked.").needed(),
            Field::new("rights", Kind::Texts, "What it may do.").needed(),
            Field::new("password", Kind::Object("PasswordState"), "Of its password.")
                .needed()
                .nullable(),
            flag("totp_enabled", "Whether signing in needs a TOTP code.").needed(),
            integer("attributes", "How many attributes it has.").needed(),
            Field::new("as_of", Kind::Object("Moment"), "Of which moment, if one was asked for."),
        ]],
    },
    Shape {
        name: "Moment",
        about: "A moment in the life of the store.",
        fields: &[&[
            integer("position", "The last fact that had happened.").needed(),
            moment("at", "The time that was asked for, or that of the fact."),
        ]],
    },
    Shape {
        name: "Attribute",
        about: "What an application keeps with a user.",
        fields: &[&[
            Field::new("namespace", Kind::Choice(&["zato"]), "In whose vocabulary.").needed(),
            text("name", "Its name.").needed(),
            Field::new("value", Kind::Any, "JSON; `{\"secret\":true}` if its owner wants it encrypted, `{\"long\":true}` if it is too long to show.").needed(),
            flag("encrypted", "Whether its owner wants it encrypted.").needed(),
            moment("expires", "Until when it counts."),
            moment("created", "When it was created."),
            moment("modified", "When it was last set."),
        ]],
    },
    Shape { name: "Profile", about: "What somebody is called.", fields: &[PROFILE] },
    Shape {
        name: "PasswordState",
        about: "What may be told of a password.",
        fields: &[&[
            moment("set", "When it was set."),
            moment("expires", "When it expires."),
            flag("must_change", "Whether it must be changed.").needed(),
        ]],
    },
    Shape {
        name: "Fact",
        about: "Something that happened.",
        fields: &[&[
            integer("position", "Its place in the log.").needed(),
            Field::new("stream", Kind::Object("Stream"), "To what.").needed(),
            moment("at", "When."),
            text("event", "What, told also of an erased person; `docs/events.md` lists them.")
                .needed(),
            text("sentence", "In words; null if the person was erased.").needed().nullable(),
            Field::new("changes", Kind::Objects("Change"), "From old to new.").needed().nullable(),
            Field::new("actor", Kind::Object("Actor"), "Who did it.").needed(),
            Field::new("via", Kind::Object("Via"), "How, and from where.").needed(),
        ]],
    },
    Shape {
        name: "Stream",
        about: "What a fact is about.",
        fields: &[&[
            Field::new("kind", Kind::Choice(&["user", "session", "system"]), "Which.").needed(),
            text("id", "Its ULID.").needed().nullable(),
            integer("version", "The how-manieth fact about it.").needed(),
        ]],
    },
    Shape {
        name: "Change",
        about: "What a fact changed.",
        fields: &[&[
            text("field", "What.").needed(),
            Field::new("old", Kind::Any, "Before; `{\"secret\":true}` is never shown.").needed(),
            Field::new("new", Kind::Any, "After; `{\"long\":true}` is too long to show.").needed(),
        ]],
    },
    Shape {
        name: "Actor",
        about: "Who did something.",
        fields: &[&[
            Field::new(
                "kind",
                Kind::Choice(&["anonymous", "user", "machine", "operator", "system"]),
                "Which.",
            )
            .needed(),
            text("id", "The user.").needed().nullable(),
            text("name", "Its name then; `erased user` if it was erased since.")
                .needed()
                .nullable(),
        ]],
    },
    Shape {
        name: "Asking",
        about: "Who asked for something.",
        fields: &[&[
            Field::new("kind", Kind::Choice(&["user", "machine", "operator", "system"]), "Which.")
                .needed(),
            text("id", "The user.").needed().nullable(),
        ]],
    },
    Shape {
        name: "OriginMonth",
        about: "A month (UTC), and whether it is known where anybody was in it.",
        fields: &[&[
            text("month", "Which, like `2026-11`.").needed(),
            integer("key_slot", "The slot of its key.").needed(),
            flag("forgotten", "Whether that key is destroyed.").needed(),
        ]],
    },
    Shape {
        name: "Via",
        about: "How something was asked for, and from where.",
        fields: &[&[
            text("dialect", "In which API.").needed(),
            text("command", "What was asked.").needed(),
            text("application", "Through which application.").needed().nullable(),
            text("credential", "Proved with what.").needed().nullable(),
            text("address", "From where."),
            text("agent", "With what."),
            text("request_id", "The request's id."),
            text("operator", "Who sat at the command line."),
            Field::new("origin", Kind::Choice(&["erased"]), "Nobody knows any more from where."),
        ]],
    },
    Shape { name: "Session", about: "A session; never its token.", fields: &[OF_SESSION, ORIGIN] },
    Shape {
        name: "OpenedSession",
        about: "A session that was just opened.",
        fields: &[OF_SESSION, ORIGIN, &[text("token", "Its token, told this once.").needed()]],
    },
    Shape {
        name: "SessionChange",
        about: "That a session was opened or renewed.",
        fields: &[
            &[
                integer("number", "The how-manieth.").needed(),
                Field::new("kind", Kind::Choice(&["login", "renew"]), "Which.").needed(),
                moment("at", "When."),
            ],
            ORIGIN,
        ],
    },
    Shape {
        name: "Opened",
        about: "What start did.",
        fields: &[&[
            integer("facts", "Facts folded.").needed(),
            integer("took_us", "For so many microseconds.").needed(),
        ]],
    },
    Shape {
        name: "Mail",
        about: "A mail that is owed.",
        fields: &[&[
            integer("id", "The fact that owes it.").needed(),
            text("kind", "What for.").needed(),
            text("user_id", "About whom.").needed(),
            text("username", "Their name.").needed().nullable(),
            text("address", "To whom.").needed(),
            text("subject", "Its subject.").needed(),
            text("text", "Its text.").needed(),
            text("html", "Its HTML.").needed().nullable(),
            text("token", "The token it carries.").needed().nullable(),
            moment("owed_since", "Since when."),
            Field::new("state", Kind::Choice(&["waiting", "refused"]), "Whether it is tried.")
                .needed(),
            integer("tries", "How often this process tried.").needed(),
            text("last_trouble", "What came of the last try.").needed().nullable(),
        ]],
    },
];
