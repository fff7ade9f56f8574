//! Guards that are sent to another thread and dropped there.

use std::thread;

use lockwarden::parking_lot as pl;

use super::harness::{case, check};
use super::turns::elsewhere;

#[test]
fn a_guard_dropped_elsewhere_is_released() {
    check!([
        case("mutex", || {
            let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
            let guard = a.lock();
            thread::scope(|scope| {
                scope.spawn(move || drop(guard));
            });
            // Not held here any more: neither a self-deadlock nor an edge to another.
            drop(a.lock());
            let _b = b.lock();
            elsewhere(|| {
                let _a = a.lock();
            });
        }),
        case("no edge from what was let go elsewhere", || {
            let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
            let guard = a.lock();
            thread::scope(|scope| {
                scope.spawn(move || drop(guard));
            });
            drop(b.lock());
            elsewhere(|| {
                let _b = b.lock();
                let _a = a.lock();
            });
        }),
        case("the thread that took it ends first", || {
            let a = pl::Mutex::named("a", 1);
            let guard = thread::scope(|scope| scope.spawn(|| a.lock()).join().unwrap());
            drop(guard);
            *a.lock() += 1;
        }),
        case("a thousand times", || {
            let a = pl::RwLock::named("a", 0);
            for _ in 0..1_000 {
                let mut guard = a.write();
                thread::scope(|scope| {
                    scope.spawn(move || *guard += 1);
                });
            }
            assert_eq!(*a.read(), 1_000);
        }),
    ]);
}

/// The guard is with another thread, which lets go of it: whoever took it may wait for that.
#[test]
fn a_thread_may_wait_for_a_guard_that_it_has_sent_away() {
    check!([case("waits", || {
        let a = pl::Mutex::named("a", 0);
        let guard = a.lock();
        let (send, receive) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            let a = &a;
            scope.spawn(move || {
                let mut guard: pl::MutexGuard<'_, u32> = receive.recv().unwrap();
                *guard += 1;
                // Long enough for the other thread to be seen waiting, if it gets to.
                for _ in 0..1_000 {
                    thread::yield_now();
                }
                drop(guard);
            });
            send.send(guard).unwrap();
            *a.lock() += 1;
            assert_eq!(*a.lock(), 2);
        });
    })]);
}
