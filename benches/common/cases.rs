//! What is done with the locks: one function a case, generic over the locks.
//!
//! Each takes the number of operations, makes what it needs, warms it up so that every
//! acquired-before edge is known, and returns the time that the operations took.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use super::subject::Subject;

/// Operations that warm the locks up.
const WARM: u64 = 64;

/// A value that shares its cache lines, and their neighbours, with nothing else.
#[repr(align(128))]
struct Apart<T>(T);

/// Runs `step` until it has run `count` times after a warm-up, and returns the time of those.
#[inline(always)]
fn timed(count: u64, mut step: impl FnMut()) -> Duration {
    let mut time = Duration::ZERO;
    // One loop for both, so that there is one call of `step`, which is then inlined.
    for count in [WARM, count] {
        let start = Instant::now();
        for _ in 0..count {
            step();
        }
        time = start.elapsed();
    }
    time
}

/// One mutex: lock, unlock.
#[inline(never)]
pub fn lock<S: Subject>(count: u64) -> Duration {
    let mutex = Apart(S::mutex());
    timed(count, || *S::lock(black_box(&mutex.0)) += 1)
}

/// Two mutexes, one within the other.
#[inline(never)]
pub fn pair<S: Subject>(count: u64) -> Duration {
    let pair = Apart((S::mutex(), S::mutex()));
    timed(count, || nest_two::<S>(&pair.0))
}

#[inline(always)]
fn nest_two<S: Subject>(pair: &(S::Mutex, S::Mutex)) {
    let (outer, inner) = black_box(pair);
    let mut outer = S::lock(outer);
    let mut inner = S::lock(inner);
    *inner += 1;
    *outer += 1;
}

/// Eight mutexes, each within the one before. One operation takes all eight.
#[inline(never)]
pub fn deep<S: Subject>(count: u64) -> Duration {
    let locks: Apart<[S::Mutex; 8]> = Apart([(); 8].map(|()| S::mutex()));
    timed(count, || {
        let [a, b, c, d, e, f, g, h] = black_box(&locks.0);
        let (mut a, mut b, mut c, mut d) = (S::lock(a), S::lock(b), S::lock(c), S::lock(d));
        let (mut e, mut f, mut g, mut h) = (S::lock(e), S::lock(f), S::lock(g), S::lock(h));
        for guard in [
            &mut h, &mut g, &mut f, &mut e, &mut d, &mut c, &mut b, &mut a,
        ] {
            **guard += 1;
        }
        drop((h, g, f, e));
        drop((d, c, b, a));
    })
}

/// One reader-writer lock: lock shared, unlock.
#[inline(never)]
pub fn read<S: Subject>(count: u64) -> Duration {
    let rwlock = Apart(S::rwlock());
    timed(count, || {
        black_box(*S::read(black_box(&rwlock.0)));
    })
}

/// One reader-writer lock: lock exclusively, unlock.
#[inline(never)]
pub fn write<S: Subject>(count: u64) -> Duration {
    let rwlock = Apart(S::rwlock());
    timed(count, || *S::write(black_box(&rwlock.0)) += 1)
}

/// One mutex taken under two others in turn, so that two edges lead to it.
#[inline(never)]
pub fn two_parents<S: Subject>(count: u64) -> Duration {
    let locks = Apart((S::mutex(), S::mutex(), S::mutex()));
    let mut even = false;
    timed(count, || {
        let (left, right, child) = black_box(&locks.0);
        even = !even;
        let _parent = S::lock(if even { left } else { right });
        *S::lock(child) += 1;
    })
}

/// A mutex that is made, locked once and dropped.
#[inline(never)]
pub fn create<S: Subject>(count: u64) -> Duration {
    timed(count, || {
        let mutex = S::mutex();
        *S::lock(black_box(&mutex)) += 1;
    })
}

/// A mutex that is made, locked once under a parent and dropped: the same parent each time, so that
/// only the mutex is new.
#[inline(never)]
pub fn fresh<S: Subject>(count: u64) -> Duration {
    let parent = Apart(S::mutex());
    timed(count, || fresh_under::<S>(&parent.0))
}

#[inline(always)]
fn fresh_under<S: Subject>(parent: &S::Mutex) {
    let mut outer = S::lock(black_box(parent));
    let mutex = S::mutex();
    *S::lock(black_box(&mutex)) += 1;
    *outer += 1;
}

