//! Lock-order scenarios with the verdict that each must have.

use super::helper::{held, lock, reported, take, take_as, thread};
use crate::engine::acquisition::{Acquisition, Finding, InheritedHold};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::ThreadId;
use crate::engine::mode::Mode::{self, Exclusive, Shared, Upgradable};
use crate::engine::mode::ReadPolicy;
use crate::engine::order_graph::limits::LimitsReached;
use crate::engine::order_graph::{Limits, OrderGraph};
use crate::engine::verdict::Verdict::{Guarded, Inversion, Ordered, SingleThread};

const A: usize = 1;
const B: usize = 2;
const C: usize = 3;
const G: usize = 9;

fn graph() -> OrderGraph {
    OrderGraph::new(Limits::default())
}

/// Lock A is a reader-writer lock, B a mutex.
fn graph_of(policy: ReadPolicy) -> OrderGraph {
    let mut graph = graph();
    graph.add_lock(lock(A), policy);
    graph.add_lock(lock(B), ReadPolicy::ReadersPass);
    graph
}

#[test]
fn opposite_orders_of_two_threads_are_an_inversion_with_both_sides() {
    let mut graph = graph();
    assert!(take(&mut graph, &thread(1), &[A], B).is_empty());
    let found = take(&mut graph, &thread(2), &[B], A);
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
    let links = &found[0].links;
    assert_eq!((links[0].from, links[0].to), (lock(A), lock(B)));
    assert_eq!(
        (links[0].thread, links[1].thread),
        (ThreadId::new(1), ThreadId::new(2))
    );
    assert_ne!(links[0].to_site, links[1].to_site);
    assert!(found[0].guards.is_empty());
}

#[test]
fn the_same_inversion_two_thousand_times_is_one_finding() {
    let mut graph = graph();
    let mut found = Vec::new();
    for round in 0..2_000 {
        found.extend(take(&mut graph, &thread(2 * round), &[A], B));
        found.extend(take(&mut graph, &thread(2 * round + 1), &[B], A));
    }
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
    assert!(graph.limits_reached().contexts_dropped > 0);
}

#[test]
fn a_second_cycle_through_a_reported_edge_is_reported() {
    let mut graph = graph();
    take(&mut graph, &thread(1), &[A], B);
    for third in [C, 4] {
        take(&mut graph, &thread(2), &[B], third);
        let found = reported(&take(&mut graph, &thread(3), &[third], A));
        assert_eq!(found, [(Inversion, vec![1, 2, third as u64])]);
    }
}

/// Returns all inversions of these edges, each taken by the thread with its index in the list.
fn inversions_of(edges: &[(usize, usize)], order: &[usize]) -> Vec<Vec<u64>> {
    let mut graph = graph();
    let mut all = Vec::new();
    for &at in order {
        let (from, to) = edges[at];
        for (verdict, locks) in reported(&take(&mut graph, &thread(at as u64), &[from], to)) {
            assert_eq!(verdict, Inversion, "{order:?}");
            all.push(locks);
        }
    }
    all
}

#[test]
fn a_longer_cycle_is_reported_if_the_closing_edge_is_only_its_own() {
    let edges = [(A, B), (B, A), (B, C), (C, A)];
    for (order, news) in [
        ([0, 1, 2, 3], true),
        ([0, 1, 3, 2], true),
        ([1, 0, 2, 3], true),
        ([0, 2, 1, 3], true),
        ([2, 1, 0, 3], true),
        ([3, 1, 0, 2], true),
        // The triangle first, then the pair within it.
        ([0, 2, 3, 1], true),
        ([3, 2, 0, 1], true),
        // An edge of both cycles closes both, and the pair is the news.
        ([1, 2, 3, 0], false),
        ([2, 3, 1, 0], false),
    ] {
        let mut found = inversions_of(&edges, &order);
        found.sort();
        let pair = vec![1, 2];
        let both = [pair.clone(), vec![1, 2, 3]];
        assert_eq!(found, both[..if news { 2 } else { 1 }], "{order:?}");
    }
}

