//! Waiting for what is no lock: messages, room, permits, events.
//!
//! Nothing is recorded of an operation that succeeds at once, nor in the first millisecond of a
//! wait. After that the wait is published and the thread looks whether it can ever end.
//!
//! Whoever does something that may let others go on says so afterwards ([`Resource::provided`]). A
//! wait is published with the count of that before its last attempt. So a waiter that was satisfied
//! and has not woken yet is known by a count that has moved since, and is not taken for one that is
//! stuck; it publishes again when it has found out that it is not satisfied.
//!
//! A wait wakes from time to time, at most every 200 milliseconds: for the message that somebody who
//! has ended left behind who could have ended it, and to look again if a thread that the detector
//! does not know was in the way.

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::detector::Panic;
use crate::detector::deadlock;
use crate::detector::deadlock::{ResourceWait, Stuck};
use crate::detector::{self, observe};
use crate::engine::verdict::Verdict;
use crate::instrument::{Counts, LockKind, Site, WaitReason};
use crate::tracking::lock::record::LockRecord;
use crate::tracking::process::resource_state;
use crate::tracking::process::resource_state::{ResourceState, Waiter};
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait;
use crate::tracking::thread::wait::{LockTraits, WaitKind, WaitRequest};

/// How long a wait lasts before anybody is told of it.
const FIRST: Duration = Duration::from_millis(1);
/// How long a thread waits before it wakes again, at first and at most.
const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_millis(200);

