//! The two changes of the fast path to the lockset.

#![allow(unsafe_code)]

use std::hint::cold_path;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{Ordering, compiler_fence};

use super::{ENTRY, LocksetEntry, PUSHING, STEP, Slot};
use crate::shim::{Fast, own_ptr};
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
        // Both changes of the state load and store it, instead of using the one that the caller has, for
        // two reasons: the count is then right after a handler, and it is one instruction. Release pairs with
        // the Acquire in `snapshot`: a thread that sees the new entry does not see an earlier state.
        self.change(PUSHING + ENTRY as u64);
        compiler_fence(Ordering::SeqCst);
        // SAFETY: there was room at this depth, and there is no less now.
        let top = unsafe { self.entry(depth as isize) };
        top.set(ident, site);
        // SAFETY: there was room at this depth, so the entry above is at most the one at the room, of which
        // the array has one more than fits.
        let above = unsafe { &*(top as *const LocksetEntry).wrapping_add(1) };
        above.set_key(top.key().wrapping_add(share));
        compiler_fence(Ordering::SeqCst);
        // Release pairs with the Acquire in `snapshot`: the fields are written before they count.
        self.change(STEP.wrapping_sub(PUSHING));
    }

    /// Adds to the state, which no other thread writes, and releases all earlier writes.
    #[inline(always)]
    fn change(&self, by: u64) {
        self.state
            .set_release(self.state.get_relaxed().wrapping_add(by));
    }

    /// Removes the top entry if it is of this lock; returns `false` if it is not, or is marked.
    #[inline(always)]
    pub(crate) fn pop(&self, ident: *const Ident) -> bool {
        let state = self.state();
        // SAFETY: at depth zero this is the unused entry before the first; of the detached slot, the first of
        // its two.
        let last = unsafe { self.entry(Self::depth(state) as isize - ENTRY as isize) };
        if !last.is_plainly(ident) {
            cold_path();
            return false;
        }
        // Release: the entry stays until just before the lock's own release, which follows; a reader that
        // still sees the entry sees a lock that is still held. The entry was that of the lock, so the depth
        // is not zero, and the count does not change.
        self.change((ENTRY as u64).wrapping_neg());
        true
    }
}

impl LocksetEntry {
    /// Makes this the entry of a hold; the arguments have the flags of its mode.
    #[inline(always)]
    fn set(&self, ident: *mut Ident, site: *mut Location<'static>) {
        // Release on the fields pairs with the Acquire loads in `read`: a reader that sees one of them also
        // sees the state of the pop that made room, and so that its epoch is over.
        self.ident.set_release(ident);
        self.site.set_release(site);
    }

    /// Returns whether this is the unmarked entry of a hold of this lock that is not upgradable; called on
    /// the slot's thread.
    #[inline(always)]
    fn is_plainly(&self, ident: *const Ident) -> bool {
        // SAFETY: only the slot's thread writes it, and that is the caller.
        ptr::eq(unsafe { own_ptr(&self.ident) }, ident)
    }
}
