//! The keys and their values, in shards.

use std::collections::HashMap;

use super::flavour::{RwLock, RwLockReadGuard};

const SHARDS: usize = 16;

/// One shard.
pub(super) type Shard = HashMap<String, String>;

/// All shards, each behind a lock of its own.
pub(super) struct Store {
    shards: Vec<RwLock<Shard>>,
}

impl Store {
    pub(super) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::new(Shard::new())).collect();
        Self { shards }
    }

    /// The value of `key`.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        self.shards[place(key)].read().get(key).cloned()
    }

    /// The number of keys.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
    }

    /// Works on the shard of `key`, which no other thread sees meanwhile.
    pub(super) fn change<T>(&self, key: &str, work: impl FnOnce(&mut Shard) -> T) -> T {
        work(&mut self.shards[place(key)].write())
    }

    /// Swaps the values of two keys, and tells `done` of the new ones while both shards are still
    /// locked. `None` if one of the keys is not there.
    pub(super) fn swap<T>(
        &self,
        [one, two]: [&str; 2],
        done: impl FnOnce([(&str, &str); 2]) -> T,
    ) -> Option<T> {
        let places = [place(one), place(two)];
        if places[0] == places[1] {
            let shard = &mut *self.shards[places[0]].write();
            let (first, second) = (shard.get(one)?.clone(), shard.get(two)?.clone());
            let done = done([(one, &second), (two, &first)]);
            shard.insert(one.to_owned(), second);
            shard.insert(two.to_owned(), first);
            return Some(done);
        }
        // The lower shard first, as everywhere.
        let mut lower = self.shards[places[0].min(places[1])].write();
        let mut upper = self.shards[places[0].max(places[1])].write();
        let (first, second) = if places[0] < places[1] {
            (&mut *lower, &mut *upper)
        } else {
            (&mut *upper, &mut *lower)
        };
        let (first, second) = (first.get_mut(one)?, second.get_mut(two)?);
        std::mem::swap(first, second);
        Some(done([(one, first), (two, second)]))
    }

    /// All shards at once, as they are at one moment: the lower first.
    pub(super) fn freeze(&self) -> Vec<RwLockReadGuard<'_, Shard>> {
        self.shards.iter().map(|shard| shard.read()).collect()
    }
}

/// The shard of a key (the hash is FNV-1a).
fn place(key: &str) -> usize {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 32) as usize % SHARDS
}
