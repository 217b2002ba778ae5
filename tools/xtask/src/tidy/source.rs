//! A `.rs` file as words and signs: enough to find functions, matches and paths.
//!
//! Not a parser. Comments vanish, a string or character literal becomes one opaque token, and braces
//! are what structure there is. Code that rustfmt accepts is read correctly; macros are read as if
//! they were code.

use std::ops::Range;

/// A word (identifier, keyword or number), a sign, or a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The word itself, the sign (`=>`, `::` and `->` are one), or `"` for any literal.
    pub text: String,
    /// The line it begins on, counted from 1.
    pub line: usize,
}

/// A function with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name, without path or generics.
    pub name: String,
    /// The line of `fn`.
    pub first_line: usize,
    /// The line of the closing brace.
    pub last_line: usize,
    /// The tokens of its body, braces included.
    pub body: Range<usize>,
}

/// One `.rs` file.
#[derive(Debug)]
pub struct Source {
    /// Its path, relative to the root.
    pub path: String,
    /// How many lines it has.
    pub lines: usize,
    /// Its tokens in order.
    pub tokens: Vec<Token>,
}

impl Source {
    /// Splits a file into tokens.
    pub fn parse(path: &str, text: &str) -> Self {
        let mut lexer = Lexer { chars: text.chars().collect(), at: 0, line: 1, tokens: Vec::new() };
        lexer.run();
        Self { path: path.to_owned(), lines: text.lines().count(), tokens: lexer.tokens }
    }

    /// The token's text, or nothing beyond the end.
    pub fn text(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |token| token.text.as_str())
    }

    /// Whether the tokens from `index` on are these.
    pub fn reads(&self, index: usize, texts: &[&str]) -> bool {
        texts.iter().enumerate().all(|(offset, text)| self.text(index + offset) == *text)
    }

    /// The index of the bracket that closes the one at `open`, or the end of the file.
    pub fn closing(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for index in open..self.tokens.len() {
            match self.text(index) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth == 0 {
                return index;
            }
        }
        self.tokens.len()
    }

    /// The first `wanted` sign from `from` on that lies in no further bracket.
    pub fn next_outside_brackets(&self, from: usize, wanted: &[&str]) -> Option<usize> {
        let mut index = from;
        while index < self.tokens.len() {
            let text = self.text(index);
            if wanted.contains(&text) {
                return Some(index);
            }
            match text {
                "(" | "[" | "{" => index = self.closing(index) + 1,
                ")" | "]" | "}" => return None,
                _ => index += 1,
            }
        }
        None
    }

    /// Every function that has a body, nested ones too.
    pub fn functions(&self) -> Vec<Function> {
        (0..self.tokens.len()).filter_map(|index| self.function_at(index)).collect()
    }

    /// The tokens of inline modules under `#[cfg(test)]`.
    pub fn test_modules(&self) -> Vec<Range<usize>> {
        (0..self.tokens.len()).filter_map(|index| self.test_module_at(index)).collect()
    }

    fn function_at(&self, index: usize) -> Option<Function> {
        if self.text(index) != "fn" || !is_word(self.text(index + 1)) {
            return None;
        }
        let open = self.next_outside_brackets(index + 2, &["{", ";"])?;
        if self.text(open) == ";" {
            return None;
        }
        let close = self.closing(open);
        let last = self.tokens.get(close).or(self.tokens.last())?;
        Some(Function {
            name: self.text(index + 1).to_owned(),
            first_line: self.tokens[index].line,
            last_line: last.line,
            body: open..close,
        })
    }

    fn test_module_at(&self, index: usize) -> Option<Range<usize>> {
        let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
        if !self.reads(index, &attribute) {
            return None;
        }
        let mut next = index + attribute.len();
        while self.reads(next, &["#", "["]) {
            next = self.closing(next + 1) + 1;
        }
        if self.text(next) == "pub" {
            next += 1;
            if self.text(next) == "(" {
                next = self.closing(next) + 1;
            }
        }
        let opens = self.text(next) == "mod" && self.text(next + 2) == "{";
        opens.then(|| next..self.closing(next + 2))
    }
}

