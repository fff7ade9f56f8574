//! Waits for resources other than locks: messages, room, permits, events.
//!
//! An operation that succeeds at once is not recorded, nor is the first millisecond of a wait.
//! After that the wait is published, and the thread checks whether it can ever end.
//!
//! A thread that does something that may end the wait of others calls [`Resource::provided`]
//! afterwards, which increments a count. A wait is published with the count as of before its last
//! attempt. So a waiter that is satisfied and has not woken yet has a count that differs from the
//! present one, and is not taken for stuck; it publishes its wait again when it finds that it is
//! not satisfied.
//!
//! A waiting thread wakes from time to time, at most every 200 milliseconds: another thread may have
//! left it the panic message of a deadlock. It does not look at its wait again: a
//! thread of the library does, for as long as the wait lasts (`runtime::later_looks`).

use std::panic::Location;
use std::time::{Duration, Instant};

use super::providers::Providers;
use super::scheduled::Scheduled;
use super::shown::Shown;
use crate::detector::Panic;
use crate::detector::deadlock;
use crate::detector::deadlock::{ResourceWait, Stuck};
use crate::detector::{self, observe};
use crate::engine::counts::Counts;
use crate::engine::ids::Site;
use crate::engine::verdict::Verdict;
use crate::engine::wait_reason::WaitReason;
use crate::runtime::{later_looks, threads};
use crate::tracking::lock::kind::LockKind;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::process::resource_state;
use crate::tracking::process::resource_state::{ResourceState, Waiter};
use crate::tracking::scheduled::{FailedTry, JOINS, WAITS_FOR};
use crate::tracking::thread::current;
use crate::tracking::thread::wait;
use crate::tracking::thread::wait::{LockTraits, WaitKind, WaitRequest};
use crate::watchdog::startup::attach;

/// The time that a wait lasts before it is published, if few threads wait.
const FIRST: Duration = Duration::from_millis(1);
/// The number of threads that wait for one thing for each [`FIRST`] of that time, up to a tenth of a second: each thread
/// that wakes to publish its wait looks for itself among those that sleep.
const CROWD: u64 = 8;
/// The time that a thread sleeps before it wakes to check again: the first and the longest.
const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_millis(200);

/// Detector record of a resource: anything but a lock that threads wait for, such as a channel, a
/// queue or an event.
///
/// # Examples
///
/// A latch that opens once:
///
/// ```
/// use std::panic::Location;
/// use std::sync::{Condvar, Mutex};
/// use lockwarden::instrument::{WaitReason, LockKind, Resource};
///
/// static LATCH: LockKind = LockKind::new("Latch").resource();
///
/// struct Latch { open: Mutex<bool>, opened: Condvar, record: Resource }
///
/// impl Latch {
///     #[track_caller]
///     fn new() -> Self {
///         Self { open: Mutex::new(false), opened: Condvar::new(), record: Resource::new(&LATCH) }
///     }
///
///     fn open(&self) {
///         *self.open.lock().unwrap() = true;
///         self.opened.notify_all();
///         self.record.provided();
///     }
///
///     #[track_caller]
///     fn wait(&self) {
///         if *self.open.lock().unwrap() {
///             return;
///         }
///         self.record.wait(WaitReason::Event, Location::caller(), |limit| {
///             let open = self.open.lock().unwrap();
///             let open = match limit {
///                 _ if *open => open,
///                 Some(limit) => self.opened.wait_timeout(open, limit).unwrap().0,
///                 None => self.opened.wait(open).unwrap(),
///             };
///             open.then_some(())
///         });
///     }
/// }
///
/// let latch = Latch::new();
/// latch.open();
/// latch.wait();
/// ```
#[derive(Debug)]
pub struct Resource {
    pub(super) record: LockRecord,
    party: resource_state::LazyResourceState,
}

impl Resource {
    /// Creates the record of a resource whose class is the construction site, that is, the caller's
    /// line.
    #[must_use]
    #[track_caller]
    pub const fn new(kind: &'static LockKind) -> Self {
        Self::at(kind, Location::caller())
    }

