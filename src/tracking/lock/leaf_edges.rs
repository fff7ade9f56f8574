//! Leaf edges: the incoming edges of a leaf, a lock under which no other lock was ever acquired.
//!
//! Most locks are leaves, and a node without outgoing edges lies on no cycle. So a leaf keeps its incoming
//! acquired-before edges in a short list of its own, outside the order graph. When another lock is first
//! acquired under it, the list moves into the graph (the lock is *promoted*); when it is dropped as a leaf,
//! nothing remains.

#![allow(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::shim::{AtomicUsize, spin_loop, yield_now};
use crate::tracking::lock::first_edge::FirstContext;
use crate::tracking::lock::leaf_edge::{HeldSnapshot, LeafEdge};
use crate::tracking::thread::section::SlotAddress;

/// A node of the list, in three words: the mode is in the low bits of the link.
struct Node {
    link: usize,
    holding: Arc<HeldSnapshot>,
    site: Site,
}

/// Set while a thread works on the list.
const LOCKED: usize = 1;
/// Stands for the whole list once the lock has moved into the graph.
const PROMOTED: usize = 2;
/// Set in the head of a list of one context that is shared with other leaves, see [`FirstContext`].
const SHARED: usize = 4;
/// The low bits of a link that hold a mode.
const MODE: usize = 3;

/// The most contexts of a leaf. A lock with more, such as one at the bottom of many others, is promoted: its
/// contexts are then counted for each edge, and none of its edges is lost.
const KEPT: usize = 8;

/// The result of inserting a context into a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Insert {
    /// It was stored.
    Kept,
    /// It repeats a stored one.
    Known,
    /// The list is full: the lock has to be promoted.
    Full,
    /// The lock is in the graph: the context belongs there.
    Promoted,
}

/// The list of contexts.
///
/// | value | state |
/// |---|---|
/// | 0 | a leaf without contexts |
/// | address | a leaf; the address of the first node |
/// | address and `SHARED` | a leaf; the address of its one context, which other leaves share |
/// | address or 0, and `LOCKED` | the same, and a thread is reading or changing the list |
/// | `PROMOTED` | in the graph; final until the lock is dropped |
#[derive(Debug)]
pub(crate) struct LeafEdges(AtomicUsize);

impl LeafEdges {
    pub(in crate::tracking) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Returns whether the lock has moved into the graph.
    #[inline]
    pub(crate) fn is_promoted(&self) -> bool {
        // Acquire pairs with the Release of `promote`: a thread that sees the bit finds the lock in the graph
        // once it has the detector's lock.
        self.0.load(Ordering::Acquire) == PROMOTED
    }

    /// Locks the list for this thread; returns `None` once promoted.
    fn begin(&self) -> Option<usize> {
        let mut spins = 0u32;
        loop {
            let head = self.0.load(Ordering::Relaxed);
            if head == PROMOTED {
                return None;
            }
            // Acquire pairs with the Release in `end`: the nodes behind the head are seen initialised.
            if head & LOCKED == 0
                && self
                    .0
                    .compare_exchange_weak(
                        head,
                        head | LOCKED,
                        Ordering::Acquire,
                        Ordering::Relaxed,
                    )
                    .is_ok()
            {
                return Some(head);
            }
            spins += 1;
            if spins.is_multiple_of(64) {
                // The holder works on at most `KEPT` nodes; if it was preempted, let it run.
                yield_now();
            } else {
                spin_loop();
            }
        }
    }

    fn end(&self, head: usize) {
        self.0.store(head, Ordering::Release);
    }

