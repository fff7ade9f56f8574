//! `Barrier`: where threads wait for each other.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::error::{BarrierTimeoutError, BrokenBarrierError};
use super::generations::{Arrival, Generations};
use super::result::BarrierWaitResult;
use crate::instrument::{Clock, Counts, LockKind, Resource, Site, WaitReason};

static BARRIER: LockKind = LockKind::new("Barrier");

/// A place at which a number of threads wait for each other, as [`std::sync::Barrier`] is.
///
/// # Order
///
/// What each of them did before it came comes before all that any of them does when they go on. Who
/// goes on without the others comes after nobody.
///
/// # To give up
///
/// Beyond std's, a barrier can be *broken*, so that nobody waits for somebody who will not come:
/// by [`abort`](Self::abort), by a [`wait_timeout`](Self::wait_timeout) whose time is over, by a
/// thread whose wait panics, since it is part of a deadlock. All who wait are told so, and all who
/// come later, until it is [`reset`](Self::reset).
///
/// # What it cannot see
///
/// Any thread may be among those that are to come. So a wait that never ends is reported only once
/// all threads of the process wait, and none has a timeout.
///
/// # Cost
///
/// A lock at each wait. With instrumentation, if it is for more than one thread, some tens of
/// nanoseconds more, and a look-up for each thread that comes.
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
///             // All three come here
///             barrier.wait();
///             // before any of them comes here.
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

// Nothing of the program's runs while the state is changed, so no panic finds it half done.
impl UnwindSafe for Barrier {}
impl RefUnwindSafe for Barrier {}

impl Barrier {
    /// A barrier at which `n` threads wait for each other. With none or one, nobody waits.
    ///
    /// Its class, by which reports speak of it, is the place of the call.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Barrier;
    ///
    /// static START: Barrier = Barrier::new(1);
    /// assert!(START.wait().is_leader());
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new(n: usize) -> Barrier {
        Self::of(n, Resource::new(&BARRIER))
    }

    /// A barrier at which `n` threads wait for each other, whose class is `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Barrier;
    ///
    /// static START: Barrier = Barrier::named("start", 1);
    /// assert!(START.wait().is_leader());
    /// ```
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