    /// Creates the record of a resource whose class is `name`.
    #[must_use]
    #[track_caller]
    pub const fn named(kind: &'static LockKind, name: &'static str) -> Self {
        Self {
            record: LockRecord::new(kind, Some(name), Location::caller()),
            party: resource_state::LazyResourceState::new(),
        }
    }

    /// Creates the record of a resource whose class is `place`.
    pub const fn at(kind: &'static LockKind, place: Site) -> Self {
        Self {
            record: LockRecord::new(kind, None, place),
            party: resource_state::LazyResourceState::new(),
        }
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        if let Some(slot) = attach() {
            detector::identify(slot, &self.record).set_label(label.as_ref());
        }
    }

    /// Records that the calling thread has just done something that may end the wait of another:
    /// sent, received, set, released, closed.
    ///
    /// Call it after each such operation, and before the thread waits for anything itself. Without
    /// the call, a waiter that is satisfied and has not woken yet counts as stuck, and a false
    /// [`Deadlock`](crate::report::Verdict::Deadlock) is reported.
    ///
    /// Costs one load if no thread has ever waited for long.
    #[inline]
    pub fn provided(&self) {
        if let Some(party) = self.party.get() {
            party.provide();
        }
    }

    /// Waits, without a limit, until `attempt` returns `Some`, and returns that value.
    ///
    /// `attempt` tries, waits for at most the time that it is given (without a limit if that is
    /// `None`), and tries again; it returns `None` if the operation is not done. Between two calls
    /// it must hold no part of the primitive that other threads need, since reports are made there.
    /// Call this method only after an attempt without waiting has failed, so that operations that
    /// succeed at once are not recorded.
    ///
    /// # Panics
    ///
    /// Panics if the wait would never end and the configuration answers that with a panic.
    #[cold]
    pub fn wait<T>(
        &self,
        awaited: WaitReason,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        self.wait_for(self.party.get_or_take(), None, None, awaited, site, attempt)
    }

    /// Waits like [`wait`](Self::wait); reports show what the primitive counts, as `counts` returns
    /// it before the wait is published. `counts` is called between two calls of `attempt`.
    ///
    /// # Panics
    ///
    /// Panics as [`wait`](Self::wait) does.
    #[cold]
    pub fn wait_counted<T>(
        &self,
        counts: impl Fn() -> Counts,
        awaited: WaitReason,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        let party = self.party.get_or_take();
        self.wait_for(party, None, Some(&counts), awaited, site, attempt)
    }

    /// Waits like [`wait`](Self::wait), or like [`wait_by`](Self::wait_by) if there are
    /// `providers`, for something that is [`provided`](Self::provided) to `other`. Reports name
    /// this resource.
    ///
    /// This is for a primitive in which threads wait for different things, as the workers of a pool
    /// wait for jobs and other threads for results: the primitive has one name, and what is
    /// provided to one group does not make the other check again.
    ///
    /// # Panics
    ///
    /// Panics as [`wait`](Self::wait) does.
    #[cold]
    pub fn wait_among<T>(
        &self,
        other: &Resource,
        providers: Option<&Providers>,
        awaited: WaitReason,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        let by = providers.map(|providers| providers.party.get_or_take());
        self.wait_for(other.party.get_or_take(), by, None, awaited, site, attempt)
    }

    /// Waits like [`wait`](Self::wait), where only `providers` can end the wait. If the calling
    /// thread is the only provider and one more attempt fails, a
    /// [`SelfDeadlock`](crate::report::Verdict::SelfDeadlock) is reported before the thread blocks.
    ///
    /// A thread that can cancel the awaited operation can end the wait, too: if there may be one
    /// that is not among the providers, call [`wait`](Self::wait) instead.
    ///
    /// # Panics
    ///
    /// Panics as [`wait`](Self::wait) does.
    #[cold]
    pub fn wait_by<T>(
        &self,
        providers: &Providers,
        awaited: WaitReason,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        let by = Some(providers.party.get_or_take());
        self.wait_for(self.party.get_or_take(), by, None, awaited, site, attempt)
    }

