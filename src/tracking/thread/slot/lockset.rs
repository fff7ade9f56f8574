//! The lockset of a slot: the operations of its own thread.

#![allow(unsafe_code)]

use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use super::lockset_entry::{with_flag, with_mode};
use super::{ENTRY, LocksetEntry, MOVING, STEP, Slot};
use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::shim::{Fast, fence, own_ptr, own_u64};
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::ident::{Ident, SURROUNDINGS};
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::section::Inside;

/// The initial capacity of a slot for held locks, in bytes. It doubles when it is full.
const FIRST_ROOM: u32 = ENTRY * if cfg!(all(loom, test)) { 2 } else { 32 };

/// The largest capacity, in bytes: 2,048 locks. A release out of order moves the entries of later
/// acquisitions, so the capacity bounds the cost of a thread that drops its guards in the order of
/// acquisition.
const MOST_ROOM: u32 = ENTRY * 2048;

/// The longest list, in bytes, that is searched for stale entries each time.
const SHORT: u32 = ENTRY * 64;

static FULL: AtomicBool = AtomicBool::new(false);

/// The arrays that were outgrown, by their addresses. A reader may be late, so none is ever freed; and leak
/// checkers find them here.
pub(crate) static OUTGROWN: ForkSafe<Vec<usize>> = ForkSafe::new(Vec::new());

/// Returns whether a thread held more locks than are listed.
pub(crate) fn was_full() -> bool {
    // Relaxed: the flag publishes no other memory.
    FULL.load(Ordering::Relaxed)
}

/// The fast path. It reads fields that only the slot's thread writes without an atomic access: there is
/// nothing to be ordered with, and the compiler generates better code.
impl Slot {
    /// Returns the state, to be passed to `top` and `push`.
    #[inline(always)]
    pub(crate) fn state(&self) -> u64 {
        // SAFETY: only the slot's thread writes it, and that is the caller. (The detached slot is never
        // written.)
        unsafe { own_u64(&self.state) }
    }

    /// Returns the depth of the lockset in `state`: zero if it is empty.
    #[inline(always)]
    pub(crate) const fn depth(state: u64) -> u32 {
        state as u32
    }

    /// Returns whether there is room for one more lock at `depth`, and no wake flag is set.
    #[inline(always)]
    pub(crate) fn has_room(&self, depth: u32) -> bool {
        depth < self.capacity.get_relaxed()
    }

    /// Returns the entry at `depth`, in the slot of the calling thread.
    ///
    /// # Safety
    ///
    /// `depth` is a multiple of [`ENTRY`], at least −`ENTRY` and at most the slot's room. The slot is the
    /// detached one, and the depth is zero or that of its state, or it was occupied once.
    #[inline(always)]
    pub(super) unsafe fn entry(&self, depth: isize) -> &LocksetEntry {
        // SAFETY: the field is written by the slot's thread only, and that is the caller. It points
        // one past the start of an array of the room and two entries more, which is never freed;
        // that of the detached slot to an array of two.
        unsafe { &*own_ptr(&self.entries).wrapping_byte_offset(depth) }
    }

    /// Returns the first unused entry, whose key is that of the thread.
    #[inline(always)]
    pub(crate) fn top(&self, state: u64) -> &LocksetEntry {
        // SAFETY: a depth is at most the room; that of the detached slot is its own.
        unsafe { self.entry(Self::depth(state) as isize) }
    }

    /// Returns the key of the thread, a hash of its lockset.
    pub(crate) fn key(&self) -> u64 {
        self.top(self.state()).key()
    }

    /// Returns a hash of the held locks, their modes and the locations of their acquisitions, the same for all
    /// threads that hold the same. `last` is the key of the thread at the last call, and what that returned.
    ///
    /// Costs a step for each held lock; one step if one lock was acquired since the last call.
    pub(crate) fn content(&self, last: &mut (u64, u64)) -> u64 {
        let (end, step) = (Self::depth(self.state()) as isize, ENTRY as isize);
        let key = self.key();
        if last.0 != key {
            // SAFETY: the entry below the depth is the unused one before the first if nothing is held.
            let below = unsafe { self.entry(end - step) };
            let (from, mut content) = match end > 0 && last.0 == below.key() {
                true => (end - step, last.1),
                false => (0, 0),
            };
            for depth in (from..end).step_by(ENTRY as usize) {
                // SAFETY: below the depth, so inside the array.
                if let Some(hold) = unsafe { self.entry(depth) }.read() {
                    let share = self.share_at(depth);
                    let hold = lockset_hash::request(share, hold.mode, hold.site);
                    content = content.wrapping_add(hold);
                }
            }
            *last = (key, content);
        }
        last.1
    }

