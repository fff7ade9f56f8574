//! Points in code that uses atomics.

use crate::instrument::{Scheduled, point_unnamed};

/// A point at which another thread of an exploration may go on, to be called before an atomic operation whose
/// order among those of other threads matters: without it, the operation is made together with the step
/// before.
///
/// Does nothing in a thread that is not explored, at the cost of two instructions. In a program that
/// `cargo lockwarden explore --atomics` runs, each operation of an atomic of std is such a point.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use lockwarden::sync::Arc;
/// use lockwarden::testing::explore::{explore, point};
/// use lockwarden::thread;
///
/// fn add(count: &AtomicU32) {
///     point();
///     let seen = count.load(Ordering::SeqCst);
///     point();
///     count.store(seen + 1, Ordering::SeqCst);
/// }
///
/// let outcome = explore(|| {
///     let count = Arc::new(AtomicU32::new(0));
///     let other = Arc::clone(&count);
///     let adder = thread::spawn(move || add(&other));
///     add(&count);
///     adder.join().unwrap();
///     assert_eq!(count.load(Ordering::SeqCst), 2);
/// })
/// .run();
/// // One of the additions may be lost. A build without instrumentation controls no schedule.
/// assert!(outcome.findings().len() == 1 || !lockwarden::status().is_on());
/// ```
#[inline]
pub fn point() {
    point_unnamed("uses an atomic");
}

/// Lets the other threads of an exploration go first; in another thread, [`std::hint::spin_loop`]. For the
/// body of a loop that waits for an atomic.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use lockwarden::sync::Arc;
/// use lockwarden::testing::explore::{explore, spin_loop};
/// use lockwarden::thread;
///
/// let outcome = explore(|| {
///     let set = Arc::new(AtomicBool::new(false));
///     let other = Arc::clone(&set);
///     let setter = thread::spawn(move || other.store(true, Ordering::Release));
///     while !set.load(Ordering::Acquire) {
///         spin_loop();
///     }
///     setter.join().unwrap();
/// })
/// .schedules(10)
/// .run();
/// outcome.assert_clean();
/// ```
#[inline]
pub fn spin_loop() {
    match Scheduled::here() {
        Some(turn) => turn.give_way(),
        None => std::hint::spin_loop(),
    }
}
