//! Locks at the end of threads and in the destructors of thread-locals.

use std::cell::RefCell;
use std::thread;

use lockwarden::parking_lot as pl;
use lockwarden::sync::{Arc, Mutex, MutexGuard};

use super::harness::{case, check};
use super::turns::elsewhere;

/// Runs a function when the thread ends.
struct AtExit(RefCell<Vec<Box<dyn FnOnce()>>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        for f in self.0.take().into_iter().rev() {
            f();
        }
    }
}

thread_local! {
    static AT_EXIT: AtExit = const { AtExit(RefCell::new(Vec::new())) };
    static GUARDS: RefCell<Vec<MutexGuard<'static, u32>>> = const { RefCell::new(Vec::new()) };
}

fn at_exit(f: impl FnOnce() + 'static) {
    AT_EXIT.with(|at_exit| at_exit.0.borrow_mut().push(Box::new(f)));
}

static A: Mutex<u32> = Mutex::named("a", 0);
static B: pl::Mutex<u32> = pl::Mutex::named("b", 0);

/// In a plain thread: a scope may be left before the destructors of its threads have run.
fn in_a_thread(f: impl FnOnce() + Send + 'static) {
    thread::spawn(f).join().unwrap();
}

#[test]
fn locks_in_destructors_of_thread_locals() {
    check!([
        case("first used there", || {
            in_a_thread(|| at_exit(|| *A.lock().unwrap() += 1));
            assert_eq!(*A.lock().unwrap(), 1);
        }),
        case("used before the destructor is registered", || {
            in_a_thread(|| {
                drop(A.lock());
                at_exit(|| *A.lock().unwrap() += 1);
            });
            assert_eq!(*A.lock().unwrap(), 1);
        }),
        case("used after the destructor is registered", || {
            in_a_thread(|| {
                at_exit(|| *A.lock().unwrap() += 1);
                drop(A.lock());
                drop(B.lock());
            });
            assert_eq!(*A.lock().unwrap(), 1);
        }),
        case("in an order that is watched like any other", || {
            in_a_thread(|| {
                drop(A.lock());
                at_exit(|| {
                    let _a = A.lock();
                    let _b = B.lock();
                });
            });
            elsewhere(|| {
                let _b = B.lock();
                let _a = A.lock();
            });
        })
        .finds("Inversion a b"),
        case("with what was found before", || {
            elsewhere(|| {
                let _b = B.lock();
                let _a = A.lock();
            });
            in_a_thread(|| {
                at_exit(|| {
                    let _a = A.lock();
                    let _b = B.lock();
                });
            });
        })
        .finds("Inversion a b"),
    ]);
}

#[test]
fn guards_that_are_dropped_with_their_thread() {
    check!([
        case("held in a thread-local", || {
            in_a_thread(|| GUARDS.with(|guards| guards.borrow_mut().push(A.lock().unwrap())));
            // Released, and not abandoned.
            *A.lock().unwrap() += 1;
            in_a_thread(|| GUARDS.with(|guards| guards.borrow_mut().push(A.lock().unwrap())));
            assert_eq!(*A.lock().unwrap(), 1);
        }),
        case(
            "held in a thread-local, others taken under it there",
            || {
                in_a_thread(|| {
                    at_exit(|| drop(B.lock()));
                    GUARDS.with(|guards| guards.borrow_mut().push(A.lock().unwrap()));
                    at_exit(|| {
                        let _b = B.lock();
                    });
                });
                drop(A.lock());
                drop(B.lock());
            }
        ),
        case("forgotten there", || {
            in_a_thread(|| at_exit(|| std::mem::forget(A.lock())));
            assert!(A.try_lock().is_err());
        })
        .finds("Abandoned a"),
    ]);
}

#[test]
fn locks_that_are_dropped_with_their_thread() {
    thread_local! {
        static OWN: (Mutex<u32>, pl::RwLock<u32>) =
            const { (Mutex::named("own", 0), pl::RwLock::named("own too", 0)) };
    }

    check!([case("own locks", || {
        for _ in 0..50 {
            in_a_thread(|| {
                OWN.with(|(first, second)| {
                    let _first = first.lock();
                    let _a = A.lock();
                    let _second = second.write();
                });
            });
        }
    })]);
}

/// A thread that panics has ended as well, and its guards were released.
#[test]
fn a_thread_that_panics_abandons_nothing() {
    check!([case("panics", || {
        let a = Arc::new(pl::Mutex::named("a", ()));
        let theirs = Arc::clone(&a);
        let outcome = thread::spawn(move || {
            let _a = theirs.lock();
            panic!("on purpose");
        })
        .join();
        assert!(outcome.is_err());
        assert!(a.try_lock().is_some());
    })]);
}

/// Many short threads leave nothing behind.
#[test]
fn a_thousand_short_threads() {
    check!([case("short", || {
        for _ in 0..1_000 {
            in_a_thread(|| {
                let _a = A.lock();
                *B.lock() += 1;
            });
        }
        assert_eq!(*B.lock(), 1_000);
        let lockwarden::config::Status::On(activity) = lockwarden::status() else {
            panic!("it is on");
        };
        // The main thread, and perhaps one whose end is not over yet.
        assert!(activity.threads <= 3, "{activity}");
    })]);
}
