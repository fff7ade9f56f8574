//! Who initialises, and who waits for that.
//!
//! What runs an initialiser once (std's `Once` and what stands on it, `parking_lot`'s `Once`) blocks
//! inside all who come meanwhile, where nobody can be told of it. So here a thread takes its turn
//! before it goes into the original: one at a time, and those who come meanwhile wait for the turn.
//! Whoever then goes into the original finds that nobody is at work there.
//!
//! For the order of locks, what is initialised is a lock: the initialiser holds it exclusively while it
//! runs, and whoever would wait for the initialiser asks for it. So an initialiser that takes M, and a
//! thread that asks for the value under M, are an inversion, whichever of the two comes first:
//!
//! - A thread asks once, at its first access: after that it has seen that the value is there, and never
//!   waits for it again. That access asks also if the value is ready, since another schedule could
//!   have had it come before the end of the initialiser.
//! - It does not ask if the end of the initialiser lies in its past, by a spawn, a join, a message or
//!   the like: then it comes after that in every schedule.
//! - Nothing is ever taken under a value that is ready. So one whose initialiser took nothing is part
//!   of no cycle, and an access to it once it is ready asks for nothing at all.
//!
//! Accesses that never wait (`get`, `is_completed`) do not ask. What the initialiser takes is known of
//! the thread that ran it; that another thread could have run it instead, under locks of its own, is
//! not seen.
//!
//! While a turn is taken, nobody but the thread that has it can end the wait for it. If that is the
//! thread that waits, its initialiser asks for what it makes.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::lock::released_slow;
use super::resource::{Providers, Resource};
use super::thread_bit::ensure_attached;
use crate::detector;
use crate::instrument::{LockKind, Mode, Site, WaitReason};
use crate::tracking::lock::ident::Ident;
use crate::tracking::thread::current;
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::slot::Slot;

/// The record of something that is initialised once, by one thread, while others may wait.
#[derive(Debug)]
pub(crate) struct OnceRecord {
    state: Mutex<State>,
    changed: Condvar,
    resource: Resource,
    /// The thread that has its turn.
    at_work: Providers,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Whether a thread has its turn.
    taken: bool,
    /// Whether the last turn ended by a panic.
    failed: bool,
}

// Nothing of the program's runs while the state is changed, so no panic finds it half done.
impl UnwindSafe for OnceRecord {}
impl RefUnwindSafe for OnceRecord {}

impl OnceRecord {
    /// The record of something whose class is the place of the call.
    #[track_caller]
    pub(crate) const fn new(kind: &'static LockKind) -> Self {
        Self::of(Resource::new(kind))
    }

    /// The record of something whose class is `name`.
    #[track_caller]
    pub(crate) const fn named(kind: &'static LockKind, name: &'static str) -> Self {
        Self::of(Resource::named(kind, name))
    }

    const fn of(resource: Resource) -> Self {
        Self {
            state: Mutex::new(State {
                taken: false,
                failed: false,
            }),
            changed: Condvar::new(),
            resource,
            at_work: Providers::new(),
        }
    }

    /// Names this one instance in reports, beside the name of its class.
    pub(crate) fn set_label(&self, label: &str) {
        self.resource.set_label(label);
    }

    /// Runs `initialise`, when no other thread is at it, unless it `is_done` then.
    ///
    /// `is_done` is asked with a lock held.
    ///
    /// # Panics
    ///
    /// As `initialise` does, or if the wait would never end.
    pub(crate) fn run(&self, is_done: impl Fn() -> bool, site: Site, initialise: impl FnOnce()) {
        // Before the turn also since a sink may want to see what is initialised.
        ensure_attached();
        self.ask(site);
        if let Some(turn) = self.take(&is_done, site) {
            let held = self.hold(site);
            initialise();
            drop(held);
            turn.done();
        }
    }

    /// The calling thread asks for what is initialised already, and was not known to be.
    #[cold]
    pub(crate) fn ask_for_ready(&self, site: Site) {
        let ident = self.resource.record().ident();
        if ident.is_some_and(|ident| ident.contexts.is_promoted()) {
            self.ask(site);
        }
    }

    /// Tells the order graph that the calling thread may have to wait until it is initialised.
    ///
    /// # Panics
    ///
    /// If that shows something that the configuration answers with a panic.
    #[cold]
    fn ask(&self, site: Site) {
        let Some(slot) = detector::attach() else {
            return;
        };
        slot.maintain();
        if slot.is_holding() {
            let record = self.resource.record();
            let ident = detector::with_own(slot, |own| record.identify(&mut own.pool));
            let found =
                crate::detector::order::check::check(slot, record, ident, Mode::Exclusive, site);
            detector::end_in(detector::publish(slot, found), true, site);
        }
    }

    /// The calling thread holds what it initialises until the result is dropped.
    #[cold]
    fn hold(&self, site: Site) -> Option<Initialising> {
        let slot = detector::attach()?;
        slot.maintain();
        let record = self.resource.record();
        let ident = detector::with_own(slot, |own| record.identify(&mut own.pool));
        let share = lockset_hash::share(ident.tag(), Mode::Exclusive);
        slot.add(ident, share, Mode::Exclusive, site);
        Some(Initialising { slot, ident })
    }

