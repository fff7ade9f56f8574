//! Tracked `park`, `park_timeout` and `sleep`.
//!
//! The functions of std, during which snapshots of the thread show that it sleeps or is parked.

use std::panic::Location;
use std::time::Duration;

use crate::instrument::{Scheduled, WaitReason, idle};

/// Blocks until the thread is unparked, as [`std::thread::park`] does. Spurious wakeups are
/// possible.
///
/// The detector does not track `unpark`. On Linux, a thread that is parked for ever is part of a
/// [`Deadlock`](crate::report::Verdict::Deadlock) if every thread of the process is blocked without a time limit, one
/// of them waits for a lock or for the end of a thread, and the program handles no signal, since a handler could unpark the
/// thread. No panic is raised in the parked thread.
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
    if let Some(turn) = Scheduled::here() {
        return park_in_turn(&turn);
    }
    idle(
        WaitReason::Unpark,
        false,
        Location::caller(),
        std::thread::park,
    );
}

/// Blocks until the thread is unparked or about `dur` has passed, as [`std::thread::park_timeout`]
/// does.
#[track_caller]
pub fn park_timeout(dur: Duration) {
    if let Some(turn) = Scheduled::here() {
        return park_in_turn(&turn);
    }
    idle(WaitReason::Unpark, true, Location::caller(), || {
        std::thread::park_timeout(dur);
    });
}

/// Lets the other threads of an exploration go first, and takes the permit of an `unpark` that came
/// before. Whether there was one cannot be read, so each park may end without: as a spurious wakeup,
/// which std allows.
fn park_in_turn(turn: &Scheduled) {
    turn.give_way();
    std::thread::park_timeout(Duration::ZERO);
}

/// Sleeps for at least `dur`, as [`std::thread::sleep`] does.
#[track_caller]
pub fn sleep(dur: Duration) {
    if let Some(turn) = Scheduled::here() {
        // In an exploration others may run meanwhile, and no time passes.
        return turn.lapse();
    }
    idle(WaitReason::Time, true, Location::caller(), || {
        std::thread::sleep(dur);
    });
}

/// Lets other threads run, as [`std::thread::yield_now`] does.
#[inline]
pub fn yield_now() {
    match Scheduled::here() {
        Some(turn) => turn.give_way(),
        None => std::thread::yield_now(),
    }
}
