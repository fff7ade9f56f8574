//! Tracked `park`, `park_timeout` and `sleep`.
//!
//! The functions of std, during which snapshots of the thread show that it sleeps or is parked.

use std::panic::Location;
use std::time::Duration;

use crate::instrument::{WaitReason, idle};

/// Blocks until the thread is unparked, as [`std::thread::park`] does. Spurious wakeups are
/// possible.
///
/// The detector does not track `unpark`, so a thread that is parked for ever is part of no
/// [`Deadlock`](crate::report::Verdict::Deadlock).
///
/// # Examples
///
/// ```
/// use lockwarden::thread;
///
/// let parked = thread::spawn(thread::park);
/// parked.thread().unpark();
/// parked.join().unwrap();
/// ```
#[track_caller]
pub fn park() {
    idle(
        WaitReason::Unpark,
        false,
        Location::caller(),
        std::thread::park,
    );
}

/// Blocks until the thread is unparked or about `dur` has passed, as [`std::thread::park_timeout`]
/// does.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::thread;
///
/// thread::park_timeout(Duration::from_millis(1));
/// ```
#[track_caller]
pub fn park_timeout(dur: Duration) {
    idle(WaitReason::Unpark, true, Location::caller(), || {
        std::thread::park_timeout(dur);
    });
}

/// Sleeps for at least `dur`, as [`std::thread::sleep`] does.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::thread;
///
/// thread::sleep(Duration::from_millis(1));
/// ```
#[track_caller]
pub fn sleep(dur: Duration) {
    idle(WaitReason::Time, true, Location::caller(), || {
        std::thread::sleep(dur);
    });
}
