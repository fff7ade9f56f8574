//! Access of a thread to its own local state, and calls of foreign code during which it checks nothing.

#![allow(unsafe_code)]

use crate::engine::ids::Site;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::thread::current;
use crate::tracking::thread::current::Closed;
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
    let mut closed = Closed::begin();
    // SAFETY: the slot is the calling thread's. The closures given here are short, part of this crate, and
    // call neither this function nor any code outside this crate but the allocator; that, and a signal
    // handler, finds the thread inside the detector, and is not tracked. So there is no second borrow.
    f(unsafe { own_in(slot, &mut closed) })
}

/// Returns the thread-local state of the slot. A call in builds without optimisation, which keeps `with_own` small.
///
/// # Safety
///
/// As for [`Slot::own`].
#[inline]
unsafe fn own_in<'a>(slot: &'static Slot, _closed: &'a mut Closed) -> &'a mut Local {
    // SAFETY: the caller's.
    unsafe { slot.own() }
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

/// Returns the ident of a lock or resource, which it gets now if it has none.
pub(crate) fn identify(slot: &'static Slot, record: &LockRecord) -> &'static Ident {
    with_own(slot, |own| record.identify(&mut own.pool))
}

/// Returns the ident of a resource that the calling thread comes to at `site`. That is the location of its class if the
/// resource gets its ident now and was constructed in a library, as a lock's is.
pub(crate) fn identify_at(slot: &'static Slot, record: &LockRecord, site: Site) -> &'static Ident {
    with_own(slot, |own| own.pool.at(site, |pool| record.identify(pool)))
}

/// Runs `f`, which may call any code, without checking its use of tracked locks.
pub(crate) fn quietly<R>(slot: &'static Slot, f: impl FnOnce() -> R) -> R {
    let _busy = Busy::begin(slot);
    f()
}

/// A call of the detector in the thread of the slot.
struct Busy(&'static Slot);

impl Busy {
    fn begin(slot: &'static Slot) -> Self {
        with_own(slot, |own| own.begin_busy());
        Self(slot)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        with_own(self.0, |own| own.busy -= 1);
    }
}

/// Runs `f`, which may call any code, without checking its use of tracked locks, if the calling thread has a
/// slot.
pub(crate) fn aside<R>(slot: Option<&'static Slot>, f: impl FnOnce() -> R) -> R {
    match slot {
        Some(slot) => quietly(slot, f),
        None => f(),
    }
}