    /// Names this one instance in reports, beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// let barrier = lockwarden::sync::Barrier::new(2);
    /// barrier.set_label("end of phase 1");
    /// ```
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.record.set_label(label.as_ref());
    }

    /// Waits until as many threads have come as the barrier is for. It can then be used again.
    ///
    /// One of the threads, it is not said which, is told that it is the leader.
    ///
    /// # Panics
    ///
    /// If the barrier is broken, or gets broken meanwhile, which takes a call that std's barrier
    /// does not have; [`wait_checked`](Self::wait_checked) says so instead. If the wait would never
    /// end, as the configuration says: that breaks the barrier.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Barrier;
    /// use lockwarden::thread;
    ///
    /// let barrier = Barrier::new(2);
    /// let leaders = thread::scope(|scope| {
    ///     let other = scope.spawn(|| barrier.wait().is_leader());
    ///     [barrier.wait().is_leader(), other.join().unwrap()]
    /// });
    /// assert_ne!(leaders[0], leaders[1]);
    /// ```
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        match self.meet(None, Location::caller()) {
            Ok(result) => result,
            Err(_) => panic!("the barrier at which this thread waits is broken"),
        }
    }

    /// Like [`wait`](Self::wait), but a broken barrier is an error.
    ///
    /// # Errors
    ///
    /// If the barrier is broken, or gets broken meanwhile.
    ///
    /// # Panics
    ///
    /// If the wait would never end, as the configuration says. That breaks the barrier.
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
    ///     // Something went wrong here, so nobody will come.
    ///     barrier.abort();
    ///     assert_eq!(other.join().unwrap(), Err(BrokenBarrierError));
    /// });
    /// ```
    #[track_caller]
    pub fn wait_checked(&self) -> Result<BarrierWaitResult, BrokenBarrierError> {
        // Without a deadline it never times out.
        self.meet(None, Location::caller())
            .map_err(|_| BrokenBarrierError)
    }

    /// Like [`wait_checked`](Self::wait_checked), for at most `timeout`. If not all have come by
    /// then, the barrier is broken for all.
    ///
    /// # Errors
    ///
    /// If the time is over before all have come, or the barrier is broken.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::sync::{Barrier, BarrierTimeoutError};
    ///
    /// let barrier = Barrier::new(2);
    /// let alone = barrier.wait_timeout(Duration::from_millis(1));
    /// assert_eq!(alone.unwrap_err(), BarrierTimeoutError::Timeout);
    /// assert!(barrier.is_broken());
    /// ```
    #[track_caller]
    pub fn wait_timeout(
        &self,
        timeout: Duration,
    ) -> Result<BarrierWaitResult, BarrierTimeoutError> {
        // A deadline that cannot be represented is never reached.
        self.meet(Instant::now().checked_add(timeout), Location::caller())
    }

    /// Breaks the barrier: all who wait, and all who come from now on, are told so.
    ///
    /// # Examples
    ///
    /// ```
    /// let barrier = lockwarden::sync::Barrier::new(2);
    /// barrier.abort();
    /// assert!(barrier.wait_checked().is_err());
    /// ```
    pub fn abort(&self) {
        self.end(|rounds| {
            rounds.set_broken(true);
            rounds.fail();
        });
    }

    /// Makes the barrier as new. Those who wait are told that it is broken.
    ///
    /// # Examples
    ///
    /// ```
    /// let barrier = lockwarden::sync::Barrier::new(1);
    /// barrier.abort();
    /// barrier.reset();
    /// assert!(barrier.wait().is_leader());
    /// ```
    pub fn reset(&self) {
        self.end(|rounds| {
            rounds.set_broken(false);
            rounds.fail();
        });
    }

    /// Whether the barrier is broken: who comes now is told so.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!lockwarden::sync::Barrier::new(2).is_broken());
    /// ```
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.rounds.lock().is_broken()
    }

    /// How many threads wait for the others.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(lockwarden::sync::Barrier::new(2).n_waiting(), 0);
    /// ```
    #[must_use]
    pub fn n_waiting(&self) -> usize {
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
        // Nobody ever waits, and who is alone has nobody to come after.
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
        // Outside the lock, as the arrivals below: both may tell the program's sinks of a new
        // thread.
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
            left: false,
        };
        let is_over = |limit| seat.wait(limit).then_some(());
        match deadline {
            Some(deadline) => {
                let arrival = WaitReason::Arrival;
                let _ = self
                    .record
                    .wait_until(arrival, deadline, site, |left| is_over(Some(left)));
            }
            None => {
                let counts = || {
                    let arrived = self.rounds.lock().waiting();
                    Counts::new(self.threads, arrived, arrived)
                };
                self.record
                    .wait_counted(counts, WaitReason::Arrival, site, is_over);
            }
        }
        seat.leave()
    }

    /// Ends the round that runs, in one way or another, and tells all who wait.
    fn end(&self, how: impl FnOnce(&mut Generations)) {
        how(&mut self.rounds.lock());
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

/// One who waits, and is among those who are counted until this is left, also by a panic.
struct Seat<'a> {
    barrier: &'a Barrier,
    round: usize,
    left: bool,
}

impl Seat<'_> {
    /// Waits for at most `limit`; tells whether the round is over.
    fn wait(&self, limit: Option<Duration>) -> bool {
        let mut rounds = self.barrier.rounds.lock();
        let runs = |rounds: &mut Generations| rounds.runs(self.round);
        match limit {
            Some(limit) => {
                self.barrier.over.wait_while_for(&mut rounds, runs, limit);
            }
            None => self.barrier.over.wait_while(&mut rounds, runs),
        }
        !rounds.runs(self.round)
    }

    /// Ends the wait: how the round has ended. If it has not, it has no time left.
    fn leave(mut self) -> Result<(), BarrierTimeoutError> {
        self.left = true;
        self.stand_up()
    }

    fn stand_up(&self) -> Result<(), BarrierTimeoutError> {
        let mut rounds = self.barrier.rounds.lock();
        if let Some(outcome) = rounds.leave(self.round) {
            return outcome.map_err(BarrierTimeoutError::from);
        }
        // Those who are there wait for one more than will ever be.
        rounds.set_broken(true);
        rounds.fail();
        drop(rounds);
        self.barrier.wake();
        Err(BarrierTimeoutError::Timeout)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if !self.left {
            // The wait has panicked, and nobody is told how the round has ended.
            let _ = self.stand_up();
        }
    }
}
