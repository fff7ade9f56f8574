//! The trigger of deadlock detection at the end of a thread, after which others may wait for ever, or at a wait
//! that never ends by which a thread blocks itself.
//!
//! That thread cannot unwind. So it reports what it finds, and one of the waiting threads gets the
//! panic, if the configuration requests one.

use std::time::Duration;

use super::parked::check_parked;
use super::reduction::Reducer;
use super::resource_wait::{any_provider_runs, any_resource_wait, is_alone};
use super::sleepers::{Answers, Sleepers};
use super::snapshot::{Snapshots, ThreadSnapshot};
use super::stuck_set::{self, Detected};
use super::test_runner;
use super::victim::{can_unwind, give, waiters};
use crate::tracking::process::os_threads;
use crate::tracking::process::registry;
use crate::tracking::process::resource_state::ResourceState;
use crate::tracking::thread::slot::{Flag, Slot};
use crate::tracking::thread::wait;
use crate::tracking::thread::wait::PublishedWait;

/// Longer than a thread that has begun to wait for a lock looks at the others.
const OWN_LOOK: Duration = Duration::from_millis(100);

/// How often an ending thread looks again, where nothing looks later, while the system still counts threads that ended
/// before it.
const PATIENCE: u32 = 20;

/// Checks the waits of other threads when the calling thread has come to its end, as its slot says; returns whether they have
/// to be looked at again: only an untracked thread could still end one of them, or one is a park.
#[must_use]
pub(crate) fn thread_ended(slot: &'static Slot) -> bool {
    if !any_resource_wait() || registry::last_runs(slot.check_id(), std::ptr::null()) {
        return false;
    }
    // A thread that waited for a lock of this one has been woken, and may not have cleared its wait yet. With many
    // such threads, a look at all of them at each thread exit would take time quadratic in their number.
    std::thread::yield_now();
    if registry::any_runs(slot.check_id(), std::ptr::null()) {
        return false;
    }
    // Of several threads that end at once, each has to recognise that the others are only ending, too.
    struct Leaving(&'static Slot);
    impl Drop for Leaving {
        fn drop(&mut self) {
            self.0.life.set(Flag::Leaving, false);
        }
    }
    slot.life.set(Flag::Leaving, true);
    let _leaving = Leaving(slot);
    look_after(slot) || Snapshots::now().any_parked()
}

fn look_after(slot: &'static Slot) -> bool {
    let mut threads = os_threads::threads();
    let mut tries = 0;
    while tries < PATIENCE {
        if report_stuck(slot, &|_| true, Victims::InRing) != Outcome::LaterMaybe {
            return false;
        }
        // A look on behalf of the waiting threads does not keep those up that wait for the end of this one.
        if os_threads::ARE_COUNTED && !slot.life.has(Flag::Scheduled) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
        if registry::any_runs(slot.check_id(), std::ptr::null()) {
            return false;
        }
        // While threads are ending, it is worth waiting for the last of them.
        let now = os_threads::threads();
        tries = if now < threads { 0 } else { tries + 1 };
        threads = now;
    }
    true
}

/// Checks all waits once more, on behalf of the threads in them; returns whether only an untracked thread could still end
/// one of them, so that they have to be looked at again. `slot` is that of the calling thread, one of the library's, and
/// `answers` are from the looks before.
pub(crate) fn check_later(slot: &'static Slot, answers: &mut Answers) -> bool {
    let mut all = Snapshots::beside(Sleepers::look(answers));
    // Beside a thread that moves, no set rests on the first one, and none is asked.
    if all.is_first_asleep() && (!all.stands_still() || test_runner::may_run_tests(&all)) {
        // That of the test runner: `test_runner` knows when it ends no wait.
        all.wake_first();
    }
    let judge = &mut Reducer::new(&all);
    // Both are to look.
    let parks = check_parked(slot, &all, judge);
    let outcome = report_stuck_of(&all, judge, slot, &|_| true, Victims::InRing);
    let is_open = parks || outcome == Outcome::LaterMaybe;
    if is_open {
        all.ask(answers);
    }
    is_open
}

/// Checks the waits of other threads when the calling thread is no provider in `party` any more.
pub(crate) fn provider_left(slot: &'static Slot, party: &ResourceState) {
    // One that runs can still provide, and if it blocks or ends, that is looked at then. With many threads that end
    // one after the other, a snapshot at each end would take time quadratic in their number.
    if party.waiters() > 0 && !any_provider_runs(party) {
        report_stuck(slot, &|wait| std::ptr::eq(wait.by, party), Victims::InRing);
    }
}

/// Checks the waits of other threads when the calling thread has published a wait that it alone could end, and out
/// of which no panic was raised: a thread that comes to wait for it later sees that, and one that waits already does not
/// look again.
pub(crate) fn blocks_itself(slot: &'static Slot) {
    if !any_resource_wait() {
        return;
    }
    // A thread that waits for the end of this one is nearer than those that wait for that thread.
    let is_next = |wait: &PublishedWait| wait.by().is_some_and(|by| is_alone(slot, by));
    if report_stuck(slot, &is_next, Victims::One) != Outcome::Reported {
        report_stuck(slot, &|_| true, Victims::One);
    }
}

/// Which threads are reported, of those that never go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victims {
    /// Each that is on a cycle of waits: one that only waits for a cycle is no useful victim.
    InRing,
    /// The first, wherever it is: its panic lets the others look again.
    One,
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Done,
    LaterMaybe,
    Reported,
}