/// The record of something that threads wait for and that is no lock: a channel, a queue, an event.
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
/// static LATCH: LockKind = LockKind::new("Latch");
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
    /// The record of a resource whose class is the place of the call.
    #[must_use]
    #[track_caller]
    pub const fn new(kind: &'static LockKind) -> Self {
        Self {
            record: LockRecord::new(kind, None, Location::caller()),
            party: resource_state::LazyResourceState::new(),
        }
    }

    /// The record of a resource whose class is `name`.
    #[must_use]
    #[track_caller]
    pub const fn named(kind: &'static LockKind, name: &'static str) -> Self {
        Self {
            record: LockRecord::new(kind, Some(name), Location::caller()),
            party: resource_state::LazyResourceState::new(),
        }
    }

    /// The record of a resource whose class is `place`.
    pub(crate) const fn at(kind: &'static LockKind, place: Site) -> Self {
        Self {
            record: LockRecord::new(kind, None, place),
            party: resource_state::LazyResourceState::new(),
        }
    }

    /// Names this one instance in reports, beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        if let Some(slot) = detector::attach() {
            detector::with_own(slot, |own| self.record.identify(&mut own.pool))
                .set_label(label.as_ref());
        }
    }

    /// The record that the detector has of it.
    pub(super) fn record(&self) -> &LockRecord {
        &self.record
    }

    /// Tells that the calling thread has just done what may let a waiter go on: sent, received, set,
    /// released, closed.
    ///
    /// To be called after each such thing, and before the thread waits for anything itself. Without
    /// it a waiter that has not woken yet is taken for one that never will, and a
    /// [`Deadlock`](crate::report::Verdict::Deadlock) is told that is none.
    ///
    /// Costs one load if nobody ever waited for long.
    #[inline]
    pub fn provided(&self) {
        if let Some(party) = self.party.get() {
            party.provide();
        }
    }

    /// Waits, without a limit, until `attempt` returns something.
    ///
    /// `attempt` tries, waits for at most the time that it is given (without a limit if that is
    /// `None`), and tries again; `None` says that it is not done. Between two calls it must hold
    /// nothing of the primitive that others need: reports are made there. It is to be called only
    /// after an attempt without waiting has failed, so that nothing is recorded of those that
    /// succeed at once.
    ///
    /// # Panics
    ///
    /// If the wait would never end, as the configuration says.
    #[cold]
    pub fn wait<T>(
        &self,
        awaited: WaitReason,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        self.wait_for(self.party.get_or_take(), None, None, awaited, site, attempt)
    }

    /// Waits like [`wait`](Self::wait); reports say what the primitive counts, as `counts` returns it before
    /// the wait is published. `counts` is called between two calls of `attempt`.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
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

    /// Waits like [`wait`](Self::wait), or like [`wait_by`](Self::wait_by) if there are `providers`,
    /// where what may let this wait go on is [`provided`](Self::provided) to `other`. Reports name this
    /// resource.
    ///
    /// For a primitive in which threads wait for different things, as the workers of a pool for jobs and
    /// others for results: it has one name, and what is provided to some does not wake the others.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
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

    /// Waits like [`wait`](Self::wait), where no thread but `providers` can end the wait. If these are
    /// the calling thread alone and one more attempt fails, a
    /// [`SelfDeadlock`](crate::report::Verdict::SelfDeadlock) is reported before the thread blocks.
    ///
    /// A thread that can cancel what is waited for can end the wait, too: if there may be one that is
    /// not among the providers, [`wait`](Self::wait) is the method to call.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
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
        let Some(slot) = detector::attach() else {
            loop {
                if let Some(done) = attempt(None) {
                    return done;
                }
            }
        };
        slot.blocked.is_outside();
        let since = wait::now();
        let _waiter = Waiter::at(party);
        let mut version = party.version();
        if let Some(by) = by
            && deadlock::is_alone(slot, by)
        {
            // The caller's own attempt is older than this look: another provider may have done what is
            // waited for and left in between. It left after that, so an attempt from here on sees it.
            if let Some(done) = attempt(Some(Duration::ZERO)) {
                return done;
            }
            // Whoever entered, provided and left meanwhile has moved the version.
            if deadlock::is_alone(slot, by) && party.version() == version {
                let ident = detector::with_own(slot, |own| self.record.identify(&mut own.pool));
                let panic = deadlock::alone(slot, ident, awaited, (site, since));
                detector::end_in(panic, true, site);
                if deadlock::is_reported(Verdict::SelfDeadlock) {
                    slot.wait.set_named(since);
                }
            }
        }
        if let Some(done) = attempt(Some(FIRST)) {
            return done;
        }
        slot.maintain();
        let ident = detector::with_own(slot, |own| self.record.identify(&mut own.pool));
        let lock = (std::ptr::from_ref(ident), LockTraits::NONE);
        let mut request = WaitRequest {
            party,
            by: by.map_or(std::ptr::null(), std::ptr::from_ref),
            since,
            ..WaitRequest::lock(WaitKind::Other(awaited), false, lock, site)
        };
        let _elsewhere = ResourceWait::new();
        loop {
            request.version = version;
            request.counts = counts.map(|counts| counts());
            slot.alarm.arm(None);
            let _published = Shown::new(slot, &request);
            let mut unsure = look(slot, by, site);
            let mut limit = SHORT;
            loop {
                let before = party.version();
                if let Some(done) = attempt(Some(limit)) {
                    return done;
                }
                observe::note_place(slot, since);
                if let Some(message) = slot.alarm.take() {
                    Panic::of_message(message).raise(site);
                }
                if before != version {
                    // It was not for this thread. Only now can others know that.
                    version = before;
                    break;
                }
                if unsure && is_due() {
                    unsure = look(slot, by, site);
                }
                limit = (limit * 2).min(LONG);
            }
        }
    }

    /// Waits until `deadline` at most; `None` if that is over before `attempt` returns something.
    ///
    /// Such a wait ends by itself, so it is no part of any deadlock.
    #[cold]
    pub fn wait_until<T>(
        &self,
        awaited: WaitReason,
        deadline: Instant,
        site: Site,
        mut attempt: impl FnMut(Duration) -> Option<T>,
    ) -> Option<T> {
        let mut attempt = || {
            let left = deadline.saturating_duration_since(Instant::now());
            (attempt(left), left.is_zero())
        };
        let Some(slot) = detector::attach() else {
            loop {
                let (done, is_over) = attempt();
                if done.is_some() || is_over {
                    return done;
                }
            }
        };
        slot.maintain();
        let ident = detector::with_own(slot, |own| self.record.identify(&mut own.pool));
        let lock = (std::ptr::from_ref(ident), LockTraits::NONE);
        let request = WaitRequest {
            party: self.party.get_or_take(),
            ..WaitRequest::lock(WaitKind::Other(awaited), true, lock, site)
        };
        let _published = Shown::new(slot, &request);
        loop {
            let (done, is_over) = attempt();
            if done.is_some() || is_over {
                return done;
            }
        }
    }
}

