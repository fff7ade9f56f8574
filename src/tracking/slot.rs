//! The slot of a thread: which locks it holds, and what it waits for.

#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::hint::cold_path;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};

use parking_lot::Mutex;

use super::ident::{Ident, SURROUNDINGS};
use super::tag;
use super::wait::Wait;
use crate::engine::ids::{Site, ThreadId};
use crate::engine::mode::Mode;

/// One held lock.
#[derive(Debug)]
pub(crate) struct Entry {
    ident: AtomicPtr<Ident>,
    /// The site, and the mode in the low bits of its address.
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

fn mode_of(site: *const Location<'static>) -> Mode {
    match site.addr() & MODE {
        0 => Mode::Exclusive,
        1 => Mode::Shared,
        _ => Mode::Upgradable,
    }
}

impl Entry {
    const fn new() -> Self {
        Self {
            ident: AtomicPtr::new(ptr::null_mut()),
            site: AtomicPtr::new(ptr::null_mut()),
            key: AtomicU64::new(0),
        }
    }

    /// The key of the thread below this entry; on that thread.
    #[inline(always)]
    pub(crate) fn key(&self) -> u64 {
        // SAFETY: only the slot's thread writes it, and that is the caller.
        unsafe { self.key.as_ptr().read() }
    }

    fn mode(&self) -> Mode {
        mode_of(self.site.load(Ordering::Relaxed))
    }

    /// The ident, in the slot of the calling thread.
    fn ident(&self) -> Option<&'static Ident> {
        // SAFETY: entries hold addresses of idents. An ident is freed only when its lock was
        // dropped while not held (`pool::spill`), and then no entry refers to it.
        unsafe { self.ident.load(Ordering::Relaxed).as_ref() }
    }
}

/// A held lock, as read out of a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldLock {
    pub(crate) ident: *const Ident,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
}

/// How many bytes an entry takes. Depths are counted in them, so that the fast path need not
/// multiply.
const ENTRY: u32 = size_of::<Entry>() as u32;

/// How many locks a slot has room for at first, in bytes. The room doubles when it is full.
const FIRST_ROOM: u32 = 32 * ENTRY;

/// One change of the held locks, in the upper half of the state.
const STEP: u64 = 1 << 32;

/// What a thread holds and waits for.
///
/// Slots are never freed; one is used again when its thread has ended.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Slot {
    /// The depth in the low half: how many bytes of entries are in use. In the high half a count of
    /// all changes but the removal of the uppermost entry, so that a reader can tell whether the
    /// entries stood still: after such removals alone, the depth is smaller.
    state: AtomicU64,
    /// Room for this many bytes of entries. Set to zero by anyone who wants the thread to take the
    /// slow path at its next nested acquisition (`ring`).
    capacity: AtomicU32,
    /// Why somebody rang.
    bell: AtomicU32,
    /// The entries. One more stands before the first, and is never used, so that the slot of a
    /// thread that holds nothing can be compared with like any other.
    entries: AtomicPtr<Entry>,
    /// The true capacity, in bytes.
    room: AtomicU32,
    /// The serial number of the thread; zero while the slot is free.
    thread: AtomicU64,
    pub(crate) wait: Wait,
    /// Locks that other threads have released on behalf of this one (`send_guard`): the addresses of
    /// their idents.
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

/// Where the slot of threads that have none keeps its entries. Their idents are those of no lock, and
/// not null, so that no lock is found in it.
static NOTHING: [Entry; 2] = [const {
    Entry {
        ident: AtomicPtr::new(ptr::without_provenance_mut(1)),
        ..Entry::new()
    }
}; 2];

// As if something were held, and no room for more: so that every acquisition takes the slow path.
static DETACHED: Slot = Slot::with(ENTRY, &raw const NOTHING[0]);

impl Slot {
    pub(super) const fn vacant() -> Self {
        Self::with(0, ptr::null())
    }

    const fn with(depth: u32, entries: *const Entry) -> Self {
        Self {
            state: AtomicU64::new(depth as u64),
            capacity: AtomicU32::new(0),
            bell: AtomicU32::new(0),
            entries: AtomicPtr::new(entries.cast_mut()),
            room: AtomicU32::new(0),
            thread: AtomicU64::new(0),
            wait: Wait::new(),
            released_elsewhere: Mutex::new(Vec::new()),
            name: Mutex::new(None),
            own: UnsafeCell::new(None),
        }
    }

    /// The slot of threads that have none yet: it has no room, so the first acquisition takes the
    /// slow path, and it lists no lock, so the release of an untracked one does too, both without a
    /// test of their own on the fast path.
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

