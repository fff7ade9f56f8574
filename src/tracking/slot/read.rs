//! What other threads see of a slot, and what they leave in it.

#![allow(unsafe_code)]

use std::sync::atomic::Ordering;

use super::{ENTRY, HeldLock, MOVING, Slot};
use crate::primitives::{fence, spin_loop};
use crate::tracking::ident::Ident;

impl Slot {
    /// Notes that the calling thread has released a lock of this slot's thread.
    pub(crate) fn release_from_elsewhere(&self, ident: *const Ident) {
        self.released_elsewhere.lock().push(ident.addr());
        // Both are swaps here and in `maintain`, since of two swaps of one place the second sees the
        // first; of two stores that are followed by loads, neither might. Release pairs with the
        // Acquire of the swaps in `maintain`.
        self.bell.swap(1, Ordering::Release);
        self.capacity.swap(0, Ordering::Release);
    }

    /// The held locks, if they stood still while they were read; `None` after a few tries.
    ///
    /// Of a running thread the answer may be out of date at once. The idents in it may be looked
    /// into only if the thread is known to be blocked, or is the calling one.
    pub(crate) fn held(&self) -> Option<Vec<HeldLock>> {
        for _ in 0..16 {
            // Acquire pairs with the Release in `push` and `pop`.
            let state = self.state.load(Ordering::Acquire);
            let depth = Self::depth(state);
            // The room is read before the entries, so it is never larger than their array.
            if state & MOVING != 0 || depth > self.room.load(Ordering::Acquire) {
                spin_loop();
                continue;
            }
            // Acquire pairs with the Release in `grow`.
            let entries = self.entries.load(Ordering::Acquire);
            let mut held = Vec::with_capacity((depth / ENTRY) as usize);
            for at in (0..depth as usize).step_by(ENTRY as usize) {
                // SAFETY: below the room of the array, which is never freed.
                held.extend(unsafe { &*entries.byte_add(at) }.read());
            }
            fence(Ordering::Acquire);
            if self.state.load(Ordering::Relaxed) == state {
                self.take_out_released_elsewhere(&mut held);
                return Some(held);
            }
            spin_loop();
        }
        None
    }

    fn take_out_released_elsewhere(&self, held: &mut Vec<HeldLock>) {
        for ident in self.released_elsewhere.lock().iter() {
            if let Some(at) = held.iter().rposition(|h| h.ident.addr() == *ident) {
                held.remove(at);
            }
        }
    }
}
