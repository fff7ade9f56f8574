//! Record of a one-time initialisation: the thread that runs it, and those that wait for it.
//!
//! A primitive that runs an initialiser once (std's `Once` and the types built on it,
//! `parking_lot`'s `Once`) blocks all other callers inside itself, where their wait cannot be
//! published. So a thread first takes a turn in this record, one thread at a time, and the others
//! wait for the turn here. The thread that then calls the wrapped primitive never blocks in it.
//!
//! For the lock order, the value is a lock: the initialiser holds it exclusively while it runs, and
//! a thread that would wait for the initialiser requests it. So an initialiser that takes M, and a
//! thread that accesses the value under M, form an inversion, whichever of the two comes first:
//!
//! - A thread requests it once, at its first access: after that it has seen the value, and never
//!   waits for it again. The first access also requests it if the value is ready, since in another
//!   schedule the access could precede the end of the initialiser.
//! - It does not request it if the end of the initialiser happens before the access, by a spawn, a
//!   join, a message or the like: then the access never waits in any schedule.
//! - No lock is ever taken under a value that is ready. So a value whose initialiser took no lock
//!   is part of no cycle, and an access to it once it is ready requests nothing at all.
//!
//! Accesses that never wait (`get`, `is_completed`) request nothing. The acquisitions of the
//! initialiser are recorded for the thread that ran it; the case that another thread could have run
//! it instead, under locks of its own, is not covered.
//!
//! While a turn is taken, only the thread that has it can end the wait for it. If that is the
//! waiting thread itself, its initialiser accesses its own value: a self-deadlock.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::lock::released_slow;
use super::point::point;
use super::providers::Providers;
use super::resource::Resource;
use super::scheduled::Scheduled;
use super::thread_bit::ensure_attached;
use crate::detector;
use crate::detector::order::check;
use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::engine::wait_reason::WaitReason;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::kind::LockKind;
use crate::tracking::lock::request::Request;
use crate::tracking::thread::current;
use crate::tracking::thread::section::Inside;
use crate::tracking::thread::slot::Slot;
use crate::watchdog::startup::attach;

/// Record of a value that one thread initialises while others may wait.
#[derive(Debug)]
pub struct OnceRecord {
    state: Mutex<State>,
    changed: Condvar,
    resource: Resource,
    /// The thread that has the turn.
    at_work: Providers,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Whether a thread has the turn.
    taken: bool,
    /// Whether the last turn ended without a value.
    failed: bool,
}

// The program's code never runs while the state is changed, so no panic leaves it half changed.
impl UnwindSafe for OnceRecord {}
impl RefUnwindSafe for OnceRecord {}

impl OnceRecord {
    /// Creates the record of a value whose class is the construction site.
    #[track_caller]
    pub const fn new(kind: &'static LockKind) -> Self {
        Self::of(Resource::new(kind))
    }

