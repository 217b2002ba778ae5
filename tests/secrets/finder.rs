//! Finds values in bytes, in whatever common form they were written.

use std::collections::{BTreeSet, HashMap};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use muster_tests::client::percent;

/// The fewest bytes of a form that is searched: fewer are found by chance.
const FORM_BYTES_MIN: usize = 8;
/// Bytes by which a form is looked up.
const KEY_BYTES: usize = 8;
/// Segments are zeroes for the most part; they are skipped in blocks of this size.
const BLOCK: [u8; 4_096] = [0; 4_096];

/// A value that must not be found.
#[derive(Clone, Debug)]
pub struct Secret {
    /// What it is.
    pub label: String,
    /// Its bytes; several, if it has parts or another spelling.
    pub values: Vec<Vec<u8>>,
}

impl Secret {
    /// A text.
    pub fn text(label: &str, text: &str) -> Self {
        assert!(text.len() >= 12, "{label} is too short to be searched: {text}");
        Self { label: format!("{label} ({text:.40})"), values: vec![text.as_bytes().to_vec()] }
    }

    /// A token in base64, which may also be kept decoded.
    pub fn token(label: &str, token: &str) -> Self {
        let mut secret = Self::text(label, token);
        let digits = token.rsplit("pat_").next().unwrap_or(token);
        let decoded = URL_SAFE.decode(digits).or_else(|_| URL_SAFE_NO_PAD.decode(digits));
        secret.values.push(decoded.expect("a token is base64"));
        secret
    }

    /// A long text: its beginning, middle and end.
    pub fn long(label: &str, text: &str) -> Self {
        let bytes = text.as_bytes();
        let middle = bytes.len() / 2;
        let parts = [&bytes[..48], &bytes[middle..middle + 48], &bytes[bytes.len() - 48..]];
        Self { label: label.to_owned(), values: parts.map(<[u8]>::to_vec).into() }
    }

    /// All forms of all its values.
    pub fn forms(&self) -> Vec<Vec<u8>> {
        let forms: BTreeSet<Vec<u8>> = self.values.iter().flat_map(|value| forms(value)).collect();
        forms.into_iter().collect()
    }
}

/// The forms in which bytes are commonly written.
fn forms(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_vec()];
    let digits = value.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let lower: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
    forms.push(lower.to_uppercase().into_bytes());
    forms.push(lower.into_bytes());
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for before in 0..3 {
            // What stands in characters that no neighbour has a share in.
            let padded = [&vec![0; before], value].concat();
            let text = engine.encode(&padded).into_bytes();
            let begin = (before * 8).div_ceil(6);
            let end = padded.len() * 8 / 6;
            forms.push(text[begin..end].to_vec());
        }
    }
    if let Ok(text) = std::str::from_utf8(value) {
        let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect();
        forms.extend([wide(u16::to_le_bytes), wide(u16::to_be_bytes)]);
        let json = serde_json::to_string(text).expect("a text is JSON");
        let json = &json[1..json.len() - 1];
        forms.push(json.as_bytes().to_vec());
        forms.push(ascii_json(json).into_bytes());
        forms.push(percent(text).into_bytes());
        // As a log writes it for people.
        forms.push(format!("{text:?}").trim_matches('"').as_bytes().to_vec());
        forms.push(text.escape_default().to_string().into_bytes());
    }
    forms.retain(|form| form.len() >= FORM_BYTES_MIN);
    forms
}

/// JSON text with everything beyond ASCII escaped.
fn ascii_json(json: &str) -> String {
    let mut out = String::new();
    for char in json.chars() {
        if char.is_ascii() {
            out.push(char);
        } else {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                out.extend(["\\u", &format!("{unit:04x}")]);
            }
        }
    }
    out
}

/// Looks for many values at once.
pub struct Finder {
    labels: Vec<String>,
    /// Forms by their first bytes, each with the number of its label.
    forms: HashMap<[u8; KEY_BYTES], Vec<(Vec<u8>, usize)>>,
    /// Whether any form begins with these two bytes.
    begins: Vec<bool>,
}

impl Finder {
    /// A finder of these values.
    pub fn new(secrets: &[Secret]) -> Self {
        let mut forms: HashMap<_, Vec<_>> = HashMap::new();
        let mut begins = vec![false; 1 << 16];
        for (label, secret) in secrets.iter().enumerate() {
            for form in secret.forms() {
                let key: [u8; KEY_BYTES] = form[..KEY_BYTES].try_into().expect("as long as that");
                begins[begin(&form)] = true;
                forms.entry(key).or_default().push((form, label));
            }
        }
        Self { labels: secrets.iter().map(|secret| secret.label.clone()).collect(), forms, begins }
    }

    /// The labels of all values that stand in `bytes`, each once.
    pub fn find(&self, bytes: &[u8]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut at = 0;
        while at + KEY_BYTES <= bytes.len() {
            if bytes[at..].starts_with(&BLOCK) {
                // A form might begin within a block of zeroes, but not hold one of this size.
                at += BLOCK.len() - KEY_BYTES;
            }
            let rest = &bytes[at..];
            at += 1;
            if rest.len() < KEY_BYTES || !self.begins[begin(rest)] {
                continue;
            }
            let candidates = self.forms.get(&rest[..KEY_BYTES]).into_iter().flatten();
            for (form, label) in candidates {
                if rest.starts_with(form) {
                    found.insert(self.labels[*label].clone());
                }
            }
        }
        found
    }
}

fn begin(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

#[test]
fn every_form_is_found_wherever_it_stands() {
    let secret = Secret::text("it", "corr\"ect hörse \u{1F40E}\tstaple");
    let finder = Finder::new(std::slice::from_ref(&secret));
    let forms = secret.forms();
    assert!(forms.len() >= 13, "{}", forms.len());
    for form in &forms {
        for (before, after) in [(0, 0), (1, 1), (7, 100), (4_095, 0), (9_000, 9_000)] {
            for fill in [0, b'x', b'A', 0xFF] {
                let bytes = [&vec![fill; before], form.as_slice(), &vec![fill; after]].concat();
                let found = finder.find(&bytes);
                assert_eq!(found.len(), 1, "{}", String::from_utf8_lossy(form));
            }
        }
    }
}

#[test]
fn a_value_is_found_inside_what_others_encoded() {
    let secret = Secret::text("it", "correct hörse battery");
    let finder = Finder::new(std::slice::from_ref(&secret));
    for before in 0..9 {
        for after in 0..4 {
            let around = ["p".repeat(before), "correct hörse battery".into(), "s".repeat(after)];
            let around = around.concat();
            for text in [STANDARD.encode(&around), URL_SAFE.encode(&around)] {
                assert_eq!(finder.find(text.as_bytes()).len(), 1, "{before} {after}");
            }
            let json = serde_json::json!({ "around": around }).to_string();
            assert_eq!(finder.find(json.as_bytes()).len(), 1);
        }
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let secret = Secret::text("it", "correct horse battery");
    let finder = Finder::new(&[secret, Secret::token("token", &URL_SAFE.encode([7; 57]))]);
    for text in ["correct horse batterx", "Correct horse battery", "correct  horse battery", ""] {
        assert!(finder.find(text.as_bytes()).is_empty(), "{text}");
        assert!(finder.find(STANDARD.encode(text).as_bytes()).is_empty(), "{text}");
    }
    assert!(finder.find(&vec![0; 20_000]).is_empty());
    assert!(finder.find(&[7; 56]).is_empty());
    assert_eq!(finder.find(&[7; 57]).len(), 1);
}
