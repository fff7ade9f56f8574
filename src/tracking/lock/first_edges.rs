//! First contexts: the context of the first acquisition of a lock, cached for the next lock of the same
//! class.
//!
//! A server creates, locks and drops an object with a lock of its own for each request, always under the same
//! parent. All such locks get the same single context, as leaves. A thread caches that context as a
//! [`FirstContext`], and the next lock refers to it instead of having a copy, without a search, an allocation
//! or a lock. The lock gets a context of its own as soon as it is acquired in another way
//! (`LeafEdges::offer`), and the context moves into the graph like any other when another lock is acquired
//! under this one (`LeafEdges::promote`).
//!
//! What is left to do for such a lock is done beforehand where that is possible: the ident of a lock that is
//! dropped stays ready, with its class and its context, for the next lock of the class.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::ptr;

use crate::engine::ids::Site;
use crate::tracking::lock::class::Class;
use crate::tracking::lock::first_edge::{Expected, FirstContext};
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::leaf_edge::LeafEdge;
use crate::tracking::lock::lock_id_pool;
use crate::tracking::lock::lock_id_pool::LockIdPool;
use crate::tracking::lock::origin::Origin;
use crate::tracking::thread::section::SlotAddress;

/// What a thread expects before any context was found.
struct Nothing(Expected);

// SAFETY: nothing in it is ever written: it is in no `FirstContext`, and `take_ready` finds null.
unsafe impl Sync for Nothing {}

static NOTHING: Nothing = Nothing(Expected::nothing());

/// Returns the ident that is ready for the expected acquisition, with a number; called by the owner's thread.
#[inline(always)]
pub(in crate::tracking) fn take_ready(
    expected: &Expected,
    pool: &mut LockIdPool,
) -> Option<(&'static Ident, u64)> {
    let ident = Ident::ready(&expected.ready)?;
    let number = pool.number_at_hand()?;
    expected.ready.clear();
    ident.occupy_again(number);
    Some((ident, number))
}

/// Drops what the cache has of `first`: the ident that is ready, and its references.
///
/// # Safety
///
/// `first` came from the cache of the calling thread, which does not use it afterwards.
unsafe fn disown(first: *const FirstContext) {
    // SAFETY: the cache's reference keeps it alive.
    let ready = unsafe { &(*first).expected.ready };
    if let Some(ident) = Ident::ready(ready) {
        ready.clear();
        // Its reference goes into the stock, or, where the thread is inside the detector, back at once.
        let _ = ident.contexts.clear(true);
        lock_id_pool::spill_vacated(ident, true);
    }
    // SAFETY: as the caller guarantees.
    unsafe { FirstContext::disown(first) };
}

/// The number of first contexts that a cache has room for once it has any.
const FIRST: usize = 128;
/// The most first contexts that it has room for: 32 KiB per thread.
const MOST: usize = 1 << 11;

#[derive(Clone, Copy, Debug)]
struct Room {
    /// The hash of the key, stored from the first occurrence on.
    word: u64,
    /// Created at the second occurrence; null until then.
    first: *const FirstContext,
}

/// The first contexts of one thread, by the class of the lock and what the thread holds.
///
/// # Cost
///
/// A look-up is a hash of two words and one comparison. A context that occurs once costs a word; one that
/// occurs again allocates a [`FirstContext`].
#[derive(Debug)]
pub(crate) struct FirstContexts {
    /// The context that was found last, if it is in `rooms`; else [`NOTHING`].
    last: Cell<*const Expected>,
    rooms: Box<[Room]>,
    /// The number of contexts that were evicted since it last grew.
    lost: usize,
}

