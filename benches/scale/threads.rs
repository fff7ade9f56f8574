//! Many threads, each with a pair of its own or all with the same.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::rounds::Spread;
use crate::common::subject::Subject;
use crate::figures::Figures;
use crate::{Bare, Ours, SMALL_STACK, allocator};

/// Nests of known edges that make a sample, of all threads together.
const NESTS: usize = 200_000;
/// But as many of each thread, so that what it starts with does not count.
const LEAST: usize = 1_000;
/// Samples of them.
const SAMPLES: usize = 5;

/// `threads` threads that are alive at once. With `shared` they nest the same two locks, one
/// thread after the other, else each its own.
pub(crate) fn measure(threads: usize, shared: bool) -> Figures {
    // As in `nest`: what comes once is not counted.
    run::<Ours>(1, shared, 1);
    let nests = (NESTS / threads).max(LEAST);
    let (mut new, mut known, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let before = allocator::in_use();
    let mut bytes = [0; 2];
    for _ in 0..SAMPLES {
        let ours = run::<Ours>(threads, shared, nests);
        let theirs = run::<Bare>(threads, shared, nests);
        new.push(ours.new);
        known.push(ours.known);
        bare.push(theirs.known);
        bytes = [ours.bytes, theirs.bytes];
    }
    Figures {
        locks: if shared { 2 } else { 2 * threads },
        edges: if shared { 1 } else { threads },
        threads,
        depth: 2,
        new: Spread::of(&new).median,
        known: Spread::of(&known).least,
        bare: Spread::of(&bare).least,
        bytes: bytes[0] - bytes[1],
        kept: allocator::in_use() - before,
    }
}

/// What a run took: nanoseconds a nest, and bytes in use while all threads were alive.
struct Run {
    new: f64,
    known: f64,
    bytes: i64,
}

fn run<S: Subject>(threads: usize, shared: bool, nests: usize) -> Run {
    let before = allocator::in_use();
    let pairs: Vec<(S::Mutex, S::Mutex)> = (0..if shared { 1 } else { threads })
        .map(|_| (S::mutex(), S::mutex()))
        .collect();
    let gate = Barrier::new(threads + 1);
    let turn = Barrier::new(threads + 1);
    let work = |number: usize| {
        let pair = &pairs[number % pairs.len()];
        gate.wait();
        let new = nest::<S>(pair, 1);
        gate.wait();
        turn.wait();
        gate.wait();
        // At most as many at once as there are cores, or nearly: the system's scheduler sees
        // to that, since no thread waits here.
        let known = nest::<S>(pair, nests);
        gate.wait();
        (new, known)
    };
    let (new, known, bytes) = thread::scope(|scope| {
        let start = |number| {
            let thread = thread::Builder::new().stack_size(SMALL_STACK);
            let work = &work;
            thread
                .spawn_scoped(scope, move || work(number))
                .expect("there is room for another thread")
        };
        let all: Vec<_> = (0..threads).map(start).collect();
        gate.wait();
        gate.wait();
        let bytes = allocator::in_use() - before;
        turn.wait();
        let begun = Instant::now();
        gate.wait();
        gate.wait();
        let known = begun.elapsed();
        let each: Vec<_> = all
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        let new: Vec<f64> = each
            .iter()
            .map(|(new, _)| new.as_secs_f64() * 1e9)
            .collect();
        (new, known, bytes)
    });
    Run {
        // The median of the threads: some are interrupted.
        new: Spread::of(&new).median,
        known: known.as_secs_f64() * 1e9 / (threads * nests * 2) as f64,
        bytes,
    }
}

#[inline(never)]
fn nest<S: Subject>((outer, inner): &(S::Mutex, S::Mutex), count: usize) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        let mut outer = S::lock(outer);
        let mut inner = S::lock(inner);
        *inner += 1;
        *outer += 1;
    }
    start.elapsed()
}
