//! The seen cache of a thread: a set of 64-bit words that grows while it is of use.
//!
//! A miss costs the detector's lock and a walk through the graph, some hundred times what a hit costs, so the
//! set grows to a program's whole working set within reason: 500 locks of which any two are nested are
//! 125,000 orders.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of words in a group: a word is looked up in one group, half a cache line.
const WAYS: usize = 4;
/// The initial capacity in words.
const FIRST: usize = 512;
/// The capacity that any set may have: 64 KiB per thread, so that a thousand threads can have it.
const MANY: usize = 1 << 13;
/// The largest capacity of a set: 4 MiB.
const MOST: usize = 1 << 19;
/// The capacity beyond [`MANY`] that all sets together may have: 64 MiB.
const BEYOND: usize = 1 << 23;

/// The part of [`BEYOND`] that is in use.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// A set of words that evicts some of them when it is full.
///
/// # Cost
///
/// A look-up or an insertion is a few comparisons. To grow costs a look at every word, each time after half
/// its capacity was evicted, so O(1) per evicted word.
#[derive(Debug)]
pub(in crate::tracking) struct SeenCache {
    words: Box<[u64]>,
    /// The number of evictions since it last grew.
    lost: usize,
}

impl SeenCache {
    pub(in crate::tracking) fn new() -> Self {
        Self {
            words: vec![0; FIRST].into_boxed_slice(),
            lost: 0,
        }
    }

    fn group(&self, word: u64) -> std::ops::Range<usize> {
        // The number of groups is a power of two; a division would cost as much as everything else here.
        let at = ((word >> 32) as usize & (self.words.len() / WAYS - 1)) * WAYS;
        at..at + WAYS
    }

    /// Returns whether the set contains the word, which is not zero.
    #[inline]
    pub(in crate::tracking) fn has(&self, word: u64) -> bool {
        self.words[self.group(word)].contains(&word)
    }

    /// Inserts the word, in place of the oldest one of its group.
    pub(in crate::tracking) fn add(&mut self, word: u64) {
        if self.has(word) {
            return;
        }
        if self.put(word) {
            self.lost += 1;
            if self.lost > self.words.len() / 2 {
                self.grow();
            }
        }
    }

    /// Inserts the word; returns whether another word was evicted.
    fn put(&mut self, word: u64) -> bool {
        let group = self.group(word);
        let group = &mut self.words[group];
        let last = group[WAYS - 1];
        group.copy_within(..WAYS - 1, 1);
        group[0] = word;
        last != 0
    }

    /// Grows, if allowed: otherwise the count restarts, so that it tries again after as many evictions.
    #[cold]
    fn grow(&mut self) {
        let size = self.words.len() * 4;
        self.lost = 0;
        if size > MOST || !reserve(self.beyond(), size.saturating_sub(MANY)) {
            return;
        }
        let room = vec![0; size].into_boxed_slice();
        let words = std::mem::replace(&mut self.words, room);
        for &word in &words {
            if word != 0 {
                self.put(word);
            }
        }
    }

    /// Returns its capacity beyond what any set may have.
    fn beyond(&self) -> usize {
        self.words.len().saturating_sub(MANY)
    }

    /// Clears the set, and returns the capacity that not every set may have.
    pub(in crate::tracking) fn clear(&mut self) {
        if self.beyond() > 0 {
            *self = Self::new();
        } else {
            self.words.fill(0);
        }
    }
}

impl Drop for SeenCache {
    fn drop(&mut self) {
        // Relaxed, as in `reserve`.
        TAKEN.fetch_sub(self.beyond(), Ordering::Relaxed);
    }
}

/// Reserves capacity for a set to go from `old` to `new` words beyond what any set may have; returns whether
/// there was enough.
fn reserve(old: usize, new: usize) -> bool {
    // Relaxed: a count that publishes no other memory.
    TAKEN
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
            let taken = taken - old + new;
            (taken <= BEYOND).then_some(taken)
        })
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracking::thread::lockset_hash;

    #[test]
    fn an_inserted_word_is_found_until_the_set_is_cleared() {
        let mut known = SeenCache::new();
        assert!(!known.has(7));
        known.add(7);
        known.add(7);
        assert!(known.has(7));
        assert!(!known.has(7 << 32));
        known.clear();
        assert!(!known.has(7));
    }

    #[test]
    fn the_set_grows_no_further_than_its_limit() {
        let mut known = SeenCache::new();
        (1..=2_000_000)
            .map(lockset_hash::mix)
            .for_each(|word| known.add(word));
        assert_eq!(known.words.len(), MOST);
        known.clear();
        assert_eq!(known.words.len(), FIRST);
    }

    #[test]
    fn all_orders_of_five_hundred_locks_are_known() {
        let mut known = SeenCache::new();
        for _ in 0..8 {
            (1..=124_750)
                .map(lockset_hash::mix)
                .for_each(|word| known.add(word));
        }
        let all = (1..=124_750).map(lockset_hash::mix);
        let missed = all.filter(|word| !known.has(*word)).count();
        assert!(missed < 1_250, "{missed} of 124,750 are missed");
    }

    #[test]
    fn the_capacity_of_all_sets_together_is_bounded() {
        assert!(reserve(0, MOST));
        let taken = TAKEN.load(Ordering::Relaxed);
        assert!(!reserve(0, BEYOND + 1 - MOST));
        assert!(!reserve(MOST, BEYOND + 1));
        assert!(taken >= MOST);
        assert!(reserve(MOST, 0));
    }
}
