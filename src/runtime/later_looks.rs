//! The thread that looks at waits later, on behalf of the threads in them: at parks, which only the system shows, at
//! waits that an untracked thread could have ended when they were looked at, and that nothing but its end may close, and at
//! waits that another thread closes by a wait which is not watched (`detector::deadlock::check_later`).
//!
//! It starts with the first such wait, and sleeps while there is none.

use std::sync::Condvar;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread;
use std::time::{Duration, Instant};

use crate::detector::deadlock::Answers;
use crate::detector::{deadlock, times};
use crate::system;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::process::{os_threads, registry};
use crate::tracking::thread::section::Inside;
use crate::tracking::thread::slot::{Flag, Slot};
use crate::tracking::thread::wait::SEES_PARKS;

/// The time from a request to the look, and between two looks: threads that hand over to each other by parks request
/// one at each.
const PAUSE: Duration = Duration::from_millis(10);
/// The longest time between two looks.
const LONG: Duration = Duration::from_secs(1);
/// The thread sleeps so many times as long as its looks take, up to [`LONG`]: one in which it looks up functions takes some
/// hundred milliseconds.
const SHARE: u32 = 100;

/// Whether a look was requested since the last one.
static REQUESTED: AtomicBool = AtomicBool::new(false);
/// Whether a thread has begun to wait since the last look.
static NOTED: AtomicBool = AtomicBool::new(false);
/// Whether the thread was started.
pub(crate) static STARTED: ForkSafe<bool> = ForkSafe::new(false);
/// Notified at a request, and at the first note after a look.
static CHANGED: Condvar = Condvar::new();

/// Requests a look, if no other thread is seen to run, and notes the wait if one does; the calling thread, whose slot this
/// is, has published that it is parked, and is about to be.
pub(crate) fn request_for_park(slot: &'static Slot, attach: fn() -> Option<&'static Slot>) {
    if !SEES_PARKS {
        return;
    }
    if registry::last_runs(slot.check_id(), std::ptr::null()) {
        note(slot, attach);
    } else {
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
    set(&REQUESTED, attach);
}

/// Notes that the calling thread, whose slot this is, has published a wait that other threads could end. It is looked at
/// for as long as it lasts, more and more seldom: one of those threads may come to sleep without a wait that is published,
/// and nothing else shows that.
///
/// Costs a load if another wait was noted since the last look.
pub(crate) fn note(slot: &Slot, attach: fn() -> Option<&'static Slot>) {
    // To start a thread allocates, and an allocator of the program may take the locks that this thread holds.
    let may_start = || !slot.is_holding() || *STARTED.lock();
    if !slot.life.has(Flag::Scheduled) && !NOTED.load(Ordering::Relaxed) && may_start() {
        set(&NOTED, attach);
    }
}

/// Sets the flag and wakes the thread, which is started if there is none.
fn set(flag: &AtomicBool, attach: fn() -> Option<&'static Slot>) {
    // Where the system does not count the threads, none of the others is known to have ended.
    if !os_threads::ARE_COUNTED {
        return;
    }
    // Relaxed: the wait was published with a sequentially consistent fence, and the look has one between its swap and
    // its snapshot. So a thread that finds the flag set is in the snapshot of the look that clears it.
    if flag.load(Ordering::Relaxed) || flag.swap(true, Ordering::Relaxed) {
        return;
    }
    let mut started = STARTED.lock();
    if *started {
        drop(started);
        return CHANGED.notify_one();
    }
    *started = true;
    drop(started);
    // An allocator may wait for locks, too, and its wait would take the place of the published one.
    let _inside = Inside::enter();
    if system::spawn("lockwarden-looks", Box::new(move || serve(attach))).is_err() {
        // The next request tries again.
        *STARTED.lock() = false;
        flag.store(false, Ordering::Relaxed);
    }
}

/// Resets the state in the child of a fork, where the thread does not exist.
#[cfg(unix)]
pub(crate) fn renew() {
    *STARTED.lock() = false;
    REQUESTED.store(false, Ordering::Relaxed);
    NOTED.store(false, Ordering::Relaxed);
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
    let mut answers = Answers::default();
    let (mut pause, mut rest) = (PAUSE, PAUSE);
    let mut again = false;
    loop {
        let began = Instant::now();
        let mut requested = match again {
            true => wait(pause, false),
            false => wait(Duration::MAX, true),
        };
        // Waits that follow each other without a pause are one, and looked at more and more seldom, too.
        pause = match requested || began.elapsed() > LONG * 2 {
            true => PAUSE,
            false => (pause * 2).min(LONG),
        };
        if !again && !requested {
            requested = wait(pause, false);
        }
        // Also after a request: each look reads the state of all threads.
        thread::sleep(PAUSE.max(if requested { rest } else { Duration::ZERO }));
        REQUESTED.swap(false, Ordering::Relaxed);
        NOTED.swap(false, Ordering::Relaxed);
        // Pairs with the fence by which a wait is published; see `set`.
        fence(Ordering::SeqCst);
        let began = Instant::now();
        again = deadlock::check_later(slot, &mut answers) || registry::any_waits();
        rest = (began.elapsed() * SHARE).min(LONG);
        pause = pause.max(rest);
    }
}

/// Waits for a request, for `limit` at most, or for a note, if `note_ends` the wait; returns whether a look was requested.
fn wait(limit: Duration, note_ends: bool) -> bool {
    let mut started = STARTED.lock();
    let began = Instant::now();
    loop {
        // Relaxed: the look reads what was published before.
        let is_requested = REQUESTED.load(Ordering::Relaxed);
        let is_noted = note_ends && NOTED.load(Ordering::Relaxed);
        let left = limit.saturating_sub(began.elapsed());
        if is_requested || is_noted || left.is_zero() {
            return is_requested;
        }
        started = started.wait_timeout(&CHANGED, left).0;
    }
}
