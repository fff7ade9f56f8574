//! `Timer`: a callback that runs once, after a delay.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::panicked::Panicked;
use crate::instrument::{Resource, Site, WaitReason, deadline_after};
use crate::thread;

/// Callback that runs once, after a delay, on a thread of its own.
///
/// Dropping the timer does not stop it, as with a thread handle: it only gives up the possibility
/// to join it.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use std::time::Duration;
/// use lockwarden::timer::Timer;
///
/// let (sender, receiver) = mpsc::channel();
/// let _timer = Timer::after(Duration::from_millis(1), move || sender.send("time is up").unwrap());
/// assert_eq!(receiver.recv(), Ok("time is up"));
///
/// let later = Timer::after(Duration::from_secs(3600), || unreachable!());
/// assert!(later.cancel());
/// assert!(!later.join().unwrap());
/// ```
pub struct Timer {
    shared: Arc<Shared>,
    /// The thread's result is whether the callback was run.
    handle: thread::JoinHandle<bool>,
}

struct Shared {
    phase: Mutex<Phase>,
    /// Notified when the timer is cancelled.
    cancelled: Condvar,
    record: Resource,
}

/// | from | to | by |
/// |---|---|---|
/// | `Waiting` | `Cancelled` | `cancel` |
/// | `Waiting` | `Started` | the thread, when it is time |
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Cancelled,
    Started,
}

impl Timer {
    pub(super) fn start(
        delay: Duration,
        f: impl FnOnce() + Send + 'static,
        record: Resource,
        thread: thread::Builder,
        site: Site,
    ) -> io::Result<Self> {
        let due = deadline_after(delay);
        let shared = Arc::new(Shared {
            phase: Mutex::new(Phase::Waiting),
            cancelled: Condvar::new(),
            record,
        });
        let seen = Arc::clone(&shared);
        let handle = thread.spawn(move || {
            let is_time = seen.wait(due, site);
            if is_time {
                f();
            }
            is_time
        })?;
        Ok(Self { shared, handle })
    }

    /// Cancels the timer if its callback has not started yet; returns whether the timer was
    /// cancelled before that, by this call or an earlier one. Never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use lockwarden::timer::Timer;
    ///
    /// let timer = Timer::after(Duration::MAX, || ());
    /// assert!(timer.cancel() && timer.cancel());
    ///
    /// let (sender, receiver) = mpsc::channel();
    /// let timer = Timer::after(Duration::ZERO, move || sender.send(()).unwrap());
    /// receiver.recv().unwrap();
    /// assert!(!timer.cancel());
    /// ```
    pub fn cancel(&self) -> bool {
        let mut phase = self.shared.phase.lock();
        if *phase == Phase::Waiting {
            *phase = Phase::Cancelled;
            self.shared.cancelled.notify_one();
        }
        *phase == Phase::Cancelled
    }

    /// Returns whether the timer has ended: its callback has run, or it was cancelled. Never waits,
    /// and establishes no order.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.shared.record.set_label(label.as_ref());
    }

    /// Waits for the end of the timer; returns whether its callback was run.
    ///
    /// What the callback did happens before all that the calling thread does next.
    ///
    /// # Errors
    ///
    /// Returns an error if the callback panicked.
    ///
    /// # Panics
    ///
    /// Panics if the callback joins its own timer, or if the wait completes a deadlock, as for a
    /// thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::timer::Timer;
    ///
    /// let timer = Timer::after(Duration::ZERO, || ());
    /// assert_eq!(timer.join().unwrap(), true);
    /// ```
    #[track_caller]
    pub fn join(self) -> Result<bool, Panicked> {
        let own = self.handle.thread().id() == thread::current().id();
        assert!(!own, "the callback of a timer cannot wait for the timer");
        self.handle.join().map_err(Panicked::new)
    }
}

impl Shared {
    /// Waits until `due` or until the timer is cancelled; returns whether to run the callback.
    fn wait(&self, due: Instant, site: Site) -> bool {
        let attempt = |left| {
            let mut phase = self.phase.lock();
            if *phase == Phase::Waiting {
                self.cancelled.wait_for(&mut phase, left);
            }
            (*phase == Phase::Cancelled).then_some(())
        };
        self.record.wait_until(WaitReason::Time, due, site, attempt);
        let mut phase = self.phase.lock();
        // The timer may have been cancelled just before the deadline.
        if *phase == Phase::Waiting {
            *phase = Phase::Started;
        }
        *phase == Phase::Started
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
