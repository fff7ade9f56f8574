//! Attachment of threads: a thread gets a slot at its first use of a tracked primitive, and returns it at its
//! end.

#![allow(unsafe_code)]

use std::sync::Once;

use crate::detector::order::declaration;
use crate::detector::{abandoned, deadlock, describe, happens_before, publish, state};
use crate::record;
use crate::runtime::exit as process_exit;
use crate::runtime::{copies, fork, thread_name};
use crate::sink;
use crate::tracking::process::{panicked_threads, registry};
use crate::tracking::thread::agent::Seat;
use crate::tracking::thread::current;
use crate::tracking::thread::current::{Inside, ThreadPhase};
use crate::tracking::thread::local::Local;
use crate::tracking::thread::signal_handler;
use crate::tracking::thread::slot::{HeldLock, Slot};
use crate::{config, suppress, watchdog};

/// Returns the slot of the calling thread, which gets one if it has none; `None` if the detector is switched
/// off, the thread is inside the detector already, or its thread-locals are destroyed.
///
/// A slot is allocated, and a signal handler may have interrupted the allocator. So a thread in which a
/// signal is blocked that the process handles gets none here, because it may be in that handler.
#[inline]
pub(crate) fn attach() -> Option<&'static Slot> {
    let slot = current::open();
    if slot.is_detached() {
        attach_slow(false)
    } else {
        Some(slot)
    }
}

/// Attaches the calling thread like [`attach`], at its start, where it is in no signal handler.
pub(crate) fn attach_at_start() -> Option<&'static Slot> {
    let slot = current::open();
    if slot.is_detached() {
        attach_slow(true)
    } else {
        Some(slot)
    }
}

/// Runs `f` on the thread-local state of the calling thread.
#[inline(always)]
pub(crate) fn with_own<R>(slot: &'static Slot, f: impl FnOnce(&mut Local) -> R) -> R {
    debug_assert!(
        std::ptr::eq(slot, current::own()),
        "a slot is private to its thread"
    );
    // SAFETY: the slot is the calling thread's. The closures given here are short, part of this crate, and
    // call neither this function nor any code outside this crate but the allocator; that, and a signal
    // handler, finds the thread inside the detector, and is not tracked. So there is no second borrow.
    current::closed(|| f(unsafe { slot.own() }))
}

/// Runs `f` like [`with_own`], for every new lock, in a thread that is known not to be inside the detector.
#[inline(always)]
pub(crate) fn with_own_at_hand<R>(slot: &'static Slot, f: impl FnOnce(&mut Local) -> R) -> R {
    // SAFETY: as in `with_own`.
    current::closed_at(slot, || f(unsafe { slot.own() }))
}

/// Runs `f` like [`with_own`], for operations that a signal handler may interrupt with the same ones.
#[inline(always)]
pub(crate) fn with_own_open<R>(slot: &'static Slot, f: impl FnOnce(&mut Local) -> R) -> R {
    // SAFETY: as in `with_own`, except for a handler. A handler has ended its borrow when `f` continues, and
    // `f` reloads what the handler has changed.
    f(unsafe { slot.own() })
}

#[cold]
fn attach_slow(is_starting: bool) -> Option<&'static Slot> {
    if current::is_inside() {
        return None;
    }
    // SAFETY: null, or the seat of the agent that the calling thread acts as, which is borrowed for as
    // long as it does (`instrument::Agent::run`).
    if let Some(seat) = unsafe { current::seat().as_ref() } {
        return attach_agent(seat);
    }
    let inside = Inside::enter();
    if !config::current().is_enabled()
        || (current::phase() == ThreadPhase::Ending && !exit::REPEATS)
        || (!is_starting && signal_handler::may_be_inside())
    {
        return None;
    }
    // Before any lock is taken that a child must find free.
    fork::watch();
    let thread = registry::next_thread();
    let slot = registry::take();
    let own = Local::new(thread);
    let seed = own.seed(state::generation());
    let name = match current::phase() {
        // Its handle may be destroyed already, and to ask for it would panic.
        ThreadPhase::Ending => None,
        _ => thread_name::of_this_thread(),
    };
    slot.occupy(thread, name, Box::new(own));
    slot.set_seed(seed);
    current::set(&inside, slot, ThreadPhase::Attached);
    exit::arm(slot);
    // Fails if the destruction of thread-locals has begun.
    let _ = LEAVES.try_with(|_| ());
    start(slot, inside);
    Some(slot)
}

/// Starts, once in the process, what comes with the first thread or agent that is watched.
fn start(slot: &'static Slot, inside: Inside) {
    static START: Once = Once::new();
    let mut is_first = false;
    if !START.is_completed() {
        // Not `call_once` around the event: a subscriber that uses a tracked lock re-enters this function.
        START.call_once(|| is_first = true);
    }
    drop(inside);
    if is_first {
        sink::settle_with(settle_own);
        process_exit::watch();
        publish::quietly(slot, || {
            declaration::from_environment();
            suppress::from_environment();
            record::from_environment();
            sink::started(&crate::detector::status());
            copies::announce();
            watchdog::from_environment();
        });
    }
}

