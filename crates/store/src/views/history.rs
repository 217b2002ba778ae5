//! Where in the log the facts about somebody stand, and the facts somebody brought about.

use std::ops::Range;

use domain::fact::{Fact, Stream};
use domain::id::{Position, UserId};
use domain::user;

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
    /// Where a user got another name, its birth not among them: most have none.
    Renamed(UserId),
}

/// Rising positions, as differences of 7 bits a byte: about 3 bytes each in a busy store. Of many, every
/// 128th is marked, so that any of them is found without looking at those before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Positions {
    deltas: Vec<u8>,
    last: u64,
    len: u32,
    marks: Option<Box<Marks>>,
}

/// How many positions lie between two marks.
const MARK_POSITIONS: usize = 128;

/// After every 128th position: it, and where the next one's bytes begin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Marks(Vec<(u64, u32)>);

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
        if self.len().is_multiple_of(MARK_POSITIONS) {
            // Beyond 4 GiB of one subject's positions the last mark just lies further back.
            if let Ok(at) = u32::try_from(self.deltas.len()) {
                self.marks.get_or_insert_default().0.push((self.last, at));
            }
        }
    }

    /// The positions, rising.
    pub fn iter(&self) -> impl Iterator<Item = Position> {
        self.decoded(0, 0)
    }

    /// How many lie at or before `position`.
    pub fn count_to(&self, position: Position) -> usize {
        if position.0 >= self.last {
            return self.len();
        }
        let marks = self.marks();
        let mark = marks.partition_point(|(last, _)| *last <= position.0);
        mark * MARK_POSITIONS + self.after_mark(mark).take_while(|of| *of <= position).count()
    }

    /// Those with these numbers, counted from 0, as far as there are so many.
    pub fn slice(&self, numbers: Range<usize>) -> Vec<Position> {
        let mark = (numbers.start / MARK_POSITIONS).min(self.marks().len());
        let skipped = numbers.start - mark * MARK_POSITIONS;
        self.after_mark(mark).skip(skipped).take(numbers.len()).collect()
    }

    fn marks(&self) -> &[(u64, u32)] {
        self.marks.as_ref().map_or(&[], |marks| &marks.0)
    }

    /// The positions after the first so many marks.
    fn after_mark(&self, mark: usize) -> impl Iterator<Item = Position> {
        let (last, at) = match mark.checked_sub(1) {
            None => (0, 0),
            Some(mark) => self.marks()[mark],
        };
        self.decoded(last, at as usize)
    }

    /// The positions whose bytes begin at `from`, the one before them being `before`.
    fn decoded(&self, before: u64, from: usize) -> impl Iterator<Item = Position> {
        let mut deltas = self.deltas[from..].iter();
        let mut at = before;
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

/// Remembers where a fact stands: under its subject, under whoever brought it about, and among the
/// renames of its subject if it is one.
pub fn remember(rows: &mut impl Rows, fact: &Fact) {
    let head = &fact.head;
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
    // Its name is told in the clear, so that a rename is one also once the person is erased.
    if let Stream::User(id) = head.stream
        && fact.name == user::event::USERNAME_CHANGED
    {
        rows.note(Subject::Renamed(id), head.position);
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
    fn any_of_many_positions_is_found_as_if_all_were_listed() {
        for len in [0_u64, 1, 127, 128, 129, 1_000] {
            let all: Vec<Position> = (1..=len).map(|n| Position(n * n)).collect();
            let mut positions = Positions::default();
            for position in &all {
                positions.push(*position);
            }
            for at in (0..=len * len + 1).step_by(61).chain(all.iter().map(|of| of.0)) {
                let expected = all.iter().filter(|position| position.0 <= at).count();
                assert_eq!(positions.count_to(Position(at)), expected, "{at} of {len}");
            }
            for from in (0..all.len() + 2).step_by(63) {
                let to = (from + 200).min(all.len());
                let expected = all.get(from..to).unwrap_or_default();
                assert_eq!(positions.slice(from..from + 200), expected, "{from} of {len}");
            }
        }
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
