//! One held lock, as a slot lists it.

#![allow(unsafe_code)]

use std::panic::Location;
use std::ptr;
use std::sync::atomic::Ordering;

use super::HeldLock;
use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::shim::{AtomicPtr, AtomicU64, Fast, own_ptr, own_u64};
use crate::tracking::lock::ident::{Ident, SURROUNDINGS};

/// One held lock.
#[derive(Debug)]
pub(crate) struct LocksetEntry {
    /// The ident, and `MARK` and `UPGRADABLE` in the low bits of its address.
    ident: AtomicPtr<Ident>,
    /// The site, and in the low bits of its address the mode and `SEEN`.
    site: AtomicPtr<Location<'static>>,
    /// The key of the thread below this entry: its seed, plus the shares of all entries before.
    key: AtomicU64,
}

const MODE: usize = 3;
/// Set in the ident field of a hold under which a thread was started. `pop` does not know such an
/// entry, so its release takes the slow path.
const MARK: usize = 1;
/// Set in the ident field of an upgradable hold, which its thread can have beside shared ones of the
/// same lock: `pop` does not know such an entry either, so the release of a shared hold never takes an
/// upgradable one off.
const UPGRADABLE: usize = 2;

const fn mode_bits(mode: Mode) -> usize {
    match mode {
        Mode::Exclusive => 0,
        Mode::Shared => 1,
        Mode::Upgradable => 2,
    }
}

const fn kept_apart(mode: Mode) -> usize {
    match mode {
        Mode::Upgradable => UPGRADABLE,
        Mode::Exclusive | Mode::Shared => 0,
    }
}

/// Set in the site field by somebody who looks at the slot from outside, and gone with the hold:
/// whoever finds it still there knows that the hold is the same one. Zero, and so never found, where
/// addresses of sites have no third bit to spare.
const SEEN: usize = if align_of::<Location<'static>>() >= 8 {
    4
} else {
    0
};

/// The site and, in the low bits of its address, the mode.
#[inline(always)]
fn with_mode(site: Site, mode: Mode) -> *mut Location<'static> {
    let site = site as *const Location<'static> as *mut Location<'static>;
    match mode {
        // The usual mode has no bits, and this function is of the fast path.
        Mode::Exclusive => site,
        _ => site.wrapping_byte_add(mode_bits(mode)),
    }
}

fn mode_of(site: *const Location<'static>) -> Mode {
    match site.addr() & MODE {
        0 => Mode::Exclusive,
        1 => Mode::Shared,
        _ => Mode::Upgradable,
    }
}

fn unmarked(ident: *mut Ident) -> *mut Ident {
    ident.map_addr(|at| at & !(MARK | UPGRADABLE))
}

impl LocksetEntry {
    /// An entry that no thread has used.
    pub(super) const fn new() -> Self {
        Self {
            ident: AtomicPtr::new(ptr::null_mut()),
            site: AtomicPtr::new(ptr::null_mut()),
            key: AtomicU64::new(0),
        }
    }

    /// An entry of no lock, and not of none either, so that no lock is found in it.
    pub(super) const fn nothing() -> Self {
        Self {
            ident: AtomicPtr::new(ptr::without_provenance_mut(MARK)),
            site: AtomicPtr::new(ptr::null_mut()),
            key: AtomicU64::new(0),
        }
    }

    /// The key of the thread below this entry; on that thread.
    #[inline(always)]
    pub(crate) fn key(&self) -> u64 {
        // SAFETY: only the slot's thread writes it, and that is the caller.
        unsafe { own_u64(&self.key) }
    }

    #[inline(always)]
    pub(super) fn set_key(&self, key: u64) {
        // Relaxed: nobody else reads it.
        self.key.set_relaxed(key);
    }

    /// Makes it the entry of a hold.
    #[inline(always)]
    pub(super) fn set(&self, ident: *const Ident, mode: Mode, site: Site) {
        // Release on the fields pairs with the Acquire loads in `read`: a reader that sees one of
        // them also sees the state of the pop that made room, and so that its epoch is over.
        let mut ident = ident as *mut Ident;
        if matches!(mode, Mode::Upgradable) {
            ident = ident.map_addr(|at| at | UPGRADABLE);
        }
        self.ident.set_release(ident);
        self.site.set_release(with_mode(site, mode));
    }

