//! `Event`: something that has happened, or has not.
//!
//! Whether it is set stands in a word that is read without a lock and changed under one. In an
//! instrumented build, that word also says which threads have learnt of what came before it was
//! set. A thread that has not goes the slow way, on which nothing but what it sees under the lock
//! counts: so what it learns is what came before the very `set` that lets it go on.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::instrument::{
    Clock, LockKind, Resource, SharedMergedClock, WaitReason, ensure_attached, thread_bit,
};

static EVENT: LockKind = LockKind::new("Event");

/// Something that has happened, or has not: threads wait until it has.
///
/// Once it is set it stays so, and nobody waits, until it is cleared. Those who wait when it is set
/// all go on, even if it is cleared before they are awake.
///
/// # Order
///
/// Who sees that it is set, by any method, comes after the `set` by which it has become so: the
/// first one since the last `clear`. Another `set` before the next `clear` does nothing and orders
/// nothing.
///
/// # What it cannot see
///
/// - Anybody may set it. So a wait that never ends is reported only once all threads of the process
///   wait, and none has a timeout.
/// - Of more than 63 threads that look at it between a `set` and the next `clear`, some count as
///   concurrent with the `set`: who has looked is remembered in one word, by the numbers of the
///   threads modulo 63.
///
/// # Cost
///
/// To see that it is set is one load, except, with instrumentation, for the first time in a thread
/// after each `set`. To set it takes a lock, and with instrumentation what
/// [`Clock::release`](crate::instrument::Clock::release) costs.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::Event;
/// use lockwarden::thread;
///
/// static STARTED: Event = Event::named("started");
///
/// thread::scope(|scope| {
///     scope.spawn(|| {
///         // Whatever has to be there before anybody may go on.
///         STARTED.set();
///     });
///     STARTED.wait();
/// });
/// assert!(STARTED.is_set());
/// ```
pub struct Event {
    /// | bit | says |
    /// |---|---|
    /// | [`SET`] | it is set |
    /// | another | it is set, and the thread [marked](mark) by the bit knows what came before |
    ///
    /// Written with the state locked. The Release that sets it pairs with the Acquire of those who
    /// see it; the marks are added by read-modify-writes, which pass that Release on.
    word: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
    record: Resource,
}

/// The bit that is no thread's.
const SET: u64 = 1 << 63;

struct State {
    /// How many times it has become set.
    times: u64,
    /// What came before it was set, if it is.
    past: Clock,
    /// Where those who wait for it will learn that.
    meeting: Option<SharedMergedClock>,
}

/// What one who waits waits for: that it becomes set once more than so often.
struct Next {
    times: u64,
    meeting: SharedMergedClock,
}

// Nothing of the program's runs while the state is changed, so no panic finds it half done.
impl UnwindSafe for Event {}
impl RefUnwindSafe for Event {}

impl Event {
    /// An event that is not set. Its class, by which reports speak of it, is the place of the call.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Event;
    ///
    /// static STOPPED: Event = Event::new();
    /// assert!(!STOPPED.is_set());
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Event {
        Self::of(Resource::new(&EVENT))
    }

    /// An event that is not set, whose class is `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Event;
    ///
    /// static STOPPED: Event = Event::named("stopped");
    /// STOPPED.set();
    /// STOPPED.wait();
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> Event {
        Self::of(Resource::named(&EVENT, name))
    }

    const fn of(record: Resource) -> Event {
        Self {
            word: AtomicU64::new(0),
            state: Mutex::new(State {
                times: 0,
                past: Clock::unknown(),
                meeting: None,
            }),
            changed: Condvar::new(),
            record,
        }
    }

