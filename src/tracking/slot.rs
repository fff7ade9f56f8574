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
const FIRST_CAPACITY: u32 = 32;

/// One push or pop, in the upper half of the state.
const STEP: u64 = 1 << 32;

/// What a thread holds and waits for.
///
/// Slots are never freed; one is used again when its thread has ended.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Slot {
    /// The number of entries in the low half; in the high half a count of all changes to them, so
    /// that a reader can tell whether they stood still.
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
    pub(super) const fn vacant() -> Self {
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
        self.state.store(state + STEP + 1, Ordering::Release);
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
        self.state.store(state + STEP - 1, Ordering::Release);
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
        // An odd epoch step is not needed: the count changes before and after the entries move, so
        // a reader that overlaps with the move sees two different states.
        self.state.store(state + STEP, Ordering::Relaxed);
        // Release fence: the new count is visible before any moved entry.
        fence(Ordering::Release);
        for at in index..depth - 1 {
            // SAFETY: `at + 1` is below the depth.
            let (to, from) = unsafe { (self.entry(at), self.entry(at + 1)) };
            to.ident
                .store(from.ident.load(Ordering::Relaxed), Ordering::Release);
            to.site
                .store(from.site.load(Ordering::Relaxed), Ordering::Release);
        }
        self.state.store(state + 2 * STEP - 1, Ordering::Release);
        self.rekey(self.key_at(0));
    }

    /// Changes the mode of the uppermost hold of a lock.
    pub(crate) fn convert(&self, ident: *const Ident, mode: Mode) {
        let state = self.state();
        for index in (0..Self::depth(state) as isize).rev() {
            // SAFETY: below the depth, so inside the array.
            let entry = unsafe { self.entry(index) };
            if entry.ident.load(Ordering::Relaxed) & !MODE == ident.addr() {
                self.state.store(state + STEP, Ordering::Relaxed);
                fence(Ordering::Release);
                entry
                    .ident
                    .store(ident.addr() | mode_bits(mode), Ordering::Release);
                self.state.store(state + 2 * STEP, Ordering::Release);
                self.rekey(self.key_at(0));
                return;
            }
        }
    }

    /// Computes all keys anew from `seed`, the key of a thread that holds nothing.
    pub(crate) fn rekey(&self, seed: u64) {
        let mut key = seed;
        for index in 0..=Self::depth(self.state()) as isize {
            // SAFETY: at most the depth, so inside the array.
            let entry = unsafe { self.entry(index) };
            entry.key.store(key, Ordering::Relaxed);
            let bits = entry.ident.load(Ordering::Relaxed);
            if let Some(ident) = ident_at(bits) {
                key = key.wrapping_add(tag::share(ident.tag(), mode_of(bits)));
            }
        }
    }

    /// Sets the key of a thread that holds nothing.
    pub(crate) fn set_seed(&self, seed: u64) {
        self.rekey(seed);
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
        let mut index = 0;
        while index < Self::depth(self.state()) as isize {
            // SAFETY: `index + 1` is at most the depth.
            let (entry, above) = unsafe { (self.entry(index), self.entry(index + 1)) };
            let bits = entry.ident.load(Ordering::Relaxed);
            let share = above.key().wrapping_sub(entry.key());
            let fits =
                ident_at(bits).is_some_and(|ident| tag::share(ident.tag(), mode_of(bits)) == share);
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
