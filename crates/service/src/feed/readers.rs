//! How many may stream events, or wait for them, at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::Service;
use crate::audit_trail::Reader;
use crate::caller::Caller;

/// Readers at once, of everybody together.
pub const READERS_MAX: usize = 256;
/// Readers at once, of one caller.
pub const READERS_PER_CALLER_MAX: usize = 16;

/// Who reads now.
#[derive(Debug)]
pub(crate) struct Readers {
    max: usize,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    all: usize,
    of: HashMap<Reader, usize>,
}

/// Why there is no place for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowded {
    /// The caller has as many as one may have.
    Caller,
    /// Everybody together has.
    Everybody,
}

/// A place among the readers; given back on drop.
#[derive(Debug)]
pub struct Place {
    readers: Arc<Readers>,
    reader: Reader,
}

impl Readers {
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, now: Mutex::default() })
    }

    fn enter(self: &Arc<Self>, reader: Reader) -> Result<Place, Crowded> {
        let mut now = self.now();
        if now.of.get(&reader).is_some_and(|count| *count >= READERS_PER_CALLER_MAX) {
            return Err(Crowded::Caller);
        }
        if now.all >= self.max {
            return Err(Crowded::Everybody);
        }
        now.all += 1;
        *now.of.entry(reader.clone()).or_default() += 1;
        Ok(Place { readers: Arc::clone(self), reader })
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().expect("nothing panics while it counts")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut now = self.readers.now();
        now.all -= 1;
        if let Some(count) = now.of.get_mut(&self.reader) {
            *count -= 1;
            if *count == 0 {
                now.of.remove(&self.reader);
            }
        }
    }
}

impl Service {
    /// A place for one more reader of the caller, if there is one.
    pub fn enter_feed(&self, caller: &Caller) -> Result<Place, Crowded> {
        self.inner.readers.enter(Reader::of(caller))
    }

    /// How many stream events, or wait for them, now.
    pub(crate) fn readers_now(&self) -> usize {
        self.inner.readers.now().all
    }
}

#[cfg(test)]
mod tests {
    use domain::actor::Origin;

    use super::*;

    #[test]
    fn one_caller_does_not_take_all_places_and_all_together_not_more_than_there_are() {
        let readers = Readers::new(20);
        let operator = |name: &str| {
            let operator = Some(name.into());
            Reader::of(&Caller::operator(Origin { operator, ..Origin::default() }))
        };
        let mut places: Vec<_> =
            (0..READERS_PER_CALLER_MAX).map(|_| readers.enter(operator("ada")).unwrap()).collect();
        assert_eq!(readers.enter(operator("ada")).map(drop), Err(Crowded::Caller));
        places.extend((0..4).map(|_| readers.enter(operator("bob")).unwrap()));
        assert_eq!(readers.enter(operator("bob")).map(drop), Err(Crowded::Everybody));
        places.clear();
        assert!(readers.enter(operator("ada")).is_ok());
        let now = readers.now();
        assert!(now.all == 0 && now.of.is_empty());
    }
}
