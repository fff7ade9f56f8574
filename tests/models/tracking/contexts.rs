//! Every context that is inserted is kept in the leaf or returned by promotion, once, and is seen
//! initialised.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use loom::thread;

use super::{ident, sites};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::ThreadId;
use crate::engine::mode::Mode;
use crate::shim::{AtomicU64, model};
use crate::tracking::lock::leaf_edge::{HeldSnapshot, LeafEdge};
use crate::tracking::lock::leaf_edges::{Insert, LeafEdges};

fn context(thread: u64) -> LeafEdge {
    LeafEdge {
        holding: Arc::new(HeldSnapshot {
            generation: 0,
            segment: Segment::first(ThreadId::new(thread)),
            held: Box::new([]),
            inherited: Box::new([]),
        }),
        mode: Mode::Exclusive,
        site: sites()[0],
    }
}

/// Stands for the content of a context: written before the insertion, with no ordering of its own.
struct Content([AtomicU64; 3]);

impl Content {
    fn new() -> Arc<Self> {
        let content = Self([const { AtomicU64::new(0) }; 3]);
        // Initialised before the threads start.
        assert!(content.0.iter().all(|word| word.load(Relaxed) == 0));
        Arc::new(content)
    }

    fn offer(&self, leaf: &LeafEdges, id: u64) -> Insert {
        self.0[id as usize].store(id, Relaxed);
        leaf.offer(context(id))
    }

    /// Returns whether the context of each of `found` is seen as it was written.
    fn is_whole(&self, found: &[LeafEdge]) -> bool {
        found.iter().all(|c| {
            let id = c.holding.segment.thread().get();
            self.0[id as usize].load(Relaxed) == id
        })
    }
}

#[test]
fn an_insertion_beside_a_promotion_is_promoted_or_refused() {
    model::check(None, || {
        let leaf = &ident().contexts;
        let content = Content::new();
        let theirs = Arc::clone(&content);
        let promoting = thread::spawn(move || {
            let promoted = leaf.promote().expect("no other thread promotes it");
            assert!(theirs.is_whole(&promoted));
            promoted
        });
        let kept = [1, 2].map(|id| match content.offer(leaf, id) {
            Insert::Kept => true,
            Insert::Promoted => false,
            other => panic!("{other:?}"),
        });
        let promoted = promoting.join().unwrap();
        for (id, kept) in [1, 2].into_iter().zip(kept) {
            let found = promoted
                .iter()
                .filter(|c| c.holding.segment.thread() == ThreadId::new(id))
                .count();
            assert_eq!(found, usize::from(kept));
        }
        assert!(leaf.clear(true));
    });
}

#[test]
fn two_concurrent_insertions_are_both_kept() {
    model::check(None, || {
        let leaf = &ident().contexts;
        let other = thread::spawn(move || leaf.offer(context(1)));
        assert_eq!(leaf.offer(context(2)), Insert::Kept);
        assert_eq!(other.join().unwrap(), Insert::Kept);
        assert_eq!(leaf.promote().unwrap().len(), 2);
        assert!(leaf.clear(true));
    });
}

#[test]
fn of_two_promotions_one_gets_the_contexts() {
    model::check(None, || {
        let leaf = &ident().contexts;
        assert_eq!(leaf.offer(context(1)), Insert::Kept);
        let other = thread::spawn(move || leaf.promote().map(|found| found.len()));
        let here = leaf.promote().map(|found| found.len());
        let there = other.join().unwrap();
        assert!(matches!((here, there), (Some(1), None) | (None, Some(1))));
        assert!(leaf.clear(true));
    });
}