    fn wait_for<T>(
        &self,
        party: &'static ResourceState,
        by: Option<&'static ResourceState>,
        counts: Option<&dyn Fn() -> Counts>,
        awaited: WaitReason,
        site: Site,
        mut attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        let mut done = None;
        self.wait_until_done(party, by, counts, awaited, site, &mut |limit| {
            done = attempt(limit);
            done.is_some()
        });
        done.expect("the wait ends when an attempt is done")
    }

    /// Waits until `attempt` returns `true`. Not generic: each type of a result would get a copy.
    fn wait_until_done(
        &self,
        party: &'static ResourceState,
        by: Option<&'static ResourceState>,
        counts: Option<&dyn Fn() -> Counts>,
        awaited: WaitReason,
        site: Site,
        attempt: &mut dyn FnMut(Option<Duration>) -> bool,
    ) {
        let Some(slot) = attach() else {
            while !attempt(None) {}
            return;
        };
        slot.blocked.is_outside();
        let since = wait::now();
        let _waiter = Waiter::at(party);
        // `provider_left` looks at the threads only if the providers have such a count.
        let _dependent = by.map(Waiter::at);
        let mut version = party.version();
        if let Some(by) = by
            && deadlock::is_alone(slot, by)
        {
            // The caller's own attempt is older than this check: another provider may have provided
            // the resource and left in between. It left after that, so an attempt from here on
            // succeeds.
            if attempt(Some(Duration::ZERO)) {
                return;
            }
            // A provider that entered, provided and left meanwhile has changed the version.
            if deadlock::is_alone(slot, by) && party.version() == version {
                let ident = detector::identify_at(slot, &self.record, site);
                let panic = deadlock::alone(slot, ident, awaited, (site, since));
                detector::end_in(panic, true, site);
                if deadlock::is_reported(Verdict::SelfDeadlock) {
                    slot.wait.set_named(since);
                }
            }
        }
        let turn = Scheduled::here();
        let joins = matches!(awaited, WaitReason::End | WaitReason::ScopeEnd);
        // The thread has just come to this turn, and has tried.
        let is_here = awaited == WaitReason::Initialisation;
        // A look at whether a thread, or an initialiser, has ended leaves nothing behind.
        let mut failed = if joins || is_here {
            FailedTry::Unseen
        } else {
            FailedTry::Arrived
        };
        let first = match &turn {
            Some(turn) => {
                if joins {
                    turn.point_of_releases();
                } else if !is_here {
                    turn.point();
                }
                Duration::ZERO
            }
            None => FIRST * (party.waiters() / CROWD).clamp(1, 100) as u32,
        };
        if attempt(Some(first)) {
            return;
        }
        if let Some(turn) = &turn {
            let verb = if joins { JOINS } else { WAITS_FOR };
            turn.note(verb, Some(&self.record), Some(site));
        }
        slot.maintain();
        let ident = detector::identify_at(slot, &self.record, site);
        let lock = (std::ptr::from_ref(ident), LockTraits::NONE);
        let mut request = WaitRequest {
            party,
            by: by.map_or(std::ptr::null(), std::ptr::from_ref),
            since,
            unwinding: current::unwinding(),
            ..WaitRequest::lock(WaitKind::Other(awaited), false, lock, site)
        };
        let _elsewhere = ResourceWait::new();
        loop {
            request.version = version;
            request.counts = counts.map(|counts| counts());
            slot.alarm.arm(None);
            let _published = Shown::new(slot, &request);
            match deadlock::check_resource_wait(slot, by, std::ptr::null()) {
                Stuck::No => {}
                Stuck::Unsettled => later_looks::request_for_wait(slot, threads::attach_unnumbered),
                Stuck::Reported(panic) => detector::end_in(panic, true, site),
            }
            let mut limit = SHORT;
            loop {
                if limit > SHORT {
                    later_looks::note(slot, threads::attach_unnumbered);
                }
                let has_turn = turn.as_ref().is_some_and(|turn| {
                    let may_unwind = awaited != WaitReason::ScopeEnd;
                    turn.wait(failed, may_unwind)
                });
                if has_turn && failed == FailedTry::Arrived {
                    failed = FailedTry::Seen;
                }
                let before = party.version();
                let limit_now = if has_turn { Duration::ZERO } else { limit };
                if attempt(Some(limit_now)) {
                    return;
                }
                observe::note_place(slot, since);
                if let Some(message) = slot.alarm.take() {
                    Panic::of_message(message).raise(site);
                }
                if before != version {
                    // What was provided did not satisfy this thread. Publishing the wait anew makes
                    // that visible.
                    version = before;
                    break;
                }
                limit = (limit * 2).min(LONG);
            }
        }
    }

