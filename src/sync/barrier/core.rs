//! `Barrier`: a point at which threads wait for each other.

use std::cell::Cell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::error::{BarrierTimeoutError, BrokenBarrierError};
use super::generations::{Arrival, Generations};
use super::result::BarrierWaitResult;
use crate::extra::limited::{wait_until, wait_while_within};
use crate::instrument::{self, Clock, Counts, LockKind, Resource, Site, WaitReason};

static BARRIER: LockKind = LockKind::new("Barrier").resource();

/// Point at which a number of threads wait for each other, as [`std::sync::Barrier`] is.
///
/// # Order
///
/// What each thread did before it arrived happens before all that any of them does after the
/// barrier. A wait that fails establishes no order.
///
/// # To give up
///
/// Beyond std's, a barrier can be *broken*, so that no thread waits for one that will not arrive:
/// by [`abort`](Self::abort), by a [`wait_timeout`](Self::wait_timeout) whose time limit passes, or
/// by a wait that panics because it is part of a deadlock. All present waits and all later ones
/// then fail, until the barrier is [`reset`](Self::reset).
///
/// # What it cannot see
///
/// Any thread may be among those that are to arrive. So a wait that never ends is reported only
/// once all threads of the process wait, and none has a timeout.
///
/// # Cost
///
/// One lock acquisition per wait. With instrumentation, for a barrier of more than one thread, some
/// tens of nanoseconds more, and a look-up for each thread that arrives.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::Barrier;
/// use lockwarden::thread;
///
/// let barrier = Barrier::new(3);
/// thread::scope(|scope| {
///     for _ in 0..3 {
///         scope.spawn(|| {
///             // All three arrive here
///             barrier.wait();
///             // before any of them gets here.
///         });
///     }
/// });
/// ```
pub struct Barrier {
    rounds: Mutex<Generations>,
    over: Condvar,
    threads: usize,
    record: Resource,
}

// The program's code never runs while the state is changed, so no panic leaves it half changed.
impl UnwindSafe for Barrier {}
impl RefUnwindSafe for Barrier {}

