//! Locks that a thread still held when it ended, or when a fork left it in the parent, and requests for them.

use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::deadlock::conflicts;
use super::describe;
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::mode::Mode;
use crate::report::Facts;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::lock::request::Request;
use crate::tracking::process::registry;
use crate::tracking::thread::slot::{HeldLock, Slot};
use crate::tracking::thread::wait::WaitKind;

/// The number of threads that left a lock behind. While it is zero, a wait costs one additional load.
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// The pairs of ended thread and lock of which a waiting thread was reported.
pub(crate) static REPORTED: ForkSafe<Vec<(ThreadId, LockId)>> = ForkSafe::new(Vec::new());

/// The most pairs that are remembered.
const KEPT: usize = 64;

/// Counts threads that left a lock behind.
pub(crate) fn left_behind(threads: usize) {
    // Relaxed: a hint. A thread that does not see the count yet waits without a report, like a thread whose
    // wait began before the holder ended.
    LEFT.fetch_add(threads, Ordering::Relaxed);
}

/// Returns the hold of an ended thread that blocks the caller's request for this lock.
pub(crate) fn holder(
    record: &LockRecord,
    ident: &'static Ident,
    need: WaitKind,
) -> Option<(&'static Slot, HeldLock)> {
    if LEFT.load(Ordering::Relaxed) == 0 || ident.class().kind.is_sendable() {
        return None;
    }
    for slot in &registry::ended() {
        for hold in &slot.left() {
            if !ptr::eq(hold.ident, ident) || !conflicts(need, hold.mode) {
                continue;
            }
            // The lock may have been released with `force_unlock`, and another thread may hold it now.
            let owner = record.owner.load(Ordering::Acquire).cast_const();
            if hold.mode != Mode::Exclusive || ptr::eq(owner, *slot) {
                return Some((slot, *hold));
            }
            break;
        }
    }
    None
}

/// Returns the report on a wait of the calling thread for such a lock; `None` if the pair was reported
/// before.
pub(crate) fn waited_for(
    slot: &'static Slot,
    (gone, hold): (&'static Slot, HeldLock),
    asked: Request,
) -> Option<Facts> {
    let pair = (gone.thread()?, asked.ident.id());
    {
        let mut reported = REPORTED.lock();
        if reported.contains(&pair) {
            return None;
        }
        if reported.len() == KEPT {
            reported.remove(0);
        }
        reported.push(pair);
    }
    describe::abandoned_and_awaited((gone, hold), slot, asked)
}
