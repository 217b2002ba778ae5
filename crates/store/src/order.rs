//! Whether facts stand in the order in which they can have been written: no stream skips a version, no
//! time falls. Roots and checksums cannot tell, if whoever moved a fact computed them again.

use domain::fact::Stream;
use domain::id::Position;
use domain::time::Timestamp;
use hashbrown::HashMap;

use crate::journal::Frame;
use crate::record;

/// Most findings that are told one by one.
const FINDINGS_MAX: usize = 20;

/// What the facts so far say of the order.
#[derive(Debug, Default)]
pub struct Order {
    /// The last version of each stream: some 50 bytes a user or session while it is held.
    versions: HashMap<Stream, u32, foldhash::fast::RandomState>,
    last: Option<Timestamp>,
    found: Vec<String>,
    more: u64,
}

impl Order {
    /// Looks at the facts of the next frame. One that cannot be read is told by whoever opens it.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        for (position, bytes) in frame.records() {
            if let Ok(sealed) = record::head(Position(position), bytes) {
                self.fact(position, sealed.head.stream, sealed.head.version, sealed.head.at);
            }
        }
    }

    /// What is wrong; nothing, if all is well.
    pub fn findings(mut self) -> Vec<String> {
        if self.more > 0 {
            self.found.push(format!("{} more facts are out of order", self.more));
        }
        self.found
    }

    fn fact(&mut self, position: u64, stream: Stream, version: u32, at: Timestamp) {
        let before = self.versions.insert(stream, version).unwrap_or(0);
        if u64::from(version) != u64::from(before) + 1 {
            let what = format!(
                "at position {position} stands version {version} of a stream whose last one before it is \
                 {before}: a fact was dropped or moved"
            );
            self.find(what);
        }
        if self.last.is_some_and(|last| at < last) {
            let what = format!(
                "the fact at position {position} is of an earlier time than the one before it: one of them \
                 was dated anew or moved"
            );
            self.find(what);
        }
        self.last = Some(at);
    }

    fn find(&mut self, what: String) {
        if self.found.len() < FINDINGS_MAX {
            self.found.push(what);
        } else {
            self.more += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::id::UserId;
    use ulid::Ulid;

    use super::*;

    const ADA: Stream = Stream::User(UserId(Ulid::from_parts(1, 1)));
    const BOB: Stream = Stream::User(UserId(Ulid::from_parts(1, 2)));

    fn findings(facts: &[(Stream, u32, i64)]) -> Vec<String> {
        let mut order = Order::default();
        for (position, (stream, version, at)) in (1..).zip(facts) {
            order.fact(position, *stream, *version, Timestamp(*at));
        }
        order.findings()
    }

    #[test]
    fn facts_in_their_order_are_not_told() {
        assert!(findings(&[(ADA, 1, 5), (BOB, 1, 5), (ADA, 2, 6), (BOB, 2, 6)]).is_empty());
    }

    #[test]
    fn what_was_dropped_moved_or_dated_anew_is_named() {
        let dropped = findings(&[(ADA, 1, 5), (ADA, 3, 6)]);
        assert!(dropped.len() == 1 && dropped[0].contains("position 2 "), "{dropped:?}");
        let beginning = findings(&[(ADA, 2, 5)]);
        assert!(beginning[0].contains("position 1 "), "{beginning:?}");
        let moved = findings(&[(ADA, 1, 5), (ADA, 3, 7), (ADA, 2, 6), (ADA, 4, 8)]);
        assert_eq!(moved.len(), 4, "{moved:?}");
        let dated = findings(&[(ADA, 1, 5), (BOB, 1, 4), (ADA, 2, 6)]);
        assert!(dated.len() == 1 && dated[0].contains("position 2 "), "{dated:?}");
        let twice = findings(&[(ADA, u32::MAX, 5), (ADA, 0, 5)]);
        assert_eq!(twice.len(), 2, "{twice:?}");
    }

    #[test]
    fn so_many_are_told_and_the_rest_counted() {
        let facts: Vec<_> = (0..50).map(|n| (ADA, 2, n)).collect();
        let told = findings(&facts);
        assert_eq!(told.len(), FINDINGS_MAX + 1);
        assert_eq!(told.last().map(String::as_str), Some("30 more facts are out of order"));
    }
}
