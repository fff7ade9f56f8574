//! The slot of a thread: which locks it holds, and what it waits for.
//!
//! [`lockset_entry`] is one held lock; [`lockset`] has the operations of the slot's thread on the list of
//! them; [`read`] those of other threads; [`thread_flags`] is the state of the thread itself.

#![allow(unsafe_code)]

mod held_lock;
mod lockset;
mod lockset_entry;
#[cfg(not(all(
    debug_assertions,
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(miri),
    not(loom)
)))]
mod optimised;
pub(crate) mod parked_stack;
mod read;
mod rests;
#[cfg(test)]
#[path = "../../../../tests/unit/tracking/slot.rs"]
mod tests;
mod thread_flags;
#[cfg(all(
    debug_assertions,
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(miri),
    not(loom)
))]
pub(in crate::tracking) mod unoptimised;

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::Ordering;

pub(crate) use self::held_lock::HeldLock;
pub(crate) use self::lockset::{OUTGROWN, was_full};
pub(crate) use self::lockset_entry::LocksetEntry;
use self::parked_stack::ParkedStack;
use self::rests::Rests;
pub(crate) use self::rests::moment;
use self::thread_flags::ThreadFlags;
pub(in crate::tracking) use self::thread_flags::ours;
pub(crate) use self::thread_flags::{Flag, os_id};
use crate::engine::ids::{Site, ThreadId};
use crate::shim::{AtomicPtr, AtomicU32, AtomicU64};
use crate::tracking::Mutex;
use crate::tracking::thread::remote_panic::RemotePanic;
use crate::tracking::thread::signal_handler::Blocked;
use crate::tracking::thread::wait::WaitRecord;

/// The size of an entry in bytes. Depths are counted in bytes, so that the fast path need not multiply.
const ENTRY: u32 = size_of::<LocksetEntry>() as u32;

/// Set in the state while an entry is being added: a depth beyond any room, so that an acquisition by a
/// signal handler of the same thread takes the slow path, and a reader tries again.
const PUSHING: u64 = 1 << 30;
/// Set in the state while entries are being moved.
const MOVING: u64 = 1 << 32;
/// One change, in the bits of the state above that. They wrap around: a reader would have to be suspended
/// during exactly 2³¹ changes to miss them.
const STEP: u64 = 1 << 33;

/// The number of thread bits: a word has room for them and for one bit more.
pub(crate) const MARKS: u32 = 63;

/// The name of a thread, and where it was spawned.
#[derive(Debug, Default)]
struct Named {
    name: Option<String>,
    spawned: Option<Site>,
}

/// The locks that a thread holds and what it waits for.
///
/// Slots are never freed; one is reused when its thread has ended.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Slot {
    /// | bits | content |
    /// |---|---|
    /// | 0–29 | the depth: how many bytes of entries are in use |
    /// | 30 | whether the uppermost of them is being written (`PUSHING`) |
    /// | 32 | whether entries below the top are being moved (`MOVING`) |
    /// | 33–63 | a count of all changes but the removal of the uppermost entry |
    ///
    /// If a reader finds the same state twice, the entries did not change in between: after removals of the
    /// uppermost entry alone, the depth is smaller.
    state: AtomicU64,
    /// The capacity in bytes of entries. Any thread may set it to zero to make the slot's thread take the
    /// slow path at its next nested acquisition.
    capacity: AtomicU32,
    /// The wake flag: the reason for which another thread set the capacity to zero.
    bell: AtomicU32,
    /// The entries. One more precedes the first, and is never used, so that the fast path need not test for
    /// an empty list.
    entries: AtomicPtr<LocksetEntry>,
    /// The true capacity, in bytes.
    room: AtomicU32,
    /// The depth at which a long list is searched again for stale entries.
    next_look: AtomicU32,
    /// The serial number of the thread; zero while the slot is free.
    thread: AtomicU64,
    /// The thread's bit; see [`mark_bit`](Self::mark_bit).
    mark: AtomicU64,
    pub(crate) wait: WaitRecord,
    /// The panic that another thread requests when the wait of this thread will not end.
    pub(crate) alarm: RemotePanic,
    /// Not zero once the thread has ended and left the slot with the locks it still holds.
    ended: AtomicU32,
    pub(crate) life: ThreadFlags,
    pub(crate) rests: Rests,
    /// The signals that are blocked in the thread while it is in no handler.
    pub(crate) blocked: Blocked,
    /// The stack of the thread's wait, if it waits in slices and has done so for a while.
    pub(crate) place: ParkedStack,
    /// Locks that other threads have released on behalf of this one (`send_guard`): the addresses of their
    /// idents.
    released_elsewhere: Mutex<Vec<usize>>,
    /// The name of the thread, and where it was spawned.
    name: Mutex<Named>,
    /// The number of the check of `testing` that the thread belongs to; zero stands for the process.
    check_id: AtomicU64,
    /// The serial number of the thread's ancestor; zero if that is not known.
    ancestor: AtomicU64,
    /// The slot that was created before this one, or null.
    older: AtomicPtr<Slot>,
    /// The state that only the thread itself accesses.
    own: UnsafeCell<Option<Box<crate::tracking::thread::local::Local>>>,
}

