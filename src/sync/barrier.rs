//! `Barrier`: std's, watched.
//!
//! It counts for itself, as std's does, since who waits at std's is not told which others it went
//! on with; a thread that is early for the next time would be taken for one of those.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use parking_lot::{Condvar, Mutex};

use crate::instrument::{Meeting, Past};

/// A place at which a number of threads wait for each other, as [`std::sync::Barrier`] is.
///
/// What each of them did before it came comes before all that any of them does when they go on.
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
    state: Mutex<State>,
    full: Condvar,
    threads: usize,
}

struct State {
    /// How many are waiting.
    waiting: usize,
    /// How many times they have gone on.
    generation: usize,
    /// Where those who wait gather what they did; made by the first of them.
    meeting: Option<Meeting>,
}

// Nothing of the program's runs while the state is changed, so no panic finds it half done.
impl UnwindSafe for Barrier {}
impl RefUnwindSafe for Barrier {}

impl Barrier {
    /// A barrier at which `n` threads wait for each other. With none or one, nobody waits.
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
    pub const fn new(n: usize) -> Barrier {
        Self {
            state: Mutex::new(State {
                waiting: 0,
                generation: 0,
                meeting: None,
            }),
            full: Condvar::new(),
            threads: n,
        }
    }

    /// Waits until as many threads have come as the barrier is for. It can then be used again.
    ///
    /// One of the threads, it is not said which, is told that it is the leader.
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
    pub fn wait(&self) -> BarrierWaitResult {
        // Outside the lock, as the arrival below: both may tell the program's sinks of a new
        // thread.
        let past = Past::here();
        let (meeting, is_leader) = self.meet(&past);
        meeting.arrive();
        BarrierWaitResult(is_leader)
    }

    fn meet(&self, past: &Past) -> (Meeting, bool) {
        let mut state = self.state.lock();
        let meeting = state.meeting.get_or_insert_with(Meeting::new).clone();
        meeting.add(past);
        state.waiting += 1;
        if state.waiting >= self.threads {
            state.waiting = 0;
            state.generation = state.generation.wrapping_add(1);
            // Who comes now meets others.
            state.meeting = None;
            self.full.notify_all();
            return (meeting, true);
        }
        let mine = state.generation;
        self.full
            .wait_while(&mut state, |state| state.generation == mine);
        (meeting, false)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

/// What a thread is told at a [`Barrier`], as [`std::sync::BarrierWaitResult`] is.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::{Barrier, BarrierWaitResult};
///
/// let result: BarrierWaitResult = Barrier::new(1).wait();
/// assert!(result.is_leader());
/// ```
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this thread is the one of its kind among those that went on together.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult")
            .field("is_leader", &self.is_leader())
            .finish()
    }
}
