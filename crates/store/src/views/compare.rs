//! Whether two sets of views are equal, found out while one of them serves and moves.
//!
//! Rows are compared in slices, each under a short read guard. A row that differs may have moved
//! since: it is a suspect, and looked at again once the fresh views have caught up. Suspects that
//! differ when both stand at the same position are differences.

use std::hash::{Hash, Hasher};

use aws_lc_rs::digest::{SHA256, digest};
use domain::id::{Position, SessionId, Slot, UserId};
use domain::secret::TokenHash;
use domain::user::state::LinkKey;
use parking_lot::RwLock;

use super::history::Subject;
use super::table::Map;
use super::{Changes, Views};

/// Rows compared under one read guard.
const SLICE_ROWS: usize = 1_000;

/// Keys whose rows differ, table by table.
#[derive(Default)]
pub struct Suspects {
    users: Vec<UserId>,
    owners: Vec<Slot>,
    names: Vec<Box<str>>,
    emails: Vec<Box<str>>,
    sessions: Vec<TokenHash>,
    session_ids: Vec<SessionId>,
    user_sessions: Vec<UserId>,
    tokens: Vec<TokenHash>,
    codes: Vec<TokenHash>,
    links: Vec<LinkKey>,
    outbox: Vec<Position>,
    history: Vec<Subject>,
}

impl Suspects {
    /// Every row that these changes touch was not looked at as it is now.
    pub fn moved(&mut self, changes: &Changes) {
        macro_rules! touched {
            ($($table:ident)*) => {$(
                self.$table.extend(changes.$table.keys().cloned());
            )*};
        }
        touched!(users owners names emails sessions session_ids user_sessions tokens codes links outbox);
        self.history.extend(changes.noted.iter().map(|(subject, _)| *subject));
    }
}

/// Compares every row of `fresh` with `serving`, slice by slice, and returns those that differ.
pub fn suspects(fresh: &Views, serving: &RwLock<Views>) -> Suspects {
    Suspects {
        users: slices(&fresh.users, serving, |views| &views.users),
        owners: slices(&fresh.owners, serving, |views| &views.owners),
        names: slices(&fresh.names, serving, |views| &views.names),
        emails: slices(&fresh.emails, serving, |views| &views.emails),
        sessions: slices(&fresh.sessions, serving, |views| &views.sessions),
        session_ids: slices(&fresh.session_ids, serving, |views| &views.session_ids),
        user_sessions: slices(&fresh.user_sessions, serving, |views| &views.user_sessions),
        tokens: slices(&fresh.tokens, serving, |views| &views.tokens),
        codes: slices(&fresh.codes, serving, |views| &views.codes),
        links: slices(&fresh.links, serving, |views| &views.links),
        outbox: slices(&fresh.outbox, serving, |views| &views.outbox),
        history: slices(&fresh.history, serving, |views| &views.history),
    }
}

/// Compares two sets of views that stand at the same position and that nobody changes meanwhile; says
/// what differs.
pub fn all(fresh: &Views, serving: &Views) -> Vec<String> {
    fn differing<K: Eq + Hash + Clone, V: PartialEq>(
        fresh: &Map<K, V>,
        serving: &Map<K, V>,
    ) -> Vec<K> {
        let differs = |(key, row): &(&K, &V)| serving.get(*key) != Some(*row);
        fresh.iter().filter(differs).map(|(key, _)| key.clone()).collect()
    }
    macro_rules! suspects {
        ($($table:ident)*) => {
            Suspects { $($table: differing(&fresh.$table, &serving.$table),)* }
        };
    }
    let found = suspects!(
        users owners names emails sessions session_ids user_sessions tokens codes links outbox
        history
    );
    differences(found, fresh, serving)
}

/// Looks at suspects again; both views must stand at the same position. Says what differs, with
/// numbers and table names only: rows are personal.
pub fn differences(suspects: Suspects, fresh: &Views, serving: &Views) -> Vec<String> {
    let mut found = Vec::new();
    let mut table = |name: &str, differing: usize, sizes: (usize, usize)| {
        if differing > 0 {
            found.push(format!("{name}: {differing} rows differ from a refold"));
        }
        // Every fresh row has an equal serving one; so a surplus is rows that no fact explains.
        if sizes.0 != sizes.1 {
            found.push(format!("{name}: {} rows serve, a refold has {}", sizes.1, sizes.0));
        }
    };
    macro_rules! look {
        ($($table:ident)*) => {$(
            let differing = again(suspects.$table, &fresh.$table, &serving.$table);
            table(stringify!($table), differing, (fresh.$table.len(), serving.$table.len()));
        )*};
    }
    look!(users owners names emails sessions session_ids user_sessions tokens codes links outbox history);
    if fresh.globals != serving.globals {
        found.push("the state of the store differs from a refold".to_owned());
    }
    found
}

/// A digest of all rows, whatever their order: equal rows have equal digests in one build of Muster.
///
/// The sum modulo 2^64, in four lanes, of SHA-256 over each row.
pub fn digest_of(views: &Views) -> [u8; 32] {
    let mut sum = Sum::default();
    macro_rules! add {
        ($($table:ident)*) => {$(
            for row in &views.$table {
                sum.add(stringify!($table), &row);
            }
        )*};
    }
    add!(users owners names emails sessions session_ids user_sessions tokens codes links outbox history);
    sum.add("globals", &views.globals);
    sum.bytes()
}

fn slices<K: Eq + Hash + Clone, V: PartialEq>(
    fresh: &Map<K, V>,
    serving: &RwLock<Views>,
    table: impl Fn(&Views) -> &Map<K, V>,
) -> Vec<K> {
    let mut suspects = Vec::new();
    let mut rows = fresh.iter();
    loop {
        let mut looked_at = 0;
        let guard = serving.read();
        let serving = table(&guard);
        for (key, row) in rows.by_ref().take(SLICE_ROWS) {
            looked_at += 1;
            if serving.get(key) != Some(row) {
                suspects.push(key.clone());
            }
        }
        if looked_at == 0 {
            return suspects;
        }
    }
}

fn again<K: Eq + Hash, V: PartialEq>(
    suspects: Vec<K>,
    fresh: &Map<K, V>,
    serving: &Map<K, V>,
) -> usize {
    suspects.into_iter().filter(|key| fresh.get(key) != serving.get(key)).count()
}

#[derive(Default)]
struct Sum {
    lanes: [u64; 4],
    row: Vec<u8>,
}

impl Sum {
    fn add(&mut self, table: &str, row: &impl Hash) {
        self.row.clear();
        let mut bytes = Bytes(&mut self.row);
        table.hash(&mut bytes);
        row.hash(&mut bytes);
        let hash = digest(&SHA256, &self.row);
        for (lane, bytes) in self.lanes.iter_mut().zip(hash.as_ref().chunks_exact(8)) {
            let word = u64::from_le_bytes(bytes.try_into().expect("chunks of eight"));
            *lane = lane.wrapping_add(word);
        }
    }

    fn bytes(&self) -> [u8; 32] {
        let mut out = [0; 32];
        for (bytes, lane) in out.chunks_exact_mut(8).zip(self.lanes) {
            bytes.copy_from_slice(&lane.to_le_bytes());
        }
        out
    }
}

/// Collects what a row feeds to its hash, so that a real digest can be taken of it.
struct Bytes<'b>(&'b mut Vec<u8>);

impl Hasher for Bytes<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