// SAFETY: all fields but `own` are atomics or locked. `own` is reached through `Slot::own` alone, whose
// contract confines it to the slot's thread.
unsafe impl Sync for Slot {}
// SAFETY: as above; nothing in it is bound to the thread that created it.
unsafe impl Send for Slot {}

// A panic leaves a slot as consistent as any other moment: its thread continues to use it while it unwinds.
impl std::panic::RefUnwindSafe for Slot {}
impl std::panic::UnwindSafe for Slot {}

/// The entries of the detached slot.
static NOTHING: [LocksetEntry; 2] = [const { LocksetEntry::nothing() }; 2];

// Its depth is not zero and it has no room, so that every acquisition takes the slow path.
pub(in crate::tracking) static DETACHED: Slot = Slot::with(ENTRY, &raw const NOTHING[0]);

impl Slot {
    pub(crate) const fn vacant() -> Self {
        Self::with(0, ptr::null())
    }

    const fn with(depth: u32, entries: *const LocksetEntry) -> Self {
        Self {
            state: AtomicU64::new(depth as u64),
            capacity: AtomicU32::new(0),
            bell: AtomicU32::new(0),
            entries: AtomicPtr::new(entries.cast_mut()),
            room: AtomicU32::new(0),
            next_look: AtomicU32::new(0),
            thread: AtomicU64::new(0),
            mark: AtomicU64::new(1),
            wait: WaitRecord::new(),
            alarm: RemotePanic::new(),
            ended: AtomicU32::new(0),
            life: ThreadFlags::new(),
            rests: Rests::new(),
            blocked: Blocked::new(),
            place: ParkedStack::new(),
            released_elsewhere: Mutex::new(Vec::new()),
            name: Mutex::new(Named {
                name: None,
                spawned: None,
            }),
            check_id: AtomicU64::new(0),
            ancestor: AtomicU64::new(0),
            older: AtomicPtr::new(ptr::null_mut()),
            own: UnsafeCell::new(None),
        }
    }

