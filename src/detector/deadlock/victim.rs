//! The victim of a deadlock: the thread that panics, so that the others go on.
//!
//! That is the thread that closed the deadlock, if it can unwind where it waits. If not, one of the others that
//! can be woken raises the panic in its place.

use std::sync::atomic::Ordering;

use super::snapshot::Snapshots;
use super::test_runner;
use crate::detector::panic::Panic;
use crate::detector::state;
use crate::engine::ids::{Site, ThreadId};
use crate::engine::sorting;
use crate::engine::wait_reason::WaitReason;
use crate::report;
use crate::sink;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::{PublishedWait, Unwinding, WaitKind};

/// Passes the panic to a waiting thread; returns whether it still waits.
pub(super) fn give(all: &Snapshots, at: usize, panic: Panic) -> bool {
    let victim = &all.threads[at];
    victim.wait.is_some_and(|wait| {
        let is_waiting = || victim.slot.wait.epoch() == wait.epoch;
        victim.slot.alarm.ring(panic.into_message(), &is_waiting)
    })
}

/// The threads of a deadlock that can be woken to panic in place of the one that closed it.
#[derive(Debug)]
pub(crate) struct Heirs {
    closer: &'static Slot,
    /// Each with the epoch of its wait, and whether it joins; in the order of [`waiters`].
    all: Vec<(&'static Slot, u64, bool)>,
}

impl Heirs {
    /// Returns those of a deadlock whose first thread has closed it: in a test, only threads of the same test.
    pub(super) fn of(all: &Snapshots, set: &[usize]) -> Self {
        let test = test_runner::test_of(all, set[0]);
        let is_of_test = |at: usize| test.is_none() || test_runner::test_of(all, at) == test;
        let mut heirs = Vec::new();
        for &at in &waiters(all, &|_| true) {
            let thread = &all.threads[at];
            if let Some(wait) = &thread.wait
                && can_unwind(all, at)
                && set[1..].contains(&at)
                && is_of_test(at)
            {
                heirs.push((thread.slot, wait.epoch, joins(all, at)));
            }
        }
        Self {
            closer: all.threads[set[0]].slot,
            all: heirs,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Passes the panic of the thread that closed the deadlock to the first of them that still waits, which joins only
    /// if that is `with_joins`; returns it as the error if there is none that could get it. If all of those have left
    /// their waits meanwhile, the deadlock is broken, or one of them waits anew and looks again.
    pub(super) fn give(&self, panic: Panic, with_joins: bool) -> Result<(), Panic> {
        let mut is_any = false;
        for &(heir, epoch, joins) in &self.all {
            if joins && !with_joins {
                continue;
            }
            is_any = true;
            self.pass_mark(heir, epoch);
            let is_waiting = || heir.wait.epoch() == epoch;
            if heir.alarm.ring(panic.message().to_owned(), &is_waiting) {
                return Ok(());
            }
        }
        if is_any { Ok(()) } else { Err(panic) }
    }

    /// Moves the mark from the thread that closed the deadlock to one that is to panic in its place. Left where it was, the
    /// mark would hide all later deadlocks of the first thread for as long as it has not moved, and this one, if the heir
    /// waits anew before it gets the panic.
    fn pass_mark(&self, heir: &Slot, epoch: u64) {
        let _guard = state::lock();
        // Relaxed: read and written under the detector's lock. No wait has the epoch zero.
        self.closer.wait.reported.store(0, Ordering::Relaxed);
        heir.wait.reported.store(epoch, Ordering::Relaxed);
    }

    /// Passes the panic as [`give`](Self::give) does; if there is no thread for it, a line says that nothing will break
    /// the deadlock.
    pub(super) fn give_or_say(&self, panic: Panic) {
        if self.give(panic, true).is_err() {
            unbroken(self.closer);
        }
    }
}

/// Passes a panic to one of the threads and agents with these ids, which cannot go on: one that waits for something that is no
/// lock, and can unwind out of that. With `in_test` only if a test under way has led to one of them. Returns whether one gets it;
/// if it should and none can, a line says that nothing will break the deadlock.
pub(crate) fn interrupt(ids: &[ThreadId], message: String, in_test: bool) -> bool {
    let all = Snapshots::now();
    let is_stuck = |at: usize| all.threads[at].id.is_some_and(|id| ids.contains(&id));
    let is_of_test = |at| is_stuck(at) && test_runner::test_of(&all, at).is_some();
    if in_test && !(0..all.threads.len()).any(is_of_test) {
        return false;
    }
    for at in waiters(&all, &|_| true) {
        let panic = || Panic::of_message(message.clone());
        if is_stuck(at) && can_unwind(&all, at) && give(&all, at, panic()) {
            return true;
        }
    }
    sink::say(
        "nothing will break this deadlock: no task or thread of it waits where it can be woken",
    );
    false
}

/// Returns whether a waiting thread can unwind out of its wait. A wait for a notification ends with the mutex, so
/// not while another thread holds that: the holder waits for ever, too. Nor out of a wait [whose caller may be unsafe
/// code](may_unwind).
pub(super) fn can_unwind(all: &Snapshots, at: usize) -> bool {
    let wait = &all.threads[at].wait;
    wait.as_ref().is_some_and(|wait| {
        wait.unwinding == Unwinding::Can
            && all.keepers_of_mutex(wait).is_empty()
            && may_unwind(wait.need, wait.site)
    })
}

/// Returns whether a panic may be raised out of such a wait at `site`. The standard library raises none out of a wait for
/// something other than a lock. Unsafe code of a dependency may rely on that: what another thread uses may be in the frame
/// that would be left.
pub(super) fn may_unwind(need: WaitKind, site: Site) -> bool {
    match need {
        WaitKind::Other(awaited) => awaited.can_unwind() && !report::is_in_unsafe_dependency(site),
        _ => true,
    }
}

/// Returns the threads in waits for something that is no lock and out of which a panic can be raised: first
/// those that can unwind, and of these the ones that join last, since the end of a joined thread is better than that of
/// the thread that joins it.
pub(super) fn waiters(all: &Snapshots, concerns: &dyn Fn(&PublishedWait) -> bool) -> Vec<usize> {
    let mut waiters = Vec::new();
    for (at, thread) in all.threads.iter().enumerate() {
        if let Some(wait) = &thread.wait
            && let WaitKind::Other(awaited) = wait.need
            && !wait.timed
            && awaited.can_unwind()
            && concerns(wait)
        {
            waiters.push(at);
        }
    }
    sorting::sort_by_key(&mut waiters, |at| (!can_unwind(all, *at), joins(all, *at)));
    waiters
}

/// Returns whether a thread waits for another thread's end, or for the result of a job that a worker has begun.
pub(super) fn joins(all: &Snapshots, at: usize) -> bool {
    let wait = &all.threads[at].wait;
    wait.is_some_and(|wait| match wait.need {
        WaitKind::Other(WaitReason::End) => true,
        WaitKind::Other(WaitReason::Result) => wait.by().is_some(),
        _ => false,
    })
}

/// Prints that a deadlock was reported which the configuration wants broken, and which cannot be broken.
pub(crate) fn unbroken(closer: &'static Slot) {
    if closer.check_id() == 0 {
        sink::say(
            "nothing will break this deadlock: the thread that closed it cannot unwind where it is, \
             and no other one of it waits where it can be woken",
        );
    }
}

/// Marks a thread as one that panics for a deadlock, for as long as it is in the same wait. The caller holds
/// the detector's lock.
pub(super) fn mark(all: &Snapshots, at: usize) {
    let thread = &all.threads[at];
    if let Some(wait) = thread.wait {
        let reported = &thread.slot.wait.reported;
        reported.store(wait.epoch, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadlock_whose_heir_waits_anew_is_not_hidden() {
        let slot = || -> &'static Slot { Box::leak(Box::new(Slot::vacant())) };
        let (closer, heir) = (slot(), slot());
        closer.wait.reported.store(7, Ordering::Relaxed);
        let left = heir.wait.epoch() + 1;
        let heirs = |joins| Heirs {
            closer,
            all: vec![(heir, left, joins)],
        };
        let panic = || Panic::of_message("stuck".to_owned());
        assert!(heirs(true).give(panic(), false).is_err());
        assert_eq!(closer.wait.reported.load(Ordering::Relaxed), 7);
        assert!(heirs(false).give(panic(), false).is_ok());
        assert_eq!(closer.wait.reported.load(Ordering::Relaxed), 0);
        assert!(heir.alarm.take().is_none());
    }
}
