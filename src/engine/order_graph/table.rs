//! Tables of items by ids.

use std::hash::{BuildHasherDefault, Hash};

use super::hash::IdMap;

/// A table of items by keys that are ids, in a list whose places a hash map has: the code of the map, which is a cost
/// of every build, is then one for all tables with the same type of keys.
#[derive(Debug)]
pub(crate) struct IdTable<K, T> {
    places: IdMap<K, u32>,
    items: Vec<(K, T)>,
}

impl<K: Copy + Eq + Hash, T> IdTable<K, T> {
    pub(crate) const fn new() -> Self {
        Self {
            places: IdMap::with_hasher(BuildHasherDefault::new()),
            items: Vec::new(),
        }
    }

    /// Returns the items with their keys, in the order in which they were added until one is removed.
    pub(crate) fn items(&self) -> &[(K, T)] {
        &self.items
    }

    pub(crate) fn get(&self, key: K) -> Option<&T> {
        let at = *self.places.get(&key)?;
        Some(&self.items[at as usize].1)
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut T> {
        let at = *self.places.get(&key)?;
        Some(&mut self.items[at as usize].1)
    }

    /// Adds an item, in place of an earlier one with this key.
    pub(crate) fn insert(&mut self, key: K, item: T) {
        if let Some(known) = self.get_mut(key) {
            *known = item;
            return;
        }
        self.places.insert(key, self.items.len() as u32);
        self.items.push((key, item));
    }

    /// Returns the item with this key, which is added if there is none.
    pub(crate) fn get_or_default(&mut self, key: K) -> &mut T
    where
        T: Default,
    {
        let at = match self.places.get(&key) {
            Some(at) => *at as usize,
            None => {
                self.insert(key, T::default());
                self.items.len() - 1
            }
        };
        &mut self.items[at].1
    }

    /// Removes an item; the last one of the list takes its place.
    pub(crate) fn remove(&mut self, key: K) -> Option<T> {
        let at = self.places.remove(&key)?;
        let (_, item) = self.items.swap_remove(at as usize);
        if let Some((moved, _)) = self.items.get(at as usize) {
            self.places.insert(*moved, at);
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::engine::random::Random;

    #[test]
    fn a_table_agrees_with_a_map() {
        let mut random = Random::new(7);
        let (mut table, mut map) = (IdTable::new(), HashMap::new());
        for step in 0..10_000 {
            let key = (random.below(50) as u64, 1);
            match random.below(4) {
                0 => assert_eq!(table.remove(key), map.remove(&key)),
                1 => {
                    *table.get_or_default(key) += step;
                    *map.entry(key).or_insert(0) += step;
                }
                _ => {
                    table.insert(key, step);
                    map.insert(key, step);
                }
            }
            assert_eq!(table.get(key), map.get(&key));
            assert_eq!(table.items().len(), map.len());
        }
        for (key, item) in table.items() {
            assert_eq!(map.get(key), Some(item));
        }
    }
}
