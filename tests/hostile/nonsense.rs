//! Nonsense: values, and whole requests made of them by chance that is seeded.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_tests::client::percent;
use muster_tests::operations::{Operation, built, routed};
use muster_tests::random::Random;
use muster_tests::server::Server;
use muster_tests::zato::{APP, LOGOUT, Person, USER, Zato};
use serde_json::{Map, Value, json};

/// Methods, those that are routed more often.
const METHODS: [&str; 13] = [
    "GET", "POST", "PATCH", "PUT", "DELETE", "GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS",
    "TRACE", "NONSENSE",
];
/// Headers that mean something to some surface.
const HEADERS: [&str; 12] = [
    "authorization",
    "content-type",
    "user-agent",
    "x-forwarded-for",
    "x-zato-forwarded-for",
    "x-zato-sso-current-app",
    "x-muster-min-position",
    "x-muster-operator",
    "x-request-id",
    "accept",
    "if-none-match",
    "cookie",
];
/// Ends of a target that a client would not write.
const ODD_ENDS: [&str; 10] =
    ["/", "//", "?", "?%zz", "?&&==&", "?ust[]=1&ust[]=2", "?%00", "?;a", "/..%2f", "?%ff=%fe"];

/// Who and what a request may name so that it is not refused at once.
pub struct Targets {
    super_user: String,
    people: Vec<Person>,
    /// Values of the header `authorization`.
    authorizations: Vec<String>,
    operations: Vec<&'static Operation>,
    routes: Vec<String>,
    nasty: Vec<Value>,
}

impl Targets {
    /// Some people of a server that was started with a definition `pubapi` of Basic Auth.
    pub fn of(server: &Server) -> Self {
        let first = server.first();
        let mut zato = Zato::new(server);
        let super_user = zato.log_in(&first.username, &first.password);
        let people = (0..6).map(|_| Person::regular(&mut zato, &super_user)).collect();
        let mut authorizations = vec![
            format!("Bearer {}", first.token),
            format!("Bearer {super_user}"),
            format!("Basic {}", STANDARD.encode("pubapi:a secret")),
            format!("Basic {}", STANDARD.encode("pubapi:wrong")),
            format!("Basic {}", STANDARD.encode(b"\xff\xfe:\x00")),
            // A token without a signature, and one with another's.
            "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJwYXJ0bmVyIn0.".to_owned(),
            "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwYXJ0bmVyIiwiZXhwIjo0MDAwMDAwMDAwfQ.AAAA"
                .to_owned(),
        ];
        authorizations.extend(
            ["", "Bearer", "Bearer ", "Basic ====", "Basic", "Digest x", "bearer a.b.c", "é"]
                .map(ToOwned::to_owned),
        );
        Self {
            super_user,
            people,
            authorizations,
            operations: built().collect(),
            // A stream has no end that a client could wait for.
            routes: routed().into_iter().filter(|route| !route.ends_with("/stream")).collect(),
            nasty: nasty(),
        }
    }

    /// The super-user's token, which no request ends.
    pub fn super_user(&self) -> &str {
        &self.super_user
    }

    /// What a path names. Whoever is at the socket may do anything, so not the super-user there.
    fn id(&self, random: &mut Random, locally: bool) -> String {
        let nobody = ["1", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "%00", "zusr1", "%F0%9F"];
        match random.below(3) {
            0 => random.pick(&self.people).username.clone(),
            1 if !locally => "admin".to_owned(),
            _ => (*random.pick(&nobody)).to_owned(),
        }
    }

    fn value(&self, random: &mut Random) -> Value {
        match random.below(3) {
            0 => random.pick(&self.nasty).clone(),
            1 => json!(nonsense_text(random)),
            _ => nonsense_value(random, 4),
        }
    }
}

