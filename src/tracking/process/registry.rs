//! All slots of the process.

use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::engine::ids::ThreadId;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::ident::Ident;
use crate::tracking::process::{pending_spawns, resource_state};
use crate::tracking::thread::slot::{Flag, Slot};

#[derive(Debug, Default)]
pub(in crate::tracking) struct Slots {
    all: Vec<&'static Slot>,
    free: Vec<&'static Slot>,
}

pub(in crate::tracking) static SLOTS: ForkSafe<Slots> = ForkSafe::new(Slots {
    all: Vec::new(),
    free: Vec::new(),
});

/// The newest slot; each slot links to the one that was created before it.
static NEWEST: AtomicPtr<Slot> = AtomicPtr::new(std::ptr::null_mut());

static NEXT_THREAD: AtomicU64 = AtomicU64::new(1);

/// Returns a new serial number for a thread.
pub(crate) fn next_thread() -> ThreadId {
    // Relaxed: the numbers only need to be distinct.
    ThreadId::new(NEXT_THREAD.fetch_add(1, Ordering::Relaxed))
}

/// Returns a serial number for a thread of the library that starts while the program's threads run: the numbers of those,
/// which reports show, do not depend on it.
pub(crate) fn next_unnumbered() -> ThreadId {
    static NEXT: AtomicU64 = AtomicU64::new(UNNUMBERED);
    // Relaxed: as above.
    ThreadId::new(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The first of those serial numbers, which reports do not show.
const UNNUMBERED: u64 = 1 << 48;

/// Returns the serial number of a thread if reports show it.
pub(crate) fn numbered(thread: ThreadId) -> Option<ThreadId> {
    (thread.get() < UNNUMBERED).then_some(thread)
}

/// The agents that have a serial number of [`NEXT_THREAD`].
static AGENTS: AtomicU64 = AtomicU64::new(0);

/// The agents that have none: nothing but their number is needed of them.
static ANONYMOUS_AGENTS: AtomicU64 = AtomicU64::new(0);

/// Returns a new serial number for an agent.
pub(crate) fn next_agent() -> ThreadId {
    // Relaxed: a number for display.
    AGENTS.fetch_add(1, Ordering::Relaxed);
    next_thread()
}

/// Counts an agent without a serial number.
#[inline]
pub(crate) fn add_anonymous_agent() {
    // Relaxed: a number for display.
    ANONYMOUS_AGENTS.fetch_add(1, Ordering::Relaxed);
}

/// Counts one less, which has been given a serial number.
pub(crate) fn remove_anonymous_agent() {
    // Relaxed: a number for display.
    ANONYMOUS_AGENTS.fetch_sub(1, Ordering::Relaxed);
}

/// Returns how many threads of the program have ever used a tracked primitive.
pub(crate) fn ever() -> u64 {
    // Relaxed: a number for display.
    let all = NEXT_THREAD.load(Ordering::Relaxed) - 1;
    let others = crate::tracking::thread::slot::ours() + AGENTS.load(Ordering::Relaxed);
    all.saturating_sub(others)
}

/// Returns how many agents there have ever been.
pub(crate) fn agents_ever() -> u64 {
    // Relaxed: a number for display.
    AGENTS.load(Ordering::Relaxed) + ANONYMOUS_AGENTS.load(Ordering::Relaxed)
}

/// Returns a free slot.
pub(crate) fn take() -> &'static Slot {
    let mut slots = SLOTS.lock();
    slots.free.pop().unwrap_or_else(|| {
        let slot: &'static Slot = Box::leak(Box::new(Slot::vacant()));
        slots.all.push(slot);
        // Under the lock, so no other store comes in between. Release pairs with the Acquire in `all`: a
        // thread that finds the slot finds it initialised.
        slot.set_older(NEWEST.load(Ordering::Relaxed));
        NEWEST.store(std::ptr::from_ref(slot).cast_mut(), Ordering::Release);
        slot
    })
}

/// Takes back the slot of an ended thread.
pub(crate) fn give(slot: &'static Slot) {
    slot.vacate();
    SLOTS.lock().free.push(slot);
}

/// Returns all slots that are in use at this moment.
pub(crate) fn occupied() -> Vec<&'static Slot> {
    let slots = SLOTS.lock();
    let mut occupied = Vec::new();
    for &slot in &slots.all {
        if slot.thread().is_some() {
            occupied.push(slot);
        }
    }
    occupied
}

/// Returns the slot of this thread, if it has one at this moment.
pub(crate) fn occupied_by(thread: ThreadId) -> Option<&'static Slot> {
    let slots = SLOTS.lock();
    let mut all = slots.all.iter();
    all.find(|slot| slot.thread() == Some(thread)).copied()
}

/// Iterates over all slots, the free ones included, without a lock.
#[allow(unsafe_code)]
fn all() -> impl Iterator<Item = &'static Slot> {
    // SAFETY: null, or a slot, and those are never freed.
    let newest = unsafe { NEWEST.load(Ordering::Acquire).as_ref() };
    std::iter::successors(newest, |slot| slot.older())
}

/// The slot of the thread that was found to run last, or null: it probably runs still.
static RAN: AtomicPtr<Slot> = AtomicPtr::new(std::ptr::null_mut());