/// The same in two threads at once, under a parent of each. The operations are those of one thread,
/// the time is the mean of both.
#[inline(never)]
pub fn fresh_two<S: Subject>(count: u64) -> Duration {
    let start = Barrier::new(2);
    let run = || {
        let parent = Box::new(Apart(S::mutex()));
        fresh_under::<S>(&parent.0);
        start.wait();
        timed(count, || fresh_under::<S>(&parent.0))
    };
    thread::scope(|scope| {
        let other = scope.spawn(run);
        (run() + other.join().unwrap()) / 2
    })
}

/// Two threads, each with a pair of its own. The operations are those of one thread, the time is
/// the mean of both.
#[inline(never)]
pub fn private_pairs<S: Subject>(count: u64) -> Duration {
    let start = Barrier::new(2);
    let run = || {
        let pair = Box::new(Apart((S::mutex(), S::mutex())));
        nest_two::<S>(&pair.0);
        start.wait();
        timed(count, || nest_two::<S>(&pair.0))
    };
    thread::scope(|scope| {
        let other = scope.spawn(run);
        (run() + other.join().unwrap()) / 2
    })
}

/// Two threads that nest the same pair in turn: between them, the pair is known to both.
#[inline(never)]
pub fn shared_pair<S: Subject>(count: u64) -> Duration {
    contend::<(S::Mutex, S::Mutex)>(count, (S::mutex(), S::mutex()), |pair| nest_two::<S>(pair))
}

/// Two threads, one mutex, nothing else. The operations are those of both together.
#[inline(never)]
pub fn one_lock<S: Subject>(count: u64) -> Duration {
    contend(count, S::mutex(), |mutex| *S::lock(black_box(mutex)) += 1)
}

/// Two threads, one mutex, a little work with it and a little without.
#[inline(never)]
pub fn one_lock_and_work<S: Subject>(count: u64) -> Duration {
    contend(count, S::mutex(), |mutex| {
        {
            let mut value = S::lock(black_box(mutex));
            work(20);
            *value += 1;
        }
        work(100);
    })
}

/// Some tens of nanoseconds that depend on no memory.
#[inline(always)]
fn work(steps: u64) {
    let mut value = 1u64;
    for step in 0..steps {
        value = black_box(value.wrapping_mul(3) ^ step);
    }
}

fn contend<T: Sync>(count: u64, shared: T, step: impl Fn(&T) + Sync) -> Duration {
    let shared = Apart(shared);
    let start = Barrier::new(2);
    let run = || {
        let mut span = (Instant::now(), Instant::now());
        for count in [WARM, count / 2] {
            start.wait();
            span.0 = Instant::now();
            for _ in 0..count {
                step(&shared.0);
            }
            span.1 = Instant::now();
        }
        span
    };
    thread::scope(|scope| {
        let other = scope.spawn(run);
        let (mine, theirs) = (run(), other.join().unwrap());
        mine.1.max(theirs.1) - mine.0.min(theirs.0)
    })
}

/// Known edges from one parent to a hundred of its `rows` children.
///
/// As many locks are touched whatever `rows` is, so that what grows with it is the detector's own.
#[inline(always)]
fn hierarchy<S: Subject>(count: u64, rows: usize) -> Duration {
    let table = S::mutex();
    let rows: Vec<S::RwLock> = (0..rows).map(|_| S::rwlock()).collect();
    {
        let _table = S::lock(&table);
        for row in &rows {
            *S::write(row) += 1;
        }
    }
    let used: Vec<&S::RwLock> = rows.iter().step_by(rows.len() / 100).collect();
    let mut at = 0;
    let _table = S::lock(&table);
    timed(count, || {
        at = if at + 1 < used.len() { at + 1 } else { 0 };
        *S::write(black_box(used[at])) += 1;
    })
}

/// Known edges from one parent with 100 children.
#[inline(never)]
pub fn rows_100<S: Subject>(count: u64) -> Duration {
    hierarchy::<S>(count, 100)
}

/// Known edges from one parent with 16,000 children.
#[inline(never)]
pub fn rows_16000<S: Subject>(count: u64) -> Duration {
    hierarchy::<S>(count, 16_000)
}

/// New edges: `count` fresh mutexes are each taken once under one parent.
#[inline(never)]
pub fn new_edges<S: Subject>(count: u64) -> Duration {
    let parent = S::mutex();
    let children: Vec<S::Mutex> = (0..count).map(|_| S::mutex()).collect();
    let _parent = S::lock(&parent);
    let start = Instant::now();
    for child in &children {
        *S::lock(child) += 1;
    }
    start.elapsed()
}
