//! Verdicts on random small programs against the naive model.

use super::helper::{held, lock, take_as};
use super::naive::{Model, Taken, Written, edges, is_part};
use crate::engine::acquisition::{Acquisition, Finding, HeldInfo, Link};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::ThreadId;
use crate::engine::mode::Mode::{Exclusive, Shared, Upgradable};
use crate::engine::mode::{Mode, ReadPolicy};
use crate::engine::order_graph::limits::LimitsReached;
use crate::engine::order_graph::{Limits, OrderGraph};
use crate::engine::random::Random;
use crate::engine::verdict::Verdict;

const PROGRAMS: u64 = 1_500;

/// What a program may use beyond mutexes and threads.
#[derive(Clone, Copy)]
struct Spice {
    modes: bool,
    order: bool,
    inherited: bool,
}

struct Program {
    graph: OrderGraph,
    model: Model,
    segments: Vec<Segment>,
    found: Vec<Finding>,
}

impl Program {
    fn new(locks: usize, threads: usize, random: &mut Random, spice: Spice) -> Self {
        let limits = Limits {
            contexts_per_edge: 1_000,
            ..Limits::default()
        };
        let mut graph = OrderGraph::new(limits);
        let mut policies = Vec::new();
        for n in 0..locks {
            let passes = spice.modes && random.one_in(2);
            let policy = if passes {
                ReadPolicy::ReadersPass
            } else {
                ReadPolicy::WriterBlocksReaders
            };
            policies.push(policy);
            graph.add_lock(lock(n + 1), policy);
        }
        let first = |n| Segment::first(ThreadId::new(n as u64));
        Self {
            graph,
            model: Model {
                policies,
                any_writer: vec![false; locks],
                written: Vec::new(),
                taken: Vec::new(),
            },
            segments: (0..threads).map(first).collect(),
            found: Vec::new(),
        }
    }

    fn acquire(&mut self, random: &mut Random, spice: Spice) {
        let locks = self.model.policies.len();
        let mode = |random: &mut Random| match random.below(if spice.modes { 4 } else { 1 }) {
            0 => Exclusive,
            1 => Upgradable,
            _ => Shared,
        };
        let mut order: Vec<usize> = (0..locks).collect();
        for at in 0..locks {
            order.swap(at, at + random.below(locks - at));
        }
        let most = if random.one_in(2) { locks - 1 } else { 1 };
        let count = 1 + random.below(most);
        let to = (order[count], mode(random));
        let mut all: Vec<(usize, Mode)> =
            order[..count].iter().map(|n| (*n, mode(random))).collect();
        let mut split = if spice.inherited && count > 1 {
            1 + random.below(count)
        } else {
            count
        };
        // The lock itself, in a mode that does not exclude everything that the request can wait for.
        let again = match to.1 {
            Exclusive => Some(Upgradable),
            Upgradable => Some(Shared),
            Shared => None,
        };
        if let Some(again) = again.filter(|_| spice.modes && random.one_in(3)) {
            assert!(!again.keeps_out(to.1));
            all.insert(0, (to.0, again));
            split += 1;
        }
        let segment = self.segments[random.below(self.segments.len())].clone();
        if to.1 == Exclusive {
            self.model.written.push(Written {
                lock: to.0,
                segment: segment.clone(),
                held: all.clone(),
            });
        }
        for from in all[..split].iter().filter(|from| from.0 != to.0) {
            let (segment, from) = (segment.clone(), *from);
            self.model.taken.push(Taken {
                segment,
                held: all.clone(),
                from,
                to,
            });
        }
        let entries: Vec<HeldInfo> = all.iter().map(|(n, mode)| held(n + 1, *mode)).collect();
        self.found.extend(self.graph.acquire(&Acquisition {
            segment: &segment,
            held: &entries[..split],
            inherited: &[],
            gone: &entries[split..],
            lock: lock(to.0 + 1),
            mode: to.1,
            site: entries[0].site,
        }));
    }

    /// One thread releases its clock and another one acquires it.
    fn hand_over(&mut self, random: &mut Random) {
        let (a, b) = (
            random.below(self.segments.len()),
            random.below(self.segments.len()),
        );
        if a != b {
            let news = self.segments[a].clone();
            self.segments[a].advance();
            self.segments[b].learn(&news);
        }
    }

