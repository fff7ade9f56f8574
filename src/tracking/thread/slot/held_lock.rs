//! A held lock, as read from a slot.

#![allow(unsafe_code)]

use std::ptr;

use crate::engine::acquisition::HeldInfo;
use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::tracking::lock::ident::Ident;

/// A held lock, as read from a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldLock {
    pub(crate) ident: *const Ident,
    pub(crate) site: Site,
    pub(crate) mode: Mode,
    /// Whether the last marking look saw the same hold.
    pub(crate) seen: bool,
    /// Its place in the list of the slot, in bytes.
    pub(super) at: u32,
}

impl HeldLock {
    /// Returns whether this is a hold of the same lock in the same mode, by an acquisition at the same line.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        ptr::eq(self.ident, other.ident) && self.mode == other.mode && self.site == other.site
    }

    /// Returns the ident of the lock.
    ///
    /// The caller has read the lock from its own slot, or from the slot of a thread that is known to be blocked.
    pub(crate) fn ident(&self) -> &'static Ident {
        // SAFETY: a slot lists idents of locks that its thread holds. The thread is the caller or blocked, so it
        // still holds them; an ident whose lock is held is not freed (`LockIdPool::give`).
        unsafe { &*self.ident }
    }

    /// Returns the hold as reports and the engine know it, under the same contract as [`ident`](Self::ident).
    pub(crate) fn info(&self) -> HeldInfo {
        HeldInfo {
            lock: self.ident().id(),
            mode: self.mode,
            site: self.site,
        }
    }
}
