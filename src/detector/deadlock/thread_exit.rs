//! A thread that goes, and by that leaves others behind who wait for ever.
//!
//! It has nowhere to unwind to. So it tells what it sees, and one of those that it leaves behind is
//! given the panic, if the configuration asks for one.

use std::time::Duration;

use super::reduction::Reducer;
use super::snapshot::Snapshots;
use super::stuck_set::{self, Deadlock, Detected};
use super::{any_resource_wait, pass_mark};
use crate::detector::check_session;
use crate::detector::publish::{self, Panic};
use crate::engine::wait_reason::WaitReason;
use crate::tracking::process::os_threads;
use crate::tracking::process::registry;
use crate::tracking::process::resource_state::ResourceState;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::{PublishedWait, WaitKind};

/// How often a thread that ends looks again while threads that ended before it are still counted by
/// the system.
const PATIENCE: u32 = 20;

/// The calling thread has come to its end, as its slot says.
pub(crate) fn thread_ended(slot: &'static Slot) {
    if !any_resource_wait() || registry::any_runs(slot.check_id()) {
        return;
    }
    // Of several that end at once each has to know that the others only do the same.
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
        if tell(slot, |_| true) != Told::LaterMaybe {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
        // As long as they go, it is worth while to wait for the last of them.
        let now = os_threads::threads();
        tries = if now < threads { 0 } else { tries + 1 };
        threads = now;
    }
}

/// The calling thread is not one of `party` any more.
pub(crate) fn provider_left(slot: &'static Slot, party: &ResourceState) {
    if any_resource_wait() && registry::anyone_waits_for(party) {
        tell(slot, |wait| std::ptr::eq(wait.by, party));
    }
}

#[derive(PartialEq, Eq)]
enum Told {
    Done,
    LaterMaybe,
}

/// Tells of the threads in such waits that are stuck.
fn tell(slot: &'static Slot, concerns: impl Fn(&PublishedWait) -> bool) -> Told {
    let all = Snapshots::now();
    let mut told = Told::Done;
    let mut judge = Reducer::new(&all);
    for at in victims(&all, concerns) {
        // One that only waits for those who wait for each other is no use as a victim.
        match stuck_set::detect(&all, &mut judge, at, true, || false) {
            Detected::Nothing | Detected::Granted => {}
            Detected::DependsOnUntracked => told = Told::LaterMaybe,
            Detected::Deadlock(Deadlock { claim, facts, .. }) => {
                // It belongs to the check of those that are left behind.
                let trial = check_session::of(all.threads[at].slot);
                let publish = || publish::publish_to(slot, trial.as_deref(), vec![*facts]);
                if let Some(panic) = claim.tell(publish) {
                    give(&all, at, panic);
                }
            }
        }
    }
    told
}

/// Gives the panic to a thread that waits.
fn give(all: &Snapshots, at: usize, panic: Panic) {
    let victim = &all.threads[at];
    if let Some(wait) = &victim.wait {
        let is_waiting = || victim.slot.wait.epoch() == wait.epoch;
        victim.slot.alarm.ring(panic.into_message(), is_waiting);
    }
}

/// Gives the panic of the thread that closed a deadlock to another one of it, which waits for no
/// other thread's end; gives it back if there is none.
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

/// Gives the panic of the thread that closed a deadlock to another one of it, whatever that waits
/// for.
pub(super) fn give_to_any(all: &Snapshots, set: &[usize], panic: Panic) {
    let mut others = victims(all, |_| true).into_iter();
    if let Some(at) = others.find(|at| set[1..].contains(at)) {
        pass_mark(all, set[0], at);
        give(all, at, panic);
    }
}

/// The threads that can be given a panic, those that wait for another thread's end last: it is
/// better that a thread ends which somebody joins than the one that joins it.
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
    found.sort_unstable();
    found.into_iter().map(|(_, at)| at).collect()
}
