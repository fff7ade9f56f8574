//! Acquisitions that repeat a kept one: their contexts are in the edges as soon as a search reads them.

use std::panic::Location;

use super::helper::{held, lock, reported, take, thread};
use crate::engine::acquisition::{Acquisition, Finding, HeldInfo};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::mode::{Mode, ReadPolicy};
use crate::engine::order_graph::repeats::{FEWEST, OF_ONE_LOCK};
use crate::engine::order_graph::{Limits, OrderGraph};
use crate::engine::random::Random;
use crate::engine::verdict::Verdict;

/// Records an acquisition as the detector does: as a repeated one if it is that.
fn take_kept(
    graph: &mut OrderGraph,
    segment: &Segment,
    from: &[(usize, Mode)],
    to: (usize, Mode),
) -> Vec<Finding> {
    let held: Vec<HeldInfo> = from.iter().map(|(n, mode)| held(*n, *mode)).collect();
    let word = |(n, mode): &(usize, Mode)| 1 << (n * 3 + *mode as usize);
    let content = from.iter().map(word).sum::<u64>() << 32 | word(&to);
    if graph.repeat(lock(to.0), content, segment).is_some() {
        return Vec::new();
    }
    let acquisition = Acquisition {
        segment,
        held: &held,
        inherited: &[],
        gone: &[],
        lock: lock(to.0),
        mode: to.1,
        site: Location::caller(),
    };
    graph.acquire_kept(&acquisition, content, false)
}

fn nest(graph: &mut OrderGraph, segment: &Segment, locks: &[usize]) -> Vec<Finding> {
    let locks: Vec<_> = locks.iter().map(|n| (*n, Mode::Exclusive)).collect();
    let mut found = Vec::new();
    for at in 1..locks.len() {
        found.extend(take_kept(graph, segment, &locks[..at], locks[at]));
    }
    found
}

/// Returns a graph of so many locks, which are mutexes.
fn of_mutexes(locks: usize, limits: Limits) -> OrderGraph {
    let mut graph = OrderGraph::new(limits);
    for n in 1..=locks {
        graph.add_lock(lock(n), ReadPolicy::ReadersPass);
    }
    graph
}

/// Returns the number of contexts of an edge.
fn contexts(graph: &mut OrderGraph, from: usize, to: usize) -> usize {
    let store = graph.store();
    let (x, y) = (store.index(lock(from)), store.index(lock(to)));
    let edge = store.find(x.unwrap(), y.unwrap()).unwrap();
    store.graph[edge].len()
}

#[test]
fn a_repeated_nest_adds_no_context_until_it_is_on_a_cycle() {
    let mut graph = of_mutexes(6, Limits::default());
    let all = [1, 2, 3, 4, 5, 6];
    assert!(nest(&mut graph, &thread(1), &all).is_empty());
    assert!(nest(&mut graph, &thread(2), &all).is_empty());
    assert_eq!(contexts(&mut graph, 1, 6), 1);
    // By the first thread alone the cycle is excused; the second one, whose nest repeated it, makes it an inversion.
    let found = take(&mut graph, &thread(1), &[6], 1);
    let inversion = (Verdict::Inversion, vec![1, 6]);
    assert!(reported(&found).contains(&inversion), "{found:?}");
    assert_eq!(contexts(&mut graph, 1, 6), 2);
    // From here on each context goes to its edges.
    nest(&mut graph, &thread(3), &all);
    assert_eq!(contexts(&mut graph, 1, 6), 3);
    assert_eq!(graph.limits_reached().contexts_dropped, 0);
}

#[test]
fn a_repeat_counts_once_for_each_segment_and_up_to_the_limit() {
    let limits = Limits {
        contexts_per_edge: 3,
        ..Limits::default()
    };
    let mut graph = of_mutexes(5, limits);
    let all = [1, 2, 3, 4, 5];
    for number in [1, 2, 2, 3, 3, 1] {
        nest(&mut graph, &thread(number), &all);
    }
    assert_eq!(graph.limits_reached().contexts_dropped, 0);
    nest(&mut graph, &thread(4), &all);
    let dropped = graph.limits_reached().contexts_dropped;
    assert!(dropped > 0);
    take(&mut graph, &thread(9), &[5], 1);
    assert_eq!(contexts(&mut graph, 1, 5), 3);
}

#[test]
fn each_writer_of_a_lock_whose_readers_wait_is_recorded() {
    let mut graph = OrderGraph::new(Limits::default());
    let from: Vec<_> = (1..=FEWEST).map(|n| (n, Mode::Exclusive)).collect();
    let last = (FEWEST + 1, Mode::Exclusive);
    for n in 1..=last.0 {
        graph.add_lock(lock(n), ReadPolicy::WriterBlocksReaders);
    }
    for number in [1, 2] {
        take_kept(&mut graph, &thread(number), &from, last);
    }
    assert_eq!(contexts(&mut graph, 1, last.0), 2);
}

#[test]
fn too_many_acquisitions_of_one_lock_lose_no_context() {
    let mut graph = OrderGraph::new(Limits::default());
    let last = 50;
    let from = |first: usize| -> Vec<(usize, Mode)> {
        let all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        let rest = all.iter().filter(|n| (first >> (*n - 1)) & 1 == 1);
        rest.map(|n| (*n, Mode::Shared)).collect()
    };
    let sets: Vec<_> = (1..1 << 10)
        .map(from)
        .filter(|set| set.len() == 8)
        .take(OF_ONE_LOCK + 8)
        .collect();
    assert_eq!(sets.len(), OF_ONE_LOCK + 8);
    for set in &sets {
        for number in [1, 2] {
            take_word(&mut graph, &thread(number), set, last);
        }
    }
    let found = take(&mut graph, &thread(3), &[last], 10);
    assert!(!found.is_empty());
    let at = contexts(&mut graph, 10, last);
    assert!(at >= 2, "{at}");
}

