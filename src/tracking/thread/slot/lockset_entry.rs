//! One held lock in the lockset of a slot.

#![allow(unsafe_code)]

use std::panic::Location;
use std::ptr;
use std::sync::atomic::Ordering;

use super::HeldLock;
use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::shim::{AtomicPtr, AtomicU64, Fast, own_u64};
use crate::tracking::lock::ident::{Ident, SURROUNDINGS};

/// One held lock.
#[derive(Debug)]
pub(crate) struct LocksetEntry {
    /// The ident, and `MARK`, `UPGRADABLE` and `TIMED` in the low bits of its address.
    pub(super) ident: AtomicPtr<Ident>,
    /// The location of the acquisition, with the mode and `SEEN` in the low bits of its address.
    pub(super) site: AtomicPtr<Location<'static>>,
    /// The key of the thread below this entry: its seed, plus the shares of all entries before.
    pub(super) key: AtomicU64,
}

const MODE: usize = 3;
/// Set in the ident field of a hold under which a thread was started. `pop` does not recognise such an entry,
/// so its release takes the slow path.
const MARK: usize = 1;
/// Set in the ident field of an upgradable hold, which its thread can have beside shared ones of the same
/// lock: `pop` does not recognise such an entry either, so the release of a shared hold never removes an
/// upgradable one.
const UPGRADABLE: usize = 2;
/// Set in the ident field of a hold whose duration is recorded: `pop` does not recognise such an entry either.
const TIMED: usize = 4;

const _: () = assert!(
    align_of::<Ident>() > TIMED,
    "an address has room for the flags"
);

/// Set in the site field by a thread that observes the slot, and cleared with the hold: if it is found still
/// set, the hold is the same one. Zero, and so never found, where addresses of locations have no third bit to
/// spare.
const SEEN: usize = if align_of::<Location<'static>>() >= 8 {
    4
} else {
    0
};

/// Returns the address of the ident with the flag that the mode needs.
#[inline(always)]
pub(super) fn with_flag(ident: *mut Ident, mode: Mode) -> *mut Ident {
    match mode {
        Mode::Upgradable => ident.map_addr(|at| at | UPGRADABLE),
        _ => ident,
    }
}

/// Returns the location with the mode in the low bits of its address.
#[inline(always)]
pub(super) fn with_mode(site: Site, mode: Mode) -> *mut Location<'static> {
    let site = site as *const Location<'static> as *mut Location<'static>;
    match mode {
        // The usual mode has no bits, and this function is on the fast path.
        Mode::Exclusive => site,
        _ => site.wrapping_byte_add(mode as usize),
    }
}

fn mode_of(site: *const Location<'static>) -> Mode {
    Mode::of_number(site.addr() & MODE)
}

fn unmarked(ident: *mut Ident) -> *mut Ident {
    ident.map_addr(|at| at & !(MARK | UPGRADABLE | TIMED))
}

impl LocksetEntry {
    /// Returns an entry that no thread has used.
    pub(super) const fn new() -> Self {
        Self {
            ident: AtomicPtr::new(ptr::null_mut()),
            site: AtomicPtr::new(ptr::null_mut()),
            key: AtomicU64::new(0),
        }
    }

    /// Returns an entry that matches no lock, and that does not match a null ident either.
    pub(super) const fn nothing() -> Self {
        Self {
            ident: AtomicPtr::new(ptr::without_provenance_mut(MARK)),
            site: AtomicPtr::new(ptr::null_mut()),
            key: AtomicU64::new(0),
        }
    }

    /// Returns the key of the thread below this entry; called on that thread.
    #[inline(always)]
    pub(crate) fn key(&self) -> u64 {
        // SAFETY: only the slot's thread writes it, and that is the caller.
        unsafe { own_u64(&self.key) }
    }

    #[inline(always)]
    pub(super) fn set_key(&self, key: u64) {
        // Relaxed: no other thread reads it.
        self.key.set_relaxed(key);
    }