    /// Names this one instance in reports, beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// let ready = lockwarden::sync::Event::new();
    /// ready.set_label("ready, of worker 3");
    /// ```
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.record.set_label(label.as_ref());
    }

    /// Sets it: all who wait go on, and nobody waits from now on. Nothing, if it is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let event = lockwarden::sync::Event::new();
    /// event.set();
    /// event.set();
    /// assert!(event.is_set());
    /// ```
    pub fn set(&self) {
        ensure_attached();
        let mut state = self.state.lock();
        if self.has(SET) {
            return;
        }
        state.times = state.times.wrapping_add(1);
        state.past = Clock::release();
        if let Some(meeting) = state.meeting.take() {
            meeting.add(&state.past);
        }
        // Who sets it knows what came before.
        self.word.store(SET | thread_bit(), Ordering::Release);
        self.changed.notify_all();
        drop(state);
        self.record.provided();
    }

    /// Clears it: who waits from now on waits until it is set again. Nothing, if it is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// let event = lockwarden::sync::Event::new();
    /// event.set();
    /// event.clear();
    /// assert!(!event.is_set());
    /// ```
    pub fn clear(&self) {
        let _state = self.state.lock();
        // Relaxed: who sees this learns nothing by it, and takes the lock before it sleeps.
        self.word.store(0, Ordering::Relaxed);
    }

    /// Whether it is set. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!lockwarden::sync::Event::new().is_set());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.has(SET | thread_bit()) || (self.has(SET) && self.look().is_none())
    }

    /// Waits until it is set.
    ///
    /// # Panics
    ///
    /// If the wait would never end, as the configuration says.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Event;
    /// use lockwarden::thread;
    ///
    /// let event = Event::new();
    /// thread::scope(|scope| {
    ///     scope.spawn(|| event.set());
    ///     event.wait();
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait(&self) {
        if !self.has(SET | thread_bit()) {
            self.wait_until(None);
        }
    }

    /// Waits until it is set, for at most `timeout`; tells whether it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let event = lockwarden::sync::Event::new();
    /// assert!(!event.wait_timeout(Duration::from_millis(1)));
    /// event.set();
    /// assert!(event.wait_timeout(Duration::ZERO));
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        // A deadline that cannot be represented is never reached.
        self.has(SET | thread_bit()) || self.wait_until(Instant::now().checked_add(timeout))
    }

    /// Whether all of `bits` are there.
    #[inline]
    fn has(&self, bits: u64) -> bool {
        // Acquire pairs with the Release of `set`.
        self.word.load(Ordering::Acquire) & bits == bits
    }

    /// Looks anew: learns what came before, if it is set, else what there is to wait for.
    #[cold]
    fn look(&self) -> Option<Next> {
        let mut state = self.state.lock();
        let times = state.times;
        if !self.has(SET) {
            let meeting = state
                .meeting
                .get_or_insert_with(SharedMergedClock::new)
                .clone();
            return Some(Next { times, meeting });
        }
        let past = state.past.clone();
        // It may tell the program's sinks of a new thread.
        MutexGuard::unlocked(&mut state, || past.acquire());
        if state.times == times && self.has(SET) {
            let told = if past.is_known() { thread_bit() } else { !SET };
            // Relaxed, and a read-modify-write: see the field.
            self.word.fetch_or(told, Ordering::Relaxed);
        }
        None
    }

    #[cold]
    #[track_caller]
    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let site = Location::caller();
        let Some(next) = self.look() else { return true };
        let is_over = |limit| self.wait_for(&next, limit).then_some(());
        match deadline {
            Some(deadline) => {
                let set = self
                    .record
                    .wait_until(WaitReason::Event, deadline, site, |left| {
                        is_over(Some(left))
                    });
                if set.is_none() {
                    return false;
                }
            }
            None => self.record.wait(WaitReason::Event, site, is_over),
        }
        next.meeting.acquire();
        true
    }

    /// Waits for at most `limit`; tells whether what is waited for has come.
    fn wait_for(&self, next: &Next, limit: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        let goes_on = |state: &mut State| state.times == next.times;
        match limit {
            Some(limit) => {
                self.changed.wait_while_for(&mut state, goes_on, limit);
            }
            None => self.changed.wait_while(&mut state, goes_on),
        }
        state.times != next.times
    }
}

impl Default for Event {
    #[track_caller]
    fn default() -> Event {
        Event::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the order that it makes to see it: printing is for people.
        f.debug_struct("Event")
            .field("is_set", &self.has(SET))
            .finish_non_exhaustive()
    }
}
