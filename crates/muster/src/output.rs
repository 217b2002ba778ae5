//! Printing: lines on standard output, complaints on standard error, colour on terminals only.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

/// Prints lines that must not be lost.
pub fn tell(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Prints a line. Whoever reads may have gone (`| head`): then there is nobody to print for.
pub fn line(text: &str) {
    let mut out = io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Prints a complaint.
pub fn complain(text: &str) {
    // Where even this fails, nobody can be told.
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// How text stands out on a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    colour: bool,
}

impl Style {
    /// Colour if standard output is a terminal, unless `NO_COLOR` is set.
    pub fn of_stdout() -> Self {
        Self { colour: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    /// Less important.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// More important.
    pub fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Text from the store on its way to a terminal: control characters could command it.
pub fn plain(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{FFFD}' } else { char }).collect()
}

/// Rows under headings, each column as wide as its widest cell.
pub fn table(headings: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).chain([headings[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let style = Style::of_stdout();
    let render = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    line(&style.dim(&render(headings.to_vec())));
    for row in rows {
        line(&render(row.iter().map(String::as_str).collect()));
    }
}

/// A JSON object as lines of key and value.
pub fn details(object: &Value) {
    let mut lines = Vec::new();
    flatten("", object, &mut lines);
    let width = lines.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    for (key, value) in lines {
        line(&format!("{key:<width$}  {value}"));
    }
}

/// A JSON object as lines of key and value; nested keys are joined by dots.
fn flatten(prefix: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(keys) => {
            for (key, value) in keys {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&key, value, lines);
            }
        }
        Value::Null => lines.push((prefix.to_owned(), "-".to_owned())),
        Value::String(text) => lines.push((prefix.to_owned(), plain(text))),
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), plain))
                .collect();
            let items = if items.is_empty() { "-".to_owned() } else { items.join(", ") };
            lines.push((prefix.to_owned(), items));
        }
        Value::Bool(_) | Value::Number(_) => lines.push((prefix.to_owned(), value.to_string())),
    }
}