    // The fast path, on the slot's thread. What only that thread writes it reads without an atomic
    // access: there is nothing to be ordered with, and the compiler makes better code of it.

    /// The state, to be handed to `top` and `push`.
    #[inline(always)]
    pub(crate) fn state(&self) -> u64 {
        // SAFETY: only the slot's thread writes it, and that is the caller. (The detached slot is
        // never written.)
        unsafe { self.state.as_ptr().read() }
    }

    /// How much is held in `state`: zero for nothing.
    #[inline(always)]
    pub(crate) const fn depth(state: u64) -> u32 {
        state as u32
    }

    /// Whether there is room for one more lock at `depth`, and nobody rang.
    #[inline(always)]
    pub(crate) fn has_room(&self, depth: u32) -> bool {
        depth < self.capacity.load(Ordering::Relaxed)
    }

    /// The entry at `depth`.
    ///
    /// # Safety
    ///
    /// `depth` is a multiple of [`ENTRY`], at least −`ENTRY` and at most the slot's room. The slot
    /// is the detached one, and the depth is zero or that of its state, or it was occupied once.
    #[inline(always)]
    unsafe fn entry(&self, depth: isize) -> &Entry {
        // SAFETY: `entries` points one past the start of an array of the room and two entries more,
        // which is never freed; the detached one to an array of two.
        unsafe { &*self.entries.load(Ordering::Acquire).byte_offset(depth) }
    }

    /// The entry at `depth`, on the slot's thread.
    ///
    /// # Safety
    ///
    /// As for `entry`, and the caller runs on the slot's thread.
    #[inline(always)]
    unsafe fn own_entry(&self, depth: isize) -> &Entry {
        // SAFETY: the contract is that of `entry`; the field is written by the caller's thread only.
        unsafe { &*self.entries.as_ptr().read().byte_offset(depth) }
    }

    /// The first entry that is not in use: its key is that of the thread.
    #[inline(always)]
    pub(crate) fn top(&self, state: u64) -> &Entry {
        // SAFETY: a depth is at most the room; that of the detached slot is its own.
        unsafe { self.own_entry(Self::depth(state) as isize) }
    }

    /// The key of the thread: what it holds.
    pub(crate) fn key(&self) -> u64 {
        self.top(self.state()).key()
    }

    /// How many locks the thread holds, one more for those that are held around it.
    pub(crate) fn count(&self) -> u32 {
        Self::depth(self.state()) / ENTRY
    }

    /// Whether the thread holds anything.
    pub(crate) fn is_holding(&self) -> bool {
        Self::depth(self.state()) > 0
    }

    /// Adds a held lock at `top`, the first free entry in `state`.
    ///
    /// # Safety
    ///
    /// The slot has room at the depth of `state`, or that is zero; and it is not the detached one.
    #[inline(always)]
    pub(crate) unsafe fn push(
        &self,
        state: u64,
        top: &Entry,
        ident: *const Ident,
        share: u64,
        mode: Mode,
        site: Site,
    ) {
        // Release on the fields pairs with the Acquire loads in `held`: a reader that sees one of
        // them also sees the state of the pop that made room, and so that its epoch is over.
        top.ident.store(ident.cast_mut(), Ordering::Release);
        top.site.store(
            ptr::from_ref(site)
                .wrapping_byte_add(mode_bits(mode))
                .cast_mut(),
            Ordering::Release,
        );
        // SAFETY: there was room at this depth, so the entry above is at most the one at the room,
        // of which there is one more than fits.
        let above = unsafe { &*ptr::from_ref(top).add(1) };
        above
            .key
            .store(top.key().wrapping_add(share), Ordering::Relaxed);
        // Release pairs with the Acquire in `held`: the fields are written before they count.
        self.state
            .store(state + (STEP + ENTRY as u64), Ordering::Release);
    }

    /// Takes the top lock off if it is this one; `false` if it is not.
    #[inline(always)]
    pub(crate) fn pop(&self, ident: *const Ident) -> bool {
        let state = self.state();
        // SAFETY: at depth zero this is the unused entry before the first; of the detached slot, the
        // first of its two.
        let last = unsafe { self.own_entry(Self::depth(state) as isize - ENTRY as isize) };
        // SAFETY: only the slot's thread writes it, and that is the caller.
        if !ptr::eq(unsafe { last.ident.as_ptr().read() }, ident) {
            cold_path();
            return false;
        }
        // Release: the entry stands until the lock's own release, which follows, is about to
        // happen; a reader that still sees the entry sees a lock that is still held. The entry was
        // that of the lock, so the depth is not zero, and the count does not change.
        self.state.store(state - ENTRY as u64, Ordering::Release);
        true
    }