    /// Stores a context, unless it adds nothing new.
    pub(crate) fn offer(&self, context: LeafEdge) -> Insert {
        let Some(mut head) = self.begin() else {
            return Insert::Promoted;
        };
        if head & SHARED != 0 {
            let first = shared(head).context();
            if first.mode == context.mode && context.holding.repeats(&first.holding) {
                self.end(head);
                return Insert::Known;
            }
            // From here on it differs from the shared context, and has a list of its own.
            let own = push(0, first.clone());
            give(head);
            head = own;
        }
        let mut count = 0;
        let mut at = head;
        while at != 0 {
            // SAFETY: `begin` locked the list, so its nodes are neither freed nor changed, and each address
            // in it was exposed from a box in `push`.
            let node = unsafe { &*std::ptr::with_exposed_provenance::<Node>(at) };
            if node.link & MODE == context.mode as usize && context.holding.repeats(&node.holding) {
                self.end(head);
                return Insert::Known;
            }
            count += 1;
            at = node.link & !MODE;
        }
        if count >= KEPT {
            self.end(head);
            return Insert::Full;
        }
        self.end(push(head, context));
        Insert::Kept
    }

    /// Makes `first` the one context of a leaf that has none and that no other thread can access yet. Called
    /// by the thread that owns `first`.
    #[inline(always)]
    pub(in crate::tracking) fn share(&self, first: &FirstContext) {
        first.take();
        let address = std::ptr::from_ref(first).expose_provenance();
        // Relaxed: published with the record's pointer to the ident.
        self.0.store(address | SHARED, Ordering::Relaxed);
    }

    /// Ends the use as a leaf: returns the contexts, oldest first, or `None` if that was done before. The
    /// caller holds the detector's lock and adds the contexts to the graph.
    pub(crate) fn promote(&self) -> Option<Vec<LeafEdge>> {
        let head = self.begin()?;
        let contexts = take(head);
        self.end(PROMOTED);
        Some(contexts)
    }

    /// Returns the one context of a leaf, if it is shared and the thread of `slot` owns it; called where the
    /// lock is dropped and no slot refers to it.
    #[inline(always)]
    pub(in crate::tracking) fn shared_of(&self, slot: SlotAddress) -> Option<&FirstContext> {
        // Relaxed: as in `clear`.
        let head = self.0.load(Ordering::Relaxed);
        if head & (SHARED | LOCKED) != SHARED {
            return None;
        }
        // SAFETY: as in `shared`; the one flag that is set is taken off.
        let first: &FirstContext =
            unsafe { &*std::ptr::with_exposed_provenance(head.wrapping_sub(SHARED)) };
        first.is_of(slot).then_some(first)
    }

    /// Empties the list when the lock is dropped; returns whether the lock was in the graph. With
    /// `unreferred` the caller guarantees that no slot refers to the lock.
    #[inline(always)]
    pub(crate) fn clear(&self, unreferred: bool) -> bool {
        // Relaxed: the caller owns the lock, and so has seen what other threads did with it.
        let head = self.0.load(Ordering::Relaxed);
        if head == 0 {
            return false;
        }
        if unreferred && head & (SHARED | LOCKED) == SHARED {
            // No slot refers to the lock and nothing waits for it, so no thread works on the list.
            self.0.store(0, Ordering::Relaxed);
            give(head);
            return false;
        }
        self.clear_kept()
    }

    #[cold]
    fn clear_kept(&self) -> bool {
        // Locked as usual: if a hold of the lock was forgotten, its thread may be working on the list at this
        // moment.
        let Some(head) = self.begin() else {
            self.0.store(0, Ordering::Relaxed);
            return true;
        };
        self.end(0);
        if head & SHARED != 0 {
            give(head);
        } else {
            drop(take(head));
        }
        false
    }
}

/// Returns the context that a head with `SHARED` refers to.
#[inline(always)]
fn shared<'a>(head: usize) -> &'a FirstContext {
    // SAFETY: `share` exposed the address and took a reference, which the caller, who locked the list with
    // `begin` or owns it, has not returned yet.
    unsafe { &*std::ptr::with_exposed_provenance(head & !(SHARED | LOCKED)) }
}

/// Returns the reference of a head with `SHARED`, which was removed from its list.
#[inline(always)]
fn give(head: usize) {
    // SAFETY: `share` took the reference, and only the caller has the head.
    unsafe { FirstContext::give(shared(head), SlotAddress::here()) };
}