    /// Returns the slot of threads that have none yet: it has no room, so the first acquisition takes the
    /// slow path, and it lists no lock, so the release of an untracked one does, too, both without an
    /// additional test on the fast path.
    pub(crate) const fn detached() -> &'static Slot {
        &DETACHED
    }

    /// Returns whether this stands for "no slot".
    #[inline(always)]
    pub(crate) fn is_detached(&self) -> bool {
        ptr::eq(self, &DETACHED)
    }

    /// Returns whether the calling thread, whose slot this is, was interrupted while it added an entry.
    pub(crate) fn is_pushing(&self) -> bool {
        self.state() & PUSHING != 0
    }

    /// Returns the thread of the slot; `None` while it is free.
    pub(crate) fn thread(&self) -> Option<ThreadId> {
        // Acquire pairs with the Release in `occupy`.
        match self.thread.load(Ordering::Acquire) {
            0 => None,
            serial => Some(ThreadId::new(serial)),
        }
    }

    /// The serial number of the thread; zero while the slot is free.
    #[inline(always)]
    pub(crate) fn serial(&self) -> u64 {
        // Relaxed: for the thread that the slot belongs to, or did before a fork.
        self.thread.load(Ordering::Relaxed)
    }

    /// Returns the slot that was created before this one.
    pub(crate) fn older(&self) -> Option<&'static Slot> {
        // Relaxed: set before the slot itself could be found.
        // SAFETY: null, or a slot, and those are never freed.
        unsafe { self.older.load(Ordering::Relaxed).as_ref() }
    }

    /// Sets the older slot, before any other thread can access this one.
    pub(crate) fn set_older(&self, older: *mut Slot) {
        self.older.store(older, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        // Release pairs with the Acquire in `has_ended`: a thread that sees it sees everything that the
        // thread did.
        self.ended.store(1, Ordering::Release);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire) != 0
    }

    pub(crate) fn name(&self) -> Option<String> {
        self.name.lock().name.clone()
    }

    /// Returns the [`moment`] since which each value that the thread has received was given to it by a message that is
    /// watched; none if that cannot be said.
    pub(crate) fn in_sight_since(&self) -> Option<u64> {
        let is_in_sight = self.life.receives_in_sight();
        self.rests.since().filter(|_| is_in_sight)
    }

    /// Returns where the thread was spawned, if that is known.
    pub(crate) fn spawned(&self) -> Option<Site> {
        self.name.lock().spawned
    }

    /// Records where the calling thread, whose slot this is, was spawned.
    pub(crate) fn set_spawned(&self, site: Site) {
        self.name.lock().spawned = Some(site);
    }

    /// Returns the number of the check of `testing` that the thread belongs to; zero if it belongs to none,
    /// and so to the process.
    ///
    /// A thread has it from before its first acquisition to its end, and the threads that it starts through
    /// `lockwarden::thread` have the same.
    pub(crate) fn check_id(&self) -> u64 {
        // Acquire pairs with the Release in `set_check_id`, so that a thread that sees the number finds the
        // check.
        self.check_id.load(Ordering::Acquire)
    }

    /// Makes the calling thread, whose slot this is, a part of a check.
    pub(crate) fn set_check_id(&self, check_id: u64) {
        self.check_id.store(check_id, Ordering::Release);
    }

    /// Returns the ancestor of the thread: the first of the threads that led to it by spawns, which is the thread itself if
    /// `lockwarden::thread` has not spawned it.
    pub(crate) fn ancestor(&self) -> Option<ThreadId> {
        // Relaxed: the number publishes no other memory.
        match self.ancestor.load(Ordering::Relaxed) {
            0 => None,
            serial => Some(ThreadId::new(serial)),
        }
    }

    /// Records the ancestor of the calling thread, whose slot this is and which was spawned by another.
    pub(crate) fn set_ancestor(&self, ancestor: Option<ThreadId>) {
        self.ancestor
            .store(ancestor.map_or(0, ThreadId::get), Ordering::Relaxed);
    }

    /// Assigns the slot to the calling thread.
    pub(crate) fn occupy(
        &self,
        thread: ThreadId,
        name: Option<String>,
        own: Box<crate::tracking::thread::local::Local>,
    ) {
        *self.name.lock() = Named {
            name,
            spawned: None,
        };
        self.life.begin();
        self.rests.reset();
        self.blocked.is_outside();
        if self.entries.load(Ordering::Relaxed).is_null() {
            self.grow();
        }
        // SAFETY: the slot is free and was taken off the free list by this thread alone.
        unsafe { *self.own.get() = Some(own) };
        self.ended.store(0, Ordering::Relaxed);
        self.capacity
            .store(self.room.load(Ordering::Relaxed), Ordering::Relaxed);
        let mark = 1 << (thread.get() % u64::from(MARKS));
        self.mark.store(mark, Ordering::Relaxed);
        self.set_ancestor(Some(thread));
        self.thread.store(thread.get(), Ordering::Release);
    }

    /// Returns the thread bit of the calling thread, whose slot this is: one of the lowest [`MARKS`] bits of
    /// a word. Threads whose numbers agree modulo that share one.
    #[inline(always)]
    pub(crate) fn mark_bit(&self) -> u64 {
        // Relaxed: written by the thread itself, when it took the slot.
        self.mark.load(Ordering::Relaxed)
    }

    /// Ends the use by a thread, which holds nothing any more.
    pub(crate) fn vacate(&self) {
        self.capacity.store(0, Ordering::Relaxed);
        self.bell.store(0, Ordering::Relaxed);
        self.next_look.store(0, Ordering::Relaxed);
        self.released_elsewhere.lock().clear();
        // A lock that was released by another thread at the last moment may still be listed.
        let state = self.state();
        self.state
            .store(state.wrapping_add(STEP) & !(STEP - 1), Ordering::Release);
        self.wait.clear();
        self.place.clear();
        self.check_id.store(0, Ordering::Release);
        self.thread.store(0, Ordering::Release);
        // SAFETY: called by the slot's thread (or, after a fork, for a thread that is no more),
        // outside any borrow of `own`.
        unsafe { *self.own.get() = None };
        *self.name.lock() = Named::default();
    }

    /// Returns the state that only the thread itself accesses.
    ///
    /// # Safety
    ///
    /// The caller runs on the slot's thread, and no other borrow is alive: the result must not be kept across
    /// anything that can call this again (a sink, user code, another call of `own`).
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn own(&self) -> &mut crate::tracking::thread::local::Local {
        // SAFETY: the contract above; `own` is `Some` from `occupy` to `vacate`.
        unsafe { (*self.own.get()).as_deref_mut().unwrap_unchecked() }
    }

    /// Frees the slot of a thread that does not exist in this process, after a fork.
    ///
    /// That thread may have been in the middle of any change, so what it owned is leaked as it is: to drop a
    /// vector that was just growing would free the same memory twice.
    pub(crate) fn abandon(&self) {
        std::mem::forget(std::mem::take(&mut *self.name.lock()));
        // SAFETY: the thread that had a borrow is gone.
        unsafe { self.own.get().write(None) };
        self.vacate();
    }

    /// Makes this the slot of an ended thread with the locks it held, since a fork left it in the parent.
    pub(crate) fn leave_behind(&self) {
        // What it owned is leaked, as in `abandon`.
        // SAFETY: the thread that had a borrow is gone.
        unsafe { self.own.get().write(None) };
        self.wait.clear();
        self.check_id.store(0, Ordering::Release);
        self.life.set(Flag::LeftByFork, true);
        self.end();
    }

    /// Releases the locks of this slot that other threads, which do not exist any more, may have held at a
    /// fork.
    pub(crate) fn survive(&self) {
        self.place.survive();
        self.alarm.survive();
        if self.name.is_locked() {
            // SAFETY: the holder does not exist any more. It was reading, or it was this slot's own thread.
            unsafe { self.name.force_unlock(Default::default()) };
        }
        if self.released_elsewhere.is_locked() {
            // SAFETY: the holder does not exist any more.
            unsafe { self.released_elsewhere.force_unlock(Default::default()) };
            // It may have been in the middle of a push. Those locks stay listed, and their guards are in
            // threads that do not exist any more.
            std::mem::forget(std::mem::take(&mut *self.released_elsewhere.lock()));
        }
    }
}