/// A request, which shows all of itself when it is to blame for something.
#[derive(Debug)]
pub struct Request {
    /// Whether it goes through the owner's socket, not over the network.
    pub locally: bool,
    /// Its method.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Request {
    /// Any request: most are nearly right calls of an operation, the others name any route and method.
    pub fn random(random: &mut Random, targets: &Targets) -> Self {
        let operation = **random.pick(&targets.operations);
        let (method, path, locally) = if random.below(4) > 0 {
            (operation.method, operation.path.to_owned(), false)
        } else {
            let route = random.pick(&targets.routes);
            let locally = route.starts_with("/v1/") && random.below(2) == 0;
            let path = route.replace("{id}", &targets.id(random, locally));
            let path = path.replace("{right}", "auditor");
            let likely = if locally { "POST" } else { "GET" };
            let any = *random.pick(&METHODS);
            (if random.below(2) == 0 { likely } else { any }, path, locally)
        };
        let parameters = if locally {
            local_parameters(random, targets, &path)
        } else {
            parameters(random, targets, &operation, (method, &path))
        };
        let (mut query, mut body) = (Map::new(), Map::new());
        let query_share = *random.pick(&[0, 0, 1, 4]);
        for (key, value) in parameters {
            let part = if random.below(4) < query_share { &mut query } else { &mut body };
            part.insert(key, value);
        }
        let is_update = method == "PATCH" && path == USER;
        let mut target = path;
        if !query.is_empty() {
            let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
            let pairs: Vec<_> = query
                .iter()
                .map(|(key, value)| format!("{}={}", percent(key), percent(&text(value))))
                .collect();
            target = format!("{target}?{}", pairs.join("&"));
        } else if random.below(20) == 0 {
            target += *random.pick::<&str>(&ODD_ENDS);
        }
        let headers = headers(random, targets, target.starts_with("/zato/sso"));
        let body = if is_update {
            // Without what it says of the user it would be about the super-user.
            Value::Object(body).to_string().into_bytes()
        } else {
            body_bytes(random, targets, body)
        };
        Self { locally, method, target, headers, body }
    }

    /// Its headers as they are sent.
    pub fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
}

/// Parameters that are right, but for some.
fn parameters(
    random: &mut Random,
    targets: &Targets,
    operation: &Operation,
    (method, path): (&str, &str),
) -> Map<String, Value> {
    let person = random.pick(&targets.people);
    let by_super_user = path != LOGOUT && random.below(3) > 0;
    let caller =
        if by_super_user { &targets.super_user } else { &random.pick(&targets.people).ust };
    // The super-user would change, and perhaps lock, itself; then little would be tried after it.
    let spared = by_super_user && method == "PATCH" && path == USER;
    let mut parameters = Map::new();
    for key in operation.texts {
        let value = match *key {
            "ust" | "current_ust" => json!(caller),
            "target_ust" => json!(person.ust),
            "current_app" => json!(APP),
            "user_id" => json!(person.user_id),
            "username" => json!(person.username),
            "password" | "old_password" => json!(person.password),
            "name" => json!(format!("name {}", random.below(5))),
            "auth_type" => json!("basic_auth"),
            "auth_username" => json!("pubapi"),
            _ => continue,
        };
        if random.below(32) > 0 {
            parameters.insert((*key).to_owned(), value);
        }
    }
    if operation.path.ends_with("/attr") {
        parameters.insert("value".to_owned(), targets.value(random));
    }
    let more: &[&str] = &["data", "value", "app_list", "unknown", ""];
    let keys = [operation.texts, operation.flags, operation.integers, more].concat();
    for _ in 0..*random.pick(&[0, 0, 0, 1, 1, 2, 4]) {
        parameters.insert((*random.pick(&keys)).to_owned(), targets.value(random));
    }
    if method == "DELETE" && path == USER && random.below(8) > 0 {
        // Else nobody would be left after a few of them.
        parameters.insert("user_id".to_owned(), targets.value(random));
    }
    if spared {
        parameters.insert("user_id".to_owned(), json!(person.user_id));
    }
    parameters
}

