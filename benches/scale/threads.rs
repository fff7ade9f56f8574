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

/// Leaves that each thread takes under its parent.
const LEAVES: usize = 20_000;

/// `threads` threads at once, each of which takes leaves of its own under a parent of its own. The times are
/// those of all threads together for one edge: half as much with two threads is twice the throughput.
pub(crate) fn learning(threads: usize) -> Figures {
    learning_with(threads, false)
}

/// Measures [`learning`] of edges into locks that nest further already, and so are in the graph: each new edge takes
/// the lock of the graph.
pub(crate) fn learning_inner(threads: usize) -> Figures {
    learning_with(threads, true)
}

fn learning_with(threads: usize, nests: bool) -> Figures {
    learn::<Ours>(1, nests);
    let (mut new, mut known, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let mut bytes = 0;
    let before = allocator::in_use();
    for _ in 0..SAMPLES {
        let ours = learn::<Ours>(threads, nests);
        let theirs = learn::<Bare>(threads, nests);
        new.push(ours.new);
        known.push(ours.known);
        bare.push(theirs.known);
        bytes = ours.bytes - theirs.bytes;
    }
    Figures {
        locks: threads * (LEAVES + 1),
        edges: threads * LEAVES,
        threads,
        depth: 2,
        new: Spread::of(&new).least,
        known: Spread::of(&known).least,
        bare: Spread::of(&bare).least,
        bytes,
        kept: allocator::in_use() - before,
    }
}

fn learn<S: Subject>(threads: usize, nests: bool) -> Run {
    let families: Vec<(S::Mutex, Vec<S::Mutex>)> = (0..threads)
        .map(|_| (S::mutex(), (0..LEAVES).map(|_| S::mutex()).collect()))
        .collect();
    let gate = Barrier::new(threads + 1);
    let before = allocator::in_use();
    let work = |(parent, leaves): &(S::Mutex, Vec<S::Mutex>)| {
        // The thread has its slot, and the parent its id, before the time begins.
        *S::lock(parent) += 1;
        let under: Vec<S::Mutex> = if nests {
            leaves.iter().map(|_| S::mutex()).collect()
        } else {
            Vec::new()
        };
        for (leaf, under) in leaves.iter().zip(&under) {
            let mut leaf = S::lock(leaf);
            *S::lock(under) += *leaf;
            *leaf += 1;
        }
        let spans = [(); 2].map(|()| {
            gate.wait();
            let begun = Instant::now();
            let mut parent = S::lock(parent);
            for leaf in leaves {
                *S::lock(leaf) += 1;
            }
            *parent += 1;
            (begun, Instant::now())
        });
        gate.wait();
        spans
    };
    thread::scope(|scope| {
        let start = |family| {
            let thread = thread::Builder::new().stack_size(SMALL_STACK);
            let work = &work;
            thread
                .spawn_scoped(scope, move || work(family))
                .expect("there is room for another thread")
        };
        let all: Vec<_> = families.iter().map(start).collect();
        gate.wait();
        gate.wait();
        gate.wait();
        let bytes = allocator::in_use() - before;
        let spans: Vec<_> = all
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        // From the first thread's begin to the last one's end.
        let [new, known] = [0, 1].map(|pass| {
            let begun = spans.iter().map(|spans| spans[pass].0).min().unwrap();
            let ended = spans.iter().map(|spans| spans[pass].1).max().unwrap();
            (ended - begun).as_secs_f64() * 1e9 / (threads * LEAVES) as f64
        });
        Run { new, known, bytes }
    })
}

/// Threads that nest the same locks, one after the other.
const IN_TURN: usize = 32;

/// `locks` locks, all in one nest, which 32 threads take one after the other. The time of a new acquisition is
/// that of a thread after the first, which finds what the first has learnt.
pub(crate) fn nest_in_turn(locks: usize) -> Figures {
    nest_in_turn_of(locks, |_| <Ours as Subject>::mutex())
}

/// Measures [`nest_in_turn`] with locks of which each has a lock class of its own.
pub(crate) fn nest_of_classes_in_turn(locks: usize) -> Figures {
    let names: Vec<&'static str> = (0..locks).map(|n| &*format!("lock {n}").leak()).collect();
    nest_in_turn_of(locks, |n| {
        lockwarden::parking_lot::Mutex::named(names[n], 0)
    })
}

fn nest_in_turn_of(locks: usize, lock: impl Fn(usize) -> <Ours as Subject>::Mutex) -> Figures {
    in_turn::<Ours>(2, &lock);
    let before = allocator::in_use();
    let ours = in_turn::<Ours>(locks, &lock);
    let bare = in_turn::<Bare>(locks, |_| <Bare as Subject>::mutex());
    Figures {
        locks,
        edges: locks * (locks - 1) / 2,
        threads: IN_TURN,
        depth: locks,
        new: ours.new,
        known: ours.known,
        bare: bare.known,
        bytes: ours.bytes - bare.bytes,
        kept: allocator::in_use() - before,
    }
}

fn in_turn<S: Subject>(count: usize, lock: impl Fn(usize) -> S::Mutex) -> Run {
    let locks: Vec<S::Mutex> = (0..count).map(lock).collect();
    let turn = std::sync::Mutex::new(());
    let alive = Barrier::new(IN_TURN);
    let before = allocator::in_use();
    let nest = || {
        let begun = Instant::now();
        let mut guards: Vec<_> = locks.iter().map(|lock| S::lock(lock)).collect();
        while guards.pop().is_some() {}
        begun.elapsed().as_secs_f64() * 1e9 / count as f64
    };
    let work = &|| {
        alive.wait();
        let turn = turn.lock().expect("nothing here panics");
        let first = nest();
        let known: Vec<f64> = (0..SAMPLES).map(|_| nest()).collect();
        drop(turn);
        alive.wait();
        (first, Spread::of(&known).least)
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..IN_TURN).map(|_| scope.spawn(work)).collect();
        let each: Vec<(f64, f64)> = all.into_iter().map(|one| one.join().unwrap()).collect();
        let mut firsts: Vec<f64> = each.iter().map(|(first, _)| *first).collect();
        // The first thread of all has learnt the edges, and took longest.
        firsts.sort_by(f64::total_cmp);
        firsts.pop();
        let known: Vec<f64> = each.iter().map(|(_, known)| *known).collect();
        Run {
            new: Spread::of(&firsts).median,
            known: Spread::of(&known).least,
            bytes: allocator::in_use() - before,
        }
    })
}
