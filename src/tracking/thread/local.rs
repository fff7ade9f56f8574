//! The state of a thread that only this thread accesses, and only on the slow path.

use std::sync::Arc;

use crate::engine::acquisition::{HeldInfo, InheritedHold};
use crate::engine::clock::timeline::Timeline;
use crate::engine::ids::{Site, ThreadId};
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::first_edges::FirstContexts;
use crate::tracking::lock::leaf_edge::HeldSnapshot;
use crate::tracking::lock::lock_id_pool::LockIdPool;
use crate::tracking::thread::clock_ref::ClockRefs;
use crate::tracking::thread::inherited_holds::{AcquisitionLog, MarkedHolds};
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::seen_cache::SeenCache;
use crate::tracking::thread::times::Times;

/// The number of pairs of locations that a thread remembers to have a stack.
const PLACES: usize = 64;
/// The number of acquisitions for which a thread keeps the stacks of their edges, beside those of locations.
const STACKS: u32 = 256;

/// The thread-local part of a slot.
#[derive(Debug)]
pub(crate) struct Local {
    /// The vector clock of the thread.
    pub(crate) timeline: Timeline,
    /// References to clocks that the thread releases, or acquired.
    pub(crate) points: ClockRefs,
    /// The locks that the thread inherits.
    pub(crate) inherited: Vec<InheritedHold>,
    /// The holds under which this thread started others.
    pub(crate) marks: MarkedHolds,
    /// The acquisitions that this thread logs for its own join.
    pub(crate) notes: Option<AcquisitionLog>,
    /// Vacant idents and unused ids.
    pub(crate) pool: LockIdPool,
    /// The number of detector calls that are running in this thread. While it is not zero, locks are tracked
    /// and not checked, so that a sink may use tracked locks.
    pub(crate) busy: u32,
    /// Seen acquisitions, beside the one that each lock caches.
    known: SeenCache,
    places: [(usize, usize); PLACES],
    /// The number of [`STACKS`] that are left.
    stacks: u32,
    holding: Option<(u64, Arc<HeldSnapshot>)>,
    /// The key of the thread, and a hash of what it held; see [`Local::content`].
    content: (u64, u64),
    /// Seen contexts of pairs of classes.
    classes: SeenCache,
    /// The contexts of first acquisitions, by class.
    pub(crate) first: FirstContexts,
    /// The waits and holds of the thread, if they are timed.
    pub(crate) times: Option<Arc<ForkSafe<Times>>>,
}

impl Local {
    /// Returns the thread-local part of the slot of a new thread.
    pub(crate) fn new(thread: ThreadId) -> Self {
        Self {
            timeline: Timeline::new(thread),
            points: ClockRefs::default(),
            inherited: Vec::new(),
            marks: MarkedHolds::default(),
            notes: None,
            pool: LockIdPool::default(),
            busy: 0,
            known: SeenCache::new(),
            places: [(0, 0); PLACES],
            stacks: STACKS,
            holding: None,
            content: (0, 0),
            classes: SeenCache::new(),
            first: FirstContexts::default(),
            times: None,
        }
    }

    /// Begins a call of the detector, in which nothing is recorded: `busy` is decremented at its end.
    pub(crate) fn begin_busy(&mut self) {
        self.busy += 1;
        self.first.expect_nothing();
    }

    /// Returns whether the thread inherits locks, or looks at its acquisitions for those that it was started under.
    pub(crate) fn is_surrounded(&self) -> bool {
        !self.inherited.is_empty() || self.notes.as_ref().is_some_and(AcquisitionLog::is_watching)
    }

    /// Returns the key of the thread while it holds nothing.
    pub(crate) fn seed(&self, generation: u32) -> u64 {
        let seed = lockset_hash::seed(
            self.timeline.thread().get(),
            self.timeline.number(),
            generation,
        );
        self.inherited.iter().fold(seed, |seed, gate| {
            let tag = lockset_hash::mix(gate.held.lock.get());
            seed.wrapping_add(lockset_hash::share(tag, gate.held.mode))
        })
    }

    /// Returns whether this acquisition is cached; `known` is what the lock would cache.
    pub(crate) fn has_seen(&self, known: u64, tag: u64) -> bool {
        self.known.has(word(known, tag))
    }

    /// Caches an acquisition.
    pub(crate) fn learn(&mut self, known: u64, tag: u64) {
        self.known.add(word(known, tag));
    }

    /// Returns whether this context of a pair of classes is cached; caches it otherwise.
    pub(crate) fn has_classes(&mut self, context: u64) -> bool {
        let has = self.classes.has(context);
        self.classes.add(context);
        has
    }

    /// Returns whether this pair of locations is cached as having a stack; caches it otherwise.
    pub(crate) fn has_place(&mut self, from: Site, to: Site) -> bool {
        let pair = (
            std::ptr::from_ref(from).addr(),
            std::ptr::from_ref(to).addr(),
        );
        let at = ((pair.0 / 8) ^ (pair.1 / 8).wrapping_mul(31)) % PLACES;
        std::mem::replace(&mut self.places[at], pair) == pair
    }

    /// Returns whether the stack of one more acquisition may be kept for its edges.
    pub(crate) fn has_stacks_left(&mut self) -> bool {
        let left = self.stacks > 0;
        self.stacks = self.stacks.saturating_sub(1);
        left
    }

    /// Returns the shared description of what the thread holds, created anew when the key has changed.
    pub(crate) fn holding(
        &mut self,
        key: u64,
        generation: u32,
        held: impl FnOnce() -> Box<[HeldInfo]>,
    ) -> Arc<HeldSnapshot> {
        match &self.holding {
            Some((known, holding)) if *known == key => Arc::clone(holding),
            _ => {
                let holding = Arc::new(HeldSnapshot {
                    generation,
                    segment: self.timeline.see(),
                    held: held(),
                    inherited: self.inherited.clone().into_boxed_slice(),
                });
                self.holding = Some((key, Arc::clone(&holding)));
                holding
            }
        }
    }

    /// Returns what `hash` makes, from the last such hash with its key, of the locks that the thread holds, the
    /// same for all threads; `None` if it inherits locks, or logs its acquisitions.
    pub(crate) fn content(&mut self, hash: impl FnOnce(&mut (u64, u64)) -> u64) -> Option<u64> {
        let holds_alone = self.inherited.is_empty() && self.notes.is_none();
        holds_alone.then(|| hash(&mut self.content))
    }

    /// Clears the caches, after a change that may invalidate any entry.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
        self.places = [(0, 0); PLACES];
        self.classes.clear();
        self.first.clear();
        self.holding = None;
    }
}

/// Returns the word for an acquisition in the cache.
fn word(known: u64, tag: u64) -> u64 {
    known.wrapping_add(tag.rotate_left(11)) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cached_acquisition_is_found_until_the_caches_are_cleared() {
        let mut own = Local::new(ThreadId::new(1));
        assert!(!own.has_seen(5, 6));
        own.learn(5, 6);
        assert!(own.has_seen(5, 6));
        assert!(!own.has_seen(6, 6));
        own.forget();
        assert!(!own.has_seen(5, 6));
    }

    #[test]
    fn a_snapshot_of_holds_is_shared_while_the_key_is_the_same() {
        let mut own = Local::new(ThreadId::new(1));
        let first = own.holding(1, 0, || Box::new([]));
        assert!(Arc::ptr_eq(&first, &own.holding(1, 0, || unreachable!())));
        assert!(!Arc::ptr_eq(&first, &own.holding(2, 0, || Box::new([]))));
    }
}
