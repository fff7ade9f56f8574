//! What other threads read from a slot, and what they write to it.

#![allow(unsafe_code)]

use std::sync::atomic::Ordering;

use super::{ENTRY, HeldLock, MOVING, Slot};
use crate::shim::{fence, spin_loop};
use crate::tracking::MutexGuard;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::pin::Pin;

impl Slot {
    /// Records that the calling thread has released a lock of this slot's thread.
    pub(crate) fn release_from_elsewhere(&self, ident: *const Ident) {
        self.note_release(self.released_elsewhere.lock(), ident);
    }

    /// Records the same as [`release_from_elsewhere`](Self::release_from_elsewhere) for a calling thread that
    /// is inside the detector: if it was interrupted while it had that list, the lock stays listed as held.
    pub(crate) fn release_from_inside(&self, ident: *const Ident) {
        if let Some(released) = self.released_elsewhere.try_lock() {
            self.note_release(released, ident);
        }
    }

    fn note_release(&self, mut released: MutexGuard<'_, Vec<usize>>, ident: *const Ident) {
        released.push(ident.addr());
        drop(released);
        // Both are swaps here and in `maintain`, since of two swaps of one location the second sees the
        // first; of two stores that are followed by loads, neither might. Release pairs with the Acquire of
        // the swaps in `maintain`.
        self.bell.swap(1, Ordering::Release);
        self.capacity.swap(0, Ordering::Release);
    }

    /// Returns the held locks, if the list did not change while it was read; `None` after a few tries.
    ///
    /// For a running thread the answer may be out of date at once. The idents in it may be accessed only if
    /// the thread is known to be blocked, or is the calling one.
    pub(crate) fn held(&self) -> Option<Vec<HeldLock>> {
        self.snapshot().map(|(_, held)| held)
    }

    /// Returns the locks that the thread, which has ended, held and that still exist.
    pub(crate) fn left(&self) -> Vec<HeldLock> {
        // Acquire, in `has_ended`: nothing changes any more.
        if !self.has_ended() {
            return Vec::new();
        }
        let mut left = Vec::new();
        for hold in &self.held().unwrap_or_default() {
            // A lock that was released with `force_unlock`, and dropped, has returned its ident to another one.
            if self.is_as_pushed(hold.at as isize) {
                left.push(*hold);
            }
        }
        left
    }

    /// Returns the held locks of a thread that may be running, each with what `look` reads from its ident, as far as
    /// the holds lasted until after the read; `None` if the list keeps changing.
    ///
    /// With `mark`, each is marked as seen, and distinguished from those that were marked before. That is for
    /// one caller in the process, or "before" has no meaning.
    pub(crate) fn watched<R>(
        &self,
        _pin: &Pin,
        mark: bool,
        look: impl Fn(&Ident) -> R,
    ) -> Option<Vec<(HeldLock, R)>> {
        let (before, all) = self.snapshot()?;
        let entries = self.entries.load(Ordering::Acquire);
        let mut watched = Vec::new();
        for hold in &all {
            // SAFETY: below the room of the array that was read, and so of the one that replaced it; neither
            // is ever freed.
            let entry = unsafe { &*entries.byte_add(hold.at as usize) };
            if mark && !hold.seen && !entry.see(hold) {
                continue;
            }
            // SAFETY: the slot listed it while the list did not change, after the pin was created, so the
            // ident is not freed before the pin is gone (see `pin`).
            let found = look(unsafe { &*hold.ident });
            fence(Ordering::Acquire);
            // The ident may have gone to another lock meanwhile, but not if this is the same hold.
            let state = self.state.load(Ordering::Relaxed);
            let stands = if entry.is_seen() {
                // An unused entry looks as before until it is reused.
                state & MOVING == 0
                    && Self::depth(state) > hold.at
                    && entry.read().is_some_and(|now| now.is_like(hold))
            } else {
                state == before
            };
            if stands {
                watched.push((*hold, found));
            }
        }
        Some(watched)
    }

    /// Returns a word that changes with every operation of the thread on tracked primitives.
    pub(crate) fn progress(&self) -> u64 {
        self.state.load(Ordering::Relaxed) ^ self.wait.epoch().rotate_left(32)
    }

    /// Returns the held locks, if the list did not change meanwhile, and the state after that.
    fn snapshot(&self) -> Option<(u64, Vec<HeldLock>)> {
        let mut all = Vec::new();
        for _ in 0..16 {
            // Acquire pairs with the Release in `push` and `pop`.
            let state = self.state.load(Ordering::Acquire);
            let depth = Self::depth(state);
            // The room is read before the entries, so it is never larger than their array.
            if state & MOVING != 0 || depth > self.room.load(Ordering::Acquire) {
                spin_loop();
                continue;
            }
            // Not while the entries are read: the program's allocator may take a watched lock, which changes the
            // list, if it is that of the calling thread.
            let count = (depth / ENTRY) as usize;
            if all.capacity() < count {
                all.reserve(count);
                continue;
            }
            // Acquire pairs with the Release in `grow`.
            let entries = self.entries.load(Ordering::Acquire);
            let mut at = 0;
            while at < depth {
                // SAFETY: below the room of the array, which is never freed.
                let entry = unsafe { &*entries.byte_add(at as usize) };
                if let Some(hold) = entry.read() {
                    all.push(HeldLock { at, ..hold });
                }
                at += ENTRY;
            }
            fence(Ordering::Acquire);
            if self.state.load(Ordering::Relaxed) == state {
                for ident in self.released_elsewhere.lock().iter() {
                    if let Some(at) = all.iter().rposition(|hold| hold.ident.addr() == *ident) {
                        all.remove(at);
                    }
                }
                return Some((state, all));
            }
            all.clear();
            spin_loop();
        }
        None
    }
}
