//! The thread-local variable that the fast path reads: the slot it works on.
//!
//! A build without optimisation reads a variable of `thread_local!` through four calls of about 70 instructions,
//! a tenth of a lock. So with glibc on x86-64 such a build defines the variable in assembler, and reads it by a
//! call of three. Other C libraries refuse such a variable in a library that is loaded later.

#![allow(unsafe_code)]

use crate::tracking::thread::slot::Slot;

#[cfg(not(all(
    debug_assertions,
    target_os = "linux",
    target_env = "gnu",
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(miri),
    not(loom)
)))]
mod variable {
    use std::cell::Cell;

    use super::Slot;

    thread_local! {
        // Without a destructor, so that an access is one instruction, and works until the thread exits.
        static SLOT: Cell<&'static Slot> = const { Cell::new(Slot::detached()) };
    }

    #[inline(always)]
    pub(in crate::tracking) fn get() -> &'static Slot {
        match SLOT.try_with(Cell::get) {
            Ok(slot) => slot,
            // Unreachable: it has no destructor.
            Err(_) => Slot::detached(),
        }
    }

    // `LocalKey::set` does the same, but was compiled as a call of 19 instructions.
    #[inline(always)]
    pub(in crate::tracking) fn set(slot: &'static Slot) {
        // Never an error: it has no destructor.
        let _ = SLOT.try_with(|at| at.set(slot));
    }
}

#[cfg(all(
    debug_assertions,
    target_os = "linux",
    target_env = "gnu",
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(miri),
    not(loom)
))]
mod variable {
    use std::arch::naked_asm;

    use super::Slot;
    use crate::tracking::thread::slot::DETACHED;

    /// Returns the address of the calling thread's variable, which begins as the address of the detached slot.
    #[unsafe(naked)]
    extern "C" fn place() -> *mut &'static Slot {
        // The label is unique, since it has the mangled name of the function in it. The linker turns the access
        // into one without a table where the program itself defines the variable.
        naked_asm!(
            ".pushsection .tdata.lockwarden_slot, \"awT\", @progbits",
            ".p2align 3",
            "{place}.slot:",
            ".quad {detached}",
            ".popsection",
            "mov rax, qword ptr fs:[0]",
            "add rax, qword ptr [rip + {place}.slot@gottpoff]",
            "ret",
            place = sym place,
            detached = sym DETACHED,
        )
    }

    #[inline(always)]
    pub(in crate::tracking) fn get() -> &'static Slot {
        // SAFETY: the variable is the calling thread's, lives as long as that, and only `set` writes it.
        unsafe { *place() }
    }

    #[inline(always)]
    pub(in crate::tracking) fn set(slot: &'static Slot) {
        // SAFETY: as above; no reference to the variable exists.
        unsafe { *place() = slot };
    }
}

pub(in crate::tracking) use self::variable::{get, set};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_has_a_variable_of_its_own_that_begins_detached() {
        let before = get();
        let slot: &'static Slot = Box::leak(Box::new(Slot::vacant()));
        let there = std::thread::spawn(move || {
            assert!(get().is_detached());
            set(slot);
            let within = std::thread::spawn(|| get().is_detached()).join();
            assert!(within.unwrap() && std::ptr::eq(get(), slot));
            set(Slot::detached());
        });
        there.join().unwrap();
        assert!(std::ptr::eq(get(), before));
    }
}
