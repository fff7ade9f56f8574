//! The slot of a thread: which locks it holds, and what it waits for.

#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::Ordering;

use super::ident::Ident;
use super::tag;
use super::wait::Wait;
use crate::engine::ids::{Site, ThreadId};
use crate::engine::mode::Mode;
use crate::primitives::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Mutex, fence, spin_loop};

/// One held lock.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The address of the ident, and the mode in the low bits.
    ident: AtomicUsize,
    site: AtomicPtr<Location<'static>>,
    /// The key of the thread below this entry: its seed, plus the shares of all entries before.
    key: AtomicU64,
}

const MODE: usize = 3;

const fn mode_bits(mode: Mode) -> usize {
    match mode {
        Mode::Exclusive => 0,
        Mode::Shared => 1,
        Mode::Upgradable => 2,
    }
}

const fn mode_of(bits: usize) -> Mode {
    match bits & MODE {
        0 => Mode::Exclusive,
        1 => Mode::Shared,
        _ => Mode::Upgradable,
    }
}

impl Entry {
    const fn new() -> Self {
        Self {
            ident: AtomicUsize::new(0),
            site: AtomicPtr::new(ptr::null_mut()),
            key: AtomicU64::new(0),
        }
    }

    #[inline(always)]
    pub(crate) fn key(&self) -> u64 {
        self.key.load(Ordering::Relaxed)
    }
}

/// A held lock, as read out of a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldLock {
    pub(crate) ident: *const Ident,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
}

/// How many locks a slot has room for at first. The room doubles when it is full.
const FIRST_CAPACITY: u32 = if cfg!(all(loom, test)) { 2 } else { 32 };

/// Set in the state while entries are being moved.
const MOVING: u64 = 1 << 32;
/// One change, in the bits of the state above that. They wrap around: a reader would have to sleep
/// through exactly 2³¹ changes to be deceived.
const STEP: u64 = 1 << 33;

/// What a thread holds and waits for.
///
/// Slots are never freed; one is used again when its thread has ended.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Slot {
    /// | bits | content |
    /// |---|---|
    /// | 0–31 | the number of entries |
    /// | 32 | whether entries below the top are being moved (`MOVING`) |
    /// | 33–63 | a count of all changes, so that a reader can tell whether the entries stood still |
    state: AtomicU64,
    /// Room for this many entries. Set to zero by anyone who wants the thread to take the slow
    /// path at its next acquisition (`ring`).
    capacity: AtomicU32,
    /// Why somebody rang.
    bell: AtomicU32,
    /// The entries. One more stands before the first, and is never used, so that the slot of a
    /// thread that holds nothing can be compared with like any other.
    entries: AtomicPtr<Entry>,
    /// The true capacity.
    room: AtomicU32,
    /// The serial number of the thread; zero while the slot is free.
    thread: AtomicU64,
    pub(crate) wait: Wait,
    /// Locks that other threads have released on behalf of this one (`send_guard`): the address of
    /// the ident with the mode.
    released_elsewhere: Mutex<Vec<usize>>,
    /// The name of the thread.
    name: Mutex<Option<String>>,
    /// Everything that only the thread itself touches, by the layers above.
    own: UnsafeCell<Option<Box<super::own::Own>>>,
}

// SAFETY: all fields but `own` are atomics or locked. `own` is reached through `Slot::own` alone,
// whose contract confines it to the slot's thread.
unsafe impl Sync for Slot {}
// SAFETY: as above; nothing in it is bound to the thread that made it.
unsafe impl Send for Slot {}

// A panic leaves a slot as right as any other moment: its thread goes on using it while it unwinds.
impl std::panic::RefUnwindSafe for Slot {}
impl std::panic::UnwindSafe for Slot {}

static DETACHED: Slot = Slot::vacant();

impl Slot {
    pub(crate) const fn vacant() -> Self {
        Self {
            state: AtomicU64::new(0),
            capacity: AtomicU32::new(0),
            bell: AtomicU32::new(0),
            entries: AtomicPtr::new(ptr::null_mut()),
            room: AtomicU32::new(0),
            thread: AtomicU64::new(0),
            wait: Wait::new(),
            released_elsewhere: Mutex::new(Vec::new()),
            name: Mutex::new(None),
            own: UnsafeCell::new(None),
        }
    }

