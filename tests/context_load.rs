//! The load of a service that runs for long: many threads come and go, and take 10,000 locks in
//! pairs, under changing gates, at changing points of the spawn/join order, so that each edge has
//! more contexts than are kept. In between, known edges are taken a million times.
//!
//! The memory stays bounded, and what is known stays free. This file is a program of its own: its
//! allocator counts.

#[path = "../benches/common/allocator.rs"]
mod allocator;
#[path = "../benches/common/random.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "a part of what the benches share"
)]
mod random;

use std::time::Instant;

use lockwarden::config::{Counters, Status};
use lockwarden::parking_lot::{Mutex, RwLock};
use lockwarden::thread;
use random::Random;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

const LOCKS: usize = 10_000;
const GATES: usize = 8;
/// Threads of a round. The next round has others.
const THREADS: usize = 8;
/// Contexts that an edge keeps, unless the configuration says otherwise.
const CONTEXTS: i64 = 16;

struct Service {
    gates: Vec<RwLock<u64>>,
    locks: Vec<Mutex<u64>>,
}

impl Service {
    fn new() -> Self {
        Self {
            gates: (0..GATES).map(|_| RwLock::new(0)).collect(),
            locks: (0..LOCKS).map(|_| Mutex::new(0)).collect(),
        }
    }

    /// Takes every lock in every pair once, each under its gate.
    fn sweep(&self) -> usize {
        for outer in 0..LOCKS - 2 {
            let _gate = self.gates[outer % GATES].read();
            let mut outer_lock = self.locks[outer].lock();
            *outer_lock += 1;
            for inner in [outer + 1, outer + 2] {
                *self.locks[inner].lock() += 1;
            }
        }
        4 * (LOCKS - 2)
    }

    /// Nests one of the first `hot` pairs `nests` times in each thread of each round, and returns
    /// the number of acquisitions.
    fn load(&self, rounds: usize, nests: usize, hot: usize, random: &mut Random) -> usize {
        let mut acquisitions = 0;
        for _ in 0..rounds {
            // A new segment for this thread and, since others come, for all of the round.
            thread::scope(|scope| {
                let workers: Vec<_> = (0..THREADS)
                    .map(|_| {
                        let seed = random.next();
                        scope.spawn(move || self.work(nests, hot, Random::new(seed)))
                    })
                    .collect();
                for worker in workers {
                    acquisitions += worker.join().expect("nothing panics");
                }
            });
        }
        acquisitions
    }

    fn work(&self, nests: usize, hot: usize, mut random: Random) -> usize {
        let mut acquisitions = 0;
        for _ in 0..nests {
            let gate = &self.gates[random.below(GATES)];
            let (mut shared, mut exclusive) = (None, None);
            match random.below(4) {
                0 => shared = Some(gate.read()),
                1 => exclusive = Some(gate.write()),
                _ => {}
            }
            // Only ascending: nothing is wrong here.
            let outer = random.below(hot);
            let inner = outer + 1 + random.below(2);
            let mut outer = self.locks[outer].lock();
            *outer += 1;
            *self.locks[inner].lock() += 1;
            acquisitions += 2 + usize::from(shared.is_some() || exclusive.is_some());
        }
        acquisitions
    }

    /// Nests pairs that this thread knows, and returns how often it has allocated.
    fn known(&self, passes: usize) -> (u64, usize) {
        let pass = || {
            for pair in self.locks.chunks_exact(2) {
                let mut outer = pair[0].lock();
                *outer += 1;
                *pair[1].lock() += 1;
            }
        };
        pass();
        let before = allocator::allocations();
        for _ in 0..passes {
            pass();
        }
        (allocator::allocations() - before, passes * LOCKS)
    }
}

fn activity() -> Option<Counters> {
    match lockwarden::status() {
        Status::On(activity) => Some(activity),
        // A release build without the feature `always` watches nothing.
        _ => None,
    }
}

/// What a run is made of.
struct Run {
    /// Pairs among which the threads choose.
    hot: usize,
    /// Rounds before the memory is looked at, and after.
    rounds: [usize; 2],
    /// Nests of a thread.
    nests: usize,
    /// Passes over all locks by known edges alone.
    passes: usize,
}

impl Run {
    /// Carries it out, and returns the number of acquisitions and the bytes by which the memory has
    /// grown after the first rounds.
    fn carry_out(&self) -> (usize, i64) {
        let service = Service::new();
        let mut random = Random::new(0x10ad);
        let start = Instant::now();
        let mut count = service.sweep();
        count += service.load(self.rounds[0], self.nests, self.hot, &mut random);
        let warm = allocator::in_use();
        println!("{:?}: {count} acquisitions, {warm} bytes", start.elapsed());
        count += service.load(self.rounds[1], self.nests, self.hot, &mut random);
        let grown = allocator::in_use() - warm;
        println!("{:?}: {count} acquisitions, {grown} more", start.elapsed());
        let (allocations, known) = service.known(self.passes);
        println!("{:?}: {known} by known edges", start.elapsed());
        assert_eq!(allocations, 0, "a known edge was looked at anew");
        if let Some(activity) = activity() {
            println!("{activity}");
            assert_eq!(
                (activity.reports, activity.unreported),
                (0, 0),
                "{activity}"
            );
            // An edge, its contexts with their gates, and the locks and threads around them.
            let bound = activity.edges as i64 * (128 + CONTEXTS * 128) + (8 << 20);
            let now = allocator::in_use();
            assert!(now < bound, "{now} bytes for {activity}");
        }
        (count + known, grown)
    }
}

#[test]
fn a_million_acquisitions_in_ever_new_contexts_take_bounded_memory() {
    let run = Run {
        hot: 64,
        rounds: [8, 8],
        nests: 400,
        passes: 90,
    };
    let (acquisitions, grown) = run.carry_out();
    assert!(acquisitions >= 1_000_000);
    // Every edge of the hot pairs had all the contexts that it keeps before.
    assert!(grown < 1 << 20, "{grown} bytes more than after the warm-up");
}

#[test]
#[ignore = "takes a minute without optimisation"]
fn a_long_load_in_all_places_takes_no_more_than_edges_and_contexts_may() {
    let run = Run {
        hot: LOCKS - 2,
        rounds: [40, 40],
        nests: 2_000,
        passes: 100,
    };
    assert!(run.carry_out().0 >= 2_000_000);
}
