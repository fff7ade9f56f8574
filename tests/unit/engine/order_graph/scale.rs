//! Sizes at which a recursive search overflows its stack or a naive one becomes quadratic.

use super::helper::{lock, reported, take, thread};
use crate::engine::order_graph::{Limits, OrderGraph};
use crate::engine::verdict::Verdict::{Inversion, Ordered, SingleThread};

const LONG: usize = 16_000;

#[test]
fn a_chain_built_head_first_closes() {
    let mut graph = OrderGraph::new(Limits::default());
    let one = thread(1);
    for n in 1..LONG {
        assert!(take(&mut graph, &one, &[n], n + 1).is_empty());
    }
    let found = take(&mut graph, &thread(2), &[LONG], 1);
    assert_eq!(
        reported(&found),
        [(SingleThread, (1..=LONG as u64).collect())]
    );
}

#[test]
fn a_chain_built_tail_first_closes() {
    let mut graph = OrderGraph::new(Limits::default());
    let one = thread(1);
    for n in (1..LONG).rev() {
        assert!(take(&mut graph, &one, &[n], n + 1).is_empty());
    }
    let found = take(&mut graph, &one, &[LONG], 1);
    assert_eq!(
        reported(&found),
        [(SingleThread, (1..=LONG as u64).collect())]
    );
    for n in 1..=LONG {
        graph.forget(lock(n));
    }
    assert_eq!((graph.edge_count(), graph.lock_count()), (0, 0));
}

#[test]
fn a_cycle_longer_than_the_limit_is_an_inversion_if_each_edge_has_its_own_thread() {
    for size in [20, 300] {
        let mut graph = OrderGraph::new(Limits::default());
        let mut found = Vec::new();
        for n in 1..=size {
            found.extend(take(&mut graph, &thread(n as u64), &[n], n % size + 1));
        }
        assert_eq!(reported(&found), [(Inversion, (1..=size as u64).collect())]);
    }
}

#[test]
fn a_hub_of_a_hundred_thousand_gives_its_memory_back() {
    const CHILDREN: usize = 100_000;
    let mut graph = OrderGraph::new(Limits::default());
    let one = thread(1);
    for n in 2..CHILDREN + 2 {
        take(&mut graph, &one, &[1], n);
    }
    assert_eq!(graph.edge_count(), CHILDREN);
    for n in 2..CHILDREN + 2 {
        graph.forget(lock(n));
    }
    assert_eq!((graph.edge_count(), graph.lock_count()), (0, 1));
    assert!(graph.store().edge_slots() <= 1024);
}

#[test]
fn two_hubs_with_the_same_children_look_their_edges_up_and_forget_them() {
    let mut graph = OrderGraph::new(Limits::default());
    for parent in 1..60 {
        for child in 100..200 {
            for _ in 0..2 {
                take(&mut graph, &thread(1), &[parent], child);
            }
        }
    }
    assert_eq!(graph.edge_count(), 59 * 100);
    graph.forget(lock(1));
    graph.forget(lock(100));
    assert_eq!(graph.edge_count(), 58 * 99);
    take(&mut graph, &thread(1), &[2], 100);
    take(&mut graph, &thread(1), &[2], 101);
    assert_eq!(graph.edge_count(), 58 * 99 + 1);
}

#[test]
fn an_edge_index_drops_a_lock_whose_slot_was_reused() {
    let mut graph = OrderGraph::new(Limits::default());
    let one = thread(1);
    for child in 100..140 {
        for parent in 1..40 {
            take(&mut graph, &one, &[parent], child);
        }
    }
    // Both lists are long by now, so this look-up builds the index.
    take(&mut graph, &one, &[1], 100);
    take(&mut graph, &one, &[1], 200);
    graph.forget(lock(200));
    for parent in 2..40 {
        take(&mut graph, &one, &[parent], 201);
    }
    let edges = graph.edge_count();
    take(&mut graph, &one, &[1], 201);
    assert_eq!(graph.edge_count(), edges + 1);
}

#[test]
fn forty_five_locks_in_all_rotations_give_each_pair_once() {
    const LOCKS: usize = 45;
    let mut graph = OrderGraph::new(Limits::default());
    let mut found = Vec::new();
    for first in 0..LOCKS {
        let segment = thread(first as u64);
        let mut held = Vec::new();
        for n in 0..LOCKS {
            let next = (first + n) % LOCKS + 1;
            found.extend(take(&mut graph, &segment, &held, next));
            held.push(next);
        }
    }
    let inversions = reported(&found)
        .into_iter()
        .filter(|(verdict, _)| *verdict == Inversion);
    let mut inversions: Vec<_> = inversions.map(|(_, locks)| locks).collect();
    let all = inversions.len();
    inversions.sort();
    inversions.dedup();
    println!(
        "{all} inversions among {} findings, {:?}",
        found.len(),
        graph.limits_reached()
    );
    assert_eq!(inversions.len(), all, "none twice");
    assert!(inversions.iter().all(|locks| locks.len() == 2));
    assert_eq!(all, LOCKS * (LOCKS - 1) / 2);
}

/// One thread nests all locks, then a thread that is ordered after it nests them in reverse: each edge of the
/// second closes cycles, and all of them are excused.
#[test]
fn a_nest_that_is_reversed_by_a_later_thread_costs_a_budget_for_each_acquisition() {
    const LOCKS: usize = 200;
    let limits = Limits::default();
    let mut graph = OrderGraph::new(limits);
    let (first, mut later) = (thread(1), thread(2));
    later.learn(&first);
    let mut walked = [0; 2];
    let orders: [Vec<usize>; 2] = [(1..=LOCKS).collect(), (1..=LOCKS).rev().collect()];
    for (at, (segment, order)) in [first, later].into_iter().zip(orders).enumerate() {
        let before = graph.store().scratch.walked;
        for n in 0..LOCKS {
            let found = take(&mut graph, &segment, &order[..n], order[n]);
            assert!(found.iter().all(|finding| finding.verdict == Ordered));
        }
        walked[at] = graph.store().scratch.walked - before;
    }
    assert_eq!(walked[0], 0, "the edges of a nest ascend");
    assert!(
        walked[1] <= LOCKS * limits.search_steps,
        "{} steps",
        walked[1]
    );
    // A new inversion after that is found at once.
    let found = take(&mut graph, &thread(3), &[LOCKS], 1);
    assert_eq!(reported(&found), [(Inversion, vec![1, LOCKS as u64])]);
}