/// Returns the hash of the key of a first context.
#[inline(always)]
fn word(known: u64, place: Site, site: Site) -> u64 {
    let places =
        (ptr::from_ref(place).addr() as u64).rotate_left(32) ^ ptr::from_ref(site).addr() as u64;
    known ^ places.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Default for FirstContexts {
    fn default() -> Self {
        Self {
            last: Cell::new(&raw const NOTHING.0),
            rooms: Box::default(),
            lost: 0,
        }
    }
}

impl FirstContexts {
    /// Returns an ident for a lock of this origin, and its number, if it is first acquired at `site` with this
    /// key and mode, as the lock was that got its context last, and an ident is ready.
    #[inline(always)]
    pub(in crate::tracking) fn take_expected(
        &self,
        origin: &Origin,
        known: u64,
        site: Site,
        pool: &mut LockIdPool,
    ) -> Option<(&'static Ident, u64)> {
        // SAFETY: it is static, or in a context to which the cache has a reference.
        let last = unsafe { &*self.last.get() };
        if !last.is(origin, known, site) {
            return None;
        }
        take_ready(last, pool)
    }

    /// Makes [`take_expected`](Self::take_expected) return nothing until a context was found again.
    pub(in crate::tracking) fn expect_nothing(&self) {
        self.last.set(&raw const NOTHING.0);
    }

    #[inline(always)]
    fn at(word: u64, rooms: usize) -> usize {
        (word >> 32) as usize & rooms.wrapping_sub(1)
    }

    /// Returns the context in which a lock of this origin was first acquired at `site` with this key and
    /// mode, if it occurred more than once; the next lock is expected to be first acquired like this one.
    #[inline(always)]
    pub(in crate::tracking) fn find(
        &self,
        origin: &Origin,
        known: u64,
        site: Site,
    ) -> Option<&FirstContext> {
        let word = word(known, origin.place, site);
        let room = self.rooms.get(Self::at(word, self.rooms.len()))?;
        if room.word != word || room.first.is_null() {
            return None;
        }
        // SAFETY: the cache has a reference to what stands in it.
        let first = unsafe { &*room.first };
        let expected = &first.expected;
        if !expected.is(origin, known, site) {
            return None;
        }
        self.last.set(expected);
        Some(first)
    }

    /// Caches that a lock of the class got `context`, and no other one, when the calling thread, whose slot
    /// is `slot`, acquired it with this key and mode.
    pub(crate) fn learn(
        &mut self,
        slot: SlotAddress,
        class: &'static Class,
        known: u64,
        context: LeafEdge,
    ) {
        if self.rooms.is_empty() {
            self.rooms = Self::vacant(FIRST);
        }
        let word = word(known, class.place, context.site);
        let room = &mut self.rooms[Self::at(word, self.rooms.len())];
        if room.word != word {
            let old = std::mem::replace(
                room,
                Room {
                    word,
                    first: ptr::null(),
                },
            );
            if !old.first.is_null() {
                self.last.set(&raw const NOTHING.0);
                // SAFETY: taken out of the cache just now.
                unsafe { disown(old.first) };
                self.lost += 1;
                if self.lost > self.rooms.len() && self.rooms.len() < MOST {
                    self.grow();
                }
            }
        } else if room.first.is_null() {
            room.first = Box::into_raw(FirstContext::new(slot, class, known, context));
        }
    }

    fn vacant(rooms: usize) -> Box<[Room]> {
        vec![
            Room {
                word: 0,
                first: ptr::null()
            };
            rooms
        ]
        .into_boxed_slice()
    }

    #[cold]
    fn grow(&mut self) {
        let rooms = Self::vacant(self.rooms.len() * 4);
        let before = std::mem::replace(&mut self.rooms, rooms);
        // Two entries that did not share a place share none in a table of four times the size.
        for room in &before {
            if room.word != 0 {
                self.rooms[Self::at(room.word, self.rooms.len())] = *room;
            }
        }
        self.lost = 0;
    }

    /// Evicts everything. Locks that share a context keep it.
    pub(crate) fn clear(&mut self) {
        self.expect_nothing();
        for room in &std::mem::take(&mut self.rooms) {
            if !room.first.is_null() {
                // SAFETY: taken out of the cache just now.
                unsafe { disown(room.first) };
            }
        }
    }
}

impl Drop for FirstContexts {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;
    use std::sync::Arc;

    use super::*;
    use crate::engine::acquisition::HeldInfo;
    use crate::engine::clock::vector_clock::Segment;
    use crate::engine::ids::{LockId, ThreadId};
    use crate::engine::mode::Mode;
    use crate::tracking::lock::class;
    use crate::tracking::lock::kind::LockKind;
    use crate::tracking::lock::leaf_edge::HeldSnapshot;
    use crate::tracking::lock::leaf_edges::{Insert, LeafEdges};
    use crate::tracking::thread::slot::Slot;

    fn holding(parent: u64) -> Arc<HeldSnapshot> {
        Arc::new(HeldSnapshot {
            generation: 0,
            segment: Segment::first(ThreadId::new(1)),
            held: Box::new([HeldInfo {
                lock: LockId::new(parent).unwrap(),
                mode: Mode::Exclusive,
                site: Location::caller(),
            }]),
            inherited: Box::new([]),
        })
    }

    fn context(holding: &Arc<HeldSnapshot>, site: Site) -> LeafEdge {
        LeafEdge {
            holding: Arc::clone(holding),
            mode: Mode::Exclusive,
            site,
        }
    }

    /// A thread that has cached the context at its second occurrence, with the locations.
    struct Learnt {
        slot: SlotAddress,
        contexts: FirstContexts,
        class: &'static Class,
        holding: Arc<HeldSnapshot>,
        site: Site,
    }

    fn slot() -> SlotAddress {
        SlotAddress::of(Box::leak(Box::new(Slot::vacant())))
    }

    const KNOWN: u64 = 0x1234_5678_9abc_def0;

    impl Learnt {
        fn new() -> Self {
            let (place, site) = (Location::caller(), Location::caller());
            let mut learnt = Self {
                slot: slot(),
                contexts: FirstContexts::default(),
                class: class::intern(&LockKind::MUTEX, None, place),
                holding: holding(1),
                site,
            };
            learnt.learn(KNOWN);
            assert!(learnt.find(KNOWN).is_none(), "it came up once");
            learnt.learn(KNOWN);
            learnt
        }

        fn learn(&mut self, known: u64) {
            let context = context(&self.holding, self.site);
            self.contexts.learn(self.slot, self.class, known, context);
        }

        fn find(&self, known: u64) -> Option<&FirstContext> {
            self.contexts.find(&self.class.origin, known, self.site)
        }

        /// Returns the ident that is ready for an expected acquisition.
        fn expected(&self, known: u64, pool: &mut LockIdPool) -> Option<&'static Ident> {
            let origin = &self.class.origin;
            let expected = self.contexts.take_expected(origin, known, self.site, pool);
            expected.map(|(ident, _)| ident)
        }

        /// Returns a leaf that shares the context.
        fn leaf(&self) -> LeafEdges {
            let leaf = LeafEdges::new();
            leaf.share(self.find(KNOWN).unwrap());
            leaf
        }
    }

    #[test]
    fn a_context_is_found_by_its_whole_key_only() {
        let learnt = Learnt::new();
        let Class { kind, place, .. } = *learnt.class;
        let find = |kind, name, place, known, site| {
            let origin = Origin::new(kind, name, place);
            learnt.contexts.find(&origin, known, site)
        };
        assert!(find(kind, None, place, KNOWN, learnt.site).is_some());
        assert!(find(kind, None, place, KNOWN + 1, learnt.site).is_none());
        assert!(find(kind, None, place, KNOWN, place).is_none());
        assert!(find(kind, None, learnt.site, KNOWN, learnt.site).is_none());
        assert!(find(kind, Some("named"), place, KNOWN, learnt.site).is_none());
        assert!(find(&LockKind::RW_LOCK, None, place, KNOWN, learnt.site).is_none());
    }

    #[test]
    fn the_ident_of_a_dropped_lock_is_ready_for_one_that_repeats_the_acquisition() {
        let mut learnt = Learnt::new();
        let mut pool = LockIdPool::default();
        assert!(learnt.expected(KNOWN, &mut pool).is_none());
        let ident = pool.take(learnt.class);
        ident.contexts.share(learnt.find(KNOWN).unwrap());
        let other = slot();
        assert!(!ident.keep_ready(other), "another thread owns the context");
        assert!(ident.keep_ready(learnt.slot) && ident.tag() == 0);
        assert!(learnt.expected(KNOWN + 1, &mut pool).is_none());
        let again = learnt.expected(KNOWN, &mut pool).unwrap();
        assert!(std::ptr::eq(again, ident) && again.tag() != 0);
        assert!(learnt.expected(KNOWN, &mut pool).is_none(), "it is in use");
        assert_eq!(
            again.contexts.offer(context(&learnt.holding, learnt.site)),
            Insert::Known
        );
        let second = pool.take(learnt.class);
        second.contexts.share(learnt.find(KNOWN).unwrap());
        assert!(again.keep_ready(learnt.slot));
        assert!(!second.keep_ready(learnt.slot), "one is ready");
        assert!(!second.contexts.clear(true));
        learnt.contexts.expect_nothing();
        assert!(learnt.expected(KNOWN, &mut pool).is_none());
        assert!(learnt.find(KNOWN).is_some());
        let others = Arc::strong_count(&learnt.holding);
        learnt.contexts.clear();
        assert!(learnt.expected(KNOWN, &mut pool).is_none());
        assert_eq!(Arc::strong_count(&learnt.holding), others - 1);
        pool.give(second, true);
        pool.drain();
    }

    #[test]
    fn a_lock_that_has_moved_into_the_graph_leaves_no_ready_ident() {
        let learnt = Learnt::new();
        let mut pool = LockIdPool::default();
        let ident = pool.take(learnt.class);
        ident.contexts.share(learnt.find(KNOWN).unwrap());
        assert_eq!(ident.contexts.promote().unwrap().len(), 1);
        assert!(!ident.keep_ready(learnt.slot));
        assert!(ident.contexts.clear(true));
        pool.give(ident, true);
        pool.drain();
    }

    #[test]
    fn promotion_returns_a_shared_context_like_an_own_one() {
        let learnt = Learnt::new();
        let leaf = learnt.leaf();
        let other = holding(2);
        assert_eq!(
            leaf.offer(context(&learnt.holding, learnt.site)),
            Insert::Known
        );
        assert_eq!(leaf.offer(context(&other, learnt.site)), Insert::Kept);
        let promoted = leaf.promote().unwrap();
        let parents: Vec<u64> = promoted
            .iter()
            .map(|c| c.holding.held[0].lock.get())
            .collect();
        assert_eq!(parents, [1, 2]);
        let leaf = learnt.leaf();
        let promoted = leaf.promote().unwrap();
        assert!(promoted.len() == 1 && Arc::ptr_eq(&promoted[0].holding, &learnt.holding));
        assert!(leaf.clear(true));
    }

    #[test]
    fn a_context_lives_as_long_as_a_lock_or_the_cache_refers_to_it() {
        let mut learnt = Learnt::new();
        let holding = Arc::clone(&learnt.holding);
        let others = || Arc::strong_count(&holding) - 2;
        assert_eq!(others(), 1);
        let leaves: Vec<LeafEdges> = (0..3).map(|_| learnt.leaf()).collect();
        // By the owner, and by another thread.
        let first: *const FirstContext = learnt.find(KNOWN).unwrap();
        learnt.find(KNOWN).unwrap().take();
        // SAFETY: the reference was taken in the line before.
        unsafe { FirstContext::give(first, learnt.slot) };
        assert!(!leaves[0].clear(true));
        assert_eq!(others(), 1);
        learnt.contexts.clear();
        assert_eq!(others(), 1, "two leaves share it");
        assert!(!leaves[1].clear(false));
        assert_eq!(others(), 1, "one leaf has it");
        assert_eq!(leaves[2].promote().unwrap().len(), 1);
        assert_eq!(others(), 0);
    }

    #[test]
    fn the_cache_grows_for_repeated_contexts_up_to_its_limit() {
        let mut learnt = Learnt::new();
        for _ in 0..20 {
            for known in (1..=600).map(crate::tracking::thread::lockset_hash::mix) {
                learnt.learn(known);
                learnt.learn(known);
            }
        }
        let known = (1..=600).map(crate::tracking::thread::lockset_hash::mix);
        let found = known.filter(|known| learnt.find(*known).is_some()).count();
        assert!(found > 400, "{found} of 600 are found");
        (1..=100_000)
            .map(crate::tracking::thread::lockset_hash::mix)
            .for_each(|known| {
                learnt.learn(known);
                learnt.learn(known);
            });
        assert_eq!(learnt.contexts.rooms.len(), MOST);
    }
}
