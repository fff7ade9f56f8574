//! The slot of the calling thread, and whether the thread is inside the detector.
//!
//! A signal handler, a global allocator or any other code that uses a tracked lock in the middle of the
//! detector's own work must not be tracked: it would wait for a lock that its own thread holds, or change a
//! list that is half changed. So sections of the detector close the thread ([`Inside`]): the
//! variable that the fast path reads then names the detached slot, on which every acquisition takes the slow
//! path, and that path finds that the acquisition is not to be tracked. The fast path itself has no
//! additional test.
//!
//! | `slot` | `own` | the thread |
//! |---|---|---|
//! | detached | detached | has no slot |
//! | its slot | its slot | has one, and is not inside |
//! | detached | its slot | is inside |
//!
//! One section of the fast path is not closed, because of its cost: the one that adds an entry to the
//! lockset. It marks itself in the state of the list (see [`Slot::push`]), and [`open`] does not return a
//! slot that is in it.
//!
//! All of this concerns one thread and its signal handlers, so only the compiler could reorder it: the fences
//! are compiler fences.

use std::ptr;
use std::sync::OnceLock;

use crate::shim::compiler_barrier;
use crate::tracking::thread::agent::Seat;
pub(crate) use crate::tracking::thread::section::Inside;
use crate::tracking::thread::section::SlotAddress;
use crate::tracking::thread::slot::Slot;
pub(crate) use crate::tracking::thread::variables::ThreadPhase;
use crate::tracking::thread::variables::here;
use crate::tracking::thread::wait::Unwinding;

/// Returns the slot that the calling thread's fast path works on: the detached one, if the thread has none or
/// is inside the detector.
#[inline(always)]
pub(crate) fn slot() -> &'static Slot {
    here().slot.get()
}

/// Returns the slot for everything but the fast path: the detached one also if the thread was interrupted
/// while it added an entry to its lockset.
#[inline]
pub(crate) fn open() -> &'static Slot {
    let slot = slot();
    if slot.is_pushing() {
        Slot::detached()
    } else {
        slot
    }
}

/// Returns the slot of the calling thread, inside the detector, too; the detached one if it has none.
pub(crate) fn own() -> &'static Slot {
    here().own.get()
}

/// Returns whether the calling thread is inside the detector.
pub(crate) fn is_inside() -> bool {
    here().depth.get() > 0 || !std::ptr::eq(slot(), here().own.get()) || slot().is_pushing()
}

/// Returns the phase of the calling thread.
pub(crate) fn phase() -> ThreadPhase {
    here().phase.get()
}

/// Returns whether the calling thread has ended, except for the destructors of its thread-locals.
pub(crate) fn is_leaving() -> bool {
    here().leaving.get()
}

/// Returns whether the calling thread can unwind.
pub(crate) fn unwinding() -> Unwinding {
    if std::thread::panicking() {
        Unwinding::Panics
    } else if is_leaving() {
        Unwinding::Ends
    } else {
        Unwinding::Can
    }
}

/// Records that the calling thread has come to the end of its closure, or begun to destroy its thread-locals.
pub(crate) fn leave() {
    here().leaving.set(true);
}

/// Sets the slot and the phase of the calling thread, which is inside.
pub(crate) fn set(_inside: &Inside, slot: &'static Slot, phase: ThreadPhase) {
    here().own.set(slot);
    here().outside.set(slot);
    here().phase.set(phase);
}

/// What the calling thread acts as: the slot, and the agent if there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Role {
    slot: &'static Slot,
    seat: *const Seat,
}

/// Makes the calling thread act as the agent of `seat`; the role that it had before. `None` if it is
/// inside the detector: then it stays what it is.
///
/// The phase stays: it is that of the thread.
#[inline(always)]
pub(crate) fn act_as(seat: &Seat) -> Option<Role> {
    // A handler that comes between the two stores, in a thread without a slot, gives the agent one.
    act(seat, || seat.slot())
}

/// Makes the calling thread act as nothing that is attached; the role that it had before.
pub(crate) fn act_as_none() -> Option<Role> {
    act(ptr::null(), Slot::detached)
}

#[inline(always)]
fn act(seat: *const Seat, own: impl FnOnce() -> &'static Slot) -> Option<Role> {
    let slot = slot();
    if here().depth.get() > 0 || !ptr::eq(slot, here().own.get()) || slot.is_pushing() {
        return None;
    }
    let role = Role {
        slot,
        seat: here().seat.replace(seat),
    };
    compiler_barrier();
    // Between the two stores the thread is inside.
    let own = own();
    here().own.set(own);
    compiler_barrier();
    here().slot.set(own);
    Some(role)
}

/// Gives the calling thread the role back that it had before; it is not inside.
#[inline(always)]
pub(crate) fn act_again(role: Role) {
    here().own.set(role.slot);
    compiler_barrier();
    here().slot.set(role.slot);
    compiler_barrier();
    here().seat.set(role.seat);
}

