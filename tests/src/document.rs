//! The API description, and whether what was sent and answered is as it says.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::client::{Answer, Client};

/// A description that a server gave of itself.
#[derive(Clone, Debug)]
pub struct Document(pub Value);

/// An operation, as it is described.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    /// Its method, in capitals.
    pub method: &'a str,
    /// Its path, as the router has it.
    pub path: &'a str,
    /// What is said of it.
    pub told: &'a Value,
}

impl Document {
    /// Asks for it.
    #[track_caller]
    pub fn read(client: &mut Client) -> Self {
        let answer = client.send("GET", "/openapi.json", &[], b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        Self(answer.json())
    }

    /// What the servers of this binary say of themselves, asked once in a process.
    pub fn known(client: &mut Client) -> &'static Self {
        static KNOWN: OnceLock<Document> = OnceLock::new();
        KNOWN.get_or_init(|| Self::read(client))
    }

    /// All operations.
    pub fn operations(&self) -> Vec<Described<'_>> {
        let paths = self.0["paths"].as_object().expect("paths");
        let mut found = Vec::new();
        for (path, item) in paths {
            for (method, told) in item.as_object().expect("operations") {
                let method = METHODS.iter().find(|known| known.eq_ignore_ascii_case(method));
                let method = method.unwrap_or_else(|| panic!("{path} has an odd method"));
                found.push(Described { method, path, told });
            }
        }
        found
    }

    /// The operation that a request goes to.
    pub fn find(&self, method: &str, target: &str) -> Option<Described<'_>> {
        let path = target.split('?').next().unwrap_or_default();
        let fits = |template: &str| {
            let (asked, known) = (path.split('/'), template.split('/'));
            asked.clone().count() == known.clone().count()
                && asked.zip(known).all(|(asked, known)| asked == known || known.starts_with('{'))
        };
        let mut all = self.operations();
        all.retain(|operation| operation.method == method && fits(operation.path));
        all.sort_by_key(|operation| operation.path.contains('{'));
        all.first().copied()
    }

    /// Holds an answer to what is said of it; unknown paths and methods are said nothing of.
    #[track_caller]
    pub fn hold(&self, method: &str, target: &str, answer: &Answer) {
        let Some(Described { path, told, .. }) = self.find(method, target) else { return };
        let responses = &told["responses"];
        let response = &responses[answer.status.to_string()];
        let response =
            response["$ref"].as_str().and_then(|to| self.resolve(to)).unwrap_or(response);
        let what = format!("{method} {path} answers {}: {}", answer.status, answer.text());
        assert!(response.is_object(), "not described: {what}");
        let kind = answer.header("content-type").unwrap_or_default();
        let content = &response["content"][kind];
        assert!(content.is_object(), "{kind} is not described: {what}");
        if content["schema"]["type"] == "string" {
            // A text, whatever it is made of.
        } else if kind == "application/x-ndjson" {
            for line in answer.text().lines() {
                let line = serde_json::from_str(line).expect("a line is JSON");
                self.fits(&content["schema"], &line).unwrap_or_else(|why| panic!("{why}: {what}"));
            }
        } else if kind.contains("json") {
            let body: Value = match serde_json::from_slice(&answer.body) {
                Ok(body) => body,
                // What was stored with as much nesting as is taken is nested once more when it is told.
                Err(error) if error.to_string().contains("recursion limit") => return,
                Err(error) => panic!("{error}: {what}"),
            };
            if let Err(why) = self.fits(&content["schema"], &body) {
                panic!("{why}: {what}");
            }
            let codes = body["sub_status"].as_array().filter(|_| answer.status == 403);
            for code in codes.into_iter().flatten() {
                let known = response["x-muster-codes"].as_array().expect("codes");
                assert!(known.contains(code), "the code is not described: {what}");
            }
        }
    }

    /// What a `$ref` leads to, if it leads anywhere.
    pub fn resolve(&self, reference: &str) -> Option<&Value> {
        self.0.pointer(reference.strip_prefix('#')?)
    }

    /// Whether a value is as a schema says, without a key that it does not name.
    pub fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let schema =
                self.resolve(reference).ok_or_else(|| format!("{reference} is nowhere"))?;
            return self.fits(schema, value);
        }
        for one in schema["allOf"].as_array().into_iter().flatten() {
            self.fits(one, value)?;
        }
        if let Some(any) = schema["anyOf"].as_array() {
            let tried: Vec<_> = any.iter().map(|one| self.fits(one, value)).collect();
            if tried.iter().any(Result::is_ok) {
                return Ok(());
            }
            return Err(format!("nothing of {tried:?}"));
        }
        if schema["type"].is_string() || schema["type"].is_array() {
            let types = match &schema["type"] {
                Value::Array(types) => types.clone(),
                one => vec![one.clone()],
            };
            let is = |name: &Value| name == type_of(value);
            if !types.iter().any(is) {
                return Err(format!("{value} is not {types:?}"));
            }
        }
        if let Some(choices) = schema["enum"].as_array()
            && !choices.contains(value)
        {
            return Err(format!("{value} is none of {choices:?}"));
        }
        match value {
            Value::Object(object) => self.object_fits(schema, object),
            Value::Array(items) if schema["items"].is_object() => {
                items.iter().try_for_each(|item| self.fits(&schema["items"], item))
            }
            _ => Ok(()),
        }
    }

    fn object_fits(&self, schema: &Value, object: &Map<String, Value>) -> Result<(), String> {
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().expect("a name");
            if !object.contains_key(name) {
                return Err(format!("`{name}` is missing"));
            }
        }
        let Some(properties) = schema["properties"].as_object() else {
            let others = &schema["additionalProperties"];
            let mut values = object.values().filter(|_| others.is_object());
            return values.try_for_each(|value| self.fits(others, value));
        };
        for (name, value) in object {
            let schema = properties.get(name).ok_or_else(|| format!("`{name}` is not named"))?;
            self.fits(schema, value).map_err(|why| format!("`{name}`: {why}"))?;
        }
        Ok(())
    }
}

/// The methods that the description speaks of.
pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
