//! The slot of the calling thread.

use std::cell::Cell;
use std::ptr;

use super::agent::Seat;
use super::slot::Slot;

/// Where the calling thread is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
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
    static PHASE: Cell<Phase> = const { Cell::new(Phase::New) };
    // The agent that the thread acts as, or null.
    static SEAT: Cell<*const Seat> = const { Cell::new(ptr::null()) };
}

/// The slot of the calling thread, or the detached one.
#[inline(always)]
pub(crate) fn slot() -> &'static Slot {
    SLOT.get()
}

/// The number of the check of `testing` that the calling thread, or the agent that it acts as, belongs
/// to; zero for none.
#[allow(unsafe_code)]
pub(crate) fn scope() -> u64 {
    // SAFETY: null, or a seat that is borrowed for as long as the thread acts as its agent.
    match unsafe { SEAT.get().as_ref() } {
        Some(seat) => seat.scope(),
        None => slot().scope(),
    }
}

/// The phase of the calling thread.
pub(crate) fn phase() -> Phase {
    PHASE.get()
}

/// Sets the slot and the phase of the calling thread.
pub(crate) fn set(slot: &'static Slot, phase: Phase) {
    SLOT.set(slot);
    PHASE.set(phase);
}

/// What the calling thread acts as: the slot, and the agent if there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Role {
    slot: &'static Slot,
    seat: *const Seat,
}

/// Makes the calling thread act as the agent of `seat`; the role that it had before.
///
/// The phase stays: it is that of the thread.
#[inline(always)]
pub(crate) fn act_as(seat: &Seat) -> Role {
    Role {
        slot: SLOT.replace(seat.slot()),
        seat: SEAT.replace(seat),
    }
}

/// Gives the calling thread the role back that it had before.
#[inline(always)]
pub(crate) fn act_again(role: Role) {
    SLOT.set(role.slot);
    SEAT.set(role.seat);
}

/// The agent that the calling thread acts as; null if it acts as itself.
#[inline(always)]
pub(crate) fn seat() -> *const Seat {
    SEAT.get()
}

/// Sets the slot of the agent that the calling thread acts as.
pub(crate) fn set_slot(slot: &'static Slot) {
    SLOT.set(slot);
}
