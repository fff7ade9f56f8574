//! A hasher for ids.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use crate::engine::ids::LockId;

/// A map with ids as keys. Ids are serial numbers that no input chooses, so the keyed hash of the standard
/// library would protect from nothing and cost more than the look-up itself.
pub(super) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// A set of [hashes](hash_of).
pub(crate) type Hashes = HashSet<u64, BuildHasherDefault<IdHasher>>;

/// Returns a hash of 64 bits that stands for the value in a set or a table. It is the same in all processes.
pub(crate) fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// For each lock the place of its record in a list. Tables of one type share their code.
pub(super) type LockPlaces = IdMap<LockId, u32>;

/// Multiplies by the golden ratio and folds, so that serial numbers spread over both the low
/// bits (which choose a bucket) and the high ones (which the table compares first).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(23) ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}