    /// The slot of threads that have none yet: it has no room, so the first acquisition takes the
    /// slow path, without a test of its own on the fast one.
    pub(crate) const fn detached() -> &'static Slot {
        &DETACHED
    }

    /// Whether this stands for "no slot".
    #[inline(always)]
    pub(crate) fn is_detached(&self) -> bool {
        ptr::eq(self, &DETACHED)
    }

    /// The thread whose slot this is; `None` while it is free.
    pub(crate) fn thread(&self) -> Option<ThreadId> {
        // Acquire pairs with the Release in `occupy`.
        match self.thread.load(Ordering::Acquire) {
            0 => None,
            serial => Some(ThreadId::new(serial)),
        }
    }

    /// The name of the thread.
    pub(crate) fn name(&self) -> Option<String> {
        self.name.lock().clone()
    }

    /// Takes the slot into use for the calling thread.
    pub(crate) fn occupy(&self, thread: ThreadId, name: Option<String>, own: Box<super::own::Own>) {
        *self.name.lock() = name;
        if self.entries.load(Ordering::Relaxed).is_null() {
            self.grow();
        }
        // SAFETY: the slot is free and was taken off the free list by this thread alone.
        unsafe { *self.own.get() = Some(own) };
        self.capacity
            .store(self.room.load(Ordering::Relaxed), Ordering::Relaxed);
        self.thread.store(thread.get(), Ordering::Release);
    }

    /// Ends the use by a thread, which holds nothing any more.
    pub(crate) fn vacate(&self) {
        self.capacity.store(0, Ordering::Relaxed);
        self.bell.store(0, Ordering::Relaxed);
        self.released_elsewhere.lock().clear();
        // A lock that was released elsewhere at the last moment may still be listed.
        let state = self.state();
        self.state
            .store(state.wrapping_add(STEP) & !(STEP - 1), Ordering::Release);
        self.wait.clear();
        self.thread.store(0, Ordering::Release);
        // SAFETY: called by the slot's thread (or, after a fork, for a thread that is no more),
        // outside any borrow of `own`.
        unsafe { *self.own.get() = None };
        *self.name.lock() = None;
    }

    /// What only the thread itself touches.
    ///
    /// # Safety
    ///
    /// The caller runs on the slot's thread, and no other borrow is alive: the result must not be
    /// kept across anything that can come back here (a sink, user code, another call of `own`).
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn own(&self) -> &mut super::own::Own {
        // SAFETY: the contract above; `own` is `Some` from `occupy` to `vacate`.
        unsafe { (*self.own.get()).as_deref_mut().unwrap_unchecked() }
    }

    // The fast path, on the slot's thread.

    /// The state, to be handed to `entry` and `push`.
    #[inline(always)]
    pub(crate) fn state(&self) -> u64 {
        self.state.load(Ordering::Relaxed)
    }

    /// The number of held locks in `state`.
    #[inline(always)]
    pub(crate) const fn depth(state: u64) -> u32 {
        state as u32
    }

    /// Whether there is room for one more lock at `depth`, and nobody rang.
    #[inline(always)]
    pub(crate) fn has_room(&self, depth: u32) -> bool {
        depth < self.capacity.load(Ordering::Relaxed)
    }

    /// The entry at `index`.
    ///
    /// # Safety
    ///
    /// `index` is at most the slot's room, and the slot was occupied once. The index −1 is allowed.
    #[inline(always)]
    unsafe fn entry(&self, index: isize) -> &Entry {
        // SAFETY: `entries` points one past the start of an array of `room + 2` entries, which is
        // never freed.
        unsafe { &*self.entries.load(Ordering::Acquire).offset(index) }
    }

    /// The key of the thread: what it holds at `depth`.
    #[inline(always)]
    pub(crate) fn key_at(&self, depth: u32) -> u64 {
        // SAFETY: a depth is at most the room.
        unsafe { self.entry(depth as isize) }.key()
    }

    /// Adds a held lock on top.
    #[inline(always)]
    pub(crate) fn push(&self, state: u64, ident: *const Ident, share: u64, mode: Mode, site: Site) {
        let depth = Self::depth(state);
        // SAFETY: the caller saw room at this depth, so `depth + 1` is at most the room.
        let (entry, above) =
            unsafe { (self.entry(depth as isize), self.entry(depth as isize + 1)) };
        // Release on the fields pairs with the Acquire loads in `held`: a reader that sees one of
        // them also sees the state of the pop that made room, and so that its epoch is over.
        entry.ident.store(
            ident.expose_provenance() | mode_bits(mode),
            Ordering::Release,
        );
        entry
            .site
            .store(ptr::from_ref(site).cast_mut(), Ordering::Release);
        above
            .key
            .store(entry.key().wrapping_add(share), Ordering::Relaxed);
        // Release pairs with the Acquire in `held`: the fields are written before they count.
        self.state
            .store(state.wrapping_add(STEP + 1), Ordering::Release);
    }

    /// Takes the top lock off if it is this one; `false` if it is not.
    #[inline(always)]
    pub(crate) fn pop(&self, ident: *const Ident) -> bool {
        let state = self.state();
        // SAFETY: at depth zero this reads the unused entry before the first. A detached slot is
        // never asked: a hold of it is not tracked.
        let top = unsafe { self.entry(Self::depth(state) as isize - 1) };
        if top.ident.load(Ordering::Relaxed) & !MODE != ident.addr() {
            return false;
        }
        // Release: the entry stands until the lock's own release, which follows, is about to
        // happen; a reader that still sees the entry sees a lock that is still held.
        self.state
            .store(state.wrapping_add(STEP - 1), Ordering::Release);
        true
    }

    // The slow path, on the slot's thread.

    /// Takes a lock off wherever it stands, the uppermost first; `false` if it is not there.
    pub(crate) fn remove(&self, ident: *const Ident) -> bool {
        let state = self.state();
        let depth = Self::depth(state) as isize;
        for index in (0..depth).rev() {
            // SAFETY: below the depth, so inside the array.
            let entry = unsafe { self.entry(index) };
            if entry.ident.load(Ordering::Relaxed) & !MODE == ident.addr() {
                self.remove_at(index);
                return true;
            }
        }
        false
    }

    fn remove_at(&self, index: isize) {
        let state = self.state();
        let depth = Self::depth(state) as isize;
        // Whoever reads it like this tries again: the entries are no list that ever was.
        self.state.store(state | MOVING, Ordering::Relaxed);
        // Release on the fields pairs with the Acquire loads in `held`: who sees a moved entry sees
        // that the state is not what it was.
        let share = self.share_at(index);
        for at in index..depth - 1 {
            // SAFETY: `at + 1` is below the depth.
            let (to, from) = unsafe { (self.entry(at), self.entry(at + 1)) };
            to.ident
                .store(from.ident.load(Ordering::Relaxed), Ordering::Release);
            to.site
                .store(from.site.load(Ordering::Relaxed), Ordering::Release);
        }
        for at in index + 1..depth {
            // SAFETY: `at + 1` is at most the depth.
            let (to, from) = unsafe { (self.entry(at), self.entry(at + 1)) };
            to.key
                .store(from.key().wrapping_sub(share), Ordering::Relaxed);
        }
        self.state
            .store(state.wrapping_add(STEP - 1), Ordering::Release);
    }

    /// What the hold at `index` adds to the key, as it was pushed. Not asked of the ident, which may
    /// belong to another lock by now.
    fn share_at(&self, index: isize) -> u64 {
        // SAFETY: the callers pass an index below the depth, so `index + 1` is inside the array.
        let (entry, above) = unsafe { (self.entry(index), self.entry(index + 1)) };
        above.key().wrapping_sub(entry.key())
    }

    /// Adds `change` to all keys from `index` up.
    fn shift_keys(&self, index: isize, change: u64) {
        for at in index..=Self::depth(self.state()) as isize {
            // SAFETY: at most the depth, so inside the array.
            let entry = unsafe { self.entry(at) };
            entry
                .key
                .store(entry.key().wrapping_add(change), Ordering::Relaxed);
        }
    }

    /// Changes the mode of the uppermost hold of a lock.
    pub(crate) fn convert(&self, ident: &Ident, mode: Mode) {
        for index in (0..Self::depth(self.state()) as isize).rev() {
            // SAFETY: below the depth, so inside the array.
            let entry = unsafe { self.entry(index) };
            let address = ptr::from_ref(ident).addr();
            if entry.ident.load(Ordering::Relaxed) & !MODE == address {
                // One store: a reader sees the old mode or the new one. Release, as in `push`.
                entry
                    .ident
                    .store(address | mode_bits(mode), Ordering::Release);
                let share = tag::share(ident.tag(), mode);
                self.shift_keys(index + 1, share.wrapping_sub(self.share_at(index)));
                return;
            }
        }
    }

    /// Sets the key of a thread that holds nothing.
    pub(crate) fn set_seed(&self, seed: u64) {
        self.shift_keys(0, seed.wrapping_sub(self.key_at(0)));
    }

    /// Does what was rung for, and makes room. To be called at the start of every slow path.
    pub(crate) fn maintain(&self) {
        if self.bell.swap(0, Ordering::Acquire) != 0 {
            let released = std::mem::take(&mut *self.released_elsewhere.lock());
            for bits in released {
                self.remove(ptr::with_exposed_provenance(bits & !MODE));
            }
        }
        self.drop_stale();
        if Self::depth(self.state()) >= self.room.load(Ordering::Relaxed) {
            self.grow();
        }
        // Acquire pairs with the Release of the other swap, in `release_from_elsewhere`: if this one
        // comes second, and overwrites its zero, then the bell that was rung before is seen below.
        self.capacity
            .swap(self.room.load(Ordering::Relaxed), Ordering::Acquire);
        if self.bell.load(Ordering::Relaxed) != 0 {
            self.capacity.store(0, Ordering::Relaxed);
        }
    }

    /// Takes off locks whose guard was forgotten and that were then dropped: their ident is vacant
    /// or belongs to another lock, so its tag no longer fits the key.
    fn drop_stale(&self) {
        let mut index = 0;
        while index < Self::depth(self.state()) as isize {
            // SAFETY: below the depth, so inside the array.
            let bits = unsafe { self.entry(index) }.ident.load(Ordering::Relaxed);
            let fits = ident_at(bits).is_some_and(|ident| {
                tag::share(ident.tag(), mode_of(bits)) == self.share_at(index)
            });
            if fits {
                index += 1;
            } else {
                self.remove_at(index);
            }
        }
    }

    /// Doubles the room. The old array stays: somebody may be reading it.
    #[cold]
    fn grow(&self) {
        let room = self.room.load(Ordering::Relaxed);
        let wanted = (room * 2).max(FIRST_CAPACITY);
        let fresh: Box<[Entry]> = (0..wanted as usize + 2).map(|_| Entry::new()).collect();
        let fresh: &'static mut [Entry] = Box::leak(fresh);
        let old = self.entries.load(Ordering::Relaxed);
        if !old.is_null() {
            for index in 0..=room as isize {
                // SAFETY: inside the old array, which has `room + 2` entries from −1 on.
                let from = unsafe { &*old.offset(index) };
                let to = &fresh[index as usize + 1];
                to.ident
                    .store(from.ident.load(Ordering::Relaxed), Ordering::Relaxed);
                to.site
                    .store(from.site.load(Ordering::Relaxed), Ordering::Relaxed);
                to.key
                    .store(from.key.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        // SAFETY: inside the array. Not the address of a part of it: a pointer to the part from 1
        // on would not be allowed to reach the entry before.
        let entries = unsafe { fresh.as_mut_ptr().add(1) };
        // Release pairs with the Acquire in `entry`.
        self.entries.store(entries, Ordering::Release);
        self.room.store(wanted, Ordering::Release);
    }

    /// Frees the slot of a thread that does not exist in this process any more, after a fork.
    ///
    /// That thread may have been in the middle of anything, so what it owned is left behind as it
    /// is: to drop a vector that was just growing would free the same memory twice.
    pub(crate) fn abandon(&self) {
        self.survive();
        std::mem::forget(self.name.lock().take());
        // SAFETY: the thread that had a borrow is gone.
        unsafe { self.own.get().write(None) };
        self.vacate();
    }

    /// Lets go of what other threads, which are no more, may have held of this slot at a fork.
    pub(crate) fn survive(&self) {
        if self.name.is_locked() {
            // SAFETY: the holder is gone. It was reading, or it was this slot's own thread.
            unsafe { self.name.force_unlock(Default::default()) };
        }
        if self.released_elsewhere.is_locked() {
            // SAFETY: the holder is gone.
            unsafe { self.released_elsewhere.force_unlock(Default::default()) };
            // It may have been in the middle of a push. Those locks stay listed, and their guards
            // are in threads that are no more.
            std::mem::forget(std::mem::take(&mut *self.released_elsewhere.lock()));
        }
    }

    // From any thread.

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
            if state & MOVING != 0 {
                spin_loop();
                continue;
            }
            let depth = Self::depth(state);
            let mut held = Vec::with_capacity(depth as usize);
            // The room is read before the entries, so it is never larger than their array.
            if depth > self.room.load(Ordering::Acquire) {
                continue;
            }
            for index in 0..depth as isize {
                // SAFETY: below the room of the array.
                let entry = unsafe { self.entry(index) };
                let bits = entry.ident.load(Ordering::Acquire);
                let site = entry.site.load(Ordering::Acquire);
                // SAFETY: sites are static; null only in entries that were never written, which
                // the state compared below then excludes.
                if let Some(site) = unsafe { site.as_ref() } {
                    held.push(HeldLock {
                        ident: ptr::with_exposed_provenance(bits & !MODE),
                        mode: mode_of(bits),
                        site,
                    });
                }
            }
            fence(Ordering::Acquire);
            if self.state.load(Ordering::Relaxed) == state {
                let gone = self.released_elsewhere.lock();
                for bits in gone.iter() {
                    if let Some(at) = held.iter().rposition(|h| h.ident.addr() == *bits) {
                        held.remove(at);
                    }
                }
                return Some(held);
            }
            spin_loop();
        }
        None
    }
}

