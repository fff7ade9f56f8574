//! Heartbeats: a loop reports that it is alive.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::handle::Watchdog;
use super::limits;
use super::pulse::Pulse;
use super::startup;
use crate::tracking::process::alerts::{self, Trigger};

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

impl Watchdog {
    /// Adds a heartbeat that has to beat once within every `limit`, from now on.
    ///
    /// A limit of less than 10 milliseconds counts as 10 milliseconds.
    #[track_caller]
    #[must_use = "the heartbeat ends when it is dropped"]
    pub fn heartbeat(&self, name: impl Into<String>, limit: Duration) -> Heartbeat {
        let limit = limits::within_reason(limit);
        let pulse = Pulse::new(name.into(), Location::caller(), limit);
        self.add(&pulse);
        alerts::add(Trigger::Standstill);
        Heartbeat(pulse)
    }
}

impl Heartbeat {
    /// Records that the calling thread is alive.
    ///
    /// Costs a read of the clock and two stores.
    pub fn beat(&self) {
        self.0
            .beat_by(startup::attach().and_then(|slot| slot.thread()));
    }

    /// Suspends the limit until the result is dropped, which counts as a beat.
    pub fn pause(&self) -> Pause<'_> {
        self.0.pause();
        Pause(&self.0)
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
pub struct Pause<'a>(&'a Pulse);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.0.beat();
        self.0.go_on();
    }
}

impl fmt::Debug for Pause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pause").field("name", &self.0.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracking::thread::wait;

    #[test]
    fn a_heartbeat_has_a_sample_unless_it_is_paused_or_over() {
        let pulse = Pulse::new("x".to_owned(), Location::caller(), Duration::from_secs(1));
        let heartbeat = Heartbeat(Arc::clone(&pulse));
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