    // The slow path, on the slot's thread.

    /// The entries in use, the uppermost last, by their depth.
    fn depths(&self) -> std::iter::StepBy<std::ops::Range<isize>> {
        (0..Self::depth(self.state()) as isize).step_by(ENTRY as usize)
    }

    /// Takes a lock off wherever it stands, the uppermost first; `false` if it is not there.
    pub(crate) fn remove(&self, ident: *const Ident) -> bool {
        for depth in self.depths().rev() {
            // SAFETY: below the depth, so inside the array.
            let entry = unsafe { self.entry(depth) };
            if ptr::addr_eq(entry.ident.load(Ordering::Relaxed), ident) {
                self.remove_at(depth);
                return true;
            }
        }
        false
    }

    fn remove_at(&self, depth: isize) {
        let state = self.state();
        // An odd epoch step is not needed: the count changes before and after the entries move, so
        // a reader that overlaps with the move sees two different states.
        self.state.store(state + STEP, Ordering::Relaxed);
        // Release fence: the new count is visible before any moved entry.
        fence(Ordering::Release);
        let entry = ENTRY as isize;
        for at in (depth..Self::depth(state) as isize - entry).step_by(ENTRY as usize) {
            // SAFETY: the entry above `at` is below the depth.
            let (to, from) = unsafe { (self.entry(at), self.entry(at + entry)) };
            to.ident
                .store(from.ident.load(Ordering::Relaxed), Ordering::Release);
            to.site
                .store(from.site.load(Ordering::Relaxed), Ordering::Release);
        }
        self.state
            .store(state + 2 * STEP - ENTRY as u64, Ordering::Release);
        self.rekey(self.seed());
    }

    /// Changes the mode of the uppermost hold of a lock.
    pub(crate) fn convert(&self, ident: *const Ident, mode: Mode) {
        let state = self.state();
        for depth in self.depths().rev() {
            // SAFETY: below the depth, so inside the array.
            let entry = unsafe { self.entry(depth) };
            if ptr::addr_eq(entry.ident.load(Ordering::Relaxed), ident) {
                self.state.store(state + STEP, Ordering::Relaxed);
                fence(Ordering::Release);
                let site = entry.site.load(Ordering::Relaxed);
                entry.site.store(
                    site.map_addr(|at| at & !MODE | mode_bits(mode)),
                    Ordering::Release,
                );
                self.state.store(state + 2 * STEP, Ordering::Release);
                self.rekey(self.seed());
                return;
            }
        }
    }

    /// The key of the thread when it holds nothing.
    fn seed(&self) -> u64 {
        // SAFETY: zero is inside every array.
        unsafe { self.entry(0) }.key()
    }

    /// Computes all keys anew from `seed`, the key of a thread that holds nothing.
    fn rekey(&self, seed: u64) {
        let mut key = seed;
        for depth in self.depths() {
            // SAFETY: below the depth, so inside the array.
            let entry = unsafe { self.entry(depth) };
            entry.key.store(key, Ordering::Relaxed);
            if let Some(ident) = entry.ident() {
                key = key.wrapping_add(tag::share(ident.tag(), entry.mode()));
            }
        }
        self.top(self.state()).key.store(key, Ordering::Relaxed);
    }

    /// Sets the key of a thread that holds nothing.
    pub(crate) fn set_seed(&self, seed: u64) {
        self.rekey(seed);
    }

    /// Lists or unlists that others hold locks around this thread.
    pub(crate) fn set_surrounded(&self, surrounded: bool) {
        self.remove(&SURROUNDINGS);
        if surrounded {
            self.maintain();
            let (state, mode) = (self.state(), Mode::Shared);
            let share = tag::share(SURROUNDINGS.tag(), mode);
            let site = Location::caller();
            // SAFETY: `maintain` has made room, and the slot has an owner, so it is not the detached
            // one.
            unsafe { self.push(state, self.top(state), &SURROUNDINGS, share, mode, site) };
        }
    }

    /// Does what was rung for, and makes room. To be called at the start of every slow path.
    pub(crate) fn maintain(&self) {
        if self.bell.swap(0, Ordering::Acquire) != 0 {
            let released = std::mem::take(&mut *self.released_elsewhere.lock());
            for ident in released {
                self.remove(ptr::without_provenance(ident));
            }
        }
        self.drop_stale();
        if Self::depth(self.state()) >= self.room.load(Ordering::Relaxed) {
            self.grow();
        }
        self.capacity
            .store(self.room.load(Ordering::Relaxed), Ordering::Relaxed);
        if self.bell.load(Ordering::Relaxed) != 0 {
            // Rung again meanwhile, and the store above may have overwritten the zero.
            self.capacity.store(0, Ordering::Relaxed);
        }
    }