    /// Makes it the entry of the hold that `from` is the entry of.
    pub(super) fn copy(&self, from: &LocksetEntry) {
        self.ident
            .store(from.ident.load(Ordering::Relaxed), Ordering::Release);
        self.site
            .store(from.site.load(Ordering::Relaxed), Ordering::Release);
    }

    /// Whether it is the unmarked entry of a hold of this lock that is not upgradable; on the slot's
    /// thread.
    #[inline(always)]
    #[allow(
        clippy::ptr_eq,
        reason = "a call in a debug build, and this is the fast path"
    )]
    pub(super) fn is_plainly(&self, ident: *const Ident) -> bool {
        // SAFETY: only the slot's thread writes it, and that is the caller.
        unsafe { own_ptr(&self.ident) as *const Ident == ident }
    }

    /// Whether it is the entry of this lock.
    pub(super) fn is(&self, ident: *const Ident) -> bool {
        ptr::addr_eq(unmarked(self.ident.load(Ordering::Relaxed)), ident)
    }

    pub(super) fn is_surroundings(&self) -> bool {
        self.is(&SURROUNDINGS)
    }

    pub(super) fn is_marked(&self) -> bool {
        self.ident.load(Ordering::Relaxed).addr() & MARK != 0
    }

    /// Marks it. Readers take it with the mark or without.
    pub(super) fn mark(&self) {
        let ident = self.ident.load(Ordering::Relaxed);
        self.ident
            .store(ident.map_addr(|at| at | MARK), Ordering::Release);
    }

    pub(super) fn mode(&self) -> Mode {
        mode_of(self.site.load(Ordering::Relaxed))
    }

    /// Changes the mode, for readers in one store: they see the old one or the new one.
    pub(super) fn set_mode(&self, mode: Mode) {
        // Relaxed: of this bit only the slot's thread knows anything.
        let ident = self.ident.load(Ordering::Relaxed);
        let ident = ident.map_addr(|at| at & !UPGRADABLE | kept_apart(mode));
        self.ident.store(ident, Ordering::Relaxed);
        let site = self.site.load(Ordering::Relaxed);
        // Release, as in `set`.
        self.site.store(
            site.map_addr(|at| at & !MODE | mode_bits(mode)),
            Ordering::Release,
        );
    }

    /// The ident, in the slot of the calling thread.
    pub(super) fn ident(&self) -> Option<&'static Ident> {
        // SAFETY: entries hold addresses of idents. An ident is freed only when its lock was
        // dropped while not held (`pool::spill`), and then no entry refers to it.
        unsafe { unmarked(self.ident.load(Ordering::Relaxed)).as_ref() }
    }

    /// What it says, from any thread; to be believed only if the state of the slot stood still.
    /// `None` for an entry that was never used, and for what stands for the surroundings.
    pub(super) fn read(&self) -> Option<HeldLock> {
        // Acquire pairs with the Release in `set` and `copy`.
        let ident = unmarked(self.ident.load(Ordering::Acquire));
        let site = self.site.load(Ordering::Acquire);
        if ptr::addr_eq(ident, &SURROUNDINGS) {
            return None;
        }
        let mode = mode_of(site);
        // SAFETY: a site is static; the field is null only in entries that were never used.
        let site = unsafe { site.map_addr(|at| at & !(MODE | SEEN)).as_ref() }?;
        Some(HeldLock { ident, mode, site })
    }

    /// Whether the hold is marked as seen.
    pub(super) fn is_seen(&self) -> bool {
        self.site.load(Ordering::Relaxed).addr() & SEEN != 0
    }

    /// Marks the hold as seen, from any thread; `false` if the entry has changed since `hold` was
    /// read out of it, unmarked.
    ///
    /// If it has changed and looks the same, the hold that took its place is marked: whoever counts
    /// from the moment after the call counts right all the same.
    pub(super) fn see(&self, hold: &HeldLock) -> bool {
        let site = with_mode(hold.site, hold.mode);
        let seen = site.map_addr(|at| at | SEEN);
        // Release, as in `set`: a reader that sees the mark sees what was written before the site.
        self.site
            .compare_exchange(site, seen, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }
}