    /// Waits until it `is_done` or, if `or_failed`, has panicked; then runs `see`, which does not
    /// have to wait.
    ///
    /// # Panics
    ///
    /// As `see` does, or if the wait would never end.
    pub(crate) fn wait<R>(
        &self,
        is_done: impl Fn() -> bool,
        or_failed: bool,
        site: Site,
        see: impl FnOnce() -> R,
    ) -> R {
        if !is_done() {
            self.ask(site);
        }
        while !is_done() {
            let Some(state) = self.idle(&is_done) else {
                self.until_the_turn_ends(site);
                continue;
            };
            if or_failed && state.failed {
                // In a turn, so that nobody begins to make it good meanwhile, for which `see` would wait.
                if let Some(turn) = self.take(&is_done, site) {
                    let seen = see();
                    turn.done();
                    return seen;
                }
                break;
            }
            let is_over = |state: &State| state.taken || (or_failed && state.failed) || is_done();
            self.until(is_over, site);
        }
        see()
    }

    /// The state, if nobody is at work or it is done.
    fn idle(&self, is_done: &impl Fn() -> bool) -> Option<State> {
        let state = *self.state.lock();
        (!state.taken || is_done()).then_some(state)
    }

    /// Takes a turn when nobody has one; `None` if it is done then.
    fn take(&self, is_done: &impl Fn() -> bool, site: Site) -> Option<Initialisation<'_>> {
        let try_take = |state: &mut State| {
            if state.taken {
                return None;
            }
            if is_done() {
                return Some(None);
            }
            state.taken = true;
            // With the lock held, so that nobody waits for a turn that nobody has. The thread is known
            // to the detector already, so this tells nobody.
            self.at_work.enter();
            Some(Some(Initialisation {
                turns: self,
                failed: true,
            }))
        };
        let taken = try_take(&mut self.state.lock());
        let taken = taken.unwrap_or_else(|| {
            self.resource
                .wait_by(&self.at_work, WaitReason::Initialisation, site, |limit| {
                    let mut state = self.state.lock();
                    self.sleep(&mut state, limit, |state| state.taken);
                    try_take(&mut state)
                })
        });
        if taken.is_some() {
            // For those who wait until somebody begins.
            self.wake();
        }
        taken
    }

    /// Waits until the thread that has its turn is at its end.
    fn until_the_turn_ends(&self, site: Site) {
        self.resource
            .wait_by(&self.at_work, WaitReason::Initialisation, site, |limit| {
                let mut state = self.state.lock();
                self.sleep(&mut state, limit, |state| state.taken);
                (!state.taken).then_some(())
            });
    }

    /// Waits until it `is_over`, which anybody may bring about: whoever begins.
    fn until(&self, is_over: impl Fn(&State) -> bool, site: Site) {
        self.resource
            .wait(WaitReason::Initialisation, site, |limit| {
                let mut state = self.state.lock();
                self.sleep(&mut state, limit, |state| !is_over(state));
                is_over(&state).then_some(())
            });
    }

    fn sleep(
        &self,
        state: &mut parking_lot::MutexGuard<'_, State>,
        limit: Option<Duration>,
        goes_on: impl Fn(&State) -> bool,
    ) {
        match limit {
            Some(limit) => {
                self.changed
                    .wait_while_for(state, |state| goes_on(state), limit);
            }
            None => self.changed.wait_while(state, |state| goes_on(state)),
        }
    }

    fn wake(&self) {
        self.changed.notify_all();
        self.resource.provided();
    }
}

/// The hold of an initialiser that runs, for as long as this lives.
struct Initialising {
    slot: &'static Slot,
    ident: &'static Ident,
}

impl Drop for Initialising {
    fn drop(&mut self) {
        // The thread may be at its end, and have lost its slot.
        if std::ptr::eq(self.slot, current::slot()) {
            released_slow(self.slot, self.ident, false);
        }
    }
}

/// The turn of the calling thread; over when this is dropped.
struct Initialisation<'a> {
    turns: &'a OnceRecord,
    failed: bool,
}

impl Initialisation<'_> {
    /// It ends without a panic.
    fn done(mut self) {
        self.failed = false;
    }
}

impl Drop for Initialisation<'_> {
    fn drop(&mut self) {
        *self.turns.state.lock() = State {
            taken: false,
            failed: self.failed,
        };
        self.turns.wake();
        // After that: the thread has done what those who wait for it wait for.
        self.turns.at_work.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, Location, catch_unwind};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    static KIND: LockKind = LockKind::new("Turns");

    #[test]
    fn nobody_is_at_it_beside_another_and_nobody_again() {
        let (turns, done) = (OnceRecord::new(&KIND), AtomicBool::new(false));
        let runs = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let is_done = || done.load(Ordering::Acquire);
                    turns.run(is_done, Location::caller(), || {
                        runs.fetch_add(1, Ordering::Relaxed);
                        thread::yield_now();
                        done.store(true, Ordering::Release);
                    });
                    assert!(done.load(Ordering::Acquire));
                });
            }
            scope.spawn(|| {
                let is_done = || done.load(Ordering::Acquire);
                turns.wait(is_done, true, Location::caller(), || {
                    assert!(done.load(Ordering::Acquire));
                });
            });
        });
        assert_eq!(runs.into_inner(), 1);
    }

    #[test]
    fn a_turn_that_panics_is_over_and_the_next_one_makes_it_good() {
        let (turns, done) = (OnceRecord::named(&KIND, "turns"), Cell::new(false));
        turns.set_label("of the test");
        let site = Location::caller();
        let fails = AssertUnwindSafe(|| turns.run(|| done.get(), site, || panic!("in its turn")));
        assert!(catch_unwind(fails).is_err());
        assert!(turns.state.lock().failed);
        // Who minds does not wait for the next one, and sees it in a turn.
        turns.wait(
            || done.get(),
            true,
            site,
            || {
                assert!(turns.state.lock().taken);
            },
        );
        turns.run(|| done.get(), site, || done.set(true));
        turns.wait(
            || done.get(),
            false,
            site,
            || {
                let state = turns.state.lock();
                assert!(!state.taken && !state.failed);
            },
        );
    }
}
