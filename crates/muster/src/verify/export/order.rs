//! Which of the lines that were handed out a line is.

use std::collections::HashMap;

use super::manifest::{LineHash, Manifest};

/// The lines that should come, and those that came.
pub struct Order<'m> {
    manifest: &'m Manifest,
    /// The line after the last that came in its order.
    next: usize,
    came: Vec<bool>,
    /// Lines by their hashes, from the first on that is not the next.
    known: Option<HashMap<LineHash, usize>>,
    /// For each stretch of positions, its first line.
    begins: Vec<(usize, u64)>,
}

/// What a line is.
pub enum Place {
    /// One that was handed out, and no earlier one comes after it.
    InOrder,
    /// One that was handed out, but before one that came already.
    OutOfOrder(Option<u64>),
    /// One that came already.
    Again(Option<u64>),
    /// One that says the position of one that was handed out, and is not it.
    Changed(u64),
    /// None that was handed out.
    Added,
}

impl<'m> Order<'m> {
    pub fn new(manifest: &'m Manifest) -> Self {
        let mut begins = Vec::with_capacity(manifest.positions.len());
        let mut line = manifest.form.header_lines();
        for (first, last) in &manifest.positions {
            begins.push((line, *first));
            line += usize::try_from(last - first + 1).unwrap_or(usize::MAX);
        }
        let came = vec![false; manifest.lines.len()];
        Self { manifest, next: 0, came, known: None, begins }
    }

    /// Takes the next line of the file, which says a position.
    pub fn take(&mut self, hash: LineHash, says: Option<u64>) -> Place {
        if self.manifest.lines.get(self.next) == Some(&hash) && !self.came[self.next] {
            self.came[self.next] = true;
            self.next += 1;
            return Place::InOrder;
        }
        let lines = &self.manifest.lines;
        let known =
            self.known.get_or_insert_with(|| lines.iter().copied().zip(0..lines.len()).collect());
        if let Some(line) = known.get(&hash).copied() {
            return self.place(line);
        }
        let line = says.and_then(|position| self.line_of(position));
        match (line, says) {
            (Some(line), Some(position)) if !self.came[line] => {
                self.place(line);
                Place::Changed(position)
            }
            _ => Place::Added,
        }
    }

    fn place(&mut self, line: usize) -> Place {
        if std::mem::replace(&mut self.came[line], true) {
            return Place::Again(self.position_of(line));
        }
        if line < self.next {
            return Place::OutOfOrder(self.position_of(line));
        }
        self.next = line + 1;
        Place::InOrder
    }

    /// The stretches of lines that did not come.
    pub fn missing(&self) -> Vec<(usize, usize)> {
        let mut missing: Vec<(usize, usize)> = Vec::new();
        for line in (0..self.came.len()).filter(|line| !self.came[*line]) {
            match missing.last_mut() {
                Some((_, last)) if *last + 1 == line => *last = line,
                Some(_) | None => missing.push((line, line)),
            }
        }
        missing
    }

    /// Whether a line is the last that was handed out.
    pub fn is_last(&self, line: usize) -> bool {
        line + 1 == self.came.len()
    }

    /// The position of the fact that a line was about; none of the header.
    pub fn position_of(&self, line: usize) -> Option<u64> {
        let stretch = self.begins.partition_point(|(begin, _)| *begin <= line).checked_sub(1)?;
        let (begin, first) = self.begins[stretch];
        Some(first + (line - begin) as u64)
    }

    fn line_of(&self, position: u64) -> Option<usize> {
        let positions = &self.manifest.positions;
        let stretch = positions.partition_point(|(first, _)| *first <= position).checked_sub(1)?;
        let (first, last) = positions[stretch];
        let within = usize::try_from(position - first).ok().filter(|_| position <= last)?;
        Some(self.begins[stretch].0 + within)
    }
}
