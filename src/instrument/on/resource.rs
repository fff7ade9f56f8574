//! Waiting for what is no lock: messages, room, permits, events.

use std::panic::Location;
use std::time::{Duration, Instant};

use crate::detector;
use crate::instrument::{Awaited, LockKind, Site};
use crate::tracking::record::Record;

/// The record of something that threads wait for and that is no lock: a channel, a queue, an event.
///
/// # Examples
///
/// A latch that opens once:
///
/// ```
/// use std::panic::Location;
/// use std::sync::{Condvar, Mutex};
/// use lockwarden::instrument::{Awaited, LockKind, Resource};
///
/// static LATCH: LockKind = LockKind::new("Latch");
///
/// struct Latch { open: Mutex<bool>, opened: Condvar, record: Resource }
///
/// impl Latch {
///     #[track_caller]
///     fn new() -> Self {
///         Self { open: Mutex::new(false), opened: Condvar::new(), record: Resource::new(&LATCH) }
///     }
///
///     fn open(&self) {
///         *self.open.lock().unwrap() = true;
///         self.opened.notify_all();
///     }
///
///     #[track_caller]
///     fn wait(&self) {
///         if *self.open.lock().unwrap() {
///             return;
///         }
///         self.record.wait(Awaited::Event, Location::caller(), |limit| {
///             let open = self.open.lock().unwrap();
///             let open = match limit {
///                 _ if *open => open,
///                 Some(limit) => self.opened.wait_timeout(open, limit).unwrap().0,
///                 None => self.opened.wait(open).unwrap(),
///             };
///             open.then_some(())
///         });
///     }
/// }
///
/// let latch = Latch::new();
/// latch.open();
/// latch.wait();
/// ```
#[derive(Debug)]
pub struct Resource {
    record: Record,
}

impl Resource {
    /// The record of a resource whose class is the place of the call.
    #[must_use]
    #[track_caller]
    pub const fn new(kind: &'static LockKind) -> Self {
        Self {
            record: Record::new(kind, None, Location::caller()),
        }
    }

    /// The record of a resource whose class is `name`.
    #[must_use]
    #[track_caller]
    pub const fn named(kind: &'static LockKind, name: &'static str) -> Self {
        Self {
            record: Record::new(kind, Some(name), Location::caller()),
        }
    }

    /// Names this one instance in reports, beside the name of its class.
    pub fn set_label(&self, label: &str) {
        if let Some(slot) = detector::attach() {
            detector::with_own(slot, |own| self.record.identify(&mut own.pool)).set_label(label);
        }
    }

    /// Waits, without a limit, until `attempt` returns something.
    ///
    /// `attempt` tries, waits for at most the time that it is given (without a limit if that is
    /// `None`), and tries again; `None` says that it is not done. Between two calls it must hold
    /// nothing of the primitive that others need: reports are made there. It is to be called only
    /// after an attempt without waiting has failed, so that nothing is recorded of those that
    /// succeed at once.
    ///
    /// # Panics
    ///
    /// If the wait would never end, as the configuration says.
    #[cold]
    pub fn wait<T>(
        &self,
        awaited: Awaited,
        site: Site,
        mut attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        let _ = (awaited, site);
        loop {
            if let Some(done) = attempt(None) {
                return done;
            }
        }
    }

    /// The same, where nobody but `providers` can end the wait.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
    #[cold]
    pub fn wait_by<T>(
        &self,
        providers: &Providers,
        awaited: Awaited,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        let _ = providers;
        self.wait(awaited, site, attempt)
    }

    /// Waits until `deadline` at most; `None` if that is over before `attempt` returns something.
    ///
    /// Such a wait is told to nobody but the watchdog: it ends by itself.
    #[cold]
    pub fn wait_until<T>(
        &self,
        awaited: Awaited,
        deadline: Instant,
        site: Site,
        mut attempt: impl FnMut(Duration) -> Option<T>,
    ) -> Option<T> {
        let _ = (awaited, site);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let done = attempt(left);
            if done.is_some() || left.is_zero() {
                return done;
            }
        }
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        if let Some(ident) = self.record.retire() {
            detector::retire(ident, false);
        }
    }
}

/// Threads of which one has to act before a wait can end: the workers of a pool.
///
/// A wait for anybody else is [`Resource::wait`].
#[derive(Debug, Default)]
pub struct Providers(());

impl Providers {
    /// Nobody, as yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }

    /// The calling thread is one of them from now on, until [`leave`](Self::leave).
    pub fn enter(&self) {}

    /// The calling thread is not one of them any more.
    pub fn leave(&self) {}
}
