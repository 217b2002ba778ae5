//! A map of rows, and the same map seen through a layer of changes that are not published yet.

use std::hash::Hash;

use hashbrown::hash_map::Entry;

/// The hash map of all views: plain, with a fast seeded hash (measured: docs/adr/0005).
pub type Map<K, V> = hashbrown::HashMap<K, V, foldhash::fast::RandomState>;

/// Rows under keys, in place or as a draft: a fold cannot tell which.
pub trait Table<K, V> {
    /// The row under `key`.
    fn row(&self, key: &K) -> Option<&V>;

    /// The row under `key`, made if there is none.
    fn row_mut(&mut self, key: K) -> &mut V
    where
        V: Default;

    /// Puts a row in place of what was there.
    fn put(&mut self, key: K, row: V);

    /// Takes the row away, if there is one.
    fn remove(&mut self, key: &K);
}

impl<K: Eq + Hash, V> Table<K, V> for Map<K, V> {
    fn row(&self, key: &K) -> Option<&V> {
        self.get(key)
    }

    fn row_mut(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.entry(key).or_default()
    }

    fn put(&mut self, key: K, row: V) {
        self.insert(key, row);
    }

    fn remove(&mut self, key: &K) {
        hashbrown::HashMap::remove(self, key);
    }
}

/// Changed rows over a map that others go on reading.
pub struct Layer<'v, K, V> {
    base: &'v Map<K, V>,
    changed: Changed<K, V>,
}

/// What a layer changed; `None` is a row that was taken away.
pub type Changed<K, V> = Map<K, Option<V>>;

impl<'v, K: Eq + Hash, V> Layer<'v, K, V> {
    /// A layer without changes.
    pub fn over(base: &'v Map<K, V>) -> Self {
        Self { base, changed: Map::default() }
    }

    /// The changes alone, without what lies below.
    pub fn into_changed(self) -> Changed<K, V> {
        self.changed
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Table<K, V> for Layer<'_, K, V> {
    fn row(&self, key: &K) -> Option<&V> {
        match self.changed.get(key) {
            Some(changed) => changed.as_ref(),
            None => self.base.get(key),
        }
    }

    fn row_mut(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        match self.changed.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let row = self.base.get(entry.key()).cloned();
                entry.insert(row)
            }
        }
        .get_or_insert_default()
    }

    fn put(&mut self, key: K, row: V) {
        self.changed.insert(key, Some(row));
    }

    fn remove(&mut self, key: &K) {
        self.changed.insert(key.clone(), None);
    }
}

/// Moves changes into the map they were made over.
pub fn absorb<K: Eq + Hash, V>(map: &mut Map<K, V>, changed: Changed<K, V>) {
    for (key, row) in changed {
        match row {
            Some(row) => {
                map.insert(key, row);
            }
            None => {
                map.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_shows_its_changes_and_leaves_the_map_alone() {
        let mut map: Map<u8, u8> = Map::default();
        map.insert(1, 10);
        map.insert(2, 20);
        let mut layer = Layer::over(&map);
        *layer.row_mut(1) += 1;
        *layer.row_mut(3) = 30;
        Table::remove(&mut layer, &2);
        assert_eq!((layer.row(&1), layer.row(&2), layer.row(&3)), (Some(&11), None, Some(&30)));
        let changed = layer.into_changed();
        assert_eq!((map.get(&1), map.get(&2), map.get(&3)), (Some(&10), Some(&20), None));
        absorb(&mut map, changed);
        assert_eq!((map.get(&1), map.get(&2), map.get(&3)), (Some(&11), None, Some(&30)));
    }

    #[test]
    fn a_row_removed_in_a_layer_begins_anew() {
        let mut map: Map<u8, u8> = Map::default();
        map.insert(1, 10);
        let mut layer = Layer::over(&map);
        Table::remove(&mut layer, &1);
        *layer.row_mut(1) += 1;
        assert_eq!(layer.row(&1), Some(&1));
    }
}