/// The agent that the calling thread acts as; null if it acts as itself.
#[inline(always)]
pub(crate) fn seat() -> *const Seat {
    here().seat.get()
}

/// A function of the crate that knows the agents, called if it was set. The first one stays: there is one such crate.
pub(crate) type Hook = OnceLock<fn()>;

/// What a thread that acts as no agent calls before it gets a slot: it may make it act as one.
pub(crate) static ARRIVE: Hook = Hook::new();

/// What a thread calls when it gives another one a value that could own something.
pub(crate) static HAND_OVER: Hook = Hook::new();

/// What a thread calls when it has published that it waits for a lock as an agent.
pub(crate) static AGENT_BLOCKS: Hook = Hook::new();

/// Sets the slot of the agent that the calling thread, which is inside, acts as.
pub(crate) fn set_slot(_inside: &Inside, slot: &'static Slot) {
    here().own.set(slot);
    here().outside.set(slot);
}

/// The number of the check of `testing` that the calling thread, or the agent that it acts as, belongs
/// to; zero for none.
#[allow(unsafe_code)]
pub(crate) fn scope() -> u64 {
    // SAFETY: null, or a seat that is borrowed for as long as the thread acts as its agent.
    match unsafe { here().seat.get().as_ref() } {
        Some(seat) => seat.check_id(),
        None => own().check_id(),
    }
}

impl Inside {
    #[inline]
    pub(crate) fn enter() -> Self {
        // A handler that runs between any two of these steps enters and leaves in turn, and leaves `depth` as
        // it was. It changes `outside` only while the depth is zero, and then to what is stored here; and it
        // leaves `slot` as it was or, while the depth is not zero, closed.
        let depth = here().depth.get();
        if depth == 0 {
            here().outside.set(slot());
        }
        compiler_barrier();
        here().depth.set(depth + 1);
        compiler_barrier();
        here().slot.set(Slot::detached());
        compiler_barrier();
        Self {
            marker: std::marker::PhantomData,
        }
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        compiler_barrier();
        // Read before the depth is zero: from then on a handler overwrites it.
        let outside = here().outside.get();
        let depth = here().depth.get() - 1;
        compiler_barrier();
        here().depth.set(depth);
        compiler_barrier();
        if depth == 0 {
            here().slot.set(outside);
        }
    }
}

/// A short section of the detector that takes none of its locks and does not unwind, until this is dropped.
pub(super) struct Closed(&'static Slot);

impl Closed {
    #[inline]
    pub(super) fn begin() -> Self {
        let closed = Self(slot());
        here().slot.set(Slot::detached());
        compiler_barrier();
        closed
    }
}

impl Drop for Closed {
    #[inline]
    fn drop(&mut self) {
        compiler_barrier();
        here().slot.set(self.0);
    }
}

impl Inside {
    /// Runs `f`, a short section of the detector that takes none of its locks and does not unwind.
    #[inline(always)]
    pub(crate) fn closed<R>(f: impl FnOnce() -> R) -> R {
        let _closed = Closed::begin();
        f()
    }
}

impl SlotAddress {
    /// The address of the slot that [`slot`] names.
    #[inline(always)]
    pub(crate) fn here() -> Self {
        Self::of(slot())
    }

    /// The address of this slot.
    #[inline(always)]
    pub(crate) fn of(slot: &Slot) -> Self {
        Self(ptr::from_ref(slot).cast_mut().cast())
    }
}

/// Runs `f` like [`Inside::closed`], some instructions cheaper, for a thread that is not inside and whose slot is the
/// one that [`slot`] has just returned.
#[inline(always)]
pub(crate) fn closed_at<R>(slot: &'static Slot, f: impl FnOnce() -> R) -> R {
    here().slot.set(Slot::detached());
    compiler_barrier();
    let result = f();
    compiler_barrier();
    here().slot.set(slot);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_inside_until_the_last_section_ends() {
        let first = Inside::enter();
        assert!(is_inside());
        Inside::closed(|| {
            let within = Inside::enter();
            drop(within);
            assert!(is_inside());
        });
        let second = Inside::enter();
        drop(first);
        assert!(is_inside() && slot().is_detached());
        drop(second);
        assert!(!is_inside());
    }

    #[test]
    fn a_slot_that_is_set_in_a_section_stays_after_it() {
        let slot: &'static Slot = Box::leak(Box::new(Slot::vacant()));
        let inside = Inside::enter();
        set(&inside, slot, ThreadPhase::Attached);
        assert!(super::slot().is_detached() && std::ptr::eq(own(), slot));
        drop(inside);
        assert!(std::ptr::eq(super::slot(), slot) && !is_inside());
        let inside = Inside::enter();
        set(&inside, Slot::detached(), ThreadPhase::New);
    }
}
