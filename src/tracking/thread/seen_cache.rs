//! What a thread knows already: a set of 64-bit words that grows while it is of use.
//!
//! A miss costs the detector's lock and a walk through the graph, some hundred times what a hit
//! does, so the set makes room for a program's whole working set as long as that is not absurd: 500
//! locks of which any two are nested are 125,000 orders.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many words stand together: a word is looked for in one such group, half a cache line.
const WAYS: usize = 4;
/// How many words there is room for at first.
const FIRST: usize = 512;
/// How many any set may have room for: 64 KiB a thread, so that a thousand threads can have it.
const MANY: usize = 1 << 13;
/// How many a set has room for at most: 4 MiB.
const MOST: usize = 1 << 19;
/// How many words sets may have room for beyond [`MANY`], all threads together: 64 MiB.
const BEYOND: usize = 1 << 23;

/// The part of [`BEYOND`] that is taken.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// A set of words, which forgets some of them when it is full.
///
/// # Cost
///
/// A look, or a new word, is a few comparisons. To grow costs a look at every word, each time after
/// as many words were lost as there is room for half of, so O(1) a word that is lost.
#[derive(Debug)]
pub(in crate::tracking) struct SeenCache {
    words: Box<[u64]>,
    /// How many words were forgotten for others since it last grew.
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
        // The number of groups is a power of two, and a division would cost as much as all else here.
        let at = ((word >> 32) as usize & (self.words.len() / WAYS - 1)) * WAYS;
        at..at + WAYS
    }

    /// Whether the word is known. It is not zero.
    #[inline]
    pub(in crate::tracking) fn has(&self, word: u64) -> bool {
        self.words[self.group(word)].contains(&word)
    }

    /// Takes the word in, in place of the one of its group that came first.
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

    /// Whether another word was forgotten for this one.
    fn put(&mut self, word: u64) -> bool {
        let group = self.group(word);
        let group = &mut self.words[group];
        let last = group[WAYS - 1];
        group.copy_within(..WAYS - 1, 1);
        group[0] = word;
        last != 0
    }

    /// Grows, if it may: else it counts anew, so that it asks again after as many words.
    #[cold]
    fn grow(&mut self) {
        let size = self.words.len() * 4;
        self.lost = 0;
        if size > MOST || !reserve(self.beyond(), size.saturating_sub(MANY)) {
            return;
        }
        let room = vec![0; size].into_boxed_slice();
        let words = std::mem::replace(&mut self.words, room);
        for word in words.into_iter().filter(|word| *word != 0) {
            self.put(word);
        }
    }

    /// How much room it has beyond what any set may have.
    fn beyond(&self) -> usize {
        self.words.len().saturating_sub(MANY)
    }

    /// Forgets everything, and gives back the room that not every set may have.
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

/// Whether a set that has `old` words beyond what any may have can have `new` of them.
fn reserve(old: usize, new: usize) -> bool {
    // Relaxed: a count that stands for no other memory.
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
    fn what_was_added_is_known_until_it_is_cleared() {
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
    fn it_grows_to_what_comes_again_and_again() {
        let mut known = SeenCache::new();
        for _ in 0..20 {
            (1..=2_500)
                .map(lockset_hash::mix)
                .for_each(|word| known.add(word));
        }
        let missed = (1..=2_500)
            .map(lockset_hash::mix)
            .filter(|word| !known.has(*word))
            .count();
        assert!(missed < 25, "{missed} of 2,500 are missed");
        assert!(known.words.len() <= MOST);
    }

    #[test]
    fn it_grows_no_further_than_it_may() {
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
    fn what_all_sets_together_have_is_bounded() {
        assert!(reserve(0, MOST));
        let taken = TAKEN.load(Ordering::Relaxed);
        assert!(!reserve(0, BEYOND + 1 - MOST));
        assert!(!reserve(MOST, BEYOND + 1));
        assert!(taken >= MOST);
        assert!(reserve(MOST, 0));
    }
}
