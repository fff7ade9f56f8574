//! `Periodic`: a callback that runs at a fixed rate.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::panicked::Panicked;
use super::schedule::Schedule;
use crate::extra::limited::wait_within;
use crate::instrument::{Resource, Site, WaitReason};
use crate::thread::{self, ThreadId};
use crate::watchdog::PeriodicRuns;

/// Callback that runs repeatedly, at a fixed rate, on a thread of its own.
///
/// The callback is due at one period from the start, at two periods, and so on. A run that is long
/// or late moves none of the later times. If a run is due while the previous one is still under
/// way, it is skipped and counted; see [`missed`](Self::missed).
///
/// Dropping the timer stops it, without waiting for a run that is under way. After a panic in the
/// callback there are no more runs.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use std::time::Duration;
/// use lockwarden::timer::Periodic;
///
/// let (sender, receiver) = mpsc::channel();
/// let tick = Periodic::every(Duration::from_millis(1), move || sender.send("tick").unwrap());
/// for _ in 0..3 {
///     assert_eq!(receiver.recv(), Ok("tick"));
/// }
/// tick.stop().unwrap();
/// ```
#[must_use = "it stops when this is dropped"]
pub struct Periodic {
    shared: Arc<Shared>,
    thread: ThreadId,
    /// Taken by the first thread that waits for the end.
    handle: Mutex<Option<thread::JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    /// Notified when the timer is to stop, and when it has ended.
    changed: Condvar,
    record: Resource,
}

struct State {
    schedule: Schedule,
    is_stopped: bool,
    has_ended: bool,
}

impl Periodic {
    pub(super) fn start(
        period: Duration,
        f: impl FnMut() + Send + 'static,
        record: Resource,
        thread: thread::Builder,
        site: Site,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                schedule: Schedule::new(Instant::now(), period),
                is_stopped: false,
                has_ended: false,
            }),
            changed: Condvar::new(),
            record,
        });
        let own = Arc::clone(&shared);
        let handle = thread.spawn(move || own.run(f, site))?;
        Ok(Self {
            shared,
            thread: handle.thread().id(),
            handle: Mutex::new(Some(handle)),
        })
    }

    /// Prevents further runs, and waits for one that is under way.
    ///
    /// What the callback did happens before what the first caller does next. Any number of threads
    /// may stop the timer, any number of times. If the callback itself calls this method, it does
    /// not wait.
    ///
    /// # Errors
    ///
    /// Returns an error if the callback panicked. Only the first waiting caller gets the panic;
    /// later callers get `Ok`.
    ///
    /// # Panics
    ///
    /// Panics if the wait completes a deadlock, because the callback needs a lock that the calling
    /// thread holds, and the configuration answers that with a panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::timer::Periodic;
    ///
    /// let never = Periodic::every(Duration::MAX, || unreachable!());
    /// never.stop().unwrap();
    /// never.stop().unwrap();
    /// ```
    #[track_caller]
    pub fn stop(&self) -> Result<(), Panicked> {
        let site = std::panic::Location::caller();
        self.shared.stop();
        if thread::current().id() == self.thread {
            return Ok(());
        }
        let handle = self.handle.lock().take();
        match handle {
            Some(handle) => handle.join().map_err(Panicked::new),
            None => {
                self.shared.wait_for_end(site);
                Ok(())
            }
        }
    }

    /// Returns the number of skipped runs, which were due while the previous one was under way, or
    /// while the machine slept.
    ///
    /// The runs skipped because of a long run are counted when that has ended;
    /// [`late_by`](Self::late_by) shows the delay before.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.shared.state.lock().schedule.missed()
    }

    /// Returns for how long the next run has been due; zero if it is not due yet.
    ///
    /// The value grows while a run takes longer than a period. A [watchdog](crate::watchdog)
    /// reports that by itself, like a missed heartbeat. The value is zero once the timer is stopped
    /// or has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::timer::Periodic;
    ///
    /// let hourly = Periodic::every(Duration::from_secs(3600), || ());
    /// assert_eq!(hourly.late_by(), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn late_by(&self) -> Duration {
        let state = self.shared.state.lock();
        if state.is_stopped || state.has_ended {
            return Duration::ZERO;
        }
        Instant::now().saturating_duration_since(state.schedule.due())
    }

    /// Returns whether the timer has ended: it was stopped, or its callback panicked, and no run is
    /// under way. Never waits, and establishes no order.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.shared.state.lock().has_ended
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.shared.record.set_label(label.as_ref());
    }
}

impl Drop for Periodic {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Shared {
    fn run(&self, mut f: impl FnMut(), site: Site) {
        let _end = End(self);
        let name = thread::current().name().unwrap_or("periodic").to_owned();
        let mut runs = PeriodicRuns::new(name, site, self.state.lock().schedule.period());
        while self.wait(site) {
            runs.run(&mut f);
            self.state.lock().schedule.catch_up(Instant::now());
        }
    }

    /// Waits until the next run is due; returns whether there is one.
    fn wait(&self, site: Site) -> bool {
        let due = self.state.lock().schedule.due();
        let attempt = |left| {
            let mut state = self.state.lock();
            if !state.is_stopped {
                self.changed.wait_for(&mut state, left);
            }
            state.is_stopped.then_some(())
        };
        self.record.wait_until(WaitReason::Time, due, site, attempt);
        let mut state = self.state.lock();
        state.schedule.begin();
        !state.is_stopped
    }

    fn stop(&self) {
        self.state.lock().is_stopped = true;
        self.changed.notify_all();
    }

    fn wait_for_end(&self, site: Site) {
        let attempt = |limit: Option<Duration>| {
            let mut state = self.state.lock();
            if !state.has_ended {
                wait_within(&self.changed, &mut state, limit);
            }
            state.has_ended.then_some(())
        };
        if !self.state.lock().has_ended {
            self.record.wait(WaitReason::End, site, attempt);
        }
    }
}

/// Records the end of the runs when dropped, also by a panic of the callback.
struct End<'a>(&'a Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.state.lock().has_ended = true;
        self.0.record.provided();
        self.0.changed.notify_all();
    }
}

impl fmt::Debug for Periodic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state.lock();
        f.debug_struct("Periodic")
            .field("period", &state.schedule.period())
            .field("missed", &state.schedule.missed())
            .field("is_finished", &state.has_ended)
            .finish_non_exhaustive()
    }
}