    /// Takes off locks whose guard was forgotten and that were then dropped: their ident is vacant
    /// or belongs to another lock, so its tag no longer fits the key.
    fn drop_stale(&self) {
        let mut depth = 0;
        while depth < Self::depth(self.state()) as isize {
            // SAFETY: the entry above is at most at the depth.
            let (entry, above) = unsafe { (self.entry(depth), self.entry(depth + ENTRY as isize)) };
            let share = above.key().wrapping_sub(entry.key());
            let fits = entry
                .ident()
                .is_some_and(|ident| tag::share(ident.tag(), entry.mode()) == share);
            if fits {
                depth += ENTRY as isize;
            } else {
                self.remove_at(depth);
            }
        }
    }

    /// Doubles the room. The old array stays: somebody may be reading it.
    #[cold]
    fn grow(&self) {
        let room = self.room.load(Ordering::Relaxed);
        let wanted = (room * 2).max(FIRST_ROOM);
        let fresh: Box<[Entry]> = (0..wanted / ENTRY + 2).map(|_| Entry::new()).collect();
        let fresh: &'static mut [Entry] = Box::leak(fresh);
        if !self.entries.load(Ordering::Relaxed).is_null() {
            for (index, to) in (0..=room / ENTRY).zip(&fresh[1..]) {
                // SAFETY: inside the old array.
                let from = unsafe { self.entry((index * ENTRY) as isize) };
                to.ident
                    .store(from.ident.load(Ordering::Relaxed), Ordering::Relaxed);
                to.site
                    .store(from.site.load(Ordering::Relaxed), Ordering::Relaxed);
                to.key
                    .store(from.key.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        // Release pairs with the Acquire in `entry`.
        self.entries
            .store(fresh[1..].as_mut_ptr(), Ordering::Release);
        self.room.store(wanted, Ordering::Release);
    }

    /// Frees the slot of a thread that does not exist in this process any more, after a fork.
    pub(crate) fn abandon(&self) {
        // The locks may have been held by that thread; nobody else is there to hold them.
        if self.name.is_locked() {
            // SAFETY: the holder is gone.
            unsafe { self.name.force_unlock(Default::default()) };
        }
        if self.released_elsewhere.is_locked() {
            // SAFETY: the holder is gone.
            unsafe { self.released_elsewhere.force_unlock(Default::default()) };
        }
        let state = self.state();
        self.state
            .store((state + STEP) & !(STEP - 1), Ordering::Release);
        if !self.wait.epoch().is_multiple_of(2) {
            self.wait.clear();
        }
        self.vacate();
    }

    // From any thread.

    /// Notes that the calling thread has released a lock of this slot's thread.
    pub(crate) fn release_from_elsewhere(&self, ident: *const Ident) {
        self.released_elsewhere.lock().push(ident.addr());
        // Release pairs with the swap in `maintain`.
        self.bell.store(1, Ordering::Release);
        self.capacity.store(0, Ordering::Release);
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
            let mut held = Vec::with_capacity((depth / ENTRY) as usize);
            // The room is read before the entries, so it is never larger than their array.
            if depth > self.room.load(Ordering::Acquire) {
                continue;
            }
            for depth in (0..depth as isize).step_by(ENTRY as usize) {
                // SAFETY: below the room of the array.
                let entry = unsafe { self.entry(depth) };
                let ident = entry.ident.load(Ordering::Acquire);
                let site = entry.site.load(Ordering::Acquire);
                if ptr::eq(ident, &SURROUNDINGS) {
                    continue;
                }
                let mode = mode_of(site);
                // SAFETY: sites are static; null only in entries that were never written, which
                // the state compared below then excludes.
                if let Some(site) = unsafe { site.map_addr(|at| at & !MODE).as_ref() } {
                    held.push(HeldLock { ident, mode, site });
                }
            }
            fence(Ordering::Acquire);
            if self.state.load(Ordering::Relaxed) == state {
                let gone = self.released_elsewhere.lock();
                for ident in gone.iter() {
                    if let Some(at) = held.iter().rposition(|h| h.ident.addr() == *ident) {
                        held.remove(at);
                    }
                }
                return Some(held);
            }
            std::hint::spin_loop();
        }
        None
    }
}
