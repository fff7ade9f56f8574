//! What is told of every look, with the features for it: this file alone knows which there are.

use std::time::Duration;

use super::sample::Sample;

/// Those who want to know how it is, whether anything stalls or not.
#[derive(Debug)]
pub(super) struct Exporters {
    #[cfg(all(feature = "systemd", unix))]
    pinger: Option<super::systemd::Pinger>,
    #[cfg(feature = "metrics")]
    meter: super::metrics::Meter,
}

impl Exporters {
    /// All that this build has; systemd only if it is asked for.
    pub(super) fn new(systemd: bool) -> Self {
        let _ = systemd;
        Self {
            #[cfg(all(feature = "systemd", unix))]
            pinger: systemd.then(super::systemd::Pinger::new).flatten(),
            #[cfg(feature = "metrics")]
            meter: super::metrics::Meter::default(),
        }
    }

    /// How often they want to know, if that matters to them.
    pub(super) fn tick(&self) -> Option<Duration> {
        #[cfg(all(feature = "systemd", unix))]
        return self.pinger.as_ref().map(super::systemd::Pinger::tick);
        #[cfg(not(all(feature = "systemd", unix)))]
        None
    }

    /// Tells them of a look that was made at `now`, and whether all is calm.
    pub(super) fn tell(&mut self, sample: &Sample, now: u64, is_calm: bool) {
        let _ = (sample, now, is_calm);
        #[cfg(all(feature = "systemd", unix))]
        if let Some(pinger) = self.pinger.as_mut().filter(|_| is_calm) {
            pinger.ping(now);
        }
        #[cfg(feature = "metrics")]
        self.meter.tell(sample, now);
    }
}