    /// Copies the entry of a hold from `from`.
    pub(super) fn copy(&self, from: &LocksetEntry) {
        self.ident
            .store(from.ident.load(Ordering::Relaxed), Ordering::Release);
        self.site
            .store(from.site.load(Ordering::Relaxed), Ordering::Release);
    }

    pub(super) fn is(&self, ident: *const Ident) -> bool {
        ptr::addr_eq(unmarked(self.ident.load(Ordering::Relaxed)), ident)
    }

    pub(super) fn is_surroundings(&self) -> bool {
        self.is(&SURROUNDINGS)
    }

    pub(super) fn is_marked(&self) -> bool {
        self.ident.load(Ordering::Relaxed).addr() & MARK != 0
    }

    /// Marks the entry. Readers see it with the mark or without.
    pub(super) fn mark(&self) {
        let ident = self.ident.load(Ordering::Relaxed);
        self.ident
            .store(ident.map_addr(|at| at | MARK), Ordering::Release);
    }

    /// Marks the entry as timed. Readers see it with the flag or without.
    pub(super) fn time(&self) {
        let ident = self.ident.load(Ordering::Relaxed);
        self.ident
            .store(ident.map_addr(|at| at | TIMED), Ordering::Release);
    }

    pub(super) fn mode(&self) -> Mode {
        mode_of(self.site.load(Ordering::Relaxed))
    }

    /// Changes the mode in one store: readers see the old one or the new one.
    pub(super) fn set_mode(&self, mode: Mode) {
        // Relaxed: only the slot's thread uses this bit.
        let ident = self.ident.load(Ordering::Relaxed);
        let ident = ident.map_addr(|at| at & !UPGRADABLE);
        self.ident.store(with_flag(ident, mode), Ordering::Relaxed);
        let site = self.site.load(Ordering::Relaxed);
        // Release, as in `set`.
        self.site.store(
            site.map_addr(|at| at & !MODE | mode as usize),
            Ordering::Release,
        );
    }

    /// Returns the ident, in the slot of the calling thread.
    pub(super) fn ident(&self) -> Option<&'static Ident> {
        // SAFETY: entries hold addresses of idents. An ident is freed only when its lock was dropped while
        // not held (`lock_id_pool::spill`), and then no entry refers to it.
        unsafe { unmarked(self.ident.load(Ordering::Relaxed)).as_ref() }
    }

    /// Reads the entry, all but its place, from any thread; valid only if the state of the slot did not change. Returns `None`
    /// for an entry that was never used, and for the one that stands for inherited locks.
    pub(super) fn read(&self) -> Option<HeldLock> {
        // Acquire pairs with the Release in `set` and `copy`.
        let ident = unmarked(self.ident.load(Ordering::Acquire));
        let site = self.site.load(Ordering::Acquire);
        if ptr::addr_eq(ident, &SURROUNDINGS) {
            return None;
        }
        Some(HeldLock {
            ident,
            mode: mode_of(site),
            seen: site.addr() & SEEN != 0,
            // SAFETY: a site is static; the field is null only in entries that were never used.
            site: unsafe { site.map_addr(|at| at & !(MODE | SEEN)).as_ref() }?,
            at: 0,
        })
    }

    /// Returns whether the hold is marked as seen.
    pub(super) fn is_seen(&self) -> bool {
        self.site.load(Ordering::Relaxed).addr() & SEEN != 0
    }

    /// Marks the hold as seen, from any thread; returns `false` if the entry has changed since `hold` was
    /// read from it, unmarked.
    ///
    /// If it has changed and looks the same, the hold that took its place is marked: a comparison that starts
    /// after the call is correct all the same.
    pub(super) fn see(&self, hold: &HeldLock) -> bool {
        let site = with_mode(hold.site, hold.mode);
        let seen = site.map_addr(|at| at | SEEN);
        // Release, as in `set`: a reader that sees the mark sees what was written before the site.
        self.site
            .compare_exchange(site, seen, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }
}
