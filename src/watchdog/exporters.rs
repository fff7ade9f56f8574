//! The exporters that receive every sample: systemd and metrics. This file alone depends on which features
//! add one.

use std::time::Duration;

use super::sample::Sample;

/// The exporters of this build.
#[derive(Debug)]
pub(super) struct Exporters {
    #[cfg(all(feature = "systemd", unix))]
    pinger: Option<super::systemd::Pinger>,
    #[cfg(feature = "metrics")]
    meter: super::metrics::Meter,
}

impl Exporters {
    /// Returns all exporters of this build; systemd only if the builder asked for it.
    pub(super) fn new(systemd: bool) -> Self {
        let _ = systemd;
        Self {
            #[cfg(all(feature = "systemd", unix))]
            pinger: systemd.then(super::systemd::Pinger::new).flatten(),
            #[cfg(feature = "metrics")]
            meter: super::metrics::Meter::default(),
        }
    }

    /// Returns how often the exporters need a poll, if one of them needs a certain rate.
    pub(super) fn tick(&self) -> Option<Duration> {
        #[cfg(all(feature = "systemd", unix))]
        return self.pinger.as_ref().map(super::systemd::Pinger::tick);
        #[cfg(not(all(feature = "systemd", unix)))]
        None
    }

    /// Passes on a sample that was taken at `now`, and whether nothing stalls.
    pub(super) fn export(&mut self, sample: &Sample, now: u64, is_calm: bool) {
        let _ = (sample, now, is_calm);
        #[cfg(all(feature = "systemd", unix))]
        if let Some(pinger) = self.pinger.as_mut().filter(|_| is_calm) {
            pinger.ping(now);
        }
        #[cfg(feature = "metrics")]
        self.meter.export(sample, now);
    }
}