    /// Creates the record of a value whose class is `name`.
    #[track_caller]
    pub const fn named(kind: &'static LockKind, name: &'static str) -> Self {
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

    /// Sets a label for this instance, which reports show beside the name of its class.
    pub fn set_label(&self, label: &str) {
        self.resource.set_label(label);
    }

    /// Waits until no other thread initialises, and then runs `initialise` unless `is_done` returns
    /// true. It has failed if `is_done` does not return true after it. A thread that is inside the detector runs it at
    /// once, without a turn.
    ///
    /// `is_done` is called with an internal lock held.
    ///
    /// # Panics
    ///
    /// Panics as `initialise` does, or if the wait would never end.
    pub fn run(&self, is_done: impl Fn() -> bool, site: Site, initialise: impl FnOnce()) {
        if current::is_inside() {
            return initialise();
        }
        // Also before the turn because a sink, which the attachment may call, may access the value.
        ensure_attached();
        if let Some(turn) = Scheduled::here() {
            turn.comes_to(&self.resource.record, Mode::Exclusive, site);
            turn.point_of_value(&self.resource.record);
            turn.note("initialises", Some(&self.resource.record), Some(site));
        }
        self.ask(site);
        if let Some(turn) = self.take(&is_done, site) {
            let held = self.hold(site);
            initialise();
            drop(held);
            turn.ended(is_done());
        }
    }

    /// Records a request for a value that is ready, by a thread that accesses it for the first
    /// time.
    #[cold]
    pub fn ask_for_ready(&self, site: Site) {
        // The access would have waited, or initialised, if it had been made before. A search that leaves schedules
        // out sees that here.
        if let Some(turn) = Scheduled::here() {
            turn.point_of_value(&self.resource.record);
            turn.note("looks at", Some(&self.resource.record), Some(site));
        }
        let ident = self.resource.record.ident();
        if ident.is_some_and(|ident| ident.contexts.is_promoted()) {
            self.ask(site);
        }
    }

    /// Returns what `look` sees of the value without a wait: in an exploration, what it sees at a turn of the thread,
    /// unless it sees the value at once.
    #[inline]
    pub fn peek<R>(&self, look: impl Fn() -> Option<R>) -> Option<R> {
        look().or_else(|| {
            self.peeked();
            look()
        })
    }

    /// The calling thread has seen the value for the first time, or has not seen it, without a wait: in an
    /// exploration, others may go on. A search that leaves schedules out makes the look before the end of the
    /// initialiser, too.
    #[cold]
    pub fn peeked(&self) {
        if let Some(turn) = Scheduled::here() {
            turn.note_try();
            point("looks at", &self.resource);
        }
    }

    /// Records in the order graph that the calling thread may have to wait for the initialiser.
    ///
    /// # Panics
    ///
    /// Panics if that causes a finding that the configuration answers with a panic.
    #[cold]
    fn ask(&self, site: Site) {
        let Some(slot) = attach() else {
            return;
        };
        slot.maintain();
        if slot.is_holding() {
            let record = &self.resource.record;
            let ident = detector::identify_at(slot, record, site);
            let mode = Mode::Exclusive;
            let found = check::check(slot, record, Request { ident, mode, site });
            detector::end_in(detector::publish(slot, found), true, site);
        }
    }

    /// Records that the calling thread holds the value until the result is dropped.
    #[cold]
    fn hold(&self, site: Site) -> Option<Initialising> {
        let slot = attach()?;
        slot.maintain();
        let record = &self.resource.record;
        let ident = detector::identify_at(slot, record, site);
        slot.add(ident, Mode::Exclusive, site);
        if self.with_state(|state| state.failed) {
            // The locks of the failed initialiser make the end of this one matter, even if this one takes none: it is a
            // segment of its own, which another thread does not know unless it has acquired it.
            detector::with_own(slot, |own| own.timeline.see());
        }
        Some(Initialising { slot, ident })
    }

    /// Waits until `is_done` returns true or, if `or_failed`, the last initialiser has panicked;
    /// then runs `see`, which does not have to wait.
    ///
    /// # Panics
    ///
    /// Panics as `see` does, or if the wait would never end.
    pub fn wait<R>(
        &self,
        is_done: impl Fn() -> bool,
        or_failed: bool,
        site: Site,
        see: impl FnOnce() -> R,
    ) -> R {
        if current::is_inside() {
            return see();
        }
        if !is_done() {
            point("looks at", &self.resource);
            self.ask(site);
        }
        while !is_done() {
            let Some(state) = self.idle(&is_done) else {
                self.until_the_turn_ends(site);
                continue;
            };
            if or_failed && state.failed {
                // In a turn, so that no thread begins a new initialisation meanwhile, for which
                // `see` would wait.
                if let Some(turn) = self.take(&is_done, site) {
                    let seen = see();
                    turn.ended(true);
                    return seen;
                }
                break;
            }
            let is_over = |state: &State| state.taken || (or_failed && state.failed) || is_done();
            self.until(is_over, site);
        }
        see()
    }

    /// Returns the state if no thread has the turn or the value is ready.
    fn idle(&self, is_done: &impl Fn() -> bool) -> Option<State> {
        let state = self.with_state(|state| *state);
        (!state.taken || is_done()).then_some(state)
    }

    /// Runs `f` on the state, inside the detector: an allocator of the program that accesses the value from there finds
    /// the wrapped primitive, and not this lock or the turn of its own thread.
    fn with_state<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let _inside = Inside::enter();
        f(&mut self.state.lock())
    }