    /// Records a writer that holds nothing, or that any thread may write.
    fn write(&mut self, random: &mut Random) {
        let n = random.below(self.model.policies.len());
        if random.one_in(8) {
            self.model.any_writer[n] = true;
            self.found.extend(self.graph.allow_any_writer(lock(n + 1)));
            return;
        }
        let segment = self.segments[random.below(self.segments.len())].clone();
        let found = take_as(&mut self.graph, &segment, &[], (n + 1, Exclusive));
        self.found.extend(found);
        self.model.written.push(Written {
            lock: n,
            segment,
            held: Vec::new(),
        });
    }

    /// Returns the reported inversions, in the form of the model.
    fn reported(&self) -> Vec<Vec<usize>> {
        let inversions = self
            .found
            .iter()
            .filter(|f| f.verdict == Verdict::Inversion);
        let lock = |link: &Link| link.from.get() as usize - 1;
        inversions
            .map(|f| f.links.iter().map(lock).collect())
            .collect()
    }

    fn check(&self, seed: u64) {
        let (reported, all) = (self.reported(), self.model.inversions());
        assert!(
            reported.iter().all(|cycle| all.contains(cycle)),
            "seed {seed}: {reported:?} not in {all:?}"
        );
        // A cycle became an inversion by one of its edges. It was reported then, or was no news: a cycle
        // within it, with that edge, was reported.
        for cycle in &all {
            let mut known = reported.iter();
            assert!(
                known.any(|known| known == cycle
                    || is_part(known, cycle) && edges(known).any(|e| edges(cycle).any(|f| e == f))),
                "seed {seed}: {cycle:?} of {all:?} is neither reported nor old news after {reported:?}"
            );
        }
        // Nothing else was reported, and nothing twice.
        for (at, cycle) in reported.iter().enumerate() {
            let before = &reported[..at];
            let is_news = |edge| {
                let mut parts = before.iter().filter(|known| is_part(known, cycle));
                parts.all(|part| !edges(part).any(|other| other == edge))
            };
            assert!(
                !before.contains(cycle) && edges(cycle).any(is_news),
                "seed {seed}: {cycle:?} is no news after {before:?}"
            );
        }
        assert!(
            self.graph.limits_reached() == LimitsReached::default(),
            "seed {seed}"
        );
    }
}

fn run(spice: Spice, salt: u64) {
    let mut inversions = 0;
    for n in 0..PROGRAMS {
        let seed = salt + n;
        let mut random = Random::new(seed);
        let (locks, threads) = (2 + random.below(4), 1 + random.below(4));
        let mut program = Program::new(locks, threads, &mut random, spice);
        for _ in 0..2 + random.below(14) {
            match random.below(8) {
                0 | 1 if spice.order => program.hand_over(&mut random),
                2 if spice.modes => program.write(&mut random),
                _ => program.acquire(&mut random, spice),
            }
            if random.one_in(4) {
                program.check(seed);
            }
        }
        program.check(seed);
        inversions += program.reported().len();
    }
    println!("{PROGRAMS} programs from seed {salt}: {inversions} inversions");
    assert!(
        inversions > 100,
        "programs without inversions prove nothing"
    );
}

#[test]
fn inversions_under_gates_are_those_of_the_naive_model() {
    run(
        Spice {
            modes: false,
            order: false,
            inherited: false,
        },
        1_000_000,
    );
}

#[test]
fn inversions_in_all_modes_are_those_of_the_naive_model() {
    run(
        Spice {
            modes: true,
            order: false,
            inherited: false,
        },
        2_000_000,
    );
}

#[test]
fn inversions_of_ordered_threads_are_those_of_the_naive_model() {
    run(
        Spice {
            modes: false,
            order: true,
            inherited: true,
        },
        3_000_000,
    );
}

#[test]
fn inversions_of_all_kinds_are_those_of_the_naive_model() {
    run(
        Spice {
            modes: true,
            order: true,
            inherited: true,
        },
        4_000_000,
    );
}