#[test]
fn a_new_context_reports_a_longer_cycle_if_the_shorter_one_lacks_its_edge() {
    let mut graph = graph();
    take(&mut graph, &thread(1), &[A], B);
    take(&mut graph, &thread(2), &[B], A);
    take(&mut graph, &thread(1), &[B], C);
    // Thread 1 cannot be at two places, so the only news is the label.
    let found = reported(&take(&mut graph, &thread(3), &[C], A));
    assert!(found.iter().all(|(verdict, _)| *verdict != Inversion));
    let found = reported(&take(&mut graph, &thread(4), &[B], C));
    assert_eq!(found, [(Inversion, vec![1, 2, 3])]);
    // Here the pair contains the edge.
    assert!(take(&mut graph, &thread(5), &[A], B).is_empty());
}

#[test]
fn a_short_cut_through_a_longer_cycle_is_reported_in_its_place() {
    // A cycle of four locks with a short cut: 2 -> 4 leaves out 3.
    let edges = [(1, 2), (2, 4), (4, 1), (2, 3), (3, 4)];
    let found = inversions_of(&edges, &[0, 1, 2, 3, 4]);
    assert_eq!(found, [vec![1, 2, 4], vec![1, 2, 3, 4]]);
    // An edge of both cycles comes last.
    assert_eq!(inversions_of(&edges, &[1, 2, 3, 4, 0]), [[1, 2, 4]]);
}

#[test]
fn one_edge_that_closes_two_cycles_reports_both() {
    let mut graph = graph();
    for middle in [B, C] {
        take(&mut graph, &thread(1), &[A], middle);
        take(&mut graph, &thread(2), &[middle], 4);
    }
    let mut found = reported(&take(&mut graph, &thread(3), &[4], A));
    found.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(
        found,
        [(Inversion, vec![1, 2, 4]), (Inversion, vec![1, 3, 4])]
    );
}

#[test]
fn a_lock_dropped_in_the_middle_leaves_the_edge_around_it() {
    let mut graph = graph();
    take(&mut graph, &thread(1), &[A], B);
    take(&mut graph, &thread(1), &[A, B], C);
    graph.forget(lock(B));
    assert_eq!((graph.lock_count(), graph.edge_count()), (2, 1));
    assert_eq!(
        reported(&take(&mut graph, &thread(2), &[C], A)),
        [(Inversion, vec![1, 3])]
    );
}

#[test]
fn a_dropped_lock_removes_its_edges() {
    let mut graph = graph();
    take(&mut graph, &thread(1), &[A], B);
    graph.forget(lock(A));
    assert!(take(&mut graph, &thread(2), &[B], C).is_empty());
    assert!(take(&mut graph, &thread(1), &[C], 4).is_empty());
    assert_eq!(graph.edge_count(), 2);
}

#[test]
fn a_gate_around_both_orders_guards_and_its_loss_is_reported() {
    let mut graph = graph();
    take(&mut graph, &thread(1), &[G, A], B);
    let found = take(&mut graph, &thread(2), &[G, B], A);
    assert_eq!(reported(&found), [(Guarded, vec![1, 2])]);
    assert_eq!(found[0].guards, [lock(G)]);
    assert_eq!(*found[0].links[0].gates, [lock(G)]);
    assert!(take(&mut graph, &thread(2), &[G, B], A).is_empty());
    let found = take(&mut graph, &thread(2), &[B], A);
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
}

#[test]
fn a_request_without_the_gate_of_all_earlier_requests_is_found() {
    let mut graph = graph();
    // Every thread requests C under the gate, and so does the one that closes the cycle.
    take(&mut graph, &thread(1), &[A], B);
    take(&mut graph, &thread(2), &[G, B], C);
    let found = reported(&take(&mut graph, &thread(3), &[G, C], A));
    assert_eq!(found, [(Guarded, vec![1, 2, 3])]);
    let found = reported(&take(&mut graph, &thread(4), &[B], C));
    assert_eq!(found, [(Inversion, vec![1, 2, 3])]);
    graph.forget(lock(C));
    take(&mut graph, &thread(2), &[G, B], 4);
    let found = reported(&take(&mut graph, &thread(3), &[4], A));
    assert_eq!(found, [(Inversion, vec![1, 2, 4])]);
}

