//! The thread that looks at waits later, on behalf of the threads in them: at parks, which only the system shows, and at
//! waits that an untracked thread could have ended when they were looked at, and that nothing but its end may close
//! (`detector::deadlock::check_later`).
//!
//! It starts with the first such wait, and sleeps while there is none.

use std::sync::Condvar;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread;
use std::time::Duration;

use crate::detector::{deadlock, times};
use crate::system;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::process::{os_threads, registry};
use crate::tracking::thread::slot::{Flag, Slot};
use crate::tracking::thread::wait::SEES_PARKS;

/// The time from a request to the look, and between two looks: threads that hand over to each other by parks request
/// one at each.
const PAUSE: Duration = Duration::from_millis(10);
/// The longest time between two looks at waits that an untracked thread could end.
const LONG: Duration = Duration::from_secs(1);

/// Whether a look was requested since the last one.
static REQUESTED: AtomicBool = AtomicBool::new(false);
/// Whether the thread was started.
pub(crate) static STARTED: ForkSafe<bool> = ForkSafe::new(false);
/// Notified at a request.
static CHANGED: Condvar = Condvar::new();

/// Requests a look, if no other thread is seen to run; the calling thread, whose slot this is, has published that it is
/// parked, and is about to be.
///
/// A thread that runs, or comes to, is looked at by itself when it blocks or ends.
pub(crate) fn request_for_park(slot: &'static Slot, attach: fn() -> Option<&'static Slot>) {
    if SEES_PARKS && !registry::last_runs(slot.check_id(), std::ptr::null()) {
        request(attach);
    }
}

/// Requests a look at the wait that the calling thread, whose slot this is, has published, and that an untracked thread
/// could end. The schedule of an explored thread must not depend on the time, so its waits are not looked at later.
pub(crate) fn request_for_wait(slot: &Slot, attach: fn() -> Option<&'static Slot>) {
    if !slot.life.has(Flag::Scheduled) {
        request(attach);
    }
}

/// Requests a look at waits that were published before, and that an untracked thread could end. `attach` gives a slot to the
/// thread that looks, at its start.
pub(crate) fn request(attach: fn() -> Option<&'static Slot>) {
    // Where the system does not count the threads, none of the others is known to have ended.
    if !os_threads::ARE_COUNTED {
        return;
    }
    // Relaxed: the wait was published with a sequentially consistent fence, and the look has one between its swap and
    // its snapshot. So a thread that finds the flag set is in the snapshot of the look that clears it.
    if REQUESTED.load(Ordering::Relaxed) || REQUESTED.swap(true, Ordering::Relaxed) {
        return;
    }
    let mut started = STARTED.lock();
    if *started {
        drop(started);
        return CHANGED.notify_one();
    }
    *started = true;
    drop(started);
    if system::spawn("lockwarden-looks", Box::new(move || serve(attach))).is_err() {
        // The next request tries again.
        *STARTED.lock() = false;
        REQUESTED.store(false, Ordering::Relaxed);
    }
}

/// Resets the state in the child of a fork, where the thread does not exist.
#[cfg(unix)]
pub(crate) fn renew() {
    *STARTED.lock() = false;
    REQUESTED.store(false, Ordering::Relaxed);
}

/// The body of the thread; it runs for as long as the process lives.
fn serve(attach: fn() -> Option<&'static Slot>) {
    // Handlers of the program must not run in a thread of the library.
    let _ = crate::shim::signals::block_all();
    let Some(slot) = attach() else {
        return;
    };
    times::end(slot);
    slot.life.set(Flag::Idle, true);
    let mut pause = PAUSE;
    let mut again = false;
    loop {
        let requested = wait(if again { pause } else { Duration::MAX });
        // Also after a request: each look reads the state of all threads.
        thread::sleep(PAUSE);
        REQUESTED.swap(false, Ordering::Relaxed);
        // Pairs with the fence by which a wait is published; see `request`.
        fence(Ordering::SeqCst);
        again = deadlock::check_later(slot);
        pause = if requested {
            PAUSE
        } else {
            (pause * 2).min(LONG)
        };
    }
}

/// Waits for a request, or until `limit` has passed; returns whether it was woken before, mostly by a request.
fn wait(limit: Duration) -> bool {
    let started = STARTED.lock();
    // Relaxed: the look reads it again.
    REQUESTED.load(Ordering::Relaxed) || !started.wait_timeout(&CHANGED, limit).1
}
