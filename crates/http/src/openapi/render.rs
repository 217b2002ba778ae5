//! A table as an `OpenAPI` document.

use serde_json::{Map, Value, json};

use super::{Access, Done, Field, Group, Kind, Operation, Place, Refusals, Shape, own};
use crate::{v1, zato};

const ABOUT: &str = "An event-sourced identity store: who was who, when, and who changed it.\n\n\
`/zato/sso/...` is Zato SSO's REST API. `/v1` is for auditors and operators. `/v1/local` is for whoever \
reaches the owner-only socket `muster.sock` in the data directory.\n\n\
A path that does not exist answers 404, a method that a path does not have 405 with `Allow`, a head of \
more than 64 KiB 431. Every answer carries `X-Request-Id`, taken over from the request where it is sent \
there; answers to writes carry `X-Muster-Position`, the position of the last fact they rest on.";

/// The whole document.
pub fn document() -> Value {
    let groups: Vec<&Group> = super::groups().collect();
    let tags: Vec<Value> =
        groups.iter().map(|group| json!({"name": group.tag, "description": group.about})).collect();
    let mut paths: Map<String, Value> = Map::new();
    for group in &groups {
        for operation in group.operations {
            let path = paths.entry(operation.path).or_insert_with(|| json!({}));
            path[operation.method] = self::operation(group.tag, operation);
        }
    }
    let shapes = zato::SHAPES.iter().chain(v1::SHAPES).chain(own::SHAPES);
    let schemas: Map<String, Value> =
        shapes.map(|shape| (shape.name.to_owned(), self::shape(shape))).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Muster",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": "/", "description": "Where this description came from"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": shared_responses(),
            "headers": {"Later": {
                "description": "Seconds after which to try again.",
                "schema": {"type": "integer"},
            }},
            "securitySchemes": schemes(),
        },
    })
}

/// How callers say who they are, where it is not among the parameters.
fn schemes() -> Value {
    let scheme =
        |scheme: &str, about: &str| json!({"type": "http", "scheme": scheme, "description": about});
    json!({
        "token": scheme("bearer", "A personal access token, `muster_pat_...`; the first start prints one."),
        "basic": scheme("basic", "A security definition of the configuration."),
        "jwt": scheme("bearer", "A JWT that a security definition of the configuration knows."),
    })
}

fn operation(tag: &str, operation: &Operation) -> Value {
    let mut told = json!({
        "operationId": operation.id,
        "tags": [tag],
        "summary": operation.summary,
        "description": about(operation),
        "security": match operation.access {
            Access::Anyone | Access::Session => json!([]),
            Access::Definition => json!([{"basic": []}, {"jwt": []}]),
            // Through the socket no token is needed.
            Access::Token(_) | Access::Socket => json!([{"token": []}, {}]),
        },
        "x-muster-reach": match operation.access {
            Access::Socket => "socket",
            Access::Anyone | Access::Session | Access::Definition | Access::Token(_) => "network",
        },
        "responses": responses(operation),
    });
    let sent: Value = parse(operation.sent);
    let fields = || operation.takes.iter().copied().flatten();
    let is_read = operation.method == "get";
    let in_query = |field: &Field| match field.place {
        Place::Path | Place::Query => true,
        Place::Usual => is_read,
    };
    let parameters: Vec<Value> =
        fields().filter(|field| in_query(field)).map(|field| parameter(field, &sent)).collect();
    if !parameters.is_empty() {
        told["parameters"] = parameters.into();
    }
    let in_body: Vec<&Field> = fields().filter(|field| field.place == Place::Usual).collect();
    if !in_body.is_empty() {
        told["requestBody"] = body(operation, &in_body, &sent);
    }
    told
}

fn body(operation: &Operation, fields: &[&Field], sent: &Value) -> Value {
    // What a read takes may be in its query, so nothing has to be in its body.
    let is_read = operation.method == "get";
    let relaxed = |field: &Field| Field { needed: field.needed && !is_read, ..*field };
    let fields: Vec<Field> = fields.iter().map(|field| relaxed(field)).collect();
    // `/v1` takes an object also where it has no key.
    let is_zato = matches!(operation.refusals, Refusals::Zato(_));
    let required = !is_zato || fields.iter().any(|field| field.needed);
    let about = match (&operation.refusals, is_read) {
        (Refusals::Zato(_), true) => {
            "The parameters of the query may stand here as well. What stands in both counts as in the \
             query."
        }
        (Refusals::Zato(_), false) => {
            "Each of these may stand in the query string as well, where it counts before the body; keep \
             secrets out of it. The content type is not looked at."
        }
        (Refusals::Problems(_) | Refusals::Plain(_), _) => "A JSON object without other keys.",
    };
    let mut content = json!({"schema": object(&fields)});
    if !is_zato {
        content["schema"]["additionalProperties"] = false.into();
    }
    if !is_read {
        let sent = |field: &Field| Some((field.name.to_owned(), sent.get(field.name)?.clone()));
        content["example"] = fields.iter().filter_map(sent).collect();
    }
    json!({
        "description": about,
        "required": required,
        "content": {"application/json": content},
    })
}