/// The ident whose address stands in an entry.
fn ident_at(bits: usize) -> Option<&'static Ident> {
    // SAFETY: entries hold addresses of idents that were exposed by `push`. An ident is freed only
    // when its lock was dropped while not held (`pool::spill`), and then no entry refers to it.
    unsafe { ptr::with_exposed_provenance::<Ident>(bits & !MODE).as_ref() }
}

#[cfg(test)]
mod tests {
    use super::super::own::Own;
    use super::super::pool::Pool;
    use super::super::{class, registry};
    use super::*;
    use crate::instrument::LockKind;

    fn slot() -> &'static Slot {
        let thread = registry::next_thread();
        let slot: &'static Slot = Box::leak(Box::new(Slot::vacant()));
        slot.occupy(thread, None, Box::new(Own::new(thread)));
        slot.set_seed(7);
        slot
    }

    fn lock(pool: &mut Pool) -> &'static Ident {
        pool.take(class::intern(&LockKind::MUTEX, None, Location::caller()))
    }

    fn push(slot: &Slot, ident: &Ident) {
        slot.maintain();
        let share = tag::share(ident.tag(), Mode::Exclusive);
        let site = Location::caller();
        slot.push(slot.state(), ident, share, Mode::Exclusive, site);
    }

    #[test]
    fn the_count_of_changes_wraps_around() {
        let (slot, mut pool) = (slot(), Pool::default());
        let [a, b] = [lock(&mut pool), lock(&mut pool)];
        slot.state.store(!(STEP - 1), Ordering::Relaxed);
        push(slot, a);
        slot.state
            .store(slot.state() | !(STEP - 1), Ordering::Relaxed);
        push(slot, b);
        assert!(slot.remove(a));
        slot.state
            .store(slot.state() | !(STEP - 1), Ordering::Relaxed);
        assert!(slot.pop(b));
        assert_eq!(slot.state(), 0);
    }

    #[test]
    fn the_key_is_the_sum_of_what_is_held_in_whatever_order_it_came() {
        let (slot, mut pool) = (slot(), Pool::default());
        let [a, b, c] = [lock(&mut pool), lock(&mut pool), lock(&mut pool)];
        for ident in [a, b, c] {
            push(slot, ident);
        }
        slot.convert(a, Mode::Shared);
        assert!(slot.remove(b));
        slot.set_seed(9);
        let expected = 9u64
            .wrapping_add(tag::share(a.tag(), Mode::Shared))
            .wrapping_add(c.tag());
        assert_eq!(slot.key_at(2), expected);
        assert!(slot.pop(c) && slot.pop(a));
        assert_eq!(slot.key_at(0), 9);
    }

    #[test]
    fn a_hold_of_a_dropped_lock_is_not_taken_for_one_of_the_next_lock() {
        let (slot, mut pool) = (slot(), Pool::default());
        let [a, forgotten] = [lock(&mut pool), lock(&mut pool)];
        push(slot, a);
        push(slot, forgotten);
        pool.give(forgotten, false);
        let next = lock(&mut pool);
        assert!(std::ptr::eq(next, forgotten));
        // Moves the entry of the forgotten hold.
        assert!(slot.remove(a));
        slot.maintain();
        assert!(slot.held().unwrap().is_empty());
    }

    #[test]
    fn a_slot_that_is_used_again_lists_nothing() {
        let (slot, mut pool) = (slot(), Pool::default());
        let a = lock(&mut pool);
        push(slot, a);
        slot.release_from_elsewhere(a);
        assert!(slot.held().unwrap().is_empty());
        slot.vacate();
        let thread = registry::next_thread();
        slot.occupy(thread, None, Box::new(Own::new(thread)));
        assert_eq!(Slot::depth(slot.state()), 0);
        assert!(slot.held().unwrap().is_empty());
    }
}
