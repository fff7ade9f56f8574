//! The life of a thread: it gets a slot at its first use of a tracked primitive, and hands it
//! back at its end.

#![allow(unsafe_code)]

use std::sync::Once;

use super::{
    deadlock, declaration, describe, exit as process_exit, fork, publish, state, succession,
};
use crate::sink;
use crate::tracking::agent::Seat;
use crate::tracking::current::{self, Phase};
use crate::tracking::own::Own;
use crate::tracking::slot::{HeldLock, Slot};
use crate::tracking::{panicked, registry};
use crate::{config, suppress, watchdog};

/// The slot of the calling thread, which is given one if it has none; `None` if the detector is
/// switched off, or the thread is too far gone.
#[inline]
pub(crate) fn attach() -> Option<&'static Slot> {
    let slot = current::slot();
    if slot.is_detached() {
        attach_slow()
    } else {
        Some(slot)
    }
}

/// Runs `f` on the private part of the slot of the calling thread.
#[inline(always)]
pub(crate) fn with_own<R>(slot: &'static Slot, f: impl FnOnce(&mut Own) -> R) -> R {
    debug_assert!(
        std::ptr::eq(slot, current::slot()),
        "a slot is private to its thread"
    );
    // SAFETY: the slot is the calling thread's. The closures given here are short, ours, and call
    // neither this function nor anything that is not ours, so no second borrow comes about.
    f(unsafe { slot.own() })
}

#[cold]
fn attach_slow() -> Option<&'static Slot> {
    // SAFETY: null, or the seat of the agent that the calling thread acts as, which is borrowed for
    // as long as it does (`instrument::Agent::run`).
    if let Some(seat) = unsafe { current::seat().as_ref() } {
        return attach_agent(seat);
    }
    if !config::current().is_enabled() || (current::phase() == Phase::Ending && !exit::REPEATS) {
        return None;
    }
    // Before anything is locked that a child must find free.
    fork::watch();
    let thread = registry::next_thread();
    let slot = registry::take();
    let own = Own::new(thread);
    let seed = own.seed(state::generation());
    // A thread that is ending may have lost its handle already, and to ask for it would panic.
    let name = match current::phase() {
        Phase::Ending => None,
        _ => std::thread::current().name().map(str::to_owned),
    };
    slot.occupy(thread, name, Box::new(own));
    slot.set_seed(seed);
    current::set(slot, Phase::Attached);
    exit::arm(slot);
    start(slot);
    Some(slot)
}

/// Starts, once in the process, what comes with the first thread or agent that is watched.
fn start(slot: &'static Slot) {
    static START: Once = Once::new();
    if !START.is_completed() {
        // Not `call_once` around the event: a subscriber that uses a tracked lock comes back here.
        let mut first = false;
        START.call_once(|| first = true);
        if first {
            sink::settle_with(settle_own);
            process_exit::watch();
            publish::quietly(slot, || {
                declaration::from_environment();
                suppress::from_environment();
                sink::started(&super::status());
                watchdog::from_environment();
            });
        }
    }
}

/// Gives a slot to the agent that the calling thread acts as.
fn attach_agent(seat: &Seat) -> Option<&'static Slot> {
    if !config::current().is_enabled() {
        return None;
    }
    fork::watch();
    let thread = seat.id();
    let slot = registry::take();
    let own = Own::new(thread);
    let seed = own.seed(state::generation());
    slot.occupy(thread, seat.name(), Box::new(own));
    slot.life.mark_agent();
    slot.set_seed(seed);
    seat.sit(slot);
    current::set_slot(slot);
    if let Some(past) = seat.take_past() {
        succession::arrive_last(past);
    }
    start(slot);
    Some(slot)
}

/// Takes the slot away from an agent, which ends; the calling thread acts as it.
pub(crate) fn detach_agent(slot: &'static Slot) {
    if slot.is_detached() {
        return;
    }
    slot.maintain();
    slot.set_surrounded(false);
    let left = slot.held().unwrap_or_default();
    slot.wait.clear();
    slot.end();
    with_own(slot, |own| {
        own.pool.drain();
        own.points.drain();
    });
    if left.is_empty() {
        current::set_slot(Slot::detached());
        registry::give(slot);
    }
    // Else the slot stays as it is: holds that refer to it may still be handed back.
}

/// Makes the calling thread one of the library: known, and its use of locks not looked at.
fn settle_own() {
    if let Some(slot) = attach() {
        slot.life.mark_ours();
        with_own(slot, |own| own.busy += 1);
    }
}

/// Notes that the calling thread ends by a panic or, if it `is_caught`, goes on after one.
pub(crate) fn note_panic(is_caught: bool) {
    let slot = current::slot();
    if let Some(thread) = slot.thread() {
        panicked::add(slot.scope(), thread, slot.name(), is_caught);
    }
}

/// Takes the slot away from the calling thread, which ends.
fn detach(slot: &'static Slot) {
    if !std::ptr::eq(slot, current::slot()) {
        return;
    }
    slot.maintain();
    slot.set_surrounded(false);
    let left = slot.held().unwrap_or_default();
    // A guard that may be sent may be alive in another thread, so nothing can be said of it.
    let abandoned: Vec<HeldLock> = left
        .iter()
        .filter(|h| !describe::ident_of(h).class().kind.is_sendable())
        .copied()
        .collect();
    // A thread that ends has nowhere to unwind to.
    let _ = publish::publish(slot, describe::abandoned(slot, &abandoned));
    slot.wait.clear();
    slot.end();
    deadlock::thread_ended(slot);
    with_own(slot, |own| {
        own.pool.drain();
        own.points.drain();
    });
    current::set(Slot::detached(), Phase::Ending);
    if left.is_empty() {
        registry::give(slot);
    }
    // Else the slot stays as it is: holds that refer to it may still be handed back, and whoever
    // waits for such a lock can be told who left with it.
}

/// The end of a thread, told by a destructor of a pthread key: those run after all destructors of
/// Rust's thread-locals, in which guards may be dropped and locks taken.
#[cfg(unix)]
mod exit {
    use std::ffi::c_void;
    use std::ptr;
    use std::sync::Once;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Slot, detach};

    /// A thread that takes a slot again during its end will be told once more.
    pub(super) const REPEATS: bool = true;

    /// The key, plus one; zero as long as there is none.
    static KEY: AtomicU64 = AtomicU64::new(0);

    extern "C" fn ended(slot: *mut c_void) {
        // SAFETY: the value of the key is only ever set to a slot, which lives for ever.
        let slot: &'static Slot = unsafe { &*slot.cast::<Slot>() };
        // Unwinding out of here would end the process.
        let _ = std::panic::catch_unwind(|| detach(slot));
    }

    pub(super) fn arm(slot: &'static Slot) {
        static CREATE: Once = Once::new();
        CREATE.call_once(|| {
            let mut key: libc::pthread_key_t = 0;
            // SAFETY: `key` is a place to write to and `ended` fits the signature. On failure the
            // key stays unset, and slots of ended threads are not used again.
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

/// The end of a thread, told by the destructor of a thread-local.
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
