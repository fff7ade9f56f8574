//! A random walk of insertions and deletions, compared with plain reachability.

use std::collections::BTreeSet;

use petgraph::visit::{EdgeRef, IntoEdgeReferences};

use super::helper::{lock, take, thread};
use crate::engine::order_graph::{Limits, OrderGraph};
use crate::engine::random::Random;

/// Returns whether a path leads from `a` to `b`.
fn leads(edges: &BTreeSet<(usize, usize)>, a: usize, b: usize) -> bool {
    let mut seen = BTreeSet::from([a]);
    let mut open = vec![a];
    while let Some(n) = open.pop() {
        if n == b {
            return true;
        }
        for (_, next) in edges.range((n, 0)..(n + 1, 0)) {
            if seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    false
}

/// Checks that every edge ascends except within components, every two live nodes on a cycle are in one
/// component, ranks are distinct, and the bounds of the ranks of components hold.
fn check(graph: &mut OrderGraph, edges: &BTreeSet<(usize, usize)>, seed: u64) {
    assert_eq!(graph.edge_count(), edges.len(), "seed {seed}");
    let store = graph.store();
    let mut live = 0;
    for edge in store.graph.edge_references() {
        let (a, b) = (store.node(edge.source()), store.node(edge.target()));
        if a.is_dead() || b.is_dead() {
            continue;
        }
        live += 1;
        let ends = (a.lock.get() as usize, b.lock.get() as usize);
        assert!(edges.contains(&ends), "seed {seed}: {ends:?}");
        if leads(edges, ends.1, ends.0) {
            assert!(
                store.same_scc(edge.source(), edge.target()),
                "seed {seed}: {ends:?}"
            );
        }
        if a.rank > b.rank {
            assert!(a.scc != 0 && b.scc != 0, "seed {seed}: {ends:?} descends");
        }
    }
    assert_eq!(live, edges.len(), "seed {seed}");
    let mut ranks = BTreeSet::new();
    for node in store.graph.node_weights().filter(|node| !node.is_dead()) {
        assert!(ranks.insert(node.rank), "seed {seed}: one rank twice");
        assert!(
            (store.lowest..=store.highest).contains(&node.rank),
            "seed {seed}"
        );
        if node.scc != 0 {
            let bounds = store.scc_lowest..=store.scc_highest;
            assert!(bounds.contains(&node.rank), "seed {seed}");
        }
    }
}

fn walk(seed: u64, locks: usize, steps: usize, forget_one_in: usize) {
    let mut random = Random::new(seed);
    let mut graph = OrderGraph::new(Limits {
        search_steps: 200,
        ..Limits::default()
    });
    let mut edges: BTreeSet<(usize, usize)> = BTreeSet::new();
    // Locks that are added later, with ids that were not used before.
    let mut live: Vec<usize> = (1..=locks).collect();
    let mut last = locks;
    for step in 0..steps {
        let (a, b) = (random.below(locks), random.below(locks));
        if random.one_in(forget_one_in) {
            let gone = live[a];
            graph.forget(lock(gone));
            edges.retain(|(x, y)| *x != gone && *y != gone);
            last += 1;
            live[a] = last;
        } else if a != b {
            let (x, y) = (live[a], live[b]);
            let is_new = !edges.contains(&(x, y));
            let closes = leads(&edges, y, x);
            let found = take(&mut graph, &thread(random.next() % 3), &[x], y);
            edges.insert((x, y));
            assert!(
                closes || found.is_empty(),
                "seed {seed}: a finding without a cycle"
            );
            if is_new && closes && graph.limits_reached().searches_cut == 0 {
                // All locks are exclusive, so that the first look at a new shortest cycle always has a
                // verdict, unless a reported cycle lies within it.
                let (x, y) = (lock(x), lock(y));
                let store = graph.store();
                let ends = (store.index(x).unwrap(), store.index(y).unwrap());
                assert!(store.same_scc(ends.0, ends.1), "seed {seed}");
            }
        }
        if step % 16 == 0 {
            check(&mut graph, &edges, seed);
        }
    }
    check(&mut graph, &edges, seed);
}

#[test]
fn small_graphs_agree_with_reachability() {
    for seed in 0..300 {
        walk(seed, 3 + (seed as usize % 8), 60, 6);
    }
}

#[test]
fn sparse_graphs_agree_with_reachability() {
    for seed in 1_000..1_040 {
        walk(seed, 60, 300, 3);
    }
}

#[test]
fn the_first_cycle_of_a_graph_is_reported_exactly_when_there_is_one() {
    for seed in 2_000..2_400 {
        let mut random = Random::new(seed);
        let mut graph = OrderGraph::new(Limits::default());
        let mut edges = BTreeSet::new();
        let locks = 3 + random.below(20);
        loop {
            let (a, b) = (1 + random.below(locks), 1 + random.below(locks));
            if a == b {
                continue;
            }
            let closes = leads(&edges, b, a);
            let found = take(&mut graph, &thread(1), &[a], b);
            edges.insert((a, b));
            assert_eq!(closes, !found.is_empty(), "seed {seed}");
            for finding in &found {
                for (at, link) in finding.links.iter().enumerate() {
                    let next = &finding.links[(at + 1) % finding.links.len()];
                    assert_eq!(link.to, next.from, "seed {seed}");
                    assert!(finding.links[0].from <= link.from, "seed {seed}");
                }
            }
            if closes {
                break;
            }
        }
    }
}
