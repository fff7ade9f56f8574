//! The thread-local variables of the calling thread that every operation reads.
//!
//! A build without optimisation reads a variable of `thread_local!` through four calls of about 70 instructions,
//! a tenth of a lock. So with glibc on x86-64 such a build defines the variables in assembler, and gets their address
//! by a call of three instructions. Other C libraries refuse such variables in a library that is loaded later.

#![allow(unsafe_code)]

use std::cell::Cell;

use crate::tracking::thread::agent::Seat;
use crate::tracking::thread::slot::Slot;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ThreadPhase {
    /// It has not used a tracked primitive yet.
    New = 0,
    /// It has a slot.
    Attached,
    /// Its slot was returned at its end; thread-local destructors may still run.
    Ending,
}

/// The variables of one thread. None has a destructor, so all work until the thread exits, in destructors of
/// other thread-locals, too.
#[repr(C)]
pub(super) struct Variables {
    /// The slot that the fast path works on.
    pub(super) slot: Cell<&'static Slot>,
    pub(super) own: Cell<&'static Slot>,
    /// The value that `slot` gets when the last section of the detector ends.
    pub(super) outside: Cell<&'static Slot>,
    /// The agent that the thread acts as, or null.
    pub(super) seat: Cell<*const Seat>,
    /// The number of sections of the detector that the thread is in.
    pub(super) depth: Cell<u32>,
    pub(super) phase: Cell<ThreadPhase>,
    /// Whether the thread has come to the end of its closure, or begun to destroy its thread-locals.
    pub(super) leaving: Cell<bool>,
}

#[cfg(not(all(
    debug_assertions,
    target_os = "linux",
    target_env = "gnu",
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(miri),
    not(loom)
)))]
#[inline(always)]
fn place() -> *const Variables {
    use std::ptr;

    thread_local! {
        static VARIABLES: Variables = const {
            Variables {
                slot: Cell::new(Slot::detached()),
                own: Cell::new(Slot::detached()),
                outside: Cell::new(Slot::detached()),
                seat: Cell::new(ptr::null()),
                depth: Cell::new(0),
                phase: Cell::new(ThreadPhase::New),
                leaving: Cell::new(false),
            }
        };
    }
    VARIABLES.with(ptr::from_ref)
}

/// Returns the address of the calling thread's variables.
#[cfg(all(
    debug_assertions,
    target_os = "linux",
    target_env = "gnu",
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(miri),
    not(loom)
))]
#[unsafe(naked)]
extern "C" fn place() -> *const Variables {
    const PHASE: usize = std::mem::offset_of!(Variables, phase);
    // The initial values are those above: three times the detached slot, no agent, and zeros. The label is
    // unique, since it has the mangled name of the function in it. The linker turns the access into one without
    // a table where the program itself defines the variables.
    std::arch::naked_asm!(
        ".pushsection .tdata.lockwarden_variables, \"awT\", @progbits",
        ".p2align 3",
        "{place}.variables:",
        ".quad {detached}, {detached}, {detached}",
        ".zero {before}",
        ".byte {phase}",
        ".zero {after}",
        ".popsection",
        "mov rax, qword ptr fs:[0]",
        "add rax, qword ptr [rip + {place}.variables@gottpoff]",
        "ret",
        place = sym place,
        detached = sym crate::tracking::thread::slot::DETACHED,
        before = const PHASE - 3 * size_of::<&Slot>(),
        phase = const ThreadPhase::New as u8,
        after = const size_of::<Variables>() - PHASE - 1,
    )
}

/// Returns the variables of the calling thread.
#[inline(always)]
pub(super) fn here<'a>() -> &'a Variables {
    // SAFETY: they live as long as the thread, and are only borrowed for a statement, by `current`; the type is
    // not `Sync`, so no other thread gets a reference.
    unsafe { &*place() }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    #[test]
    fn each_thread_has_variables_of_its_own_with_the_initial_values() {
        let before = here().slot.get();
        let there = std::thread::spawn(|| {
            let all = here();
            let slots = [all.slot.get(), all.own.get(), all.outside.get()];
            assert!(slots.iter().all(|slot| slot.is_detached()));
            assert!(all.seat.get().is_null() && !all.leaving.get());
            assert_eq!((all.depth.get(), all.phase.get()), (0, ThreadPhase::New));
            let slot: &'static Slot = Box::leak(Box::new(Slot::vacant()));
            all.slot.set(slot);
            let within = std::thread::spawn(|| here().slot.get().is_detached()).join();
            assert!(within.unwrap() && ptr::eq(here().slot.get(), slot));
            all.slot.set(Slot::detached());
        });
        there.join().unwrap();
        assert!(ptr::eq(here().slot.get(), before));
    }
}
