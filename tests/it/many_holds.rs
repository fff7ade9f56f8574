//! Threads that hold very many locks, or have forgotten very many guards.

use std::mem;

use lockwarden::parking_lot as pl;
use lockwarden::sync::RwLock;

/// More than a thread's list of held locks has room for, fifty times: if each cost a look at all
/// others, this would take minutes.
const MANY: usize = 100_000;

#[test]
fn forgotten_guards_cost_no_more_each() {
    let lock = RwLock::new(0);
    for _ in 0..MANY {
        mem::forget(lock.try_read().unwrap());
    }
    assert!(lock.try_write().is_err());
    // What is taken under them is neither.
    let other = pl::Mutex::new(0);
    for _ in 0..MANY {
        *other.lock() += 1;
    }
    for _ in 0..1000 {
        *pl::Mutex::new(0).lock() += 1;
    }
    assert_eq!(*other.lock(), MANY);
}

#[test]
fn guards_may_be_dropped_in_the_order_in_which_they_were_taken() {
    let locks: Vec<_> = (0..5_000).map(pl::Mutex::new).collect();
    for _ in 0..2 {
        // Only tried: the orders among so many are another matter.
        let guards: Vec<_> = locks.iter().filter_map(pl::Mutex::try_lock).collect();
        assert_eq!(guards.len(), locks.len());
        drop(guards);
    }
    assert!(locks.iter().all(|lock| !lock.is_locked()));
}