#[test]
fn a_gate_that_both_hold_shared_is_none() {
    let mut graph = graph();
    take_as(
        &mut graph,
        &thread(1),
        &[(G, Shared), (A, Exclusive)],
        (B, Exclusive),
    );
    let found = take_as(
        &mut graph,
        &thread(2),
        &[(G, Shared), (B, Exclusive)],
        (A, Exclusive),
    );
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
}

#[test]
fn a_gate_that_one_holds_shared_and_one_exclusively_guards() {
    let mut graph = graph();
    take_as(
        &mut graph,
        &thread(1),
        &[(G, Shared), (A, Exclusive)],
        (B, Exclusive),
    );
    let found = take_as(
        &mut graph,
        &thread(2),
        &[(G, Exclusive), (B, Exclusive)],
        (A, Exclusive),
    );
    assert_eq!(reported(&found), [(Guarded, vec![1, 2])]);
}

/// Two threads invert A and B under a lock that other threads, their parents, hold.
fn inversion_under_parents(holders: [u64; 2]) -> (OrderGraph, Vec<Finding>) {
    let mut graph = graph();
    graph.add_lock(lock(G), ReadPolicy::WriterBlocksReaders);
    let mut found = Vec::new();
    for (n, from, to, holder) in [(1, A, B, holders[0]), (2, B, A, holders[1])] {
        let gate = InheritedHold {
            held: held(G, Exclusive),
            holder: ThreadId::new(holder),
        };
        found.extend(graph.acquire(&Acquisition {
            segment: &thread(n),
            held: &[held(from, Exclusive)],
            inherited: &[gate],
            gone: &[],
            lock: lock(to),
            mode: Exclusive,
            site: gate.held.site,
        }));
    }
    (graph, found)
}

#[test]
fn a_lock_held_around_threads_by_two_parents_guards_them() {
    let (graph, found) = inversion_under_parents([8, 9]);
    assert_eq!(reported(&found), [(Guarded, vec![1, 2])]);
    assert_eq!(
        graph.edge_count(),
        4,
        "a lock held around a thread has edges"
    );
}

#[test]
fn a_lock_held_around_threads_by_one_parent_does_not_guard_them_from_each_other() {
    let (_, found) = inversion_under_parents([9, 9]);
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
}

#[test]
fn a_lock_held_around_threads_that_is_gone_guards_and_has_no_edges() {
    let mut graph = graph();
    let gate = InheritedHold {
        held: held(G, Exclusive),
        holder: ThreadId::new(9),
    };
    let mut found = Vec::new();
    for (n, from, to, inherited) in [(1, A, B, true), (2, B, A, false)] {
        let locks = [held(from, Exclusive), held(G, Exclusive)];
        found.extend(graph.acquire(&Acquisition {
            segment: &thread(n),
            held: &locks[..1],
            inherited: if inherited {
                std::slice::from_ref(&gate)
            } else {
                &[]
            },
            gone: if inherited { &[] } else { &locks[1..] },
            lock: lock(to),
            mode: Exclusive,
            site: gate.held.site,
        }));
    }
    assert_eq!(reported(&found), [(Guarded, vec![1, 2])]);
    assert_eq!((graph.edge_count(), graph.lock_count()), (2, 2));
}

#[test]
fn one_thread_with_both_orders_is_single_thread_until_a_second_one_takes_one() {
    let mut graph = graph();
    take(&mut graph, &thread(1), &[A], B);
    assert_eq!(
        reported(&take(&mut graph, &thread(1), &[B], A)),
        [(SingleThread, vec![1, 2])]
    );
    assert_eq!(
        reported(&take(&mut graph, &thread(2), &[A], B)),
        [(Inversion, vec![1, 2])]
    );
}