/// Reports the deadlocked threads in the waits that `concerns` selects.
fn report_stuck(
    slot: &'static Slot,
    concerns: &dyn Fn(&PublishedWait) -> bool,
    victims: Victims,
) -> Outcome {
    let all = Snapshots::now();
    report_stuck_of(&all, &mut Reducer::new(&all), slot, concerns, victims)
}

/// Does what [`report_stuck`] does for the threads of a snapshot. If some of them sleep unwatched, it may be by one of those
/// that a thread waits for a lock for ever, which that thread did not find when it looked.
fn report_stuck_of(
    all: &Snapshots,
    judge: &mut Reducer,
    slot: &'static Slot,
    concerns: &dyn Fn(&PublishedWait) -> bool,
    victims: Victims,
) -> Outcome {
    let mut outcome = Outcome::Done;
    let mut stuck = waiters(all, concerns);
    if all.has_sleepers() {
        // One that has just begun to wait looks itself, and can unwind if it finds something.
        let has_looked = |wait: &PublishedWait| wait::time_since(wait.since) > OWN_LOOK;
        let is_one = |at: &usize| {
            all.waits_for_lock(*at) && all.threads[*at].wait.as_ref().is_some_and(has_looked)
        };
        stuck.extend((0..all.threads.len()).filter(is_one));
    }
    for &at in &stuck {
        // The schedule of an explored thread must not depend on the time.
        if slot.life.has(Flag::Ours) && all.threads[at].slot.life.has(Flag::Scheduled) {
            continue;
        }
        let can_unwind = !all.waits_for_lock(at) && can_unwind(all, at);
        let only_in_ring = victims == Victims::InRing;
        match stuck_set::detect(all, judge, at, only_in_ring, None) {
            Detected::Nothing | Detected::Granted => {}
            Detected::Unsettled => outcome = Outcome::LaterMaybe,
            Detected::Deadlock(mut found) => {
                if slot.life.has(Flag::Ours) {
                    // Its own stack says nothing of the program.
                    found.facts.stack = None;
                }
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
                let (panic, _, claim) = found.report(slot, *scope, can_unwind);
                judge.count_anew();
                let Some(panic) = panic else {
                    if victims == Victims::One {
                        return Outcome::Reported;
                    }
                    continue;
                };
                if can_unwind {
                    give(all, at, panic);
                } else {
                    claim.heirs.give_or_say(panic);
                }
                if victims == Victims::One {
                    return Outcome::Reported;
                }
            }
        }
    }
    outcome
}