    /// Waits until no thread has the turn, and takes it; returns `None` if the value is ready then.
    fn take(&self, is_done: &impl Fn() -> bool, site: Site) -> Option<Initialisation<'_>> {
        let id = attach().and_then(Slot::thread);
        let try_take = |state: &mut State| {
            if state.taken {
                return None;
            }
            if is_done() {
                return Some(None);
            }
            state.taken = true;
            // With the lock held, so that no thread sees the turn taken without a provider.
            if let Some(id) = id {
                self.at_work.add(id);
            }
            Some(Some(Initialisation {
                turns: self,
                failed: true,
            }))
        };
        let taken = self.with_state(try_take);
        let taken = taken.unwrap_or_else(|| {
            self.resource
                .wait_by(&self.at_work, WaitReason::Initialisation, site, |limit| {
                    let mut state = self.state.lock();
                    self.sleep(&mut state, limit, |state| state.taken);
                    try_take(&mut state)
                })
        });
        if taken.is_some() {
            // Wakes the threads that wait until an initialisation begins.
            self.wake();
        }
        taken
    }

    /// Waits until the thread that has the turn ends it.
    fn until_the_turn_ends(&self, site: Site) {
        self.resource
            .wait_by(&self.at_work, WaitReason::Initialisation, site, |limit| {
                let mut state = self.state.lock();
                self.sleep(&mut state, limit, |state| state.taken);
                (!state.taken).then_some(())
            });
    }

    /// Waits until `is_over` returns true, which any thread may bring about by beginning an
    /// initialisation.
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

/// Hold of a running initialiser; dropping it ends the hold.
struct Initialising {
    slot: &'static Slot,
    ident: &'static Ident,
}

impl Drop for Initialising {
    fn drop(&mut self) {
        // The thread may be exiting, and have given up its slot.
        if std::ptr::eq(self.slot, current::slot()) {
            released_slow(self.slot, self.ident, false);
        }
    }
}

/// Turn of the calling thread; dropping it ends the turn.
struct Initialisation<'a> {
    turns: &'a OnceRecord,
    failed: bool,
}

impl Initialisation<'_> {
    /// Ends the turn without a panic; `done` says whether the value is ready.
    fn ended(mut self, done: bool) {
        self.failed = !done;
    }
}

impl Drop for Initialisation<'_> {
    fn drop(&mut self) {
        self.turns.with_state(|state| {
            *state = State {
                taken: false,
                failed: self.failed,
            };
        });
        self.turns.wake();
        // After the wakeup: by now the thread has provided what the waiting threads need.
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
    fn concurrent_calls_run_one_initialiser_at_a_time_and_none_after_it_is_done() {
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
    fn a_panic_ends_the_turn_and_a_later_turn_succeeds() {
        let (turns, done) = (OnceRecord::named(&KIND, "turns"), Cell::new(false));
        turns.set_label("of the test");
        let site = Location::caller();
        let fails = AssertUnwindSafe(|| turns.run(|| done.get(), site, || panic!("in its turn")));
        assert!(catch_unwind(fails).is_err());
        assert!(turns.state.lock().failed);
        // So does an initialiser that returns without a value.
        turns.run(|| done.get(), site, || ());
        assert!(turns.state.lock().failed);
        // A wait with `or_failed` does not wait for the next turn, and runs `see` in a turn of its
        // own.
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
