//! Every context that is offered is kept in the leaf or handed out, once.

use std::sync::Arc;

use loom::thread;

use super::{ident, sites};
use crate::engine::clock::Segment;
use crate::engine::ids::ThreadId;
use crate::engine::mode::Mode;
use crate::primitives::model;
use crate::tracking::contexts::{Context, Holding, Offer};

fn context(thread: u64) -> Context {
    Context {
        holding: Arc::new(Holding {
            generation: 0,
            segment: Segment::first(ThreadId::new(thread)),
            held: Box::new([]),
            inherited: Box::new([]),
        }),
        mode: Mode::Exclusive,
        site: sites()[0],
    }
}

#[test]
fn an_offer_beside_a_promotion_is_in_the_one_or_is_refused() {
    model::check(None, || {
        let leaf = &ident().contexts;
        let offers = thread::spawn(move || [leaf.offer(context(1)), leaf.offer(context(2))]);
        let promoted = leaf.promote().expect("nobody else promotes it");
        let kept = offers.join().unwrap().map(|offer| match offer {
            Offer::Kept => true,
            Offer::Promoted => false,
            other => panic!("{other:?}"),
        });
        for (id, kept) in [1, 2].into_iter().zip(kept) {
            let found = promoted
                .iter()
                .filter(|c| c.holding.segment.thread() == ThreadId::new(id))
                .count();
            assert_eq!(found, usize::from(kept));
        }
        assert!(leaf.clear());
    });
}

#[test]
fn two_offers_at_once_are_both_kept() {
    model::check(None, || {
        let leaf = &ident().contexts;
        let other = thread::spawn(move || leaf.offer(context(1)));
        assert_eq!(leaf.offer(context(2)), Offer::Kept);
        assert_eq!(other.join().unwrap(), Offer::Kept);
        assert_eq!(leaf.promote().unwrap().len(), 2);
        assert!(leaf.clear());
    });
}

#[test]
fn of_two_promotions_one_gets_the_contexts() {
    model::check(None, || {
        let leaf = &ident().contexts;
        assert_eq!(leaf.offer(context(1)), Offer::Kept);
        let other = thread::spawn(move || leaf.promote().map(|found| found.len()));
        let here = leaf.promote().map(|found| found.len());
        let there = other.join().unwrap();
        assert!(matches!((here, there), (Some(1), None) | (None, Some(1))));
        assert!(leaf.clear());
    });
}
