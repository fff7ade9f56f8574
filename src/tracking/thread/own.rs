//! Access of a thread to its own local state.

#![allow(unsafe_code)]

use crate::tracking::thread::current;
use crate::tracking::thread::local::Local;
use crate::tracking::thread::slot::Slot;

/// Runs `f` on the thread-local state of the calling thread.
#[inline(always)]
pub(crate) fn with_own<R>(slot: &'static Slot, f: impl FnOnce(&mut Local) -> R) -> R {
    // Not in a program's debug build, where it would be a tenth of each call.
    #[cfg(test)]
    assert!(
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
