//! What only the thread itself touches, and only on the slow path.

use std::sync::Arc;

use crate::engine::acquisition::{Held, InheritedHold};
use crate::engine::clock::timeline::Timeline;
use crate::engine::ids::{Site, ThreadId};
use crate::engine::mode::Mode;
use crate::tracking::lock::first_edges::FirstContexts;
use crate::tracking::lock::leaf_edges::HeldSnapshot;
use crate::tracking::lock::lock_id_pool::LockIdPool;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::thread::clock_ref::ClockRefs;
use crate::tracking::thread::inherited_holds::{AcquisitionLog, MarkedHolds};
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::seen_cache::SeenCache;

/// How many pairs of places a thread remembers to have a stack.
const PLACES: usize = 64;
/// For how many acquisitions a thread keeps the stacks of their edges, beside those of places.
const STACKS: u32 = 256;

/// The private part of a slot.
#[derive(Debug)]
pub(crate) struct Local {
    /// Where the thread is in the order of spawns, joins and hand-overs.
    pub(crate) timeline: Timeline,
    /// The points of that order that it hands over, or was handed.
    pub(crate) points: ClockRefs,
    /// Locks that other threads hold around all that this one does.
    pub(crate) inherited: Vec<InheritedHold>,
    /// The holds under which this thread started others.
    pub(crate) marks: MarkedHolds,
    /// What this thread notes for its own join.
    pub(crate) notes: Option<AcquisitionLog>,
    /// Vacant idents and unused ids.
    pub(crate) pool: LockIdPool,
    /// How many calls of the detector are under way in this thread. While it is not zero, locks are
    /// tracked and nothing is checked, so that a sink may use tracked locks.
    pub(crate) busy: u32,
    /// Known acquisitions, beside the one that each lock remembers.
    known: SeenCache,
    places: [(usize, usize); PLACES],
    /// How many of [`STACKS`] are left.
    stacks: u32,
    holding: Option<(u64, Arc<HeldSnapshot>)>,
    /// Known contexts of pairs of classes.
    classes: SeenCache,
    /// What locks of a class learn when they are first taken.
    pub(crate) first: FirstContexts,
}

impl Local {
    /// The private part of the slot of a new thread.
    pub(crate) fn new(thread: ThreadId) -> Self {
        Self {
            timeline: Timeline::new(thread),
            points: ClockRefs::default(),
            inherited: Vec::new(),
            marks: MarkedHolds::default(),
            notes: None,
            pool: LockIdPool::new(),
            busy: 0,
            known: SeenCache::new(),
            places: [(0, 0); PLACES],
            stacks: STACKS,
            holding: None,
            classes: SeenCache::new(),
            first: FirstContexts::default(),
        }
    }

    /// Gives a lock its ident, at its first acquisition, if a lock of the same class has learnt before
    /// what this acquisition shows: its tag. `known` is what the lock would remember of it.
    #[inline(always)]
    pub(crate) fn identify_like_before(
        &mut self,
        record: &LockRecord,
        known: u64,
        mode: Mode,
        site: Site,
    ) -> Option<u64> {
        // While a call of the detector is under way, nothing is learnt.
        if self.busy > 0 {
            return None;
        }
        let first = record.find_first(&self.first, known, site)?;
        record.identify_in(&mut self.pool, first, known, mode)
    }

    /// Whether others hold locks around this thread, or may turn out to have done so.
    pub(crate) fn is_surrounded(&self) -> bool {
        !self.inherited.is_empty() || self.notes.as_ref().is_some_and(AcquisitionLog::go_on)
    }

    /// The key of the thread while it holds nothing.
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

    /// Whether this acquisition is remembered: `known` is what the lock would remember of it.
    pub(crate) fn knows(&self, known: u64, tag: u64) -> bool {
        self.known.has(word(known, tag))
    }

    /// Remembers an acquisition.
    pub(crate) fn learn(&mut self, known: u64, tag: u64) {
        self.known.add(word(known, tag));
    }

    /// Whether this context of a pair of classes is known; remembers it if not.
    pub(crate) fn has_classes(&mut self, context: u64) -> bool {
        let has = self.classes.has(context);
        self.classes.add(context);
        has
    }

    /// Whether the stack of this pair of places is known; remembers it if not.
    pub(crate) fn has_place(&mut self, from: Site, to: Site) -> bool {
        let pair = (
            std::ptr::from_ref(from).addr(),
            std::ptr::from_ref(to).addr(),
        );
        let at = ((pair.0 / 8) ^ (pair.1 / 8 * 31)) % PLACES;
        std::mem::replace(&mut self.places[at], pair) == pair
    }

    /// Whether the stack of one more acquisition may be kept for its edges.
    pub(crate) fn has_stacks_left(&mut self) -> bool {
        let left = self.stacks > 0;
        self.stacks = self.stacks.saturating_sub(1);
        left
    }

    /// The shared description of what the thread holds, made anew when the key has changed.
    pub(crate) fn holding(
        &mut self,
        key: u64,
        generation: u32,
        held: impl FnOnce() -> Box<[Held]>,
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

    /// Forgets what it knows, after a change that makes all of it doubtful.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
        self.places = [(0, 0); PLACES];
        self.classes.clear();
        self.first.clear();
        self.holding = None;
    }
}

/// As what an acquisition is remembered.
fn word(known: u64, tag: u64) -> u64 {
    known.wrapping_add(tag.rotate_left(11)) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learnt_is_known_until_it_is_forgotten() {
        let mut own = Local::new(ThreadId::new(1));
        assert!(!own.knows(5, 6));
        own.learn(5, 6);
        assert!(own.knows(5, 6));
        assert!(!own.knows(6, 6));
        own.forget();
        assert!(!own.knows(5, 6));
    }

    #[test]
    fn a_holding_is_shared_while_the_key_stands() {
        let mut own = Local::new(ThreadId::new(1));
        let first = own.holding(1, 0, || Box::new([]));
        assert!(Arc::ptr_eq(&first, &own.holding(1, 0, || unreachable!())));
        assert!(!Arc::ptr_eq(&first, &own.holding(2, 0, || Box::new([]))));
    }
}