/// Gives a slot to the agent that the calling thread, which is not inside, acts as.
fn attach_agent(seat: &Seat) -> Option<&'static Slot> {
    let inside = Inside::enter();
    if !config::current().is_enabled() {
        return None;
    }
    fork::watch();
    let thread = seat.id();
    let slot = registry::take();
    let own = Local::new(thread);
    let seed = own.seed(state::generation());
    slot.occupy(thread, seat.name(), Box::new(own));
    slot.life.mark_agent();
    slot.set_seed(seed);
    seat.sit(slot);
    current::set_slot(&inside, slot);
    let past = seat.take_past();
    start(slot, inside);
    if let Some(past) = past {
        happens_before::acquire_last(past);
    }
    Some(slot)
}

/// Takes the slot away from an agent, which ends; the calling thread acts as it.
pub(crate) fn detach_agent(slot: &'static Slot) {
    if !std::ptr::eq(slot, current::slot()) {
        return;
    }
    slot.maintain();
    slot.set_surrounded(false);
    let left = slot.held().unwrap_or_default();
    slot.wait.clear();
    slot.end();
    let inside = Inside::enter();
    with_own(slot, |own| {
        own.pool.drain();
        own.points.drain();
        own.first.clear();
    });
    current::set_slot(&inside, Slot::detached());
    if left.is_empty() {
        registry::give(slot);
    }
    // Else the slot stays as it is: holds that refer to it may still be handed back.
}

/// Registers the calling thread as one of the library's, whose use of locks is not checked.
fn settle_own() {
    if let Some(slot) = attach_at_start() {
        slot.life.mark_ours();
        with_own(slot, |own| own.busy += 1);
    }
}

/// Dropped when the thread begins to destroy its thread-locals, except those that it first used after its
/// first lock: they are destroyed before.
struct Leaves;

impl Drop for Leaves {
    fn drop(&mut self) {
        current::leave();
    }
}

thread_local! {
    static LEAVES: Leaves = const { Leaves };
}

/// Records that the calling thread ends by a panic or, if it `is_caught`, continues after one.
pub(crate) fn note_panic(is_caught: bool) {
    let slot = current::own();
    if let Some(thread) = slot.thread() {
        panicked_threads::add(slot.check_id(), thread, slot.name(), is_caught);
    }
}

/// Detaches the calling thread, which ends, from its slot.
fn detach(slot: &'static Slot) {
    if !std::ptr::eq(slot, current::own()) {
        return;
    }
    slot.maintain();
    slot.set_surrounded(false);
    let left = slot.held().unwrap_or_default();
    // A guard that may be sent may be alive in another thread, so such a lock is not reported.
    let abandoned: Vec<HeldLock> = left
        .iter()
        .filter(|h| !describe::ident_of(h).class().kind.is_sendable())
        .copied()
        .collect();
    // A thread that ends cannot unwind.
    let _ = publish::publish(slot, describe::abandoned(slot, &abandoned));
    slot.wait.clear();
    slot.end();
    deadlock::thread_ended(slot);
    let inside = Inside::enter();
    with_own(slot, |own| {
        own.pool.drain();
        own.points.drain();
        own.first.clear();
    });
    current::set(&inside, Slot::detached(), ThreadPhase::Ending);
    if left.is_empty() {
        registry::give(slot);
    } else {
        abandoned::left_behind(1);
    }
    // Otherwise the slot stays as it is: holds that refer to it may still be released, and a thread that
    // waits for such a lock gets a report that names the ended thread.
}

/// Notices the end of a thread by a destructor of a pthread key: those run after all destructors of Rust's
/// thread-locals, in which guards may be dropped and locks acquired.
#[cfg(unix)]
mod exit {
    use std::ffi::c_void;
    use std::ptr;
    use std::sync::Once;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Slot, detach};

    /// The destructor runs again for a thread that takes a slot again during its end.
    pub(super) const REPEATS: bool = true;

    /// The key, plus one; zero as long as there is none.
    static KEY: AtomicU64 = AtomicU64::new(0);

    extern "C" fn ended(slot: *mut c_void) {
        // SAFETY: the value of the key is only ever set to a slot, which is never freed.
        let slot: &'static Slot = unsafe { &*slot.cast::<Slot>() };
        // Unwinding out of here would end the process.
        let _ = std::panic::catch_unwind(|| detach(slot));
    }

    pub(super) fn arm(slot: &'static Slot) {
        static CREATE: Once = Once::new();
        CREATE.call_once(|| {
            let mut key: libc::pthread_key_t = 0;
            // SAFETY: `key` is writable and `ended` fits the signature. On failure the key stays unset, and
            // slots of ended threads are not reused.
            if unsafe { libc::pthread_key_create(&mut key, Some(ended)) } == 0 {
                KEY.store(u64::from(key) + 1, Ordering::Release);
            }
        });
        if let Some(key) = KEY.load(Ordering::Acquire).checked_sub(1) {
            // SAFETY: the key was created above and is never deleted.
            unsafe {
                libc::pthread_setspecific(key as libc::pthread_key_t, ptr::from_ref(slot).cast())
            };
        }
    }
}

/// Notices the end of a thread by the destructor of a thread-local.
#[cfg(not(unix))]
mod exit {
    use std::cell::Cell;

    use super::{Slot, detach};

    /// The destructor of a thread-local runs once.
    pub(super) const REPEATS: bool = false;

    struct End(Cell<Option<&'static Slot>>);

    impl Drop for End {
        fn drop(&mut self) {
            if let Some(slot) = self.0.get() {
                detach(slot);
            }
        }
    }

    thread_local! {
        static END: End = const { End(Cell::new(None)) };
    }

    pub(super) fn arm(slot: &'static Slot) {
        let _ = END.try_with(|end| end.0.set(Some(slot)));
    }
}
