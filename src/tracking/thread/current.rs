//! The slot of the calling thread.

use std::cell::Cell;

use crate::tracking::thread::slot::Slot;

/// Where the calling thread is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThreadPhase {
    /// It has not used a tracked primitive yet.
    New,
    /// It has a slot.
    Attached,
    /// Its slot was taken away at its end; thread-local destructors may still be running.
    Ending,
}

thread_local! {
    // Neither has a destructor, so an access is one instruction, and both work for as long as the
    // thread runs, in destructors of other thread-locals too.
    static SLOT: Cell<&'static Slot> = const { Cell::new(Slot::detached()) };
    static PHASE: Cell<ThreadPhase> = const { Cell::new(ThreadPhase::New) };
}

/// The slot of the calling thread, or the detached one.
#[inline(always)]
pub(crate) fn slot() -> &'static Slot {
    match SLOT.try_with(Cell::get) {
        Ok(slot) => slot,
        // Never: it has no destructor.
        Err(_) => Slot::detached(),
    }
}

/// The phase of the calling thread.
pub(crate) fn phase() -> ThreadPhase {
    PHASE.get()
}

/// Sets the slot and the phase of the calling thread.
pub(crate) fn set(slot: &'static Slot, phase: ThreadPhase) {
    SLOT.set(slot);
    PHASE.set(phase);
}
