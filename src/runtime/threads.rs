//! Attachment of threads: a thread gets a slot at its first use of a tracked primitive, and returns it at its
//! end.

#![allow(unsafe_code)]

use std::sync::Once;

use crate::config;
use crate::detector::{abandoned, deadlock, describe, happens_before, publish, state, times};
use crate::engine::ids::ThreadId;
use crate::runtime::exit as process_exit;
use crate::runtime::install::report_problems;
use crate::runtime::{fork, later_looks, thread_name};
use crate::sink;
use crate::tracking::process::{panicked_threads, registry};
use crate::tracking::thread::agent::Seat;
use crate::tracking::thread::current;
use crate::tracking::thread::current::{Inside, ThreadPhase};
use crate::tracking::thread::local::Local;
use crate::tracking::thread::own::with_own;
use crate::tracking::thread::signal_handler;
use crate::tracking::thread::slot::{Flag, HeldLock, Slot};

/// Attaches the calling thread, which is one of the library's, at its start.
pub(crate) fn attach_at_start() -> Option<&'static Slot> {
    let slot = current::open();
    if slot.is_detached() {
        attach_new(true, registry::next_thread)
    } else {
        Some(slot)
    }
}

/// Attaches the calling thread, which is one of the library's, at its start, without a number of the program's threads.
pub(crate) fn attach_unnumbered() -> Option<&'static Slot> {
    let slot = attach_new(true, registry::next_unnumbered)?;
    slot.life.set(Flag::Ours, true);
    Some(slot)
}

/// Gives a slot to the calling thread, which has none, as `watchdog::startup::attach` says; it `is_starting`
/// if it runs no code of the program yet. `number` returns its serial number.
pub(crate) fn attach_new(is_starting: bool, number: fn() -> ThreadId) -> Option<&'static Slot> {
    if current::is_inside() {
        return None;
    }
    if current::seat().is_null()
        && let Some(arrive) = current::ARRIVE.get()
    {
        // It may allocate.
        if !is_starting && signal_handler::may_be_inside() {
            return None;
        }
        arrive();
    }
    // SAFETY: null, or the seat of the agent that the calling thread acts as, which is borrowed for as
    // long as it does (`instrument::Agent::run`).
    if let Some(seat) = unsafe { current::seat().as_ref() } {
        return attach_agent(seat);
    }
    let inside = Inside::enter();
    report_problems();
    if !config::current().enabled
        || (current::phase() == ThreadPhase::Ending && !exit::REPEATS)
        || (!is_starting && signal_handler::may_be_inside())
    {
        return None;
    }
    // Before any lock is taken that a child must find free.
    fork::watch();
    let thread = number();
    let name = match current::phase() {
        // Its handle may be destroyed already, and to ask for it would panic.
        ThreadPhase::Ending => None,
        _ => thread_name::of_this_thread(),
    };
    let slot = occupy(thread, name);
    current::set(&inside, slot, ThreadPhase::Attached);
    exit::arm(slot);
    // Fails if the destruction of thread-locals has begun.
    let _ = LEAVES.try_with(|_| ());
    drop(inside);
    watch_process();
    Some(slot)
}

/// Takes a slot for a thread.
fn occupy(thread: ThreadId, name: Option<String>) -> &'static Slot {
    let slot = registry::take();
    let own = Local::new(thread);
    let seed = own.seed(state::generation());
    slot.occupy(thread, name, Box::new(own));
    slot.set_seed(seed);
    slot
}

/// Registers, once in the process, the thread that writes to standard error and the end of the process.
fn watch_process() {
    static WATCHES: Once = Once::new();
    WATCHES.call_once(|| {
        sink::settle_with(settle_own);
        process_exit::watch();
    });
}

/// Gives a slot to the agent that the calling thread, which is not inside, acts as.
fn attach_agent(seat: &Seat) -> Option<&'static Slot> {
    let inside = Inside::enter();
    report_problems();
    if !config::current().enabled {
        return None;
    }
    fork::watch();
    let slot = occupy(seat.id(), seat.name());
    slot.life.mark_agent();
    seat.sit(slot);
    current::set_slot(&inside, slot);
    let past = seat.take_past();
    drop(inside);
    watch_process();
    if let Some(past) = past {
        happens_before::acquire_last(slot, past);
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
    drain(slot);
    current::set_slot(&inside, Slot::detached());
    if left.is_empty() {
        registry::give(slot);
    }
    // Else the slot stays as it is: holds that refer to it may still be handed back.
}

/// Registers the calling thread as one of the library's, whose use of locks is not checked.
fn settle_own() {
    if let Some(slot) = attach_at_start() {
        times::end(slot);
        slot.life.mark_ours();
        with_own(slot, |own| own.begin_busy());
    }
}

/// Gives back what the slot of a thread that ends has kept for it.
fn drain(slot: &'static Slot) {
    with_own(slot, |own| {
        own.pool.drain();
        own.points.drain();
        own.first.clear();
    });
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
        panicked_threads::add(slot, thread, is_caught);
    }
}

/// Detaches the calling thread, which ends, from its slot.
fn detach(slot: &'static Slot) {
    if !std::ptr::eq(slot, current::own()) {
        return;
    }
    times::end(slot);
    slot.maintain();
    slot.set_surrounded(false);
    let left = slot.held().unwrap_or_default();
    // A guard that may be sent may be alive in another thread, so such a lock is not reported.
    let mut abandoned: Vec<HeldLock> = Vec::new();
    for held in &left {
        if !held.ident().class().kind.is_sendable() {
            abandoned.push(*held);
        }
    }
    // A thread that ends cannot unwind.
    let _ = publish::publish(slot, describe::abandoned(slot, &abandoned));
    slot.wait.clear();
    slot.end();
    if deadlock::thread_ended(slot) {
        later_looks::request(attach_unnumbered);
    }
    let inside = Inside::enter();
    drain(slot);
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
/// thread-locals, in which guards may be dropped and locks acquired. It waits for the second round of them, so that those
/// of other keys, which may notify a thread, come before.
#[cfg(unix)]
mod exit {
    use std::cell::Cell;
    use std::ffi::c_void;
    use std::ptr;
    use std::sync::Once;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Slot, detach};

    /// The destructor runs again for a thread that takes a slot again during its end.
    pub(super) const REPEATS: bool = true;

    /// The key, plus one; zero as long as there is none.
    static KEY: AtomicU64 = AtomicU64::new(0);

    thread_local! {
        /// Whether the first round has come.
        static IS_ENDING: Cell<bool> = const { Cell::new(false) };
    }

    extern "C" fn ended(slot: *mut c_void) {
        // SAFETY: the value of the key is only ever set to a slot, which is never freed.
        let slot: &'static Slot = unsafe { &*slot.cast::<Slot>() };
        if !IS_ENDING.replace(true) {
            return arm(slot);
        }
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
                // The type of a key has a sign on some systems; a key is not negative.
                KEY.store(key as u64 + 1, Ordering::Release);
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