#[test]
fn a_cycle_with_fewer_threads_than_links_is_single_thread() {
    let mut graph = graph();
    take(&mut graph, &thread(1), &[A], B);
    take(&mut graph, &thread(1), &[B], C);
    assert_eq!(
        reported(&take(&mut graph, &thread(2), &[C], A)),
        [(SingleThread, vec![1, 2, 3])]
    );
    assert_eq!(
        reported(&take(&mut graph, &thread(3), &[B], C)),
        [(Inversion, vec![1, 2, 3])]
    );
}

#[test]
fn a_cycle_both_ordered_and_under_a_gate_is_ordered() {
    let mut graph = graph();
    let parent = thread(1);
    take(&mut graph, &parent, &[G, A], B);
    let mut child = thread(2);
    child.learn(&parent);
    assert_eq!(
        reported(&take(&mut graph, &child, &[G, B], A)),
        [(Ordered, vec![1, 2])]
    );
    assert_eq!(
        reported(&take(&mut graph, &thread(3), &[G, B], A)),
        [(Guarded, vec![1, 2])]
    );
}

#[test]
fn orders_before_a_spawn_and_after_a_join_are_ordered() {
    let mut graph = graph();
    let parent = thread(1);
    take(&mut graph, &parent, &[A], B);
    let mut child = thread(2);
    child.learn(&parent);
    assert_eq!(
        reported(&take(&mut graph, &child, &[B], A)),
        [(Ordered, vec![1, 2])]
    );
    let mut joined = parent.clone();
    joined.learn(&child);
    assert!(take(&mut graph, &joined, &[A], B).is_empty());
    assert_eq!(
        reported(&take(&mut graph, &thread(3), &[A], B)),
        [(Inversion, vec![1, 2])]
    );
}

#[test]
fn row_1_a_reader_and_a_writer_conflict() {
    for policy in [ReadPolicy::WriterBlocksReaders, ReadPolicy::ReadersPass] {
        let mut graph = graph_of(policy);
        take_as(&mut graph, &thread(1), &[(A, Shared)], (B, Exclusive));
        let found = take_as(&mut graph, &thread(2), &[(B, Exclusive)], (A, Exclusive));
        assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
    }
}

/// Two threads read A, one around B and one within it.
fn readers_in_both_orders(graph: &mut OrderGraph) {
    take_as(graph, &thread(1), &[(A, Shared)], (B, Exclusive));
    assert!(take_as(graph, &thread(2), &[(B, Exclusive)], (A, Shared)).is_empty());
}

fn write(graph: &mut OrderGraph, segment: &Segment, under: &[(usize, Mode)]) -> Vec<Finding> {
    take_as(graph, segment, under, (A, Exclusive))
}

#[test]
fn row_2_two_readers_conflict_once_a_write_was_seen_after() {
    let mut graph = graph_of(ReadPolicy::WriterBlocksReaders);
    readers_in_both_orders(&mut graph);
    let found = write(&mut graph, &thread(3), &[]);
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
    assert!(write(&mut graph, &thread(4), &[]).is_empty());
}

#[test]
fn row_2_two_readers_conflict_once_a_write_was_seen_before() {
    let mut graph = graph_of(ReadPolicy::WriterBlocksReaders);
    assert!(write(&mut graph, &thread(3), &[]).is_empty());
    take_as(&mut graph, &thread(1), &[(A, Shared)], (B, Exclusive));
    let found = take_as(&mut graph, &thread(2), &[(B, Exclusive)], (A, Shared));
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
    assert!(!found[0].lacks_writers);
}

#[test]
fn row_2_two_readers_conflict_once_any_thread_may_write() {
    let mut graph = graph_of(ReadPolicy::WriterBlocksReaders);
    readers_in_both_orders(&mut graph);
    assert_eq!(
        reported(&graph.allow_any_writer(lock(A))),
        [(Inversion, vec![1, 2])]
    );
    assert!(graph.allow_any_writer(lock(A)).is_empty());
}

#[test]
fn row_2_a_write_in_an_order_of_its_own_raises_the_cycle_too() {
    let mut graph = graph_of(ReadPolicy::WriterBlocksReaders);
    readers_in_both_orders(&mut graph);
    let found = write(&mut graph, &thread(3), &[(C, Exclusive)]);
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
}

