//! Forks and joins of rayon: two lock orders that they keep apart, and orders that they do not.

mod surface;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

static LEFT: Mutex<u32> = Mutex::new(0);
static RIGHT: Mutex<u32> = Mutex::new(0);

fn left_right() {
    let mut left = LEFT.lock().unwrap();
    // Leaves time for other threads to steal.
    thread::yield_now();
    *left += *RIGHT.lock().unwrap();
}

fn right_left() {
    let mut right = RIGHT.lock().unwrap();
    thread::yield_now();
    *right += *LEFT.lock().unwrap();
}

/// Runs `second` in another thread than `first`, which waits until `second` has begun.
fn at_once(first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
    let (tell, begun) = mpsc::channel();
    rayon::join(
        move || {
            begun.recv().unwrap();
            first();
        },
        move || {
            tell.send(()).unwrap();
            second();
        },
    );
}

fn clean() {
    let pool = ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let phases: [(&str, fn(fn())); 9] = [
        ("join", |work| at_once(|| (), work)),
        ("iterator", |work| {
            (0..64).into_par_iter().for_each(|_| work())
        }),
        ("scope", |work| {
            rayon::scope(|scope| {
                for _ in 0..16 {
                    scope.spawn(move |scope| {
                        work();
                        scope.spawn(move |_| work());
                    });
                }
            })
        }),
        ("scope in order", |work| {
            rayon::scope_fifo(|scope| (0..16).for_each(|_| scope.spawn_fifo(move |_| work())))
        }),
        ("scope in place", |work| {
            rayon::in_place_scope(|scope| (0..16).for_each(|_| scope.spawn(move |_| work())))
        }),
        ("broadcast", |work| {
            rayon::broadcast(|_| work());
            rayon::scope(|scope| scope.spawn_broadcast(move |_, _| work()));
        }),
        ("panic", |work| {
            let job = || {
                work();
                std::panic::resume_unwind(Box::new(()));
            };
            assert!(catch_unwind(AssertUnwindSafe(|| at_once(|| (), job))).is_err());
        }),
        ("spawn", |work| {
            let (done, all) = mpsc::channel();
            for _ in 0..16 {
                let done = done.clone();
                rayon::spawn(move || {
                    work();
                    done.send(()).unwrap();
                });
            }
            drop(done);
            assert_eq!(all.iter().count(), 16);
        }),
        ("threads of the caller", |work| {
            let builder = ThreadPoolBuilder::new().num_threads(2);
            builder
                .build_scoped(|thread| thread.run(), |pool| pool.install(work))
                .unwrap();
        }),
    ];
    for (name, phase) in phases {
        println!("{name}");
        phase(left_right);
        right_left();
        phase(right_left);
        pool.install(left_right);
        pool.join(right_left, || ());
    }
}

/// Two jobs of one join take the locks in opposite orders, one after the other.
fn inversion() {
    let turn = AtomicBool::new(false);
    at_once(
        || {
            left_right();
            turn.store(true, Ordering::Release);
        },
        || {
            while !turn.load(Ordering::Acquire) {
                thread::yield_now();
            }
            right_left();
        },
    );
}

/// The caller holds a lock around jobs that take another one, and a thread takes both the other way.
fn around() {
    let turn = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !turn.load(Ordering::Acquire) {
                thread::yield_now();
            }
            right_left();
        });
        {
            let mut left = LEFT.lock().unwrap();
            *left += 1;
            (0..64)
                .into_par_iter()
                .for_each(|_| *RIGHT.lock().unwrap() += 1);
        }
        turn.store(true, Ordering::Release);
    });
}

fn main() {
    // More threads than processors: each job can be stolen.
    ThreadPoolBuilder::new()
        .num_threads(4)
        .build_global()
        .unwrap();
    match std::env::args().nth(1).as_deref() {
        Some("clean") => {
            surface::check();
            clean();
        }
        Some("inversion") => inversion(),
        Some("around") => around(),
        other => panic!("{other:?}"),
    }
}
