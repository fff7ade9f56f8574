//! The smallest programs with a finding.

use std::thread;

use lockwarden::sync::Mutex;

/// Takes two locks in both orders, the second time in the calling thread: an inversion.
pub(crate) fn invert(a: &Mutex<()>, b: &Mutex<()>) {
    thread::scope(|scope| {
        let first = scope.spawn(|| {
            let _outer = a.lock().unwrap();
            let _inner = b.lock().unwrap();
        });
        // The end of the scope waits for the closure alone, and the totals are exact when the thread is gone.
        first.join().unwrap();
    });
    let _outer = b.lock().unwrap();
    let _inner = a.lock().unwrap();
}

/// Asks for a lock that the calling thread holds; whether the detector answered with a panic.
pub(crate) fn lock_twice(lock: &Mutex<()>) -> bool {
    let _held = lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    std::panic::catch_unwind(|| drop(lock.lock())).is_err()
}