impl Barrier {
    /// Creates a barrier for `n` threads. With `n` of 0 or 1, a wait returns at once.
    ///
    /// Its class, which reports name, is the construction site.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new(n: usize) -> Barrier {
        Self::of(n, Resource::new(&BARRIER))
    }

    /// Creates a barrier for `n` threads whose class is `name`.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str, n: usize) -> Barrier {
        Self::of(n, Resource::named(&BARRIER, name))
    }

    const fn of(threads: usize, record: Resource) -> Barrier {
        Self {
            rounds: Mutex::new(Generations::new()),
            over: Condvar::new(),
            threads,
            record,
        }
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.record.set_label(label.as_ref());
    }

    /// Waits until as many threads have arrived as the barrier is for. It can then be used again.
    ///
    /// One of the threads, it is unspecified which, gets a result with `is_leader`.
    ///
    /// # Panics
    ///
    /// Panics if the barrier is broken, or gets broken during the wait, which takes a call that
    /// std's barrier does not have; [`wait_checked`](Self::wait_checked) returns an error instead.
    /// Panics also if the wait would never end and the configuration answers that with a panic,
    /// which breaks the barrier.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        match self.meet(None, Location::caller()) {
            Ok(result) => result,
            Err(_) => panic!("the barrier at which this thread waits is broken"),
        }
    }

    /// Waits like [`wait`](Self::wait), but a broken barrier is an error.
    ///
    /// # Errors
    ///
    /// Returns an error if the barrier is broken, or gets broken during the wait.
    ///
    /// # Panics
    ///
    /// Panics if the wait would never end and the configuration answers that with a panic. That
    /// breaks the barrier.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::{Barrier, BrokenBarrierError};
    /// use lockwarden::thread;
    ///
    /// let barrier = Barrier::new(2);
    /// thread::scope(|scope| {
    ///     let other = scope.spawn(|| barrier.wait_checked().map(|_| ()));
    ///     // This thread has failed, and will not arrive.
    ///     barrier.abort();
    ///     assert_eq!(other.join().unwrap(), Err(BrokenBarrierError));
    /// });
    /// ```
    #[track_caller]
    pub fn wait_checked(&self) -> Result<BarrierWaitResult, BrokenBarrierError> {
        // Without a deadline the wait never times out.
        self.meet(None, Location::caller())
            .map_err(|_| BrokenBarrierError)
    }

    /// Waits like [`wait_checked`](Self::wait_checked), for at most `timeout`. If not all threads
    /// have arrived by then, breaks the barrier.
    ///
    /// # Errors
    ///
    /// Returns an error if the time limit passes before all threads have arrived, or the barrier is
    /// broken.
    #[track_caller]
    pub fn wait_timeout(
        &self,
        timeout: Duration,
    ) -> Result<BarrierWaitResult, BarrierTimeoutError> {
        // A deadline that cannot be represented is never reached.
        self.meet(Instant::now().checked_add(timeout), Location::caller())
    }

    /// Breaks the barrier: all present and later waits fail.
    ///
    /// # Examples
    ///
    /// ```
    /// let barrier = lockwarden::sync::Barrier::new(2);
    /// barrier.abort();
    /// assert!(barrier.wait_checked().is_err());
    /// ```
    pub fn abort(&self) {
        self.end(true);
    }

    /// Restores the barrier to its initial state. Present waits fail with the error of a broken
    /// barrier.
    pub fn reset(&self) {
        self.end(false);
    }

    /// Returns whether the barrier is broken, in which case a wait fails.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        instrument::point("looks at", &self.record);
        self.rounds.lock().is_broken()
    }

    /// Returns the number of threads that wait.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        instrument::point("looks at", &self.record);
        self.rounds.lock().waiting()
    }

    fn meet(
        &self,
        deadline: Option<Instant>,
        site: Site,
    ) -> Result<BarrierWaitResult, BarrierTimeoutError> {
        if self.threads > 1 {
            return self.meet_others(deadline, site);
        }
        // A barrier for one thread never blocks and orders nothing.
        match self.is_broken() {
            true => Err(BarrierTimeoutError::Broken),
            false => Ok(BarrierWaitResult(true)),
        }
    }

    fn meet_others(
        &self,
        deadline: Option<Instant>,
        site: Site,
    ) -> Result<BarrierWaitResult, BarrierTimeoutError> {
        // Outside the lock, as the acquire below: both may call the program's sinks for the first
        // event of a thread.
        instrument::point("arrives at", &self.record);
        let past = Clock::release();
        let coming = self.rounds.lock().come(self.threads, &past)?;
        let (meeting, is_leader) = match coming {
            Arrival::Last(meeting) => {
                self.wake();
                (meeting, true)
            }
            Arrival::Early(round, meeting) => {
                self.wait_for_the_others(round, deadline, site)?;
                (meeting, false)
            }
        };
        meeting.acquire();
        Ok(BarrierWaitResult(is_leader))
    }

    #[cold]
    fn wait_for_the_others(
        &self,
        round: usize,
        deadline: Option<Instant>,
        site: Site,
    ) -> Result<(), BarrierTimeoutError> {
        let seat = Seat {
            barrier: self,
            round,
            outcome: Cell::new(None),
        };
        let mut is_over = |limit| seat.wait(limit).then_some(());
        let counts = || {
            let arrived = self.rounds.lock().waiting();
            Counts::new(self.threads, arrived, arrived)
        };
        wait_until(
            &self.record,
            Some(&counts),
            WaitReason::Arrival,
            deadline,
            site,
            &mut is_over,
        );
        seat.leave()
    }

    /// Fails the present generation, whose waiting threads wake, and leaves the barrier broken or not.
    fn end(&self, is_broken: bool) {
        instrument::point("ends", &self.record);
        let mut rounds = self.rounds.lock();
        rounds.set_broken(is_broken);
        rounds.fail();
        drop(rounds);
        self.wake();
    }

    fn wake(&self) {
        self.over.notify_all();
        self.record.provided();
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

/// Arrival of a waiting thread; counted until it has an outcome or a panic drops it.
struct Seat<'a> {
    barrier: &'a Barrier,
    round: usize,
    /// How the generation has ended, once the thread has left it.
    outcome: Cell<Option<Result<(), BrokenBarrierError>>>,
}

impl Seat<'_> {
    /// Waits for at most `limit`; returns whether the generation is over.
    fn wait(&self, limit: Option<Duration>) -> bool {
        let mut rounds = self.barrier.rounds.lock();
        let runs = |rounds: &mut Generations| rounds.runs(self.round);
        if !wait_while_within(&self.barrier.over, &mut rounds, limit, runs) {
            return false;
        }
        // All threads of the generation are about to ask for this lock, so it is asked for once by each.
        self.outcome.set(rounds.leave(self.round));
        true
    }

    /// Ends the wait and returns how the generation ended. If it has not ended, the time limit has
    /// passed.
    fn leave(self) -> Result<(), BarrierTimeoutError> {
        let seat = ManuallyDrop::new(self);
        match seat.outcome.get() {
            Some(outcome) => outcome.map_err(BarrierTimeoutError::from),
            None => seat.stand_up(),
        }
    }

    fn stand_up(&self) -> Result<(), BarrierTimeoutError> {
        let mut rounds = self.barrier.rounds.lock();
        if let Some(outcome) = rounds.leave(self.round) {
            return outcome.map_err(BarrierTimeoutError::from);
        }
        // The other waiting threads wait for one more arrival than there will be.
        rounds.set_broken(true);
        rounds.fail();
        drop(rounds);
        self.barrier.wake();
        Err(BarrierTimeoutError::Timeout)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if self.outcome.get().is_none() {
            // The wait has panicked, so the outcome of the generation is unused.
            let _ = self.stand_up();
        }
    }
}
