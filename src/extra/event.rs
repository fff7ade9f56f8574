//! `Event`: a flag that threads can wait for.
//!
//! The state is a word that is read without a lock and changed under one. In an instrumented build,
//! that word also has a bit for each thread that has acquired the clock of the `set`. A thread
//! whose bit is clear takes the slow path, which reads the state under the lock only: so the clock
//! that it acquires is that of the `set` that ended its wait.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::extra::limited::{wait_until, wait_while_within};
use crate::instrument;
use crate::instrument::{
    Clock, LockKind, Resource, SharedMergedClock, WaitReason, ensure_attached, thread_bit,
};

static EVENT: LockKind = LockKind::new("Event").resource();

/// Flag that threads can wait for.
///
/// A set event stays set, and no wait blocks, until it is cleared. All threads that wait when it is
/// set continue, even if it is cleared before they wake.
///
/// # Order
///
/// What a thread does after it has seen the event set, by any method, happens after the `set` that
/// made it so: the first one since the last `clear`. Another `set` before the next `clear` does
/// nothing and establishes no order.
///
/// # What it cannot see
///
/// - Any thread may set the event. So a wait that never ends is reported only once all threads of
///   the process wait, and none has a timeout.
/// - The order of a `set` for all of more than 63 threads that check the event before the next
///   `clear`: one word has a bit per thread number modulo 63, so some of the threads count as
///   concurrent with the `set`.
///
/// # Cost
///
/// Seeing the event set costs one load, except, with instrumentation, for the first time in a
/// thread after each `set`. Setting it takes a lock, and with instrumentation costs what
/// [`Clock::release`](crate::instrument::Clock::release) does.
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
///         // The preparation that the other threads wait for.
///         STARTED.set();
///     });
///     STARTED.wait();
/// });
/// assert!(STARTED.is_set());
/// ```
pub struct Event {
    /// | bit | meaning |
    /// |---|---|
    /// | [`SET`] | it is set |
    /// | another | it is set, and the threads with this [bit](thread_bit) have acquired its clock |
    ///
    /// Written with the state locked. The Release that sets the event pairs with the Acquire of the
    /// threads that see it; the thread bits are added by read-modify-writes, which continue the
    /// release sequence.
    word: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
    record: Resource,
}

/// The bit for the event itself; no thread has it.
const SET: u64 = 1 << 63;

struct State {
    /// The number of times that the event has become set.
    times: u64,
    /// The clock of the `set`, if the event is set.
    past: Clock,
    /// The merged clock that the waiting threads will acquire.
    meeting: Option<SharedMergedClock>,
}

/// Condition of a waiting thread: that `State::times` exceeds `times`.
struct Next {
    times: u64,
    meeting: SharedMergedClock,
}

// The program's code never runs while the state is changed, so no panic leaves it half changed.
impl UnwindSafe for Event {}
impl RefUnwindSafe for Event {}

impl Event {
    /// Creates an event that is not set. Its class, which reports name, is the construction site.
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

    /// Creates an event that is not set and whose class is `name`.
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

    /// Sets a label for this instance, which reports show beside the name of its class.
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

    /// Sets the event: all waiting threads continue, and later waits do not block. Does nothing if
    /// the event is set already.
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
        instrument::point("sets", &self.record);
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
        // The setting thread needs no clock of its own, so its bit is set too.
        self.word.store(SET | thread_bit(), Ordering::Release);
        self.changed.notify_all();
        drop(state);
        self.record.provided();
    }

    /// Clears the event: later waits block until it is set again. Does nothing if the event is not
    /// set.
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
        instrument::point("clears", &self.record);
        let _state = self.state.lock();
        // Relaxed: a cleared word publishes nothing, and a thread that sees it takes the lock
        // before it sleeps.
        self.word.store(0, Ordering::Relaxed);
    }

    /// Returns whether the event is set. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!lockwarden::sync::Event::new().is_set());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_set(&self) -> bool {
        instrument::point("looks at", &self.record);
        self.has(SET | thread_bit()) || (self.has(SET) && self.look().is_none())
    }

    /// Waits until the event is set.
    ///
    /// # Panics
    ///
    /// Panics if the wait would never end and the configuration answers that with a panic.
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
        instrument::point("looks at", &self.record);
        if !self.has(SET | thread_bit()) {
            self.wait_until(None);
        }
    }

    /// Waits until the event is set, for at most `timeout`; returns whether it was set.
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
        instrument::point("looks at", &self.record);
        // A deadline that cannot be represented is never reached.
        self.has(SET | thread_bit()) || self.wait_until(Instant::now().checked_add(timeout))
    }

    /// Returns whether all of `bits` are set in the word.
    #[inline]
    fn has(&self, bits: u64) -> bool {
        // Acquire pairs with the Release of `set`.
        self.word.load(Ordering::Acquire) & bits == bits
    }

    /// Checks the state under the lock: acquires the clock if the event is set, otherwise returns
    /// the condition to wait for.
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
        // Outside the lock, since the attachment may call the program's sinks.
        drop(state);
        past.acquire();
        let state = self.state.lock();
        if state.times == times && self.has(SET) {
            let acquired_by = if past.is_known() { thread_bit() } else { !SET };
            // Relaxed, and a read-modify-write: see the field `word`.
            self.word.fetch_or(acquired_by, Ordering::Relaxed);
        }
        None
    }

    #[cold]
    #[track_caller]
    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let site = Location::caller();
        let Some(next) = self.look() else { return true };
        let mut is_over = |limit| self.wait_for(&next, limit).then_some(());
        let set = wait_until(
            &self.record,
            None,
            WaitReason::Event,
            deadline,
            site,
            &mut is_over,
        );
        if set.is_some() {
            next.meeting.acquire();
        }
        set.is_some()
    }

    /// Waits for at most `limit`; returns whether the condition holds.
    fn wait_for(&self, next: &Next, limit: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        wait_while_within(&self.changed, &mut state, limit, |state| {
            state.times == next.times
        })
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
        // Without acquiring the clock: a debug print must establish no order.
        f.debug_struct("Event")
            .field("is_set", &self.has(SET))
            .finish_non_exhaustive()
    }
}