fn about(operation: &Operation) -> String {
    let who = match operation.access {
        Access::Anyone => String::new(),
        Access::Session => "Needs the token of a session among its parameters.".to_owned(),
        Access::Definition => {
            "Needs Basic Auth or a bearer JWT that a security definition of the configuration knows."
                .to_owned()
        }
        Access::Token(right) => {
            format!("Needs a token whose owner has the right `{right}`, or the owner-only socket.")
        }
        Access::Socket => {
            "Reachable through the owner-only socket `muster.sock` only; from the network it is refused."
                .to_owned()
        }
    };
    format!("{}\n\n{who}", operation.about).trim_end().to_owned()
}

fn parameter(field: &Field, sent: &Value) -> Value {
    let mut told = json!({
        "name": field.name,
        "in": if field.place == Place::Path { "path" } else { "query" },
        "required": field.needed,
        "description": field.about,
        "schema": schema(&Field { nullable: false, ..*field }),
    });
    if let Some(example) = sent.get(field.name) {
        told["example"] = example.clone();
    }
    told
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    match &operation.refusals {
        Refusals::Zato(codes) => {
            let codes: Vec<&str> = codes.iter().copied().flatten().copied().collect();
            zato_refusals(&mut responses, &codes);
            if matches!(operation.access, Access::Definition) {
                under_a_definition(&mut responses);
            }
        }
        Refusals::Problems(statuses) => {
            for status in *statuses {
                let told = json!({"$ref": format!("#/components/responses/Problem{status}")});
                responses.insert(status.to_string(), told);
            }
        }
        Refusals::Plain(statuses) => {
            for status in *statuses {
                let content = json!({"text/plain; charset=utf-8": {"schema": {"type": "string"}}});
                let told = json!({"description": meaning(*status), "content": content});
                responses.insert(status.to_string(), told);
            }
        }
    }
    let is_zato = matches!(operation.refusals, Refusals::Zato(_));
    let (status, content) = match &operation.done {
        Done::Keys(status, groups) => {
            let fields: Vec<Field> = groups.iter().copied().flatten().copied().collect();
            let done = object(&fields);
            let schema =
                if is_zato { json!({"anyOf": [done, reference("ZatoRefusal")]}) } else { done };
            let told = with_example(&schema, operation.told);
            (*status, json!({"application/json": told}))
        }
        Done::Shape(status, name) => {
            let told = with_example(&reference(name), operation.told);
            (*status, json!({"application/json": told}))
        }
        Done::Texts(kinds) => {
            let told = json!({"schema": {"type": "string"}, "example": operation.told});
            (200, kinds.iter().map(|kind| ((*kind).to_owned(), told.clone())).collect())
        }
        Done::KeysOrLines(groups, line) => {
            let fields: Vec<Field> = groups.iter().copied().flatten().copied().collect();
            let told = with_example(&object(&fields), operation.told);
            let lines = json!({"schema": reference(line)});
            (200, json!({"application/json": told, "application/x-ndjson": lines}))
        }
        Done::Text(kind) => {
            let told = json!({"schema": {"type": "string"}, "example": operation.told});
            let mut content = json!({*kind: told});
            if operation.id == "docsFile" {
                content["text/javascript; charset=utf-8"] = json!({"schema": {"type": "string"}});
            }
            (200, content)
        }
    };
    let about =
        if is_zato { "Done; or `current_app` is unknown, which `status` tells." } else { "Done." };
    responses.insert(status.to_string(), json!({"description": about, "content": content}));
    Value::Object(responses)
}

/// What Zato's operations answer whatever they are about, with what they say then.
const ZATO_ERRORS: [(u16, &str); 4] = [
    (400, "Bad request"),
    (429, "Error 429 Too Many Requests"),
    (500, "An error has occurred"),
    (503, "Service unavailable"),
];
/// What problem documents come under.
const PROBLEMS: [u16; 12] = [400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 502, 503];

/// Answers that many operations have.
fn shared_responses() -> Map<String, Value> {
    let unauthorized = (401, "Error 401 Unauthorized");
    let zato = ZATO_ERRORS.iter().chain([&unauthorized]).map(|(status, details)| {
        let cid = "5f1d0c6be1a94b3f90c2d7aa";
        let example = json!({"result": "Error", "cid": cid, "details": details});
        let content = json!({"schema": reference("ZatoError"), "example": example});
        (format!("Zato{status}"), refusal(*status, "application/json", &content))
    });
    let problems = PROBLEMS.iter().map(|status| {
        let content = json!({"schema": reference("Problem")});
        (format!("Problem{status}"), refusal(*status, "application/problem+json", &content))
    });
    zato.chain(problems).collect()
}

fn refusal(status: u16, kind: &str, content: &Value) -> Value {
    let mut told = json!({"description": meaning(status), "content": {kind: content}});
    if status == 503 || (status == 429 && kind == "application/problem+json") {
        told["headers"] = json!({"Retry-After": {"$ref": "#/components/headers/Later"}});
    }
    told
}

fn with_example(schema: &Value, example: &str) -> Value {
    let mut content = json!({"schema": schema});
    if !example.is_empty() {
        content["example"] = parse(example);
    }
    content
}

