//! `Periodic`: something that is done again and again.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::builder::Builder;
use super::panicked::Panicked;
use super::schedule::Schedule;
use crate::extra::deadline;
use crate::instrument::{Resource, Site, WaitReason};
use crate::thread::{self, ThreadId};
use crate::watchdog::PeriodicRuns;

/// A callback that runs again and again, at a fixed rate, on a thread of its own.
///
/// The times are those of a clock that starts with it: one period from the start, two periods, and
/// so on. A run that takes long, or is late, moves none of the later times. When its time comes
/// while the run before is still under way, a run is left out and counted; see
/// [`missed`](Self::missed).
///
/// Dropping it stops it, without waiting for a run that is under way. After a panic in the callback
/// there are no more runs.
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
    /// Taken by the first who waits for the end.
    handle: Mutex<Option<thread::JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    /// Notified when it is to stop, and when it has ended.
    changed: Condvar,
    record: Resource,
}

struct State {
    schedule: Schedule,
    is_stopped: bool,
    has_ended: bool,
}

impl Periodic {
    /// Runs `f` every `period`, the first time when one period is over. A period of zero counts as
    /// a nanosecond.
    ///
    /// What the calling thread did so far comes before what `f` does.
    ///
    /// # Panics
    ///
    /// If the operating system does not start a thread; [`Builder::every`] returns the error
    /// instead. A panic in `f` ends its thread, and comes out of [`stop`](Self::stop).
    #[track_caller]
    pub fn every(period: Duration, f: impl FnMut() + Send + 'static) -> Self {
        let started = Builder::new().every(period, f);
        started.expect("the system starts a thread for the timer")
    }

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

    /// Lets no further run begin, and waits for one that is under way.
    ///
    /// What the callback did comes before what the first caller does next. Any number of threads
    /// may stop it, any number of times. Called by the callback itself, it does not wait.
    ///
    /// # Errors
    ///
    /// If the callback panicked. The panic is handed to the first who waits; for later callers the
    /// timer is just stopped.
    ///
    /// # Panics
    ///
    /// If the wait closes a deadlock, as the configuration says: the callback needs something that
    /// the calling thread holds.
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

    /// How many runs were left out, since their time came while the one before was under way, or
    /// while the machine slept.
    ///
    /// Those that a run has cost are counted when it has ended; [`late_by`](Self::late_by) tells
    /// before.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.shared.state.lock().schedule.missed()
    }

    /// For how long the next run has been due: zero while all is well.
    ///
    /// It grows while a run takes longer than a period. A [watchdog](crate::watchdog) tells of that by
    /// itself, as of a heartbeat that is missed.
    /// It is zero once the timer is stopped or has ended.
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

    /// Whether it has ended: it was stopped, or its callback panicked, and no run is under way.
    /// Never waits, and orders nothing.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.shared.state.lock().has_ended
    }

    /// Names this one instance in reports, beside the name of its class.
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

    /// Waits for the time of the next run; whether there is one.
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
                let until = deadline::after(limit.unwrap_or(Duration::MAX));
                self.changed.wait_until(&mut state, until);
            }
            state.has_ended.then_some(())
        };
        if !self.state.lock().has_ended {
            self.record.wait(WaitReason::End, site, attempt);
        }
    }
}

/// Says, also when the callback panics, that there are no more runs.
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
