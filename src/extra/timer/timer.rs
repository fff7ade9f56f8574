//! `Timer`: something that is done once, later.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::builder::Builder;
use super::panicked::Panicked;
use crate::extra::deadline;
use crate::instrument::{Resource, Site, WaitReason};
use crate::thread;

/// A callback that runs once, after some time, on a thread of its own.
///
/// Dropping the timer does not stop it: as with a thread, only the right to wait for it is gone.
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
    /// Whether the callback was run is what the thread returns.
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
    /// Runs `f` when `delay` is over.
    ///
    /// What the calling thread did so far comes before what `f` does.
    ///
    /// # Panics
    ///
    /// If the operating system does not start a thread; [`Builder::after`] returns the error
    /// instead. A panic in `f` ends its thread, and comes out of [`join`](Self::join).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::timer::Timer;
    ///
    /// let timer = Timer::after(Duration::from_millis(1), || println!("a millisecond later"));
    /// assert!(timer.join().unwrap());
    /// ```
    #[track_caller]
    pub fn after(delay: Duration, f: impl FnOnce() + Send + 'static) -> Self {
        let started = Builder::new().after(delay, f);
        started.expect("the system starts a thread for the timer")
    }

    pub(super) fn start(
        delay: Duration,
        f: impl FnOnce() + Send + 'static,
        record: Resource,
        thread: thread::Builder,
        site: Site,
    ) -> io::Result<Self> {
        let due = deadline::after(delay);
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

    /// Stops the timer if its callback has not started yet; tells whether it was stopped before
    /// that, by this call or an earlier one. Never waits.
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

    /// Whether the timer is at its end: its callback has run, or it was cancelled. Never waits, and
    /// orders nothing.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Names this one instance in reports, beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.shared.record.set_label(label.as_ref());
    }

    /// Waits for the end of the timer; tells whether its callback was run.
    ///
    /// What the callback did comes before all that the calling thread does next.
    ///
    /// # Errors
    ///
    /// If the callback panicked.
    ///
    /// # Panics
    ///
    /// If the callback waits for itself, and if the wait closes a deadlock, as for a thread.
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
    /// Waits until it is time, or the timer is cancelled; whether the callback is to be run.
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
        // At the last moment it may have been cancelled.
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
