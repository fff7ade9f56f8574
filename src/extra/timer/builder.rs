//! Construction of timers with a name, and with an error if the system cannot start a thread.

use std::io;
use std::panic::Location;
use std::time::Duration;

use super::periodic::Periodic;
use super::timer::Timer;
use crate::instrument::{LockKind, Resource, Site};
use crate::thread;

/// Builder of a timer: sets its name.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::thread;
/// use lockwarden::timer::Builder;
///
/// let timer = Builder::new()
///     .name("greeter")
///     .after(Duration::ZERO, || assert_eq!(thread::current().name(), Some("greeter")))
///     .unwrap();
/// assert!(timer.join().unwrap());
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "call `after` or `every`"]
pub struct Builder {
    name: Option<&'static str>,
}

impl Builder {
    /// Creates a builder without a name: the thread is called "timer" or "periodic".
    pub const fn new() -> Self {
        Self { name: None }
    }

    /// Sets the name of the timer and its thread, in reports and in the message of a panic.
    pub const fn name(self, name: &'static str) -> Self {
        Self { name: Some(name) }
    }

    /// Creates a timer as [`Timer::after`] does.
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system cannot start a thread, or the name contains a null
    /// byte.
    #[track_caller]
    pub fn after(self, delay: Duration, f: impl FnOnce() + Send + 'static) -> io::Result<Timer> {
        const KIND: LockKind = LockKind::new("Timer").resource();
        let site = Location::caller();
        Timer::start(delay, f, self.record(&KIND), self.thread("timer")?, site)
    }

    /// Creates a timer as [`Periodic::every`] does.
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system cannot start a thread, or the name contains a null
    /// byte.
    #[track_caller]
    pub fn every(self, period: Duration, f: impl FnMut() + Send + 'static) -> io::Result<Periodic> {
        const KIND: LockKind = LockKind::new("Periodic").resource();
        let site: Site = Location::caller();
        let thread = self.thread("periodic")?;
        Periodic::start(period, f, self.record(&KIND), thread, site)
    }

    #[track_caller]
    fn record(self, kind: &'static LockKind) -> Resource {
        match self.name {
            Some(name) => Resource::named(kind, name),
            None => Resource::new(kind),
        }
    }

    fn thread(self, otherwise: &str) -> io::Result<thread::Builder> {
        let name = self.name.unwrap_or(otherwise);
        if name.contains('\0') {
            let why = "the name of a timer contains a null byte";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok(thread::Builder::new().name(name.to_owned()))
    }
}

impl Timer {
    /// Runs `f` after `delay`.
    ///
    /// What the calling thread did before happens before what `f` does.
    ///
    /// # Panics
    ///
    /// Panics if the operating system cannot start a thread; [`Builder::after`] returns the error
    /// instead. A panic in `f` ends its thread, and is returned by [`join`](Self::join).
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
}

impl Periodic {
    /// Runs `f` every `period`, the first time after one period. A period of zero counts as one
    /// nanosecond.
    ///
    /// What the calling thread did before happens before what `f` does.
    ///
    /// # Panics
    ///
    /// Panics if the operating system cannot start a thread; [`Builder::every`] returns the error
    /// instead. A panic in `f` ends its thread, and is returned by [`stop`](Self::stop).
    #[track_caller]
    pub fn every(period: Duration, f: impl FnMut() + Send + 'static) -> Self {
        let started = Builder::new().every(period, f);
        started.expect("the system starts a thread for the timer")
    }
}