/// Whether a token is an identifier, a keyword or a number.
pub fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer {
    fn run(&mut self) {
        while let Some(c) = self.peek(0) {
            match c {
                '/' if self.peek(1) == Some('/') => self.skip_while(|c| c != '\n'),
                '/' if self.peek(1) == Some('*') => self.block_comment(),
                '"' => self.literal(|lexer| lexer.quoted('"')),
                '\'' => self.character_or_lifetime(),
                c if c.is_whitespace() => self.bump(),
                c if c.is_alphanumeric() || c == '_' => self.word(),
                _ => self.sign(),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn bump(&mut self) {
        if self.peek(0) == Some('\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.bump();
        }
    }

    fn push(&mut self, text: impl Into<String>, line: usize) {
        self.tokens.push(Token { text: text.into(), line });
    }

    fn literal(&mut self, skip: impl FnOnce(&mut Self)) {
        let line = self.line;
        skip(self);
        self.push("\"", line);
    }

    fn block_comment(&mut self) {
        let mut depth = 0usize;
        while self.peek(0).is_some() {
            let pair = (self.peek(0), self.peek(1));
            match pair {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                _ => {
                    self.bump();
                    continue;
                }
            }
            self.bump();
            self.bump();
            if depth == 0 {
                return;
            }
        }
    }

    /// Skips from an opening quote past the closing one.
    fn quoted(&mut self, quote: char) {
        self.bump();
        while let Some(c) = self.peek(0) {
            self.bump();
            if c == '\\' {
                self.bump();
            } else if c == quote {
                return;
            }
        }
    }

    /// Skips from the hashes of a raw string past its closing hashes.
    fn raw_quoted(&mut self) {
        let begun = self.at;
        self.skip_while(|c| c == '#');
        let hashes = self.at - begun;
        self.bump();
        while let Some(c) = self.peek(0) {
            self.bump();
            if c == '"' && (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                self.at += hashes;
                return;
            }
        }
    }

    fn character_or_lifetime(&mut self) {
        let closes = self.peek(1) == Some('\\') || self.peek(2) == Some('\'');
        if closes {
            self.literal(|lexer| lexer.quoted('\''));
        } else {
            self.bump();
            self.skip_while(|c| c.is_alphanumeric() || c == '_');
        }
    }

    fn word(&mut self) {
        let begun = self.at;
        let line = self.line;
        self.skip_while(|c| c.is_alphanumeric() || c == '_');
        let word: String = self.chars[begun..self.at].iter().collect();
        match (word.as_str(), self.peek(0)) {
            ("b" | "c", Some('"')) => self.literal(|lexer| lexer.quoted('"')),
            ("b", Some('\'')) => self.literal(|lexer| lexer.quoted('\'')),
            ("r" | "br" | "cr", Some('"' | '#')) if self.raw_string_follows() => {
                self.literal(Self::raw_quoted);
            }
            // A raw identifier: the word after the hash is the name.
            ("r", Some('#')) => self.bump(),
            _ => self.push(word, line),
        }
    }

    fn raw_string_follows(&self) -> bool {
        self.chars[self.at..].iter().find(|c| **c != '#') == Some(&'"')
    }

    fn sign(&mut self) {
        let line = self.line;
        let pair = (self.peek(0), self.peek(1));
        let double = match pair {
            (Some('='), Some('>')) => Some("=>"),
            (Some(':'), Some(':')) => Some("::"),
            (Some('-'), Some('>')) => Some("->"),
            (Some('.'), Some('.')) => Some(".."),
            _ => None,
        };
        if let Some(double) = double {
            self.at += 2;
            self.push(double, line);
        } else if let Some(single) = self.peek(0) {
            self.at += 1;
            self.push(single, line);
        }
    }
}
