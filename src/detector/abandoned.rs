//! Locks that a thread still held when it ended, or when a fork left it behind, and who asks for them.

use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::deadlock::conflicts;
use super::describe;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;
use crate::report::Facts;
use crate::shim::fork_safe::ForkSafe;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::process::registry;
use crate::tracking::thread::slot::{HeldLock, Slot};
use crate::tracking::thread::wait::WaitKind;

/// How many threads have left something behind. As long as there are none, a wait costs one load more.
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// The threads and locks of which was told that one waits for them.
pub(crate) static TOLD: ForkSafe<Vec<(ThreadId, LockId)>> = ForkSafe::new(Vec::new());

/// How many pairs are remembered.
const KEPT: usize = 64;

/// So many threads more have left something behind.
pub(crate) fn left_behind(threads: usize) {
    // Relaxed: a hint. A thread that does not see it yet waits without a report, as one does that
    // came to wait before the holder ended.
    LEFT.fetch_add(threads, Ordering::Relaxed);
}

/// The hold that a thread which is no more has of this lock, and that keeps the caller waiting.
pub(crate) fn holder(
    record: &LockRecord,
    ident: &'static Ident,
    need: WaitKind,
) -> Option<(&'static Slot, HeldLock)> {
    if LEFT.load(Ordering::Relaxed) == 0 || ident.class().kind.is_sendable() {
        return None;
    }
    registry::ended().into_iter().find_map(|slot| {
        let mut holds = slot.left().into_iter();
        let hold = holds.find(|hold| ptr::eq(hold.ident, ident) && conflicts(need, hold.mode))?;
        // It may have been released with `force_unlock`, and another thread have it now.
        let owner = record.owner.load(Ordering::Acquire).cast_const();
        let is_last = hold.mode != Mode::Exclusive || ptr::eq(owner, slot);
        is_last.then_some((slot, hold))
    })
}

/// What is to be told of a wait of the calling thread for such a lock; `None` if one was told of already.
pub(crate) fn waited_for(
    slot: &'static Slot,
    (gone, hold): (&'static Slot, HeldLock),
    ident: &'static Ident,
    mode: Mode,
    site: Site,
) -> Option<Facts> {
    let pair = (gone.thread()?, ident.id());
    {
        let mut told = TOLD.lock();
        if told.contains(&pair) {
            return None;
        }
        if told.len() == KEPT {
            told.remove(0);
        }
        told.push(pair);
    }
    describe::abandoned_and_awaited((gone, hold), slot, ident, mode, site)
}