fn zato_refusals(responses: &mut Map<String, Value>, codes: &[&str]) {
    for (status, _) in ZATO_ERRORS {
        let told = json!({"$ref": format!("#/components/responses/Zato{status}")});
        responses.insert(status.to_string(), told);
    }
    let listed: Vec<String> =
        codes.iter().map(|code| format!("* `{code}` {}", zato::meaning_of(code))).collect();
    let about = format!("Refused; `sub_status` says why.\n\n{}", listed.join("\n"));
    let example = json!({
        "cid": "30e22dfde268b7ba0b56ad0d",
        "status": "error",
        "sub_status": [codes.first().copied().unwrap_or("E005001")],
    });
    let content = json!({"schema": reference("ZatoRefusal"), "example": example});
    responses.insert(
        "403".to_owned(),
        json!({
            "description": about,
            "content": {"application/json": content},
            "x-muster-codes": codes,
        }),
    );
}

/// Credentials may be wrong as well, and a user's limits may know no address.
fn under_a_definition(responses: &mut Map<String, Value>) {
    let told = json!({"$ref": "#/components/responses/Zato401"});
    responses.insert("401".to_owned(), told);
    let either = json!({"anyOf": [reference("ZatoRefusal"), reference("ZatoError")]});
    responses["403"]["content"]["application/json"]["schema"] = either;
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "A parameter is missing or cannot be understood.",
        401 => "No token was sent, or one that is worth nothing.",
        403 => "The caller may not do this.",
        404 => "It is not there.",
        409 => "It cannot be done in the present state.",
        410 => {
            "It is gone: deleted by then, or erased, or the cursor of a log that a restore made void."
        }
        413 => "The body is longer than 4 MiB.",
        422 => "A value is not allowed.",
        429 => "Too many requests.",
        500 => "Something broke; the log of the server says more.",
        502 => "The mail server did not take it.",
        503 => "Too busy or stopping, or the outcome is unknown; try later.",
        _ => "Refused.",
    }
}

fn shape(shape: &Shape) -> Value {
    let fields: Vec<Field> = shape.fields.iter().copied().flatten().copied().collect();
    let mut told = object(&fields);
    told["description"] = shape.about.into();
    told
}

fn object(fields: &[Field]) -> Value {
    let required: Vec<&str> =
        fields.iter().filter(|field| field.needed).map(|field| field.name).collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| {
            let mut schema = schema(field);
            schema["description"] = field.about.into();
            (field.name.to_owned(), schema)
        })
        .collect();
    json!({"type": "object", "required": required, "properties": properties})
}

fn schema(field: &Field) -> Value {
    let typed = |name: &str| {
        if field.nullable { json!({"type": [name, "null"]}) } else { json!({"type": name}) }
    };
    match field.kind {
        Kind::Text => typed("string"),
        Kind::Choice(choices) => {
            let mut schema = typed("string");
            let mut choices: Vec<Value> = choices.iter().map(|choice| json!(choice)).collect();
            if field.nullable {
                choices.push(Value::Null);
            }
            schema["enum"] = choices.into();
            schema
        }
        Kind::Flag => typed("boolean"),
        Kind::Integer => {
            let mut schema = typed("integer");
            schema["format"] = "int64".into();
            schema
        }
        Kind::Cursor => cursor(field.nullable),
        Kind::Within(min, max) => {
            let mut schema = typed("integer");
            schema["minimum"] = min.into();
            schema["maximum"] = max.into();
            schema
        }
        Kind::Ulid => {
            let mut schema = typed("string");
            schema["pattern"] = "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$".into();
            schema
        }
        Kind::Moment => {
            let mut schema = typed("string");
            schema["format"] = "date-time".into();
            schema
        }
        Kind::Texts => {
            let mut schema = typed("array");
            schema["items"] = json!({"type": "string"});
            schema
        }
        Kind::Any => json!({}),
        Kind::Object(name) if field.nullable => {
            json!({"anyOf": [reference(name), {"type": "null"}]})
        }
        Kind::Object(name) => json!({"allOf": [reference(name)]}),
        Kind::Objects(name) => {
            let mut schema = typed("array");
            schema["items"] = reference(name);
            schema
        }
        Kind::FlagOrFlags => json!({"anyOf": [
            {"type": "boolean"},
            {"type": "object", "additionalProperties": {"type": "boolean"}},
        ]}),
        Kind::Named(name) => json!({
            "type": "object",
            "additionalProperties": {"anyOf": [reference(name), {"type": "null"}]},
        }),
        Kind::TextOrTexts => json!({"anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}},
        ]}),
    }
}

fn cursor(nullable: bool) -> Value {
    let mut either = vec![
        json!({"type": "integer", "minimum": 0}),
        json!({"type": "string", "pattern": "^([0-9]+-)?[0-9]+$"}),
    ];
    either.extend(nullable.then(|| json!({"type": "null"})));
    json!({ "anyOf": either })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// An example of a table; none where there is none.
fn parse(text: &str) -> Value {
    if text.is_empty() {
        return json!({});
    }
    serde_json::from_str(text).expect("examples of the tables are JSON")
}
