//! All slots of the process.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::slot::Slot;
use crate::engine::ids::ThreadId;

#[derive(Debug, Default)]
struct Slots {
    all: Vec<&'static Slot>,
    free: Vec<&'static Slot>,
}

static SLOTS: Mutex<Slots> = Mutex::new(Slots {
    all: Vec::new(),
    free: Vec::new(),
});

static NEXT_THREAD: AtomicU64 = AtomicU64::new(1);

/// A serial number for a thread.
pub(crate) fn next_thread() -> ThreadId {
    // Relaxed: the numbers need to be distinct and nothing else.
    ThreadId::new(NEXT_THREAD.fetch_add(1, Ordering::Relaxed))
}

/// A slot that nobody uses.
pub(crate) fn take() -> &'static Slot {
    let mut slots = SLOTS.lock();
    slots.free.pop().unwrap_or_else(|| {
        let slot: &'static Slot = Box::leak(Box::new(Slot::vacant()));
        slots.all.push(slot);
        slot
    })
}

/// Takes back the slot of a thread that has ended.
pub(crate) fn give(slot: &'static Slot) {
    slot.vacate();
    SLOTS.lock().free.push(slot);
}

/// All slots that are in use at this moment.
pub(crate) fn occupied() -> Vec<&'static Slot> {
    let slots = SLOTS.lock();
    slots
        .all
        .iter()
        .copied()
        .filter(|slot| slot.thread().is_some())
        .collect()
}

/// How many slots are in use.
pub(crate) fn threads() -> usize {
    let slots = SLOTS.lock();
    slots.all.len() - slots.free.len()
}

/// In the child of a fork, frees the slots of all threads but `survivor`: they are no more.
pub(crate) fn keep_only(survivor: &Slot) {
    survivor.survive();
    let mut slots = SLOTS.lock();
    let Slots { all, free } = &mut *slots;
    for &slot in all.iter() {
        if slot.thread().is_some() && !std::ptr::eq(slot, survivor) {
            slot.abandon();
            free.push(slot);
        }
    }
}

/// Keeps the list still across a fork.
pub(super) fn before_fork() {
    std::mem::forget(SLOTS.lock());
}

/// Lets the list go again.
///
/// # Safety
///
/// `before_fork` ran in this thread.
#[allow(unsafe_code)]
pub(super) unsafe fn after_fork() {
    // SAFETY: the lock is held, by the guard that `before_fork` forgot.
    unsafe { SLOTS.force_unlock(Default::default()) };
}