    /// Returns the number of held locks, plus one if the thread inherits any.
    pub(crate) fn count(&self) -> u32 {
        Self::depth(self.state()) / ENTRY
    }

    /// Returns whether the thread holds or inherits anything.
    pub(crate) fn is_holding(&self) -> bool {
        Self::depth(self.state()) > 0
    }

    /// Adds a held lock above the depth of `state`.
    ///
    /// A signal handler may run at any point, acquire locks and release them again. Before the first step it
    /// adds and removes entries above this depth, as though it had run earlier; if the list grew, that is
    /// seen below. After the first step its acquisitions are not tracked (see
    /// [`current::open`](crate::tracking::thread::current::open)). It leaves the state as it was, except for
    /// the count of changes.
    ///
    /// # Safety
    ///
    /// The slot has room at the depth of `state`, or that is zero; and it is not the detached one.
    #[inline(always)]
    pub(crate) unsafe fn push(
        &self,
        state: u64,
        ident: *const Ident,
        tag: u64,
        mode: Mode,
        site: Site,
    ) {
        let depth = Self::depth(state);
        if matches!(mode, Mode::Exclusive) {
            // The usual mode has no flags, and a build without optimisation asks for it once.
            let (ident, site) = (ident as *mut Ident, site as *const Location<'static>);
            // SAFETY: guaranteed by the caller, under the same conditions.
            return unsafe { self.push_entry(depth, ident, site as *mut _, tag) };
        }
        let share = lockset_hash::share(tag, mode);
        let (ident, site) = (with_flag(ident as *mut Ident, mode), with_mode(site, mode));
        // SAFETY: as above.
        unsafe { self.push_entry(depth, ident, site, share) };
    }
}

/// The slow path. Operations that change more than one entry close the thread meanwhile, so that a signal
/// handler never sees a half-changed list.
impl Slot {
    /// Returns whether the list has its largest length; recorded for [`was_full`].
    pub(crate) fn is_full(&self) -> bool {
        let is_full = Self::depth(self.state()) >= MOST_ROOM;
        if is_full {
            FULL.store(true, Ordering::Relaxed);
        }
        is_full
    }

    /// Adds a held lock on top, after making room, unless the list is full.
    pub(crate) fn add(&self, ident: &Ident, mode: Mode, site: Site) {
        if !self.has_room(Self::depth(self.state())) {
            self.maintain();
        }
        if self.is_full() {
            return;
        }
        let state = self.state();
        // SAFETY: there was room, or `maintain` has made it, and another thread that set the wake flag since
        // has not taken it away. The slot has a thread, so it is not the detached one.
        unsafe { self.push(state, ident, ident.tag(), mode, site) };
    }

    /// Iterates over the depths of the entries in use, the uppermost last.
    fn depths(&self) -> std::iter::StepBy<std::ops::Range<isize>> {
        (0..Self::depth(self.state()) as isize).step_by(ENTRY as usize)
    }

    /// Returns the depth of the uppermost entry that `is` holds for.
    fn uppermost(&self, is: &dyn Fn(&LocksetEntry) -> bool) -> Option<isize> {
        let mut depth = Self::depth(self.state()) as isize;
        while depth > 0 {
            depth -= ENTRY as isize;
            // SAFETY: below the depth of the state, so inside the array.
            if is(unsafe { self.entry(depth) }) {
                return Some(depth);
            }
        }
        None
    }

    /// Removes the uppermost entry of a lock; returns `false` if there is none.
    pub(crate) fn remove(&self, ident: *const Ident) -> bool {
        self.remove_uppermost(&|entry| entry.is(ident))
    }

    fn remove_uppermost(&self, is: &dyn Fn(&LocksetEntry) -> bool) -> bool {
        let found = self.uppermost(is);
        if let Some(depth) = found {
            self.remove_at(depth);
        }
        found.is_some()
    }

