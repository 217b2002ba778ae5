//! Where in the log the facts about somebody stand, and the facts somebody brought about.

use domain::fact::{Head, Stream};
use domain::id::{Position, UserId};

use super::Rows;
use super::table::Table;

/// Whose facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// What happened to a user and its sessions.
    Of(UserId),
    /// What a user did, to whomever.
    By(UserId),
    /// What concerns the whole store.
    System,
}

/// Rising positions, as differences of 7 bits a byte: about 3 bytes each in a busy store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Positions {
    deltas: Vec<u8>,
    last: u64,
    len: u32,
}

impl Positions {
    /// How many.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a position above all others.
    pub fn push(&mut self, position: Position) {
        debug_assert!(position.0 > self.last, "positions rise");
        let mut delta = position.0 - self.last;
        loop {
            let low = u8::try_from(delta & 0x7F).expect("seven bits are a byte");
            delta >>= 7;
            if delta == 0 {
                self.deltas.push(low);
                break;
            }
            self.deltas.push(low | 0x80);
        }
        self.last = position.0;
        self.len += 1;
    }

    /// The positions, rising.
    pub fn iter(&self) -> impl Iterator<Item = Position> {
        let mut deltas = self.deltas.iter();
        let mut at = 0;
        std::iter::from_fn(move || {
            let mut shift = 0;
            let mut delta = 0;
            loop {
                let byte = *deltas.next()?;
                delta |= u64::from(byte & 0x7F) << shift;
                if byte & 0x80 == 0 {
                    break;
                }
                shift += 7;
            }
            at += delta;
            Some(Position(at))
        })
    }
}

/// Remembers where a fact stands: under its subject, and under whoever brought it about.
pub fn remember(rows: &mut impl Rows, head: &Head) {
    let subject = match head.stream {
        Stream::User(id) => Some(Subject::Of(id)),
        // Whose a session's fact is follows from its key, which outlives the session's row.
        Stream::Session(_) => rows.owners().row(&head.slot).copied().map(Subject::Of),
        Stream::System => Some(Subject::System),
    };
    if let Some(subject) = subject {
        rows.note(subject, head.position);
    }
    if let Some(actor) = head.actor.user() {
        rows.note(Subject::By(actor), head.position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_back_as_they_went_in() {
        let mut positions = Positions::default();
        let sent = [1, 2, 129, 130, 20_000, 10_000_000, u64::from(u32::MAX) * 9];
        for position in sent {
            positions.push(Position(position));
        }
        assert_eq!(positions.iter().map(|position| position.0).collect::<Vec<_>>(), sent);
        assert_eq!(positions.len(), sent.len());
    }

    #[test]
    fn neighbours_among_a_million_others_take_three_bytes() {
        let mut positions = Positions::default();
        for n in 1..=100 {
            positions.push(Position(n * 1_000_000));
        }
        assert!(positions.deltas.len() <= 300);
    }
}
