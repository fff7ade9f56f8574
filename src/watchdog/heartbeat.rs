//! Heartbeats: a loop reports that it is alive.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::sample::PulseSample;
use super::startup;
use crate::engine::ids::{Site, ThreadId};
use crate::tracking::thread::wait;

/// A signal that a loop has to give within every limit; the watchdog reports one that is missed.
///
/// Made by [`Watchdog::heartbeat`](super::Watchdog::heartbeat). The limit runs from then on, until the
/// heartbeat is dropped. A heartbeat may be sent to the thread that beats, and several threads may
/// share it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::watchdog::Watchdog;
///
/// # fn main() -> Result<(), lockwarden::watchdog::Error> {
/// let watchdog = Watchdog::builder().spawn()?;
/// let heartbeat = watchdog.heartbeat("ingest", Duration::from_secs(5));
/// for batch in 0..3 {
///     heartbeat.beat();
///     # let _ = batch;
/// }
/// {
///     let _pause = heartbeat.pause(); // The next step may take long.
/// }
/// # Ok(())
/// # }
/// ```
pub struct Heartbeat(Arc<Pulse>);

/// The part of a heartbeat that the watchdog reads.
#[derive(Debug)]
pub(super) struct Pulse {
    id: u64,
    pub(super) name: String,
    pub(super) site: Site,
    pub(super) limit: Duration,
    /// The time of the last beat, in nanoseconds.
    last: AtomicU64,
    /// The thread that beat last; zero if none has.
    thread: AtomicU64,
    /// How many pauses last.
    paused: AtomicU32,
    has_ended: AtomicBool,
}

impl Pulse {
    pub(super) fn new(name: String, site: Site, limit: Duration) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            name,
            site,
            limit,
            last: AtomicU64::new(wait::now()),
            thread: AtomicU64::new(0),
            paused: AtomicU32::new(0),
            has_ended: AtomicBool::new(false),
        })
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    /// Returns the thread that beat last.
    pub(super) fn thread(&self) -> Option<ThreadId> {
        match self.thread.load(Ordering::Relaxed) {
            0 => None,
            serial => Some(ThreadId::new(serial)),
        }
    }

    /// Returns a sample, if the heartbeat is neither paused nor ended.
    pub(super) fn sample(&self) -> Option<PulseSample> {
        // Acquire pairs with the Release in `go_on`: a poll that sees the end of a pause sees the beat
        // that ended it.
        let is_due = self.paused.load(Ordering::Acquire) == 0 && !self.has_ended();
        is_due.then(|| PulseSample {
            id: self.id,
            limit: self.limit,
            last: self.last.load(Ordering::Relaxed),
        })
    }

    /// Records a beat of the calling thread.
    pub(super) fn beat_here(&self) {
        if let Some(thread) = startup::attach().and_then(|slot| slot.thread()) {
            self.thread.store(thread.get(), Ordering::Relaxed);
        }
        self.beat();
    }

    /// Suspends the limit until `go_on` was called as often as this.
    pub(super) fn pause(&self) {
        self.paused.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends a pause. The caller has beaten before.
    pub(super) fn go_on(&self) {
        // Release: see `sample`.
        self.paused.fetch_sub(1, Ordering::Release);
    }

    /// Ends the heartbeat.
    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }

    fn beat(&self) {
        // Relaxed: the times publish no other memory. A later time that another thread overwrites by an
        // earlier one is as good.
        self.last.store(wait::now(), Ordering::Relaxed);
    }
}

impl Heartbeat {
    pub(super) fn new(pulse: Arc<Pulse>) -> Self {
        Self(pulse)
    }

    /// Records that the calling thread is alive.
    ///
    /// Costs a read of the clock and two stores.
    pub fn beat(&self) {
        self.0.beat_here();
    }

    /// Suspends the limit until the result is dropped, which counts as a beat.
    pub fn pause(&self) -> Pause<'_> {
        self.0.pause();
        Pause {
            pulse: &self.0,
            marker: PhantomData,
        }
    }

    /// Returns the name of the heartbeat.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat")
            .field("name", &self.0.name)
            .field("limit", &self.0.limit)
            .finish_non_exhaustive()
    }
}

/// A pause of a heartbeat. Made by [`Heartbeat::pause`].
#[must_use = "the pause ends when this is dropped"]
pub struct Pause<'a> {
    pulse: &'a Pulse,
    marker: PhantomData<&'a Heartbeat>,
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.pulse.beat();
        self.pulse.go_on();
    }
}

impl fmt::Debug for Pause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pause")
            .field("name", &self.pulse.name)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    #[test]
    fn a_heartbeat_has_a_sample_unless_it_is_paused_or_over() {
        let pulse = Pulse::new("x".to_owned(), Location::caller(), Duration::from_secs(1));
        let heartbeat = Heartbeat::new(Arc::clone(&pulse));
        let set_up = pulse.sample().unwrap().last;
        assert_eq!(pulse.thread(), None);
        heartbeat.beat();
        assert!(pulse.sample().unwrap().last >= set_up);
        assert!(pulse.thread().is_some());
        let first = heartbeat.pause();
        let second = heartbeat.pause();
        drop(first);
        assert!(pulse.sample().is_none());
        let before = wait::now();
        drop(second);
        assert!(pulse.sample().unwrap().last >= before);
        drop(heartbeat);
        assert!(pulse.sample().is_none() && pulse.has_ended());
    }
}