    /// Removes the uppermost hold of a lock that is upgradable, or that is not; the uppermost of any kind if
    /// there is none; returns `false` if the lock is not listed.
    pub(crate) fn remove_as(&self, ident: *const Ident, upgradable: bool) -> bool {
        let is_it = |entry: &LocksetEntry| {
            entry.is(ident) && (entry.mode() == Mode::Upgradable) == upgradable
        };
        self.remove_uppermost(&is_it) || self.remove(ident)
    }

    fn remove_at(&self, depth: isize) {
        Inside::closed(|| self.move_down(depth));
    }

    fn move_down(&self, depth: isize) {
        let state = self.state();
        let (end, step) = (Self::depth(state) as isize, ENTRY as isize);
        // A reader that sees this state tries again: the entries do not form a list that ever existed.
        self.state.store(state | MOVING, Ordering::Relaxed);
        // Release fence, pairs with the Acquire loads in `held`: a thread that sees a moved entry sees that
        // the state has changed.
        fence(Ordering::Release);
        let share = self.share_at(depth);
        for at in (depth..end - step).step_by(ENTRY as usize) {
            // SAFETY: the entry above `at` is below the depth.
            let (to, from) = unsafe { (self.entry(at), self.entry(at + step)) };
            to.copy(from);
        }
        for at in (depth + step..end).step_by(ENTRY as usize) {
            // SAFETY: the entry above `at` is at most the one at the depth.
            let (to, from) = unsafe { (self.entry(at), self.entry(at + step)) };
            to.set_key(from.key().wrapping_sub(share));
        }
        let state = state.wrapping_add(STEP - ENTRY as u64);
        self.state.store(state, Ordering::Release);
    }

    /// Returns what the hold at `depth` adds to the key, as it was pushed. The ident cannot provide it, since
    /// it may belong to another lock by now.
    fn share_at(&self, depth: isize) -> u64 {
        // SAFETY: the callers pass a depth below that of the state, so the entry above is inside.
        let (entry, above) = unsafe { (self.entry(depth), self.entry(depth + ENTRY as isize)) };
        above.key().wrapping_sub(entry.key())
    }

    /// Adds `change` to all keys from `depth` up.
    fn shift_keys(&self, depth: isize, change: u64) {
        Inside::closed(|| {
            for at in (depth..=Self::depth(self.state()) as isize).step_by(ENTRY as usize) {
                // SAFETY: at most the depth, so inside the array.
                let entry = unsafe { self.entry(at) };
                entry.set_key(entry.key().wrapping_add(change));
            }
        });
    }

    /// Changes the mode of the hold of a lock, unless the hold is shared.
    pub(crate) fn convert(&self, ident: &Ident, mode: Mode) {
        let is_it = |entry: &LocksetEntry| entry.is(ident) && entry.mode() != Mode::Shared;
        if let Some(depth) = self.uppermost(&is_it) {
            // SAFETY: the depth of an entry.
            unsafe { self.entry(depth) }.set_mode(mode);
            let share = lockset_hash::share(ident.tag(), mode);
            let change = share.wrapping_sub(self.share_at(depth));
            self.shift_keys(depth + ENTRY as isize, change);
        }
    }

    /// Sets the key of a thread that holds nothing.
    pub(crate) fn set_seed(&self, seed: u64) {
        // SAFETY: zero is inside every array.
        let old = unsafe { self.entry(0) }.key();
        if seed != old {
            self.shift_keys(0, seed.wrapping_sub(old));
        }
    }

    /// Marks every hold, and returns for each whether it was marked before, in the order of `held`.
    pub(crate) fn mark(&self) -> Vec<bool> {
        let mut before = Vec::new();
        for depth in self.depths() {
            // SAFETY: below the depth, so inside the array.
            let entry = unsafe { self.entry(depth) };
            if !entry.is_surroundings() {
                before.push(entry.is_marked());
                entry.mark();
            }
        }
        before
    }

    /// Marks the uppermost hold as timed, so that its release misses the fast path.
    pub(crate) fn time_top(&self) {
        let depth = Self::depth(self.state()) as isize;
        // SAFETY: the entry below the depth is the unused one before the first if nothing is held.
        unsafe { self.entry(depth - ENTRY as isize) }.time();
    }

    /// Marks every hold as timed, so that each release misses the fast path.
    pub(crate) fn slow_releases(&self) {
        for depth in self.depths() {
            // SAFETY: below the depth, so inside the array.
            let entry = unsafe { self.entry(depth) };
            if !entry.is_surroundings() {
                entry.time();
            }
        }
    }

