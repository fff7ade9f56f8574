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

/// Where the fields are that [`LockRecord::acquire_known`](crate::tracking::lock::record) reads and writes.
pub(in crate::tracking) struct Offsets;

impl Offsets {
    pub(in crate::tracking) const STATE: usize = offset_of!(Slot, state);
    pub(in crate::tracking) const CAPACITY: usize = offset_of!(Slot, capacity);
    pub(in crate::tracking) const ENTRIES: usize = offset_of!(Slot, entries);
    pub(in crate::tracking) const IDENT: usize = offset_of!(LocksetEntry, ident);
    pub(in crate::tracking) const SITE: usize = offset_of!(LocksetEntry, site);
    pub(in crate::tracking) const KEY: usize = offset_of!(LocksetEntry, key);
    pub(in crate::tracking) const KEY_ABOVE: usize = Self::KEY + ENTRY as usize;
    /// What the state changes by before the entry of a hold is written, and after that.
    pub(in crate::tracking) const BEGIN: u64 = PUSHING + ENTRY as u64;
    pub(in crate::tracking) const END: u64 = STEP - PUSHING;
}

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
                "mov qword ptr [{top} + {key_above}], {share}",
                "movabs {top}, {end}",
                "add qword ptr [{slot} + {state}], {top}",
                slot = in(reg) self,
                depth = in(reg) depth as u64,
                ident = in(reg) ident,
                site = in(reg) site,
                share = inout(reg) share => _,
                top = out(reg) _,
                state = const Offsets::STATE,
                entries = const Offsets::ENTRIES,
                ident_at = const Offsets::IDENT,
                site_at = const Offsets::SITE,
                key_at = const Offsets::KEY,
                key_above = const Offsets::KEY_ABOVE,
                begin = const Offsets::BEGIN,
                end = const Offsets::END,
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
                state = const Offsets::STATE,
                entries = const Offsets::ENTRIES,
                ident_at = const Offsets::IDENT,
                entry = const ENTRY,
                options(nostack),
            );
        }
        popped != 0
    }
}