/// Records that the thread of this slot runs, so that `any_runs` looks at it first.
///
/// Of many threads that were notified at once, the one that continues says so here: a thread that then ends
/// would otherwise look at all of them.
pub(crate) fn note_running(slot: &'static Slot) {
    // Release pairs with the Acquire in `last_runs`, so that the slot is seen initialised.
    RAN.store(std::ptr::from_ref(slot).cast_mut(), Ordering::Release);
}

/// Returns whether the thread that was found to run last still does, in the sense of `any_runs`; `false` says
/// nothing about the others.
#[allow(unsafe_code)]
pub(crate) fn last_runs(scope: u64, mutex: *const Ident) -> bool {
    // SAFETY: null, or a slot, and those are never freed.
    let ran = unsafe { RAN.load(Ordering::Acquire).as_ref() };
    pending_spawns::has(scope) || ran.is_some_and(|slot| counts_as_running(slot, scope, mutex))
}

fn counts_as_running(slot: &Slot, scope: u64, mutex: *const Ident) -> bool {
    slot.thread().is_some()
        && (scope == 0 || slot.check_id() == scope)
        && !slot.has_ended()
        && !slot.life.has(Flag::Ours)
        && (!slot.wait.is_untimed() || (!mutex.is_null() && slot.wait.continues_with(mutex)))
}

/// Returns whether a thread of this check, or of the process if that is zero, is known to run, or to wait in
/// a way that ends by itself or is not modelled. A thread counts as running if it continues as soon as it gets
/// `mutex`, which the calling thread holds and is about to release; null stands for none.
pub(crate) fn any_runs(scope: u64, mutex: *const Ident) -> bool {
    if last_runs(scope, mutex) {
        return true;
    }
    let found = all().find(|slot| counts_as_running(slot, scope, mutex));
    if let Some(slot) = found {
        note_running(slot);
    }
    found.is_some()
}

/// Returns whether a thread of the program waits without a timeout, in a way that is modelled.
pub(crate) fn any_waits() -> bool {
    all().any(|slot| {
        slot.wait.is_untimed()
            && slot.thread().is_some()
            && !slot.life.has(Flag::Ours)
            && !slot.life.has(Flag::Scheduled)
    })
}

/// Returns whether one of these threads is known to run, in the same sense; an ended one is not.
pub(crate) fn any_of_runs(threads: &[ThreadId]) -> bool {
    // Of each slot the wait first: most are those of other threads, or wait.
    let is_one = |id: ThreadId| threads.contains(&id);
    all().any(|slot| {
        !slot.wait.is_untimed() && slot.thread().is_some_and(is_one) && !slot.has_ended()
    })
}

/// Returns the number of slots in use.
pub(crate) fn threads() -> usize {
    let slots = SLOTS.lock();
    slots.all.len() - slots.free.len()
}

/// Returns the slots of ended threads that left a lock behind.
pub(crate) fn ended() -> Vec<&'static Slot> {
    let mut ended = Vec::new();
    for slot in all() {
        if slot.thread().is_some() && slot.has_ended() {
            ended.push(slot);
        }
    }
    ended
}

/// In the child of a fork: the number of the first thread that the child started itself. Zero in other processes.
static FIRST_OF_CHILD: AtomicU64 = AtomicU64::new(0);
/// In the child of a fork: the number of the thread that forked; zero if it had none.
static SURVIVOR: AtomicU64 = AtomicU64::new(0);

/// In the child of a fork: the names of the threads of the parent that left nothing behind.
pub(in crate::tracking) static PARENT: ForkSafe<Vec<(ThreadId, Option<String>)>> =
    ForkSafe::new(Vec::new());

/// Returns the name of a thread that a fork left in the parent, if it had one.
pub(crate) fn name_in_parent(thread: ThreadId) -> Option<String> {
    let names = PARENT.lock();
    let named = names.iter().find(|(id, _)| *id == thread);
    named.and_then(|(_, name)| name.clone())
}

/// Returns whether this is a thread of the parent of this process, which the fork left behind.
pub(crate) fn is_of_parent(thread: ThreadId) -> bool {
    let id = thread.get();
    id < FIRST_OF_CHILD.load(Ordering::Relaxed) && id != SURVIVOR.load(Ordering::Relaxed)
}

/// Frees the slots of all threads but `survivor` in the child of a fork, where those threads do not exist.
/// What one of them held stays held for ever, so its slot stays, as that of an ended thread; returns the
/// number of those.
pub(crate) fn keep_only(survivor: &Slot) -> usize {
    survivor.survive();
    // Relaxed, here and in `is_of_parent`: the child has one thread, and starts the others after this.
    FIRST_OF_CHILD.store(NEXT_THREAD.load(Ordering::Relaxed), Ordering::Relaxed);
    let id = survivor.thread().map_or(0, ThreadId::get);
    SURVIVOR.store(id, Ordering::Relaxed);
    resource_state::forget_expected();
    let mut slots = SLOTS.lock();
    let Slots { all, free } = &mut *slots;
    let mut left = 0;
    for &slot in all.iter() {
        // Also where no thread is, or one that has ended: other threads may have been reading the slot.
        slot.survive();
        if slot.thread().is_none() || slot.has_ended() || std::ptr::eq(slot, survivor) {
            continue;
        }
        if slot.held().is_some_and(|held| !held.is_empty()) {
            slot.leave_behind();
            left += 1;
        } else {
            if let Some(id) = slot.thread() {
                PARENT.lock().push((id, slot.name()));
            }
            slot.abandon();
            free.push(slot);
        }
    }
    left
}
