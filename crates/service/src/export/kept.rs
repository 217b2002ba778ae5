//! Exports that run, and the manifests of those that have ended.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::actor::Actor;
use ulid::Ulid;

use super::Refused;
use super::manifest::Manifest;

/// Exports that run at once, of everybody together.
pub const RUNNING_MAX: usize = 4;
/// Manifests that wait to be fetched; the oldest makes room.
pub const MANIFESTS_MAX: usize = 16;
/// Bytes that they may take together; the latest is kept whatever it takes.
pub const MANIFESTS_BYTES_MAX: usize = 512 << 20;

/// What became of an export.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It runs.
    Running,
    /// It has ended, and this says what was handed out.
    Ended(Arc<Manifest>),
    /// It broke off, is forgotten, or never was.
    Unknown,
}

/// Exports, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Exports(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: HashMap<Ulid, Actor>,
    ended: VecDeque<Arc<Manifest>>,
}

/// An export that runs, until this is dropped.
pub(super) struct Running {
    pub(super) exports: Arc<Exports>,
    pub(super) id: Ulid,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.exports.state().running.remove(&self.id);
    }
}

impl Exports {
    /// Begins an export, if its caller has none and there is room.
    pub(super) fn begin(self: &Arc<Self>, id: Ulid, who: Actor) -> Result<Running, Refused> {
        let mut state = self.state();
        if state.running.values().any(|running| *running == who) {
            return Err(Refused::OneRuns);
        }
        if state.running.len() >= RUNNING_MAX {
            return Err(Refused::TooMany);
        }
        state.running.insert(id, who);
        Ok(Running { exports: Arc::clone(self), id })
    }

    /// Keeps the manifest of an export that ended.
    pub(super) fn keep(&self, manifest: Manifest) {
        let mut state = self.state();
        state.ended.push_back(Arc::new(manifest));
        let bytes = |ended: &VecDeque<Arc<Manifest>>| {
            ended.iter().map(|manifest| manifest.bytes_held()).sum::<usize>()
        };
        while state.ended.len() > MANIFESTS_MAX
            || (state.ended.len() > 1 && bytes(&state.ended) > MANIFESTS_BYTES_MAX)
        {
            state.ended.pop_front();
        }
    }

    pub(super) fn outcome(&self, id: Ulid) -> Outcome {
        let state = self.state();
        // The manifest is kept a moment before the export has ended.
        match state.ended.iter().find(|manifest| manifest.id == id) {
            Some(manifest) => Outcome::Ended(Arc::clone(manifest)),
            None if state.running.contains_key(&id) => Outcome::Running,
            None => Outcome::Unknown,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::UserId;

    fn who(number: u128) -> Actor {
        Actor::User(UserId(Ulid(number)))
    }

    #[test]
    fn a_caller_has_one_export_at_a_time_and_everybody_together_a_few() {
        let exports = Arc::new(Exports::default());
        let first = exports.begin(Ulid(1), who(1));
        assert!(matches!(exports.begin(Ulid(2), who(1)), Err(Refused::OneRuns)));
        assert!(matches!(exports.outcome(Ulid(1)), Outcome::Running));
        drop(first);
        assert!(matches!(exports.outcome(Ulid(1)), Outcome::Unknown));
        let running: Vec<_> =
            (0..RUNNING_MAX as u128).map(|n| exports.begin(Ulid(n), who(n))).collect();
        assert!(running.iter().all(Result::is_ok));
        assert!(matches!(exports.begin(Ulid(99), who(99)), Err(Refused::TooMany)));
    }

    #[test]
    fn the_oldest_manifest_makes_room_for_the_latest() {
        let exports = Exports::default();
        let count = MANIFESTS_MAX as u128 + 1;
        for n in 0..count {
            exports.keep(Manifest::sample(Ulid(n), 0));
        }
        assert!(matches!(exports.outcome(Ulid(0)), Outcome::Unknown));
        assert!(matches!(exports.outcome(Ulid(1)), Outcome::Ended(_)));
        exports.keep(Manifest::sample(Ulid(count), MANIFESTS_BYTES_MAX + 1));
        assert!(matches!(exports.outcome(Ulid(count - 1)), Outcome::Unknown));
        assert!(matches!(exports.outcome(Ulid(count)), Outcome::Ended(_)));
    }
}