#[test]
fn row_2_no_thread_of_the_cycle_is_the_writer_that_it_takes() {
    let mut graph = graph_of(ReadPolicy::WriterBlocksReaders);
    readers_in_both_orders(&mut graph);
    let found = write(&mut graph, &thread(1), &[]);
    assert_eq!(reported(&found), [(SingleThread, vec![1, 2])]);
    assert!(found[0].lacks_writers);
    assert!(write(&mut graph, &thread(2), &[]).is_empty());
    let found = write(&mut graph, &thread(3), &[]);
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
}

#[test]
fn row_2_a_writer_from_before_the_threads_were_started_is_none() {
    let mut parent = thread(3);
    let start = parent.clone();
    parent.advance();
    let child = |n| {
        let mut child = thread(n);
        child.learn(&start);
        child
    };
    let mut graph = graph_of(ReadPolicy::WriterBlocksReaders);
    assert!(write(&mut graph, &start, &[]).is_empty());
    take_as(&mut graph, &child(1), &[(A, Shared)], (B, Exclusive));
    let found = take_as(&mut graph, &child(2), &[(B, Exclusive)], (A, Shared));
    assert_eq!(reported(&found), [(Ordered, vec![1, 2])]);
    assert!(found[0].lacks_writers);
    let found = write(&mut graph, &parent, &[]);
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
}

#[test]
fn row_2_a_writer_under_a_lock_of_the_readers_is_none() {
    let mut graph = graph_of(ReadPolicy::WriterBlocksReaders);
    take_as(&mut graph, &thread(1), &[(A, Shared)], (B, Exclusive));
    let under = [(G, Exclusive), (B, Exclusive)];
    assert!(take_as(&mut graph, &thread(2), &under, (A, Shared)).is_empty());
    let found = write(&mut graph, &thread(3), &[(G, Exclusive)]);
    assert_eq!(reported(&found), [(Guarded, vec![1, 2])]);
    assert!(found[0].lacks_writers);
    assert_eq!(found[0].guards, [lock(G)]);
}

#[test]
fn row_2_readers_of_two_locks_take_two_writers() {
    let mut graph = graph();
    take_as(&mut graph, &thread(1), &[(A, Shared)], (B, Shared));
    take_as(&mut graph, &thread(2), &[(B, Shared)], (A, Shared));
    assert!(take_as(&mut graph, &thread(3), &[], (A, Exclusive)).is_empty());
    let found = take_as(&mut graph, &thread(3), &[], (B, Exclusive));
    assert_eq!(reported(&found), [(SingleThread, vec![1, 2])]);
    let found = take_as(&mut graph, &thread(4), &[], (B, Exclusive));
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
}

#[test]
fn more_writers_than_the_limit_count_as_any_thread() {
    let mut graph = graph_of(ReadPolicy::WriterBlocksReaders);
    readers_in_both_orders(&mut graph);
    let mut writer = thread(1);
    let mut raised = 0;
    while !graph.has_any_writer(lock(A)) {
        assert_eq!(raised, 0, "the one writer is a thread of the cycle");
        let found = write(&mut graph, &writer, &[]);
        raised += found.iter().filter(|f| f.verdict == Inversion).count();
        writer.advance();
    }
    assert_eq!(raised, 1);
}

#[test]
fn row_2_readers_that_pass_writers_stay_silent() {
    let mut graph = graph_of(ReadPolicy::ReadersPass);
    take_as(&mut graph, &thread(1), &[(A, Shared)], (B, Exclusive));
    assert!(take_as(&mut graph, &thread(2), &[(B, Exclusive)], (A, Shared)).is_empty());
    assert!(write(&mut graph, &thread(3), &[]).is_empty());
    assert!(graph.allow_any_writer(lock(A)).is_empty());
}