/// The calling thread lets time pass, or is parked: something that no other thread can be seen to
/// end, but whoever looks at the thread wants to know.
pub(crate) fn idle<R>(awaited: WaitReason, timed: bool, site: Site, f: impl FnOnce() -> R) -> R {
    static REST: LockKind = LockKind::new("rest");
    static RECORD: Resource = Resource::named(&REST, "rest");
    let Some(slot) = detector::attach() else {
        return f();
    };
    let ident = detector::with_own(slot, |own| RECORD.record.identify(&mut own.pool));
    let lock = (std::ptr::from_ref(ident), LockTraits::NONE);
    let _published = Shown::new(
        slot,
        &WaitRequest::lock(WaitKind::Other(awaited), timed, lock, site),
    );
    f()
}

/// Whether it is time that somebody looks again, and nobody else does: five hundred idle threads
/// beside one that the detector does not know are to cost no more than a few.
fn is_due() -> bool {
    // Relaxed: it stands for no other memory.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    const PAUSE: Duration = Duration::from_millis(20);
    let (now, next) = (wait::now(), NEXT.load(Ordering::Relaxed));
    let then = now + PAUSE.as_nanos() as u64;
    now >= next
        && NEXT
            .compare_exchange(next, then, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
}

/// Looks whether the wait that was published can end; whether to look again later.
fn look(slot: &'static Slot, by: Option<&ResourceState>, site: Site) -> bool {
    match deadlock::check_resource_wait(slot, by) {
        Stuck::No => false,
        Stuck::DependsOnUntracked => true,
        Stuck::Told(panic) => {
            detector::end_in(panic, true, site);
            false
        }
    }
}

/// A published wait, for as long as this lives.
struct Shown(&'static Slot);

impl Shown {
    fn new(slot: &'static Slot, request: &WaitRequest) -> Self {
        slot.wait.publish(request);
        Self(slot)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.0.wait.clear();
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        if let Some(ident) = self.record.retire() {
            detector::retire(ident, false);
        }
    }
}

/// Threads of which one has to act before a wait can end: the workers of a pool.
///
/// A wait for anybody else is [`Resource::wait`].
#[derive(Debug)]
pub struct Providers {
    party: resource_state::LazyResourceState,
}

impl Providers {
    /// Nobody, as yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            party: resource_state::LazyResourceState::new(),
        }
    }

    /// So many threads more will [`enter`](Self::enter), or have to be given up. Until then nobody
    /// is told that a wait for them cannot end.
    pub fn expect(&self, count: usize) {
        self.party
            .get_or_take()
            .change(|members| members.unknown += count);
    }

    /// So many of those that were expected will not enter.
    pub fn give_up(&self, count: usize) {
        self.party
            .get_or_take()
            .change(|members| members.unknown = members.unknown.saturating_sub(count));
    }

    /// The calling thread is one of them from now on, until [`leave`](Self::leave); one of those
    /// that were expected, if any were.
    pub fn enter(&self) {
        let Some(id) = detector::attach().and_then(Slot::thread) else {
            return;
        };
        self.party.get_or_take().change(|members| {
            members.unknown = members.unknown.saturating_sub(1);
            members.threads.push(id);
        });
    }

    /// The calling thread is not one of them any more. Whoever waits for what it can now not do is
    /// told so; what it has done has to be [`provided`](Resource::provided) before this.
    pub fn leave(&self) {
        let Some(slot) = detector::attach() else {
            return;
        };
        let id = slot.thread();
        let party = self.party.get_or_take();
        let was_in = party.change(|members| {
            let at = members
                .threads
                .iter()
                .position(|member| Some(*member) == id);
            at.map(|at| members.threads.swap_remove(at)).is_some()
        });
        if was_in {
            deadlock::provider_left(slot, party);
        }
    }
}

impl Default for Providers {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;

    static KIND: LockKind = LockKind::new("Test");

    #[test]
    fn a_provider_that_provides_and_leaves_after_the_first_attempt_leaves_no_deadlock() {
        let (resource, providers) = (Resource::new(&KIND), Providers::new());
        let done = AtomicBool::new(false);
        providers.enter();
        // The attempt of a primitive that comes before `wait_by`.
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
