//! Threads that come and go, one after the other.

use std::time::{Duration, Instant};

use crate::allocator;
use crate::common::random::Random;
use crate::common::rounds::Spread;
use crate::common::subject::Subject;
use crate::figures::Figures;
use crate::{Bare, Ours};

/// Threads at the end of a run whose time is looked at.
const LAST: usize = 100;
/// Locks of a loaded run, all in pairs.
const LOCKS: usize = 10_000;
/// Pairs that are nested again and again in a loaded run.
const PAIRS: usize = 100;
/// Samples of them.
const SAMPLES: usize = 21;

/// `threads` threads are spawned and joined one after the other, and each nests the same pair.
/// The time of a new one is the mean of all; that of a known one is the median of the last.
pub(crate) fn in_turn(threads: usize) -> Figures {
    let pair = (Ours::mutex(), Ours::mutex());
    nest::<Ours>(&pair);
    let before = allocator::in_use();
    let ours: Vec<f64> = (0..threads)
        .map(|_| {
            timed(|| lockwarden::thread::scope(|scope| drop(scope.spawn(|| nest::<Ours>(&pair)))))
        })
        .collect();
    let bytes = allocator::in_use() - before;
    drop(pair);
    let kept = allocator::in_use() - before;
    let pair = (Bare::mutex(), Bare::mutex());
    let bare: Vec<f64> = (0..threads)
        .map(|_| timed(|| std::thread::scope(|scope| drop(scope.spawn(|| nest::<Bare>(&pair))))))
        .collect();
    let last = |times: &[f64]| Spread::of(&times[times.len().saturating_sub(LAST)..]).median;
    Figures {
        locks: 2,
        edges: 1,
        threads,
        depth: 2,
        new: ours.iter().sum::<f64>() / threads as f64,
        known: last(&ours),
        bare: last(&bare),
        bytes,
        kept,
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e9
}

fn nest<S: Subject>((outer, inner): &(S::Mutex, S::Mutex)) {
    let mut outer = S::lock(outer);
    let mut inner = S::lock(inner);
    *inner += 1;
    *outer += 1;
}

/// What a known acquisition takes after `threads` threads have nested many pairs under a gate, so
/// that edges have many contexts.
pub(crate) fn loaded(threads: usize) -> Figures {
    let before = allocator::in_use();
    let (new, times, bytes) = load::<Ours>(threads);
    let kept = allocator::in_use() - before;
    let (_, bare, _) = load::<Bare>(threads);
    Figures {
        locks: LOCKS,
        edges: LOCKS / 2,
        threads,
        depth: 2,
        new,
        known: times,
        bare,
        bytes,
        kept,
    }
}

/// The nanoseconds of a nest in a new context, those of a known acquisition, and the bytes in use.
fn load<S: Subject>(threads: usize) -> (f64, f64, i64) {
    let mut random = Random::new(0x10ad);
    let gates: Vec<S::Mutex> = (0..8).map(|_| S::mutex()).collect();
    let pairs: Vec<_> = (0..LOCKS / 2).map(|_| (S::mutex(), S::mutex())).collect();
    pairs.iter().for_each(nest::<S>);
    let before = allocator::in_use();
    let mut new = Duration::ZERO;
    for _ in 0..threads {
        let gate = &gates[random.below(8)];
        let (all, time) = (&pairs[..PAIRS], &mut new);
        lockwarden::thread::scope(|scope| {
            scope.spawn(move || {
                let _gate = S::lock(gate);
                let start = Instant::now();
                all.iter().for_each(nest::<S>);
                *time = start.elapsed();
            });
        });
    }
    let bytes = allocator::in_use() - before;
    let pass = || (0..20).for_each(|_| pairs[..PAIRS].iter().for_each(nest::<S>));
    pass();
    let samples: Vec<f64> = (0..SAMPLES).map(|_| timed(pass)).collect();
    let known = Spread::of(&samples).least / (20 * PAIRS * 2) as f64;
    (new.as_secs_f64() * 1e9 / PAIRS as f64, known, bytes)
}
