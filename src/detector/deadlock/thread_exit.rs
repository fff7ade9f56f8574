//! The trigger of deadlock detection at the end of a thread, after which others may wait for ever.
//!
//! The ending thread cannot unwind. So it reports what it finds, and one of the waiting threads gets the
//! panic, if the configuration requests one.

use std::time::Duration;

use super::reduction::Reducer;
use super::snapshot::{Snapshots, ThreadSnapshot};
use super::stuck_set::{self, Deadlock, Detected};
use super::{any_resource_wait, pass_mark};
use crate::detector::check_session;
use crate::detector::publish::{self, Panic};
use crate::engine::sorting;
use crate::engine::wait_reason::WaitReason;
use crate::tracking::process::os_threads;
use crate::tracking::process::registry;
use crate::tracking::process::resource_state::ResourceState;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::{PublishedWait, WaitKind};

/// How often an ending thread looks again while the system still counts threads that ended before it.
const PATIENCE: u32 = 20;

/// Checks the waits of other threads when the calling thread has come to its end, as its slot says.
pub(crate) fn thread_ended(slot: &'static Slot) {
    if !any_resource_wait() || registry::any_runs(slot.check_id(), std::ptr::null()) {
        return;
    }
    // Of several threads that end at once, each has to recognise that the others are only ending, too.
    struct Leaving(&'static Slot);
    impl Drop for Leaving {
        fn drop(&mut self) {
            self.0.life.set_leaving(false);
        }
    }
    slot.life.set_leaving(true);
    let _leaving = Leaving(slot);
    look_after(slot);
}

fn look_after(slot: &'static Slot) {
    let mut threads = os_threads::threads();
    let mut tries = 0;
    while tries < PATIENCE {
        if report_stuck(slot, |_| true) != Outcome::LaterMaybe {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
        // While threads are ending, it is worth waiting for the last of them.
        let now = os_threads::threads();
        tries = if now < threads { 0 } else { tries + 1 };
        threads = now;
    }
}

/// Checks the waits of other threads when the calling thread is no provider in `party` any more.
pub(crate) fn provider_left(slot: &'static Slot, party: &ResourceState) {
    if any_resource_wait() && registry::any_thread_waits_for(party) {
        report_stuck(slot, |wait| std::ptr::eq(wait.by, party));
    }
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Done,
    LaterMaybe,
}

/// Reports the deadlocked threads in the waits that `concerns` selects.
fn report_stuck(slot: &'static Slot, concerns: impl Fn(&PublishedWait) -> bool) -> Outcome {
    let all = Snapshots::now();
    let mut outcome = Outcome::Done;
    let mut judge = Reducer::new(&all);
    for at in victims(&all, concerns) {
        // A thread that only waits for a cycle of waits is no useful victim.
        match stuck_set::detect(&all, &mut judge, at, true, &mut || false) {
            Detected::Nothing | Detected::Granted => {}
            Detected::DependsOnUntracked => outcome = Outcome::LaterMaybe,
            Detected::Deadlock(Deadlock { claim, facts, .. }) => {
                let ThreadSnapshot {
                    slot: victim,
                    scope,
                    wait,
                    ..
                } = &all.threads[at];
                // An exploration may have let the thread go meanwhile, and its slot may be that of another.
                if wait.is_none_or(|wait| victim.wait.epoch() != wait.epoch) {
                    continue;
                }
                // The finding belongs to the check of the waiting threads.
                let trial = check_session::of_number(*scope);
                let publish = || publish::publish_to(slot, trial.as_deref(), vec![*facts]);
                if let Some(panic) = claim.report(publish) {
                    give(&all, at, panic);
                }
            }
        }
    }
    outcome
}

/// Passes the panic to a waiting thread.
fn give(all: &Snapshots, at: usize, panic: Panic) {
    let victim = &all.threads[at];
    if let Some(wait) = &victim.wait {
        let is_waiting = || victim.slot.wait.epoch() == wait.epoch;
        victim.slot.alarm.ring(panic.into_message(), is_waiting);
    }
}

/// Passes the panic of the thread that closed a deadlock to another thread of it that does not wait for a
/// thread's end; returns it as the error if there is none.
pub(super) fn give_away(all: &Snapshots, set: &[usize], panic: Panic) -> Result<(), Panic> {
    let waits_for_end = |at: &usize| {
        let wait = &all.threads[*at].wait;
        wait.is_some_and(|wait| wait.need == WaitKind::Other(WaitReason::End))
    };
    let mut others = victims(all, |_| true).into_iter();
    match others.find(|at| set[1..].contains(at) && !waits_for_end(at)) {
        Some(at) => {
            pass_mark(all, set[0], at);
            give(all, at, panic);
            Ok(())
        }
        None => Err(panic),
    }
}

/// Passes the panic of the thread that closed a deadlock to another thread of it, whatever that one waits
/// for.
pub(super) fn give_to_any(all: &Snapshots, set: &[usize], panic: Panic) {
    let mut others = victims(all, |_| true).into_iter();
    if let Some(at) = others.find(|at| set[1..].contains(at)) {
        pass_mark(all, set[0], at);
        give(all, at, panic);
    }
}

/// Returns the threads that can get a panic, those that wait for another thread's end last: the end of a
/// joined thread is better than that of the thread that joins it.
pub(super) fn victims(all: &Snapshots, concerns: impl Fn(&PublishedWait) -> bool) -> Vec<usize> {
    let mut found: Vec<(bool, usize)> = Vec::new();
    for (at, thread) in all.threads.iter().enumerate() {
        if let Some(wait) = &thread.wait
            && let WaitKind::Other(awaited) = wait.need
            && !wait.timed
            && awaited.can_unwind()
            && concerns(wait)
        {
            found.push((awaited == WaitReason::End, at));
        }
    }
    sorting::sort(&mut found);
    found.into_iter().map(|(_, at)| at).collect()
}