    /// Returns whether a hold of this lock is marked.
    pub(crate) fn is_marked(&self, ident: *const Ident) -> bool {
        let is_it = |entry: &LocksetEntry| entry.is(ident) && entry.is_marked();
        self.uppermost(&is_it).is_some()
    }

    /// Adds or removes the entry that stands for inherited locks.
    pub(crate) fn set_surrounded(&self, surrounded: bool) {
        self.remove(&SURROUNDINGS);
        // The slot of a thread that is to miss the fast path is never empty, so that an outermost acquisition
        // looks for room.
        if surrounded || self.life.is_slow() {
            let mode = Mode::Shared;
            self.add(&SURROUNDINGS, mode, Location::caller());
        }
    }

    /// Handles the wake flag, and makes room. Called at the start of every slow path.
    pub(crate) fn maintain(&self) {
        Inside::closed(|| self.maintain_closed());
    }

    fn maintain_closed(&self) {
        if self.bell.swap(0, Ordering::Acquire) != 0 {
            let released = std::mem::take(&mut *self.released_elsewhere.lock());
            for ident in &released {
                self.remove(ptr::without_provenance(*ident));
            }
        }
        // A long list is searched when it has doubled, so that it is not searched at every acquisition of a
        // thread that has forgotten many guards.
        let depth = Self::depth(self.state());
        if depth <= SHORT || depth >= self.next_look.load(Ordering::Relaxed) {
            self.drop_stale();
            let next = Self::depth(self.state()).saturating_mul(2).min(MOST_ROOM);
            self.next_look.store(next.max(SHORT), Ordering::Relaxed);
        }
        if Self::depth(self.state()) >= self.room.load(Ordering::Relaxed) {
            self.grow();
        }
        // Acquire pairs with the Release of the other swap, in `release_from_elsewhere`: if this one comes
        // second, and overwrites its zero, then the wake flag that was set before is seen below.
        self.capacity
            .swap(self.room.load(Ordering::Relaxed), Ordering::Acquire);
        if self.bell.load(Ordering::Relaxed) != 0 || self.life.is_slow() {
            self.capacity.store(0, Ordering::Relaxed);
        }
    }

    /// Removes locks whose guard was forgotten and that were then dropped: their ident is vacant or belongs
    /// to another lock, so its tag no longer fits the key.
    fn drop_stale(&self) {
        let mut depth = 0;
        while depth < Self::depth(self.state()) as isize {
            if self.is_as_pushed(depth) {
                depth += ENTRY as isize;
            } else {
                self.remove_at(depth);
            }
        }
    }

    /// Returns whether the entry at `depth` is of the lock for which it was pushed. Called by the thread
    /// itself, or by any thread after its end.
    pub(super) fn is_as_pushed(&self, depth: isize) -> bool {
        // SAFETY: the callers pass a depth below that of the state, so it is inside the array.
        let entry = unsafe { self.entry(depth) };
        entry.ident().is_some_and(|ident| {
            lockset_hash::share(ident.tag(), entry.mode()) == self.share_at(depth)
        })
    }

    /// Doubles the room. The old array stays, since another thread may be reading it.
    #[cold]
    pub(super) fn grow(&self) {
        let room = self.room.load(Ordering::Relaxed);
        if room >= MOST_ROOM {
            return;
        }
        let wanted = (room * 2).clamp(FIRST_ROOM, MOST_ROOM);
        let count = (wanted / ENTRY + 2) as usize;
        let mut fresh = Vec::with_capacity(count);
        while fresh.len() < count {
            fresh.push(LocksetEntry::new());
        }
        let fresh: &'static mut [LocksetEntry] = fresh.leak();
        let outgrown = self.entries.load(Ordering::Relaxed);
        if !outgrown.is_null() {
            OUTGROWN.lock().push(outgrown.addr());
            for (index, to) in (0..=room / ENTRY).zip(&fresh[1..]) {
                // SAFETY: inside the old array.
                let from = unsafe { self.entry((index * ENTRY) as isize) };
                to.copy(from);
                to.set_key(from.key());
            }
        }
        // SAFETY: inside the array. Not the address of a part of it: a pointer to the part from 1 on could
        // not reach the entry before.
        let entries = unsafe { fresh.as_mut_ptr().add(1) };
        // Release pairs with the Acquire in `held`.
        self.entries.store(entries, Ordering::Release);
        self.room.store(wanted, Ordering::Release);
    }
}