/// Prepends a context to the nodes from `head` on and returns the new head.
fn push(head: usize, context: LeafEdge) -> usize {
    let node = Box::new(Node {
        link: head | context.mode as usize,
        holding: context.holding,
        site: context.site,
    });
    Box::into_raw(node).expose_provenance()
}

/// Unlinks and frees all nodes from `head` on; the caller owns the list.
fn take(head: usize) -> Vec<LeafEdge> {
    if head & SHARED != 0 {
        let context = shared(head).context().clone();
        give(head);
        return vec![context];
    }
    let mut contexts = Vec::new();
    let mut at = head;
    while at != 0 {
        // SAFETY: the address was exposed from a box in `push`, and the caller owns the list, so this is the
        // only place that takes the box back.
        let node = unsafe { Box::from_raw(std::ptr::with_exposed_provenance_mut::<Node>(at)) };
        contexts.push(LeafEdge {
            holding: node.holding,
            mode: Mode::of_number(node.link & MODE),
            site: node.site,
        });
        at = node.link & !MODE;
    }
    contexts.reverse();
    contexts
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;
    use crate::engine::acquisition::HeldInfo;
    use crate::engine::clock::vector_clock::Segment;
    use crate::engine::ids::{LockId, ThreadId};

    fn context(thread: u64, lock: u64) -> LeafEdge {
        let held = HeldInfo {
            lock: LockId::new(lock).unwrap(),
            mode: Mode::Exclusive,
            site: Location::caller(),
        };
        LeafEdge {
            holding: Arc::new(HeldSnapshot {
                generation: 0,
                segment: Segment::first(ThreadId::new(thread)),
                held: Box::new([held]),
                inherited: Box::new([]),
            }),
            mode: Mode::Exclusive,
            site: Location::caller(),
        }
    }

    #[test]
    fn a_context_takes_four_words_of_the_heap() {
        assert!(size_of::<Node>() <= 3 * size_of::<usize>());
    }

    #[test]
    fn a_repeated_context_is_known_and_a_new_one_is_kept() {
        let leaf = LeafEdges::new();
        assert_eq!(leaf.offer(context(1, 1)), Insert::Kept);
        assert_eq!(leaf.offer(context(1, 1)), Insert::Known);
        assert_eq!(leaf.offer(context(2, 1)), Insert::Kept);
        assert_eq!(leaf.offer(context(1, 2)), Insert::Kept);
        assert!(!leaf.clear(true));
    }

    #[test]
    fn a_full_list_refuses_a_context() {
        let leaf = LeafEdges::new();
        for thread in 0..KEPT as u64 {
            assert_eq!(leaf.offer(context(thread, 1)), Insert::Kept);
        }
        assert_eq!(leaf.offer(context(99, 1)), Insert::Full);
        assert!(!leaf.clear(true));
    }

    #[test]
    fn promotion_returns_the_contexts_once_in_order() {
        let leaf = LeafEdges::new();
        leaf.offer(context(1, 1));
        leaf.offer(context(2, 1));
        let contexts = leaf.promote().unwrap();
        let threads: Vec<_> = contexts
            .iter()
            .map(|c| c.holding.segment.thread().get())
            .collect();
        assert_eq!(threads, [1, 2]);
        assert!(leaf.promote().is_none());
        assert!(leaf.is_promoted());
        assert_eq!(leaf.offer(context(3, 1)), Insert::Promoted);
        assert!(leaf.clear(true));
    }

    #[test]
    fn threads_that_offer_at_once_lose_nothing() {
        let leaf = LeafEdges::new();
        std::thread::scope(|scope| {
            for thread in 0..4u64 {
                let leaf = &leaf;
                scope.spawn(move || {
                    for _ in 0..100 {
                        leaf.offer(context(thread, 1));
                    }
                });
            }
        });
        assert_eq!(leaf.promote().unwrap().len(), 4);
    }
}
