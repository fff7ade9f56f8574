//! Times of waits and holds, on request: what the slow paths of a timed thread report.
//!
//! The fast paths know nothing of it, and an acquisition costs the same as long as no times are kept. The slot of
//! a timed thread looks as if something were held around each of its acquisitions and as if it had no room, as
//! that of a scheduled one does; and the entry of a timed hold is not recognised by the fast release.

#![allow(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::record;
use crate::report::Stack;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::class::Class;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::process::registry;
use crate::tracking::thread::own::{quietly, with_own};
use crate::tracking::thread::slot::{Flag, Slot};
use crate::tracking::thread::times::{Blocker, TIMES, Times, Who};
use crate::tracking::thread::wait::now;

/// The totals are written when the process has waited so long altogether, in nanoseconds: twice as long as at the
/// last time, so that a killed process loses half of them at most.
static DUE: AtomicU64 = AtomicU64::new(0);
/// They are also written when the last time is so long ago, in nanoseconds.
const PERIOD: u64 = 5_000_000_000;
/// The time waited so far, and the time of the last writing.
static WAITED: AtomicU64 = AtomicU64::new(0);
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Begins to time the calling thread, whose slot this is, if times are kept.
pub(crate) fn begin(slot: &'static Slot) {
    let capacity = record::times_capacity();
    let Some(thread) = slot.thread().filter(|_| capacity > 0) else {
        return;
    };
    let name = slot.name().unwrap_or_default();
    let times = TIMES.lock().begin(thread, name, capacity);
    with_own(slot, |own| own.times = Some(times));
    slot.life.set(Flag::Timed, true);
    let surrounded = with_own(slot, |own| own.is_surrounded());
    slot.set_surrounded(surrounded);
    slot.maintain();
}

/// The calling thread ends.
pub(crate) fn end(slot: &'static Slot) {
    let Some(times) = with_own(slot, |own| own.times.take()) else {
        return;
    };
    slot.life.set(Flag::Timed, false);
    TIMES.lock().end(&times);
}

/// Forgets the times of the parent, in the child of a fork, and begins to time its only thread.
#[cfg(unix)]
pub(crate) fn renew(survivor: &'static Slot) {
    TIMES.lock().leak();
    // Relaxed: the child has one thread.
    DUE.store(0, Ordering::Relaxed);
    WAITED.store(0, Ordering::Relaxed);
    if !survivor.is_detached() {
        // Another thread may have been reading it at the fork: its lock may be held for ever.
        std::mem::forget(with_own(survivor, |own| own.times.take()));
        begin(survivor);
    }
}

/// Returns the times of the calling thread, unless a call of the detector runs in it.
fn times_of(slot: &'static Slot) -> Option<Arc<ForkSafe<Times>>> {
    with_own(slot, |own| match own.busy {
        0 => own.times.clone(),
        _ => None,
    })
}

/// The calling thread has published a wait for a lock, which began at `since`.
#[cold]
pub(crate) fn wait(
    slot: &'static Slot,
    record: &LockRecord,
    ident: &'static Ident,
    (mode, site): (Mode, Site),
    since: u64,
) {
    // Before the wait: afterwards the thread holds the lock, and others wait for it.
    let by = holder(slot, record, ident);
    let stack: Box<[usize]> = Stack::capture().addresses().into();
    if let Some(times) = times_of(slot) {
        let mut times = times.lock();
        times.begin_wait(ident.class(), (mode, site), since, by, stack);
    }
}

/// The wait is over; the calling thread is not yet recorded as the owner of the lock.
#[cold]
pub(crate) fn end_wait(slot: &'static Slot, record: &LockRecord) {
    let to = now();
    let Some(times) = times_of(slot) else { return };
    let unknown = times.lock().waits_for_unknown();
    let by = unknown.and_then(|class| last_holder(record, class));
    let lasted = times.lock().end_wait(to, by);
    if lasted == 0 {
        return;
    }
    // Relaxed: sums and times, which publish no other memory.
    let waited = WAITED.fetch_add(lasted, Ordering::Relaxed) + lasted;
    let due = DUE.load(Ordering::Relaxed);
    let written = WRITTEN.load(Ordering::Relaxed);
    let is_due = waited >= due || to.saturating_sub(written) >= PERIOD;
    let is_first = || {
        WRITTEN
            .compare_exchange(written, to, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    };
    if is_due && is_first() {
        DUE.store(waited.saturating_mul(2), Ordering::Relaxed);
        quietly(slot, || record::write_times_of_process(false));
    }
}

/// The calling thread has added a hold to its lockset, on top.
#[cold]
pub(crate) fn hold(slot: &'static Slot, ident: Option<&'static Ident>, mode: Mode, site: Site) {
    let Some(ident) = ident else { return };
    slot.time_top();
    if let Some(times) = times_of(slot) {
        times.lock().begin_hold(ident, (mode, site), now());
    }
}

/// The calling thread releases a lock.
#[cold]
pub(crate) fn end_hold(slot: &'static Slot, ident: *const Ident) {
    if let Some(times) = times_of(slot) {
        times.lock().end_hold(ident, now());
    }
}

/// Returns the last thread that held the lock exclusively, and the line of its last hold of a lock of the class. For a
/// wait at whose begin the holder had just taken the lock, or was about to release it.
fn last_holder(record: &LockRecord, class: &'static Class) -> Option<Blocker> {
    // Acquire, as in `holder`.
    let owner = record.owner.load(Ordering::Acquire);
    // SAFETY: null, or a slot, and those are never freed.
    let thread = unsafe { owner.as_ref() }?.thread()?;
    TIMES.lock().last_hold(thread, class)
}

/// Returns which thread holds the lock, and since which line.
fn holder(slot: &'static Slot, record: &LockRecord, ident: &'static Ident) -> Option<Blocker> {
    // Acquire pairs with the Release in `Lock::note_at`: the slot was initialised before it was stored.
    let owner = record.owner.load(Ordering::Acquire);
    // SAFETY: null, or a slot, and those are never freed.
    let owner: Option<&'static Slot> = unsafe { owner.as_ref() };
    let holds = |other: &'static Slot| {
        if std::ptr::eq(other, slot) {
            return None;
        }
        let held = other.held()?;
        let hold = held.iter().find(|hold| std::ptr::eq(hold.ident, ident))?;
        let who = Who {
            thread: other.thread()?,
            name: other.name().unwrap_or_default(),
        };
        Some(Blocker {
            who: who.into(),
            site: hold.site,
        })
    };
    if let Some(by) = owner.and_then(holds) {
        return Some(by);
    }
    for other in &registry::occupied() {
        if let Some(by) = holds(other) {
            return Some(by);
        }
    }
    None
}