/// What the owner's socket takes: the right keys of the right types for most, then nonsense.
fn local_parameters(random: &mut Random, targets: &Targets, path: &str) -> Map<String, Value> {
    let (_, resource) = path.rsplit_once('/').unwrap_or_default();
    let (texts, others): (&[&str], &[&str]) = match resource {
        "users" => (&["username", "password", "email", "display_name"], &["super_user"]),
        "password" => (&["password"], &["expiry_days", "must_change"]),
        "totp-key" => (&["label"], &["key"]),
        "sign-out" => (&["token"], &["unknown"]),
        _ => (&[], &["unknown"]),
    };
    let mut parameters = Map::new();
    for key in texts {
        parameters.insert((*key).to_owned(), json!(format!("x{}", random.number())));
    }
    for _ in 0..random.below(3) {
        let key = *random.pick(&[texts, others].concat());
        parameters.insert(key.to_owned(), targets.value(random));
    }
    parameters
}

fn headers(random: &mut Random, targets: &Targets, is_zato: bool) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    if !is_zato && random.below(2) == 0 {
        // What is let in, so that something is behind the door.
        headers.push(("authorization", targets.authorizations[random.below(3)].clone()));
    }
    for _ in 0..random.below(4) {
        let name = *random.pick(&HEADERS);
        let value = match name {
            "authorization" => random.pick(&targets.authorizations).clone(),
            "content-type" => "application/x-www-form-urlencoded".to_owned(),
            "x-forwarded-for" | "x-zato-forwarded-for" if random.below(2) == 0 => {
                "192.0.2.1, ::1".to_owned()
            }
            // Who asks for what is not there yet may have to wait, so few do.
            "x-muster-min-position" => match random.below(60) {
                0 => random.number().to_string(),
                1..20 => nonsense_text(random),
                _ => random.below(20).to_string(),
            },
            _ => nonsense_text(random),
        };
        // A line of its own would be another header; that is for `wire`.
        headers.push((name, value.replace(['\r', '\n', '\0'], "?")));
    }
    headers
}

/// The body: these parameters, or anything.
fn body_bytes(random: &mut Random, targets: &Targets, parameters: Map<String, Value>) -> Vec<u8> {
    match random.below(40) {
        0 => (0..random.below(64)).map(|_| random.number().to_le_bytes()[0]).collect(),
        1 => targets.value(random).to_string().into_bytes(),
        2 => {
            let mut bytes = Value::Object(parameters).to_string().into_bytes();
            bytes.truncate(random.below(bytes.len() + 1));
            bytes
        }
        3 => Vec::new(),
        _ => Value::Object(parameters).to_string().into_bytes(),
    }
}

/// Values that no parameter expects, or no sane client sends.
pub fn nasty() -> Vec<Value> {
    let mut nested = json!("deep");
    for _ in 0..100 {
        nested = json!([nested]);
    }
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e308),
        json!(-0.0),
        json!([]),
        json!({}),
        json!([null]),
        json!({"": null}),
        nested,
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!("\u{FFFF}\u{10FFFF}"),
        json!("\u{202E}\u{200B}\u{FEFF}"),
        json!("' OR 1=1; --"),
        json!("../../../../etc/passwd"),
        json!("%00%FF"),
        json!("\r\nSet-Cookie: x=y"),
        json!("9".repeat(400)),
        json!("-9999-12-31T23:59:59"),
        json!("9999-12-31T23:59:59.999999"),
        json!("99999-12-31T23:59:59"),
        json!("2031-02-03T04:05:06+99:99"),
        json!("0000-00-00T00:00:00"),
        json!("é".repeat(10_000)),
    ]
}

/// A text of pieces that mean something somewhere.
pub fn nonsense_text(random: &mut Random) -> String {
    let pieces =
        ["ada", "admin", "zusr", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "\u{0}", "é", "/", "%", ".."];
    (0..random.below(5)).map(|_| *random.pick(&pieces)).collect()
}

/// A value of JSON, not deeper than this.
pub fn nonsense_value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(random.number().cast_signed()),
        3 => json!(f64::from_bits(random.number())),
        4 => json!(nonsense_text(random)),
        5 => (0..random.below(4)).map(|_| nonsense_value(random, depth - 1)).collect(),
        _ => {
            let keys = ["name", "value", "expiration", "encrypt", "user_id", ""];
            let entry = |random: &mut Random| {
                ((*random.pick(&keys)).to_owned(), nonsense_value(random, depth - 1))
            };
            (0..random.below(4)).map(|_| entry(random)).collect()
        }
    }
}
