//! The fast path of an exclusive acquisition, for builds without optimisation on x86-64.
//!
//! Such a build makes more than 150 instructions of `Lock::acquired_if_known`. These are the ones that an optimised
//! build makes of it, for the one mode and kind that most acquisitions have; the comments are there and in
//! `slot/optimised.rs`. What orders the accesses is said in `slot/unoptimised.rs`.

#![allow(unsafe_code)]

use std::mem::offset_of;

use crate::engine::ids::Site;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::slot::unoptimised::Offsets;

impl LockRecord {
    /// Adds the lock to the lockset in `slot`, that of the calling thread, if this blocking exclusive acquisition
    /// adds no edge to the order graph; returns `false`, with nothing changed, otherwise.
    #[inline(always)]
    pub(crate) fn acquire_known(&self, slot: &'static Slot, site: Site) -> bool {
        let added: u32;
        // SAFETY: only the slot's thread, which is the caller, writes the state and the entries. With a depth of
        // zero there is room for an entry; with another depth that was compared with the capacity, which is
        // zero in the detached slot; and a list has an entry more than it has room for.
        unsafe {
            std::arch::asm!(
                "xor {added:e}, {added:e}",
                // With nothing held there is room, and no order to check.
                "mov {depth:e}, dword ptr [{slot} + {state}]",
                "mov {top}, qword ptr [{slot} + {entries}]",
                "test {depth:e}, {depth:e}",
                "je 2f",
                "cmp {depth:e}, dword ptr [{slot} + {capacity}]",
                "jae 3f",
                "mov {tag}, qword ptr [{top} + {depth} + {key_at}]",
                "cmp {tag}, qword ptr [{record} + {known}]",
                "jne 3f",
                "2:",
                "mov {tag}, qword ptr [{record} + {tag_at}]",
                "test {tag}, {tag}",
                "je 3f",
                // As in `Slot::push_entry`: the list may have grown until the state says that it is changed.
                "add qword ptr [{slot} + {state}], {begin}",
                "mov {top}, qword ptr [{slot} + {entries}]",
                "add {top}, {depth}",
                "mov {depth}, qword ptr [{record} + {ident}]",
                "mov qword ptr [{top} + {ident_at}], {depth}",
                "mov qword ptr [{top} + {site_at}], {site}",
                "add {tag}, qword ptr [{top} + {key_at}]",
                "mov qword ptr [{top} + {key_above}], {tag}",
                "movabs {top}, {end}",
                "add qword ptr [{slot} + {state}], {top}",
                "mov qword ptr [{record} + {owner}], {slot}",
                "inc {added:e}",
                "3:",
                slot = in(reg) slot,
                record = in(reg) self,
                site = in(reg) site,
                depth = out(reg) _,
                top = out(reg) _,
                tag = out(reg) _,
                added = out(reg) added,
                state = const Offsets::STATE,
                capacity = const Offsets::CAPACITY,
                entries = const Offsets::ENTRIES,
                ident_at = const Offsets::IDENT,
                site_at = const Offsets::SITE,
                key_at = const Offsets::KEY,
                key_above = const Offsets::KEY_ABOVE,
                begin = const Offsets::BEGIN,
                end = const Offsets::END,
                tag_at = const offset_of!(LockRecord, tag),
                known = const offset_of!(LockRecord, known),
                owner = const offset_of!(LockRecord, owner),
                ident = const offset_of!(LockRecord, ident),
                options(nostack),
            );
        }
        added != 0
    }
}
