//! A crate of a registry, as far as a report can see: its path is that of one.

use lockwarden::sync::Mutex;

/// Calls `run` while it holds a lock.
pub(crate) fn with(lock: &Mutex<u32>, run: impl FnOnce()) {
    let _guard = lock.lock().unwrap();
    run();
}

/// Takes two locks, one under the other.
pub(crate) fn both(first: &Mutex<u32>, second: &Mutex<u32>) {
    let _first = first.lock().unwrap();
    drop(second.lock().unwrap());
}

/// Takes them in the other order.
pub(crate) fn both_the_other_way(first: &Mutex<u32>, second: &Mutex<u32>) {
    let _second = second.lock().unwrap();
    drop(first.lock().unwrap());
}