#[test]
fn row_3_two_writers_conflict_in_either_role() {
    let mut graph = graph_of(ReadPolicy::ReadersPass);
    take_as(&mut graph, &thread(1), &[(A, Exclusive)], (B, Exclusive));
    let found = take_as(&mut graph, &thread(2), &[(B, Exclusive)], (A, Shared));
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
}

#[test]
fn row_7_a_harmless_edge_first_does_not_hide_the_exclusive_one() {
    for policy in [ReadPolicy::WriterBlocksReaders, ReadPolicy::ReadersPass] {
        let mut graph = graph_of(policy);
        take_as(&mut graph, &thread(1), &[(A, Shared)], (B, Exclusive));
        assert!(take_as(&mut graph, &thread(2), &[(B, Exclusive)], (A, Shared)).is_empty());
        let found = take_as(&mut graph, &thread(2), &[(B, Exclusive)], (A, Exclusive));
        assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
    }
}

#[test]
fn two_upgradable_holders_conflict_and_one_beside_readers_does_not() {
    let mut graph = graph_of(ReadPolicy::WriterBlocksReaders);
    take_as(&mut graph, &thread(1), &[(A, Upgradable)], (B, Exclusive));
    assert!(take_as(&mut graph, &thread(2), &[(B, Exclusive)], (A, Shared)).is_empty());
    let found = take_as(&mut graph, &thread(2), &[(B, Exclusive)], (A, Upgradable));
    assert_eq!(reported(&found), [(Inversion, vec![1, 2])]);
}

#[test]
fn a_gate_that_starts_another_link_excludes_the_cycle_but_not_its_short_cut() {
    let mut graph = graph();
    take(&mut graph, &thread(1), &[A], B);
    take(&mut graph, &thread(2), &[A, B], C);
    // A -> B (1), B -> C (2, which holds A) and C -> A (3) cannot coexist: 1 and 2 both hold A.
    let found = reported(&take(&mut graph, &thread(3), &[C], A));
    assert_eq!(found[0], (Inversion, vec![1, 3]));
    assert!(!found.contains(&(Inversion, vec![1, 2, 3])));
}

#[test]
fn a_dropped_lock_still_guards_what_was_taken_under_it() {
    for (gone, verdict) in [(true, Guarded), (false, Inversion)] {
        let mut graph = graph();
        take(&mut graph, &thread(2), &[G, B], A);
        let gates = if gone {
            vec![held(G, Exclusive)]
        } else {
            Vec::new()
        };
        let edges = graph.edge_count();
        let found = graph.acquire(&Acquisition {
            segment: &thread(1),
            held: &[held(A, Exclusive)],
            inherited: &[],
            gone: &gates,
            lock: lock(B),
            mode: Exclusive,
            site: gates
                .first()
                .map_or(held(A, Exclusive).site, |gate| gate.site),
        });
        assert_eq!(reported(&found), [(verdict, vec![1, 2])]);
        assert_eq!(graph.edge_count(), edges + 1);
    }
}

#[test]
fn limits_are_kept_and_counted() {
    let mut graph = OrderGraph::new(Limits {
        edges: 1,
        contexts_per_edge: 2,
        ..Limits::default()
    });
    take(&mut graph, &thread(1), &[A], B);
    take(&mut graph, &thread(1), &[A], C);
    assert_eq!(
        (graph.edge_count(), graph.limits_reached().edges_refused),
        (1, 1)
    );
    for n in 2..5 {
        take(&mut graph, &thread(n), &[A], B);
    }
    assert_eq!(graph.limits_reached().contexts_dropped, 2);
    assert!(graph.limits_reached() != LimitsReached::default());
}

#[test]
fn a_first_context_of_a_thread_goes_before_a_second_one_of_another() {
    let mut graph = OrderGraph::new(Limits {
        contexts_per_edge: 2,
        ..Limits::default()
    });
    take(&mut graph, &thread(1), &[8, A], B);
    take(&mut graph, &thread(1), &[9, A], B);
    take(&mut graph, &thread(2), &[A], B);
    assert_eq!(
        reported(&take(&mut graph, &thread(1), &[B], A)),
        [(Inversion, vec![1, 2])]
    );
}
