//! Many threads that wait for one notification, and end.

use std::time::Instant;

use crate::common::rounds::Spread;
use crate::figures::Figures;
use crate::{SMALL_STACK, allocator};

/// Samples of each.
const SAMPLES: usize = 3;

/// Writes a function that starts threads which wait on a condition variable, wakes them all and joins them; the
/// nanoseconds a thread, and the bytes in use while all wait.
macro_rules! herd {
    ($name:ident, $($path:tt)+) => {
        fn $name(threads: usize) -> (f64, i64) {
            use $($path)+::sync::{Arc, Condvar, Mutex};
            use $($path)+::thread::Builder;

            let before = allocator::in_use();
            let shared = Arc::new((Mutex::new((0, false)), Condvar::new()));
            let start = |_| {
                let shared = Arc::clone(&shared);
                let wait = move || {
                    let (state, changed) = &*shared;
                    let mut state = state.lock().unwrap();
                    state.0 += 1;
                    while !state.1 {
                        state = changed.wait(state).unwrap();
                    }
                };
                let thread = Builder::new().stack_size(SMALL_STACK);
                thread.spawn(wait).expect("there is room for another thread")
            };
            let begun = Instant::now();
            let all: Vec<_> = (0..threads).map(start).collect();
            while shared.0.lock().unwrap().0 < threads {
                std::thread::yield_now();
            }
            let bytes = allocator::in_use() - before;
            shared.0.lock().unwrap().1 = true;
            shared.1.notify_all();
            for thread in all {
                thread.join().unwrap();
            }
            (begun.elapsed().as_secs_f64() * 1e9 / threads as f64, bytes)
        }
    };
}

herd!(ours, ::lockwarden);
herd!(bare, ::std);

/// `threads` threads that wait, are woken together, and end: the nanoseconds a thread, its start included.
pub(crate) fn measure(threads: usize) -> Figures {
    ours(1);
    let before = allocator::in_use();
    let (mut watched, mut plain, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..SAMPLES {
        let (time, in_use) = ours(threads);
        let (time_bare, in_use_bare) = bare(threads);
        watched.push(time);
        plain.push(time_bare);
        bytes = in_use - in_use_bare;
    }
    let known = Spread::of(&watched).least;
    Figures {
        locks: 1,
        edges: 0,
        threads,
        depth: 1,
        new: known,
        known,
        bare: Spread::of(&plain).least,
        bytes,
        kept: allocator::in_use() - before,
    }
}