    /// Waits until `deadline` at most; returns `None` if that passes before `attempt` returns
    /// `Some`.
    ///
    /// Such a wait ends by itself, so it is part of no deadlock.
    #[cold]
    pub fn wait_until<T>(
        &self,
        awaited: WaitReason,
        deadline: Instant,
        site: Site,
        mut attempt: impl FnMut(Duration) -> Option<T>,
    ) -> Option<T> {
        let mut done = None;
        self.wait_until_over(awaited, deadline, site, &mut |left| {
            done = attempt(left);
            done.is_some()
        });
        done
    }

    /// Waits until `attempt` returns `true`, or the deadline has passed.
    fn wait_until_over(
        &self,
        awaited: WaitReason,
        deadline: Instant,
        site: Site,
        attempt: &mut dyn FnMut(Duration) -> bool,
    ) {
        let turn = Scheduled::here();
        if let Some(turn) = &turn {
            turn.note_try();
            turn.point();
            if attempt(Duration::ZERO) {
                return;
            }
        }
        let mut is_over = || {
            if let Some(turn) = &turn {
                // Its limit may be over at any later turn.
                turn.lapse();
                attempt(Duration::ZERO);
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            attempt(left) || left.is_zero()
        };
        let Some(slot) = attach() else {
            while !is_over() {}
            return;
        };
        slot.maintain();
        let ident = detector::identify_at(slot, &self.record, site);
        let lock = (std::ptr::from_ref(ident), LockTraits::NONE);
        let request = WaitRequest {
            party: self.party.get_or_take(),
            unwinding: current::unwinding(),
            ..WaitRequest::lock(WaitKind::Other(awaited), true, lock, site)
        };
        let _published = Shown::new(slot, &request);
        while !is_over() {}
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        if let Some(ident) = self.record.retire() {
            detector::retire(ident, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    static KIND: LockKind = LockKind::new("Test").resource();

    #[test]
    fn a_provider_that_provides_and_leaves_after_the_first_attempt_leaves_no_deadlock() {
        let (resource, providers) = (Resource::new(&KIND), Providers::new());
        let done = AtomicBool::new(false);
        providers.enter();
        // The primitive's own attempt before it calls `wait_by`.
        assert!(!done.load(Ordering::Acquire));
        thread::scope(|scope| {
            scope.spawn(|| {
                providers.enter();
                done.store(true, Ordering::Release);
                resource.provided();
                providers.leave();
            });
        });
        let attempt = |_| done.load(Ordering::Acquire).then_some(());
        resource.wait_by(&providers, WaitReason::Tasks, Location::caller(), attempt);
        providers.leave();
    }

    #[test]
    fn a_wait_for_the_calling_thread_alone_is_refused_before_it_blocks() {
        let (resource, providers) = (Resource::new(&KIND), Providers::new());
        providers.enter();
        let waits = std::panic::AssertUnwindSafe(|| {
            resource.wait_by(&providers, WaitReason::Tasks, Location::caller(), |limit| {
                assert_eq!(limit, Some(Duration::ZERO), "it does not block");
                None::<()>
            });
        });
        let message = std::panic::catch_unwind(waits).unwrap_err();
        let message = message.downcast_ref::<String>().unwrap();
        assert!(message.contains("SelfDeadlock"), "{message}");
        providers.leave();
    }
}
