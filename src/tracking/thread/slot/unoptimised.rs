//! The two changes of the fast path to the lockset, for builds without optimisation on x86-64.
//!
//! Such a build makes of each about a hundred instructions, most of which move values to the stack and back.
//! These are the instructions that an optimised build makes of those in `optimised`, where the comments are.
//!
//! An aligned load is an Acquire load on this architecture, and an aligned store a Release store. A block of
//! assembler without `nomem` is a fence for the compiler, which also moves nothing into it.

#![allow(unsafe_code)]

use std::mem::offset_of;
use std::panic::Location;

use super::{ENTRY, LocksetEntry, PUSHING, STEP, Slot};
use crate::tracking::lock::ident::Ident;

impl Slot {
    /// Adds the entry of a hold at `depth`, that of the state; the ident and the location have the flags of the
    /// mode.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    #[inline(always)]
    pub(super) unsafe fn push_entry(
        &self,
        depth: u32,
        ident: *mut Ident,
        site: *mut Location<'static>,
        share: u64,
    ) {
        // SAFETY: by the promise of the caller there is room for an entry at the depth, and the array has one
        // entry more than that. Only the slot's thread, which is the caller, writes the state and the entries.
        unsafe {
            std::arch::asm!(
                "add qword ptr [{slot} + {state}], {begin}",
                "mov {top}, qword ptr [{slot} + {entries}]",
                "add {top}, {depth}",
                "mov qword ptr [{top} + {ident_at}], {ident}",
                "mov qword ptr [{top} + {site_at}], {site}",
                "add {share}, qword ptr [{top} + {key_at}]",
                "mov qword ptr [{top} + {key_at} + {entry}], {share}",
                "movabs {top}, {end}",
                "add qword ptr [{slot} + {state}], {top}",
                slot = in(reg) self,
                depth = in(reg) depth as u64,
                ident = in(reg) ident,
                site = in(reg) site,
                share = inout(reg) share => _,
                top = out(reg) _,
                state = const offset_of!(Slot, state),
                entries = const offset_of!(Slot, entries),
                ident_at = const offset_of!(LocksetEntry, ident),
                site_at = const offset_of!(LocksetEntry, site),
                key_at = const offset_of!(LocksetEntry, key),
                entry = const ENTRY,
                begin = const PUSHING + ENTRY as u64,
                end = const STEP - PUSHING,
                options(nostack),
            );
        }
    }

    /// Removes the top entry if it is of this lock; returns `false` if it is not, or is marked.
    #[inline(always)]
    pub(crate) fn pop(&self, ident: *const Ident) -> bool {
        let popped: u32;
        // SAFETY: at depth zero the entry that is read is the unused one before the first, and otherwise the
        // uppermost. Only the slot's thread, which is the caller, writes the state and the entries, and the
        // detached slot, of which all threads read one entry, lists nothing.
        unsafe {
            std::arch::asm!(
                "mov {depth:e}, dword ptr [{slot} + {state}]",
                "add {depth}, qword ptr [{slot} + {entries}]",
                "xor {popped:e}, {popped:e}",
                "cmp qword ptr [{depth} + {ident_at} - {entry}], {ident}",
                "jne 2f",
                "sub qword ptr [{slot} + {state}], {entry}",
                "inc {popped:e}",
                "2:",
                slot = in(reg) self,
                ident = in(reg) ident,
                depth = out(reg) _,
                popped = out(reg) popped,
                state = const offset_of!(Slot, state),
                entries = const offset_of!(Slot, entries),
                ident_at = const offset_of!(LocksetEntry, ident),
                entry = const ENTRY,
                options(nostack),
            );
        }
        popped != 0
    }
}
