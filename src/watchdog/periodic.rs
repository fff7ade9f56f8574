//! Heartbeats of periodic runs: each run has to end before the next one is due.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::handle;
use super::limits;
use super::pulse::Pulse;
use super::shared::Shared;
use super::startup;
use crate::engine::ids::Site;

/// A heartbeat that is active only during a run: for a loop that waits between its runs as long as it likes.
///
/// It belongs to whichever watchdog runs; without one, a run has no limit.
///
/// # Examples
///
/// ```
/// use std::panic::Location;
/// use std::time::Duration;
/// use lockwarden::watchdog::PeriodicRuns;
///
/// let mut runs = PeriodicRuns::new("ingest".to_owned(), Location::caller(), Duration::from_secs(5));
/// for batch in 0..3 {
///     runs.run(|| assert!(batch < 3));
/// }
/// ```
#[derive(Debug)]
pub struct PeriodicRuns {
    name: String,
    site: Site,
    limit: Duration,
    /// The heartbeat, with the watchdog that polls it.
    pulse: Option<(Arc<Pulse>, Weak<Shared>)>,
}

impl PeriodicRuns {
    /// Returns a heartbeat called `name` for runs that may last `limit`.
    pub fn new(name: String, site: Site, limit: Duration) -> Self {
        Self {
            name,
            site,
            limit: limits::within_reason(limit),
            pulse: None,
        }
    }

    /// Runs `f` as one run.
    ///
    /// Costs a `try_lock` if there is no watchdog.
    pub fn run<R>(&mut self, f: impl FnOnce() -> R) -> R {
        struct UnderWay<'a>(&'a Pulse);
        impl Drop for UnderWay<'_> {
            fn drop(&mut self) {
                self.0.pause();
            }
        }
        let _under_way = self.pulse().map(|pulse| {
            pulse.beat_by(startup::attach().and_then(|slot| slot.thread()));
            pulse.go_on();
            UnderWay(pulse)
        });
        f()
    }

    /// Returns the heartbeat of the present watchdog.
    fn pulse(&mut self) -> Option<&Pulse> {
        let is_watched = |(_, by): &(Arc<Pulse>, Weak<Shared>)| by.strong_count() > 0;
        if !self.pulse.as_ref().is_some_and(is_watched) {
            self.pulse = handle::current().map(|shared| {
                let pulse = Pulse::new(self.name.clone(), self.site, self.limit);
                pulse.pause();
                shared.add(Arc::clone(&pulse));
                (pulse, Arc::downgrade(&shared))
            });
        }
        self.pulse.as_ref().map(|(pulse, _)| &**pulse)
    }
}

impl Drop for PeriodicRuns {
    fn drop(&mut self) {
        if let Some((pulse, _)) = &self.pulse {
            pulse.end();
        }
    }
}