/// As `take_kept`, for sets of locks that have no word of their own there.
fn take_word(graph: &mut OrderGraph, segment: &Segment, from: &[(usize, Mode)], to: usize) {
    let held: Vec<HeldInfo> = from.iter().map(|(n, mode)| held(*n, *mode)).collect();
    let content = from.iter().map(|(n, _)| 1 << n).sum::<u64>();
    if graph.repeat(lock(to), content, segment).is_none() {
        let acquisition = Acquisition {
            segment,
            held: &held,
            inherited: &[],
            gone: &[],
            lock: lock(to),
            mode: Mode::Shared,
            site: Location::caller(),
        };
        graph.acquire_kept(&acquisition, content, false);
    }
}

#[test]
fn what_repeats_is_found_like_what_does_not() {
    let mut inversions = 0;
    for seed in 0..80 {
        let mut random = Random::new(seed);
        // Some locks are mutexes, and the writers of the others are distinguished.
        let mutexes = random.below(8);
        let mut plain = of_mutexes(mutexes, Limits::default());
        let mut kept = of_mutexes(mutexes, Limits::default());
        let mut found = [Vec::new(), Vec::new()];
        for _ in 0..14 {
            let segment = thread(random.next() % 4);
            let mode = [Mode::Shared, Mode::Exclusive, Mode::Exclusive][random.below(3)];
            let mut nest: Vec<_> = (1..=7)
                .filter(|_| !random.one_in(6))
                .map(|n| (n, mode))
                .collect();
            // Most nests are in one order, so that some repeat others before the first cycle.
            if random.one_in(8) {
                let by = random.below(nest.len());
                nest.rotate_left(by);
            }
            for at in 1..nest.len() {
                let (from, to) = (&nest[..at], nest[at]);
                let there = super::helper::take_as(&mut plain, &segment, from, to);
                found[0].extend(reported(&there));
                found[1].extend(reported(&take_kept(&mut kept, &segment, from, to)));
            }
        }
        for found in &mut found {
            found.retain(|(verdict, _)| *verdict == Verdict::Inversion);
            found.sort_by_key(|(_, locks)| locks.clone());
        }
        assert_eq!(found[0], found[1], "seed {seed}");
        inversions += found[0].len();
    }
    assert!(inversions > 80, "{inversions} inversions in all");
}

/// Records an acquisition under locks of the classes `from`, each the gate of the others by its id above 100: one
/// edge at a time. `None` if it repeats one that was kept.
fn take_apart(
    graph: &mut OrderGraph,
    segment: &Segment,
    from: &[usize],
    to: usize,
    keeps: bool,
) -> Option<Vec<Finding>> {
    let content = from.iter().map(|n| 1 << n).sum::<u64>() << 32 | 1 << to;
    if keeps && graph.repeat(lock(to), content, segment).is_some() {
        return None;
    }
    let of = |n: &usize| held(*n, Mode::Exclusive);
    let starts: Vec<HeldInfo> = from.iter().map(of).collect();
    let gates: Vec<HeldInfo> = from.iter().map(|n| of(&(n + 100))).collect();
    let mut found = Vec::new();
    for at in 0..from.len() {
        let others = [&gates[..at], &gates[at + 1..]].concat();
        found.extend(graph.acquire(&Acquisition {
            segment,
            held: &starts[at..=at],
            inherited: &[],
            gone: &others,
            lock: lock(to),
            mode: Mode::Exclusive,
            site: Location::caller(),
        }));
    }
    if keeps {
        graph.keep((&starts, &gates), of(&to), segment, content);
    }
    Some(found)
}

#[test]
fn what_repeats_with_gates_of_its_own_is_found_like_what_does_not() {
    let (mut inversions, mut repeated) = (0, 0);
    for seed in 0..80 {
        let mut random = Random::new(seed);
        let mut plain = of_mutexes(7, Limits::default());
        let mut kept = of_mutexes(7, Limits::default());
        let mut found = [Vec::new(), Vec::new()];
        for _ in 0..14 {
            let segment = thread(random.next() % 4);
            let mut nest: Vec<_> = (1..=7).filter(|_| !random.one_in(6)).collect();
            if random.one_in(8) {
                let by = random.below(nest.len());
                nest.rotate_left(by);
            }
            for at in 1..nest.len() {
                let (from, to) = (&nest[..at], nest[at]);
                let there = take_apart(&mut plain, &segment, from, to, false);
                found[0].extend(there.iter().flat_map(|there| reported(there)));
                let there = take_apart(&mut kept, &segment, from, to, true);
                found[1].extend(there.iter().flat_map(|there| reported(there)));
                repeated += usize::from(there.is_none());
            }
        }
        for found in &mut found {
            found.retain(|(verdict, _)| *verdict == Verdict::Inversion);
            found.sort_by_key(|(_, locks)| locks.clone());
        }
        assert_eq!(found[0], found[1], "seed {seed}");
        inversions += found[0].len();
    }
    assert!(inversions > 80, "{inversions} inversions in all");
    assert!(repeated > 80, "{repeated} repeated in all");
}
